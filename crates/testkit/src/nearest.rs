//! Nearest neighbours the slow way.

use lanner_frame::Sample;

/// Lists (distance, row, copies) for the rows that fill k places next to `row`, nearest first, equal
/// ones by row number, with all rows at the last distance.
///
/// `own` names the row of the sample that asks: its other copies are meant. O(n (d + log n)).
pub fn nearest(x: &Sample, row: &[f64], own: Option<usize>, k: u64) -> Vec<(f64, usize, u64)> {
    let squares = |a: &[f64], b: &[f64]| {
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).fold(0.0, |sum, s| sum + s)
    };
    let mut found = nearest_by(squares, x, row, own, k);
    for f in &mut found {
        f.0 = f.0.sqrt();
    }
    found
}

/// As [`nearest`], by any measure that orders pairs, which comes in place of the distance.
pub fn nearest_by(
    measure: impl Fn(&[f64], &[f64]) -> f64,
    x: &Sample,
    row: &[f64],
    own: Option<usize>,
    k: u64,
) -> Vec<(f64, usize, u64)> {
    let rows = x.x().iter_rows().zip(x.copies()).enumerate();
    let mut all: Vec<(f64, usize, u64)> = rows
        .map(|(i, (other, &copies))| (measure(row, other), i, copies - u64::from(own == Some(i))))
        .filter(|found| found.2 > 0)
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0)); // stable: equal ones stay in order
    let (mut filled, mut last) = (0, f64::INFINITY);
    all.retain(|&(measured, _, copies)| {
        if filled < k {
            (filled, last) = (filled + copies, measured);
        }
        measured <= last
    });
    all
}
