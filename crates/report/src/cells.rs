//! Record batches to CSV: times in RFC 3339 UTC, formula characters neutralised.

use crate::ReportError;
use arrow::array::{Array, ArrayRef, RecordBatch, StringArray, make_array};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use lanner_frame::text::csv_cell;
use std::borrow::Cow;
use std::io::Write;

/// Writes batches as CSV (RFC 4180 quoting, a header, `\n` line ends, null as an empty cell). Nested
/// values are written as text.
pub(crate) struct CsvTable<W: Write> {
    csv: csv::Writer<W>,
    raw: bool,
}

impl<W: Write> CsvTable<W> {
    /// Writes the header. With `raw` cells keep their formula characters.
    pub(crate) fn new(out: W, schema: &Schema, raw: bool) -> Result<Self, ReportError> {
        let mut table = Self { csv: csv::Writer::from_writer(out), raw };
        for field in schema.fields() {
            table.cell(field.name())?;
        }
        table.csv.write_record(None::<&[u8]>)?;
        Ok(table)
    }

    /// Writes the rows of a batch.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), ReportError> {
        let columns = batch.columns().iter().map(utc).collect::<Result<Vec<_>, _>>()?;
        let options = FormatOptions::new().with_display_error(true);
        let formats = columns.iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options));
        let formats = formats.collect::<Result<Vec<_>, _>>()?;
        let mut text = String::new();
        for i in 0..batch.num_rows() {
            for format in &formats {
                text.clear();
                format.value(i).write(&mut text)?;
                self.cell(&text)?;
            }
            self.csv.write_record(None::<&[u8]>)?;
        }
        Ok(())
    }

    fn cell(&mut self, text: &str) -> Result<(), ReportError> {
        let safe = if self.raw { Cow::Borrowed(text) } else { csv_cell(text) };
        Ok(self.csv.write_field(safe.as_ref())?)
    }

    /// Gives the file back.
    pub(crate) fn finish(self) -> Result<W, ReportError> {
        self.csv.into_inner().map_err(|e| ReportError::Csv(e.into_error().into()))
    }
}

/// A table as CSV: times in RFC 3339 UTC, cells that a spreadsheet would run neutralised unless `raw`.
///
/// # Errors
/// [`ReportError::Arrow`] for a column without a form as text.
pub fn csv(schema: &Schema, batches: &[RecordBatch], raw: bool) -> Result<Vec<u8>, ReportError> {
    let mut table = CsvTable::new(Vec::new(), schema, raw)?;
    batches.iter().try_for_each(|batch| table.write(batch))?;
    table.finish()
}

/// A column as the texts that a CSV file has, null staying null.
///
/// # Errors
/// [`ArrowError`] for a column without a form as text.
pub fn texts(column: &ArrayRef) -> Result<StringArray, ArrowError> {
    let column = utc(column)?;
    let options = FormatOptions::new().with_display_error(true);
    let format = ArrayFormatter::try_new(column.as_ref(), &options)?;
    let text = |i: usize| (!column.is_null(i)).then(|| format.value(i).to_string());
    Ok((0..column.len()).map(text).collect())
}

/// The same instants in UTC; a time without a zone is taken as UTC. Other columns as they are.
fn utc(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let DataType::Timestamp(unit, _) = column.data_type() else { return Ok(column.clone()) };
    // A name instead of the offset would need a database of zones.
    let kind = DataType::Timestamp(*unit, Some("+00:00".into()));
    Ok(make_array(column.to_data().into_builder().data_type(kind).build()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, TimestampMillisecondArray};
    use std::sync::Arc;

    fn csv(raw: bool) -> String {
        let texts = StringArray::from(vec![Some("=1+1"), None, Some("a,\"b\"\r\nc")]);
        let times = TimestampMillisecondArray::from(vec![0, 1_500, -1]).with_timezone("+02:00");
        let numbers = Float64Array::from(vec![-1.5, 0.1, 1e300]);
        let batch = RecordBatch::try_from_iter([
            ("@text", Arc::new(texts) as ArrayRef),
            ("time", Arc::new(times)),
            ("number", Arc::new(numbers)),
        ])
        .unwrap();
        String::from_utf8(super::csv(&batch.schema(), std::slice::from_ref(&batch), raw).unwrap())
            .unwrap()
    }

    #[test]
    fn cells_are_quoted_neutralised_and_in_utc() {
        let want = "'@text,time,number\n\
            '=1+1,1970-01-01T00:00:00Z,-1.5\n\
            ,1970-01-01T00:00:01.500Z,0.1\n\
            \"a,\"\"b\"\"\\u{d}\\u{a}c\",1969-12-31T23:59:59.999Z,1e300\n";
        assert_eq!(csv(false), want);
    }

    #[test]
    fn raw_cells_are_left_alone() {
        assert!(csv(true).starts_with("@text,time,number\n=1+1,"));
    }
}
