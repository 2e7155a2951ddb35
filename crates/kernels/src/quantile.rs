//! Percentiles, medians and median absolute deviations of values with copies.
//!
//! All are those of the N values written out `copies` times each, to the bit as `numpy.percentile`
//! and `numpy.median` compute them, at the cost of the n values given.

/// The two neighbouring order statistics of the written-out values at `rank` and `rank + 1`, counted
/// from 0; at the last rank the second is the first.
///
/// Halves the values around their median (introselect) and goes on in the half that holds the rank.
fn neighbours_at(values: &[f64], copies: &[u64], mut rank: u64) -> (f64, f64) {
    assert_eq!(values.len(), copies.len(), "one number of copies for each value");
    let mut pairs: Vec<(f64, u64)> =
        values.iter().zip(copies).map(|(&v, &c)| (v, c)).filter(|&(_, c)| c > 0).collect();
    let mut rest = pairs.as_mut_slice();
    // The smallest value above `rest`, once one was left behind.
    let mut above: Option<f64> = None;
    loop {
        assert!(!rest.is_empty(), "a rank below the number of values");
        let middle = rest.len() / 2;
        let (low, &mut (value, times), high) =
            rest.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0));
        let below: u64 = low.iter().map(|p| p.1).sum();
        if rank < below {
            above = Some(value);
            rest = low;
        } else if rank < below + times {
            if rank + 1 < below + times {
                return (value, value);
            }
            let next = high.iter().map(|p| p.0).min_by(f64::total_cmp).or(above);
            return (value, next.unwrap_or(value));
        } else {
            rank -= below + times;
            rest = high;
        }
    }
}

/// The percentile of N values by linear interpolation between the two nearest ranks.
///
/// The rank is (N - 1) percent / 100; between a and b at share t it is a + (b - a) t below one half
/// and b - (b - a)(1 - t) from there on, which is numpy's arithmetic to the bit.
///
/// # Shapes
/// - `values`: n numbers, none NaN
/// - `copies`: n whole numbers, N = their sum >= 1
///
/// # Panics
/// If `percent` is outside 0..=100, or there is no value.
///
/// # Cost
/// O(n) time and memory, whatever N is.
///
/// # Source
/// R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", 1996, definition 7.
///
/// # Example
/// ```
/// use lanner_kernels::quantile::percentile;
/// // 1 1 1 5: rank 2.25 lies a quarter of the way from the third value to the fourth.
/// assert_eq!(percentile(&[5.0, 1.0], &[1, 3], 75.0), 2.0);
/// ```
pub fn percentile(values: &[f64], copies: &[u64], percent: f64) -> f64 {
    assert!((0.0..=100.0).contains(&percent), "a percentile lies between 0 and 100");
    let total: u64 = copies.iter().sum();
    percentile_of(total, percent, |rank| neighbours_at(values, copies, rank))
}

/// The percentile of `total` values that are known by their order statistics: `pair_at` gives those at
/// a rank, counted from 0, and at the next (the last one twice). See [`percentile`].
pub fn percentile_of(total: u64, percent: f64, pair_at: impl FnOnce(u64) -> (f64, f64)) -> f64 {
    let rank = total.saturating_sub(1) as f64 * (percent / 100.0);
    let (a, b) = pair_at(rank.floor() as u64);
    let share = rank - rank.floor();
    if a == b {
        a
    } else if share >= 0.5 {
        b - (b - a) * (1.0 - share)
    } else {
        a + (b - a) * share
    }
}

/// The median of N values: the middle one, or the mean of the middle two.
///
/// # Panics
/// If there is no value.
///
/// # Cost
/// O(n) time and memory.
pub fn median(values: &[f64], copies: &[u64]) -> f64 {
    let total: u64 = copies.iter().sum();
    let (a, b) = neighbours_at(values, copies, total.saturating_sub(1) / 2);
    if total % 2 == 1 { a } else { f64::midpoint(a, b) }
}

/// The median absolute deviation: the median of |v - `centre`| over N values, unscaled.
///
/// # Panics
/// If there is no value.
///
/// # Cost
/// O(n) time and memory.
pub fn median_deviation(values: &[f64], copies: &[u64], centre: f64) -> f64 {
    let away: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    median(&away, copies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Rng;

    /// Sorts the values written out and interpolates, the slow way.
    fn written_out(values: &[f64], copies: &[u64], percent: f64) -> f64 {
        let mut all: Vec<f64> = values
            .iter()
            .zip(copies)
            .flat_map(|(&v, &c)| std::iter::repeat_n(v, c as usize))
            .collect();
        all.sort_unstable_by(f64::total_cmp);
        let rank = (all.len() - 1) as f64 * (percent / 100.0);
        let (a, t) = (all[rank as usize], rank - rank.floor());
        let b = all[(rank as usize + 1).min(all.len() - 1)];
        if t >= 0.5 { b - (b - a) * (1.0 - t) } else { a + (b - a) * t }
    }

    #[test]
    fn copies_count_as_values_written_out() {
        let mut rng = Rng::new(5, 0);
        for n in 1..60 {
            let values: Vec<f64> =
                (0..n).map(|_| (rng.normal() * 4.0).round() / 3.0 + 0.0).collect();
            let copies: Vec<u64> = (0..n).map(|_| 1 + rng.below(7)).collect();
            for percent in [0.0, 10.0, 25.0, 33.3, 50.0, 75.0, 90.0, 99.9, 100.0] {
                let (got, want) =
                    (percentile(&values, &copies, percent), written_out(&values, &copies, percent));
                assert_eq!(got.to_bits(), want.to_bits(), "{n} values, percentile {percent}");
            }
        }
    }

    /// `numpy.percentile([0.1, 0.7, 0.7, 1.9, 3.3], p)` for 30, 65 and 99.9 with numpy 2.4.6: shares
    /// of 0.2, 0.6 and 0.996, so both forms of the interpolation.
    #[test]
    fn bits_are_those_of_numpy() {
        let (values, copies) = ([3.3, 0.7, 0.1, 1.9], [1, 2, 1, 1]);
        assert_eq!(percentile(&values, &copies, 30.0), 0.7);
        assert_eq!(percentile(&values, &copies, 65.0), 1.42);
        assert_eq!(percentile(&values, &copies, 99.9), 3.294_400_000_000_000_4);
    }

    /// 0 0 0 2 4 10: median (0 + 2) / 2 = 1; deviations 1 1 1 1 3 9, median 1.
    #[test]
    fn medians_by_hand() {
        let (values, copies) = ([10.0, 0.0, 2.0, 4.0], [1, 3, 1, 1]);
        assert_eq!(median(&values, &copies), 1.0);
        assert_eq!(median_deviation(&values, &copies, 1.0), 1.0);
        assert_eq!(median(&[7.0], &[1 << 52]), 7.0);
    }
}
