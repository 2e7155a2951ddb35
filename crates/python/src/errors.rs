//! The one place where errors of the core become Python exceptions.

use arrow::error::ArrowError;
use lanner_detect::{FitError, ModelError, ParamError};
use lanner_frame::SampleError;
use lanner_pipeline::HuntError;
use lanner_read::ReadError;
use lanner_report::ReportError;
use lanner_sample::SampleError as LogError;
use pyo3::PyErr;
use pyo3::exceptions::{
    PyFileExistsError, PyFileNotFoundError, PyKeyboardInterrupt, PyNotImplementedError, PyOSError,
    PyPermissionError, PyTypeError, PyValueError,
};
use serde_json::{Map, Value};
use std::io;
use std::mem::discriminant;

/// A value of another kind than the default is a `TypeError`, a wrong value of its kind a `ValueError`.
pub(crate) fn of_param(error: &ParamError, given: &Map<String, Value>, defaults: &Value) -> PyErr {
    if let ParamError::Mistyped { name, .. } = error
        && given.get(name).map(discriminant) != defaults.get(name).map(discriminant)
    {
        return PyTypeError::new_err(error.to_string());
    }
    PyValueError::new_err(error.to_string())
}

/// An interrupt is a `KeyboardInterrupt`, all else a `ValueError` that names the model and what it was
/// given, as scikit-learn words it.
pub(crate) fn of_fit(model: &str, error: &FitError, [rows, columns]: [usize; 2]) -> PyErr {
    match error {
        FitError::Cancelled(_) => PyKeyboardInterrupt::new_err(error.to_string()),
        FitError::NoNewRows { .. } => PyNotImplementedError::new_err(error.to_string()),
        _ => PyValueError::new_err(format!(
            "{model}: {error} (n_samples = {rows}, n_features = {columns})"
        )),
    }
}

/// A table that cannot be put together.
pub(crate) fn of_arrow(error: ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Rows that are no sample.
pub(crate) fn of_sample(error: &SampleError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Bytes that are no model file.
pub(crate) fn of_model(error: &ModelError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A text with options as they are written in Python: `--max-rejects` is `max_rejects`.
fn spoken(text: &str) -> String {
    let word = |word: &str| match word.strip_prefix("--") {
        Some(name) if name.starts_with(|c: char| c.is_ascii_lowercase()) => name.replace('-', "_"),
        _ => word.to_owned(),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// What the system refused, by its kind.
fn of_system(kind: io::ErrorKind, text: String) -> PyErr {
    match kind {
        io::ErrorKind::NotFound => PyFileNotFoundError::new_err(text),
        io::ErrorKind::PermissionDenied => PyPermissionError::new_err(text),
        _ => PyOSError::new_err(text),
    }
}

/// Inputs that cannot be opened or read: an `OSError` where the system says so, else a `ValueError`.
pub(crate) fn of_read(error: &ReadError) -> PyErr {
    let text = spoken(&error.to_string());
    match error {
        ReadError::Cancelled(_) => PyKeyboardInterrupt::new_err(text),
        ReadError::Missing { .. } | ReadError::NoMatch { .. } => PyFileNotFoundError::new_err(text),
        ReadError::Unreadable { source, .. } => of_system(source.kind(), text),
        ReadError::Spool(_) | ReadError::Threads => PyOSError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// A hunt without an outcome.
pub(crate) fn of_hunt(error: &HuntError) -> PyErr {
    match error {
        HuntError::Cancelled => PyKeyboardInterrupt::new_err(error.to_string()),
        HuntError::Read(e) => of_read(e),
        HuntError::System(text) => PyOSError::new_err(spoken(text)),
        other => PyValueError::new_err(spoken(&other.to_string())),
    }
}

/// A folder that cannot be written, or is none of a finished hunt.
pub(crate) fn of_report(error: &ReportError) -> PyErr {
    let text = spoken(&error.to_string());
    match error {
        ReportError::Source(inner) => match inner.downcast_ref::<HuntError>() {
            Some(hunt) => of_hunt(hunt),
            None => PyValueError::new_err(text),
        },
        ReportError::Exists(_) | ReportError::NotOurs(_) => PyFileExistsError::new_err(text),
        ReportError::NoHunt(_) | ReportError::NoParent(_) => PyFileNotFoundError::new_err(text),
        ReportError::Io { source, .. } => of_system(source.kind(), text),
        _ => PyValueError::new_err(text),
    }
}

/// A sample that cannot be written.
pub(crate) fn of_log(error: &LogError) -> PyErr {
    let text = spoken(&error.to_string());
    match error {
        LogError::Cancelled(_) => PyKeyboardInterrupt::new_err(text),
        LogError::Exists { .. } | LogError::NotASample { .. } => PyFileExistsError::new_err(text),
        LogError::TooFewRows { .. } | LogError::BadDays { .. } => PyValueError::new_err(text),
        _ => PyOSError::new_err(text),
    }
}
