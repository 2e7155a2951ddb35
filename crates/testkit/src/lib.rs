//! Test data, tolerances and slow references. Only tests depend on this crate.

pub mod nearest;
