//! The lanner recipe: how strange events are found in categorical logs, and why they are strange.
//!
//! ```text
//! raw tuples -> preset -> facts -> features -> models -> score -> incidents
//!              normalised   codes     tail      ranks      session     with reasons
//!                                   surprise               context
//! ```
//!
//! [`Preset::facts`] says what the fields of a table mean, [`score()`] scores its distinct tuples,
//! [`incidents()`] groups them by session, [`Reasons`] says why. Scores depend on which values are equal,
//! never on the values or on the order of tuples, and have the same bits at any number of threads.
//!
//! This crate opens no file and knows no table library; log text is data to it and decides nothing beyond
//! equality, except in the normalisers.

mod company;
mod counts;
pub mod evaluate;
mod facts;
mod features;
mod incidents;
mod models;
mod newcomers;
pub mod normalise;
mod pairs;
mod preset;
mod reasons;
mod score;
mod sessions;
mod short;
mod sql;
mod surprise;
mod table;
mod time;
mod words;

pub use facts::{Column, Facts, Number, Role};
pub use features::Feature;
pub use incidents::{Incident, incidents};
pub use models::Model;
pub use preset::{ColumnRule, Preset, PresetError, Reads};
pub use reasons::{Kind, Reason, Reasons, why};
pub use score::{Aspect, ScoreError, Scored, Settings, score};
pub use sessions::HOURS as SESSION_HOURS;
pub use short::short;
pub use table::{Field, TableError, Tuples, Visits};
