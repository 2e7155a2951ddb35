//! A whole sample, written and read back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use arrow::array::{Array, AsArray};
use arrow::record_batch::RecordBatch;
use flate2::read::GzDecoder;
use lanner_frame::Cancel;
use lanner_sample::{CloudTrail, Form, SampleError, Written, write};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const FIVE: [&str; 5] =
    ["sourceIPAddress", "eventSource", "eventName", "userAgent", "userIdentity.arn"];

fn spec(rows: u64, seed: u64) -> CloudTrail {
    CloudTrail { rows, seed, ..CloudTrail::default() }
}

fn sample(spec: &CloudTrail, form: Form, out: &Path) -> Written {
    write(spec, form, out, false, &|_| {}, &Cancel::default()).unwrap()
}

/// The rows of a table, as texts of the columns asked for.
fn rows(path: &Path, columns: &[&str]) -> Vec<Vec<Option<String>>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let mut out = Vec::new();
    for batch in &batches {
        let texts: Vec<_> =
            columns.iter().map(|c| batch.column_by_name(c).unwrap().as_string::<i32>()).collect();
        let text = |column: &arrow::array::StringArray, i: usize| {
            column.is_valid(i).then(|| column.value(i).to_owned())
        };
        out.extend((0..batch.num_rows()).map(|i| texts.iter().map(|c| text(c, i)).collect()));
    }
    out
}

/// All files below a folder with their bytes, by their path in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut out, mut open) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                out.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    out
}

/// The records of a tree, file by file.
fn records(folder: &Path) -> Vec<Vec<Value>> {
    let gz = |(path, bytes): (PathBuf, Vec<u8>)| {
        path.starts_with("AWSLogs").then(|| {
            let mut file: Value = serde_json::from_reader(GzDecoder::new(&bytes[..])).unwrap();
            serde_json::from_value(file["Records"].take()).unwrap()
        })
    };
    files(folder).into_iter().filter_map(gz).collect()
}

fn in_pool<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn one_row_in_25_is_a_new_combination() {
    let folder = tempfile::tempdir().unwrap();
    for (count, seed) in [(10_000, 1), (20_000, 1), (20_000, 2), (40_000, 3)] {
        let out = folder.path().join(format!("{count}-{seed}.parquet"));
        sample(&spec(count, seed), Form::Parquet, &out);
        let all = rows(&out, &FIVE);
        assert_eq!(all.len() as u64, count);
        let distinct = all.iter().collect::<BTreeSet<_>>().len() as f64;
        let ratio = count as f64 / distinct;
        assert!((17.5..32.5).contains(&ratio), "{count} rows, seed {seed}: one in {ratio}");
    }
}

#[test]
fn the_same_request_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let spec = CloudTrail { days: 3, ..spec(4000, 5) };
    for form in [Form::Tree, Form::Parquet] {
        let out = |name: &str| folder.path().join(format!("{form:?}-{name}"));
        in_pool(1, || sample(&spec, form, &out("one/it")));
        in_pool(4, || sample(&spec, form, &out("four/it")));
        assert_eq!(files(&out("one")), files(&out("four")));
        sample(&CloudTrail { seed: 6, ..spec.clone() }, form, &out("other/it"));
        assert_ne!(files(&out("one")), files(&out("other")));
    }
}

#[test]
fn labels_name_events_of_the_sample_and_every_attack() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("sample");
    let spec = CloudTrail { attacks: 30, ..spec(10_000, 1) };
    let written = sample(&spec, Form::Tree, &out);
    let all: Vec<Value> = records(&out).into_iter().flatten().collect();
    let ids: BTreeSet<&str> = all.iter().map(|r| r["eventID"].as_str().unwrap()).collect();
    assert_eq!((all.len(), ids.len()), (10_000, 10_000));
    let text = fs::read_to_string(&written.labels).unwrap();
    let labels: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split(',').collect()).collect();
    assert!(labels.iter().all(|label| ids.contains(label[0]) && label[2].starts_with('T')));
    assert_eq!(labels.len() as u64, written.attack_rows);
    let attacks: BTreeSet<u32> = labels.iter().map(|label| label[1].parse().unwrap()).collect();
    assert_eq!(attacks, (1..=30).collect());
}

#[test]
fn without_attacks_no_event_is_labelled() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("quiet.parquet");
    let spec = CloudTrail { attacks: 0, ..spec(2000, 1) };
    let written = sample(&spec, Form::Parquet, &out);
    assert_eq!((written.attack_rows, written.instances, written.files), (0, 0, 1));
    assert_eq!(written.labels, folder.path().join("quiet.labels.csv"));
    assert_eq!(fs::read_to_string(written.labels).unwrap().lines().count(), 1);
    assert_eq!(rows(&out, &["eventID"]).len(), 2000);
}

#[test]
fn no_rows_and_a_single_day_are_samples_too() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none.parquet");
    sample(&CloudTrail { attacks: 0, ..spec(0, 1) }, Form::Parquet, &none);
    assert_eq!(rows(&none, &["eventID"]).len(), 0);
    // Half a day past midnight, every kind of attack.
    let start = "2026-03-01T12:30:00Z".parse().unwrap();
    let short = CloudTrail { attacks: 25, days: 1, start, ..spec(900, 1) };
    let out = folder.path().join("short.parquet");
    sample(&short, Form::Parquet, &out);
    let times: Vec<String> = rows(&out, &["eventTime"]).into_iter().flatten().flatten().collect();
    assert!(times.len() == 900 && times.is_sorted());
    assert!("2026-03-01T12:30:00Z" <= &*times[0] && &*times[899] < "2026-03-02T12:30:00Z");
}

#[test]
fn the_tree_and_the_table_hold_the_same_events() {
    let folder = tempfile::tempdir().unwrap();
    let (tree, table) = (folder.path().join("tree"), folder.path().join("table.parquet"));
    let spec = spec(3000, 8);
    sample(&spec, Form::Tree, &tree);
    sample(&spec, Form::Parquet, &table);
    let columns = ["eventID", "eventTime", "eventSource", "sourceIPAddress", "requestParameters"];
    let from_table: BTreeSet<_> = rows(&table, &columns).into_iter().collect();
    let text = |record: &Value, name: &str| match &record[name] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let all = records(&tree).into_iter().flatten();
    let from_tree = all.map(|r| columns.iter().map(|c| text(&r, c)).collect()).collect();
    assert_eq!(from_table, from_tree);
}

#[test]
fn records_have_the_shape_of_real_ones() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("sample");
    sample(&CloudTrail { days: 5, ..spec(8000, 1) }, Form::Tree, &out);
    let mut forms = BTreeSet::new();
    for file in records(&out) {
        let times: Vec<&str> = file.iter().map(|r| r["eventTime"].as_str().unwrap()).collect();
        assert!(times.is_sorted());
        assert!("2026-01-05T00:00:00Z" <= times[0] && times[times.len() - 1] < "2026-01-10T");
        for record in &file {
            let who = &record["userIdentity"];
            let form = who["type"].as_str().unwrap();
            forms.insert(form.to_owned());
            assert_eq!(form == "AWSService", who["arn"].is_null());
            assert_eq!(form == "AssumedRole" && record["eventType"] != "AwsConsoleSignIn", {
                who["sessionContext"]["sessionIssuer"]["type"] == "Role"
            });
            assert!(record["eventSource"].as_str().unwrap().ends_with(".amazonaws.com"));
            assert!(record["readOnly"].is_boolean() && record["managementEvent"].is_boolean());
            assert_eq!(record["recipientAccountId"].as_str().unwrap().len(), 12);
            let began = &who["sessionContext"]["attributes"]["creationDate"];
            assert!(
                began.as_str().is_none_or(|began| began <= record["eventTime"].as_str().unwrap())
            );
        }
    }
    assert_eq!(forms, ["AWSService", "AssumedRole", "IAMUser", "Root"].map(str::to_owned).into());
}

#[test]
fn people_work_by_day() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("day.parquet");
    sample(&spec(20_000, 1), Form::Parquet, &out);
    let mut hours = [0u32; 24];
    for row in rows(&out, &["userIdentity.arn", "eventTime"]) {
        if row[0]
            .as_ref()
            .is_some_and(|arn| arn.contains("AWSReservedSSO") || arn.contains(":user/"))
        {
            hours[row[1].as_ref().unwrap()[11..13].parse::<usize>().unwrap()] += 1;
        }
    }
    // The sites are mostly in Europe and America: 8 to 20 o'clock UTC is their day.
    let day: u32 = hours[8..20].iter().sum();
    let night: u32 = hours[..8].iter().chain(&hours[20..]).sum();
    assert!(day > 2 * night, "{hours:?}");
}

#[test]
fn what_cannot_be_written_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("sample");
    let attempt = |spec: &CloudTrail, overwrite: bool, cancel: &Cancel| {
        write(spec, Form::Tree, &out, overwrite, &|_| {}, cancel)
    };
    let go = Cancel::default();
    let few = attempt(&spec(10, 1), false, &go);
    assert!(matches!(few, Err(SampleError::TooFewRows { rows: 10, attacks: 12, .. })), "{few:?}");
    let days = attempt(&CloudTrail { days: 0, ..spec(1000, 1) }, false, &go);
    assert!(matches!(days, Err(SampleError::BadDays { days: 0, .. })), "{days:?}");
    let stop = Cancel::default();
    stop.raise();
    let stopped = attempt(&spec(1000, 1), false, &stop);
    assert!(matches!(stopped, Err(SampleError::Cancelled(_))), "{stopped:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    attempt(&spec(1000, 1), false, &go).unwrap();
    let again = attempt(&spec(1000, 1), false, &go);
    assert!(matches!(again, Err(SampleError::Exists { .. })), "{again:?}");
    attempt(&spec(1000, 2), true, &go).unwrap();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let foreign = attempt(&spec(1000, 1), true, &go);
    assert!(matches!(foreign, Err(SampleError::NotASample { .. })), "{foreign:?}");
    assert_eq!(fs::read_to_string(out.join("notes.txt")).unwrap(), "mine");
}
