//! Files made to harm: nothing panics, hangs or grows, and every record is accounted for.

use crate::support::{CHUNK, HEADER, file, log, logon, open};
use lanner_evtx::{Event, Item, Reason, decode};
use lanner_frame::Cancel;
use std::io::{self, Read};
use std::ops::ControlFlow;

/// xorshift64, seeded.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

#[test]
fn any_bytes_are_survived() {
    let mixed = (1..=120).map(|n| Event {
        data: (0..n % 9).map(|i| (format!("Field{i}"), format!("{n}"))).collect(),
        ..logon(n)
    });
    let sound = file(mixed);
    let mut dice = Dice(0x5eed);
    for round in 0..200 {
        let mut bytes = sound.clone();
        for _ in 0..=dice.roll(12) {
            // Mostly where records are, half of the time in the first of them and their templates.
            let end = if dice.roll(2) == 0 { HEADER + 4096 } else { bytes.len() };
            let at = dice.roll(end);
            match dice.roll(4) {
                0 => bytes[at] ^= 1 << dice.roll(8),
                1 => bytes[at] = dice.roll(256) as u8,
                2 => {
                    let until = (at + dice.roll(64)).min(bytes.len());
                    bytes[at..until].fill(dice.roll(3) as u8 * 0x7f);
                }
                _ => {
                    let from = dice.roll(bytes.len() - 64);
                    let until = (at + dice.roll(64)).min(bytes.len());
                    bytes.copy_within(from..from + until - at, at);
                }
            }
        }
        let outcome = open(&bytes);
        assert!(outcome.events.len() <= 200, "round {round}");
    }
}

#[test]
fn chunks_of_noise_are_survived() {
    let mut dice = Dice(7);
    for _ in 0..30 {
        let mut chunk: Vec<u8> = (0..CHUNK).map(|_| dice.roll(256) as u8).collect();
        chunk[..8].copy_from_slice(b"ElfChnk\0");
        // Frames everywhere, some of them whole.
        for _ in 0..200 {
            let (at, size) = (dice.roll(CHUNK / 8 - 64) * 8, 32 + dice.roll(40) * 8);
            chunk[at..at + 4].copy_from_slice(b"**\0\0");
            chunk[at + 4..at + 8].copy_from_slice(&(size as u32).to_le_bytes());
            chunk[at + size - 4..at + size].copy_from_slice(&(size as u32).to_le_bytes());
        }
        let items = decode(&chunk, 0, 0).items;
        assert!(items.iter().all(|item| matches!(item, Item::Lost(_))));
    }
}

#[test]
fn headers_cannot_claim_what_a_file_cannot_hold() {
    let (bytes, _) = log();
    for at in
        [8, 16, 24, 32, 40, 42, HEADER + 8, HEADER + 16, HEADER + 24, HEADER + 32, HEADER + 48]
    {
        for value in [u64::MAX, u64::MAX / 2, 0, 1 << 40] {
            let mut bytes = bytes.clone();
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            let outcome = open(&bytes);
            assert!(outcome.account.lost <= 65_535 * 2322, "{at}: {value}");
            assert!(outcome.events.len() <= 600);
        }
    }
}

#[test]
fn events_that_grow_beyond_measure_are_refused() {
    // The name stands once in the template and in every event again.
    let name = "€".repeat(20_000);
    let events = (1..=150).map(|n| Event {
        event_id: 1,
        record_id: n,
        data: vec![(name.clone(), String::new())],
        ..Event::default()
    });
    let outcome = open(&file(events));
    let refused = outcome.lost.iter().filter(|lost| lost.reason == Reason::TooLarge).count();
    assert!(refused > 20 && outcome.events.len() > 20, "{refused}");
    assert_eq!(outcome.account.events + outcome.account.lost, 150);
}

#[test]
fn a_source_that_fails_ends_the_file_and_an_interrupt_ends_the_run() {
    struct Failing<'b>(&'b [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(io::Error::other("gone")),
                n => Ok(n),
            }
        }
    }
    let (bytes, ids) = log();
    let cut = &bytes[..HEADER + CHUNK];
    let account = |source: &mut (dyn Read + Send), cancel: &Cancel, stop: bool| {
        lanner_evtx::read(source, 0, cancel, &|_| (), &mut |_, ()| {
            if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    };
    let cancel = Cancel::default();
    let failed = account(&mut Failing(cut), &cancel, false).unwrap();
    assert_eq!((failed.events, failed.lost), (ids[0].1, 600 - ids[0].1));
    assert_eq!(failed.broken.unwrap().to_string(), "gone");
    let stopped = account(&mut &bytes[..], &cancel, true).unwrap();
    assert!(stopped.stopped && stopped.events == ids[0].1);
    cancel.raise();
    assert!(account(&mut &bytes[..], &cancel, false).is_err());
}
