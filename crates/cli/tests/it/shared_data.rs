//! Extra tests on real logs that are not part of the project: the folder `shared/data` beside the checkout
//! or the one named in `LANNER_TEST_DATA`. Where it is absent they say so and pass.

use crate::{number, output};
use lanner_collapse::Memory;
use lanner_frame::{Cancel, Rng};
use lanner_pipeline::{Grounds, Limits, Recipe, Request, Silent, hunt, pick_models};
use lanner_read::Options;
use lanner_recipe::{Aspect, Reasons};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tempfile::tempdir;

/// A path in the test data, if there is any.
pub(crate) fn data(path: &str) -> Option<String> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let root = std::env::var_os("LANNER_TEST_DATA").map_or(beside, PathBuf::from);
    let full = root.join(path);
    if full.exists() {
        return Some(full.to_string_lossy().into_owned());
    }
    println!("skipped: no {path} in the test data");
    None
}

#[test]
fn a_real_trail_is_accounted_for() {
    let Some(tree) = data("cloudtrail/invictus/AWSLogs") else { return };
    let dir = tempdir().unwrap();
    let at = dir.path();
    let summary = output(at, &["hunt", &tree, "--out", "found"]);
    assert!(summary.contains("954 CloudTrail records"), "{summary}");
    assert!(summary.contains("954 scored + 0 filtered + 0 rejected"), "{summary}");
    assert_eq!(number(at, "found", "SELECT count(*) AS n FROM tuples"), 236.0);
    assert_eq!(number(at, "found", "SELECT sum(copies) AS n FROM tuples"), 954.0);
    assert_eq!(number(at, "found", "SELECT count(*) AS n FROM rows"), 954.0);
}

#[test]
fn a_labelled_table_takes_the_preset() {
    let Some(table) = data("cloudtrail/labelled_dev.parquet") else { return };
    let dir = tempdir().unwrap();
    let at = dir.path();
    output(at, &["hunt", &table, "--out", "found", "--quiet"]);
    assert_eq!(number(at, "found", "SELECT count(*) AS n FROM tuples"), 5376.0);
    assert_eq!(number(at, "found", "SELECT sum(copies) AS n FROM tuples"), 100_207.0);
    let text = output(at, &["evaluate", "found", "--label", "label", "--json"]);
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(all["list"]["ap"].as_f64().unwrap() >= 0.69, "{all:#}");
    assert_eq!(all["list"]["techniques_at"]["100"], 12, "{all:#}");
}

/// Of the 100 strangest tuples: making ordinary what the first reason speaks about lowers the score more than
/// making another field ordinary, drawn at random, in at least nine of ten.
#[test]
fn first_reasons_carry_the_scores_of_a_labelled_table() {
    let Some(table) = data("cloudtrail/labelled_dev.parquet") else { return };
    let request = Request {
        inputs: vec![table.clone()],
        fields: None,
        encode: None,
        numeric: Vec::new(),
        categorical: Vec::new(),
        recipe: Recipe::Lanner,
        preset: None,
        own_preset: None,
        reject_nulls: false,
        filter: None,
        since: None,
        until: None,
        models: pick_models(&[], &BTreeMap::new()).unwrap(),
        contamination: 0.001,
        top: 100,
        seed: 42,
        limits: Limits::default(),
        threads: 0,
        memory: Memory::default(),
    };
    let cancel = Cancel::default();
    let inputs = lanner_read::open(&[table], &Options::default()).unwrap();
    let found = hunt(inputs, &request, &cancel, &Silent).unwrap();
    let Grounds::Lanner(grounds) = &found.outcome.tuples.grounds else { panic!("not lanner") };
    let (facts, scored, order) = grounds.scored();
    let reasons = Reasons::new(facts, scored);
    let (mut rng, mut faithful, mut asked) = (Rng::new(5, 0), 0, 0);
    for &i in &order[..100] {
        let i = i as usize;
        let all = reasons.of_tuple(i);
        let Some(first) = all.iter().find(|r| !r.fields.is_empty() && r.sql.is_some()) else {
            continue;
        };
        let column = facts.columns.iter().position(|c| c.name == first.fields[0]).unwrap();
        let step = 1 + rng.below(facts.columns.len() as u64 - 1) as usize;
        let other = (column + step) % facts.columns.len();
        let without = |j| scored.neutralised(facts, i, Some(Aspect::Column(j)));
        asked += 1;
        faithful += usize::from(without(column) < without(other));
    }
    println!("faithful: {faithful} of {asked}");
    assert!(asked >= 90 && faithful * 10 >= asked * 9, "{faithful} of {asked}");
}
