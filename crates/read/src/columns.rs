//! Columns built from the text of values.

use crate::kinds::time_type;
use crate::time;
use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow::datatypes::{DataType, FieldRef};
use jiff::tz::TimeZone;
use std::str::FromStr;
use std::sync::Arc;

/// Rows of a batch at most.
pub(crate) const ROWS: usize = 8192;
/// Bytes of a batch, about, at most; one row may be longer.
pub(crate) const BYTES: usize = 8 << 20;

/// A column that grows by the text of values.
enum Column {
    Text(StringBuilder),
    Boolean(BooleanBuilder),
    Signed(Int64Builder),
    Unsigned(UInt64Builder),
    Float(Float64Builder),
    Time(TimestampMicrosecondBuilder),
}

impl Column {
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
    fn push(&mut self, text: Option<&str>, zone: &TimeZone) -> bool {
        fn parsed<T: FromStr>(text: Option<&str>) -> Option<T> {
            text.and_then(|t| t.parse().ok())
        }
        let fits = match self {
            Self::Text(column) => {
                column.append_option(text);
                return true;
            }
            Self::Boolean(column) => {
                let value = text.and_then(|t| t.to_ascii_lowercase().parse().ok());
                column.append_option(value);
                value.is_some()
            }
            Self::Signed(column) => {
                let value = parsed(text);
                column.append_option(value);
                value.is_some()
            }
            Self::Unsigned(column) => {
                let value = parsed(text);
                column.append_option(value);
                value.is_some()
            }
            Self::Float(column) => {
                let value = parsed(text);
                column.append_option(value);
                value.is_some()
            }
            Self::Time(column) => {
                let value = text.and_then(|t| time::parse_time(t, zone));
                column.append_option(value);
                value.is_some()
            }
        };
        fits || text.is_none()
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
        for (column, value) in self.columns.iter_mut().zip(values) {
            self.bytes += value.map_or(1, str::len) + 4;
            self.misfits += u64::from(!column.push(value, self.zone));
        }
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
        let columns = self.columns.iter_mut().map(Column::finish).collect();
        (columns, std::mem::take(&mut self.records), std::mem::take(&mut self.misfits))
    }
}
