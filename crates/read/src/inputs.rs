//! Opened inputs: their schema, their files, and the scan of their units.

use crate::discover::{Found, expand};
use crate::error::{Halt, ReadError, UnknownField};
use crate::formats::{COLUMNS, Job, Memory, Survey};
use crate::kinds::Kinds;
use crate::ledger::{Ledger, Tally};
use crate::output::{Output, Request, place_fields};
use crate::select::{Chosen, select};
use crate::{Compression, Options};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempPath;

#[cfg(test)]
mod tests;

/// A kind of log. A run reads one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// AWS `CloudTrail`, with fixed columns.
    CloudTrail,
    /// Tables of one format, with the columns they have.
    Table,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CloudTrail => "CloudTrail",
            Self::Table => "table",
        })
    }
}

/// A file that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// The file that is opened; for standard input its copy; empty for a table in memory.
    pub path: PathBuf,
    /// The file as the user knows it; not made safe for a terminal.
    pub shown: String,
    /// Bytes as stored.
    pub bytes: u64,
    /// Short name of its format: `cloudtrail`, `parquet`, `arrow`, `evtx`, `json`, `csv`,
    /// `empty`, `memory`.
    pub format: &'static str,
    /// Its compression as a whole.
    pub compression: Compression,
}

impl InputFile {
    pub(crate) fn unreadable(&self, source: io::Error) -> ReadError {
        ReadError::Unreadable { path: self.shown.clone(), source }
    }

    pub(crate) fn unfit(&self, reason: &str, expected: &str) -> ReadError {
        let (reason, expected) = (reason.to_owned(), expected.to_owned());
        ReadError::Unfit { path: self.shown.clone(), reason, expected }
    }
}

/// A file that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file; not made safe for a terminal.
    pub path: String,
    /// Bytes as stored.
    pub bytes: u64,
    /// Why.
    pub reason: String,
}

/// Opened inputs. Cheap to clone; every clone is the same inputs.
#[derive(Clone)]
pub struct Inputs(Arc<Shared>);

struct Shared {
    kind: Kind,
    schema: SchemaRef,
    time: Option<String>,
    files: Vec<InputFile>,
    surveys: Vec<Box<dyn Survey>>,
    skipped: Vec<Skipped>,
    /// File and part of each unit.
    units: Vec<(usize, usize)>,
    options: Options,
    /// Removed from the disk with the inputs.
    _copies: Vec<TempPath>,
}

/// Opens inputs: files, folders (walked in the order of names), patterns, `-` for standard input.
///
/// Each file is recognised by its content, its name breaking ties. One kind of log is read: `CloudTrail`
/// where there is any, else the table format of most bytes; other files of folders and patterns are
/// skipped with a reason. All files get one schema: the columns of every file, each of a type that fits
/// all its values.
///
/// # Errors
/// [`ReadError`] if a named file is missing, unreadable or unfit, or nothing is left to read.
///
/// # Cost
/// The first 64 KiB of each file; JSON and CSV tables are read once as a whole for their types.
pub fn open(inputs: &[String], options: &Options) -> Result<Inputs, ReadError> {
    let mut found = expand(inputs, options)?;
    let (kind, chosen) = select(&mut found, options)?;
    if chosen.is_empty() {
        let first = found.skipped.first().map(|s| (s.path.clone(), s.reason.clone()));
        return Err(ReadError::Nothing { skipped: found.skipped.len(), first });
    }
    assemble(kind, chosen, found, options)
}

/// Opens a table in memory as if it were a file called `name`: batches of one schema, in order. Values are
/// shared, not copied. Its account has no hash, and its file no path.
///
/// # Errors
/// [`ReadError`] if it has too many columns, or not the field that is to hold the time.
pub fn open_table(
    name: &str,
    schema: &Schema,
    batches: &[RecordBatch],
    options: &Options,
) -> Result<Inputs, ReadError> {
    let table = Memory::new(schema, batches);
    let file = InputFile {
        path: PathBuf::new(),
        shown: name.to_owned(),
        bytes: table.bytes(),
        format: "memory",
        compression: Compression::None,
    };
    assemble(Kind::Table, vec![(file, Box::new(table))], Found::default(), options)
}

/// Puts together what was opened: one schema, the units of all files, the time.
fn assemble(
    kind: Kind,
    chosen: Vec<Chosen>,
    found: Found,
    options: &Options,
) -> Result<Inputs, ReadError> {
    let (files, surveys): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
    let schema = agree(&files, &surveys)?;
    let units = surveys.iter().enumerate();
    let units = units.flat_map(|(file, s)| (0..s.parts()).map(move |part| (file, part))).collect();
    let mut shared = Shared {
        kind,
        schema,
        time: None,
        files,
        surveys,
        skipped: found.skipped,
        units,
        options: options.clone(),
        _copies: found.copies,
    };
    shared.time = match &options.time_field {
        Some(given) => Some(shared.field(given)?.name().clone()),
        None => shared.find_time(),
    };
    Ok(Inputs(Arc::new(shared)))
}

/// One schema for all files: columns in the order met, types that fit all.
fn agree(files: &[InputFile], surveys: &[Box<dyn Survey>]) -> Result<SchemaRef, ReadError> {
    let mut list: Vec<(&str, Kinds)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (file, survey) in files.iter().zip(surveys) {
        for (name, kinds) in survey.columns() {
            let place = *places.entry(name).or_insert_with(|| {
                list.push((name, Kinds::ANY));
                list.len() - 1
            });
            list[place].1 = list[place].1.join(*kinds);
        }
        if list.len() > COLUMNS {
            return Err(ReadError::TooManyColumns { path: file.shown.clone(), limit: COLUMNS });
        }
    }
    let fields = list.into_iter().map(|(name, kinds)| Field::new(name, kinds.data_type(), true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

impl Shared {
    fn field(&self, name: &str) -> Result<FieldRef, UnknownField> {
        if let Some((_, field)) = self.schema.fields().find(name) {
            return Ok(Arc::clone(field));
        }
        if self.surveys.iter().any(|survey| survey.reaches(name)) {
            return Ok(Arc::new(Field::new(name, DataType::Utf8, true)));
        }
        Err(UnknownField { name: name.to_owned(), nearest: self.nearest(name) })
    }

    /// Up to five names that are close to a misspelt one.
    fn nearest(&self, name: &str) -> Vec<String> {
        let wanted = name.to_lowercase();
        let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
        let mut close: Vec<(f64, &str)> = Vec::new();
        for field in self.schema.fields() {
            let known = field.name().to_lowercase();
            let whole = strsim::normalized_damerau_levenshtein(&wanted, &known);
            let end = strsim::normalized_damerau_levenshtein(&last(&wanted), &last(&known)) * 0.9;
            close.push((whole.max(end), field.name()));
        }
        close.retain(|&(likeness, _)| likeness > 0.5);
        close.sort_by(|a, b| b.0.total_cmp(&a.0));
        close.into_iter().take(5).map(|(_, name)| name.to_owned()).collect()
    }

    /// The time of the event by its usual names; else the only time column with a plain name.
    fn find_time(&self) -> Option<String> {
        let known = self.surveys.iter().filter_map(|survey| survey.time_field());
        if let Some(name) = known.min_by_key(|&name| name != "eventTime") {
            return Some(name.to_owned());
        }
        let usual = ["eventTime", "@timestamp", "TimeCreated"];
        if let Some(name) = usual.iter().find(|name| self.schema.fields().find(name).is_some()) {
            return Some((*name).to_owned());
        }
        let plain = ["timestamp", "time", "datetime", "date", "_time", "ts"];
        let mut times = self.schema.fields().iter().filter(|field| {
            matches!(field.data_type(), DataType::Timestamp(..))
                && plain.contains(&field.name().to_lowercase().as_str())
        });
        let only = times.next()?;
        times.next().is_none().then(|| only.name().clone())
    }

    /// What has to be found to fill the asked columns and the time.
    fn request(&self, columns: &[String]) -> Result<Request, UnknownField> {
        let mut fields: Vec<FieldRef> = Vec::new();
        let mut find = |name: &str| -> Result<usize, UnknownField> {
            if let Some(known) = fields.iter().position(|f| f.name() == name) {
                return Ok(known);
            }
            fields.push(self.field(name)?);
            Ok(fields.len() - 1)
        };
        let order: Vec<usize> = columns.iter().map(|c| find(c)).collect::<Result<_, _>>()?;
        let time = self.time.as_deref().map(&mut find).transpose()?;
        let mut all: Vec<FieldRef> = order.iter().map(|&at| Arc::clone(&fields[at])).collect();
        all.extend(place_fields().map(Arc::new));
        Ok(Request { fields, order, time, schema: Arc::new(Schema::new(all)) })
    }
}

impl Inputs {
    /// The kind of log that is read.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The columns in order, of the types `Utf8`, `Boolean`, `Int64`, `UInt64`, `Float64` and
    /// `Timestamp(Microsecond, "UTC")`. For `CloudTrail` a fixed list, all `Utf8`, that ends in `raw`.
    pub fn schema(&self) -> &SchemaRef {
        &self.0.schema
    }

    /// The column of that name, or the `Utf8` field at a dotted path into a `CloudTrail` record or into
    /// an object of a JSON table.
    ///
    /// # Errors
    /// [`UnknownField`] with the nearest names.
    pub fn field(&self, name: &str) -> Result<Field, UnknownField> {
        self.0.field(name).map(|field| field.as_ref().clone())
    }

    /// The field that holds the time of an event, given or found.
    pub fn time_field(&self) -> Option<&str> {
        self.0.time.as_deref()
    }

    /// The files that are read, in order.
    pub fn files(&self) -> &[InputFile] {
        &self.0.files
    }

    /// The files that are not.
    pub fn skipped(&self) -> &[Skipped] {
        &self.0.skipped
    }

    /// Number of pieces that can be read independently, in the order of the input.
    pub fn units(&self) -> usize {
        self.0.units.len()
    }

    /// Number of units of each file.
    pub(crate) fn units_of_files(&self) -> impl Iterator<Item = usize> {
        self.0.surveys.iter().map(|survey| survey.parts())
    }

    /// The batches of a scan: the columns in the asked order, then `lanner_file`, `lanner_record`,
    /// `lanner_time`.
    ///
    /// # Errors
    /// [`UnknownField`] for a column that does not exist.
    pub fn batch_schema(&self, columns: &[String]) -> Result<SchemaRef, UnknownField> {
        self.0.request(columns).map(|request| request.schema)
    }

    /// Reads one unit, giving batches of up to 8192 rows and about 8 MiB to `sink` until it breaks.
    ///
    /// Each batch holds `columns` in the asked order, then `lanner_file` (`UInt32`, place in
    /// [`Inputs::files`]), `lanner_record` (`UInt64`, 0-based place in its file, rejected records
    /// counted) and `lanner_time` (the time field in microseconds, UTC; null where it is absent or
    /// cannot be read). Records that cannot be read go to the ledger; a panic of a reader ends the unit
    /// and is a reject.
    ///
    /// # Errors
    /// [`ReadError`] if a column does not exist, the file cannot be opened, or the run is interrupted.
    ///
    /// # Panics
    /// If there is no such unit.
    pub fn scan(
        &self,
        unit: usize,
        columns: &[String],
        ledger: &Ledger,
        sink: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let shared = &*self.0;
        let (file, part) = shared.units[unit];
        let request = shared.request(columns)?;
        let job =
            Job { file: &shared.files[file], fields: &request.fields, options: &shared.options };
        let mut out = Output {
            request: &request,
            file: file as u32,
            zone: &shared.options.zone,
            cancel: &shared.options.interrupted,
            sink,
            tally: Tally::default(),
            first: 0,
            pending: 0,
        };
        let survey = &shared.surveys[file];
        let ended = catch_unwind(AssertUnwindSafe(|| survey.scan(part, &job, &mut out)));
        let result = match ended {
            Ok(Ok(()) | Err(Halt::Enough)) => Ok(()),
            Ok(Err(Halt::Failed(error))) => {
                out.tally.cut = true;
                Err(error)
            }
            Err(_) => {
                out.panicked(job.file.format);
                Ok(())
            }
        };
        ledger.add(file, out.tally);
        result
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { kind, time, files, units, .. } = &*self.0;
        f.debug_struct("Inputs")
            .field("kind", kind)
            .field("time", time)
            .field("files", &files.len())
            .field("units", &units.len())
            .finish_non_exhaustive()
    }
}
