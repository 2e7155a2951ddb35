//! Numeric kernels that several detectors share. Sharing goes down to here, never sideways.
//!
//! Everything takes distinct rows with copies, sums in a fixed order, and gives the same bits at any
//! number of threads. No kernel knows a detector's name.

pub mod bag;
pub mod blocks;
pub mod ecdf;
pub mod histogram;
pub mod kmeans;
pub mod lanes;
pub mod linalg;
pub mod moments;
pub mod neighbours;
pub mod normal;
pub mod quantile;
pub mod sampling;
pub mod shared;
