//! What can go wrong with a detector, as data.

use lanner_frame::Cancelled;

/// A parameter that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParamError {
    /// The value is outside what is allowed.
    #[error("{model}.{name} must be {allowed}, not {given}")]
    OutOfRange {
        /// Detector id.
        model: &'static str,
        /// Parameter name.
        name: &'static str,
        /// The value given, as text.
        given: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// No parameter has this name.
    #[error("{model} has no parameter {given:?}; it has {known}")]
    Unknown {
        /// Detector id.
        model: &'static str,
        /// The name given.
        given: String,
        /// The names there are.
        known: String,
    },
    /// The value is not of the parameter's type.
    #[error("{model}.{name}: {why}")]
    Mistyped {
        /// Detector id.
        model: &'static str,
        /// Parameter name.
        name: String,
        /// What was wrong with the value.
        why: String,
    },
}

/// Why a model could not be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The method needs more rows.
    #[error("needs at least {need} rows, there are {have}")]
    TooFewRows {
        /// Rows needed, copies counted.
        need: u64,
        /// Rows there are.
        have: u64,
    },
    /// The method is not defined on these rows.
    #[error("not defined on these rows: {why}")]
    Undefined {
        /// The condition that does not hold.
        why: &'static str,
    },
    /// A score came out as NaN or infinite, or as the largest number that stands for an overflow.
    #[error("the score of {rows} rows is not a finite number (values too large or too far apart)")]
    NotFinite {
        /// How many distinct rows.
        rows: usize,
    },
    /// The rows to score have another number of features than those it was fitted on.
    #[error("fitted on {fitted} columns, given {given}")]
    Columns {
        /// Features at the fit.
        fitted: usize,
        /// Features given.
        given: usize,
    },
    /// The method cannot score rows that it was not fitted on.
    #[error("{model} scores only the rows it is fitted on")]
    NoNewRows {
        /// Detector id.
        model: &'static str,
    },
    /// The run was interrupted.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Why a model file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The file does not start as a model file does.
    #[error("not a Lanner model file")]
    Foreign,
    /// Written by a version with another layout.
    #[error("model file of layout {found}, this version reads layout {wanted}")]
    Version {
        /// Layout in the file.
        found: u32,
        /// Layout this version reads.
        wanted: u32,
    },
    /// The checksum does not fit the content.
    #[error("the model file is damaged (its checksum does not fit)")]
    Checksum,
    /// It names a detector that does not exist.
    #[error("the model file is of an unknown detector")]
    Detector,
    /// The content is not a whole model.
    #[error("the model file is damaged: {0}")]
    Content(String),
}
