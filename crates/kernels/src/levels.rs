//! Columns of category codes: only the equality of values counts.
//!
//! Everything here is the same to the last bit under a one-to-one renaming of the values of a column:
//! what is counted is whole numbers, and what is added up in floats is ordered by size first.

use serde::{Deserialize, Serialize};

/// The distinct values of a column, each with its rows.
///
/// A value's number is its place in the ascending order. It says which value is meant, and nothing that
/// is computed may depend on it otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    values: Vec<f64>,
    rows: Vec<u64>,
}

impl Levels {
    /// Counts the rows of each distinct value; also returns the number of each row's value.
    ///
    /// # Shapes
    /// `values` and `copies`: n each, n at least 1 and below 2^32, values not NaN.
    ///
    /// # Cost
    /// O(n log n).
    pub fn ranked(values: &[f64], copies: &[u64]) -> (Self, Vec<u32>) {
        let (ecdf, place) = crate::ecdf::Ecdf::ranked(values, copies);
        let rows = ecdf.masses().map(|(_, rows)| rows).collect();
        (Self { values: ecdf.into_values(), rows }, place)
    }

    /// The number of a value; none if it is not among them.
    pub fn find(&self, value: f64) -> Option<u32> {
        let place = self.values.partition_point(|&v| v < value);
        (self.values.get(place) == Some(&value)).then_some(place as u32)
    }

    /// The distinct values, ascending.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Rows of each value, copies counted.
    pub fn rows(&self) -> &[u64] {
        &self.rows
    }

    /// Number of distinct values, at least 1.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// Whether there are values, each with its rows, as after a fit.
    pub fn is_whole(&self) -> bool {
        !self.values.is_empty() && self.values.len() == self.rows.len()
    }
}

/// The pairs of values that occur in two columns, each with its rows.
#[derive(Debug, Clone)]
pub struct Pairs {
    /// The distinct pairs, ascending; see [`pair`].
    pub keys: Vec<u64>,
    /// Rows of each, copies counted.
    pub rows: Vec<u64>,
}

/// Two numbers as one.
pub fn pair(first: u32, second: u32) -> u64 {
    u64::from(first) << 32 | u64::from(second)
}

impl Pairs {
    /// Counts the rows of each pair; also returns the number of each row's pair.
    ///
    /// # Shapes
    /// `first`, `second` and `copies`: n each, n below 2^32.
    ///
    /// # Cost
    /// O(n log n).
    pub fn ranked(first: &[u32], second: &[u32], copies: &[u64]) -> (Self, Vec<u32>) {
        let rows = first.iter().zip(second).enumerate();
        let mut order: Vec<(u64, u32)> = rows.map(|(i, (&a, &b))| (pair(a, b), i as u32)).collect();
        order.sort_unstable();
        let mut pairs = Self { keys: Vec::new(), rows: Vec::new() };
        let mut place = vec![0; first.len()];
        for equal in order.chunk_by(|a, b| a.0 == b.0) {
            for &(_, i) in equal {
                place[i as usize] = pairs.keys.len() as u32;
            }
            pairs.keys.push(equal[0].0);
            pairs.rows.push(equal.iter().map(|&(_, i)| copies[i as usize]).sum());
        }
        (pairs, place)
    }
}

/// Tail surprise of groups of rows: how small is the share of rows in groups no larger?
///
/// ```text
/// t(g) = -ln( rows in groups with at most as many rows as g / N )
/// ```
///
/// exp(-t) is a p-value: where every row is a group of its own, none is surprising. Also returns the
/// surprise of a row in no group, as rare as can be: as though it were one of N + 1 rows and shared its
/// rank with the groups of one row, `ln( (N + 1) / max(1, groups of one row) )`. That is more than any
/// group has.
///
/// # Cost
/// O(k log k) for k groups.
pub fn surprises(rows: &[u64]) -> (Vec<f64>, f64) {
    let total: u64 = rows.iter().sum();
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_unstable_by_key(|&g| rows[g as usize]);
    let mut out = vec![0.0; rows.len()];
    let mut upto = 0;
    for equal in order.chunk_by(|&a, &b| rows[a as usize] == rows[b as usize]) {
        upto += rows[equal[0] as usize] * equal.len() as u64;
        for &g in equal {
            out[g as usize] = (total as f64 / upto as f64).ln();
        }
    }
    let single = rows.iter().filter(|&&r| r == 1).count().max(1);
    (out, ((total as f64 + 1.0) / single as f64).ln())
}

/// Entropy of groups of rows, in nats: that of the group of a row drawn at random.
///
/// # Cost
/// O(k log k) for k groups.
pub fn entropy(rows: &[u64]) -> f64 {
    let total = rows.iter().sum::<u64>() as f64;
    let mut sorted = rows.to_vec();
    sorted.sort_unstable();
    let term = |equal: &[u64]| {
        let share = equal[0] as f64 / total;
        -(equal.len() as f64) * share * share.ln()
    };
    sorted.chunk_by(|a, b| a == b).map(term).sum()
}

/// The sum of floats whose order means nothing: the same bits in any order. They are left sorted.
///
/// # Cost
/// O(k log k).
pub fn sum(terms: &mut [f64]) -> f64 {
    terms.sort_unstable_by(f64::total_cmp);
    terms.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups of 5, 1, 1, 3 rows: shares at most as large 10/10, 2/10, 2/10, 5/10; a row in none shares
    /// the last rank with two.
    #[test]
    fn surprises_by_hand() {
        let (own, unseen) = surprises(&[5, 1, 1, 3]);
        for (t, share) in own.iter().zip([1.0, 0.2, 0.2, 0.5_f64]) {
            assert!((t + share.ln()).abs() < 1e-15, "{t}");
        }
        assert!((unseen - 5.5_f64.ln()).abs() < 1e-15);
        assert!((surprises(&[4, 2]).1 - 7.0_f64.ln()).abs() < 1e-15);
        assert_eq!(surprises(&[1, 1, 1]).0, [0.0; 3]);
    }

    /// Shares 1/2, 1/4, 1/4: ln 2 / 2 + 2 ln 4 / 4 = 1.5 ln 2.
    #[test]
    fn entropy_by_hand() {
        assert!((entropy(&[1, 2, 1]) - 1.5 * 2.0_f64.ln()).abs() < 1e-15);
        assert_eq!(entropy(&[7]), 0.0);
    }

    #[test]
    fn values_and_pairs_are_counted_with_copies() {
        let (levels, first) = Levels::ranked(&[4.0, -1.0, 4.0], &[2, 3, 4]);
        assert_eq!((levels.rows(), first.as_slice()), (&[3, 6][..], &[1, 0, 1][..]));
        assert_eq!((levels.find(4.0), levels.find(0.0), levels.find(9.0)), (Some(1), None, None));
        let (pairs, place) = Pairs::ranked(&first, &[0, 0, 0], &[2, 3, 4]);
        assert_eq!((pairs.keys, pairs.rows), (vec![pair(0, 0), pair(1, 0)], vec![3, 6]));
        assert_eq!(place, [1, 0, 1]);
    }
}
