//! Which files are read, skipped or refused, and how they are accounted for.

use crate::support::{Folder, gzip, read, read_with};
use lanner_frame::Cancel;
use lanner_read::{Kind, Ledger, Options, ReadError, open};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

const EVENT: &str = r#"{"eventVersion":"1.08","eventTime":"2023-07-10T11:40:24Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","userIdentity":{"type":"Root"}}"#;
const DIGEST: &str =
    r#"{"awsAccountId":"1","digestStartTime":"2023-07-10T11:00:00Z","logFiles":[]}"#;
const INSIGHT: &str = r#"{"Records":[{"eventVersion":"1.08","eventTime":"2023-07-10T11:40:24Z","eventType":"AwsCloudTrailInsight","eventCategory":"Insight"}]}"#;

fn options() -> Options {
    Options::default()
}

fn skipped(inputs: &lanner_read::Inputs, root: &Path) -> BTreeMap<String, String> {
    let short = |path: &str| path.trim_start_matches(&format!("{}/", root.display())).to_owned();
    inputs.skipped().iter().map(|s| (short(&s.path), s.reason.clone())).collect()
}

#[test]
fn cloudtrail_wins_and_the_rest_is_listed() {
    let folder = Folder::new();
    folder.file("b/two.json.gz", gzip(EVENT));
    folder.file("a/one.json", format!("{{\"Records\":[{EVENT},{EVENT}]}}"));
    folder.file("table.csv", format!("a,b\n{}", "1,2\n".repeat(9999)));
    folder.file("labels.json", "{\"a\":1}\n{\"a\":2}\n");
    folder.file("digest.json", DIGEST);
    folder.file("insight.json", INSIGHT);
    folder.file("README.md", "Some words.\nMore words, and others.\n");
    folder.file("empty.json", "");
    folder.file("noise.bin", [0, 1, 2, 3, 200]);
    let outcome = read(folder.path(), &["eventName"]);
    assert_eq!(outcome.inputs.kind(), Kind::CloudTrail);
    let files: Vec<_> =
        outcome.inputs.files().iter().map(|f| f.path.file_name().unwrap()).collect();
    assert_eq!(files, ["one.json", "two.json.gz", "empty.json"]);
    assert_eq!(outcome.column("lanner_file"), ["0", "0", "1"]);
    assert_eq!(outcome.column("lanner_record"), ["0", "1", "0"]);
    let skipped = skipped(&outcome.inputs, folder.path());
    assert_eq!(skipped["table.csv"], "CSV, while the other files are CloudTrail");
    assert_eq!(skipped["labels.json"], "JSON, while the other files are CloudTrail");
    assert_eq!(skipped["digest.json"], "a CloudTrail digest, which holds no event");
    assert_eq!(skipped["insight.json"], "CloudTrail Insights, which are no events");
    assert_eq!(skipped["README.md"], "not a log that Lanner reads");
    assert_eq!(skipped["noise.bin"], "not a log that Lanner reads");
    assert_eq!(skipped.len(), 6);
}

#[test]
fn of_tables_the_format_of_most_bytes_is_read() {
    let folder = Folder::new();
    folder.file("small.csv", "a,b\n1,2\n");
    folder.file("large.json", "{\"a\":1}\n".repeat(50));
    let outcome = read(folder.path(), &["a"]);
    assert_eq!((outcome.inputs.kind(), outcome.rows.num_rows()), (Kind::Table, 50));
    assert_eq!(outcome.inputs.skipped().len(), 1);
}

#[test]
fn a_named_file_must_fit() {
    let folder = Folder::new();
    let trail = folder.file("trail.json", EVENT);
    let table = folder.file("table.csv", "a,b\n1,2\n");
    let noise = folder.file("noise.txt", "words\n");
    let error = |paths: &[&Path]| read_with(paths, &[], &options()).err().unwrap().to_string();
    assert!(
        error(&[&trail, &table])
            .contains("table.csv: CSV, expected CloudTrail as the other inputs are")
    );
    assert!(
        error(&[&trail, &noise])
            .contains("noise.txt: not a log that Lanner reads, expected CloudTrail, Parquet")
    );
    assert!(error(&[&folder.path().join("none")]).contains("no such file or folder"));
    assert!(error(&[&folder.path().join("*.parquet")]).contains("the pattern matches no file"));
    assert!(error(&[Path::new("s3://bucket/logs")]).contains("reads no object stores"));
    let digest = folder.file("digest/d.json", DIGEST);
    assert!(error(&[&digest]).contains("no file to read: 1 skipped"));
    let both = read_with(&[&trail, &digest], &["eventName"], &options()).unwrap();
    assert_eq!(both.rows.num_rows(), 1);
}

#[test]
fn patterns_are_expanded_and_no_file_is_read_twice() {
    let folder = Folder::new();
    folder.file("b.json", EVENT);
    folder.file("a.json", EVENT);
    folder.file("notes.txt", "words\n");
    let pattern = folder.path().join("*.*");
    let outcome = read_with(&[&pattern, folder.path()], &[], &options()).unwrap();
    assert_eq!(outcome.inputs.files().len(), 2);
    assert_eq!(outcome.inputs.files()[0].path.file_name().unwrap(), "a.json");
    let again = outcome.inputs.skipped().iter().filter(|s| s.reason.contains("same file")).count();
    assert_eq!(again, 3);
}

#[test]
fn empty_files_are_read_and_hold_nothing() {
    let folder = Folder::new();
    for (name, bytes) in [("a.json", vec![]), ("b.json.gz", gzip("")), ("c.csv", b"\n \n".to_vec())]
    {
        let outcome = read(&folder.file(name, bytes), &[]);
        assert_eq!((outcome.rows.num_rows(), outcome.accounts.len()), (0, 1), "{name}");
        assert!(outcome.accounts[0].complete);
        assert_eq!(outcome.inputs.files()[0].format, "empty");
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_or_in_circles_are_listed() {
    let folder = Folder::new();
    folder.file("logs/a.json", EVENT);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("logs/up")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("none"), folder.path().join("gone")).unwrap();
    let outcome = read(folder.path(), &[]);
    assert_eq!(outcome.rows.num_rows(), 1);
    let skipped = skipped(&outcome.inputs, folder.path());
    assert_eq!(skipped["logs/up"], "a symbolic link to a folder that contains it");
    assert_eq!(skipped["gone"], "a link to nothing");
}

#[test]
fn files_are_hashed_as_stored() {
    let folder = Folder::new();
    for bytes in [EVENT.as_bytes().to_vec(), gzip(EVENT), [gzip(EVENT), b"tail".to_vec()].concat()]
    {
        let outcome = read(&folder.file("a.json", &bytes), &[]);
        let hash: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(outcome.accounts[0].sha256, hash);
        assert_eq!(outcome.accounts[0].bytes, bytes.len() as u64);
    }
}

#[test]
fn a_raised_flag_ends_the_work() {
    let folder = Folder::new();
    let path = folder.file("a.json", EVENT).display().to_string();
    let interrupted = Cancel::default();
    let options = Options { interrupted: interrupted.clone(), ..options() };
    let inputs = open(std::slice::from_ref(&path), &options).unwrap();
    interrupted.raise();
    let ledger = Ledger::new(&inputs);
    let error = inputs.scan(0, &[], &ledger, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, ReadError::Cancelled(_)), "{error}");
    assert!(!ledger.accounts()[0].complete);
    assert!(matches!(open(&[path], &options), Err(ReadError::Cancelled(_))));
}

#[test]
fn a_taker_may_stop_early() {
    let folder = Folder::new();
    let path = folder.file("a.json", format!("{EVENT}\n").repeat(20_000));
    let inputs = open(&[path.display().to_string()], &options()).unwrap();
    let ledger = Ledger::new(&inputs);
    let mut batches = 0;
    let scan = inputs.scan(0, &[], &ledger, &mut |batch| {
        assert_eq!(batch.num_rows(), 8192);
        batches += 1;
        ControlFlow::Break(())
    });
    assert!(scan.is_ok() && batches == 1 && !ledger.accounts()[0].complete);
}

#[test]
fn units_may_be_read_in_parallel() {
    let folder = Folder::new();
    for n in 0..8 {
        folder.file(&format!("{n}.json.gz"), gzip(format!("{EVENT}\nnull\n").repeat(100 + n)));
    }
    let inputs = open(&[folder.path().display().to_string()], &options()).unwrap();
    let one = Ledger::new(&inputs);
    let many = Ledger::new(&inputs);
    let scan =
        |unit, ledger: &Ledger| inputs.scan(unit, &[], ledger, &mut |_| ControlFlow::Continue(()));
    (0..inputs.units()).for_each(|unit| scan(unit, &one).unwrap());
    std::thread::scope(|scope| {
        for unit in (0..inputs.units()).rev() {
            let many = &many;
            let scan = &scan;
            scope.spawn(move || scan(unit, many).unwrap());
        }
    });
    assert_eq!(one.accounts(), many.accounts());
    assert_eq!(one.accounts()[3].records, 206);
}
