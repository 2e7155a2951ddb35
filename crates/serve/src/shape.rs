//! Charts as geometry: numbers in, places and lengths out. The templates draw them.

use lanner_report::words::{count, grouped, time};
use lanner_report::{Tick, px, ticks};

const LEFT: f64 = 8.0;
const RIGHT: f64 = 1092.0;
/// Room for two rows of numbers above the bars.
const TOP: f64 = 30.0;
/// Where these are, and how near two numbers in one row may come.
const ROWS: [f64; 2] = [24.0, 11.0];
const NEAR: f64 = 18.0;
const PLOT: f64 = 110.0;
/// Bars of a chart over time.
pub(crate) const BINS: usize = 90;

/// How much happened when, with the strange marked.
pub(crate) struct Activity {
    pub bars: Vec<Bar>,
    pub marks: Vec<Mark>,
    pub ticks: Vec<Tick>,
    pub height: String,
    pub base: String,
}

/// What happened in one stretch of time.
pub(crate) struct Bar {
    pub x: String,
    pub width: String,
    pub y: String,
    pub height: String,
    /// Height of the strange part, never too low to be seen.
    pub odd_y: String,
    pub odd_height: String,
    pub title: String,
    pub href: String,
    pub odd: bool,
}

/// Something that has a page, at a time.
pub(crate) struct Mark {
    pub x: String,
    /// Where its label is.
    pub y: String,
    pub href: String,
    pub title: String,
    pub label: String,
}

/// A stretch of time cut into bins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub from: i64,
    pub width: i64,
}

impl Span {
    /// From the first to the last moment, both inside; microseconds since 1970 UTC.
    pub(crate) fn new(first: i64, last: i64) -> Self {
        let length = last.saturating_sub(first).max(0);
        Self { from: first, width: length / BINS as i64 + 1 }
    }

    /// When a bin begins.
    pub(crate) fn begin(self, bin: usize) -> i64 {
        self.from.saturating_add(self.width.saturating_mul(bin as i64))
    }

    fn place(self, at: i64) -> f64 {
        let all = self.width as f64 * BINS as f64;
        LEFT + (RIGHT - LEFT) * ((at as f64 - self.from as f64) / all).clamp(0.0, 1.0)
    }
}

impl Activity {
    /// Of counts by bin, all and strange; `what` is counted, `href` is the list of a stretch of time.
    pub(crate) fn new(
        span: Span,
        all: &[u64; BINS],
        odd: &[u64; BINS],
        what: &str,
        href: impl Fn(i64, i64) -> String,
        marks: Vec<(i64, String, String, String)>,
    ) -> Self {
        let most = all.iter().chain(odd).copied().max().unwrap_or_default().max(1);
        // Square roots: few are seen beside many, and more is still more.
        let high =
            |n: u64| if n == 0 { 0.0 } else { (PLOT * (n as f64 / most as f64).sqrt()).max(1.5) };
        let slot = (RIGHT - LEFT) / BINS as f64;
        let bar = |i: usize| {
            let (h, o) = (high(all[i].max(odd[i])), high(odd[i]));
            let o = if odd[i] > 0 { o.max(4.0) } else { 0.0 };
            let (from, to) = (span.begin(i), span.begin(i + 1));
            Bar {
                x: px(LEFT + slot * i as f64 + 0.5),
                width: px(slot - 1.0),
                y: px(TOP + PLOT - h),
                height: px(h),
                odd_y: px(TOP + PLOT - o),
                odd_height: px(o),
                title: format!(
                    "{}: {}, {} flagged",
                    time(from),
                    count(all[i] as usize, what),
                    grouped(odd[i])
                ),
                href: href(from, to),
                odd: odd[i] > 0,
            }
        };
        let mut marks = marks;
        marks.sort_by_key(|(at, ..)| *at);
        let mut ends = ROWS.map(|_| f64::NEG_INFINITY);
        let mark = |(at, href, title, label)| {
            let x = span.place(at);
            let row = (0..ROWS.len()).find(|&r| x - ends[r] >= NEAR).unwrap_or(ROWS.len() - 1);
            ends[row] = x;
            Mark { x: px(x), y: px(ROWS[row]), href, title, label }
        };
        let last = span.begin(BINS);
        Self {
            bars: (0..BINS).filter(|&i| all[i] + odd[i] > 0).map(bar).collect(),
            marks: marks.into_iter().map(mark).collect(),
            ticks: ticks(span.from, last)
                .map(|(t, label)| Tick { x: px(span.place(t)), label })
                .collect(),
            height: px(TOP + PLOT + 24.0),
            base: px(TOP + PLOT),
        }
    }
}

/// Moments on a line.
pub(crate) struct Moments {
    pub ticks: Vec<Tick>,
    pub marks: Vec<Mark>,
}

/// A line of moments with their pages and titles; none without a moment.
pub(crate) fn moments(all: Vec<(i64, String, String)>) -> Option<Moments> {
    let first = all.iter().map(|(at, ..)| *at).min()?;
    let last = all.iter().map(|(at, ..)| *at).max()?;
    // Room on both sides, so that the first and the last are not on the rim.
    let side = (last.saturating_sub(first) / 20).max(1_000_000);
    let span = Span::new(first.saturating_sub(side), last.saturating_add(side));
    let mark = |(at, href, title)| {
        let (x, y, label) = (px(span.place(at)), String::new(), String::new());
        Mark { x, y, href, title, label }
    };
    let ticks = ticks(span.from, span.begin(BINS));
    Some(Moments {
        ticks: ticks.map(|(t, label)| Tick { x: px(span.place(t)), label }).collect(),
        marks: all.into_iter().map(mark).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_both_ends() {
        for (first, last) in [(0, 0), (5, 94), (-7, 1 << 50), (i64::MIN, i64::MAX)] {
            let span = Span::new(first, last);
            assert!(span.width > 0 && (last.saturating_sub(first) / span.width) < BINS as i64);
        }
    }

    #[test]
    fn one_strange_among_many_is_seen() {
        let (mut all, mut odd) = ([0; BINS], [0; BINS]);
        (all[0], all[1], odd[1]) = (1_000_000, 1_000_000, 1);
        let chart =
            Activity::new(Span::new(0, 89), &all, &odd, "row", |a, b| format!("{a}-{b}"), vec![]);
        assert_eq!((chart.bars.len(), chart.bars[1].odd, chart.bars[0].odd), (2, true, false));
        assert_eq!(
            (chart.bars[1].odd_height.as_str(), chart.bars[1].href.as_str()),
            ("4.0", "1-2")
        );
        assert_eq!(chart.bars[0].height, "110.0");
    }
}
