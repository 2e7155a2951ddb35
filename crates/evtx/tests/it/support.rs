//! Made-up logs, and what reading them comes to.

use jiff::Timestamp;
use lanner_evtx::{Account, Body, Event, Item, Lost, Reason, Writer, read};
use lanner_frame::Cancel;
use std::io::Cursor;
use std::ops::ControlFlow;

pub(crate) const HEADER: usize = 4096;
pub(crate) const CHUNK: usize = 65536;

/// What a file came to.
pub(crate) struct Outcome {
    pub(crate) events: Vec<Event>,
    pub(crate) lost: Vec<Lost>,
    pub(crate) account: Account,
}

/// Reads a file from memory.
pub(crate) fn open(bytes: &[u8]) -> Outcome {
    let (mut events, mut lost) = (Vec::new(), Vec::new());
    let mut keep = |_: u32, items: Vec<Item>| {
        for item in items {
            match item {
                Item::Event(event) => events.push(event),
                Item::Lost(place) => lost.push(place),
            }
        }
        ControlFlow::Continue(())
    };
    let account = read(bytes, 7, &Cancel::default(), &|items| items, &mut keep).unwrap();
    assert_eq!(account.events, events.len() as u64);
    assert_eq!(account.lost, lost.iter().map(|l| l.records).sum::<u64>());
    assert_eq!(account.bytes, bytes.len() as u64);
    Outcome { events, lost, account }
}

impl Outcome {
    /// The record ids that were read.
    pub(crate) fn ids(&self) -> Vec<u64> {
        self.events.iter().map(|event| event.record_id).collect()
    }

    /// Chunk, offset in it, records and reason of each place of lost records.
    pub(crate) fn places(&self) -> Vec<(u32, u64, u64, Reason)> {
        let place = |l: &Lost| {
            let start = HEADER as u64 + u64::from(l.chunk) * CHUNK as u64;
            (l.chunk, l.offset - start.min(l.offset), l.records, l.reason)
        };
        self.lost.iter().map(place).collect()
    }

    pub(crate) fn note(&self, words: &str) -> u64 {
        let notes = self.account.notes.iter();
        notes.filter(|(what, _)| what.contains(words)).map(|(_, times)| times).sum()
    }
}

/// A logon of user number `n`.
pub(crate) fn logon(n: u64) -> Event {
    let data = [
        ("SubjectUserSid", "S-1-5-18".to_owned()),
        ("TargetUserName", format!("user{n}")),
        ("LogonType", "10".to_owned()),
        ("IpAddress", format!("10.0.{}.{}", n / 200, n % 200)),
    ];
    Event {
        time: Some(Timestamp::new(1_700_000_000 + n as i64, 123_456_700).unwrap()),
        channel: "Security".to_owned(),
        provider: "Microsoft-Windows-Security-Auditing".to_owned(),
        event_id: 4624,
        record_id: n,
        computer: "dc.example".to_owned(),
        user_sid: Some("S-1-5-21-1-2-3-1001".to_owned()),
        system: vec![
            ("ProviderGuid", "{54849625-5478-4994-a5ba-3e3b0328c30d}".to_owned()),
            ("Version", "2".to_owned()),
            ("Level", "0".to_owned()),
            ("Task", "12544".to_owned()),
            ("Opcode", "0".to_owned()),
            ("Keywords", "0x8020000000000000".to_owned()),
            ("ProcessID", "560".to_owned()),
            ("ThreadID", "644".to_owned()),
        ],
        data: data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Event::default()
    }
}

/// Writes events as `EventData`.
pub(crate) fn file(events: impl IntoIterator<Item = Event>) -> Vec<u8> {
    let mut writer = Writer::new(Cursor::new(Vec::new())).unwrap();
    for event in events {
        writer.push(&event, Body::EventData).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A log of three full chunks and some; its bytes, and the ids of the first and last record of each chunk.
pub(crate) fn log() -> (Vec<u8>, Vec<(u64, u64)>) {
    let bytes = file((1..=600).map(logon));
    let id = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let chunks = (HEADER..bytes.len()).step_by(CHUNK);
    let ids = chunks.map(|at| (id(at + 24), id(at + 32))).collect();
    (bytes, ids)
}

/// Offset of the record with an id.
pub(crate) fn record(bytes: &[u8], id: u64) -> usize {
    let wanted = id.to_le_bytes();
    (0..bytes.len() - 16)
        .step_by(8)
        .find(|&at| bytes[at..].starts_with(b"**\0\0") && bytes[at + 8..at + 16] == wanted)
        .unwrap()
}
