//! `manifest.json` of a hunt for sessions.

use crate::manifest::{LAYOUT, MANIFEST, PROGRAM, SESSIONS, kind_of};
use crate::{Check, InputFile, OutputFile, Provenance, ReportError, SkippedFile, Timing};
use lanner_pipeline::{EventsReport, SessionsOutcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// All there is to know about a hunt for sessions. Clock times are in `started`, `ended`, `timings`; what
/// depends on the machine or the call in `command`, `options`, `threads`, `peak_memory_bytes`; everything
/// else is the same in every run over the same input with the same settings (but for the hash of
/// `report.html`, which holds times).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionsManifest {
    /// `lanner`.
    pub program: String,
    /// Version of this layout.
    pub layout: u32,
    /// `sessions`.
    pub kind: String,
    /// Version of the program.
    pub version: String,
    /// The command line.
    pub command: Vec<String>,
    /// Every option with its value.
    pub options: Value,
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
    pub inputs: EventsRead,
    /// The files beside this one.
    pub outputs: Vec<OutputFile>,
    /// The sums that must come out.
    pub checks: Vec<Check>,
    /// Sessions.
    pub sessions: u64,
    /// Sessions that the reference detector flagged.
    pub flagged: u64,
    /// Sessions that the ensemble flagged, where it was asked for.
    pub ensemble_flagged: Option<u64>,
    /// The models of the ensemble, where it was asked for.
    pub models: Vec<ModelState>,
    /// Things a user should know, a sentence each.
    pub warnings: Vec<String>,
}

/// What was read, in all and file by file: read = used + other + rejected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventsRead {
    /// Records read, rejected ones included.
    pub read: u64,
    /// Events of the kinds that sessions are built from.
    pub used: u64,
    /// Other events.
    pub other: u64,
    /// Records that could not be read.
    pub rejected: u64,
    /// Used events without a time, which belong to no session.
    pub untimed: u64,
    /// Used events that are there more than once, taken once.
    pub repeated: u64,
    /// Used events by log.
    pub logs: Vec<LogCount>,
    /// Earliest time of a used event.
    pub first: Option<String>,
    /// Latest time of a used event.
    pub last: Option<String>,
    /// The files read.
    pub files: Vec<InputFile>,
    /// What was found but not read.
    pub skipped: Vec<SkippedFile>,
}

/// Used events of one log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogCount {
    /// Its short name.
    pub log: String,
    /// Events.
    pub events: u64,
}

/// A model of the ensemble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelState {
    /// Its id.
    pub id: String,
    /// Score above which it voted, if it ran.
    pub threshold: Option<f64>,
    /// Sessions that it voted for.
    pub votes: u64,
    /// Why it could not run.
    pub error: Option<String>,
}

impl From<&EventsReport> for EventsRead {
    fn from(input: &EventsReport) -> Self {
        let log =
            |(log, events): &(&str, u64)| LogCount { log: (*log).to_owned(), events: *events };
        Self {
            read: input.read,
            used: input.used,
            other: input.other,
            rejected: input.rejected,
            untimed: input.untimed,
            repeated: input.repeated,
            logs: input.logs.iter().map(log).collect(),
            first: input.first.map(|t| t.to_string()),
            last: input.last.map(|t| t.to_string()),
            files: input.files.iter().map(InputFile::from).collect(),
            skipped: input.skipped.iter().map(SkippedFile::from).collect(),
        }
    }
}

impl SessionsManifest {
    /// The manifest of an outcome; outputs are added as they are made.
    pub(super) fn new(
        outcome: &SessionsOutcome,
        made: Provenance,
        outputs: Vec<OutputFile>,
        checks: Vec<Check>,
    ) -> Result<Self, ReportError> {
        let models = outcome.ensemble.iter().flat_map(|e| &e.models).map(|m| match &m.outcome {
            Ok(votes) => ModelState {
                id: m.id.to_owned(),
                threshold: Some(votes.threshold),
                votes: count(&votes.voted),
                error: None,
            },
            Err(error) => ModelState {
                id: m.id.to_owned(),
                threshold: None,
                votes: 0,
                error: Some(error.clone()),
            },
        });
        let clocks = outcome.timings.iter().chain(&made.clocks);
        Ok(Self {
            program: PROGRAM.into(),
            layout: LAYOUT,
            kind: SESSIONS.into(),
            version: made.version,
            command: made.command,
            options: made.options,
            started: made.started.to_string(),
            ended: made.ended.to_string(),
            timings: clocks
                .map(|&(stage, seconds)| Timing { stage: stage.into(), seconds })
                .collect(),
            threads: made.threads,
            peak_memory_bytes: made.peak_memory_bytes,
            settings: serde_json::to_value(&outcome.settings)?,
            inputs: EventsRead::from(&outcome.input),
            outputs,
            checks,
            sessions: outcome.sessions.len() as u64,
            flagged: outcome.detection.lof.as_ref().map_or(0, |lof| count(&lof.flagged)),
            ensemble_flagged: outcome.ensemble.as_ref().map(|e| count(&e.flagged)),
            models: models.collect(),
            warnings: outcome.warnings.clone(),
        })
    }

    /// Reads the manifest of a finished hunt for sessions; none if the folder is that of another hunt.
    ///
    /// # Errors
    /// [`ReportError`] if there is no manifest, or it is not one of ours.
    pub fn read(dir: &Path) -> Result<Option<Self>, ReportError> {
        let (kind, value) = kind_of(dir)?;
        if kind != SESSIONS {
            return Ok(None);
        }
        let damaged = |reason| ReportError::Damaged { file: MANIFEST, reason };
        let manifest: Self = serde_json::from_value(value).map_err(|e| damaged(e.to_string()))?;
        Ok(Some(manifest))
    }

    /// The checks that did not come out.
    pub fn failed_checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| !c.ok)
    }
}

pub(super) fn count(flags: &[bool]) -> u64 {
    flags.iter().filter(|&&f| f).count() as u64
}
