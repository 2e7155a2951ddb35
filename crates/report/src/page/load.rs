//! The files of a finished hunt, read back.

use super::LISTED;
use super::charts::{Heat, Spread};
use crate::cells::texts;
use crate::columns::{out_of, score_of};
use crate::incidents::INCIDENTS;
use crate::manifest::MANIFEST;
use crate::tuples::TUPLES;
use crate::{Manifest, ModelEntry, ReportError};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    ArrowPrimitiveType, Float64Type, Int8Type, TimestampMicrosecondType, UInt32Type, UInt64Type,
};
use lanner_pipeline::INCIDENTS_SHOWN;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What the page is drawn from.
pub(super) struct Hunt {
    dir: PathBuf,
    pub manifest: Manifest,
    pub settings: Settings,
    pub models: Vec<ModelEntry>,
    pub ranks: Vec<RankRow>,
    /// Names of the fields of a tuple.
    pub fields: Vec<String>,
    /// The first tuples of the list.
    pub tuples: Vec<TupleRow>,
    /// The first incidents; none in the classic recipe.
    pub incidents: Vec<IncidentRow>,
    votes: Square,
    scores: Square,
}

/// The settings, as far as the page shows them one by one.
#[derive(Deserialize)]
pub(super) struct Settings {
    pub inputs: Vec<String>,
    pub recipe: String,
    pub kind: String,
    pub fields: Vec<FieldUse>,
    pub left_out: Vec<String>,
    pub time: Option<String>,
    pub filter: Option<String>,
    pub since: Option<String>,
    pub until: Option<String>,
    pub contamination: f64,
    pub top: u64,
    pub seed: u64,
}

/// One detection field.
#[derive(Deserialize)]
pub(super) struct FieldUse {
    pub name: String,
    pub kind: String,
    pub used: bool,
    pub distinct: u64,
    pub imputed: u64,
}

/// One line of `ranks.csv`.
#[derive(Deserialize)]
pub(super) struct RankRow {
    pub rank: u32,
    pub rows: u64,
    pub tuples: u64,
}

/// One tuple of the list.
pub(super) struct TupleRow {
    pub values: Vec<Option<String>>,
    pub copies: u64,
    pub first_seen: Option<i64>,
    pub last_seen: Option<i64>,
    pub rank: u32,
    pub score: f64,
    /// Votes of the models that ran, in registry order.
    pub votes: Vec<bool>,
    pub why: String,
    /// The number of its incident.
    pub incident: Option<u32>,
}

/// One incident of the list.
pub(super) struct IncidentRow {
    pub principal: Option<String>,
    pub network: Option<String>,
    pub agent: Option<String>,
    pub start: Option<i64>,
    pub end: Option<i64>,
    pub score: f64,
    pub tuples: u32,
    pub rows: u64,
    pub actions: String,
    pub why: String,
    /// The reasons with all that is known of them; none for an old file.
    pub reasons: Vec<Grounded>,
}

/// A reason as the files have it; what is not shown is left out.
#[derive(Deserialize)]
pub(super) struct Grounded {
    pub text: String,
    #[serde(default)]
    pub sql: Option<String>,
    #[serde(default)]
    pub because: Vec<Grounded>,
}

/// Models by models.
struct Square {
    ids: Vec<String>,
    cells: Vec<Vec<Option<f64>>>,
}

impl Hunt {
    pub(super) fn load(dir: &Path) -> Result<Self, ReportError> {
        let manifest: Manifest = json(dir, MANIFEST)?;
        let settings =
            serde_json::from_value(manifest.settings.clone()).map_err(|e| damaged(MANIFEST, e))?;
        let models = crate::model_entries(dir)?;
        let (fields, tuples) = listed(dir, &models)?;
        let lanner = manifest.outputs.iter().any(|o| o.name == INCIDENTS);
        let incidents = if lanner { incidents(dir)? } else { Vec::new() };
        let mut ranks = csv::Reader::from_reader(open(dir, "ranks.csv")?);
        let ranks = ranks.deserialize().collect::<Result<_, _>>();
        Ok(Self {
            dir: dir.to_path_buf(),
            manifest,
            settings,
            models,
            ranks: ranks.map_err(|e| damaged("ranks.csv", e))?,
            fields,
            tuples,
            incidents,
            votes: square(dir, "correlation.csv")?,
            scores: square(dir, "score_correlation.csv")?,
        })
    }

    /// Ids of the models that ran.
    pub(super) fn ran(&self) -> impl Iterator<Item = &ModelEntry> {
        ran(&self.models)
    }

    /// The score histograms of the models that ran. One model's scores are in memory at a time.
    pub(super) fn spreads(&self) -> Result<Vec<Spread>, ReportError> {
        let copies = numbers::<UInt64Type>(&self.dir, "copies")?;
        let spread = |model: &ModelEntry| {
            let scores = numbers::<Float64Type>(&self.dir, &score_of(&model.id))?;
            Ok(Spread::new(&model.id, model.threshold, &scores, &copies))
        };
        self.ran().map(spread).collect()
    }

    /// The two heatmaps; none where no model ran.
    pub(super) fn heats(&self) -> Vec<Heat> {
        let maps = [("votes", "Votes", &self.votes), ("scores", "Scores", &self.scores)];
        let full = maps.into_iter().filter(|(_, _, s)| !s.ids.is_empty());
        full.map(|(id, title, s)| Heat::new(id, title, &s.ids, &s.cells)).collect()
    }
}

fn ran(models: &[ModelEntry]) -> impl Iterator<Item = &ModelEntry> {
    models.iter().filter(|m| m.status == "ran")
}

pub(super) fn damaged(file: &'static str, error: impl std::fmt::Display) -> ReportError {
    ReportError::Damaged { file, reason: lanner_frame::text::shown(&error.to_string()).into() }
}

pub(super) fn open(dir: &Path, name: &str) -> Result<File, ReportError> {
    let path = dir.join(name);
    File::open(&path).map_err(ReportError::io("open", &path))
}

fn json<T: DeserializeOwned>(dir: &Path, name: &'static str) -> Result<T, ReportError> {
    let path = dir.join(name);
    let text = fs::read(&path).map_err(ReportError::io("read", &path))?;
    serde_json::from_slice(&text).map_err(|e| damaged(name, e))
}

fn square(dir: &Path, name: &'static str) -> Result<Square, ReportError> {
    let mut csv = csv::Reader::from_reader(open(dir, name)?);
    let ids = csv.headers().map_err(|e| damaged(name, e))?.iter().skip(1).map(String::from);
    let ids: Vec<String> = ids.collect();
    let mut cells = Vec::with_capacity(ids.len());
    for row in csv.records() {
        let row = row.map_err(|e| damaged(name, e))?;
        let cell = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|e| damaged(name, e)),
        };
        cells.push(row.iter().skip(1).map(cell).collect::<Result<Vec<_>, _>>()?);
    }
    if cells.len() != ids.len() {
        return Err(damaged(name, "it is not square"));
    }
    Ok(Square { ids, cells })
}

/// The names of the fields and the first tuples of the list.
fn listed(dir: &Path, models: &[ModelEntry]) -> Result<(Vec<String>, Vec<TupleRow>), ReportError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(open(dir, TUPLES)?)
        .map_err(|e| damaged(TUPLES, e))?;
    let schema = reader.schema().clone();
    let width = schema.index_of("copies").map_err(|e| damaged(TUPLES, e))?;
    let fields = schema.fields()[..width].iter().map(|f| f.name().clone()).collect();
    let batches = reader.with_limit(LISTED).with_batch_size(LISTED).build();
    let mut tuples = Vec::with_capacity(LISTED);
    for batch in batches.map_err(|e| damaged(TUPLES, e))? {
        tuples.extend(rows(&batch?, width, models)?);
    }
    Ok((fields, tuples))
}

fn rows(
    batch: &RecordBatch,
    width: usize,
    models: &[ModelEntry],
) -> Result<Vec<TupleRow>, ReportError> {
    let texts = batch.columns()[..width].iter().map(texts).collect::<Result<Vec<_>, _>>()?;
    let copies = column::<UInt64Type>(batch, "copies")?;
    let first = column::<TimestampMicrosecondType>(batch, "first_seen")?;
    let last = column::<TimestampMicrosecondType>(batch, "last_seen")?;
    let rank = column::<UInt32Type>(batch, "rank")?;
    let score = column::<Float64Type>(batch, "score")?;
    let votes = ran(models).map(|m| column::<Int8Type>(batch, &out_of(&m.id)));
    let votes = votes.collect::<Result<Vec<_>, _>>()?;
    let why = batch.column_by_name("why").and_then(|c| c.as_string_opt::<i32>());
    let why = why.ok_or_else(|| damaged(TUPLES, "no column why"))?;
    let incident = match batch.column_by_name("incident") {
        Some(_) => column::<UInt32Type>(batch, "incident")?,
        None => vec![None; batch.num_rows()],
    };
    let row = |i: usize| TupleRow {
        values: texts.iter().map(|t| t.is_valid(i).then(|| t.value(i).to_owned())).collect(),
        copies: copies[i].unwrap_or_default(),
        first_seen: first[i],
        last_seen: last[i],
        rank: rank[i].unwrap_or_default(),
        score: score[i].unwrap_or(f64::NAN),
        votes: votes.iter().map(|v| v[i] == Some(1)).collect(),
        why: why.value(i).to_owned(),
        incident: incident[i],
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

fn column<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    name: &str,
) -> Result<Vec<Option<T::Native>>, ReportError> {
    let column = batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<T>());
    let column = column.ok_or_else(|| damaged(TUPLES, format!("no column {name}")))?;
    Ok(column.iter().collect())
}

/// The first incidents.
fn incidents(dir: &Path) -> Result<Vec<IncidentRow>, ReportError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(open(dir, INCIDENTS)?)
        .map_err(|e| damaged(INCIDENTS, e))?;
    let batches = reader.with_limit(INCIDENTS_SHOWN).build();
    let mut all = Vec::new();
    for batch in batches.map_err(|e| damaged(INCIDENTS, e))? {
        let batch = batch?;
        let text = |name: &str| -> Result<Vec<Option<String>>, ReportError> {
            let column = batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
            let column = column.ok_or_else(|| damaged(INCIDENTS, format!("no column {name}")))?;
            Ok(column.iter().map(|v| v.map(str::to_owned)).collect())
        };
        let (principal, network, agent) = (text("principal")?, text("network")?, text("agent")?);
        let (actions, why, reasons) = (text("actions")?, text("why")?, text("reasons")?);
        let start = column::<TimestampMicrosecondType>(&batch, "start")?;
        let end = column::<TimestampMicrosecondType>(&batch, "end")?;
        let score = column::<Float64Type>(&batch, "score")?;
        let tuples = column::<UInt32Type>(&batch, "tuples")?;
        let rows = column::<UInt64Type>(&batch, "rows")?;
        let grounded = |json: &Option<String>| match json {
            Some(json) => serde_json::from_str(json).map_err(|e| damaged(INCIDENTS, e)),
            None => Ok(Vec::new()),
        };
        let mut reasons = reasons.iter().map(grounded).collect::<Result<Vec<_>, _>>()?;
        all.extend((0..batch.num_rows()).map(|i| IncidentRow {
            principal: principal[i].clone(),
            network: network[i].clone(),
            agent: agent[i].clone(),
            start: start[i],
            end: end[i],
            score: score[i].unwrap_or(f64::NAN),
            tuples: tuples[i].unwrap_or_default(),
            rows: rows[i].unwrap_or_default(),
            actions: actions[i].clone().unwrap_or_default(),
            why: why[i].clone().unwrap_or_default(),
            reasons: std::mem::take(&mut reasons[i]),
        }));
    }
    Ok(all)
}

/// One whole column of numbers, without the others.
fn numbers<T: ArrowPrimitiveType>(dir: &Path, name: &str) -> Result<Vec<T::Native>, ReportError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(open(dir, TUPLES)?)
        .map_err(|e| damaged(TUPLES, e))?;
    let at = reader.schema().index_of(name).map_err(|e| damaged(TUPLES, e))?;
    let mask = ProjectionMask::roots(reader.parquet_schema(), [at]);
    let mut all = Vec::new();
    for batch in reader.with_projection(mask).build().map_err(|e| damaged(TUPLES, e))? {
        all.extend(column::<T>(&batch?, name)?.into_iter().flatten());
    }
    Ok(all)
}
