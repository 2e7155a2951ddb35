//! `models.json`: how every model that was asked for ended.

use lanner_pipeline::{ModelRun, Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One model of a hunt. `fit_seconds` and the seconds of `forecast` are clock times: they differ between
/// runs.
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
    /// The forecast that decided whether it runs, where one was made.
    pub forecast: Option<Value>,
    /// Wall seconds of fitting and scoring; none unless it ran.
    pub fit_seconds: Option<f64>,
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
            forecast: None,
            fit_seconds: (run.status == Status::Ran).then_some(run.fit_seconds),
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
