//! What can go wrong between rows and tuples.

use datafusion::error::DataFusionError;
use lanner_frame::text::excerpt;
use lanner_read::ReadError;

/// Why a relational step failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollapseError {
    /// A column name is not known.
    #[error(transparent)]
    UnknownField(#[from] lanner_read::UnknownField),
    /// The input could not be read.
    #[error(transparent)]
    Read(ReadError),
    /// The SQL cannot be used.
    #[error("SQL: {}", excerpt(.0, 600))]
    Sql(String),
    /// The work needs more memory than it may take.
    #[error("not enough memory: {}; raise --memory", excerpt(.0, 300))]
    Memory(String),
    /// An input file differs from what it was.
    #[error("{} is not what it was when it was read first (its SHA-256 differs); run the hunt again", excerpt(.path, 300))]
    Changed {
        /// The file.
        path: String,
    },
    /// The work was interrupted.
    #[error("interrupted")]
    Cancelled,
    /// The operating system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The query engine failed.
    #[error("query engine: {}", excerpt(.0, 600))]
    Engine(String),
}

impl From<ReadError> for CollapseError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Cancelled(_) => Self::Cancelled,
            other => Self::Read(other),
        }
    }
}

impl From<DataFusionError> for CollapseError {
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<ReadError>() {
                Ok(read) => (*read).into(),
                Err(other) => Self::Engine(other.to_string()),
            },
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
                (*inner).into()
            }
            DataFusionError::ArrowError(inner, _) => match *inner {
                arrow::error::ArrowError::ExternalError(e) => DataFusionError::External(e).into(),
                other => Self::Engine(other.to_string()),
            },
            DataFusionError::ResourcesExhausted(why) => Self::Memory(why),
            DataFusionError::SQL(e, _) => Self::Sql(e.to_string()),
            e @ (DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)) => Self::Sql(e.strip_backtrace()),
            DataFusionError::Shared(inner) => Self::Engine(inner.to_string()),
            other => Self::Engine(other.strip_backtrace()),
        }
    }
}

impl From<arrow::error::ArrowError> for CollapseError {
    fn from(error: arrow::error::ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}
