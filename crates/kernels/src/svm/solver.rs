//! Sequential minimal optimisation with shrinking.

use super::active::{Active, Gap};
use super::kernel::{Expansion, Kernel};
use lanner_frame::{Cancelled, Ctx, Matrix, Sample};

/// What is solved and how closely.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The kernel.
    pub kernel: Kernel,
    /// Share of the N rows that the multipliers add up to, above 0, at most 1.
    pub nu: f64,
    /// By how much gradients may miss the optimality condition, above 0.
    pub tol: f64,
    /// Whether rows that stay at a bound are set aside meanwhile. Faster, the same optimum.
    pub shrinking: bool,
}

/// The optimum.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Multipliers, n values from 0 to the copies of each row.
    pub alpha: Vec<f64>,
    /// The kernel sums `sum_j a_j K(x_j, x_i)` at the rows, n values.
    pub gradient: Vec<f64>,
    /// The value of the kernel sum at the boundary.
    pub rho: f64,
    /// Whether the tolerance was reached within ten million steps (and a hundred a row).
    pub settled: bool,
}

/// Rounding in a gradient, as a share of the largest: no tolerance below it can be reached.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// Finds the optimum of the one-class problem (see the [module page](super)).
///
/// # Errors
/// [`Cancelled`] when the run is interrupted.
///
/// # Cost
/// O(n s d) for the first gradients, in parallel, s = rows with a multiplier (at least nu N / largest
/// copies); then O(n d) a step and some times n steps in all, fewer rows taking part as it goes. Memory
/// O(n d) and 256 MiB of kernel rows at most.
///
/// # Source
/// B. Schölkopf, J. Platt, J. Shawe-Taylor, A. Smola and R. Williamson, "Estimating the support of a
/// high-dimensional distribution", Neural Computation 13(7), 2001; the order of steps from R.-E. Fan,
/// P.-H. Chen and C.-J. Lin, "Working set selection using second order information for training
/// support vector machines", JMLR 6, 2005.
pub fn one_class(x: &Sample, settings: &Settings, ctx: &Ctx) -> Result<Solution, Cancelled> {
    ctx.check()?;
    let alpha = start(x, settings, ctx)?;
    let all = Expansion::new(settings.kernel, x.x(), &alpha);
    let gradient = all.at_rows(x.x(), ctx, |done| ctx.step(done, 2 * x.rows()))?;
    let largest = gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
    let tolerance = settings.tol.max(ROUNDING * largest);
    let known = alpha.clone();
    let mut solver = Solver { x, kernel: settings.kernel, alpha, known, gradient };
    let settled = solver.run(tolerance, settings.shrinking, ctx)?;
    let rho = rho(&solver.alpha, &solver.gradient, x.copies());
    Ok(Solution { alpha: solver.alpha, gradient: solver.gradient, rho, settled })
}

/// Multipliers to begin with: some rows have all they may, the others nothing.
///
/// Where there is one optimum only, they are the rows of lowest kernel sum in the solution for a part
/// of the rows, most of which are at their bound in the end; elsewhere the first rows, as in the
/// reference.
fn start(x: &Sample, settings: &Settings, ctx: &Ctx) -> Result<Vec<f64>, Cancelled> {
    /// Rows in the part. More of them guess better and cost more.
    const PART: usize = 2000;
    let n = x.rows();
    let mut order: Vec<usize> = (0..n).collect();
    if settings.kernel.is_positive() && n >= 2 * PART {
        let rows = (0..PART).map(|k| k * n / PART);
        let (values, copies): (Vec<&[f64]>, Vec<u64>) =
            rows.map(|i| (x.row(i), x.copies()[i])).unzip();
        let part = Sample::collapse(&Matrix::from_rows(&values), &copies);
        let (part, _) = part.expect("rows of a sample are finite");
        let rough = Settings { tol: 1e-4 * settings.nu * part.total() as f64, ..*settings };
        // A context of its own, so that the progress shown is that of the whole.
        let found = one_class(&part, &rough, &ctx.for_model("part"))?;
        let sums = Expansion::new(settings.kernel, part.x(), &found.alpha);
        let sums = sums.at_rows(x.x(), ctx, |_| ())?;
        order.sort_by(|&a, &b| sums[a].total_cmp(&sums[b]));
    }
    let mut left = settings.nu * x.total() as f64;
    let mut alpha = vec![0.0; n];
    for i in order {
        alpha[i] = left.min(x.copies()[i] as f64);
        left -= alpha[i];
    }
    Ok(alpha)
}

/// The gradient at the boundary: the mean over rows between the bounds, weighted by their copies; with
/// none of them, the middle of what the bounds allow.
fn rho(alpha: &[f64], gradient: &[f64], copies: &[u64]) -> f64 {
    let (mut sum, mut mass) = (0.0, 0.0);
    let (mut above, mut below) = (f64::NEG_INFINITY, f64::INFINITY);
    for ((&a, &g), &c) in alpha.iter().zip(gradient).zip(copies) {
        let c = c as f64;
        if a >= c {
            above = above.max(g);
        } else if a <= 0.0 {
            below = below.min(g);
        } else {
            sum += c * g;
            mass += c;
        }
    }
    match (mass > 0.0, above.is_finite(), below.is_finite()) {
        (true, ..) => sum / mass,
        (false, true, true) => f64::midpoint(above, below),
        // With nu = 1 no row is left to bound it from below.
        (false, true, false) => above,
        _ => below,
    }
}

/// What is known of all rows, while some of them are active.
struct Solver<'a> {
    x: &'a Sample,
    kernel: Kernel,
    /// Multipliers; of the active rows as they were when these became active.
    alpha: Vec<f64>,
    /// The multipliers that the gradients go with.
    known: Vec<f64>,
    gradient: Vec<f64>,
}

impl Solver<'_> {
    /// Steps until the gap is within the tolerance; `false` if it ran out of steps before.
    fn run(&mut self, tolerance: f64, shrinking: bool, ctx: &Ctx) -> Result<bool, Cancelled> {
        let n = self.x.rows();
        let most_steps = 10_000_000_usize.saturating_add(n.saturating_mul(100));
        let between_looks = n.min(1000);
        let mut active = self.all();
        let mut until_look = between_looks;
        let first = active.gap().width();
        for _ in 0..most_steps {
            ctx.check()?;
            let gap = active.gap();
            if gap.width() <= tolerance || !active.step(&gap, &self.kernel, self.x.x(), ctx) {
                let whole = active.rows.len() == n;
                self.catch_up(&active, ctx)?;
                if whole {
                    return Ok(true);
                }
                active = self.all();
                if active.gap().width() <= tolerance {
                    return Ok(true);
                }
                until_look = 1;
            }
            until_look -= 1;
            if until_look == 0 {
                until_look = between_looks;
                report(&gap, first, tolerance, ctx);
                if shrinking {
                    for (row, alpha) in active.shrink(&active.gap(), self.x.columns()) {
                        self.alpha[row as usize] = alpha;
                    }
                }
            }
        }
        self.catch_up(&active, ctx)?;
        Ok(false)
    }

    fn all(&self) -> Active {
        Active::all(self.x.x(), self.x.copies(), &self.kernel, &self.alpha, &self.gradient)
    }

    /// Brings all gradients up to date: those of the rows set aside by what multipliers changed since.
    fn catch_up(&mut self, active: &Active, ctx: &Ctx) -> Result<(), Cancelled> {
        let (n, d) = (self.x.rows(), self.x.columns());
        let mut aside = vec![true; n];
        for (row, alpha, gradient) in active.state() {
            let row = row as usize;
            (self.alpha[row], self.gradient[row], aside[row]) = (alpha, gradient, false);
        }
        let change: Vec<f64> = self.alpha.iter().zip(&self.known).map(|(a, k)| a - k).collect();
        self.known.copy_from_slice(&self.alpha);
        let aside: Vec<usize> = (0..n).filter(|&i| aside[i]).collect();
        let values = aside.iter().flat_map(|&i| self.x.row(i)).copied().collect();
        let rows = Matrix::new(values, aside.len(), d);
        let more = Expansion::new(self.kernel, self.x.x(), &change).at_rows(&rows, ctx, |_| ())?;
        for (i, more) in aside.into_iter().zip(more) {
            self.gradient[i] += more;
        }
        Ok(())
    }
}

/// Progress from one half on: the share of the way to the tolerance on a logarithmic scale.
fn report(gap: &Gap, first: f64, tolerance: f64, ctx: &Ctx) {
    let way = (first / gap.width()).ln() / (first / tolerance).ln();
    ctx.step(1000 + (1000.0 * way.clamp(0.0, 1.0)) as usize, 2000);
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Rng;

    fn solve(rows: &[[f64; 1]], copies: &[u64], nu: f64) -> Solution {
        let x = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap().0;
        let kernel = Kernel::Rbf { gamma: 1.0 };
        let settings = Settings { kernel, nu, tol: 1e-9, shrinking: true };
        one_class(&x, &settings, &Ctx::small(0)).unwrap()
    }

    /// Two rows, one of them twice, nu N = 1.5, k = exp(-1): the multipliers a and 1.5 - a are free
    /// and a + (1.5 - a) k = a k + 1.5 - a, so both are 0.75 and rho = 0.75 (1 + k).
    #[test]
    fn two_rows_share_by_hand() {
        let found = solve(&[[0.0], [1.0]], &[2, 1], 0.5);
        assert!(found.alpha.iter().all(|a| (a - 0.75).abs() < 1e-9), "{found:?}");
        assert!((found.rho - 0.75 * (1.0 + (-1.0_f64).exp())).abs() < 1e-9 && found.settled);
    }

    /// nu = 1 leaves no choice: every multiplier is at its bound, and the largest sum is the boundary.
    #[test]
    fn with_all_rows_bound_the_boundary_is_the_largest_sum() {
        let found = solve(&[[0.0], [1.0], [5.0]], &[2, 1, 3], 1.0);
        assert_eq!(found.alpha, [2.0, 1.0, 3.0]);
        let largest = found.gradient.iter().copied().fold(0.0, f64::max);
        assert_eq!(found.rho, largest);
    }

    /// Rows set aside or not, the optimality conditions hold for the gradients of the multipliers.
    #[test]
    fn shrinking_leaves_the_optimum() {
        let mut rng = Rng::new(5, 0);
        let x = Matrix::new((0..1800).map(|_| rng.normal().round()).collect(), 300, 6);
        let copies: Vec<u64> = (0..300).map(|_| 1 + rng.below(5)).collect();
        let (x, _) = Sample::collapse(&x, &copies).unwrap();
        for (shrinking, gamma, nu) in [(true, 0.1, 0.1), (true, 0.3, 0.3), (false, 0.3, 0.3)] {
            let kernel = Kernel::Rbf { gamma };
            let settings = Settings { kernel, nu, tol: 1e-6, shrinking };
            let found = one_class(&x, &settings, &Ctx::small(0)).unwrap();
            let sums = Expansion::new(kernel, x.x(), &found.alpha);
            let sums = sums.at_rows(x.x(), &Ctx::small(0), |_| ()).unwrap();
            for (i, (&a, &c)) in found.alpha.iter().zip(x.copies()).enumerate() {
                assert!((sums[i] - found.gradient[i]).abs() < 1e-8);
                assert!(a >= c as f64 || sums[i] >= found.rho - 2e-6, "row {i} should grow");
                assert!(a <= 0.0 || sums[i] <= found.rho + 2e-6, "row {i} should shrink");
            }
            let mass: f64 = found.alpha.iter().sum();
            assert!((mass - nu * x.total() as f64).abs() < 1e-6);
        }
    }
}
