//! `incidents.parquet`: what one actor did in one session, strangest first.

use crate::file::OutFile;
use crate::tuples::parquet;
use crate::why::as_json;
use crate::{OutputFile, ReportError};
use arrow::array::{
    ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
    UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use lanner_pipeline::{IncidentLine, Lanner};
use std::path::Path;
use std::sync::Arc;

/// Name of the file.
pub(crate) const INCIDENTS: &str = "incidents.parquet";
/// Incidents put together at a time.
const CHUNK: usize = 16 * 1024;

/// Writes the file.
pub(crate) fn write(
    dir: &Path,
    first: &[IncidentLine],
    found: &Lanner,
) -> Result<OutputFile, ReportError> {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let schema = Arc::new(Schema::new(vec![
        Field::new("incident", DataType::UInt32, false),
        Field::new("principal", DataType::Utf8, true),
        Field::new("network", DataType::Utf8, true),
        Field::new("agent", DataType::Utf8, true),
        Field::new("start", time(), true),
        Field::new("end", time(), true),
        Field::new("score", DataType::Float64, false),
        Field::new("tuples", DataType::UInt32, false),
        Field::new("rows", DataType::UInt64, false),
        Field::new("odd_actions", DataType::UInt32, false),
        Field::new("actions", DataType::Utf8, false),
        Field::new("why", DataType::Utf8, false),
        Field::new("reasons", DataType::Utf8, true),
    ]));
    let mut writer = parquet(OutFile::create(dir, INCIDENTS)?, &schema)?;
    writer.write(&RecordBatch::try_new(schema.clone(), columns(first))?)?;
    let all = found.incidents();
    for from in (first.len()..all).step_by(CHUNK) {
        let part = found.incident_lines(from..all.min(from + CHUNK));
        writer.write(&RecordBatch::try_new(schema.clone(), columns(&part))?)?;
    }
    writer.into_inner()?.seal()
}

fn columns(part: &[IncidentLine]) -> Vec<ArrayRef> {
    let text = |of: fn(&IncidentLine) -> Option<&str>| -> ArrayRef {
        Arc::new(part.iter().map(of).collect::<StringArray>())
    };
    let whole = |of: fn(&IncidentLine) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(part.iter().map(of)))
    };
    let time = |of: fn(&IncidentLine) -> Option<i64>| -> ArrayRef {
        let times: TimestampMicrosecondArray = part.iter().map(of).collect();
        Arc::new(times.with_timezone("UTC"))
    };
    let actions = part.iter().map(|i| i.actions.join(", "));
    vec![
        whole(|i| i.number),
        text(|i| i.principal.as_deref()),
        text(|i| i.network.as_deref()),
        text(|i| i.agent.as_deref()),
        time(|i| i.start),
        time(|i| i.end),
        Arc::new(Float64Array::from_iter_values(part.iter().map(|i| i.score))),
        whole(|i| i.tuples.len() as u32),
        Arc::new(UInt64Array::from_iter_values(part.iter().map(|i| i.rows))),
        whole(|i| i.odd_actions),
        Arc::new(StringArray::from_iter_values(actions)),
        text(|i| Some(i.why.as_str())),
        Arc::new(part.iter().map(|i| as_json(&i.reasons)).collect::<StringArray>()),
    ]
}
