//! CD: mean Cook's distance of each field regressed on the others.
//!
//! Each field is predicted from all others by a straight line. A row is odd where it lies off that
//! line *and* far out, so that it bends the line towards itself.
//!
//! ```text
//! e_j(x) = (x_j - m_j) - sum over k /= j of b_jk (x_k - m_k)     residual of field j, m = means
//! h_j(x) = x_-j (X_-j' X_-j)^+ x_-j'                             leverage, without intercept
//! q_j(x) = e_j^2 h_j / (1 - h_j)^2                               Cook's distance, times a constant
//! s(x)   = mean over j of (q_j(x) - min q_j) / (max q_j - min q_j)
//! ```
//!
//! `b_j` are the shortest least-squares coefficients, `X_-j` the rows without field j; minimum and
//! maximum run over the fitted rows. (Cook's distance divides q by the error's variance and the number
//! of fields, which the scaling to 0..1 takes out again.) A row with c copies enters `m`, `b` and
//! `X'X` c times.
//!
//! - **Score**: 0 to 1 for fitted rows; a new row may pass 1 or fall a little below 0.
//! - **Cost**: fit and score O(d^3) a row at worst, d^4 once; memory O(n + d^3).
//! - **Blind to**: rows far out along the line, and relations that are not straight; numbers that are
//!   names (category codes) have no line to lie off.
//! - **Source**: R. D. Cook, "Detection of influential observation in linear regression",
//!   Technometrics 19 (1977) 15-18.
//! - **Departs from `PyOD`**: new rows are measured against the fitted rows (leverage, minimum, maximum)
//!   and not against the batch they come in; a field that the others predict to the last digits is
//!   left out, where the reference scores rounding errors; a leverage counts as 1 - 1e-12 at most.

use crate::{Card, Detector, FitError, Fitted, Kind, ParamError, Part, Randomness, Scorer, Shape};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::linalg::{Spectrum, centre_and_scale, triangle};
use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Mean Cook's distance; see the [module page](self).
pub struct Cd;

/// It has no parameters: the regression is least squares.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {}

/// Singular values below this share of the largest count as zero in the regression (`tol` of
/// scikit-learn's `LinearRegression`).
const REGRESSION_CUTOFF: f64 = 1e-6;

/// A field whose residuals are below this share of its size is rounding error, not a signal.
const NO_RESIDUAL: f64 = 1e-13;

/// Cook's distance has a pole at leverage 1, which a fitted row reaches where it alone decides a
/// direction, and a new row may pass.
const MOST_LEVERAGE: f64 = 1.0 - 1e-12;

/// Rows worked on between two looks at the interrupt.
const BLOCK: usize = 1024;

impl Detector for Cd {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "CD",
        title: "Cook's distance",
        idea: "Predicts each field from the others by a straight line. Rows that lie off the line and \
               far enough out to bend it towards themselves score high.",
        formula: "s(x) = mean over fields j of the min-max scaled q_j(x), q_j = e_j^2 h_j / (1 - h_j)^2; \
                  e_j = residual of field j regressed on the others, h_j = leverage of the row in that \
                  regression without intercept; minimum and maximum over the fitted rows",
        params: &[],
        randomness: Randomness::None,
        cost: "time O(n d^3) at worst, memory O(n + d^3)",
        blind_to: "Rows far out along the line, and relations that are not straight. Category codes \
                   have no line to lie off: there it mostly finds rare codes in two fields at once.",
        source: "R. D. Cook: Detection of influential observation in linear regression. Technometrics \
                 19, 1977",
        departs: "New rows are measured against the fitted rows, not against the batch they come in. A \
                  field that the others predict to the last digits is left out, where the reference \
                  scores rounding errors.",
        kind: Kind::Numeric,
        default: true,
    };

    fn check(_params: &Params) -> Result<(), ParamError> {
        Ok(())
    }

    fn guess(_params: &Params, shape: Shape) -> f64 {
        1e-8 * shape.n() * shape.d().powi(3)
    }

    fn fit(x: &Sample, _params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        ctx.check()?;
        let d = x.columns();
        if d < 2 {
            return Err(FitError::Undefined { why: "a regression needs at least two fields" });
        }
        let (centre, scale) = centre_and_scale(x.x(), x.copies());
        let centred = triangle(x.x(), x.copies(), &centre, scale, ctx)?;
        let design = triangle(x.x(), x.copies(), &vec![0.0; d], scale, ctx)?;
        let (mut fields, mut own) = (Vec::new(), vec![0.0; x.rows()]);
        for j in 0..d {
            ctx.step(j, d);
            let Some(field) = Field::fit(j, &centred, &design, x.total(), scale)? else { continue };
            if let Some((field, scores)) = field.measured(x, &centre, scale, ctx)? {
                own.iter_mut().zip(scores).for_each(|(sum, s)| *sum += s);
                fields.push(field);
            }
        }
        if fields.is_empty() {
            let why = "every field is constant or predicted exactly by the others";
            return Err(FitError::Undefined { why });
        }
        let own = own.iter().map(|sum| sum / fields.len() as f64).collect();
        Ok(Model { centre, fields, own })
    }
}

/// The regression of one field on the others, and the range of its Cook's distances.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Field {
    /// Number of the field.
    of: usize,
    /// Coefficients of all d fields, 0 for the field itself.
    slopes: Vec<f64>,
    /// d x r, row by row, zeros in the field's own row: the leverage of x is |x L|^2.
    leverage: Vec<f64>,
    /// Divides residuals, so that their squares do not overflow.
    scale: f64,
    /// Smallest q of the fitted rows, and how far the largest lies above it.
    low: f64,
    range: f64,
}

impl Field {
    /// Regresses field `of` on the others, on the triangles of the centred and the plain rows; `None`
    /// if there are no more rows than directions, so that the error has no variance.
    fn fit(
        of: usize,
        centred: &DMatrix<f64>,
        design: &DMatrix<f64>,
        total: u64,
        scale: f64,
    ) -> Result<Option<Self>, FitError> {
        let unsettled =
            FitError::Undefined { why: "the values are too far apart for a regression" };
        let spectrum = |r: &DMatrix<f64>| {
            Spectrum::new(r.clone().remove_column(of)).ok_or_else(|| unsettled.clone())
        };
        let target = centred.column(of).into_owned();
        let found = spectrum(centred)?.solve(&target, REGRESSION_CUTOFF);
        let plain = spectrum(design)?;
        let others = design.ncols() - 1;
        if plain.rank(total.max(others as u64) as f64 * f64::EPSILON) as u64 == total {
            return Ok(None);
        }
        // numpy.linalg.pinv cuts at 1e-15, which for a triangle of d columns is within rounding.
        let factor = plain.leverage_factor((8.0 * others as f64 * f64::EPSILON).max(1e-15));
        let slopes = found.insert_row(of, 0.0);
        let factor = (factor / scale).insert_row(of, 0.0);
        let leverage = factor.transpose().as_slice().to_vec();
        let slopes = slopes.as_slice().to_vec();
        Ok(Some(Self { of, slopes, leverage, scale, low: 0.0, range: 1.0 }))
    }

    /// Number of directions that leverage is measured in.
    fn directions(&self) -> usize {
        self.leverage.len() / self.slopes.len()
    }

    /// Residual over scale, and Cook's distance up to a constant.
    fn distance(&self, row: &[f64], centre: &[f64], sums: &mut Vec<f64>) -> (f64, f64) {
        let mut residual = (row[self.of] - centre[self.of]) / self.scale;
        sums.clear();
        sums.resize(self.directions(), 0.0);
        let weights = self.leverage.chunks_exact(self.directions().max(1));
        for (((v, m), slope), weights) in row.iter().zip(centre).zip(&self.slopes).zip(weights) {
            residual -= slope * ((v - m) / self.scale);
            sums.iter_mut().zip(weights).for_each(|(sum, w)| *sum += v * w);
        }
        let leverage = sums.iter().map(|s| s * s).sum::<f64>().min(MOST_LEVERAGE);
        let bend = residual / (1.0 - leverage);
        (residual, bend * bend * leverage)
    }

    /// Where q lies between the smallest and the largest of the fitted rows.
    fn place(&self, q: f64) -> f64 {
        // An overflow far from the fitted rows is as odd as can be; `min` also turns NaN into it.
        ((q - self.low) / self.range).min(f64::MAX)
    }

    /// Sets the range from the fitted rows and gives their places in it; `None` if the field has no
    /// residual, or all distances are equal.
    fn measured(
        mut self,
        x: &Sample,
        centre: &[f64],
        scale: f64,
        ctx: &Ctx,
    ) -> Result<Option<(Self, Vec<f64>)>, FitError> {
        let mut scores = vec![0.0; x.rows()];
        // Sums of squared residuals and of squared values, block by block and then in order.
        let squares = ctx.parallel(|| {
            scores
                .par_chunks_mut(BLOCK)
                .enumerate()
                .map(|(b, out)| {
                    ctx.check()?;
                    let (mut squares, mut sums) = ((0.0, 0.0), Vec::new());
                    for (i, q) in (b * BLOCK..).zip(out) {
                        let (residual, distance) = self.distance(x.row(i), centre, &mut sums);
                        let (value, copies) = (x.row(i)[self.of] / scale, x.copies()[i] as f64);
                        squares.0 += copies * residual * residual;
                        squares.1 += copies * value * value;
                        *q = distance;
                    }
                    Ok(squares)
                })
                .collect::<Result<Vec<(f64, f64)>, FitError>>()
        })?;
        let (residuals, values) = squares.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
        self.low = scores.iter().copied().fold(f64::INFINITY, f64::min);
        self.range = scores.iter().copied().fold(0.0, f64::max) - self.low;
        if residuals.sqrt() <= NO_RESIDUAL * values.sqrt() || self.range == 0.0 {
            return Ok(None);
        }
        let places = scores.iter().map(|&q| self.place(q)).collect();
        Ok(Some((self, places)))
    }
}

/// The fitted regressions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    centre: Vec<f64>,
    fields: Vec<Field>,
    own: Vec<f64>,
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn notes(&self) -> Vec<String> {
        let left_out = self.centre.len() - self.fields.len();
        let note = format!(
            "{left_out} of {} fields left out: constant, or predicted exactly by the others",
            self.centre.len()
        );
        (left_out > 0).then_some(note).into_iter().collect()
    }

    fn parts(&self) -> Vec<Part> {
        let slopes = self.fields.iter().flat_map(|f| &f.slopes).copied().collect();
        vec![
            Part::list("fields", self.fields.iter().map(|f| f.of as f64).collect()),
            Part::table("slopes", self.centre.len(), slopes),
            Part::list("means", self.centre.clone()),
        ]
    }

    fn columns(&self) -> usize {
        self.centre.len()
    }

    fn check(&self) -> Result<(), &'static str> {
        let d = self.centre.len();
        let whole =
            |f: &Field| f.of < d && f.slopes.len() == d && f.leverage.len().is_multiple_of(d);
        if self.fields.is_empty() || self.fields.len() > d || !self.fields.iter().all(whole) {
            return Err("a regression does not fit the number of fields");
        }
        Ok(())
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        let mut sums = Vec::new();
        let places =
            self.fields.iter().map(|f| f.place(f.distance(row, &self.centre, &mut sums).1));
        (places.sum::<f64>() / self.fields.len() as f64).min(f64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Matrix;

    fn fit(rows: &[[f64; 2]]) -> Result<Model, FitError> {
        let x = Matrix::from_rows(rows);
        let (sample, _) = Sample::collapse(&x, &vec![1; rows.len()]).unwrap();
        Cd::fit(&sample, &Params {}, &Ctx::small(0))
    }

    /// Rows (1,1) (2,2) (3,6), means 2 and 3. Field 1 on field 0: slope 5/2, residuals .5 -1 .5;
    /// leverages 1/14 4/14 9/14; q = .25(1/14)/(13/14)^2, (4/14)/(10/14)^2 = .56, .25(9/14)/(5/14)^2
    /// = 1.26. Field 0 on field 1: slope 5/14, residuals -2/7 5/14 -1/14; leverages 1/41 4/41 36/41;
    /// q = (4/49)(1/41)/(40/41)^2, (25/196)(4/41)/(37/41)^2, (1/196)(36/41)/(5/41)^2.
    #[test]
    fn matches_the_formula_by_hand() {
        let model = fit(&[[1.0, 1.0], [2.0, 2.0], [3.0, 6.0]]).unwrap();
        let first = [0.25 / 14.0 / (13.0_f64 / 14.0).powi(2), 0.56, 1.26];
        let second = [
            4.0 / 49.0 / 41.0 / (40.0_f64 / 41.0).powi(2),
            25.0 / 196.0 * 4.0 / 41.0 / (37.0_f64 / 41.0).powi(2),
            1.0 / 196.0 * 36.0 / 41.0 / (5.0_f64 / 41.0).powi(2),
        ];
        for (i, own) in model.own.iter().enumerate() {
            let place = |q: [f64; 3]| (q[i] - q[0]) / (q[2] - q[0]);
            let want = f64::midpoint(place(first), place(second));
            assert!((own - want).abs() < 1e-12, "row {i}: {own} for {want}");
        }
    }

    #[test]
    fn a_field_predicted_exactly_is_left_out_and_named() {
        let error = fit(&[[1.0, 2.1], [2.0, 4.1], [3.0, 6.1]]).unwrap_err();
        assert!(matches!(error, FitError::Undefined { .. }), "{error}");
        let rows: Vec<[f64; 3]> =
            (0..9).map(|i| [f64::from(i), f64::from(i * i % 7), 0.1]).collect();
        let (sample, _) = Sample::collapse(&Matrix::from_rows(&rows), &[1; 9]).unwrap();
        let model = Cd::fit(&sample, &Params {}, &Ctx::small(0)).unwrap();
        assert_eq!(model.notes().len(), 1);
    }
}
