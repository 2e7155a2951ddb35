//! Vocabulary of Lanner: the few types that every stage speaks.
//!
//! This crate opens no file, starts no thread of its own and knows no detector.

mod ctx;
mod matrix;
mod rng;
mod sample;
pub mod text;

pub use ctx::{Cancel, Cancelled, Ctx, Progress, Workers};
pub use matrix::Matrix;
pub use rng::Rng;
pub use sample::{Sample, SampleError};
