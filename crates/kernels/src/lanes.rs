//! Rows side by side: several rows of a matrix worked on at once by the vector unit.
//!
//! A method is written once, over columns of `L` rows. Eight rows fill the vector registers,
//! one row is the same code with `L = 1`; each row sees the same operations in the same order, so
//! what comes out has the same bits alone and in a batch.

use lanner_frame::Matrix;

/// Rows worked on at once.
pub const LANES: usize = 8;

/// Computes something for the rows from `first` on, one for each place in `out`: `wide` where eight
/// rows are left, `one` for the rest. Both are given the columns of their rows.
pub fn for_rows<T>(
    x: &Matrix,
    first: usize,
    out: &mut [T],
    wide: impl Fn(&[[f64; LANES]]) -> [T; LANES],
    one: impl Fn(&[[f64; 1]]) -> [T; 1],
) {
    let mut columns = vec![[0.0; LANES]; x.columns()];
    let (groups, rest) = out.as_chunks_mut::<LANES>();
    let rest_first = first + groups.len() * LANES;
    for (g, found) in groups.iter_mut().enumerate() {
        gather(x, first + g * LANES, &mut columns);
        *found = wide(&columns);
    }
    for (i, found) in rest.iter_mut().enumerate() {
        [*found] = one(x.row(rest_first + i).as_chunks().0);
    }
}

/// The squared Euclidean distances of `L` rows, given as columns, to one point.
pub fn squared_distances<const L: usize>(columns: &[[f64; L]], point: &[f64]) -> [f64; L] {
    let mut distance = [0.0; L];
    for (column, &p) in columns.iter().zip(point) {
        for (sum, &v) in distance.iter_mut().zip(column) {
            *sum += (v - p) * (v - p);
        }
    }
    distance
}

/// Writes the columns of the `L` rows from `first` on.
pub fn gather<const L: usize>(x: &Matrix, first: usize, columns: &mut [[f64; L]]) {
    for lane in 0..L {
        for (column, &value) in columns.iter_mut().zip(x.row(first + lane)) {
            column[lane] = value;
        }
    }
}
