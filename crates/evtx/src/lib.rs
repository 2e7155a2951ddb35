//! Windows event logs (EVTX) to events, with an account of every record; and back.
//!
//! [`read()`] takes a file and gives its [`Event`]s in order, together with every place where records are
//! [`Lost`]: the headers' own counts and the record numbers tell how many. Records are carved from
//! damaged chunks where their frames are whole. [`Event`] is also read from JSON exports, by its
//! implementation of `serde::Deserialize`.
//!
//! The frames of the records and the usual forms of binary XML are this crate's own business; unusual
//! records are decoded by the `evtx` crate, with which the tests compare. This crate opens no file and prints nothing.

mod chunk;
mod direct;
mod event;
mod header;
mod json;
mod lost;
mod place;
mod read;
mod render;
mod sequence;
mod walk;
mod write;

pub use chunk::{Chunk, Item, decode};
pub use event::{Event, Location, SYSTEM};
pub use header::{CHUNK_BYTES as CHUNK, HEADER_BYTES as FILE_HEADER};
pub use lost::{Lost, Reason};
pub use read::{Account, is_evtx, other_form, read};
pub use write::{Body, Writer};
