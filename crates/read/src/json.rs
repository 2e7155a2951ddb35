//! JSON logs: where records are (`split`), what fields they have (`paths`), rows of them (`rows`).

mod paths;
mod rows;
mod scan;
mod split;

pub(crate) use rows::{Shape, each_field, read, survey, text};
pub(crate) use split::{Layout, Splitter};
