//! Reads event logs on all cores and prints their accounts: `account FILE... [--events]`.

#![expect(clippy::print_stdout, reason = "a developer's tool reports on its standard output")]

use lanner_evtx::{Item, read};
use lanner_frame::{Cancel, Workers};
use std::ops::ControlFlow;
use std::time::Instant;

fn main() -> std::io::Result<()> {
    Workers::new(0).map_err(std::io::Error::other)?.run(run)
}

fn run() -> std::io::Result<()> {
    let (flags, paths): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let events = flags.iter().any(|flag| flag == "--events");
    for (file, path) in paths.iter().enumerate() {
        let start = Instant::now();
        let mut show = |chunk: u32, items: Vec<Item>| {
            for item in items {
                match item {
                    Item::Lost(lost) => println!("  {:>9}  {lost}", lost.offset),
                    Item::Event(event) if events => println!("  {chunk} {event:?}"),
                    Item::Event(_) => {}
                }
            }
            ControlFlow::Continue(())
        };
        let source = std::fs::File::open(path)?;
        let whole = |items: Vec<Item>| items;
        let read = read(source, file, &Cancel::default(), &whole, &mut show);
        let Ok(account) = read else { break };
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{path}: {} bytes, {} events, {} lost, {seconds:.3} s{}",
            account.bytes,
            account.events,
            account.lost,
            account.broken.map_or(String::new(), |error| format!(", {error}")),
        );
        for (what, times) in account.notes {
            println!("  {times} {what}");
        }
    }
    Ok(())
}
