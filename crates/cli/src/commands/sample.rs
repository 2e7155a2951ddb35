//! `lanner sample`: realistic logs with planted attacks.

use crate::failure::Failure;
use crate::summary::plural;
use clap::ValueEnum;
use lanner_explain::grouped;
use lanner_frame::Cancel;
use lanner_frame::text::shown;
use lanner_sample::{CloudTrail, Form, Intruder, SampleError, Size, Windows};
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
    /// The organisation: a large one grows with the rows; a small one has 8 to 26 principals who do few things
    #[arg(long, value_enum, value_name = "SIZE", default_value_t = Account::Large)]
    account: Account,
    /// Events [default: 100000, or 30000 in a small account]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=1_000_000_000))]
    rows: Option<u64>,
    /// The same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Short attacks to plant [default: 12, or none in a small account]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    attacks: Option<u32>,
    /// One longer attack beside them: 10 to 40 different calls in one or two hours [default: none, or newcomer in
    /// a small account]
    #[arg(long, value_enum, value_name = "WHO")]
    intruder: Option<Who>,
    /// Harmless principals on their first day, mostly from a network and with an agent of their own
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=10_000))]
    newcomers: u32,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Account {
    Large,
    Small,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Who {
    /// Nobody
    None,
    /// A new identity from an address and with an agent of its own
    Newcomer,
    /// A new identity from the network of a colleague
    ColleagueNetwork,
    /// A known identity from a new address with a new agent
    StolenKey,
    /// The administrator, from the usual address with the usual agent
    Admin,
}

impl CloudTrailArgs {
    /// What to write; what was not said follows from the size of the account.
    fn spec(&self) -> CloudTrail {
        let small = self.account == Account::Small;
        let intruder = match self.intruder {
            None if small => Some(Intruder::Newcomer),
            None | Some(Who::None) => None,
            Some(Who::Newcomer) => Some(Intruder::Newcomer),
            Some(Who::ColleagueNetwork) => Some(Intruder::ColleagueNetwork),
            Some(Who::StolenKey) => Some(Intruder::StolenKey),
            Some(Who::Admin) => Some(Intruder::Admin),
        };
        CloudTrail {
            rows: self.rows.unwrap_or(if small { 30_000 } else { 100_000 }),
            seed: self.seed,
            attacks: self.attacks.unwrap_or(if small { 0 } else { 12 }),
            newcomers: self.newcomers,
            intruder,
            size: if small { Size::Small } else { Size::Large },
            days: self.days,
            ..CloudTrail::default()
        }
    }
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
    let spec = args.spec();
    let bar = if std::io::stderr().is_terminal() {
        indicatif::ProgressBar::new(spec.rows)
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
        "{} events in {} files under {}; {} of them belong to {}, named in {}",
        grouped(written.rows),
        grouped(written.files),
        shown(&path),
        grouped(written.attack_rows),
        plural(written.instances.into(), "planted attack"),
        shown(&written.labels.to_string_lossy()),
    )?;
    writeln!(out, "Hunt it: lanner hunt {} --out found", shown(&path))?;
    Ok(())
}
