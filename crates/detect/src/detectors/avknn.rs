//! `AvKNN`: mean distance to the k nearest rows.
//!
//! As KNN, but all k distances `d_1 .. d_k` to the nearest other rows have a say, so one chance
//! neighbour changes little:
//!
//! ```text
//! s(x) = (d_1 + ... + d_k) / k
//! ```
//!
//! A row's own other copies are neighbours at distance 0, and a neighbour with c copies counts c times.
//!
//! - **Score**: a distance, 0 or more (in the units of the features; with cosine 0 to 2); larger is
//!   odder.
//! - **Cost**: see [`Graph`](lanner_kernels::neighbours::Graph), shared with all models on neighbours.
//! - **Blind to**: a group of k or more odd rows close to each other; rows odd only for their region.
//! - **Source**: F. Angiulli, C. Pizzuti, "Fast Outlier Detection in High Dimensional Spaces",
//!   PKDD 2002 (their sum of the k distances, divided by k).
//! - **Departs from `PyOD`**, where it is KNN with method `mean`: no `metric_params` (weights of features)
//!   and no metrics beside those listed; `p` is refused, not ignored, where the metric takes none.

use crate::metric::{Exponent, METRIC, P, announced, graph_guess, metric};
use crate::nearest::{self, Method, Model};
use crate::{Card, Detector, FitError, Kind, Param, ParamError, Randomness, Shape};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::neighbours::Metric;
use serde::{Deserialize, Serialize};

/// Mean distance to the k nearest rows; see the [module page](self).
pub struct AvKnn;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Neighbours looked at, k; 1 or more, fewer than there are rows.
    pub n_neighbors: usize,
    /// `minkowski`, `euclidean` (`l2`), `manhattan` (`l1`, `cityblock`), `chebyshev` or `cosine`.
    pub metric: String,
    /// Exponent of the metric `minkowski`: 1 or more, or `"inf"`; 2 for any other metric.
    pub p: Exponent,
}

impl Default for Params {
    fn default() -> Self {
        Self { n_neighbors: 5, metric: "minkowski".to_owned(), p: Exponent::default() }
    }
}

impl Params {
    /// The metric meant.
    fn metric(&self) -> Result<Metric, ParamError> {
        metric(AvKnn::CARD.id, &self.metric, self.p)
    }
}

impl Detector for AvKnn {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "AvKNN",
        title: "Mean distance to the k nearest neighbours",
        idea: "Looks at the k most similar events. An event is odd when they are far away on average; \
               one event that happens to be near does not hide it as it can in KNN.",
        formula: "s(x) = (d_1 + ... + d_k) / k, d_i the distance from x to the i-th nearest other row, \
                  copies counted",
        params: &[
            Param {
                name: "n_neighbors",
                default: "5",
                allowed: "1 or more, fewer than rows",
                what: "neighbours looked at, k; an event repeated more than k times scores 0",
            },
            METRIC,
            P,
        ],
        randomness: Randomness::None,
        cost: "O(n d log n) for few features, O(n^2 d) for many; memory O(n k)",
        blind_to: "An attack repeated more than k times with equal fields, or a group of more than k \
                   attack rows close to each other. Distances follow the features' units (but for cosine), so a field \
                   with many codes drowns one with few.",
        source: "F. Angiulli, C. Pizzuti: Fast Outlier Detection in High Dimensional Spaces. PKDD, 2002",
        departs: "No weights of features (metric_params: scale them instead), no metric beside those \
                  listed. p is refused where the metric takes none, not ignored.",
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
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let metric = params.metric().expect("parameters were checked");
        Model::fit(x, params.n_neighbors, Method::Mean, metric, ctx)
    }
}
