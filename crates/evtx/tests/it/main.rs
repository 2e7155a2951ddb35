//! The reader and the writer as their users see them.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod damage;
mod exports;
mod hostile;
mod round;
mod support;
