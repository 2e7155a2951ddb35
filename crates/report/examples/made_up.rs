//! Writes the report of a hunt that never was: `made_up DIR [TUPLES] [MODELS]`, for looking at the page.

#[path = "../tests/made_up/mod.rs"]
mod made_up;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().ok_or("name a folder to make")?;
    let tuples = args.next().map_or(Ok(400), |n| n.parse())?;
    let models = args.next().map_or(Ok(13), |n| n.parse::<usize>())?;
    let models = &made_up::ALL[..models.min(made_up::ALL.len())];
    made_up::hunt(tuples, models).write(Path::new(&dir))?;
    Ok(())
}
