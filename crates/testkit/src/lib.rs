//! Test data, tolerances and slow references. Only tests depend on this crate.

mod compare;
pub mod nearest;
mod table;

pub use compare::{median, ranks, spearman, standard_deviation};
pub use table::Table;
