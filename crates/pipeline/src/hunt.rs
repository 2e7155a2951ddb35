//! A hunt from request to outcome, and the way back from the outcome to the rows.

use crate::choice::{self, Choice};
use crate::{Grounds, HuntError, Observer, Outcome, Request, classic, lanner};
use arrow::array::{AsArray, BooleanArray, UInt32Array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, Schema, UInt32Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use lanner_collapse::{CollapseError, Engine, Local, RowsTable, Spec};
use lanner_frame::Cancel;
use lanner_read::{FileAccount, Inputs};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

/// A finished hunt: what was found, and the way back to the rows.
pub struct Hunt {
    /// What was found.
    pub outcome: Outcome,
    pub(crate) inputs: Inputs,
    pub(crate) engine: Local,
    pub(crate) spec: Spec,
    pub(crate) accounts: Vec<FileAccount>,
}

/// The clock of the stages.
pub(crate) struct Lap {
    timings: Vec<(&'static str, f64)>,
    since: Instant,
}

impl Lap {
    fn start() -> Self {
        Self { timings: Vec::new(), since: Instant::now() }
    }

    /// A stage has ended.
    pub(crate) fn end(&mut self, stage: &'static str) {
        self.timings.push((stage, self.since.elapsed().as_secs_f64()));
        self.since = Instant::now();
    }

    /// Seconds by stage.
    pub(crate) fn take(&mut self) -> Vec<(&'static str, f64)> {
        std::mem::take(&mut self.timings)
    }
}

impl Hunt {
    /// All rows of the input as a table for queries, with `tuples` attached: the tuple fields first,
    /// then the columns to attach.
    pub fn rows_table(&self, tuples: RecordBatch) -> RowsTable {
        RowsTable {
            inputs: self.inputs.clone(),
            spec: self.spec.clone(),
            accounts: self.accounts.clone(),
            tuples,
        }
    }

    /// Streams the rows of the flagged tuples in input order: all columns of the input, then
    /// `lanner_row`, `lanner_file` and `lanner_tuple` (the tuple's place in the list), in the lanner recipe
    /// `lanner_incident` too (null for a row of none). Returns their number.
    ///
    /// # Errors
    /// [`HuntError`], also if an input changed since it was read first.
    pub fn flagged_rows(
        &self,
        sink: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
    ) -> Result<u64, HuntError> {
        let tuples = &self.outcome.tuples;
        let listed = (0..tuples.len() as u32).filter(|&i| tuples.flagged[i as usize]);
        let listed: Vec<u32> = listed.collect();
        let mask = BooleanArray::from(tuples.flagged.clone());
        let marks = filter_record_batch(&tuples.values, &mask).map_err(CollapseError::from)?;
        let mut written = 0;
        self.engine.join_back(&self.spec, &marks, &self.accounts, &mut |batch| match placed(
            &batch,
            &listed,
            &tuples.grounds,
        ) {
            Ok(batch) if batch.num_rows() == 0 => ControlFlow::Continue(()),
            Ok(batch) => {
                written += batch.num_rows() as u64;
                sink(batch)
            }
            Err(_) => ControlFlow::Break(()),
        })?;
        Ok(written)
    }
}

/// A batch of the joined rows with the places of their tuples, and in the lanner recipe only the flagged rows,
/// with their incidents in place of their hours.
fn placed(
    batch: &RecordBatch,
    listed: &[u32],
    grounds: &Grounds,
) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let mut columns = batch.columns().to_vec();
    let at = columns.len() - 1 - usize::from(matches!(grounds, Grounds::Lanner(_)));
    let numbers = columns[at].as_primitive::<UInt32Type>().values();
    let places: UInt32Array = numbers.iter().map(|&m| listed[m as usize]).collect();
    let Grounds::Lanner(found) = grounds else {
        columns[at] = Arc::new(places);
        return RecordBatch::try_new(schema, columns);
    };
    let hours = columns[at + 1].as_primitive::<Int64Type>();
    let flags = places.values().iter().zip(hours).map(|(&i, hour)| found.flags(i, hour));
    let (mask, incidents): (Vec<bool>, Vec<Option<u32>>) = flags.unzip();
    let (mask, incidents) = (BooleanArray::from(mask), UInt32Array::from(incidents));
    columns[at] = Arc::new(places);
    columns[at + 1] = Arc::new(incidents);
    let mut fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
    fields[at + 1] = Arc::new(Field::new("lanner_incident", DataType::UInt32, true));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    filter_record_batch(&batch, &mask)
}

/// Runs a hunt over inputs that were opened.
///
/// # Errors
/// [`HuntError`] where there is no outcome; a model that fails is part of the outcome.
pub fn hunt(
    inputs: Inputs,
    request: &Request,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Hunt, HuntError> {
    let mut lap = Lap::start();
    let note = match choice::choose(&inputs, request)? {
        Choice::Lanner(plan) => {
            return lanner::run(inputs, request, &plan, (cancel, observer), &mut lap);
        }
        Choice::Classic(note) => note,
    };
    classic::run(inputs, request, note, (cancel, observer), &mut lap)
}
