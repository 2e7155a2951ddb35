//! What a hunt found: plain data, for every presenter to draw.

use crate::{Forecast, Grounds, Why};
use arrow::record_batch::RecordBatch;
use lanner_read::{FileAccount, Skipped};
use serde::Serialize;
use serde_json::Value;

/// Everything a hunt found. Presenters draw it; nothing in here is computed by a presenter.
#[derive(Debug)]
pub struct Outcome {
    /// What was asked for, as it was understood.
    pub settings: Settings,
    /// What was read.
    pub input: InputReport,
    /// The distinct tuples, strangest first.
    pub tuples: Tuples,
    /// The first incidents, strangest first, with all their reasons; none in the classic recipe. The grounds
    /// of the tuples have the others.
    pub incidents: Vec<IncidentLine>,
    /// Every model that was asked for, in registry order.
    pub models: Vec<ModelRun>,
    /// Agreement between the models that ran.
    pub agreement: Agreement,
    /// Rank histogram, rank 0 first, every rank up to the highest one.
    pub ranks: Vec<RankCount>,
    /// Things a user should know, a sentence each (log text in them is already made safe).
    pub warnings: Vec<String>,
    /// Seconds spent in each stage, in the order of the flow.
    pub timings: Vec<(&'static str, f64)>,
}

/// The settings of a hunt as they were understood.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Inputs as named by the user.
    pub inputs: Vec<String>,
    /// `classic` or `lanner`.
    pub recipe: String,
    /// The preset that says what the fields mean, in the lanner recipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Kind of log: `CloudTrail` or `table`.
    pub kind: String,
    /// The detection fields.
    pub fields: Vec<FieldUse>,
    /// Fields left out because nearly every row has a value of its own.
    pub left_out: Vec<String>,
    /// Event time field.
    pub time: Option<String>,
    /// SQL filter.
    pub filter: Option<String>,
    /// Only rows at or after this time (RFC 3339).
    pub since: Option<String>,
    /// Only rows before this time (RFC 3339).
    pub until: Option<String>,
    /// Share of rows that each model is to flag.
    pub contamination: f64,
    /// How many of the strangest tuples are listed whatever their votes.
    pub top: usize,
    /// Seed of the run.
    pub seed: u64,
}

/// One detection field and how it was used.
#[derive(Debug, Clone, Serialize)]
pub struct FieldUse {
    /// Name.
    pub name: String,
    /// `category` or `number`.
    pub kind: &'static str,
    /// Part of the features that models see (otherwise only of the tuple).
    pub used: bool,
    /// Distinct values, null among them.
    pub distinct: u64,
    /// Rows whose null or non-finite number was replaced by the median.
    pub imputed: u64,
}

/// What was read, file by file and in all: read = scored + filtered + rejected.
#[derive(Debug)]
pub struct InputReport {
    /// The files read, in input order, with their accounts.
    pub files: Vec<(String, FileAccount)>,
    /// What was found but not read, with the reason.
    pub skipped: Vec<Skipped>,
    /// Records read, rejected ones included.
    pub read: u64,
    /// Records scored.
    pub scored: u64,
    /// Records left out by the filter or the time range.
    pub filtered: u64,
    /// Records that could not be used.
    pub rejected: u64,
    /// Records whose event id had been seen before (kept and scored), where there are event ids.
    pub repeated_ids: Option<u64>,
    /// Earliest event time (RFC 3339, UTC).
    pub first: Option<String>,
    /// Latest event time (RFC 3339, UTC).
    pub last: Option<String>,
    /// Names of the columns of the input, in order.
    pub columns: Vec<String>,
}

/// The distinct tuples in list order, strangest first. All vectors have one entry a tuple.
#[derive(Debug)]
pub struct Tuples {
    /// The tuple fields with their original types, rows in list order.
    pub values: RecordBatch,
    /// Rows behind each tuple.
    pub copies: Vec<u64>,
    /// First event time, microseconds since 1970 UTC.
    pub first_seen: Vec<Option<i64>>,
    /// Last event time, microseconds since 1970 UTC.
    pub last_seen: Vec<Option<i64>>,
    /// `lanner_row` of the first row of each tuple.
    pub first_row: Vec<u64>,
    /// Number of models that voted for it.
    pub rank: Vec<u32>,
    /// Larger is odder; 0..1 in the classic recipe.
    pub score: Vec<f64>,
    /// Flagged: among the top K, or with a vote (classic), or part of one of the first incidents (lanner).
    pub flagged: Vec<bool>,
    /// How many of its rows are flagged: all, or those within the first incidents.
    pub flagged_rows: Vec<u64>,
    /// The number of the strangest incident that it is part of; empty where there are no incidents.
    pub incident: Vec<Option<u32>>,
    /// What the reasons are found in.
    pub grounds: Grounds,
}

/// What one actor did in one session.
#[derive(Debug, Clone)]
pub struct IncidentLine {
    /// Number, from 1: its place in the list.
    pub number: u32,
    /// Who; none for null or where no field says it, as in the next two.
    pub principal: Option<String>,
    /// From where.
    pub network: Option<String>,
    /// With what.
    pub agent: Option<String>,
    /// First moment, microseconds since 1970 UTC.
    pub start: Option<i64>,
    /// Last moment.
    pub end: Option<i64>,
    /// Larger is odder.
    pub score: f64,
    /// Its tuples, oddest first, as places in the list of tuples.
    pub tuples: Vec<u32>,
    /// What its oddest tuples did, each action once.
    pub actions: Vec<String>,
    /// Rows of the session.
    pub rows: u64,
    /// Actions seen in this session and no other.
    pub odd_actions: u32,
    /// Reasons in words, safe to show.
    pub why: String,
    /// The reasons as data; empty beyond the first incidents.
    pub reasons: Vec<Why>,
}

impl Tuples {
    /// Number of distinct tuples.
    pub fn len(&self) -> usize {
        self.copies.len()
    }

    /// Says whether there is no tuple.
    pub fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// The value of field `j` of tuple `i` as text; none for null. Log text, not made safe.
    pub fn text(&self, j: usize, i: usize) -> Option<String> {
        lanner_encode::value_text(self.values.column(j), i)
    }

    /// The reasons of tuple `i`, most telling first.
    pub fn reasons(&self, i: usize) -> Vec<Why> {
        match &self.grounds {
            Grounds::Classic(found) => {
                let reasons = found.rarity.reasons(i, |j| self.text(j, i));
                reasons.into_iter().map(Why::from).chain(found.looked.reason(i)).collect()
            }
            Grounds::Lanner(found) => found.reasons(i),
        }
    }

    /// The reasons of tuple `i` in words, `; ` between them, safe to show.
    pub fn why(&self, i: usize) -> String {
        Why::joined(&self.reasons(i))
    }
}

/// One model of the run.
#[derive(Debug)]
pub struct ModelRun {
    /// Detector id, as in columns `score_<id>` and `out_<id>`.
    pub id: &'static str,
    /// Full name.
    pub title: &'static str,
    /// How it ended.
    pub status: Status,
    /// All parameters with their values.
    pub params: Value,
    /// Wall seconds of fitting and scoring.
    pub fit_seconds: f64,
    /// How long it was expected to take.
    pub forecast: Forecast,
    /// The most memory that the process held meanwhile, in bytes; none if other models ran beside it.
    pub peak_memory: Option<u64>,
    /// Score above which a row is voted for.
    pub threshold: Option<f64>,
    /// Rows voted for.
    pub flagged_rows: u64,
    /// Scores by tuple, in list order; empty unless it ran.
    pub scores: Vec<f64>,
    /// Votes by tuple, in list order; empty unless it ran.
    pub votes: Vec<bool>,
    /// What a user should know about this fit.
    pub notes: Vec<String>,
}

/// How a model ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It ran; it has scores and votes.
    Ran,
    /// It was left out, for this reason.
    Excluded(String),
    /// It failed, with this error.
    Failed(String),
}

/// Agreement between the models that ran.
#[derive(Debug)]
pub struct Agreement {
    /// Ids of the models that ran.
    pub models: Vec<&'static str>,
    /// Pearson correlation between votes over rows; none where a model voted for nothing or all.
    pub votes: Vec<Vec<Option<f64>>>,
    /// Spearman correlation between scores over rows; none where a model's scores are all equal.
    pub scores: Vec<Vec<Option<f64>>>,
}

/// How many rows and tuples have a rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RankCount {
    /// Number of votes.
    pub rank: u32,
    /// Rows with this many votes.
    pub rows: u64,
    /// Tuples with this many votes.
    pub tuples: u64,
}
