//! From the votes and scores of all models to one list.

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

/// For each tuple the mean over models of the share of rows that score below it, plus half the share
/// that score the same: 0..1. All 0.5 without models.
///
/// # Cost
/// One sort a model.
pub fn mean_share(models: &[&[f64]], copies: &[u64]) -> Vec<f64> {
    if models.is_empty() {
        return vec![0.5; copies.len()];
    }
    let mut mean = vec![0.0; copies.len()];
    for scores in models {
        for (sum, share) in mean.iter_mut().zip(mid_shares(scores, copies)) {
            *sum += share;
        }
    }
    mean.iter().map(|sum| sum / models.len() as f64).collect()
}

/// Share of rows with a lower score plus half the share with the same score, for each tuple.
pub(crate) fn mid_shares(scores: &[f64], copies: &[u64]) -> Vec<f64> {
    let total = copies.iter().sum::<u64>() as f64;
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| scores[a as usize].total_cmp(&scores[b as usize]));
    let mut shares = vec![0.0; scores.len()];
    let mut below = 0;
    for tied in order.chunk_by(|&a, &b| scores[a as usize] == scores[b as usize]) {
        let rows: u64 = tied.iter().map(|&i| copies[i as usize]).sum();
        let share = (below as f64 + rows as f64 / 2.0) / total;
        for &i in tied {
            shares[i as usize] = share;
        }
        below += rows;
    }
    shares
}

/// The order of the list, strangest first: by rank, then score, then fewer copies, then the order given.
pub fn list_order(rank: &[u32], score: &[f64], copies: &[u64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rank.len() as u32).collect();
    order.sort_by(|&a, &b| {
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
        let shares = mid_shares(&[5.0, 7.0], &[2, 1]);
        assert!((shares[0] - 1.0 / 3.0).abs() < 1e-15 && (shares[1] - 5.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn list_is_by_rank_then_score_then_copies() {
        let order = list_order(&[0, 2, 2, 2], &[0.9, 0.5, 0.5, 0.7], &[1, 9, 1, 1]);
        assert_eq!(order, [3, 2, 1, 0]);
    }
}
