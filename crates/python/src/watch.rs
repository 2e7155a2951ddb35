//! What a run is doing, for whoever asks now and then from the thread that holds the interpreter.

use lanner_frame::Progress;
use lanner_pipeline::Observer;
use pyo3::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps what it is told. The run's threads never wait for Python.
#[derive(Default)]
pub(crate) struct Watch(Mutex<State>);

#[derive(Default)]
struct State {
    stage: String,
    rows: Option<Arc<AtomicU64>>,
    running: BTreeSet<String>,
    done: u64,
}

impl Watch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells `listener`, called with the stage, the rows read in it (none where they are not what takes
    /// time), the models done and the names of those running.
    pub(crate) fn tell(&self, listener: &Bound<'_, PyAny>) -> PyResult<()> {
        let now = {
            let state = self.state();
            if state.stage.is_empty() {
                return Ok(());
            }
            let rows = state.rows.as_ref().map(|rows| rows.load(Ordering::Relaxed));
            let running: Vec<String> = state.running.iter().cloned().collect();
            (state.stage.clone(), rows, state.done, running)
        };
        listener.call1(now).map(drop)
    }
}

impl Observer for Watch {
    fn stage(&self, name: &str, rows: Option<Arc<AtomicU64>>) {
        let mut state = self.state();
        (state.stage, state.rows) = (name.to_owned(), rows);
    }

    fn model_started(&self, id: &str, _progress: &Progress) {
        self.state().running.insert(id.to_owned());
    }

    fn model_forecast(&self, id: &str, _seconds: f64) {
        self.state().running.remove(id);
    }

    fn model_done(&self, id: &str, _error: Option<&str>, _seconds: f64) {
        let mut state = self.state();
        state.running.remove(id);
        state.done += 1;
    }
}
