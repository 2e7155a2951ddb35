//! `MSurprise`: marginal surprise of category codes.
//!
//! Asks of each value how small the share of rows is that have values no more frequent, and adds up the
//! surprise over columns.
//!
//! ```text
//! p_j(v) = rows whose value in column j is at most as frequent as v / N
//! s(x)   = sum over j of -ln p_j(x_j)
//! ```
//!
//! Rows are counted with their copies, N is their number. p is a p-value: in a column in which every row
//! has a value of its own, no value is surprising. A value that no row has counts as one of N + 1 rows,
//! as rare as those that occur once: p = max(1, values that occur once) / (N + 1).
//!
//! - **Score**: nats, 0 or more; larger is odder.
//! - **Cost**: fit O(d n log n), a row O(d log n), memory O(n d).
//! - **Blind to**: rows odd only in combination.
//! - **Source**: Lanner's own; the term is the p-value of an outcome by its probability, as in R. A.
//!   Fisher, "The Design of Experiments", 1935.

use crate::categories::Model;
use crate::{Card, Detector, FitError, Kind, ParamError, Randomness, Shape};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::levels::surprises;
use serde::{Deserialize, Serialize};

/// Marginal surprise; see the [module page](self).
pub struct MSurprise;

/// It has none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {}

impl Detector for MSurprise {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "MSurprise",
        title: "Marginal surprise",
        idea: "Asks of each value how few rows have a value as rare as this one, and adds up the surprise \
               over the fields. Where nearly every row has a value of its own, a new one is no surprise.",
        formula: "s(x) = sum over fields j of -ln p_j; p_j = share of rows whose value in field j is at most \
                  as frequent as x_j",
        params: &[],
        randomness: Randomness::None,
        cost: "fit O(d n log n), a new row O(d log n), memory O(n d)",
        blind_to: "Rows that are odd only in combination: a common action by a common user who never did it. \
                   Numbers: it sees equal and unequal, not near and far.",
        source: "Lanner's own, from the p-value of an outcome by its probability as in R. A. Fisher: The Design \
                 of Experiments. Oliver and Boyd, 1935",
        departs: "",
        kind: Kind::Categorical,
        default: false,
    };

    fn check(_params: &Params) -> Result<(), ParamError> {
        Ok(())
    }

    fn guess(_params: &Params, shape: Shape) -> f64 {
        8e-9 * shape.values() * shape.n().log2().max(1.0)
    }

    fn fit(x: &Sample, _params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        Model::fit(x, surprises, ctx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fitted, Scorer};
    use lanner_frame::Matrix;

    fn fitted(rows: &[[f64; 2]], copies: &[u64]) -> Model {
        let (sample, _) = Sample::collapse(&Matrix::from_rows(rows), copies).unwrap();
        MSurprise::fit(&sample, &Params {}, &Ctx::small(0)).unwrap()
    }

    /// Column 1: values 1, 2, 3 with 6, 1, 1 of 8 rows, so shares 8/8, 2/8, 2/8. Column 2: 4 and 5
    /// with 7 and 1. Unseen values: one of 9 rows, ranked with two values, and with one.
    #[test]
    fn adds_up_the_tails_of_values() {
        let model = fitted(&[[1.0, 4.0], [2.0, 4.0], [3.0, 5.0]], &[6, 1, 1]);
        let by_hand = [0.0, 4.0_f64.ln(), 4.0_f64.ln() + 8.0_f64.ln()];
        for (own, expected) in model.own_scores().iter().zip(by_hand) {
            assert!((own - expected).abs() < 1e-12, "{own} {expected}");
        }
        let mut shares = [0.0; 2];
        assert!(model.shares(&[7.0, 7.0], &mut shares));
        assert!(
            (shares[0] - 4.5_f64.ln()).abs() < 1e-12 && (shares[1] - 9.0_f64.ln()).abs() < 1e-12
        );
    }

    /// A column of identifiers surprises nobody, whatever is in it next.
    #[test]
    fn a_value_of_its_own_is_no_surprise_where_all_have_one() {
        let model = fitted(&[[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0]], &[1; 4]);
        assert_eq!(model.own_scores(), [0.0; 4]);
        assert!((model.score(&[9.0, 0.0]) - 1.25_f64.ln()).abs() < 1e-12);
    }
}
