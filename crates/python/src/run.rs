//! Work off the interpreter's lock, on the run's threads, that Ctrl-C ends.

use lanner_frame::{Cancel, Workers};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often the interpreter is asked for signals meanwhile.
const POLL: Duration = Duration::from_millis(50);

/// Stack of the working thread: as much as the main thread has.
const STACK: usize = 8 << 20;

/// The threads that all work shares, and the process they live in.
static POOL: Mutex<Option<(u32, Workers)>> = Mutex::new(None);

/// Sets how many threads are used from now on, 0 for one a core. Scores do not depend on it.
#[pyfunction]
pub(crate) fn set_threads(threads: usize) -> PyResult<()> {
    let pool = start(threads)?;
    keep(Some((std::process::id(), pool)));
    Ok(())
}

fn start(threads: usize) -> PyResult<Workers> {
    Workers::new(threads)
        .map_err(|e| PyRuntimeError::new_err(format!("the system starts no thread: {e}")))
}

fn keep(pool: Option<(u32, Workers)>) {
    let mut kept = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    // The pool of a forked parent has no threads here that could be told to end.
    if let Some((process, pool)) = std::mem::replace(&mut *kept, pool)
        && process != std::process::id()
    {
        std::mem::forget(pool);
    }
}

/// The threads of this process. A fork takes none along, so a child starts its own.
fn workers() -> PyResult<Workers> {
    let here = std::process::id();
    let kept = POOL.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((process, pool)) = kept {
        if process == here {
            return Ok(pool);
        }
        std::mem::forget(pool);
    }
    let pool = start(0)?;
    keep(Some((here, pool.clone())));
    Ok(pool)
}

/// Does `work` without the interpreter's lock, and asks it for signals meanwhile.
///
/// # Errors
/// What a signal raises (`KeyboardInterrupt`), once the work has ended; `RuntimeError` for a panic.
pub(crate) fn off_lock<R: Send>(
    py: Python<'_>,
    work: impl FnOnce(Workers, Cancel) -> R + Send,
) -> PyResult<R> {
    off_lock_watched(py, &|_| Ok(()), work)
}

/// As [`off_lock`], and calls `look` with the interpreter meanwhile; an error of it ends the work too.
///
/// # Errors
/// As [`off_lock`], and those of `look`.
pub(crate) fn off_lock_watched<R: Send>(
    py: Python<'_>,
    look: &(dyn Fn(Python<'_>) -> PyResult<()> + Sync),
    work: impl FnOnce(Workers, Cancel) -> R + Send,
) -> PyResult<R> {
    let (workers, cancel) = (workers()?, Cancel::default());
    let given = cancel.clone();
    py.detach(|| {
        std::thread::scope(|scope| {
            let (done, answer) = sync_channel(1);
            let thread = std::thread::Builder::new().name("lanner-run".into()).stack_size(STACK);
            let running = thread
                .spawn_scoped(scope, move || {
                    // Nobody listens any more only where this thread has panicked.
                    let _ = done.send(work(workers, given));
                })
                .map_err(|e| PyRuntimeError::new_err(format!("no thread to work on: {e}")))?;
            let mut raised = None;
            loop {
                match answer.recv_timeout(POLL) {
                    Ok(_) if raised.is_some() => return Err(raised.expect("it is some")),
                    Ok(result) => return Ok(result),
                    Err(RecvTimeoutError::Timeout) if raised.is_none() => {
                        raised =
                            Python::attach(|py| py.check_signals().and_then(|()| look(py)).err());
                        if raised.is_some() {
                            cancel.raise();
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        let panic = running.join().err();
                        let text = panic.as_ref().and_then(|p| p.downcast_ref::<String>());
                        let text = text.map_or("no message", String::as_str);
                        return Err(PyRuntimeError::new_err(format!("internal error: {text}")));
                    }
                }
            }
        })
    })
}
