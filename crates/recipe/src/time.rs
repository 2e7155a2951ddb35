//! Time as evidence: hours a principal does not keep, and things that lived only for a moment.

use crate::Visits;
use crate::surprise::surprise;
use crate::table::{runs, widest};

/// Hours in a slot of a habit.
const HABIT_HOURS: i32 = 3;
/// The shortest share of the period that counts; anything shorter is as short as this.
const SHORTEST: f64 = 1e-4;
/// A moment lasts a second: in microseconds.
const SECOND: f64 = 1e6;

/// The habit bin of an hour: its 3-hour slot, on working days 0 to 7, at weekends 8 to 15.
pub(crate) fn habit_bin(hour: i32) -> u32 {
    // 1970-01-01 was a Thursday: day 3 of a week that begins on Monday.
    let weekday = (hour.div_euclid(24) + 3).rem_euclid(7);
    let slot = hour.rem_euclid(24) / HABIT_HOURS;
    (slot + if weekday >= 5 { 24 / HABIT_HOURS } else { 0 }) as u32
}

/// How unusual its most usual hour is for the principal, for each tuple: the least over the tuple's
/// visits of t(bin | principal), counted in distinct hours of the principal. 0 without a visit.
///
/// # Cost
/// Two sorts of the visits.
pub(crate) fn habit(visits: &Visits, principal: &[u32]) -> Vec<f64> {
    let who: Vec<u32> = visits.tuple.iter().map(|&t| principal[t as usize]).collect();
    let mut hours: Vec<((u32, i32), u32)> =
        (0..visits.len()).map(|i| ((who[i], visits.hour[i]), i as u32)).collect();
    hours.sort_unstable();
    // An hour counts once, at its first visit.
    let mut once = vec![0; visits.len()];
    for run in runs(&hours) {
        once[hours[run.start].1 as usize] = 1;
    }
    let bins: Vec<u32> = visits.hour.iter().map(|&h| habit_bin(h)).collect();
    let t = surprise(&bins, Some(&who), &once);
    let mut least = vec![f64::INFINITY; principal.len()];
    for (&tuple, t) in visits.tuple.iter().zip(t) {
        let least = &mut least[tuple as usize];
        *least = least.min(t);
    }
    least.into_iter().map(|t| if t.is_finite() { t } else { 0.0 }).collect()
}

/// How short things live, where that says something.
///
/// A thing's life is the time from its first row to its last, and -ln of its share of a whole is evidence.
/// Where principals stay, the whole is the period of the table. Where they come and go, a short life is no
/// news; there what a principal has for a shorter time than it is there itself still is. `steadiness` says
/// how much of either a table is: the square of the mean share of the period that its principals live.
pub(crate) struct Lives<'a> {
    spans: &'a [Option<(i64, i64)>],
    principal: &'a [u32],
    period: f64,
    steadiness: f64,
    softness: f64,
}

impl<'a> Lives<'a> {
    /// Looks at the spans of tuples, with the code of each one's principal. What is found is divided by
    /// `softness`.
    ///
    /// # Cost
    /// One sort.
    pub(crate) fn new(
        spans: &'a [Option<(i64, i64)>],
        principal: &'a [u32],
        softness: f64,
    ) -> Self {
        let all = spans.iter().copied().fold(None, widest);
        let period = all.map_or(1.0, length);
        let mut lives = Self { spans, principal, period, steadiness: 1.0, softness };
        let mut shares: Vec<f64> =
            lives.keys(principal, None).iter().filter_map(|k| Some(k.1? / period)).collect();
        // Added in their own order, so that no name can move a bit.
        shares.sort_unstable_by(f64::total_cmp);
        if !shares.is_empty() {
            lives.steadiness = (shares.iter().sum::<f64>() / shares.len() as f64).powi(2);
        }
        lives
    }

    /// The tuples of each key with the length of its life; none where it has no time.
    fn keys(&self, a: &[u32], b: Option<&[u32]>) -> Vec<(Vec<u32>, Option<f64>)> {
        let key = |i: usize| ((a[i], b.map_or(0, |b| b[i])), i as u32);
        let mut keys: Vec<((u32, u32), u32)> = (0..self.spans.len()).map(key).collect();
        keys.sort_unstable();
        let of_key = |same: &[((u32, u32), u32)]| {
            let tuples: Vec<u32> = same.iter().map(|k| k.1).collect();
            let span = tuples.iter().map(|&t| self.spans[t as usize]).fold(None, widest);
            (tuples, span.map(length))
        };
        keys.chunk_by(|a, b| a.0 == b.0).map(of_key).collect()
    }

    fn short(&self, life: f64, whole: f64) -> f64 {
        -(life / whole).max(SHORTEST).ln() / self.softness + 0.0
    }

    /// How short the life of each tuple's value is. 0 where it has no time.
    ///
    /// # Cost
    /// One sort.
    pub(crate) fn of(&self, codes: &[u32]) -> Vec<f64> {
        let mut out = vec![0.0; self.spans.len()];
        for (tuples, life) in self.keys(codes, None) {
            let s = life.map_or(0.0, |life| self.steadiness * self.short(life, self.period));
            for t in tuples {
                out[t as usize] = s;
            }
        }
        out
    }

    /// How short the life of each tuple's value is for its principal. 0 where it has no time.
    ///
    /// # Cost
    /// Two sorts.
    pub(crate) fn with_principal(&self, codes: &[u32]) -> Vec<f64> {
        let mut whole = vec![0.0; self.spans.len()];
        for (tuples, life) in self.keys(self.principal, None) {
            for t in tuples {
                whole[t as usize] = life.unwrap_or(0.0);
            }
        }
        let mut out = vec![0.0; self.spans.len()];
        for (tuples, life) in self.keys(self.principal, Some(codes)) {
            let Some(life) = life else { continue };
            let s = self.steadiness * self.short(life, self.period)
                + (1.0 - self.steadiness) * self.short(life, whole[tuples[0] as usize]);
            for t in tuples {
                out[t as usize] = s;
            }
        }
        out
    }
}

/// Microseconds from the first to the end of the last second.
fn length(span: (i64, i64)) -> f64 {
    (span.1 - span.0) as f64 + SECOND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_follow_the_week() {
        assert_eq!(habit_bin(0), 0, "Thursday 1970-01-01T00");
        assert_eq!(habit_bin(23), 7);
        assert_eq!(habit_bin(48 + 3), 8 + 1, "Saturday 03:00");
        assert_eq!(habit_bin(96), 0, "Monday");
        assert_eq!(habit_bin(-1), 7, "Wednesday 1969-12-31T23");
    }

    /// The principal was active in three hours: two at 9 to 12, one at night. The tuple 1 was seen only
    /// at night: 1 of 3. The tuple 0 was seen at both: its usual hour counts.
    #[test]
    fn a_habit_is_counted_in_hours_not_rows() {
        let visits = Visits {
            tuple: vec![0, 0, 0, 1],
            hour: vec![9, 33, 50 * 24 + 1, 50 * 24 + 1],
            rows: vec![900, 1, 1, 1],
            first: vec![0; 4],
            last: vec![0; 4],
        };
        assert_eq!(habit(&visits, &[0, 0, 0]), [0.0, 3f64.ln(), 0.0]);
    }

    /// A period of 100 s; key 1 lived 1 s (one moment) and key 0 the whole time, over two tuples.
    #[test]
    fn a_short_life_is_a_small_share_of_the_period() {
        let spans = [Some((0, 0)), Some((99_000_000, 99_000_000)), Some((5, 5)), None];
        let s = Lives::new(&spans, &[0; 4], 2.0).of(&[0, 0, 1, 2]);
        assert_eq!(s[..2], [0.0, 0.0]);
        assert!((s[2] - 100f64.ln() / 2.0).abs() < 1e-12);
        assert_eq!(s[3], 0.0);
    }

    /// A period of 100 s. Principal 0 is there throughout, principal 1 for a tenth: steadiness 0.55 squared. The
    /// one second that principal 1 had value 7 is short beside the period, and less so beside its own life.
    #[test]
    fn where_principals_come_and_go_their_own_life_is_the_measure() {
        let at = |s: i64| Some((s * 1_000_000, s * 1_000_000));
        let spans = [at(0), at(99), at(40), at(49)];
        let principal = [0, 0, 1, 1];
        let lives = Lives::new(&spans, &principal, 1.0);
        assert!((lives.steadiness - 0.55f64.powi(2)).abs() < 1e-12);
        let s = lives.with_principal(&[5, 5, 6, 7]);
        let expected = 0.3025 * 100f64.ln() + 0.6975 * 10f64.ln();
        assert_eq!(s[0], 0.0);
        assert!((s[3] - expected).abs() < 1e-12, "{} is not {expected}", s[3]);
    }
}
