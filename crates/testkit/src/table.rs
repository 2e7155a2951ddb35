//! Seeded tables of rows with copies.

use lanner_frame::{Matrix, Rng, Sample};

/// Rows with copies, as a reader would hand them on: in any order, equal rows not merged.
#[derive(Debug, Clone)]
pub struct Table {
    /// The rows, n x d.
    pub x: Matrix,
    /// Copies of each row, >= 1.
    pub copies: Vec<u64>,
}

impl Table {
    /// Rows with one copy each.
    pub fn plain<R: AsRef<[f64]>>(rows: &[R]) -> Self {
        Self { x: Matrix::from_rows(rows), copies: vec![1; rows.len()] }
    }

    /// Like the category codes of a log: small whole numbers, low ones common, most rows repeated
    /// and a few very often.
    pub fn codes(seed: u64, rows: usize, columns: usize) -> Self {
        let mut rng = Rng::new(seed, 0);
        let code = |rng: &mut Rng| (30.0 * rng.uniform().powi(3)).floor();
        let x: Vec<f64> = (0..rows * columns).map(|_| code(&mut rng)).collect();
        let copies = (0..rows).map(|_| (1.0 / (rng.uniform() + 0.005)) as u64 + 1).collect();
        Self { x: Matrix::new(x, rows, columns), copies }
    }

    /// Like measurements: nine rows in ten in one round cloud, the rest in two small ones, no two
    /// equal.
    pub fn clouds(seed: u64, rows: usize, columns: usize) -> Self {
        let mut rng = Rng::new(seed, 1);
        let mut x = Vec::with_capacity(rows * columns);
        for i in 0..rows {
            let (centre, width) = match i % 20 {
                0 => (4.0, 0.3),
                1 => (-5.0, 0.5),
                _ => (0.0, 1.0),
            };
            x.extend((0..columns).map(|j| centre + width * rng.normal() + 0.1 * j as f64));
        }
        Self { x: Matrix::new(x, rows, columns), copies: vec![1; rows] }
    }

    /// The table with one row more, `value` in every column, `copies` times.
    #[must_use]
    pub fn and_row(&self, value: f64, copies: u64) -> Self {
        let mut x = self.x.as_slice().to_vec();
        x.extend(std::iter::repeat_n(value, self.x.columns()));
        let mut all = self.copies.clone();
        all.push(copies);
        Self { x: Matrix::new(x, self.x.rows() + 1, self.x.columns()), copies: all }
    }

    /// The rows in the given order.
    #[must_use]
    pub fn ordered(&self, order: &[usize]) -> Self {
        let rows: Vec<&[f64]> = order.iter().map(|&i| self.x.row(i)).collect();
        Self {
            x: Matrix::from_rows(&rows),
            copies: order.iter().map(|&i| self.copies[i]).collect(),
        }
    }

    /// A random order of the rows.
    pub fn shuffled_order(&self, seed: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.x.rows()).collect();
        Rng::new(seed, 2).shuffle(&mut order);
        order
    }

    /// Every row written out as often as it has copies.
    #[must_use]
    pub fn written_out(&self) -> Self {
        let rows: Vec<&[f64]> = (0..self.x.rows())
            .flat_map(|i| std::iter::repeat_n(self.x.row(i), self.copies[i] as usize))
            .collect();
        Self::plain(&rows)
    }

    /// The sample a detector is fitted on, and the sample's row of each row here.
    ///
    /// # Panics
    /// If the table is no sample (empty, not finite).
    pub fn sample(&self) -> (Sample, Vec<u32>) {
        Sample::collapse(&self.x, &self.copies).expect("a test table is a sample")
    }
}
