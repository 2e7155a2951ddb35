//! From features to one score a tuple and one a session.

use crate::features::{self, Feature};
use crate::models::{Model, Models, ranks};
use crate::newcomers::Newcomers;
use crate::sessions::{Session, sessions};
use crate::{Facts, TableError};
use lanner_frame::{Cancelled, Ctx};
use lanner_kernels::quantile::percentile;

/// What may be set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// What the logarithm of a life span is divided by: larger, and short lives count less.
    pub span_softness: f64,
    /// What a call that changes something is worth beside one that only reads.
    pub change_bonus: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { span_softness: 3.0, change_bonus: 0.7 }
    }
}

/// Why tuples could not be scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// The tables do not fit together, or are empty.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The run was interrupted.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Scored tuples and sessions.
pub struct Scored {
    /// The features.
    pub features: Vec<Feature>,
    /// Their values, n numbers a feature.
    pub values: Vec<Vec<f64>>,
    /// Oddness of each tuple by itself: u.
    pub own: Vec<f64>,
    /// The score of each tuple, larger is odder.
    pub score: Vec<f64>,
    pub(crate) models: Models,
    pub(crate) sessions: Vec<Session>,
    pub(crate) newcomers: Newcomers,
}

impl Scored {
    /// The models of the recipe.
    pub fn models(&self) -> &[Model] {
        &self.models.list
    }

    /// How much the newcomer term counts in this table: H, 0 to 1.
    pub fn newcomer_weight(&self) -> f64 {
        self.newcomers.weight
    }
}

/// One in units of summed oddness: whole numbers, so that a sum is the same in any order.
const UNIT: f64 = (1u64 << 32) as f64;

/// Scores tuples.
///
/// # Errors
/// [`ScoreError`] for tables that do not fit together, or on an interrupt. A model that cannot be fitted
/// is left out, see [`Scored::models`].
///
/// # Cost
/// O(n log n) for n tuples besides the models; see those.
pub fn score(facts: &Facts, settings: &Settings, ctx: &Ctx) -> Result<Scored, ScoreError> {
    let n = facts.len();
    let features = features::plan(facts);
    let values = features::values(facts, &features, settings.span_softness, ctx)?;
    let models = Models::fit(&values, ctx)?;
    let sessions = sessions(facts);
    let newcomers = Newcomers::find(facts, &sessions);
    let sums: Vec<f64> = (0..n).map(|i| values.iter().map(|f| f[i]).sum()).collect();
    let r1 = ranks(&models.mean_ranks(n));
    let r2 = ranks(&sums);
    let h = newcomers.weight;
    let both: Vec<f64> = r2.iter().zip(&r1).map(|(b, a)| b + (1.0 - h) * a).collect();
    let own: Vec<f64> = ranks(&both)
        .iter()
        .enumerate()
        .map(|(i, r)| {
            let tail = (n as f64 + 1.0 - r) / (n as f64 + 1.0);
            let bonus = if facts.changes[i] { settings.change_bonus } else { 0.0 };
            -tail.ln() + 3.0 * newcomers.f[i] + bonus
        })
        .collect();
    let mut in_sessions = vec![0; n];
    for part in sessions.iter().flat_map(|s| &s.parts) {
        in_sessions[part.tuple as usize] += 1;
    }
    let threshold = if sessions.is_empty() {
        f64::INFINITY
    } else {
        (1.0 - h) * percentile(&own, &vec![1; n], 90.0) + h * percentile(&own, &in_sessions, 90.0)
    };
    let excess = |u: f64| ((u - threshold).max(0.0) * UNIT) as i64;
    let mut around = vec![0i64; n];
    let mut own_actions = vec![0; n];
    for session in &sessions {
        let sum: i64 = session.parts.iter().map(|p| excess(own[p.tuple as usize])).sum();
        for part in &session.parts {
            let i = part.tuple as usize;
            around[i] = around[i].max(sum - excess(own[i]));
            own_actions[i] = own_actions[i].max(session.own_actions);
        }
    }
    let score = (0..n)
        .map(|i| {
            let b = around[i] as f64 / UNIT;
            let h = Newcomers::share(newcomers.f[i]);
            own[i] + 0.5 * b.ln_1p() + 1.5 * h * f64::from(own_actions[i]).ln_1p()
        })
        .collect();
    Ok(Scored { features, values, own, score, models, sessions, newcomers })
}
