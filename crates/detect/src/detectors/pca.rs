//! PCA: principal components.
//!
//! Turns the features into directions without correlation. A row is odd that is far from where the
//! directions point, and most so along directions in which rows hardly vary.
//!
//! ```text
//! z    = (x - mean) / deviation, feature by feature
//! s(x) = Σ_k |z - v_k| / r_k
//! ```
//!
//! `v_k` is the unit vector of component k, `r_k` its share of the variance. Means, deviations and
//! components are those of the N rows: a row with c copies counts c times. The distance to `v_k` as to a
//! point, where Shyu et al. have the coordinate along it, is the reference's.
//!
//! - **Score**: distances in standard deviations over shares, 0 or more; larger is odder.
//! - **Cost**: fit O(n d² + d³), score O(d k) a row; memory O(n d + d²).
//! - **Blind to**: rows near the mean; what is odd in the tail of a feature already wide.
//! - **Source**: M.-L. Shyu, S.-C. Chen, K. Sarinnapakorn and L. Chang, "A novel anomaly detection scheme
//!   based on principal component classifier", ICDM 2003 workshop on foundations of data mining.
//! - **Departs from `PyOD`**: components without variance are left out; always an exact decomposition.

use crate::{
    Card, Detector, FitError, Fitted, Kind, Param, ParamError, Part, Randomness, Scorer, Shape,
};
use lanner_frame::{Ctx, Matrix, Sample};
use lanner_kernels::lanes::{self, squared_distances};
use lanner_kernels::principal::{Component, components, likeliest_dimension};
use lanner_kernels::standard::Standard;
use serde::{Deserialize, Serialize};

/// A component with a smaller share of the variance is rounding: dividing by it would drown the rest.
const LEAST_SHARE: f64 = 1e-12;

/// Principal components; see the [module page](self).
pub struct Pca;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Components kept, those of largest variance; `None` keeps all.
    pub n_components: Option<Keep>,
    /// How many of those kept the score is summed over, the ones of smallest variance; `None` for all.
    pub n_selected_components: Option<usize>,
    /// Changes no score; taken because the reference takes it.
    pub whiten: bool,
    /// Whether distances are divided by the component's share of the variance.
    pub weighted: bool,
    /// Whether features are brought to mean 0 and deviation 1 before.
    pub standardization: bool,
}

/// How many components are kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a whole number, a share between 0 and 1, \"mle\" or null")]
pub enum Keep {
    /// So many, 1 or more.
    Count(usize),
    /// As many as it takes for more than this share of the variance, between 0 and 1.
    Share(f64),
    /// As many as a rule finds best.
    By(Rule),
}

/// A rule for the number of components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// The most likely one (Minka 2000).
    Mle,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            n_components: None,
            n_selected_components: None,
            whiten: false,
            weighted: true,
            standardization: true,
        }
    }
}

impl Detector for Pca {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "PCA",
        title: "Principal components",
        idea: "Turns the fields into directions without correlation. A row is odd that is far out, above \
               all if it breaks a relation between fields that nearly all rows keep.",
        formula: "s(x) = sum over components k of |z - v_k| / r_k; z = (x - mean) / deviation by field, v_k \
                  the unit vector of the component, r_k its share of the variance",
        params: &[
            Param {
                name: "n_components",
                default: "null",
                allowed: "null, 1 to the smaller of rows and fields, a share between 0 and 1, mle",
                what: "components kept, largest variance first: all, so many, enough for that share of the \
                       variance, or as many as are likely more than noise (Minka)",
            },
            Param {
                name: "n_selected_components",
                default: "null",
                allowed: "null, or 1 to the components kept",
                what: "how many of those kept are summed, smallest variance first; null for all",
            },
            Param {
                name: "whiten",
                default: "false",
                allowed: "true, false",
                what: "changes no score, here or in the reference",
            },
            Param {
                name: "weighted",
                default: "true",
                allowed: "true, false",
                what: "divide by the share of the variance, so that narrow directions count most",
            },
            Param {
                name: "standardization",
                default: "true",
                allowed: "true, false",
                what: "bring every field to mean 0 and deviation 1 before",
            },
        ],
        randomness: Randomness::None,
        cost: "fit O(n d^2 + d^3), score O(d k) a row; flat in N",
        blind_to: "Rows near the mean, and groups: it knows one cloud. The reference measures to the tip of \
                   a component's unit vector, so opposite rows differ, and one narrow direction can outweigh \
                   all others. It takes the numbers of categories for lengths.",
        source: "M.-L. Shyu, S.-C. Chen, K. Sarinnapakorn, L. Chang: A novel anomaly detection scheme based \
                 on principal component classifier. ICDM foundations workshop, 2003",
        departs: "With weighted, components with less than 1e-12 of the variance are left out and counted in \
                  a note, where PyOD divides by them. The decomposition is always exact: svd_solver, tol, \
                  iterated_power and random_state are not there. Where the largest entries of a component \
                  are equal, as with two fields, either sign is right: here the first one is positive.",
        kind: Kind::Numeric,
        default: false,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        let refuse = |name, given: String, allowed| {
            Err(ParamError::OutOfRange { model: Self::CARD.id, name, given, allowed })
        };
        let allowed = "null, 1 or more, a share between 0 and 1, or mle";
        match params.n_components {
            Some(Keep::Count(0)) => return refuse("n_components", "0".to_owned(), allowed),
            Some(Keep::Share(share)) if !(share > 0.0 && share < 1.0) => {
                return refuse("n_components", share.to_string(), allowed);
            }
            _ => {}
        }
        if params.n_selected_components == Some(0) {
            return refuse("n_selected_components", "0".to_owned(), "null, or 1 or more");
        }
        Ok(())
    }

    fn guess(_params: &Params, shape: Shape) -> f64 {
        2e-8 * shape.values() * shape.d() + 3e-8 * shape.d().powi(3)
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        ctx.check()?;
        let d = x.columns();
        let standard =
            if params.standardization { Standard::fit(x, ctx)? } else { Standard::none(d) };
        let Some((mut all, unit)) = components(&standard.rows(x.x()), x.copies(), ctx)? else {
            let why =
                "no field varies, or values are too large: there is no direction to measure along";
            return Err(FitError::Undefined { why });
        };
        all.truncate(kept(params.n_components, &all, unit, x.total())?);
        let selected = params.n_selected_components.unwrap_or(all.len());
        if selected > all.len() {
            let why = "n_selected_components is above the number of components kept";
            return Err(FitError::Undefined { why });
        }
        let before = all.len();
        if params.weighted {
            all.retain(|c| c.share >= LEAST_SHARE);
        }
        let left_out = before - all.len();
        let chosen = &all[all.len().saturating_sub(selected)..];
        let mut model = Model {
            standard,
            directions: chosen.iter().flat_map(|c| &c.direction).copied().collect(),
            divisors: chosen.iter().map(|c| if params.weighted { c.share } else { 1.0 }).collect(),
            left_out: left_out as u32,
            own: Vec::new(),
        };
        model.own = model.score_all(x.x(), ctx)?;
        Ok(model)
    }
}

/// How many of all components are kept.
fn kept(keep: Option<Keep>, all: &[Component], unit: f64, total: u64) -> Result<usize, FitError> {
    let most = all.len().min(usize::try_from(total).unwrap_or(usize::MAX));
    let undefined = |why| Err(FitError::Undefined { why });
    match keep {
        None => Ok(most),
        Some(Keep::Count(count)) if count > most => {
            undefined("n_components is above the number of fields or rows")
        }
        Some(Keep::Count(count)) => Ok(count),
        Some(Keep::Share(share)) => {
            let mut sum = 0.0;
            let enough = |c: &Component| {
                sum += c.share;
                sum > share
            };
            Ok(all[..most].iter().position(enough).map_or(most, |last| last + 1))
        }
        Some(Keep::By(Rule::Mle)) if most < all.len() => {
            undefined("n_components mle needs as many rows as fields")
        }
        Some(Keep::By(Rule::Mle)) => {
            let variances: Vec<f64> = all.iter().map(|c| c.variance * unit * unit).collect();
            likeliest_dimension(&variances, total)
                .ok_or(FitError::Undefined { why: "n_components mle needs two fields or more" })
        }
    }
}

/// The components summed over, and the scores of the rows it was fitted on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    standard: Standard,
    /// Unit vectors, one after the other.
    directions: Vec<f64>,
    /// What the distance to each is divided by.
    divisors: Vec<f64>,
    left_out: u32,
    own: Vec<f64>,
}

impl Model {
    fn score_lanes<const L: usize>(&self, columns: &[[f64; L]]) -> [f64; L] {
        let z = self.standard.columns(columns);
        let mut score = [0.0; L];
        for (v, divisor) in self.directions.chunks_exact(z.len()).zip(&self.divisors) {
            let distance = squared_distances(&z, v).map(f64::sqrt);
            score.iter_mut().zip(distance).for_each(|(s, distance)| *s += distance / divisor);
        }
        // `min` also turns NaN into the largest number.
        score.map(|s| s.min(f64::MAX))
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
        let note =
            format!("{} components have next to no variance and are left out", self.left_out);
        (self.left_out > 0).then_some(note).into_iter().collect()
    }

    fn parts(&self) -> Vec<Part> {
        let d = self.standard.features();
        vec![
            Part::table("components", d, self.directions.clone()),
            Part::list("divisors", self.divisors.clone()),
        ]
    }

    fn columns(&self) -> usize {
        self.standard.features()
    }

    fn check(&self) -> Result<(), &'static str> {
        let values = self.divisors.len().checked_mul(self.standard.features());
        let whole = self.standard.is_whole() && values == Some(self.directions.len());
        whole.then_some(()).ok_or("a component is not whole")
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

    fn fit(rows: &[[f64; 2]], params: &Params) -> Result<Model, FitError> {
        let x = Sample::collapse(&Matrix::from_rows(rows), &vec![1; rows.len()]).unwrap().0;
        Pca::fit(&x, params, &Ctx::small(1))
    }

    /// Rows (±2, 0), (0, ±1) as they are: variances 8/3 and 2/3, shares 0.8 and 0.2, components (1, 0)
    /// and (0, 1). Row (2, 0) is 1 from the first and sqrt 5 from the second: 1/0.8 + sqrt 5/0.2.
    #[test]
    fn the_score_by_hand() {
        let rows = [[-2.0, 0.0], [0.0, -1.0], [0.0, 1.0], [2.0, 0.0]];
        let params = Params { standardization: false, ..Params::default() };
        let model = fit(&rows, &params).unwrap();
        assert!((model.own[3] - (1.25 + 5.0 * 5.0_f64.sqrt())).abs() < 1e-9, "{:?}", model.own);
        let params = Params { n_selected_components: Some(1), ..params };
        assert!((fit(&rows, &params).unwrap().own[3] - 5.0 * 5.0_f64.sqrt()).abs() < 1e-9);
        for keep in [Keep::Count(1), Keep::Share(0.7), Keep::By(Rule::Mle)] {
            let params = Params { n_components: Some(keep), ..params };
            assert!((fit(&rows, &params).unwrap().own[3] - 1.25).abs() < 1e-9, "{keep:?}");
        }
        let params = Params { n_components: Some(Keep::Share(0.9)), ..params };
        assert!((fit(&rows, &params).unwrap().own[3] - 5.0 * 5.0_f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn a_component_without_variance_is_left_out_and_named() {
        let rows = [[0.0, 7.0], [1.0, 7.0], [5.0, 7.0]];
        let model = fit(&rows, &Params::default()).unwrap();
        assert_eq!((model.divisors.len(), model.notes().len()), (1, 1));
        let model = fit(&rows, &Params { weighted: false, ..Params::default() }).unwrap();
        assert_eq!((model.divisors.len(), model.notes().len()), (2, 0));
    }

    #[test]
    fn more_components_than_there_are_is_an_error() {
        let rows = [[0.0, 1.0], [1.0, 7.0], [5.0, 3.0]];
        let three = Params { n_components: Some(Keep::Count(3)), ..Params::default() };
        let of_two = Params { n_selected_components: Some(3), ..Params::default() };
        for params in [three, of_two] {
            assert!(matches!(fit(&rows, &params), Err(FitError::Undefined { .. })));
        }
    }
}
