//! Small inputs and the rows they come to.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::util::display::array_value_to_string;
use lanner_read::{FileAccount, Inputs, Ledger, Options, ReadError, open};
use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// What an input came to.
pub(crate) struct Outcome {
    pub(crate) inputs: Inputs,
    pub(crate) rows: RecordBatch,
    pub(crate) accounts: Vec<FileAccount>,
}

/// Opens and scans `inputs` for some columns.
pub(crate) fn read_with(
    inputs: &[&Path],
    columns: &[&str],
    options: &Options,
) -> Result<Outcome, ReadError> {
    let names: Vec<String> = inputs.iter().map(|p| p.display().to_string()).collect();
    let columns: Vec<String> = columns.iter().map(|&c| c.to_owned()).collect();
    let inputs = open(&names, options)?;
    let ledger = Ledger::new(&inputs);
    let mut batches = Vec::new();
    for unit in 0..inputs.units() {
        inputs.scan(unit, &columns, &ledger, &mut |batch| {
            assert!(batch.num_rows() <= 8192);
            batches.push(batch);
            ControlFlow::Continue(())
        })?;
    }
    let rows = concat_batches(&inputs.batch_schema(&columns)?, &batches).unwrap();
    let accounts = ledger.accounts();
    let read: u64 = accounts.iter().map(|a| a.records).sum();
    let rejected: u64 = accounts.iter().map(|a| a.rejects).sum();
    assert_eq!(read, rows.num_rows() as u64 + rejected, "every record is accounted for");
    Ok(Outcome { inputs, rows, accounts })
}

/// Opens and scans one file.
pub(crate) fn read(path: &Path, columns: &[&str]) -> Outcome {
    read_with(&[path], columns, &Options::default()).unwrap()
}

impl Outcome {
    /// A column as text, nulls as `-`.
    pub(crate) fn column(&self, name: &str) -> Vec<String> {
        let column = self.rows.column_by_name(name).unwrap();
        let text = |i| match column.data_type() {
            _ if column.is_null(i) => "-".to_owned(),
            DataType::Timestamp(..) => {
                let micros = column.as_primitive::<TimestampMicrosecondType>().value(i);
                jiff::Timestamp::from_microsecond(micros).unwrap().to_string()
            }
            _ => array_value_to_string(column, i).unwrap(),
        };
        (0..column.len()).map(text).collect()
    }

    /// The numbers of the records that were read.
    pub(crate) fn records(&self) -> Vec<u64> {
        let records = self.rows.column_by_name("lanner_record").unwrap();
        records.as_primitive::<arrow::datatypes::UInt64Type>().values().to_vec()
    }

    /// The rejects of the first file: record, offset, reason.
    pub(crate) fn rejects(&self) -> Vec<(u64, u64, &str)> {
        let listed = self.accounts[0].listed.iter();
        listed.map(|r| (r.record, r.offset, r.reason.as_str())).collect()
    }
}

/// A folder of its own for one test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, making the folders above it.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

/// One gzip member.
pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}
