//! One chunk of a file: its events, and what is lost in it.

use crate::event::{Event, Location};
use crate::header::{CHUNK, CHUNK_MAGIC, ChunkHeader, FILE_HEADER};
use crate::lost::{Lost, Reason};
use crate::render;
use crate::walk::{Walk, walk};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A piece of a file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every piece is an event")]
pub enum Item {
    /// An event.
    Event(Event),
    /// A place where records are lost.
    Lost(Lost),
}

/// What one chunk holds.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Events and places of lost records, in the order of the chunk.
    pub items: Vec<Item>,
    /// What was mended on the way, with the number of times.
    pub notes: Vec<(&'static str, u64)>,
    pub(crate) state: State,
}

/// What can be said of a chunk as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// Its header can be believed.
    Sound(ChunkHeader),
    /// Records were found although the header cannot be believed; the number of them and of those lost
    /// between them.
    Carved(u64),
    /// Only zeros.
    #[default]
    Blank,
    /// Other bytes.
    Alien,
}

/// Reads chunk number `chunk` of file number `file`. `bytes` are its 64 KiB, or fewer where the file ends
/// inside it.
///
/// # Cost
/// The time is that of decoding. The events of a hostile chunk come to 8 MiB at most, those of a real one
/// to some hundred KiB.
pub fn decode(bytes: &[u8], file: usize, chunk: u32) -> Chunk {
    let bytes = &bytes[..bytes.len().min(CHUNK)];
    if bytes.iter().all(|&b| b == 0) {
        return Chunk::default();
    }
    let header = ChunkHeader::parse(bytes);
    let walk = walk(bytes, header.as_ref());
    let state = match header {
        Some(header) => State::Sound(header),
        None if walk.frames.is_empty() => State::Alien,
        None => {
            let lost: u64 = walk.gaps.iter().map(|gap| gap.records).sum();
            State::Carved(walk.frames.len() as u64 + lost)
        }
    };
    if state == State::Alien {
        return Chunk { state, ..Chunk::default() };
    }
    let base = FILE_HEADER as u64 + u64::from(chunk) * CHUNK as u64;
    let at = |offset: usize| Location { file, offset: base + offset as u64, chunk };
    Chunk { items: items(bytes, &walk, &at), notes: notes(bytes, header.as_ref(), &walk), state }
}

fn items(bytes: &[u8], walk: &Walk, at: &dyn Fn(usize) -> Location) -> Vec<Item> {
    let mut events = vec![Err(Reason::Undecodable); walk.frames.len()];
    let decoded = catch_unwind(AssertUnwindSafe(|| render::decode(bytes, walk, &mut events)));
    if decoded.is_err() {
        let unread = events.iter_mut().filter(|e| **e == Err(Reason::Undecodable));
        unread.for_each(|event| *event = Err(Reason::Panicked));
    }
    let lost = |offset: usize, records, reason| {
        let Location { offset, chunk, .. } = at(offset);
        Item::Lost(Lost { offset, chunk, records, reason })
    };
    let mut items = Vec::with_capacity(walk.frames.len() + walk.gaps.len());
    let mut gaps = walk.gaps.iter().peekable();
    let mut gap = |until: usize, items: &mut Vec<Item>| {
        while let Some(gap) = gaps.next_if(|gap| gap.at <= until) {
            let cut = bytes.len() < CHUNK && gaps.peek().is_none();
            let reason = match gap.damaged {
                _ if cut => Reason::EndsInChunk,
                true => Reason::Damaged,
                false => Reason::Missing,
            };
            items.push(lost(gap.at, gap.records, reason));
        }
    };
    for (frame, event) in walk.frames.iter().zip(events) {
        gap(frame.at, &mut items);
        items.push(match event {
            Ok(mut event) => {
                event.at = at(frame.at);
                if event.record_id == 0 {
                    event.record_id = frame.id;
                }
                Item::Event(event)
            }
            Err(reason) => lost(frame.at, 1, reason),
        });
    }
    gap(CHUNK, &mut items);
    items
}

fn notes(bytes: &[u8], header: Option<&ChunkHeader>, walk: &Walk) -> Vec<(&'static str, u64)> {
    let sound = header.is_some();
    let headless = if sound { 0 } else { walk.frames.len() as u64 };
    let nameless = sound && !bytes.starts_with(CHUNK_MAGIC);
    let unlike = header.is_some_and(|h| bytes.len() == CHUNK && !h.fits(bytes));
    let all = [
        ("chunks read although their magic is damaged", u64::from(nameless)),
        ("chunks whose records do not fit their checksum", u64::from(unlike)),
        ("records recovered from chunks without a sound header", headless),
        (
            "records recovered after a damaged place of their chunk",
            if sound { walk.carved } else { 0 },
        ),
        ("records recovered past the end that their chunk gives", walk.beyond),
    ];
    all.into_iter().filter(|&(_, times)| times > 0).collect()
}
