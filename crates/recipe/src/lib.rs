//! The lanner recipe.
mod facts;
mod features;
pub mod evaluate;
mod models;
mod newcomers;
mod preset;
mod score;
mod sessions;
mod surprise;
mod table;
mod time;
pub mod normalise;

pub use facts::{Column, Facts, Role};
pub use features::Feature;
pub use models::Model;
pub use preset::{ColumnRule, Preset, PresetError, Reads};
pub use score::{ScoreError, Scored, Settings, score};
pub use table::{Field, TableError, Tuples, Visits};
