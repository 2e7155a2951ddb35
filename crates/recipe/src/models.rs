//! The six models of the recipe over standardised features.

use lanner_detect::{Saved, find};
use lanner_frame::{Cancelled, Ctx, Matrix, Sample};
use rayon::prelude::*;
use serde_json::{Value, json};

/// The models with what differs from their defaults.
fn list() -> [(&'static str, Value); 6] {
    [
        ("COPOD", json!({})),
        ("ECOD", json!({})),
        ("IForest", json!({ "n_estimators": 200 })),
        ("INNE", json!({})),
        ("KNN", json!({ "n_neighbors": 5, "method": "largest" })),
        ("GMM", json!({ "n_components": 1 })),
    ]
}

/// One model of the recipe.
pub struct Model {
    /// Its id in the registry.
    pub id: &'static str,
    /// Parameters in use.
    pub params: Value,
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
    pub(crate) fn fit(columns: &[Vec<f64>], ctx: &Ctx) -> Result<Self, Cancelled> {
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
            let fitted = configured.fit(&sample, &ctx.for_model(id));
            let spread = |m: &Box<dyn Saved>| {
                place.iter().map(|&p| m.own_scores()[p as usize]).collect::<Vec<f64>>()
            };
            let scores = fitted.as_ref().map(spread).map_err(ToString::to_string);
            let mut sorted = scores.clone().unwrap_or_default();
            sorted.sort_unstable_by(f64::total_cmp);
            Model { id, params: configured.params(), scores, fitted: fitted.ok(), sorted }
        };
        let list = ctx.parallel(|| list().into_par_iter().map(fit).collect());
        ctx.check()?;
        Ok(Self { list, centre })
    }

    /// The mean rank of each tuple over the models that could be fitted, 1 to n.
    pub(crate) fn mean_ranks(&self, n: usize) -> Vec<f64> {
        let mut sum = vec![0.0; n];
        let mut models = 0.0;
        for scores in self.list.iter().filter_map(|m| m.scores.as_ref().ok()) {
            models += 1.0;
            sum.iter_mut().zip(ranks(scores)).for_each(|(s, r)| *s += r);
        }
        sum.iter().map(|s| s / f64::max(models, 1.0)).collect()
    }

    /// The mean rank that a tuple with these features would have.
    pub(crate) fn mean_rank_of(&self, features: &[f64]) -> f64 {
        let row: Vec<f64> = standardise(features, &self.centre).collect();
        let rank = |m: &Model| {
            let score = m.fitted.as_ref()?.as_fitted().scorer()?.score(&row);
            Some(rank_among(&m.sorted, score))
        };
        let ranks: Vec<f64> = self.list.iter().filter_map(rank).collect();
        ranks.iter().sum::<f64>() / f64::max(ranks.len() as f64, 1.0)
    }
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
