//! Sessions built in Python, and those unlike their peers.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use lanner_sessions::{FEATURES, Linked, Session, detect_sessions};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::collections::BTreeMap;

/// A session as Python hands it over.
#[derive(FromPyObject)]
pub(crate) struct Given {
    /// Microseconds since 1970.
    #[pyo3(item)]
    start: Option<i64>,
    #[pyo3(item)]
    end: Option<i64>,
    /// Seconds east of UTC in which the start's hour is read.
    #[pyo3(item)]
    offset: i32,
    #[pyo3(item)]
    user: Option<String>,
    #[pyo3(item)]
    source_ip: Option<String>,
    /// Event ids, with the details that are text.
    #[pyo3(item)]
    events: Vec<(u32, BTreeMap<String, String>)>,
}

impl Given {
    fn session(self, number: u64) -> PyResult<Session> {
        let wrong = |e: jiff::Error| PyValueError::new_err(format!("session {number}: {e}"));
        let time = |us: Option<i64>| us.map(Timestamp::from_microsecond).transpose().map_err(wrong);
        let linked = |(at, (id, details)): (u64, &(u32, BTreeMap<String, String>))| {
            Linked::given(at, *id, |name| details.get(name).map(String::as_str))
        };
        Ok(Session {
            session_id: number,
            user: self.user,
            source_ip: self.source_ip,
            start: time(self.start)?,
            end: time(self.end)?,
            zone: Some(TimeZone::fixed(Offset::from_seconds(self.offset).map_err(wrong)?)),
            events: (0..).zip(&self.events).map(linked).collect(),
            ..Session::default()
        })
    }
}

/// Names of the features sessions are compared by, in order.
#[pyfunction]
pub(crate) fn session_features() -> [&'static str; 12] {
    FEATURES
}

/// An odd session: number (from 0), severity, rule, description, explanation.
type Row = (u64, &'static str, &'static str, String, String);

/// The sessions unlike their peers.
#[pyfunction]
pub(crate) fn odd_sessions(py: Python<'_>, sessions: Vec<Given>) -> PyResult<Vec<Row>> {
    let sessions: Vec<Session> =
        (0..).zip(sessions).map(|(i, s)| s.session(i)).collect::<PyResult<_>>()?;
    let findings = py.detach(|| detect_sessions(&sessions));
    let row = |f: lanner_sessions::Finding| {
        (f.session_id, f.severity, f.rule, f.description, f.explanation)
    };
    Ok(findings.into_iter().map(row).collect())
}
