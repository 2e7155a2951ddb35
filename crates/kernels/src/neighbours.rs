//! Nearest neighbours among distinct weighted rows, exact, computed once for all models.
//!
//! An [`Index`] holds the rows and answers for any row, new ones too. A [`Graph`] holds the answer for
//! every row of the index itself. Both speak of *places*: a neighbour with c copies takes c of the k
//! places, and a row's own other copies stand at distance 0. So the answer is that for the rows
//! written out one by one, at the cost of the distinct rows.
//!
//! Rows at one distance are a *shell*. Where a shell has more copies than places are left, no order of
//! the rows decides who gets them: either only the distances matter ([`Step`]), or the places left are
//! shared out in proportion to copies ([`Place`]).
//!
//! The distance of two rows is that of their [`Metric`], built from the first column on, whichever way
//! a pair was found. So every answer has the same bits from the tree and from the products, for any k
//! that the graph was made for, and at any number of threads.
//!
//! Everything that knows the metric is in `metric.rs` and, as a filter that only skips pairs in metrics
//! of squares (Euclidean, cosine), in `products.rs`.
//!
//! - **Source**: J. H. Friedman, J. L. Bentley, R. A. Finkel, "An Algorithm for Finding Best Matches in
//!   Logarithmic Expected Time", ACM TOMS 3(3), 1977 (the tree).

mod graph;
mod index;
mod metric;
mod places;
mod products;
mod search;

pub use graph::Graph;
pub use index::Index;
pub use metric::Metric;
pub use places::{Place, Step};
pub use search::Search;
