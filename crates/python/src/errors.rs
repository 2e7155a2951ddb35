//! The one place where errors of the core become Python exceptions.

use lanner_detect::{FitError, ModelError, ParamError};
use lanner_frame::SampleError;
use pyo3::PyErr;
use pyo3::exceptions::{PyKeyboardInterrupt, PyNotImplementedError, PyTypeError, PyValueError};
use serde_json::{Map, Value};
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

/// Rows that are no sample.
pub(crate) fn of_sample(error: &SampleError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Bytes that are no model file.
pub(crate) fn of_model(error: &ModelError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
