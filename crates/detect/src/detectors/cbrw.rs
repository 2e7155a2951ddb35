//! CBRW: coupled biased random walk.
//!
//! Values are places, and a walk goes from a value to one that occurs beside it in a row, rather to rare
//! values of uneven columns, and rather where that value seldom occurs without the first. Values where
//! the walk is often are odd: odd by themselves, and beside odd ones.
//!
//! ```text
//! b(v)    = 1/2 ( (m_j - c(v)) / m_j + 1 - m_j / N )                 m_j = rows of column j's mode
//! W(u, v) = b(v) c(u, v) / c(v), each row of W divided by its sum     u and v of different columns
//! π(v)    = (1 - alpha) / |V| + alpha sum over u of π(u) W(u, v)
//! s(x)    = sum over j of π(x_j) sum of π over the values of column j
//! ```
//!
//! c counts rows with their copies, N is their number, V are the values of all columns.
//!
//! No table of pairs is made. A step of the walk is, with g(u) = π(u) / sum of row u of W,
//!
//! ```text
//! π'(v) = b(v) / c(v) * sum over rows with v, as often as they have copies, of the g of their other values
//! ```
//!
//! one pass over the rows. What arrives at a value is added up in whole units of 2^-62, so that no sum
//! depends on the order of rows, which follows the codes.
//!
//! - **Score**: 0 to 1, a probability and mostly a very small one; larger is odder.
//! - **Cost**: fit O(n d) a step, 100 to 400 steps, and O(d n log n); a row O(d log n), memory O(n d).
//! - **Blind to**: which values of a row are odd together; a value is odd or not, whatever the row. A rare
//!   value beside the most frequent ones alone: from these the walk goes to too many others.
//! - **Source**: G. Pang, L. Cao and L. Chen, "Outlier Detection in Complex Categorical Data by Modelling
//!   the Feature Value Couplings", IJCAI 2016.
//! - **Departs**: the paper leaves open where the walk goes from a value beside which only columns
//!   without a second value stand: here to any value, by b. A new value is as odd as its column's oddest.

use crate::categories::{Column, Model, Numbered, numbered};
use crate::{Card, Detector, FitError, Kind, Param, ParamError, Randomness, Shape};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::levels;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Coupled biased random walk; see the [module page](self).
pub struct Cbrw;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Share of steps that follow the couplings, 0 to 0.99; the others go to any value.
    pub alpha: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self { alpha: 0.95 }
    }
}

impl Detector for Cbrw {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "CBRW",
        title: "Coupled biased random walk",
        idea: "Lets a walk go from value to value that occur in a row together, rather to rare ones and to \
               those that seldom occur otherwise. Values where it is often are odd, and so are their rows.",
        formula: "s(x) = sum over fields j of w_j pi(x_j); pi(v) = share of time the walk is at value v, w_j = sum \
                  of pi over the values of field j",
        params: &[Param {
            name: "alpha",
            default: "0.95",
            allowed: "0 to 0.99",
            what: "share of the walk's steps that follow the couplings; the others go anywhere",
        }],
        randomness: Randomness::None,
        cost: "fit O(n d) for each of 100 to 400 steps, a new row O(d log n), memory O(n d)",
        blind_to: "Values that are odd only together: a value has one oddness, whatever stands beside it in the \
                   row. A rare value beside the most frequent ones alone is visited little, for from these the walk \
                   goes to many others.",
        source: "G. Pang, L. Cao, L. Chen: Outlier Detection in Complex Categorical Data by Modelling the \
                 Feature Value Couplings. IJCAI, 2016",
        departs: "From a value beside which only constant fields stand the walk goes to any value by its bias; the \
                  paper leaves that open. A new value is as odd as the oddest of its field.",
        kind: Kind::Categorical,
        default: false,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        if (0.0..=0.99).contains(&params.alpha) {
            return Ok(());
        }
        let given = params.alpha.to_string();
        Err(ParamError::OutOfRange { model: "CBRW", name: "alpha", given, allowed: "0 to 0.99" })
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        let sort = 3e-8 * shape.values() * shape.n().log2().max(1.0);
        sort + 1.2e-8 * shape.values() * steps(params.alpha) as f64
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let columns = numbered(x, ctx)?;
        let visits = Walk::new(x, &columns, ctx)?.visits(params.alpha, ctx)?;
        let all: u64 = visits.iter().sum();
        let mut first = 0;
        let columns = columns.into_iter().map(|(levels, place)| {
            let visits = &visits[first..first + levels.count()];
            first += levels.count();
            let relevance = visits.iter().sum::<u64>() as f64 / all as f64;
            let terms: Vec<f64> = visits.iter().map(|&v| relevance * share(v)).collect();
            let oddest = terms.iter().copied().fold(0.0, f64::max);
            (Column::new(levels, terms, oddest), place)
        });
        Model::new(columns, x.rows(), ctx)
    }
}

/// The walk is over when no more than this share of its time is spent otherwise than a step before.
const SETTLED: f64 = 1e-9;

/// Steps after which it is over at the latest: a step brings any two walks closer by `alpha`.
fn steps(alpha: f64) -> usize {
    if alpha > 0.0 { 1 + ((SETTLED / 2.0).ln() / alpha.ln()) as usize } else { 1 }
}

/// One, in the units in which shares of the walk's time are added up.
const WHOLE: f64 = (1_u64 << 62) as f64;

fn units(share: f64) -> u64 {
    (share * WHOLE) as u64
}

fn share(units: u64) -> f64 {
    units as f64 / WHOLE
}

/// What a step of the walk needs; values are numbered through all columns.
struct Walk<'a> {
    copies: &'a [u64],
    columns: usize,
    /// The values of each row, n x d.
    values: Vec<u32>,
    /// b(v).
    bias: Vec<f64>,
    /// b(v) / c(v).
    pull: Vec<f64>,
    /// Sum of row u of W, before it is divided.
    leaving: Vec<f64>,
}

impl<'a> Walk<'a> {
    fn new(x: &'a Sample, columns: &[Numbered], ctx: &Ctx) -> Result<Self, FitError> {
        let (mut values, mut bias, mut pull) = (vec![0; x.rows() * x.columns()], vec![], vec![]);
        for (j, (levels, place)) in columns.iter().enumerate() {
            ctx.check()?;
            let first = bias.len() as u32;
            for (row, &k) in values.chunks_exact_mut(x.columns()).zip(place) {
                row[j] = first + k;
            }
            let most = levels.rows().iter().copied().max().unwrap_or(1);
            for &rows in levels.rows() {
                let rare = (most - rows) as f64 / most as f64;
                let uneven = (x.total() - most) as f64 / x.total() as f64;
                bias.push(f64::midpoint(rare, uneven));
                pull.push(f64::midpoint(rare, uneven) / rows as f64);
            }
        }
        let leaving = vec![0.0; bias.len()];
        let copies = x.copies();
        let mut walk = Self { copies, columns: x.columns(), values, bias, pull, leaving };
        walk.leaving = walk.leaving(ctx)?;
        Ok(walk)
    }

    /// Sums of the rows of W: over rows with the value, of the pulls of their other values.
    fn leaving(&self, ctx: &Ctx) -> Result<Vec<f64>, FitError> {
        let d = self.columns;
        let mut others = vec![0.0; self.values.len()];
        for ((row, out), &copies) in
            self.values.chunks_exact(d).zip(others.chunks_exact_mut(d)).zip(self.copies)
        {
            sums_of_others(row, &self.pull, &mut *out);
            for other in out {
                *other *= copies as f64;
            }
        }
        let mut leaving = vec![0.0; self.bias.len()];
        let mut column: Vec<(u32, f64)> = Vec::new();
        for j in 0..d {
            ctx.check()?;
            column.clear();
            column.extend((j..self.values.len()).step_by(d).map(|i| (self.values[i], others[i])));
            column.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            for value in column.chunk_by(|a, b| a.0 == b.0) {
                // Sorted: the same bits in whatever order the rows came.
                leaving[value[0].0 as usize] = value.iter().map(|&(_, o)| o).sum();
            }
        }
        Ok(leaving)
    }

    /// The share of time that the walk is at each value, in units.
    fn visits(&self, alpha: f64, ctx: &Ctx) -> Result<Vec<u64>, FitError> {
        let (count, steps) = (self.bias.len() as f64, steps(alpha));
        let biases = levels::sum(&mut self.bias.clone());
        let mut visits = vec![units(1.0 / count); self.bias.len()];
        for step in 0..steps {
            let stuck = visits.iter().zip(&self.leaving).filter(|&(_, &leaving)| leaving <= 0.0);
            let stuck = share(stuck.map(|(&at, _)| at).sum());
            let arrivals = self.arrivals(&visits, ctx)?;
            let next = arrivals.into_iter().zip(&self.bias).map(|(arrived, &bias)| {
                let jump = if biases > 0.0 { bias / biases } else { 1.0 / count };
                units((1.0 - alpha) / count + alpha * (share(arrived) + stuck * jump))
            });
            let next: Vec<u64> = next.collect();
            let moved: u64 = next.iter().zip(&visits).map(|(&a, &b)| a.abs_diff(b)).sum();
            visits = next;
            ctx.step(step + 1, steps);
            if share(moved) <= SETTLED {
                break;
            }
        }
        Ok(visits)
    }

    /// What arrives at each value in a step along W, in units: whole numbers, so that the parts of the
    /// rows may be added up in any order.
    fn arrivals(&self, visits: &[u64], ctx: &Ctx) -> Result<Vec<u64>, FitError> {
        let leave = |(&at, &leaving): (&u64, &f64)| {
            if leaving > 0.0 { share(at) / leaving } else { 0.0 }
        };
        let going: Vec<f64> = visits.iter().zip(&self.leaving).map(leave).collect();
        let rows = self.copies.len().div_ceil(ctx.threads());
        let part = |(values, copies): (&[u32], &[u64])| {
            let mut arrived = vec![0; self.bias.len()];
            let mut others = vec![0.0; self.columns];
            for (i, (row, &copies)) in values.chunks_exact(self.columns).zip(copies).enumerate() {
                if i % (1 << 16) == 0 {
                    ctx.check()?;
                }
                sums_of_others(row, &going, &mut others);
                for (&v, &other) in row.iter().zip(&others) {
                    arrived[v as usize] += units(copies as f64 * other * self.pull[v as usize]);
                }
            }
            Ok::<Vec<u64>, FitError>(arrived)
        };
        let parts: Vec<Vec<u64>> = ctx.parallel(|| {
            let values = self.values.par_chunks(rows * self.columns);
            values.zip(self.copies.par_chunks(rows)).map(part).collect::<Result<_, _>>()
        })?;
        let mut parts = parts.into_iter();
        let mut all = parts.next().unwrap_or_default();
        for part in parts {
            all.iter_mut().zip(part).for_each(|(sum, more)| *sum += more);
        }
        Ok(all)
    }
}

/// For each value of a row, the sum of what belongs to the others; nothing is subtracted again, so a
/// large one takes no digits from the rest.
fn sums_of_others(row: &[u32], of: &[f64], out: &mut [f64]) {
    let mut sum = 0.0;
    for (&v, out) in row.iter().zip(&mut *out) {
        *out = sum;
        sum += of[v as usize];
    }
    sum = 0.0;
    for (&v, out) in row.iter().zip(out).rev() {
        *out += sum;
        sum += of[v as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fitted, Scorer};
    use lanner_frame::Matrix;
    use lanner_testkit::Table;

    fn fitted(table: &Table) -> Model {
        Cbrw::fit(&table.sample().0, &Params::default(), &Ctx::small(0)).unwrap()
    }

    /// Rows (0, 1) and (0, 2). b(0) = 0, as column 1 has one value; b(1) = b(2) = 1/4. From 0 the walk
    /// goes to 1 or 2; from these nothing but 0 is beside, so it goes by b: to 1 or 2 again. π(0) =
    /// 0.05 / 3, and the rest is shared by 1 and 2.
    #[test]
    fn a_walk_by_hand() {
        let model = fitted(&Table::plain(&[[0.0, 1.0], [0.0, 2.0]]));
        let at_zero = 0.05 / 3.0;
        let expected = at_zero * at_zero + (1.0 - at_zero) * (1.0 - at_zero) / 2.0;
        for own in model.own_scores() {
            assert!((own - expected).abs() < 1e-8, "{own} {expected}");
        }
    }

    /// One column of 3 rows and 1: b = (0 + 1/4) / 2 = 3/24 and (2/3 + 1/4) / 2 = 11/24. A value has no
    /// other beside it, so π(v) = 0.05 / 2 + 0.95 b(v) / (14/24).
    #[test]
    fn in_one_column_the_bias_decides() {
        let table = Table { x: Matrix::from_rows(&[[5.0], [6.0]]), copies: vec![3, 1] };
        let model = fitted(&table);
        for (own, b) in model.own_scores().iter().zip([3.0, 11.0]) {
            assert!((own - (0.025 + 0.95 * b / 14.0)).abs() < 1e-8, "{own}");
        }
        assert!((model.score(&[7.0]) - model.own_scores()[1]).abs() < 1e-15, "as the oddest");
    }

    /// The paper's formulas with a table of all pairs of values.
    #[test]
    #[expect(clippy::needless_range_loop, reason = "the formulas have indices")]
    fn the_walk_is_that_over_the_table_of_all_pairs() {
        let table = Table::codes(3, 150, 4);
        let (sample, _) = table.sample();
        let columns = numbered(&sample, &Ctx::small(0)).unwrap();
        let walk = Walk::new(&sample, &columns, &Ctx::small(0)).unwrap();
        let count = walk.bias.len();
        let (mut c, mut w) = (vec![0.0; count], vec![vec![0.0; count]; count]);
        for (row, &copies) in walk.values.chunks(4).zip(sample.copies()) {
            for &u in row {
                c[u as usize] += copies as f64;
                for &v in row.iter().filter(|&&v| v != u) {
                    w[u as usize][v as usize] += copies as f64;
                }
            }
        }
        let mut first = 0;
        for (levels, _) in &columns {
            let places = first..first + levels.count();
            first = places.end;
            let most = c[places.clone()].iter().copied().fold(0.0, f64::max);
            for v in places {
                let b = ((most - c[v]) / most + 1.0 - most / sample.total() as f64) / 2.0;
                for u in 0..count {
                    w[u][v] *= b / c[v];
                }
            }
        }
        for row in &mut w {
            let sum: f64 = row.iter().sum();
            for p in row {
                *p /= sum;
            }
        }
        let mut slow = vec![1.0 / count as f64; count];
        for _ in 0..600 {
            let step = |v: usize| (0..count).map(|u| slow[u] * w[u][v]).sum::<f64>();
            slow = (0..count).map(|v| 0.05 / count as f64 + 0.95 * step(v)).collect();
        }
        let visits = walk.visits(0.95, &Ctx::small(0)).unwrap();
        for (fast, slow) in visits.iter().zip(slow) {
            assert!((share(*fast) / slow - 1.0).abs() < 1e-6, "{} {slow}", share(*fast));
        }
    }

    /// 100,000 values would be a table of 10^10 pairs.
    #[test]
    fn very_many_values_need_no_table_of_pairs() {
        let rows: Vec<[f64; 2]> =
            (0..50_000).map(|i| [f64::from(i), f64::from(i % 50_021)]).collect();
        let model = fitted(&Table::plain(&rows));
        assert!(model.own_scores().iter().all(|s| *s > 0.0));
    }
}
