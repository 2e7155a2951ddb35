//! Which features the models that voted for a tuple look at.

use crate::Why;
use lanner_detect::Fitted;
use lanner_explain::{Attribution, attribute};
use lanner_frame::text::excerpt;
use lanner_frame::{Ctx, Sample};
use rayon::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

/// Features below this share are not named.
const WORTH_NAMING: f64 = 0.1;
/// Features named at most.
const NAMED: usize = 3;

/// Attributions of one model, by row of the sample.
pub(crate) type OfModel = BTreeMap<u32, Attribution>;

/// Asks each model, as soon as it is fitted, why it votes for the rows that it finds oddest.
pub(crate) struct Asker<'a> {
    pub(crate) sample: &'a Sample,
    /// The share of rows that a model votes for.
    pub(crate) contamination: f64,
    /// How many of its votes a model is asked about.
    pub(crate) most: usize,
    /// The row to compare with.
    pub(crate) ordinary: Vec<f64>,
}

impl Asker<'_> {
    /// The attributions of a model's oddest votes.
    pub(crate) fn ask(&self, model: &dyn Fitted, ctx: &Ctx) -> OfModel {
        let scores = model.own_scores();
        let ballot = lanner_vote::ballot(scores, self.sample.copies(), self.contamination);
        let mut rows: Vec<u32> =
            (0..scores.len() as u32).filter(|&i| ballot.votes[i as usize]).collect();
        rows.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]).then(a.cmp(&b)));
        rows.truncate(self.most);
        let one = |&i: &u32| {
            let row = self.sample.x().row(i as usize);
            Some((i, attribute(model, i as usize, row, &self.ordinary)?))
        };
        ctx.parallel(|| rows.par_iter().filter_map(one).collect())
    }
}

/// Which features the models that voted for a tuple look at, by the tuple's place in the list.
#[derive(Debug, Default)]
pub struct Looked {
    features: Vec<String>,
    by_tuple: BTreeMap<u32, Vec<(&'static str, Attribution)>>,
}

impl Looked {
    /// Puts the answers of the models to the tuples, whose rows in the sample `row_of` has by place in the
    /// list.
    pub(crate) fn new(
        features: Vec<String>,
        models: Vec<(&'static str, OfModel)>,
        row_of: &[u32],
    ) -> Self {
        let mut by_tuple: BTreeMap<u32, Vec<(&'static str, Attribution)>> = BTreeMap::new();
        for (id, answers) in models {
            for (place, row) in (0..).zip(row_of) {
                if let Some(answer) = answers.get(row) {
                    by_tuple.entry(place).or_default().push((id, answer.clone()));
                }
            }
        }
        Self { features, by_tuple }
    }

    /// The features that carry the scores of the tuple at place `i`, as a reason; none where no model that
    /// voted for it can say.
    pub(crate) fn reason(&self, i: usize) -> Option<Why> {
        let asked = self.by_tuple.get(&(i as u32))?;
        let mean =
            |j: usize| asked.iter().map(|(_, a)| a.shares[j]).sum::<f64>() / asked.len() as f64;
        let mut shares: Vec<(usize, f64)> =
            (0..self.features.len()).map(|j| (j, mean(j))).filter(|s| s.1 > 0.0).collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        let named = shares.iter().take(NAMED).enumerate();
        let named: Vec<String> = named
            .filter(|(at, (_, share))| *at == 0 || *share >= WORTH_NAMING)
            .map(|(_, &(j, share))| {
                format!("{} ({:.0} %)", excerpt(&self.features[j], 80), 100.0 * share)
            })
            .collect();
        if named.is_empty() {
            return None;
        }
        let by_field = |shares: &mut dyn Iterator<Item = (usize, f64)>| -> serde_json::Map<_, _> {
            shares.map(|(j, share)| (self.features[j].clone(), json!(share))).collect()
        };
        let models: Vec<_> = asked
            .iter()
            .map(|(id, a)| {
                let shares = by_field(&mut a.shares.iter().copied().enumerate());
                json!({"model": id, "method": a.method, "shares": shares})
            })
            .collect();
        let text = format!("the models look at {}", named.join(", "));
        let all = by_field(&mut shares.into_iter());
        let detail = json!({"kind": "features", "text": text, "shares": all, "models": models});
        Some(Why { text, detail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_explain::Method;

    /// Shares .8 .2 0 and .4 .6 0: means .6 .4 0.
    #[test]
    fn the_mean_over_models_is_named_largest_first() {
        let answer = |shares: [f64; 3], method| {
            BTreeMap::from([(7u32, Attribution { method, shares: shares.to_vec() })])
        };
        let models = vec![
            ("A", answer([0.8, 0.2, 0.0], Method::Exact)),
            ("B", answer([0.4, 0.6, 0.0], Method::Neutral)),
        ];
        let names = ["x", "y", "z"].map(str::to_owned).to_vec();
        let looked = Looked::new(names, models, &[3, 7]);
        assert!(looked.reason(0).is_none());
        let why = looked.reason(1).unwrap();
        assert_eq!(why.text, "the models look at x (60 %), y (40 %)");
        assert_eq!(why.detail["models"][1]["method"], "neutral");
        assert!((why.detail["shares"]["x"].as_f64().unwrap() - 0.6).abs() < 1e-12);
    }
}
