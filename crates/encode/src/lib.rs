//! Turns distinct tuples into a matrix of numbers.
//!
//! This crate removes no row and knows no detector.

mod classic;
mod text;

pub use classic::{Classic, Feature, FeatureKind};
pub use text::{is_null, value_text};

use lanner_frame::Matrix;

/// Distinct tuples as numbers: one row a tuple, one column a feature.
#[derive(Debug)]
pub struct Encoded {
    /// n tuples by d features, all finite.
    pub matrix: Matrix,
    /// What each column is, in order.
    pub features: Vec<Feature>,
}

/// Why tuples could not be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A field that must be a number is none.
    #[error(
        "field {field:?} is text; name it in --categorical (or --encode) to use it as categories"
    )]
    NotANumber {
        /// The field.
        field: String,
    },
    /// A number field has no finite value at all.
    #[error(
        "number field {field:?} holds no finite number; leave it out, or name it in --categorical"
    )]
    NoNumber {
        /// The field.
        field: String,
    },
    /// The column's type cannot be compared or cast.
    #[error("field {field:?} has a type that cannot be encoded: {why}")]
    Type {
        /// The field.
        field: String,
        /// What the table layer says.
        why: String,
    },
}
