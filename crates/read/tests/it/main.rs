//! The reader as its users see it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::format_push_string,
    clippy::format_collect,
    reason = "a test may fail, speak and be slow"
)]

mod data;
mod events;
mod folders;
mod memory;
mod support;
mod tables;
mod trail;
mod windows;
