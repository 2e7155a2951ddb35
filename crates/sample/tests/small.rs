//! Small accounts with newcomers and an intruder, written and read back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use arrow::array::{Array, AsArray, StringArray};
use lanner_frame::Cancel;
use lanner_sample::{CloudTrail, Form, Intruder, Size, write};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};

/// Address, service, call, agent and principal of a row, and when it was.
type Row = [String; 6];

const COLUMNS: [&str; 6] =
    ["sourceIPAddress", "eventSource", "eventName", "userAgent", "userIdentity.arn", "eventTime"];

/// The rows by their eventID, and the labelled ones' modes by theirs.
fn sample(spec: &CloudTrail) -> (BTreeMap<String, Row>, BTreeMap<String, String>) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("small.parquet");
    let written = write(spec, Form::Parquet, &out, false, &|_| {}, &Cancel::default()).unwrap();
    let mut rows = BTreeMap::new();
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&out).unwrap()).unwrap();
    for batch in reader.build().unwrap().map(Result::unwrap) {
        let column = |name| batch.column_by_name(name).unwrap().as_string::<i32>();
        let (ids, texts) = (column("eventID"), COLUMNS.map(column));
        for i in 0..batch.num_rows() {
            let text = |column: &StringArray| {
                if column.is_valid(i) { column.value(i).to_owned() } else { String::new() }
            };
            rows.insert(ids.value(i).to_owned(), texts.map(text));
        }
    }
    let labels: BTreeMap<_, _> = fs::read_to_string(&written.labels)
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| (line[..36].to_owned(), line.rsplit(',').next().unwrap().to_owned()))
        .collect();
    assert_eq!((rows.len() as u64, labels.len() as u64), (spec.rows, written.attack_rows));
    assert!(labels.keys().all(|id| rows.contains_key(id)));
    (rows, labels)
}

fn spec(seed: u64, newcomers: u32, intruder: Intruder) -> CloudTrail {
    let (rows, attacks, size) = (6000, 0, Size::Small);
    let intruder = Some(intruder);
    CloudTrail { rows, seed, attacks, newcomers, intruder, size, ..CloudTrail::default() }
}

fn distinct<'a>(rows: impl Iterator<Item = &'a Row>) -> usize {
    rows.map(|row| &row[..5]).collect::<BTreeSet<_>>().len()
}

#[test]
fn a_small_account_has_few_combinations_at_any_number_of_rows() {
    for seed in 1..=8 {
        let (all, labels) = sample(&spec(seed, 0, Intruder::Newcomer));
        let few = distinct(all.values());
        assert!((100..=500).contains(&few), "seed {seed}: {few}");
        let calls: BTreeSet<_> = labels.keys().map(|id| &all[id][1..3]).collect();
        assert!((10..=41).contains(&calls.len()), "seed {seed}: {calls:?}");
        assert!(labels.len() < 150);
    }
    let more = CloudTrail { rows: 30_000, ..spec(1, 0, Intruder::Newcomer) };
    assert!(distinct(sample(&more).0.values()) <= 600);
}

#[test]
fn the_same_seed_gives_the_same_rows_and_newcomers_leave_the_intruder_alone() {
    let asked = spec(3, 6, Intruder::Newcomer);
    let (all, labels) = sample(&asked);
    assert_eq!((all.clone(), labels.clone()), sample(&asked));
    let (without, same) = sample(&CloudTrail { newcomers: 0, ..asked });
    assert_eq!(labels, same);
    assert!(labels.keys().all(|id| all[id] == without[id]));
    // Six more principals, each here for one visit, none of them labelled.
    let who = |rows: &BTreeMap<String, Row>| -> BTreeSet<String> {
        rows.values().map(|row| row[4].clone()).collect()
    };
    let (before, after) = (who(&without), who(&all));
    let new: Vec<&String> = after.difference(&before).collect();
    assert_eq!(new.len(), 6);
    for name in new {
        let mine: Vec<(&String, &Row)> = all.iter().filter(|(_, row)| &row[4] == name).collect();
        let times: BTreeSet<&str> = mine.iter().map(|(_, row)| &row[5][..]).collect();
        let (first, last) = (times.first().unwrap(), times.last().unwrap());
        let seconds = |time: &str| time.parse::<jiff::Timestamp>().unwrap().as_second();
        assert!(mine.len() >= 10 && seconds(last) - seconds(first) <= 9_000, "{name}");
        assert!(mine.iter().all(|(id, _)| !labels.contains_key(*id)));
    }
}

#[test]
fn each_intruder_is_known_and_unknown_for_what_the_name_says() {
    let network = |address: &str| address.split('.').take(2).collect::<Vec<_>>().join(".");
    for seed in 1..=4 {
        for intruder in Intruder::ALL {
            let (all, labels) = sample(&spec(seed, 2, intruder));
            assert!(labels.values().all(|mode| mode == intruder.name()));
            let (mine, others): (Vec<_>, Vec<_>) =
                all.iter().partition(|(id, _)| labels.contains_key(*id));
            let one = &mine[0].1;
            assert!(mine.iter().all(|(_, row)| row[0] == one[0] && row[4] == one[4]));
            let known = |at: usize| others.iter().any(|(_, row)| row[at] == one[at]);
            let near = others.iter().any(|(_, row)| network(&row[0]) == network(&one[0]));
            let found = (known(4), known(0), near, known(3));
            let expected = match intruder {
                Intruder::Newcomer => (false, false, false, false),
                Intruder::ColleagueNetwork => (false, false, true, false),
                Intruder::StolenKey => (true, false, false, false),
                Intruder::Admin => (true, true, true, true),
            };
            assert_eq!(found, expected, "seed {seed}, {}", intruder.name());
        }
    }
}

#[test]
fn newcomers_and_an_intruder_can_join_a_large_organisation_too() {
    let asked = CloudTrail {
        rows: 3000,
        attacks: 3,
        newcomers: 2,
        intruder: Some(Intruder::ColleagueNetwork),
        ..CloudTrail::default()
    };
    let (_, labels) = sample(&asked);
    assert!(labels.values().any(|mode| mode == "colleague-network"));
    assert!(labels.values().any(|mode| mode != "colleague-network"));
}
