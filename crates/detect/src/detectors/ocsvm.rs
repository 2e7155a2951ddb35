//! OCSVM: one-class support vector machine.
//!
//! Looks for the smallest region that holds all but a share `nu` of the rows, its border bent by a
//! kernel. A row is odd by how far it lies outside.
//!
//! ```text
//! s(x) = rho - Σ_i a_i K(x_i, x)      0 <= a_i <= c_i,  Σ_i a_i = nu N
//! ```
//!
//! The multipliers `a` minimise `Σ_ij a_i a_j K(x_i, x_j)`; rows with `a_i` > 0 are the support vectors,
//! `rho` is the sum at the border. A row with c copies may have c times the multiplier, which is what
//! its copies would have together.
//!
//! - **Score**: in units of the kernel times `nu N`, any finite value; above 0 outside; larger is odder.
//! - **Cost**: fit O(n s d) with s support vectors, s >= `nu` n without copies, so quadratic in the
//!   distinct rows: minutes at 300,000; score O(s d) a row; memory O(n d) and 256 MiB at most.
//! - **Blind to**: rows inside the region; with a wide kernel, rows in the gaps between groups.
//! - **Source**: B. Schölkopf, J. Platt, J. Shawe-Taylor, A. Smola and R. Williamson, "Estimating the
//!   support of a high-dimensional distribution", Neural Computation 13(7), 2001.
//! - **Departs from `PyOD`**: see the card; kernels in double precision, no precomputed ones.

use crate::{
    Card, Detector, FitError, Fitted, Kind, Param, ParamError, Part, Randomness, Scorer, Shape,
};
use lanner_frame::{Ctx, Matrix, Sample};
use lanner_kernels::lanes;
use lanner_kernels::svm::{Expansion, Kernel, Settings, one_class};
use serde::{Deserialize, Serialize};

/// One-class support vector machine; see the [module page](self).
pub struct Ocsvm;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// The shape of the border.
    pub kernel: Form,
    /// Power of the `poly` kernel, 0 to 100.
    pub degree: u16,
    /// Factor of the `rbf`, `poly` and `sigmoid` kernels, 0 or more, or a rule for it.
    pub gamma: Gamma,
    /// Offset of the `poly` and `sigmoid` kernels.
    pub coef0: f64,
    /// By how much sums of kernels may miss the optimality condition, above 0.
    pub tol: f64,
    /// Share of the rows outside the region at most, and of support vectors at least; above 0, up to 1.
    pub nu: f64,
    /// Whether rows that stay at a bound are set aside meanwhile; faster, the same optimum.
    pub shrinking: bool,
}

/// The shape of the border.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Any: exp(-gamma |u - v|^2).
    Rbf,
    /// A plane: u'v.
    Linear,
    /// A polynomial: (gamma u'v + coef0)^degree.
    Poly,
    /// Like a layer of a neural network: tanh(gamma u'v + coef0).
    Sigmoid,
}

/// A number, or how to take one from the rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, \"auto\" or \"scale\"")]
pub enum Gamma {
    /// This.
    Number(f64),
    /// By a rule.
    By(Rule),
}

/// A rule for gamma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// 1 / d.
    Auto,
    /// 1 / (d times the variance of all N d values).
    Scale,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            kernel: Form::Rbf,
            degree: 3,
            gamma: Gamma::By(Rule::Auto),
            coef0: 0.0,
            tol: 1e-3,
            nu: 0.5,
            shrinking: true,
        }
    }
}

impl Params {
    /// The kernel for these rows.
    fn kernel(&self, x: &Sample) -> Kernel {
        let gamma = match self.gamma {
            Gamma::Number(gamma) => gamma,
            Gamma::By(Rule::Auto) => 1.0 / x.columns() as f64,
            Gamma::By(Rule::Scale) => match variance(x) {
                0.0 => 1.0,
                variance => 1.0 / (x.columns() as f64 * variance),
            },
        };
        let coef0 = self.coef0;
        match self.kernel {
            Form::Rbf => Kernel::Rbf { gamma },
            Form::Linear => Kernel::Linear,
            Form::Poly => Kernel::Poly { gamma, coef0, degree: self.degree },
            Form::Sigmoid => Kernel::Sigmoid { gamma, coef0 },
        }
    }
}

/// The variance of all values of the N rows, of all features together.
fn variance(x: &Sample) -> f64 {
    let mean_of = |f: &dyn Fn(f64) -> f64| {
        let rows = x.x().iter_rows().zip(x.copies());
        let sums = rows.map(|(row, &c)| c as f64 * row.iter().map(|&v| f(v)).sum::<f64>());
        sums.sum::<f64>() / (x.total() as f64 * x.columns() as f64)
    };
    let mean = mean_of(&|v| v);
    mean_of(&|v| (v - mean) * (v - mean))
}

impl Detector for Ocsvm {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "OCSVM",
        title: "One-class support vector machine",
        idea: "Draws the smallest border that holds all but a share nu of the rows, as bent as the \
               kernel allows. A row is odd by how far it lies outside.",
        formula: "s(x) = rho - sum_i a_i K(x_i, x); the weights a_i (0 to the copies of row i, nu N in \
                  sum) make sum_ij a_i a_j K(x_i, x_j) smallest, rho is the sum at the border",
        params: &[
            Param {
                name: "kernel",
                default: "rbf",
                allowed: "rbf, linear, poly, sigmoid",
                what: "K(u, v): exp(-gamma |u - v|^2), u'v, (gamma u'v + coef0)^degree, \
                       tanh(gamma u'v + coef0)",
            },
            Param {
                name: "degree",
                default: "3",
                allowed: "0 to 100",
                what: "power of the poly kernel",
            },
            Param {
                name: "gamma",
                default: "auto",
                allowed: "auto, scale, or a number, 0 or more",
                what: "how local the kernel is; auto is 1 / fields, scale is auto / variance of all \
                       values",
            },
            Param {
                name: "coef0",
                default: "0",
                allowed: "a finite number",
                what: "offset of the poly and sigmoid kernels",
            },
            Param {
                name: "tol",
                default: "0.001",
                allowed: "above 0",
                what: "how far a score may be off, in its own units (which grow with the rows)",
            },
            Param {
                name: "nu",
                default: "0.5",
                allowed: "above 0, at most 1",
                what: "share of rows outside the border at most, and of rows that define it at least",
            },
            Param {
                name: "shrinking",
                default: "true",
                allowed: "true, false",
                what: "set aside rows that stay at a bound; faster, the same scores within tol",
            },
        ],
        randomness: Randomness::None,
        cost: "fit O(n s d) with s rows that define the border: quadratic in distinct rows (seconds at \
               10,000, minutes at 300,000), flat in N; score O(s d) a row; memory O(n d) and 256 MiB",
        blind_to: "Rows inside the border, so all in a dense group. Fields count by their unit: one of \
                   large range decides alone, and with the rbf kernel leaves every row alone with its \
                   copies. It takes the numbers of categories for lengths.",
        source: "B. Schoelkopf, J. Platt, J. Shawe-Taylor, A. Smola, R. Williamson: Estimating the \
                 support of a high-dimensional distribution. Neural Computation 13(7), 2001",
        departs: "Kernels are kept in double precision, so scores agree to about tol. A tol that rounding \
                  cannot reach (below 1e-14 of the largest sum) is taken as that. With nu = 1 scores are \
                  finite. The sigmoid kernel may have several optima; which is found depends on the \
                  order of the rows, which is the canonical one here. No precomputed kernels, no max_iter.",
        kind: Kind::Numeric,
        default: false,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        let refuse = |name, given: f64, allowed| {
            let given = given.to_string();
            Err(ParamError::OutOfRange { model: Self::CARD.id, name, given, allowed })
        };
        if params.degree > 100 {
            return refuse("degree", f64::from(params.degree), "0 to 100");
        }
        if let Gamma::Number(gamma) = params.gamma
            && !(gamma >= 0.0 && gamma.is_finite())
        {
            return refuse("gamma", gamma, "auto, scale, or a finite number, 0 or more");
        }
        if !params.coef0.is_finite() {
            return refuse("coef0", params.coef0, "a finite number");
        }
        if !(params.tol > 0.0 && params.tol.is_finite()) {
            return refuse("tol", params.tol, "a finite number above 0");
        }
        if !(params.nu > 0.0 && params.nu <= 1.0) {
            return refuse("nu", params.nu, "above 0, at most 1");
        }
        Ok(())
    }

    fn guess(_params: &Params, shape: Shape) -> f64 {
        // Measured at nu = 0.5; a smaller nu makes the first gradients cheaper and little else.
        shape.n() * shape.n() * (2e-8 + 1e-9 * shape.d())
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let kernel = params.kernel(x);
        let (nu, tol, shrinking) = (params.nu, params.tol, params.shrinking);
        let found = one_class(x, &Settings { kernel, nu, tol, shrinking }, ctx)?;
        Ok(Model {
            support: Expansion::new(kernel, x.x(), &found.alpha),
            rho: found.rho,
            settled: found.settled,
            own: found.gradient.iter().map(|sum| found.rho - sum).collect(),
        })
    }
}

/// The rows that define the border, and the scores of the rows it was fitted on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    support: Expansion,
    rho: f64,
    settled: bool,
    own: Vec<f64>,
}

impl Model {
    fn score_lanes<const L: usize>(&self, columns: &[[f64; L]]) -> [f64; L] {
        self.support.at(columns).map(|sum| {
            let score = self.rho - sum;
            // Overflows of opposite signs make NaN, which is of a row beyond measure too.
            if score.is_nan() { f64::MAX } else { score.clamp(f64::MIN, f64::MAX) }
        })
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
        let note = "stopped before the tolerance was reached: scores are approximate".to_owned();
        (!self.settled).then_some(note).into_iter().collect()
    }

    fn parts(&self) -> Vec<Part> {
        let (points, weights) = self.support.terms();
        vec![
            Part::table("support_vectors", self.support.columns(), points.to_vec()),
            Part::list("dual_coef", weights.to_vec()),
            Part::number("rho", self.rho),
        ]
    }

    fn columns(&self) -> usize {
        self.support.columns()
    }

    fn check(&self) -> Result<(), &'static str> {
        self.support.is_whole().then_some(()).ok_or("a support vector is not whole")
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        self.score_lanes(row.as_chunks::<1>().0)[0]
    }

    fn score_block(&self, x: &Matrix, first: usize, out: &mut [f64]) {
        lanes::for_rows(x, first, out, |c| self.score_lanes(c), |c| self.score_lanes(c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &[[f64; 1]], copies: &[u64], params: &Params) -> Model {
        let x = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap().0;
        Ocsvm::fit(&x, params, &Ctx::small(1)).unwrap()
    }

    /// Rows 0 (three times) and 2, nu N = 2, k = exp(-4): row 2 is at its bound 1, row 0 has 1 of 3.
    /// The border goes through row 0: rho = 1 + k, both sums are 1 + k, so both scores are 0; a row at
    /// 1 has 2 exp(-1) of kernels, so 1 + exp(-4) - 2 exp(-1) = 0.2826.
    #[test]
    fn two_rows_by_hand() {
        let params = Params { tol: 1e-9, ..Params::default() };
        let model = fit(&[[0.0], [2.0]], &[3, 1], &params);
        assert!(model.own.iter().all(|s| s.abs() < 1e-9), "{:?}", model.own);
        let by_hand = 1.0 + (-4.0_f64).exp() - 2.0 * (-1.0_f64).exp();
        assert!((model.score(&[1.0]) - by_hand).abs() < 1e-9);
    }

    /// Values 0, 0, 0, 4: variance 3, so scale is 1/3 in one feature; auto is 1.
    #[test]
    fn gamma_counts_copies() {
        let x = Sample::collapse(&Matrix::from_rows(&[[0.0], [4.0]]), &[3, 1]).unwrap().0;
        let of = |rule| Params { gamma: Gamma::By(rule), ..Params::default() }.kernel(&x);
        assert_eq!(of(Rule::Scale), Kernel::Rbf { gamma: 1.0 / 3.0 });
        assert_eq!(of(Rule::Auto), Kernel::Rbf { gamma: 1.0 });
    }

    /// A kernel that is no inner product still ends, at a point from which no step helps.
    #[test]
    fn the_sigmoid_kernel_settles() {
        let params = Params { kernel: Form::Sigmoid, coef0: -1.0, ..Params::default() };
        let rows: Vec<[f64; 1]> = (0..40).map(|i| [f64::from(i * i % 17) - 8.0]).collect();
        let model = fit(&rows, &[2; 40], &params);
        assert!(model.settled && model.own.iter().all(|s| s.is_finite()));
    }
}
