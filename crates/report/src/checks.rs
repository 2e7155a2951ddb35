//! The sums that must come out: expected, found, and whether they agree.

use crate::models;
use lanner_pipeline::Outcome;
use serde::{Deserialize, Serialize};

/// One check of a finished hunt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Stable name.
    pub name: String,
    /// What is compared, in words.
    pub what: String,
    /// What it must be.
    pub expected: u64,
    /// What it is.
    pub found: u64,
    /// Do the two agree?
    pub ok: bool,
}

impl Check {
    pub(crate) fn new(name: &str, what: &str, expected: u64, found: u64) -> Self {
        Self { name: name.into(), what: what.into(), expected, found, ok: expected == found }
    }
}

/// The checks on what a hunt found, before anything is joined to it.
pub(crate) fn outcome_checks(outcome: &Outcome) -> Vec<Check> {
    let (input, tuples) = (&outcome.input, &outcome.tuples);
    let used = input.scored + input.filtered + input.rejected;
    let finite = tuples.score.iter().filter(|s| s.is_finite()).count();
    let ran = || models::ran(&outcome.models);
    let model_finite: usize =
        ran().map(|m| m.scores.iter().filter(|s| s.is_finite()).count()).sum();
    let votes = |i: usize| ran().filter(|m| m.votes[i]).count() as u32;
    let ranked = (0..tuples.len()).filter(|&i| votes(i) == tuples.rank[i]).count();
    let model_scores = ran().count() * tuples.len();
    vec![
        Check::new("read", "records read = scored + filtered + rejected", input.read, used),
        Check::new(
            "copies",
            "copies of all tuples = records scored",
            input.scored,
            tuples.copies.iter().sum(),
        ),
        Check::new(
            "scores",
            "no tuple without a score",
            (tuples.len() + model_scores) as u64,
            (finite + model_finite) as u64,
        ),
        Check::new("ranks", "rank = votes of all models", tuples.len() as u64, ranked as u64),
    ]
}
