//! Records that are lost, with the place and the reason.

use std::fmt;

/// Records that could not be read, lost in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Offset of the place in the decompressed file; its end where the file is cut short.
    pub offset: u64,
    /// The chunk that holds the place, from 0.
    pub chunk: u32,
    /// Records lost, at least 1: by the record numbers on both sides, or 1 where these do not tell.
    pub records: u64,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (chunk {})", self.reason, self.chunk)?;
        match self.records {
            1 => Ok(()),
            n => write!(f, "; {n} records lost by their numbers"),
        }
    }
}

/// Why records are lost. The text holds no log content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Bytes that are no record stand where one should.
    Damaged,
    /// The records on both sides are whole, and numbers between them are missing.
    Missing,
    /// The file ends inside the chunk.
    EndsInChunk,
    /// The frame of the record is whole, and its event cannot be decoded.
    Undecodable,
    /// The record was decoded, and what it holds is no event.
    NoEvent,
    /// The event is too large: more than a real one can be.
    TooLarge,
    /// The decoder failed on the chunk.
    Panicked,
    /// The chunk, and perhaps those after it, hold only zeros though the log uses them.
    Blank,
    /// The chunk, and perhaps those after it, hold bytes that are no chunk.
    NoChunk,
    /// The file ends before chunks that its header counts.
    Absent,
    /// The file ends inside its header.
    EndsInHeader,
}

impl Reason {
    /// Whether whole chunks, or the file, are lost rather than records inside a chunk.
    pub fn spans_chunks(self) -> bool {
        matches!(self, Self::Blank | Self::NoChunk | Self::Absent | Self::EndsInHeader)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged => "a damaged record",
            Self::Missing => "records missing between sound ones",
            Self::EndsInChunk => "the file ends inside the chunk",
            Self::Undecodable => "an event that cannot be decoded",
            Self::NoEvent => "a record that holds no event",
            Self::TooLarge => "an event larger than any real one",
            Self::Panicked => "internal error while decoding",
            Self::Blank => "only zeros where a chunk should be",
            Self::NoChunk => "no chunk where one should be",
            Self::Absent => "the file ends before the chunk",
            Self::EndsInHeader => "the file ends inside its header",
        })
    }
}
