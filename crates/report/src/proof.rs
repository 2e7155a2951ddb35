//! Proof that the flagged rows are the rows they should be, gathered while they stream by.

use crate::cells::texts;
use crate::{Check, ReportError};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Float64Type, TimeUnit, TimestampMicrosecondType};
use lanner_pipeline::Outcome;
use std::sync::Arc;

/// What has been seen of the flagged rows so far.
pub(crate) struct Proof<'a> {
    outcome: &'a Outcome,
    rows: u64,
    in_order: u64,
    last_row: Option<u64>,
    as_tuple: u64,
    by_tuple: Vec<u64>,
    times: Times,
}

/// First and last time by tuple, microseconds since 1970 UTC.
enum Times {
    /// The time column is missing or cannot be read here.
    Unknown,
    Known(Vec<Option<(i64, i64)>>),
}

impl<'a> Proof<'a> {
    pub(crate) fn new(outcome: &'a Outcome) -> Self {
        let n = outcome.tuples.len();
        let times = match outcome.settings.time {
            Some(_) => Times::Known(vec![None; n]),
            None => Times::Unknown,
        };
        let by_tuple = vec![0; n];
        Self { outcome, rows: 0, in_order: 0, last_row: None, as_tuple: 0, by_tuple, times }
    }

    /// Looks at the rows of a batch: the columns of the log, row numbers, and places in the tuple list.
    pub(crate) fn add(
        &mut self,
        log: &RecordBatch,
        rows: &UInt64Array,
        tuples: &UInt32Array,
    ) -> Result<(), ReportError> {
        for &row in rows.values() {
            self.in_order += u64::from(self.last_row.is_none_or(|last| row > last));
            self.last_row = Some(row);
        }
        for &tuple in tuples.values() {
            self.by_tuple[tuple as usize] += 1;
        }
        self.rows += log.num_rows() as u64;
        self.as_tuple += self.equal_rows(log, tuples)?;
        self.add_times(log, tuples);
        Ok(())
    }

    /// Rows whose fields have the values of their tuple. A field that is no column of the log (a path
    /// into a record) is taken as equal.
    fn equal_rows(&self, log: &RecordBatch, tuples: &UInt32Array) -> Result<u64, ReportError> {
        let values = &self.outcome.tuples.values;
        let mut equal = vec![true; log.num_rows()];
        for (field, column) in values.schema().fields().iter().zip(values.columns()) {
            let Some(raw) = log.column_by_name(field.name()) else { continue };
            let wanted = take(column, tuples, None)?;
            for (all, same) in equal.iter_mut().zip(same(raw, &wanted)?.iter()) {
                *all &= same == Some(true);
            }
        }
        Ok(equal.iter().filter(|&&e| e).count() as u64)
    }

    fn add_times(&mut self, log: &RecordBatch, tuples: &UInt32Array) {
        let Times::Known(spans) = &mut self.times else { return };
        let name = self.outcome.settings.time.as_deref().unwrap_or_default();
        let Some(times) = log.column_by_name(name).and_then(micros) else {
            self.times = Times::Unknown;
            return;
        };
        let times = times.as_primitive::<TimestampMicrosecondType>();
        for (&tuple, time) in tuples.values().iter().zip(times) {
            let Some(t) = time else { continue };
            let span = &mut spans[tuple as usize];
            *span = Some(span.map_or((t, t), |(first, last)| (first.min(t), last.max(t))));
        }
    }

    /// The checks on all rows seen.
    pub(crate) fn checks(&self) -> Vec<Check> {
        let tuples = &self.outcome.tuples;
        let flagged = || (0..tuples.len()).filter(|&i| tuples.flagged[i]);
        let count = flagged().count() as u64;
        let rows: u64 = flagged().map(|i| tuples.flagged_rows[i]).sum();
        let whole =
            flagged().filter(|&i| self.by_tuple[i] == tuples.flagged_rows[i]).count() as u64;
        let mut checks = vec![
            Check::new("joined", "rows written = rows of flagged tuples", rows, self.rows),
            Check::new("whole", "flagged tuples with all of their rows", count, whole),
            Check::new("order", "rows written once each, in input order", rows, self.in_order),
            Check::new("values", "rows with the field values of their tuple", rows, self.as_tuple),
        ];
        if let Times::Known(spans) = &self.times {
            let seen = |i: usize| tuples.first_seen[i].zip(tuples.last_seen[i]);
            // Of a tuple that is flagged in part, not every row is here.
            let whole = || flagged().filter(|&i| tuples.flagged_rows[i] == tuples.copies[i]);
            let agree = whole().filter(|&i| spans[i] == seen(i)).count() as u64;
            let count = whole().count() as u64;
            let what = "flagged tuples first and last seen as their rows say";
            checks.push(Check::new("times", what, count, agree));
        }
        checks
    }
}

/// Compares two columns, null equal to null and both zeros equal; columns of different types as text.
fn same(a: &ArrayRef, b: &ArrayRef) -> Result<BooleanArray, ReportError> {
    if a.data_type() == b.data_type() && !a.data_type().is_nested() {
        return Ok(not_distinct(&zero(a)?, &zero(b)?)?);
    }
    Ok(not_distinct(&texts(a)?, &texts(b)?)?)
}

/// Turns minus zero into zero, which comparing by bits would tell apart.
fn zero(column: &ArrayRef) -> Result<ArrayRef, ReportError> {
    if !column.data_type().is_floating() {
        return Ok(column.clone());
    }
    let wide = cast(column, &DataType::Float64)?;
    Ok(Arc::new(wide.as_primitive::<Float64Type>().unary::<_, Float64Type>(|v| v + 0.0)))
}

/// A column of times or of texts that all are times, in microseconds UTC.
fn micros(column: &ArrayRef) -> Option<ArrayRef> {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()));
    let is_time = matches!(column.data_type(), DataType::Timestamp(..));
    if !is_time && !column.data_type().is_string() {
        return None;
    }
    let times = cast(column, &utc).ok()?;
    // A cast makes null of a text that it cannot read.
    (times.logical_null_count() == column.logical_null_count()).then_some(times)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, StringArray, TimestampMicrosecondArray};

    #[test]
    fn equal_values_are_equal_whatever_their_form() {
        let column = |a: Float64Array| Arc::new(a) as ArrayRef;
        let a = column(vec![Some(0.0), None, Some(f64::NAN), Some(1.0)].into());
        let b = column(vec![Some(-0.0), None, Some(f64::NAN), Some(2.0)].into());
        let equal: Vec<bool> = same(&a, &b).unwrap().iter().flatten().collect();
        assert_eq!(equal, [true, true, true, false]);
        let time: ArrayRef =
            Arc::new(TimestampMicrosecondArray::from(vec![1_500_000]).with_timezone("UTC"));
        let text: ArrayRef = Arc::new(StringArray::from(vec!["1970-01-01T00:00:01.500Z"]));
        assert!(same(&time, &text).unwrap().value(0));
        assert!(micros(&text).is_some());
        let no_time: ArrayRef = Arc::new(StringArray::from(vec![Some("yesterday"), None]));
        assert!(micros(&no_time).is_none());
    }
}
