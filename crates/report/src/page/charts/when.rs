//! When the strangest tuples were seen.

use super::super::load::{Hunt, TupleRow};
use super::super::words::{count, time};
use super::px;
use jiff::Timestamp;

const LEFT: f64 = 36.0;
const RIGHT: f64 = 1080.0;
const TOP: f64 = 10.0;
const LINE: f64 = 4.5;
/// Ticks on the time axis at most.
const TICKS: i64 = 8;
/// Seconds between ticks that read well.
const STEPS: [i64; 14] = [
    1, 10, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600,
    2_592_000,
];

/// One line for each listed tuple, the strangest on top, from when it was first to when it was last seen.
pub(in super::super) struct TimeChart {
    pub height: f64,
    pub base: String,
    pub ticks: Vec<Tick>,
    pub places: Vec<Place>,
    pub marks: Vec<Mark>,
    /// Listed tuples without a time.
    pub without: String,
}

/// A tick of the time axis.
#[derive(Debug, Clone)]
pub struct Tick {
    /// Where it is drawn.
    pub x: String,
    /// Its time, as short as reads well.
    pub label: String,
}

/// A number on the place axis.
pub(in super::super) struct Place {
    pub y: String,
    pub place: usize,
}

/// One tuple.
pub(in super::super) struct Mark {
    pub place: usize,
    pub x: String,
    pub end: String,
    pub y: String,
    pub strength: String,
    pub title: String,
}

impl TimeChart {
    /// None where no listed tuple has a time.
    pub(in super::super) fn new(hunt: &Hunt) -> Option<Self> {
        let spans: Vec<Option<(i64, i64)>> = hunt.tuples.iter().map(span).collect();
        let inputs = &hunt.manifest.inputs;
        let parse =
            |t: &Option<String>| Some(t.as_ref()?.parse::<Timestamp>().ok()?.as_microsecond());
        let all =
            spans.iter().flatten().copied().chain(parse(&inputs.first).zip(parse(&inputs.last)));
        let (from, to) = all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        spans.iter().flatten().next()?;
        let x = |t: i64| {
            let width = (to as f64 - from as f64).max(1.0);
            px(LEFT + (RIGHT - LEFT) * (t as f64 - from as f64) / width)
        };
        let y = |i: usize| px(TOP + LINE * (i as f64 + 0.5));
        let ran = hunt.ran().count().max(1) as f64;
        let marks = spans.iter().enumerate().filter_map(|(i, span)| {
            let ((first, last), tuple) = ((*span)?, &hunt.tuples[i]);
            let seen = if first == last {
                time(first)
            } else {
                format!("{} to {}", time(first), time(last))
            };
            Some(Mark {
                place: i + 1,
                x: x(first),
                end: x(last),
                y: y(i),
                strength: format!("{:.2}", 0.3 + 0.7 * f64::from(tuple.rank) / ran),
                title: format!("Place {}, rank {}: {seen}", i + 1, tuple.rank),
            })
        });
        let marks: Vec<Mark> = marks.collect();
        let tens = (0..spans.len()).filter(|i| *i == 0 || (i + 1) % 10 == 0);
        let base = TOP + LINE * spans.len() as f64 + 4.0;
        Some(Self {
            height: base + 26.0,
            base: px(base),
            ticks: ticks(from, to).map(|(t, label)| Tick { x: x(t), label }).collect(),
            places: tens.map(|i| Place { y: y(i), place: i + 1 }).collect(),
            without: match spans.len() - marks.len() {
                0 => String::new(),
                n => format!("{} without a time", count(n, "tuple")),
            },
            marks,
        })
    }
}

fn span(tuple: &TupleRow) -> Option<(i64, i64)> {
    tuple.first_seen.zip(tuple.last_seen)
}

/// Round times between the two, at most nine, with labels; microseconds since 1970 UTC.
pub fn ticks(from: i64, to: i64) -> impl Iterator<Item = (i64, String)> {
    const SECOND: i64 = 1_000_000;
    let width = to.saturating_sub(from);
    let fits = |step: &i64| width / (step * SECOND) < TICKS;
    let longer = std::iter::successors(Some(31_536_000i64), |s| s.checked_mul(2));
    let step = STEPS.into_iter().chain(longer).find(fits).unwrap_or(31_536_000) * SECOND;
    let format = match step / SECOND {
        ..60 => "%H:%M:%S",
        60..86_400 => "%m-%d %H:%M",
        _ => "%Y-%m-%d",
    };
    let first = from.div_euclid(step).saturating_mul(step);
    let times = (0..=TICKS + 1).map(move |k| first.saturating_add(k.saturating_mul(step)));
    times.filter(move |t| (from..=to).contains(t)).filter_map(move |t| {
        Some((t, Timestamp::from_microsecond(t).ok()?.strftime(format).to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let day = 86_400_000_000;
        let labels: Vec<String> = ticks(day / 2, 5 * day).map(|(_, label)| label).collect();
        assert_eq!(labels.first().map(String::as_str), Some("1970-01-02"));
        assert!(labels.len() <= 9, "{labels:?}");
        assert!(ticks(i64::MIN, i64::MAX).count() <= 9);
        assert_eq!(ticks(5, 5).count(), 0);
    }
}
