//! The metrics, in the form that the searches work with.
//!
//! A *reduced* distance orders pairs as the distance does and is cheaper. It is built one column at a
//! time, always from the first column on, by a [`Norm`]. A search asks for the norm of its metric once
//! ([`with_norm`]); all that it does from there on is compiled for that norm.
//!
//! Cosine distances are half the squared Euclidean ones of rows scaled to length 1: rows near each other
//! keep all their digits, which 1 - cos loses, and trees and products serve them as they are.

use lanner_frame::Matrix;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How far two rows are apart. See [`Metric::minkowski`] for a metric by its exponent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub enum Metric {
    /// The square root of the sum of squared differences.
    #[default]
    Euclidean,
    /// The sum of the sizes of the differences.
    Manhattan,
    /// The size of the largest difference.
    Chebyshev,
    /// The p-th root of the sum of the p-th powers of the sizes of the differences, p finite and at
    /// least 1.
    Minkowski(f64),
    /// 1 less the cosine of the angle between the rows, 0 to 2, no matter how long they are. A row of
    /// zeros has distance 1 from all others, its own copies too.
    Cosine,
}

impl Metric {
    /// The Minkowski metric of exponent p, under its own name where it has one (1 is Manhattan, 2
    /// Euclidean, infinity Chebyshev); `None` for p < 1, where detours would be shorter than the
    /// straight way.
    pub fn minkowski(p: f64) -> Option<Self> {
        match p {
            1.0 => Some(Self::Manhattan),
            2.0 => Some(Self::Euclidean),
            f64::INFINITY => Some(Self::Chebyshev),
            _ => (p > 1.0).then_some(Self::Minkowski(p)),
        }
    }

    /// Says whether a metric read from a file is one.
    pub(super) fn is_whole(self) -> bool {
        !matches!(self, Self::Minkowski(p) if !(p >= 1.0 && p.is_finite()))
    }

    /// The distance of a reduced one.
    #[inline]
    pub(super) fn distance(self, reduced: f64) -> f64 {
        match self {
            Self::Euclidean => reduced.sqrt(),
            Self::Manhattan | Self::Chebyshev => reduced,
            Self::Minkowski(p) => reduced.powf(p.recip()),
            Self::Cosine => (0.5 * reduced).min(2.0),
        }
    }

    /// Splits the distance of two rows of d finite values over their columns: parts that add up to 1,
    /// all 0 where the rows are equal.
    ///
    /// A column's part is |a - b|^p among those of all columns; in the Chebyshev metric the columns with
    /// the largest difference have equal parts. A cosine is no sum over columns: `false`, and `out`
    /// untouched.
    pub fn parts(self, a: &[f64], b: &[f64], out: &mut [f64]) -> bool {
        if self == Self::Cosine {
            return false;
        }
        for (gap, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
            // Halves, because the difference of two finite numbers need not be finite.
            *gap = (0.5 * a - 0.5 * b).abs();
        }
        let largest = out.iter().copied().fold(0.0, larger);
        if largest == 0.0 {
            return true;
        }
        for part in &mut *out {
            let ratio = *part / largest;
            *part = match self {
                Self::Manhattan => ratio,
                Self::Euclidean | Self::Cosine => ratio * ratio,
                Self::Minkowski(p) => ratio.powf(p),
                Self::Chebyshev => f64::from(ratio == 1.0),
            };
        }
        let sum: f64 = out.iter().sum();
        for part in &mut *out {
            *part /= sum;
        }
        true
    }

    /// Says whether reduced distances are sums of squares.
    pub(super) fn is_squares(self) -> bool {
        matches!(self, Self::Euclidean | Self::Cosine)
    }

    /// Columns of an index beyond those of its rows.
    pub(super) fn more_columns(self) -> usize {
        usize::from(self == Self::Cosine)
    }

    /// A row as an index holds it. For cosines: of length 1, with one more column that is 0, or 1 for
    /// the row of zeros.
    pub(super) fn placed(self, row: &[f64]) -> Cow<'_, [f64]> {
        if self != Self::Cosine {
            return Cow::Borrowed(row);
        }
        let largest = row.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        let mut unit = row.to_vec();
        if largest > 0.0 {
            // Rows on one ray have equal quotients, to the last bit; and no square can overflow.
            for v in &mut unit {
                *v /= largest;
            }
            let length = unit.iter().map(|v| v * v).sum::<f64>().sqrt();
            for v in &mut unit {
                *v /= length;
            }
        }
        unit.push(f64::from(largest == 0.0));
        Cow::Owned(unit)
    }

    /// All rows as an index holds them.
    pub(super) fn placed_rows(self, x: &Matrix) -> Cow<'_, Matrix> {
        if self != Self::Cosine {
            return Cow::Borrowed(x);
        }
        let columns = x.columns() + self.more_columns();
        let mut values = Vec::with_capacity(x.rows() * columns);
        x.iter_rows().for_each(|row| values.extend_from_slice(&self.placed(row)));
        Cow::Owned(Matrix::new(values, x.rows(), columns))
    }

    /// The reduced distance of a placed row from all others and from its own copies, where it is the
    /// same whatever they are: the row of zeros has none of its cosines.
    pub(super) fn aloof(self, row: &[f64]) -> Option<f64> {
        (self == Self::Cosine && row.last() == Some(&1.0)).then_some(2.0)
    }
}

/// Builds reduced distances.
pub(super) trait Norm: Copy {
    /// The reduced distance grown by one column in which the two rows are `gap` apart.
    fn add(self, reduced: f64, gap: f64) -> f64;

    /// Turns the reduced distance to a box of d columns, built as that to a row, into one that no row
    /// in the box falls below. Where [`Norm::add`] never falls when the size of `gap` grows, that is so,
    /// rounding included.
    #[inline]
    fn to_box(self, reduced: f64, _columns: usize) -> f64 {
        reduced
    }

    /// Reduced distances from a row to the `L` rows of a leaf, given column by column. Those above
    /// `bound` may come out as infinity.
    #[inline]
    fn to_leaf<const L: usize>(self, leaf: &[f64], row: &[f64], _bound: f64) -> [f64; L] {
        // As many lanes as fit in the vector registers of any 64-bit machine.
        const LANES: usize = 8;
        let mut sums = [0.0; L];
        for (part, sums) in sums.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let mut lanes = [0.0; LANES];
            for (column, &v) in leaf.as_chunks::<L>().0.iter().zip(row) {
                for (lane, &value) in lanes.iter_mut().zip(&column[part * LANES..][..LANES]) {
                    *lane = self.add(*lane, value - v);
                }
            }
            *sums = lanes;
        }
        sums
    }
}

/// Sums of squares.
#[derive(Clone, Copy)]
pub(super) struct Squares;

impl Norm for Squares {
    #[inline]
    fn add(self, reduced: f64, gap: f64) -> f64 {
        reduced + gap * gap
    }
}

/// Sums of sizes.
#[derive(Clone, Copy)]
pub(super) struct Sizes;

impl Norm for Sizes {
    #[inline]
    fn add(self, reduced: f64, gap: f64) -> f64 {
        reduced + gap.abs()
    }
}

/// The largest size.
#[derive(Clone, Copy)]
pub(super) struct Largest;

impl Norm for Largest {
    #[inline]
    fn add(self, reduced: f64, gap: f64) -> f64 {
        larger(reduced, gap.abs())
    }
}

/// Sums of powers of sizes, with the exponent.
#[derive(Clone, Copy)]
pub(super) struct Powers(pub(super) f64);

impl Norm for Powers {
    #[inline]
    fn add(self, reduced: f64, gap: f64) -> f64 {
        let size = gap.abs();
        // The exponent most asked for after 1 and 2 needs no power function.
        reduced + if self.0 == 3.0 { size * size * size } else { size.powf(self.0) }
    }

    /// A power may be off by an ε and the sum of d of them by d more, in both distances; twice that
    /// is taken off. The last term stands for what underflow can lose.
    fn to_box(self, reduced: f64, columns: usize) -> f64 {
        (1.0 - 4.0 * (columns as f64 + 4.0) * f64::EPSILON) * reduced - f64::MIN_POSITIVE
    }

    /// Powers are slow: rows too far away in squares, which are fast, do not get as far as them.
    fn to_leaf<const L: usize>(self, leaf: &[f64], row: &[f64], bound: f64) -> [f64; L] {
        // |x|_p >= |x|_2 for p <= 2, and >= d^(1/p - 1/2) |x|_2 above.
        let d = row.len() as f64;
        let shrink = d.powf(self.0.recip() - 0.5).min(1.0);
        // What underflow can lose is added, and more than rounding can lose.
        let radius = (bound + f64::MIN_POSITIVE).powf(self.0.recip()) / shrink * (1.0 + 1e-9);
        let mut reduced: [f64; L] = Squares.to_leaf(leaf, row, bound);
        for (at, reduced) in reduced.iter_mut().enumerate() {
            let far = *reduced > radius * radius + f64::MIN_POSITIVE;
            let values = leaf.iter().skip(at).step_by(L).zip(row);
            let powers = || values.fold(0.0, |sum, (value, v)| self.add(sum, value - v));
            *reduced = if far { f64::INFINITY } else { powers() };
        }
        reduced
    }
}

/// Does the work with the norm of a metric.
macro_rules! with_norm {
    ($metric:expr, $norm:ident => $work:expr) => {{
        use $crate::neighbours::metric::{Largest, Metric, Powers, Sizes, Squares};
        macro_rules! with {
            ($given:expr) => {{
                let $norm = $given;
                $work
            }};
        }
        match $metric {
            Metric::Euclidean | Metric::Cosine => with!(Squares),
            Metric::Manhattan => with!(Sizes),
            Metric::Chebyshev => with!(Largest),
            Metric::Minkowski(p) => with!(Powers(p)),
        }
    }};
}
pub(super) use with_norm;

/// The larger of two numbers that are not NaN; one instruction, unlike `f64::max`.
#[inline]
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Differences 1, 2 and 2.
    #[test]
    fn parts_of_a_distance_by_hand() {
        let of = |metric: Metric| {
            let mut parts = [f64::NAN; 3];
            metric.parts(&[1.0, 5.0, 0.0], &[0.0, 3.0, 2.0], &mut parts).then_some(parts)
        };
        assert_eq!(of(Metric::Manhattan), Some([0.2, 0.4, 0.4]));
        assert_eq!(of(Metric::Chebyshev), Some([0.0, 0.5, 0.5]));
        assert_eq!(of(Metric::Cosine), None);
        for (metric, sum) in [(Metric::Euclidean, 9.0), (Metric::Minkowski(3.0), 17.0)] {
            let expected = [1.0, 0.5 * (sum - 1.0), 0.5 * (sum - 1.0)].map(|power| power / sum);
            let parts = of(metric).unwrap_or_default();
            assert!(parts.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{parts:?}");
        }
    }

    #[test]
    fn parts_of_any_distance_are_numbers() {
        let mut parts = [f64::NAN; 2];
        assert!(Metric::Euclidean.parts(&[f64::MAX, 0.0], &[-f64::MAX, 0.0], &mut parts));
        assert_eq!(parts, [1.0, 0.0]);
        assert!(Metric::Manhattan.parts(&[3.0, -1.0], &[3.0, -1.0], &mut parts));
        assert_eq!(parts, [0.0, 0.0]);
    }
}
