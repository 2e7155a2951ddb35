//! Bad usage: one clear line and the right exit status.

use crate::{lanner, output, trail};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// Runs a command that must fail with `code` and a line that holds every one of `words`.
fn refused(dir: &Path, args: &[&str], code: i32, words: &[&str]) {
    let done = lanner(dir).args(args).output().unwrap();
    let text = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(code), "{args:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{args:?}: no {word:?} in {text}");
    }
    let errors = text.lines().filter(|l| l.starts_with("error:")).count();
    assert_eq!(errors, 1, "{args:?}: {text}");
}

#[test]
fn bad_usage_gets_one_clear_line() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    trail(at, 500);
    let hunt = |rest: &[&str], code: i32, words: &[&str]| {
        let mut args = vec!["hunt", "trail.parquet"];
        args.extend(rest);
        refused(at, &args, code, words);
    };
    hunt(&["--fields", "eventNme"], 2, &["eventNme", "eventName"]);
    hunt(&["--models", "KNM"], 2, &["KNM", "KNN"]);
    hunt(&["--param", "LOF.neighbours=3"], 2, &["neighbours", "n_neighbors"]);
    hunt(&["--param", "LOF.n_neighbors=0"], 2, &["n_neighbors", "0"]);
    hunt(&["--contamination", "0.7"], 2, &["--contamination", "0.5"]);
    hunt(&["--where", "eventName ="], 2, &["SQL"]);
    hunt(&["--where", "nosuch = 1"], 2, &["nosuch"]);
    hunt(&["--since", "yesterday"], 2, &["--since", "yesterday"]);
    hunt(&["--tz", "Mars/Base"], 2, &["Mars/Base"]);
    hunt(&["--engine", "sc://host:15002"], 2, &["cluster", "local"]);
    hunt(&["--where", "eventName = 'NoSuchCall'"], 1, &["no record"]);
    refused(at, &["hunt", "nothing.json"], 1, &["nothing.json"]);
    refused(at, &["hunt", "s3://bucket/x"], 2, &["object stores"]);
    refused(at, &["models", "XYZ"], 2, &["XYZ", "KNN"]);
}

#[test]
fn output_never_lands_in_the_input_nor_on_something_else() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    fs::create_dir(at.join("logs")).unwrap();
    fs::write(at.join("logs/t.csv"), "a,b\n1,x\n2,y\n").unwrap();
    refused(at, &["hunt", "logs", "--out", "logs/found"], 2, &["inside"]);
    fs::create_dir(at.join("other")).unwrap();
    refused(at, &["hunt", "logs", "--out", "other"], 2, &["exists"]);
    refused(at, &["hunt", "logs", "--out", "other", "--force"], 2, &["not the folder"]);
    refused(at, &["hunt", "logs", "--out", "no/such/found"], 1, &["no/such"]);
}

#[test]
fn too_many_rejects_are_status_3_and_the_rest_is_scored() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    let mut text = String::from("{\"a\":1,\"b\":\"x\"}\n").repeat(20);
    text.push_str("{\"a\":2,\"b\":\n{broken\n");
    fs::write(at.join("t.ndjson"), text).unwrap();
    let args = ["hunt", "t.ndjson", "--out", "found", "--models", "HBOS"];
    refused(at, &args, 3, &["rejected", "--max-rejects"]);
    assert!(at.join("found/manifest.json").is_file());
}

#[test]
fn no_input_and_no_file_of_a_hunt_is_replaced() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("t.csv"), "a,b\n1,x\n2,y\n3,x\n").unwrap();
    output(at, &["hunt", "t.csv", "--out", "found", "--models", "HBOS", "--quiet"]);
    refused(at, &["score", "--model", "HBOS", "t.csv", "--out", "t.csv"], 2, &["not replaced"]);
    let sql = "SELECT * FROM tuples";
    refused(at, &["query", "found", sql, "--out", "found/manifest.json"], 2, &["not replaced"]);
    refused(at, &["query", "found", sql, "-f", "csv", "--out", "t.csv"], 2, &["not replaced"]);
    refused(at, &["query", "nothing", sql], 2, &["finished hunt"]);
    assert!(fs::read_to_string(at.join("t.csv")).unwrap().starts_with("a,b"));
}

#[test]
fn an_empty_input_is_said_to_be_empty() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("zero.csv"), "").unwrap();
    fs::write(at.join("head.csv"), "a,b\n").unwrap();
    refused(at, &["hunt", "zero.csv"], 1, &["no record"]);
    refused(at, &["hunt", "head.csv"], 1, &["no record"]);
}

#[test]
fn a_query_only_reads() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("t.csv"), "a,b\n1,x\n2,y\n3,x\n").unwrap();
    let done =
        lanner(at).args(["hunt", "t.csv", "--out", "found", "--models", "HBOS"]).output().unwrap();
    assert!(done.status.success());
    for sql in [
        "DROP TABLE tuples",
        "INSERT INTO tuples VALUES (1)",
        "COPY tuples TO 'x.csv'",
        "SET a = 1",
    ] {
        let done = lanner(at).args(["query", "found", sql]).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
