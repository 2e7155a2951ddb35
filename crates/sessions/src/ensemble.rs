//! All default models over scaled features, and why a session stands out, feature by feature.
//!
//! The reference detector looks at features as they are, so seconds decide and fourteen failed logons
//! weigh as much as fourteen seconds. Here every feature is measured on the scale of its peers:
//!
//! ```text
//! y = ln(1 + x) for seconds and counts, x for what is 0 or 1
//! z = (y - median) / s      s = IQR / 1.349, or the population standard deviation where that is less
//!                           than a hundredth of it: where most sessions have one value, the rarer
//!                           another value is, the further it is away
//! ```
//!
//! A feature that all sessions share is left out. A model votes for the sessions above its threshold
//! (the percentile of the contamination); a session is flagged where at least half of the models that
//! ran vote for it and one feature is two scales or more from the median, so that there is something
//! for a person to check. The reasons are these features. As z is all that the models see, z^2 over its
//! sum is the feature's share in the squared distance to the typical session.

use crate::DetectError;
use crate::features::{FEATURES, Features};
use lanner_detect::{ALL, FitError};
use lanner_frame::{Cancel, Ctx, Matrix, Sample, Workers};
use lanner_kernels::quantile::{median, percentile};
use lanner_vote as vote;
use serde::Serialize;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Scales from the median from which a feature is a reason.
const FAR: f64 = 2.0;
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
    /// One entry for each default model, in their order.
    pub models: Vec<ModelRun>,
    /// Models that voted for each session.
    pub rank: Vec<u32>,
    /// Mean over the models of the share of sessions scored below, plus half the share equal: 0..1.
    pub score: Vec<f64>,
    /// Sessions that stand out.
    pub flagged: Vec<bool>,
    /// Places of the sessions, strangest first: by rank, then score.
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
    pub votes: Vec<bool>,
}

/// A feature far from the typical session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Oddity {
    /// The feature.
    pub feature: &'static str,
    /// Its value.
    pub value: f64,
    /// Median over all sessions.
    pub peer_median: f64,
    /// Scales from the median, above (positive) or below.
    pub z: f64,
    /// Share in the squared distance to the typical session, 0..1.
    pub share: f64,
}

/// Runs all default models over the features of sessions.
///
/// A model that fails or panics is reported and stops no other. Without a feature that differs nothing
/// is run and nothing flagged.
///
/// # Errors
/// [`DetectError`] where the run is interrupted.
///
/// # Panics
/// If the contamination is not between 0 and 1.
///
/// # Cost
/// That of the models; well under a second for some thousand sessions.
pub fn ensemble(
    features: &[Features],
    options: &EnsembleOptions,
    workers: &Workers,
    cancel: &Cancel,
) -> Result<Ensemble, DetectError> {
    // A context of its own, as the neighbours kept in it are those of one sample.
    let ctx = Ctx::new(workers.clone(), cancel.clone(), options.seed);
    let n = features.len();
    let ones = vec![1; n];
    let scales: Vec<Scale> = (0..FEATURES.len()).map(|j| Scale::new(j, features)).collect();
    let z: Vec<Vec<f64>> =
        features.iter().map(|row| scales.iter().map(|s| s.z(row)).collect()).collect();
    let varying: Vec<usize> = (0..FEATURES.len()).filter(|&j| scales[j].scale > 0.0).collect();
    let mut models = Vec::new();
    if !varying.is_empty() {
        let rows: Vec<Vec<f64>> =
            z.iter().map(|row| varying.iter().map(|&j| row[j]).collect()).collect();
        let (sample, place) = Sample::collapse(&Matrix::from_rows(&rows), &ones)?;
        models = run(&sample, &place, options.contamination, &ctx)?;
    }
    let ran: Vec<&Votes> = models.iter().filter_map(|m| m.outcome.as_ref().ok()).collect();
    let votes: Vec<&[bool]> = ran.iter().map(|v| v.votes.as_slice()).collect();
    let scores: Vec<&[f64]> = ran.iter().map(|v| v.scores.as_slice()).collect();
    let rank = vote::rank_of_tuples(&votes, n);
    let score = vote::mean_share(&scores, &ones);
    let reasons: Vec<Vec<Oddity>> =
        features.iter().zip(&z).map(|(row, z)| oddities(row, z, &scales)).collect();
    let enough = |&rank: &u32| rank > 0 && 2 * rank as usize >= ran.len();
    let flagged = rank.iter().zip(&reasons).map(|(r, why)| enough(r) && !why.is_empty()).collect();
    let order = vote::list_order(&rank, &score, &ones);
    Ok(Ensemble { models, rank, score, flagged, order, reasons })
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
                Ok(Votes { scores, threshold: ballot.threshold, votes: ballot.votes })
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
    scale: f64,
}

impl Scale {
    fn new(column: usize, features: &[Features]) -> Self {
        let ones = vec![1; features.len()];
        let raw: Vec<f64> = features.iter().map(|row| row[column]).collect();
        if raw.iter().all(|v| *v == raw[0]) {
            let median = raw.first().copied().unwrap_or(0.0);
            return Self { column, median, centre: tamed(column, median), scale: 0.0 };
        }
        let y: Vec<f64> = raw.iter().map(|&v| tamed(column, v)).collect();
        let mean = y.iter().sum::<f64>() / y.len() as f64;
        let variance = y.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / y.len() as f64;
        let quartiles = percentile(&y, &ones, 75.0) - percentile(&y, &ones, 25.0);
        let robust = quartiles / NORMAL_IQR;
        let deviation = variance.sqrt();
        let scale = if robust > deviation / 100.0 { robust } else { deviation };
        Self { column, median: median(&raw, &ones), centre: median(&y, &ones), scale }
    }

    fn z(&self, row: &Features) -> f64 {
        if self.scale > 0.0 {
            (tamed(self.column, row[self.column]) - self.centre) / self.scale
        } else {
            0.0
        }
    }
}

/// Seconds and counts grow by factors, so they are compared by factors.
fn tamed(column: usize, value: f64) -> f64 {
    if column < 9 { value.max(0.0).ln_1p() } else { value }
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

impl Oddity {
    /// In words, with the value of the typical session.
    pub fn text(&self) -> String {
        let (value, peers) = (self.value, self.peer_median);
        let usual = format!("peers typically {peers}");
        let counted = |one: &str, many: &str| {
            let noun = if value == 1.0 { one } else { many };
            format!("{value} {noun}; {usual}")
        };
        match self.feature {
            "duration" => {
                let only = if self.z < 0.0 { "only " } else { "" };
                format!("lasted {only}{}; peers typically {}", lasting(value), lasting(peers))
            }
            "failed_logons" => counted("failed logon", "failed logons"),
            "successful_logons" => counted("successful logon", "successful logons"),
            "unique_tasks" => {
                counted("scheduled task created or run", "scheduled tasks created or run")
            }
            "unique_services" => counted("service installed", "services installed"),
            "admin_added" => {
                counted("account added to a local group", "accounts added to local groups")
            }
            "user_created" => counted("user account created", "user accounts created"),
            "logs_cleared" if value > 0.0 => {
                let times = if value == 1.0 { "" } else { " more than once" };
                format!("Security log cleared{times}; peers typically did not")
            }
            "logs_cleared" => "Security log not cleared; peers typically did".to_owned(),
            "total_events" => counted("event", "events"),
            "off_hours" if value > 0.0 => "began off hours, before 7 or from 22 o'clock".to_owned(),
            "off_hours" => "began in office hours; peers typically do not".to_owned(),
            "ip_present" if value > 0.0 => {
                "came from an address; peers typically have none".to_owned()
            }
            "ip_present" => "no address it came from; peers typically have one".to_owned(),
            "user_present" if value > 0.0 => {
                "a user is named; peers typically have none".to_owned()
            }
            _ => "no user is named; peers typically have one".to_owned(),
        }
    }
}

/// Seconds in the two largest units that matter.
fn lasting(seconds: f64) -> String {
    let s = seconds.round() as i64;
    match s {
        ..60 => format!("{s} s"),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        3600..86400 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} d {} h", s / 86400, s % 86400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(features: &[Features]) -> Ensemble {
        let workers = Workers::new(1).unwrap();
        ensemble(features, &EnsembleOptions::default(), &workers, &Cancel::default()).unwrap()
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
        assert!([7, 20, 30].contains(&found.order[0]), "{:?}", found.order);
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
        let scale = Scale::new(1, &rows);
        assert!((scale.z(&rows[4]) - 2.5).abs() < 1e-12 && scale.z(&rows[0]) == 0.0);
        assert_eq!(Scale::new(0, &rows).scale, 0.0);
    }

    #[test]
    fn reasons_read_like_a_report() {
        let oddity =
            |feature, value, peer_median, z| Oddity { feature, value, peer_median, z, share: 0.5 };
        let text = |feature, value, peers, z| oddity(feature, value, peers, z).text();
        assert_eq!(
            text("duration", 33_120.0, 840.0, 4.0),
            "lasted 9 h 12 min; peers typically 14 min 0 s"
        );
        assert_eq!(
            text("duration", 2.0, 90_000.0, -4.0),
            "lasted only 2 s; peers typically 1 d 1 h"
        );
        assert_eq!(text("failed_logons", 14.0, 0.0, 9.0), "14 failed logons; peers typically 0");
        assert_eq!(
            text("logs_cleared", 1.0, 0.0, 9.0),
            "Security log cleared; peers typically did not"
        );
    }
}
