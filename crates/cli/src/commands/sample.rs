//! `lanner sample`: realistic logs with planted attacks.

use crate::failure::Failure;
use lanner_explain::grouped;
use lanner_frame::Cancel;
use lanner_frame::text::shown;
use lanner_sample::{CloudTrail, Form, SampleError, Windows};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// Writes realistic logs with planted attacks, to try Lanner on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, clap::Subcommand)]
enum Kind {
    /// AWS CloudTrail: a tree of .json.gz files, or one Parquet file, with labels.csv beside
    Cloudtrail(CloudTrailArgs),
    /// Windows event logs of terminal servers: EVTX files, with truth.csv beside
    Windows(WindowsArgs),
}

/// Writes Windows event logs with planted sessions.
#[derive(Debug, clap::Args)]
struct WindowsArgs {
    /// Logon sessions; all their events are held in memory
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    sessions: u64,
    /// Sessions to plant
    #[arg(long, value_name = "N", default_value_t = 12)]
    attacks: u64,
    /// The same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// A folder: one below it for each computer, with an EVTX file for each log
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

/// Writes a CloudTrail with planted attacks.
#[derive(Debug, clap::Args)]
struct CloudTrailArgs {
    /// Events
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000_000))]
    rows: u64,
    /// The same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Attacks to plant
    #[arg(long, value_name = "N", default_value_t = 12)]
    attacks: u32,
    /// Days that the trail covers
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// A folder for a tree of .json.gz, or a file ending in .parquet
    #[arg(long, short, value_name = "PATH")]
    out: PathBuf,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: Args, cancel: &Cancel) -> Result<(), Failure> {
    match args.kind {
        Kind::Cloudtrail(args) => cloudtrail(args, cancel),
        Kind::Windows(args) => windows(args, cancel),
    }
}

fn windows(args: WindowsArgs, cancel: &Cancel) -> Result<(), Failure> {
    let spec = Windows { sessions: args.sessions, attacks: args.attacks, seed: args.seed };
    let written =
        lanner_sample::write_windows(spec, &args.out, args.force, cancel).map_err(failure)?;
    let mut out = anstream::stdout();
    let path = args.out.to_string_lossy();
    writeln!(
        out,
        "{} events of {} sessions in {} files under {}; {} of the sessions are planted, named in {}",
        grouped(written.events),
        grouped(written.sessions),
        grouped(written.files),
        shown(&path),
        grouped(written.planted),
        shown(&written.truth.to_string_lossy()),
    )?;
    writeln!(out, "Hunt it: lanner sessions {} --ensemble --out found", shown(&path))?;
    Ok(())
}

fn failure(error: SampleError) -> Failure {
    match error {
        SampleError::Cancelled(_) => Failure::interrupted(),
        e @ (SampleError::Exists { .. }
        | SampleError::NotASample { .. }
        | SampleError::TooFewRows { .. }
        | SampleError::BadDays { .. }) => Failure::usage(e),
        e => Failure::failed(e),
    }
}

fn cloudtrail(args: CloudTrailArgs, cancel: &Cancel) -> Result<(), Failure> {
    let parquet = args.out.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    let form = if parquet { Form::Parquet } else { Form::Tree };
    let spec = CloudTrail {
        rows: args.rows,
        seed: args.seed,
        attacks: args.attacks,
        days: args.days,
        ..CloudTrail::default()
    };
    let bar = if std::io::stderr().is_terminal() {
        indicatif::ProgressBar::new(args.rows)
    } else {
        indicatif::ProgressBar::hidden()
    };
    let written = lanner_sample::write(
        &spec,
        form,
        &args.out,
        args.force,
        &|rows| bar.set_position(rows),
        cancel,
    );
    bar.finish_and_clear();
    let written = written.map_err(failure)?;
    let mut out = anstream::stdout();
    let path = args.out.to_string_lossy();
    writeln!(
        out,
        "{} events in {} files under {}; {} of them belong to {} planted attacks, named in {}",
        grouped(written.rows),
        grouped(written.files),
        shown(&path),
        grouped(written.attack_rows),
        written.instances,
        shown(&written.labels.to_string_lossy()),
    )?;
    writeln!(out, "Hunt it: lanner hunt {} --out found", shown(&path))?;
    Ok(())
}
