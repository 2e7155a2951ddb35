//! The empirical distribution of one column of rows with copies.

/// The distinct values of a column in ascending order, each with the rows up to it.
///
/// Invariants: as many values as counts, at least one; values ascending, counts strictly ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct Ecdf {
    values: Vec<f64>,
    upto: Vec<u64>,
}

impl Ecdf {
    /// Counts the rows up to each distinct value.
    ///
    /// Also returns for each row the number of its value among the distinct ones.
    ///
    /// # Shapes
    /// `values` and `copies`: n each, n at least 1 and below 2^32, values not NaN, copies at least 1.
    ///
    /// # Panics
    /// If there is no value.
    ///
    /// # Cost
    /// O(n log n) time, 16 n bytes beside the result.
    pub fn ranked(values: &[f64], copies: &[u64]) -> (Self, Vec<u32>) {
        assert!(!values.is_empty(), "a column has at least one row");
        // Keys beside their rows sort several times faster than rows that look up their keys.
        let mut order: Vec<(f64, u32)> =
            values.iter().enumerate().map(|(i, &v)| (v, i as u32)).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut ecdf = Self { values: Vec::new(), upto: Vec::new() };
        let mut place = vec![0; values.len()];
        let mut sum = 0;
        for (value, i) in order {
            sum += copies[i as usize];
            if ecdf.values.last() == Some(&value) {
                *ecdf.upto.last_mut().expect("a value has a count") = sum;
            } else {
                ecdf.values.push(value);
                ecdf.upto.push(sum);
            }
            place[i as usize] = ecdf.values.len() as u32 - 1;
        }
        (ecdf, place)
    }

    /// The distinct values, ascending.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Takes the distinct values, ascending.
    pub fn into_values(self) -> Vec<f64> {
        self.values
    }

    /// Rows, copies counted, with a value at most the `k`-th distinct one.
    pub fn upto(&self, k: usize) -> u64 {
        self.upto[k]
    }

    /// Rows, copies counted, with a value less than the `k`-th distinct one.
    pub fn before(&self, k: usize) -> u64 {
        if k == 0 { 0 } else { self.upto[k - 1] }
    }

    /// All rows, copies counted.
    pub fn total(&self) -> u64 {
        self.before(self.upto.len())
    }

    /// The distinct values with their numbers of rows.
    pub fn masses(&self) -> impl Iterator<Item = (f64, u64)> + Clone + '_ {
        let counts = (0..self.upto.len()).map(|k| self.upto[k] - self.before(k));
        self.values.iter().copied().zip(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows 5, 1, 5, 3 with copies 1, 2, 3, 4: 1 has 2 rows, 3 has 4, 5 has 1 + 3.
    #[test]
    fn counts_copies_up_to_each_value() {
        let (ecdf, place) = Ecdf::ranked(&[5.0, 1.0, 5.0, 3.0], &[1, 2, 3, 4]);
        assert_eq!(ecdf.masses().collect::<Vec<_>>(), [(1.0, 2), (3.0, 4), (5.0, 4)]);
        assert_eq!(place, [2, 0, 2, 1]);
        assert_eq!((ecdf.before(0), ecdf.before(2), ecdf.upto(1), ecdf.total()), (0, 6, 6, 10));
    }

    #[test]
    fn both_zeros_are_one_value() {
        let (ecdf, place) = Ecdf::ranked(&[0.0, -0.0], &[1, 1]);
        assert_eq!((ecdf.values().len(), place), (1, vec![0, 0]));
    }
}
