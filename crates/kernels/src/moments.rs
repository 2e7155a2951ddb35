//! Moments of one column of rows with copies.

/// Skewness of weighted values: `m3 / m2^(3/2)` with `m_k` the k-th central moment over all copies, as
/// `scipy.stats.skew` gives it without bias correction.
///
/// A skewness that rounding alone could have made (1e-12 or less) is 0, so that its sign depends
/// neither on the order of the rows nor on their grouping. It is 0 too where all values are equal to
/// within rounding, where the reference gives NaN.
///
/// # Cost
/// O(n) time; `values` is walked five times.
pub fn skewness(values: &(impl Iterator<Item = (f64, u64)> + Clone)) -> f64 {
    let largest = values.clone().fold(0.0, |m: f64, (v, _)| m.max(v.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let total: u64 = values.clone().map(|(_, c)| c).sum();
    // Scaled to at most 1, so that no third power overflows.
    let mean_of = |f: &dyn Fn(f64) -> f64| {
        let terms = values.clone().map(|(v, c)| c as f64 * f(v / largest));
        accurate_sum(terms) / total as f64
    };
    let rough = mean_of(&|z| z);
    let mean = rough + mean_of(&|z| z - rough);
    let m2 = mean_of(&|z| (z - mean) * (z - mean));
    let m3 = mean_of(&|z| (z - mean) * (z - mean) * (z - mean));
    if m2 <= (f64::EPSILON * mean).powi(2) {
        return 0.0;
    }
    let skew = m3 / (m2 * m2.sqrt());
    if skew.abs() <= 1e-12 || skew.is_nan() { 0.0 } else { skew }
}

/// Sums numbers with the lost low bits carried along (Neumaier 1974).
fn accurate_sum(terms: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for term in terms {
        let next = sum + term;
        lost += if sum.abs() >= term.abs() { (sum - next) + term } else { (term - next) + sum };
        sum = next;
    }
    sum + lost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(values: &[(f64, u64)]) -> f64 {
        skewness(&values.iter().copied())
    }

    /// Values 0, 0, 0, 4: mean 1, m2 = (3 + 9) / 4 = 3, m3 = (-3 + 27) / 4 = 6, 6 / 3^1.5 = 1.1547.
    #[test]
    fn counts_copies() {
        let by_hand = 6.0 / 27.0_f64.sqrt();
        assert!((skew(&[(0.0, 3), (4.0, 1)]) - by_hand).abs() < 1e-12);
        assert!((skew(&[(0.0, 3), (4.0e300, 1)]) - by_hand).abs() < 1e-12);
    }

    /// 0.1, 0.2, 0.3 are symmetric, though none of them is a binary fraction.
    #[test]
    fn what_rounding_makes_is_no_skewness() {
        assert_eq!(skew(&[(0.1, 7), (0.2, 3), (0.3, 7)]), 0.0);
        assert_eq!(skew(&[(0.1, 5)]), 0.0);
        assert_eq!(skew(&[(0.0, 5)]), 0.0);
    }
}
