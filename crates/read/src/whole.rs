//! Inputs read as a whole, for whoever has the memory.

use crate::{FileAccount, Inputs, Ledger, ReadError};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use lanner_frame::Workers;
use rayon::prelude::*;
use std::ops::ControlFlow;
use std::sync::Arc;

/// All rows of inputs, in their order.
#[derive(Debug)]
pub struct Whole {
    /// The columns asked for.
    pub schema: SchemaRef,
    /// Their rows.
    pub batches: Vec<RecordBatch>,
    /// What was read, in the order of [`Inputs::files`].
    pub accounts: Vec<FileAccount>,
}

impl Inputs {
    /// Reads the columns of all rows into memory, units side by side.
    ///
    /// # Errors
    /// As [`Inputs::scan`].
    pub fn whole(&self, columns: &[String], workers: &Workers) -> Result<Whole, ReadError> {
        let asked: Vec<usize> = (0..columns.len()).collect();
        let schema = Arc::new(self.batch_schema(columns)?.project(&asked)?);
        let ledger = Ledger::new(self);
        let read = |unit| {
            let mut batches = Vec::new();
            self.scan(unit, columns, &ledger, &mut |batch| {
                batches.push(batch);
                ControlFlow::Continue(())
            })?;
            let rows = batches.iter().map(|b| b.project(&asked)).collect::<Result<Vec<_>, _>>();
            Ok(rows?)
        };
        let units: Vec<Result<Vec<RecordBatch>, ReadError>> =
            workers.run(|| (0..self.units()).into_par_iter().map(read).collect());
        let batches = units.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
        Ok(Whole { schema, batches, accounts: ledger.accounts() })
    }
}
