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

/// How short the life of each tuple's key is: -ln of the share of the whole period between the first and
/// the last time the key was seen, over `softness`. 0 where the key has no time.
///
/// # Cost
/// One sort.
pub(crate) fn life_span(
    key: (&[u32], Option<&[u32]>),
    spans: &[Option<(i64, i64)>],
    softness: f64,
) -> Vec<f64> {
    let mut out = vec![0.0; spans.len()];
    let Some(all) = spans.iter().copied().fold(None, widest) else { return out };
    let period = length(all);
    let with = |i: usize| key.1.map_or(0, |k| k[i]);
    let mut keys: Vec<((u32, u32), u32)> =
        (0..spans.len()).map(|i| ((key.0[i], with(i)), i as u32)).collect();
    keys.sort_unstable();
    for run in runs(&keys) {
        let span = keys[run.clone()].iter().map(|k| spans[k.1 as usize]).fold(None, widest);
        let s = span.map_or(0.0, |span| -(length(span) / period).max(SHORTEST).ln() / softness);
        for k in &keys[run] {
            out[k.1 as usize] = s + 0.0;
        }
    }
    out
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
        let s = life_span((&[0, 0, 1, 2], None), &spans, 2.0);
        assert_eq!(s[0], 0.0);
        assert_eq!(s[1], 0.0);
        assert!((s[2] - 100f64.ln() / 2.0).abs() < 1e-12);
        assert_eq!(s[3], 0.0);
    }
}
