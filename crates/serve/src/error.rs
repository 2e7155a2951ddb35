//! What goes wrong while serving, and the page that says so.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use lanner_collapse::CollapseError;
use lanner_frame::text::excerpt;
use lanner_report::ReportError;

/// Why the workbench could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The folder is not that of a finished hunt, or a file in it cannot be used.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A table cannot be read.
    #[error(transparent)]
    Table(#[from] CollapseError),
    /// The system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ServeError {
    /// An error of the system while doing `what`.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Why a page could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// There is no such page, event or entity.
    #[error("{0}")]
    Missing(String),
    /// The address asks for something that is not there.
    #[error("{0}")]
    Asked(String),
    /// The query took too long.
    #[error("no answer within {0} seconds; ask for less, or with lanner query")]
    Late(u64),
    /// The query engine refused.
    #[error(transparent)]
    Query(#[from] CollapseError),
    /// A template or a table failed.
    #[error("{0}")]
    Ours(String),
}

impl PageError {
    /// A failure that is not the reader's.
    pub(crate) fn ours(error: impl std::fmt::Display) -> Self {
        Self::Ours(error.to_string())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Asked(_) | Self::Query(CollapseError::Sql(_)) => StatusCode::BAD_REQUEST,
            Self::Late(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Query(_) | Self::Ours(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::ours(error)
    }
}

impl From<arrow::error::ArrowError> for PageError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::ours(error)
    }
}

impl From<ReportError> for PageError {
    fn from(error: ReportError) -> Self {
        Self::ours(error)
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    title: &'static str,
    text: String,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = self.status();
        let title = match status {
            StatusCode::NOT_FOUND => "There is nothing here",
            StatusCode::BAD_REQUEST => "That cannot be asked",
            StatusCode::GATEWAY_TIMEOUT => "That takes too long",
            _ => "That did not work",
        };
        let page = ErrorPage { title, text: excerpt(&self.to_string(), 600) };
        let text = page.render().unwrap_or_else(|_| title.to_owned());
        (status, Html(text)).into_response()
    }
}
