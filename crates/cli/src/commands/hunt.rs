//! `lanner hunt`: find the strangest events.

use super::plan::{Plan, request, settle};
use crate::failure::Failure;
use crate::progress::Bars;
use crate::summary;
use lanner_explain::grouped;
use lanner_frame::Cancel;
use lanner_pipeline::{Hunt, INCIDENTS_SHOWN, Outcome, Request, Status, Why, hunt};
use lanner_report::{KeepRows, Provenance, Target};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Finds the strangest events in logs.
///
/// Equal combinations of the detection fields are merged first, with their number of copies. The lanner recipe
/// scores them by how surprising they are for who does them, and groups them into incidents: what one actor
/// did from one network within four hours. The classic recipe lets an ensemble of outlier detectors vote.
/// Flagged events are joined back to their full records.
#[derive(Debug, Clone, clap::Args, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(after_help = "\
Examples:
  lanner hunt AWSLogs/ --out found                    a CloudTrail tree, raw or gzipped
  lanner hunt 'logs/*.parquet' --fields user,host,process --out found
  lanner hunt conn.csv --numeric bytes,duration --where \"proto = 'tcp'\"
  cat events.ndjson | lanner hunt - --out found")]
pub(crate) struct Args {
    #[command(flatten)]
    #[serde(flatten)]
    plan: Plan,

    /// Write all results into this new folder [default: only the summary]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the folder if it holds an earlier hunt
    #[arg(long)]
    force: bool,

    /// Also keep rows.parquet, all rows with rank, score, votes and codes, so that queries on rows do not
    /// need the input again
    #[arg(long, help_heading = "Output", requires = "out")]
    keep_rows: bool,
    /// Leave cells that a spreadsheet would run as formulas, and control characters, as they are in
    /// events.csv
    #[arg(long, help_heading = "Output")]
    raw_csv: bool,
    /// Print the summary as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Print nothing but errors
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
    /// Ring the terminal's bell at the end
    #[arg(long, help_heading = "Output")]
    bell: bool,
    /// Then open the result in the browser, as lanner serve does
    #[arg(long, help_heading = "Output", requires = "out")]
    pub(super) open: bool,
}

pub(crate) fn run(mut args: Args, cancel: &Cancel) -> Result<(), Failure> {
    let started = now();
    let models = settle(&mut args.plan)?;
    let request = request(&args.plan, models)?;
    let target =
        args.out.clone().map(|out| Target { out, force: args.force, raw_csv: args.raw_csv });
    let named: Vec<PathBuf> =
        args.plan.inputs.iter().filter(|i| *i != "-").map(PathBuf::from).collect();
    if let Some(target) = &target {
        lanner_report::check_target(target, &named)?;
    }
    let spool = target.as_ref().map(|t| beside(&t.out));
    let inputs =
        args.plan.reading.open(&args.plan.inputs, spool.clone(), request.threads, cancel)?;
    let copy = Copy::of(&inputs, spool.is_some());
    if let Some(target) = &target {
        let files = inputs.files().iter().filter(|f| f.shown != "-").map(|f| f.path.clone());
        lanner_report::check_target(target, &files.collect::<Vec<_>>())?;
    }
    let bars = Bars::new(args.quiet || args.json);
    let found = hunt(inputs, &request, cancel, &bars);
    bars.finish();
    let found = found?;
    if let Some(target) = &target {
        write(&found, target, &args, &request, started, cancel)?;
        copy.keep();
    }
    if args.json {
        print_json(&found.outcome, target.as_ref())?;
    } else if !args.quiet {
        summary::print(&found.outcome, target.as_ref().map(|t| t.out.as_path()))?;
    }
    if args.bell {
        use std::io::Write;
        std::io::stderr().write_all(b"\x07")?;
    }
    let input = &found.outcome.input;
    let (rejected, read) = (input.rejected, input.read);
    if let Some(target) = target.as_ref().filter(|_| args.open) {
        // The page needs the memory more than the finished hunt does.
        drop(found);
        super::serve::serve(&target.out, 0, request.threads, true, cancel)?;
    }
    few_rejects(rejected, read, args.plan.max_rejects.unwrap_or(5.0), "scored")
}

/// The folder that an output folder stands in.
fn beside(out: &Path) -> PathBuf {
    out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// The copy of standard input beside the output; it goes again unless the hunt comes to its end.
struct Copy(Option<PathBuf>);

impl Copy {
    fn of(inputs: &lanner_read::Inputs, spooled: bool) -> Self {
        let copy = inputs.files().iter().find(|f| spooled && f.shown == "-");
        Self(copy.map(|f| f.path.clone()))
    }

    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // It may be gone already; then nothing is left to do.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn write(
    found: &Hunt,
    target: &Target,
    args: &Args,
    request: &Request,
    started: jiff::Timestamp,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let provenance = || Provenance {
        command: std::env::args().collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started,
        ended: now(),
        peak_memory_bytes: lanner_pipeline::peak_memory(),
        threads: request.threads,
        options: serde_json::to_value(args).unwrap_or(Value::Null),
        clocks: Vec::new(),
    };
    let keep =
        KeepRows { threads: request.threads, memory: request.memory, cancel: cancel.clone() };
    let keep = args.keep_rows.then_some(&keep);
    let manifest = lanner_report::write_hunt(found, keep, target, &provenance)?;
    let failed: Vec<&str> = manifest.failed_checks().map(|c| c.name.as_str()).collect();
    adds_up(&failed, target)
}

/// Fails if sums of an output do not come out.
pub(crate) fn adds_up(failed: &[&str], target: &Target) -> Result<(), Failure> {
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "the output does not add up ({}); do not rely on it, and see checks in {}",
        failed.join(", "),
        target.out.join("manifest.json").display()
    )))
}

/// Fails if more records were rejected than allowed, in per cent; `done` is what became of the rest.
pub(crate) fn few_rejects(
    rejected: u64,
    read: u64,
    allowed: f64,
    done: &str,
) -> Result<(), Failure> {
    let share = 100.0 * rejected as f64 / read.max(1) as f64;
    if share <= allowed {
        return Ok(());
    }
    Err(Failure::rejects(format!(
        "{} of {} records were rejected ({share:.1} %), more than --max-rejects {allowed} %; the rest was \
         {done}",
        grouped(rejected),
        grouped(read)
    )))
}

/// Reasons as data.
fn details(reasons: &[Why]) -> Vec<Value> {
    reasons.iter().map(|r| r.detail.clone()).collect()
}

/// The summary for machines.
fn print_json(outcome: &Outcome, target: Option<&Target>) -> Result<(), Failure> {
    let tuples = &outcome.tuples;
    let listed = tuples.len().min(outcome.settings.top);
    let strangest: Vec<Value> = (0..listed)
        .map(|i| {
            let fields = outcome.settings.fields.iter().enumerate();
            let fields: serde_json::Map<String, Value> =
                fields.map(|(j, f)| (f.name.clone(), json!(tuples.text(j, i)))).collect();
            json!({
                "fields": fields, "rank": tuples.rank[i], "score": tuples.score[i],
                "copies": tuples.copies[i], "reasons": details(&tuples.reasons(i)), "why": tuples.why(i),
            })
        })
        .collect();
    let incidents: Vec<Value> = outcome
        .incidents
        .iter()
        .take(INCIDENTS_SHOWN)
        .map(|i| {
            let time = |t: Option<i64>| {
                t.and_then(|t| jiff::Timestamp::from_microsecond(t).ok()).map(|t| t.to_string())
            };
            json!({
                "incident": i.number, "principal": i.principal, "network": i.network, "agent": i.agent,
                "start": time(i.start), "end": time(i.end), "score": i.score, "tuples": i.tuples.len(),
                "rows": i.rows, "odd_actions": i.odd_actions, "actions": i.actions,
                "reasons": details(&i.reasons), "why": i.why,
            })
        })
        .collect();
    let models: Vec<Value> = outcome
        .models
        .iter()
        .map(|m| {
            let error = match &m.status {
                Status::Ran => None,
                Status::Excluded(why) | Status::Failed(why) => Some(why),
            };
            json!({"id": m.id, "ran": m.status == Status::Ran, "error": error, "flagged_rows": m.flagged_rows})
        })
        .collect();
    let input = &outcome.input;
    let all = json!({
        "read": input.read, "scored": input.scored, "filtered": input.filtered,
        "rejected": input.rejected, "tuples": tuples.len(), "settings": outcome.settings,
        "ranks": outcome.ranks, "models": models, "warnings": outcome.warnings,
        "incidents": incidents, "strangest": strangest, "out": target.map(|t| t.out.to_string_lossy()),
    });
    crate::print::json(&format!("{all:#}\n"))?;
    Ok(())
}

/// The clock, read only at this edge.
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
