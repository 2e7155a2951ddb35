//! A finished hunt opened again, as tables for SQL.

use crate::events::EVENTS;
use crate::incidents::INCIDENTS;
use crate::manifest::MANIFEST;
use crate::sessions::SESSIONS_TABLE;
use crate::target::Staging;
use crate::tuples::TUPLES;
use crate::whole::ROWS;
use crate::{
    AnyManifest, InputFile, Manifest, OutputFile, ReportError, Target, check_target, model_entries,
    models_table,
};
use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use lanner_collapse::{CollapseError, RowsTable, Spec, Tables};
use lanner_encode::{Classic, FeatureKind};
use lanner_frame::Cancel;
use lanner_pipeline::{HuntError, Reading, moment};
use lanner_read::{FileAccount, Inputs};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A finished hunt, of either kind.
#[derive(Debug)]
pub struct Finished {
    dir: PathBuf,
    manifest: AnyManifest,
}

impl Finished {
    /// Opens the folder of a finished hunt.
    ///
    /// # Errors
    /// [`ReportError`] if it is none.
    pub fn open(dir: &Path) -> Result<Self, ReportError> {
        Ok(Self { dir: dir.to_owned(), manifest: AnyManifest::read(dir)? })
    }

    /// Was it a hunt for sessions?
    pub fn of_sessions(&self) -> bool {
        matches!(self.manifest, AnyManifest::Sessions(_))
    }

    /// The files that were read.
    pub fn inputs(&self) -> &[InputFile] {
        match &self.manifest {
            AnyManifest::Hunt(manifest) => &manifest.inputs.files,
            AnyManifest::Sessions(manifest) => &manifest.inputs.files,
        }
    }

    fn outputs(&self) -> &[OutputFile] {
        match &self.manifest {
            AnyManifest::Hunt(manifest) => &manifest.outputs,
            AnyManifest::Sessions(manifest) => &manifest.outputs,
        }
    }

    /// Its tables: `events` and `tuples`, `incidents` and `rows` where they were written, `models`; of a hunt
    /// for sessions `sessions` and `events`.
    ///
    /// # Errors
    /// [`ReportError`] if the list of models cannot be read.
    pub fn tables(&self) -> Result<Tables, ReportError> {
        let ours: &[&str] = match self.manifest {
            AnyManifest::Hunt(_) => &[EVENTS, TUPLES, INCIDENTS, ROWS],
            AnyManifest::Sessions(_) => &[SESSIONS_TABLE, EVENTS],
        };
        let there = ours.iter().filter(|&&name| self.outputs().iter().any(|o| o.name == name));
        let table =
            |name: &&str| (name.trim_end_matches(".parquet").to_owned(), self.dir.join(name));
        let batches = match self.manifest {
            AnyManifest::Hunt(_) => {
                vec![("models".to_owned(), models_table(&model_entries(&self.dir)?)?)]
            }
            AnyManifest::Sessions(_) => Vec::new(),
        };
        Ok(Tables { files: there.map(table).collect(), batches })
    }

    /// Copies its files into a new folder, whole or not at all.
    ///
    /// # Errors
    /// [`ReportError`] if the place is taken or cannot be written to, or a file is missing.
    pub fn save(&self, target: &Target) -> Result<(), ReportError> {
        let inputs = self.inputs().iter().map(|f| PathBuf::from(&f.path));
        check_target(target, &inputs.collect::<Vec<_>>())?;
        let staging = Staging::new(target)?;
        for name in self.outputs().iter().map(|o| o.name.as_str()).chain([MANIFEST]) {
            if Path::new(name).file_name().is_none_or(|plain| plain != name) {
                let reason = "it names a file outside of its folder".to_owned();
                return Err(ReportError::Damaged { file: MANIFEST, reason });
            }
            let (from, to) = (self.dir.join(name), staging.dir().join(name));
            std::fs::copy(&from, &to).map_err(ReportError::io("copy", &from))?;
        }
        staging.commit()
    }

    /// The table `rows`, all rows of the input, where it is to be read from the input again: from `inputs`
    /// if they are still open. None where the rows were kept, and for sessions.
    ///
    /// # Errors
    /// As [`rows_table`].
    pub fn rows(
        &self,
        inputs: Option<&Inputs>,
        threads: usize,
        cancel: &Cancel,
    ) -> Result<Option<RowsTable>, ReportError> {
        let AnyManifest::Hunt(manifest) = &self.manifest else { return Ok(None) };
        if manifest.outputs.iter().any(|o| o.name == ROWS) {
            return Ok(None);
        }
        rows_table(&self.dir, manifest, inputs, threads, cancel).map(Some)
    }
}

/// The table `rows` of a hunt: `inputs`, or the inputs of the manifest, opened again after their hashes were
/// checked.
///
/// # Errors
/// [`ReportError`] if an input is gone or changed, or the hunt's files cannot be read.
pub fn rows_table(
    dir: &Path,
    manifest: &Manifest,
    inputs: Option<&Inputs>,
    threads: usize,
    cancel: &Cancel,
) -> Result<RowsTable, ReportError> {
    let damaged = |e: serde_json::Error| ReportError::Damaged {
        file: MANIFEST,
        reason: format!("its options: {e}"),
    };
    let reading: Reading =
        serde_json::from_value(manifest.options["reading"].clone()).map_err(damaged)?;
    let inputs = match inputs {
        Some(inputs) => inputs.clone(),
        None => reopen(manifest, &reading, threads, cancel)?,
    };
    let settings = &manifest.settings;
    let zone = reading.zone().map_err(ReportError::source)?;
    let micros = |name: &str| -> Result<Option<i64>, ReportError> {
        let moment = moment(name, settings[name].as_str(), &zone).map_err(ReportError::source)?;
        Ok(moment.map(jiff::Timestamp::as_microsecond))
    };
    let fields = settings["fields"].as_array().cloned().unwrap_or_default();
    let names: Vec<String> =
        fields.iter().filter_map(|f| f["name"].as_str().map(str::to_owned)).collect();
    let accounts = manifest.inputs.files.iter().map(|f| FileAccount {
        sha256: f.sha256.clone(),
        bytes: f.bytes,
        records: f.records,
        ..FileAccount::default()
    });
    let classic = settings["recipe"] == "classic";
    let category =
        |j: usize| classic && fields[j]["kind"].as_str() == Some(FeatureKind::Category.name());
    let tuples = marked_tuples(dir, &names, category)?;
    let spec = Spec {
        fields: names,
        filter: settings["filter"].as_str().map(str::to_owned),
        since: micros("since")?,
        until: micros("until")?,
        ..Spec::default()
    };
    Ok(RowsTable { inputs, spec, accounts: accounts.collect(), tuples })
}

/// Opens the inputs of a hunt again, if they are still what they were.
fn reopen(
    manifest: &Manifest,
    reading: &Reading,
    threads: usize,
    cancel: &Cancel,
) -> Result<Inputs, ReportError> {
    let files = &manifest.inputs.files;
    let usage = |text: String| ReportError::source(HuntError::Usage(text));
    // The paths of files are absolute.
    if let Some(table) = files.iter().find(|f| Path::new(&f.path).is_relative()) {
        return Err(usage(format!(
            "rows needs the inputs of the hunt, and {} was a table in memory; hunt again, and keep the rows",
            table.path
        )));
    }
    for file in files.iter().filter(|f| !f.sha256.is_empty()) {
        cancel.check().map_err(|_| ReportError::source(HuntError::Cancelled))?;
        let now = lanner_read::sha256_of(Path::new(&file.path)).map_err(|e| {
            let text = format!("{}: {e}; rows needs the inputs of the hunt", file.path);
            ReportError::source(HuntError::System(text))
        })?;
        if now != file.sha256 {
            let changed = CollapseError::Changed { path: file.path.clone() };
            return Err(ReportError::source(HuntError::from(changed)));
        }
    }
    let paths: Vec<String> = files.iter().map(|f| f.path.clone()).collect();
    let options = reading.options(None, threads, cancel).map_err(ReportError::source)?;
    lanner_read::open(&paths, &options).map_err(|e| ReportError::source(HuntError::from(e)))
}

/// The tuples with what is attached to their rows: rank, score, votes, and the codes of fields that are
/// categories of the classic recipe.
pub(crate) fn marked_tuples(
    dir: &Path,
    names: &[String],
    category: impl Fn(usize) -> bool,
) -> Result<RecordBatch, ReportError> {
    let path = dir.join(TUPLES);
    let file = File::open(&path).map_err(ReportError::io("read", &path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let schema = Arc::clone(reader.schema());
    let batches = reader.build()?.collect::<Result<Vec<RecordBatch>, _>>()?;
    let all = arrow::compute::concat_batches(&schema, &batches)?;
    let (mut fields, mut columns): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    for (j, (field, column)) in all.schema().fields().iter().zip(all.columns()).enumerate() {
        let name = field.name();
        if j < names.len() {
            fields.push(field.as_ref().clone());
        } else if name == "rank" || name == "score" || name.starts_with("out_") {
            fields.push(field.as_ref().clone().with_nullable(true));
        } else {
            continue;
        }
        columns.push(Arc::clone(column));
    }
    for (j, name) in names.iter().enumerate().filter(|(j, _)| category(*j)) {
        let (codes, _) = Classic
            .codes(name, all.column(j))
            .map_err(|e| ReportError::source(HuntError::from(e)))?;
        let codes: Int32Array = codes.iter().map(|c| Some(c.map_or(-1, |c| c as i32))).collect();
        fields.push(Field::new(format!("code_{name}"), DataType::Int32, true));
        columns.push(Arc::new(codes));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
