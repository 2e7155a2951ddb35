//! The workbench: a page on a finished hunt, served to this machine only.
//!
//! The server filters, sorts, counts and draws; a page holds what it shows and nothing else, and reads
//! without a script. Evidence is only read. [`serve`] binds 127.0.0.1, prints nothing, and answers nobody
//! who does not hold the token of its address.

mod bench;
mod error;
mod guard;
mod hunt;
mod pages;
mod quote;
mod select;
mod server;
mod shape;
mod table;
mod view;

pub use bench::{Options, RowsSource};
pub use error::ServeError;
pub use server::serve;
