//! Where the rows of a scan go: batches with their place and time, everything else to the account.

use crate::columns::{BYTES, ROWS, Rows};
use crate::error::{Damage, Halt, StreamDamage};
use crate::ledger::Tally;
use crate::source::Seal;
use crate::time;
use arrow::array::{
    Array, ArrayRef, RecordBatch, TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use jiff::tz::TimeZone;
use lanner_frame::Cancel;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The note on records whose bytes were no text.
pub(crate) const MENDED: &str = "records with bytes that are no UTF-8, replaced";

/// The columns that follow the asked ones in every batch.
pub(crate) fn place_fields() -> [Field; 3] {
    [
        Field::new("lanner_file", DataType::UInt32, false),
        Field::new("lanner_record", DataType::UInt64, false),
        Field::new("lanner_time", crate::kinds::time_type(), true),
    ]
}

/// What a format is to find: different fields, the time of the event among them.
pub(crate) struct Request {
    pub(crate) fields: Vec<FieldRef>,
    /// For each column of the batch the field that fills it.
    pub(crate) order: Vec<usize>,
    /// The field that holds the time.
    pub(crate) time: Option<usize>,
    /// The batches.
    pub(crate) schema: SchemaRef,
}

/// Takes what a format reads of one unit.
pub(crate) struct Output<'a> {
    pub(crate) request: &'a Request,
    pub(crate) file: u32,
    pub(crate) zone: &'a TimeZone,
    pub(crate) cancel: &'a Cancel,
    pub(crate) sink: &'a mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
    pub(crate) tally: Tally,
    /// Number of the first record of the unit.
    pub(crate) first: u64,
    /// Records that are lost if the reader panics now, besides the one at hand.
    pub(crate) pending: u64,
}

impl Output<'_> {
    /// Hands rows over: one column for each field of the request, and the number of each record.
    pub(crate) fn rows(&mut self, columns: &[ArrayRef], records: Vec<u64>) -> Result<(), Halt> {
        self.pending = 0;
        self.cancel.check()?;
        let count = records.len();
        if count == 0 {
            return Ok(());
        }
        let times = match self.request.time {
            Some(field) => {
                let (times, absent, unread) = time::times(&columns[field], self.zone);
                self.tally.note("records without a time", absent);
                self.tally.note("times that cannot be read", unread);
                times
            }
            None => TimestampMicrosecondArray::new_null(count).with_timezone("UTC"),
        };
        let mut all: Vec<ArrayRef> =
            self.request.order.iter().map(|&field| Arc::clone(&columns[field])).collect();
        all.push(Arc::new(UInt32Array::from_value(self.file, count)));
        all.push(Arc::new(UInt64Array::from(records)));
        all.push(Arc::new(times));
        let batch = RecordBatch::try_new(Arc::clone(&self.request.schema), all)?;
        let bytes: usize = batch.columns().iter().map(Array::get_buffer_memory_size).sum();
        let step = (count * BYTES / bytes.max(1)).clamp(1, ROWS);
        for from in (0..count).step_by(step) {
            let rows = step.min(count - from);
            self.tally.rows += rows as u64;
            if (self.sink)(batch.slice(from, rows)).is_break() {
                self.tally.cut = true;
                return Err(Halt::Enough);
            }
        }
        Ok(())
    }

    /// Hands over the rows that were built from text.
    pub(crate) fn take(&mut self, rows: &mut Rows<'_>) -> Result<(), Halt> {
        let (columns, records, misfits) = rows.take();
        self.tally.note("values that do not fit their column", misfits);
        self.rows(&columns, records)
    }

    /// Counts a record that could not be read; an interrupt is none, it ends the scan.
    pub(crate) fn reject(&mut self, record: u64, offset: u64, damage: &Damage) -> Result<(), Halt> {
        if matches!(damage, Damage::Stream(StreamDamage::Cancelled)) {
            return Err(Halt::from(lanner_frame::Cancelled));
        }
        self.tally.reject(record, offset, damage);
        Ok(())
    }

    /// Reads what is left of the stored bytes and keeps their hash.
    pub(crate) fn seal(&mut self, seal: Seal) -> Result<(), Halt> {
        Ok(self.tally.close(seal, self.cancel)?)
    }

    /// A reader panicked: the rows that it had not handed over are lost.
    pub(crate) fn panicked(&mut self, format: &'static str) {
        let lost = self.pending;
        let record = self.first + self.tally.rows + self.tally.rejects;
        self.tally.reject(record, 0, &Damage::Panic { format, lost });
        self.tally.rejects += lost;
        self.tally.cut = true;
    }
}
