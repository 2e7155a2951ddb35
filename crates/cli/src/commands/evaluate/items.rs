//! Tuples or incidents with their labels, and how well an order of them finds these.

use lanner_recipe::evaluate as measure;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How far down the list is looked.
const FIRST: [usize; 3] = [20, 50, 100];
/// Bootstrap draws, the share outside the interval, seed.
const BOOTSTRAP: (u64, f64, u64) = (200, 0.05, 1);

/// Tuples or incidents with their labels.
#[derive(Default)]
pub(super) struct Items {
    rows: Vec<u64>,
    labelled: Vec<u64>,
    /// Labelled rows by technique.
    techniques: Vec<BTreeMap<String, u64>>,
}

impl Items {
    pub(super) fn new(n: usize) -> Self {
        Self { rows: vec![0; n], labelled: vec![0; n], techniques: vec![BTreeMap::new(); n] }
    }

    pub(super) fn add(&mut self, i: usize, rows: u64, technique: Option<&str>) {
        self.rows[i] += rows;
        if let Some(technique) = technique {
            self.labelled[i] += rows;
            *self.techniques[i].entry(technique.to_owned()).or_default() += rows;
        }
    }

    fn attacks(&self) -> Vec<bool> {
        let pairs = self.labelled.iter().zip(&self.rows);
        pairs.map(|(&l, &rows)| rows > 0 && 2 * l >= rows).collect()
    }

    /// The technique of each attack that most of its rows have.
    fn kinds(&self) -> Vec<Option<&str>> {
        let attacks = self.attacks();
        let kind = |i: usize| {
            let most = self.techniques[i].iter().max_by_key(|(_, n)| **n);
            most.filter(|_| attacks[i]).map(|(name, _)| name.as_str())
        };
        (0..attacks.len()).map(kind).collect()
    }

    pub(super) fn measure(&self, scores: &[f64]) -> Value {
        let (attacks, kinds) = (self.attacks(), self.kinds());
        let at = |k: usize| move |s: &[f64], l: &[bool]| measure::precision_at(s, l, k);
        let at: Vec<_> = FIRST.iter().map(|&k| at(k)).collect();
        let mut measures: Vec<measure::Measure<'_>> =
            vec![&measure::average_precision, &measure::auroc];
        measures.extend(at.iter().map(|m| -> measure::Measure<'_> { m }));
        let intervals = measure::bootstrap(scores, &attacks, &measures, BOOTSTRAP);
        let of_precision: BTreeMap<String, Option<(f64, f64)>> =
            FIRST.iter().map(usize::to_string).zip(intervals[2..].iter().copied()).collect();
        let recall = |k: usize| {
            move |s: &[f64], of: &[Option<&str>]| {
                let (found, all) = measure::kinds_at(s, of, k);
                (all > 0).then(|| found as f64 / all as f64)
            }
        };
        let recalls = FIRST.map(recall);
        let measures = recalls.each_ref().map(|m| -> measure::Measure<'_, Option<&str>> { m });
        let of_recall = measure::bootstrap(scores, &kinds, &measures, BOOTSTRAP);
        let of_recall: BTreeMap<String, Option<(f64, f64)>> =
            FIRST.iter().map(usize::to_string).zip(of_recall).collect();
        let recall: BTreeMap<String, Option<f64>> =
            FIRST.iter().zip(&recalls).map(|(k, m)| (k.to_string(), m(scores, &kinds))).collect();
        let precision: BTreeMap<String, Option<f64>> = FIRST
            .iter()
            .map(|&k| (k.to_string(), measure::precision_at(scores, &attacks, k)))
            .collect();
        let techniques: BTreeMap<String, usize> = FIRST
            .iter()
            .map(|&k| (k.to_string(), measure::kinds_at(scores, &kinds, k).0))
            .collect();
        json!({
            "items": attacks.len(), "attacks": attacks.iter().filter(|&&a| a).count(),
            "ap": measure::average_precision(scores, &attacks), "ap_interval": intervals[0],
            "auroc": measure::auroc(scores, &attacks), "auroc_interval": intervals[1],
            "precision_at": precision, "precision_interval": of_precision,
            "techniques": measure::kinds_at(scores, &kinds, 1).1, "techniques_at": techniques,
            "technique_recall_at": recall, "technique_recall_interval": of_recall,
        })
    }
}
