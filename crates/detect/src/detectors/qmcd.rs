//! QMCD: wrap-around discrepancy.
//!
//! Measures how evenly rows fill the box they lie in, with opposite faces of the box glued together,
//! and gives each row the part it has in the unevenness. Whether a large or a small part is odd is
//! decided by the shape of the parts' distribution: the longer tail is the odd one.
//!
//! ```text
//! z_j     = (x_j - low_j) / (high_j - low_j)
//! q(x)    = 1/N^2 * sum over rows y of prod over j of (3/2 - t (1 - t)) - (4/3)^d,   t = |z_j(x) - z_j(y)|
//! s(x)    = q(x), or (largest q + smallest q) - q(x) if the parts are turned round
//! ```
//!
//! `low` and `high` are the smallest and largest fitted value of a field; a field narrower than ten
//! rounding steps of 1 is moved and not scaled. The parts are turned round where their skewness is
//! negative, or their excess kurtosis is; largest, smallest, skewness and kurtosis are those of the N
//! fitted rows. A row with c copies enters every sum c times.
//!
//! - **Score**: a small difference of large numbers, of order 1/N, without a unit; larger is odder.
//! - **Cost**: fit O(n^2 d) for half of all pairs, on all threads; a new row O(n d).
//! - **Blind to**: rows odd in few of many fields; where far rows stretch the box, all others fall
//!   together in one spot of it.
//! - **Source**: K.-T. Fang and C.-X. Ma, "Wrap-around L2-discrepancy of random sampling, Latin
//!   hypercube and uniform designs", Journal of Complexity 17 (2001) 608-624.
//! - **Departs from `PyOD`**: nothing but the order of summation. New rows are measured one by one
//!   against the fitted rows, scale and direction, as there.

#![expect(
    clippy::inline_always,
    reason = "the kernel must be compiled with the instructions of the loop that calls it"
)]

use crate::{Card, Detector, FitError, Fitted, Kind, ParamError, Randomness, Scorer, Shape};
use lanner_frame::{Ctx, Matrix, Sample};
use lanner_kernels::lanes::LANES;
use lanner_kernels::moments::{excess_kurtosis, skewness};
use lanner_kernels::pairs::{Kernel, row_sums, sum_at};
use lanner_kernels::tiles::Tiles;
use serde::{Deserialize, Serialize};

/// Wrap-around discrepancy; see the [module page](self).
pub struct Qmcd;

/// It has no parameters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {}

impl Detector for Qmcd {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "QMCD",
        title: "Quasi-Monte Carlo discrepancy",
        idea: "Measures how unevenly the rows fill the box they lie in, and each row's part in that. \
               Rows are odd whose part lies in the longer tail: crowded spots in evenly filled data, \
               lonely ones in clustered data.",
        formula: "q(x) = 1/N^2 * sum over rows y of the product over fields of (3/2 - t + t^2), minus \
                  (4/3)^d; t = |x_j - y_j| after scaling each field to 0..1; s(x) = q(x), or largest q \
                  + smallest q - q(x) where q has a negative skewness or excess kurtosis",
        params: &[],
        randomness: Randomness::None,
        cost: "fit O(n^2 d), new rows O(n d) each; memory O(n d)",
        blind_to: "Rows that are odd in a few of many fields. One far value squeezes all other rows \
                   into a corner of the box. The two ends of a field count as neighbours, so a row \
                   beyond one end looks close to those at the other. Which tail is the odd one is a \
                   guess from the shape of the scores, and a few rows can turn it round.",
        source: "K.-T. Fang, C.-X. Ma: Wrap-around L2-discrepancy of random sampling, Latin hypercube \
                 and uniform designs. Journal of Complexity 17, 608-624, 2001",
        departs: "",
        kind: Kind::Numeric,
        default: false,
    };

    fn check(_params: &Params) -> Result<(), ParamError> {
        Ok(())
    }

    fn guess(_params: &Params, shape: Shape) -> f64 {
        2e-10 * shape.n() * (shape.values() + shape.n())
    }

    fn fit(x: &Sample, _params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let scale = Scale::fit(x.x());
        let scaled: Vec<f64> = x.x().iter_rows().flat_map(|row| scale.apply(row)).collect();
        let scaled = Matrix::new(scaled, x.rows(), x.columns());
        let order: Vec<u32> = (0..x.rows() as u32).collect();
        let tiles = Tiles::new(&scaled, x.copies(), &order);
        let mut own = row_sums(&tiles, &WrapAround, ctx)?;
        own.truncate(x.rows());
        let even = (4.0_f64 / 3.0).powi(x.columns() as i32);
        let mut model = Model { scale, tiles, total: x.total() as f64, even, turned: None, own };
        for score in &mut model.own {
            *score = model.total.powi(-2) * *score - even;
        }
        let parts = model.own.iter().copied().zip(x.copies().iter().copied());
        if skewness(&parts) < 0.0 || excess_kurtosis(&parts) < 0.0 {
            let low = model.own.iter().copied().fold(f64::INFINITY, f64::min);
            let high = model.own.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            model.turned = Some(high + low);
            model.own.iter_mut().for_each(|score| *score = high + low - *score);
        }
        Ok(model)
    }
}

/// The smallest value of each field and what its range is divided by.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Scale(Vec<(f64, f64)>);

impl Scale {
    fn fit(x: &Matrix) -> Self {
        let mut bounds = vec![(f64::INFINITY, f64::NEG_INFINITY); x.columns()];
        for row in x.iter_rows() {
            for (bound, &v) in bounds.iter_mut().zip(row) {
                *bound = (bound.0.min(v), bound.1.max(v));
            }
        }
        // Everything is halved, so that no range overflows.
        let field = |(low, high): (f64, f64)| {
            let half = 0.5 * high - 0.5 * low;
            (low, if half < 5.0 * f64::EPSILON { 0.5 } else { half })
        };
        Self(bounds.into_iter().map(field).collect())
    }

    fn apply(&self, row: &[f64]) -> impl Iterator<Item = f64> {
        row.iter().zip(&self.0).map(|(v, (low, half))| (0.5 * v - 0.5 * low) / half)
    }
}

/// The product over fields of `3/2 - t (1 - t) = (t - 1/2)^2 + 5/4`.
struct WrapAround;

impl Kernel for WrapAround {
    const START: f64 = 1.0;

    #[inline(always)]
    fn add(&self, so_far: f64, a: f64, b: f64) -> f64 {
        let from_half = (a - b).abs() - 0.5;
        so_far * (from_half * from_half + 1.25)
    }

    #[inline(always)]
    fn values(&self, pairs: [f64; LANES]) -> [f64; LANES] {
        // No term may be infinite: the filling rows behind the last one have weight 0.
        pairs.map(|product| if product < f64::MAX { product } else { f64::MAX })
    }

    fn is_negligible(&self, _gap: f64) -> bool {
        false
    }
}

/// The scaled rows, and which way round their parts are read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    scale: Scale,
    tiles: Tiles,
    /// N.
    total: f64,
    /// What rows that fill the box evenly have, (4/3)^d.
    even: f64,
    /// Largest and smallest part together, where large parts are not the odd ones.
    turned: Option<f64>,
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
        let note = "read the other way round: rows in thinly filled places score high".to_owned();
        self.turned.map(|_| note).into_iter().collect()
    }

    fn columns(&self) -> usize {
        self.tiles.columns()
    }

    fn check(&self) -> Result<(), &'static str> {
        let whole = self.tiles.is_whole() && self.scale.0.len() == self.tiles.columns();
        whole.then_some(()).ok_or("sizes of the rows do not agree")
    }
}

impl Scorer for Model {
    /// A row so far away that its part overflows has the largest number, or the smallest where the
    /// parts are turned round.
    fn score(&self, row: &[f64]) -> f64 {
        let scaled: Vec<f64> = self.scale.apply(row).collect();
        let part = self.total.powi(-2) * sum_at(&self.tiles, &WrapAround, &scaled) - self.even;
        let score = self.turned.map_or(part, |both| both - part);
        score.clamp(-f64::MAX, f64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &[[f64; 1]], copies: &[u64]) -> Model {
        let sample = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap().0;
        Qmcd::fit(&sample, &Params {}, &Ctx::small(0)).unwrap()
    }

    /// Rows 2 (seven times), 4 and 6 scale to 0, 1/2, 1; terms are 3/2 at t = 0 and 1, 5/4 at t = 1/2.
    /// q(2) = q(6) = (8 * 3/2 + 5/4) / 81 - 4/3, q(4) = (8 * 5/4 + 3/2) / 81 - 4/3: a = 13.25/81 and
    /// b = 11.5/81 before -4/3. Eight equal ones and a lower one are skewed to the left: turned round.
    #[test]
    fn matches_the_formula_by_hand() {
        let model = fit(&[[2.0], [4.0], [6.0]], &[7, 1, 1]);
        let (a, b) = (13.25 / 81.0 - 4.0 / 3.0, 11.5 / 81.0 - 4.0 / 3.0);
        for (score, want) in model.own.iter().zip([b, a, b]) {
            assert!((score - want).abs() < 1e-12, "{score} for {want}");
        }
        // A new row 8 scales to 3/2: t = 3/2, 1, 1/2 give 9/4, 3/2, 5/4.
        let new = (7.0 * 2.25 + 1.5 + 1.25) / 81.0 - 4.0 / 3.0;
        assert!((model.score(&[8.0]) - (a + b - new)).abs() < 1e-12);
    }

    /// One lonely row between two crowds: its part is small, and small parts are the odd ones. Equal
    /// rows have no tail, and 5 (3/2) / 5^2 - 4/3 each.
    #[test]
    fn the_longer_tail_is_the_odd_one() {
        let lonely = fit(&[[0.0], [0.25], [1.0]], &[60, 1, 40]);
        assert!(lonely.turned.is_some() && lonely.own[1] > lonely.own[0]);
        let equal = fit(&[[3.0]], &[5]);
        assert!(equal.turned.is_none(), "no tail is longer");
        assert!((equal.own[0] - (0.3 - 4.0 / 3.0)).abs() < 1e-12);
    }

    #[test]
    fn a_range_that_overflows_scales_to_the_unit_box() {
        let model = fit(&[[f64::MIN], [0.0], [f64::MAX]], &[1, 1, 1]);
        assert_eq!(model.own, fit(&[[-1.0], [0.0], [1.0]], &[1, 1, 1]).own);
    }
}
