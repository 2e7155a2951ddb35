//! Damage in every place, and the account of it.

use crate::support::{CHUNK, HEADER, file, log, logon, open, record};
use lanner_evtx::Reason::{
    Absent, Blank, Damaged, EndsInChunk, EndsInHeader, Missing, NoChunk, Undecodable,
};

fn all_but(gone: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    (1..=600).filter(|id| !gone.contains(id)).collect()
}

#[test]
fn a_chunk_of_zeros_is_lost_by_its_numbers() {
    let (mut bytes, ids) = log();
    let (first, last) = ids[1];
    bytes[HEADER + CHUNK..HEADER + 2 * CHUNK].fill(0);
    let outcome = open(&bytes);
    assert_eq!(outcome.places(), [(1, 0, last - first + 1, Blank)]);
    assert_eq!(outcome.ids(), all_but(first..=last));
    // The same at the beginning and at the end of the log.
    let (mut bytes, ids) = log();
    bytes[HEADER..HEADER + CHUNK].fill(0);
    assert_eq!(open(&bytes).places(), [(0, 0, ids[0].1, Blank)]);
    let (mut bytes, ids) = log();
    let (chunk, (first, last)) = (ids.len() - 1, ids[ids.len() - 1]);
    bytes[HEADER + chunk * CHUNK..].fill(0);
    assert_eq!(open(&bytes).places(), [(chunk as u32, 0, last - first + 1, Blank)]);
}

#[test]
fn a_chunk_of_noise_is_lost_and_noise_at_the_end_is_not() {
    let (mut bytes, ids) = log();
    bytes[HEADER + CHUNK..HEADER + 2 * CHUNK].fill(0xa5);
    let outcome = open(&bytes);
    assert_eq!(outcome.places(), [(1, 0, ids[1].1 - ids[1].0 + 1, NoChunk)]);
    let (mut bytes, _) = log();
    bytes.extend([0x5a; 10_240]);
    let outcome = open(&bytes);
    assert_eq!((outcome.events.len(), outcome.lost.len()), (600, 0));
    assert_eq!(outcome.note("no chunk and hold no record"), 1);
}

#[test]
fn a_chunk_without_its_magic_is_read() {
    let (mut bytes, ids) = log();
    bytes[HEADER + CHUNK..HEADER + CHUNK + 8].fill(0);
    let outcome = open(&bytes);
    assert_eq!((outcome.events.len(), outcome.lost.len()), (600, 0));
    assert_eq!(outcome.note("their magic is damaged"), 1);
    // With its whole header gone its records are carved, the tables of names not needed.
    bytes[HEADER + CHUNK..HEADER + CHUNK + 512].fill(0xee);
    let outcome = open(&bytes);
    assert_eq!((outcome.events.len(), outcome.lost.len()), (600, 0));
    assert_eq!(outcome.note("without a sound header"), ids[1].1 - ids[1].0 + 1);
}

#[test]
fn a_record_of_a_wrong_size_costs_itself() {
    for size in [0_u32, 27, 1 << 31, 4096] {
        let (mut bytes, ids) = log();
        let at = record(&bytes, 5);
        bytes[at + 4..at + 8].copy_from_slice(&size.to_le_bytes());
        let outcome = open(&bytes);
        let offset = (at - HEADER) as u64;
        assert_eq!(outcome.places(), [(0, offset, 1, Damaged)], "{size}");
        assert_eq!(outcome.ids(), all_but(5..=5), "{size}");
        assert_eq!(outcome.note("after a damaged place"), ids[0].1 - 5, "{size}");
        assert_eq!(outcome.note("do not fit their checksum"), 1);
    }
}

#[test]
fn damaged_places_of_one_chunk_are_told_apart() {
    let (mut bytes, ids) = log();
    for id in [2, 10, 11, ids[0].1] {
        let at = record(&bytes, id);
        bytes[at] = b'x';
    }
    let outcome = open(&bytes);
    let records: Vec<_> = outcome.places().iter().map(|place| (place.2, place.3)).collect();
    assert_eq!(records, [(1, Damaged), (2, Damaged), (1, Damaged)]);
    assert_eq!(outcome.events.len(), 596);
}

#[test]
fn a_record_that_cannot_be_decoded_costs_itself() {
    let (mut bytes, _) = log();
    // The token of the template instance.
    let at = record(&bytes, 7);
    bytes[at + 28] = 0xff;
    let outcome = open(&bytes);
    assert_eq!(outcome.places(), [(0, (at - HEADER) as u64, 1, Undecodable)]);
    assert_eq!(outcome.ids(), all_but(7..=7));
    // A template that is damaged costs every record that needs it.
    let (mut bytes, ids) = log();
    let at = record(&bytes, 1);
    bytes[at + 24 + 4 + 10 + 24 + 4] = 0xff;
    let outcome = open(&bytes);
    assert_eq!(outcome.account.lost, ids[0].1);
    assert_eq!(outcome.lost.len() as u64, ids[0].1);
}

#[test]
fn a_record_taken_out_is_missed() {
    // The record before is made long enough to cover it, as tools that hide events do.
    let (mut bytes, _) = log();
    let (at, next) = (record(&bytes, 20), record(&bytes, 22));
    let size = ((next - at) as u32).to_le_bytes();
    bytes[at + 4..at + 8].copy_from_slice(&size);
    bytes[next - 4..next].copy_from_slice(&size);
    let outcome = open(&bytes);
    assert_eq!(outcome.places(), [(0, (next - HEADER) as u64, 1, Missing)]);
    assert_eq!(outcome.ids(), all_but(21..=21));
}

#[test]
fn a_file_cut_anywhere_keeps_its_sum() {
    let (bytes, ids) = log();
    for cut in (0..bytes.len()).step_by(3001).chain([100, 4095, 4096, 4097, HEADER + CHUNK]) {
        let outcome = open(&bytes[..cut]);
        if cut < HEADER {
            assert_eq!(outcome.places(), [(0, 0, 1, EndsInHeader)], "cut at {cut}");
            continue;
        }
        assert_eq!(outcome.account.events + outcome.account.lost, 600, "cut at {cut}");
        let read = outcome.events.len() as u64;
        assert_eq!(outcome.ids(), (1..=read).collect::<Vec<_>>(), "cut at {cut}");
        assert!(outcome.lost.iter().all(|l| l.offset <= cut as u64));
    }
    let cut = HEADER + CHUNK + 30_000;
    let places = open(&bytes[..cut]).places();
    assert_eq!((places[0].0, places[0].3), (1, EndsInChunk));
    assert_eq!((places[1].2, places[1].3), (600 - ids[1].1, Absent));
}

#[test]
fn a_log_that_was_not_closed_is_read_past_its_headers() {
    let (mut bytes, ids) = log();
    let last = HEADER + (ids.len() - 1) * CHUNK;
    // The headers know neither of the last chunk nor of the last two records in it.
    bytes[120] = 1;
    bytes[24..32].copy_from_slice(&3_u64.to_le_bytes());
    bytes[42..44].copy_from_slice(&1_u16.to_le_bytes());
    let sum = crc(&bytes[..120]);
    bytes[124..128].copy_from_slice(&sum.to_le_bytes());
    let end = record(&bytes, 599) - last;
    for (at, less) in [(16, 2_u64), (32, 2)] {
        let field = last + at..last + at + 8;
        let old = u64::from_le_bytes(bytes[field.clone()].try_into().unwrap());
        bytes[field].copy_from_slice(&(old - less).to_le_bytes());
    }
    bytes[last + 48..last + 52].copy_from_slice(&(end as u32).to_le_bytes());
    let outcome = open(&bytes);
    assert_eq!((outcome.events.len(), outcome.lost.len()), (600, 0));
    assert_eq!(outcome.note("not closed"), 1);
    assert_eq!(outcome.note("past the end"), 2);
}

/// CRC-32 as in zlib, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    };
    !bytes.iter().fold(!0, step)
}

#[test]
fn a_full_log_begins_again_and_chunks_out_of_order_are_noted() {
    let (bytes, ids) = log();
    let chunk = |n: usize| &bytes[HEADER + n * CHUNK..HEADER + (n + 1) * CHUNK];
    let last = ids.len() - 1;
    let around = [&bytes[..HEADER], chunk(last), &bytes[HEADER..bytes.len() - CHUNK]].concat();
    let outcome = open(&around);
    assert_eq!(
        (outcome.events.len(), outcome.lost.len(), outcome.note("do not follow")),
        (600, 0, 0)
    );
    // What follows the last chunk is the first.
    let mut hole = around.clone();
    hole[HEADER + last * CHUNK..].fill(0);
    let (first_id, last_id) = ids[last - 1];
    assert_eq!(open(&hole).places(), [(last as u32, 0, last_id - first_id + 1, Blank)]);
    let swapped = [&bytes[..HEADER], chunk(1), chunk(0), &bytes[HEADER + 2 * CHUNK..]].concat();
    let outcome = open(&swapped);
    assert_eq!((outcome.events.len(), outcome.lost.len()), (600, 0));
    assert_eq!(outcome.note("do not follow"), 1);
}

#[test]
fn spare_chunks_and_large_claims_are_no_loss() {
    let (mut bytes, _) = log();
    bytes.extend(vec![0; 2 * CHUNK]);
    let outcome = open(&bytes);
    assert_eq!(
        (outcome.events.len(), outcome.lost.len(), outcome.account.notes.len()),
        (600, 0, 0)
    );
    bytes[42..44].copy_from_slice(&200_u16.to_le_bytes());
    let outcome = open(&bytes);
    assert_eq!((outcome.events.len(), outcome.lost.len()), (600, 0));
    assert_eq!(outcome.note("count more chunks"), 1);
    assert_eq!(outcome.note("headers that do not fit"), 1);
}

#[test]
fn exported_logs_may_skip_ids() {
    let bytes = file((1..=300).map(|n| logon(n * 3)));
    let outcome = open(&bytes);
    assert_eq!((outcome.events.len(), outcome.lost.len()), (300, 0), "{:?}", outcome.lost);
    let mut bytes = bytes;
    let at = record(&bytes, 30);
    bytes[at] = 0;
    let outcome = open(&bytes);
    assert_eq!((outcome.events.len(), outcome.account.lost), (299, 1));
}
