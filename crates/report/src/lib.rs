//! Everything a finished hunt leaves behind: tables, figures, a manifest and a page.
//!
//! [`write_hunt`] and, for sessions, [`SessionsReport`] make the whole folder or nothing; [`Finished`] opens it
//! again for SQL; [`draw`] makes the page again from the files alone, so
//! the page never shows a number that the files do not hold. Log text is an attacker's text: it goes
//! through `lanner_frame::text` into CSV cells and pages, and the page's template escapes it.

mod cells;
mod checks;
mod columns;
mod error;
mod events;
mod file;
mod incidents;
mod manifest;
mod matrices;
mod models;
mod page;
mod private;
mod proof;
mod reopen;
mod sessions;
mod target;
mod tuples;
mod whole;
mod why;
mod write;

pub use cells::{csv, texts};
pub use checks::Check;
pub use error::{Name, ReportError};
pub use manifest::{
    Expected, InputFile, Inputs, Manifest, OutputFile, RejectPlace, SkippedFile, Timing,
};
pub use models::{ModelEntry, model_entries, models_table};
pub use page::charts::{Tick, px, ticks};
pub use page::parts::{AnyManifest, BIRD, HuntParts, SESSIONS_STYLE, STYLE, SessionsParts};
pub use page::{draw, words};
pub use private::{check_file, write_private};
pub use reopen::{Finished, rows_table};
pub use sessions::{
    EventsRead, LogCount, ModelState, SessionsManifest, SessionsReport, hunt_sessions,
};
pub use target::{Target, check_target};
pub use whole::{KeepRows, write_hunt};
pub use write::{Flagged, Provenance, Rows, Sink, write};
