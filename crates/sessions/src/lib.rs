//! Windows events to logon sessions, and the sessions unlike their peers.
//!
//! ```text
//! events -> Collector -> sessions -> 12 features -> detect    LOF and reasons, as the reference
//!           by host      by a builder            -> ensemble  all default models on scaled features
//! ```
//!
//! A [`Collector`] takes [`Event`]s in any order, from any of the five logs and any number of machines,
//! and [`Collector::build`]s sessions by one of two [`Builder`]s. Sessions may as well come from
//! elsewhere: [`detect_sessions`] needs nothing but them. This crate opens no file.

mod detect;
mod ensemble;
mod event;
mod features;
mod logon;
mod record;
mod session;
mod timeline;

pub use detect::{
    Detection, Finding, Lof, MIN_SESSIONS, Options, RULE, Reason, SEVERITY, detect, detect_sessions,
};
pub use ensemble::{
    ENSEMBLE_RULE, ENSEMBLE_SEVERITY, Ensemble, EnsembleOptions, ModelRun, Oddity, ensemble,
    lasting,
};
pub use event::{Event, Known, Log, meaning, recognise};
pub use features::{FEATURES, Features, features};
pub use record::Collector;
pub use session::{Correlation, EndReason, Linked, Session, StartReason};

use lanner_detect::FitError;
use lanner_frame::SampleError;

/// How events become sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Builder {
    /// One session at a time on each host, by the clock: the reference rules.
    Timeline,
    /// Sessions side by side, by Logon ID, session number, account and address.
    #[default]
    Logon,
}

/// Sessions, and what became of the events that are in none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Built {
    /// The sessions by start, then host; numbered from 1.
    pub sessions: Vec<Session>,
    /// Events without a time, which can be placed nowhere.
    pub untimed: u64,
    /// Events read more than once (a log and its copy), taken once.
    pub repeated: u64,
}

impl Collector {
    /// Builds the sessions of all machines.
    ///
    /// # Cost
    /// O(n log n) for n events, and O(1) for each event and session that is open beside it.
    pub fn build(self, builder: Builder) -> Built {
        let (hosts, untimed, repeated) = self.finish();
        let build = match builder {
            Builder::Timeline => timeline::build,
            Builder::Logon => logon::build,
        };
        let mut sessions: Vec<Session> = hosts.iter().flat_map(build).collect();
        // Stable, so that sessions of a host that begin together keep their order.
        sessions.sort_by(|a, b| (a.start, &a.host).cmp(&(b.start, &b.host)));
        for (session, number) in sessions.iter_mut().zip(1..) {
            session.session_id = number;
        }
        Built { sessions, untimed, repeated }
    }
}

/// Why nothing could be detected.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// The features are no numbers a model can take.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The detector failed, or was interrupted.
    #[error(transparent)]
    Fit(#[from] FitError),
}
