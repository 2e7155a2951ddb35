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
    let Some(central) = Central::of(values) else { return 0.0 };
    let skew = central.mean_of(&|z| z * z * z) / (central.variance * central.variance.sqrt());
    if skew.abs() <= 1e-12 || skew.is_nan() { 0.0 } else { skew }
}

/// Excess kurtosis of weighted values: `m4 / m2^2 - 3`, as `scipy.stats.kurtosis` gives it without
/// bias correction. It is 0 where all values are equal to within rounding, where the reference gives
/// NaN.
///
/// # Cost
/// O(n) time; `values` is walked five times.
pub fn excess_kurtosis(values: &(impl Iterator<Item = (f64, u64)> + Clone)) -> f64 {
    let Some(central) = Central::of(values) else { return 0.0 };
    let square = central.variance * central.variance;
    let kurtosis = central.mean_of(&|z| z * z * z * z) / square - 3.0;
    if kurtosis.is_nan() { 0.0 } else { kurtosis }
}

/// Weighted values, seen from their mean.
struct Central<'a, I> {
    values: &'a I,
    total: u64,
    /// Divides values, so that no power of them overflows.
    largest: f64,
    mean: f64,
    variance: f64,
}

impl<'a, I: Iterator<Item = (f64, u64)> + Clone> Central<'a, I> {
    /// `None` where all values are equal to within rounding.
    fn of(values: &'a I) -> Option<Self> {
        let largest = values.clone().fold(0.0, |m: f64, (v, _)| m.max(v.abs()));
        if largest == 0.0 {
            return None;
        }
        let total = values.clone().map(|(_, c)| c).sum();
        let mut central = Self { values, total, largest, mean: 0.0, variance: 0.0 };
        central.mean = central.mean_of(&|z| z);
        central.mean += central.mean_of(&|z| z);
        central.variance = central.mean_of(&|z| z * z);
        let rounding = (f64::EPSILON * central.mean).powi(2);
        (central.variance > rounding).then_some(central)
    }

    /// Mean over all copies of a function of the distance from the mean, in units of the largest.
    fn mean_of(&self, f: &dyn Fn(f64) -> f64) -> f64 {
        let z = |v: f64| v / self.largest - self.mean;
        let terms = self.values.clone().map(|(v, c)| c as f64 * f(z(v)));
        accurate_sum(terms) / self.total as f64
    }
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

    /// The same values: m4 = (3 + 81) / 4 = 21, 21 / 9 - 3 = -2/3.
    #[test]
    fn kurtosis_counts_copies() {
        let kurtosis = |values: &[(f64, u64)]| excess_kurtosis(&values.iter().copied());
        assert!((kurtosis(&[(0.0, 3), (4.0, 1)]) + 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(kurtosis(&[(0.1, 5)]), 0.0);
    }

    /// 0.1, 0.2, 0.3 are symmetric, though none of them is a binary fraction.
    #[test]
    fn what_rounding_makes_is_no_skewness() {
        assert_eq!(skew(&[(0.1, 7), (0.2, 3), (0.3, 7)]), 0.0);
        assert_eq!(skew(&[(0.1, 5)]), 0.0);
        assert_eq!(skew(&[(0.0, 5)]), 0.0);
    }
}
