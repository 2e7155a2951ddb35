//! Numeric kernels that several detectors share. Sharing goes down to here, never sideways.
//!
//! Everything takes distinct rows with copies, sums in a fixed order, and gives the same bits at any
//! number of threads. No kernel knows a detector's name.

pub mod bag;
pub mod blocks;
pub mod dense;
pub mod distance_net;
pub mod ecdf;
pub mod elementary;
pub mod examples;
pub mod histogram;
pub mod isolation;
pub mod kmeans;
pub mod lanes;
pub mod levels;
pub mod linalg;
pub mod minmax;
pub mod mlp;
pub mod moments;
pub mod negatives;
pub mod neighbours;
pub mod normal;
pub mod pairs;
pub mod principal;
pub mod quantile;
pub mod sampling;
pub mod shared;
pub mod spread;
pub mod standard;
pub mod svm;
pub mod tiles;
