//! One-class support vector machines over rows with copies.
//!
//! The dual problem of N rows is solved on the n distinct ones: copies of a row have equal kernel rows,
//! so only the sum of their multipliers matters, and it may reach their number.
//!
//! ```text
//! min 1/2 sum_ij a_i a_j K(x_i, x_j)   with  0 <= a_i <= c_i,  sum_i a_i = nu N
//! f(x) = sum_i a_i K(x_i, x) - rho
//! ```

mod active;
mod cache;
mod kernel;
mod solver;

pub use kernel::{Expansion, Kernel};
pub use solver::{Settings, Solution, one_class};
