//! `models.json`: how every model that was asked for ended.

use crate::ReportError;
use arrow::array::{ArrayRef, Float64Array, StringArray, UInt64Array};
use arrow::record_batch::RecordBatch;
use lanner_pipeline::{ModelRun, Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// Name of the file.
const MODELS: &str = "models.json";

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

/// The models of a finished hunt, from its `models.json`.
///
/// # Errors
/// [`ReportError`] if the file is missing or damaged.
pub fn model_entries(dir: &Path) -> Result<Vec<ModelEntry>, ReportError> {
    let path = dir.join(MODELS);
    let text = std::fs::read(&path).map_err(ReportError::io("read", &path))?;
    serde_json::from_slice(&text)
        .map_err(|e| ReportError::Damaged { file: MODELS, reason: e.to_string() })
}

/// The table `models` of queries: a row for each, parameters as JSON text.
///
/// # Errors
/// None in practice; columns of one length make a table.
pub fn models_table(models: &[ModelEntry]) -> Result<RecordBatch, ReportError> {
    let text = |get: fn(&ModelEntry) -> Option<String>| -> ArrayRef {
        Arc::new(models.iter().map(get).collect::<StringArray>())
    };
    let number = |get: fn(&ModelEntry) -> Option<f64>| -> ArrayRef {
        Arc::new(models.iter().map(get).collect::<Float64Array>())
    };
    let flagged: UInt64Array = models.iter().map(|m| Some(m.flagged_rows)).collect();
    let columns: [(&str, ArrayRef); 10] = [
        ("id", text(|m| Some(m.id.clone()))),
        ("title", text(|m| Some(m.title.clone()))),
        ("status", text(|m| Some(m.status.clone()))),
        ("parameters", text(|m| Some(m.parameters.to_string()))),
        ("forecast_seconds", number(|m| m.forecast["seconds"].as_f64())),
        ("fit_seconds", number(|m| m.fit_seconds)),
        ("peak_memory_bytes", number(|m| m.peak_memory_bytes.map(|b| b as f64))),
        ("threshold", number(|m| m.threshold)),
        ("flagged_rows", Arc::new(flagged)),
        ("error", text(|m| m.error.clone())),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true)))?)
}
