//! Published logs, where they are at hand: the folder named by LANNER_TEST_DATA, or `shared/data`
//! beside the workspace. Elsewhere these tests say so and pass.

use crate::support::{Outcome, read_with};
use lanner_read::{Kind, Options, ReadError};
use std::path::PathBuf;

fn data(part: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let beside = ["../shared/data", "../../shared/data"].map(|way| root.join(way));
    let given = std::env::var_os("LANNER_TEST_DATA").map(PathBuf::from);
    let found = given.into_iter().chain(beside).map(|d| d.join(part)).find(|d| d.exists());
    if found.is_none() {
        println!("skipped: no folder with {part}");
    }
    found
}

const COLUMNS: [&str; 3] = ["eventID", "eventName", "raw"];

fn edge(name: &str) -> Option<Result<Outcome, ReadError>> {
    let folder = data("cloudtrail/edge")?;
    Some(read_with(&[&folder.join(name)], &COLUMNS, &Options::default()))
}

#[test]
fn every_edge_file_is_accounted_for() {
    let Some(folder) = data("cloudtrail/edge") else { return };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        match read_with(&[&file], &["lanner"; 0], &Options::default()) {
            Ok(outcome) => {
                let account = &outcome.accounts[0];
                println!(
                    "| {name} | {} | {} | {} | {:?} {:?} |",
                    account.records - account.rejects,
                    account.rejects,
                    account.complete,
                    outcome.rejects(),
                    account.notes,
                );
            }
            Err(error) => println!("| {name} | - | - | - | {error} |"),
        }
    }
}
