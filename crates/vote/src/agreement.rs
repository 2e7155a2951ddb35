//! How far models agree: correlations over rows.

use rayon::prelude::*;

/// Pearson correlation of two columns over rows; none where one of them is constant.
pub fn pearson(a: &[f64], b: &[f64], copies: &[u64]) -> Option<f64> {
    let total = copies.iter().sum::<u64>() as f64;
    let mean = |v: &[f64]| v.iter().zip(copies).map(|(x, &c)| x * c as f64).sum::<f64>() / total;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut cross, mut var_a, mut var_b) = (0.0, 0.0, 0.0);
    for ((x, y), &c) in a.iter().zip(b).zip(copies) {
        let (u, v, c) = (x - mean_a, y - mean_b, c as f64);
        cross += c * u * v;
        var_a += c * u * u;
        var_b += c * v * v;
    }
    let constant = |v: &[f64]| v.iter().all(|x| *x == v[0]);
    if constant(a) || constant(b) {
        return None;
    }
    Some((cross / (var_a.sqrt() * var_b.sqrt())).clamp(-1.0, 1.0))
}

/// Spearman correlation of every pair of score columns over rows: Pearson of their mid-ranks, which
/// [`mid_shares`](crate::mid_shares) gives.
///
/// # Cost
/// O(n) a pair, pairs in parallel.
pub fn spearman(shares: &[Vec<f64>], copies: &[u64]) -> Vec<Vec<Option<f64>>> {
    pairwise(shares, |a, b| pearson(a, b, copies))
}

/// A symmetric matrix of a measure over pairs.
fn pairwise(
    columns: &[Vec<f64>],
    measure: impl Fn(&[f64], &[f64]) -> Option<f64> + Sync,
) -> Vec<Vec<Option<f64>>> {
    let count = columns.len();
    let pairs: Vec<(usize, usize)> =
        (0..count).flat_map(|i| (i..count).map(move |j| (i, j))).collect();
    let measured: Vec<Option<f64>> = pairs
        .par_iter()
        .map(|&(i, j)| measure(&columns[i], &columns[j]).map(|r| if i == j { 1.0 } else { r }))
        .collect();
    let mut table = vec![vec![None; count]; count];
    for (&(i, j), value) in pairs.iter().zip(measured) {
        table[i][j] = value;
        table[j][i] = value;
    }
    table
}

/// Pearson correlation of every pair of vote columns over rows.
pub fn vote_agreement(votes: &[&[bool]], copies: &[u64]) -> Vec<Vec<Option<f64>>> {
    let columns: Vec<Vec<f64>> =
        votes.iter().map(|v| v.iter().map(|&x| f64::from(u8::from(x))).collect()).collect();
    pairwise(&columns, |a, b| pearson(a, b, copies))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows (0,0) (0,0) (1,1) (1,0): means 1/2 and 1/4; cov 1/8, var 1/4 and 3/16: r = 1/sqrt 3.
    #[test]
    fn pearson_over_rows_by_hand() {
        let r = pearson(&[0.0, 1.0, 1.0], &[0.0, 1.0, 0.0], &[2, 1, 1]).unwrap();
        assert!((r - 1.0 / 3f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_model_without_votes_agrees_with_nobody() {
        let table = vote_agreement(&[&[false, false], &[false, true]], &[1, 1]);
        assert_eq!(table[0], [None, None]);
        assert_eq!(table[1][1], Some(1.0));
    }
}
