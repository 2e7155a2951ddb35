//! The order of the chunks of a file, and the records that whole chunks take with them.
//!
//! Chunks stand in the order in which they were written; a full log begins again at the first, so the
//! record ids rise with at most one fall. Where chunks cannot be read, the ids of the chunks on both sides
//! tell how many records are lost; at the end of the file its header does.

use crate::chunk::State;
use crate::header::{CHUNK, ChunkHeader, FILE_HEADER, FULLEST, FileHeader};
use crate::lost::{Lost, Reason};

/// Chunks that cannot be read, one after another.
#[derive(Debug)]
struct Run {
    chunk: u32,
    chunks: u64,
    reason: Reason,
    /// Records that were found or counted in them all the same.
    known: u64,
}

/// What is known of the chunks so far.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    file: Option<FileHeader>,
    first: Option<ChunkHeader>,
    last: Option<ChunkHeader>,
    /// Largest record id of a sound header.
    largest: u64,
    run: Option<Run>,
    chunks: u64,
    /// Chunks whose records begin after, and before, the end of those of the chunk before.
    leaps: u64,
    falls: u64,
    /// Chunks of other bytes that take no record with them.
    foreign: u64,
}

impl Sequence {
    pub(crate) fn new(file: Option<FileHeader>) -> Self {
        Self { file, ..Self::default() }
    }

    /// Takes in the next chunk; gives what was lost before it, once that can be told.
    pub(crate) fn next(&mut self, chunk: u32, state: &State) -> Option<Lost> {
        self.chunks = u64::from(chunk) + 1;
        let header = match state {
            State::Sound(header) => *header,
            State::Carved(known) => return self.extend(chunk, Reason::NoChunk, *known),
            State::Blank => return self.extend(chunk, Reason::Blank, 0),
            State::Alien => return self.extend(chunk, Reason::NoChunk, 0),
        };
        let lost = self.run.take().and_then(|run| {
            let missing = match self.last {
                Some(last) => between(last.ids.1, header.ids.0),
                // Numbers count from the first record of the log.
                None => header.first_number.checked_sub(1),
            };
            lost(&run, missing)
        });
        if let (Some(last), None) = (self.last, &lost) {
            self.falls += u64::from(header.ids.0 <= last.ids.1);
            self.leaps += u64::from(header.ids.0 > last.ids.1.saturating_add(1));
        }
        self.first = self.first.or(Some(header));
        self.last = Some(header);
        self.largest = self.largest.max(header.ids.1);
        lost
    }

    fn extend(&mut self, chunk: u32, reason: Reason, known: u64) -> Option<Lost> {
        let run = self.run.get_or_insert(Run { chunk, chunks: 0, reason, known: 0 });
        run.chunks += 1;
        run.known += known;
        if reason == Reason::NoChunk {
            run.reason = reason;
        }
        None
    }

    /// Ends the file; gives what was lost at its end.
    pub(crate) fn end(&mut self) -> Option<Lost> {
        // A damaged header counts nothing.
        let file = self.file.filter(|file| file.sound);
        let absent = file.map_or(0, |file| file.chunks.saturating_sub(self.chunks));
        let mut run = self.run.take();
        if absent > 0 {
            let chunk = self.chunks as u32;
            let new = Run { chunk, chunks: 0, reason: Reason::Absent, known: 0 };
            run.get_or_insert(new).chunks += absent;
        }
        let run = run?;
        let next = file.map_or(0, |file| file.next_record);
        let missing = match (self.first, self.last) {
            // A log that began again at its first chunk: that one follows the last.
            (Some(first), Some(last)) if first.ids.0 > last.ids.1 => {
                between(last.ids.1, first.ids.0)
            }
            (_, Some(last)) if last.ids.1 == self.largest => between(last.ids.1, next),
            (None, None) if run.known == 0 && file.is_some_and(|file| !file.dirty) => {
                next.checked_sub(1)
            }
            _ => None,
        };
        // Where the numbers do not tell, zeros are taken for chunks that were never used.
        let lost = lost(&run, missing).filter(|_| missing.is_some() || run.reason != Reason::Blank);
        self.foreign +=
            if lost.is_none() && run.reason == Reason::NoChunk { run.chunks } else { 0 };
        lost
    }

    /// What is odd about the order of the chunks and about the header of the file.
    pub(crate) fn notes(&self, bytes: u64) -> Vec<(&'static str, u64)> {
        let file = self.file;
        let whole = bytes.saturating_sub(FILE_HEADER as u64).div_ceil(CHUNK as u64);
        let is = |what: fn(&FileHeader) -> bool| u64::from(file.as_ref().is_some_and(what));
        let claims = file.is_some_and(|f| f.chunks > whole);
        let all = [
            ("headers that do not fit their checksum", is(|f| !f.sound)),
            ("logs that were not closed", is(|f| f.dirty)),
            ("headers that count more chunks than the file holds", u64::from(claims)),
            ("pieces of 64 KiB that are no chunk and hold no record", self.foreign),
            (
                "chunks whose record numbers do not follow those of the chunk before",
                // A full log begins again once.
                self.leaps + self.falls.saturating_sub(1),
            ),
        ];
        all.into_iter().filter(|&(_, times)| times > 0).collect()
    }
}

/// Records between two ids; none where the ids fall.
fn between(before: u64, after: u64) -> Option<u64> {
    after.checked_sub(before)?.checked_sub(1)
}

/// The records that a run of unreadable chunks took with it.
fn lost(run: &Run, missing: Option<u64>) -> Option<Lost> {
    let room = run.chunks.saturating_mul(FULLEST);
    let records = match missing {
        Some(missing) if missing <= room => missing.saturating_sub(run.known),
        // The numbers do not tell: what was found in the run has been counted, a run without any
        // counts as one.
        _ => u64::from(run.known == 0),
    };
    let offset = FILE_HEADER as u64 + u64::from(run.chunk) * CHUNK as u64;
    (records > 0).then_some(Lost { offset, chunk: run.chunk, records, reason: run.reason })
}
