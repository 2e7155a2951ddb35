//! Why a sample could not be written.

use std::path::{Path, PathBuf};

/// Why a sample could not be written. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// There is something at the place already.
    #[error("{path} is there already")]
    Exists {
        /// The place.
        path: PathBuf,
    },

    /// A folder that should be overwritten holds something that no sample has.
    #[error("{folder} is no sample: it holds {found:?}, so it is left as it is")]
    NotASample {
        /// The folder.
        folder: PathBuf,
        /// What is in it.
        found: String,
    },

    /// The attacks and newcomers alone have more events than the sample should have.
    #[error(
        "the attacks ({attacks}) and newcomers have {needed} events, more than the {rows} rows asked for"
    )]
    TooFewRows {
        /// Rows asked for.
        rows: u64,
        /// Attacks asked for.
        attacks: u32,
        /// Events of attacks and newcomers.
        needed: u64,
    },

    /// The days are none, too many, or reach beyond the times that can be written.
    #[error("{days} days from {start} cannot be written: 1 to 3660 days, up to the year 9999")]
    BadDays {
        /// Days asked for.
        days: u32,
        /// The first moment.
        start: jiff::Timestamp,
    },

    /// A file could not be written.
    #[error("cannot write {path}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },

    /// The table could not be written.
    #[error("cannot write the table")]
    Table(#[from] parquet::errors::ParquetError),

    /// The work was ended on request.
    #[error(transparent)]
    Cancelled(#[from] lanner_frame::Cancelled),
}

impl SampleError {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}
