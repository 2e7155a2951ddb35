//! `IForest`: isolation forest.
//!
//! Random trees cut small random samples of the rows apart, one feature and one random threshold at a
//! time. A row that few cuts set apart from all others is odd.
//!
//! ```text
//! s(x) = 2^( -mean_t h_t(x) / c(m) )
//! c(m) = 2 (ln(m - 1) + γ) - 2 (m - 1) / m,   c(2) = 1,   c(1) = 0
//! ```
//!
//! `h_t(x)` is the number of cuts on the way of x through tree t, plus `c(r)` where the way ends among r
//! rows not cut apart; m is the number of rows sampled for a tree. The rows of a tree are drawn from
//! the N rows: a row may be drawn as often as it has copies.
//!
//! - **Score**: 0 to 1, no unit; about 0.5 for ordinary rows; larger is odder.
//! - **Cost**: fit O(t m log m), score O(t log m) a row, memory O(t m), for t trees.
//! - **Blind to**: rows odd only in a combination of values each common by itself; tight groups of
//!   like attacks, unless the sample is small enough to thin them out.
//! - **Source**: F. T. Liu, K. M. Ting and Z.-H. Zhou, "Isolation Forest", ICDM 2008.
//! - **Departs from `PyOD`**: its scores are these less their percentile at the contamination (a
//!   constant; the order is the same). Values and thresholds are f64, where scikit-learn rounds to f32
//!   and takes a feature as constant below a width of 1e-7.

use crate::{
    Card, Detector, FitError, Fitted, Kind, Param, ParamError, Part, Randomness, Scorer, Shape,
};
use lanner_frame::{Ctx, Matrix, Sample};
use lanner_kernels::isolation::{Tree, mean_path};
use lanner_kernels::lanes::{self, LANES};
use lanner_kernels::sampling::{Size, Urn};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Isolation forest; see the [module page](self).
pub struct IForest;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Trees, 1 to 100,000. More trees, steadier scores.
    pub n_estimators: usize,
    /// Rows drawn for a tree: a number, a share of all, or "auto" for 256 (all, if there are fewer).
    pub max_samples: Size,
    /// Features a tree may cut at: a number, or a share of all (1.0 is all of them).
    pub max_features: Size,
    /// Draw rows with replacement.
    pub bootstrap: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            n_estimators: 100,
            max_samples: Size::AUTO,
            max_features: Size::Share(1.0),
            bootstrap: false,
        }
    }
}

/// Rows drawn for a tree by default (Liu et al., section 4.1).
const AUTO_SAMPLES: u64 = 256;

impl Detector for IForest {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "IForest",
        title: "Isolation forest",
        idea: "Random trees cut a few hundred random rows apart, one feature and one random threshold \
               at a time. Rows that few cuts set apart from all the others are odd.",
        formula: "s(x) = 2^(-mean path length over the trees / c(m)), m = rows drawn for a tree, \
                  c(m) = mean path length in a random search tree of m rows",
        params: &[
            Param {
                name: "n_estimators",
                default: "100",
                allowed: "1 to 100000",
                what: "trees; more give steadier scores",
            },
            Param {
                name: "max_samples",
                default: "auto",
                allowed: "auto, a whole number >= 1, or a share above 0 up to 1.0",
                what: "rows drawn for a tree; auto is 256, or all if there are fewer",
            },
            Param {
                name: "max_features",
                default: "1.0",
                allowed: "a whole number >= 1, or a share above 0 up to 1.0",
                what: "features a tree may cut at; 1.0 is all of them, 1 a single one",
            },
            Param {
                name: "bootstrap",
                default: "false",
                allowed: "true, false",
                what: "draw the rows of a tree with replacement",
            },
        ],
        randomness: Randomness::Seeded,
        cost: "fit O(t m log m), score O(t log m) a row for t trees of m rows; flat in N",
        blind_to: "Rows odd only in a combination of common values, and tight groups of like attacks.",
        source: "F. T. Liu, K. M. Ting, Z.-H. Zhou: Isolation Forest. ICDM, 2008",
        departs: "PyOD subtracts the scores' percentile at the contamination, a constant; the order is \
                  the same. Values stay f64 where scikit-learn rounds them to f32.",
        kind: Kind::Numeric,
        default: true,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        let refuse = |name, given: String, allowed| {
            Err(ParamError::OutOfRange { model: Self::CARD.id, name, given, allowed })
        };
        if !(1..=100_000).contains(&params.n_estimators) {
            return refuse("n_estimators", params.n_estimators.to_string(), "1 to 100000");
        }
        if !params.max_samples.is_valid(1) {
            let allowed = "auto, a whole number >= 1, or a share above 0 up to 1.0";
            return refuse("max_samples", params.max_samples.to_string(), allowed);
        }
        if !params.max_features.is_valid(1) || params.max_features == Size::AUTO {
            let allowed = "a whole number >= 1, or a share above 0 up to 1.0";
            return refuse("max_features", params.max_features.to_string(), allowed);
        }
        Ok(())
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        4e-8 * params.n_estimators as f64 * shape.n()
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let urn = Urn::new(x.copies());
        let drawn = params.max_samples.of(urn.total(), AUTO_SAMPLES);
        let features = params.max_features.of(x.columns() as u64, x.columns() as u64) as usize;
        let grow = |t: usize| {
            ctx.check()?;
            let mut rng = ctx.rng(t as u64);
            let rows = if params.bootstrap {
                (0..drawn).map(|_| urn.draw(&mut rng)).collect()
            } else {
                urn.sample(drawn, &mut rng)
            };
            Ok(Tree::grow(x.x(), rows, features, &mut rng))
        };
        let trees = ctx.parallel(|| {
            (0..params.n_estimators).into_par_iter().map(grow).collect::<Result<Vec<_>, FitError>>()
        })?;
        let unit = mean_path(drawn) * trees.len() as f64;
        let mut model = Model { trees, unit, columns: x.columns() as u32, own: Vec::new() };
        model.own = model.score_all(x.x(), ctx)?;
        Ok(model)
    }
}

/// The trees, and the scores of the rows they were grown on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    trees: Vec<Tree>,
    /// The path length through all trees that scores 1/2.
    unit: f64,
    columns: u32,
    own: Vec<f64>,
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn parts(&self) -> Vec<Part> {
        self.trees.iter().map(|tree| Part::table("tree", 4, tree.table())).collect()
    }

    fn columns(&self) -> usize {
        self.columns as usize
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.columns == 0 || !self.trees.iter().all(|tree| tree.is_whole(self.columns)) {
            return Err("a tree leads outside itself");
        }
        Ok(())
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        let mut length = [0.0];
        for tree in &self.trees {
            tree.walk(row.as_chunks::<1>().0, &mut length);
        }
        self.score_of(length[0])
    }

    /// Tree by tree, so that a tree stays in the cache while all rows of the block walk it.
    fn score_block(&self, x: &Matrix, first: usize, out: &mut [f64]) {
        let d = x.columns();
        let (groups, rest) = out.as_chunks_mut::<LANES>();
        let mut columns = vec![[0.0; LANES]; groups.len() * d];
        for (g, columns) in columns.chunks_exact_mut(d).enumerate() {
            lanes::gather(x, first + g * LANES, columns);
        }
        groups.as_flattened_mut().fill(0.0);
        for tree in &self.trees {
            for (lengths, columns) in groups.iter_mut().zip(columns.chunks_exact(d)) {
                tree.walk(columns, lengths);
            }
        }
        for length in groups.as_flattened_mut() {
            *length = self.score_of(*length);
        }
        for (i, score) in rest.iter_mut().enumerate() {
            *score = self.score(x.row(first + groups.len() * LANES + i));
        }
    }
}

impl Model {
    /// The score of a row whose paths have this total length. With one row drawn for a tree all paths
    /// are empty and the reference's convention is a score of 1/2.
    fn score_of(&self, length: f64) -> f64 {
        if self.unit > 0.0 { (-length / self.unit).exp2() } else { 0.5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &[[f64; 1]], copies: &[u64]) -> Model {
        let x = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap().0;
        IForest::fit(&x, &Params::default(), &Ctx::small(1)).unwrap()
    }

    /// Two rows, both drawn for every tree: one cut each, so h = 1 = c(2) and s = 2^-1.
    #[test]
    fn two_rows_score_a_half() {
        assert_eq!(fit(&[[0.0], [1.0]], &[1, 1]).own_scores(), [0.5, 0.5]);
    }

    /// Rows 0, 0 and 1: the only cut sets 1 apart (h = 1) and leaves the copies together
    /// (h = 1 + c(2) = 2). c(3) = 2 (ln 2 + 0.5772156649) - 4/3 = 1.207392358.
    #[test]
    fn copies_stay_together() {
        let own = fit(&[[0.0], [1.0]], &[2, 1]).own_scores().to_vec();
        let unit = 1.207_392_357_589_995_f64;
        assert!((own[0] - (-2.0 / unit).exp2()).abs() < 1e-12);
        assert!((own[1] - (-1.0 / unit).exp2()).abs() < 1e-12);
    }

    #[test]
    fn neighbouring_floats_are_cut_apart() {
        let next = f64::from_bits(1.0f64.to_bits() + 1);
        let own = fit(&[[1.0], [next]], &[1, 1]).own_scores().to_vec();
        assert_eq!(own, [0.5, 0.5]);
    }
}
