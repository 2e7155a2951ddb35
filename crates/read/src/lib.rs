//! Hostile log files to Arrow batches, with full accounting.
//!
//! [`open`] finds files and recognises them ([`open_table`] takes a table in memory instead), [`Inputs::scan`] reads their records, [`Ledger`] accounts
//! for every one of them. [`open_events`] gives Windows events as they are instead. Everything here is synchronous; scan units in parallel as you like.
//!
//! Evidence is opened read-only. This crate prints nothing, decides nothing about how many rejects are
//! too many, and opens no network connection.

mod columns;
mod discover;
mod error;
mod events;
mod formats;
mod hash;
mod inputs;
mod json;
mod kinds;
mod ledger;
mod normal;
mod options;
mod output;
mod select;
mod source;
mod time;
mod whole;
mod window;

pub use error::{ReadError, UnknownField};
pub use events::{EventLogs, open_events};
pub use hash::sha256_of;
pub use inputs::{InputFile, Inputs, Kind, Skipped, open, open_table};
pub use ledger::{FileAccount, LISTED, Ledger, Reject};
pub use options::{Limits, Options};
pub use source::Compression;
pub use time::parse_time;
pub use whole::Whole;
