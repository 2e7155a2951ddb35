//! KDE: kernel density estimate.
//!
//! Puts a small hill on every row and adds the hills up; a row scores high where the ground is low.
//!
//! ```text
//! f(x) = 1 / (N h^d Z) * sum over rows y of K(|x - y| / h)       Z = integral of K(|u|) over d fields
//! s(x) = -ln f(x)
//!
//! gaussian     K(u) = exp(-u^2 / 2)      tophat        K(u) = 1              for u < 1
//! exponential  K(u) = exp(-u)            epanechnikov  K(u) = 1 - u^2        for u < 1
//! cosine       K(u) = cos(π u / 2)       linear        K(u) = 1 - u          for u < 1
//! ```
//!
//! h is the bandwidth, in the units of the rows: a number, or `N^(-1 / (d + 4))` (`scott`) or
//! `(N (d + 2) / 4)^(-1 / (d + 4))` (`silverman`). A row with c copies has c hills, and a fitted row
//! stands on its own.
//!
//! Sums are exact to rounding but for rows left out as too far away. Let δ be the distance to the
//! nearest row, 0 for a fitted row. The sum is at least K(δ), and with gaussian and exponential only
//! rows are left out whose K is below K(δ) exp(-30) / N. They are N at most, so the density is too
//! small by a share of exp(-30) < 1e-13 at most, and the score off by as much. New rows are summed
//! relative to K(δ), so no distance makes the sum vanish.
//!
//! - **Score**: nats, any finite value; larger is odder. Beyond the reach of every fitted row, with a
//!   kernel that has an end, the density is 0 and the score of a new row the largest number.
//! - **Cost**: fit O(n^2 d) for half of all pairs, on all threads; where rows lie many bandwidths
//!   apart, nearly O(n log n). A new row O(n d) at most.
//! - **Blind to**: everything, where h is far from the distances between rows: far above, all rows
//!   stand on one hill; far below, each stands alone on its own.
//! - **Source**: E. Parzen, "On Estimation of a Probability Density Function and Mode", Annals of
//!   Mathematical Statistics 33 (1962); L. Latecki, A. Lazarevic, D. Pokrajac, "Outlier Detection with
//!   Kernel Density Functions", MLDM 2007.
//! - **Departs from `PyOD`**: only the Euclidean metric; densities of new rows far out in the tail are
//!   exact, where the reference's search of its tree loses them; see the card.

#![expect(
    clippy::inline_always,
    reason = "the kernel must be compiled with the instructions of the loop that calls it"
)]

use crate::{Card, Detector, FitError, Fitted, Kind, Param, ParamError, Randomness, Scorer, Shape};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::elementary::{cos_of_quarter_turns, exp2_of_negative};
use lanner_kernels::lanes::LANES;
use lanner_kernels::neighbours::Index;
use lanner_kernels::pairs::{Kernel, row_sums, sum_at};
use lanner_kernels::tiles::Tiles;
use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_PI_2, LN_2, LOG2_E, PI};

/// Kernel density estimate; see the [module page](self).
pub struct Kde;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Width of a hill in the units of the rows, 1e-100 to 1e100, or the name of a rule.
    pub bandwidth: Bandwidth,
    /// Form of a hill.
    pub kernel: Hill,
}

/// Width of a hill: a number, or the name of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, \"scott\" or \"silverman\"")]
pub enum Bandwidth {
    /// So wide.
    Width(f64),
    /// By the numbers of rows and fields, for fields of variance 1.
    By(Rule),
}

/// A rule that chooses the width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// `N^(-1 / (d + 4))`.
    Scott,
    /// `(N (d + 2) / 4)^(-1 / (d + 4))`.
    Silverman,
}

/// Form of a hill; formulas on the [module page](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are those of the formulas")]
pub enum Hill {
    Gaussian,
    Tophat,
    Epanechnikov,
    Exponential,
    Linear,
    Cosine,
}

impl Default for Params {
    fn default() -> Self {
        Self { bandwidth: Bandwidth::Width(1.0), kernel: Hill::Gaussian }
    }
}

/// Rows left out count less than exp of minus this, together, of what is summed.
const LEFT_OUT: f64 = 30.0;

impl Detector for Kde {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "KDE",
        title: "Kernel density estimate",
        idea: "Puts a small hill on every event and adds the hills up to a landscape. Events are odd \
               where the land is low: few others are within about a bandwidth.",
        formula: "s(x) = -ln( 1 / (N h^d Z) * sum over rows y of K(|x - y| / h) ); K(u) = exp(-u^2 / 2) \
                  for gaussian, h = bandwidth, Z makes the volume of a hill 1",
        params: &[
            Param {
                name: "bandwidth",
                default: "1",
                allowed: "1e-100 to 1e100, scott or silverman",
                what: "width of a hill, in the units of the fields; scott and silverman suit fields of \
                       variance 1",
            },
            Param {
                name: "kernel",
                default: "gaussian",
                allowed: "gaussian, tophat, epanechnikov, exponential, linear or cosine",
                what: "form of a hill; all but gaussian and exponential end at one bandwidth",
            },
        ],
        randomness: Randomness::None,
        cost: "fit O(n^2 d), nearly O(n log n) where rows lie many bandwidths apart; a new row O(n d) at \
               most; memory O(n d)",
        blind_to: "Everything, where the bandwidth does not suit the data: much wider than the gaps \
                   between rows and all rows look alike, much narrower and only copies count. Fields of \
                   large range drown the others. Of category codes it takes near numbers for alike.",
        source: "E. Parzen: On Estimation of a Probability Density Function and Mode. Annals of \
                 Mathematical Statistics 33, 1962; L. Latecki, A. Lazarevic, D. Pokrajac: Outlier \
                 Detection with Kernel Density Functions. MLDM, 2007",
        departs: "Only the Euclidean metric. kernel is of our own; algorithm and leaf_size change no \
                  score and are left out. New rows far out have their exact density; the reference's \
                  tree loses it to rounding where it is below about 1e-16 of the sum it starts from. A \
                  new row where the density is 0 has the largest number for a \
                  score, not infinity. The volume of a cosine hill is exact; scikit-learn's formula is \
                  not where the number of fields is even.",
        kind: Kind::Numeric,
        default: false,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        match params.bandwidth {
            Bandwidth::Width(h) if !(1e-100..=1e100).contains(&h) => Err(ParamError::OutOfRange {
                model: "KDE",
                name: "bandwidth",
                given: h.to_string(),
                allowed: "1e-100 to 1e100, scott or silverman",
            }),
            _ => Ok(()),
        }
    }

    fn guess(_params: &Params, shape: Shape) -> f64 {
        shape.n() * (2e-10 * shape.values() + 1.5e-9 * shape.n()) + 1e-6 * shape.values()
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        ctx.check()?;
        let (rows, fields) = (x.total() as f64, x.columns() as f64);
        let bandwidth = match params.bandwidth {
            Bandwidth::Width(h) => h,
            Bandwidth::By(Rule::Scott) => rows.powf(-1.0 / (fields + 4.0)),
            Bandwidth::By(Rule::Silverman) => {
                (rows * (fields + 2.0) / 4.0).powf(-1.0 / (fields + 4.0))
            }
        };
        let index = Index::new(x);
        let tiles = Tiles::new(x.x(), x.copies(), index.order());
        let log_volume = params.kernel.log_volume(x.columns()) + fields * bandwidth.ln();
        let level = rows.ln() + log_volume;
        let hill = params.kernel;
        let mut model = Model { tiles, hill, bandwidth, log_rows: rows.ln(), level, own: vec![] };
        let sums = row_sums(&model.tiles, &model.hills_seen_from(0.0), ctx)?;
        model.own = vec![0.0; x.rows()];
        for (&row, sum) in index.order().iter().zip(sums) {
            model.own[row as usize] = level - sum.ln();
        }
        Ok(model)
    }
}

impl Hill {
    /// Says whether a hill of width 1 ends at distance 1.
    fn ends(self) -> bool {
        !matches!(self, Self::Gaussian | Self::Exponential)
    }

    /// Logarithm of the volume under a hill of width and height 1 over d fields.
    fn log_volume(self, d: usize) -> f64 {
        // The unit ball's: V_0 = 1, V_1 = 2, V_k = V_(k-2) * 2 π / k.
        let first = if d.is_multiple_of(2) { 0.0 } else { LN_2 };
        let steps = (2 + d % 2..=d).step_by(2).map(|k| (2.0 * PI / k as f64).ln());
        let ball = first + steps.sum::<f64>();
        let fields = d as f64;
        match self {
            Self::Gaussian => 0.5 * fields * (2.0 * PI).ln(),
            Self::Tophat => ball,
            Self::Epanechnikov => ball + (2.0 / (fields + 2.0)).ln(),
            Self::Exponential => ball + (1..=d).map(|k| (k as f64).ln()).sum::<f64>(),
            Self::Linear => ball - (fields + 1.0).ln(),
            // The sphere's surface is d V_d; over the radius the series of the cosine is integrated
            // term by term.
            Self::Cosine => {
                let mut term = 1.0;
                let mut sum = 1.0;
                for k in 1..16 {
                    term *= -FRAC_PI_2 * FRAC_PI_2 / f64::from((2 * k - 1) * 2 * k);
                    sum += term * fields / (fields + f64::from(2 * k));
                }
                ball + sum.ln()
            }
        }
    }
}

/// The rows and the form of their hills.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    tiles: Tiles,
    hill: Hill,
    bandwidth: f64,
    log_rows: f64,
    /// The score where the hills sum to 1.
    level: f64,
    own: Vec<f64>,
}

impl Model {
    /// The hills as seen from a row at this squared distance to the nearest one.
    fn hills_seen_from(&self, nearest: f64) -> Hills {
        let h = self.bandwidth;
        let far = self.log_rows + LEFT_OUT;
        let (rate, nearest, reach) = match self.hill {
            Hill::Gaussian => (0.5 / (h * h), nearest, nearest + 2.0 * h * h * far),
            Hill::Exponential => {
                let nearest = nearest.sqrt();
                (1.0 / h, nearest, (nearest + h * far) * (nearest + h * far))
            }
            _ => (1.0 / h, 0.0, h * h),
        };
        Hills { hill: self.hill, bandwidth: h, rate, nearest, reach }
    }
}

/// Hills as a kernel over squared distances, gaussian and exponential relative to the nearest row's.
struct Hills {
    hill: Hill,
    bandwidth: f64,
    /// What is multiplied with the distance, for gaussian with its square.
    rate: f64,
    /// Distance to the nearest row, for gaussian its square.
    nearest: f64,
    /// Squared distance beyond which rows are left out.
    reach: f64,
}

impl Hills {
    #[inline(always)]
    fn map(&self, mut pairs: [f64; LANES], value: impl Fn(f64) -> f64) -> [f64; LANES] {
        for pair in &mut pairs {
            let distance = pair.sqrt();
            let inside = value(distance * self.rate);
            *pair = if distance < self.bandwidth { inside } else { 0.0 };
        }
        pairs
    }
}

impl Kernel for Hills {
    const START: f64 = 0.0;

    #[inline(always)]
    fn add(&self, so_far: f64, a: f64, b: f64) -> f64 {
        so_far + (a - b) * (a - b)
    }

    #[inline(always)]
    fn values(&self, mut pairs: [f64; LANES]) -> [f64; LANES] {
        match self.hill {
            Hill::Gaussian => {
                for pair in &mut pairs {
                    *pair = exp2_of_negative((self.nearest - *pair) * (self.rate * LOG2_E));
                }
                pairs
            }
            Hill::Exponential => {
                for pair in &mut pairs {
                    *pair = exp2_of_negative((self.nearest - pair.sqrt()) * (self.rate * LOG2_E));
                }
                pairs
            }
            Hill::Tophat => self.map(pairs, |_| 1.0),
            Hill::Epanechnikov => self.map(pairs, |u| 1.0 - u * u),
            Hill::Linear => self.map(pairs, |u| 1.0 - u),
            Hill::Cosine => self.map(pairs, cos_of_quarter_turns),
        }
    }

    fn is_negligible(&self, gap: f64) -> bool {
        gap > self.reach
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
        self.tiles.columns()
    }

    fn check(&self) -> Result<(), &'static str> {
        self.tiles.is_whole().then_some(()).ok_or("sizes of the rows do not agree")
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        let ends = self.hill.ends();
        let nearest = if ends { 0.0 } else { self.tiles.squared_distance_to(row) };
        let hills = self.hills_seen_from(nearest);
        let sum = sum_at(&self.tiles, &hills, row);
        // An end's rounding may leave a sum a hair below 0, whose logarithm is no number: that is
        // the largest number too.
        (self.level + hills.rate * hills.nearest - sum.ln()).min(f64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Matrix;

    fn fit(rows: &[[f64; 1]], copies: &[u64], kernel: Hill, bandwidth: f64) -> Model {
        let sample = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap().0;
        let params = Params { bandwidth: Bandwidth::Width(bandwidth), kernel };
        Kde::fit(&sample, &params, &Ctx::small(0)).unwrap()
    }

    /// Rows 0 (three times) and 2, h = 2: u = 1 between them. f(0) = (3 + exp(-1/2)) / (4 * 2 sqrt(2 π)),
    /// f(2) = (1 + 3 exp(-1/2)) / the same.
    #[test]
    fn matches_the_formula_by_hand() {
        let model = fit(&[[0.0], [2.0]], &[3, 1], Hill::Gaussian, 2.0);
        let (near, below) = ((-0.5_f64).exp(), 8.0 * (2.0 * PI).sqrt());
        for (score, sum) in model.own.iter().zip([3.0 + near, 1.0 + 3.0 * near]) {
            assert!((score + (sum / below).ln()).abs() < 1e-12);
        }
        // 2000 is 1000 widths from 0 and 999 from 2: f = exp(-999^2 / 2) (1 + almost 0) / below.
        let want = 0.5 * 999.0 * 999.0 + below.ln();
        assert!((model.score(&[2000.0]) - want).abs() < 1e-9);
    }

    /// A row alone, h = 1: s = ln Z at the row, and ln Z - ln K(1/2) at distance 1/2. In one field the
    /// areas Z are 2, 4/3, 2, 1 and 4/π; with an end, nothing is left at distance 1.
    #[test]
    fn hills_have_their_height_volume_and_end() {
        let cases: [(Hill, f64, f64); 6] = [
            (Hill::Gaussian, (2.0 * PI).sqrt(), (-0.125_f64).exp()),
            (Hill::Tophat, 2.0, 1.0),
            (Hill::Epanechnikov, 4.0 / 3.0, 0.75),
            (Hill::Exponential, 2.0, (-0.5_f64).exp()),
            (Hill::Linear, 1.0, 0.5),
            (Hill::Cosine, 4.0 / PI, 0.5_f64.sqrt()),
        ];
        for (hill, volume, half) in cases {
            let model = fit(&[[3.0]], &[1], hill, 1.0);
            assert!((model.own[0] - volume.ln()).abs() < 1e-12, "{hill:?}: {:?}", model.own);
            let off = model.score(&[3.5]) - (volume / half).ln();
            assert!(off.abs() < 1e-12, "{hill:?}");
            assert_eq!(model.score(&[4.0]) == f64::MAX, hill.ends(), "{hill:?}");
        }
        // Over two fields: π/3 * ... for a cone V_2 / 3, and 4 - 8/π under the cosine.
        assert!((Hill::Linear.log_volume(2) - (PI / 3.0).ln()).abs() < 1e-12);
        assert!((Hill::Cosine.log_volume(2) - (4.0 - 8.0 / PI).ln()).abs() < 1e-12);
    }

    /// Clusters a thousand widths apart: rows are left out, and the rest counts in full.
    #[test]
    fn what_is_left_out_does_not_show() {
        let rows: Vec<[f64; 1]> =
            (0..900).map(|i| [1000.0 * f64::from(i % 3) + 0.01 * f64::from(i / 3)]).collect();
        let model = fit(&rows, &[2; 900], Hill::Exponential, 1.0);
        let mut sorted: Vec<f64> = rows.iter().map(|r| r[0]).collect();
        sorted.sort_by(f64::total_cmp);
        for (&row, &own) in sorted.iter().zip(&model.own) {
            let sum: f64 = sorted.iter().map(|y| 2.0 * (-(row - y).abs()).exp()).sum();
            assert!((own - (1800.0_f64.ln() + LN_2 - sum.ln())).abs() < 1e-12);
            assert!((model.score(&[row]) - own).abs() < 1e-12);
        }
    }
}
