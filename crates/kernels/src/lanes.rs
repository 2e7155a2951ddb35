//! Rows side by side: several rows of a matrix worked on at once by the vector unit.
//!
//! A method writes its score once, over columns of `L` rows. Eight rows fill the vector registers,
//! one row is the same code with `L = 1`; each row sees the same operations in the same order, so
//! its score has the same bits alone and in a batch.

use lanner_frame::Matrix;

/// Rows worked on at once.
pub const LANES: usize = 8;

/// Scores the rows from `first` on, one for each place in `out`: `wide` where eight rows are left,
/// `one` for the rest. Both are given the columns of their rows.
pub fn score_rows(
    x: &Matrix,
    first: usize,
    out: &mut [f64],
    wide: impl Fn(&[[f64; LANES]]) -> [f64; LANES],
    one: impl Fn(&[[f64; 1]]) -> [f64; 1],
) {
    let mut columns = vec![[0.0; LANES]; x.columns()];
    let (groups, rest) = out.as_chunks_mut::<LANES>();
    let rest_first = first + groups.len() * LANES;
    for (g, scores) in groups.iter_mut().enumerate() {
        gather(x, first + g * LANES, &mut columns);
        *scores = wide(&columns);
    }
    for (i, score) in rest.iter_mut().enumerate() {
        [*score] = one(x.row(rest_first + i).as_chunks().0);
    }
}

/// Writes the columns of the `L` rows from `first` on.
pub fn gather<const L: usize>(x: &Matrix, first: usize, columns: &mut [[f64; L]]) {
    for lane in 0..L {
        for (column, &value) in columns.iter_mut().zip(x.row(first + lane)) {
            column[lane] = value;
        }
    }
}
