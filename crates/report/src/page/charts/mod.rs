//! Charts as geometry: numbers in, places and lengths out. The template draws them.

mod heat;
mod ranks;
mod spread;
mod when;

pub(super) use heat::Heat;
pub(super) use ranks::RankChart;
pub(super) use spread::Spread;
pub(super) use when::TimeChart;
pub use when::{Tick, ticks};

/// A place or a length in a drawing, to a tenth of a unit.
pub fn px(v: f64) -> String {
    format!("{v:.1}")
}

/// Height of a bar for `n` on a logarithmic scale where `most` is `full` high and one can still be seen.
fn log_height(n: u64, most: u64, full: f64) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let log = |n: u64| 1.0 + (n as f64).log10();
    full * log(n) / log(most.max(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_seen_and_the_most_is_full() {
        assert_eq!(log_height(0, 1000, 80.0), 0.0);
        assert_eq!(log_height(1, 1000, 80.0), 20.0);
        assert_eq!(log_height(1000, 1000, 80.0), 80.0);
        assert_eq!(log_height(1, 1, 80.0), 80.0);
    }
}
