//! Outlier detectors over distinct weighted rows, one file each.
//!
//! A detector is fitted on a [`Sample`](lanner_frame::Sample): distinct rows in canonical order, each
//! with its copies. It must give the scores that it would give on the rows written out one by one.
//! This crate opens no file, votes on nothing and draws nothing.
//!
//! To add a detector, write one file in `detectors/` and add one line in `detectors.rs`
//! (`docs/howto/add-a-detector.md`).

mod card;
mod categories;
mod detector;
pub mod detectors;
mod entry;
mod error;
mod file;
mod metric;
mod nearest;
mod page;
mod part;
mod tails;

pub use card::{Card, Kind, Param, Randomness};
pub use detector::{Detector, Fitted, Scorer, Shape};
pub use detectors::{ALL, find};
pub use entry::{Configured, Entry, Saved};
pub use error::{FitError, ModelError, ParamError};
pub use file::{load, save};
pub use metric::{Endless, Exponent};
pub use nearest::Method;
pub use page::page;
pub use part::Part;
