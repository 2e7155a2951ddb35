//! What can go wrong: with a run ([`ReadError`]), with a name ([`UnknownField`]), with a record
//! (`Damage`, whose text becomes the reason of a [`Reject`](crate::Reject)).

use lanner_frame::{Cancelled, text};
use std::io;

/// Why inputs could not be opened or read. Each prints as one line that says how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A named input does not exist.
    #[error("{}: no such file or folder", text::shown(.path))]
    Missing {
        /// The input as given.
        path: String,
    },
    /// A glob matches no file.
    #[error("{}: the pattern matches no file", text::shown(.pattern))]
    NoMatch {
        /// The pattern as given.
        pattern: String,
    },
    /// A glob cannot be understood.
    #[error("{}: not a valid pattern: {reason}", text::shown(.pattern))]
    BadPattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An address of an object store.
    #[error("{}: this build reads no object stores; copy the files to a folder first", text::shown(.url))]
    ObjectStore {
        /// The address as given.
        url: String,
    },
    /// A named file cannot be opened or read.
    #[error("{}: cannot be read: {source}", text::shown(.path))]
    Unreadable {
        /// The file as given.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A named file is of no known format.
    #[error(
        "{}: {reason}, expected {expected}; name its folder instead to have it skipped",
        text::shown(.path)
    )]
    Unfit {
        /// The file as given.
        path: String,
        /// What it is instead.
        reason: String,
        /// What is read.
        expected: String,
    },
    /// The inputs hold nothing that can be read.
    #[error("no file to read: {skipped} skipped{}", first.as_ref().map_or(String::new(), |(path, reason)| format!(", the first {}: {reason}", text::shown(path))))]
    Nothing {
        /// Files that were skipped.
        skipped: usize,
        /// The first of them and the reason.
        first: Option<(String, String)>,
    },
    /// The files have more columns than a table may have.
    #[error("{}: more than {limit} different columns; is it one table?", text::shown(.path))]
    TooManyColumns {
        /// The file at which the limit was passed.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// Standard input could not be kept in a file.
    #[error("standard input cannot be kept in a file: {0}")]
    Spool(io::Error),
    /// The threads of the run could not be started.
    #[error("cannot start the reading threads")]
    Threads,
    /// A field does not exist.
    #[error(transparent)]
    UnknownField(#[from] UnknownField),
    /// A table could not be built; a bug of this crate.
    #[error("internal error while building a table: {0}")]
    Table(#[from] arrow::error::ArrowError),
    /// The run was interrupted.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// A field that no input has, with the names that come nearest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown field {}{}", text::excerpt(.name, 80), hint(.nearest))]
pub struct UnknownField {
    /// The name that was asked for.
    pub name: String,
    /// Up to five names that exist, nearest first.
    pub nearest: Vec<String>,
}

fn hint(nearest: &[String]) -> String {
    let names: Vec<String> = nearest.iter().map(|n| text::excerpt(n, 80)).collect();
    if names.is_empty() { String::new() } else { format!("; nearest: {}", names.join(", ")) }
}

/// Why a record, or the rest of a file, could not be read. The text never holds log content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Damage {
    #[error("nested {depth} deep, the limit is {limit}")]
    TooDeep { depth: usize, limit: usize },
    #[error("longer than the limit of {limit} bytes")]
    TooLong { limit: u64 },
    #[error("{found} instead of an object")]
    NotAnObject { found: &'static str },
    #[error("not valid JSON at byte {at} of the record")]
    Syntax { at: usize },
    #[error("text that belongs to no record")]
    Stray,
    #[error("a line ends inside a quoted text")]
    OpenText,
    #[error("the line ends inside the record")]
    OpenLine,
    #[error("the file ends inside the record")]
    OpenRecord,
    #[error("the file ends before its list of records does")]
    OpenList,
    #[error("the event holds no CloudTrailEvent text")]
    NoEventText,
    #[error("{found} fields instead of {wanted}, line {line}")]
    Ragged { found: usize, wanted: usize, line: u64 },
    #[error("the last {records} records of the row group cannot be decoded")]
    BrokenGroup { records: u64 },
    #[error("the rest of the file cannot be decoded")]
    BrokenRest,
    #[error("no event of a Windows log")]
    NoEvent,
    #[error("{0}")]
    Log(lanner_evtx::Lost),
    #[error("internal error in reader {format}; {lost} records lost before it")]
    Panic { format: &'static str, lost: u64 },
    #[error("{0}; the rest of the file is not read")]
    Stream(#[from] StreamDamage),
}

/// Why the bytes of a file end before the file does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamDamage {
    #[error("the compressed data ends early")]
    EndsEarly,
    #[error("the compressed data is damaged ({0})")]
    Compressed(io::Error),
    #[error("bytes that are no gzip follow the compressed data")]
    GzipTail,
    #[error("decompresses to more than {ratio} times its size")]
    Ratio { ratio: u64 },
    #[error("reading failed ({0})")]
    Io(io::Error),
    #[error("interrupted")]
    Cancelled,
}

impl From<StreamDamage> for io::Error {
    fn from(damage: StreamDamage) -> Self {
        io::Error::other(damage)
    }
}

impl From<io::Error> for StreamDamage {
    fn from(error: io::Error) -> Self {
        match error.downcast::<StreamDamage>() {
            Ok(damage) => damage,
            Err(error) => StreamDamage::Io(error),
        }
    }
}

/// Why a scan ends before its unit does.
pub(crate) enum Halt {
    /// The taker wants no more rows.
    Enough,
    /// The run fails.
    Failed(ReadError),
}

impl From<ReadError> for Halt {
    fn from(error: ReadError) -> Self {
        Halt::Failed(error)
    }
}

impl From<arrow::error::ArrowError> for Halt {
    fn from(error: arrow::error::ArrowError) -> Self {
        Halt::Failed(error.into())
    }
}

impl From<Cancelled> for Halt {
    fn from(cancelled: Cancelled) -> Self {
        Halt::Failed(cancelled.into())
    }
}
