//! Numbers, times and log text as the page shows them.

use super::Figure;
use crate::Manifest;
use jiff::Timestamp;
use lanner_frame::text::excerpt;

/// A whole number with commas between its thousands.
pub fn grouped(n: u64) -> String {
    lanner_explain::grouped(n)
}

/// Log text cut for the page, with more of it for the pointer to show. Still to be escaped.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What is shown.
    pub text: String,
    /// Empty where `text` is all there is.
    pub full: String,
}

impl Shown {
    /// Cuts to `width` characters, and to `full` for the pointer.
    pub fn new(text: &str, width: usize, full: usize) -> Self {
        let short = excerpt(text, width);
        let full = excerpt(text, full);
        let full = if full == short { String::new() } else { full };
        Self { text: short, full }
    }
}

/// `1 file`, `2,000 files`.
pub fn count(n: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(n as u64), if n == 1 { "" } else { "s" })
}

/// A score or a threshold, to as many digits as tell anything.
pub fn number(v: f64) -> String {
    match v.abs() {
        a if !a.is_finite() => v.to_string(),
        0.0 => "0".into(),
        a if (1e-3..1e6).contains(&a) => {
            let digits = (3 - a.log10().floor() as i32).clamp(0, 6) as usize;
            let text = format!("{v:.digits$}");
            if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                text
            }
        }
        _ => format!("{v:.2e}"),
    }
}

/// Seconds, to as many digits as tell anything.
pub fn seconds(s: f64) -> String {
    match s {
        s if s < 0.0995 => format!("{:.0} ms", s * 1e3),
        s if s < 99.95 => format!("{s:.1} s"),
        s => span_of(s),
    }
}

/// Bytes in binary units.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A time to the second, UTC, without the zone's letter.
pub fn time(micros: i64) -> String {
    Timestamp::from_microsecond(micros)
        .map_or_else(|_| "out of range".into(), |t| t.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Distinct tuples beside rows.
pub(super) fn share(manifest: &Manifest) -> String {
    match manifest.inputs.scored {
        0 => "no row scored".into(),
        n if n == manifest.tuples => "every row is its own".into(),
        n => format!("one for {:.1} rows", n as f64 / manifest.tuples as f64),
    }
}

/// The time span as a key figure.
pub(super) fn span(first: Option<&str>, last: Option<&str>) -> Figure {
    let parse = |t: Option<&str>| t?.parse::<Timestamp>().ok();
    let (value, detail) = match parse(first).zip(parse(last)) {
        Some((first, last)) => {
            let day = |t: Timestamp, format: &str| t.strftime(format).to_string();
            let (a, b) = (day(first, "%-d %b %Y"), day(last, "%-d %b %Y"));
            let days = match a[a.len() - 4..] == b[b.len() - 4..] {
                _ if a == b => a,
                true => format!("{} to {b}", day(first, "%-d %b")),
                false => format!("{a} to {b}"),
            };
            (span_of(last.duration_since(first).as_secs_f64()), days)
        }
        None => ("none".into(), "no event times".into()),
    };
    Figure { label: "Time span", value, detail, alarm: false }
}

fn span_of(seconds: f64) -> String {
    let units = [("day", 86_400.0), ("hour", 3_600.0), ("minute", 60.0), ("second", 1.0)];
    let fits = |&&(_, size): &&(&str, f64)| seconds >= 2.0 * size;
    let (name, size) = units.iter().find(fits).copied().unwrap_or(units[3]);
    count((seconds / size).round() as usize, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_true() {
        let cases = [(0.0, "0"), (0.99812, "0.9981"), (12.5, "12.5"), (1234.56, "1235")];
        for (v, want) in cases {
            assert_eq!(number(v), want);
        }
        assert_eq!(number(-1e-7), "-1.00e-7");
        assert_eq!(number(100_000.0), "100000");
        assert_eq!(number(f64::INFINITY), "inf");
    }

    #[test]
    fn units_fit_the_amount() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1 << 20), "1.0 MiB");
        assert_eq!(seconds(0.0042), "4 ms");
        assert_eq!(seconds(3.04), "3.0 s");
        assert_eq!(seconds(400.0), "7 minutes");
        assert_eq!(span_of(9.3 * 86_400.0), "9 days");
        assert_eq!(span_of(0.0), "0 seconds");
        assert_eq!(time(1_500_000), "1970-01-01 00:00:01");
    }
}
