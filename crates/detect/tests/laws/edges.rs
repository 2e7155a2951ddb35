//! Laws of degenerate input: a result or a typed error, never a panic.

use super::{SEED, context, for_each_detector, new_scores, tables, try_fit};
use lanner_detect::{Entry, FitError};
use lanner_testkit::Table;

/// Fits, and scores the same rows as new ones; whatever comes out is finite or a typed error.
fn survives(entry: &dyn Entry, name: &str, table: &Table) {
    match try_fit(entry, table) {
        Ok(model) => {
            let model = model.as_fitted();
            assert_eq!(model.own_scores().len(), table.sample().0.rows(), "{name}");
            assert!(model.own_scores().iter().all(|s| s.is_finite()), "{name}");
            let ctx = context(entry, 1, SEED);
            if let Some(scores) = new_scores(model, table, &ctx) {
                assert!(scores.iter().all(|s| s.is_finite()), "{name}: new rows score {scores:?}");
            }
        }
        Err(FitError::Cancelled(_)) => panic!("{name}: nobody interrupted it"),
        Err(error) => assert!(!error.to_string().is_empty(), "{name}"),
    }
}

#[test]
fn degenerate_rows_end_in_a_result_or_a_typed_error() {
    let constant_column: Vec<[f64; 3]> =
        Table::clouds(SEED, 60, 2).x.iter_rows().map(|r| [r[0], 0.1, r[1]]).collect();
    let collinear: Vec<[f64; 4]> = Table::clouds(SEED, 60, 2)
        .x
        .iter_rows()
        .map(|r| [r[0], 2.0 * r[0], r[1], r[0] - r[1]])
        .collect();
    let heavy_equal = Table { copies: vec![100_000], ..Table::plain(&[[3.5, -1.0]]) };
    let cases = [
        ("one row", Table::plain(&[[1.0, 2.0, 3.0]])),
        ("one row of one zero", Table::plain(&[[0.0]])),
        ("two rows", Table::plain(&[[1.0, 2.0], [2.0, 1.0]])),
        ("all rows equal", Table::plain(&[[1.0, 2.0, 3.0]; 40])),
        ("one row 100,000 times", heavy_equal),
        ("a constant column", Table::plain(&constant_column)),
        ("collinear columns", Table::plain(&collinear)),
        ("one feature", Table::clouds(SEED, 50, 1)),
        ("one feature, codes", Table::codes(SEED, 50, 1)),
        ("fewer rows than k", Table::clouds(SEED, 4, 3)),
        ("1e300 in one row", Table::clouds(SEED, 50, 3).and_row(1e300, 1)),
        ("1e300 and -1e300", Table::clouds(SEED, 50, 3).and_row(1e300, 2).and_row(-1e300, 1)),
        ("all 1e300", Table::plain(&[[1e300, -1e300], [-1e300, 1e300], [1e300, 1e300]])),
        ("the largest numbers", Table::plain(&[[f64::MAX], [f64::MIN], [0.0], [1.0]])),
        ("the smallest numbers", Table::plain(&[[5e-324, 1.0], [1e-310, 1.0], [0.0, 2.0]])),
        ("far from zero", Table::plain(&[[1e15, 1.0], [1e15 + 1.0, 2.0], [1e15 + 2.0, 1.5]])),
        ("signed zeros", Table::plain(&[[-0.0, 0.0], [0.0, -0.0], [1.0, -1.0], [2.0, 0.5]])),
        ("more columns than rows", Table::clouds(SEED, 50, 120)),
        ("one row most of the table", Table::codes(SEED, 50, 4).and_row(3.0, 1 << 40)),
    ];
    for_each_detector(|entry| {
        for (name, table) in &cases {
            survives(entry, name, table);
        }
    });
}

/// A row to score may be anything finite, whatever the model was fitted on; where its distance
/// overflows, its score is the largest finite number.
#[test]
fn new_rows_far_from_everything_have_finite_scores() {
    for table in tables() {
        let odd: Vec<[f64; 5]> =
            [0.0, -0.0, 1e3, -1e9, 1e300, -1e300, f64::MAX, 5e-324].map(|v| [v; 5]).to_vec();
        for_each_detector(|entry| {
            let model = super::fit(entry, &table);
            let ctx = context(entry, 1, SEED);
            let scores = new_scores(model.as_fitted(), &Table::plain(&odd), &ctx);
            let scores = scores.unwrap_or_default();
            assert!(scores.iter().all(|s| s.is_finite()), "new rows score {scores:?}");
        });
    }
}
