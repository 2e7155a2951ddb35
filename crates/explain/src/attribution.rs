//! Which features a numeric detector's score comes from.
//!
//! Where the score is a sum, its own parts say it ([`Method::Exact`]). Elsewhere the model is asked
//! again, with one feature at a time made ordinary ([`Method::Neutral`]).
//!
//! - **Source** of the second, one-at-a-time replacement by a baseline: known on pictures as occlusion,
//!   M. D. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014. The
//!   difference that leaving out one feature makes explains any model since M. Robnik-Sikonja,
//!   I. Kononenko, "Explaining Classifications For Individual Instances", IEEE TKDE 20(5), 2008.

use lanner_detect::{Fitted, Scorer};
use lanner_frame::Sample;
use lanner_kernels::{ecdf::Ecdf, quantile::median};
use serde::Serialize;

/// How an attribution was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// From the parts of which the score is the sum. A distance has none in an ordinary feature, so
    /// its parts count as they are. A sum of surprises has a term for an ordinary value too, so what
    /// counts is how far each term exceeds that of the ordinary row.
    Exact,
    /// From scores of rows that differ in one feature: how far the score falls when the feature alone
    /// takes its ordinary value. It asks nothing of the model but scores of new rows.
    ///
    /// It is blind to features that are odd only together, or of which one alone is odd enough for
    /// the whole score: making either ordinary hardly lowers the score.
    Neutral,
}

/// How much of a row's score each feature carries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attribution {
    /// How it was found.
    pub method: Method,
    /// One share a feature, 0 or more, that add up to 1; all 0 where no feature raises the score.
    pub shares: Vec<f64>,
}

/// Says how much of own score `i` of a model each feature carries; `None` where the score is no sum
/// and the model scores no new rows.
///
/// The neutral way compares the model's scores of new rows on both sides, not with the own score: a
/// row is its own neighbour there, the changed row too, so that a feature that is ordinary already
/// has share 0.
///
/// # Shapes
/// - `row`: row `i` of those fitted on, d values
/// - `ordinary`: the row to compare with, d values, see [`ordinary`]
///
/// # Panics
/// If there is no row `i`, or a row has not d values.
///
/// # Cost
/// Exact: as scoring two rows. Neutral: as scoring d + 1 rows.
pub fn attribute(
    model: &dyn Fitted,
    i: usize,
    row: &[f64],
    ordinary: &[f64],
) -> Option<Attribution> {
    assert!([row.len(), ordinary.len()] == [model.columns(); 2], "a row has a value a feature");
    let mut shares = vec![0.0; row.len()];
    if model.own_shares(i, row, &mut shares) {
        if let Some(scorer) = model.scorer() {
            exceed(&mut shares, scorer, ordinary);
        }
        return Some(Attribution { method: Method::Exact, shares: normalised(shares) });
    }
    let shares = falls(model.scorer()?, row, ordinary);
    Some(Attribution { method: Method::Neutral, shares: normalised(shares) })
}

/// Subtracts the shares of the ordinary row, where a share means nothing but beside them.
fn exceed(shares: &mut [f64], scorer: &dyn Scorer, ordinary: &[f64]) {
    let mut usual = vec![0.0; shares.len()];
    if !scorer.shares_are_distances() && scorer.shares(ordinary, &mut usual) {
        for (share, usual) in shares.iter_mut().zip(usual) {
            *share -= usual;
        }
    }
}

/// How far the score of a row falls when one feature alone takes its ordinary value, for each.
fn falls(scorer: &dyn Scorer, row: &[f64], ordinary: &[f64]) -> Vec<f64> {
    let score = scorer.score(row);
    let mut changed = row.to_vec();
    let fall = |(j, &usual): (usize, &f64)| {
        changed[j] = usual;
        let fall = score - scorer.score(&changed);
        changed[j] = row[j];
        fall
    };
    ordinary.iter().enumerate().map(fall).collect()
}

/// Shares of what is above 0. Divided by the largest first, so that no sum overflows.
fn normalised(mut shares: Vec<f64>) -> Vec<f64> {
    let largest = shares.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 {
        for share in &mut shares {
            *share = share.max(0.0) / largest;
        }
        let sum: f64 = shares.iter().sum();
        for share in &mut shares {
            *share /= sum;
        }
    } else {
        shares.fill(0.0);
    }
    shares
}

/// The row of ordinary values, copies counted: the median of a feature of numbers, the most frequent
/// value of one of category codes (of equally frequent ones the smallest).
///
/// # Shapes
/// `categories`: whether each of the d features is of category codes.
///
/// # Panics
/// If `categories` has not one entry a feature.
///
/// # Cost
/// O(n d log n).
pub fn ordinary(sample: &Sample, categories: &[bool]) -> Vec<f64> {
    assert_eq!(categories.len(), sample.columns(), "a feature is of codes or of numbers");
    let of = |(j, &category): (usize, &bool)| {
        let column = sample.x().column(j);
        if category {
            most_frequent(&column, sample.copies())
        } else {
            median(&column, sample.copies())
        }
    };
    categories.iter().enumerate().map(of).collect()
}

fn most_frequent(values: &[f64], copies: &[u64]) -> f64 {
    let (ecdf, _) = Ecdf::ranked(values, copies);
    let most = ecdf.masses().reduce(|most, next| if next.1 > most.1 { next } else { most });
    most.expect("a sample has a row").0
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Matrix;

    /// Scores a row by a sum of squares, or by its largest value, and knows the terms of the former.
    struct Made {
        sum: bool,
        distances: bool,
        scores_new: bool,
    }

    impl Fitted for Made {
        fn own_scores(&self) -> &[f64] {
            &[]
        }

        fn scorer(&self) -> Option<&dyn Scorer> {
            self.scores_new.then_some(self)
        }

        fn columns(&self) -> usize {
            3
        }

        fn check(&self) -> Result<(), &'static str> {
            Ok(())
        }
    }

    impl Scorer for Made {
        fn score(&self, row: &[f64]) -> f64 {
            row.iter().copied().fold(0.0, f64::max)
        }

        fn shares(&self, row: &[f64], out: &mut [f64]) -> bool {
            if self.sum {
                for (share, v) in out.iter_mut().zip(row) {
                    *share = v * v;
                }
            }
            self.sum
        }

        fn shares_are_distances(&self) -> bool {
            self.distances
        }
    }

    const ROW: [f64; 3] = [1.0, 2.0, 4.0];

    fn of(sum: bool, distances: bool, ordinary: [f64; 3]) -> Attribution {
        attribute(&Made { sum, distances, scores_new: true }, 0, &ROW, &ordinary).unwrap()
    }

    /// Terms 1, 4, 16. As a distance they count as they are, of 21. Beside the terms 2.25, 1 and 1 of an
    /// ordinary row they exceed by less than 0, 3 and 15, of 18.
    #[test]
    fn a_sum_is_split_exactly() {
        let close = |a: &Attribution, expected: [f64; 3]| {
            assert_eq!(a.method, Method::Exact);
            assert!(a.shares.iter().zip(expected).all(|(s, e)| (s - e).abs() < 1e-15), "{a:?}");
        };
        let usual = [1.5, 1.0, 1.0];
        close(&of(true, true, usual), [1.0 / 21.0, 4.0 / 21.0, 16.0 / 21.0]);
        close(&of(true, false, usual), [0.0, 3.0 / 18.0, 15.0 / 18.0]);
        close(&of(true, false, [9.0; 3]), [0.0; 3]);
    }

    /// The largest value is 4; with 1 in its place it is 2. Nothing else lowers the score.
    #[test]
    fn any_other_score_is_split_by_replacement() {
        let neutral =
            |shares: [f64; 3]| Attribution { method: Method::Neutral, shares: shares.to_vec() };
        assert_eq!(of(false, false, [1.0; 3]), neutral([0.0, 0.0, 1.0]));
        // Raising the score is no reason for it.
        assert_eq!(of(false, false, [9.0; 3]), neutral([0.0; 3]));
        let mute = Made { sum: false, distances: false, scores_new: false };
        assert_eq!(attribute(&mute, 0, &ROW, &[1.0; 3]), None);
    }

    #[test]
    fn shares_add_up_to_one_however_large() {
        let shares = normalised(vec![f64::MAX, -f64::MAX, f64::MAX]);
        assert_eq!(shares, [0.5, 0.0, 0.5]);
    }

    /// Column 1 has 1, 1, 2, 8 (the 8 twice): median 2, most frequent 1 before 8. Column 2 is 0 but once.
    #[test]
    fn ordinary_values_count_copies() {
        let rows = [[1.0, 0.0], [1.0, 3.0], [2.0, 0.0], [8.0, 0.0]];
        let (sample, _) = Sample::collapse(&Matrix::from_rows(&rows), &[1, 1, 1, 2]).unwrap();
        assert_eq!(ordinary(&sample, &[false, true]), [2.0, 0.0]);
        assert_eq!(ordinary(&sample, &[true, false]), [1.0, 0.0]);
    }
}
