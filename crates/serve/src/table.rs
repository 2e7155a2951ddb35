//! An answer as the texts that a page shows.

use crate::error::PageError;
use arrow::array::{Array, StringArray};
use lanner_collapse::Answer;
use lanner_report::texts;
use lanner_report::words::{Shown, grouped, number, time};

/// The texts of an answer, row by row.
pub(crate) struct Grid {
    pub names: Vec<String>,
    columns: Vec<Vec<StringArray>>,
    starts: Vec<usize>,
    rows: usize,
    /// Were there more rows than were asked for?
    pub more: bool,
}

impl Grid {
    pub(crate) fn new(answer: &Answer) -> Result<Self, PageError> {
        let names: Vec<String> = answer.schema.fields().iter().map(|f| f.name().clone()).collect();
        let mut columns = vec![Vec::new(); names.len()];
        let (mut starts, mut rows) = (Vec::new(), 0);
        for batch in &answer.batches {
            starts.push(rows);
            rows += batch.num_rows();
            for (texts_of, column) in columns.iter_mut().zip(batch.columns()) {
                texts_of.push(texts(column)?);
            }
        }
        Ok(Self { names, columns, starts, rows, more: answer.more })
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The cell in a row and a column by number; none for null.
    pub(crate) fn at(&self, row: usize, column: usize) -> Option<&str> {
        let batch = self.starts.partition_point(|&s| s <= row).checked_sub(1)?;
        let texts = self.columns.get(column)?.get(batch)?;
        let row = row - self.starts[batch];
        (row < texts.len() && texts.is_valid(row)).then(|| texts.value(row))
    }

    /// The cell in a row and a column by name; none for null or where there is no such column.
    pub(crate) fn get(&self, row: usize, column: &str) -> Option<&str> {
        self.at(row, self.names.iter().position(|n| n == column)?)
    }

    /// The cell as a number.
    pub(crate) fn number(&self, row: usize, column: &str) -> Option<f64> {
        self.get(row, column)?.parse().ok()
    }

    /// The cell as a whole number, 0 where it is none.
    pub(crate) fn count(&self, row: usize, column: &str) -> u64 {
        self.get(row, column).and_then(|t| t.parse().ok()).unwrap_or_default()
    }

    /// The cell as a time to the second; empty where it is none.
    pub(crate) fn time(&self, row: usize, column: &str) -> String {
        self.get(row, column).map(moment).unwrap_or_default()
    }
}

/// A time as a page shows it: to the second, UTC. Text that is no time stays.
pub(crate) fn moment(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(t) => time(t.as_microsecond()),
        Err(_) => Shown::new(text, 40, 40).text,
    }
}

/// A number as short as tells anything, a whole one with commas; other text is cut.
pub(crate) fn figure(text: &str) -> String {
    if let Ok(whole) = text.parse::<u64>() {
        return grouped(whole);
    }
    text.parse::<f64>().map_or_else(|_| Shown::new(text, 40, 40).text, number)
}
