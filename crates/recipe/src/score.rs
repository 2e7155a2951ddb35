//! From features to one score a tuple and one a session.

use crate::features::{self, Feature};
use crate::models::{Model, Models, rank_among, ranks, tail_surprise};
use crate::newcomers::Newcomers;
use crate::sessions::{Session, sessions};
use crate::{Facts, Role, TableError};
use lanner_frame::{Cancelled, Ctx};
use lanner_kernels::quantile::{median, percentile};

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
    pub(crate) settings: Settings,
    pub(crate) models: Models,
    pub(crate) sessions: Vec<Session>,
    pub(crate) newcomers: Newcomers,
    pub(crate) company: Company,
    /// Of each feature.
    medians: Vec<f64>,
    ladder: Ladder,
}

/// What the sessions of each tuple say about it.
pub(crate) struct Company {
    threshold: f64,
    /// B: the largest sum of the excess of the other tuples in one session.
    pub(crate) around: Vec<f64>,
    /// Other tuples with an excess in that session.
    pub(crate) others: Vec<u32>,
    /// o: the largest number of actions seen in one session and no other.
    pub(crate) own_actions: Vec<u32>,
}

/// The ranked quantities of all tuples in ascending order: where a changed tuple would stand.
struct Ladder {
    by_models: Vec<f64>,
    sums: Vec<f64>,
    both: Vec<f64>,
}

/// One in units of summed oddness: whole numbers, so that a sum is the same in any order.
const UNIT: f64 = (1u64 << 32) as f64;
/// What odd company is worth, in units of ln(1 + B). Chosen on five labelled tables, where 0.8 in place of 0.5
/// changed average precision by 0.000, 0.008, 0.014, 0.015 and 0.041; not checked on others.
const CONTEXT: f64 = 0.8;
/// What a newcomer in full is worth, in units of its f.
const NEWCOMER: f64 = 3.0;
/// Percentile of oddness from which on a tuple is a suspicious neighbour.
const CROWD: f64 = 90.0;

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
    let features = features::plan(facts);
    let values = features::values(facts, &features, settings.span_softness, ctx)?;
    let models = Models::fit(&values, ctx)?;
    let sessions = sessions(facts);
    let newcomers = Newcomers::find(facts, &sessions);
    let sums: Vec<f64> = (0..n).map(|i| values.iter().map(|f| f[i]).sum()).collect();
    let by_models = models.surprise(n);
    let (r1, r2) = (ranks(&by_models), ranks(&sums));
    let both: Vec<f64> = r2.iter().zip(&r1).map(|(b, a)| newcomers.blend(*a, *b)).collect();
    let own: Vec<f64> = ranks(&both)
        .iter()
        .enumerate()
        .map(|(i, &rank)| {
            tail_surprise(rank, n) + NEWCOMER * newcomers.f[i] + settings.bonus(facts.changes[i])
        })
        .collect();
    let company = company(&sessions, &own, newcomers.weight);
    let score = (0..n).map(|i| company.add(own[i], newcomers.f[i], i)).collect();
    let ladder = Ladder { by_models: sorted(by_models), sums: sorted(sums), both: sorted(both) };
    let once = vec![1; n];
    let medians = values.iter().map(|v| median(v, &once)).collect();
    Ok(Scored {
        features,
        values,
        own,
        score,
        settings: *settings,
        models,
        sessions,
        newcomers,
        company,
        medians,
        ladder,
    })
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Looks at each tuple's neighbours in its sessions.
fn company(sessions: &[Session], own: &[f64], newcomers: f64) -> Company {
    let n = own.len();
    let mut in_sessions = vec![0; n];
    for part in sessions.iter().flat_map(|s| &s.parts) {
        in_sessions[part.tuple as usize] += 1;
    }
    let threshold = if sessions.is_empty() {
        f64::INFINITY
    } else {
        (1.0 - newcomers) * percentile(own, &vec![1; n], CROWD)
            + newcomers * percentile(own, &in_sessions, CROWD)
    };
    let mut company =
        Company { threshold, around: vec![0.0; n], others: vec![0; n], own_actions: vec![0; n] };
    let mut most = vec![(0u64, 0u32); n];
    for session in sessions {
        let excess = |tuple: usize| company.excess(own[tuple]);
        let sum: u64 = session.parts.iter().map(|p| excess(p.tuple as usize)).sum();
        let odd = session.parts.iter().filter(|p| excess(p.tuple as usize) > 0).count() as u32;
        for part in &session.parts {
            let i = part.tuple as usize;
            let mine = excess(i);
            most[i] = most[i].max((sum - mine, odd - u32::from(mine > 0)));
        }
    }
    for (i, (sum, others)) in most.into_iter().enumerate() {
        company.around[i] = sum as f64 / UNIT;
        company.others[i] = others;
    }
    for session in sessions {
        for part in &session.parts {
            let most = &mut company.own_actions[part.tuple as usize];
            *most = (*most).max(session.own_actions);
        }
    }
    company
}

impl Company {
    /// What an oddness has above the threshold, in whole units.
    fn excess(&self, own: f64) -> u64 {
        ((own - self.threshold).max(0.0) * UNIT) as u64
    }

    /// The score of tuple `i` out of its own oddness and newcomer term.
    fn add(&self, own: f64, f: f64, i: usize) -> f64 {
        own + self.context(i) + Self::novelty(f, self.own_actions[i])
    }

    /// What odd neighbours in a session add.
    pub(crate) fn context(&self, i: usize) -> f64 {
        CONTEXT * self.around[i].ln_1p()
    }

    /// What a newcomer's actions of its own add.
    pub(crate) fn novelty(f: f64, own_actions: u32) -> f64 {
        1.5 * Newcomers::share(f) * f64::from(own_actions).ln_1p()
    }
}

/// What can be made neutral in a tuple.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// A column: its surprises and life spans.
    Column(usize),
    /// The hours.
    Hours,
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

    /// The oddness of a session's oddest tuple, the sum of what its tuples have above the threshold, and how
    /// many have something.
    pub(crate) fn session(&self, session: &Session) -> (f64, f64, u32) {
        let own = session.parts.iter().map(|p| self.own[p.tuple as usize]);
        let excess: Vec<u64> = own.clone().map(|u| self.company.excess(u)).collect();
        let odd = excess.iter().filter(|&&e| e > 0).count() as u32;
        let sum = excess.iter().sum::<u64>() as f64 / UNIT;
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
            Some(Aspect::Hours) => feature.column().is_none(),
            Some(Aspect::Column(j)) => feature.column() == Some(j),
        };
        let features: Vec<f64> = (self.features.iter().zip(&self.values))
            .zip(&self.medians)
            .map(|((f, v), &median)| if speaks(f) { v[i].min(median) } else { v[i] })
            .collect();
        let mut t = self.newcomers.surprise[i];
        match aspect {
            Some(Aspect::Column(j)) if facts.at(Role::Principal) == Some(j) => t[0] = 0.0,
            Some(Aspect::Column(j)) if facts.at(Role::Network) == Some(j) => t[1..].fill(0.0),
            _ => {}
        }
        let f = self.newcomers.scarcity(t);
        let ladder = &self.ladder;
        let r1 = rank_among(&ladder.by_models, self.models.surprise_of(&features, facts.len()));
        let r2 = rank_among(&ladder.sums, features.iter().sum());
        let rank = rank_among(&ladder.both, self.newcomers.blend(r1, r2));
        // An ordinary action changes nothing, and is none that only this session has.
        let acts = matches!(aspect, Some(Aspect::Column(j)) if facts.at(Role::Action) == Some(j));
        let bonus = self.settings.bonus(facts.changes[i] && !acts);
        let own = tail_surprise(rank, facts.len()) + NEWCOMER * f + bonus;
        let actions = self.company.own_actions[i].saturating_sub(u32::from(acts));
        own + self.company.context(i) + Company::novelty(f, actions)
    }
}
