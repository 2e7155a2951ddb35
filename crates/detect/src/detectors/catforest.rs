//! `CatForest`: isolation forest for category codes, over all trees at once.
//!
//! A tree draws as many rows as `max_samples` says, each as often as chance will, and cuts them apart by
//! one column after the other, each value into a branch of its own, the columns in random order. A row is
//! odd if it soon stands alone: if no more than one of the drawn rows has its values.
//!
//! Which column comes next is the only choice in such a tree, so nothing depends on what values are
//! called, and the mean over all trees has a closed form. No tree is drawn:
//!
//! ```text
//! P(c) = 1 - (1 - q)^m - m q (1 - q)^(m - 1),   q = c / N     two or more of m drawn rows are among c
//! s(x) = 1 - mean over depths k = 1..D, and over sets S of k columns, of P(c(x_S))
//! ```
//!
//! `c(x_S)` is the number of rows, copies counted, that equal x in the columns S; D is d, at most 8. Up to 8
//! columns all sets are taken. Of more, those that begin an order of columns: random orders, each in all
//! its rotations, so that every column comes first equally often.
//!
//! - **Score**: 0 to 1, the share of trees and depths at which the row stands alone; larger is odder.
//! - **Cost**: fit O(n log n) for each set of columns (31 sets of 5 columns, 255 of 8), a row O(log n) for
//!   each; memory for the combinations of values of two rows or more, O(n) a set at most.
//! - **Blind to**: rows rare only as a whole beside many such rows.
//! - **Source**: Lanner's own closed form, after F. T. Liu, K. M. Ting and Z.-H. Zhou, "Isolation
//!   Forest", ICDM 2008.
//! - **Departs**: see the card.

use crate::categories::{Numbered, numbered};
use crate::{Card, Detector, FitError, Fitted, Kind, Param, ParamError, Randomness, Scorer, Shape};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::levels::{Levels, pair};
use lanner_kernels::sampling::Size;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Categorical isolation forest; see the [module page](self).
pub struct CatForest;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Rows drawn for a tree: a number, a share of all, or "auto" for as many as there are.
    pub max_samples: Size,
    /// Orders of columns, 1 to 10,000, where there are more than 8 columns.
    pub n_orders: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self { max_samples: Size::AUTO, n_orders: 100 }
    }
}

/// Columns of which all sets are taken, and the depth of a tree at most.
const DEEPEST: usize = 8;

impl Detector for CatForest {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "CatForest",
        title: "Categorical isolation forest",
        idea: "Trees split random rows by one field after the other, in random order, each value into its own \
               branch; a row that soon stands alone is odd. The mean over all such trees is computed \
               outright, without drawing one.",
        formula: "s(x) = 1 - mean over depths k and over sets S of k fields of P(c); c = rows that equal x in S, \
                  P(c) = chance that two or more of the rows drawn for a tree are among them",
        params: &[
            Param {
                name: "max_samples",
                default: "auto",
                allowed: "auto, a whole number >= 1, or a share above 0 up to 1.0",
                what: "rows drawn for a tree, with replacement; auto is as many as there are. With 256 a value is \
                       rare below about 1 in 256",
            },
            Param {
                name: "n_orders",
                default: "100",
                allowed: "1 to 10000",
                what: "orders of fields that stand for all of them where there are more than 8 fields",
            },
        ],
        randomness: Randomness::Seeded,
        cost: "fit O(n log n) for each set of fields (31 sets of 5 fields, 255 of 8), a new row O(log n) for each; \
               memory O(n) for each at most",
        blind_to: "Rows rare in many fields at once look as odd as rows rare in the same number of sets; with few \
                   values a field, nearly everything is there twice, and max_samples = 256 tells more.",
        source: "Lanner's own closed form, after F. T. Liu, K. M. Ting, Z.-H. Zhou: Isolation Forest. ICDM, 2008",
        departs: "The paper cuts numbers at random thresholds; here every value of a field has its branch, rows \
                  are drawn with replacement, and the mean over trees is exact: it depends on the seed only \
                  beyond 8 fields. A combination of values that no row has counts as one that a row has.",
        kind: Kind::Categorical,
        default: false,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        let refuse = |name, given: String, allowed| {
            Err(ParamError::OutOfRange { model: Self::CARD.id, name, given, allowed })
        };
        if !params.max_samples.is_valid(1) {
            let allowed = "auto, a whole number >= 1, or a share above 0 up to 1.0";
            return refuse("max_samples", params.max_samples.to_string(), allowed);
        }
        if !(1..=10_000).contains(&params.n_orders) {
            return refuse("n_orders", params.n_orders.to_string(), "1 to 10000");
        }
        Ok(())
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        let sets = if shape.columns <= DEEPEST {
            shape.d().exp2()
        } else {
            shape.d().max(params.n_orders as f64) * DEEPEST as f64
        };
        1e-8 * sets * shape.n() * shape.n().log2().max(1.0)
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let columns = numbered(x, ctx)?;
        let sets = sets(x.columns(), params.n_orders, ctx);
        let drawn = params.max_samples.of(x.total(), x.total()) as f64;
        let crowd = Crowd { drawn, total: x.total() as f64 };
        let grown = ctx.parallel(|| {
            let first = sets.chunk_by(|a, b| a.0[0] == b.0[0]).collect::<Vec<_>>();
            let grown = first.into_par_iter().map(|sets| grow(sets, &columns, x, &crowd, ctx));
            grown.collect::<Result<Vec<(Vec<Node>, Vec<f64>)>, FitError>>()
        })?;
        let depth = x.columns().min(DEEPEST) as f64;
        let mut model = Model {
            columns: columns.into_iter().map(|(levels, _)| levels).collect(),
            nodes: Vec::new(),
            alone: crowd.chance(1),
            depth,
            own: vec![0.0; x.rows()],
        };
        for (nodes, lengths) in grown {
            let first = model.nodes.len() as u32;
            let placed = |n: Node| Node { parent: n.parent.map(|p| p + first), ..n };
            model.nodes.extend(nodes.into_iter().map(placed));
            model.own.iter_mut().zip(lengths).for_each(|(own, length)| *own += length);
        }
        model.own.iter_mut().for_each(|own| *own = 1.0 - *own / depth);
        Ok(model)
    }
}

/// The rows that a tree draws.
struct Crowd {
    drawn: f64,
    total: f64,
}

impl Crowd {
    /// The chance that two or more of the drawn rows are among these.
    fn chance(&self, rows: u64) -> f64 {
        if self.drawn < 2.0 {
            return 0.0;
        }
        let q = rows as f64 / self.total;
        let others_miss = ((self.drawn - 1.0) * (-q).ln_1p()).exp();
        (1.0 - others_miss * (1.0 - q + self.drawn * q)).clamp(0.0, 1.0)
    }
}

/// Sets of columns in lexicographic order, each with its share among the sets of its size; the beginnings
/// of a set are there too, with a share of 0 where they are only on the way.
fn sets(columns: usize, orders: usize, ctx: &Ctx) -> Vec<(Vec<u32>, f64)> {
    let mut counts: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    if columns <= DEEPEST {
        for bits in 1_u32..1 << columns {
            let set = (0..columns as u32).filter(|j| bits >> j & 1 == 1).collect();
            counts.insert(set, 1);
        }
    } else {
        for drawn in 0..orders.div_ceil(columns) {
            let mut order: Vec<u32> = (0..columns as u32).collect();
            ctx.rng(drawn as u64).shuffle(&mut order);
            for _ in 0..columns {
                order.rotate_left(1);
                for size in 1..=DEEPEST {
                    let mut set = order[..size].to_vec();
                    set.sort_unstable();
                    for beginning in 1..size {
                        counts.entry(set[..beginning].to_vec()).or_default();
                    }
                    *counts.entry(set).or_default() += 1;
                }
            }
        }
    }
    let mut of_size = [0; DEEPEST + 1];
    for (set, count) in &counts {
        of_size[set.len()] += count;
    }
    let share = |(set, count): (Vec<u32>, u32)| {
        let share = f64::from(count) / f64::from(of_size[set.len()]);
        (set, share)
    };
    counts.into_iter().map(share).collect()
}

/// No two rows have this combination of values.
const SINGLE: u32 = u32::MAX;

/// Counts the combinations of values of sets that begin with the same column; gives the nodes, their
/// parents counted from the first of them, and for each row the sum of their terms.
fn grow(
    sets: &[(Vec<u32>, f64)],
    columns: &[Numbered],
    x: &Sample,
    crowd: &Crowd,
    ctx: &Ctx,
) -> Result<(Vec<Node>, Vec<f64>), FitError> {
    let alone = crowd.chance(1);
    let mut lengths = vec![0.0; x.rows()];
    let mut nodes = Vec::with_capacity(sets.len());
    // The node and the rows' combinations of each beginning of the set at hand.
    let mut path: Vec<(u32, Vec<u32>)> = Vec::new();
    for (set, share) in sets {
        ctx.check()?;
        path.truncate(set.len() - 1);
        let column = set[set.len() - 1];
        let codes = &columns[column as usize].1;
        let before = path.last();
        let key = |i: usize| match before {
            None => Some(pair(0, codes[i])),
            Some((_, ids)) => (ids[i] != SINGLE).then(|| pair(ids[i], codes[i])),
        };
        let mut rows: Vec<(u64, u32)> =
            (0..x.rows()).filter_map(|i| key(i).map(|key| (key, i as u32))).collect();
        rows.sort_unstable();
        let parent = before.map(|b| b.0);
        let mut node =
            Node { parent, column, share: *share, keys: Vec::new(), chances: Vec::new() };
        let mut ids = vec![SINGLE; x.rows()];
        for equal in rows.chunk_by(|a, b| a.0 == b.0) {
            let copies = equal.iter().map(|&(_, i)| x.copies()[i as usize]).sum();
            if copies >= 2 {
                for &(_, i) in equal {
                    ids[i as usize] = node.keys.len() as u32;
                }
                node.keys.push(equal[0].0);
                node.chances.push(crowd.chance(copies));
            }
        }
        for (length, &id) in lengths.iter_mut().zip(&ids) {
            *length += node.term(id, alone);
        }
        path.push((nodes.len() as u32, ids));
        nodes.push(node);
    }
    Ok((nodes, lengths))
}

/// The combinations of values of each set of columns that two rows or more have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    columns: Vec<Levels>,
    /// Parents before their children.
    nodes: Vec<Node>,
    /// The chance of a combination that one row has.
    alone: f64,
    /// Number of columns in the largest sets.
    depth: f64,
    own: Vec<f64>,
}

/// A set of columns: that of its parent and one column more.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Node {
    parent: Option<u32>,
    column: u32,
    /// Its share among the sets of its size.
    share: f64,
    /// Combinations, ascending: the number of the parent's combination and that of the column's value.
    keys: Vec<u64>,
    /// For each, the chance that a tree goes on there.
    chances: Vec<f64>,
}

impl Node {
    fn term(&self, id: u32, alone: f64) -> f64 {
        self.share * if id == SINGLE { alone } else { self.chances[id as usize] }
    }
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn columns(&self) -> usize {
        self.columns.len()
    }

    fn check(&self) -> Result<(), &'static str> {
        if !self.columns.iter().all(Levels::is_whole) {
            return Err("a column has not the rows of its values");
        }
        let whole = |(i, node): (usize, &Node)| {
            node.parent.is_none_or(|p| (p as usize) < i)
                && (node.column as usize) < self.columns.len()
                && node.keys.len() == node.chances.len()
        };
        if !self.nodes.iter().enumerate().all(whole) {
            return Err("a set of columns leads outside");
        }
        Ok(())
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        let codes: Vec<Option<u32>> =
            self.columns.iter().zip(row).map(|(levels, &v)| levels.find(v)).collect();
        let mut ids: Vec<u32> = Vec::with_capacity(self.nodes.len());
        // Added up for each first column by itself, as at the fit.
        let (mut sum, mut length) = (0.0, 0.0);
        for node in &self.nodes {
            let before = node.parent.map_or(0, |p| ids[p as usize]);
            let key = match codes[node.column as usize] {
                Some(code) if before != SINGLE => Some(pair(before, code)),
                _ => None,
            };
            let place = key.and_then(|key| node.keys.binary_search(&key).ok());
            let id = place.map_or(SINGLE, |place| place as u32);
            if node.parent.is_none() {
                sum += length;
                length = 0.0;
            }
            length += node.term(id, self.alone);
            ids.push(id);
        }
        1.0 - (sum + length) / self.depth
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Matrix;
    use lanner_testkit::Table;

    fn fitted(table: &Table) -> Model {
        CatForest::fit(&table.sample().0, &Params::default(), &Ctx::small(0)).unwrap()
    }

    /// Rows (0, 0) twice, (0, 1), (1, 2): N = m = 4. P(1) = 1 - (3/4)^3 (7/4), P(2) = 1 - (1/2)^3 (5/2),
    /// P(3) = 1 - (1/4)^3 (13/4). (0, 0) has P(3) and P(2) at depth 1, P(2) at depth 2; and so on.
    #[test]
    fn chances_by_hand() {
        let x = Matrix::from_rows(&[[0.0, 0.0], [0.0, 1.0], [1.0, 2.0]]);
        let model = fitted(&Table { x, copies: vec![2, 1, 1] });
        let (p1, p2, p3) = (0.261_718_75, 0.6875, 0.949_218_75);
        let mean = |a: f64, b: f64, both: f64| 1.0 - f64::midpoint(f64::midpoint(a, b), both);
        let by_hand = [mean(p3, p2, p2), mean(p3, p1, p1), mean(p1, p1, p1)];
        for (own, expected) in model.own_scores().iter().zip(by_hand) {
            assert!((own - expected).abs() < 1e-12, "{own} {expected}");
        }
        assert!((model.score(&[9.0, 9.0]) - by_hand[2]).abs() < 1e-12, "as rare as can be");
        assert!((model.score(&[1.0, 0.0]) - mean(p1, p2, p1)).abs() < 1e-12);
    }

    /// The formula, row by row and set by set.
    #[test]
    fn scores_are_the_means_over_all_sets() {
        let table = Table::codes(2, 120, 4);
        let (sample, _) = table.sample();
        let model = fitted(&table);
        let crowd = Crowd { drawn: sample.total() as f64, total: sample.total() as f64 };
        for (i, row) in sample.x().iter_rows().enumerate() {
            let mut length = 0.0;
            for bits in 1_u32..16 {
                let alike =
                    |other: &[f64]| (0..4).all(|j| bits >> j & 1 == 0 || other[j] == row[j]);
                let others = sample.x().iter_rows().zip(sample.copies());
                let rows = others.filter(|(other, _)| alike(other)).map(|(_, &c)| c).sum();
                let of_size = [1.0, 4.0, 6.0, 4.0, 1.0][bits.count_ones() as usize];
                length += crowd.chance(rows) / of_size;
            }
            let own = model.own_scores()[i];
            assert!((own - (1.0 - length / 4.0)).abs() < 1e-12, "{own}");
            assert_eq!(own.to_bits(), model.score(row).to_bits());
        }
    }

    /// Beyond 8 columns every column is in as many sets of one as any other, and shares add up to 1.
    #[test]
    fn orders_of_many_columns_are_balanced() {
        let sets = sets(11, 30, &Ctx::small(4));
        assert!(sets.is_sorted_by(|a, b| a.0 < b.0));
        let shares = |size: usize| sets.iter().filter(move |s| s.0.len() == size).map(|s| s.1);
        assert!(shares(1).all(|share| (share - 1.0 / 11.0).abs() < 1e-12));
        for size in 1..=8 {
            assert!((shares(size).sum::<f64>() - 1.0).abs() < 1e-12);
        }
        let model = fitted(&Table::codes(2, 200, 11));
        let row = Table::codes(2, 200, 11);
        let (sample, _) = row.sample();
        assert_eq!(model.own_scores()[7].to_bits(), model.score(sample.row(7)).to_bits());
    }
}
