//! A file from its first byte to its last: chunks decoded in parallel, given in order, accounted for.

use crate::chunk::{Chunk, Item, State, decode};
use crate::header::{CHUNK, FILE_HEADER, FILE_MAGIC, FileHeader};
use crate::lost::{Lost, Reason};
use crate::sequence::Sequence;
use lanner_frame::{Cancel, Cancelled};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::ControlFlow;

/// Chunks decoded at once: 2 MiB of a file, and of a hostile file 256 MiB of events; as many wait to be
/// taken meanwhile.
const TOGETHER: usize = 32;

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

/// Reads a file. The items of each chunk, events and places of lost records in the order of the file, are
/// made into something by `digest`; what it gives goes with the number of the chunk to `sink`, in the order
/// of the file, until that breaks. What is lost between chunks comes by itself before the chunk after it,
/// what is lost at the end comes last.
///
/// Chunks are decoded and digested on the threads of the pool that this is called in, while `sink` is busy
/// with those before and the source with those after; the order and the content of what is given do not
/// depend on the number of threads.
///
/// # Errors
/// [`Cancelled`] if `cancel` was raised. An error of `source` is none: it ends the file early and is
/// in the account.
///
/// # Cost
/// One pass; 4 MiB of the file at a time, and what `digest` makes of it.
pub fn read<T: Send>(
    source: impl Read + Send,
    file: usize,
    cancel: &Cancel,
    digest: &(impl Fn(Vec<Item>) -> T + Sync),
    sink: &mut (impl FnMut(u32, T) -> ControlFlow<()> + Send),
) -> Result<Account, Cancelled> {
    let mut log =
        Log { source, account: Account::default(), sequence: Sequence::new(None), given: 0 };
    let mut header = Vec::new();
    log.fill(&mut header, FILE_HEADER);
    log.sequence = Sequence::new(FileHeader::parse(&header));
    if header.len() < FILE_HEADER {
        let offset = log.account.bytes;
        let lost = Lost { offset, chunk: 0, records: 1, reason: Reason::EndsInHeader };
        // It is the end whether the taker wants more or not; the account says so.
        let _ = log.lost(lost, digest, sink);
        return Ok(log.account);
    }
    let (mut block, mut next) = (Vec::new(), Vec::new());
    log.fill(&mut block, TOGETHER * CHUNK);
    let mut first = 0;
    let mut ready: Vec<Digested<T>> = Vec::new();
    while !block.is_empty() || !ready.is_empty() {
        cancel.check()?;
        let decode_all = || {
            let pieces = block.par_chunks(CHUNK).enumerate();
            pieces.map(|(i, bytes)| Digested::new(bytes, file, first + i as u32, digest)).collect()
        };
        let hand_on = || {
            log.give(std::mem::take(&mut ready), digest, sink)?;
            log.fill(&mut next, TOGETHER * CHUNK);
            ControlFlow::Continue(())
        };
        let (taken, decoded) = rayon::join(hand_on, decode_all);
        if taken.is_break() {
            return Ok(log.account);
        }
        ready = decoded;
        first += ready.len() as u32;
        std::mem::swap(&mut block, &mut next);
    }
    cancel.check()?;
    if let Some(mut lost) = log.sequence.end() {
        lost.offset = lost.offset.min(log.account.bytes);
        let _ = log.lost(lost, digest, sink);
    }
    let odd = log.sequence.notes(log.account.bytes);
    log.account.note(&odd);
    Ok(log.account)
}

/// A chunk that was decoded.
struct Digested<T> {
    content: T,
    /// It holds at least one item.
    holds: bool,
    events: u64,
    lost: u64,
    notes: Vec<(&'static str, u64)>,
    state: State,
}

impl<T> Digested<T> {
    fn new(bytes: &[u8], file: usize, chunk: u32, digest: &impl Fn(Vec<Item>) -> T) -> Self {
        let Chunk { items, notes, state } = decode(bytes, file, chunk);
        let (mut events, mut lost) = (0, 0);
        for item in &items {
            match item {
                Item::Event(_) => events += 1,
                Item::Lost(place) => lost += place.records,
            }
        }
        Self { holds: !items.is_empty(), content: digest(items), events, lost, notes, state }
    }
}

/// A file on its way through.
struct Log<R> {
    source: R,
    account: Account,
    sequence: Sequence,
    /// Chunks given so far.
    given: u32,
}

impl<R: Read> Log<R> {
    /// Takes up to `size` bytes of the source; fewer at its end, none after an error.
    fn fill(&mut self, into: &mut Vec<u8>, size: usize) {
        into.clear();
        if self.account.broken.is_none() {
            let read = self.source.by_ref().take(size as u64).read_to_end(into);
            self.account.broken = read.err();
        }
        self.account.bytes += into.len() as u64;
    }

    /// Gives some chunks and what is lost before each.
    fn give<T>(
        &mut self,
        chunks: Vec<Digested<T>>,
        digest: &impl Fn(Vec<Item>) -> T,
        sink: &mut impl FnMut(u32, T) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for chunk in chunks {
            if let Some(lost) = self.sequence.next(self.given, &chunk.state) {
                self.lost(lost, digest, sink)?;
            }
            self.account.note(&chunk.notes);
            self.account.events += chunk.events;
            self.account.lost += chunk.lost;
            if chunk.holds {
                self.pass(chunk.content, sink)?;
            }
            self.given += 1;
        }
        ControlFlow::Continue(())
    }

    /// Gives a place of lost records by itself.
    fn lost<T>(
        &mut self,
        lost: Lost,
        digest: &impl Fn(Vec<Item>) -> T,
        sink: &mut impl FnMut(u32, T) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.account.lost += lost.records;
        self.pass(digest(vec![Item::Lost(lost)]), sink)
    }

    fn pass<T>(
        &mut self,
        content: T,
        sink: &mut impl FnMut(u32, T) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let passed = sink(self.given, content);
        self.account.stopped |= passed.is_break();
        passed
    }
}

impl Account {
    fn note(&mut self, notes: &[(&'static str, u64)]) {
        for (what, times) in notes {
            *self.notes.entry(what).or_default() += times;
        }
    }
}
