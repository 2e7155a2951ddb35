//! Why a hunt ended without an outcome.

use lanner_collapse::CollapseError;
use lanner_encode::EncodeError;
use lanner_read::ReadError;

/// Why a hunt ended without an outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HuntError {
    /// What was asked for makes no sense; says how to mend it.
    #[error("{0}")]
    Usage(String),
    /// The input could not be read.
    #[error(transparent)]
    Read(ReadError),
    /// There is nothing to score.
    #[error("{0}")]
    Nothing(String),
    /// Grouping or joining failed.
    #[error(transparent)]
    Collapse(CollapseError),
    /// A field could not be turned into numbers.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A model could not be fitted, or could not score.
    #[error("{0}")]
    Model(String),
    /// The system refused something.
    #[error("{0}")]
    System(String),
    /// The hunt was interrupted.
    #[error("interrupted")]
    Cancelled,
}

impl From<ReadError> for HuntError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Cancelled(_) => Self::Cancelled,
            other => Self::Read(other),
        }
    }
}

impl From<CollapseError> for HuntError {
    fn from(error: CollapseError) -> Self {
        match error {
            CollapseError::Cancelled => Self::Cancelled,
            CollapseError::Read(e) => e.into(),
            CollapseError::UnknownField(e) => Self::Usage(e.to_string()),
            e @ CollapseError::Sql(_) => Self::Usage(e.to_string()),
            other => Self::Collapse(other),
        }
    }
}

impl From<lanner_read::UnknownField> for HuntError {
    fn from(error: lanner_read::UnknownField) -> Self {
        Self::Usage(error.to_string())
    }
}
