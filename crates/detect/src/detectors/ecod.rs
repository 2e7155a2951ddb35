//! ECOD: outlier detection from empirical cumulative distributions.
//!
//! Asks of each value how few rows lie as far out, to the left and to the right, and adds up the larger
//! of the two over columns; in a column without skewness, both.
//!
//! ```text
//! l_j(v) = -ln( rows with x_j <= v / N )      r_j(v) = -ln( rows with x_j >= v / N )
//! k_j(v) = l_j where the skewness of column j is negative, r_j where positive, l_j + r_j where 0
//! s(x)   = sum over j of max( l_j(x_j), r_j(x_j), k_j(x_j) )
//! ```
//!
//! Rows are counted with their copies, N is their number.
//!
//! - **Score**: nats, 0 or more; larger is odder.
//! - **Cost**: fit O(d n log n), a row O(d log n), memory O(n d).
//! - **Blind to**: rows odd only in combination; values in a gap in the middle of a column.
//! - **Source**: Z. Li, Y. Zhao, X. Hu, N. Botta, C. Ionescu and G. Chen, "ECOD: Unsupervised Outlier
//!   Detection Using Empirical Cumulative Distribution Functions", IEEE TKDE, 2022.
//! - **Departs**: as the paper's authors' own code does, the larger tail is taken column by column, not
//!   the largest of three sums. New rows are scored against the fitted rows alone; see the card.

use crate::tails::{Model, Tails};
use crate::{Card, Detector, FitError, Kind, ParamError, Randomness, Shape};
use lanner_frame::{Ctx, Sample};
use serde::{Deserialize, Serialize};

/// Outlier detection from empirical distributions; see the [module page](self).
pub struct Ecod;

/// It has none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {}

impl Detector for Ecod {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "ECOD",
        title: "Empirical-cumulative-distribution outlier detection",
        idea: "Asks of each field how few rows lie as far out as this one, at whichever end is nearer, and adds \
               up the surprise. It finds rows at an end of several fields at once, and needs no settings.",
        formula: "s(x) = sum over fields j of max(l_j, r_j, k_j); l_j = -ln(share of rows with x_j or less), r_j \
                  = -ln(share with x_j or more), k_j = l_j where field j is skewed to the left, r_j where to \
                  the right, l_j + r_j where neither",
        params: &[],
        randomness: Randomness::None,
        cost: "fit O(d n log n), a new row O(d log n), memory O(n d)",
        blind_to: "Rows that are odd only in combination, and rare values in the middle of a field. Of category \
                   codes it sees only the alphabetical ends: a rare name between common ones looks ordinary.",
        source: "Z. Li, Y. Zhao, X. Hu, N. Botta, C. Ionescu, G. Chen: ECOD: Unsupervised Outlier Detection \
                 Using Empirical Cumulative Distribution Functions. IEEE TKDE, 2022",
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
    t.left.max(t.right).max(t.leaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fitted;
    use lanner_frame::Matrix;

    fn scores(values: [f64; 3], copies: [u64; 3]) -> Vec<f64> {
        let (sample, _) =
            Sample::collapse(&Matrix::from_rows(&values.map(|v| [v])), &copies).unwrap();
        Ecod::fit(&sample, &Params {}, &Ctx::small(0)).unwrap().own_scores().to_vec()
    }

    /// Values 0, 0, 1, 5: left tails ln 2, ln 4/3, 0, right ones 0, ln 2, ln 4; the larger one counts.
    #[test]
    fn takes_the_larger_tail_of_a_skewed_column() {
        let by_hand = [2.0_f64.ln(), 2.0_f64.ln(), 4.0_f64.ln()];
        for (own, expected) in scores([0.0, 1.0, 5.0], [2, 1, 1]).iter().zip(by_hand) {
            assert!((own - expected).abs() < 1e-12, "{own} {expected}");
        }
    }

    /// Values 0, 1, 2 are not skewed: 1 has two of three rows on either side, and ln 3/2 counts twice.
    #[test]
    fn takes_both_tails_of_a_symmetric_column() {
        let by_hand = [3.0_f64.ln(), 2.0 * 1.5_f64.ln(), 3.0_f64.ln()];
        for (own, expected) in scores([0.0, 1.0, 2.0], [1, 1, 1]).iter().zip(by_hand) {
            assert!((own - expected).abs() < 1e-12, "{own} {expected}");
        }
    }
}
