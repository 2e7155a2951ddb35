//! `lanner report`: draw the page of a finished hunt again.

use crate::failure::Failure;
use lanner_frame::text::shown;
use std::io::Write;
use std::path::PathBuf;

/// Draws report.html of a finished hunt again, from the files beside it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of a finished hunt
    dir: PathBuf,
    /// Write the page here [default: report.html in the folder]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let page = lanner_report::draw(&args.dir)?;
    if let Some(out) = &args.out {
        lanner_report::check_file(out, &[])?;
    }
    let path = args.out.unwrap_or_else(|| args.dir.join("report.html"));
    lanner_report::write_private(&path, page.as_bytes())?;
    writeln!(anstream::stdout(), "{}", shown(&path.to_string_lossy()))?;
    Ok(())
}
