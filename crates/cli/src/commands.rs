//! One file a command: arguments as typed, then the work.

mod completions;
mod evaluate;
mod fields;
mod forecast;
mod hunt;
mod input;
mod models;
mod plan;
mod query;
mod report;
mod sample;
mod score;
mod serve;
mod sessions;

use crate::failure::Failure;
use clap::Subcommand;
use lanner_frame::Cancel;

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find the strangest events in logs
    Hunt(Box<hunt::Args>),
    /// Find logon sessions unlike their peers in Windows event logs
    Sessions(Box<sessions::Args>),
    /// Say how long each model would take
    Forecast(Box<forecast::Args>),
    /// Score the rows of a numeric table with one model
    Score(score::Args),
    /// Show the fields of an input: type, distinct values, nulls, examples
    Fields(fields::Args),
    /// List the models, or explain one
    Models(models::Args),
    /// Ask a finished hunt with SQL
    Query(query::Args),
    /// Look at a finished hunt in the browser: a local page that filters, explains and exports
    Serve(serve::Args),
    /// Measure how well a finished hunt found what is labelled
    Evaluate(evaluate::Args),
    /// Draw the page of a finished hunt again
    Report(report::Args),
    /// Write realistic logs with planted attacks, to try Lanner on
    Sample(sample::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
}

impl Command {
    /// Does it go on until Ctrl-C, its usual end?
    pub(crate) fn serves(&self) -> bool {
        match self {
            Self::Serve(_) => true,
            Self::Hunt(args) => args.open,
            _ => false,
        }
    }
}

/// Does what was asked for.
pub(crate) fn run(command: Command, cancel: &Cancel) -> Result<(), Failure> {
    match command {
        Command::Hunt(args) => hunt::run(*args, cancel),
        Command::Sessions(args) => sessions::run(*args, cancel),
        Command::Forecast(args) => forecast::run(*args, cancel),
        Command::Score(args) => score::run(args, cancel),
        Command::Fields(args) => fields::run(args, cancel),
        Command::Models(args) => models::run(args),
        Command::Query(args) => query::run(args, cancel),
        Command::Serve(args) => serve::run(args, cancel),
        Command::Evaluate(args) => evaluate::run(args, cancel),
        Command::Report(args) => report::run(args),
        Command::Sample(args) => sample::run(args, cancel),
        Command::Completions(args) => completions::run(args),
    }
}
