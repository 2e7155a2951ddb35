//! A file from its first byte to its last: chunks decoded in parallel, given in order, accounted for.

use crate::chunk::{Chunk, Item, decode};
use crate::header::{CHUNK, FILE_HEADER, FILE_MAGIC, FileHeader};
use crate::lost::{Lost, Reason};
use crate::sequence::Sequence;
use lanner_frame::{Cancel, Cancelled};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::ControlFlow;

/// Chunks decoded at once: 1 MiB of a file, and of a hostile file 128 MiB of events.
const TOGETHER: usize = 16;

/// What became of a file.
#[derive(Debug, Default)]
pub struct Account {
    /// Bytes of the decompressed file.
    pub bytes: u64,
    /// Records that were read.
    pub events: u64,
    /// Records that are lost.
    pub lost: u64,
    /// What was mended or is odd, with the number of times, in the order of the words.
    pub notes: BTreeMap<&'static str, u64>,
    /// Why the bytes ended before the file did. What came before is accounted for.
    pub broken: Option<io::Error>,
    /// The taker wanted no more.
    pub stopped: bool,
}

/// Whether a file that begins so is an EVTX file.
pub fn is_evtx(head: &[u8]) -> bool {
    head.starts_with(FILE_MAGIC)
}

/// What is known of a file that begins so and is a Windows log of another form.
pub fn other_form(head: &[u8]) -> Option<&'static str> {
    let text = head.trim_ascii_start();
    if head.get(4..8) == Some(b"LfLe") {
        return Some("an event log of Windows before Vista (.evt), which is not read");
    }
    let xml = text.starts_with(b"<?xml") || text.starts_with(b"<Event");
    let events = memchr::memmem::find(text, b"schemas.microsoft.com/win/2004/08/events").is_some();
    (xml && (events || memchr::memmem::find(text, b"<Event").is_some()))
        .then_some("an event log as XML, which is not read; export it as EVTX or JSON")
}

/// Reads a file, giving the items of each chunk with its number to `sink` until it breaks: events and
/// places of lost records in the order of the file. What is lost between chunks comes with the chunk after
/// it, what is lost at the end comes last.
///
/// Chunks are decoded on the threads of the pool that this is called in; the order and the content of
/// what is given do not depend on their number.
///
/// # Errors
/// [`Cancelled`] if `cancel` was raised. An error of `source` is none: it ends the file early and is
/// in the account.
///
/// # Cost
/// One pass; 1 MiB of the file at a time.
pub fn read(
    mut source: impl Read,
    file: usize,
    cancel: &Cancel,
    sink: &mut dyn FnMut(u32, Vec<Item>) -> ControlFlow<()>,
) -> Result<Account, Cancelled> {
    let mut account = Account::default();
    let mut header = Vec::new();
    account.fill(&mut source, &mut header, FILE_HEADER);
    let parsed = FileHeader::parse(&header);
    let mut sequence = Sequence::new(parsed);
    let mut give = |account: &mut Account, chunk: u32, items: Vec<Item>| {
        for item in &items {
            match item {
                Item::Event(_) => account.events += 1,
                Item::Lost(lost) => account.lost += lost.records,
            }
        }
        let stop = !items.is_empty() && sink(chunk, items).is_break();
        account.stopped |= stop;
        stop
    };
    if header.len() < FILE_HEADER {
        let lost =
            Lost { offset: account.bytes, chunk: 0, records: 1, reason: Reason::EndsInHeader };
        give(&mut account, 0, vec![Item::Lost(lost)]);
        return Ok(account);
    }
    let mut first = 0_u32;
    let mut block = Vec::new();
    loop {
        cancel.check()?;
        account.fill(&mut source, &mut block, TOGETHER * CHUNK);
        if block.is_empty() {
            break;
        }
        let pieces: Vec<&[u8]> = block.chunks(CHUNK).collect();
        let numbered = pieces.par_iter().enumerate();
        let chunks: Vec<Chunk> =
            numbered.map(|(i, piece)| decode(piece, file, first + i as u32)).collect();
        for chunk in chunks {
            let Chunk { mut items, notes, state } = chunk;
            if let Some(lost) = sequence.next(first, &state) {
                items.insert(0, Item::Lost(lost));
            }
            account.note(&notes);
            if give(&mut account, first, items) {
                return Ok(account);
            }
            first += 1;
        }
    }
    cancel.check()?;
    if let Some(mut lost) = sequence.end() {
        lost.offset = lost.offset.min(account.bytes);
        give(&mut account, first, vec![Item::Lost(lost)]);
    }
    account.note(&sequence.notes(account.bytes));
    Ok(account)
}

impl Account {
    fn note(&mut self, notes: &[(&'static str, u64)]) {
        for (what, times) in notes {
            *self.notes.entry(what).or_default() += times;
        }
    }

    /// Takes up to `size` bytes of a source; fewer at its end, none after an error.
    fn fill(&mut self, source: &mut impl Read, into: &mut Vec<u8>, size: usize) {
        into.clear();
        if self.broken.is_none() {
            self.broken = source.take(size as u64).read_to_end(into).err();
        }
        self.bytes += into.len() as u64;
    }
}
