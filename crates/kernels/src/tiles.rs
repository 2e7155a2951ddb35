//! Rows in tiles: column by column for the vector unit, with boxes to pass over what lies far off.

use crate::lanes::squared_distances;
use lanner_frame::Matrix;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Rows of a tile.
pub const TILE: usize = 32;
/// Tiles that are worked on together.
pub const GROUP: usize = 8;

/// Weighted rows in tiles of [`TILE`], those in groups of [`GROUP`].
///
/// The last tile is filled up with its last row at weight 0. Boxes are tight where rows that follow
/// each other lie near each other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tiles {
    columns: usize,
    /// For each tile `columns` runs of `TILE` values.
    values: Vec<f64>,
    weights: Vec<f64>,
    /// For each tile, and then for each group, the least and greatest value of each column.
    boxes: Vec<f64>,
    groups: Vec<f64>,
}

/// The rows of one tile.
#[derive(Clone, Copy)]
pub(crate) struct Tile<'a> {
    pub(crate) columns: &'a [[f64; TILE]],
    pub(crate) weights: &'a [f64; TILE],
}

impl Tiles {
    /// Cuts the rows of `x`, in the order of the row numbers in `order`, into tiles.
    ///
    /// # Shapes
    /// - `x`: n rows by d >= 1 features, finite
    /// - `copies`: n whole numbers, the weights
    /// - `order`: n >= 1 row numbers
    pub fn new(x: &Matrix, copies: &[u64], order: &[u32]) -> Self {
        let columns = x.columns();
        let tiles = order.len().div_ceil(TILE);
        let mut values = vec![0.0; tiles * TILE * columns];
        let mut weights = vec![0.0; tiles * TILE];
        for (position, weight) in weights.iter_mut().enumerate() {
            let row = order[position.min(order.len() - 1)] as usize;
            if position < order.len() {
                *weight = copies[row] as f64;
            }
            let first = position / TILE * TILE * columns + position % TILE;
            for (slot, &v) in values[first..].iter_mut().step_by(TILE).zip(x.row(row)) {
                *slot = v;
            }
        }
        let mut boxes = Vec::with_capacity(tiles * 2 * columns);
        for column in values.chunks_exact(TILE) {
            boxes.extend(bounds(column.iter().map(|&v| (v, v))));
        }
        let mut groups = Vec::with_capacity(tiles.div_ceil(GROUP) * 2 * columns);
        for boxes in boxes.chunks(GROUP * 2 * columns) {
            for column in 0..columns {
                let pairs = boxes[2 * column..].chunks(2 * columns).map(|b| (b[0], b[1]));
                groups.extend(bounds(pairs));
            }
        }
        Self { columns, values, weights, boxes, groups }
    }

    /// Number of features, d.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of tiles.
    pub(crate) fn count(&self) -> usize {
        self.weights.len() / TILE
    }

    /// Number of groups of tiles.
    pub(crate) fn groups(&self) -> usize {
        self.count().div_ceil(GROUP)
    }

    /// The tiles of a group.
    pub(crate) fn group(&self, group: usize) -> Range<usize> {
        group * GROUP..self.count().min((group + 1) * GROUP)
    }

    /// A tile.
    #[inline]
    pub(crate) fn tile(&self, tile: usize) -> Tile<'_> {
        let values = &self.values[tile * TILE * self.columns..][..TILE * self.columns];
        let weights = &self.weights.as_chunks().0[tile];
        Tile { columns: values.as_chunks().0, weights }
    }

    /// The box of a tile: least and greatest value of each column.
    #[inline]
    pub(crate) fn tile_box(&self, tile: usize) -> &[[f64; 2]] {
        self.boxes[tile * 2 * self.columns..][..2 * self.columns].as_chunks().0
    }

    /// The box of a group.
    pub(crate) fn group_box(&self, group: usize) -> &[[f64; 2]] {
        self.groups[group * 2 * self.columns..][..2 * self.columns].as_chunks().0
    }

    /// Squared Euclidean distance from a row of d finite values to the nearest of these rows; infinite
    /// where it overflows.
    ///
    /// # Cost
    /// O(d n / 256) for the boxes of all groups, and O(d) for each row near enough to be compared.
    pub fn squared_distance_to(&self, row: &[f64]) -> f64 {
        let point: Vec<[f64; 2]> = row.iter().map(|&v| [v, v]).collect();
        let gaps: Vec<f64> =
            (0..self.groups()).map(|g| squared_gap(self.group_box(g), &point)).collect();
        // The group whose box is nearest goes first: what it finds rules out most others.
        let start = (0..gaps.len()).min_by(|&a, &b| gaps[a].total_cmp(&gaps[b])).unwrap_or(0);
        let mut least = f64::INFINITY;
        for group in std::iter::once(start).chain(0..gaps.len()) {
            if gaps[group] >= least {
                continue;
            }
            for tile in self.group(group) {
                if squared_gap(self.tile_box(tile), &point) < least {
                    let found = squared_distances(self.tile(tile).columns, row);
                    least = found.iter().fold(least, |least, &v| least.min(v));
                }
            }
        }
        least
    }

    /// Says whether all sizes agree, as they must before rows read from a file are used.
    pub fn is_whole(&self) -> bool {
        let of = |boxes: usize| boxes.checked_mul(2).and_then(|n| n.checked_mul(self.columns));
        self.columns > 0
            && !self.weights.is_empty()
            && self.weights.len().is_multiple_of(TILE)
            && self.weights.len().checked_mul(self.columns) == Some(self.values.len())
            && of(self.count()) == Some(self.boxes.len())
            && of(self.groups()) == Some(self.groups.len())
    }
}

/// The range that holds all the ranges given.
fn bounds(ranges: impl Iterator<Item = (f64, f64)>) -> [f64; 2] {
    let all = (f64::INFINITY, f64::NEG_INFINITY);
    let (low, high) = ranges.fold(all, |(low, high), (l, h)| (low.min(l), high.max(h)));
    [low, high]
}

/// Squared Euclidean distance between two boxes, 0 where they meet. Never above that of two rows in
/// them, rounding included.
#[inline]
pub(crate) fn squared_gap(a: &[[f64; 2]], b: &[[f64; 2]]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| {
        let gap = (b[0] - a[1]).max(a[0] - b[1]).max(0.0);
        sum + gap * gap
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_testkit::Table;

    #[test]
    fn the_nearest_row_is_found_and_filling_rows_are_none() {
        let x = Table::clouds(3, 601, 3).x;
        let order: Vec<u32> = (0..601).rev().collect();
        let tiles = Tiles::new(&x, &[1; 601], &order);
        for row in Table::clouds(4, 50, 3).and_row(0.0, 1).and_row(1e200, 1).x.iter_rows() {
            let squared =
                |other: &[f64]| row.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            let least = x.iter_rows().map(squared).fold(f64::INFINITY, f64::min);
            assert_eq!(tiles.squared_distance_to(row), least);
        }
    }

    #[test]
    fn sizes_that_do_not_agree_are_found() {
        let whole = Tiles::new(&Table::clouds(3, 300, 2).x, &[1; 300], &[5, 6, 7]);
        assert!(whole.is_whole());
        assert!(!Tiles { columns: 0, ..whole.clone() }.is_whole());
        assert!(!Tiles { columns: usize::MAX / 2, ..whole.clone() }.is_whole());
        assert!(!Tiles { weights: vec![], ..whole.clone() }.is_whole());
        assert!(!Tiles { groups: vec![], ..whole }.is_whole());
    }
}
