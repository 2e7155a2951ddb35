//! One chunk of a file: its events, and what is lost in it.

use crate::direct::Direct;
use crate::event::{Event, Location};
use crate::header::{CHUNK, CHUNK_MAGIC, ChunkHeader, FILE_HEADER};
use crate::lost::{Lost, Reason};
use crate::render;
use crate::walk::{Walk, walk};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A piece of a file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    let items = items(bytes, &walk, &at);
    let damaged = walk.gaps.iter().find(|gap| gap.damaged).map(|gap| at(gap.at).offset);
    let recovered = items.iter().filter(|item| match item {
        Item::Event(event) => {
            header.is_none() || damaged.is_some_and(|from| event.at.offset > from)
        }
        Item::Lost(_) => false,
    });
    let notes = notes(bytes, header.as_ref(), recovered.count() as u64, walk.beyond);
    Chunk { items, notes, state }
}

fn items(bytes: &[u8], walk: &Walk, at: &dyn Fn(usize) -> Location) -> Vec<Item> {
    let mut events = vec![Err(Reason::Undecodable); walk.frames.len()];
    let decoded = catch_unwind(AssertUnwindSafe(|| events_of(bytes, walk, &mut events)));
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

/// Reads the usual records directly, and has the others decoded.
fn events_of(bytes: &[u8], walk: &Walk, events: &mut [Result<Event, Reason>]) {
    let mut direct = Direct::new(bytes);
    for (frame, event) in walk.frames.iter().zip(&mut *events) {
        if let Some(read) = direct.event(frame) {
            *event = Ok(read);
        }
    }
    let mut unread = events.iter_mut().filter(|event| event.is_err()).peekable();
    if direct.spent() {
        unread.for_each(|event| *event = Err(Reason::TooLarge));
    } else if unread.peek().is_some() {
        render::decode(bytes, walk, events);
    }
}

fn notes(
    bytes: &[u8],
    header: Option<&ChunkHeader>,
    recovered: u64,
    beyond: u64,
) -> Vec<(&'static str, u64)> {
    let nameless = header.is_some() && !bytes.starts_with(CHUNK_MAGIC);
    let unlike = header.is_some_and(|h| bytes.len() == CHUNK && !h.fits(bytes));
    let from = match header {
        Some(_) => "records recovered after a damaged place of their chunk",
        None => "records recovered from chunks without a sound header",
    };
    let all = [
        ("chunks read although their magic is damaged", u64::from(nameless)),
        ("chunks whose records do not fit their checksum", u64::from(unlike)),
        (from, recovered),
        ("records recovered past the end that their chunk gives", beyond),
    ];
    all.into_iter().filter(|&(_, times)| times > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::{Body, Writer};
    use std::io::Cursor;
    use std::mem::take;

    /// Reads a chunk by the decoder alone.
    fn decoded(bytes: &[u8]) -> Vec<Result<Event, Reason>> {
        let walk = walk(bytes, ChunkHeader::parse(bytes).as_ref());
        let mut events = vec![Err(Reason::Undecodable); walk.frames.len()];
        render::decode(bytes, &walk, &mut events);
        events
    }

    #[test]
    fn the_direct_way_agrees_with_the_decoder() {
        let mut writer = Writer::new(Cursor::new(Vec::new())).unwrap();
        for n in 0..60_u32 {
            let mut event =
                Event { event_id: n, provider: "p\u{e9}".to_owned(), ..Event::default() };
            event.time = jiff::Timestamp::new(i64::from(n) * 1_000_003, 100).ok();
            event.user_sid = (n % 3 == 0).then(|| format!("S-1-5-21-{n}"));
            event.system =
                vec![("ProviderGuid", format!("{{0a1b2c3d-0000-4000-8000-0000000000{n:02}}}"))];
            event.system.push(("Keywords", format!("0x{n:x}")));
            let text = ["a", "\u{1f600}\u{7}", "\"<&>\\", "7"][n as usize % 4];
            event.data =
                (0..n % 7).map(|i| (format!("Name{i}"), text.repeat(n as usize + 1))).collect();
            let user = Body::UserData { element: "EventXML", namespace: "Event_NS" };
            writer.push(&event, if n % 2 == 0 { Body::EventData } else { user }).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        let sound = &bytes[FILE_HEADER..FILE_HEADER + CHUNK];
        let mut both = 0;
        for round in 0..200_usize {
            let mut damaged = sound.to_vec();
            for flip in 0..round.min(6) {
                damaged[512 + (round * 7919 + flip * 104_729) % 12_000] ^= 1 << (round % 8);
            }
            let walk = walk(&damaged, ChunkHeader::parse(&damaged).as_ref());
            let mut direct = Direct::new(&damaged);
            for (frame, decoded) in walk.frames.iter().zip(decoded(&damaged)) {
                let (Some(event), Ok(decoded)) = (direct.event(frame), decoded) else { continue };
                let (mut event, mut decoded) = (event, decoded);
                // The JSON of the decoder lacks empty items of UserData, and unnamed among named.
                let (more, fewer) = (take(&mut event.data), take(&mut decoded.data));
                assert!(fewer.iter().all(|item| more.contains(item)), "round {round}: {fewer:?}");
                assert_eq!(event, decoded, "round {round}, at {}", frame.at);
                assert!(round > 0 || more == fewer, "{more:?}");
                both += 1;
            }
            if round == 0 {
                assert_eq!(both, 60, "all of a sound log");
            }
        }
        assert!(both > 2000, "{both}");
    }
}
