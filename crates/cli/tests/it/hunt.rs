//! `lanner hunt` and what it leaves behind.

use crate::{lanner, number, output, query, trail};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

const FILES: [&str; 8] = [
    "events.parquet",
    "events.csv",
    "tuples.parquet",
    "models.json",
    "correlation.csv",
    "ranks.csv",
    "report.html",
    "manifest.json",
];

fn manifest(dir: &Path, hunt: &str) -> Value {
    let text = fs::read_to_string(dir.join(hunt).join("manifest.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_hunt_leaves_complete_and_consistent_files() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    trail(at, 8000);
    let summary = output(at, &["hunt", "trail.parquet", "--out", "found", "--recipe", "classic"]);
    assert!(summary.contains("The strangest"), "{summary}");
    assert!(summary.contains("8,000 scored + 0 filtered + 0 rejected"), "{summary}");
    for file in FILES {
        assert!(at.join("found").join(file).is_file(), "{file} is missing");
    }
    let manifest = manifest(at, "found");
    for check in manifest["checks"].as_array().unwrap() {
        assert_eq!(check["ok"], true, "{check}");
    }
    assert_eq!(number(at, "found", "SELECT sum(copies) AS n FROM tuples"), 8000.0);
    let models: Value =
        serde_json::from_str(&fs::read_to_string(at.join("found/models.json")).unwrap()).unwrap();
    let ran: Vec<String> = models
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["status"] == "ran")
        .map(|m| format!("out_{}", m["id"].as_str().unwrap()))
        .collect();
    assert!(ran.len() >= 12, "{models:#}");
    let sum = ran.iter().map(|c| format!("CAST({c} AS INT)")).collect::<Vec<_>>().join(" + ");
    for table in ["tuples", "events"] {
        let wrong = format!("SELECT count(*) AS n FROM {table} WHERE rank <> {sum}");
        assert_eq!(number(at, "found", &wrong), 0.0, "rank = sum of votes in {table}");
    }
    let flagged = "SELECT sum(copies) AS n FROM tuples WHERE rank >= 1";
    let events = "SELECT count(*) AS n FROM events WHERE rank >= 1";
    assert_eq!(number(at, "found", flagged), number(at, "found", events));
    let once = "SELECT count(*) - count(DISTINCT lanner_row) AS n FROM events";
    assert_eq!(number(at, "found", once), 0.0);
    let lines = csv::Reader::from_path(at.join("found/events.csv")).unwrap().into_records().count();
    assert_eq!(lines as f64, number(at, "found", "SELECT count(*) AS n FROM events"));
}

#[test]
fn rows_join_the_input_by_position() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("t.csv"), "user,n\nann,1\nbob,2\nann,1\neve,9\n").unwrap();
    output(at, &["hunt", "t.csv", "--out", "found", "--models", "HBOS,ECOD"]);
    let rows =
        query(at, "found", "SELECT lanner_row, user, code_user FROM rows ORDER BY lanner_row");
    let users: Vec<&str> = rows.iter().map(|r| r["user"].as_str().unwrap()).collect();
    assert_eq!(users, ["ann", "bob", "ann", "eve"]);
    let codes: Vec<i64> = rows.iter().map(|r| r["code_user"].as_i64().unwrap()).collect();
    assert_eq!(codes, [0, 1, 0, 2]);
    fs::write(at.join("t.csv"), "user,n\nann,1\nbob,2\nann,1\neve,8\n").unwrap();
    let changed = lanner(at).args(["query", "found", "SELECT * FROM rows"]).output().unwrap();
    assert_eq!(changed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&changed.stderr).contains("is not what it was"));
}

/// Grouping takes 0.0 and -0.0 as equal, so joining back has to as well.
#[test]
fn both_zeros_are_one_value() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    let lines = "{\"v\":0.0}\n{\"v\":-0.0}\n{\"v\":1.5}\n{\"v\":null}\n".repeat(3);
    fs::write(at.join("t.ndjson"), lines).unwrap();
    output(at, &["hunt", "t.ndjson", "--out", "found", "--models", "HBOS"]);
    assert_eq!(number(at, "found", "SELECT count(*) AS n FROM tuples"), 3.0);
    assert_eq!(number(at, "found", "SELECT count(*) AS n FROM events"), 12.0);
    assert_eq!(number(at, "found", "SELECT count(rank) AS n FROM rows"), 12.0);
}

/// A list a hundred thousand levels deep, controls in values, and columns with names of our own.
#[test]
fn hostile_records_are_rejected_or_shown_as_text() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    let deep = format!("{{\"a\":{}{}}}\n", "[".repeat(100_000), "]".repeat(100_000));
    let mut lines = String::from("{\"a\":\"x\",\"rank\":1,\"copies\":2}\n").repeat(9);
    lines.push_str("{\"a\":\"\\u001b[31mred\\u202e\",\"rank\":1,\"copies\":2}\n");
    fs::write(at.join("t.ndjson"), lines + &deep).unwrap();
    let args = ["hunt", "t.ndjson", "--out", "found", "--models", "HBOS", "--max-rejects", "50"];
    let summary = output(at, &args);
    let inputs = &manifest(at, "found")["inputs"];
    assert_eq!((&inputs["scored"], &inputs["rejected"]), (&10.into(), &1.into()));
    let text = fs::read_to_string(at.join("found/events.csv")).unwrap();
    for shown in [summary, text] {
        assert!(shown.contains("\\u{1b}[31mred\\u{202e}"), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
    }
    assert_eq!(number(at, "found", "SELECT sum(rank_) AS n FROM rows"), 10.0);
}

#[test]
fn kept_rows_need_no_input() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("t.csv"), "user,rank\nann,1\nbob,2\nann,1\neve,9\n").unwrap();
    output(at, &["hunt", "t.csv", "--out", "found", "--models", "HBOS", "--keep-rows"]);
    let sql = "SELECT lanner_row, user, rank_, code_user FROM rows ORDER BY lanner_row";
    fs::remove_file(at.join("t.csv")).unwrap();
    let rows = query(at, "found", sql);
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[3]["rank_"], 9);
    assert_eq!(rows[3]["code_user"], 2);
}

#[test]
fn nulls_filters_and_rejects_add_up() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    let mut text = String::from("host,bytes\n");
    for i in 0..60 {
        text.push_str(&format!("h{},{}\n", i % 3, i % 7));
    }
    text.push_str(",5\nh1,\nh1,inf\nh2,1,extra\n");
    fs::write(at.join("t.csv"), text).unwrap();
    let args = [
        "hunt",
        "t.csv",
        "--out",
        "a",
        "--where",
        "host <> 'h2' OR host IS NULL",
        "--models",
        "HBOS",
    ];
    output(at, &args);
    let inputs = &manifest(at, "a")["inputs"];
    let counts: Vec<u64> = ["read", "scored", "filtered", "rejected"]
        .iter()
        .map(|k| inputs[*k].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [64, 43, 20, 1]);
    output(
        at,
        &[
            "hunt",
            "t.csv",
            "--out",
            "b",
            "--nulls",
            "reject",
            "--models",
            "HBOS",
            "--max-rejects",
            "50",
        ],
    );
    let inputs = &manifest(at, "b")["inputs"];
    assert_eq!(inputs["rejected"], 3);
    assert_eq!(inputs["scored"], 61);
}

/// Clock times live in the manifest, in `fit_seconds` and in one element of the page; all else is the
/// same, byte for byte, at any number of threads.
#[test]
fn outputs_do_not_depend_on_threads() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    trail(at, 3000);
    same_at_any_threads(at, "classic", &[]);
    same_at_any_threads(at, "lanner", &["incidents.parquet"]);
}

fn same_at_any_threads(at: &Path, recipe: &str, more: &[&str]) {
    for threads in ["1", "2", "8"] {
        let out = ["--out", threads, "--threads", threads, "--quiet", "--force"];
        let mut args = vec!["hunt", "trail.parquet", "--recipe", recipe];
        args.extend(out);
        output(at, &args);
    }
    let files = ["events.parquet", "events.csv", "tuples.parquet", "correlation.csv", "ranks.csv"];
    for &file in files.iter().chain(more) {
        let one = fs::read(at.join("1").join(file)).unwrap();
        assert!(one == fs::read(at.join("2").join(file)).unwrap(), "{file} differs at 2 threads");
        assert!(one == fs::read(at.join("8").join(file)).unwrap(), "{file} differs at 8 threads");
    }
}

#[test]
fn one_kind_wins_in_a_folder_and_the_rest_is_named() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    output(
        at,
        &["sample", "cloudtrail", "--rows", "2000", "--seed", "3", "--days", "2", "--out", "logs"],
    );
    fs::write(at.join("logs/notes.txt"), "not a log").unwrap();
    fs::write(at.join("logs/empty.json"), "").unwrap();
    let summary =
        output(at, &["hunt", "logs", "--out", "found", "--quiet", "--models", "HBOS,COPOD"]);
    assert_eq!(summary, "");
    let inputs = &manifest(at, "found")["inputs"];
    assert_eq!(inputs["scored"], 2000);
    let skipped = inputs["skipped"].as_array().unwrap();
    let named = |end: &str| skipped.iter().any(|s| s["path"].as_str().unwrap().ends_with(end));
    assert!(named("labels.csv") && named("notes.txt"), "{skipped:?}");
}

#[test]
fn standard_input_is_an_input() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    let lines: String =
        (0..50).map(|i| format!("{{\"a\":\"x{}\",\"b\":{}}}\n", i % 4, i % 3)).collect();
    let done = lanner(at)
        .args(["hunt", "-", "--out", "found", "--models", "HBOS"])
        .write_stdin(lines)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(number(at, "found", "SELECT count(*) AS n FROM rows"), 50.0);
}

#[test]
fn the_page_is_drawn_again_the_same() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    trail(at, 1000);
    output(at, &["hunt", "trail.parquet", "--out", "found", "--models", "HBOS,KNN", "--quiet"]);
    let first = fs::read(at.join("found/report.html")).unwrap();
    output(at, &["report", "found"]);
    assert!(first == fs::read(at.join("found/report.html")).unwrap());
}

/// Every model has its seconds; those that would take too long are left out, named, and stop nothing.
#[test]
fn slow_models_are_foreseen_and_left_out() {
    let dir = tempdir().unwrap();
    let at = dir.path();
    trail(at, 2000);
    let text = output(at, &["forecast", "trail.parquet", "--models", "all", "--json"]);
    let foreseen: Value = serde_json::from_str(&text).unwrap();
    let models = foreseen["models"].as_array().unwrap();
    assert_eq!(models.len(), 21);
    for model in models {
        let forecast = &model["forecast"];
        assert!(forecast["seconds"].as_f64().unwrap() >= 0.0, "{model}");
        assert!(
            forecast["basis"] != "trials" || !forecast["samples"].as_array().unwrap().is_empty()
        );
    }
    let slow = ["hunt", "trail.parquet", "--models", "HBOS,LUNAR", "--max-seconds", "0.2"];
    let summary = output(at, &[&slow[..], &["--out", "found"]].concat());
    assert!(summary.contains("left out: LUNAR"), "{summary}");
    let models = fs::read_to_string(at.join("found/models.json")).unwrap();
    let models: Value = serde_json::from_str(&models).unwrap();
    assert_eq!((&models[0]["status"], &models[1]["status"]), (&"ran".into(), &"excluded".into()));
    let bounded = ["hunt", "trail.parquet", "--models", "LUNAR", "--deadline", "0.001", "--json"];
    let found: Value = serde_json::from_str(&output(at, &bounded)).unwrap();
    assert_eq!(
        (&found["models"][0]["id"], &found["models"][0]["ran"]),
        (&"LUNAR".into(), &false.into())
    );
}
