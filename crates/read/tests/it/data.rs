//! Published logs, where they are at hand: the folder named by `LANNER_TEST_DATA`, or `shared/data`
//! beside the workspace. Elsewhere these tests say so and pass.

use crate::support::{Outcome, read, read_with};
use lanner_read::{Kind, Options};
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

/// Name, records read, records rejected, what the first reason says.
const EDGE: [(&str, usize, u64, &str); 27] = [
    ("bare_list.json", 19, 0, ""),
    ("bitflip.json.gz", 0, 1, "the compressed data is damaged"),
    ("bom.json", 19, 0, ""),
    ("concatenated_docs.json", 19, 0, ""),
    ("crlf_pretty.json", 19, 0, ""),
    ("deep.json", 0, 1, "nested 601 deep, the limit is 256"),
    ("empty_records.json", 0, 0, ""),
    ("gz_named_json.json", 19, 0, ""),
    ("lookup_events.json", 19, 0, ""),
    ("ndjson.json", 19, 0, ""),
    ("ndjson_one_bad_line.json", 19, 1, "the line ends inside the record"),
    ("odd_records.json", 21, 2, "null instead of an object"),
    ("ok_reference.json", 19, 0, ""),
    ("ok_reference.json.gz", 19, 0, ""),
    ("plain_named_gz.json.gz", 19, 0, ""),
    ("records_absent.json", 1, 0, ""),
    ("records_null.json", 0, 0, ""),
    ("sightings_aws.execution.ec2-user-data.json", 3, 0, ""),
    ("sightings_aws.exfiltration.ec2-share-ebs-snapshot.json", 1, 0, ""),
    ("single_object.json", 1, 0, ""),
    ("truncated.json", 12, 1, "the file ends inside the record"),
    ("truncated.json.gz", 8, 1, "the compressed data ends early"),
    ("two_members.json.gz", 19, 0, ""),
    ("two_members_one_doc.json.gz", 19, 0, ""),
    ("utf16.json", 19, 0, ""),
    ("zero_bytes.json", 0, 0, ""),
    ("zero_bytes.json.gz", 0, 0, ""),
];

#[test]
fn every_edge_file_is_accounted_for() {
    let Some(folder) = data("cloudtrail/edge") else { return };
    let events = |outcome: &Outcome| match outcome.inputs.kind() {
        Kind::CloudTrail if !outcome.column("eventID").is_empty() => outcome.column("eventID"),
        _ => Vec::new(),
    };
    let reference = events(&read(&folder.join("ok_reference.json"), &["eventID"]));
    assert_eq!(reference.len(), 19);
    for (name, records, rejects, reason) in EDGE {
        let path = folder.join(name);
        let plain = read(&path, &[]);
        assert_eq!(
            (plain.rows.num_rows(), plain.accounts[0].rejects),
            (records, rejects),
            "{name}"
        );
        let first = plain.rejects().first().map_or("", |r| r.2);
        assert!(first.starts_with(reason), "{name}: {first}");
        if records == 19 {
            assert_eq!(events(&read(&path, &["eventID"])), reference, "{name}");
        }
    }
    let broken = read(&folder.join("sightings_aws.execution.ec2-user-data.json"), &[]);
    assert_eq!(broken.accounts[0].notes[0], ("records that no comma separates".to_owned(), 2));

    let whole = read(&folder, &["eventID"]);
    let files = whole.inputs.files().len() + whole.inputs.skipped().len();
    assert_eq!(files, EDGE.len() + 1);
    let skipped: Vec<&str> = whole.inputs.skipped().iter().map(|s| s.reason.as_str()).collect();
    let want =
        ["a CloudTrail digest, which holds no event", "JSON, while the other files are CloudTrail"];
    assert_eq!(skipped, want);
}

#[test]
fn a_real_trail_reads_as_its_flat_copy() {
    let Some(folder) = data("cloudtrail/invictus") else { return };
    let columns = ["eventID", "eventName", "userIdentity.arn", "sourceIPAddress", "readOnly"];
    let trail = read(&folder, &columns);
    assert_eq!((trail.rows.num_rows(), trail.inputs.files().len()), (954, 13));
    assert_eq!(trail.inputs.skipped().len(), 3);
    assert!(trail.column("lanner_time").iter().all(|time| time.starts_with("2023-07-10T1")));
    let keyed = |outcome: &Outcome| {
        let columns: Vec<Vec<String>> = columns.iter().map(|c| outcome.column(c)).collect();
        let mut rows: Vec<Vec<String>> = (0..columns[0].len())
            .map(|i| columns.iter().map(|c| c[i].to_lowercase()).collect())
            .collect();
        rows.sort();
        rows
    };
    for name in ["invictus_flat.parquet", "invictus_flat.csv"] {
        let flat = read(&folder.join(name), &columns);
        assert_eq!(flat.inputs.kind(), Kind::Table);
        assert_eq!(flat.inputs.time_field(), Some("eventTime"));
        assert!(keyed(&flat) == keyed(&trail), "{name} differs");
    }
}

#[test]
fn other_published_logs_are_read() {
    let Some(folder) = data("cloudtrail") else { return };
    let otrf = read(&folder.join("otrf"), &["userIdentity.arn"]);
    assert_eq!((otrf.rows.num_rows(), otrf.inputs.time_field()), (103, Some("@timestamp")));
    assert!(otrf.column("lanner_time").iter().all(|time| time != "-"));
    let stratus = read(&folder.join("stratus"), &["eventName"]);
    assert_eq!(stratus.rows.num_rows(), 2 * 119);
    let labelled = folder.join("labelled_dev.parquet");
    let labelled = read_with(&[&labelled], &["eventName"], &Options::default()).unwrap();
    assert_eq!(labelled.rows.num_rows(), 100_207);
}
