//! Why a report could not be made.

use lanner_frame::text::shown;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a report could not be written or drawn. Nothing is left behind after one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The folder is there and replacing it was not asked for.
    #[error("{0} exists; choose another folder, or --force to replace it")]
    Exists(Name),
    /// The folder is there, but it is none that a hunt wrote, so it is never removed.
    #[error(
        "{0} is not the folder of a finished hunt (no manifest.json of Lanner in it), so it is not replaced"
    )]
    NotOurs(Name),
    /// The folder is none that a hunt wrote.
    #[error("{0} is not the folder of a finished hunt: it has no manifest.json")]
    NoHunt(Name),
    /// The folder is that of a hunt for sessions.
    #[error("{0} is the folder of a hunt for sessions, which has no such thing")]
    OfSessions(Name),
    /// The file must not be replaced.
    #[error(
        "{0} is an input or a file of a finished hunt and is not replaced; choose another place"
    )]
    Protected(Name),
    /// The output would land in, on or above what is read.
    #[error("output {out} would land {place} the input {input}; choose a folder outside of it")]
    InsideInput {
        /// The folder asked for.
        out: Name,
        /// `inside`, `on` or `above`.
        place: &'static str,
        /// The input.
        input: Name,
    },
    /// The folder that is to hold the output is missing or no folder.
    #[error("{0} cannot hold the output: it is no folder that can be opened")]
    NoParent(Name),
    /// The name leads elsewhere, so replacing it would not do what it says.
    #[error("{0} is a symbolic link; name the folder itself")]
    Link(Name),
    /// The system refused a file operation.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: Name,
        /// What the system said.
        source: io::Error,
    },
    /// The stream of flagged rows has not the shape that was agreed.
    #[error("flagged rows: {0}")]
    Flagged(String),
    /// The stream of flagged rows stopped with an error of its own.
    #[error(transparent)]
    Source(Box<dyn Error + Send + Sync>),
    /// A file of a finished hunt does not hold what it should.
    #[error("{file} of this hunt cannot be used: {reason}")]
    Damaged {
        /// The file.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A table could not be put together.
    #[error("cannot make a table: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A Parquet file could not be written.
    #[error("cannot write Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A CSV file could not be written.
    #[error("cannot write CSV: {0}")]
    Csv(#[from] csv::Error),
    /// A JSON file could not be written.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The page could not be put together.
    #[error("cannot draw the page: {0}")]
    Page(#[from] askama::Error),
}

impl ReportError {
    /// An error of the system, on `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = Name::from(path);
        move |source| Self::Io { action, path, source }
    }

    /// Can the command line mend it?
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Exists(_)
                | Self::Protected(_)
                | Self::NoHunt(_)
                | Self::OfSessions(_)
                | Self::NotOurs(_)
                | Self::InsideInput { .. }
                | Self::Link(_)
        )
    }

    /// An error of whoever streams the flagged rows.
    pub fn source(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Source(error.into())
    }
}

/// A path that shows itself without characters that act on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(pub PathBuf);

impl From<&Path> for Name {
    fn from(path: &Path) -> Self {
        Self(path.to_path_buf())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0.to_string_lossy()))
    }
}
