//! `tuples.parquet`: every distinct tuple with its scores, votes and reasons, in list order.

use crate::columns::{Layout, out_of, score_of};
use crate::file::OutFile;
use crate::models::ran;
use crate::why::as_json;
use crate::{OutputFile, ReportError};
use arrow::array::{
    ArrayRef, Float64Array, Int8Array, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use lanner_pipeline::{Grounds, ModelRun, Outcome, Why};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Name of the file.
pub(crate) const TUPLES: &str = "tuples.parquet";
/// Tuples put together at a time.
const CHUNK: usize = 16 * 1024;

/// A Parquet writer that leaves the same bytes in every run.
pub(crate) fn parquet(
    file: OutFile,
    schema: &Arc<Schema>,
) -> Result<ArrowWriter<OutFile>, ReportError> {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("lanner ", env!("CARGO_PKG_VERSION")).into())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    Ok(ArrowWriter::try_new(file, schema.clone(), Some(properties))?)
}

/// Writes the file; gives its notes besides.
pub(crate) fn write(
    dir: &Path,
    outcome: &Outcome,
) -> Result<(OutputFile, Vec<String>), ReportError> {
    let models: Vec<&ModelRun> = ran(&outcome.models).collect();
    let values = &outcome.tuples.values;
    let layout = Layout::new(TUPLES, values.schema().fields(), columns(outcome, &models));
    let mut writer = parquet(OutFile::create(dir, TUPLES)?, &layout.schema)?;
    let n = outcome.tuples.len();
    for from in (0..n).step_by(CHUNK) {
        writer.write(&chunk(outcome, &models, &layout, from..n.min(from + CHUNK))?)?;
    }
    Ok((writer.into_inner()?.seal()?, layout.notes))
}

fn columns(outcome: &Outcome, models: &[&ModelRun]) -> Vec<Field> {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut fields = vec![
        Field::new("copies", DataType::UInt64, false),
        Field::new("first_seen", time(), true),
        Field::new("last_seen", time(), true),
        Field::new("rank", DataType::UInt32, false),
        Field::new("score", DataType::Float64, false),
    ];
    fields.extend(models.iter().map(|m| Field::new(score_of(m.id), DataType::Float64, false)));
    fields.extend(models.iter().map(|m| Field::new(out_of(m.id), DataType::Int8, false)));
    fields.push(Field::new("why", DataType::Utf8, false));
    fields.push(Field::new("reasons", DataType::Utf8, true));
    if let Grounds::Lanner(found) = &outcome.tuples.grounds {
        fields.push(Field::new("incident", DataType::UInt32, true));
        fields.extend(found.roles().map(|name| Field::new(name, DataType::Utf8, true)));
    }
    fields
}

fn chunk(
    outcome: &Outcome,
    models: &[&ModelRun],
    layout: &Layout,
    at: Range<usize>,
) -> Result<RecordBatch, ReportError> {
    let tuples = &outcome.tuples;
    let time = |times: &[Option<i64>]| {
        TimestampMicrosecondArray::from(times[at.clone()].to_vec()).with_timezone("UTC")
    };
    let mut columns: Vec<ArrayRef> = tuples.values.slice(at.start, at.len()).columns().to_vec();
    columns.push(Arc::new(UInt64Array::from(tuples.copies[at.clone()].to_vec())));
    columns.push(Arc::new(time(&tuples.first_seen)));
    columns.push(Arc::new(time(&tuples.last_seen)));
    columns.push(Arc::new(UInt32Array::from(tuples.rank[at.clone()].to_vec())));
    columns.push(Arc::new(Float64Array::from(tuples.score[at.clone()].to_vec())));
    for model in models {
        columns.push(Arc::new(Float64Array::from(model.scores[at.clone()].to_vec())));
    }
    for model in models {
        columns.push(Arc::new(votes(&model.votes[at.clone()])));
    }
    let (mut why, mut reasons) = (StringBuilder::new(), StringBuilder::new());
    for i in at.clone() {
        let all = tuples.reasons(i);
        why.append_value(Why::joined(&all));
        reasons.append_option(as_json(&all).filter(|_| tuples.flagged[i]));
    }
    columns.push(Arc::new(why.finish()));
    columns.push(Arc::new(reasons.finish()));
    if let Grounds::Lanner(found) = &tuples.grounds {
        columns.push(Arc::new(UInt32Array::from(tuples.incident[at.clone()].to_vec())));
        for j in 0..found.roles().count() {
            let value = |i: usize| found.values(i).nth(j).flatten();
            columns.push(Arc::new(at.clone().map(value).collect::<StringArray>()));
        }
    }
    Ok(RecordBatch::try_new(layout.schema.clone(), columns)?)
}

/// Votes as 0 and 1.
pub(crate) fn votes(votes: &[bool]) -> Int8Array {
    votes.iter().map(|&v| Some(i8::from(v))).collect()
}
