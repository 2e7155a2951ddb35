//! The reader as its users see it.

mod data;
mod support;
