//! How many tuples and rows have how many votes.

use super::super::load::RankRow;
use super::super::words::grouped;
use super::{log_height, px};

const WIDTH: f64 = 490.0;
/// Room on both sides, for numbers wider than their bars.
const SIDE: f64 = 18.0;
const TOP: f64 = 24.0;
const PLOT: f64 = 150.0;

/// The rank histogram, on a logarithmic scale.
pub(in super::super) struct RankChart {
    pub width: f64,
    pub height: f64,
    pub base: String,
    pub bars: Vec<Bars>,
}

/// The two bars of one rank.
pub(in super::super) struct Bars {
    pub rank: u32,
    pub middle: String,
    pub row: Bar,
    pub tuple: Bar,
    pub label_y: String,
    pub rows: String,
    pub tuples: String,
}

/// One bar.
pub(in super::super) struct Bar {
    pub x: String,
    pub y: String,
    pub width: String,
    pub height: String,
}

impl RankChart {
    pub(in super::super) fn new(ranks: &[RankRow]) -> Self {
        let most = ranks.iter().map(|r| r.rows.max(r.tuples)).max().unwrap_or(1);
        let slot = (WIDTH / ranks.len().max(1) as f64).min(70.0);
        let bar = |x: f64, n: u64| {
            let height = log_height(n, most, PLOT);
            let (y, width) = (px(TOP + PLOT - height), px(slot * 0.38));
            Bar { x: px(x), y, width, height: px(height) }
        };
        let bars = ranks.iter().enumerate().map(|(i, r)| {
            let left = SIDE + slot * (i as f64 + 0.1);
            let high = log_height(r.rows.max(r.tuples), most, PLOT);
            Bars {
                rank: r.rank,
                middle: px(SIDE + slot * (i as f64 + 0.5)),
                row: bar(left, r.rows),
                tuple: bar(left + slot * 0.4, r.tuples),
                label_y: px(TOP + PLOT - high - 6.0),
                rows: grouped(r.rows),
                tuples: grouped(r.tuples),
            }
        });
        let width = (2.0 * SIDE + slot * ranks.len() as f64).round();
        Self { width, height: TOP + PLOT + 24.0, base: px(TOP + PLOT), bars: bars.collect() }
    }
}
