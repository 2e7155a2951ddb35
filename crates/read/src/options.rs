//! What a caller may set.

use jiff::tz::TimeZone;
use lanner_frame::Cancel;
use std::path::PathBuf;

/// Bounds on hostile input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest record, bytes of decompressed text. 256 MiB.
    pub record_bytes: u64,
    /// Deepest nesting of a record, its own braces being the first level. 256.
    pub depth: usize,
    /// Largest decompressed size per compressed byte. 1000.
    pub ratio: u64,
    /// Decompressed bytes from which on `ratio` is looked at. 64 MiB.
    pub ratio_from: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { record_bytes: 256 << 20, depth: 256, ratio: 1000, ratio_from: 64 << 20 }
    }
}

/// How inputs are read.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bounds on hostile input.
    pub limits: Limits,
    /// The field that holds the time of an event; found by its name where absent.
    pub time_field: Option<String>,
    /// The zone of times that name none. UTC.
    pub zone: TimeZone,
    /// The folder in which standard input is kept as a file, for reading again later; without it
    /// the copy is a temporary file that ends with [`Inputs`](crate::Inputs).
    pub spool: Option<PathBuf>,
    /// Raised to end the work early.
    pub interrupted: Cancel,
    /// Threads that look at files when inputs are opened; 0 means one for each core.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            time_field: None,
            zone: TimeZone::UTC,
            spool: None,
            interrupted: Cancel::default(),
            threads: 0,
        }
    }
}
