//! How long each model will take, from timed fits on samples of the tuples.
//!
//! Fits of growing random samples of distinct rows, each at least twice the one before, are timed. How a
//! model's time grows it states itself (its registry guess); how fast this machine is on these rows the
//! largest two trials say: the seconds for all rows are the guess, times the mean ratio of trial to guess.
//! A model whose guess is under a second is run without. What is forecast is measured as it will run:
//! alone, on all threads.
//!
//! The power law `t = a n^b` through the trials (least squares on logarithms over the largest, made
//! non-decreasing, b >= 0) is given beside it. Alone it foresees badly: small samples hide what grows
//! (docs/adr/0009).

use crate::Observer;
use lanner_detect::{Configured, Shape};
use lanner_frame::{Cancelled, Ctx, Rng, Sample};
use serde::Serialize;
use std::time::{Duration, Instant};

/// Models guessed to take less than this many CPU seconds run without a forecast.
pub(crate) const LIGHT: f64 = 1.0;
/// Share of the limit that the trials of one model may take.
const SHARE: f64 = 0.05;
/// Trials shorter than this are repeated, and their median is taken.
const SHORT: f64 = 0.05;
/// Trials that the power law is drawn through, the largest ones.
const FITTED: usize = 3;
/// Trials that say how fast the machine is, the largest ones.
const SCALED: usize = 2;
/// Smallest sample worth a trial.
const SMALLEST: usize = 64;
/// Stream of the random numbers that choose samples; models draw from other seeds.
const STREAM: u64 = 0xF0CA;

/// What is known about a model's time before it runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// The trials: rows and seconds. None where no trial was needed or none came to an end.
    pub samples: Vec<Trial>,
    /// Factor of the power law a n^b through the trials; none from under two.
    pub a: Option<f64>,
    /// Exponent of the power law a n^b through the trials.
    pub b: Option<f64>,
    /// Seconds expected for all rows.
    pub seconds: f64,
    /// Where the seconds come from.
    pub basis: Basis,
}

/// Where an expected time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// From the model's own statement; it is so small that no trial was needed.
    NotNeeded,
    /// From timed trials.
    Trials,
    /// From the model's own statement, because its trials failed or took too long.
    Statement,
}

/// A timed fit on part of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trial {
    /// Distinct rows.
    pub rows: usize,
    /// Wall seconds.
    pub seconds: f64,
}

impl Forecast {
    /// Where nothing was foreseen.
    pub(crate) fn none() -> Self {
        Self { samples: Vec::new(), a: None, b: None, seconds: 0.0, basis: Basis::NotNeeded }
    }
}

/// What a model's own statement says, without any trial.
pub(crate) fn stated(model: &dyn Configured, shape: Shape) -> Forecast {
    let seconds = model.guess(shape);
    let basis = if seconds < LIGHT { Basis::NotNeeded } else { Basis::Statement };
    Forecast { samples: Vec::new(), a: None, b: None, seconds, basis }
}

/// Forecasts every model; `limit` is the number of seconds above which one will be dropped.
///
/// # Errors
/// [`Cancelled`] if the run is interrupted.
pub(crate) fn forecast(
    models: &[Box<dyn Configured>],
    sample: &Sample,
    limit: f64,
    ctx: &Ctx,
    observer: &dyn Observer,
) -> Result<Vec<Forecast>, Cancelled> {
    let shape = Shape::of(sample);
    let mut ladder = Ladder { full: sample, drawn: Vec::new(), ctx };
    let one = |model: &dyn Configured| {
        let stated = stated(model, shape);
        if stated.basis == Basis::NotNeeded {
            return Ok(stated);
        }
        observer.model_started(model.card().id, &lanner_frame::Progress::default());
        let trials = trials(model, &mut ladder, SHARE * limit)?;
        let forecast = match extrapolate(&trials, shape.rows, |rows| model.guess(part(shape, rows)))
        {
            Some(forecast) => forecast,
            None => Forecast { basis: Basis::Statement, ..stated },
        };
        observer.model_forecast(model.card().id, forecast.seconds);
        Ok(forecast)
    };
    models.iter().map(AsRef::as_ref).map(one).collect()
}

/// Samples of the rows by size, each drawn once, and what models share on each.
struct Ladder<'a> {
    full: &'a Sample,
    drawn: Vec<(Sample, Ctx)>,
    ctx: &'a Ctx,
}

impl Ladder<'_> {
    /// A random sample of `rows` distinct rows with their copies, and its own context.
    fn step(&mut self, rows: usize) -> (&Sample, Ctx) {
        if let Some(at) = self.drawn.iter().position(|(s, _)| s.rows() == rows) {
            let (sample, ctx) = &self.drawn[at];
            return (sample, ctx.clone());
        }
        let mut chosen: Vec<u32> = (0..self.full.rows() as u32).collect();
        let mut rng: Rng = self.ctx.for_model("forecast").rng(STREAM ^ rows as u64);
        for i in 0..rows {
            let j = i as u64 + rng.below((chosen.len() - i) as u64);
            chosen.swap(i, j as usize);
        }
        chosen.truncate(rows);
        chosen.sort_unstable();
        let sample = self.full.subset(&chosen);
        self.drawn.push((sample, self.ctx.for_other_rows()));
        let (sample, ctx) = &self.drawn[self.drawn.len() - 1];
        (sample, ctx.clone())
    }
}

/// The shape of a part of the rows.
fn part(full: Shape, rows: usize) -> Shape {
    let share = rows as f64 / full.n();
    Shape { rows, total: (full.total as f64 * share).ceil() as u64, ..full }
}

/// Times fits on growing samples until about `budget` seconds are spent.
fn trials(
    model: &dyn Configured,
    ladder: &mut Ladder<'_>,
    budget: f64,
) -> Result<Vec<Trial>, Cancelled> {
    let (full, begin) = (Shape::of(ladder.full), Instant::now());
    let spent = || begin.elapsed().as_secs_f64();
    // The first three samples together are to take half of the budget, if the statement is right.
    let mut rows = (full.rows / 8).max(SMALLEST);
    let threads = ladder.ctx.threads() as f64;
    let three =
        |rows: usize| -> f64 { [1, 2, 4].iter().map(|m| model.guess(part(full, m * rows))).sum() };
    while rows / 2 >= SMALLEST && three(rows) / threads > budget / 2.0 {
        rows /= 2;
    }
    let mut trials: Vec<Trial> = Vec::new();
    while rows < full.rows {
        let left = budget - spent();
        // A trial is foreseen to take as much more as the last one did.
        let growth = match trials.as_slice() {
            [.., a, b] => (b.seconds / a.seconds.max(1e-9)).clamp(1.0, 16.0),
            _ => 4.0,
        };
        let next = trials.last().map_or(0.0, |t| t.seconds * growth);
        if left <= 0.0 || (trials.len() >= FITTED && next > left) {
            break;
        }
        let (sample, ctx) = ladder.step(rows);
        // The first three may overrun the budget, none of them without end.
        let patience = Duration::from_secs_f64(left.max(0.1) * 2.0);
        let ctx = ctx.until(Instant::now() + patience);
        let Some(seconds) = time(model, sample, &ctx) else { break };
        trials.push(Trial { rows, seconds });
        rows *= 2;
    }
    if ladder.ctx.is_interrupted() { Err(Cancelled) } else { Ok(trials) }
}

/// Wall seconds of a fit, the median of three where it is short; none where it fails.
fn time(model: &dyn Configured, sample: &Sample, ctx: &Ctx) -> Option<f64> {
    let once = |ctx: &Ctx| {
        let start = Instant::now();
        super::models::contained(|| model.fit(sample, &ctx.for_model(model.card().id))).ok()?;
        Some(start.elapsed().as_secs_f64())
    };
    let first = once(ctx)?;
    if first >= SHORT {
        return Some(first);
    }
    // Where an earlier model left what this one needs, the first fit is as short as it will be in the
    // run; where this one made it, it would be too short a second time.
    let mut all = [first, once(&ctx.for_other_rows())?, once(&ctx.for_other_rows())?];
    all.sort_unstable_by(f64::total_cmp);
    Some(first.min(all[1]))
}

/// What trials say about `rows` rows, if times grow as `guess` does; none without a trial.
fn extrapolate(trials: &[Trial], rows: usize, guess: impl Fn(usize) -> f64) -> Option<Forecast> {
    let last = &trials[trials.len().saturating_sub(SCALED)..];
    let ratio = |t: &Trial| (t.seconds.max(1e-9) / guess(t.rows).max(1e-9)).ln();
    let scale = (last.iter().map(ratio).sum::<f64>() / last.len() as f64).exp();
    let (a, b) = power_law(trials).unzip();
    let seconds = scale * guess(rows);
    let samples = trials.to_vec();
    (!last.is_empty()).then_some(Forecast { samples, a, b, seconds, basis: Basis::Trials })
}

/// Factor and exponent of the power law through the last trials; none from under two.
fn power_law(trials: &[Trial]) -> Option<(f64, f64)> {
    if trials.len() < 2 {
        return None;
    }
    let mut most = 1e-6_f64;
    let rising: Vec<(f64, f64)> = trials
        .iter()
        .map(|t| {
            most = most.max(t.seconds);
            ((t.rows as f64).ln(), most.ln())
        })
        .collect();
    let last = &rising[rising.len().saturating_sub(FITTED)..];
    let count = last.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| last.iter().map(f).sum::<f64>() / count;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let slope = last.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>()
        / last.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>();
    let b = slope.max(0.0);
    Some(((y - b * x).exp(), b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// t = 2e-6 n^1.5 at 1000, 2000, 4000 rows.
    #[test]
    fn a_power_law_is_found_again() {
        let trial = |rows: usize| Trial { rows, seconds: 2e-6 * (rows as f64).powf(1.5) };
        let (a, b) = power_law(&[trial(1000), trial(2000), trial(4000)]).unwrap();
        assert!((b - 1.5).abs() < 1e-9 && (a - 2e-6).abs() < 1e-12, "{a} {b}");
        // A later, shorter trial does not make more rows cheaper.
        let trial = |rows, seconds| Trial { rows, seconds };
        let falling = [trial(100, 0.4), trial(200, 0.3), trial(400, 0.2)];
        assert_eq!(power_law(&falling).unwrap().1, 0.0);
        assert_eq!(power_law(&falling[..1]), None);
    }

    /// The machine is half as fast as stated: 1e-6 n^2 stated, 2e-6 n^2 measured, 8 s for 2000 rows.
    /// With a constant part that the statement knows, small trials do not mislead.
    #[test]
    fn times_grow_as_the_model_says() {
        let stated = |rows: usize| 1.0 + 1e-6 * (rows as f64).powi(2);
        let trial = |rows: usize| Trial { rows, seconds: 2.0 * stated(rows) };
        let forecast = extrapolate(&[trial(100), trial(200)], 2000, stated).unwrap();
        assert!((forecast.seconds - 10.0).abs() < 1e-9, "{}", forecast.seconds);
        let one = extrapolate(&[trial(100)], 2000, stated).unwrap();
        assert!((one.seconds - 10.0).abs() < 1e-9 && one.b.is_none());
        assert_eq!(extrapolate(&[], 2000, stated), None);
    }
}
