//! The order in which a report is written.

use crate::checks::outcome_checks;
use crate::file::{OutFile, put};
use crate::manifest::{LAYOUT, MANIFEST, PROGRAM};
use crate::target::Staging;
use crate::whole::ROWS;
use crate::{
    Expected, Inputs, Manifest, ModelEntry, ReportError, Target, Timing, draw, events, incidents,
    matrices, tuples,
};
use arrow::array::RecordBatch;
use lanner_pipeline::{Grounds, Outcome};
use serde::Serialize;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;

/// Takes the batches of flagged rows.
pub type Sink<'a> = dyn FnMut(RecordBatch) -> Result<(), ReportError> + 'a;

/// Streams the flagged rows of the input into a sink, in the order of their row numbers. Batches have all
/// columns of the log, then the row number (`UInt64`), the file (`Utf8`) and the place of the row's tuple
/// in the tuple list (`UInt32`).
pub type Flagged<'a> = dyn FnMut(&mut Sink<'_>) -> Result<(), ReportError> + 'a;

/// Writes `rows.parquet`, all rows of the input with what was found of them, into the given file; gets the
/// folder with the tables that are there already.
pub type Rows<'a> = dyn FnMut(&Path, &mut (dyn Write + Send)) -> Result<(), ReportError> + 'a;

/// What only the command knows of a run.
#[derive(Debug, Clone)]
pub struct Provenance {
    /// The command line.
    pub command: Vec<String>,
    /// Version of the program.
    pub version: String,
    /// When it started.
    pub started: jiff::Timestamp,
    /// When it ended.
    pub ended: jiff::Timestamp,
    /// Most memory held at a time, where the system tells it.
    pub peak_memory_bytes: Option<u64>,
    /// Threads used.
    pub threads: usize,
    /// Every option with its value.
    pub options: Value,
    /// Seconds of the stages that the outcome does not time.
    pub clocks: Vec<(&'static str, f64)>,
}

/// Writes every file of a hunt into a new folder, whole or not at all.
///
/// The files are made in a hidden folder beside the target, readable by their owner only, and the folder
/// is renamed into place at the end. `rows` is asked for if all rows are to be kept. `provenance` is asked once all tables are written. A check that does
/// not come out is no error: it is in the manifest, and the page says it on top; ask
/// [`Manifest::failed_checks`].
///
/// # Errors
/// Any; nothing is left behind then, and a folder that was to be replaced is still there.
///
/// # Cost
/// O(tuples) memory besides fixed buffers; one pass over the flagged rows.
pub fn write(
    outcome: &Outcome,
    flagged: &mut Flagged<'_>,
    rows: Option<&mut Rows<'_>>,
    target: &Target,
    provenance: &dyn Fn() -> Provenance,
) -> Result<Manifest, ReportError> {
    let staging = Staging::new(target)?;
    let dir = staging.dir();
    let events = events::write(dir, outcome, flagged, target.raw_csv)?;
    let (tuples_file, tuples_notes) = tuples::write(dir, outcome)?;

    let models: Vec<ModelEntry> = outcome.models.iter().map(ModelEntry::from).collect();
    let agreement = &outcome.agreement;
    let votes = matrices::square(&agreement.models, &agreement.votes)?;
    let scores = matrices::square(&agreement.models, &agreement.scores)?;
    let mut outputs = events.files;
    outputs.push(tuples_file);
    if let Grounds::Lanner(found) = &outcome.tuples.grounds {
        outputs.push(incidents::write(dir, &outcome.incidents, found)?);
    }
    outputs.push(put(dir, "models.json", &json(&models)?)?);
    outputs.push(put(dir, "correlation.csv", &votes)?);
    outputs.push(put(dir, "score_correlation.csv", &scores)?);
    outputs.push(put(dir, "ranks.csv", &matrices::ranks(&outcome.ranks)?)?);

    if let Some(rows) = rows {
        let mut file = OutFile::create(dir, ROWS)?;
        rows(dir, &mut file)?;
        outputs.push(file.seal()?);
    }

    let made = provenance();
    let clocks = outcome.timings.iter().chain(&made.clocks);
    let seen = outcome.ranks.iter().filter(|r| r.tuples > 0);
    let mut checks = outcome_checks(outcome);
    checks.extend(events.checks);
    let mut manifest = Manifest {
        program: PROGRAM.into(),
        layout: LAYOUT,
        version: made.version,
        command: made.command,
        options: made.options,
        seed: outcome.settings.seed,
        started: made.started.to_string(),
        ended: made.ended.to_string(),
        timings: clocks.map(|&(stage, seconds)| Timing { stage: stage.into(), seconds }).collect(),
        threads: made.threads,
        peak_memory_bytes: made.peak_memory_bytes,
        settings: serde_json::to_value(&outcome.settings)?,
        inputs: Inputs::from(&outcome.input),
        outputs,
        checks,
        expected: Expected::new(outcome.input.scored, outcome.settings.contamination),
        tuples: outcome.tuples.len() as u64,
        flagged_tuples: outcome.tuples.flagged.iter().filter(|&&f| f).count() as u64,
        flagged_rows: events.rows,
        distinct_ranks: seen.map(|r| r.rank).collect(),
        warnings: outcome.warnings.clone(),
        notes: events.notes.into_iter().chain(tuples_notes).collect(),
    };
    // The page is drawn from the files, so they come first; the manifest is written again with the page.
    let path = dir.join(MANIFEST);
    put(dir, MANIFEST, &json(&manifest)?)?;
    manifest.outputs.push(put(dir, "report.html", &draw(dir)?)?);
    fs::remove_file(&path).map_err(ReportError::io("replace", &path))?;
    put(dir, MANIFEST, &json(&manifest)?)?;
    staging.commit()?;
    Ok(manifest)
}

pub(crate) fn json(value: &impl Serialize) -> Result<String, ReportError> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}
