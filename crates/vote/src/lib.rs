//! Scores to votes, ranks and agreement.
//!
//! Takes named score columns and copies; knows no detector. A tuple with c copies counts as c rows
//! everywhere in this crate.

mod agreement;
mod combine;

pub use agreement::{pearson, spearman, vote_agreement};
pub use combine::{list_order, mean_share, mid_shares, rank_of_tuples};

use lanner_kernels::quantile::percentile;

/// The votes of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Ballot {
    /// Score above which a row is voted for.
    pub threshold: f64,
    /// One vote a tuple.
    pub votes: Vec<bool>,
    /// Rows voted for.
    pub rows: u64,
}

/// Votes for the tuples that score above the 100 (1 - contamination) percentile of the rows.
///
/// The percentile interpolates linearly between rows, as `numpy.percentile` does, over the scores
/// written out once for every row. A tie at the threshold may leave no vote at all; that is reported,
/// not mended.
pub fn ballot(scores: &[f64], copies: &[u64], contamination: f64) -> Ballot {
    let threshold = percentile(scores, copies, 100.0 * (1.0 - contamination));
    let votes: Vec<bool> = scores.iter().map(|&s| s > threshold).collect();
    let rows = votes.iter().zip(copies).filter(|(v, _)| **v).map(|(_, c)| c).sum();
    Ballot { threshold, votes, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows 1,1,1,2,9: at contamination 0.2 the 80th percentile is 2 + 0.2 * 7 = 3.4.
    #[test]
    fn votes_over_rows_not_tuples() {
        let ballot = ballot(&[1.0, 2.0, 9.0], &[3, 1, 1], 0.2);
        assert!((ballot.threshold - 3.4).abs() < 1e-12);
        assert_eq!(ballot.votes, [false, false, true]);
        assert_eq!(ballot.rows, 1);
    }
}
