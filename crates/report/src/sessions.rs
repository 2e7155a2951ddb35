//! Everything a hunt for sessions leaves behind: sessions, findings, events, a manifest and a page.

mod events;
mod findings;
mod manifest;
mod rows;
mod write;

pub use manifest::{EventsRead, LogCount, ModelState, SessionsManifest};
pub use write::{SessionsReport, hunt_sessions};

pub(crate) use events::EVENTS;
pub(crate) use rows::{Oddity, Reason, SESSIONS, SESSIONS_TABLE, SessionRow};
