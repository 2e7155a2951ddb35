//! Multivariate normal distributions.

use serde::{Deserialize, Serialize};

/// A normal distribution over d features with a weight.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Normal {
    mean: Vec<f64>,
    /// What makes the features independent with variance 1: the inverse of the covariance's lower
    /// Cholesky factor, its rows one after the other (1, 2, ... d values); or d inverse standard
    /// deviations.
    whiten: Vec<f64>,
    /// Logarithm of weight times density at the mean.
    peak: f64,
}

impl Normal {
    /// `covariance` is a d x d matrix, row by row, of which the lower half counts, or d variances;
    /// `None` where it is not positive definite or out of the range of numbers. O(d^3) for a matrix.
    ///
    /// # Panics
    /// If the covariance is of another size.
    pub fn new(weight: f64, mean: Vec<f64>, covariance: &[f64]) -> Option<Self> {
        let d = mean.len();
        let (whiten, ln_volume) = if covariance.len() == d {
            let whiten: Vec<f64> = covariance.iter().map(|v| 1.0 / v.sqrt()).collect();
            let ln_volume: f64 = whiten.iter().map(|w| w.ln()).sum();
            (whiten, ln_volume)
        } else {
            let matrix = nalgebra::DMatrix::from_row_slice(d, d, covariance);
            let factor = nalgebra::Cholesky::new(matrix)?.unpack();
            let inverse = factor.solve_lower_triangular(&nalgebra::DMatrix::identity(d, d))?;
            let rows = (0..d).flat_map(|i| (0..=i).map(move |j| (i, j)));
            (rows.map(|at| inverse[at]).collect(), inverse.diagonal().map(f64::ln).sum())
        };
        let peak = weight.ln() + ln_volume - 0.5 * d as f64 * std::f64::consts::TAU.ln();
        let proper = peak.is_finite() && whiten.iter().all(|w| w.is_finite());
        proper.then_some(Self { mean, whiten, peak })
    }

    /// The logarithm of weight times density at `L` rows, given as columns (see [`crate::lanes`]);
    /// [`f64::MIN`] where a row is so far away that its distance overflows. O(d^2) a row, O(d) with
    /// variances alone.
    pub fn ln_mass<const L: usize>(&self, columns: &[[f64; L]]) -> [f64; L] {
        let d = self.mean.len();
        let mut square = [0.0; L];
        let mut rest = &self.whiten[..];
        for j in 0..d {
            // Row j of the factor meets features 0 to j, an inverse deviation only its own.
            let (first, width) = if self.whiten.len() == d { (j, 1) } else { (0, j + 1) };
            let (row, next) = rest.split_at(width);
            rest = next;
            let mut white = [0.0; L];
            for ((w, mean), column) in row.iter().zip(&self.mean[first..]).zip(&columns[first..]) {
                for (white, v) in white.iter_mut().zip(column) {
                    *white += w * (v - mean);
                }
            }
            square.iter_mut().zip(white).for_each(|(s, w)| *s += w * w);
        }
        // Overflows of opposite signs make NaN, which `max` passes over.
        square.map(|s| (self.peak - 0.5 * s).max(f64::MIN))
    }

    /// What its density is multiplied by.
    pub fn weight(&self) -> f64 {
        let d = self.mean.len();
        let diagonal = self.whiten.len() == d;
        let own = |j: usize| self.whiten[if diagonal { j } else { (j + 1) * (j + 2) / 2 - 1 }];
        let ln_volume: f64 = (0..d).map(|j| own(j).ln()).sum();
        (self.peak - ln_volume + 0.5 * d as f64 * std::f64::consts::TAU.ln()).exp()
    }

    /// Its mean, d values.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// What makes the features independent with variance 1: d inverse standard deviations, or the
    /// lower triangle of a d x d matrix, its rows one after the other.
    pub fn whitening(&self) -> &[f64] {
        &self.whiten
    }

    /// Says whether a distribution read from a file is one over `d` features.
    pub fn is_whole(&self, d: usize) -> bool {
        let half = d.checked_mul(d + 1).map(|cells| cells / 2);
        let sized = self.whiten.len() == d || Some(self.whiten.len()) == half;
        d > 0 && self.mean.len() == d && sized
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Covariance [[4, 2], [2, 2]]: determinant 4, inverse [[1/2, -1/2], [-1/2, 1]]. At (2, 1) from
    /// the mean the squared distance is 4/2 - 2 + 1 = 1.
    #[test]
    fn a_full_covariance_by_hand() {
        let normal = Normal::new(1.0, vec![1.0, 1.0], &[4.0, 2.0, 2.0, 2.0]).unwrap();
        let wanted = -std::f64::consts::TAU.ln() - 0.5 * 4f64.ln() - 0.5;
        assert!((normal.ln_mass(&[[3.0], [2.0]])[0] - wanted).abs() < 1e-12);
        assert!(normal.is_whole(2) && !normal.is_whole(3));
        assert!((normal.weight() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_positive_definite_is_refused() {
        assert!(Normal::new(1.0, vec![0.0, 0.0], &[1.0, 0.0, 2.0, 1.0]).is_none());
        assert!(Normal::new(1.0, vec![0.0, 0.0], &[1.0, 0.0]).is_none());
        assert!(Normal::new(1.0, vec![0.0], &[f64::INFINITY]).is_none());
    }
}
