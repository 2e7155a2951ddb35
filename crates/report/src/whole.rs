//! A hunt written as a whole: its outcome, the flagged rows, and all rows where they are to be kept.

use crate::reopen::marked_tuples;
use crate::{Manifest, Provenance, ReportError, Rows, Sink, Target, write};
use arrow::array::RecordBatch;
use lanner_collapse::{Memory, Query, Tables};
use lanner_encode::FeatureKind;
use lanner_frame::Cancel;
use lanner_pipeline::{Hunt, HuntError};
use parquet::arrow::ArrowWriter;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

/// The file in which all rows are kept, if they are.
pub(crate) const ROWS: &str = "rows.parquet";

/// How all rows are kept.
#[derive(Debug, Clone)]
pub struct KeepRows {
    /// Threads of the join.
    pub threads: usize,
    /// Its memory.
    pub memory: Memory,
    /// Ends it early.
    pub cancel: Cancel,
}

/// Writes a finished hunt with its flagged rows, and with all rows where `keep` says how. See [`write()`].
///
/// # Errors
/// As [`write()`].
pub fn write_hunt(
    found: &Hunt,
    keep: Option<&KeepRows>,
    target: &Target,
    provenance: &dyn Fn() -> Provenance,
) -> Result<Manifest, ReportError> {
    let mut flagged = |sink: &mut Sink<'_>| {
        let mut failed = None;
        let joined = found.flagged_rows(&mut |batch| match sink(batch) {
            Ok(()) => ControlFlow::Continue(()),
            Err(e) => {
                failed = Some(e);
                ControlFlow::Break(())
            }
        });
        match (failed, joined) {
            (Some(e), _) => Err(e),
            (None, Ok(_)) => Ok(()),
            (None, Err(e)) => Err(ReportError::source(e)),
        }
    };
    let mut all = keep.map(|keep| {
        move |dir: &Path, file: &mut (dyn Write + Send)| write_rows(found, dir, file, keep)
    });
    let all: Option<&mut Rows<'_>> = all.as_mut().map(|all| all as &mut Rows<'_>);
    write(&found.outcome, &mut flagged, all, target, provenance)
}

/// Writes all rows of a hunt, as a query on `rows` gives them; `dir` holds its tuples.
fn write_rows(
    found: &Hunt,
    dir: &Path,
    file: &mut (dyn Write + Send),
    keep: &KeepRows,
) -> Result<(), ReportError> {
    let fields = &found.outcome.settings.fields;
    let names: Vec<String> = fields.iter().map(|f| f.name.clone()).collect();
    let classic = found.outcome.settings.recipe == "classic";
    let category = |j: usize| classic && fields[j].kind == FeatureKind::Category.name();
    let tuples = marked_tuples(dir, &names, category)?;
    let query = Query::new("SELECT * FROM rows", keep.threads, keep.memory, &keep.cancel);
    let (mut writer, mut file, mut failed) = (None, Some(file), None);
    let mut add = |batch: RecordBatch| -> Result<(), ReportError> {
        if let Some(file) = file.take() {
            writer = Some(ArrowWriter::try_new(file, batch.schema(), None)?);
        }
        if let Some(writer) = &mut writer {
            writer.write(&batch)?;
        }
        Ok(())
    };
    let rows = found.rows_table(tuples);
    let schema = query.run(&Tables::default(), Some(rows), &mut |batch| match add(batch) {
        Ok(()) => ControlFlow::Continue(()),
        Err(e) => {
            failed = Some(e);
            ControlFlow::Break(())
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let schema = schema.map_err(|e| ReportError::source(HuntError::from(e)))?;
    let writer = match (writer, file) {
        (Some(writer), _) => writer,
        (None, Some(file)) => ArrowWriter::try_new(file, schema, None)?,
        (None, None) => return Ok(()),
    };
    writer.close()?;
    Ok(())
}
