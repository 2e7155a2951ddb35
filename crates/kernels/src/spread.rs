//! How far the values of a growing list spread: as it stands, and if some more joined.

use crate::bag::Bag;
use crate::quantile::percentile_of;
use serde::{Deserialize, Serialize};

/// How far values spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Mean absolute deviation from the mean.
    Aad,
    /// Variance, divided by the number of values.
    Var,
    /// 75th percentile less the 25th.
    Iqr,
}

/// A list that grows by values of a known ascending list.
///
/// # Cost
/// O(log m) a value put in and a spread, for m known values; 4 m bytes.
#[derive(Debug)]
pub struct Growing<'a> {
    known: &'a [f64],
    bag: Bag<'a>,
    moments: Moments,
}

impl<'a> Growing<'a> {
    /// An empty list for values of an ascending one.
    pub fn new(known: &'a [f64]) -> Self {
        Self { known, bag: Bag::new(known), moments: Moments::default() }
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.bag.clear();
        self.moments = Moments::default();
    }

    /// Puts in the value with this number among the known ones.
    ///
    /// # Panics
    /// If there is no such number.
    pub fn put(&mut self, number: u32) {
        self.bag.put(number);
        self.moments = self.moments.and(self.known[number as usize]);
    }

    /// The spread of the values put in, of which there is at least one.
    pub fn spread(&self, measure: Measure) -> f64 {
        measure.of(self)
    }
}

/// A list that is ready for a few values to join it, again and again others.
///
/// # Cost
/// O(m log m) to make of m values; O(b + log m) for the spread with b more.
#[derive(Debug)]
pub struct Sorted {
    values: Vec<f64>,
    /// The sum of as many of the lowest values as the index says.
    upto: Vec<f64>,
    moments: Moments,
}

impl Sorted {
    /// Sorts values, none of them NaN.
    pub fn new(mut values: Vec<f64>) -> Self {
        let moments = values.iter().fold(Moments::default(), |m, &v| m.and(v));
        values.sort_unstable_by(f64::total_cmp);
        let sums = values.iter().scan(0.0, |sum, v| {
            *sum += v;
            Some(*sum)
        });
        let upto = std::iter::once(0.0).chain(sums).collect();
        Self { values, upto, moments }
    }

    /// The spread of these values and at least one `more`; those ascending for [`Measure::Iqr`].
    pub fn spread_with(&self, more: &[f64], measure: Measure) -> f64 {
        measure.of(&Joined { list: self, more })
    }
}

/// A list of values, as the measures see it.
trait List {
    fn count(&self) -> u64;
    fn sum(&self) -> f64;
    /// How many values are below a limit, and their sum.
    fn below(&self, limit: f64) -> (u64, f64);
    /// The values at a rank, counted from 0, and at the next; the last one twice.
    fn pair(&self, rank: u64) -> (f64, f64);
    fn moments(&self) -> Moments;
}

impl Measure {
    fn of(self, list: &impl List) -> f64 {
        let count = list.count();
        match self {
            Self::Aad => {
                let mean = list.sum() / count as f64;
                let (below, sum) = list.below(mean);
                let uneven = 2.0 * below as f64 - count as f64;
                ((list.sum() - 2.0 * sum) + mean * uneven) / count as f64
            }
            Self::Var => {
                let Moments { count, squares, .. } = list.moments();
                squares / count
            }
            Self::Iqr => {
                let percentile = |percent| percentile_of(count, percent, |rank| list.pair(rank));
                percentile(75.0) - percentile(25.0)
            }
        }
    }
}

/// Number, mean and sum of squared deviations of some values.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// With one value more (Welford 1962).
    fn and(self, value: f64) -> Self {
        let count = self.count + 1.0;
        let gap = value - self.mean;
        let mean = self.mean + gap / count;
        Self { count, mean, squares: self.squares + gap * (value - mean) }
    }
}

impl List for Growing<'_> {
    fn count(&self) -> u64 {
        self.bag.len()
    }

    fn sum(&self) -> f64 {
        self.bag.sum()
    }

    fn below(&self, limit: f64) -> (u64, f64) {
        self.bag.below(limit)
    }

    fn pair(&self, rank: u64) -> (f64, f64) {
        self.bag.pair(rank)
    }

    fn moments(&self) -> Moments {
        self.moments
    }
}

/// A sorted list and what joins it.
struct Joined<'a> {
    list: &'a Sorted,
    more: &'a [f64],
}

impl List for Joined<'_> {
    fn count(&self) -> u64 {
        (self.list.values.len() + self.more.len()) as u64
    }

    fn sum(&self) -> f64 {
        self.list.upto[self.list.values.len()] + self.more.iter().sum::<f64>()
    }

    fn below(&self, limit: f64) -> (u64, f64) {
        let at = self.list.values.partition_point(|&v| v < limit);
        let own = self.more.iter().filter(|&&v| v < limit);
        own.fold((at as u64, self.list.upto[at]), |(count, sum), v| (count + 1, sum + v))
    }

    fn pair(&self, rank: u64) -> (f64, f64) {
        let (sorted, more, rank) = (&self.list.values, self.more, rank as usize);
        // How many of `more` come before that rank: those that stand ahead of the sorted value which
        // would otherwise fill their place.
        let (mut low, mut high) = (rank.saturating_sub(sorted.len()), rank.min(more.len()));
        while low < high {
            let middle = usize::midpoint(low, high);
            if more[middle] < sorted[rank - middle - 1] {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let (mut i, mut j) = (rank - low, low);
        let mut next = || match (sorted.get(i), more.get(j)) {
            (Some(&a), b) if b.is_none_or(|&b| a <= b) => {
                i += 1;
                Some(a)
            }
            (_, b) => {
                j += 1;
                b.copied()
            }
        };
        let first = next().expect("a rank below the number of values");
        (first, next().unwrap_or(first))
    }

    fn moments(&self) -> Moments {
        self.more.iter().fold(self.list.moments, |m, &v| m.and(v))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Rng;

    /// Values 0, 1, 1, 6, mean 2: deviations 2 + 1 + 1 + 4 over 4; squares 4 + 1 + 1 + 16 over 4;
    /// quartiles 0.75 and 1 + 5 / 4.
    #[test]
    fn spreads_by_hand() {
        let known = [0.0, 1.0, 6.0];
        let mut list = Growing::new(&known);
        for number in [2, 1, 0, 1] {
            list.put(number);
        }
        let wanted = [(Measure::Aad, 2.0), (Measure::Var, 5.5), (Measure::Iqr, 1.5)];
        for (measure, want) in wanted {
            assert!((list.spread(measure) - want).abs() < 1e-12);
            for (values, more) in
                [(vec![], vec![0.0, 1.0, 1.0, 6.0]), (vec![6.0, 1.0], vec![0.0, 1.0])]
            {
                assert!((Sorted::new(values).spread_with(&more, measure) - want).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn values_that_join_count_as_values_put_in() {
        let mut rng = Rng::new(1, 0);
        let known: Vec<f64> = (0..40).map(|i| f64::from(i) * 0.7 - 9.0).collect();
        for turn in 0..200 {
            let mut numbers: Vec<u32> = (0..2 + turn % 30).map(|_| rng.below(40) as u32).collect();
            let (list, more) =
                numbers.split_at_mut(1 + (turn % 7) as usize % (1 + turn % 30) as usize);
            more.sort_unstable();
            let values = |numbers: &[u32]| -> Vec<f64> {
                numbers.iter().map(|&number| known[number as usize]).collect()
            };
            let (sorted, joined) = (Sorted::new(values(list)), values(more));
            let mut grown = Growing::new(&known);
            for &number in &numbers {
                grown.put(number);
            }
            for measure in [Measure::Aad, Measure::Var, Measure::Iqr] {
                let (a, b) = (grown.spread(measure), sorted.spread_with(&joined, measure));
                assert!((a - b).abs() < 1e-12, "{measure:?} {a} {b}");
            }
        }
    }
}
