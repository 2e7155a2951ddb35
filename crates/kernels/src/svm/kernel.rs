//! Kernels, and weighted sums of them.

use crate::elementary::exp2_of_negative;
use crate::lanes::{self, squared_distances};
use lanner_frame::{Cancelled, Ctx, Matrix};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::f64::consts::LOG2_E;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A measure of how alike two rows u and v are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Kernel {
    /// u'v.
    Linear,
    /// (gamma u'v + coef0)^degree.
    Poly {
        /// Factor, 0 or more.
        gamma: f64,
        /// Offset.
        coef0: f64,
        /// Power.
        degree: u16,
    },
    /// exp(-gamma |u - v|^2).
    Rbf {
        /// Factor, 0 or more.
        gamma: f64,
    },
    /// tanh(gamma u'v + coef0).
    Sigmoid {
        /// Factor, 0 or more.
        gamma: f64,
        /// Offset.
        coef0: f64,
    },
}

impl Kernel {
    /// The kernel of `L` rows, given as columns (see [`crate::lanes`]), with one point. O(d) a row.
    pub fn of<const L: usize>(&self, columns: &[[f64; L]], point: &[f64]) -> [f64; L] {
        match *self {
            Self::Linear => products(columns, point),
            Self::Poly { gamma, coef0, degree } => {
                products(columns, point).map(|p| (gamma * p + coef0).powi(i32::from(degree)))
            }
            Self::Rbf { gamma } => {
                let bits = -gamma * LOG2_E;
                squared_distances(columns, point).map(|s| exp2_of_negative(bits * s))
            }
            Self::Sigmoid { gamma, coef0 } => {
                products(columns, point).map(|p| (gamma * p + coef0).tanh())
            }
        }
    }

    /// Whether every matrix of this kernel is positive semidefinite, so that there is one optimum.
    pub fn is_positive(&self) -> bool {
        match *self {
            Self::Linear | Self::Rbf { .. } => true,
            Self::Poly { coef0, .. } => coef0 >= 0.0,
            Self::Sigmoid { .. } => false,
        }
    }
}

/// The inner products of `L` rows with one point.
fn products<const L: usize>(columns: &[[f64; L]], point: &[f64]) -> [f64; L] {
    let mut sum = [0.0; L];
    for (column, &p) in columns.iter().zip(point) {
        sum.iter_mut().zip(column).for_each(|(sum, &v)| *sum += v * p);
    }
    sum
}

/// A sum of kernels about weighted points: `sum_j w_j K(p_j, x)`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Expansion {
    kernel: Kernel,
    columns: u32,
    points: Vec<f64>,
    weights: Vec<f64>,
}

impl Expansion {
    /// About the rows of `x` that have a weight other than 0.
    pub fn new(kernel: Kernel, x: &Matrix, weights: &[f64]) -> Self {
        let kept = || x.iter_rows().zip(weights).filter(|(_, w)| **w != 0.0);
        Self {
            kernel,
            columns: x.columns() as u32,
            points: kept().flat_map(|(row, _)| row).copied().collect(),
            weights: kept().map(|(_, &w)| w).collect(),
        }
    }

    /// The points, one after the other, and the weight of each.
    pub fn terms(&self) -> (&[f64], &[f64]) {
        (&self.points, &self.weights)
    }

    /// The sum at `L` rows, given as columns. O(d) a point and row.
    pub fn at<const L: usize>(&self, columns: &[[f64; L]]) -> [f64; L] {
        let mut sum = [0.0; L];
        for (point, weight) in self.points.chunks_exact(self.columns()).zip(&self.weights) {
            let kernel = self.kernel.of(columns, point);
            sum.iter_mut().zip(kernel).for_each(|(sum, k)| *sum += weight * k);
        }
        sum
    }

    /// The sum at every row, in blocks on all threads; `report` is told how many rows are done.
    ///
    /// # Errors
    /// [`Cancelled`] when the run is interrupted.
    pub fn at_rows(
        &self,
        x: &Matrix,
        ctx: &Ctx,
        report: impl Fn(usize) + Sync,
    ) -> Result<Vec<f64>, Cancelled> {
        const BLOCK: usize = 64;
        let done = AtomicUsize::new(0);
        let mut sums = vec![0.0; x.rows()];
        ctx.parallel(|| {
            sums.par_chunks_mut(BLOCK).enumerate().try_for_each(|(b, out)| {
                ctx.check()?;
                lanes::for_rows(x, b * BLOCK, out, |c| self.at(c), |c| self.at(c));
                report(done.fetch_add(out.len(), Ordering::Relaxed) + out.len());
                Ok::<(), Cancelled>(())
            })
        })?;
        Ok(sums)
    }

    /// Number of features, d.
    pub fn columns(&self) -> usize {
        self.columns as usize
    }

    /// Number of points.
    pub fn points(&self) -> usize {
        self.weights.len()
    }

    /// Says whether an expansion read from a file is one: d at least 1, d values a point.
    pub fn is_whole(&self) -> bool {
        let wanted = self.weights.len().checked_mul(self.columns());
        self.columns > 0 && wanted == Some(self.points.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// u = (1, 2), v = (3, -1): u'v = 1, |u - v|^2 = 4 + 9 = 13.
    #[test]
    fn kernels_by_hand() {
        let of = |kernel: Kernel| kernel.of(&[[1.0], [2.0]], &[3.0, -1.0])[0];
        assert_eq!(of(Kernel::Linear), 1.0);
        assert_eq!(of(Kernel::Poly { gamma: 0.5, coef0: 1.0, degree: 3 }), 3.375);
        assert!((of(Kernel::Rbf { gamma: 0.1 }) - (-1.3_f64).exp()).abs() < 1e-14);
        assert_eq!(of(Kernel::Sigmoid { gamma: 0.5, coef0: -0.25 }), 0.25_f64.tanh());
    }

    #[test]
    fn points_without_weight_are_left_out() {
        let x = Matrix::from_rows(&[[1.0], [2.0], [4.0]]);
        let sum = Expansion::new(Kernel::Linear, &x, &[2.0, 0.0, -1.0]);
        assert_eq!((sum.points(), sum.columns(), sum.is_whole()), (2, 1, true));
        assert_eq!(sum.at(&[[3.0, 1.0]]), [-6.0, -2.0]);
    }
}
