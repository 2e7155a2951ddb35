//! The neighbours of a block of rows by matrix products, for rows where the tree prunes too little.
//!
//! `|a|² + |b|² - 2 a·b`, with rows moved to the middle of their box, only tells which pairs cannot be
//! near enough. Every other pair is compared exactly, so no answer depends on this file.

use super::index::Index;
use super::search::Search;
use lanner_frame::{Cancelled, Ctx};
use nalgebra::DMatrix;
use std::ops::Range;

/// Rows multiplied at a time; a multiple of the rows that ask together.
const BLOCK: usize = 512;
/// Pairs looked at together before any is looked at alone.
const LANES: usize = 16;

/// The rows of an index, in tree order, moved to the middle of their box.
pub(super) struct Products<'a> {
    index: &'a Index,
    /// Blocks of up to `BLOCK` rows by d columns.
    moved: Vec<DMatrix<f64>>,
    /// Squared norms, lowered by what rounding can add to a squared distance.
    norms: Vec<f64>,
}

impl<'a> Products<'a> {
    /// Prepares the rows; `None` where the metric is none of squares, or squares overflow and the
    /// filter could not be trusted.
    pub(super) fn new(index: &'a Index) -> Option<Self> {
        if !index.metric().is_squares() {
            return None;
        }
        let n = index.rows();
        let mut moved: Vec<f64> = (0..n).flat_map(|at| index.row_at(at)).collect();
        let d = moved.len() / n;
        let mut bounds = vec![(f64::INFINITY, f64::NEG_INFINITY); d];
        for row in moved.chunks_exact(d) {
            for (bound, &v) in bounds.iter_mut().zip(row) {
                *bound = (bound.0.min(v), bound.1.max(v));
            }
        }
        for row in moved.chunks_exact_mut(d) {
            for (bound, v) in bounds.iter().zip(row) {
                *v -= f64::midpoint(bound.0, bound.1);
            }
        }
        // A sum of d products is off by at most d ε times the sum of their sizes, and moving the rows
        // adds a few ε more. With |a| |b| <= (|a|² + |b|²) / 2 everything, the exact comparison's
        // own rounding included, stays below 4 (d + 4) ε (|a|² + |b|²); twice that is taken off.
        let kept = 1.0 - 8.0 * (d as f64 + 4.0) * f64::EPSILON;
        let squares = moved.chunks_exact(d).map(|row| row.iter().map(|v| v * v).sum::<f64>());
        // The last term stands for what underflow can lose.
        let norms: Vec<f64> = squares.map(|s| kept * s - f64::MIN_POSITIVE).collect();
        let blocks = moved.chunks(BLOCK * d);
        let blocks = blocks.map(|block| DMatrix::from_row_slice(block.len() / d, d, block));
        let moved = blocks.collect();
        norms.iter().all(|&s| s < 1e300).then_some(Self { index, moved, norms })
    }

    /// Finds the k places of the rows at `positions`, one search each.
    pub(super) fn find(
        &self,
        positions: Range<usize>,
        k: u64,
        searches: &mut [Search],
        ctx: &Ctx,
    ) -> Result<(), Cancelled> {
        let asked = self.index.start_all(positions.clone(), k, searches);
        // A range never crosses a block, and rows close in the tree bring the bounds down for all
        // others: its own block comes first.
        let own = positions.start / BLOCK;
        let queries = self.moved[own].rows(positions.start % BLOCK, positions.len()).transpose();
        let mut products = DMatrix::zeros(BLOCK, positions.len());
        for block in (own..self.moved.len()).chain(0..own) {
            ctx.check()?;
            let rows = &self.moved[block];
            if rows.nrows() != products.nrows() {
                products = DMatrix::zeros(rows.nrows(), positions.len());
            }
            products.gemm(-2.0, rows, &queries, 0.0);
            for (i, (row, search)) in asked.iter().zip(&mut *searches).enumerate() {
                let Some(row) = row else { continue };
                let column = &products.as_slice()[i * rows.nrows()..][..rows.nrows()];
                self.offer(row, positions.start + i, column, block * BLOCK, search);
            }
        }
        searches.iter_mut().for_each(Search::finish);
        Ok(())
    }

    /// Compares the row at `own` exactly with those rows from `start` on that may be near enough.
    fn offer(&self, row: &[f64], own: usize, products: &[f64], start: usize, search: &mut Search) {
        let norm = self.norms[own];
        let norms = &self.norms[start..][..products.len()];
        let chunks = products.chunks(LANES).zip(norms.chunks(LANES)).enumerate();
        for (chunk, (products, norms)) in chunks {
            let limit = search.bound() - norm;
            let pairs = products.iter().zip(norms);
            // Counted to the end, which the vector unit does faster than stopping at the first.
            let near: usize = pairs.clone().map(|(p, n)| usize::from(p + n <= limit)).sum();
            if near == 0 {
                continue;
            }
            for (lane, (p, n)) in pairs.enumerate() {
                let at = start + chunk * LANES + lane;
                if p + n <= search.bound() - norm && at != own {
                    self.index.offer(row, at, search);
                }
            }
        }
    }
}
