//! From the votes and scores of all models to one list.

use rayon::prelude::*;
use std::cmp::Ordering;

/// Number of models that voted for each tuple.
pub fn rank_of_tuples(votes: &[&[bool]], tuples: usize) -> Vec<u32> {
    let mut ranks = vec![0; tuples];
    for model in votes {
        for (rank, &vote) in ranks.iter_mut().zip(*model) {
            *rank += u32::from(vote);
        }
    }
    ranks
}

/// For each model and tuple the share of rows that score below it, plus half the share that score the
/// same: 0..1.
///
/// # Cost
/// One sort a model, in parallel.
pub fn mid_shares(models: &[&[f64]], copies: &[u64]) -> Vec<Vec<f64>> {
    models.par_iter().map(|scores| shares_of(scores, copies)).collect()
}

/// For each tuple the mean of its shares over the models; all 0.5 without models.
pub fn mean_share(shares: &[Vec<f64>], tuples: usize) -> Vec<f64> {
    if shares.is_empty() {
        return vec![0.5; tuples];
    }
    let mean = |i: usize| shares.iter().map(|s| s[i]).sum::<f64>() / shares.len() as f64;
    (0..tuples).into_par_iter().map(mean).collect()
}

fn shares_of(scores: &[f64], copies: &[u64]) -> Vec<f64> {
    let total = copies.iter().sum::<u64>() as f64;
    let mut order: Vec<(f64, u32)> = scores.iter().copied().zip(0..).collect();
    order.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut shares = vec![0.0; scores.len()];
    let mut below = 0;
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let rows: u64 = tied.iter().map(|&(_, i)| copies[i as usize]).sum();
        let share = (below as f64 + rows as f64 / 2.0) / total;
        for &(_, i) in tied {
            shares[i as usize] = share;
        }
        below += rows;
    }
    shares
}

/// The order of the list, strangest first: by rank, then score, then fewer copies, then the order given.
pub fn list_order(rank: &[u32], score: &[f64], copies: &[u64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rank.len() as u32).collect();
    order.par_sort_by(|&a, &b| {
        let (a, b) = (a as usize, b as usize);
        rank[b].cmp(&rank[a]).then_with(|| by_score(score, copies, a, b))
    });
    order
}

fn by_score(score: &[f64], copies: &[u64], a: usize, b: usize) -> Ordering {
    score[b].total_cmp(&score[a]).then(copies[a].cmp(&copies[b]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows 5,5,7 (copies 2 and 1): the fives have 0 below and half of 2/3, the seven 2/3 and half of 1/3.
    #[test]
    fn shares_by_hand() {
        let shares = &mid_shares(&[&[5.0, 7.0]], &[2, 1])[0];
        assert!((shares[0] - 1.0 / 3.0).abs() < 1e-15 && (shares[1] - 5.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn list_is_by_rank_then_score_then_copies() {
        let order = list_order(&[0, 2, 2, 2], &[0.9, 0.5, 0.5, 0.7], &[1, 9, 1, 1]);
        assert_eq!(order, [3, 2, 1, 0]);
    }
}
