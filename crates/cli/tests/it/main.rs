//! A user's commands from log to ranking, on generated logs.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::format_push_string, clippy::format_collect, reason = "small texts")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod hunt;
mod lanner;
mod refuse;
mod score;
mod serve;
mod sessions;
mod shared_data;

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;

/// The command under test, without a configuration file in its working folder.
fn lanner(dir: &Path) -> Command {
    let mut command = Command::cargo_bin("lanner").expect("cargo builds the binary for its tests");
    command.current_dir(dir);
    command
}

/// What a command prints, which must end well.
fn output(dir: &Path, args: &[&str]) -> String {
    let done = lanner(dir).args(args).output().expect("the command starts");
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{args:?} ended with {}: {error}", done.status);
    String::from_utf8(done.stdout).expect("output is text")
}

/// The answer of a query as rows.
fn query(dir: &Path, hunt: &str, sql: &str) -> Vec<Value> {
    let text = output(dir, &["query", hunt, sql, "--format", "json"]);
    serde_json::from_str(&text).expect("the answer is JSON")
}

/// One number from a query.
fn number(dir: &Path, hunt: &str, sql: &str) -> f64 {
    let rows = query(dir, hunt, sql);
    rows[0]["n"].as_f64().unwrap_or_else(|| panic!("{sql} gives no number n: {rows:?}"))
}

/// A generated trail of `rows` events as Parquet in `dir`.
fn trail(dir: &Path, rows: u32) {
    let rows = rows.to_string();
    output(
        dir,
        &["sample", "cloudtrail", "--rows", &rows, "--seed", "7", "--out", "trail.parquet"],
    );
}
