//! Extra tests on real logs that are not part of the project: the folder `shared/data` beside the checkout
//! or the one named in `LANNER_TEST_DATA`. Where it is absent they say so and pass.

use crate::{number, output};
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
}
