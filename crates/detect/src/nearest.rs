//! Scores from the distances to the k nearest rows: what KNN and AvKNN share.

use crate::metric::{Exponent, metric};
use crate::{FitError, Fitted, ParamError, Scorer};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::neighbours::{Graph, Index, Metric, Place, Search, Step};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The number that stands for a row's k distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The distance to the k-th nearest row.
    Largest,
    /// The mean of the k distances.
    Mean,
    /// The median of the k distances.
    Median,
}

/// Checks what all detectors on neighbours may be told.
pub(crate) fn check(
    model: &'static str,
    n_neighbors: usize,
    name: &str,
    p: Exponent,
) -> Result<(), ParamError> {
    if n_neighbors == 0 {
        let (name, given) = ("n_neighbors", "0".to_owned());
        return Err(ParamError::OutOfRange { model, name, given, allowed: "1 or more" });
    }
    metric(model, name, p).map(drop)
}

/// The rows fitted on, and how a row's k distances become its score.
#[derive(Debug, Serialize, Deserialize)]
pub struct Model {
    index: Index,
    k: u64,
    method: Method,
    own: Vec<f64>,
}

impl Model {
    /// Scores every row by its distances to k others, its own other copies among them.
    pub(crate) fn fit(
        x: &Sample,
        n_neighbors: usize,
        method: Method,
        metric: Metric,
        ctx: &Ctx,
    ) -> Result<Self, FitError> {
        let k = n_neighbors as u64;
        if x.total() <= k {
            return Err(FitError::TooFewRows { need: k.saturating_add(1), have: x.total() });
        }
        let graph = Graph::shared_with(x, metric, k, ctx)?;
        let own = graph.map_steps(k, ctx, |steps| score(steps, k, method))?;
        Ok(Self { index: graph.index().clone(), k, method, own })
    }

    /// Splits the score of a row whose k places are given into shares of the columns. Not where a
    /// distance overflows, which leaves a score without parts.
    fn split(&self, row: &[f64], places: &[Place], out: &mut [f64]) -> bool {
        let mut parts = vec![0.0; row.len()];
        let mut shares = vec![0.0; row.len()];
        let wanted = self.method.places(self.k);
        let mut filled = 0;
        for shell in places.chunk_by(|a, b| a.distance == b.distance) {
            let sum: f64 = shell.iter().map(|place| place.share).sum();
            let start = filled;
            // A whole number, but for the rounding of the last shell's shares.
            filled += sum.round() as u64;
            let counted = overlap(&(start..filled), &wanted) as f64;
            if counted == 0.0 {
                continue;
            }
            for place in shell {
                let other = self.index.row(place.row as usize);
                if !(place.distance.is_finite()
                    && self.index.metric().parts(row, &other, &mut parts))
                {
                    return false;
                }
                let weight = counted / (wanted.end - wanted.start) as f64 * (place.share / sum);
                for (share, part) in shares.iter_mut().zip(&parts) {
                    *share += weight * place.distance * part;
                }
            }
        }
        out.copy_from_slice(&shares);
        true
    }
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn own_shares(&self, i: usize, row: &[f64], out: &mut [f64]) -> bool {
        let mut places = Vec::new();
        self.index.own_places(i, self.k, &mut Search::default(), &mut places);
        self.split(row, &places, out)
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn columns(&self) -> usize {
        self.index.columns()
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.own.len() != self.index.rows() {
            return Err("not one score for each row");
        }
        let filled = self.index.copies().iter().sum::<u64>() > self.k && self.k > 0;
        filled.then_some(()).ok_or("more neighbours than rows")
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        let (mut search, mut steps) = (Search::default(), Vec::new());
        self.index.steps(row, self.k, &mut search, &mut steps);
        score(&steps, self.k, self.method).min(f64::MAX)
    }

    fn shares(&self, row: &[f64], out: &mut [f64]) -> bool {
        let mut places = Vec::new();
        self.index.places(row, self.k, &mut Search::default(), &mut places);
        self.split(row, &places, out)
    }

    fn shares_are_distances(&self) -> bool {
        true
    }
}

impl Method {
    /// The places of k, from 0, whose mean distance is the score.
    fn places(self, k: u64) -> Range<u64> {
        match self {
            Self::Largest => k - 1..k,
            Self::Mean => 0..k,
            Self::Median => (k - 1) / 2..k / 2 + 1,
        }
    }
}

/// The score of a row whose k distances are given as steps.
fn score(steps: &[Step], k: u64, method: Method) -> f64 {
    let wanted = method.places(k);
    let mut filled = 0;
    let weighed = steps.iter().map(|step| {
        let start = filled;
        filled += step.places;
        (step.distance, overlap(&(start..filled), &wanted))
    });
    let counted = weighed.filter(|&(_, weight)| weight > 0);
    let sum: f64 = counted.map(|(distance, weight)| distance * weight as f64).sum();
    sum / (wanted.end - wanted.start) as f64
}

/// How many places two ranges of them have in common.
fn overlap(a: &Range<u64>, b: &Range<u64>) -> u64 {
    a.end.min(b.end).saturating_sub(a.start.max(b.start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Matrix;

    fn fit(rows: &[[f64; 1]], copies: &[u64], k: usize, method: Method) -> Model {
        let sample = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap().0;
        Model::fit(&sample, k, method, Metric::Euclidean, &Ctx::small(1)).unwrap()
    }

    /// Rows 0, 0, 3, 10 and k = 3. Row 0 has distances 0, 3, 10; row 3 has 3, 3, 7; row 10 has 7, 10, 10.
    #[test]
    fn copies_are_neighbours_at_distance_zero() {
        let (rows, copies) = ([[0.0], [3.0], [10.0]], [2, 1, 1]);
        assert_eq!(fit(&rows, &copies, 3, Method::Largest).own_scores(), [10.0, 7.0, 10.0]);
        assert_eq!(fit(&rows, &copies, 3, Method::Median).own_scores(), [3.0, 3.0, 10.0]);
        let mean = fit(&rows, &copies, 3, Method::Mean);
        assert_eq!(mean.own_scores(), [13.0 / 3.0, 13.0 / 3.0, 9.0]);
        // A new row 0 has distances 0, 0, 3, and even k takes the mean of the middle two.
        assert_eq!(mean.score(&[0.0]), 1.0);
        assert_eq!(fit(&rows, &copies, 2, Method::Median).own_scores(), [1.5, 3.0, 8.5]);
    }

    fn own_shares(model: &Model, sample: &Sample, i: usize) -> [f64; 2] {
        let mut shares = [f64::NAN; 2];
        assert!(model.own_shares(i, sample.row(i), &mut shares));
        shares
    }

    /// From (0, 0), there twice: its copy at 0, then (3, 4) and (5, 0), which is there twice, at 5.
    /// k = 2 takes one place of the three at 5, a third of it (3, 4) with parts 9/25 and 16/25.
    #[test]
    fn a_shell_shares_its_parts_by_copies() {
        let rows = Matrix::from_rows(&[[0.0, 0.0], [3.0, 4.0], [5.0, 0.0], [90.0, 90.0]]);
        let sample = Sample::collapse(&rows, &[2, 1, 2, 1]).unwrap().0;
        let shell = [5.0 * (0.36 + 2.0) / 3.0, 5.0 * 0.64 / 3.0];
        let half = shell.map(|share| 0.5 * share);
        for (method, expected) in
            [(Method::Largest, shell), (Method::Mean, half), (Method::Median, half)]
        {
            let model = Model::fit(&sample, 2, method, Metric::Euclidean, &Ctx::small(1)).unwrap();
            let shares = own_shares(&model, &sample, 0);
            let close = shares.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(close, "{method:?}: {shares:?}");
            // As a new row it has two copies at 0, which fill both places.
            let mut as_new = [f64::NAN; 2];
            assert!(model.shares(&[0.0, 0.0], &mut as_new) && as_new == [0.0; 2]);
        }
    }

    #[test]
    fn shares_add_up_in_every_metric_but_cosine() {
        let rows = [[0.0, 1.0], [3.0, 4.0], [5.0, -2.0], [9.0, 7.0], [9.5, 7.0]];
        let sample = Sample::collapse(&Matrix::from_rows(&rows), &[2, 1, 3, 1, 2]).unwrap().0;
        for method in [Method::Largest, Method::Mean, Method::Median] {
            for metric in [Metric::Manhattan, Metric::Chebyshev, Metric::Minkowski(3.0)] {
                let model = Model::fit(&sample, 4, method, metric, &Ctx::small(1)).unwrap();
                for (i, own) in model.own_scores().iter().enumerate() {
                    let sum: f64 = own_shares(&model, &sample, i).iter().sum();
                    assert!((sum - own).abs() < 1e-12, "{metric:?}, {method:?}: {sum} for {own}");
                }
            }
            let cosine = Model::fit(&sample, 4, method, Metric::Cosine, &Ctx::small(1)).unwrap();
            assert!(!cosine.own_shares(0, sample.row(0), &mut [f64::NAN; 2]));
        }
    }

    /// The square of the largest number is no number.
    #[test]
    fn a_distance_that_overflows_has_no_shares() {
        let model = fit(&[[0.0], [1.0], [2.0]], &[1, 1, 1], 2, Method::Median);
        let mut shares = [f64::NAN];
        assert_eq!(model.score(&[f64::MAX]), f64::MAX);
        assert!(!model.shares(&[f64::MAX], &mut shares) && shares[0].is_nan());
    }

    #[test]
    fn as_many_neighbours_as_rows_are_too_many() {
        let rows = Matrix::from_rows(&[[0.0], [1.0]]);
        let sample = Sample::collapse(&rows, &[2, 1]).unwrap().0;
        let error =
            Model::fit(&sample, 3, Method::Mean, Metric::Euclidean, &Ctx::small(1)).unwrap_err();
        assert_eq!(error, FitError::TooFewRows { need: 4, have: 3 });
    }
}
