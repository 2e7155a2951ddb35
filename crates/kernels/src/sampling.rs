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

/// Draws `k` of the N rows that distinct rows stand for without putting any back; gives how many of
/// each are among them. O(n) numbers drawn, however many copies there are.
///
/// # Panics
/// If there are fewer than `k` rows.
pub fn split(copies: &[u64], k: u64, rng: &mut Rng) -> Vec<u64> {
    let mut total: u64 = copies.iter().sum();
    assert!(k <= total, "no more rows can be drawn than there are");
    let mut left = k;
    let each = copies.iter().map(|&c| {
        let drawn = hypergeometric(total, c, left, rng);
        total -= c;
        left -= drawn;
        drawn
    });
    each.collect()
}

/// How many of `marked` balls among `total` are in a draw of `k` without putting any back.
///
/// Walks outwards from the likeliest number, by the ratios of neighbouring probabilities: exact but for
/// rounding, in time proportional to the standard deviation.
fn hypergeometric(total: u64, marked: u64, k: u64, rng: &mut Rng) -> u64 {
    /// Beyond this ratio to the likeliest nothing is ever drawn.
    const NEVER: f64 = 1e-18;
    let (least, most) = (k.saturating_sub(total - marked), marked.min(k));
    if least == most {
        return least;
    }
    let mode = (u128::from(k + 1) * u128::from(marked + 1) / u128::from(total + 2)) as u64;
    let mode = mode.clamp(least, most);
    // p(x + 1) / p(x).
    let ratio = |x: u64| {
        let (missed, other) = ((k - x) as f64, (total - marked - (k - x)) as f64);
        (marked - x) as f64 * missed / ((x + 1) as f64 * (other + 1.0))
    };
    let up = || {
        let mut p = 1.0;
        let next = move |x: u64| {
            let here = (x, p);
            p *= if x < most { ratio(x) } else { 0.0 };
            here
        };
        (mode..=most).map(next).take_while(|&(_, p)| p > NEVER)
    };
    let down = || {
        let mut p = 1.0;
        let next = move |x: u64| {
            p /= ratio(x);
            (x, p)
        };
        (least..mode).rev().map(next).take_while(|&(_, p)| p > NEVER)
    };
    let sum: f64 = up().chain(down()).map(|(_, p)| p).sum();
    let mut left = rng.uniform() * sum;
    let reached = up().chain(down()).find(|&(_, p)| {
        left -= p;
        left < 0.0
    });
    reached.map_or(mode, |(x, _)| x)
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

    /// Three of the five rows {a, a, b, b, b}: a is there 0, 1, 2 times in 1, 6, 3 of 10 ways.
    #[test]
    fn a_split_follows_the_copies() {
        let mut rng = Rng::new(1, 0);
        let mut seen = [0; 3];
        for _ in 0..20_000 {
            let drawn = split(&[2, 3], 3, &mut rng);
            assert_eq!(drawn[0] + drawn[1], 3);
            seen[drawn[0] as usize] += 1;
        }
        assert!(
            seen.iter().zip([2_000, 12_000, 6_000]).all(|(s, w): (&i32, i32)| (s - w).abs() < 300)
        );
        assert_eq!(split(&[4, 1, 7], 12, &mut rng), [4, 1, 7]);
        assert_eq!(split(&[4, 1], 0, &mut rng), [0, 0]);
    }

    /// A tenth of 2^40 + 10 rows: of the one with 2^40 copies a tenth, within six deviations of 3.1e5.
    #[test]
    fn a_split_of_very_many_rows_takes_no_time() {
        let copies = [3, 1 << 40, 7];
        let total: u64 = copies.iter().sum();
        let drawn = split(&copies, total / 10, &mut Rng::new(1, 0));
        assert_eq!(drawn.iter().sum::<u64>(), total / 10);
        assert!(drawn.iter().zip(copies).all(|(&d, c)| d <= c));
        assert!(drawn[1].abs_diff((1 << 40) / 10) < 20);
        let halves = split(&[1 << 40, 1 << 40], 1 << 40, &mut Rng::new(1, 0));
        assert!(halves[0].abs_diff(1 << 39) < 6 * 370_728, "{halves:?}");
    }
}
