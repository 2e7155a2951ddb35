//! The relational part of a hunt: equal tuples merged with their copies, scores joined back to rows,
//! SQL over both.
//!
//! The only crate that knows DataFusion. Another engine (a cluster) implements [`Engine`] and nothing
//! else changes.

mod desk;
mod error;
mod ids;
mod local;
mod profile;
mod query;
mod rows;
mod sql;

pub use desk::{Answer, Desk};
pub use error::CollapseError;
pub use local::{Local, Memory};
pub use profile::{Count, FieldProfile, Profile, profile};
pub use query::{Query, RowsTable, Tables};
pub use rows::{FILE, PLACE, RECORD, TIME};

use arrow::record_batch::RecordBatch;
use lanner_read::FileAccount;
use std::ops::ControlFlow;

/// What to group, and which rows.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// Fields that make a tuple.
    pub fields: Vec<String>,
    /// SQL condition that a row must meet.
    pub filter: Option<String>,
    /// Earliest event time, microseconds since 1970 UTC, inclusive.
    pub since: Option<i64>,
    /// Latest event time, microseconds since 1970 UTC, exclusive.
    pub until: Option<i64>,
    /// Number fields whose null or non-finite values make a row a reject.
    pub reject_nulls: Vec<String>,
    /// Field that should differ in every row; repeats of it are counted.
    pub id: Option<String>,
    /// Are the hours of each tuple wanted too?
    pub hours: bool,
}

/// A row's place: its file's number and its position in that file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowPlace {
    /// Number of the file, from 0, in input order.
    pub file: u32,
    /// Position in the file, from 0, rejected records counted.
    pub record: u64,
}

/// In which hours each tuple happened: one entry for each distinct pair, ordered by tuple and hour.
///
/// Rows without an event time are in no entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours {
    /// Number of the tuple.
    pub tuple: Vec<u32>,
    /// Whole hours since 1970 UTC.
    pub hour: Vec<i32>,
    /// Rows of the tuple in the hour, >= 1.
    pub rows: Vec<u64>,
    /// The first of them, microseconds since 1970 UTC.
    pub first: Vec<i64>,
    /// The last of them.
    pub last: Vec<i64>,
}

/// The distinct tuples of an input, in canonical order: by value, field by field, nulls first.
#[derive(Debug)]
pub struct Distinct {
    /// The fields, n tuples.
    pub tuples: RecordBatch,
    /// Rows behind each tuple, >= 1.
    pub copies: Vec<u64>,
    /// First event time of each tuple, microseconds since 1970 UTC.
    pub first_seen: Vec<Option<i64>>,
    /// Last event time.
    pub last_seen: Vec<Option<i64>>,
    /// The first row of each tuple.
    pub first: Vec<RowPlace>,
    /// The hours of each tuple, where they were asked for.
    pub hours: Option<Hours>,
    /// Rows that were grouped: the sum of the copies.
    pub rows: u64,
    /// Rows whose id had been seen before, where an id field was named.
    pub repeated_ids: Option<u64>,
    /// What was read, file by file.
    pub accounts: Vec<FileAccount>,
}

/// Takes the batches of an answer, one after another; may ask to stop.
pub type Sink<'a> = &'a mut dyn FnMut(RecordBatch) -> ControlFlow<()>;

/// Where the relational work is done.
pub trait Engine {
    /// Merges equal tuples. Null is a value.
    ///
    /// # Errors
    /// [`CollapseError`] for a bad filter, an unreadable input, too little memory or an interrupt.
    fn distinct(&self, spec: &Spec) -> Result<Distinct, CollapseError>;

    /// Streams the rows of the tuples `marks` (fields in the order of `spec`), in input order: all
    /// columns of the input, then `lanner_row`, `lanner_file` (its path) and `lanner_tuple` (the row
    /// number in `marks`), and where `spec` asks for hours `lanner_hour` (whole hours since 1970 UTC, null
    /// without event time). Returns how many rows there were.
    ///
    /// # Errors
    /// As [`Engine::distinct`], and [`CollapseError::Changed`] if an input is no longer what `accounts`
    /// says.
    fn join_back(
        &self,
        spec: &Spec,
        marks: &RecordBatch,
        accounts: &[FileAccount],
        sink: Sink<'_>,
    ) -> Result<u64, CollapseError>;
}
