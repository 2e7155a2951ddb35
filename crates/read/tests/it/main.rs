//! The reader as its users see it.

mod data;
mod folders;
mod support;
mod tables;
mod trail;
