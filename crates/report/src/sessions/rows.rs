//! `sessions.jsonl` and `sessions.parquet`: a line and a row for each session, with its features, what
//! the detectors say of it, and why.

use crate::file::{OutFile, put};
use crate::tuples::parquet;
use crate::{OutputFile, ReportError};
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt32Array, UInt64Array,
};
use jiff::Timestamp;
use lanner_pipeline::SessionsOutcome;
use lanner_sessions::FEATURES;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;

/// Name of the file with a line for each session.
pub(crate) const SESSIONS: &str = "sessions.jsonl";
/// Name of the table.
pub(crate) const SESSIONS_TABLE: &str = "sessions.parquet";

/// A session as a line has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SessionRow {
    pub session_id: u64,
    pub host: String,
    pub user: Option<String>,
    pub source_ip: Option<String>,
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
    pub start_reason: String,
    pub end_reason: String,
    /// By name.
    #[serde(flatten)]
    pub features: Map<String, Value>,
    /// None where there were too few sessions to compare.
    pub lof_score: Option<f64>,
    pub flagged: bool,
    /// Place among the sessions that any detector flagged, 1 for the strangest.
    pub place: Option<u64>,
    pub reasons: Vec<Reason>,
    /// What is said of a flagged session, joined by ` | `.
    pub explanation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ensemble: Option<ByEnsemble>,
    pub addresses: Vec<String>,
    pub logon_ids: Vec<String>,
    pub windows_session: Option<u32>,
}

impl SessionRow {
    /// The values of the features, in the order of [`FEATURES`]; 0 where one is missing.
    pub(crate) fn values(&self) -> [f64; 12] {
        FEATURES.map(|name| self.features.get(name).and_then(Value::as_f64).unwrap_or(0.0))
    }

    /// Did any detector flag it?
    pub(crate) fn stands_out(&self) -> bool {
        self.place.is_some()
    }

    /// Did only the reference detector flag it, though the ensemble looked at it too?
    pub(crate) fn only_by_reference(&self) -> bool {
        self.flagged && self.ensemble.as_ref().is_some_and(|e| !e.flagged)
    }
}

/// The features by name: seconds, then counts.
fn named(row: &[f64; 12]) -> Map<String, Value> {
    let value = |j: usize| if j == 0 { Value::from(row[0]) } else { Value::from(row[j] as u64) };
    FEATURES.iter().enumerate().map(|(j, name)| ((*name).to_owned(), value(j))).collect()
}

/// Why the reference detector flagged a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reason {
    pub feature: String,
    pub text: String,
    pub value: f64,
    pub peer_median: f64,
    pub z: f64,
}

/// What the ensemble says of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ByEnsemble {
    pub flagged: bool,
    pub score: f64,
    /// Models that voted for it.
    pub rank: u32,
    /// Scales from the typical session.
    pub distance: f64,
    pub reasons: Vec<Oddity>,
}

/// Why the ensemble finds a session odd.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Oddity {
    pub feature: String,
    pub text: String,
    pub value: f64,
    pub peer_median: f64,
    pub z: f64,
    pub share: f64,
}

/// The rows of an outcome, in session order.
pub(super) fn rows(outcome: &SessionsOutcome) -> Vec<SessionRow> {
    let mut rows: Vec<SessionRow> = (0..outcome.sessions.len()).map(|i| row(outcome, i)).collect();
    for (i, place) in outcome.strangest().into_iter().zip(1..) {
        rows[i].place = Some(place);
    }
    rows
}

fn row(outcome: &SessionsOutcome, i: usize) -> SessionRow {
    let session = &outcome.sessions[i];
    let lof = outcome.detection.lof.as_ref();
    let flagged = lof.is_some_and(|l| l.flagged[i]);
    let reasons = lof.map_or(&[][..], |l| &l.reasons[i]).iter().map(|r| Reason {
        feature: r.feature.to_owned(),
        text: r.text.to_owned(),
        value: r.value,
        peer_median: r.peer_median,
        z: r.z,
    });
    let ensemble = outcome.ensemble.as_ref().map(|e| ByEnsemble {
        flagged: e.flagged[i],
        score: e.score[i],
        rank: e.rank[i],
        distance: e.distance[i],
        reasons: e.reasons[i]
            .iter()
            .map(|o| Oddity {
                feature: o.feature.to_owned(),
                text: o.text(),
                value: o.value,
                peer_median: o.peer_median,
                z: o.z,
                share: o.share,
            })
            .collect(),
    });
    SessionRow {
        session_id: session.session_id,
        host: session.host.clone(),
        user: session.user.clone(),
        source_ip: session.source_ip.clone(),
        start: session.start,
        end: session.end,
        start_reason: session.start_reason.name().to_owned(),
        end_reason: session.end_reason.name().to_owned(),
        features: named(&outcome.detection.features[i]),
        lof_score: lof.map(|l| l.scores[i]),
        flagged,
        place: None,
        reasons: reasons.collect(),
        explanation: lof.filter(|_| flagged).map(|l| l.words(i).join(" | ")),
        ensemble,
        addresses: session.addresses.clone(),
        logon_ids: session.logon_ids.iter().map(|id| format!("{id:#x}")).collect(),
        windows_session: session.windows_session,
    }
}

/// Writes both files.
pub(super) fn write(dir: &Path, rows: &[SessionRow]) -> Result<Vec<OutputFile>, ReportError> {
    let mut lines = String::new();
    for row in rows {
        lines.push_str(&serde_json::to_string(row)?);
        lines.push('\n');
    }
    let table = table(rows)?;
    let mut writer = parquet(OutFile::create(dir, SESSIONS_TABLE)?, &table.schema())?;
    writer.write(&table)?;
    Ok(vec![put(dir, SESSIONS, &lines)?, writer.into_inner()?.seal()?])
}

/// The rows as a table; reasons and lists are JSON text.
fn table(rows: &[SessionRow]) -> Result<RecordBatch, ReportError> {
    type Text = fn(&SessionRow) -> Option<String>;
    let text = |get: Text| Arc::new(rows.iter().map(get).collect::<StringArray>()) as ArrayRef;
    let time = |get: fn(&SessionRow) -> Option<Timestamp>| {
        let micros = rows.iter().map(|r| get(r).map(Timestamp::as_microsecond));
        Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC")) as ArrayRef
    };
    let json =
        |get: fn(&SessionRow) -> serde_json::Result<String>| -> Result<ArrayRef, ReportError> {
            let texts = rows.iter().map(get).collect::<serde_json::Result<Vec<String>>>()?;
            Ok(Arc::new(StringArray::from(texts)))
        };
    let mut columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("session_id", Arc::new(rows.iter().map(|r| r.session_id).collect::<UInt64Array>()), false),
        ("host", text(|r| Some(r.host.clone())), false),
        ("user", text(|r| r.user.clone()), true),
        ("source_ip", text(|r| r.source_ip.clone()), true),
        ("start", time(|r| r.start), true),
        ("end", time(|r| r.end), true),
        ("start_reason", text(|r| Some(r.start_reason.clone())), false),
        ("end_reason", text(|r| Some(r.end_reason.clone())), false),
    ];
    for (j, name) in FEATURES.into_iter().enumerate() {
        let values = rows.iter().map(|r| r.values()[j]);
        let column: ArrayRef = match j {
            0 => Arc::new(values.collect::<Float64Array>()),
            _ => Arc::new(values.map(|v| v as u64).collect::<UInt64Array>()),
        };
        columns.push((name, column, false));
    }
    let lof: Float64Array = rows.iter().map(|r| r.lof_score).collect();
    let flagged: BooleanArray = rows.iter().map(|r| Some(r.flagged)).collect();
    columns.extend([
        ("lof_score", Arc::new(lof) as ArrayRef, true),
        ("flagged", Arc::new(flagged), false),
        ("place", Arc::new(rows.iter().map(|r| r.place).collect::<UInt64Array>()), true),
        ("reasons", json(|r| serde_json::to_string(&r.reasons))?, false),
        ("explanation", text(|r| r.explanation.clone()), true),
    ]);
    if rows.iter().any(|r| r.ensemble.is_some()) {
        let of = || rows.iter().map(|r| r.ensemble.as_ref());
        let flagged: BooleanArray = of().map(|e| e.map(|e| e.flagged)).collect();
        let score: Float64Array = of().map(|e| e.map(|e| e.score)).collect();
        let rank: UInt32Array = of().map(|e| e.map(|e| e.rank)).collect();
        let distance: Float64Array = of().map(|e| e.map(|e| e.distance)).collect();
        let words =
            |e: &ByEnsemble| e.reasons.iter().map(|o| &*o.text).collect::<Vec<_>>().join(" | ");
        let why: StringArray = of().map(|e| e.map(words)).collect();
        columns.extend([
            ("ensemble_flagged", Arc::new(flagged) as ArrayRef, true),
            ("ensemble_score", Arc::new(score), true),
            ("ensemble_rank", Arc::new(rank), true),
            ("ensemble_distance", Arc::new(distance), true),
            ("ensemble_explanation", Arc::new(why), true),
        ]);
    }
    let number: UInt32Array = rows.iter().map(|r| r.windows_session).collect();
    columns.extend([
        ("addresses", json(|r| serde_json::to_string(&r.addresses))?, false),
        ("logon_ids", json(|r| serde_json::to_string(&r.logon_ids))?, false),
        ("windows_session", Arc::new(number), true),
    ]);
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}
