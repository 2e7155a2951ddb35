//! From features to one score a tuple and one a session.

use crate::company::{Company, company};
use crate::features::{self, Feature};
use crate::models::{Model, Models, Set, rank_among, ranks, tail_surprise};
use crate::newcomers::{Newcomers, Signs};
use crate::sessions::{Session, sessions};
use crate::{Facts, Role, TableError};
use lanner_frame::{Cancelled, Ctx};
use lanner_kernels::quantile::median;

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
        Self { span_softness: 2.0, change_bonus: 0.7 }
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
    /// How far out each number is: -ln of twice the share of rows on the nearer side, n values a column.
    pub(crate) extremes: Vec<Vec<f64>>,
    pub(crate) settings: Settings,
    pub(crate) models: Models,
    pub(crate) sessions: Vec<Session>,
    pub(crate) newcomers: Newcomers,
    pub(crate) company: Company,
    /// Of each feature.
    medians: Vec<f64>,
    blend: Blend,
    ladder: Ladder,
}

/// The ranked quantities of all tuples in ascending order: where a changed tuple would stand.
struct Ladder {
    by_models: Vec<f64>,
    sums: Vec<f64>,
    far: Vec<f64>,
    both: Vec<f64>,
}

/// How what the models say and the plain sum of surprises become one number.
#[derive(Debug, Clone, Copy)]
struct Blend {
    set: Set,
    /// Models that could be fitted.
    members: f64,
    /// 1 where there is a surprise to add up, else 0.
    sum_counts: f64,
    /// 1 where there are numbers, else 0.
    far_counts: f64,
    /// H of the newcomers.
    newcomers: f64,
    n: usize,
}

impl Blend {
    /// From what the models say, as surprise and as rank, and the rank of the sum.
    ///
    /// With roles known, the two ranks count the same; where newcomers are rare enough to be told apart, the
    /// models, to which they look like a crowd, count less. In any table, the sum is one more model, and so is how
    /// far out the farthest number is: among many fields, a single one does not move the others much.
    fn of(&self, (surprise, rank): (f64, f64), by_sum: f64, by_far: f64) -> f64 {
        match self.set {
            Set::Roles => by_sum + (1.0 - self.newcomers) * rank,
            Set::Any => {
                let sum = self.sum_counts * tail_surprise(by_sum, self.n);
                let far = self.far_counts * tail_surprise(by_far, self.n);
                let members = self.members + self.sum_counts + self.far_counts;
                (self.members * surprise + sum + far) / members.max(1.0)
            }
        }
    }
}

/// What a newcomer in full is worth, in units of its f.
const NEWCOMER: f64 = 3.0;
/// Scores tuples.
///
/// # Errors
/// [`ScoreError`] for tables that do not fit together, or on an interrupt. A model that cannot be fitted
/// is left out, see [`Scored::models`].
///
/// # Cost
/// O(n log n) for n tuples besides the models; see those.
pub fn score(facts: &Facts, settings: &Settings, ctx: &Ctx) -> Result<Scored, ScoreError> {
    facts.check()?;
    let n = facts.len();
    let features = features::plan(facts, ctx);
    let values = features::values(facts, &features, settings.span_softness, ctx)?;
    let set = Set::of(facts);
    let models = Models::fit(&values, set, ctx)?;
    let sessions = sessions(facts);
    let newcomers = Newcomers::find(facts, &sessions);
    let surprises = || features.iter().zip(&values).filter(|(f, _)| f.is_surprise());
    let sums: Vec<f64> = (0..n).map(|i| surprises().map(|(_, v)| v[i]).sum()).collect();
    let by_models = models.surprise(n);
    let (r1, r2) = (ranks(&by_models), ranks(&sums));
    let members = models.len() as f64;
    let sum_counts = f64::from(u8::from(surprises().next().is_some()));
    let far_counts = f64::from(u8::from(!facts.numbers.is_empty()));
    let blend = Blend { set, members, sum_counts, far_counts, newcomers: newcomers.weight, n };
    let far: Vec<f64> = (0..n).map(|i| farthest(&features, |k| values[k][i])).collect();
    let by_far = ranks(&far);
    let both: Vec<f64> =
        (0..n).map(|i| blend.of((by_models[i], r1[i]), r2[i], by_far[i])).collect();
    let own: Vec<f64> = ranks(&both)
        .iter()
        .enumerate()
        .map(|(i, &rank)| {
            tail_surprise(rank, n) + NEWCOMER * newcomers.f[i] + settings.bonus(facts.changes[i])
        })
        .collect();
    let company = company(facts, &sessions, &own, newcomers.weight);
    let score = (0..n).map(|i| company.add(own[i], newcomers.f[i], i)).collect();
    let ladder = Ladder {
        by_models: sorted(by_models),
        sums: sorted(sums),
        far: sorted(far),
        both: sorted(both),
    };
    let once = vec![1; n];
    let medians = values.iter().map(|v| median(v, &once)).collect();
    Ok(Scored {
        features,
        values,
        own,
        score,
        extremes: facts.numbers.iter().map(|c| extremes(&c.values, &facts.copies)).collect(),
        settings: *settings,
        models,
        sessions,
        newcomers,
        company,
        medians,
        blend,
        ladder,
    })
}

/// How far from the middle the farthest number of a tuple is; `value` gives its features.
fn farthest(features: &[Feature], value: impl Fn(usize) -> f64) -> f64 {
    let numbers = (0..features.len()).filter(|&k| !features[k].is_surprise());
    numbers.map(|k| value(k).abs()).fold(0.0, f64::max)
}

/// How far out each number is among rows: -ln of twice the share of rows at least as high, or as low.
fn extremes(values: &[f64], copies: &[u64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let total = copies.iter().sum::<u64>();
    let mut out = vec![0.0; values.len()];
    let mut below = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let here: u64 = tied.iter().map(|&i| copies[i]).sum();
        let outer = (below + here).min(total - below);
        let t = (total as f64 / (2.0 * outer as f64)).ln().max(0.0);
        for &i in tied {
            out[i] = t;
        }
        below += here;
    }
    out
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// What can be made neutral in a tuple.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// A column: its surprises and life spans.
    Column(usize),
    /// The hours.
    Hours,
    /// A number.
    Number(usize),
}

impl Settings {
    fn bonus(&self, changes: bool) -> f64 {
        if changes { self.change_bonus } else { 0.0 }
    }
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

    /// What actions seen in one session only add to the score of tuple `i`: that its pair of principal and network
    /// stands out by them, and that they are in its own session.
    pub(crate) fn novelty(&self, i: usize) -> f64 {
        let signs = self.newcomers.signs[i];
        let (with, without) = (self.newcomers.f[i], Signs { news: 0, ..signs });
        NEWCOMER * (with - self.newcomers.scarcity(without))
            + Company::novelty(with, self.company.own_actions[i])
    }

    /// The oddness of a session's oddest tuple, the sum of what its tuples have above the threshold, and how
    /// many have something.
    pub(crate) fn session(&self, session: &Session) -> (f64, f64, u32) {
        let own = session.parts.iter().map(|p| self.own[p.tuple as usize]);
        let (sum, odd) = self.company.sum(own.clone());
        (own.fold(f64::NEG_INFINITY, f64::max), sum, odd)
    }

    /// The tuples, oddest first; of equal scores the first given first.
    pub fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.score.len() as u32).collect();
        order.sort_by(|&a, &b| self.score[b as usize].total_cmp(&self.score[a as usize]));
        order
    }

    /// The score that tuple `i` would have if an aspect of it were ordinary: the features that speak
    /// about it at most at their median over all tuples, everything else as it is; an ordinary action changes
    /// no state either, and is seen elsewhere. Without an aspect, the
    /// score of the tuple as it is, found the same way: the difference is what the aspect contributes.
    ///
    /// It is near [`Scored::score`] but not equal, since a row that the models are asked about stands
    /// beside itself among the rows they were fitted on.
    ///
    /// # Cost
    /// Scoring one row with each of the models.
    pub fn neutralised(&self, facts: &Facts, i: usize, aspect: Option<Aspect>) -> f64 {
        let speaks = |feature: &Feature| match aspect {
            None => false,
            Some(aspect) => feature.aspect() == aspect,
        };
        let features: Vec<f64> = (self.features.iter().zip(&self.values))
            .zip(&self.medians)
            .map(|((f, v), &median)| match f {
                _ if !speaks(f) => v[i],
                Feature::Number(_) => median,
                _ => v[i].min(median),
            })
            .collect();
        // An ordinary action changes nothing, and is none that only this session has.
        let acts = matches!(aspect, Some(Aspect::Column(j)) if facts.at(Role::Action) == Some(j));
        let mut signs = self.newcomers.signs[i];
        match aspect {
            Some(Aspect::Column(j)) if facts.at(Role::Principal) == Some(j) => {
                signs.principal = 0.0;
            }
            Some(Aspect::Column(j)) if facts.at(Role::Network) == Some(j) => {
                signs = Signs { network: 0.0, place: 0.0, ..signs };
            }
            _ if acts => {
                let worth = 1 + u32::from(facts.changes[i]);
                signs.news = signs.news.saturating_sub(worth);
            }
            _ => {}
        }
        let f = self.newcomers.scarcity(signs);
        let ladder = &self.ladder;
        let by_models = self.models.surprise_of(&features, facts.len());
        let r1 = rank_among(&ladder.by_models, by_models);
        let surprises = self.features.iter().zip(&features).filter(|(f, _)| f.is_surprise());
        let r2 = rank_among(&ladder.sums, surprises.map(|(_, t)| t).sum());
        let far = rank_among(&ladder.far, farthest(&self.features, |k| features[k]));
        let rank = rank_among(&ladder.both, self.blend.of((by_models, r1), r2, far));
        let bonus = self.settings.bonus(facts.changes[i] && !acts);
        let own = tail_surprise(rank, facts.len()) + NEWCOMER * f + bonus;
        let actions = self.company.own_actions[i].saturating_sub(u32::from(acts));
        own + self.company.context(i) + Company::novelty(f, actions)
    }
}
