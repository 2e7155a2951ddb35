//! Drawing rows from the multiset that distinct rows and their copies stand for.

use lanner_frame::Rng;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// All N rows that distinct rows stand for, to draw from; memory O(n).
#[derive(Debug, Clone)]
pub struct Urn {
    /// Copies of the rows up to and with each one; the last is N.
    ends: Vec<u64>,
}

impl Urn {
    /// An urn with `copies[i]` balls for the distinct row `i`.
    ///
    /// # Panics
    /// If it would be empty.
    pub fn new(copies: &[u64]) -> Self {
        let running = copies.iter().scan(0, |sum, &c| {
            *sum += c;
            Some(*sum)
        });
        let ends: Vec<u64> = running.collect();
        assert!(ends.last().is_some_and(|&n| n > 0), "an urn holds at least one row");
        Self { ends }
    }

    /// Number of rows, copies counted: N.
    pub fn total(&self) -> u64 {
        self.ends[self.ends.len() - 1]
    }

    /// Draws one of the N rows and puts it back; gives its distinct row. O(log n).
    pub fn draw(&self, rng: &mut Rng) -> u32 {
        self.row(rng.below(self.total()))
    }

    /// Draws `k` of the N rows without putting any back (all of them if there are no more); gives
    /// their distinct rows, so a row may come up as often as it has copies.
    ///
    /// R. Floyd's algorithm (J. Bentley, "Programming pearls: a sample of brilliance", CACM 1987):
    /// one random number a row, O(k log k + k log n). The set is uniform; its order is not.
    pub fn sample(&self, k: u64, rng: &mut Rng) -> Vec<u32> {
        let total = self.total();
        let mut taken = BTreeSet::new();
        (total - k.min(total)..total)
            .map(|last| {
                let ball = rng.below(last + 1);
                let ball = if taken.insert(ball) { ball } else { last };
                taken.insert(ball);
                self.row(ball)
            })
            .collect()
    }

    /// All N rows in random order, as balls 0 to N - 1 (see [`Self::row`]).
    ///
    /// The shuffle of Fisher and Yates, made as far as it is asked for: time and memory O(1) a ball.
    pub fn shuffled(&self, rng: Rng) -> Shuffled {
        Shuffled { left: self.total(), moved: HashMap::new(), rng }
    }

    /// The distinct row of a ball: the balls of one row follow each other, in the order of rows.
    pub fn row(&self, ball: u64) -> u32 {
        self.ends.partition_point(|&end| end <= ball) as u32
    }
}

/// Balls in random order; see [`Urn::shuffled`].
#[derive(Debug)]
pub struct Shuffled {
    left: u64,
    /// The places whose ball was taken, with the ball put there for it.
    moved: HashMap<u64, u64>,
    rng: Rng,
}

impl Iterator for Shuffled {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let last = self.left.checked_sub(1)?;
        let place = self.rng.below(self.left);
        let filler = self.moved.remove(&last).unwrap_or(last);
        self.left = last;
        if place == last {
            return Some(filler);
        }
        Some(self.moved.insert(place, filler).unwrap_or(place))
    }
}

/// How much to draw: a number, a share, or what the method takes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"auto\", a whole number, or a share between 0 and 1")]
pub enum Size {
    /// This many.
    Count(u64),
    /// This share of all, above 0 and up to 1.
    Share(f64),
    /// What the method takes by itself.
    Auto(Auto),
}

/// The word `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    /// Left to the method.
    Auto,
}

impl Size {
    /// Left to the method.
    pub const AUTO: Self = Self::Auto(Auto::Auto);

    /// Says whether it is a count of at least `least`, a share in (0, 1], or auto.
    pub fn is_valid(self, least: u64) -> bool {
        match self {
            Self::Count(count) => count >= least,
            Self::Share(share) => share > 0.0 && share <= 1.0,
            Self::Auto(_) => true,
        }
    }

    /// How many of `total` that is, where `auto` is the method's own number: 1 to `total`.
    pub fn of(self, total: u64, auto: u64) -> u64 {
        let count = match self {
            Self::Count(count) => count,
            Self::Share(share) => (share * total as f64) as u64,
            Self::Auto(_) => auto,
        };
        count.clamp(1, total.max(1))
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Share(share) => write!(f, "{share:?}"),
            Self::Auto(_) => f.write_str("auto"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_all_rows_gives_each_as_often_as_it_has_copies() {
        let urn = Urn::new(&[3, 1, 2]);
        for k in [6, 7, u64::MAX] {
            let mut rows = urn.sample(k, &mut Rng::new(1, 0));
            rows.sort_unstable();
            assert_eq!(rows, [0, 0, 0, 1, 2, 2]);
        }
    }

    /// Two of the four rows {a, a, a, b}: b is among them with probability 1/2.
    #[test]
    fn samples_follow_the_copies() {
        let urn = Urn::new(&[3, 1]);
        let mut rng = Rng::new(1, 0);
        let with_b = (0..10_000).filter(|_| urn.sample(2, &mut rng).contains(&1)).count();
        assert!((4_800..5_200).contains(&with_b), "{with_b}");
        let b = (0..10_000).filter(|_| urn.draw(&mut rng) == 1).count();
        assert!((2_300..2_700).contains(&b), "{b}");
    }

    /// All six orders of three balls come up equally often.
    #[test]
    fn a_shuffle_is_a_fair_order_of_all_rows() {
        let urn = Urn::new(&[2, 1]);
        let mut seen = std::collections::BTreeMap::<Vec<u64>, u32>::new();
        for stream in 0..6000 {
            *seen.entry(urn.shuffled(Rng::new(1, stream)).collect()).or_default() += 1;
        }
        assert!(seen.len() == 6 && seen.values().all(|&n| (900..1100).contains(&n)), "{seen:?}");
        assert_eq!([0, 1, 2].map(|ball| urn.row(ball)), [0, 0, 1]);
    }

    #[test]
    fn a_size_is_a_count_a_share_or_auto() {
        assert_eq!(Size::Count(9).of(5, 8), 5);
        assert_eq!(Size::Share(0.5).of(5, 8), 2);
        assert_eq!(Size::AUTO.of(5, 8), 5);
        assert!(!Size::Count(1).is_valid(2) && !Size::Share(1.1).is_valid(2));
        assert_eq!(Size::Share(1.0).to_string(), "1.0");
    }
}
