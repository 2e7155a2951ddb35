//! All default models over scaled features, and why a session stands out, feature by feature.
//!
//! The reference detector looks at features as they are, so seconds decide and fourteen failed logons
//! weigh as much as fourteen seconds. Here every feature is measured on the scale of its peers:
//!
//! ```text
//! y = ln(1 + x) for seconds and counts, x for what is 0 or 1
//! z = (y - median) / s
//! s = IQR / 1.349, for seconds and counts at least 1/4 (a factor of 1.28 is no news); where the IQR
//!     is 0 the population standard deviation: where most sessions have one value, the rarer another
//!     value is, the further it is away
//! ```
//!
//! A session whose end was not seen lasted at least as long as its events. Its duration and number of
//! events do not shape the scale, and count as the median where they are below it. A feature that all
//! sessions share is left out.
//!
//! Every model votes for the sessions above its threshold (the percentile of the contamination), and
//! ranks all of them; `score` is the mean over the models of the share of sessions ranked below. A
//! session's reasons are the features two scales or more from the median. It is flagged where its score
//! is 0.7 or more and its reasons together (the root of the sum of z^2) are further away than the
//! furthest of as many normal numbers as there are features would be by chance, sqrt(2 ln 12n): so there
//! is something for a person to check, and chance flags few however many sessions there are. As z is
//! all that the models see, z^2 over its sum is the feature's share in the squared distance to the typical session.
//!
//! The limit is the universal threshold of D. Donoho and I. Johnstone, "Ideal spatial adaptation by
//! wavelet shrinkage", Biometrika 81, 1994.

mod finding;
mod oddity;

pub use finding::{ENSEMBLE_RULE, ENSEMBLE_SEVERITY};
pub use oddity::{Oddity, lasting};

use crate::DetectError;
use crate::detect::MIN_SESSIONS;
use crate::features::{FEATURES, Features};
use crate::session::Session;
use lanner_detect::{ALL, FitError};
use lanner_frame::{Cancel, Ctx, Matrix, Sample, Workers};
use lanner_kernels::quantile::{median, percentile};
use lanner_vote as vote;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Scales from the median from which a feature is a reason.
const FAR: f64 = 2.0;
/// Mean share of sessions ranked below that a flagged session has at least.
const ODD: f64 = 0.7;
/// Least scale of seconds and counts, as a logarithm.
const LEAST: f64 = 0.25;
/// Quartiles of a normal distribution are this many standard deviations apart.
const NORMAL_IQR: f64 = 1.349;

/// How the ensemble decides.
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleOptions {
    /// Share of the sessions that each model may vote for, 0 to 1; a tenth by default.
    pub contamination: f64,
    /// Seed of the models with a random part.
    pub seed: u64,
}

impl Default for EnsembleOptions {
    fn default() -> Self {
        Self { contamination: 0.1, seed: 42 }
    }
}

/// What all models say together.
#[derive(Debug, Clone)]
pub struct Ensemble {
    /// One entry for each default model, in their order; none where nothing was run.
    pub models: Vec<ModelRun>,
    /// Models that voted for each session.
    pub rank: Vec<u32>,
    /// Mean over the models of the share of sessions scored below, plus half the share equal: 0..1.
    pub score: Vec<f64>,
    /// Sessions that stand out.
    pub flagged: Vec<bool>,
    /// How far the reasons of each session together are from the typical session, in scales; 0 without.
    pub distance: Vec<f64>,
    /// Places of the sessions, strangest first: the flagged ones, then by distance, then score.
    pub order: Vec<u32>,
    /// What is odd about each session, furthest first; flagged ones have at least one.
    pub reasons: Vec<Vec<Oddity>>,
}

/// One model of the ensemble.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRun {
    /// Its id.
    pub id: &'static str,
    /// Its score and vote for each session, or why it could not run.
    pub outcome: Result<Votes, String>,
}

/// Scores and votes of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Votes {
    /// Score of each session; larger is odder.
    pub scores: Vec<f64>,
    /// Score above which it votes.
    pub threshold: f64,
    /// Its vote for each session.
    pub voted: Vec<bool>,
}

/// Runs all default models over sessions and their features ([`Detection::features`](crate::Detection::features)).
///
/// A model that fails or panics is reported and stops no other. With fewer than
/// [`MIN_SESSIONS`] sessions, or no feature that differs, nothing is run and nothing
/// flagged.
///
/// # Errors
/// [`DetectError`] where the run is interrupted.
///
/// # Panics
/// If the contamination is not between 0 and 1, or there is not one row of features for each session.
///
/// # Cost
/// That of the models; well under a second for some thousand sessions.
pub fn ensemble(
    sessions: &[Session],
    features: &[Features],
    options: &EnsembleOptions,
    workers: &Workers,
    cancel: &Cancel,
) -> Result<Ensemble, DetectError> {
    assert_eq!(sessions.len(), features.len(), "one row of features for each session");
    // A context of its own, as the neighbours kept in it are those of one sample.
    let ctx = Ctx::new(workers.clone(), cancel.clone(), options.seed);
    let n = features.len();
    let ones = vec![1; n];
    let seen: Vec<bool> = sessions.iter().map(|s| s.end_reason.is_seen()).collect();
    let scales: Vec<Scale> = (0..FEATURES.len()).map(|j| Scale::new(j, features, &seen)).collect();
    let row = |(row, &seen): (&Features, &bool)| scales.iter().map(|s| s.z(row, seen)).collect();
    let z: Vec<Vec<f64>> = features.iter().zip(&seen).map(row).collect();
    let varying: Vec<usize> = (0..FEATURES.len()).filter(|&j| scales[j].unit > 0.0).collect();
    let mut models = Vec::new();
    if !varying.is_empty() && n >= MIN_SESSIONS {
        let rows: Vec<Vec<f64>> =
            z.iter().map(|row| varying.iter().map(|&j| row[j]).collect()).collect();
        let (sample, place) = Sample::collapse(&Matrix::from_rows(&rows), &ones)?;
        models = run(&sample, &place, options.contamination, &ctx)?;
    }
    let ran: Vec<&Votes> = models.iter().filter_map(|m| m.outcome.as_ref().ok()).collect();
    let votes: Vec<&[bool]> = ran.iter().map(|v| v.voted.as_slice()).collect();
    let scores: Vec<&[f64]> = ran.iter().map(|v| v.scores.as_slice()).collect();
    let rank = vote::rank_of_tuples(&votes, n);
    let score = vote::mean_share(&vote::mid_shares(&scores, &ones), ones.len());
    let reasons: Vec<Vec<Oddity>> =
        features.iter().zip(&z).map(|(row, z)| oddities(row, z, &scales)).collect();
    let together = |why: &Vec<Oddity>| why.iter().fold(0.0, |sum, o| sum + o.z * o.z).sqrt();
    let distance: Vec<f64> = reasons.iter().map(together).collect();
    let by_chance = (2.0 * ((n * FEATURES.len()) as f64).ln()).sqrt();
    let flagged: Vec<bool> =
        score.iter().zip(&distance).map(|(&s, &d)| s >= ODD && d > by_chance).collect();
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (a as usize, b as usize);
        let by_flag = flagged[b].cmp(&flagged[a]);
        by_flag.then(distance[b].total_cmp(&distance[a])).then(score[b].total_cmp(&score[a]))
    });
    Ok(Ensemble { models, rank, score, flagged, distance, order, reasons })
}

/// Fits every default model and lets it vote.
fn run(
    sample: &Sample,
    place: &[u32],
    contamination: f64,
    ctx: &Ctx,
) -> Result<Vec<ModelRun>, DetectError> {
    let default = ALL.iter().filter(|e| e.card().default);
    let models =
        default.map(|e| e.configure(&serde_json::Map::new()).expect("defaults are allowed"));
    let models: Vec<_> = models.collect();
    let k = models.iter().map(|m| m.neighbours()).max().unwrap_or(0);
    let ctx = ctx.clone().expecting_neighbours(k);
    let mut runs = Vec::with_capacity(models.len());
    for model in models {
        ctx.check().map_err(FitError::from)?;
        let id = model.card().id;
        let fit = || model.fit(sample, &ctx.for_model(id)).map(|m| m.own_scores().to_vec());
        let outcome = match catch_unwind(AssertUnwindSafe(fit)) {
            Ok(Ok(own)) => {
                let scores: Vec<f64> = place.iter().map(|&p| own[p as usize]).collect();
                let ballot = vote::ballot(&scores, &vec![1; scores.len()], contamination);
                Ok(Votes { scores, threshold: ballot.threshold, voted: ballot.votes })
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("internal error".to_owned()),
        };
        runs.push(ModelRun { id, outcome });
    }
    ctx.check().map_err(FitError::from)?;
    Ok(runs)
}

/// How one feature is measured.
struct Scale {
    column: usize,
    /// Median as it is.
    median: f64,
    /// Median and scale on the scale of the models; 0 where all sessions have one value.
    centre: f64,
    unit: f64,
}

impl Scale {
    /// Measures a feature over the sessions in which it is what it seems.
    fn new(column: usize, features: &[Features], end_seen: &[bool]) -> Self {
        let certain = features.iter().zip(end_seen).filter(|&(_, &seen)| seen || !at_least(column));
        let raw: Vec<f64> = certain.map(|(row, _)| row[column]).collect();
        if raw.iter().all(|v| *v == raw[0]) {
            let median = raw.first().copied().unwrap_or(0.0);
            return Self { column, median, centre: tamed(column, median), unit: 0.0 };
        }
        let ones = vec![1; raw.len()];
        let y: Vec<f64> = raw.iter().map(|&v| tamed(column, v)).collect();
        let mean = y.iter().sum::<f64>() / y.len() as f64;
        let variance = y.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / y.len() as f64;
        let quartiles = percentile(&y, &ones, 75.0) - percentile(&y, &ones, 25.0);
        let least = if grows(column) { LEAST } else { 0.0 };
        let unit =
            if quartiles > 0.0 { (quartiles / NORMAL_IQR).max(least) } else { variance.sqrt() };
        Self { column, median: median(&raw, &ones), centre: median(&y, &ones), unit }
    }

    fn z(&self, row: &Features, end_seen: bool) -> f64 {
        if self.unit == 0.0 {
            return 0.0;
        }
        let z = (tamed(self.column, row[self.column]) - self.centre) / self.unit;
        if !end_seen && at_least(self.column) { z.max(0.0) } else { z }
    }
}

/// Is a feature seconds or a count? These grow by factors, so they are compared by factors.
fn grows(column: usize) -> bool {
    column < 9
}

/// Is a feature larger than it seems where the end of the session was not seen?
fn at_least(column: usize) -> bool {
    matches!(FEATURES[column], "duration" | "total_events")
}

fn tamed(column: usize, value: f64) -> f64 {
    if grows(column) { value.max(0.0).ln_1p() } else { value }
}

/// The far features of a session, furthest first.
fn oddities(row: &Features, z: &[f64], scales: &[Scale]) -> Vec<Oddity> {
    let total: f64 = z.iter().map(|z| z * z).sum();
    let far = scales.iter().zip(z).filter(|(_, z)| z.abs() >= FAR);
    let oddity = |(scale, &z): (&Scale, &f64)| Oddity {
        feature: FEATURES[scale.column],
        value: row[scale.column],
        peer_median: scale.median,
        z,
        share: z * z / total,
    };
    let mut found: Vec<Oddity> = far.map(oddity).collect();
    found.sort_by(|a, b| b.z.abs().total_cmp(&a.z.abs()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(features: &[Features]) -> Ensemble {
        let workers = Workers::new(1).unwrap();
        let sessions = vec![Session::default(); features.len()];
        let options = EnsembleOptions::default();
        ensemble(&sessions, features, &options, &workers, &Cancel::default()).unwrap()
    }

    /// Forty sessions of around ten minutes; number 7 has fourteen failed logons, number 20 a new
    /// administrator, number 30 is at night.
    fn office() -> Vec<Features> {
        let mut rng = lanner_frame::Rng::new(3, 0);
        let usual = |_| {
            let seconds = 600.0 * (rng.normal() * 0.4).exp();
            [seconds, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0, 1.0, 1.0]
        };
        let mut rows: Vec<Features> = (0..40).map(usual).collect();
        (rows[7][1], rows[7][8]) = (14.0, 19.0);
        (rows[20][5], rows[20][6], rows[20][8]) = (1.0, 1.0, 7.0);
        rows[30][9] = 1.0;
        rows
    }

    #[test]
    fn planted_sessions_are_flagged_for_what_was_planted() {
        let found = found_in(&office());
        assert!(found.models.iter().filter(|m| m.outcome.is_ok()).count() >= 12);
        let main = |i: usize| {
            assert!(found.flagged[i], "{i}: {} votes, {:?}", found.rank[i], found.reasons[i]);
            found.reasons[i].iter().map(|o| o.feature).collect::<Vec<_>>()
        };
        assert!(main(7).contains(&"failed_logons"));
        assert!(main(20).contains(&"admin_added") && main(20).contains(&"user_created"));
        assert_eq!(main(30)[0], "off_hours");
        assert!(found.flagged.iter().filter(|f| **f).count() <= 4);
        let shares: f64 = found.reasons[20].iter().map(|o| o.share).sum();
        assert!(shares > 0.9 && shares <= 1.0 + 1e-12);
        let mut first = found.order[..3].to_vec();
        first.sort_unstable();
        assert_eq!(first, [7, 20, 30]);
        let sessions: Vec<Session> =
            (1..=40).map(|n| Session { session_id: n, ..Session::default() }).collect();
        let findings = found.findings(&sessions);
        assert_eq!(findings[0].session_id, 8);
        assert!(findings[0].explanation.contains("14 failed logons; peers typically 0"));
        assert!(findings[0].description.contains(" of 13 models (score=0."), "{findings:?}");
    }

    #[test]
    fn sessions_that_are_all_the_same_are_nothing_to_flag() {
        let same = vec![office()[0]; 12];
        let found = found_in(&same);
        assert!(found.models.is_empty() && !found.flagged.contains(&true));
        assert!(found.reasons.iter().all(Vec::is_empty));
        let none = found_in(&[]);
        assert!(none.order.is_empty());
    }

    /// Logs 0 0 0 0 ln 2: no quartiles apart, deviation ln 2 times 0.4.
    #[test]
    fn the_rarer_a_value_the_further_it_is() {
        let row = |failed| [0.0, failed, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let rows: Vec<Features> = [0.0, 0.0, 0.0, 0.0, 1.0].into_iter().map(row).collect();
        let scale = Scale::new(1, &rows, &[true; 5]);
        assert!((scale.z(&rows[4], true) - 2.5).abs() < 1e-12 && scale.z(&rows[0], true) == 0.0);
        assert_eq!(Scale::new(0, &rows, &[true; 5]).unit, 0.0);
    }

    #[test]
    fn a_short_duration_says_nothing_where_the_end_was_not_seen() {
        let mut rows = office();
        let scale = Scale::new(0, &rows, &[true; 40]);
        let (mut short, mut long) = (rows[0], rows[0]);
        (short[0], long[0]) = (1.0, 1e5);
        assert!(scale.z(&short, true) < -3.0 && scale.z(&short, false) == 0.0);
        assert_eq!(scale.z(&long, true).to_bits(), scale.z(&long, false).to_bits());
        rows.extend([short; 60]);
        let mut seen = vec![true; 40];
        seen.resize(100, false);
        assert_eq!(Scale::new(0, &rows, &seen).median, scale.median);
    }
}
