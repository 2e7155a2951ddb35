//! The only crate that knows the order of the stages: settings in, outcome out.
//!
//! It owns seeds, threads, progress and cancellation. It computes no score and draws nothing.

mod outcome;

pub use outcome::{
    Agreement, FieldUse, InputReport, ModelRun, Outcome, RankCount, Settings, Status, Tuples,
};
