//! The native half of the Python package: everything that counts, nothing that is shaped for a user.
//!
//! The estimators, results, their parameters and messages are Python, in `python/lanner`; they call what
//! is exported here and nothing else of the core. A further part of the package is a further file here
//! and an `export` line below.

#![expect(clippy::needless_pass_by_value, reason = "arguments come from Python by value")]

mod cards;
mod errors;
mod finished;
mod hunt;
mod model;
mod run;
mod sample;
mod scored;
mod sessions;
mod table;
mod watch;

#[pyo3::pymodule]
mod _lanner {
    #[pymodule_export]
    use super::cards::cards;
    #[pymodule_export]
    use super::finished::{Finished, fields, read};
    #[pymodule_export]
    use super::hunt::{forecast, hunt, score, sessions};
    #[pymodule_export]
    use super::model::{Model, check, fit};
    #[pymodule_export]
    use super::percentile;
    #[pymodule_export]
    use super::run::set_threads;
    #[pymodule_export]
    use super::sample::{sample_cloudtrail, sample_windows};
    #[pymodule_export]
    use super::sessions::{odd_sessions, session_features};
    #[pymodule_export]
    use super::table::{Table, shown};

    /// Version of the package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "a Python name")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}

/// The percentile of values with copies, as `numpy.percentile` of the values written out.
#[pyo3::pyfunction]
fn percentile(
    values: numpy::PyReadonlyArray1<'_, f64>,
    copies: numpy::PyReadonlyArray1<'_, i64>,
    percent: f64,
) -> pyo3::PyResult<f64> {
    let (values, copies) = (values.as_array().to_vec(), model::counts(&copies)?);
    let whole = values.len() == copies.len() && copies.iter().any(|&c| c > 0);
    if !whole || values.iter().any(|v| v.is_nan()) || !(0.0..=100.0).contains(&percent) {
        let why = "a percentile needs numbers, as many copies, and a percent between 0 and 100";
        return Err(pyo3::exceptions::PyValueError::new_err(why));
    }
    Ok(lanner_kernels::quantile::percentile(&values, &copies, percent))
}
