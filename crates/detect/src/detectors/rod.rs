//! ROD: rotation-based outlier detection.
//!
//! In three dimensions each row is turned about the line through the geometric median; the volume of
//! what the turns span is the row's cost, and a cost far from the median cost is odd. With more than
//! three fields that is done for every three of them, and the scores are averaged.
//!
//! ```text
//! v       = x - g                       g = geometric median of the distinct points
//! angle   = acos(v . g / (|v| |g|))     scaled to [0.001, 0.955] up to 90 degrees, else [pi/2 + 0.001, 2.186]
//! cost(x) = |v|^3 cos(angle) sin(angle)^2
//! z(x)    = 0.6745 |cost(x) - median| / median of |cost - median|
//! s(x)    = z(x)                                        up to three fields (padded with zeros)
//! s(x)    = mean over all three-field subspaces of 1 / (1 + exp(-z(x)))      else, robustly scaled
//! ```
//!
//! Medians and quartiles run over all N rows, so a row with c copies enters them c times; the geometric
//! median is that of the distinct points, as in the reference.
//!
//! - **Score**: 0 and up for three fields or fewer; 0.5 to 1 for more. Larger is odder.
//! - **Cost**: O(n C(d, 3)) times the steps of the geometric median (some dozens); memory O(n d) and a
//!   few numbers a subspace.
//! - **Blind to**: rows whose cost is common though their place is not (costs mirror each other);
//!   anything that takes more than three fields to see.
//! - **Source**: Y. Almardeny, N. Boujnah and F. Cleary, "A Novel Outlier Detection Method for
//!   Multivariate Data", IEEE TKDE 34 (2022) 4052-4062; Y. Vardi and C.-H. Zhang, "The multivariate
//!   L1-median and associated data depth", PNAS 97 (2000) 1423-1426.
//! - **Departs from `PyOD`**: new rows are measured by the fitted median deviation and not by that of
//!   their batch; up to three fields, no score where half of the rows cost the same (the
//!   reference gives infinities there); the geometric median also stops where its steps are rounding errors.

use crate::{Card, Detector, FitError, Fitted, Kind, ParamError, Part, Randomness, Scorer, Shape};
use lanner_frame::{Cancelled, Ctx, Sample};
use lanner_kernels::quantile::{median, percentile};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_PI_2;

/// Rotation-based outlier detection; see the [module page](self).
pub struct Rod;

/// It has no parameters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {}

/// A point of a three-field subspace.
type Point = [f64; 3];

/// Costs kept for each thread until they are added up.
const ROUND: usize = 1 << 16;

/// Points summed together; fixed, so that sums do not depend on threads.
const BLOCK: usize = 4096;

/// A step of the geometric median shorter than this ends it, in units of the (scaled) fields.
const SHORT_STEP: f64 = 1e-5;

/// A step this short beside the median itself is rounding error.
const ROUNDING_STEP: f64 = 1e-14;

/// Far more steps than data ever took; a note tells if they did not suffice.
const MOST_STEPS: usize = 10_000;

impl Detector for Rod {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "ROD",
        title: "Rotation-based outlier detection",
        idea: "Turns every row about the centre of the data, in every three fields, and measures the \
               volume it spans. Rows whose volume is far from the usual one score high.",
        formula: "z(x) = 0.6745 |cost - median cost| / median deviation, cost = |v|^3 cos(a) sin(a)^2, \
                  v = x - geometric median, a = scaled angle between v and the geometric median; more \
                  than three fields: mean of 1 / (1 + exp(-z)) over all three-field subspaces of the \
                  robustly scaled fields",
        params: &[],
        randomness: Randomness::None,
        cost: "time O(n C(d,3)) times some dozens of steps, memory O(n d + C(d,3))",
        blind_to: "Rows whose cost is common though their place is not, and anything that takes more \
                   than three fields to see. With up to three fields it has no score where half of the \
                   rows cost the same.",
        source: "Y. Almardeny, N. Boujnah, F. Cleary: A Novel Outlier Detection Method for \
                 Multivariate Data. IEEE TKDE 34, 2022",
        departs: "New rows are measured by the fitted median deviation, not by that of their batch. Up \
                  to three fields, a median deviation of 0 is an error, where the reference gives \
                  infinite scores.",
        kind: Kind::Numeric,
        default: true,
    };

    fn check(_params: &Params) -> Result<(), ParamError> {
        Ok(())
    }

    fn guess(_params: &Params, shape: Shape) -> f64 {
        1e-6 * shape.n() * (shape.d() * (shape.d() - 1.0) * (shape.d() - 2.0) / 6.0).max(1.0)
    }

    fn fit(x: &Sample, _params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        ctx.check()?;
        let d = x.columns();
        let (centre, scale) = if d > 3 { robust_scale(x) } else { (vec![0.0; d], vec![1.0; d]) };
        let mut model = Model { centre, scale, subspaces: Vec::new(), unsettled: 0, own: vec![] };
        let combinations = triples(d.max(3));
        let mut own = vec![0.0; x.rows()];
        // Some subspaces at a time, so that their costs fit in memory: they are added in the order of
        // the subspaces, whatever the size of a round is.
        for round in combinations.chunks(ctx.threads() * (1 + ROUND / x.rows())) {
            ctx.step(model.subspaces.len(), combinations.len());
            let fitted: Vec<(Subspace, bool, Vec<f64>)> = ctx.parallel(|| {
                round
                    .par_iter()
                    .map(|&fields| {
                        let points: Vec<Point> =
                            x.x().iter_rows().map(|row| model.point(fields, row)).collect();
                        Subspace::fit(fields, &points, x.copies(), ctx)
                    })
                    .collect::<Result<_, Cancelled>>()
            })?;
            for (subspace, settled, costs) in fitted {
                if d <= 3 && subspace.deviation == 0.0 {
                    let why = "half of the rows or more have one rotation cost, so that their median \
                               deviation is 0";
                    return Err(FitError::Undefined { why });
                }
                let scores = own.iter_mut().zip(costs);
                scores.for_each(|(sum, cost)| *sum += model.of_one(subspace.deviations(cost)));
                model.unsettled += usize::from(!settled);
                model.subspaces.push(subspace);
            }
        }
        model.own = own.iter().map(|sum| sum / combinations.len() as f64).collect();
        Ok(model)
    }
}

/// Medians and interquartile ranges of the fields, 1 where a range is (nearly) 0, as scikit-learn's
/// `RobustScaler` takes them.
fn robust_scale(x: &Sample) -> (Vec<f64>, Vec<f64>) {
    let one = |j: usize| {
        let (column, copies) = (x.x().column(j), x.copies());
        let range = percentile(&column, copies, 75.0) - percentile(&column, copies, 25.0);
        let range = if range < 10.0 * f64::EPSILON { 1.0 } else { range };
        (median(&column, copies), range)
    };
    (0..x.columns()).map(one).unzip()
}

/// All i < j < k below d, in lexicographic order.
fn triples(d: usize) -> Vec<[u32; 3]> {
    let d = d as u32;
    let pairs = (0..d).flat_map(|i| (i + 1..d).map(move |j| (i, j)));
    pairs.flat_map(|(i, j)| (j + 1..d).map(move |k| [i, j, k])).collect()
}

/// The fitted rotation costs of three fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Subspace {
    fields: [u32; 3],
    /// Geometric median of the distinct points.
    centre: Point,
    /// Scaling of angles up to a right angle, and of those above: factor and offset.
    acute: [f64; 2],
    obtuse: [f64; 2],
    /// Median cost, and median deviation from it.
    median: f64,
    deviation: f64,
}

impl Subspace {
    /// Fits n points; also says whether the geometric median settled, and gives the n costs.
    fn fit(
        fields: [u32; 3],
        points: &[Point],
        copies: &[u64],
        ctx: &Ctx,
    ) -> Result<(Self, bool, Vec<f64>), Cancelled> {
        let (centre, settled) = geometric_median(points, ctx)?;
        let mut it = Self {
            fields,
            centre,
            acute: [1.0, 0.0],
            obtuse: [1.0, 0.0],
            median: 0.0,
            deviation: 0.0,
        };
        let mut turns = vec![(0.0, None); points.len()];
        turns.par_chunks_mut(BLOCK).zip(points.par_chunks(BLOCK)).for_each(|(out, points)| {
            out.iter_mut().zip(points).for_each(|(out, p)| *out = it.turn(p));
        });
        let angles = turns.iter().filter_map(|&(_, angle)| angle);
        let (acute, obtuse): (Vec<f64>, Vec<f64>) = angles.partition(|&a| a <= FRAC_PI_2);
        it.acute = min_max(&acute, 0.001, 0.955);
        it.obtuse = min_max(&obtuse, FRAC_PI_2 + 0.001, 2.186);
        ctx.check()?;
        let mut costs = vec![0.0; points.len()];
        costs.par_chunks_mut(BLOCK).zip(turns.par_chunks(BLOCK)).for_each(|(out, turns)| {
            out.iter_mut().zip(turns).for_each(|(out, turn)| *out = it.cost(*turn));
        });
        it.median = nan_median(&costs, copies);
        let away: Vec<f64> = costs.iter().map(|c| (c - it.median).abs()).collect();
        it.deviation = nan_median(&away, copies);
        Ok((it, settled, costs))
    }

    /// Distance of a point from the centre and its angle to it; no angle at the centre itself.
    fn turn(&self, point: &Point) -> (f64, Option<f64>) {
        let v: Point = std::array::from_fn(|k| point[k] - self.centre[k]);
        let (distance, norm) = (length(&v), length(&self.centre));
        if norm == 0.0 {
            // Without a direction to turn about, all angles are alike.
            return (distance, Some(FRAC_PI_2));
        }
        let product = distance * norm;
        let cosine = v.iter().zip(&self.centre).map(|(a, b)| a * b).sum::<f64>() / product;
        (distance, (product > 0.0).then(|| cosine.clamp(-1.0, 1.0).acos()))
    }

    /// The rotation cost of a turn.
    fn cost(&self, (distance, angle): (f64, Option<f64>)) -> f64 {
        let Some(angle) = angle else { return 0.0 };
        let [factor, offset] = if angle <= FRAC_PI_2 { self.acute } else { self.obtuse };
        let (sine, cosine) = (angle * factor + offset).sin_cos();
        distance.powi(3) * cosine * (sine * sine)
    }

    /// How many median deviations a cost is off, times 0.6745 (so that it is standard deviations of
    /// normal costs).
    fn deviations(&self, cost: f64) -> f64 {
        0.6745 * (cost - self.median).abs() / self.deviation
    }
}

/// The factor and offset that bring the smallest of the angles and the anchors to `low` and the
/// largest to `high`, the anchors being `low` and `high` themselves.
fn min_max(angles: &[f64], low: f64, high: f64) -> [f64; 2] {
    let least = angles.iter().copied().fold(low, f64::min);
    let most = angles.iter().copied().fold(high, f64::max);
    let factor = (high - low) / (most - least);
    [factor, low - least * factor]
}

/// The median over N values, those that are NaN left out; NaN if all are.
fn nan_median(values: &[f64], copies: &[u64]) -> f64 {
    if values.iter().all(|v| !v.is_nan()) {
        return median(values, copies);
    }
    let pairs = values.iter().zip(copies).filter(|(v, _)| !v.is_nan());
    let (values, copies): (Vec<f64>, Vec<u64>) = pairs.map(|(&v, &c)| (v, c)).unzip();
    if values.is_empty() { f64::NAN } else { median(&values, &copies) }
}

fn length(v: &Point) -> f64 {
    (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt()
}

/// The geometric median of the distinct points, from their mean on; `false` if it ran out of steps.
fn geometric_median(points: &[Point], ctx: &Ctx) -> Result<(Point, bool), Cancelled> {
    let mut distinct = points.to_vec();
    distinct.sort_unstable_by(|a, b| {
        let pairs = a.iter().zip(b).map(|(u, v)| u.total_cmp(v));
        pairs.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    distinct.dedup();
    let mut at = [0.0; 3];
    for point in &distinct {
        at.iter_mut().zip(point).for_each(|(sum, v)| *sum += v);
    }
    at = at.map(|sum| sum / distinct.len() as f64);
    for _ in 0..MOST_STEPS {
        ctx.check()?;
        let Some(next) = step(&distinct, &at) else { return Ok((at, true)) };
        let moved = length(&std::array::from_fn(|k| next[k] - at[k]));
        at = next;
        // A step that is not a number comes from values too large to square: it ends here too.
        if moved < SHORT_STEP || moved <= ROUNDING_STEP * length(&at) || moved.is_nan() {
            return Ok((at, true));
        }
    }
    Ok((at, false))
}

/// One step of Weiszfeld's iteration as Vardi and Zhang mended it; `None` at the only point.
fn step(distinct: &[Point], at: &Point) -> Option<Point> {
    /// Sums over points away from `at` of 1 / distance and point / distance, and the others' number.
    type Sums = (f64, Point, usize);
    let sums = |block: &[Point]| -> Sums {
        let (mut inverse, mut pull, mut here) = (0.0, [0.0; 3], 0);
        for p in block {
            let distance = length(&std::array::from_fn(|k| p[k] - at[k]));
            if distance == 0.0 {
                here += 1;
                continue;
            }
            let weight = 1.0 / distance;
            inverse += weight;
            pull.iter_mut().zip(p).for_each(|(sum, v)| *sum += weight * v);
        }
        (inverse, pull, here)
    };
    let (inverse, pull, here) = if distinct.len() <= BLOCK {
        sums(distinct)
    } else {
        let parts: Vec<Sums> = distinct.par_chunks(BLOCK).map(sums).collect();
        parts.iter().fold((0.0, [0.0; 3], 0), |(i, p, h), part| {
            (i + part.0, std::array::from_fn(|k| p[k] + part.1[k]), h + part.2)
        })
    };
    if here == distinct.len() {
        return None;
    }
    let target = pull.map(|sum| sum / inverse);
    if here == 0 {
        return Some(target);
    }
    let force = inverse * length(&std::array::from_fn(|k| target[k] - at[k]));
    let stay = if force == 0.0 { 0.0 } else { (here as f64 / force).min(1.0) };
    Some(std::array::from_fn(|k| (1.0 - stay) * target[k] + stay * at[k]))
}

/// The fitted subspaces.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    centre: Vec<f64>,
    scale: Vec<f64>,
    subspaces: Vec<Subspace>,
    /// Subspaces whose geometric median was still moving when it ran out of steps.
    unsettled: usize,
    own: Vec<f64>,
}

impl Model {
    /// A row's point in a subspace, scaled; fields that there are not count as 0.
    fn point(&self, fields: [u32; 3], row: &[f64]) -> Point {
        fields.map(|j| {
            let j = j as usize;
            row.get(j).map_or(0.0, |v| (v - self.centre[j]) / self.scale[j] + 0.0)
        })
    }

    /// What one subspace adds to the mean: the deviations themselves, or squeezed into 0.5 to 1 so that
    /// many subspaces compare. NaN (all costs alike) counts as no deviation there, as in the reference.
    fn of_one(&self, deviations: f64) -> f64 {
        if self.centre.len() <= 3 {
            deviations
        } else if deviations.is_nan() {
            0.5
        } else {
            1.0 / (1.0 + (-deviations).exp())
        }
    }
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn notes(&self) -> Vec<String> {
        let note = format!(
            "in {} of {} subspaces the geometric median was still moving after {MOST_STEPS} steps",
            self.unsettled,
            self.subspaces.len()
        );
        (self.unsettled > 0).then_some(note).into_iter().collect()
    }

    fn parts(&self) -> Vec<Part> {
        let each = |of: fn(&Subspace) -> f64| self.subspaces.iter().map(of).collect();
        let centres = self.subspaces.iter().flat_map(|s| s.centre).collect();
        vec![
            Part::table("geometric_medians", 3, centres),
            Part::list("medians", each(|s| s.median)),
            Part::list("deviations", each(|s| s.deviation)),
        ]
    }

    fn columns(&self) -> usize {
        self.centre.len()
    }

    fn check(&self) -> Result<(), &'static str> {
        let d = self.centre.len();
        let fields = self.subspaces.iter().flat_map(|s| s.fields);
        let whole = fields.into_iter().all(|j| (j as usize) < d.max(3));
        if d == 0 || self.scale.len() != d || self.subspaces.is_empty() || !whole {
            return Err("a subspace does not fit the number of fields");
        }
        Ok(())
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        let one =
            |s: &Subspace| self.of_one(s.deviations(s.cost(s.turn(&self.point(s.fields, row)))));
        let sum: f64 = self.subspaces.iter().map(one).sum();
        // An overflow far from the fitted rows is as odd as can be; `min` also turns NaN into it.
        (sum / self.subspaces.len() as f64).min(f64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Matrix;

    fn fit(rows: &[[f64; 1]], copies: &[u64]) -> Result<Model, FitError> {
        let (sample, _) = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap();
        Rod::fit(&sample, &Params {}, &Ctx::small(0))
    }

    /// One field 1 2 3 4 9: the mean 3.8 moves to the median 3 within 1e-5. Below it angles are pi and
    /// scaled to 2.186, above it 0 and scaled to 0.001; costs are distance cubed times cos sin^2:
    /// -8 a, -a, 0, b, 216 b with a = cos(2.186) sin^2(2.186) = -0.385.., b = 1e-6. The median is b's
    /// or 0's neighbour: sorted -8|a| < -|a| < 0 < b < 216 b, so median 0; deviations 0, b, 216 b, |a|,
    /// 8|a|, whose median is 216 b.
    #[test]
    fn matches_the_formula_by_hand() {
        let model = fit(&[[1.0], [2.0], [3.0], [4.0], [9.0]], &[1; 5]).unwrap();
        let (a, b) = (2.186_f64, 0.001_f64);
        let (a, b) = ((a.cos() * a.sin().powi(2)).abs(), b.cos() * b.sin().powi(2));
        let want = [8.0 * a, a, 0.0, b, 216.0 * b].map(|away| 0.6745 * away / (216.0 * b));
        for (own, want) in model.own.iter().zip(want) {
            assert!((own - want).abs() <= 1e-3 * want.max(1e-2), "{own} for {want}");
        }
    }

    #[test]
    fn a_median_deviation_of_zero_is_an_error() {
        let error = fit(&[[1.0], [2.0], [3.0], [4.0], [9.0]], &[1, 1, 50, 1, 1]).unwrap_err();
        assert!(matches!(error, FitError::Undefined { .. }), "{error}");
    }

    /// Three corners of a square and its middle: the middle has the least sum of distances.
    #[test]
    fn the_geometric_median_may_be_a_point() {
        let points = [[0.0, 0.0, 1.0], [2.0, 0.0, 1.0], [0.0, 2.0, 1.0], [0.9, 0.9, 1.0]];
        let (at, settled) = geometric_median(&points, &Ctx::small(0)).unwrap();
        assert!(settled && length(&std::array::from_fn(|k| at[k] - points[3][k])) < 1e-4, "{at:?}");
    }

    #[test]
    fn triples_are_all_of_them_in_order() {
        assert_eq!(triples(4), [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]]);
        assert_eq!(triples(40).len(), 9880);
    }
}
