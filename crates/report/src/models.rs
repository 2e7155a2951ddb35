//! `models.json`: how every model that was asked for ended.

use lanner_pipeline::{ModelRun, Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One model of a hunt. `fit_seconds`, `peak_memory_bytes` and what trials gave in `forecast` differ
/// between runs; all else is the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Detector id, as in columns `score_<id>` and `out_<id>`.
    pub id: String,
    /// Full name.
    pub title: String,
    /// `ran`, `excluded` or `failed`.
    pub status: String,
    /// All parameters with their values.
    pub parameters: Value,
    /// How long it was expected to take: the timed trials, the power law `a` n^`b` through them, the
    /// seconds for all rows, and the basis of these seconds.
    pub forecast: Value,
    /// Wall seconds of fitting and scoring; none unless it ran.
    pub fit_seconds: Option<f64>,
    /// The most memory that the process held while it ran, in bytes; none if other models ran beside it.
    pub peak_memory_bytes: Option<u64>,
    /// Score above which a row is voted for.
    pub threshold: Option<f64>,
    /// Rows voted for.
    pub flagged_rows: u64,
    /// Why it was left out or failed.
    pub error: Option<String>,
    /// What a user should know about this fit.
    pub notes: Vec<String>,
}

impl From<&ModelRun> for ModelEntry {
    fn from(run: &ModelRun) -> Self {
        let (status, error) = match &run.status {
            Status::Ran => ("ran", None),
            Status::Excluded(why) => ("excluded", Some(why.clone())),
            Status::Failed(why) => ("failed", Some(why.clone())),
        };
        Self {
            id: run.id.into(),
            title: run.title.into(),
            status: status.into(),
            parameters: run.params.clone(),
            forecast: serde_json::to_value(&run.forecast).unwrap_or(Value::Null),
            fit_seconds: (run.status == Status::Ran).then_some(run.fit_seconds),
            peak_memory_bytes: run.peak_memory,
            threshold: run.threshold,
            flagged_rows: run.flagged_rows,
            error,
            notes: run.notes.clone(),
        }
    }
}

/// The models with scores and votes, in registry order: those with columns of their own.
pub(crate) fn ran(models: &[ModelRun]) -> impl Iterator<Item = &ModelRun> {
    models.iter().filter(|m| m.status == Status::Ran)
}
