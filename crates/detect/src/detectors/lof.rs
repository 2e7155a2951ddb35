//! LOF: local outlier factor.
//!
//! Compares how densely a row is surrounded with how densely its neighbours are. A row scores about 1
//! inside any region, dense or thin, and more the lonelier it is than its neighbours.
//!
//! ```text
//! reach(x, o) = max( dist_k(o), |x - o| )       dist_k(o): distance from o to its k-th nearest row
//! lrd(x)      = 1 / ( mean of reach(x, o) over the k places next to x + 1e-10 )
//! s(x)        = mean of lrd(o) over the k places next to x / lrd(x)
//! ```
//!
//! A neighbour with c copies fills c places, a row's own other copies stand at distance 0. Rows tied at
//! `dist_k(x)` share the places that are left in proportion to copies, so no order of the rows has a say.
//! `k` is at most N - 1, as in the reference.
//!
//! - **Score**: a ratio, above 0; larger is odder. A row near more than k copies of one row can reach
//!   1e10 times its distance.
//! - **Cost**: see [`Graph`], shared with all models on neighbours,
//!   and O(n k) more. Shells of tied rows too large to be kept are searched again twice, so that memory
//!   stays O(n k) while time grows with the number of ties.
//! - **Blind to**: groups of k and more odd rows; rows with more than k copies whose neighbours have as
//!   many.
//! - **Source**: M. Breunig, H.-P. Kriegel, R. Ng, J. Sander, "LOF: Identifying Density-Based Local
//!   Outliers", SIGMOD 2000.
//! - **Departs from `PyOD`**: ties at the k-distance (there whichever row comes first); no `metric_params`
//!   (weights of features) and no metrics beside those listed; `p` is refused, not ignored, where the
//!   metric takes none.

use crate::metric::{Exponent, METRIC, P, announced, graph_guess, metric};
use crate::nearest;
use crate::{Card, Detector, FitError, Fitted, Kind, Param, ParamError, Randomness, Scorer, Shape};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::neighbours::{Graph, Index, Metric, Place, Search, Step};
use serde::{Deserialize, Serialize};

/// Local outlier factor; see the [module page](self).
pub struct Lof;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Neighbours looked at, k; 1 or more, at most N - 1 are used.
    pub n_neighbors: usize,
    /// `minkowski`, `euclidean` (`l2`), `manhattan` (`l1`, `cityblock`), `chebyshev` or `cosine`.
    pub metric: String,
    /// Exponent of the metric `minkowski`: 1 or more, or `"inf"`; 2 for any other metric.
    pub p: Exponent,
}

impl Default for Params {
    fn default() -> Self {
        Self { n_neighbors: 20, metric: "minkowski".to_owned(), p: Exponent::default() }
    }
}

impl Params {
    /// The metric meant.
    fn metric(&self) -> Result<Metric, ParamError> {
        metric(Lof::CARD.id, &self.metric, self.p)
    }
}

impl Detector for Lof {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "LOF",
        title: "Local outlier factor",
        idea: "Compares how lonely an event is with how lonely its most similar events are. It finds \
               events that are odd for their own corner of the data, even if other corners are far \
               emptier.",
        formula: "s(x) = mean over the k places next to x of lrd(o) / lrd(x); lrd(x) = 1 / (mean \
                  reach(x, o) + 1e-10); reach(x, o) = max(distance from o to its k-th nearest row, \
                  |x - o|)",
        params: &[
            Param {
                name: "n_neighbors",
                default: "20",
                allowed: "1 or more; at most rows - 1 are used",
                what: "neighbours looked at, k: more than the largest group that may be odd as a whole",
            },
            METRIC,
            P,
        ],
        randomness: Randomness::None,
        cost: "O(n d log n) for few features, O(n^2 d) for many; memory O(n k)",
        blind_to: "Groups of k or more odd rows: they are normal to each other. In tables of codes, where \
                   many events repeat more than k times, scores of rare events beside them jump by \
                   powers of ten and order badly.",
        source: "M. Breunig, H.-P. Kriegel, R. Ng, J. Sander: LOF: Identifying Density-Based Local \
                 Outliers. SIGMOD, 2000",
        departs: "Rows tied at the k-th distance share the places that are left in proportion to their \
                  copies; the reference takes whichever its search meets first, so its score depends on \
                  the order of the rows. No weights of features (metric_params: scale them instead), no \
                  metric beside those listed. p is refused where the metric takes none, not ignored.",
        kind: Kind::Numeric,
        default: true,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        nearest::check(Self::CARD.id, params.n_neighbors, &params.metric, params.p)
    }

    fn neighbours(params: &Params) -> usize {
        announced(params.n_neighbors, &params.metric())
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        graph_guess(params.n_neighbors, &params.metric(), shape)
            + 1e-7 * shape.n() * params.n_neighbors as f64
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        if x.total() < 2 {
            return Err(FitError::TooFewRows { need: 2, have: x.total() });
        }
        let k = (params.n_neighbors as u64).min(x.total() - 1);
        let metric = params.metric().expect("parameters were checked");
        let graph = Graph::shared_with(x, metric, k, ctx)?;
        let last = |steps: &[Step]| steps.last().map_or(0.0, |s| s.distance);
        let reach = graph.map_steps(k, ctx, last)?;
        let density = graph.map_places(k, ctx, |_, places| density(places, &reach, k))?;
        let factor = |row: usize, places: &[Place]| factor(places, &density, k) / density[row];
        let own = graph.map_places(k, ctx, factor)?;
        Ok(Model { index: graph.index().clone(), k, reach, density, own })
    }
}

/// The rows fitted on and their surroundings.
#[derive(Debug, Serialize, Deserialize)]
pub struct Model {
    index: Index,
    k: u64,
    /// Distance of each row to its k-th nearest.
    reach: Vec<f64>,
    /// Local reachability density of each row.
    density: Vec<f64>,
    own: Vec<f64>,
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
        let n = self.index.rows();
        if [&self.reach, &self.density, &self.own].iter().any(|v| v.len() != n) {
            return Err("not one reach, density and score for each row");
        }
        let filled = self.index.copies().iter().sum::<u64>() > self.k && self.k > 0;
        filled.then_some(()).ok_or("more neighbours than rows")
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        let (mut search, mut places) = (Search::default(), Vec::new());
        self.index.places(row, self.k, &mut search, &mut places);
        let density_here = density(&places, &self.reach, self.k);
        (factor(&places, &self.density, self.k) / density_here).min(f64::MAX)
    }
}

/// Local reachability density of a row with these k places.
fn density(places: &[Place], reach: &[f64], k: u64) -> f64 {
    let terms = places.iter().map(|p| p.share * p.distance.max(reach[p.row as usize]));
    1.0 / (terms.sum::<f64>() / k as f64 + 1e-10)
}

/// Mean density of k places.
fn factor(places: &[Place], density: &[f64], k: u64) -> f64 {
    let terms = places.iter().map(|p| p.share * density[p.row as usize]);
    terms.sum::<f64>() / k as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Matrix;

    fn fit(rows: &[[f64; 1]], copies: &[u64], k: usize) -> Model {
        let sample = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap().0;
        Lof::fit(&sample, &Params { n_neighbors: k, ..Params::default() }, &Ctx::small(1)).unwrap()
    }

    /// Rows 0, 1, 3 and k = 1 (1e-10 left out): distances to the nearest are 1, 1, 2, nearest rows 1, 0,
    /// 1. reach = max(1, 1), max(1, 1), max(1, 2), so lrd = 1, 1, 1/2 and s = 1, 1, 1/(1/2).
    #[test]
    fn matches_the_formula_by_hand() {
        let model = fit(&[[0.0], [1.0], [3.0]], &[1, 1, 1], 1);
        for (score, want) in model.own_scores().iter().zip([1.0, 1.0, 2.0]) {
            assert!((score - want).abs() < 1e-9, "{score} {want}");
        }
        // A new row 4: nearest is 3 at 1, reach max(2, 1) = 2, lrd 1/2, s = (1/2) / (1/2).
        assert!((model.score(&[4.0]) - 1.0).abs() < 1e-9);
    }

    /// Rows 0 (three times), 1, and 2, with k = 2. The row 1 has three copies of 0 and one of 2 at its
    /// 2-distance 1, for two places: shares 1.5 and 0.5. 0 has two other copies at distance 0:
    /// `dist_k` = 0, lrd = 1e10. 2 has 1 at distance 1 and a copy of 0 at distance 2: `dist_k` = 2.
    /// lrd(1) = 1 / ((1.5 max(0, 1) + 0.5 max(2, 1)) / 2) = 1 / 1.25.
    #[test]
    fn ties_share_the_places_left() {
        let model = fit(&[[0.0], [1.0], [2.0]], &[3, 1, 1], 2);
        assert_eq!(model.reach, [0.0, 1.0, 2.0]);
        assert!((model.density[1] - 0.8).abs() < 1e-9, "{}", model.density[1]);
        assert!((model.density[0] / 1e10 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn more_neighbours_than_rows_are_cut_to_what_there_is() {
        let few = fit(&[[0.0], [1.0], [5.0]], &[1, 1, 1], 99);
        assert_eq!(few.own, fit(&[[0.0], [1.0], [5.0]], &[1, 1, 1], 2).own);
    }
}
