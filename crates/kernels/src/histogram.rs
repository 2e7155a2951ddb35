//! Histograms with equally wide bins over rows with copies.
//!
//! Edges are those of `numpy.linspace`, counts those of `numpy.histogram`: a bin holds its lower edge,
//! the last one its upper edge too.

use crate::ecdf::Ecdf;
use lanner_frame::{Cancelled, Ctx};
use serde::{Deserialize, Serialize};

/// How many bins a histogram has: a number, or `"auto"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a whole number or \"auto\"")]
pub enum Bins {
    /// So many.
    Count(usize),
    /// As many as a rule finds best for the values.
    By(Rule),
}

/// A rule that chooses the number of bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Penalised likelihood; see [`Histogram::fit`].
    Auto,
}

/// Equally wide bins between two values.
///
/// Invariant, held by [`Grid::over`]: at least one bin, finite ends, and edges far enough apart to be
/// told from each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    low: f64,
    high: f64,
    step: f64,
    bins: usize,
}

impl Grid {
    /// Cuts low..=high into `bins` bins; where the two are equal, the range from half a unit below to
    /// half a unit above.
    ///
    /// `None` where an end is not finite, the range is too wide for a number, or a bin would be
    /// narrower than eight rounding steps of its edges, so that they could not be told apart.
    pub fn over(low: f64, high: f64, bins: usize) -> Option<Self> {
        let (low, high) = if low == high { (low - 0.5, high + 0.5) } else { (low, high) };
        let step = (high - low) / bins as f64;
        let narrowest = (8.0 * f64::EPSILON * low.abs().max(high.abs())).max(f64::MIN_POSITIVE);
        (step.is_finite() && step > narrowest).then_some(Self { low, high, step, bins })
    }

    /// Says whether the invariant holds; it may not in a grid read from a file.
    pub fn is_sound(&self) -> bool {
        Self::over(self.low, self.high, self.bins).as_ref() == Some(self)
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Edge `k` of 0..=bins.
    pub fn edge(&self, k: usize) -> f64 {
        if k == self.bins { self.high } else { k as f64 * self.step + self.low }
    }

    /// The bin that counts `v`; the first or last one where `v` lies outside.
    pub fn bin(&self, v: f64) -> usize {
        let guess = (((v - self.low) / self.step) as usize).min(self.bins - 1);
        // Rounding may have put it one bin off; the edges decide.
        if v < self.edge(guess) {
            guess.saturating_sub(1)
        } else if guess + 1 < self.bins && v >= self.edge(guess + 1) {
            guess + 1
        } else {
            guess
        }
    }

    /// Whether `v` lies between the outer edges, these included.
    pub fn contains(&self, v: f64) -> bool {
        (self.low..=self.high).contains(&v)
    }

    /// Number of edges below `v`, 0..=bins + 1: one more than its bin if bins held their upper edge
    /// and not their lower one.
    pub fn edges_below(&self, v: f64) -> usize {
        if v <= self.low {
            0
        } else if v <= self.high {
            let bin = self.bin(v);
            bin + usize::from(v > self.edge(bin))
        } else {
            self.bins + 1
        }
    }
}

/// Rows, copies counted, in each bin of a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    grid: Grid,
    counts: Vec<u64>,
}

impl Histogram {
    /// Counts values between their least and their greatest.
    ///
    /// With [`Rule::Auto`], of 1, 2, ... bins up to one less than the root of N the number b is taken
    /// whose sum over bins of `n_k ln(b n_k / N + 1) - (b - 1 + (ln b)^2.5)` is greatest (after Birge and
    /// Rozenholc, "How many bins should be put in a regular histogram", ESAIM: P&S 10, 2006; PyOD takes
    /// the penalty once a bin, and so does this).
    ///
    /// `None` where the values allow no such grid; see [`Grid::over`].
    ///
    /// # Shapes
    /// `values` and `copies`: n each, n at least 1; copies at least 1, N their sum.
    ///
    /// # Errors
    /// [`Cancelled`] when the run is interrupted.
    ///
    /// # Cost
    /// O(n); with [`Rule::Auto`] O((n + N) log n) at most, and O(n log n + m root N) where the column
    /// has m distinct values.
    pub fn fit(
        values: &[f64],
        copies: &[u64],
        bins: Bins,
        ctx: &Ctx,
    ) -> Result<Option<Self>, Cancelled> {
        ctx.check()?;
        if !values.iter().all(|v| v.is_finite()) {
            return Ok(None);
        }
        let (low, high) = values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
        let bins = match bins {
            Bins::Count(bins) => bins,
            Bins::By(Rule::Auto) => {
                let (ecdf, _) = Ecdf::ranked(values, copies);
                best_bins(&ecdf, ctx)?
            }
        };
        let Some(grid) = Grid::over(low, high, bins) else { return Ok(None) };
        let mut counts = vec![0; bins];
        for (&v, &c) in values.iter().zip(copies) {
            counts[grid.bin(v)] += c;
        }
        Ok(Some(Self { grid, counts }))
    }

    /// The bins.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Rows in each bin.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Share of the rows per unit of the values, in each bin.
    pub fn densities(&self) -> impl Iterator<Item = f64> + '_ {
        let total: u64 = self.counts.iter().sum();
        self.counts.iter().enumerate().map(move |(k, &count)| {
            let width = self.grid.edge(k + 1) - self.grid.edge(k);
            count as f64 / width / total as f64
        })
    }
}

/// The number of bins that penalised likelihood finds best, the least of equals.
fn best_bins(ecdf: &Ecdf, ctx: &Ctx) -> Result<usize, Cancelled> {
    let (values, total) = (ecdf.values(), ecdf.total() as f64);
    let (low, high) = (values[0], values[values.len() - 1]);
    let upper = (total.sqrt() as usize).max(2);
    let (mut best, mut best_bins) = (f64::NEG_INFINITY, 1);
    for bins in 1..upper {
        ctx.check()?;
        let Some(grid) = Grid::over(low, high, bins) else { break };
        let b = bins as f64;
        let mut fit = 0.0;
        // From occupied bin to occupied bin: the values of one lie side by side.
        let mut from = 0;
        while from < values.len() {
            let bin = grid.bin(values[from]);
            let to = if bin + 1 == bins {
                values.len()
            } else {
                let end = grid.edge(bin + 1);
                from + values[from..].partition_point(|&v| v < end)
            };
            let count = (ecdf.upto(to - 1) - ecdf.before(from)) as f64;
            fit += count * (b * count / total + 1.0).ln();
            from = to;
        }
        let fit = fit - b * (b - 1.0 + b.ln().powf(2.5));
        if fit > best {
            (best, best_bins) = (fit, bins);
        }
    }
    Ok(best_bins)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bins 0..1, 1..2, 2..3: an inner edge counts above, but reads below.
    #[test]
    fn edges_count_above_and_read_below() {
        let grid = Grid::over(0.0, 3.0, 3).unwrap();
        assert_eq!([0.0, 0.5, 1.0, 2.0, 3.0].map(|v| grid.bin(v)), [0, 0, 1, 2, 2]);
        let below = [-1.0, 0.0, 0.5, 1.0, 1.5, 3.0, 3.1].map(|v| grid.edges_below(v));
        assert_eq!(below, [0, 0, 1, 1, 2, 3, 4]);
    }

    #[test]
    fn counts_agree_with_the_edges_however_they_round() {
        let grid = Grid::over(0.1, 1.3, 49).unwrap();
        for k in 0..49 {
            assert_eq!(grid.bin(grid.edge(k)), k);
            assert_eq!(grid.bin(grid.edge(k + 1).next_down()), k);
            assert_eq!(grid.edges_below(grid.edge(k)), k);
        }
    }

    #[test]
    fn a_range_that_cannot_be_cut_has_no_grid() {
        assert_eq!(Grid::over(2.0, 2.0, 1).map(|g| (g.edge(0), g.edge(1))), Some((1.5, 2.5)));
        for (low, high) in [(1e300, 1e300), (-1e308, 1e308), (0.0, f64::NAN), (0.0, f64::INFINITY)]
        {
            assert_eq!(Grid::over(low, high, 10), None);
        }
        assert_eq!(Grid::over(0.0, 1.0, 0), None);
    }

    /// Half of N rows at 0, half at 1: b > 1 bins fit N ln(b / 2 + 1) - b (b - 1 + (ln b)^2.5).
    /// N = 16 allows 1 to 3 bins: 11.09, 8.29, 4.87. N = 100 allows up to 9, and from 3 on they make
    /// 81.8, 88.81, 88.85, 82.8, ...: 5 bins win.
    #[test]
    fn auto_counts_copies_not_rows() {
        let bins = |copies: u64| {
            let auto = Bins::By(Rule::Auto);
            let fitted = Histogram::fit(&[0.0, 1.0], &[copies, copies], auto, &Ctx::small(0));
            fitted.unwrap().unwrap().counts().to_vec()
        };
        assert_eq!(bins(8), [16]);
        assert_eq!(bins(50), [50, 0, 0, 0, 50]);
    }
}
