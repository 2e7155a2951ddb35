//! GMM: Gaussian mixture model.
//!
//! The rows are taken as drawn from a few normal distributions, fitted by expectation maximisation. A
//! row is odd that is improbable under all of them. With one component (the default) the score is the
//! Mahalanobis distance from the mean in other units.
//!
//! ```text
//! s(x) = -ln Σ_k w_k N(x; μ_k, Σ_k)
//! ```
//!
//! `w_k`, `μ_k` and `Σ_k` are weight, mean and covariance of component k. A row with c copies has c times the
//! mass in every mean and covariance. `reg_covar` is added to each variance.
//!
//! - **Score**: nats, any finite value; larger is odder.
//! - **Cost**: fit O(n k d²) an iteration, score O(k d²) a row (O(k d) without covariances); memory
//!   O(n k + k d²).
//! - **Blind to**: rows in gaps of a distribution that is not normal; it takes numbers of categories for
//!   lengths.
//! - **Source**: A. P. Dempster, N. M. Laird and D. B. Rubin, "Maximum likelihood from incomplete data via
//!   the EM algorithm", JRSS B 39(1), 1977.
//! - **Departs from `PyOD`**: no `weights_init`, `means_init`, `precisions_init` and `warm_start`; covariances
//!   are sums of centred products, so large means cost no digits.

use crate::{
    Card, Detector, FitError, Fitted, Kind, Param, ParamError, Part, Randomness, Scorer, Shape,
};
use lanner_frame::{Cancelled, Ctx, Matrix, Rng, Sample};
use lanner_kernels::blocks::sum_over_rows;
use lanner_kernels::kmeans::{kmeans, seed_rows};
use lanner_kernels::lanes;
use lanner_kernels::normal::Normal;
use lanner_kernels::sampling::Urn;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Gaussian mixture model; see the [module page](self).
pub struct Gmm;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Normal distributions in the mixture, 1 to 1,000.
    pub n_components: usize,
    /// What the covariances may look like.
    pub covariance_type: Covariance,
    /// Fitting ends when the mean log likelihood grows by less, in nats; 0 or more.
    pub tol: f64,
    /// Added to each variance, 0 or more, in squared units of the features.
    pub reg_covar: f64,
    /// Iterations of expectation maximisation at most.
    pub max_iter: usize,
    /// Starts, 1 to 1,000; the likeliest result is kept.
    pub n_init: usize,
    /// Where a start begins.
    pub init_params: Init,
}

/// What the covariances of a mixture may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Covariance {
    /// Any, for each component.
    Full,
    /// Any, the same for all components.
    Tied,
    /// Features independent, a variance for each in each component.
    Diag,
    /// One variance for each component.
    Spherical,
}

/// Where expectation maximisation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Init {
    /// With the clusters of k-means.
    #[serde(rename = "kmeans")]
    Kmeans,
    /// With a row each, drawn as k-means++ draws its centres.
    #[serde(rename = "k-means++")]
    KmeansSeeds,
    /// With a row each, drawn at random.
    #[serde(rename = "random_from_data")]
    Rows,
    /// With every row divided at random among all components.
    #[serde(rename = "random")]
    Shares,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            n_components: 1,
            covariance_type: Covariance::Full,
            tol: 1e-3,
            reg_covar: 1e-6,
            max_iter: 100,
            n_init: 1,
            init_params: Init::Kmeans,
        }
    }
}

impl Detector for Gmm {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "GMM",
        title: "Gaussian mixture model",
        idea: "The rows are taken as drawn from a few normal distributions (one, unless told \
               otherwise). A row is odd that is improbable under all of them.",
        formula: "s(x) = -ln sum_k w_k N(x; mean_k, covariance_k), in nats",
        params: &[
            Param {
                name: "n_components",
                default: "1",
                allowed: "1 to 1000",
                what: "normal distributions in the mixture",
            },
            Param {
                name: "covariance_type",
                default: "full",
                allowed: "full, tied, diag, spherical",
                what: "covariances: any, one for all, features independent, one variance each",
            },
            Param {
                name: "tol",
                default: "0.001",
                allowed: "0 or more",
                what: "gain in mean log likelihood, in nats, below which fitting ends",
            },
            Param {
                name: "reg_covar",
                default: "1e-6",
                allowed: "0 or more",
                what: "added to each variance, in squared units of the features",
            },
            Param {
                name: "max_iter",
                default: "100",
                allowed: "0 or more",
                what: "iterations of a start at most",
            },
            Param {
                name: "n_init",
                default: "1",
                allowed: "1 to 1000",
                what: "starts, of which the likeliest result is kept",
            },
            Param {
                name: "init_params",
                default: "kmeans",
                allowed: "kmeans, k-means++, random_from_data, random",
                what: "where a start begins: clusters, single rows spread out or drawn at random, or \
                       every row divided at random (all components then begin nearly alike)",
            },
        ],
        randomness: Randomness::Seeded,
        cost: "fit O(n k d^2) an iteration (one suffices for k = 1), score O(k d^2) a row; flat in N",
        blind_to: "Rows in the gaps of a distribution that is not normal. It takes the numbers of \
                   categories for lengths.",
        source: "A. P. Dempster, N. M. Laird, D. B. Rubin: Maximum likelihood from incomplete data via \
                 the EM algorithm. JRSS B 39(1), 1977",
        departs: "Starts are made by init_params alone (no weights_init, means_init, precisions_init, \
                  warm_start).",
        kind: Kind::Numeric,
        default: true,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        let refuse = |name, given: String, allowed| {
            Err(ParamError::OutOfRange { model: Self::CARD.id, name, given, allowed })
        };
        if !(1..=1000).contains(&params.n_components) {
            return refuse("n_components", params.n_components.to_string(), "1 to 1000");
        }
        for (name, value) in [("tol", params.tol), ("reg_covar", params.reg_covar)] {
            if !(value >= 0.0 && value.is_finite()) {
                return refuse(name, format!("{value:?}"), "a finite number, 0 or more");
            }
        }
        if !(1..=1000).contains(&params.n_init) {
            return refuse("n_init", params.n_init.to_string(), "1 to 1000");
        }
        Ok(())
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        let rounds = if params.n_components == 1 { 2.0 } else { params.max_iter as f64 };
        let starts = (params.n_init * params.n_components) as f64;
        4e-9 * shape.values() * shape.d() * rounds * starts
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let need = params.n_components.max(2) as u64;
        if x.total() < need {
            return Err(FitError::TooFewRows { need, have: x.total() });
        }
        let mut best: Option<Climb> = None;
        for start in 0..params.n_init {
            let found = climb(x, params, start as u64, ctx)?;
            if best.as_ref().is_none_or(|best| found.likelihood > best.likelihood) {
                best = Some(found);
            }
        }
        let Climb { components, steps, settled, .. } = best.expect("there is at least one start");
        let columns = x.columns() as u32;
        let mut model = Model { components, columns, steps, settled, own: Vec::new() };
        model.own = model.score_all(x.x(), ctx)?;
        Ok(model)
    }
}

/// Where one start of expectation maximisation led.
struct Climb {
    components: Vec<Normal>,
    /// Mean log likelihood, nats.
    likelihood: f64,
    /// Steps taken, and whether the last one gained less than the tolerance.
    steps: u32,
    settled: bool,
}

/// Climbs from one start.
fn climb(x: &Sample, params: &Params, start: u64, ctx: &Ctx) -> Result<Climb, FitError> {
    let mut mass = first_mass(x, params, start, ctx)?;
    let mut components = maximise(x, &mass, params, ctx)?;
    let mut likelihood = f64::NEG_INFINITY;
    let (mut steps, mut settled) = (1, params.n_components == 1);
    // With one component all mass is its own: the first step is the last.
    let iterations = if params.n_components == 1 { 0 } else { params.max_iter };
    for i in 0..iterations {
        ctx.step(i, iterations);
        let before = likelihood;
        likelihood = expect(x, &components, &mut mass, ctx)?;
        components = maximise(x, &mass, params, ctx)?;
        steps = i as u32 + 1;
        settled = (likelihood - before).abs() < params.tol;
        if settled {
            break;
        }
    }
    Ok(Climb { components, likelihood, steps, settled })
}

/// The mass of each row in each component to begin with, n x k.
fn first_mass(x: &Sample, params: &Params, start: u64, ctx: &Ctx) -> Result<Vec<f64>, Cancelled> {
    let k = params.n_components;
    if k == 1 {
        return Ok(x.copies().iter().map(|&c| c as f64).collect());
    }
    let mut mass = vec![0.0; x.rows() * k];
    let rng = &mut ctx.rng(start);
    match params.init_params {
        Init::Kmeans => {
            let labels = kmeans(x, k, rng, ctx)?.labels;
            for (i, (&label, &copies)) in labels.iter().zip(x.copies()).enumerate() {
                mass[i * k + label as usize] = copies as f64;
            }
        }
        Init::KmeansSeeds => {
            for (component, row) in seed_rows(x, k, rng, ctx)?.into_iter().enumerate() {
                mass[row * k + component] = 1.0;
            }
        }
        Init::Rows => {
            let rows = Urn::new(x.copies()).sample(k as u64, rng);
            for (component, row) in rows.into_iter().enumerate() {
                mass[row as usize * k + component] += 1.0;
            }
        }
        Init::Shares => {
            let mut sum = vec![0.0; k];
            for (mass, &copies) in mass.chunks_exact_mut(k).zip(x.copies()) {
                divide(copies, rng, &mut sum, mass);
            }
        }
    }
    Ok(mass)
}

/// Divides the copies of a row among k components as if each copy were divided by k uniform numbers.
///
/// Of many copies only some are divided, and the sum is stretched about its mean so that it varies as
/// much as that of all.
fn divide(copies: u64, rng: &mut Rng, sum: &mut [f64], mass: &mut [f64]) {
    const DRAWN: u64 = 32;
    let drawn = copies.min(DRAWN);
    sum.fill(0.0);
    for _ in 0..drawn {
        mass.fill_with(|| rng.uniform());
        let all = mass.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        sum.iter_mut().zip(&*mass).for_each(|(s, m)| *s += m / all);
    }
    let k = mass.len() as f64;
    let (drawn, copies) = (drawn as f64, copies as f64);
    let stretch = (copies / drawn).sqrt();
    for (m, s) in mass.iter_mut().zip(sum) {
        // No less than 0, as copies >= drawn.
        *m = ((*s - drawn / k) * stretch + copies / k).max(0.0);
    }
}

/// Shares every row's copies among the components by their likelihood; gives the mean log likelihood.
fn expect(
    x: &Sample,
    components: &[Normal],
    mass: &mut [f64],
    ctx: &Ctx,
) -> Result<f64, Cancelled> {
    const BLOCK: usize = 256;
    let k = components.len();
    let mut log = vec![0.0; x.rows()];
    ctx.parallel(|| {
        let blocks = mass.par_chunks_mut(BLOCK * k).zip(log.par_chunks_mut(BLOCK)).enumerate();
        blocks.try_for_each(|(b, (mass, log))| {
            ctx.check()?;
            share(x, components, b * BLOCK, mass, log);
            Ok::<(), Cancelled>(())
        })
    })?;
    let sum = sum_over_rows(x.rows(), 1, ctx, |rows, sum| {
        for i in rows {
            sum[0] += x.copies()[i] as f64 * log[i];
        }
    })?;
    Ok(sum[0] / x.total() as f64)
}

/// The work of [`expect`] on the rows from `first` on.
fn share(x: &Sample, components: &[Normal], first: usize, mass: &mut [f64], log: &mut [f64]) {
    let k = components.len();
    for (c, component) in components.iter().enumerate() {
        let column = &mut log[..];
        lanes::for_rows(x.x(), first, column, |r| component.ln_mass(r), |r| component.ln_mass(r));
        for (mass, &log) in mass[c..].iter_mut().step_by(k).zip(column.iter()) {
            *mass = log;
        }
    }
    for (i, (mass, log)) in mass.chunks_exact_mut(k).zip(log).enumerate() {
        let most = mass.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        *log = most + mass.iter().map(|m| (m - most).exp()).sum::<f64>().ln();
        let copies = x.copies()[first + i] as f64;
        for m in mass {
            *m = copies * (*m - *log).exp();
        }
    }
}

/// The likeliest components for the given mass.
fn maximise(x: &Sample, mass: &[f64], params: &Params, ctx: &Ctx) -> Result<Vec<Normal>, FitError> {
    let (d, k) = (x.columns(), params.n_components);
    let sums = sum_over_rows(x.rows(), k * (d + 1), ctx, |rows, sums| {
        for i in rows {
            for (sum, &m) in sums.chunks_exact_mut(d + 1).zip(&mass[i * k..]) {
                sum[d] += m;
                sum[..d].iter_mut().zip(x.row(i)).for_each(|(s, v)| *s += m * v);
            }
        }
    })?;
    // A component without mass is kept from dividing by zero, as in the reference.
    let masses: Vec<f64> =
        sums.chunks_exact(d + 1).map(|sum| sum[d] + 10.0 * f64::EPSILON).collect();
    let means = sums.chunks_exact(d + 1).zip(&masses);
    let means: Vec<Vec<f64>> =
        means.map(|(sum, m)| sum[..d].iter().map(|s| s / m).collect()).collect();

    let spread = if params.covariance_type.is_matrix() { d * d } else { d };
    let mut scatter = sum_over_rows(x.rows(), k * spread, ctx, |rows, sums| {
        let mut off = vec![0.0; d];
        for i in rows {
            for ((sum, mean), &m) in sums.chunks_exact_mut(spread).zip(&means).zip(&mass[i * k..]) {
                off.iter_mut().zip(x.row(i)).zip(mean).for_each(|((o, v), mu)| *o = v - mu);
                if spread == d {
                    sum.iter_mut().zip(&off).for_each(|(s, o)| *s += m * o * o);
                } else {
                    for (j, row) in sum.chunks_exact_mut(d).enumerate() {
                        let weighted = m * off[j];
                        row.iter_mut().zip(&off[..=j]).for_each(|(s, o)| *s += weighted * o);
                    }
                }
            }
        }
    })?;
    let all: f64 = masses.iter().sum();
    if params.covariance_type == Covariance::Tied {
        let (pooled, others) = scatter.split_at_mut(spread);
        for other in others.chunks_exact(spread) {
            pooled.iter_mut().zip(other).for_each(|(p, o)| *p += o);
        }
    }
    let components = means.into_iter().enumerate().map(|(c, mean)| {
        let (from, mass) =
            if params.covariance_type == Covariance::Tied { (0, all) } else { (c, masses[c]) };
        let mut covariance: Vec<f64> =
            scatter[from * spread..][..spread].iter().map(|s| s / mass).collect();
        let step = if spread == d { 1 } else { d + 1 };
        for variance in covariance.iter_mut().step_by(step) {
            *variance += params.reg_covar;
        }
        if params.covariance_type == Covariance::Spherical {
            let variance = covariance.iter().sum::<f64>() / d as f64;
            covariance.fill(variance);
        }
        Normal::new(masses[c] / all, mean, &covariance)
    });
    components.collect::<Option<Vec<_>>>().ok_or(FitError::Undefined {
        why: "a component has no proper covariance; fewer components, a larger reg_covar or scaled \
              features may help",
    })
}

impl Covariance {
    fn is_matrix(self) -> bool {
        matches!(self, Self::Full | Self::Tied)
    }
}

/// The mixture, and the scores of the rows it was fitted on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    components: Vec<Normal>,
    columns: u32,
    /// Steps of the fit, and whether the last one gained less than the tolerance.
    steps: u32,
    settled: bool,
    own: Vec<f64>,
}

impl Model {
    fn score_lanes<const L: usize>(&self, columns: &[[f64; L]]) -> [f64; L] {
        // ln Σ exp, kept in range by taking the largest term out (one pass, terms in order).
        let (mut most, mut sum) = ([f64::NEG_INFINITY; L], [0.0; L]);
        for component in &self.components {
            for (l, log) in component.ln_mass(columns).into_iter().enumerate() {
                if log > most[l] {
                    sum[l] = sum[l] * (most[l] - log).exp() + 1.0;
                    most[l] = log;
                } else {
                    sum[l] += (log - most[l]).exp();
                }
            }
        }
        std::array::from_fn(|l| -(most[l] + sum[l].ln()))
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
        let d = self.columns as usize;
        let each = || self.components.iter();
        let weights = each().map(Normal::weight).collect();
        let means = each().flat_map(Normal::mean).copied().collect();
        let whitening = each().map(|c| Part::list("whitening", c.whitening().to_vec()));
        let mut parts = vec![
            Part::list("weights", weights),
            Part::table("means", d, means),
            Part::number("steps", f64::from(self.steps)),
            Part::number("settled", f64::from(u8::from(self.settled))),
        ];
        parts.extend(whitening);
        parts
    }

    fn columns(&self) -> usize {
        self.columns as usize
    }

    fn check(&self) -> Result<(), &'static str> {
        let d = self.columns as usize;
        if self.components.is_empty() || !self.components.iter().all(|c| c.is_whole(d)) {
            return Err("a component is not whole");
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

    fn fit(rows: &[[f64; 2]], copies: &[u64], params: &Params) -> Result<Model, FitError> {
        let x = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap().0;
        Gmm::fit(&x, params, &Ctx::small(1))
    }

    /// Rows (0,0) three times and (4,0) once: mean (1,0), variances 3 and 0 (each plus 1 here), no
    /// covariance. At (4,0): ln 2π + ln(4)/2 + ln(1)/2 + 9/8 nats; at (0,0) 1/8 instead of 9/8.
    #[test]
    fn one_component_by_hand() {
        let volume = std::f64::consts::TAU.ln() + 0.5 * 4f64.ln();
        for covariance_type in [Covariance::Full, Covariance::Tied, Covariance::Diag] {
            let params = Params { covariance_type, reg_covar: 1.0, ..Params::default() };
            let model = fit(&[[0.0, 0.0], [4.0, 0.0]], &[3, 1], &params).unwrap();
            let own = model.own_scores();
            assert!((own[0] - volume - 0.125).abs() < 1e-12, "{covariance_type:?} {own:?}");
            assert!((own[1] - volume - 1.125).abs() < 1e-12, "{covariance_type:?} {own:?}");
        }
    }

    /// Two far groups: each component takes one, so a row in the middle is odder than all.
    #[test]
    fn two_components_leave_the_gap_odd() {
        let rows = [[0.0, 0.0], [1.0, 0.5], [0.5, 1.0], [50.0, 0.0], [51.0, 0.5], [50.5, 1.0]];
        for init_params in [Init::Kmeans, Init::KmeansSeeds, Init::Rows] {
            let params =
                Params { n_components: 2, init_params, reg_covar: 0.1, ..Params::default() };
            let model = fit(&rows, &[2; 6], &params).unwrap();
            let worst = model.own_scores().iter().copied().fold(f64::MIN, f64::max);
            assert!(model.score(&[25.0, 0.5]) > worst, "{init_params:?}");
        }
    }

    /// A copy gives u / (u + v) to the first of two components: mean 1/2, variance 3/4 - ln 2. Many
    /// copies have many times both.
    #[test]
    fn copies_are_divided_as_if_written_out() {
        const TIMES: usize = 20_000;
        let (rng, mut sum, mut mass) = (&mut Rng::new(1, 0), [0.0; 2], [0.0; 2]);
        for copies in [1, 1000] {
            let (all, mut squares) = (copies as f64, 0.0);
            for _ in 0..TIMES {
                divide(copies, rng, &mut sum, &mut mass);
                assert!((mass[0] + mass[1] - all).abs() < 1e-9 * all && mass[0] >= 0.0);
                squares += (mass[0] - all / 2.0).powi(2);
            }
            let variance = squares / TIMES as f64 / all;
            let want = 0.75 - std::f64::consts::LN_2;
            assert!((variance / want - 1.0).abs() < 0.05, "{variance}");
        }
    }

    #[test]
    fn without_regularisation_a_constant_feature_is_refused() {
        let params = Params { reg_covar: 0.0, ..Params::default() };
        let error = fit(&[[0.0, 0.0], [4.0, 0.0]], &[1, 1], &params).unwrap_err();
        assert!(matches!(error, FitError::Undefined { .. }));
    }
}
