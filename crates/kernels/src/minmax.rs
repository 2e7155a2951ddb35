//! Columns scaled to the range of the rows fitted on.

use serde::{Deserialize, Serialize};

/// Takes each column from its least and largest value to 0 and 1.
///
/// Values outside the range fall outside 0 to 1, and a constant column is only moved to 0, as in
/// scikit-learn's `MinMaxScaler`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MinMax {
    /// Half the least value and half the range of each column; halves, so that no range overflows.
    halves: Vec<(f64, f64)>,
}

impl MinMax {
    /// Fits the ranges of `columns` columns on rows of finite values.
    pub fn fit<'a>(columns: usize, rows: impl Iterator<Item = &'a [f64]>) -> Self {
        let mut bounds = vec![(f64::INFINITY, f64::NEG_INFINITY); columns];
        for row in rows {
            for (bound, &v) in bounds.iter_mut().zip(row) {
                *bound = (bound.0.min(v), bound.1.max(v));
            }
        }
        let halves = |(low, high): (f64, f64)| {
            let range = 0.5 * high - 0.5 * low;
            // A range of rounding only counts as none.
            (0.5 * low, if range < 5.0 * f64::EPSILON { 0.5 } else { range })
        };
        Self { halves: bounds.into_iter().map(halves).collect() }
    }

    /// Leaves every value as it is.
    pub fn identity(columns: usize) -> Self {
        Self { halves: vec![(0.0, 0.5); columns] }
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.halves.len()
    }

    /// The scaled values of a row; never NaN, and not beyond the largest finite number.
    pub fn scaled<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        let scale = |(&v, &(low, range)): (&f64, &(f64, f64))| {
            // The halves are exact but for the smallest numbers of all, which no range resolves.
            let scaled = if low == 0.0 && range == 0.5 { v } else { (0.5 * v - low) / range };
            scaled.clamp(-f64::MAX, f64::MAX)
        };
        row.iter().zip(&self.halves).map(scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Column 1 runs from 2 to 6: 5 is 3/4 of the way, 10 twice. Column 2 is constant: 7 - 3 = 4.
    #[test]
    fn scales_by_hand() {
        let rows = [[2.0, 3.0], [6.0, 3.0]];
        let scaler = MinMax::fit(2, rows.iter().map(|r| &r[..]));
        let of = |row: [f64; 2]| scaler.scaled(&row).collect::<Vec<f64>>();
        assert_eq!(of([5.0, 3.0]), [0.75, 0.0]);
        assert_eq!(of([10.0, 7.0]), [2.0, 4.0]);
        assert_eq!(scaler.columns(), 2);
    }

    #[test]
    fn no_range_overflows() {
        let rows = [[f64::MIN], [f64::MAX]];
        let scaler = MinMax::fit(1, rows.iter().map(|r| &r[..]));
        assert_eq!(scaler.scaled(&[f64::MAX]).next(), Some(1.0));
        let narrow = MinMax::fit(1, [[0.0], [1e-10]].iter().map(|r| &r[..]));
        assert_eq!(narrow.scaled(&[f64::MAX]).next(), Some(f64::MAX));
        assert_eq!(MinMax::identity(1).scaled(&[5e-324]).next(), Some(5e-324));
    }
}
