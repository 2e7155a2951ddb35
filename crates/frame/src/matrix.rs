//! A dense matrix of `f64`, row by row.

/// A dense n x d matrix of `f64`, stored row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    values: Vec<f64>,
    rows: usize,
    columns: usize,
}

impl Matrix {
    /// Wraps values given row by row.
    ///
    /// # Panics
    /// If `values.len()` is not `rows * columns`.
    pub fn new(values: Vec<f64>, rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix needs rows x columns values");
        Self { values, rows, columns }
    }

    /// Builds a matrix from equally long rows.
    ///
    /// # Panics
    /// If the rows differ in length.
    pub fn from_rows<R: AsRef<[f64]>>(rows: &[R]) -> Self {
        let columns = rows.first().map_or(0, |r| r.as_ref().len());
        let mut values = Vec::with_capacity(rows.len() * columns);
        for row in rows {
            assert_eq!(row.as_ref().len(), columns, "rows of a matrix have one length");
            values.extend_from_slice(row.as_ref());
        }
        Self { values, rows: rows.len(), columns }
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns, d.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Row `i`, d values.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.columns..(i + 1) * self.columns]
    }

    /// The rows in order. Empty for a matrix without columns.
    pub fn iter_rows(&self) -> impl ExactSizeIterator<Item = &[f64]> + Clone {
        self.values.chunks_exact(self.columns.max(1))
    }

    /// Column `j`, gathered into a vector of n values.
    pub fn column(&self, j: usize) -> Vec<f64> {
        self.iter_rows().map(|row| row[j]).collect()
    }

    /// All values, row by row.
    pub fn as_slice(&self) -> &[f64] {
        &self.values
    }
}
