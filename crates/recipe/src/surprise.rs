//! Tail surprise: how small the share of values is that are at most as frequent as this one.
//!
//! ```text
//! p(y | x) = sum over y' with c(x,y') <= c(x,y) of c(x,y') / c(x)        t(y | x) = -ln p(y | x)
//! ```
//!
//! `c` adds up weights w = log2(1 + copies) of tuples. p is a p-value: where every value of x is rare
//! (a pipeline that comes from a new address each time) it is near 1 and nothing is surprising; where all
//! but one come from one place, that one has 1/c(x). Nothing but equality of values counts, so renaming
//! them changes nothing.
//!
//! Weights are whole numbers, so that a sum is the same in any order and equal counts are equal.

/// One in units of a weight.
const UNIT: f64 = (1u64 << 24) as f64;

/// The weight of a tuple with `copies` rows: log2(1 + copies) in units of 2^-24. Any number of tuples
/// below 2^32 can be added up.
pub(crate) fn weight(copies: u64) -> u64 {
    ((1.0 + copies as f64).log2() * UNIT).round() as u64
}

/// The tail surprise t(y | x) of each entry, in nats, 0 or more; t(y) where no `x` is given.
///
/// # Shapes
/// `y`, `x` and `weights` have one number for each of n entries; a pair (x, y) must have weight above 0.
///
/// # Cost
/// One sort: O(n log n) time, 12 n bytes.
pub(crate) fn surprise(y: &[u32], x: Option<&[u32]>, weights: &[u64]) -> Vec<f64> {
    let given = |i: usize| x.map_or(0, |x| u64::from(x[i])) << 32;
    let mut entries: Vec<(u64, u32)> =
        (0..y.len()).map(|i| (given(i) | u64::from(y[i]), i as u32)).collect();
    entries.sort_unstable();
    let mut out = vec![0.0; y.len()];
    let mut values: Vec<(u64, &[(u64, u32)])> = Vec::new();
    for of_x in entries.chunk_by(|a, b| a.0 >> 32 == b.0 >> 32) {
        values.clear();
        values.extend(of_x.chunk_by(|a, b| a.0 == b.0).map(|equal| {
            let count: u64 = equal.iter().map(|e| weights[e.1 as usize]).sum();
            (count, equal)
        }));
        values.sort_unstable_by_key(|v| v.0);
        let total: u64 = values.iter().map(|v| v.0).sum();
        let mut below = 0;
        for tied in values.chunk_by(|a, b| a.0 == b.0) {
            below += tied.iter().map(|v| v.0).sum::<u64>();
            let t = (total as f64 / below as f64).ln();
            for entry in tied.iter().flat_map(|v| v.1) {
                out[entry.1 as usize] = t;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_exactly() {
        assert_eq!(weight(1), 1 << 24);
        assert_eq!(weight(3), 2 * weight(1));
        assert_eq!(weight(5), weight(1) + weight(2));
    }

    /// Counts a 4, b 1, c 1 of 6: the tail of a is everything, that of b and c together 2/6.
    #[test]
    fn equal_counts_share_their_tail() {
        let t = surprise(&[0, 1, 2, 0], None, &[3, 1, 1, 1]);
        assert_eq!(t, [0.0, 3f64.ln(), 3f64.ln(), 0.0]);
    }

    /// Given x = 0: y = 5 once of three. Given x = 9: only y = 5, so no surprise.
    #[test]
    fn what_is_common_for_one_is_odd_for_another() {
        let t = surprise(&[7, 5, 5], Some(&[0, 0, 9]), &[2, 1, 1]);
        assert_eq!(t, [0.0, 3f64.ln(), 0.0]);
    }

    #[test]
    fn a_new_value_each_time_is_no_surprise() {
        let t = surprise(&[1, 2, 3, 4], Some(&[0; 4]), &[1; 4]);
        assert_eq!(t, [0.0; 4]);
    }
}
