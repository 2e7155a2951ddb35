//! Who was there when: a lane for each account, sessions as bars.

use crate::page::charts::{Tick, px, ticks};
use crate::page::words::{count, time};
use crate::sessions::SessionRow;
use lanner_frame::text::excerpt;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

const LEFT: f64 = 210.0;
/// Characters that fit there.
const NAME: usize = 24;
const RIGHT: f64 = 1088.0;
const TOP: f64 = 8.0;
const LANE: f64 = 19.0;
const BAR: f64 = 11.0;
/// Lanes at most; those with the strangest sessions come first.
const LANES: usize = 40;
/// Narrowest bar that can be seen, and narrowest one that can be hit.
const SEEN: f64 = 2.0;
const HIT: f64 = 6.0;

/// The timeline.
pub(super) struct Timeline {
    pub height: String,
    pub base: String,
    pub ticks: Vec<Tick>,
    pub lanes: Vec<Lane>,
    /// Accounts that are not drawn.
    pub more: usize,
}

/// One account, or one address where no account is known.
pub(super) struct Lane {
    pub name: String,
    pub full: String,
    pub y: String,
    pub middle: String,
    pub bars: Vec<Bar>,
    pub odd: Vec<OddBar>,
}

/// Ordinary sessions that touch in the drawing.
pub(super) struct Bar {
    pub x: String,
    pub width: String,
    pub title: String,
}

/// A session that stands out.
pub(super) struct OddBar {
    pub id: u64,
    /// It is shown further down.
    pub carded: bool,
    /// Only the reference detector flagged it, though the ensemble looked at it too.
    pub faint: bool,
    pub x: String,
    pub width: String,
    pub title: String,
    /// Where its label stands, and which end of the label is there.
    pub label_x: String,
    pub anchor: &'static str,
}

/// A session with its place in time.
struct Span<'a> {
    row: &'a SessionRow,
    from: i64,
    to: i64,
}

impl Timeline {
    /// None where no session has a time.
    pub(super) fn new(rows: &[SessionRow], carded: &BTreeSet<u64>) -> Option<Self> {
        let mut by_name: BTreeMap<&str, Vec<Span<'_>>> = BTreeMap::new();
        for row in rows {
            let Some(from) = row.start.map(jiff::Timestamp::as_microsecond) else { continue };
            let to = row.end.map_or(from, |t| t.as_microsecond().max(from));
            let name = row.user.as_deref().or(row.source_ip.as_deref()).unwrap_or("(nobody named)");
            by_name.entry(name).or_default().push(Span { row, from, to });
        }
        let spans = || by_name.values().flatten();
        let (from, to) = (spans().map(|s| s.from).min()?, spans().map(|s| s.to).max()?);
        let x = |t: i64| {
            let width = (to as f64 - from as f64).max(1.0);
            LEFT + (RIGHT - LEFT) * (t as f64 - from as f64) / width
        };
        let mut lanes: Vec<(&str, Vec<Span<'_>>)> = by_name.into_iter().collect();
        lanes.sort_by_key(|(_, spans)| {
            let strangest = spans.iter().filter_map(|s| s.row.place).min();
            (strangest.unwrap_or(u64::MAX), Reverse(spans.len()))
        });
        let more = lanes.len().saturating_sub(LANES);
        lanes.truncate(LANES);
        let base = TOP + LANE * lanes.len() as f64 + 4.0;
        let lanes = lanes.iter().enumerate().map(|(i, (name, spans))| {
            let y = TOP + LANE * i as f64;
            Lane {
                name: label(name),
                full: excerpt(name, 300),
                y: px(y + (LANE - BAR) / 2.0),
                middle: px(y + LANE / 2.0),
                bars: bars(spans, &x),
                odd: odd(spans, carded, &x),
            }
        });
        Some(Self {
            lanes: lanes.collect(),
            height: px(base + 26.0),
            base: px(base),
            ticks: ticks(from, to).map(|(t, label)| Tick { x: px(x(t)), label }).collect(),
            more,
        })
    }
}

/// A name that fits left of its lane; of a long one the end, where the account is.
fn label(name: &str) -> String {
    let over = name.chars().count().saturating_sub(NAME);
    if over == 0 {
        return excerpt(name, NAME);
    }
    let end: String = name.chars().skip(over + 1).collect();
    format!("…{}", excerpt(&end, NAME))
}

/// Ordinary sessions, those that touch drawn as one.
fn bars(spans: &[Span<'_>], x: &dyn Fn(i64) -> f64) -> Vec<Bar> {
    let mut joined: Vec<(f64, f64, Vec<&Span<'_>>)> = Vec::new();
    for span in spans.iter().filter(|s| !s.row.stands_out()) {
        let (from, to) = (x(span.from), x(span.to).max(x(span.from) + SEEN));
        match joined.last_mut().filter(|(_, end, _)| from <= *end + 0.5) {
            Some((_, end, list)) => {
                *end = end.max(to);
                list.push(span);
            }
            None => joined.push((from, to, vec![span])),
        }
    }
    let bar = |(from, to, list): (f64, f64, Vec<&Span<'_>>)| {
        let what = match list.as_slice() {
            [one] => format!("Session {} on {}", one.row.session_id, excerpt(&one.row.host, 60)),
            many => count(many.len(), "session"),
        };
        let first = list.iter().map(|s| s.from).min().unwrap_or_default();
        let last = list.iter().map(|s| s.to).max().unwrap_or_default();
        let title = format!("{what}: {} to {}", time(first), time(last));
        Bar { x: px(from), width: px(to - from), title }
    };
    joined.into_iter().map(bar).collect()
}

fn odd(spans: &[Span<'_>], carded: &BTreeSet<u64>, x: &dyn Fn(i64) -> f64) -> Vec<OddBar> {
    let bar = |span: &Span<'_>| {
        let row = span.row;
        let from = x(span.from).min(RIGHT - HIT);
        let width = (x(span.to) - from).max(HIT);
        let left = from > f64::midpoint(LEFT, RIGHT);
        OddBar {
            id: row.session_id,
            carded: carded.contains(&row.session_id),
            faint: row.only_by_reference(),
            x: px(from),
            width: px(width),
            title: format!(
                "Session {} on {}, {} to {}",
                row.session_id,
                excerpt(&row.host, 60),
                time(span.from),
                time(span.to)
            ),
            label_x: px(if left { from - 5.0 } else { from + width + 5.0 }),
            anchor: if left { "end" } else { "start" },
        }
    };
    spans.iter().filter(|s| s.row.stands_out()).map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(id: u64, user: &str, minute: i64, place: Option<u64>) -> SessionRow {
        let time = |m: i64| jiff::Timestamp::from_second(m * 60).unwrap().to_string();
        let mut row = json!({
            "session_id": id, "host": "h", "user": user, "source_ip": null, "start": time(minute),
            "end": time(minute + 1), "start_reason": "logon", "end_reason": "explicit_logoff",
            "lof_score": 1.0, "flagged": place.is_some(), "place": place, "reasons": [],
            "explanation": null, "addresses": [], "logon_ids": [], "windows_session": null,
        });
        for name in lanner_sessions::FEATURES {
            row[name] = json!(1);
        }
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn the_strangest_accounts_come_first_and_touching_sessions_are_one_bar() {
        let mut rows =
            vec![row(1, "ann", 0, None), row(2, "ann", 2, None), row(3, "ann", 9000, None)];
        rows.push(row(4, "bob", 5000, Some(2)));
        rows.push(row(5, "cyd", 9999, Some(1)));
        rows.extend((6..60).map(|n| row(n, &format!("u{n}"), 100, None)));
        let timeline = Timeline::new(&rows, &BTreeSet::from([4])).unwrap();
        let names: Vec<&str> = timeline.lanes.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(
            (&names[..3], names.len(), timeline.more),
            (&["cyd", "bob", "ann"][..], LANES, 17)
        );
        assert_eq!(timeline.lanes[2].bars.len(), 2);
        assert!(timeline.lanes[2].bars[0].title.starts_with("2 sessions: 1970-01-01 00:00:00"));
        let (cyd, bob) = (&timeline.lanes[0].odd[0], &timeline.lanes[1].odd[0]);
        assert_eq!((cyd.carded, cyd.anchor, bob.carded), (false, "end", true));
        // A bar at the right end is still wide enough to be hit.
        assert_eq!((cyd.x.as_str(), cyd.width.as_str()), ("1082.0", "6.0"));
        assert!(Timeline::new(&[], &BTreeSet::new()).is_none());
    }
}
