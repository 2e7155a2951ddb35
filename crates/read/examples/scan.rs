//! Reads inputs as a run would and tells how fast: `scan PATH... [--columns a,b] [--repeat N]`.

#![expect(clippy::print_stdout, reason = "a developer's tool reports on its standard output")]

use lanner_read::{Ledger, Options, ReadError, open};
use std::ops::ControlFlow;
use std::time::Instant;

fn main() -> Result<(), ReadError> {
    let (mut paths, mut columns, mut repeat) = (Vec::new(), None, 1);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--columns" => columns = args.next(),
            "--repeat" => repeat = args.next().and_then(|n| n.parse().ok()).unwrap_or(1),
            _ => paths.push(arg),
        }
    }
    let start = Instant::now();
    let inputs = open(&paths, &Options::default())?;
    println!("opened {inputs:?} in {:.3} s", start.elapsed().as_secs_f64());
    let columns: Vec<String> = match columns {
        Some(list) => list.split(',').map(str::to_owned).collect(),
        None => inputs.schema().fields().iter().map(|f| f.name().clone()).collect(),
    };
    for _ in 0..repeat {
        let start = Instant::now();
        let ledger = Ledger::new(&inputs);
        let (mut rows, mut bytes) = (0, 0);
        for unit in 0..inputs.units() {
            inputs.scan(unit, &columns, &ledger, &mut |batch| {
                rows += batch.num_rows();
                bytes += batch.get_array_memory_size();
                ControlFlow::Continue(())
            })?;
        }
        let seconds = start.elapsed().as_secs_f64();
        let accounts = ledger.accounts();
        let stored: u64 = accounts.iter().map(|a| a.bytes).sum();
        let rejects: u64 = accounts.iter().map(|a| a.rejects).sum();
        println!(
            "{rows} rows, {rejects} rejects, {seconds:.3} s: {:.0} rows/s, {:.1} MB/s stored, {:.1} MB/s of columns",
            rows as f64 / seconds,
            stored as f64 / seconds / 1e6,
            bytes as f64 / seconds / 1e6,
        );
    }
    Ok(())
}
