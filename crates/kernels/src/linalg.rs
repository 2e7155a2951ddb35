//! Least squares and leverages of weighted rows, never squaring the condition number.
//!
//! A tall design of n rows is reduced once to the d x d triangle of its QR decomposition; every
//! question about its columns is answered on that triangle.

use lanner_frame::{Cancelled, Ctx, Matrix};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

/// Rows that are reduced to one triangle at a time; fixed, so that bits do not depend on threads.
const BLOCK: usize = 1024;

/// The means of the columns of N rows, and the largest size of a value as a power of two.
///
/// The power of two, between 2^-500 and 2^1023, divides values without rounding, so that sums of
/// squares of divided values neither overflow nor vanish.
///
/// # Shapes
/// - `x`: n x d, finite; `copies`: n whole numbers >= 1
///
/// # Cost
/// O(n d).
pub fn centre_and_scale(x: &Matrix, copies: &[u64]) -> (Vec<f64>, f64) {
    let largest = x.as_slice().iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let scale = largest.log2().floor().clamp(-500.0, 1023.0).exp2();
    let total: u64 = copies.iter().sum();
    let mut mean = vec![0.0; x.columns()];
    for (row, &c) in x.iter_rows().zip(copies) {
        let weight = c as f64 / total as f64;
        for (m, v) in mean.iter_mut().zip(row) {
            *m += v / scale * weight;
        }
    }
    (mean.iter().map(|m| m * scale).collect(), scale)
}

/// The triangle R of the QR decomposition of the N rows (x - `centre`) / `scale`.
///
/// R has d columns and at most d rows, and R'R is the sum over all N rows of their outer products;
/// so singular values, least squares and leverages of the rows are those of R.
///
/// # Shapes
/// - `x`: n x d, finite; `copies`: n whole numbers >= 1; `centre`: d values
///
/// # Errors
/// [`Cancelled`] when the run is interrupted.
///
/// # Cost
/// O(n d^2) time, in parallel; memory O(n d^2 / 1024 + d^2).
///
/// # Source
/// J. Demmel, L. Grigori, M. Hoemmen and J. Langou, "Communication-optimal parallel and sequential
/// QR and LU factorizations", 2012 (the tall and skinny case, in one step).
pub fn triangle(
    x: &Matrix,
    copies: &[u64],
    centre: &[f64],
    scale: f64,
    ctx: &Ctx,
) -> Result<DMatrix<f64>, Cancelled> {
    let d = x.columns();
    let block = BLOCK.max(8 * d);
    let blocks = x.rows().div_ceil(block);
    let reduced: Vec<DMatrix<f64>> = ctx.parallel(|| {
        (0..blocks)
            .into_par_iter()
            .map(|b| {
                ctx.check()?;
                let rows = b * block..((b + 1) * block).min(x.rows());
                let value = |i: usize, j: usize| {
                    let i = rows.start + i;
                    (x.row(i)[j] / scale - centre[j] / scale) * (copies[i] as f64).sqrt()
                };
                Ok(DMatrix::from_fn(rows.len(), d, value).qr().r())
            })
            .collect::<Result<_, Cancelled>>()
    })?;
    ctx.check()?;
    let height = reduced.iter().map(DMatrix::nrows).sum();
    let mut stacked = DMatrix::zeros(height, d);
    let mut at = 0;
    for part in &reduced {
        stacked.rows_mut(at, part.nrows()).copy_from(part);
        at += part.nrows();
    }
    Ok(stacked.qr().r())
}

/// The singular value decomposition of a triangle or a part of it.
///
/// Singular directions are kept in no particular order.
#[derive(Debug, Clone)]
pub struct Spectrum {
    left: DMatrix<f64>,
    values: Vec<f64>,
    right: DMatrix<f64>,
}

impl Spectrum {
    /// Decomposes `a`; `None` where the iteration does not settle (values that are not finite).
    ///
    /// # Cost
    /// O(m k^2) for m x k.
    pub fn new(a: DMatrix<f64>) -> Option<Self> {
        let steps = 1000 + 100 * a.nrows().max(a.ncols());
        let svd = a.try_svd_unordered(true, true, 5.0 * f64::EPSILON, steps)?;
        let (left, right) = (svd.u?, svd.v_t?);
        Some(Self { left, values: svd.singular_values.as_slice().to_vec(), right })
    }

    /// The largest singular value.
    fn largest(&self) -> f64 {
        self.values.iter().copied().fold(0.0, f64::max)
    }

    /// The singular values with the directions in the space of the columns, largest first.
    pub fn directions(&self) -> Vec<(f64, Vec<f64>)> {
        let direction = |i: usize| self.right.row(i).iter().copied().collect();
        let mut all: Vec<(f64, Vec<f64>)> =
            self.values.iter().enumerate().map(|(i, &s)| (s, direction(i))).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        all
    }

    /// Number of singular values above `cutoff` times the largest.
    pub fn rank(&self, cutoff: f64) -> usize {
        let floor = cutoff * self.largest();
        self.values.iter().filter(|&&s| s > floor).count()
    }

    /// The shortest of the vectors v that bring a v nearest to `b`; singular values up to `cutoff`
    /// times the largest count as zero.
    pub fn solve(&self, b: &DVector<f64>, cutoff: f64) -> DVector<f64> {
        let floor = cutoff * self.largest();
        let mut parts = self.left.tr_mul(b);
        for (part, &s) in parts.iter_mut().zip(&self.values) {
            *part = if s > floor { *part / s } else { 0.0 };
        }
        self.right.tr_mul(&parts)
    }

    /// The k x r matrix W for which a row v of the design has the leverage |v W|^2, with r the number
    /// of singular values above `cutoff` times the largest.
    ///
    /// The leverage of v is v (A'A)^+ v', the share that the row has in its own fitted value.
    pub fn leverage_factor(&self, cutoff: f64) -> DMatrix<f64> {
        let floor = cutoff * self.largest();
        let kept: Vec<usize> = (0..self.values.len()).filter(|&i| self.values[i] > floor).collect();
        DMatrix::from_fn(self.right.ncols(), kept.len(), |j, k| {
            self.right[(kept[k], j)] / self.values[kept[k]]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Rng;

    /// Rows (1, 0) once and (0, 2) twice: R'R = diag(1, 8), leverages 1 and 4/8.
    #[test]
    fn leverages_by_hand() {
        let x = Matrix::from_rows(&[[1.0, 0.0], [0.0, 2.0]]);
        let r = triangle(&x, &[1, 2], &[0.0; 2], 1.0, &Ctx::small(0)).unwrap();
        let w = Spectrum::new(r).unwrap().leverage_factor(1e-12);
        let leverage =
            |row: [f64; 2]| (w.transpose() * DVector::from_row_slice(&row)).norm_squared();
        assert!((leverage([1.0, 0.0]) - 1.0).abs() < 1e-12);
        assert!((leverage([0.0, 2.0]) - 0.5).abs() < 1e-12);
    }

    /// Blocks stacked give the R'R of all rows at once.
    #[test]
    fn blocks_add_up() {
        let mut rng = Rng::new(3, 0);
        let x = Matrix::new((0..5000 * 3).map(|_| rng.normal()).collect(), 5000, 3);
        let copies: Vec<u64> = (0..5000).map(|_| 1 + rng.below(4)).collect();
        let (centre, scale) = centre_and_scale(&x, &copies);
        let r = triangle(&x, &copies, &centre, scale, &Ctx::small(0)).unwrap();
        let gram = r.tr_mul(&r);
        for i in 0..3 {
            for j in 0..3 {
                let rows = x.iter_rows().zip(&copies);
                let want: f64 = rows
                    .map(|(v, &c)| c as f64 * (v[i] - centre[i]) * (v[j] - centre[j]))
                    .sum::<f64>()
                    / (scale * scale);
                assert!((gram[(i, j)] - want).abs() < 1e-9 * 5000.0, "{i} {j}");
            }
        }
    }

    /// The second column is twice the first: of all v with v1 + 2 v2 = 5 the shortest is (1, 2).
    #[test]
    fn the_shortest_solution_is_taken() {
        let a = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 4.0]);
        let spectrum = Spectrum::new(a).unwrap();
        let v = spectrum.solve(&DVector::from_row_slice(&[5.0, 10.0]), 1e-12);
        assert!((v[0] - 1.0).abs() < 1e-12 && (v[1] - 2.0).abs() < 1e-12, "{v}");
        assert_eq!(spectrum.rank(1e-12), 1);
    }
}
