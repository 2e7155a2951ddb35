//! `lanner sessions`: logon sessions unlike their peers.

mod summary;

use super::input::Reading;
use crate::failure::Failure;
use crate::progress::Bars;
use clap::ValueEnum;
use lanner_frame::Cancel;
use lanner_pipeline::{SessionsOutcome, SessionsRequest, threads};
use lanner_report::{Provenance, Target, hunt_sessions};
use lanner_sessions::{Builder, EnsembleOptions};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Finds logon sessions unlike their peers in Windows event logs.
///
/// Reads any number of EVTX files in any combination (Security, System, TaskScheduler and the two
/// TerminalServices logs; of several hosts), or exports of them as JSON with one event an object. Events
/// become sessions, sessions twelve numbers; those far from their peers are flagged with reasons. This is
/// supporting analysis, not primary evidence.
#[derive(Debug, Clone, clap::Args, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(after_help = "\
Examples:
  lanner sessions C/Windows/System32/winevt/Logs --out found
  lanner sessions Security.evtx LocalSessionManager.evtx --ensemble
  lanner sample windows --out logs && lanner sessions logs --ensemble --out found")]
pub(crate) struct Args {
    /// EVTX files or JSON exports, folders, globs, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,

    /// How events become sessions: by Logon ID, session number and account, or one after another on each
    /// host, as the reference does
    #[arg(long, value_enum, default_value_t = How::Logon)]
    builder: How,
    /// Also run every default model over scaled features, so that duration alone does not decide
    #[arg(long)]
    ensemble: bool,
    /// Seed of the ensemble
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Zone in which hours are off hours, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// Rejected records, in percent, above which the exit status is 3
    #[arg(long, value_name = "PCT", default_value_t = 5.0)]
    max_rejects: f64,

    /// Write all results into this new folder [default: only the summary]
    #[arg(long, short, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Replace the folder if it holds an earlier hunt
    #[arg(long, help_heading = "Output")]
    force: bool,
    /// Print the summary as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Print nothing but errors
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", help_heading = "Run")]
    threads: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum How {
    Timeline,
    Logon,
}

pub(crate) fn run(args: Args, cancel: &Cancel) -> Result<(), Failure> {
    let started = jiff::Timestamp::now();
    if !(0.0..=100.0).contains(&args.max_rejects) {
        let pct = args.max_rejects;
        return Err(Failure::usage(format!("--max-rejects must be 0 to 100 percent, not {pct}")));
    }
    let request = request(&args)?;
    let target = args.out.clone().map(|out| Target { out, force: args.force, raw_csv: false });
    if let Some(target) = &target {
        let named = args.inputs.iter().filter(|i| *i != "-").map(PathBuf::from);
        lanner_report::check_target(target, &named.collect::<Vec<_>>())?;
    }
    let options = lanner_read::Options {
        zone: request.zone.1.clone(),
        interrupted: cancel.clone(),
        threads: request.threads,
        ..lanner_read::Options::default()
    };
    let logs = lanner_read::open_events(&args.inputs, &options)?;
    if let Some(target) = &target {
        let files = logs.files().iter().filter(|f| f.shown != "-").map(|f| f.path.clone());
        lanner_report::check_target(target, &files.collect::<Vec<_>>())?;
    }
    let provenance = || Provenance {
        command: std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started,
        ended: jiff::Timestamp::now(),
        peak_memory_bytes: lanner_pipeline::peak_memory(),
        threads: request.threads,
        options: serde_json::to_value(&args).unwrap_or(Value::Null),
        clocks: Vec::new(),
    };
    let bars = Bars::new(args.quiet || args.json);
    let found = hunt_sessions(&logs, &request, target.as_ref(), (cancel, &bars), &provenance);
    bars.finish();
    let (found, manifest) = found?;
    if let (Some(manifest), Some(target)) = (manifest, &target) {
        let failed: Vec<&str> = manifest.failed_checks().map(|c| c.name.as_str()).collect();
        super::hunt::adds_up(&failed, target)?;
    }
    if args.json {
        print_json(&found, target.as_ref())?;
    } else if !args.quiet {
        summary::print(&found, target.as_ref().map(|t| t.out.as_path()))?;
    }
    super::hunt::few_rejects(found.input.rejected, found.input.read, args.max_rejects, "used")
}

fn request(args: &Args) -> Result<SessionsRequest, Failure> {
    let reading = Reading { tz: args.tz.clone(), ..Reading::default() };
    let usual = EnsembleOptions::default();
    Ok(SessionsRequest {
        inputs: args.inputs.clone(),
        builder: match args.builder {
            How::Timeline => Builder::Timeline,
            How::Logon => Builder::Logon,
        },
        ensemble: args.ensemble.then_some(EnsembleOptions { seed: args.seed, ..usual }),
        zone: (args.tz.clone().unwrap_or_else(|| "UTC".to_owned()), reading.plain().zone()?),
        threads: threads(args.threads),
    })
}

/// The summary for machines.
fn print_json(found: &SessionsOutcome, target: Option<&Target>) -> Result<(), Failure> {
    let mut findings = found.detection.findings(&found.sessions);
    findings.extend(found.ensemble.iter().flat_map(|e| e.findings(&found.sessions)));
    findings.sort_by_key(|f| f.session_id);
    let input = &found.input;
    let logs: serde_json::Map<String, Value> =
        input.logs.iter().map(|&(log, n)| (log.to_owned(), json!(n))).collect();
    let all = json!({
        "read": input.read, "used": input.used, "other": input.other, "rejected": input.rejected,
        "logs": logs, "settings": found.settings, "sessions": found.sessions.len(),
        "compared": found.detection.lof.is_some(), "findings": findings,
        "warnings": found.warnings, "out": target.map(|t| t.out.to_string_lossy()),
    });
    crate::print::json(&format!("{all:#}\n"))?;
    Ok(())
}
