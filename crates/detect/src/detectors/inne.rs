//! INNE: isolation by nearest-neighbour ensembles.
//!
//! A few random rows each get a sphere that reaches to the nearest of the others. A row outside all
//! spheres is odd; a row inside is as odd as its sphere is large beside the sphere next to it.
//!
//! ```text
//! s(x) = mean_t  1                             where no sphere of set t holds x
//!                1 - (r(η(a)) + ε)/(r(a) + ε)  where a is the smallest sphere that holds x
//! ```
//!
//! `r(a)` is the squared distance of centre a to the nearest other centre of its set, `η(a)` that centre,
//! ε the machine epsilon. Centres are drawn from the N rows: a row may be drawn as often as it has
//! copies, and then its sphere is the point itself.
//!
//! - **Score**: 0 to 1, no unit; larger is odder.
//! - **Cost**: score O(t m d) a row for t sets of m centres; fitting is scoring the rows; memory O(t m d).
//! - **Blind to**: differences in features of small range (it does not scale them); dense groups of like
//!   attacks as numerous as ordinary rows.
//! - **Source**: T. R. Bandaragoda, K. M. Ting, D. Albrecht, F. T. Liu, Y. Zhu and J. R. Wells,
//!   "Isolation-based anomaly detection using nearest-neighbor ensembles", Computational Intelligence
//!   34(4), 2018.

use crate::{
    Card, Detector, FitError, Fitted, Kind, Param, ParamError, Part, Randomness, Scorer, Shape,
};
use lanner_frame::{Ctx, Matrix, Sample};
use lanner_kernels::lanes;
use lanner_kernels::sampling::{Size, Urn};
use serde::{Deserialize, Serialize};

/// Isolation by nearest-neighbour ensembles; see the [module page](self).
pub struct Inne;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Sets of spheres, 1 to 100,000. More sets, steadier scores.
    pub n_estimators: usize,
    /// Spheres in a set: a number (2 or more), a share of all rows, or "auto" for 8.
    pub max_samples: Size,
}

impl Default for Params {
    fn default() -> Self {
        Self { n_estimators: 200, max_samples: Size::AUTO }
    }
}

/// Spheres in a set by default, as in the reference.
const AUTO_SAMPLES: u64 = 8;

impl Detector for Inne {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "INNE",
        title: "Isolation by nearest-neighbour ensembles",
        idea: "A few random rows each get a sphere that reaches to the nearest of the others. A row \
               outside all spheres is odd, and one inside is odd if its sphere is large beside the \
               sphere next to it.",
        formula: "s(x) = mean over the sets of 1 (no sphere holds the row) or 1 - r(next)/r(own), r = \
                  squared radius of the smallest sphere that holds the row and of the one next to it",
        params: &[
            Param {
                name: "n_estimators",
                default: "200",
                allowed: "1 to 100000",
                what: "sets of spheres; more give steadier scores",
            },
            Param {
                name: "max_samples",
                default: "auto",
                allowed: "auto, a whole number >= 2, or a share above 0 up to 1.0",
                what: "spheres in a set; auto is 8, or all rows if there are fewer",
            },
        ],
        randomness: Randomness::Seeded,
        cost: "O(t m d) a row for t sets of m spheres, flat in N",
        blind_to: "Differences in features of small range (it does not scale), and groups of like \
                   attacks as numerous as ordinary rows.",
        source: "T. R. Bandaragoda, K. M. Ting, D. Albrecht, F. T. Liu, Y. Zhu, J. R. Wells: \
                 Isolation-based anomaly detection using nearest-neighbor ensembles. Computational \
                 Intelligence 34(4), 2018",
        departs: "",
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
        if !params.max_samples.is_valid(2) {
            let allowed = "auto, a whole number >= 2, or a share above 0 up to 1.0";
            return refuse("max_samples", params.max_samples.to_string(), allowed);
        }
        Ok(())
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        4e-8 * params.n_estimators as f64 * shape.n()
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let urn = Urn::new(x.copies());
        // A sphere reaches to another centre, so there must be two.
        let drawn = params.max_samples.of(urn.total(), AUTO_SAMPLES).max(2);
        if urn.total() < drawn {
            return Err(FitError::TooFewRows { need: drawn, have: urn.total() });
        }
        let mut model = Model {
            centers: Vec::new(),
            spheres: Vec::new(),
            in_set: drawn as u32,
            columns: x.columns() as u32,
            own: Vec::new(),
        };
        for set in 0..params.n_estimators {
            model.add_set(x, &urn.sample(drawn, &mut ctx.rng(set as u64)), ctx)?;
        }
        model.own = model.score_all(x.x(), ctx)?;
        Ok(model)
    }
}

/// The spheres, and the scores of the rows they were drawn from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    /// Centres, d values each, in the order of the spheres.
    centers: Vec<f64>,
    /// Spheres set by set, in each the largest first: the last one that holds a row is the smallest.
    spheres: Vec<Sphere>,
    in_set: u32,
    columns: u32,
    own: Vec<f64>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Sphere {
    /// Squared radius.
    radius: f64,
    /// The score of a row that it is the smallest to hold.
    score: f64,
}

impl Model {
    fn add_set(&mut self, x: &Sample, rows: &[u32], ctx: &Ctx) -> Result<(), FitError> {
        let distance = |a: usize, b: usize| -> f64 {
            let pairs = x.row(rows[a] as usize).iter().zip(x.row(rows[b] as usize));
            pairs.map(|(u, v)| (u - v) * (u - v)).sum()
        };
        let mut next: Vec<(f64, usize)> = Vec::with_capacity(rows.len());
        for a in 0..rows.len() {
            ctx.check()?;
            let others = (0..rows.len()).filter(|&b| b != a).map(|b| (distance(a, b), b));
            next.push(others.min_by(|p, q| p.0.total_cmp(&q.0)).expect("a set has two centres"));
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|&a, &b| next[b].0.total_cmp(&next[a].0).then(b.cmp(&a)));
        for a in order {
            let (radius, neighbour) = next[a];
            let score = 1.0 - (next[neighbour].0 + f64::EPSILON) / (radius + f64::EPSILON);
            self.spheres.push(Sphere { radius, score });
            self.centers.extend_from_slice(x.row(rows[a] as usize));
        }
        Ok(())
    }

    /// The scores of `L` rows, given as columns.
    fn score_lanes<const L: usize>(&self, columns: &[[f64; L]]) -> [f64; L] {
        let (d, m) = (self.columns as usize, self.in_set as usize);
        let mut sum = [0.0; L];
        for (spheres, centers) in self.spheres.chunks_exact(m).zip(self.centers.chunks_exact(m * d))
        {
            let mut score = [1.0; L];
            for (sphere, center) in spheres.iter().zip(centers.chunks_exact(d)) {
                let distance = lanes::squared_distances(columns, center);
                for (score, &distance) in score.iter_mut().zip(&distance) {
                    *score = if distance <= sphere.radius { sphere.score } else { *score };
                }
            }
            sum.iter_mut().zip(score).for_each(|(sum, score)| *sum += score);
        }
        let sets = (self.spheres.len() / m) as f64;
        sum.map(|s| s / sets)
    }
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn parts(&self) -> Vec<Part> {
        vec![Part::number("max_samples", f64::from(self.in_set))]
    }

    fn columns(&self) -> usize {
        self.columns as usize
    }

    fn check(&self) -> Result<(), &'static str> {
        let (d, m) = (self.columns as usize, self.in_set as usize);
        if d == 0 || m == 0 || self.spheres.is_empty() || !self.spheres.len().is_multiple_of(m) {
            return Err("sets of spheres are not whole");
        }
        if self.spheres.len().checked_mul(d) != Some(self.centers.len()) {
            return Err("spheres and centres differ in number");
        }
        Ok(())
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

    fn fit(rows: &[[f64; 1]], copies: &[u64]) -> Model {
        let x = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap().0;
        Inne::fit(&x, &Params::default(), &Ctx::small(1)).unwrap()
    }

    /// Centres 0, 1 and 4, all in every set. Squared radii: 1, 1 and 9 (4 reaches to 1). A row in the
    /// spheres of 0 or 1 scores 1 - 1/1 = 0; one that only the sphere of 4 holds scores 1 - 1/9; the
    /// sphere of 4 ends at 7.
    #[test]
    fn three_centres_by_hand() {
        let model = fit(&[[0.0], [1.0], [4.0]], &[1, 1, 1]);
        for (row, wanted) in
            [(0.5, 0.0), (2.0, 0.0), (3.0, 8.0 / 9.0), (7.0, 8.0 / 9.0), (7.1, 1.0)]
        {
            assert!((model.score(&[row]) - wanted).abs() < 1e-12, "{row}");
        }
    }

    /// Both copies of 0 are drawn: their spheres are the point 0. The sphere of 2 reaches to 0 and is
    /// infinitely larger than the one there.
    #[test]
    fn copies_shrink_a_sphere_to_a_point() {
        let model = fit(&[[0.0], [2.0]], &[2, 1]);
        assert_eq!(model.score(&[0.0]), 0.0);
        assert!((model.score(&[1.0]) - 1.0).abs() < 1e-12);
        assert!((model.own_scores()[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_row_has_no_neighbour() {
        let x = Sample::collapse(&Matrix::from_rows(&[[1.0]]), &[1]).unwrap().0;
        let error = Inne::fit(&x, &Params::default(), &Ctx::small(1)).unwrap_err();
        assert_eq!(error, FitError::TooFewRows { need: 2, have: 1 });
    }
}
