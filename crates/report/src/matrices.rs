//! The small CSV tables: agreement between models, and the rank histogram.

use crate::ReportError;
use lanner_pipeline::RankCount;

/// A square table, models by models, an empty cell where there is no number.
pub(crate) fn square(ids: &[&str], rows: &[Vec<Option<f64>>]) -> Result<String, ReportError> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(std::iter::once("model").chain(ids.iter().copied()))?;
    for (id, row) in ids.iter().zip(rows) {
        let cells = row.iter().map(|v| v.map_or_else(String::new, |v| v.to_string()));
        csv.write_record(std::iter::once((*id).to_owned()).chain(cells))?;
    }
    text(csv)
}

/// Rows and tuples by rank.
pub(crate) fn ranks(counts: &[RankCount]) -> Result<String, ReportError> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["rank", "rows", "tuples"])?;
    for count in counts {
        csv.write_record([u64::from(count.rank), count.rows, count.tuples].map(|n| n.to_string()))?;
    }
    text(csv)
}

fn text(csv: csv::Writer<Vec<u8>>) -> Result<String, ReportError> {
    let bytes = csv.into_inner().map_err(|e| ReportError::Csv(e.into_error().into()))?;
    Ok(String::from_utf8(bytes).expect("ids and numbers are text"))
}
