//! What models score, and how long they would take, as tables.

use crate::errors::of_arrow;
use crate::table::Table;
use arrow::array::{ArrayRef, Float64Array, Int8Array, RecordBatch, StringArray};
use lanner_pipeline::{Foreseen, Scored};
use pyo3::prelude::*;
use std::sync::Arc;

/// Columns `score`, `label` and, with `explain`, `share_NAME` for each column of the rows.
pub(crate) fn table(found: &Scored, explain: bool) -> PyResult<Table> {
    let rows = found.scores.len();
    let labels = Int8Array::from_iter_values((0..rows).map(|i| i8::from(found.label(i))));
    let scores = Float64Array::from(found.scores.clone());
    let mut columns: Vec<(String, ArrayRef)> =
        vec![("score".to_owned(), Arc::new(scores)), ("label".to_owned(), Arc::new(labels))];
    let explained = if explain { found.columns.as_slice() } else { &[] };
    for (j, name) in explained.iter().enumerate() {
        // The share is that of a label, so a row without one has none.
        let share = |i: usize| found.shares[i].as_ref().filter(|_| found.label(i)).map(|s| s[j]);
        let shares: Float64Array = (0..rows).map(share).collect();
        columns.push((format!("share_{name}"), Arc::new(shares)));
    }
    let batch = RecordBatch::try_from_iter(columns);
    Ok(Table::of(batch.map_err(of_arrow)?))
}

/// Columns `id`, `seconds`, `samples` (JSON) and `left_out`.
pub(crate) fn foreseen(models: &[Foreseen]) -> PyResult<Table> {
    let ids = StringArray::from_iter_values(models.iter().map(|m| m.id));
    let seconds = Float64Array::from_iter_values(models.iter().map(|m| m.forecast.seconds));
    let samples = models.iter().map(|m| serde_json::to_string(&m.forecast).ok());
    let left_out: StringArray = models.iter().map(|m| m.left_out.as_deref()).collect();
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("id", Arc::new(ids), false),
        ("seconds", Arc::new(seconds), false),
        ("samples", Arc::new(samples.collect::<StringArray>()), true),
        ("left_out", Arc::new(left_out), true),
    ];
    Ok(Table::of(RecordBatch::try_from_iter_with_nullable(columns).map_err(of_arrow)?))
}
