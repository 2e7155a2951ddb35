//! How a model's scores are spread over the rows.

use super::super::words::{grouped, number};
use super::{log_height, px};

const WIDTH: f64 = 220.0;
const PLOT: f64 = 64.0;
const BINS: usize = 44;

/// The score histogram of one model, counts on a logarithmic scale, with its threshold.
pub(in super::super) struct Spread {
    pub id: String,
    pub bars: Vec<Bin>,
    /// Place of the threshold.
    pub cut: Option<String>,
    pub threshold: String,
    pub low: String,
    pub high: String,
    /// Rows above the threshold.
    pub above: String,
}

/// One bar that is not empty.
pub(in super::super) struct Bin {
    pub x: String,
    pub y: String,
    pub height: String,
    pub above: bool,
    pub title: String,
}

impl Spread {
    /// Of scores by tuple, counted in rows.
    pub(in super::super) fn new(
        id: &str,
        threshold: Option<f64>,
        scores: &[f64],
        copies: &[u64],
    ) -> Self {
        let low = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let high = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Halves, so that the width of the widest range is finite.
        let range = high / 2.0 - low / 2.0;
        let place = |v: f64| if range > 0.0 { (v / 2.0 - low / 2.0) / range } else { 0.5 };
        let mut rows = [0u64; BINS];
        let mut over = [false; BINS];
        let mut above = 0;
        for (&score, &c) in scores.iter().zip(copies) {
            let bin = ((place(score) * BINS as f64) as usize).min(BINS - 1);
            rows[bin] += c;
            if threshold.is_some_and(|t| score > t) {
                over[bin] = true;
                above += c;
            }
        }
        let most = rows.iter().copied().max().unwrap_or_default();
        let edge = |bin: usize| low + 2.0 * range * (bin as f64 / BINS as f64);
        let bars = (0..BINS).filter(|&b| rows[b] > 0).map(|b| {
            let height = log_height(rows[b], most, PLOT);
            Bin {
                x: px(WIDTH * b as f64 / BINS as f64),
                y: px(PLOT - height),
                height: px(height),
                above: over[b],
                title: format!(
                    "{} to {}: {} rows",
                    number(edge(b)),
                    number(edge(b + 1)),
                    grouped(rows[b])
                ),
            }
        });
        let (low_text, high_text) = match scores {
            [] => (String::new(), String::new()),
            _ => (number(low), number(high)),
        };
        Self {
            id: id.to_owned(),
            bars: bars.collect(),
            cut: threshold.map(|t| px(WIDTH * place(t).clamp(0.0, 1.0))),
            threshold: threshold.map_or_else(|| "none".into(), number),
            low: low_text,
            high: high_text,
            above: grouped(above),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_rows_not_tuples_and_stands_any_range() {
        let s = Spread::new("X", Some(0.5), &[0.0, 1.0], &[7, 3]);
        assert_eq!((s.bars.len(), s.above.as_str(), s.cut.as_deref()), (2, "3", Some("110.0")));
        assert!(!s.bars[0].above && s.bars[1].above);
        assert_eq!(Spread::new("X", None, &[-1e308, 1e308], &[1, 1]).bars.len(), 2);
        assert_eq!(Spread::new("X", Some(2.0), &[2.0, 2.0], &[1, 1]).bars.len(), 1);
        assert!(Spread::new("X", None, &[], &[]).bars.is_empty());
    }
}
