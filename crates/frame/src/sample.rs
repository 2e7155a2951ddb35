//! Distinct weighted rows in canonical order: what a detector is fitted on.

use crate::Matrix;
use std::cmp::Ordering;

/// Distinct finite rows with their numbers of copies, in canonical order.
///
/// Invariants, held by the only constructor: n >= 1, d >= 1, every value finite and never -0.0, rows
/// sorted by [`f64::total_cmp`] from the first column on, no two rows equal, copies >= 1 and their sum
/// N below 2^53. So nothing that a detector computes can depend on the names, the order or the
/// grouping of the rows that came in.
#[derive(Debug, Clone)]
pub struct Sample {
    x: Matrix,
    copies: Vec<u64>,
    total: u64,
}

/// Why a matrix is no sample.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// There is no row or no column.
    #[error("nothing to score: {rows} rows by {columns} columns, wanted at least 1 by 1")]
    Empty {
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
    },
    /// A value is NaN or infinite.
    #[error("row {row}, column {column} is not a finite number")]
    NotFinite {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
    },
    /// Copies are missing, zero, or too many to count exactly.
    #[error("copies must be one whole number >= 1 for each row, with a sum below 2^53")]
    BadCopies,
}

impl Sample {
    /// Sorts rows, merges equal ones and adds up their copies.
    ///
    /// Also returns for each given row the number of its row in the sample.
    ///
    /// # Errors
    /// [`SampleError`] for an empty matrix, a value that is not finite, or bad copies.
    ///
    /// # Cost
    /// O(n d log n) time, O(n d) memory.
    pub fn collapse(x: &Matrix, copies: &[u64]) -> Result<(Self, Vec<u32>), SampleError> {
        let (rows, columns) = (x.rows(), x.columns());
        if rows == 0 || columns == 0 {
            return Err(SampleError::Empty { rows, columns });
        }
        if let Some(at) = x.as_slice().iter().position(|v| !v.is_finite()) {
            return Err(SampleError::NotFinite { row: at / columns, column: at % columns });
        }
        let total = copies.iter().try_fold(0u64, |sum, &c| sum.checked_add(c));
        let total = total.filter(|&t| t < 1 << 53).ok_or(SampleError::BadCopies)?;
        if copies.len() != rows || copies.contains(&0) || u32::try_from(rows).is_err() {
            return Err(SampleError::BadCopies);
        }
        let mut order: Vec<u32> = (0..rows as u32).collect();
        order.sort_unstable_by(|&a, &b| {
            compare(x.row(a as usize), x.row(b as usize)).then(a.cmp(&b))
        });
        let mut values = Vec::with_capacity(rows * columns);
        let mut merged: Vec<u64> = Vec::with_capacity(rows);
        let mut place = vec![0u32; rows];
        for equal in order
            .chunk_by(|&a, &b| compare(x.row(a as usize), x.row(b as usize)) == Ordering::Equal)
        {
            for &i in equal {
                place[i as usize] = merged.len() as u32;
            }
            values.extend(x.row(equal[0] as usize).iter().map(|v| v + 0.0));
            merged.push(equal.iter().map(|&i| copies[i as usize]).sum());
        }
        let x = Matrix::new(values, merged.len(), columns);
        Ok((Self { x, copies: merged, total }, place))
    }

    /// Some of the rows with their copies.
    ///
    /// # Panics
    /// If `rows` is empty, does not rise strictly, or names a row that is not there.
    #[must_use]
    pub fn subset(&self, rows: &[u32]) -> Self {
        assert!(!rows.is_empty() && rows.is_sorted_by(|a, b| a < b), "rows rise strictly");
        let values = rows.iter().flat_map(|&i| self.row(i as usize)).copied().collect();
        let copies: Vec<u64> = rows.iter().map(|&i| self.copies[i as usize]).collect();
        let x = Matrix::new(values, rows.len(), self.columns());
        Self { x, total: copies.iter().sum(), copies }
    }

    /// The distinct rows, n x d.
    pub fn x(&self) -> &Matrix {
        &self.x
    }

    /// Copies of each distinct row, n whole numbers >= 1.
    pub fn copies(&self) -> &[u64] {
        &self.copies
    }

    /// Number of distinct rows, n.
    pub fn rows(&self) -> usize {
        self.x.rows()
    }

    /// Number of features, d.
    pub fn columns(&self) -> usize {
        self.x.columns()
    }

    /// Row `i`, d values.
    pub fn row(&self, i: usize) -> &[f64] {
        self.x.row(i)
    }

    /// Sum of the copies, N.
    pub fn total(&self) -> u64 {
        self.total
    }
}

/// Orders rows from the first column on; `v + 0.0` makes -0.0 equal to 0.0.
fn compare(a: &[f64], b: &[f64]) -> Ordering {
    let pairs = a.iter().zip(b);
    pairs
        .map(|(u, v)| (u + 0.0).total_cmp(&(v + 0.0)))
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_equal_rows_and_remembers_where_they_went() {
        let x = Matrix::from_rows(&[[2.0, 1.0], [0.0, 5.0], [2.0, 1.0], [-0.0, 5.0]]);
        let (sample, place) = Sample::collapse(&x, &[1, 2, 3, 4]).unwrap();
        assert_eq!(sample.x(), &Matrix::from_rows(&[[0.0, 5.0], [2.0, 1.0]]));
        assert_eq!(sample.copies(), [6, 4]);
        assert_eq!(place, [1, 0, 1, 0]);
        assert_eq!(sample.total(), 10);
    }

    #[test]
    fn refuses_what_is_not_a_sample() {
        let one = Matrix::from_rows(&[[f64::NAN]]);
        let error = Sample::collapse(&one, &[1]).unwrap_err();
        assert_eq!(error, SampleError::NotFinite { row: 0, column: 0 });
        let fine = Matrix::from_rows(&[[1.0]]);
        assert_eq!(Sample::collapse(&fine, &[0]).unwrap_err(), SampleError::BadCopies);
        let none = Matrix::new(vec![], 0, 3);
        assert!(matches!(Sample::collapse(&none, &[]), Err(SampleError::Empty { .. })));
    }
}
