//! How well an order finds what is labelled: average precision, AUROC, precision and recall among the
//! first, with bootstrap intervals. Equal scores are averaged over all their orders.

use lanner_frame::Rng;
use rayon::prelude::*;
use std::collections::BTreeSet;

/// A run of equal scores, highest first: how many items, how many of them labelled.
struct Tied {
    items: f64,
    hits: f64,
}

/// Items by falling score, equal scores together.
fn tied(scores: &[f64], labels: &[bool]) -> Vec<Tied> {
    let order = falling(scores);
    let runs = order.chunk_by(|&a, &b| scores[a as usize] == scores[b as usize]);
    runs.map(|run| Tied {
        items: run.len() as f64,
        hits: run.iter().filter(|&&i| labels[i as usize]).count() as f64,
    })
    .collect()
}

fn falling(scores: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
    order
}

/// Average precision: the mean, over the labelled items, of the precision at their places. Expected value
/// over all orders of equal scores; none where nothing is labelled.
///
/// # Cost
/// One sort.
///
/// # Source
/// F. `McSherry` and M. Najork, "Computing information retrieval performance measures efficiently in the
/// presence of tied scores", 2008.
pub fn average_precision(scores: &[f64], labels: &[bool]) -> Option<f64> {
    let (mut items, mut hits, mut sum) = (0.0, 0.0, 0.0);
    for run in tied(scores, labels) {
        // At place j of the run stands a hit with chance hits/items, and before it among the other
        // j - 1 places of the run the like share of the other hits.
        for j in 0..run.items as u64 {
            let before = if run.items > 1.0 { (run.hits - 1.0) / (run.items - 1.0) } else { 0.0 };
            let found = hits + j as f64 * before + 1.0;
            sum += run.hits / run.items * found / (items + j as f64 + 1.0);
        }
        items += run.items;
        hits += run.hits;
    }
    (hits > 0.0).then(|| sum / hits)
}

/// The chance that a labelled item scores above one that is not, ties counting half; none where either
/// kind is missing.
///
/// # Cost
/// One sort.
pub fn auroc(scores: &[f64], labels: &[bool]) -> Option<f64> {
    let (mut hits, mut others, mut pairs) = (0.0, 0.0, 0.0);
    for run in tied(scores, labels) {
        let misses = run.items - run.hits;
        pairs += misses * (hits + run.hits / 2.0);
        hits += run.hits;
        others += misses;
    }
    (hits > 0.0 && others > 0.0).then(|| pairs / (hits * others))
}

/// The share of labelled items among the first `k` (among all, if there are fewer), expected over all
/// orders of equal scores; none for k = 0 or no item.
pub fn precision_at(scores: &[f64], labels: &[bool], k: usize) -> Option<f64> {
    let wanted = k.min(scores.len()) as f64;
    let (mut left, mut hits) = (wanted, 0.0);
    for run in tied(scores, labels) {
        let taken = run.items.min(left);
        hits += run.hits * taken / run.items;
        left -= taken;
        if left <= 0.0 {
            break;
        }
    }
    (wanted > 0.0).then(|| hits / wanted)
}

/// How many kinds of label are among the first `k` items, and how many there are in all. `kinds` names
/// each item's kind, none where it is not labelled. A kind that reaches the first `k` only through equal
/// scores at the end of them does not count.
pub fn kinds_at<K: Ord>(scores: &[f64], kinds: &[Option<K>], k: usize) -> (usize, usize) {
    let order = falling(scores);
    let mut first = k.min(order.len());
    let score = |at: usize| scores[order[at] as usize];
    if first > 0 && first < order.len() && score(first - 1) == score(first) {
        let end = score(first);
        first = order[..first].partition_point(|&i| scores[i as usize] > end);
    }
    let of = |items: &[u32]| {
        let kinds = items.iter().filter_map(|&i| kinds[i as usize].as_ref());
        kinds.collect::<BTreeSet<&K>>().len()
    };
    (of(&order[..first]), of(&order))
}

/// A measure of an order: of scores and labels.
pub type Measure<'a, L = bool> = &'a (dyn Fn(&[f64], &[L]) -> Option<f64> + Sync);

/// Intervals of measures by bootstrap: items are drawn with replacement `draws` times, the measures taken of
/// each draw, and the percentiles that leave `outside` / 2 on either side returned. None where no draw had a
/// measure.
///
/// # Cost
/// `draws` times the measures, in parallel; items are drawn in the order of their scores, so that sorting them
/// again is cheap.
///
/// # Source
/// B. Efron, "Bootstrap methods: another look at the jackknife", 1979 (percentile intervals).
pub fn bootstrap<L: Clone + Send + Sync>(
    scores: &[f64],
    labels: &[L],
    measures: &[Measure<'_, L>],
    (draws, outside, seed): (u64, f64, u64),
) -> Vec<Option<(f64, f64)>> {
    let order = falling(scores);
    let one = |draw: u64| {
        let mut rng = Rng::new(seed, draw);
        let mut times = vec![0u32; order.len()];
        for _ in 0..order.len() {
            times[rng.below(order.len() as u64) as usize] += 1;
        }
        let drawn = || {
            let each = order.iter().zip(&times);
            each.flat_map(|(&i, &n)| std::iter::repeat_n(i as usize, n as usize))
        };
        let of_scores: Vec<f64> = drawn().map(|i| scores[i]).collect();
        let of_labels: Vec<L> = drawn().map(|i| labels[i].clone()).collect();
        measures.iter().map(|m| m(&of_scores, &of_labels)).collect::<Vec<_>>()
    };
    let all: Vec<Vec<Option<f64>>> = (0..draws).into_par_iter().map(one).collect();
    let interval = |m: usize| {
        let taken: Vec<f64> = all.iter().filter_map(|of_draw| of_draw[m]).collect();
        if taken.is_empty() {
            return None;
        }
        let once = vec![1; taken.len()];
        let at = |percent| lanner_kernels::quantile::percentile(&taken, &once, percent);
        Some((at(50.0 * outside), at(100.0 - 50.0 * outside)))
    };
    (0..measures.len()).map(interval).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f64; 5] = [0.9, 0.5, 0.5, 0.2, 0.1];
    const LABELS: [bool; 5] = [true, false, true, false, true];

    /// Orders: 1 0 1 0 1 and 1 1 0 0 1. AP = (1 + 2/3 + 3/5)/3 and (1 + 1 + 3/5)/3.
    #[test]
    fn average_precision_by_hand() {
        let ap = average_precision(&SCORES, &LABELS).unwrap();
        let want = f64::midpoint((1.0 + 2.0 / 3.0 + 0.6) / 3.0, (1.0 + 1.0 + 0.6) / 3.0);
        assert!((ap - want).abs() < 1e-12);
        assert_eq!(average_precision(&[1.0, 2.0], &[false, false]), None);
        // All tied, 1 of 2: places 1 and 2 alike, (1 + 1/2) / 2.
        assert_eq!(average_precision(&[3.0, 3.0], &[true, false]), Some(0.75));
    }

    /// Hits 0.9 0.5 0.1, others 0.5 0.2: 2 + 1.5 + 0 of 6 pairs.
    #[test]
    fn auroc_by_hand() {
        assert_eq!(auroc(&SCORES, &LABELS), Some(3.5 / 6.0));
        assert_eq!(auroc(&[1.0], &[true]), None);
    }

    #[test]
    fn precision_shares_ties_out() {
        assert_eq!(precision_at(&SCORES, &LABELS, 2), Some(0.75));
        assert_eq!(precision_at(&SCORES, &LABELS, 3), Some(2.0 / 3.0));
        assert_eq!(precision_at(&SCORES, &LABELS, 50), Some(0.6));
        assert_eq!(precision_at(&SCORES, &LABELS, 0), None);
    }

    #[test]
    fn kinds_at_the_cut_count_only_untied() {
        let kinds = [Some("a"), None, Some("b"), None, Some("a")];
        assert_eq!(kinds_at(&SCORES, &kinds, 2), (1, 2));
        assert_eq!(kinds_at(&SCORES, &kinds, 3), (2, 2));
        assert_eq!(kinds_at(&SCORES, &kinds, 9), (2, 2));
    }

    #[test]
    fn intervals_hold_the_measure_and_repeat() {
        let scores: Vec<f64> = (0..200).map(|i| f64::from(i % 97)).collect();
        let labels: Vec<bool> = (0..200).map(|i| i % 97 > 80).collect();
        let mixed: Vec<bool> = labels.iter().enumerate().map(|(i, l)| l ^ (i % 7 == 0)).collect();
        let measured = auroc(&scores, &mixed).unwrap();
        let drawn = bootstrap(&scores, &mixed, &[&auroc, &|_, _| None], (200, 0.05, 1));
        let (low, high) = drawn[0].unwrap();
        assert!(low < measured && measured < high && high - low < 0.3, "{low} {measured} {high}");
        assert_eq!(drawn[1], None);
        assert_eq!(bootstrap(&scores, &mixed, &[&auroc, &|_, _| None], (200, 0.05, 1)), drawn);
    }
}
