//! What is written, that it is whole or absent, and that the checks see what is wrong.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod made_up;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::{Int8Type, UInt64Type};
use lanner_report::{Manifest, ReportError, Sink, check_target};
use made_up::{CLASSIC, Dice, Made, from_tuples, hunt, provenance, target};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FILES: [&str; 9] = [
    "correlation.csv",
    "events.csv",
    "events.parquet",
    "manifest.json",
    "models.json",
    "ranks.csv",
    "report.html",
    "score_correlation.csv",
    "tuples.parquet",
];

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn parquet(path: &Path) -> Vec<RecordBatch> {
    let file = File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

fn failed(manifest: &Manifest) -> Vec<&str> {
    manifest.failed_checks().map(|c| c.name.as_str()).collect()
}

#[test]
fn every_file_is_there_hashed_and_private() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("found");
    let manifest = hunt(60, &CLASSIC).write(&out).unwrap();
    assert_eq!(names(home.path()), ["found"], "nothing is left beside the folder");
    assert_eq!(names(&out), FILES);
    assert_eq!(manifest.outputs.len() + 1, FILES.len());
    for file in &manifest.outputs {
        let bytes = fs::read(out.join(&file.name)).unwrap();
        let hash = Sha256::digest(&bytes);
        let told = (0..32).map(|i| u8::from_str_radix(&file.sha256[2 * i..2 * i + 2], 16).unwrap());
        assert!(hash.iter().copied().eq(told), "{}", file.name);
        assert_eq!(bytes.len() as u64, file.bytes, "{}", file.name);
    }
    let text = fs::read_to_string(out.join("manifest.json")).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), manifest);
    assert!(failed(&manifest).is_empty(), "{:?}", manifest.checks);
    assert_eq!(manifest.checks.len(), 9);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&out), 0o700);
        for name in FILES {
            assert_eq!(mode(&out.join(name)), 0o600, "{name}");
        }
    }
}

#[test]
fn events_are_the_flagged_rows_once_each_with_what_was_found() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("found");
    let made = hunt(200, &CLASSIC);
    made.write(&out).unwrap();
    let flagged = &made.outcome.tuples.flagged;
    let want: Vec<u64> = (0..made.tuple_of.len() as u64)
        .filter(|&row| flagged[made.tuple_of[row as usize] as usize])
        .collect();
    let batches = parquet(&out.join("events.parquet"));
    let schema = batches[0].schema();
    let columns: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(columns[..3], ["eventTime", "eventID", "sourceIPAddress"]);
    assert_eq!(columns[7..11], ["lanner_row", "lanner_file", "rank", "score"]);
    assert_eq!((columns[11], columns[23], columns[24]), ("out_CBLOF", "out_LODA", "why"));
    let mut rows: Vec<u64> = Vec::new();
    for batch in &batches {
        let numbers = batch["lanner_row"].as_primitive::<UInt64Type>();
        let lof = batch["out_LOF"].as_primitive::<Int8Type>();
        for (i, &row) in numbers.values().iter().enumerate() {
            let tuple = made.tuple_of[row as usize] as usize;
            assert_eq!(lof.value(i) == 1, made.outcome.models[4].votes[tuple]);
        }
        rows.extend(numbers.values());
    }
    assert_eq!(rows, want);
    let csv = fs::read_to_string(out.join("events.csv")).unwrap();
    assert_eq!(csv.lines().count(), want.len() + 1, "a header, and a line for each row");
    assert!(csv.lines().nth(1).unwrap().starts_with("2023-07-1"));
    let tuples: usize =
        parquet(&out.join("tuples.parquet")).iter().map(RecordBatch::num_rows).sum();
    assert_eq!(tuples, made.outcome.tuples.len());
}

#[test]
fn clock_times_are_the_only_difference_between_two_runs() {
    let home = tempfile::tempdir().unwrap();
    let (a, b) = (home.path().join("a"), home.path().join("b"));
    let mut made = hunt(150, &CLASSIC);
    made.write_with(&target(&a), &made.flagged(), 0).unwrap();
    made.outcome.models.iter_mut().for_each(|m| m.fit_seconds += 1.5);
    made.outcome.timings[0].1 += 2.0;
    made.write_with(&target(&b), &made.flagged(), 77).unwrap();
    let read = |dir: &Path, name: &str| fs::read_to_string(dir.join(name)).unwrap();
    for name in
        FILES.iter().filter(|n| !["manifest.json", "models.json", "report.html"].contains(n))
    {
        assert_eq!(fs::read(a.join(name)).unwrap(), fs::read(b.join(name)).unwrap(), "{name}");
    }
    let timeless = |dir: &Path| {
        let lines = read(dir, "models.json");
        lines.lines().filter(|l| !l.contains("fit_seconds")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(timeless(&a), timeless(&b));
    let page = |dir: &Path| {
        let page = read(dir, "report.html");
        let (before, rest) = page.split_once("<section id=\"clock\">").unwrap();
        let (_, after) = rest.split_once("</section>").unwrap();
        format!("{before}{after}")
    };
    assert_eq!(page(&a), page(&b));
    assert_ne!(read(&a, "report.html"), read(&b, "report.html"));
}

#[test]
fn an_error_in_the_middle_leaves_nothing_new_and_the_old_untouched() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("found");
    let made = hunt(150, &CLASSIC);
    let batches = made.flagged();
    let mut breaks = |sink: &mut Sink<'_>| {
        sink(batches[0].clone())?;
        Err(ReportError::source("interrupted"))
    };
    let mut goal = target(&out);
    let error = lanner_report::write(&made.outcome, &mut breaks, None, &goal, &|| provenance(0));
    assert_eq!(error.unwrap_err().to_string(), "interrupted");
    assert!(names(home.path()).is_empty());

    made.write(&out).unwrap();
    let old = fs::read(out.join("manifest.json")).unwrap();
    goal.force = true;
    lanner_report::write(&made.outcome, &mut breaks, None, &goal, &|| provenance(0)).unwrap_err();
    assert_eq!(fs::read(out.join("manifest.json")).unwrap(), old);
    assert_eq!(names(home.path()), ["found"]);

    made.write_with(&goal, &made.flagged(), 5).unwrap();
    assert_ne!(fs::read(out.join("manifest.json")).unwrap(), old);
    assert_eq!(names(home.path()), ["found"], "the old hunt is gone, nothing else is left");
}

#[test]
fn only_hunts_are_replaced() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("photos");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("manifest.json"), "{\"program\":\"other\"}").unwrap();
    let made = hunt(20, &CLASSIC);
    let mut goal = target(&out);
    assert!(matches!(made.write_with(&goal, &made.flagged(), 0), Err(ReportError::Exists(_))));
    goal.force = true;
    assert!(matches!(made.write_with(&goal, &made.flagged(), 0), Err(ReportError::NotOurs(_))));
    assert_eq!(names(&out), ["manifest.json"]);
}

#[test]
fn output_in_on_or_above_an_input_is_refused_before_any_work() {
    let home = tempfile::tempdir().unwrap();
    let logs = home.path().join("logs");
    let log = logs.join("deep").join("a.json");
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    fs::write(&log, "{}").unwrap();
    let message = |out: PathBuf, input: &Path| {
        let checked = check_target(&target(&out), &[PathBuf::from("-"), input.to_path_buf()]);
        checked.map_err(|e| e.to_string()).err().unwrap_or_default()
    };
    assert!(message(logs.join("found"), &logs).contains("inside the input"));
    assert!(message(logs.join("deep/../deep/found"), &logs).contains("inside the input"));
    assert!(message(logs.clone(), &logs).contains("on the input"));
    assert!(message(logs.clone(), &log).contains("above the input"));
    assert!(message(logs.join("none/found"), &log).contains("cannot hold the output"));
    assert!(message(log.join("found"), &log).contains("cannot hold the output"));
    assert_eq!(message(logs.join("found"), &log), "", "beside a file is fine");
    assert_eq!(message(home.path().join("found"), &logs), "");
    let there = home.path().join("there");
    fs::create_dir(&there).unwrap();
    assert!(message(there, &logs).contains("exists; choose another folder"));
    #[cfg(unix)]
    {
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&logs, &link).unwrap();
        assert!(message(link.join("found"), &logs).contains("inside the input"));
        assert!(message(logs.join("found"), &link).contains("inside the input"));
        let elsewhere = home.path().join("elsewhere");
        std::os::unix::fs::symlink(home.path().join("nowhere"), &elsewhere).unwrap();
        assert!(message(elsewhere, &log).contains("symbolic link"));
    }
    assert_eq!(names(home.path()).iter().filter(|n| n.starts_with(".lanner")).count(), 0);
}

#[test]
fn the_checks_see_rows_that_are_missing_doubled_or_of_another_tuple() {
    let home = tempfile::tempdir().unwrap();
    let made = hunt(300, &CLASSIC);
    let write = |name: &str, batches: &[RecordBatch]| {
        made.write_with(&target(&home.path().join(name)), batches, 0).unwrap()
    };
    let whole =
        arrow::compute::concat_batches(&made.flagged()[0].schema(), &made.flagged()).unwrap();
    let n = whole.num_rows();

    let missing = write("missing", &[whole.slice(0, n - 1)]);
    let seen = failed(&missing);
    assert!(seen.contains(&"joined") && seen.contains(&"whole"), "{seen:?}");
    let page = fs::read_to_string(home.path().join("missing/report.html")).unwrap();
    assert!(page.contains("These results cannot be trusted"));

    let doubled = write("doubled", &[whole.clone(), whole.slice(n - 1, 1)]);
    assert!(failed(&doubled).contains(&"joined") && failed(&doubled).contains(&"whole"));

    let swapped = write("swapped", &[whole.slice(n / 2, n - n / 2), whole.slice(0, n / 2)]);
    assert_eq!(failed(&swapped), ["order"]);

    let mut columns: Vec<ArrayRef> = whole.columns().to_vec();
    let last = columns.len() - 1;
    let shifted = columns[last].as_primitive::<arrow::datatypes::UInt32Type>();
    let shifted = shifted.values().iter().map(|t| (t + 1) % 100);
    columns[last] = Arc::new(UInt32Array::from_iter_values(shifted));
    let shifted = write("shifted", &[RecordBatch::try_new(whole.schema(), columns).unwrap()]);
    let seen = failed(&shifted);
    assert!(seen.contains(&"values") && seen.contains(&"times"), "{seen:?}");
}

#[test]
fn a_stream_of_another_shape_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let made = hunt(30, &CLASSIC);
    let good = made.flagged().remove(0);
    let cut = good.project(&(0..good.num_columns() - 1).collect::<Vec<_>>()).unwrap();
    let out = target(&home.path().join("a"));
    assert!(matches!(made.write_with(&out, &[cut], 0), Err(ReportError::Flagged(_))));
    let mut columns = good.columns().to_vec();
    let last = columns.len() - 1;
    columns[last] = Arc::new(UInt32Array::from(vec![u32::MAX; good.num_rows()]));
    let far = RecordBatch::try_new(good.schema(), columns).unwrap();
    let error = made.write_with(&out, &[far], 0).unwrap_err();
    assert!(error.to_string().contains("is of tuple 4294967295"), "{error}");
    assert!(names(home.path()).is_empty());
}

/// A hunt in which nothing was scored.
fn nothing() -> Made {
    from_tuples(Vec::new(), &CLASSIC, &mut Dice::new())
}

#[test]
fn a_hunt_without_rows_has_all_its_files() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("found");
    let manifest = nothing().write(&out).unwrap();
    assert!(failed(&manifest).is_empty(), "{:?}", manifest.checks);
    assert_eq!(manifest.flagged_rows, 0);
    assert_eq!(names(&out), FILES);
    let csv = fs::read_to_string(out.join("events.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1);
    assert!(csv.starts_with("eventTime,eventID,sourceIPAddress,"));
    assert!(fs::read_to_string(out.join("report.html")).unwrap().contains("No row was scored"));
}

#[test]
fn columns_named_like_ours_step_aside() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("found");
    let made = hunt(30, &CLASSIC);
    let flagged = made.flagged();
    let renamed = flagged.iter().map(|batch| {
        let mut fields: Vec<_> = batch.schema().fields().iter().cloned().collect();
        fields[1] = Arc::new(fields[1].as_ref().clone().with_name("rank"));
        let schema = Arc::new(arrow::datatypes::Schema::new(fields));
        RecordBatch::try_new(schema, batch.columns().to_vec()).unwrap()
    });
    let renamed: Vec<RecordBatch> = renamed.collect();
    let manifest = made.write_with(&target(&out), &renamed, 0).unwrap();
    assert_eq!(manifest.notes, ["Column rank of the input is named rank_ in events."]);
    let batch = parquet(&out.join("events.parquet")).remove(0);
    let theirs: &StringArray = batch["rank_"].as_string();
    assert!(theirs.value(0).starts_with("id-") && batch["rank"].null_count() == 0);
}
