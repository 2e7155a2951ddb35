//! The features of a table: which there are, and their values for each tuple.

use crate::surprise::{surprise, weight};
use crate::time::{habit, life_span};
use crate::{Facts, Role};
use lanner_frame::{Cancelled, Ctx};
use rayon::prelude::*;

/// One feature. Columns are numbers of [`Facts::columns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Tail surprise of a column's value, alone or among the rows with the same value of another.
    Value {
        /// The column whose value may be odd.
        of: usize,
        /// The column that is given.
        given: Option<usize>,
    },
    /// How unusual the hours are for the principal.
    Habit,
    /// How short the time is between the first and the last row with the value, or with both values.
    Span {
        /// The column.
        of: usize,
        /// A second one, the two together being the key.
        with: Option<usize>,
    },
}

impl Feature {
    /// The column that this feature speaks about; none for hours.
    pub fn column(&self) -> Option<usize> {
        match *self {
            Self::Value { of, .. } => Some(of),
            Self::Span { of, with } => Some(with.unwrap_or(of)),
            Self::Habit => None,
        }
    }
}

/// The surprises between roles: (of, given).
const GIVEN: [(Role, Role); 11] = {
    use Role::{Action as E, Agent as A, Network as N, Principal as P, Role as R};
    [(E, P), (N, P), (A, P), (E, R), (N, R), (A, R), (E, N), (E, A), (A, N), (P, A), (N, A)]
};
/// The roles in the order of their features.
const ROLES: [Role; 5] = [Role::Action, Role::Network, Role::Agent, Role::Principal, Role::Role];
/// Up to this many columns without a role, every ordered pair is a feature.
const ALL_PAIRS: usize = 8;

/// Chooses the features of a table.
pub(crate) fn plan(facts: &Facts) -> Vec<Feature> {
    let alone = |of| Feature::Value { of, given: None };
    let pair = |of, given| Feature::Value { of, given: Some(given) };
    let mut plan: Vec<Feature> = ROLES.iter().filter_map(|&r| facts.at(r)).map(alone).collect();
    for (of, given) in GIVEN {
        if let (Some(of), Some(given)) = (facts.at(of), facts.at(given)) {
            plan.push(pair(of, given));
        }
    }
    let others: Vec<usize> =
        (0..facts.columns.len()).filter(|&j| facts.columns[j].role == Role::Other).collect();
    plan.extend(others.iter().copied().map(alone));
    let anchors = [Role::Principal, Role::Action].map(|r| facts.at(r));
    for &other in &others {
        plan.extend(anchors.iter().flatten().map(|&given| pair(other, given)));
    }
    if anchors.iter().all(Option::is_none) {
        for &of in others.iter().take(ALL_PAIRS) {
            plan.extend(others.iter().take(ALL_PAIRS).filter(|&&g| g != of).map(|&g| pair(of, g)));
        }
    }
    if facts.visits.as_ref().is_some_and(|v| !v.is_empty()) {
        plan.extend(facts.at(Role::Principal).map(|_| Feature::Habit));
        let [p, e, n, a] =
            [Role::Principal, Role::Action, Role::Network, Role::Agent].map(|r| facts.at(r));
        let keys = [(p, None), (e, None), (n, None), (p, Some(n)), (p, Some(e)), (p, Some(a))];
        plan.extend(keys.into_iter().filter_map(|(of, with)| match (of, with) {
            (Some(of), None) => Some(Feature::Span { of, with: None }),
            (Some(of), Some(Some(with))) => Some(Feature::Span { of, with: Some(with) }),
            _ => None,
        }));
    }
    plan
}

/// The values of features, one list of n numbers a feature.
///
/// # Errors
/// [`Cancelled`] when the run is interrupted.
///
/// # Cost
/// A sort of the tuples a feature, in parallel.
pub(crate) fn values(
    facts: &Facts,
    plan: &[Feature],
    softness: f64,
    ctx: &Ctx,
) -> Result<Vec<Vec<f64>>, Cancelled> {
    let weights: Vec<u64> = facts.copies.iter().map(|&c| weight(c)).collect();
    let codes = |j: usize| facts.columns[j].codes.as_slice();
    let spans = facts.visits.as_ref().map_or_else(Vec::new, |v| v.spans(facts.len()));
    let one = |feature: &Feature| {
        ctx.check()?;
        Ok(match *feature {
            Feature::Value { of, given } => surprise(codes(of), given.map(codes), &weights),
            Feature::Habit => match (&facts.visits, facts.codes(Role::Principal)) {
                (Some(visits), Some(principal)) => habit(visits, principal),
                _ => vec![0.0; facts.len()],
            },
            Feature::Span { of, with } => life_span((codes(of), with.map(codes)), &spans, softness),
        })
    };
    ctx.parallel(|| plan.par_iter().map(one).collect())
}
