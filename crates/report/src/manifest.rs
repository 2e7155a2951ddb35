//! `manifest.json`: what was run on what, what came out, and whether the sums agree.

use crate::{Check, Name, ReportError};
use lanner_pipeline::InputReport;
use lanner_read::{FileAccount, Skipped};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Name of the file.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Version of the manifest's layout.
pub(crate) const LAYOUT: u32 = 1;
/// What the manifest of a hunt for sessions says of its kind.
pub(crate) const SESSIONS: &str = "sessions";
/// Says whose manifest it is.
pub(crate) const PROGRAM: &str = "lanner";

/// All there is to know about a run. Clock times are in `started`, `ended`, `timings`; what depends on the
/// machine or the call in `command`, `options`, `threads`, `peak_memory_bytes`; everything else is the
/// same in every run over the same input with the same settings (but for the hashes of the files that
/// hold times, `models.json` and `report.html`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// `lanner`.
    pub program: String,
    /// Version of this layout.
    pub layout: u32,
    /// Version of the program.
    pub version: String,
    /// The command line.
    pub command: Vec<String>,
    /// Every option with its value.
    pub options: Value,
    /// Seed of the run.
    pub seed: u64,
    /// Start (RFC 3339, UTC).
    pub started: String,
    /// End (RFC 3339, UTC).
    pub ended: String,
    /// Seconds by stage, in the order of the flow.
    pub timings: Vec<Timing>,
    /// Threads used.
    pub threads: usize,
    /// Most memory held at a time, where the system tells it.
    pub peak_memory_bytes: Option<u64>,
    /// The settings as they were understood.
    pub settings: Value,
    /// What was read.
    pub inputs: Inputs,
    /// The files beside this one.
    pub outputs: Vec<OutputFile>,
    /// The sums that must come out.
    pub checks: Vec<Check>,
    /// What the settings lead to expect.
    pub expected: Expected,
    /// Distinct tuples.
    pub tuples: u64,
    /// Tuples with a vote or among the first `top`.
    pub flagged_tuples: u64,
    /// Rows of the flagged tuples.
    pub flagged_rows: u64,
    /// The ranks that occur, lowest first.
    pub distinct_ranks: Vec<u32>,
    /// Things a user should know, a sentence each.
    pub warnings: Vec<String>,
    /// What is different in the files from what their names say, a sentence each.
    pub notes: Vec<String>,
}

impl Manifest {
    /// Reads the manifest of a finished hunt.
    ///
    /// # Errors
    /// [`ReportError`] if there is none, or it is not one of ours.
    pub fn read(dir: &Path) -> Result<Self, ReportError> {
        let (kind, value) = kind_of(dir)?;
        if kind == SESSIONS {
            return Err(ReportError::OfSessions(Name::from(dir)));
        }
        serde_json::from_value(value)
            .map_err(|e| ReportError::Damaged { file: MANIFEST, reason: e.to_string() })
    }

    /// The checks that did not come out.
    pub fn failed_checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| !c.ok)
    }
}

/// Seconds spent in one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// The stage.
    pub stage: String,
    /// Wall seconds.
    pub seconds: f64,
}

/// Rows that a model is expected to vote for, by the contamination, and the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Rows not voted for.
    pub inliers: u64,
    /// Rows voted for.
    pub outliers: u64,
}

impl Expected {
    /// Of `rows` rows at this contamination, rounded to whole rows.
    pub(crate) fn new(rows: u64, contamination: f64) -> Self {
        let outliers = ((rows as f64 * contamination).round() as u64).min(rows);
        Self { inliers: rows - outliers, outliers }
    }
}

/// What was read, in all and file by file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// Records read, rejected ones included.
    pub read: u64,
    /// Records scored.
    pub scored: u64,
    /// Records left out by the filter or the time range.
    pub filtered: u64,
    /// Records that could not be used.
    pub rejected: u64,
    /// Records whose event id had been seen before, where there are event ids.
    pub repeated_ids: Option<u64>,
    /// Earliest event time.
    pub first: Option<String>,
    /// Latest event time.
    pub last: Option<String>,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The files read.
    pub files: Vec<InputFile>,
    /// What was found but not read.
    pub skipped: Vec<SkippedFile>,
}

/// One file read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputFile {
    /// Path.
    pub path: String,
    /// SHA-256 of its bytes as they are on disk.
    pub sha256: String,
    /// Its bytes as they are on disk.
    pub bytes: u64,
    /// Records, rejects included.
    pub records: u64,
    /// Rejects.
    pub rejects: u64,
    /// The first rejects, with their places.
    pub listed: Vec<RejectPlace>,
    /// What else was met, with how often.
    pub notes: Vec<(String, u64)>,
    /// Was it read to its end?
    pub complete: bool,
}

/// One record that could not be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RejectPlace {
    /// Number of the record in its file.
    pub record: u64,
    /// Byte offset in the file's decompressed content.
    pub offset: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// One file that was found but not read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SkippedFile {
    /// Path.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
    /// Why it was not read.
    pub reason: String,
}

/// One file of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    /// Name in the folder.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl From<&(String, FileAccount)> for InputFile {
    fn from((path, account): &(String, FileAccount)) -> Self {
        let listed = account.listed.iter().map(|r| RejectPlace {
            record: r.record,
            offset: r.offset,
            reason: r.reason.clone(),
        });
        Self {
            path: path.clone(),
            sha256: account.sha256.clone(),
            bytes: account.bytes,
            records: account.records,
            rejects: account.rejects,
            listed: listed.collect(),
            notes: account.notes.clone(),
            complete: account.complete,
        }
    }
}

impl From<&Skipped> for SkippedFile {
    fn from(skipped: &Skipped) -> Self {
        let Skipped { path, bytes, reason } = skipped.clone();
        Self { path, bytes, reason }
    }
}

impl From<&InputReport> for Inputs {
    fn from(input: &InputReport) -> Self {
        Self {
            read: input.read,
            scored: input.scored,
            filtered: input.filtered,
            rejected: input.rejected,
            repeated_ids: input.repeated_ids,
            first: input.first.clone(),
            last: input.last.clone(),
            columns: input.columns.clone(),
            files: input.files.iter().map(InputFile::from).collect(),
            skipped: input.skipped.iter().map(SkippedFile::from).collect(),
        }
    }
}

/// The manifest of a finished hunt, and what kind of hunt it was: `hunt` unless it says otherwise.
pub(crate) fn kind_of(dir: &Path) -> Result<(String, Value), ReportError> {
    let path = dir.join(MANIFEST);
    let text = fs::read_to_string(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => ReportError::NoHunt(Name::from(dir)),
        _ => ReportError::io("read", &path)(e),
    })?;
    let damaged = |reason| ReportError::Damaged { file: MANIFEST, reason };
    let value: Value = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
    if value["program"] != PROGRAM || value["layout"] != LAYOUT {
        let layout = &value["layout"];
        return Err(damaged(format!("layout {layout}, this version reads {LAYOUT}")));
    }
    let kind = value["kind"].as_str().unwrap_or("hunt").to_owned();
    Ok((kind, value))
}

/// Says whether a folder is that of a finished hunt.
pub(crate) fn is_hunt(dir: &Path) -> bool {
    let manifest = fs::read(dir.join(MANIFEST)).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    manifest.is_some_and(|m| m["program"] == PROGRAM && m["layout"].is_u64())
}
