//! LODA: lightweight on-line detector of anomalies.
//!
//! Looks at the rows along random directions, each through about the root of d columns, and keeps a
//! histogram of equally wide bins for each. A row scores high where its bins are thinly filled.
//!
//! ```text
//! z_i(x) = w_i . x          w_i: floor(sqrt d) normal numbers in random columns, 0 in the others
//! p_i(b) = (rows in bin b of cut i + 1e-12) / (N + bins * 1e-12)
//! s(x)   = sum over the C cuts of -ln p_i(bin of z_i(x)) / C
//! ```
//!
//! Rows are counted with their copies, N is their number.
//!
//! With `lookup = "own"` a value reads the bin that counted it, and a value outside all bins the
//! probability of an empty one: the published method. With `lookup = "pyod"` it reads the bin that
//! the reference reads, and the sum is divided by C once more.
//!
//! A cut's term has no exact parts by column, since it is read from one number. It is shared out by the
//! squares of the weights, `w_ij^2 / |w_i|^2`: how far the cut's direction points along column j. This
//! asks nothing of the row's values, so moving a column's origin moves no share.
//!
//! - **Score**: nats (over C again for `pyod`), 0 or more; larger is odder.
//! - **Cost**: fit and scoring O(C n sqrt d), with automatic bins O(C (n log n + N log n)) at most;
//!   memory 8 n bytes a thread.
//! - **Blind to**: outliers that look ordinary along most directions; columns of small range beside
//!   wide ones.
//! - **Source**: T. Pevny, "Loda: Lightweight on-line detector of anomalies", Machine Learning 102,
//!   2016.
//! - **Departs**: draws its own random numbers; `lookup`; a cut that cannot be cut into bins is left
//!   out; see the card.

use crate::{
    Card, Detector, FitError, Fitted, Kind, Param, ParamError, Part, Randomness, Scorer, Shape,
};
use lanner_frame::{Ctx, Rng, Sample};
use lanner_kernels::histogram::{Bins, Grid, Histogram};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows added to every bin, so that an empty one has a finite score.
const TRACE: f64 = 1e-12;

/// Lightweight on-line detector of anomalies; see the [module page](self).
pub struct Loda;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Bins a cut, 2 to 65536, or `"auto"` for as many as suit each cut.
    pub n_bins: Bins,
    /// Random directions, 1 to 100000.
    pub n_random_cuts: usize,
    /// Which bin a value reads.
    pub lookup: Lookup,
}

/// Which bin a value reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lookup {
    /// The one that the reference implementation reads: above its own, but for the least value.
    Pyod,
    /// Its own.
    Own,
}

impl Default for Params {
    fn default() -> Self {
        Self { n_bins: Bins::Count(10), n_random_cuts: 100, lookup: Lookup::Pyod }
    }
}

impl Detector for Loda {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "LODA",
        title: "Lightweight on-line detector of anomalies",
        idea: "Looks at the rows along many random directions, each a mix of a few fields, and counts the rows \
               in equally wide bins along each. A row is odd where its bins are thinly filled in many directions.",
        formula: "s(x) = mean over cuts i of -ln p_i; p_i = share of the rows in the bin of w_i . x, w_i a \
                  random direction through sqrt(d) fields; with lookup = pyod divided by the number of cuts again. \
                  A field's share: each cut's term times w_ij^2 / |w_i|^2",
        params: &[
            Param {
                name: "n_bins",
                default: "10",
                allowed: "auto, or 2 to 65536",
                what: "bins a cut; auto chooses for each cut by penalised likelihood (Birge and Rozenholc)",
            },
            Param {
                name: "n_random_cuts",
                default: "100",
                allowed: "1 to 100000",
                what: "random directions; more make the score steadier and slower",
            },
            Param {
                name: "lookup",
                default: "pyod",
                allowed: "pyod, own",
                what: "the bin a value reads: pyod as the reference does (the bin above its own), own its own, \
                       which is the published method and measures better",
            },
        ],
        randomness: Randomness::Seeded,
        cost: "fit and scoring O(cuts n sqrt d), with auto O(cuts (n + N) log n) at most; memory 8 n bytes a thread",
        blind_to: "Outliers that look ordinary along most directions, and fields of small range beside wide ones: \
                   the directions are not scaled. One far value stretches the bins until the rest share one.",
        source: "T. Pevny: Loda: Lightweight on-line detector of anomalies. Machine Learning 102, 275-304, 2016",
        departs: "The published method (lookup = own) reads the bin a value falls in, and an empty one outside all \
                  bins. PyOD reads the bin above (the least value alone reads the lowest, the last bin reads \
                  itself) and divides by the number of cuts twice; lookup = pyod, the default, does the same. \
                  The random numbers are Lanner's own. A cut whose values cannot be told apart by bins adds nothing.",
        kind: Kind::Numeric,
        default: true,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        let bad = |name, given: usize, allowed| {
            Err(ParamError::OutOfRange { model: "LODA", name, given: given.to_string(), allowed })
        };
        match params.n_bins {
            Bins::Count(bins) if !(2..=65536).contains(&bins) => {
                bad("n_bins", bins, "auto, or 2 to 65536")
            }
            _ if !(1..=100_000).contains(&params.n_random_cuts) => {
                bad("n_random_cuts", params.n_random_cuts, "1 to 100000")
            }
            _ => Ok(()),
        }
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        4e-8 * params.n_random_cuts as f64 * shape.n()
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let total = params.n_random_cuts;
        let done = AtomicUsize::new(0);
        let cuts = ctx.parallel(|| {
            (0..total)
                .into_par_iter()
                .map(|i| {
                    let cut = Cut::fit(x, params, ctx.rng(i as u64), ctx)?;
                    ctx.step(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                    Ok(cut)
                })
                .collect::<Result<Vec<_>, FitError>>()
        })?;
        let mut model =
            Model { cuts, lookup: params.lookup, columns: x.columns(), own: Vec::new() };
        model.own = model.score_all(x.x(), ctx)?;
        Ok(model)
    }
}

/// Random directions with their histograms.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    cuts: Vec<Cut>,
    lookup: Lookup,
    columns: usize,
    own: Vec<f64>,
}

/// One direction.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Cut {
    /// Columns with their weights.
    weights: Vec<(u32, f64)>,
    /// None where the projected rows cannot be cut into bins.
    bars: Option<Bars>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Bars {
    grid: Grid,
    /// Score of each bin, nats.
    nats: Vec<f64>,
    /// Score of an empty bin.
    empty: f64,
}

impl Cut {
    fn fit(x: &Sample, params: &Params, mut rng: Rng, ctx: &Ctx) -> Result<Self, FitError> {
        let mut columns: Vec<u32> = (0..x.columns() as u32).collect();
        rng.shuffle(&mut columns);
        columns.truncate(x.columns().isqrt());
        let weights = columns.into_iter().map(|j| (j, rng.normal())).collect();
        let mut cut = Self { weights, bars: None };
        ctx.check()?;
        let projected: Vec<f64> = x.x().iter_rows().map(|row| cut.project(row)).collect();
        let histogram = Histogram::fit(&projected, x.copies(), params.n_bins, ctx)?;
        cut.bars = histogram.map(|h| Bars::new(&h));
        Ok(cut)
    }

    /// Adds the score to `out`, shared out by the squares of the weights.
    fn share(&self, score: f64, out: &mut [f64]) {
        let length: f64 = self.squares().map(|(_, square)| square).sum();
        for (j, square) in self.squares() {
            out[j] += score * (square / length);
        }
    }

    /// Columns with their weights squared, whose sum is not 0.
    fn squares(&self) -> impl Iterator<Item = (usize, f64)> {
        self.weights.iter().map(|&(j, w)| (j as usize, w * w))
    }

    fn project(&self, row: &[f64]) -> f64 {
        self.weights.iter().map(|&(j, w)| w * row[j as usize]).sum()
    }

    fn score(&self, row: &[f64], lookup: Lookup) -> f64 {
        self.bars.as_ref().map_or(0.0, |bars| bars.score(self.project(row), lookup))
    }
}

impl Bars {
    fn new(histogram: &Histogram) -> Self {
        let counts = histogram.counts().iter().map(|&c| c as f64 + TRACE);
        let total: f64 = counts.clone().sum();
        let nats = counts.map(|c| (total / c).ln()).collect();
        Self { grid: histogram.grid(), nats, empty: (total / TRACE).ln() }
    }

    fn score(&self, z: f64, lookup: Lookup) -> f64 {
        match lookup {
            // The reference looks among the edges but the last two, and counts the ones below.
            Lookup::Pyod => self.nats[self.grid.edges_below(z).min(self.nats.len() - 1)],
            Lookup::Own if self.grid.contains(z) => self.nats[self.grid.bin(z)],
            Lookup::Own => self.empty,
        }
    }
}

impl Model {
    /// The score that a sum over the cuts makes.
    fn divided(&self, sum: f64) -> f64 {
        let cuts = self.cuts.len() as f64;
        match self.lookup {
            Lookup::Pyod => sum / cuts / cuts,
            Lookup::Own => sum / cuts,
        }
    }
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn notes(&self) -> Vec<String> {
        match self.cuts.iter().filter(|c| c.bars.is_none()).count() {
            0 => Vec::new(),
            n => {
                let all = self.cuts.len();
                vec![format!(
                    "{n} of {all} cuts add nothing: their values cannot be told apart by bins"
                )]
            }
        }
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        for cut in &self.cuts {
            let fields = cut.weights.iter().map(|&(j, _)| f64::from(j)).collect();
            let weights = cut.weights.iter().map(|&(_, weight)| weight).collect();
            parts.extend([Part::list("fields", fields), Part::list("weights", weights)]);
            let (mut edges, mut shares) = (Vec::new(), Vec::new());
            if let Some(bars) = &cut.bars {
                edges.extend((0..=bars.grid.bins()).map(|k| bars.grid.edge(k)));
                shares.extend(bars.nats.iter().map(|nats| (-nats).exp()));
            }
            parts.extend([Part::list("edges", edges), Part::list("shares", shares)]);
        }
        parts
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn check(&self) -> Result<(), &'static str> {
        let whole = |bars: &Bars| bars.grid.is_sound() && bars.nats.len() == bars.grid.bins();
        let in_range = |cut: &Cut| cut.weights.iter().all(|&(j, _)| (j as usize) < self.columns);
        if self.cuts.is_empty() || !self.cuts.iter().all(in_range) {
            return Err("a cut has a column that does not exist");
        }
        let points = |cut: &Cut| cut.squares().map(|(_, square)| square).sum::<f64>().is_normal();
        if !self.cuts.iter().all(points) {
            return Err("a cut has no direction");
        }
        if !self.cuts.iter().filter_map(|c| c.bars.as_ref()).all(whole) {
            return Err("a histogram has not the scores of its bins");
        }
        Ok(())
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        self.divided(self.cuts.iter().map(|cut| cut.score(row, self.lookup)).sum())
    }

    fn shares(&self, row: &[f64], out: &mut [f64]) -> bool {
        out.fill(0.0);
        for cut in &self.cuts {
            cut.share(cut.score(row, self.lookup), out);
        }
        for share in out {
            *share = self.divided(*share);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Matrix;

    fn fitted(lookup: Lookup) -> Model {
        let x = Matrix::from_rows(&[[0.0], [1.0], [4.0]]);
        let (sample, _) = Sample::collapse(&x, &[2, 1, 1]).unwrap();
        let params = Params { n_bins: Bins::Count(2), n_random_cuts: 50, lookup };
        Loda::fit(&sample, &params, &Ctx::small(0)).unwrap()
    }

    /// 0, 0, 1, 4 in two bins: 3 and 1 of 4 rows whatever the direction's length, if w > 0; mirrored,
    /// the same rows share a bin. Outside all bins counts an empty one, 1e-12 of 4 rows.
    #[test]
    fn own_lookup_matches_the_formula_by_hand() {
        let model = fitted(Lookup::Own);
        let [full, thin] = [0.75, 0.25].map(|p: f64| -p.ln());
        for (own, expected) in model.own_scores().iter().zip([full, full, thin]) {
            assert!((own - expected).abs() < 1e-9, "{own} {expected}");
        }
        assert!((model.score(&[9.0]) - 4e12_f64.ln()).abs() < 1e-9);
    }

    /// Two bins leave one edge to look among, the lowest: only the least value reads the lower bin.
    /// A direction with w > 0 counts 3 and 1 rows, one with w < 0 (4 the least) 1 and 3.
    #[test]
    fn pyod_lookup_reads_the_bin_above() {
        let model = fitted(Lookup::Pyod);
        let up = model.cuts.iter().filter(|c| c.weights[0].1 > 0.0).count() as f64 / 50.0;
        let [full, thin] = [0.75, 0.25].map(|p: f64| -p.ln() / 50.0);
        let mix = |if_up: f64, if_down: f64| up * if_up + (1.0 - up) * if_down;
        let expected = [mix(full, full), mix(thin, full), mix(thin, thin)];
        for (own, expected) in model.own_scores().iter().zip(expected) {
            assert!((own - expected).abs() < 1e-9, "{own} {expected}");
        }
    }

    /// Four columns make cuts through two. One of weights 3 and 4 gives its columns 9/25 and 16/25 of
    /// its term, another of weight 2 gives its column all.
    #[test]
    fn shares_follow_the_squares_of_the_weights() {
        let x = Matrix::from_rows(&[[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 9.0]]);
        let (sample, _) = Sample::collapse(&x, &[5, 1]).unwrap();
        for lookup in [Lookup::Own, Lookup::Pyod] {
            let params = Params { n_random_cuts: 2, lookup, ..Params::default() };
            let mut model = Loda::fit(&sample, &params, &Ctx::small(0)).unwrap();
            model.cuts[0].weights = vec![(2, 3.0), (0, -4.0)];
            model.cuts[1].weights = vec![(3, 2.0)];
            let row = sample.row(1);
            let [a, b] = [0, 1].map(|i| model.divided(model.cuts[i].score(row, lookup)));
            let mut shares = [f64::NAN; 4];
            assert!(model.shares(row, &mut shares) && a > 0.0 && b > 0.0);
            for (share, expected) in shares.iter().zip([a * 0.64, 0.0, a * 0.36, b]) {
                assert!((share - expected).abs() < 1e-12, "{shares:?}");
            }
        }
    }
}
