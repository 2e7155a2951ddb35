//! The records of a chunk, and the places where records are lost.
//!
//! Nothing of an event is decoded here. A record counts as found if its frame is whole: magic, a size
//! that fits, and the same size once more at its end. Past a damaged place the walk goes on at the next
//! whole frame.

use crate::header::{CHUNK_HEADER, ChunkHeader, RECORD_FRAME, RECORD_MAGIC, u32_at, u64_at};
use memchr::memmem;

/// The frame of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Where it begins in its chunk.
    pub(crate) at: usize,
    pub(crate) size: usize,
    pub(crate) id: u64,
}

impl Frame {
    /// The whole frame at an offset, if there is one.
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        if bytes.get(at..at + 4)? != RECORD_MAGIC {
            return None;
        }
        let size = u32_at(bytes, at + 4)? as usize;
        let id = u64_at(bytes, at + 8)?;
        let whole =
            size >= RECORD_FRAME && u32_at(bytes, (at + size).checked_sub(4)?)? == size as u32;
        whole.then_some(Self { at, size, id })
    }

    /// Where it ends in its chunk.
    pub(crate) fn end(&self) -> usize {
        self.at + self.size
    }

    /// Where the frame begins whose event begins at an offset.
    pub(crate) fn of_content(offset: u64) -> Option<usize> {
        (offset as usize).checked_sub(RECORD_FRAME - 4)
    }
}

/// A place of a chunk where records are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Where it begins in its chunk.
    pub(crate) at: usize,
    /// Records lost, at least 1.
    pub(crate) records: u64,
    /// Bytes stand there that are no record; otherwise only the numbers tell.
    pub(crate) damaged: bool,
}

/// What a chunk holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Walk {
    pub(crate) frames: Vec<Frame>,
    pub(crate) gaps: Vec<Gap>,
    /// Frames found past the end that the header gives.
    pub(crate) beyond: u64,
}

/// Where a run of whole frames was broken: its offset, the id before it and the id after it.
struct Break {
    at: usize,
    before: Option<u64>,
    after: Option<u64>,
    damaged: bool,
}

/// Finds the records of a chunk. `bytes` may be cut short.
pub(crate) fn walk(bytes: &[u8], header: Option<&ChunkHeader>) -> Walk {
    let end = header.map_or(bytes.len(), |h| h.end.min(bytes.len()));
    let mut walk = Walk::default();
    let mut breaks: Vec<Break> = Vec::new();
    let mut at = CHUNK_HEADER;
    // The id that the next record has where none is missing; unknown past a damaged place.
    let mut next_id = header.filter(|h| h.dense()).map(|h| h.ids.0);
    while at < end {
        let before = walk.frames.last().map(|f| f.id);
        if let Some(frame) = Frame::read(bytes, at).filter(|f| f.end() <= end) {
            if next_id.is_some_and(|id| frame.id > id) {
                breaks.push(Break { at, before, after: Some(frame.id), damaged: false });
            }
            next_id = header.filter(|h| h.dense()).and_then(|_| frame.id.checked_add(1));
            walk.frames.push(frame);
            at = frame.end();
            continue;
        }
        let next = resume(&bytes[..end], at + 1, header);
        // Zeros up to the end of a chunk without a sound header are its free space.
        let rest = &bytes[at..next.unwrap_or(end)];
        if next.is_some() || header.is_some() || rest.iter().any(|&b| b != 0) {
            let after = next.and_then(|at| u64_at(bytes, at + 8));
            breaks.push(Break { at, before, after, damaged: true });
        }
        next_id = None;
        at = next.unwrap_or(end);
    }
    // A log that was not closed may hold more records than the header of the chunk knows of.
    while let Some(last) = walk.frames.last().filter(|f| f.end() == at) {
        let Some(frame) = Frame::read(bytes, at).filter(|f| Some(f.id) == last.id.checked_add(1))
        else {
            break;
        };
        at = frame.end();
        walk.frames.push(frame);
        walk.beyond += 1;
    }
    let found = walk.frames.len() as u64 - walk.beyond;
    let missing = header.map(|h| h.records.saturating_sub(found));
    if missing > Some(0) && breaks.is_empty() {
        let before = walk.frames.last().map(|f| f.id);
        breaks.push(Break { at: end, before, after: None, damaged: false });
    }
    walk.gaps = gaps(&breaks, header, missing);
    walk
}

/// The next whole frame from an offset on that can belong to the chunk.
fn resume(bytes: &[u8], from: usize, header: Option<&ChunkHeader>) -> Option<usize> {
    let own = |id: u64| header.is_none_or(|h| (h.ids.0..=h.ids.1).contains(&id));
    let hits = memmem::find_iter(bytes.get(from..)?, RECORD_MAGIC).map(|hit| from + hit);
    hits.into_iter().find(|&at| Frame::read(bytes, at).is_some_and(|f| own(f.id)))
}

/// Spreads the missing records over the breaks: by the ids beside each where they tell, what is left
/// over goes to the last.
fn gaps(breaks: &[Break], header: Option<&ChunkHeader>, missing: Option<u64>) -> Vec<Gap> {
    let (first, last) = header.map_or((None, None), |h| (Some(h.ids.0), Some(h.ids.1)));
    let mut left = missing.unwrap_or(u64::MAX);
    let mut gaps = Vec::new();
    for (i, found) in breaks.iter().enumerate() {
        let before = found.before.or(first.and_then(|id| id.checked_sub(1)));
        let after = found.after.or(last.and_then(|id| id.checked_add(1)));
        let between = before.zip(after).and_then(|(b, a)| a.checked_sub(b)?.checked_sub(1));
        let dense = header.is_none_or(ChunkHeader::dense);
        let known = between.filter(|&n| dense && n <= crate::header::FULLEST);
        let is_last = i + 1 == breaks.len();
        let records = match missing {
            Some(_) if is_last => left,
            _ => known.unwrap_or(1).min(left),
        };
        left -= records;
        if records > 0 {
            gaps.push(Gap { at: found.at, records, damaged: found.damaged });
        }
    }
    gaps
}
