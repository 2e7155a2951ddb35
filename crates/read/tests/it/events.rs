//! Windows event logs as tables.

use crate::support::{Folder, gzip, read, read_with};
use jiff::Timestamp;
use lanner_evtx::{Body, Event, Writer};
use lanner_read::{Kind, Options};
use std::io::Cursor;

const CHUNK: usize = 65536;

fn logon(n: u64) -> Event {
    let data = [("TargetUserName", format!("user{n}")), ("ProcessID", "0x4".to_owned())];
    Event {
        time: Some(Timestamp::from_second(1_700_000_000 + n as i64).unwrap()),
        channel: "Security".to_owned(),
        provider: "Auditing".to_owned(),
        event_id: 4624,
        record_id: n,
        computer: "dc".to_owned(),
        system: vec![("Level", "0".to_owned()), ("ProcessID", "560".to_owned())],
        data: data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Event::default()
    }
}

/// A log of events, and one of `UserData` at its end.
pub(crate) fn log(count: u64) -> Vec<u8> {
    let mut writer = Writer::new(Cursor::new(Vec::new())).unwrap();
    for n in 1..count {
        writer.push(&logon(n), Body::EventData).unwrap();
    }
    let data = vec![("User".to_owned(), "ada".to_owned()), ("Address".to_owned(), String::new())];
    let last = Event { event_id: 21, data, ..logon(count) };
    let body = Body::UserData { element: "EventXML", namespace: "Event_NS" };
    writer.push(&last, body).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn fields_and_data_are_columns() {
    let folder = Folder::new();
    let bytes = log(3);
    let forms = [
        ("a.evtx", bytes.clone()),
        ("b.txt", bytes.clone()),
        ("c.evtx.gz", gzip(&bytes)),
        ("d", gzip(&bytes)),
    ];
    for (name, bytes) in forms {
        let path = folder.file(name, bytes);
        let outcome =
            read(&path, &["EventID", "TargetUserName", "ProcessID", "EventData.ProcessID", "User"]);
        assert_eq!(
            (outcome.inputs.kind(), outcome.inputs.files()[0].format),
            (Kind::Table, "evtx")
        );
        let names: Vec<_> =
            outcome.inputs.schema().fields().iter().map(|f| f.name().clone()).collect();
        let expected = "TimeCreated Computer Channel Provider EventID EventRecordID UserID Level \
            ProcessID TargetUserName EventData.ProcessID User Address";
        assert_eq!(names.join(" "), expected, "{name}");
        assert_eq!(outcome.column("EventID"), ["4624", "4624", "21"]);
        assert_eq!(outcome.column("TargetUserName"), ["user1", "user2", "-"]);
        assert_eq!(outcome.column("ProcessID"), ["560", "560", "560"]);
        assert_eq!(outcome.column("EventData.ProcessID"), ["0x4", "0x4", "-"]);
        assert_eq!(outcome.column("User"), ["-", "-", "ada"]);
        assert_eq!(outcome.inputs.time_field(), Some("TimeCreated"));
        assert_eq!(outcome.column("lanner_time")[1], "2023-11-14T22:13:22Z");
        assert_eq!(outcome.records(), [0, 1, 2]);
        assert!(outcome.accounts[0].complete && outcome.rejects().is_empty(), "{name}");
    }
}

#[test]
fn lost_records_are_rejects_by_their_numbers() {
    let folder = Folder::new();
    let sound = log(600);
    let id = |at: usize| u64::from_le_bytes(sound[at..at + 8].try_into().unwrap());
    let (first, last) = (id(4096 + CHUNK + 24), id(4096 + CHUNK + 32));
    let mut bytes = sound.clone();
    bytes[4096 + CHUNK..4096 + 2 * CHUNK].fill(0);
    // The magic of the first record, of which the others need the template: its bytes stay.
    bytes[4096 + 512] = 0;
    for (name, bytes) in [("a.evtx", bytes.clone()), ("a.gz", gzip(&bytes))] {
        let outcome = read(&folder.file(name, bytes), &["EventRecordID"]);
        let expected: Vec<u64> =
            (0..600).filter(|&n| n > 0 && !(first - 1..last).contains(&n)).collect();
        assert_eq!(outcome.records(), expected);
        let ids: Vec<String> = expected.iter().map(|n| (n + 1).to_string()).collect();
        assert_eq!(outcome.column("EventRecordID"), ids);
        let account = &outcome.accounts[0];
        assert_eq!((account.records, account.rejects), (600, 1 + last - first + 1));
        let reason = format!(
            "only zeros where a chunk should be (chunk 1); {} records lost by their numbers",
            last - first + 1
        );
        assert_eq!(
            outcome.rejects(),
            [
                (0, 4608, "a damaged record (chunk 0)"),
                (first - 1, 4096 + CHUNK as u64, reason.as_str())
            ]
        );
        assert!(!account.complete);
        assert_eq!(account.notes[1].0, "records recovered after a damaged place of their chunk");
    }
}

#[test]
fn a_cut_archive_keeps_what_came_before() {
    let folder = Folder::new();
    let bytes = log(600);
    let whole = gzip(&bytes);
    for cut in [whole.len() / 3, whole.len() - 9] {
        let outcome = read(&folder.file("cut.evtx.gz", &whole[..cut]), &["EventRecordID"]);
        let account = &outcome.accounts[0];
        assert_eq!((account.records, account.complete), (600, false));
        assert_eq!(account.bytes, cut as u64);
    }
}

#[test]
fn many_chunks_are_many_units() {
    let folder = Folder::new();
    let small = log(2);
    // One chunk again and again: its record numbers do not follow, which is noted and no loss.
    let bytes = [&small[..4096], &small[4096..].repeat(130)].concat();
    let path = folder.file("a.evtx", bytes);
    let outcome = read(&path, &["EventRecordID"]);
    assert_eq!((outcome.inputs.units(), outcome.rows.num_rows()), (3, 260));
    assert_eq!(outcome.records(), (0..260).collect::<Vec<_>>());
}

#[test]
fn other_event_logs_are_named() {
    let folder = Folder::new();
    folder.file("a.evtx", log(2));
    let xml = "<?xml version=\"1.0\"?>\n<Events><Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"/></Events>";
    folder.file("b.xml", xml);
    folder.file("old.evt", [&[0x30, 0, 0, 0][..], b"LfLe", &[1; 64]].concat());
    folder.file("header.evtx", &log(2)[..100]);
    let outcome = read_with(&[folder.path()], &["EventID"], &Options::default()).unwrap();
    assert_eq!(outcome.rows.num_rows(), 2);
    let reasons: Vec<&str> =
        outcome.inputs.skipped().iter().map(|skipped| skipped.reason.as_str()).collect();
    assert!(reasons[0].starts_with("an event log as XML"), "{reasons:?}");
    assert!(reasons[1].starts_with("an event log of Windows before Vista"));
    let cut = &outcome.accounts[1];
    assert_eq!((cut.records, cut.rejects, cut.complete), (1, 1, false));
    assert_eq!(cut.listed[0].reason, "the file ends inside its header (chunk 0)");
}
