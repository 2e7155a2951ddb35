//! The models of the recipe over standardised features.

use crate::{Facts, Role};
use lanner_detect::{Configured, FitError, Saved, find};
use lanner_frame::{Cancelled, Ctx, Matrix, Sample};
use lanner_kernels::sampling::Urn;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::time::Instant;

/// Which models a table gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// A table whose columns have roles: every feature is a surprise.
    Roles,
    /// Any other: numbers as they are among surprises, or alone.
    Any,
}

impl Set {
    /// The set for a table.
    pub(crate) fn of(facts: &Facts) -> Self {
        if facts.columns.iter().any(|c| c.role != Role::Other) { Self::Roles } else { Self::Any }
    }

    /// The models with what differs from their defaults.
    fn list(self) -> Vec<(&'static str, Value)> {
        let forest = ("IForest", json!({ "n_estimators": 200 }));
        let inne = ("INNE", json!({}));
        let knn = ("KNN", json!({ "n_neighbors": 5, "method": "largest" }));
        match self {
            Self::Roles => {
                let gmm = ("GMM", json!({ "n_components": 1 }));
                vec![("COPOD", json!({})), ("ECOD", json!({})), forest, inne, knn, gmm]
            }
            Self::Any => vec![forest, inne, knn, ("HBOS", json!({}))],
        }
    }

    /// Rows that distances are measured to at most.
    ///
    /// With roles, few are better than all: a crowd of like attacks has its neighbours in itself, but hardly in
    /// a sample. Average precision on the three labelled tables it was chosen on, mean over five seeds: 0.818
    /// with 512, 0.813 with 2,048, 0.769 with all rows. In tables of numbers more are better, and the number
    /// bounds the cost, which grows with n alone.
    fn references(self) -> u64 {
        match self {
            Self::Roles => 512,
            Self::Any => 4096,
        }
    }
}

/// One model of the recipe.
pub struct Model {
    /// Its id in the registry.
    pub id: &'static str,
    /// Parameters in use.
    pub params: Value,
    /// Seconds that fitting took, others at work beside it.
    pub seconds: f64,
    /// What a user should know about the fit: a sample that stood for all rows.
    pub note: Option<String>,
    /// Its score of each tuple, or why it could not be fitted.
    pub scores: Result<Vec<f64>, String>,
    fitted: Option<Box<dyn Saved>>,
    /// The scores in ascending order.
    sorted: Vec<f64>,
}

/// The fitted models and how features are standardised for them.
pub(crate) struct Models {
    pub(crate) list: Vec<Model>,
    centre: Vec<(f64, f64)>,
}

impl Models {
    /// Standardises n x d features and fits all models on their distinct rows.
    ///
    /// Mean and deviation are taken in the canonical order of the feature vectors, so neither names nor
    /// the order of tuples can move a bit.
    pub(crate) fn fit(columns: &[Vec<f64>], set: Set, ctx: &Ctx) -> Result<Self, Cancelled> {
        let references = set.references();
        let n = columns[0].len();
        let ones = vec![1; n];
        let raw: Vec<f64> = (0..n).flat_map(|i| columns.iter().map(move |c| c[i])).collect();
        let raw = Matrix::new(raw, n, columns.len());
        let (raw, place) = Sample::collapse(&raw, &ones).expect("surprises are finite numbers");
        let centre: Vec<(f64, f64)> = (0..raw.columns()).map(|j| centre(&raw, j)).collect();
        let standard: Vec<f64> =
            raw.x().iter_rows().flat_map(|row| standardise(row, &centre)).collect();
        let standard = Matrix::new(standard, raw.rows(), raw.columns());
        let (sample, again) =
            Sample::collapse(&standard, raw.copies()).expect("finite numbers stay finite");
        let place: Vec<u32> = place.iter().map(|&p| again[p as usize]).collect();
        let fit = |(id, params): (&'static str, Value)| {
            let entry = find(id).expect("the recipe's models are in the registry");
            let given = params.as_object().expect("parameters are an object");
            let configured = entry.configure(given).expect("the recipe's parameters are valid");
            let clock = Instant::now();
            let (fitted, scores) =
                match fit_one(&*configured, &sample, references, &ctx.for_model(id)) {
                    Ok((fitted, own)) => (
                        Some(fitted),
                        Ok(place.iter().map(|&p| own[p as usize]).collect::<Vec<f64>>()),
                    ),
                    Err(error) => (None, Err(error.to_string())),
                };
            let seconds = clock.elapsed().as_secs_f64();
            let mut sorted = scores.clone().unwrap_or_default();
            sorted.sort_unstable_by(f64::total_cmp);
            let sampled = configured.neighbours() > 0 && sample.total() > references;
            let note = sampled.then(|| {
                let all = sample.total();
                format!("sampled: distances are to {references} of {all} tuples, drawn at random")
            });
            Model { id, params: configured.params(), seconds, note, scores, fitted, sorted }
        };
        let list = ctx.parallel(|| set.list().into_par_iter().map(fit).collect());
        ctx.check()?;
        Ok(Self { list, centre })
    }

    /// Models that could be fitted.
    pub(crate) fn len(&self) -> usize {
        self.list.iter().filter(|m| m.scores.is_ok()).count()
    }

    /// How odd the models find each tuple: the mean, over those that could be fitted, of -ln of the share of
    /// tuples that score at least as high. Odd for one model counts for more than middling for all (Fisher's
    /// way to combine p-values).
    pub(crate) fn surprise(&self, n: usize) -> Vec<f64> {
        let mut sum = vec![0.0; n];
        let mut models = 0.0;
        for scores in self.list.iter().filter_map(|m| m.scores.as_ref().ok()) {
            models += 1.0;
            sum.iter_mut().zip(ranks(scores)).for_each(|(s, rank)| *s += tail_surprise(rank, n));
        }
        sum.iter().map(|s| s / f64::max(models, 1.0)).collect()
    }

    /// How odd the models would find a tuple with these features in place of one of n.
    pub(crate) fn surprise_of(&self, features: &[f64], n: usize) -> f64 {
        let row: Vec<f64> = standardise(features, &self.centre).collect();
        let one = |m: &Model| {
            let score = m.fitted.as_ref()?.as_fitted().scorer()?.score(&row);
            Some(tail_surprise(rank_among(&m.sorted, score), n))
        };
        let all: Vec<f64> = self.list.iter().filter_map(one).collect();
        all.iter().sum::<f64>() / f64::max(all.len() as f64, 1.0)
    }
}

/// Fits a model on all rows, or, where it measures distances to neighbours, on at most `references` drawn at random;
/// scores all rows.
///
/// A row of the part has the score it has among the others of the part, as it does when all are fitted.
///
/// # Source
/// M. Sugiyama and K. Borgwardt, "Rapid distance-based outlier detection via sampling", NIPS 2013.
fn fit_one(
    model: &dyn Configured,
    sample: &Sample,
    references: u64,
    ctx: &Ctx,
) -> Result<(Box<dyn Saved>, Vec<f64>), FitError> {
    if model.neighbours() == 0 || sample.total() <= references {
        let fitted = model.fit(sample, ctx)?;
        let own = fitted.own_scores().to_vec();
        return Ok((fitted, own));
    }
    let drawn = Urn::new(sample.copies()).sample(references, &mut ctx.rng(0));
    let rows: Vec<&[f64]> = drawn.iter().map(|&r| sample.row(r as usize)).collect();
    let part = Matrix::from_rows(&rows);
    let (part, place) = Sample::collapse(&part, &vec![1; rows.len()]).expect("rows of a sample");
    let fitted = model.fit(&part, ctx)?;
    let scorer = fitted.as_fitted().scorer().expect("distances can be taken of any row");
    let mut own = scorer.score_all(sample.x(), ctx)?;
    for (&row, &at) in drawn.iter().zip(&place) {
        own[row as usize] = fitted.own_scores()[at as usize];
    }
    Ok((fitted, own))
}

/// Mean and population standard deviation of a column, a row counted as often as it has copies.
fn centre(sample: &Sample, j: usize) -> (f64, f64) {
    let over_rows = |value: &dyn Fn(f64) -> f64| {
        let rows = sample.x().iter_rows().zip(sample.copies());
        rows.map(|(row, &c)| value(row[j]) * c as f64).sum::<f64>() / sample.total() as f64
    };
    let mean = over_rows(&|v| v);
    (mean, over_rows(&|v| (v - mean) * (v - mean)).sqrt())
}

/// A row in deviations from the mean; 0 in a constant column.
fn standardise<'a>(
    row: &'a [f64],
    centre: &'a [(f64, f64)],
) -> impl Iterator<Item = f64> + use<'a> {
    let one = |(v, c): (&f64, &(f64, f64))| if c.1 > 1e-12 { (v - c.0) / c.1 } else { 0.0 };
    row.iter().zip(centre).map(one)
}

/// -ln of the share of n items that rank at least as high, the item itself among them.
pub(crate) fn tail_surprise(rank: f64, n: usize) -> f64 {
    let all = n as f64 + 1.0;
    -((all - rank) / all).ln()
}

/// Ranks from 1, ascending; equal values share their mean rank.
pub(crate) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&a, &b| values[a as usize] == values[b as usize]) {
        let shared = before as f64 + f64::midpoint(tied.len() as f64, 1.0);
        for &i in tied {
            ranks[i as usize] = shared;
        }
        before += tied.len();
    }
    ranks
}

/// The rank of a value that replaces one of `sorted`: those below it, and half of those equal.
pub(crate) fn rank_among(sorted: &[f64], value: f64) -> f64 {
    let below = sorted.partition_point(|&v| v < value);
    let upto = sorted.partition_point(|&v| v <= value);
    f64::midpoint(below as f64 + 1.0, f64::max(upto as f64, below as f64 + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_rank() {
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 0.0]), [3.5, 2.0, 3.5, 1.0]);
        let sorted = [0.0, 1.0, 5.0, 5.0];
        assert_eq!(rank_among(&sorted, 5.0), 3.5);
        assert_eq!(rank_among(&sorted, 0.0), 1.0);
        assert_eq!(rank_among(&sorted, 0.5), 2.0);
    }
}
