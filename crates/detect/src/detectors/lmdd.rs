//! LMDD: linear method for deviation detection.
//!
//! Reads the rows one after the other in random order and notes after which row the spread of all values
//! read so far jumped most. A row scores high if leaving it out would calm the rows before the jump.
//!
//! ```text
//! D(i)  = M(x_1..x_i, x_i+1) - M(x_1..x_i)           M: spread of all values of some rows, as one list
//! j     = the i with the largest D(i);               where D(j) <= 0 this order says nothing
//! f(k)  = D(j)                                       for the row after j, 0 for the rows up to j
//! f(k)  = D(j) + g(k) where g(k) >= 0, else 0        for the others, with
//! g(k)  = M(x_1..x_j, x_k) - M(x_1..x_j, x_j+1, x_k)
//! s(k)  = (largest f(k) of all orders) * (rows with f = 0 in that order)
//! ```
//!
//! Orders are those of the N rows. A tuple's copies stand at different places and their scores differ;
//! its score is their mean. But g knows nothing of the place, so all copies that never stood among the
//! first j + 1 share one score, and only the others, few as a rule, are followed one by one.
//!
//! `D(i)` needs the spread of every beginning of an order. [`Growing`] tells it in O(d log n), and mostly
//! a beginning is enough. Let w be the mean over the columns of (largest - smallest value), and u one of
//! the i rows read. Exchanging a row u for another v among i + 1 changes the mean absolute deviation by
//! at most `2 w / (i + 1)`; and putting a row in once more raises it, on average over u, by at most
//! `w / (i + 1)`. So `D(i) <= 3 w / (i + 1)`, and in the same way `D(i) <= 2 w r / (i + 1)` for the
//! variance, r the range of all values. Once that is below the largest jump, no later one is larger.
//!
//! - **Score**: spread times rows, 0 or more; larger is odder.
//! - **Cost**: O(n (d + log j)) an order beside finding the jump, which takes O(d log n) for each row
//!   read: some hundred as a rule, all N at worst and always for `iqr`. Memory O(n d) a thread.
//! - **Blind to**: rows odd only in combination; columns of small range: all values are one list, so
//!   scale columns alike.
//! - **Source**: A. Arning, R. Agrawal and P. Raghavan, "A Linear Method for Deviation Detection in Large
//!   Databases", KDD 1996; made to score rows as in `PyOD`.
//! - **Departs from `PyOD`**: spreads that differ by rounding alone count as equal; nothing else in
//!   distribution. (Its first pass, over the rows in the order given, leaves no mark on the scores.) It
//!   scores new rows by shuffling them by themselves; here new rows have no score.

use crate::{Card, Detector, FitError, Fitted, Kind, Param, ParamError, Randomness, Scorer, Shape};
use lanner_frame::{Cancelled, Ctx, Sample};
use lanner_kernels::ecdf::Ecdf;
use lanner_kernels::sampling::Urn;
use lanner_kernels::spread::{Growing, Measure, Sorted};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Linear method for deviation detection; see the [module page](self).
pub struct Lmdd;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Random orders, 1 to 100,000. More orders, steadier scores.
    pub n_iter: u32,
    /// The spread M.
    pub dis_measure: Measure,
}

impl Default for Params {
    fn default() -> Self {
        Self { n_iter: 50, dis_measure: Measure::Aad }
    }
}

impl Detector for Lmdd {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "LMDD",
        title: "Linear method for deviation detection",
        idea: "Reads the events in random order and looks for the one after which the values read so \
               far suddenly spread most. An event is odd if the events before that moment would be \
               calmer without it.",
        formula: "s(x) = (largest f of all orders) * (rows with f = 0 in that order); f = D + g where \
                  g >= 0, else 0; D = largest jump of the spread M, g = M(rows before the jump and x) \
                  - M(rows up to the jump and x)",
        params: &[
            Param {
                name: "n_iter",
                default: "50",
                allowed: "1 to 100000",
                what: "random orders; more give steadier scores",
            },
            Param {
                name: "dis_measure",
                default: "aad",
                allowed: "aad, var, iqr",
                what: "the spread M of all values of some rows, taken as one list: mean absolute \
                       deviation, variance, or interquartile range",
            },
        ],
        randomness: Randomness::Seeded,
        cost: "O(n d) an order, flat in N, where the largest jump comes early, as it mostly does; \
               O(N d log(n d)) at worst and for iqr. Memory O(n d) a thread",
        blind_to: "Events odd only in combination. It takes the values of all fields as one list, so a \
                   field of large numbers speaks for all others: scale them alike.",
        source: "A. Arning, R. Agrawal, P. Raghavan: A Linear Method for Deviation Detection in Large \
                 Databases. KDD, 1996",
        departs: "Equal events get the mean of the scores that their places in the random orders would \
                  give them. Rows it was not fitted on have no score; the reference shuffles and scores \
                  them by themselves.",
        kind: Kind::Numeric,
        default: false,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        if (1..=100_000).contains(&params.n_iter) {
            return Ok(());
        }
        let (model, name, allowed) = (Self::CARD.id, "n_iter", "1 to 100000");
        Err(ParamError::OutOfRange { model, name, given: params.n_iter.to_string(), allowed })
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        let (orders, all) = (f64::from(params.n_iter), shape.total as f64);
        match params.dis_measure {
            // Every order is read to its end.
            Measure::Iqr => 5e-7 * orders * all * shape.d(),
            Measure::Aad | Measure::Var => 3e-8 * orders * (shape.values() + all),
        }
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        // So many orders are read at a time, in parallel; then the rows are, for one order at a time.
        const BATCH: u32 = 16;
        ctx.check()?;
        let rows = Rows::new(x, params.dis_measure)?;
        let mut tally = Tally::new(&rows);
        for first in (0..params.n_iter).step_by(BATCH as usize) {
            let batch = first..params.n_iter.min(first + BATCH);
            let jumps: Result<Vec<_>, Cancelled> = ctx.parallel(|| {
                let space = || Growing::new(&rows.values);
                let orders = batch.into_par_iter().map_init(space, |read, order| {
                    rows.jump(rows.urn.shuffled(ctx.rng(u64::from(order))), read, ctx)
                });
                orders.collect()
            });
            for (order, jump) in (first..).zip(jumps?) {
                if let Some(jump) = jump {
                    tally.add(&jump, ctx)?;
                }
                ctx.step(order as usize + 1, params.n_iter as usize);
            }
        }
        Ok(Model { columns: x.columns() as u32, own: tally.scores() })
    }
}

/// The scores; there is nothing else to remember.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    columns: u32,
    own: Vec<f64>,
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        None
    }

    fn columns(&self) -> usize {
        self.columns as usize
    }

    fn check(&self) -> Result<(), &'static str> {
        (self.columns > 0).then_some(()).ok_or("no columns")
    }
}

/// The rows, as the orders see them.
struct Rows<'a> {
    x: &'a Sample,
    urn: Urn,
    measure: Measure,
    /// Taken off all values, so that sums of values far from 0 keep their digits.
    centre: f64,
    /// The distinct values of all columns, ascending.
    values: Vec<f64>,
    /// For each row the numbers of its d values in `values`.
    numbers: Vec<u32>,
    /// No jump after i rows is larger than this over i + 1.
    ceiling: f64,
    /// Spreads closer than this are equal: on codes many are, and rounding shall not order them.
    noise: f64,
}

/// The largest jump of an order.
struct Jump {
    height: f64,
    /// The rows up to and with the one after which it came, as balls of the urn.
    balls: Vec<u64>,
}

impl<'a> Rows<'a> {
    fn new(x: &'a Sample, measure: Measure) -> Result<Self, FitError> {
        if x.total() > u64::from(u32::MAX) {
            return Err(FitError::Undefined { why: "more than 4294967295 rows to shuffle" });
        }
        let all = x.x().as_slice();
        let (values, numbers) = Ecdf::ranked(all, &vec![1; all.len()]);
        let mut values = values.into_values();
        let (low, high) = (values[0], values[values.len() - 1]);
        let mut bounds = vec![(f64::INFINITY, f64::NEG_INFINITY); x.columns()];
        for row in x.x().iter_rows() {
            for (bound, &v) in bounds.iter_mut().zip(row) {
                *bound = (bound.0.min(v), bound.1.max(v));
            }
        }
        let range = high - low;
        let width = bounds.iter().map(|b| b.1 - b.0).sum::<f64>() / bounds.len() as f64;
        let (ceiling, largest) = match measure {
            Measure::Aad => (3.0 * width, range),
            Measure::Var => (2.0 * width * range, range * range),
            Measure::Iqr if width > 0.0 => (f64::INFINITY, range),
            Measure::Iqr => (0.0, range),
        };
        if !(largest * all.len() as f64 * x.total() as f64).is_finite() {
            return Err(FitError::NotFinite { rows: x.rows() });
        }
        let centre = f64::midpoint(low, high);
        for v in &mut values {
            *v -= centre;
        }
        let (urn, noise) = (Urn::new(x.copies()), 1e-12 * largest);
        Ok(Self { x, urn, measure, centre, values, numbers, ceiling, noise })
    }

    /// The largest jump of an order, the first of equal ones; `None` if the spread never rises.
    fn jump(
        &self,
        mut order: impl Iterator<Item = u64>,
        read: &mut Growing<'_>,
        ctx: &Ctx,
    ) -> Result<Option<Jump>, Cancelled> {
        read.clear();
        let (mut balls, mut spread) = (Vec::new(), f64::INFINITY);
        let (mut height, mut at) = (0.0, 0);
        while height * (balls.len() as f64 + 1.0) < self.ceiling {
            let Some(ball) = order.next() else { break };
            if balls.len().is_multiple_of(1024) {
                ctx.check()?;
            }
            let row = self.urn.row(ball) as usize;
            let d = self.x.columns();
            self.numbers[row * d..][..d].iter().for_each(|&number| read.put(number));
            balls.push(ball);
            let before = std::mem::replace(&mut spread, read.spread(self.measure));
            if spread - before > height + self.noise {
                (height, at) = (spread - before, balls.len());
            }
        }
        balls.truncate(at);
        Ok((at > 0).then_some(Jump { height, balls }))
    }

    /// The d values of a row, as the measures take them.
    fn row(&self, row: usize, out: &mut Vec<f64>) {
        out.clear();
        out.extend(self.x.row(row).iter().map(|v| v - self.centre));
        if self.measure == Measure::Iqr {
            out.sort_unstable_by(f64::total_cmp);
        }
    }
}

/// The largest f of a copy so far, and the order it comes from.
#[derive(Debug, Clone, Copy, Default)]
struct Best {
    f: f64,
    order: usize,
}

impl Best {
    /// Takes what a later order says if it is more than `noise` larger.
    fn or(&mut self, f: f64, order: usize, noise: f64) {
        if f > self.f + noise {
            *self = Self { f, order };
        }
    }
}

/// What the orders said so far.
struct Tally<'a> {
    rows: &'a Rows<'a>,
    /// For each tuple its copies that always stood behind the jump.
    behind: Vec<Best>,
    /// The other copies one by one, as balls of the urn.
    others: BTreeMap<u64, Best>,
    /// For each order the number of rows with f = 0.
    calm: Vec<u64>,
    /// f of each tuple's copies behind the jump, in the order at hand.
    found: Vec<f64>,
}

impl<'a> Tally<'a> {
    fn new(rows: &'a Rows<'a>) -> Self {
        let n = rows.x.rows();
        let (others, calm) = (BTreeMap::new(), Vec::new());
        Self { rows, behind: vec![Best::default(); n], others, calm, found: vec![0.0; n] }
    }

    /// Takes up one order.
    fn add(&mut self, jump: &Jump, ctx: &Ctx) -> Result<(), Cancelled> {
        self.find(jump, ctx)?;
        let (rows, order) = (self.rows, self.calm.len());
        let f = |ball: &u64| self.found[rows.urn.row(*ball) as usize];
        let raised = self.found.iter().zip(rows.x.copies()).filter(|(f, _)| **f > 0.0);
        let raised: u64 = raised.map(|(_, copies)| copies).sum();
        let before = jump.balls.iter().filter(|ball| f(ball) > 0.0).count() as u64;
        self.calm.push(rows.x.total() - (raised - before + 1));
        for &ball in &jump.balls {
            let so_far = self.behind[rows.urn.row(ball) as usize];
            self.others.entry(ball).or_insert(so_far);
        }
        let last = jump.balls.last();
        let mut standing = jump.balls.clone();
        standing.sort_unstable();
        for (ball, best) in &mut self.others {
            if Some(ball) == last {
                best.or(jump.height, order, rows.noise);
            } else if standing.binary_search(ball).is_err() {
                best.or(self.found[rows.urn.row(*ball) as usize], order, rows.noise);
            }
        }
        for (best, &f) in self.behind.iter_mut().zip(&self.found) {
            best.or(f, order, rows.noise);
        }
        Ok(())
    }

    /// Finds f of the rows behind a jump.
    fn find(&mut self, jump: &Jump, ctx: &Ctx) -> Result<(), Cancelled> {
        const BLOCK: usize = 1024;
        let (rows, mut values) = (self.rows, Vec::new());
        let mut side = |balls: &[u64]| {
            let mut all = Vec::with_capacity(balls.len() * rows.x.columns());
            for &ball in balls {
                rows.row(rows.urn.row(ball) as usize, &mut values);
                all.extend_from_slice(&values);
            }
            Sorted::new(all)
        };
        let calm = side(&jump.balls[..jump.balls.len() - 1]);
        let stirred = side(&jump.balls);
        let find = |block: usize, out: &mut [f64]| {
            ctx.check()?;
            let mut values = Vec::new();
            for (row, f) in (block * BLOCK..).zip(out) {
                rows.row(row, &mut values);
                let spread = |side: &Sorted| side.spread_with(&values, rows.measure);
                let gain = spread(&calm) - spread(&stirred);
                *f = if gain >= -rows.noise { gain + jump.height } else { 0.0 };
            }
            Ok(())
        };
        ctx.parallel(|| {
            let blocks = self.found.par_chunks_mut(BLOCK).enumerate();
            blocks.try_for_each(|(block, out)| find(block, out))
        })
    }

    /// For each tuple the mean score of its copies.
    fn scores(self) -> Vec<f64> {
        let Self { rows, behind, others, calm, .. } = self;
        let score = |best: Best| best.f * calm.get(best.order).map_or(0.0, |&rows| rows as f64);
        let mut sums = vec![(0.0, 0u64); behind.len()];
        for (&ball, &best) in &others {
            let (sum, count) = &mut sums[rows.urn.row(ball) as usize];
            *sum += score(best);
            *count += 1;
        }
        let tuples = behind.iter().zip(&sums).zip(rows.x.copies());
        let mean = |((&best, &(sum, count)), &copies): ((&Best, &(f64, u64)), &u64)| {
            (score(best) * (copies - count) as f64 + sum) / copies as f64
        };
        tuples.map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::{Matrix, Rng};

    const MEASURES: [Measure; 3] = [Measure::Aad, Measure::Var, Measure::Iqr];

    fn sample(rng: &mut Rng, n: usize, d: usize) -> Sample {
        let values = (0..n * d).map(|i| (4.0 * rng.normal()).round() + 9.0 * (i % d) as f64);
        Sample::collapse(&Matrix::new(values.collect(), n, d), &vec![1; n]).unwrap().0
    }

    fn spread(measure: Measure, values: &[f64]) -> f64 {
        let (n, ones) = (values.len() as f64, vec![1; values.len()]);
        let mean = values.iter().sum::<f64>() / n;
        let over = |f: fn(f64) -> f64| values.iter().map(|v| f(v - mean)).sum::<f64>() / n;
        let percentile = |p| lanner_kernels::quantile::percentile(values, &ones, p);
        match measure {
            Measure::Aad => over(f64::abs),
            Measure::Var => over(|v| v * v),
            Measure::Iqr => percentile(75.0) - percentile(25.0),
        }
    }

    /// f of every ball of an order, straight from the definition.
    fn by_definition(rows: &Rows<'_>, order: &[u64]) -> Vec<f64> {
        let of = |balls: &[u64], more: &[u64]| {
            let balls = balls.iter().chain(more);
            let values: Vec<f64> =
                balls.flat_map(|&b| rows.x.row(rows.urn.row(b) as usize)).copied().collect();
            spread(rows.measure, &values)
        };
        let (mut j, mut height) = (0, 0.0);
        for i in 1..order.len() {
            let jump = of(&order[..=i], &[]) - of(&order[..i], &[]);
            if jump > height + rows.noise {
                (j, height) = (i, jump);
            }
        }
        let mut found = vec![0.0; order.len()];
        if j > 0 {
            found[order[j] as usize] = height;
            for &k in &order[j + 1..] {
                let gain = of(&order[..j], &[k]) - of(&order[..=j], &[k]);
                found[k as usize] = if gain >= -rows.noise { gain + height } else { 0.0 };
            }
        }
        found
    }

    /// Several orders of rows with copies against the definition, copy by copy; with it the claim that
    /// no jump behind the ceiling is larger.
    #[test]
    fn orders_say_what_the_definition_says() {
        let ctx = Ctx::small(1);
        for (turn, measure) in MEASURES.into_iter().cycle().take(60).enumerate() {
            let mut rng = Rng::new(7, turn as u64);
            let x = sample(&mut rng, 8 + 5 * (turn % 7), 1 + turn % 3);
            let rows = Rows::new(&x, measure).unwrap();
            let mut read = Growing::new(&rows.values);
            let mut tally = Tally::new(&rows);
            let mut best = vec![(0.0, 0.0); x.total() as usize];
            for _ in 0..5 {
                let mut order: Vec<u64> = (0..x.total()).collect();
                rng.shuffle(&mut order);
                let found = by_definition(&rows, &order);
                let calm = found.iter().filter(|f| **f == 0.0).count() as f64;
                for (best, f) in best.iter_mut().zip(&found).filter(|(b, f)| **f > b.0 + rows.noise)
                {
                    *best = (*f, calm);
                }
                if let Some(jump) = rows.jump(order.into_iter(), &mut read, &ctx).unwrap() {
                    tally.add(&jump, &ctx).unwrap();
                }
            }
            let mut want = vec![0.0; x.rows()];
            for (ball, (f, calm)) in (0..).zip(best) {
                let row = rows.urn.row(ball) as usize;
                want[row] += f * calm / x.copies()[row] as f64;
            }
            for (got, want) in tally.scores().into_iter().zip(want) {
                assert!((got - want).abs() < 1e-9 * want.max(1.0), "{measure:?} {got} {want}");
            }
        }
    }

    /// Rows 0, 1, 5, 3 in this order: mean absolute deviations of the beginnings are 0, 1/2, 2, 7/4, so
    /// the largest jump, 3/2, comes with the third row. For the last one g = M(0, 1, 3) - M(0, 1, 5, 3) =
    /// 10/9 - 7/4 < 0. So f = 0, 0, 3/2, 0, three rows are calm, and the third scores 9/2.
    #[test]
    fn four_rows_by_hand() {
        let rows = Matrix::from_rows(&[[0.0], [1.0], [3.0], [5.0]]);
        let x = Sample::collapse(&rows, &[1; 4]).unwrap().0;
        let (rows, ctx) = (Rows::new(&x, Measure::Aad).unwrap(), Ctx::small(1));
        let mut read = Growing::new(&rows.values);
        let jump = rows.jump([0, 1, 3, 2].into_iter(), &mut read, &ctx).unwrap().unwrap();
        let mut tally = Tally::new(&rows);
        tally.add(&jump, &ctx).unwrap();
        assert_eq!(tally.scores(), [0.0, 0.0, 0.0, 4.5]);
    }
}
