//! What is written is what is read.

use crate::support::{CHUNK, HEADER, file, log, logon, open};
use jiff::Timestamp;
use lanner_evtx::{Body, Event, Writer, decode};
use lanner_frame::Workers;
use std::io::Cursor;

/// Events without the places where they were read.
fn unplaced(events: Vec<Event>) -> Vec<Event> {
    let unplaced = |event| Event { at: lanner_evtx::Location::default(), ..event };
    events.into_iter().map(unplaced).collect()
}

/// More chunks than are decoded at once, some of them unreadable.
#[test]
fn what_is_read_does_not_depend_on_threads() {
    let mut bytes = file((1..=12_000).map(logon));
    let chunks = (bytes.len() - HEADER) / CHUNK;
    assert!(chunks > 70, "{chunks} chunks");
    bytes[HEADER + 33 * CHUNK..HEADER + 34 * CHUNK].fill(0);
    bytes[HEADER + 64 * CHUNK + 600] ^= 1;
    let at = |threads| Workers::new(threads).unwrap().run(|| open(&bytes));
    let (one, many) = (at(1), at(5));
    assert!(one.events.len() > 11_000 && one.account.events + one.account.lost == 12_000);
    assert_eq!(one.lost[0].chunk, 33);
    assert_eq!((one.events, one.lost), (many.events, many.lost));
    assert_eq!(one.account.notes, many.account.notes);
}

#[test]
fn events_come_back_whole_and_in_order() {
    let events: Vec<Event> = (1..=600).map(logon).collect();
    let bytes = file(events.clone());
    let outcome = open(&bytes);
    assert_eq!((bytes.len() - HEADER) % CHUNK, 0);
    assert!(bytes.len() > HEADER + 2 * CHUNK);
    assert!(outcome.lost.is_empty() && outcome.account.notes.is_empty(), "{:?}", outcome.account);
    assert_eq!((outcome.events[599].at.file, outcome.events[0].at.offset), (7, 4608));
    assert_eq!(outcome.events[599].at.chunk as usize, (bytes.len() - HEADER) / CHUNK - 1);
    assert_eq!(unplaced(outcome.events), events);
    assert_eq!(file(events), bytes, "the same events give the same bytes");
}

#[test]
fn every_shape_and_every_text_comes_back() {
    let texts = [
        "",
        " ",
        "a<b>&\"'c",
        "ünï 日本 😀",
        "tab\tline\r\nbell\u{7}esc\u{1b}[0m",
        "007",
        "-1",
        "0x3e7",
        "{}",
    ];
    let data = |names: &[&str], value: &str| -> Vec<(String, String)> {
        names.iter().map(|name| ((*name).to_owned(), value.to_owned())).collect()
    };
    let mut events = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        events.push(Event {
            channel: format!("c{text}"),
            provider: format!("p{text}"),
            computer: format!("h{text}"),
            data: data(&["A", "b c", "Data", "Data_1", "日本"], text),
            ..logon(n as u64 + 1)
        });
    }
    // Values that are no canonical numbers, GUIDs or SIDs stay as they are.
    events.push(Event {
        time: None,
        event_id: 70_000,
        user_sid: Some("S-1-5-021".to_owned()),
        system: vec![
            ("ProviderGuid", "{54849625-5478-4994-A5BA-3E3B0328C30D}".to_owned()),
            ("EventSourceName", "x".to_owned()),
            ("Qualifiers", "16384".to_owned()),
            ("Version", "256".to_owned()),
            ("Keywords", "audit".to_owned()),
            ("ActivityID", "{61a55000-55e5-1017-0000-000000000000}".to_owned()),
        ],
        data: Vec::new(),
        ..logon(10)
    });
    // Before 1970, to 100 nanoseconds.
    events.push(Event { time: Some(Timestamp::new(-3, -500).unwrap()), ..logon(11) });
    let outcome = open(&file(events.clone()));
    assert!(outcome.lost.is_empty(), "{:?}", outcome.lost);
    for (read, written) in unplaced(outcome.events).iter().zip(&events) {
        assert_eq!(read, written);
    }
}

#[test]
fn user_data_has_no_namespace() {
    let data = [("User", "CORP\\ada"), ("SessionID", "3"), ("Address", "10.0.0.9")];
    let data = data.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let event = Event { event_id: 21, data: data.to_vec(), ..logon(1) };
    let body = Body::UserData { element: "EventXML", namespace: "Event_NS" };
    let mut writer = Writer::new(Cursor::new(Vec::new())).unwrap();
    writer.push(&event, body).unwrap();
    let outcome = open(&writer.finish().unwrap().into_inner());
    assert_eq!(outcome.events[0].data, data);
    assert_eq!(outcome.events[0].get("Address"), Some("10.0.0.9"));
    assert_eq!(outcome.events[0].system("ThreadID"), Some("644"));
}

#[test]
fn what_cannot_be_written_is_refused() {
    let mut writer = Writer::new(Cursor::new(Vec::new())).unwrap();
    writer.push(&logon(0), Body::EventData).unwrap();
    let large = Event { data: vec![("A".to_owned(), "x".repeat(32_500))], ..logon(0) };
    writer.push(&large, Body::EventData).unwrap_err();
    let many = Event { data: vec![(String::new(), String::new()); 70_000], ..logon(0) };
    writer.push(&many, Body::EventData).unwrap_err();
    writer.push(&logon(0), Body::EventData).unwrap();
    let outcome = open(&writer.finish().unwrap().into_inner());
    assert_eq!((outcome.ids(), outcome.lost.len()), (vec![1, 2], 0));
}

#[test]
fn an_empty_log_is_no_damage() {
    let outcome = open(&file([]));
    assert_eq!((outcome.events.len(), outcome.lost.len(), outcome.account.notes.len()), (0, 0, 0));
}

#[test]
fn the_threads_change_nothing() {
    let (mut bytes, _) = log();
    for at in (HEADER..bytes.len()).step_by(997) {
        bytes[at] ^= 0x55;
    }
    let run = |threads| {
        let outcome = Workers::new(threads).unwrap().run(|| open(&bytes));
        (outcome.events, outcome.lost, outcome.account.notes)
    };
    let one = run(1);
    assert_eq!(run(2), one);
    assert_eq!(run(7), one);
    // One chunk alone is read as it is read in its file.
    let second: Vec<_> = decode(&bytes[HEADER + CHUNK..HEADER + 2 * CHUNK], 7, 1)
        .items
        .into_iter()
        .filter_map(|item| match item {
            lanner_evtx::Item::Event(event) => Some(event),
            lanner_evtx::Item::Lost(_) => None,
        })
        .collect();
    let same: Vec<_> = one.0.into_iter().filter(|event| event.at.chunk == 1).collect();
    assert_eq!(second, same);
}
