//! Principal components of rows with copies.

use crate::linalg::{Spectrum, centre_and_scale, triangle};
use lanner_frame::{Cancelled, Ctx, Matrix};

/// A direction in which rows vary, at right angles to the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Unit vector, d values; its largest entry is positive (the first of those equal but for
    /// rounding).
    pub direction: Vec<f64>,
    /// Share of all variance that lies in this direction.
    pub share: f64,
    /// That variance, of a sample (N - 1), relative to the square of the second of the pair that
    /// [`components`] gives.
    pub variance: f64,
}

/// The d principal components of the N rows, largest variance first, and the unit of the values (a
/// power of two) that variances are relative to the square of.
///
/// Directions of equal variance are not defined, nor are they here. `None` where no feature varies or
/// values are too large.
///
/// # Shapes
/// - `x`: n x d, finite; `copies`: n whole numbers >= 1
///
/// # Errors
/// [`Cancelled`] when the run is interrupted.
///
/// # Cost
/// O(n d^2) in parallel and O(d^3); the covariance is never formed, so small variances keep their
/// digits.
pub fn components(
    x: &Matrix,
    copies: &[u64],
    ctx: &Ctx,
) -> Result<Option<(Vec<Component>, f64)>, Cancelled> {
    let (centre, unit) = centre_and_scale(x, copies);
    let d = x.columns();
    let reduced = triangle(x, copies, &centre, unit, ctx)?;
    ctx.check()?;
    if reduced.iter().any(|v| !v.is_finite()) {
        return Ok(None);
    }
    // Square, so that directions without variance are among them.
    let Some(spectrum) = Spectrum::new(reduced.resize_vertically(d, 0.0)) else { return Ok(None) };
    let directions = spectrum.directions();
    let sum: f64 = directions.iter().map(|(s, _)| s * s).sum();
    let freedom = (copies.iter().sum::<u64>() - 1) as f64;
    let all = directions.into_iter().map(|(s, direction)| Component {
        direction: upright(direction),
        share: s * s / sum,
        variance: s * s / freedom,
    });
    Ok((sum > 0.0 && freedom > 0.0).then(|| (all.collect(), unit)))
}

/// The direction or its opposite, whichever has a positive largest entry.
fn upright(mut direction: Vec<f64>) -> Vec<f64> {
    let largest = direction.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let first = direction.iter().find(|v| v.abs() >= largest * (1.0 - 1e-9));
    if first.is_some_and(|&v| v < 0.0) {
        for v in &mut direction {
            *v = -*v;
        }
    }
    direction
}

/// The number of components, 1 to d - 1, most likely to be more than noise of one variance in all
/// other directions; `None` with one feature.
///
/// # Shapes
/// - `variances`: d, in descending order; `rows`: N
///
/// # Cost
/// O(d^3) logarithms.
///
/// # Source
/// T. P. Minka, "Automatic choice of dimensionality for PCA", NIPS 2000, with the evidence as
/// scikit-learn evaluates it.
pub fn likeliest_dimension(variances: &[f64], rows: u64) -> Option<usize> {
    let mut best = None;
    for k in 1..variances.len() {
        let evidence = log_evidence(variances, k, rows as f64);
        if best.is_none_or(|(_, most)| evidence > most) {
            best = Some((k, evidence));
        }
    }
    best.map(|(k, _)| k)
}

/// The logarithm of the evidence for k components.
fn log_evidence(variances: &[f64], k: usize, rows: f64) -> f64 {
    /// Variances below this are none.
    const NONE: f64 = 1e-15;
    let (d, kept) = (variances.len(), k as f64);
    if variances[k - 1] < NONE {
        return f64::NEG_INFINITY;
    }
    let others = (d - k) as f64;
    let noise = (variances[k..].iter().sum::<f64>() / others).max(NONE);
    let ln_pi = std::f64::consts::PI.ln();
    let frames: f64 = (0..k).map(|i| ln_gamma_half(d - i) - ln_pi * (d - i) as f64 / 2.0).sum();
    let prior = frames - kept * 2.0_f64.ln();
    let fit: f64 = variances[..k].iter().map(|v| v.ln()).sum();
    let fit = -0.5 * rows * (fit + noise.ln() * others);
    let angles = d as f64 * kept - kept * (kept + 1.0) / 2.0;
    let volume = 0.5 * std::f64::consts::TAU.ln() * (angles + kept);
    let mut curvature = 0.0;
    for i in 0..k {
        for j in i + 1..d {
            let other = if j < k { variances[j] } else { noise };
            let gain = 1.0 / other - 1.0 / variances[i];
            curvature += ((variances[i] - variances[j]) * gain).ln() + rows.ln();
        }
    }
    prior + fit + volume - 0.5 * curvature - 0.5 * kept * rows.ln()
}

/// The logarithm of the gamma function at m / 2, m >= 1.
fn ln_gamma_half(m: usize) -> f64 {
    let (start, first) =
        if m.is_multiple_of(2) { (0.0, 2) } else { (0.5 * std::f64::consts::PI.ln(), 1) };
    start + (first..m).step_by(2).map(|i| (i as f64 / 2.0).ln()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Rng;

    /// Rows (0, 0) twice and (4, 3) twice: all variance lies along (4, 3) / 5; 4 rows at 2.5 from the
    /// mean, so 25 / 3.
    #[test]
    fn one_direction_by_hand() {
        let x = Matrix::from_rows(&[[0.0, 0.0], [4.0, 3.0]]);
        let (all, unit) = components(&x, &[2, 2], &Ctx::small(0)).unwrap().unwrap();
        assert!((all[0].variance * unit * unit - 25.0 / 3.0).abs() < 1e-12);
        assert!((all[0].share - 1.0).abs() < 1e-12 && all[1].share < 1e-30);
        let off = |found: &[f64], want: [f64; 2]| (found[0] - want[0]).hypot(found[1] - want[1]);
        assert!(off(&all[0].direction, [0.8, 0.6]) < 1e-12);
        assert!(off(&all[1].direction, [-0.6, 0.8]) < 1e-12);
        assert!(components(&x, &[2, 2], &Ctx::small(0)).unwrap().is_some());
        let same = Matrix::from_rows(&[[4.0, 3.0]]);
        assert!(components(&same, &[9], &Ctx::small(0)).unwrap().is_none());
    }

    #[test]
    fn two_directions_above_noise_are_found() {
        let mut rng = Rng::new(7, 0);
        let row = |rng: &mut Rng| [5.0, 3.0, 1.0, 1.0, 1.0].map(|s| s * rng.normal());
        let rows: Vec<[f64; 5]> = (0..2000).map(|_| row(&mut rng)).collect();
        let (all, _) =
            components(&Matrix::from_rows(&rows), &[1; 2000], &Ctx::small(0)).unwrap().unwrap();
        let variances: Vec<f64> = all.iter().map(|c| c.variance).collect();
        assert_eq!(likeliest_dimension(&variances, 2000), Some(2));
        assert_eq!(likeliest_dimension(&variances[..1], 2000), None);
    }

    /// Gamma(1/2) = sqrt(pi), Gamma(1) = 1, Gamma(7/2) = 15 sqrt(pi) / 8, Gamma(5) = 24.
    #[test]
    fn gamma_at_halves() {
        let root = std::f64::consts::PI.sqrt();
        for (m, want) in [(1, root), (2, 1.0), (7, 15.0 * root / 8.0), (10, 24.0)] {
            assert!((ln_gamma_half(m) - want.ln()).abs() < 1e-12, "{m}");
        }
    }
}
