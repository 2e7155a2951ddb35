//! Hunts from Python: what is asked comes as the command line's options, what is found goes into a folder.

use crate::errors::{of_hunt, of_read, of_report};
use crate::finished::Finished;
use crate::run::off_lock_watched;
use crate::table::Table;
use crate::watch::Watch;
use jiff::Timestamp;
use lanner_frame::{Cancel, Workers};
use lanner_pipeline::{
    Asked, HuntError, Reading, ScoreRequest, SessionsRequest, foresee, hunt as run_hunt,
    peak_memory, score as run_score,
};
use lanner_read::Inputs;
use lanner_report::{KeepRows, Provenance, Target, check_target, hunt_sessions, write_hunt};
use lanner_sessions::{Builder, EnsembleOptions};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// What a table in memory is called where files have their paths.
const IN_MEMORY: &str = "table in memory";

/// Options that Python's half has put together.
pub(crate) fn options<T: DeserializeOwned>(json: &str) -> PyResult<T> {
    serde_json::from_str(json).map_err(|e| PyValueError::new_err(e.to_string()))
}

/// Opens the table, or what the paths name.
pub(crate) fn open(
    paths: &[String],
    table: Option<&Table>,
    reading: &Reading,
    (workers, cancel): (&Workers, &Cancel),
) -> PyResult<Inputs> {
    let options = reading.options(None, workers.count(), cancel).map_err(|e| of_hunt(&e))?;
    match table {
        Some(table) => lanner_read::open_table(IN_MEMORY, &table.schema, &table.batches, &options),
        None => lanner_read::open(paths, &options),
    }
    .map_err(|e| of_read(&e))
}

/// Where results go, and how.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Writing {
    out: PathBuf,
    force: bool,
    #[serde(default)]
    keep_rows: bool,
    #[serde(default)]
    raw_csv: bool,
}

impl Writing {
    fn target(&self) -> Target {
        Target { out: self.out.clone(), force: self.force, raw_csv: self.raw_csv }
    }
}

/// What only the caller knows of a run.
fn provenance(call: &str, started: Timestamp, threads: usize, options: Value) -> Provenance {
    Provenance {
        command: vec![call.to_owned()],
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started,
        ended: Timestamp::now(),
        peak_memory_bytes: peak_memory(),
        threads,
        options,
        clocks: Vec::new(),
    }
}

/// The folder may be written, and is neither in an input nor above one.
fn check(target: &Target, inputs: impl Iterator<Item = PathBuf>) -> PyResult<()> {
    check_target(target, &inputs.collect::<Vec<_>>()).map_err(|e| of_report(&e))
}

/// Hunts in files or in a table, and writes what is found into a folder.
#[pyfunction]
#[pyo3(signature = (asked, writing, table=None, listener=None))]
pub(crate) fn hunt(
    py: Python<'_>,
    asked: &str,
    writing: &str,
    table: Option<Table>,
    listener: Option<Py<PyAny>>,
) -> PyResult<Finished> {
    let (mut asked, writing): (Asked, Writing) = (options(asked)?, options(writing)?);
    let watch = Watch::default();
    let look = |py: Python<'_>| listener.as_ref().map_or(Ok(()), |l| watch.tell(l.bind(py)));
    off_lock_watched(py, &look, |workers, cancel| {
        let started = Timestamp::now();
        asked.threads = Some(workers.count());
        let request = asked.request().map_err(|e| of_hunt(&e))?;
        let target = writing.target();
        check(&target, asked.inputs.iter().map(PathBuf::from))?;
        let inputs = open(&asked.inputs, table.as_ref(), &asked.reading, (&workers, &cancel))?;
        check(&target, inputs.files().iter().map(|f| f.path.clone()))?;
        let kept = table.is_some().then(|| inputs.clone());
        let found = run_hunt(inputs, &request, &cancel, &watch).map_err(|e| of_hunt(&e))?;
        let keep = KeepRows { threads: request.threads, memory: request.memory, cancel };
        let told = || {
            let mut told = serde_json::to_value(&asked).unwrap_or(Value::Null);
            told["writing"] = serde_json::to_value(&writing).unwrap_or(Value::Null);
            provenance("lanner.hunt", started, request.threads, told)
        };
        write_hunt(&found, writing.keep_rows.then_some(&keep), &target, &told)
            .map_err(|e| of_report(&e))?;
        Finished::new(&writing.out, kept)
    })?
}

/// What is asked of a hunt for sessions.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct AskedSessions {
    inputs: Vec<String>,
    builder: String,
    ensemble: bool,
    seed: u64,
    tz: Option<String>,
}

impl AskedSessions {
    fn request(&self, threads: usize) -> Result<SessionsRequest, HuntError> {
        let builder = match self.builder.as_str() {
            "timeline" => Builder::Timeline,
            "logon" => Builder::Logon,
            other => {
                let text =
                    format!("--builder {other:?} is not known; there are logon and timeline");
                return Err(HuntError::Usage(text));
            }
        };
        let usual = EnsembleOptions::default();
        let reading = Reading { tz: self.tz.clone(), ..Reading::default() };
        Ok(SessionsRequest {
            inputs: self.inputs.clone(),
            builder,
            ensemble: self.ensemble.then_some(EnsembleOptions { seed: self.seed, ..usual }),
            zone: (self.tz.clone().unwrap_or_else(|| "UTC".to_owned()), reading.zone()?),
            threads,
        })
    }
}

/// Hunts for logon sessions in Windows event logs, and writes what is found into a folder.
#[pyfunction]
#[pyo3(signature = (asked, writing, listener=None))]
pub(crate) fn sessions(
    py: Python<'_>,
    asked: &str,
    writing: &str,
    listener: Option<Py<PyAny>>,
) -> PyResult<Finished> {
    let (asked, writing): (AskedSessions, Writing) = (options(asked)?, options(writing)?);
    let watch = Watch::default();
    let look = |py: Python<'_>| listener.as_ref().map_or(Ok(()), |l| watch.tell(l.bind(py)));
    off_lock_watched(py, &look, |workers, cancel| {
        let started = Timestamp::now();
        let request = asked.request(workers.count()).map_err(|e| of_hunt(&e))?;
        let target = writing.target();
        check(&target, asked.inputs.iter().map(PathBuf::from))?;
        let reading = lanner_read::Options {
            zone: request.zone.1.clone(),
            interrupted: cancel.clone(),
            threads: request.threads,
            ..lanner_read::Options::default()
        };
        let logs = lanner_read::open_events(&asked.inputs, &reading).map_err(|e| of_read(&e))?;
        check(&target, logs.files().iter().map(|f| f.path.clone()))?;
        let told = || {
            let told = serde_json::to_value(&asked).unwrap_or(Value::Null);
            provenance("lanner.sessions", started, request.threads, told)
        };
        hunt_sessions(&logs, &request, Some(&target), (&cancel, &watch), &told)
            .map_err(|e| of_report(&e))?;
        Finished::new(&writing.out, None)
    })?
}

/// Says how long each model of a hunt would take.
#[pyfunction]
#[pyo3(signature = (asked, table=None, listener=None))]
pub(crate) fn forecast(
    py: Python<'_>,
    asked: &str,
    table: Option<Table>,
    listener: Option<Py<PyAny>>,
) -> PyResult<Table> {
    let mut asked: Asked = options(asked)?;
    let watch = Watch::default();
    let look = |py: Python<'_>| listener.as_ref().map_or(Ok(()), |l| watch.tell(l.bind(py)));
    off_lock_watched(py, &look, |workers, cancel| {
        asked.threads = Some(workers.count());
        let request = asked.request().map_err(|e| of_hunt(&e))?;
        let inputs = open(&asked.inputs, table.as_ref(), &asked.reading, (&workers, &cancel))?;
        let (_, models) = foresee(inputs, &request, &cancel, &watch).map_err(|e| of_hunt(&e))?;
        crate::scored::foreseen(&models)
    })?
}

/// What is asked of one model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedScore {
    model: String,
    params: Map<String, Value>,
    contamination: f64,
    seed: u64,
    explain: bool,
    drop: Vec<String>,
    reading: Reading,
}

/// Scores the rows of a numeric table with one model, against the table `fit` where there is one.
#[pyfunction]
pub(crate) fn score(
    py: Python<'_>,
    asked: &str,
    data: (Vec<String>, Option<Table>),
    fit: Option<(Vec<String>, Option<Table>)>,
) -> PyResult<Table> {
    let asked: AskedScore = options(asked)?;
    off_lock_watched(py, &|_| Ok(()), |workers, cancel| {
        let request = ScoreRequest::new(&asked.model, &asked.params, asked.contamination);
        let request = ScoreRequest {
            seed: asked.seed,
            explain: asked.explain,
            drop: asked.drop,
            threads: workers.count(),
            ..request.map_err(|e| of_hunt(&e))?
        };
        let open = |(paths, table): &(Vec<String>, Option<Table>)| {
            open(paths, table.as_ref(), &asked.reading, (&workers, &cancel))
        };
        let (rows, train) = (open(&data)?, fit.as_ref().map(open).transpose()?);
        let found = run_score(&rows, train.as_ref(), &request, &cancel).map_err(|e| of_hunt(&e))?;
        crate::scored::table(&found, request.explain)
    })?
}
