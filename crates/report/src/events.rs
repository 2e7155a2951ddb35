//! `events.parquet` and `events.csv`: every flagged row of the input, once, with what was found.

use crate::cells::CsvTable;
use crate::columns::{Layout, out_of};
use crate::file::OutFile;
use crate::models::ran;
use crate::proof::Proof;
use crate::tuples::{parquet, votes};
use crate::{Check, Flagged, OutputFile, ReportError};
use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int8Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, UInt32Type, UInt64Type};
use lanner_pipeline::{Grounds, ModelRun, Outcome, Tuples};
use parquet::arrow::ArrowWriter;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Name of the Parquet file.
pub(crate) const EVENTS: &str = "events.parquet";
/// Name of the CSV file.
pub(crate) const EVENTS_CSV: &str = "events.csv";
/// Columns that the stream has after those of the log: row, file, place of the tuple, incident if there are any.
static LANNER: [DataType; 4] =
    [DataType::UInt64, DataType::Utf8, DataType::UInt32, DataType::UInt32];
/// Bytes of rows held before they go to the file.
const HELD: usize = 64 << 20;

/// What writing the flagged rows gave.
pub(crate) struct Written {
    pub files: Vec<OutputFile>,
    pub checks: Vec<Check>,
    pub notes: Vec<String>,
    pub rows: u64,
}

/// Streams the flagged rows into both files.
pub(crate) fn write(
    dir: &Path,
    outcome: &Outcome,
    flagged: &mut Flagged<'_>,
    raw_csv: bool,
) -> Result<Written, ReportError> {
    let mut proof = Proof::new(outcome);
    let mut found = Found::new(outcome);
    let mut sheets: Option<Sheets> = None;
    let mut rows = 0;
    flagged(&mut |batch| {
        let part = Part::new(&batch, &outcome.tuples)?;
        let sheets = match &mut sheets {
            Some(sheets) => sheets,
            None => sheets.insert(Sheets::open(dir, part.log.schema().fields(), &found, raw_csv)?),
        };
        rows += batch.num_rows() as u64;
        proof.add(&part.log, part.row.as_primitive::<UInt64Type>(), &part.tuple)?;
        sheets.write(&part, &mut found)
    })?;
    let sheets = match sheets {
        Some(sheets) => sheets,
        None => Sheets::open(dir, &unseen(outcome), &found, raw_csv)?,
    };
    let (files, notes) = sheets.seal()?;
    Ok(Written { files, checks: proof.checks(), notes, rows })
}

/// The columns of the log where no row was flagged: known by name, and by type if they are fields.
fn unseen(outcome: &Outcome) -> Vec<FieldRef> {
    let fields = outcome.tuples.values.schema();
    let kind = |name: &str| {
        fields.field_with_name(name).map_or(DataType::Utf8, |field| field.data_type().clone())
    };
    let columns = outcome.input.columns.iter();
    columns.map(|name| Arc::new(Field::new(name, kind(name), true))).collect()
}

/// Do rows have incidents?
fn has_incidents(tuples: &Tuples) -> bool {
    matches!(tuples.grounds, Grounds::Lanner(_))
}

/// One batch of the stream, taken apart.
struct Part {
    log: RecordBatch,
    row: ArrayRef,
    file: ArrayRef,
    tuple: UInt32Array,
    incident: Option<ArrayRef>,
}

impl Part {
    fn new(batch: &RecordBatch, tuples: &Tuples) -> Result<Self, ReportError> {
        let wanted = if has_incidents(tuples) { &LANNER[..] } else { &LANNER[..3] };
        let at = batch.num_columns().saturating_sub(wanted.len());
        let ours = &batch.columns()[at..];
        if !ours.iter().map(Array::data_type).eq(wanted) {
            let reason = "a batch does not end in row (UInt64), file (Utf8), tuple (UInt32), and incident \
                          (UInt32) where there are any";
            return Err(ReportError::Flagged(reason.into()));
        }
        let tuple = ours[2].as_primitive::<UInt32Type>().clone();
        if ours[..3].iter().any(|c| c.null_count() > 0) {
            return Err(ReportError::Flagged("a row has no number, file or tuple".into()));
        }
        let tuples = tuples.len();
        if let Some(place) = tuple.values().iter().find(|&&t| t as usize >= tuples) {
            let reason = format!("a row is of tuple {place}, but there are {tuples} tuples");
            return Err(ReportError::Flagged(reason));
        }
        let log = batch.project(&(0..at).collect::<Vec<_>>())?;
        let incident = ours.get(3).cloned();
        Ok(Self { log, row: ours[0].clone(), file: ours[1].clone(), tuple, incident })
    }
}

/// What was found of each tuple, as columns to take from.
struct Found<'a> {
    tuples: &'a Tuples,
    models: Vec<&'a ModelRun>,
    rank: UInt32Array,
    score: Float64Array,
    votes: Vec<Int8Array>,
    /// Reasons of the tuples met so far: many rows share a tuple.
    why: BTreeMap<u32, String>,
}

impl<'a> Found<'a> {
    fn new(outcome: &'a Outcome) -> Self {
        let tuples = &outcome.tuples;
        let models: Vec<&ModelRun> = ran(&outcome.models).collect();
        let votes = models.iter().map(|m| votes(&m.votes)).collect();
        let (rank, score) = (tuples.rank.clone().into(), tuples.score.clone().into());
        Self { tuples, models, rank, score, votes, why: BTreeMap::new() }
    }

    /// Our columns, in the order of [`Self::columns`].
    fn fields(&self) -> Vec<Field> {
        let mut fields = vec![
            Field::new("lanner_row", DataType::UInt64, false),
            Field::new("lanner_file", DataType::Utf8, false),
            Field::new("rank", DataType::UInt32, false),
            Field::new("score", DataType::Float64, false),
        ];
        fields.extend(self.models.iter().map(|m| Field::new(out_of(m.id), DataType::Int8, false)));
        fields.push(Field::new("why", DataType::Utf8, false));
        if has_incidents(self.tuples) {
            fields.push(Field::new("incident", DataType::UInt32, true));
        }
        fields
    }

    fn columns(&mut self, part: &Part) -> Result<Vec<ArrayRef>, ReportError> {
        let mut columns = vec![part.row.clone(), part.file.clone()];
        columns.push(take(&self.rank, &part.tuple, None)?);
        columns.push(take(&self.score, &part.tuple, None)?);
        for votes in &self.votes {
            columns.push(take(votes, &part.tuple, None)?);
        }
        for &t in part.tuple.values() {
            self.why.entry(t).or_insert_with(|| self.tuples.why(t as usize));
        }
        let whys = part.tuple.values().iter().map(|t| &self.why[t]);
        columns.push(Arc::new(StringArray::from_iter_values(whys)));
        columns.extend(part.incident.clone());
        Ok(columns)
    }
}

/// Both files, open.
struct Sheets {
    layout: Layout,
    parquet: ArrowWriter<OutFile>,
    csv: CsvTable<OutFile>,
}

impl Sheets {
    fn open(
        dir: &Path,
        log: &[FieldRef],
        found: &Found<'_>,
        raw_csv: bool,
    ) -> Result<Self, ReportError> {
        let layout = Layout::new("events", log, found.fields());
        let parquet = parquet(OutFile::create(dir, EVENTS)?, &layout.schema)?;
        let csv = CsvTable::new(OutFile::create(dir, EVENTS_CSV)?, &layout.schema, raw_csv)?;
        Ok(Self { layout, parquet, csv })
    }

    fn write(&mut self, part: &Part, found: &mut Found<'_>) -> Result<(), ReportError> {
        let mut columns = part.log.columns().to_vec();
        columns.extend(found.columns(part)?);
        let batch = RecordBatch::try_new(self.layout.schema.clone(), columns)?;
        self.parquet.write(&batch)?;
        if self.parquet.in_progress_size() > HELD {
            self.parquet.flush()?;
        }
        self.csv.write(&batch)
    }

    fn seal(self) -> Result<(Vec<OutputFile>, Vec<String>), ReportError> {
        let files = vec![self.parquet.into_inner()?.seal()?, self.csv.finish()?.seal()?];
        Ok((files, self.layout.notes))
    }
}
