//! The features of a table: which there are, and their values for each tuple.

use crate::surprise::{surprise, weight};
use crate::time::{Lives, habit};
use crate::{Aspect, Facts, Role, pairs};
use lanner_frame::{Cancelled, Ctx};
use lanner_kernels::quantile::percentile;
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
    /// A number of [`Facts::numbers`], robustly scaled: something for models, and no surprise.
    Number(usize),
    /// How short the time is between the first and the last row with the value, or with the principal and
    /// the value.
    Span {
        /// The column; the principal's where there is a second one.
        of: usize,
        /// The second one.
        with: Option<usize>,
    },
}

impl Feature {
    /// What this feature speaks about.
    pub fn aspect(&self) -> Aspect {
        match *self {
            Self::Value { of, .. } => Aspect::Column(of),
            Self::Span { of, with } => Aspect::Column(with.unwrap_or(of)),
            Self::Number(k) => Aspect::Number(k),
            Self::Habit => Aspect::Hours,
        }
    }

    /// Is it a surprise, 0 or more, which can be added to others?
    pub(crate) fn is_surprise(&self) -> bool {
        !matches!(self, Self::Number(_))
    }
}

/// The surprises between roles: (of, given).
const GIVEN: [(Role, Role); 11] = {
    use Role::{Action as E, Agent as A, Network as N, Principal as P, Role as R};
    [(E, P), (N, P), (A, P), (E, R), (N, R), (A, R), (E, N), (E, A), (A, N), (P, A), (N, A)]
};
/// The roles in the order of their features.
const ROLES: [Role; 5] = [Role::Action, Role::Network, Role::Agent, Role::Principal, Role::Role];

/// Chooses the features of a table.
pub(crate) fn plan(facts: &Facts, ctx: &Ctx) -> Vec<Feature> {
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
    plan.extend((0..facts.numbers.len()).map(Feature::Number));
    let anchors = [Role::Principal, Role::Action].map(|r| facts.at(r));
    for &other in &others {
        plan.extend(anchors.iter().flatten().map(|&given| pair(other, given)));
    }
    if anchors.iter().all(Option::is_none) {
        plan.extend(
            pairs::choose(facts, &others, ctx).into_iter().map(|(of, given)| pair(of, given)),
        );
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
    let nobody = vec![0; facts.len()];
    let principal = facts.codes(Role::Principal).unwrap_or(&nobody);
    let lives = Lives::new(&spans, principal, softness);
    let one = |feature: &Feature| {
        ctx.check()?;
        Ok(match *feature {
            Feature::Value { of, given } => surprise(codes(of), given.map(codes), &weights),
            Feature::Habit => match (&facts.visits, facts.codes(Role::Principal)) {
                (Some(visits), Some(principal)) => habit(visits, principal),
                _ => vec![0.0; facts.len()],
            },
            Feature::Number(k) => scaled(&facts.numbers[k].values),
            Feature::Span { of, with: None } => lives.of(codes(of)),
            Feature::Span { with: Some(with), .. } => lives.with_principal(codes(with)),
        })
    };
    ctx.parallel(|| plan.par_iter().map(one).collect())
}

/// Numbers as distances from the median over tuples in interquartile ranges (standard deviations where half of
/// them are equal), those far out drawn in by asinh: a single huge number leaves the others apart.
fn scaled(values: &[f64]) -> Vec<f64> {
    let once = vec![1; values.len()];
    let at = |percent| percentile(values, &once, percent);
    let (low, middle, high) = (at(25.0), at(50.0), at(75.0));
    // Halved, so that no difference is infinite.
    let mut width = high / 2.0 - low / 2.0;
    if width <= 0.0 {
        let far = values.iter().map(|v| (v / 2.0 - middle / 2.0).abs()).fold(0.0, f64::max);
        let of_far = |v: &f64| ((v / 2.0 - middle / 2.0) / far).powi(2);
        let mut squares: Vec<f64> = values.iter().map(of_far).collect();
        squares.sort_unstable_by(f64::total_cmp);
        width = far * (squares.iter().sum::<f64>() / values.len() as f64).sqrt();
    }
    let z = |v: f64| (v / 2.0 - middle / 2.0) / width;
    values.iter().map(|&v| if width > 0.0 { z(v).asinh() } else { 0.0 }).collect()
}
