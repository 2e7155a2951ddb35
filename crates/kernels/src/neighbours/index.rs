//! The rows in a balanced tree of boxes.

use super::metric::{Metric, Norm, Squares, larger, with_norm};
use super::places::{Place, Step, places, steps};
use super::search::{Candidate, Search};
use lanner_frame::{Cancelled, Ctx, Matrix, Sample};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::Range;
use std::sync::Arc;

/// Rows of a leaf. Its values are stored column by column, so that a scan runs in vector registers.
pub(super) const LEAF: usize = 32;

/// Distinct rows with their copies, ready for exact searches. Cloning it is free.
///
/// A k-d tree halved by rank on the widest column of each box, so it is balanced however many rows
/// share a coordinate; boxes are tight, so lattices and clusters prune well.
///
/// # Cost
/// O(n d log n) time to build, about 9 bytes a value of memory. A search costs O(d log n) typically
/// for d below about 10 and O(n d) at worst.
#[derive(Debug, Clone)]
pub struct Index(Arc<Tree>);

#[derive(Debug)]
struct Tree {
    metric: Metric,
    /// Columns of the rows as they are placed.
    columns: usize,
    /// Sample's row number of each position in the tree.
    rows: Vec<u32>,
    /// Position of each of the sample's rows.
    positions: Vec<u32>,
    /// Copies of each of the sample's rows.
    copies: Vec<u64>,
    /// For each leaf `columns` runs of `LEAF` values, zeros behind the last row.
    leaves: Vec<f64>,
    /// For each node, in pre-order, the least and greatest value of each column.
    boxes: Vec<f64>,
}

/// A row that asks, its number, and its search.
type Asked<'a> = (Vec<f64>, u32, &'a mut Search);

/// A node: its number in pre-order and the leaves below it. Children follow from these.
#[derive(Clone, Copy)]
struct Node {
    id: usize,
    first: usize,
    end: usize,
}

impl Node {
    fn children(self) -> Option<(Self, Self)> {
        let left = (self.end - self.first) / 2;
        let middle = self.first + left;
        (left > 0).then_some((
            Self { id: self.id + 1, first: self.first, end: middle },
            // A tree of m leaves has 2 m - 1 nodes.
            Self { id: self.id + 2 * left, first: middle, end: self.end },
        ))
    }
}

impl Index {
    /// Builds the index of a sample's rows, in the Euclidean metric.
    pub fn new(x: &Sample) -> Self {
        Self::with_metric(x, Metric::Euclidean)
    }

    /// Builds the index of a sample's rows, in any metric.
    pub fn with_metric(x: &Sample, metric: Metric) -> Self {
        let placed = metric.placed_rows(x.x());
        Self(Arc::new(Tree::new(&placed, x.copies().to_vec(), metric)))
    }

    /// How it measures distances.
    pub fn metric(&self) -> Metric {
        self.0.metric
    }

    /// Number of distinct rows, n.
    pub fn rows(&self) -> usize {
        self.0.rows.len()
    }

    /// Number of features, d.
    pub fn columns(&self) -> usize {
        self.0.columns - self.0.metric.more_columns()
    }

    /// Copies of each row, n whole numbers, in the sample's order.
    pub fn copies(&self) -> &[u64] {
        &self.0.copies
    }

    /// The sample's row numbers in an order in which rows that follow each other lie near each other.
    pub fn order(&self) -> &[u32] {
        &self.0.rows
    }

    /// How the rows nearest to a new row of d finite values fill k places: distances ascending. A row
    /// of the index equal to it is a neighbour at distance 0 (but see [`Metric::Cosine`]).
    pub fn steps(&self, row: &[f64], k: u64, search: &mut Search, out: &mut Vec<Step>) {
        self.find(&self.0.metric.placed(row), None, k, search);
        steps(self.0.metric, search.found(), k, out);
    }

    /// The rows that fill the k places nearest to a new row of d finite values, nearest first.
    pub fn places(&self, row: &[f64], k: u64, search: &mut Search, out: &mut Vec<Place>) {
        self.find(&self.0.metric.placed(row), None, k, search);
        self.fill(k, search, out);
    }

    /// As [`Index::places`], for the sample's row `row` itself: its own other copies are neighbours at
    /// distance 0, the row is not.
    pub fn own_places(&self, row: usize, k: u64, search: &mut Search, out: &mut Vec<Place>) {
        self.find_own(self.position(row), k, search);
        self.fill(k, search, out);
    }

    fn fill(&self, k: u64, search: &Search, out: &mut Vec<Place>) {
        let found: Vec<Candidate> = search.found().collect();
        places(self.0.metric, &found, k, out);
    }

    /// The sample's row `row`, d values (scaled to length 1 for [`Metric::Cosine`], a 0 or 1 behind them).
    pub fn row(&self, row: usize) -> Vec<f64> {
        self.row_at(self.position(row))
    }

    /// Finds the nearest rows of the row at a position, its own other copies among them.
    pub(super) fn find_own(&self, position: usize, k: u64, search: &mut Search) {
        self.find(&self.row_at(position), Some(self.row_number(position)), k, search);
    }

    fn find(&self, row: &[f64], own: Option<u32>, k: u64, search: &mut Search) {
        if self.start(row, own, k, search) {
            let tree = &*self.0;
            with_norm!(tree.metric, norm => tree.descend(norm, tree.root(), row, own, search));
        }
        search.finish();
    }

    /// Finds the nearest rows of the rows at `positions`, one search each, as [`Index::find_own`] does.
    ///
    /// For rows where the tree prunes little: each leaf is fetched from memory once for all of them.
    pub(super) fn find_together(
        &self,
        positions: Range<usize>,
        k: u64,
        searches: &mut [Search],
        ctx: &Ctx,
    ) -> Result<(), Cancelled> {
        let tree = &*self.0;
        let asked = self.start_all(positions.clone(), k, searches);
        let mut asked: Vec<Asked<'_>> = asked
            .into_iter()
            .zip(positions.clone())
            .zip(&mut *searches)
            .filter_map(|((row, at), search)| Some((row?, self.row_number(at), search)))
            .collect();
        let home = positions.start / LEAF;
        with_norm!(tree.metric, norm => tree.descend_together(norm, tree.root(), home, &mut asked, ctx))?;
        searches.iter_mut().for_each(Search::finish);
        Ok(())
    }

    /// Starts the searches of the rows at `positions`; gives the rows for which there is more to do.
    pub(super) fn start_all(
        &self,
        positions: Range<usize>,
        k: u64,
        searches: &mut [Search],
    ) -> Vec<Option<Vec<f64>>> {
        let start = |(at, search)| {
            let row = self.row_at(at);
            self.start(&row, Some(self.row_number(at)), k, search).then_some(row)
        };
        positions.zip(searches).map(start).collect()
    }

    /// Starts a search with the row's own other copies; says whether there is more to do.
    fn start(&self, row: &[f64], own: Option<u32>, k: u64, search: &mut Search) -> bool {
        search.start(k);
        let aloof = self.0.metric.aloof(row);
        let mut push = |row: u32, reduced| {
            let copies = self.0.copies[row as usize] - u64::from(own == Some(row));
            if copies > 0 {
                search.push(Candidate { reduced, row, copies });
            }
        };
        match aloof {
            Some(reduced) => self.0.rows.iter().for_each(|&row| push(row, reduced)),
            None => own.into_iter().for_each(|row| push(row, 0.0)),
        }
        aloof.is_none()
    }

    /// Position in the tree of a row of the sample.
    pub(super) fn position(&self, row: usize) -> usize {
        self.0.positions[row] as usize
    }

    /// The sample's number of the row at a position.
    pub(super) fn row_number(&self, position: usize) -> u32 {
        self.0.rows[position]
    }

    /// The row at a position, d values.
    pub(super) fn row_at(&self, position: usize) -> Vec<f64> {
        let first = position / LEAF * LEAF * self.0.columns + position % LEAF;
        self.0.leaves[first..].iter().step_by(LEAF).take(self.0.columns).copied().collect()
    }

    /// Compares a row with the one at a position, in squares, and keeps it if it is near enough.
    pub(super) fn offer(&self, row: &[f64], position: usize, search: &mut Search) {
        let first = position / LEAF * LEAF * self.0.columns + position % LEAF;
        let values = self.0.leaves[first..].iter().step_by(LEAF);
        let reduced = row.iter().zip(values).fold(0.0, |sum, (a, b)| Squares.add(sum, b - a));
        if reduced <= search.bound() {
            let row = self.0.rows[position];
            search.push(Candidate { reduced, row, copies: self.0.copies[row as usize] });
        }
    }
}

impl Tree {
    /// Builds the tree of rows as the metric places them.
    fn new(x: &Matrix, copies: Vec<u64>, metric: Metric) -> Self {
        let (n, columns) = (x.rows(), x.columns());
        let leaves = n.div_ceil(LEAF);
        let mut tree = Self {
            metric,
            columns,
            rows: (0..n as u32).collect(),
            positions: vec![0; n],
            copies,
            leaves: vec![0.0; leaves * LEAF * columns],
            boxes: vec![0.0; (2 * leaves - 1) * 2 * columns],
        };
        let mut rows = std::mem::take(&mut tree.rows);
        tree.split(tree.root(), x, &mut rows);
        tree.rows = rows;
        for (position, &row) in tree.rows.iter().enumerate() {
            tree.positions[row as usize] = position as u32;
            let first = position / LEAF * LEAF * columns + position % LEAF;
            let slots = tree.leaves[first..].iter_mut().step_by(LEAF);
            for (slot, &value) in slots.zip(x.row(row as usize)) {
                *slot = value;
            }
        }
        tree
    }

    fn root(&self) -> Node {
        Node { id: 0, first: 0, end: self.leaves.len() / (LEAF * self.columns) }
    }

    /// Notes the box of `rows` and halves them on its widest column, leaf by leaf.
    fn split(&mut self, node: Node, x: &Matrix, rows: &mut [u32]) {
        let bounds = &mut self.boxes[node.id * 2 * self.columns..][..2 * self.columns];
        for (pair, &value) in bounds.chunks_exact_mut(2).zip(x.row(rows[0] as usize)) {
            pair.fill(value);
        }
        for &row in &rows[1..] {
            for (pair, &value) in bounds.chunks_exact_mut(2).zip(x.row(row as usize)) {
                pair[0] = smaller(pair[0], value);
                pair[1] = larger(pair[1], value);
            }
        }
        let Some((left, right)) = node.children() else { return };
        let widths = bounds.chunks_exact(2).map(|pair| pair[1] - pair[0]).enumerate();
        let widest = widths.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        let column = widest.map_or(0, |w| w.0);
        let middle = (left.end - left.first) * LEAF;
        rows.select_nth_unstable_by(middle, |&a, &b| {
            let (u, v) = (x.row(a as usize)[column], x.row(b as usize)[column]);
            u.total_cmp(&v).then(a.cmp(&b))
        });
        let (low, high) = rows.split_at_mut(middle);
        self.split(left, x, low);
        self.split(right, x, high);
    }

    /// Searches below a node, the nearer child first. As deep as the tree: log2 of its leaves.
    fn descend<N: Norm>(
        &self,
        norm: N,
        node: Node,
        row: &[f64],
        own: Option<u32>,
        search: &mut Search,
    ) {
        let Some((left, right)) = node.children() else {
            return self.scan(norm, node.first, row, own, search);
        };
        let (to_left, to_right) =
            (self.to_box(norm, left.id, row), self.to_box(norm, right.id, row));
        let (near, far) = if to_right < to_left {
            ((right, to_right), (left, to_left))
        } else {
            ((left, to_left), (right, to_right))
        };
        for (child, reduced) in [near, far] {
            if reduced <= search.bound() {
                self.descend(norm, child, row, own, search);
            }
        }
    }

    /// Searches all leaves below a node for rows that ask together, beginning with their home.
    fn descend_together<N: Norm>(
        &self,
        norm: N,
        node: Node,
        home: usize,
        asked: &mut [Asked<'_>],
        ctx: &Ctx,
    ) -> Result<(), Cancelled> {
        let Some((left, right)) = node.children() else {
            ctx.check()?;
            for (row, own, search) in asked {
                if self.to_box(norm, node.id, row) <= search.bound() {
                    self.scan(norm, node.first, row, Some(*own), search);
                }
            }
            return Ok(());
        };
        let at_home = (right.first..right.end).contains(&home);
        let (near, far) = if at_home { (right, left) } else { (left, right) };
        self.descend_together(norm, near, home, asked, ctx)?;
        self.descend_together(norm, far, home, asked, ctx)
    }

    /// Reduced distance from a row to the box of a node.
    #[inline]
    fn to_box<N: Norm>(&self, norm: N, id: usize, row: &[f64]) -> f64 {
        let bounds = &self.boxes[id * 2 * self.columns..][..2 * self.columns];
        let gaps = bounds.chunks_exact(2).zip(row);
        let gaps = gaps.map(|(pair, &v)| larger(larger(pair[0] - v, v - pair[1]), 0.0));
        norm.to_box(gaps.fold(0.0, |sum, gap| norm.add(sum, gap)), self.columns)
    }

    /// Compares a row with all rows of a leaf.
    fn scan<N: Norm>(
        &self,
        norm: N,
        leaf: usize,
        row: &[f64],
        own: Option<u32>,
        search: &mut Search,
    ) {
        let size = LEAF * self.columns;
        let values = &self.leaves[leaf * size..][..size];
        let reduced: [f64; LEAF] = norm.to_leaf(values, row, search.bound());
        let rows = &self.rows[leaf * LEAF..];
        search.compared += LEAF;
        for (&reduced, &row) in reduced.iter().zip(rows) {
            if reduced <= search.bound() && Some(row) != own {
                search.push(Candidate { reduced, row, copies: self.copies[row as usize] });
            }
        }
    }
}

/// The smaller of two numbers that are not NaN.
#[inline]
fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// An index as it is written to a file: its rows as they are placed, in the sample's order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rows {
    metric: Metric,
    columns: usize,
    values: Vec<f64>,
    copies: Vec<u64>,
}

impl Serialize for Index {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let rows = (0..self.rows()).flat_map(|row| self.row(row));
        let (metric, columns, copies) = (self.metric(), self.0.columns, self.copies().to_vec());
        Rows { metric, columns, values: rows.collect(), copies }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Index {
    /// Checks the rows, whoever wrote them, and builds the tree anew.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Rows { metric, columns, values, copies } = Rows::deserialize(from)?;
        let total = copies.iter().try_fold(0u64, |sum, &c| sum.checked_add(c));
        let whole = metric.is_whole()
            && columns > metric.more_columns()
            && !copies.is_empty()
            && u32::try_from(copies.len()).is_ok()
            && copies.len().checked_mul(columns) == Some(values.len())
            && values.iter().all(|v| v.is_finite())
            && !copies.contains(&0)
            && total.is_some_and(|t| t < 1 << 53);
        if !whole {
            return Err(serde::de::Error::custom("the rows of a neighbour index are not whole"));
        }
        let x = Matrix::new(values, copies.len(), columns);
        Ok(Self(Arc::new(Tree::new(&x, copies, metric))))
    }
}
