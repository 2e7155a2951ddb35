//! A finished hunt: its tables, and SQL over them.

use crate::errors::{of_arrow, of_hunt, of_read, of_report};
use crate::hunt::{open, options};
use crate::run::off_lock;
use crate::table::Table;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray, UInt64Array};
use lanner_collapse::{CollapseError, Count, Memory, Query, profile};
use lanner_frame::{Cancel, Workers};
use lanner_pipeline::{HuntError, Reading};
use lanner_read::{FileAccount, Inputs};
use lanner_report::{Finished as Folder, Target};
use pyo3::prelude::*;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A finished hunt in a folder. Where it was over a table in memory it holds on to that table.
#[pyclass(frozen, module = "lanner._lanner")]
pub(crate) struct Finished {
    dir: PathBuf,
    folder: Folder,
    inputs: Option<Inputs>,
}

fn of_collapse(error: CollapseError) -> PyErr {
    of_hunt(&HuntError::from(error))
}

impl Finished {
    pub(crate) fn new(dir: &Path, inputs: Option<Inputs>) -> PyResult<Self> {
        let folder = Folder::open(dir).map_err(|e| of_report(&e))?;
        Ok(Self { dir: dir.to_owned(), folder, inputs })
    }

    fn answer(&self, sql: &str, workers: &Workers, cancel: &Cancel) -> PyResult<Table> {
        let query = Query::new(sql, workers.count(), Memory::default(), cancel);
        let rows = if query.reads("rows").map_err(of_collapse)? {
            let inputs = self.inputs.as_ref();
            self.folder.rows(inputs, workers.count(), cancel).map_err(|e| of_report(&e))?
        } else {
            None
        };
        let tables = self.folder.tables().map_err(|e| of_report(&e))?;
        let mut batches = Vec::new();
        let schema = query.run(&tables, rows, &mut |batch| {
            batches.push(batch);
            if cancel.is_raised() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        Ok(Table { schema: schema.map_err(of_collapse)?, batches })
    }
}

#[pymethods]
impl Finished {
    /// Opens the folder of a finished hunt.
    #[staticmethod]
    #[pyo3(name = "open")]
    fn open_folder(dir: PathBuf) -> PyResult<Self> {
        Self::new(&dir, None)
    }

    /// Was it a hunt for sessions?
    #[getter]
    fn of_sessions(&self) -> bool {
        self.folder.of_sessions()
    }

    /// Names of its tables.
    fn tables(&self) -> PyResult<Vec<String>> {
        let tables = self.folder.tables().map_err(|e| of_report(&e))?;
        let files = tables.files.into_iter().map(|(name, _)| name);
        Ok(files.chain(tables.batches.into_iter().map(|(name, _)| name)).collect())
    }

    /// The answer to a SELECT.
    fn query(&self, py: Python<'_>, sql: &str) -> PyResult<Table> {
        off_lock(py, |workers, cancel| self.answer(sql, &workers, &cancel))?
    }

    /// A table in a file of the folder, rows in its order.
    fn table(&self, py: Python<'_>, file: &str) -> PyResult<Table> {
        let path = self.dir.join(file).to_string_lossy().into_owned();
        off_lock(py, |workers, cancel| {
            let inputs = open(&[path], None, &Reading::default(), (&workers, &cancel))?;
            Ok(whole(&inputs, None, &workers)?.0)
        })?
    }

    /// The same with numbers in every column but the first.
    fn matrix(&self, py: Python<'_>, file: &str) -> PyResult<Table> {
        self.table(py, file)?.matrix().map_err(of_arrow)
    }

    /// Copies its files into a new folder, all or none.
    fn save(&self, py: Python<'_>, out: PathBuf, force: bool) -> PyResult<()> {
        let target = Target { out, force, raw_csv: false };
        py.detach(|| self.folder.save(&target)).map_err(|e| of_report(&e))
    }
}

/// All rows of the columns, or of all of them, and what was read.
fn whole(
    inputs: &Inputs,
    columns: Option<Vec<String>>,
    workers: &Workers,
) -> PyResult<(Table, Vec<FileAccount>)> {
    let all = || inputs.schema().fields().iter().map(|f| f.name().clone()).collect();
    let columns = columns.unwrap_or_else(all);
    let whole = inputs.whole(&columns, workers).map_err(|e| of_read(&e))?;
    Ok((Table { schema: whole.schema, batches: whole.batches }, whole.accounts))
}

/// What was read and what was not, file by file, as JSON.
fn accounts(inputs: &Inputs, accounts: &[FileAccount]) -> String {
    let file = |(file, account): (&lanner_read::InputFile, &FileAccount)| {
        let first = account
            .listed
            .iter()
            .map(|r| json!({"record": r.record, "offset": r.offset, "reason": r.reason}));
        json!({
            "path": file.shown, "format": file.format, "sha256": account.sha256,
            "bytes": account.bytes, "records": account.records, "rejects": account.rejects,
            "listed": first.collect::<Vec<Value>>(), "notes": account.notes,
            "complete": account.complete,
        })
    };
    let read: Vec<Value> = inputs.files().iter().zip(accounts).map(file).collect();
    let skipped = inputs.skipped().iter();
    let skipped = skipped.map(|s| json!({"path": s.path, "bytes": s.bytes, "reason": s.reason}));
    json!({"files": read, "skipped": skipped.collect::<Vec<Value>>(), "kind": inputs.kind().to_string()})
        .to_string()
}

/// Reads inputs into a table; with it an account of every record, as JSON.
#[pyfunction]
pub(crate) fn read(
    py: Python<'_>,
    paths: Vec<String>,
    columns: Option<Vec<String>>,
    reading: &str,
) -> PyResult<(Table, String)> {
    let reading: Reading = options(reading)?;
    off_lock(py, |workers, cancel| {
        let inputs = open(&paths, None, &reading, (&workers, &cancel))?;
        let (table, read) = whole(&inputs, columns, &workers)?;
        Ok((table, accounts(&inputs, &read)))
    })?
}

/// The fields of inputs: name, type, distinct values, whether these are estimated, nulls, rows, examples.
#[pyfunction]
#[pyo3(signature = (paths, reading, table=None))]
pub(crate) fn fields(
    py: Python<'_>,
    paths: Vec<String>,
    reading: &str,
    table: Option<Table>,
) -> PyResult<Table> {
    let reading: Reading = options(reading)?;
    off_lock(py, |workers, cancel| {
        let inputs = open(&paths, table.as_ref(), &reading, (&workers, &cancel))?;
        let columns: Vec<String> =
            inputs.schema().fields().iter().map(|f| f.name().clone()).collect();
        let found = profile(&inputs, &columns, &workers).map_err(of_collapse)?.fields;
        let texts = |of: &dyn Fn(&lanner_collapse::FieldProfile) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(found.iter().map(of)))
        };
        let counts = |of: &dyn Fn(&lanner_collapse::FieldProfile) -> u64| -> ArrayRef {
            Arc::new(UInt64Array::from_iter_values(found.iter().map(of)))
        };
        let about = found.iter().map(|p| Some(matches!(p.distinct, Count::About(_))));
        let batch = RecordBatch::try_from_iter([
            ("field", texts(&|p| p.name.clone())),
            ("type", texts(&|p| p.data_type.to_string())),
            ("distinct", counts(&|p| p.distinct.value())),
            ("estimated", Arc::new(about.collect::<BooleanArray>())),
            ("nulls", counts(&|p| p.nulls)),
            ("rows", counts(&|p| p.rows)),
            ("examples", texts(&|p| p.examples.join("  "))),
        ]);
        Ok(Table::of(batch.map_err(of_arrow)?))
    })?
}
