//! The files of a finished hunt for sessions, read back.

use super::SHOWN;
use crate::page::load::{damaged, open};
use crate::sessions::{EVENTS, SESSIONS, SessionRow};
use crate::{ReportError, SessionsManifest};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{TimestampMicrosecondType, UInt32Type, UInt64Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// What the page is drawn from.
pub(super) struct Found {
    pub manifest: SessionsManifest,
    pub settings: Settings,
    pub rows: Vec<SessionRow>,
    /// Places of the sessions that are shown, strangest first.
    pub shown: Vec<usize>,
    /// Their events, by time.
    pub events: BTreeMap<u64, Vec<EventRow>>,
}

/// The settings, as far as the page shows them one by one.
#[derive(Deserialize)]
pub(super) struct Settings {
    pub inputs: Vec<String>,
    pub builder: String,
    pub ensemble: bool,
    pub zone: String,
    pub seed: u64,
}

/// One event of a session.
#[derive(Clone, PartialEq)]
pub(super) struct EventRow {
    pub time: Option<i64>,
    pub event_id: u32,
    pub meaning: String,
    pub user: String,
    pub address: String,
    pub object: String,
    pub correlation: String,
}

impl Found {
    pub(super) fn load(dir: &Path) -> Result<Self, ReportError> {
        let manifest = SessionsManifest::read(dir)?
            .ok_or_else(|| damaged("manifest.json", "it is of another hunt"))?;
        let settings = serde_json::from_value(manifest.settings.clone())
            .map_err(|e| damaged("manifest.json", e))?;
        let mut rows: Vec<SessionRow> = Vec::new();
        for line in BufReader::new(open(dir, SESSIONS)?).lines() {
            let line = line.map_err(|e| damaged(SESSIONS, e))?;
            rows.push(serde_json::from_str(&line).map_err(|e| damaged(SESSIONS, e))?);
        }
        let shown = strangest(&rows);
        let ids = shown.iter().map(|&i| (rows[i].session_id, Vec::new())).collect();
        let events = events(dir, ids)?;
        Ok(Self { manifest, settings, rows, shown, events })
    }
}

/// Places of the sessions that stand out, strangest first: those of the ensemble by their distance, then
/// those of the reference detector by their factor.
fn strangest(rows: &[SessionRow]) -> Vec<usize> {
    let mut all: Vec<usize> = (0..rows.len()).filter(|&i| rows[i].stands_out()).collect();
    let key = |i: usize| {
        let distance = rows[i].ensemble.as_ref().filter(|e| e.flagged).map_or(0.0, |e| e.distance);
        (distance, rows[i].lof_score.unwrap_or(0.0))
    };
    all.sort_by(|&a, &b| {
        let (a, b) = (key(a), key(b));
        b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    all.truncate(SHOWN);
    all
}

/// The events of some sessions, by time.
fn events(
    dir: &Path,
    mut of: BTreeMap<u64, Vec<EventRow>>,
) -> Result<BTreeMap<u64, Vec<EventRow>>, ReportError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(open(dir, EVENTS)?)
        .map_err(|e| damaged(EVENTS, e))?;
    let names =
        ["session_id", "correlation", "time", "event_id", "meaning", "user", "source_ip", "object"];
    let schema = reader.schema();
    let places = names.map(|name| schema.index_of(name));
    let places =
        places.into_iter().collect::<Result<Vec<_>, _>>().map_err(|e| damaged(EVENTS, e))?;
    let mask = ProjectionMask::roots(reader.parquet_schema(), places);
    for batch in reader.with_projection(mask).build().map_err(|e| damaged(EVENTS, e))? {
        take(&batch?, &mut of)?;
    }
    for list in of.values_mut() {
        // Stable, so that events of one moment keep their order.
        list.sort_by_key(|e| e.time);
    }
    Ok(of)
}

fn take(batch: &RecordBatch, of: &mut BTreeMap<u64, Vec<EventRow>>) -> Result<(), ReportError> {
    let wrong = |name: &str| damaged(EVENTS, format!("no column {name}"));
    let column = |name: &str| batch.column_by_name(name).ok_or_else(|| wrong(name));
    let text = |name: &'static str| column(name)?.as_string_opt::<i32>().ok_or_else(|| wrong(name));
    let ids = column("session_id")?.as_primitive_opt::<UInt64Type>();
    let ids = ids.ok_or_else(|| wrong("session_id"))?;
    let times = column("time")?.as_primitive_opt::<TimestampMicrosecondType>();
    let times = times.ok_or_else(|| wrong("time"))?;
    let event_ids = column("event_id")?.as_primitive_opt::<UInt32Type>();
    let event_ids = event_ids.ok_or_else(|| wrong("event_id"))?;
    let texts = [
        text("meaning")?,
        text("user")?,
        text("source_ip")?,
        text("object")?,
        text("correlation")?,
    ];
    for i in (0..batch.num_rows()).filter(|&i| ids.is_valid(i)) {
        let Some(list) = of.get_mut(&ids.value(i)) else { continue };
        let [meaning, user, address, object, correlation] =
            texts.map(|t| if t.is_valid(i) { t.value(i).to_owned() } else { String::new() });
        let time = times.is_valid(i).then(|| times.value(i));
        let event_id = event_ids.value(i);
        list.push(EventRow { time, event_id, meaning, user, address, object, correlation });
    }
    Ok(())
}
