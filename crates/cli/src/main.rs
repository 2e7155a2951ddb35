//! The `lanner` command.

#![allow(rustdoc::broken_intra_doc_links, reason = "help texts give defaults in brackets")]
#![expect(clippy::doc_markdown, reason = "what documents an argument is its help text")]
#![expect(clippy::needless_pass_by_value, reason = "a command consumes its arguments")]

mod commands;
mod config;
mod failure;
mod print;
mod progress;
mod summary;

use clap::Parser;
use failure::Failure;
use lanner_frame::Cancel;
use std::io::Write;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const AFTER: &str = "\
Try it on generated logs:
  lanner sample cloudtrail --rows 50000 --seed 1 --out trail
  lanner hunt trail --out found
  lanner serve found --open
  lanner query found \"SELECT rank, eventName, why FROM tuples LIMIT 20\"

Exit status: 0 done, 1 failed, 2 bad usage, 3 too many rejected records, 130 interrupted.";

/// Finds what has not been seen before in security logs, and says why.
#[derive(Debug, Parser)]
#[command(name = "lanner", version, about, after_help = AFTER, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    quiet_panics_of_workers();
    let cancel = Cancel::default();
    let raised = cancel.clone();
    // A second Ctrl-C ends at once, should the first one not get through. Without a handler the
    // system's own way of ending a program is left.
    let _ = ctrlc::set_handler(move || {
        if raised.is_raised() {
            std::process::abort();
        }
        raised.raise();
    });
    let serves = cli.command.serves();
    let result = commands::run(cli.command, &cancel);
    let failure = match result {
        Ok(()) if cancel.is_raised() && !serves => Failure::interrupted(),
        Ok(()) => return ExitCode::SUCCESS,
        Err(failure) => failure,
    };
    failure.report();
    // Nothing more may come after the line that says what went wrong.
    let _ = std::io::stdout().flush();
    ExitCode::from(failure.code())
}

/// A panic in a model or a reader is contained, counted and reported where it belongs; its raw message
/// on the terminal would only confuse.
fn quiet_panics_of_workers() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let worker = std::thread::current().name().is_some_and(|n| n.starts_with("lanner-"));
        if !worker {
            usual(info);
        }
    }));
}
