//! Scores from the distances to the k nearest rows: what KNN and AvKNN share.

use crate::metric::{Exponent, metric};
use crate::{FitError, Fitted, ParamError, Scorer};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::neighbours::{Graph, Index, Metric, Search, Step};
use serde::{Deserialize, Serialize};

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
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
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
}

/// The score of a row whose k distances are given as steps.
fn score(steps: &[Step], k: u64, method: Method) -> f64 {
    // The distance in place i of k, from 0.
    let at = |i: u64| {
        let mut filled = 0;
        let reached = steps.iter().find(|s| {
            filled += s.places;
            filled > i
        });
        reached.or(steps.last()).map_or(0.0, |s| s.distance)
    };
    match method {
        Method::Largest => at(k - 1),
        Method::Mean => steps.iter().map(|s| s.distance * s.places as f64).sum::<f64>() / k as f64,
        Method::Median => f64::midpoint(at((k - 1) / 2), at(k / 2)),
    }
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

    #[test]
    fn as_many_neighbours_as_rows_are_too_many() {
        let rows = Matrix::from_rows(&[[0.0], [1.0]]);
        let sample = Sample::collapse(&rows, &[2, 1]).unwrap().0;
        let error =
            Model::fit(&sample, 3, Method::Mean, Metric::Euclidean, &Ctx::small(1)).unwrap_err();
        assert_eq!(error, FitError::TooFewRows { need: 4, have: 3 });
    }
}
