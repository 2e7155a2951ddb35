//! `lanner completions`: a completion script for a shell.

use crate::failure::Failure;
use clap::CommandFactory;
use std::io::Write;

/// Prints a completion script for a shell.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::Cli::command(), "lanner", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(())
}
