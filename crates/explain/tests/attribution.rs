//! Attributions of every detector in the registry.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lanner_detect::{ALL, Entry, Kind, Saved, find};
use lanner_explain::{Attribution, Method, attribute, ordinary};
use lanner_frame::{Cancel, Ctx, Matrix, Sample, Workers};
use lanner_testkit::Table;

const COLUMNS: usize = 5;
/// Two rows, each far out in one feature and ordinary in the others: feature, value.
const ODD: [(usize, f64); 2] = [(1, 14.0), (3, -14.0)];

/// A cloud and two small ones, and the odd rows behind them.
fn table() -> Table {
    let clouds = Table::clouds(42, 240, COLUMNS);
    let odd = ODD.map(|(feature, value)| {
        let mut row: Vec<f64> = (0..COLUMNS).map(|j| 0.1 * j as f64 + 0.05).collect();
        row[feature] = value;
        row
    });
    let rows: Vec<&[f64]> = clouds.x.iter_rows().chain(odd.iter().map(Vec::as_slice)).collect();
    Table { x: Matrix::from_rows(&rows), copies: vec![1; rows.len()] }
}

/// Category codes, and the most frequent ones of each feature with the odd values among them.
fn code_table() -> Table {
    let codes = Table::codes(42, 240, COLUMNS);
    let odd = ODD.map(|(feature, value)| {
        let mut row = [0.0; COLUMNS];
        row[feature] = value.abs() + 60.0;
        row
    });
    let rows: Vec<&[f64]> = codes.x.iter_rows().chain(odd.iter().map(|row| &row[..])).collect();
    let copies = codes.copies.iter().copied().chain([1; ODD.len()]).collect();
    Table { x: Matrix::from_rows(&rows), copies }
}

/// Fits a detector with its defaults, but networks smaller.
fn fit(entry: &dyn Entry, sample: &Sample, threads: usize) -> Box<dyn Saved> {
    let given = match entry.card().id {
        "DIF" => r#"{"hidden_neurons": [24, 16], "n_ensemble": 6}"#,
        "LUNAR" => r#"{"n_epochs": 12}"#,
        _ => "{}",
    };
    let model = entry.configure(&serde_json::from_str(given).unwrap()).unwrap();
    let ctx = Ctx::new(Workers::new(threads).unwrap(), Cancel::default(), 42);
    model.fit(sample, &ctx.for_model(entry.card().id)).unwrap_or_else(|e| panic!("{e}"))
}

/// The attributions of the odd rows.
fn attributions(entry: &dyn Entry, threads: usize) -> Vec<Option<Attribution>> {
    let categorical = entry.card().kind == Kind::Categorical;
    let (sample, places) = if categorical { code_table() } else { table() }.sample();
    let usual = ordinary(&sample, &[categorical; COLUMNS]);
    let model = fit(entry, &sample, threads);
    let of_row =
        |&i: &u32| attribute(model.as_fitted(), i as usize, sample.row(i as usize), &usual);
    places[places.len() - ODD.len()..].iter().map(of_row).collect()
}

/// What is seen of a row that is odd in one feature, for every detector.
///
/// - LODA: a cut goes through two features here, and the one beside the odd one gets a part of its
///   term. In 100 cuts the odd feature leads most rows, not all.
/// - LMDD scores no new rows and is no sum.
/// - CBRW: from the most frequent values a walk leads to many others, so a rare value beside these alone
///   is visited no more than they are.
#[test]
fn a_row_odd_in_one_feature_has_its_largest_share_there() {
    for entry in ALL {
        let id = entry.card().id;
        for ((feature, _), attribution) in ODD.into_iter().zip(attributions(*entry, 1)) {
            let Some(Attribution { shares, .. }) = attribution else {
                assert_eq!(id, "LMDD");
                continue;
            };
            if id == "CBRW" {
                continue;
            }
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{id}: {shares:?}");
            let others = (0..COLUMNS).filter(|&j| j != feature);
            let leads = others.map(|j| shares[j]).fold(0.0, f64::max) < shares[feature];
            assert!(leads || id == "LODA", "{id}, feature {feature}: {shares:?}");
        }
    }
}

#[test]
fn the_document_says_how_each_detector_is_explained() {
    let document = include_str!("../../../docs/explanations.md");
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert_eq!(rows.len(), ALL.len());
    for (entry, row) in ALL.iter().zip(rows) {
        let way = match attributions(*entry, 1).remove(0).map(|a| a.method) {
            Some(Method::Exact) => "exact",
            Some(Method::Neutral) => "neutral",
            None => "none",
        };
        let expected = format!("| {} | {way} |", entry.card().id);
        assert!(row.starts_with(&expected), "{expected}, not {row}");
    }
}

/// What LODA can promise: over many rows, each odd in one feature, the odd one leads.
#[test]
fn loda_names_the_odd_feature_of_most_rows() {
    let clouds = Table::clouds(42, 240, COLUMNS);
    let mut right = 0;
    for trial in 0..10 {
        let feature = trial % COLUMNS;
        let mut row = vec![0.0; COLUMNS];
        row[feature] = if trial < COLUMNS { 14.0 } else { -14.0 };
        let rows: Vec<&[f64]> = clouds.x.iter_rows().chain([row.as_slice()]).collect();
        let table = Table { x: Matrix::from_rows(&rows), copies: vec![1; rows.len()] };
        let (sample, places) = table.sample();
        let i = places[places.len() - 1] as usize;
        let usual = ordinary(&sample, &[false; COLUMNS]);
        let model = fit(find("LODA").unwrap(), &sample, 1);
        let shares = attribute(model.as_fitted(), i, sample.row(i), &usual).unwrap().shares;
        let most = (0..COLUMNS).max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
        right += usize::from(most == Some(feature));
    }
    assert!(right >= 7, "{right} of 10");
}

#[test]
fn attributions_have_the_same_bits_at_any_number_of_threads() {
    for entry in ALL {
        let bits = |threads: usize| {
            let shares = attributions(*entry, threads).into_iter().flatten().flat_map(|a| a.shares);
            shares.map(f64::to_bits).collect::<Vec<_>>()
        };
        assert_eq!(bits(1), bits(2), "{}", entry.card().id);
    }
}
