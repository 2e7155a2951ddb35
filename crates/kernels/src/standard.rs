//! Features brought to mean 0 and standard deviation 1.

use crate::blocks::sum_over_rows;
use lanner_frame::{Cancelled, Ctx, Matrix, Sample};
use serde::{Deserialize, Serialize};

/// Mean and standard deviation of each feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standard {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Standard {
    /// Takes means and population standard deviations over the N rows. A feature whose variance may
    /// be rounding alone counts as constant and has the deviation 1, as scikit-learn's
    /// `StandardScaler` decides it (variance at most N eps variance + (N mean eps)^2).
    ///
    /// # Errors
    /// [`Cancelled`] when the run is interrupted.
    ///
    /// # Cost
    /// O(n d), in parallel.
    ///
    /// # Source
    /// The two passes with correction of T. F. Chan, G. H. Golub and R. J. `LeVeque`, "Algorithms for
    /// computing the sample variance", The American Statistician 37(3), 1983.
    pub fn fit(x: &Sample, ctx: &Ctx) -> Result<Self, Cancelled> {
        let (n, d, total) = (x.rows(), x.columns(), x.total() as f64);
        // Values are divided by powers of two, without rounding, so that no square overflows.
        let mut unit = vec![0.0_f64; d];
        for row in x.x().iter_rows() {
            unit.iter_mut().zip(row).for_each(|(u, v)| *u = u.max(v.abs()));
        }
        for unit in &mut unit {
            *unit = unit.log2().floor().clamp(-500.0, 1023.0).exp2();
        }
        let sum = sum_over_rows(n, d, ctx, |rows, sum| {
            for i in rows {
                let c = x.copies()[i] as f64;
                for ((sum, v), unit) in sum.iter_mut().zip(x.row(i)).zip(&unit) {
                    *sum += c * (v / unit);
                }
            }
        })?;
        let mean: Vec<f64> = sum.iter().map(|s| s / total).collect();
        let moments = sum_over_rows(n, 2 * d, ctx, |rows, sums| {
            let (first, second) = sums.split_at_mut(d);
            for i in rows {
                let c = x.copies()[i] as f64;
                for (j, v) in x.row(i).iter().enumerate() {
                    let off = v / unit[j] - mean[j];
                    first[j] += c * off;
                    second[j] += c * (off * off);
                }
            }
        })?;
        let deviation = |j: usize| {
            let (first, second) = (moments[j], moments[d + j]);
            let variance = (second - first * first / total) / total;
            let rounding = (total * mean[j] * f64::EPSILON).powi(2);
            let constant = variance <= total * f64::EPSILON * variance + rounding;
            if constant { 1.0 } else { variance.sqrt() * unit[j] }
        };
        Ok(Self {
            deviation: (0..d).map(deviation).collect(),
            mean: mean.iter().zip(&unit).map(|(m, u)| m * u).collect(),
        })
    }

    /// Changes nothing about rows of `d` features.
    pub fn none(d: usize) -> Self {
        Self { mean: vec![0.0; d], deviation: vec![1.0; d] }
    }

    /// Standardises `L` rows, given as columns (see [`crate::lanes`]).
    pub fn columns<const L: usize>(&self, columns: &[[f64; L]]) -> Vec<[f64; L]> {
        let known = self.mean.iter().zip(&self.deviation);
        let pairs = columns.iter().zip(known);
        pairs.map(|(column, (mean, deviation))| column.map(|v| (v - mean) / deviation)).collect()
    }

    /// Standardises all rows.
    pub fn rows(&self, x: &Matrix) -> Matrix {
        let values = x.iter_rows().flat_map(|row| self.columns(row.as_chunks::<1>().0));
        Matrix::new(values.map(|[v]| v).collect(), x.rows(), x.columns())
    }

    /// Number of features, d.
    pub fn features(&self) -> usize {
        self.mean.len()
    }

    /// Says whether one read from a file is whole: at least one feature, a deviation for each.
    pub fn is_whole(&self) -> bool {
        !self.mean.is_empty() && self.mean.len() == self.deviation.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values 0, 0, 0, 4: mean 1, variance 3, so 4 becomes 3 / sqrt 3; the constant feature keeps its
    /// unit.
    #[test]
    fn copies_count_and_constants_stay() {
        for size in [1.0, 1e300] {
            let x = Matrix::from_rows(&[[0.0, 0.1], [4.0 * size, 0.1]]);
            let sample = Sample::collapse(&x, &[3, 1]).unwrap().0;
            let standard = Standard::fit(&sample, &Ctx::small(0)).unwrap();
            let z = standard.rows(&x);
            assert!((z.row(1)[0] - 3.0_f64.sqrt()).abs() < 1e-12, "{z:?}");
            assert!((z.row(0)[0] + 1.0 / 3.0_f64.sqrt()).abs() < 1e-12);
            assert!(z.column(1).iter().all(|v| v.abs() < 1e-15));
        }
    }
}
