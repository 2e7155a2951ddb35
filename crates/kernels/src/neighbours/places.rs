//! How neighbours fill k places.

use super::metric::Metric;
use super::search::Candidate;

/// A distance and how many of the k places are filled at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Distance, in the units of the metric.
    pub distance: f64,
    /// Places filled, at least 1.
    pub places: u64,
}

/// A neighbour and its share of the k places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Row number in the sample; the row that asked itself, where its other copies are meant.
    pub row: u32,
    /// Distance, in the units of the metric.
    pub distance: f64,
    /// Places it fills: its copies, or less in the last shell.
    pub share: f64,
}

/// Fills k places from candidates, nearest first; each distance gives one step.
///
/// The last shell may be cut short, as long as it fills the places.
pub(super) fn steps(
    metric: Metric,
    found: impl Iterator<Item = Candidate>,
    k: u64,
    out: &mut Vec<Step>,
) {
    out.clear();
    let mut left = k;
    for candidate in found {
        if left == 0 {
            break;
        }
        let (distance, places) = (metric.distance(candidate.reduced), candidate.copies.min(left));
        left -= places;
        match out.last_mut() {
            Some(last) if last.distance == distance => last.places += places,
            _ => out.push(Step { distance, places }),
        }
    }
}

/// Fills k places from candidates, nearest first, up to the whole last shell, which shares the places
/// left in proportion to copies.
pub(super) fn places(metric: Metric, found: &[Candidate], k: u64, out: &mut Vec<Place>) {
    out.clear();
    let mut left = k;
    for shell in found.chunk_by(|a, b| a.reduced == b.reduced) {
        let copies: u64 = shell.iter().map(|c| c.copies).sum();
        let part = if copies > left { left as f64 / copies as f64 } else { 1.0 };
        let place = |c: &Candidate| Place {
            row: c.row,
            distance: metric.distance(c.reduced),
            share: c.copies as f64 * part,
        };
        out.extend(shell.iter().map(place));
        left = left.saturating_sub(copies);
        if left == 0 {
            break;
        }
    }
}
