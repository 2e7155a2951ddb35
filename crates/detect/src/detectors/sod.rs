//! SOD: subspace outlier degree.
//!
//! Compares a row with the rows most like it, those that have most of its nearest neighbours, in the
//! columns in which these rows agree. A row scores high if it stands apart there.
//!
//! ```text
//! R(x)  = the ref_set rows that share most of their n_neighbors nearest rows with x
//! C(x)  = the columns j with v_j < alpha * mean of all v       m_j, v_j: mean and variance over R(x)
//! s(x)  = sqrt( mean of (x_j - m_j)^2 over j in C(x) )         0 where C(x) is empty
//! ```
//!
//! Copies are rows of their own: a row's other copies are in its list and are candidates for `R(x)`.
//! Shared neighbours are whole numbers from 0 to `n_neighbors`, so many rows tie for the last places of
//! `R(x)`. They share these in proportion to copies, and means and variances are weighted so: no order
//! of the rows has a say. If rows that share no neighbour at all come to be in `R(x)`, these are all
//! the others, and what they add follows from sums over all rows. How equally near rows count in the
//! lists is told at [`lanner_kernels::shared`].
//!
//! - **Score**: a distance in the units of the rows, 0 or more; larger is odder.
//! - **Cost**: see [`Graph`]; then for each row the lengths of the lists that its neighbours are in,
//!   O(n k^2) in all unless a few rows are neighbours of most. Memory O(n k). Of a shell of equally near
//!   rows cut at the k-th place at most 2 k (and 64) are kept, those with the most copies, so lattices
//!   cost no more.
//! - **Blind to**: a single column, where no variance is below the mean (every score is 0); rows with
//!   more than `ref_set` copies, which are like themselves (they score 0).
//! - **Source**: H.-P. Kriegel, P. Kröger, E. Schubert and A. Zimek, "Outlier Detection in Axis-Parallel
//!   Subspaces of High Dimensional Data", PAKDD 2009.
//! - **Departs from `PyOD`**: ties (there the order of the rows decides); new rows get their reference
//!   sets among the rows fitted on (there among each other). `n_neighbors` is at most 10,000.

use crate::{Card, Detector, FitError, Fitted, Kind, Param, ParamError, Randomness, Scorer, Shape};
use lanner_frame::{Cancelled, Ctx, Matrix, Sample};
use lanner_kernels::blocks::sum_over_rows;
use lanner_kernels::neighbours::{Graph, Index, Place, Search};
use lanner_kernels::shared::{Counter, Listed, Listers, list};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Subspace outlier degree; see the [module page](self).
pub struct Sod;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Neighbours in a row's list, k: 2 to 10,000.
    pub n_neighbors: u32,
    /// Rows in a reference set: 1 to k - 1.
    pub ref_set: u32,
    /// A column counts where its variance is below this share of the mean variance; in (0, 1).
    pub alpha: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self { n_neighbors: 20, ref_set: 10, alpha: 0.8 }
    }
}

impl Detector for Sod {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "SOD",
        title: "Subspace outlier degree",
        idea: "Takes the events most like each event, those whose nearest events are the same, and asks \
               in which fields they agree. An event is odd if it stands apart from them in exactly \
               those fields.",
        formula: "s(x) = sqrt( mean of (x_j - m_j)^2 over the columns j with v_j < alpha * mean v ); m, \
                  v = means and variances of the ref_set rows that share most of their n_neighbors \
                  nearest rows with x",
        params: &[
            Param {
                name: "n_neighbors",
                default: "20",
                allowed: "2 to 10000, less than rows",
                what: "nearest rows in each row's list",
            },
            Param {
                name: "ref_set",
                default: "10",
                allowed: "1 to n_neighbors - 1",
                what: "rows that a row is compared with: those whose lists share most with its own",
            },
            Param {
                name: "alpha",
                default: "0.8",
                allowed: "above 0, below 1",
                what: "a column counts where the variance of the rows compared with is below this \
                       share of their mean variance over all columns",
            },
        ],
        randomness: Randomness::None,
        cost: "that of LOF's neighbours, and O(n k^2) for typical rows; memory O(n k)",
        blind_to: "One column (every score is 0), events with as many copies as a reference set has \
                   rows (they score 0), groups of k or more odd events.",
        source: "H.-P. Kriegel, P. Kroeger, E. Schubert, A. Zimek: Outlier Detection in Axis-Parallel \
                 Subspaces of High Dimensional Data. PAKDD, 2009",
        departs: "Rows that share equally many neighbours, at the end of the reference set, share the \
                  places that are left (weighted mean and variance); the reference takes whichever its \
                  sort leaves last, so its score depends on the order of the rows. Rows tied at the \
                  k-th distance count in parts; where such ties are many, as in codes with many copies, \
                  ranks differ from the reference's more than its own do between two orders. New rows get reference sets among the rows fitted on.",
        kind: Kind::Numeric,
        default: false,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        let refuse = |name, given: String, allowed| {
            Err(ParamError::OutOfRange { model: Self::CARD.id, name, given, allowed })
        };
        if !(2..=10_000).contains(&params.n_neighbors) {
            return refuse("n_neighbors", params.n_neighbors.to_string(), "2 to 10000");
        }
        if !(1..params.n_neighbors).contains(&params.ref_set) {
            return refuse("ref_set", params.ref_set.to_string(), "1 to n_neighbors - 1");
        }
        if !(params.alpha > 0.0 && params.alpha < 1.0) {
            return refuse("alpha", params.alpha.to_string(), "above 0 and below 1");
        }
        Ok(())
    }

    fn neighbours(params: &Params) -> usize {
        params.n_neighbors as usize
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        shape.neighbours(params.n_neighbors as usize)
            + 4e-8 * shape.n() * f64::from(params.n_neighbors).powi(2)
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let k = u64::from(params.n_neighbors);
        if x.total() <= k {
            return Err(FitError::TooFewRows { need: k + 1, have: x.total() });
        }
        let graph = Graph::shared(x, k, ctx)?;
        let lists = graph.map_places(k, ctx, |row, places| {
            list(places, Some(row as u32), row as u32, x.copies(), shell(k))
        })?;
        let mut model = Model {
            params: params.clone(),
            index: graph.index().clone(),
            values: x.x().as_slice().to_vec(),
            all: Moments::of_all(x, ctx)?,
            listers: Listers::new(&lists, || ctx.check())?,
            own: vec![0.0; x.rows()],
        };
        model.own = model.score_own(&lists, ctx)?;
        Ok(model)
    }
}

/// Tuples kept of a shell of equally near ones that is cut at the k-th place.
fn shell(k: u64) -> usize {
    (2 * k as usize).max(64)
}

/// The rows fitted on and what lists them.
#[derive(Debug, Serialize, Deserialize)]
pub struct Model {
    params: Params,
    index: Index,
    /// The rows, n x d.
    values: Vec<f64>,
    all: Moments,
    listers: Listers,
    own: Vec<f64>,
}

/// Mean and variance of each column over some rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Moments {
    mean: Vec<f64>,
    variance: Vec<f64>,
}

/// Work space for scoring a row.
struct Space {
    counter: Counter,
    /// Rows that share neighbours with the row, and how many.
    counts: Vec<(u32, u32)>,
    /// Copies of all rows by their count, 0 to k.
    copies: Vec<u64>,
    /// Rows compared with, and how much of each.
    weights: Vec<(u32, f64)>,
    compared: Moments,
}

impl Model {
    fn space(&self) -> Space {
        let d = self.index.columns();
        Space {
            counter: Counter::new(self.index.rows()),
            counts: Vec::new(),
            copies: vec![0; self.params.n_neighbors as usize + 1],
            weights: Vec::new(),
            compared: Moments { mean: vec![0.0; d], variance: vec![0.0; d] },
        }
    }

    fn row(&self, row: u32) -> &[f64] {
        let d = self.index.columns();
        &self.values[row as usize * d..][..d]
    }

    /// The number at which a row stands, or would stand, among the rows.
    fn number_of(&self, row: &[f64]) -> u32 {
        let (mut low, mut high) = (0, self.index.rows() as u32);
        while low < high {
            let middle = low.midpoint(high);
            if self.row(middle) < row {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn score_own(&self, lists: &[Vec<Listed>], ctx: &Ctx) -> Result<Vec<f64>, Cancelled> {
        const BLOCK: usize = 64;
        let done = AtomicUsize::new(0);
        let mut own = vec![0.0; lists.len()];
        ctx.parallel(|| {
            let blocks = own.par_chunks_mut(BLOCK).zip(lists.par_chunks(BLOCK)).enumerate();
            blocks.try_for_each_init(
                || self.space(),
                |space, (block, (out, lists))| {
                    ctx.check()?;
                    for ((row, out), list) in (block * BLOCK..).zip(&mut *out).zip(lists) {
                        *out = self.score_in(self.row(row as u32), Some(row as u32), list, space);
                    }
                    let rows = done.fetch_add(out.len(), Ordering::Relaxed) + out.len();
                    ctx.step(rows, self.index.rows());
                    Ok::<(), Cancelled>(())
                },
            )
        })?;
        Ok(own)
    }

    /// Scores a row with its list of neighbours.
    fn score_in(&self, x: &[f64], own: Option<u32>, list: &[Listed], space: &mut Space) -> f64 {
        let rest = self.weigh(own, list, space);
        self.compare(own, rest, space);
        let Moments { mean, variance } = &space.compared;
        let limit = self.params.alpha * variance.iter().sum::<f64>() / variance.len() as f64;
        let columns = x.iter().zip(mean).zip(variance).filter(|(_, variance)| **variance < limit);
        let (sum, count) = columns.fold((0.0, 0u32), |(sum, count), ((x, mean), _)| {
            (sum + (x - mean) * (x - mean), count + 1)
        });
        (sum / f64::from(count.max(1))).sqrt()
    }

    /// Puts the reference set of a row into `space.weights`; gives how much of it is left for the rows
    /// that share no neighbour with it.
    fn weigh(&self, own: Option<u32>, list: &[Listed], space: &mut Space) -> f64 {
        let Space { counter, counts, copies, weights, .. } = space;
        let most = u64::from(self.params.n_neighbors);
        let others = |row| self.index.copies()[row as usize] - u64::from(own == Some(row));
        counts.clear();
        weights.clear();
        copies.fill(0);
        self.listers.count(list, own, self.index.copies(), counter, |row, count| {
            let count = count.min(most) as u32;
            copies[count as usize] += others(row);
            counts.push((row, count));
        });
        // The count at which the set is full.
        let (mut last, mut left) = (most as u32, u64::from(self.params.ref_set));
        while last > 0 && copies[last as usize] < left {
            left -= copies[last as usize];
            last -= 1;
        }
        let part = left as f64 / copies[last as usize] as f64;
        weights.extend(counts.iter().filter(|c| c.1 >= last).map(|&(row, count)| {
            let copies = others(row) as f64;
            (row, if count == last { copies * part } else { copies })
        }));
        if last == 0 { left as f64 } else { 0.0 }
    }

    /// Means and variances of a reference set, `rest` of which are rows that are not in its list.
    fn compare(&self, own: Option<u32>, rest: f64, space: &mut Space) {
        let Space { weights, compared: Moments { mean, variance }, .. } = space;
        let set = f64::from(self.params.ref_set);
        let others = if rest > 0.0 { Some(self.all_but(own, weights)) } else { None };
        mean.fill(0.0);
        variance.fill(0.0);
        for &(row, weight) in &*weights {
            for (mean, value) in mean.iter_mut().zip(self.row(row)) {
                *mean += weight * value;
            }
        }
        if let Some(others) = &others {
            mean.iter_mut().zip(&others.mean).for_each(|(mean, m)| *mean += rest * m);
        }
        for mean in mean.iter_mut() {
            *mean /= set;
        }
        for &(row, weight) in &*weights {
            for ((variance, mean), value) in variance.iter_mut().zip(&*mean).zip(self.row(row)) {
                *variance += weight * (value - mean) * (value - mean);
            }
        }
        if let Some(others) = &others {
            let columns = others.mean.iter().zip(&others.variance).zip(&*mean);
            for (variance, ((m, v), mean)) in variance.iter_mut().zip(columns) {
                *variance += rest * (v + (m - mean) * (m - mean));
            }
        }
        for variance in variance.iter_mut() {
            *variance /= set;
        }
    }

    /// Moments of all rows but the row itself and those with weights.
    fn all_but(&self, own: Option<u32>, weights: &[(u32, f64)]) -> Moments {
        let Moments { mut mean, mut variance } = self.all.clone();
        let total = self.index.copies().iter().sum::<u64>() as f64;
        let taken = || weights.iter().copied().chain(own.map(|row| (row, 1.0)));
        let left = total - taken().map(|(_, weight)| weight).sum::<f64>();
        let mut moved = vec![0.0; mean.len()];
        for v in &mut variance {
            *v *= total;
        }
        for (row, weight) in taken() {
            let columns = self.row(row).iter().zip(&mean).zip(&mut moved).zip(&mut variance);
            for (((x, mean), moved), variance) in columns {
                *moved -= weight * (x - mean);
                *variance -= weight * (x - mean) * (x - mean);
            }
        }
        for ((mean, moved), variance) in mean.iter_mut().zip(moved).zip(&mut variance) {
            *mean += moved / left;
            *variance = (*variance / left - (moved / left) * (moved / left)).max(0.0);
        }
        Moments { mean, variance }
    }
}

impl Moments {
    /// Of all N rows.
    fn of_all(x: &Sample, ctx: &Ctx) -> Result<Self, Cancelled> {
        let mean_of = |f: &(dyn Fn(usize, f64) -> f64 + Sync)| {
            let sums = sum_over_rows(x.rows(), x.columns(), ctx, |rows, sums| {
                for row in rows {
                    let copies = x.copies()[row] as f64;
                    for (j, (sum, &value)) in sums.iter_mut().zip(x.row(row)).enumerate() {
                        *sum += copies * f(j, value);
                    }
                }
            })?;
            Ok(sums.into_iter().map(|sum| sum / x.total() as f64).collect::<Vec<f64>>())
        };
        let mean = mean_of(&|_, value| value)?;
        let variance = mean_of(&|j, value| (value - mean[j]) * (value - mean[j]))?;
        Ok(Self { mean, variance })
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
        self.index.columns()
    }

    fn check(&self) -> Result<(), &'static str> {
        let (n, d) = (self.index.rows(), self.index.columns());
        let total: u64 = self.index.copies().iter().sum();
        if Sod::check(&self.params).is_err() || total <= u64::from(self.params.n_neighbors) {
            return Err("parameters out of range");
        }
        if self.own.len() != n || self.values.len() != n * d || !self.listers.is_whole(n) {
            return Err("not one row, list and score for each row");
        }
        let moments = self.all.mean.len() == d && self.all.variance.len() == d;
        moments.then_some(()).ok_or("not one mean and variance for each column")
    }
}

impl Model {
    fn score_new(&self, row: &[f64], search: &mut Search, space: &mut Space) -> f64 {
        let k = u64::from(self.params.n_neighbors);
        let mut places: Vec<Place> = Vec::new();
        self.index.places(row, k, search, &mut places);
        let list = list(&places, None, self.number_of(row), self.index.copies(), shell(k));
        self.score_in(row, None, &list, space).min(f64::MAX)
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        self.score_new(row, &mut Search::default(), &mut self.space())
    }

    fn score_block(&self, x: &Matrix, first: usize, out: &mut [f64]) {
        let (mut search, mut space) = (Search::default(), self.space());
        for (row, out) in (first..).zip(out) {
            *out = self.score_new(x.row(row), &mut search, &mut space);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &[[f64; 2]], n_neighbors: u32, ref_set: u32) -> Model {
        let x = Sample::collapse(&Matrix::from_rows(rows), &vec![1; rows.len()]).unwrap().0;
        let params = Params { n_neighbors, ref_set, ..Params::default() };
        Sod::fit(&x, &params, &Ctx::small(1)).unwrap()
    }

    /// Four rows with k = 3: every two share the other two, so the three others tie for two places, 2/3
    /// each. For (4, 3) they have means (0, 3) and variances (0, 6): only the first is below
    /// 0.8 (0 + 6) / 2, and the score is 4. For (0, 0): means (4/3, 4), variances (32/9, 2), the second
    /// is below 2.22, score 4. For (0, 3): means (4/3, 3), variances (32/9, 6), score 4/3.
    #[test]
    fn four_rows_by_hand() {
        let model = fit(&[[0.0, 0.0], [0.0, 3.0], [0.0, 6.0], [4.0, 3.0]], 3, 2);
        for (score, want) in model.own_scores().iter().zip([4.0, 4.0 / 3.0, 4.0, 4.0]) {
            assert!((score - want).abs() < 1e-12, "{score} {want}");
        }
        // A new row (5, 3) lists (4, 3), (0, 3), and the other two by half. With (0, 0) and (0, 6) it
        // shares 2.5 rows, with the rest 2: means (0, 3), variances (0, 9), score 5.
        assert!((model.score(&[5.0, 3.0]) - 5.0).abs() < 1e-12);
    }

    /// The row (0, 7) lists (10, 0) and (-10, 0), which no other row does: all other rows are equally
    /// unlike it. Their means are (0, 0), their variances about (135, 0.005), so it is 7 away in the
    /// second column.
    #[test]
    fn a_row_that_shares_nothing_is_compared_with_all_others() {
        let side = |s: f64| [[10.0 * s, 0.0], [12.0 * s, 0.1], [12.1 * s, -0.1], [12.2 * s, 0.0]];
        let rows = [side(1.0).as_slice(), &side(-1.0), &[[0.0, 7.0]]].concat();
        let model = fit(&rows, 2, 1);
        assert!((model.own_scores()[4] - 7.0).abs() < 1e-12, "{:?}", model.own_scores());
    }

    /// Eleven copies compare a row with ten rows equal to it.
    #[test]
    fn a_row_with_enough_copies_scores_nothing() {
        let rows: Vec<[f64; 2]> = (0..40).map(|i| [f64::from(i * i % 37), f64::from(i)]).collect();
        let mut copies = vec![1; 40];
        copies[7] = 1 << 40;
        let x = Sample::collapse(&Matrix::from_rows(&rows), &copies).unwrap().0;
        let model = Sod::fit(&x, &Params::default(), &Ctx::small(1)).unwrap();
        let heavy = x.copies().iter().position(|&c| c > 1).unwrap();
        assert_eq!(model.own_scores()[heavy], 0.0);
        assert!(model.own_scores().iter().all(|s| s.is_finite()));
    }
}
