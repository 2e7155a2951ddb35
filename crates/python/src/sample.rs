//! Generated logs with planted attacks, to try things on.

use crate::errors::of_log;
use crate::run::off_lock;
use lanner_sample::{CloudTrail, Form, Windows, write, write_windows};
use pyo3::prelude::*;
use std::path::PathBuf;

/// Writes a CloudTrail: a tree of files, or one table where the path ends in `.parquet`. Gives the file
/// that names the planted events.
#[pyfunction]
pub(crate) fn sample_cloudtrail(
    py: Python<'_>,
    out: PathBuf,
    rows: u64,
    attacks: u32,
    days: u32,
    seed: u64,
    force: bool,
) -> PyResult<PathBuf> {
    let parquet = out.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    let form = if parquet { Form::Parquet } else { Form::Tree };
    let spec = CloudTrail { rows, seed, attacks, days, ..CloudTrail::default() };
    off_lock(py, |_, cancel| {
        let written = write(&spec, form, &out, force, &|_| {}, &cancel);
        written.map(|w| w.labels).map_err(|e| of_log(&e))
    })?
}

/// Writes Windows event logs. Gives the file that names the planted sessions.
#[pyfunction]
pub(crate) fn sample_windows(
    py: Python<'_>,
    out: PathBuf,
    sessions: u64,
    attacks: u64,
    seed: u64,
    force: bool,
) -> PyResult<PathBuf> {
    let spec = Windows { sessions, attacks, seed };
    off_lock(py, |_, cancel| {
        let written = write_windows(spec, &out, force, &cancel);
        written.map(|w| w.truth).map_err(|e| of_log(&e))
    })?
}
