//! Nearest neighbours the slow way.

use lanner_frame::Sample;

/// Lists (distance, row, copies) for the rows that fill k places next to `row`, nearest first, equal
/// ones by row number, with all rows at the last distance.
///
/// `own` names the row of the sample that asks: its other copies are meant. O(n (d + log n)).
pub fn nearest(x: &Sample, row: &[f64], own: Option<usize>, k: u64) -> Vec<(f64, usize, u64)> {
    let rows = x.x().iter_rows().zip(x.copies()).enumerate();
    let mut all: Vec<(f64, usize, u64)> = rows
        .map(|(i, (other, &copies))| {
            let squares = row.iter().zip(other).map(|(a, b)| (a - b) * (a - b));
            (squares.fold(0.0, |sum, s| sum + s), i, copies - u64::from(own == Some(i)))
        })
        .filter(|found| found.2 > 0)
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0)); // stable: equal ones stay in order
    let (mut filled, mut last) = (0, f64::INFINITY);
    all.retain(|&(square, _, copies)| {
        if filled < k {
            (filled, last) = (filled + copies, square);
        }
        square <= last
    });
    all.into_iter().map(|(square, i, copies)| (square.sqrt(), i, copies)).collect()
}
