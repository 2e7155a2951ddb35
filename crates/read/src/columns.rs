//! Columns built from the text of values.

use crate::kinds::time_type;
use crate::time;
use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow::datatypes::{DataType, FieldRef};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Rows of a batch at most.
pub(crate) const ROWS: usize = 8192;
/// Bytes of a batch, about, at most; one row may be longer.
pub(crate) const BYTES: usize = 8 << 20;

/// A column that grows by the text of values. Nulls are added when a value follows them: most columns of
/// a log of many kinds of events are null in most rows.
struct Column {
    values: Values,
    /// Rows that `values` holds.
    rows: usize,
}

impl Column {
    fn new(data_type: &DataType) -> Self {
        Self { values: Values::new(data_type), rows: 0 }
    }

    /// Sets the value of a row, all rows before that have none being null; says whether it fits the type.
    /// The first value of a row stays.
    fn set(&mut self, row: usize, text: &str, zone: &TimeZone) -> bool {
        if row < self.rows {
            return true;
        }
        self.values.skip(row - self.rows);
        self.rows = row + 1;
        self.values.push(text, zone)
    }

    fn finish(&mut self, rows: usize) -> ArrayRef {
        self.values.skip(rows - self.rows);
        self.rows = 0;
        self.values.finish()
    }
}

/// The values of a column.
enum Values {
    Text(StringBuilder),
    Boolean(BooleanBuilder),
    Signed(Int64Builder),
    Unsigned(UInt64Builder),
    Float(Float64Builder),
    Time(TimestampMicrosecondBuilder),
}

impl Values {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int64 => Self::Signed(Int64Builder::new()),
            DataType::UInt64 => Self::Unsigned(UInt64Builder::new()),
            DataType::Float64 => Self::Float(Float64Builder::new()),
            DataType::Timestamp(..) => {
                Self::Time(TimestampMicrosecondBuilder::new().with_data_type(time_type()))
            }
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// Appends a value; says whether it fits the type, a null taking its place otherwise.
    fn push(&mut self, text: &str, zone: &TimeZone) -> bool {
        match self {
            Self::Text(column) => {
                column.append_value(text);
                true
            }
            Self::Boolean(column) => {
                let value = text.to_ascii_lowercase().parse().ok();
                column.append_option(value);
                value.is_some()
            }
            Self::Signed(column) => {
                let value = text.parse().ok();
                column.append_option(value);
                value.is_some()
            }
            Self::Unsigned(column) => {
                let value = text.parse().ok();
                column.append_option(value);
                value.is_some()
            }
            Self::Float(column) => {
                let value = text.parse().ok();
                column.append_option(value);
                value.is_some()
            }
            Self::Time(column) => {
                let value = time::parse_time(text, zone);
                column.append_option(value);
                value.is_some()
            }
        }
    }

    /// Appends nulls.
    fn skip(&mut self, nulls: usize) {
        match self {
            Self::Text(column) => column.append_nulls(nulls),
            Self::Boolean(column) => column.append_nulls(nulls),
            Self::Signed(column) => column.append_nulls(nulls),
            Self::Unsigned(column) => column.append_nulls(nulls),
            Self::Float(column) => column.append_nulls(nulls),
            Self::Time(column) => column.append_nulls(nulls),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(column) => Arc::new(column.finish()),
            Self::Boolean(column) => Arc::new(column.finish()),
            Self::Signed(column) => Arc::new(column.finish()),
            Self::Unsigned(column) => Arc::new(column.finish()),
            Self::Float(column) => Arc::new(column.finish()),
            Self::Time(column) => Arc::new(column.finish()),
        }
    }
}

/// Rows that become a batch.
pub(crate) struct Rows<'a> {
    columns: Vec<Column>,
    records: Vec<u64>,
    bytes: usize,
    /// Values that did not fit the type of their column.
    misfits: u64,
    zone: &'a TimeZone,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(fields: &[FieldRef], zone: &'a TimeZone) -> Self {
        let columns = fields.iter().map(|f| Column::new(f.data_type())).collect();
        Self { columns, records: Vec::new(), bytes: 0, misfits: 0, zone }
    }

    /// Appends the row of a record: one text for each column, in order.
    pub(crate) fn push<'v>(&mut self, record: u64, values: impl Iterator<Item = Option<&'v str>>) {
        for (column, value) in values.enumerate() {
            if let Some(text) = value {
                self.set(column, text);
            }
        }
        self.end(record);
    }

    /// Sets a value of the row that the next [`Rows::end`] completes. The first value of a column stays.
    pub(crate) fn set(&mut self, column: usize, text: &str) {
        self.bytes += text.len();
        let row = self.records.len();
        self.misfits += u64::from(!self.columns[column].set(row, text, self.zone));
    }

    /// Completes the row of a record.
    pub(crate) fn end(&mut self, record: u64) {
        self.bytes += self.columns.len() * 5;
        self.records.push(record);
    }

    /// Rows held.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it is time to hand the rows over.
    pub(crate) fn is_full(&self) -> bool {
        self.records.len() >= ROWS || self.bytes >= BYTES
    }

    /// Takes the rows: columns, numbers of the records, values that did not fit.
    pub(crate) fn take(&mut self) -> (Vec<ArrayRef>, Vec<u64>, u64) {
        self.bytes = 0;
        let rows = self.records.len();
        let columns = self.columns.iter_mut().map(|column| column.finish(rows)).collect();
        (columns, std::mem::take(&mut self.records), std::mem::take(&mut self.misfits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Field, Int64Type};

    #[test]
    fn what_no_row_sets_is_null_and_the_first_value_of_a_row_stays() {
        let field = |name: &str, kind| Arc::new(Field::new(name, kind, true));
        let fields = [field("text", DataType::Utf8), field("number", DataType::Int64)];
        let utc = TimeZone::UTC;
        let mut rows = Rows::new(&fields, &utc);
        rows.end(7);
        rows.set(0, "a");
        rows.set(0, "b");
        rows.end(8);
        rows.set(1, "none");
        rows.end(10);
        rows.push(11, [None, Some("3")].into_iter());
        rows.end(12);
        let (columns, records, misfits) = rows.take();
        assert_eq!((records, misfits), (vec![7, 8, 10, 11, 12], 1));
        let text: Vec<_> = columns[0].as_string::<i32>().iter().collect();
        assert_eq!(text, [None, Some("a"), None, None, None]);
        let numbers: Vec<_> = columns[1].as_primitive::<Int64Type>().iter().collect();
        assert_eq!(numbers, [None, None, None, Some(3), None]);
        rows.set(1, "4");
        rows.end(13);
        let (columns, records, _) = rows.take();
        assert_eq!((columns[0].null_count(), columns[1].null_count(), records), (1, 0, vec![13]));
    }
}
