//! COPOD: copula-based outlier detection.
//!
//! Takes each column's empirical distribution as its margin, and asks of each value how few rows lie
//! as far out. The side that counts is the one the column's skewness points to, or the mean of both
//! sides where that is more.
//!
//! ```text
//! l_j(v) = -ln( rows with x_j <= v / N )      r_j(v) = -ln( rows with x_j >= v / N )
//! k_j(v) = l_j where the skewness of column j is negative, r_j where positive, l_j + r_j where 0
//! s(x)   = sum over j of max( k_j(x_j), (l_j(x_j) + r_j(x_j)) / 2 )
//! ```
//!
//! Rows are counted with their copies, N is their number.
//!
//! - **Score**: nats, 0 or more; larger is odder.
//! - **Cost**: fit O(d n log n), a row O(d log n), memory O(n d).
//! - **Blind to**: rows odd only in combination; values in a gap in the middle of a column.
//! - **Source**: Z. Li, Y. Zhao, N. Botta, C. Ionescu and X. Hu, "COPOD: Copula-Based Outlier
//!   Detection", ICDM 2020.
//! - **Departs**: new rows are scored against the fitted rows alone; see the card.

use crate::tails::{Model, Tails};
use crate::{Card, Detector, FitError, Kind, ParamError, Randomness, Shape};
use lanner_frame::{Ctx, Sample};
use serde::{Deserialize, Serialize};

/// Copula-based outlier detection; see the [module page](self).
pub struct Copod;

/// It has none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {}

impl Detector for Copod {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "COPOD",
        title: "Copula-based outlier detection",
        idea: "Asks of each field how few rows lie as far out as this one, at the end of the scale where the \
               field has its long tail, and adds up the surprise. It finds rows at the rare end of several \
               fields at once, and needs no settings.",
        formula: "s(x) = sum over fields j of max(k_j, (l_j + r_j) / 2); l_j = -ln(share of rows with x_j or \
                  less), r_j = -ln(share with x_j or more), k_j = l_j where field j is skewed to the left, r_j \
                  where to the right, l_j + r_j where neither",
        params: &[],
        randomness: Randomness::None,
        cost: "fit O(d n log n), a new row O(d log n), memory O(n d)",
        blind_to: "Rows that are odd only in combination, and rare values in the middle of a field. Of category \
                   codes it sees only the alphabetical ends: a rare name between common ones looks ordinary.",
        source: "Z. Li, Y. Zhao, N. Botta, C. Ionescu, X. Hu: COPOD: Copula-Based Outlier Detection. ICDM, 2020",
        departs: "New rows are scored against the fitted rows alone, one by one; PyOD joins all new rows to the \
                  fitted ones first, so its scores change with the batch. A value beyond all fitted ones counts \
                  as one row of N + 1. A skewness of 1e-12 or less, which rounding alone can make, counts as 0.",
        kind: Kind::Numeric,
        default: true,
    };

    fn check(_params: &Params) -> Result<(), ParamError> {
        Ok(())
    }

    fn guess(_params: &Params, shape: Shape) -> f64 {
        4e-8 * shape.values() * shape.n().log2().max(1.0)
    }

    fn fit(x: &Sample, _params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        Model::fit(x, term, ctx)
    }
}

fn term(t: Tails) -> f64 {
    t.leaning.max(f64::midpoint(t.left, t.right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fitted;
    use lanner_frame::Matrix;

    fn fitted() -> Model {
        let x = Matrix::from_rows(&[[0.0], [1.0], [5.0]]);
        let (sample, _) = Sample::collapse(&x, &[2, 1, 1]).unwrap();
        Copod::fit(&sample, &Params {}, &Ctx::small(0)).unwrap()
    }

    /// Values 0, 0, 1, 5, skewed to the right. Of 4 rows, 4, 2 and 1 are at least 0, 1 and 5, so the
    /// right tails are 0, ln 2 and ln 4; 2, 3 and 4 are at most that, the left ones ln 2, ln 4/3 and 0.
    /// The value 0 takes the mean of its tails, the others their right one.
    #[test]
    fn matches_the_formula_by_hand() {
        let by_hand = [2.0_f64.ln() / 2.0, 2.0_f64.ln(), 4.0_f64.ln()];
        for (own, expected) in fitted().own_scores().iter().zip(by_hand) {
            assert!((own - expected).abs() < 1e-12, "{own} {expected}");
        }
    }

    /// 3 lies above three rows and below one. 9 lies above all: its right tail is ln 5. -9 lies below
    /// all: its left tail is ln 5, its right one 0, and their mean counts.
    #[test]
    fn values_it_never_saw_have_finite_tails() {
        let model = fitted();
        let scorer = model.scorer().unwrap();
        for (v, expected) in [(3.0, 4.0_f64.ln()), (9.0, 5.0_f64.ln()), (-9.0, 5.0_f64.ln() / 2.0)]
        {
            assert!((scorer.score(&[v]) - expected).abs() < 1e-12, "{v}");
        }
    }
}
