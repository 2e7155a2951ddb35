//! Test data, tolerances and slow references. Only tests depend on this crate.

mod compare;
mod table;

pub use compare::{median, ranks, spearman, standard_deviation};
pub use table::Table;
pub mod nearest;
