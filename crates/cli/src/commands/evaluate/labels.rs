//! Labels from a table of their own.

use crate::commands::input::Reading;
use crate::failure::Failure;
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use lanner_encode::value_text;
use lanner_frame::Cancel;
use lanner_frame::text::excerpt;
use lanner_read::Ledger;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::slice::from_ref;
use std::sync::Arc;

/// Labels by event: columns `key`, `label`, `technique`.
pub(super) struct Labels {
    pub(super) table: RecordBatch,
}

impl Labels {
    /// Reads the columns that hold key, label and technique.
    ///
    /// # Errors
    /// For a file that cannot be read to its end, a column that it lacks, a key that is there twice.
    pub(super) fn load(
        file: &str,
        columns: [&String; 3],
        cancel: &Cancel,
    ) -> Result<Self, Failure> {
        let reading = Reading::default();
        let inputs = reading.open(from_ref(&file.to_owned()), None, 0, cancel)?;
        let mut wanted: Vec<String> = Vec::new();
        for name in columns {
            inputs.field(name).map_err(|e| Failure::usage(format!("--labels {file}: {e}")))?;
            if !wanted.contains(name) {
                wanted.push(name.clone());
            }
        }
        let place = columns.map(|name| wanted.iter().position(|w| w == name).unwrap_or_default());
        let mut values: [Vec<Option<String>>; 3] = Default::default();
        let ledger = Ledger::new(&inputs);
        for unit in 0..inputs.units() {
            inputs.scan(unit, &wanted, &ledger, &mut |batch| {
                for (values, at) in values.iter_mut().zip(place) {
                    let column: &ArrayRef = batch.column(at);
                    values.extend((0..batch.num_rows()).map(|i| value_text(column, i)));
                }
                ControlFlow::Continue(())
            })?;
        }
        let rejects: u64 = ledger.accounts().iter().map(|a| a.rejects).sum();
        if rejects > 0 {
            return Err(Failure::failed(format!(
                "--labels {file}: {rejects} lines cannot be read"
            )));
        }
        let mut known = HashSet::new();
        if let Some(twice) = values[0].iter().flatten().find(|key| !known.insert(key.as_str())) {
            return Err(Failure::usage(format!(
                "--labels {file}: {} {} is there twice; one line an event is expected",
                columns[0],
                excerpt(twice, 80)
            )));
        }
        let names = ["key", "label", "technique"];
        let columns = values.map(|v| -> ArrayRef { Arc::new(StringArray::from(v)) });
        let table = RecordBatch::try_from_iter_with_nullable(
            names.into_iter().zip(columns).map(|(name, column)| (name, column, true)),
        );
        Ok(Self { table: table.map_err(Failure::failed)? })
    }

    pub(super) fn len(&self) -> usize {
        self.table.num_rows()
    }
}
