//! Isolation trees: random cuts that set rows apart.
//!
//! A tree cuts a sample of the rows at one random feature and one random threshold at a time, until
//! rows stand alone, are equal, or the tree is as deep as a balanced one. The fewer cuts on a row's
//! way, the easier it is set apart.
//!
//! - **Source**: F. T. Liu, K. M. Ting and Z.-H. Zhou, "Isolation Forest", ICDM 2008; the distances to
//!   the cuts: H. Xu, G. Pang, Y. Wang and Y. Wang, "Deep Isolation Forest for Anomaly Detection", IEEE
//!   TKDE 35(12), 2023.

use lanner_frame::{Matrix, Rng};
use serde::{Deserialize, Serialize};

/// The mean path length in a random search tree of `rows` rows; 0 for a single one.
pub fn mean_path(rows: u64) -> f64 {
    /// The Euler-Mascheroni constant.
    const GAMMA: f64 = 0.577_215_664_901_532_9;
    match rows {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let m = rows as f64;
            2.0 * ((m - 1.0).ln() + GAMMA) - 2.0 * (m - 1.0) / m
        }
    }
}

/// A tree, laid out so that a walk of `depth` steps from node 0 always ends in the right leaf: a leaf
/// leads to itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tree {
    nodes: Vec<Node>,
    /// The path length that ends at each node.
    lengths: Vec<f64>,
    depth: u32,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Node {
    /// Larger values go right; a leaf has none, for its threshold is infinite.
    threshold: f64,
    feature: u32,
    /// The left child; the right one follows it. A leaf's own place.
    left: u32,
}

impl Tree {
    /// Cuts `rows` of a matrix apart at `features` of its columns drawn at random. A row may be named
    /// more than once: its copies stay together.
    ///
    /// # Cost
    /// O(m log m) time typically for m rows, O(m) memory.
    pub fn grow(x: &Matrix, mut rows: Vec<u32>, features: usize, rng: &mut Rng) -> Self {
        let mut pool: Vec<u32> = (0..x.columns() as u32).collect();
        if features < pool.len() {
            rng.shuffle(&mut pool);
            pool.truncate(features);
        }
        let limit = u64::BITS - (rows.len().max(2) as u64 - 1).leading_zeros();
        let mut tree = Self { nodes: Vec::new(), lengths: Vec::new(), depth: 0 };
        tree.add(0, rows.len());
        // Nodes to be cut, with their depth and rows.
        let mut open = vec![(0usize, 0u32, 0..rows.len())];
        while let Some((node, depth, range)) = open.pop() {
            tree.depth = tree.depth.max(depth);
            let rows = &mut rows[range.clone()];
            if depth == limit || rows.len() < 2 {
                continue;
            }
            let Some((feature, threshold)) = draw_cut(x, rows, &mut pool, rng) else { continue };
            let middle = partition(rows, |row| x.row(row as usize)[feature as usize] <= threshold);
            let left = tree.nodes.len();
            tree.add(depth + 1, middle);
            tree.add(depth + 1, rows.len() - middle);
            tree.nodes[node] = Node { threshold, feature, left: left as u32 };
            let middle = range.start + middle;
            open.push((left + 1, depth + 1, middle..range.end));
            open.push((left, depth + 1, range.start..middle));
        }
        tree
    }

    /// Adds a leaf at which `rows` rows are left after `depth` cuts.
    fn add(&mut self, depth: u32, rows: usize) {
        let left = self.nodes.len() as u32;
        self.nodes.push(Node { threshold: f64::INFINITY, feature: 0, left });
        self.lengths.push(f64::from(depth) + mean_path(rows as u64));
    }

    /// Adds to the lengths of `L` rows, given as columns, those of their paths. A fixed number of
    /// steps without a branch: most rows go to the full depth anyway.
    pub fn walk<const L: usize>(&self, columns: &[[f64; L]], lengths: &mut [f64; L]) {
        let mut at = [0u32; L];
        for _ in 0..self.depth {
            for (lane, at) in at.iter_mut().enumerate() {
                let node = &self.nodes[*at as usize];
                let value = columns[node.feature as usize][lane];
                *at = node.left + u32::from(value > node.threshold);
            }
        }
        for (length, at) in lengths.iter_mut().zip(at) {
            *length += self.lengths[at as usize];
        }
    }

    /// Its nodes, four numbers each: feature, threshold, left child (the right one follows it; a leaf
    /// names itself), and the path length that ends there.
    pub fn table(&self) -> Vec<f64> {
        let nodes = self.nodes.iter().zip(&self.lengths);
        nodes
            .flat_map(|(n, &length)| [f64::from(n.feature), n.threshold, f64::from(n.left), length])
            .collect()
    }

    /// Says whether it cuts nothing: all its rows are equal.
    pub fn is_single(&self) -> bool {
        self.nodes.len() == 1
    }

    /// As [`Self::walk`]; adds to `gaps` too, for each row the mean distance to the cuts on its way. A
    /// cut that goes through the row itself is left out.
    pub fn walk_with_gaps<const L: usize>(
        &self,
        columns: &[[f64; L]],
        lengths: &mut [f64; L],
        gaps: &mut [f64; L],
    ) {
        let mut at = [0u32; L];
        let (mut sum, mut cuts) = ([0.0; L], [0.0; L]);
        for _ in 0..self.depth {
            for (lane, at) in at.iter_mut().enumerate() {
                let node = &self.nodes[*at as usize];
                let value = columns[node.feature as usize][lane];
                *at = node.left + u32::from(value > node.threshold);
                // Infinite at a leaf, which cuts nothing.
                let gap = (value - node.threshold).abs();
                let is_cut = gap > 0.0 && gap < f64::INFINITY;
                sum[lane] += if is_cut { gap } else { 0.0 };
                cuts[lane] += f64::from(u8::from(is_cut));
            }
        }
        for lane in 0..L {
            lengths[lane] += self.lengths[at[lane] as usize];
            // As in the authors' code, which divides by no zero this way.
            gaps[lane] += sum[lane] / (cuts[lane] + 1e-6);
        }
    }

    /// Says whether a tree read from a file is whole: no walk leads outside it, none comes back, and
    /// all columns it cuts at are among `columns`.
    pub fn is_whole(&self, columns: u32) -> bool {
        let count = self.nodes.len();
        count > 0
            && count == self.lengths.len()
            && self.depth <= u64::BITS
            && self.nodes.iter().enumerate().all(|(i, node)| {
                let left = node.left as usize;
                let leaf = left == i && node.threshold == f64::INFINITY;
                node.feature < columns && (leaf || (left > i && left + 1 < count))
            })
    }
}

/// Draws a feature among those in which the rows differ, and a threshold between their least and
/// largest value; `None` where the rows are equal.
fn draw_cut(x: &Matrix, rows: &[u32], pool: &mut [u32], rng: &mut Rng) -> Option<(u32, f64)> {
    for i in 0..pool.len() {
        pool.swap(i, i + rng.below((pool.len() - i) as u64) as usize);
        let feature = pool[i];
        let values = rows.iter().map(|&row| x.row(row as usize)[feature as usize]);
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low < high {
            let threshold = rng.between(low, high);
            // Rounding may reach the largest value, and then nothing would go right.
            return Some((feature, if threshold < high { threshold } else { low }));
        }
    }
    None
}

/// Moves the rows that go left to the front; gives their number.
fn partition(rows: &mut [u32], goes_left: impl Fn(u32) -> bool) -> usize {
    let mut middle = 0;
    for i in 0..rows.len() {
        if goes_left(rows[i]) {
            rows.swap(i, middle);
            middle += 1;
        }
    }
    middle
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows 0, 1, 1 in one column: the only cut t lies between 0 and 1. A row at 3 goes right, to two
    /// equal rows: length 1 + c(2) = 2, and its only gap is 3 - t.
    #[test]
    fn lengths_and_gaps_by_hand() {
        let x = Matrix::from_rows(&[[0.0], [1.0]]);
        let tree = Tree::grow(&x, vec![0, 1, 1], 1, &mut Rng::new(1, 0));
        let threshold = tree.nodes[0].threshold;
        assert!((0.0..1.0).contains(&threshold));
        let (mut length, mut gap) = ([0.0; 2], [0.0; 2]);
        tree.walk_with_gaps(&[[3.0, threshold]], &mut length, &mut gap);
        assert_eq!(length, [2.0, 1.0]);
        assert!((gap[0] * (1.0 + 1e-6) - (3.0 - threshold)).abs() < 1e-12);
        assert_eq!(gap[1], 0.0);
        let mut plain = [0.0; 2];
        tree.walk(&[[3.0, threshold]], &mut plain);
        assert_eq!(plain, length);
    }

    #[test]
    fn equal_rows_are_not_cut() {
        let x = Matrix::from_rows(&[[7.0], [7.0]]);
        let tree = Tree::grow(&x, vec![0, 1], 1, &mut Rng::new(1, 0));
        let (mut length, mut gap) = ([0.0], [0.0]);
        tree.walk_with_gaps(&[[9.0]], &mut length, &mut gap);
        assert_eq!((length, gap), ([1.0], [0.0]));
        assert!(tree.is_single());
    }

    #[test]
    fn a_tree_that_leads_back_is_refused() {
        let x = Matrix::from_rows(&[[0.0], [1.0], [5.0]]);
        let mut tree = Tree::grow(&x, vec![0, 1, 2], 1, &mut Rng::new(1, 0));
        assert!(tree.is_whole(1));
        tree.nodes[1].left = 0;
        assert!(!tree.is_whole(1));
    }
}
