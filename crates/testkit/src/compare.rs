//! What score columns are compared by.

/// The median of a list (mean of the middle two).
///
/// # Panics
/// If the list is empty.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

/// The population standard deviation.
pub fn standard_deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt()
}

/// Ranks from 1, equal values sharing their mean rank.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let shared = from as f64 + f64::midpoint(tied.len() as f64, 1.0);
        for &i in tied {
            ranks[i] = shared;
        }
        from += tied.len();
    }
    ranks
}

/// Spearman's rank correlation; 1 where both lists are constant, 0 where one is.
pub fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = f64::midpoint(a.len() as f64, 1.0);
    let dot = |u: &[f64], v: &[f64]| -> f64 {
        u.iter().zip(v).map(|(x, y)| (x - mean) * (y - mean)).sum()
    };
    let (aa, bb) = (dot(&a, &a), dot(&b, &b));
    match (aa > 0.0, bb > 0.0) {
        (true, true) => dot(&a, &b) / (aa * bb).sqrt(),
        (false, false) => 1.0,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks 1, 2.5, 2.5, 4 against 4, 2.5, 2.5, 1.
    #[test]
    fn ties_share_their_rank() {
        assert_eq!(ranks(&[1.0, 3.0, 3.0, 9.0]), [1.0, 2.5, 2.5, 4.0]);
        assert!((spearman(&[1.0, 3.0, 3.0, 9.0], &[0.0, -1.0, -1.0, -2.0]) + 1.0).abs() < 1e-12);
    }
}
