//! CBLOF: cluster-based local outlier factor.
//!
//! The rows are put into clusters, and the clusters into large and small ones. A row is as odd as it is
//! far from the centre of its own large cluster; a row of a small cluster, from the nearest large one.
//!
//! ```text
//! s(x) = |x - centre of x's cluster|        in a large cluster
//!        min_large |x - centre|             in a small one          (each times the cluster's rows
//!                                                                    with use_weights)
//! ```
//!
//! Clusters are sorted by their rows, copies counted; the first b are large, where b is the first place
//! at which they hold at least `alpha` N rows and the last of them is at least `beta` times the next; else
//! the first place where one of the two holds, `alpha` before `beta`. k-means counts copies too.
//!
//! - **Score**: a distance in the units of the features, 0 or more; larger is odder.
//! - **Cost**: fit O(n k d) an iteration of k-means (at most 300), score O(k d) a row; memory O(n + k d).
//! - **Blind to**: attacks that make a large cluster; features of small range (it does not scale them).
//! - **Source**: Z. He, X. Xu and S. Deng, "Discovering cluster-based local outliers", Pattern
//!   Recognition Letters 24(9-10), 2003; the unweighted distance after M. Amer and M. Goldstein,
//!   "Nearest-neighbor and clustering based anomaly detection algorithms for `RapidMiner`", RCOMM 2012.

use crate::{
    Card, Detector, FitError, Fitted, Kind, Param, ParamError, Part, Randomness, Scorer, Shape,
};
use lanner_frame::{Ctx, Matrix, Sample};
use lanner_kernels::kmeans::{Centers, kmeans};
use lanner_kernels::lanes;
use serde::{Deserialize, Serialize};

/// Cluster-based local outlier factor; see the [module page](self).
pub struct Cblof;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Clusters to form, 1 to 10,000.
    pub n_clusters: usize,
    /// Share of the rows that large clusters hold together, between 0 and 1.
    pub alpha: f64,
    /// How many times larger the smallest large cluster is than the next one, above 1.
    pub beta: f64,
    /// Multiply a row's score by the number of rows in its cluster.
    pub use_weights: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self { n_clusters: 8, alpha: 0.9, beta: 5.0, use_weights: false }
    }
}

impl Detector for Cblof {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "CBLOF",
        title: "Cluster-based local outlier factor",
        idea: "Rows are put into clusters by k-means, and clusters into large and small ones. A row is \
               odd that lies far from the centre of its large cluster, or, in a small cluster, from \
               every large one.",
        formula: "s(x) = distance to the centre of the row's own cluster if that is large, else to the \
                  nearest large cluster's",
        params: &[
            Param {
                name: "n_clusters",
                default: "8",
                allowed: "1 to 10000",
                what: "clusters to form",
            },
            Param {
                name: "alpha",
                default: "0.9",
                allowed: "above 0, below 1",
                what: "share of the rows that the large clusters hold together",
            },
            Param {
                name: "beta",
                default: "5.0",
                allowed: "above 1",
                what: "how many times larger the smallest large cluster is than the next one",
            },
            Param {
                name: "use_weights",
                default: "false",
                allowed: "true, false",
                what: "multiply a score by the number of rows in the row's cluster",
            },
        ],
        randomness: Randomness::Seeded,
        cost: "fit O(n k d) an iteration of k-means, at most 300; score O(k d) a row; flat in N",
        blind_to: "Attacks that fill a large cluster, and differences in features of small range (it \
                   does not scale). Clusters of like size have no split: then it ends with an error.",
        source: "Z. He, X. Xu, S. Deng: Discovering cluster-based local outliers. Pattern Recognition \
                 Letters 24(9-10), 2003",
        departs: "",
        kind: Kind::Numeric,
        default: true,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        let refuse = |name, given: String, allowed| {
            Err(ParamError::OutOfRange { model: Self::CARD.id, name, given, allowed })
        };
        if !(1..=10_000).contains(&params.n_clusters) {
            return refuse("n_clusters", params.n_clusters.to_string(), "1 to 10000");
        }
        if !(params.alpha > 0.0 && params.alpha < 1.0) {
            return refuse("alpha", format!("{:?}", params.alpha), "above 0 and below 1");
        }
        if !(params.beta > 1.0 && params.beta.is_finite()) {
            return refuse("beta", format!("{:?}", params.beta), "a finite number above 1");
        }
        Ok(())
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        6e-8 * params.n_clusters as f64 * shape.values()
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let k = params.n_clusters;
        if x.total() < k as u64 {
            return Err(FitError::TooFewRows { need: k as u64, have: x.total() });
        }
        let clusters = kmeans(x, k, &mut ctx.rng(0), ctx)?;
        let mut sizes = vec![0; k];
        for (&label, &copies) in clusters.labels.iter().zip(x.copies()) {
            sizes[label as usize] += copies;
        }
        let formed = sizes.iter().rposition(|&size| size > 0).map_or(0, |last| last + 1);
        let large = large_clusters(&sizes[..formed], params).ok_or(FitError::Undefined {
            why: "no split of the clusters into large and small ones satisfies alpha or beta; \
                  other values or another n_clusters may",
        })?;
        let large_rows: Vec<&[f64]> = large.iter().map(|&c| clusters.centers.row(c)).collect();
        let mut model = Model {
            all: Centers::new(&clusters.centers),
            large: Centers::new(&Matrix::from_rows(&large_rows)),
            is_large: (0..k).map(|c| large.contains(&c)).collect(),
            weights: sizes
                .iter()
                .map(|&s| if params.use_weights { s as f64 } else { 1.0 })
                .collect(),
            formed: formed as u32,
            own: Vec::new(),
        };
        model.own = model.score_all(x.x(), ctx)?;
        Ok(model)
    }
}

/// The numbers of the large clusters, largest first; `None` where neither `alpha` nor `beta` tells large
/// from small.
fn large_clusters(sizes: &[u64], params: &Params) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&c| std::cmp::Reverse(sizes[c]));
    let total = sizes.iter().sum::<u64>() as f64;
    let by_alpha = |&b: &usize| {
        let held: u64 = order[..b].iter().map(|&c| sizes[c]).sum();
        held as f64 >= total * params.alpha
    };
    let by_beta = |&b: &usize| sizes[order[b - 1]] as f64 / sizes[order[b]] as f64 >= params.beta;
    let mut splits = 1..sizes.len().max(1);
    let split = splits
        .clone()
        .find(|b| by_alpha(b) && by_beta(b))
        .or_else(|| splits.clone().find(by_alpha))
        .or_else(|| splits.find(by_beta))?;
    order.truncate(split);
    Some(order)
}

/// The centres of the clusters, and the scores of the rows they were formed of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    all: Centers,
    large: Centers,
    is_large: Vec<bool>,
    /// What a score is multiplied by, for each cluster.
    weights: Vec<f64>,
    /// Clusters that hold rows.
    formed: u32,
    own: Vec<f64>,
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn notes(&self) -> Vec<String> {
        if (self.formed as usize) < self.all.count() {
            vec![format!("{} clusters formed instead of {}", self.formed, self.all.count())]
        } else {
            Vec::new()
        }
    }

    fn parts(&self) -> Vec<Part> {
        let large = self.is_large.iter().map(|&large| f64::from(u8::from(large))).collect();
        vec![
            Part::table("centers", self.all.columns(), self.all.values().to_vec()),
            Part::list("large", large),
        ]
    }

    fn columns(&self) -> usize {
        self.all.columns()
    }

    fn check(&self) -> Result<(), &'static str> {
        let whole = self.all.is_whole() && self.large.is_whole();
        let k = self.all.count();
        if !whole || self.all.columns() != self.large.columns() {
            return Err("cluster centres are not whole");
        }
        if self.is_large.len() != k || self.weights.len() != k {
            return Err("clusters and centres differ in number");
        }
        Ok(())
    }
}

impl Model {
    fn score_lanes<const L: usize>(&self, columns: &[[f64; L]]) -> [f64; L] {
        let (own, large) = (self.all.nearest(columns), self.large.nearest(columns));
        std::array::from_fn(|l| {
            let (cluster, square) = own[l];
            let square = if self.is_large[cluster] { square } else { large[l].1 };
            (square.sqrt() * self.weights[cluster]).min(f64::MAX)
        })
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        self.score_lanes(row.as_chunks::<1>().0)[0]
    }

    fn score_block(&self, x: &Matrix, first: usize, out: &mut [f64]) {
        lanes::for_rows(x, first, out, |c| self.score_lanes(c), |c| self.score_lanes(c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(sizes: &[u64]) -> Option<Vec<usize>> {
        large_clusters(sizes, &Params::default())
    }

    /// Of 100 rows alpha wants 90 and beta a drop by 5: 60 + 35 hold 95, and 35 is 8.75 times 4.
    /// 50, 45, 5: both at 2. 85, 10, 5: alpha at 2, beta only at 1, and alpha goes first. 56 and four
    /// times 11: only beta, at 1. 40, 30, 30 neither.
    #[test]
    fn the_split_by_hand() {
        assert_eq!(split(&[4, 60, 1, 35]), Some(vec![1, 3]));
        assert_eq!(split(&[5, 45, 50]), Some(vec![2, 1]));
        assert_eq!(split(&[85, 10, 5]), Some(vec![0, 1]));
        assert_eq!(split(&[11, 11, 11, 11, 56]), Some(vec![4]));
        assert_eq!(split(&[30, 30, 40]), None);
        assert_eq!(split(&[9]), None);
    }

    /// Twenty rows at 0 and 1 each make two large clusters; the row at 5 is a small one, 4 from the
    /// nearest large centre.
    #[test]
    fn a_row_of_a_small_cluster_is_measured_from_the_nearest_large_one() {
        let x = Matrix::from_rows(&[[0.0], [1.0], [5.0]]);
        let x = Sample::collapse(&x, &[20, 20, 1]).unwrap().0;
        let params = Params { n_clusters: 3, ..Params::default() };
        let model = Cblof::fit(&x, &params, &Ctx::small(1)).unwrap();
        assert_eq!(model.own_scores(), [0.0, 0.0, 4.0]);
        assert_eq!(model.score(&[0.25]), 0.25);
        let weighted = Params { use_weights: true, ..params };
        let model = Cblof::fit(&x, &weighted, &Ctx::small(1)).unwrap();
        assert_eq!(model.score(&[0.25]), 5.0);
    }
}
