//! `lanner hunt`: find the strangest events.

use super::input::{Reading, moment, threads};
use crate::config::{Config, Models, param};
use crate::failure::Failure;
use crate::progress::Bars;
use crate::summary;
use lanner_collapse::Memory;
use lanner_explain::grouped;
use lanner_frame::Cancel;
use lanner_pipeline::{Hunt, Outcome, Request, Status, hunt, pick_models};
use lanner_report::{Provenance, ReportError, Rows, Sink, Target};
use serde::Serialize;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Finds the strangest events in logs.
///
/// Equal combinations of the detection fields are merged first, with their number of copies; an ensemble
/// of outlier detectors scores the distinct ones; votes become a rank; flagged events are joined back to
/// their full records.
#[derive(Debug, Clone, clap::Args, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(after_help = "\
Examples:
  lanner hunt AWSLogs/ --out found                    a CloudTrail tree, raw or gzipped
  lanner hunt 'logs/*.parquet' --fields user,host,process --out found
  lanner hunt conn.csv --numeric bytes,duration --where \"proto = 'tcp'\"
  cat events.ndjson | lanner hunt - --out found")]
pub(crate) struct Args {
    /// Files, folders, globs, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// Write all results into this new folder [default: only the summary]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the folder if it holds an earlier hunt
    #[arg(long)]
    force: bool,

    /// Detection fields, with commas [default: the preset's, or all columns]
    #[arg(long, value_delimiter = ',', value_name = "FIELDS", help_heading = "Fields")]
    fields: Option<Vec<String>>,
    /// Fields of one kind of log: cloudtrail, or none [default: found out]
    #[arg(long, value_name = "NAME", help_heading = "Fields")]
    preset: Option<String>,
    /// Take these fields as numbers
    #[arg(long, value_delimiter = ',', value_name = "FIELDS", help_heading = "Fields")]
    numeric: Vec<String>,
    /// Take these fields as categories
    #[arg(long, value_delimiter = ',', value_name = "FIELDS", help_heading = "Fields")]
    categorical: Vec<String>,
    /// Encode exactly these fields as categories; one that is not in --fields only tells tuples apart
    #[arg(long, value_delimiter = ',', value_name = "FIELDS", help_heading = "Fields")]
    encode: Option<Vec<String>>,
    /// What to do with a null number: median, or reject
    #[arg(long, value_name = "HOW", default_value = "median", value_parser = ["median", "reject"], help_heading = "Fields")]
    nulls: String,

    /// Only rows that meet this SQL condition
    #[arg(long = "where", value_name = "SQL", help_heading = "Rows")]
    filter: Option<String>,
    /// Only rows at or after this time
    #[arg(long, value_name = "TIME", help_heading = "Rows")]
    since: Option<String>,
    /// Only rows before this time
    #[arg(long, value_name = "TIME", help_heading = "Rows")]
    until: Option<String>,
    /// Rejected records, in percent, above which the exit status is 3 [default: 5]
    #[arg(long, value_name = "PCT", help_heading = "Rows")]
    max_rejects: Option<f64>,

    /// Models: default, all, names, or -NAME to leave one out, with commas [default: default]
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "MODELS",
        allow_hyphen_values = true,
        help_heading = "Models"
    )]
    models: Option<Vec<String>>,
    /// Set a model's parameter: LOF.n_neighbors=35 (lanner models LOF lists them)
    #[arg(long, value_name = "MODEL.NAME=VALUE", help_heading = "Models")]
    param: Vec<String>,
    /// Recipe: classic [default: classic]
    #[arg(long, value_name = "NAME", help_heading = "Models")]
    recipe: Option<String>,
    /// Share of rows that each model is to flag [default: 0.001]
    #[arg(long, short, value_name = "SHARE", help_heading = "Models")]
    contamination: Option<f64>,
    /// List this many of the strangest tuples whatever their votes [default: 100]
    #[arg(long, value_name = "K", help_heading = "Models")]
    top: Option<usize>,
    /// Seed of everything random [default: 42]
    #[arg(long, value_name = "N", help_heading = "Models")]
    seed: Option<u64>,

    #[command(flatten)]
    reading: Reading,

    /// Threads [default: one a core]
    #[arg(long, value_name = "N", help_heading = "Run")]
    threads: Option<usize>,
    /// Memory for grouping and joining before they spill to disk, in MiB [default: 1024]
    #[arg(long, value_name = "MIB", help_heading = "Run")]
    memory: Option<usize>,
    /// Where to group and join: local, or sc://host:port for a Spark cluster
    #[arg(long, value_name = "ENGINE", default_value = "local", help_heading = "Run")]
    engine: String,
    /// Defaults for these options [default: lanner.toml in the working folder, if there is one]
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    config: Option<PathBuf>,

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
}

pub(crate) fn run(mut args: Args, cancel: &Cancel) -> Result<(), Failure> {
    let started = now();
    let models = settle(&mut args)?;
    let request = request(&args, models)?;
    let target =
        args.out.clone().map(|out| Target { out, force: args.force, raw_csv: args.raw_csv });
    let named: Vec<PathBuf> = args.inputs.iter().filter(|i| *i != "-").map(PathBuf::from).collect();
    if let Some(target) = &target {
        lanner_report::check_target(target, &named)?;
    }
    let spool = target.as_ref().map(|t| beside(&t.out));
    let inputs = args.reading.open(&args.inputs, spool.clone(), request.threads, cancel)?;
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
    too_many_rejects(&found.outcome, args.max_rejects.unwrap_or(5.0))
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

/// Fills what was not said from the configuration, so that `args` holds what counts; gives the models.
fn settle(args: &mut Args) -> Result<Models, Failure> {
    let config = Config::load(args.config.as_deref())?;
    args.fields = args.fields.take().or(config.fields);
    args.preset = args.preset.take().or(config.preset);
    args.recipe = args.recipe.take().or(config.recipe);
    args.contamination = args.contamination.or(config.contamination);
    args.top = args.top.or(config.top);
    args.seed = args.seed.or(config.seed);
    args.threads = args.threads.or(config.threads);
    args.memory = args.memory.or(config.memory);
    args.max_rejects = args.max_rejects.or(config.max_rejects);
    args.reading.tz = args.reading.tz.take().or(config.tz);
    let mut models = config.models;
    for text in &args.param {
        let (name, value) = param(text)?;
        let (model, name) = name.split_once('.').ok_or_else(|| {
            Failure::usage(format!("--param {text:?} should look like LOF.n_neighbors=35"))
        })?;
        models.params.entry(model.to_owned()).or_default().insert(name.to_owned(), value);
    }
    args.models = args.models.take().or(models.names.take());
    Ok(models)
}

/// What the pipeline is asked for.
fn request(args: &Args, models: Models) -> Result<Request, Failure> {
    let recipe = args.recipe.as_deref().unwrap_or("classic");
    if recipe != "classic" {
        return Err(Failure::usage(format!("--recipe {recipe:?} is not known; there is classic")));
    }
    if args.engine != "local" {
        return Err(Failure::usage(format!(
            "--engine {:?}: this build has no cluster engine; use --engine local",
            args.engine
        )));
    }
    let contamination = args.contamination.unwrap_or(0.001);
    if !(contamination > 0.0 && contamination <= 0.5) {
        return Err(Failure::usage(format!(
            "--contamination must be above 0 and at most 0.5, not {contamination}"
        )));
    }
    if let Some(pct) = args.max_rejects.filter(|p| !(0.0..=100.0).contains(p)) {
        return Err(Failure::usage(format!("--max-rejects must be 0 to 100 percent, not {pct}")));
    }
    let zone = args.reading.zone()?;
    let names = args.models.clone().unwrap_or_default();
    Ok(Request {
        inputs: args.inputs.clone(),
        fields: args.fields.clone(),
        encode: args.encode.clone(),
        numeric: args.numeric.clone(),
        categorical: args.categorical.clone(),
        preset: args.preset.clone(),
        reject_nulls: args.nulls == "reject",
        filter: args.filter.clone(),
        since: moment("--since", args.since.as_deref(), &zone)?,
        until: moment("--until", args.until.as_deref(), &zone)?,
        models: pick_models(&names, &models.params)?,
        contamination,
        top: args.top.unwrap_or(100),
        seed: args.seed.unwrap_or(42),
        threads: threads(args.threads),
        memory: args.memory.map_or_else(Memory::default, |mib| Memory { bytes: mib << 20 }),
    })
}

fn write(
    found: &Hunt,
    target: &Target,
    args: &Args,
    request: &Request,
    started: jiff::Timestamp,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let mut rows = |sink: &mut Sink<'_>| {
        let mut failed = None;
        let joined = found.flagged_rows(&mut |batch| match sink(batch) {
            Ok(()) => ControlFlow::Continue(()),
            Err(e) => {
                failed = Some(e);
                ControlFlow::Break(())
            }
        });
        match (failed, joined) {
            (Some(e), _) => Err(e),
            (None, Ok(_)) => Ok(()),
            (None, Err(e)) => Err(ReportError::source(e)),
        }
    };
    let provenance = || Provenance {
        command: std::env::args().collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started,
        ended: now(),
        peak_memory_bytes: peak_memory(),
        threads: request.threads,
        options: serde_json::to_value(args).unwrap_or(Value::Null),
        clocks: Vec::new(),
    };
    let mut all = |dir: &Path, file: &mut (dyn std::io::Write + Send)| {
        super::query::write_rows(found, dir, file, request.threads, request.memory, cancel)
    };
    let all: Option<&mut Rows<'_>> = if args.keep_rows { Some(&mut all) } else { None };
    let manifest = lanner_report::write(&found.outcome, &mut rows, all, target, &provenance)?;
    let failed: Vec<&str> = manifest.failed_checks().map(|c| c.name.as_str()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "the output does not add up ({}); do not rely on it, and see checks in {}",
        failed.join(", "),
        target.out.join("manifest.json").display()
    )))
}

fn too_many_rejects(outcome: &Outcome, allowed: f64) -> Result<(), Failure> {
    let (rejected, read) = (outcome.input.rejected, outcome.input.read);
    let share = 100.0 * rejected as f64 / read.max(1) as f64;
    if share <= allowed {
        return Ok(());
    }
    Err(Failure::rejects(format!(
        "{} of {} records were rejected ({share:.1} %), more than --max-rejects {allowed} %; the rest was \
         scored",
        grouped(rejected),
        grouped(read)
    )))
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
                "copies": tuples.copies[i], "reasons": tuples.reasons(i), "why": tuples.why(i),
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
        "strangest": strangest, "out": target.map(|t| t.out.to_string_lossy()),
    });
    crate::print::json(&format!("{all:#}\n"))?;
    Ok(())
}

/// The most memory that this process has held, in bytes, where the system tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// The clock, read only at this edge.
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
