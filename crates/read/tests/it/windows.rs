//! Windows events as they are.

use crate::events::log;
use crate::support::{Folder, gzip, read};
use lanner_frame::Workers;
use lanner_read::{EventLogs, FileAccount, Options, ReadError, open_events};
use std::ops::ControlFlow;
use std::path::Path;

/// File, number in the file, record id.
type Seen = Vec<(usize, u64, u64)>;

fn opened(paths: &[&Path]) -> Result<EventLogs, ReadError> {
    let names: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    open_events(&names, &Options::default())
}

/// Everything that comes out with so many threads.
fn seen(logs: &EventLogs, threads: usize) -> (Seen, Vec<FileAccount>) {
    let workers = Workers::new(threads).unwrap();
    let mut seen = Vec::new();
    let accounts = logs.read(&workers, &|event| event.event_id == 4624, &mut |event, record| {
        seen.push((event.at.file, record, event.record_id));
        ControlFlow::Continue(())
    });
    (seen, accounts.unwrap())
}

fn line(id: u64) -> String {
    let system = format!(r#""EventID":4624,"EventRecordID":{id},"Channel":"Security""#);
    format!(r#"{{"Event":{{"System":{{{system}}},"EventData":{{"TargetUserName":"u"}}}}}}"#)
}

#[test]
fn events_come_in_the_order_of_the_input_on_any_number_of_threads() {
    let folder = Folder::new();
    // Small files, a large one that is read by itself, a compressed one, an export, an empty file.
    folder.file("a.evtx", log(20));
    folder.file("b.evtx", log(700));
    folder.file("c.evtx.gz", gzip(log(300)));
    folder.file("d.jsonl", [line(1), line(2), line(3)].join("\n"));
    let mut large = log(20);
    large.resize(5 << 20, 0);
    folder.file("e.evtx", large);
    folder.file("f.evtx", "");
    let logs = opened(&[folder.path()]).unwrap();
    let (one, accounts) = seen(&logs, 1);
    let records: Vec<u64> = accounts.iter().map(|a| a.records).collect();
    assert_eq!((records, one.len()), (vec![20, 700, 300, 3, 20, 0], 19 + 699 + 299 + 3 + 19));
    assert!(one.is_sorted_by_key(|&(file, record, _)| (file, record)));
    assert!(one.iter().all(|&(_, record, id)| record + 1 == id));
    for threads in [2, 5] {
        assert_eq!(seen(&logs, threads), (one.clone(), accounts.clone()));
    }
}

#[test]
fn damage_is_accounted_for_as_in_a_table() {
    let folder = Folder::new();
    let mut bytes = log(600);
    bytes[4096 + 65536..4096 + 2 * 65536].fill(0);
    bytes[4096 + 512] = 0;
    let cut = gzip(log(600));
    let damaged = [
        ("a.evtx", bytes.clone()),
        ("b.evtx.gz", gzip(&bytes)),
        ("c.gz", cut[..cut.len() / 2].to_vec()),
        ("d.evtx", bytes[..4000].to_vec()),
    ];
    for (name, bytes) in damaged {
        let path = folder.file(name, bytes);
        let table = read(&path, &["EventRecordID"]);
        let (events, accounts) = seen(&opened(&[&path]).unwrap(), 2);
        assert_eq!(accounts, table.accounts, "{name}");
        let numbers: Vec<u64> = events.iter().map(|&(_, record, _)| record).collect();
        let wanted: Vec<u64> = table.records().into_iter().filter(|&n| n < 599).collect();
        assert_eq!(numbers, wanted, "{name}");
    }
}

#[test]
fn a_broken_record_of_an_export_is_counted_and_located() {
    let folder = Folder::new();
    let other = r#"{"user":"ann"}"#;
    let text = [&line(1), "{\"Event\": {\"System\": oops}}", other, &line(2)].join("\n");
    let path = folder.file("a.json", &text);
    let (events, accounts) = seen(&opened(&[&path]).unwrap(), 1);
    assert_eq!(events, [(0, 0, 1), (0, 3, 2)]);
    let listed = accounts[0].listed.iter();
    let reasons: Vec<(u64, &str)> = listed.map(|r| (r.record, r.reason.as_str())).collect();
    assert_eq!(reasons.len(), 2);
    assert!(reasons[0].1.starts_with("not valid JSON at byte "), "{reasons:?}");
    assert_eq!(reasons[1], (2, "no event of a Windows log"));
    assert_eq!(accounts[0].listed[1].offset as usize, text.find(other).unwrap());
    assert!(accounts[0].complete && accounts[0].sha256.len() == 64);
    let list = folder.file("b.json", format!("[{},\n {}]", line(1), line(2)));
    assert_eq!(seen(&opened(&[&list]).unwrap(), 1).0, [(0, 0, 1), (0, 1, 2)]);
}

/// A record of another kind of log.
const TRAIL: &str = r#"{"Records":[{"eventVersion":"1.08","eventTime":"2026-01-05T00:00:00Z",
    "eventSource":"s3.amazonaws.com","eventName":"GetObject","eventID":"1","awsRegion":"x"}]}"#;

#[test]
fn what_holds_no_events_is_skipped_or_refused() {
    let folder = Folder::new();
    folder.file("a.evtx", log(3));
    let others = [
        ("b.csv", "a,b\n1,2\n", "CSV, which holds no Windows events"),
        ("c.json", "{\"user\":\"ann\"}", "JSON whose first record is no event of a Windows log"),
        ("d.json", TRAIL, "CloudTrail"),
        ("e.xml", "<?xml version=\"1.0\"?><Events><Event/></Events>", "as XML, which is not read"),
    ];
    for (name, text, reason) in others {
        let path = folder.file(name, text);
        let error = opened(&[&path]).unwrap_err().to_string();
        assert!(error.contains(reason), "{name}: {error}");
        assert_eq!(error.lines().count(), 1);
    }
    let logs = opened(&[folder.path()]).unwrap();
    assert_eq!(logs.files().len(), 1);
    for (skipped, (name, _, reason)) in logs.skipped().iter().zip(others) {
        assert!(skipped.path.ends_with(name) && skipped.reason.contains(reason), "{skipped:?}");
    }
}

#[test]
fn a_taker_that_has_enough_ends_the_reading() {
    let folder = Folder::new();
    let path = folder.file("a.evtx", log(700));
    let logs = opened(&[&path]).unwrap();
    let workers = Workers::new(2).unwrap();
    let mut taken = 0;
    let accounts = logs.read(&workers, &|_| true, &mut |_, _| {
        taken += 1;
        if taken == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((taken, accounts.unwrap()[0].complete), (10, false));
}
