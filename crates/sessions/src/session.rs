//! A logon session and the events in it.

use crate::record::object;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

/// One logon session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Session {
    /// Number, from 1.
    pub session_id: u64,
    /// The machine.
    pub host: String,
    /// Account, as `DOMAIN\name` where the domain is known.
    pub user: Option<String>,
    /// Where it came from.
    pub source_ip: Option<String>,
    /// When it began.
    pub start: Option<Timestamp>,
    /// When it ended, or its last event where no end was seen.
    pub end: Option<Timestamp>,
    /// What began it.
    pub start_reason: StartReason,
    /// What ended it.
    pub end_reason: EndReason,
    /// All addresses it was used from, in order; more than one after a reconnect from elsewhere.
    pub addresses: Vec<String>,
    /// Logon IDs of the Security log that belong to it.
    pub logon_ids: Vec<u64>,
    /// Number of the terminal session.
    pub windows_session: Option<u32>,
    /// The events in it, in order.
    pub events: Vec<Linked>,
    /// The zone its hours are read in, where that is not the zone of the run.
    #[serde(skip)]
    pub zone: Option<TimeZone>,
}

impl Default for Session {
    /// A session built elsewhere, still empty.
    fn default() -> Self {
        Self {
            session_id: 0,
            host: String::new(),
            user: None,
            source_ip: None,
            start: None,
            end: None,
            start_reason: StartReason::Given,
            end_reason: EndReason::Given,
            addresses: Vec::new(),
            logon_ids: Vec::new(),
            windows_session: None,
            events: Vec::new(),
            zone: None,
        }
    }
}

/// What began a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StartReason {
    /// Logon of a terminal session (21).
    SessionLogon,
    /// Logon at the machine or over RDP (4624 of type 2, 10, 11 or 12).
    Logon,
    /// Unlock (4624 of type 7 or 13) of a session whose logon was not seen.
    Unlock,
    /// Reconnect (25 or 4778) to a session whose logon was not seen.
    Reconnect,
    /// Built elsewhere.
    Given,
}

/// What ended a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Logoff or, for the timeline builder, disconnect.
    ExplicitLogoff,
    /// Another session began (timeline).
    OverlappingSessionStart,
    /// An hour without an event (timeline).
    InactivityTimeout,
    /// Open when the log ended.
    SessionOpenAtLogEnd,
    /// Disconnected, and neither reconnected nor logged off by the end of the log.
    DisconnectedAtLogEnd,
    /// The machine started anew.
    SystemStart,
    /// Another session got its number, so it had ended before.
    SessionNumberReused,
    /// Built elsewhere.
    Given,
}

impl StartReason {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::SessionLogon => "session_logon",
            Self::Logon => "logon",
            Self::Unlock => "unlock",
            Self::Reconnect => "reconnect",
            Self::Given => "given",
        }
    }
}

impl EndReason {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExplicitLogoff => "explicit_logoff",
            Self::OverlappingSessionStart => "overlapping_session_start",
            Self::InactivityTimeout => "inactivity_timeout",
            Self::SessionOpenAtLogEnd => "session_open_at_log_end",
            Self::DisconnectedAtLogEnd => "disconnected_at_log_end",
            Self::SystemStart => "system_start",
            Self::SessionNumberReused => "session_number_reused",
            Self::Given => "given",
        }
    }

    /// Was the end seen in the log, so that the session lasted no longer than it seems?
    pub fn is_seen(self) -> bool {
        matches!(self, Self::ExplicitLogoff | Self::OverlappingSessionStart | Self::Given)
    }
}

/// An event of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Linked {
    /// Its number in input order, [`Event::at`](crate::Event::at).
    pub at: u64,
    /// Its time.
    pub time: Option<Timestamp>,
    /// Its id.
    pub event_id: u32,
    /// Name of the task (4698, 129) or service (7045).
    pub object: Option<Box<str>>,
    /// Why it belongs to the session.
    pub correlation: Correlation,
}

impl Linked {
    /// An event of a session built elsewhere; `get` looks a detail up by name.
    pub fn given<'a>(at: u64, event_id: u32, get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let first = |names: &[&str]| {
            let mut values = names.iter().filter_map(|name| get(name));
            values.find(|value| !value.trim().is_empty())
        };
        let object = object(event_id, first).map(Into::into);
        Self { at, time: None, event_id, object, correlation: Correlation::InSession }
    }
}

/// How an event came to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Correlation {
    /// While it lasted (timeline); by its Logon ID, session number, logon, unlock or reconnect (logon).
    InSession,
    /// Shortly before it began.
    GraceBefore,
    /// Shortly after it ended.
    GraceAfter,
    /// By account, address or time, without a key of the session.
    Attributed,
}

impl Correlation {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::InSession => "in_session",
            Self::GraceBefore => "grace_before",
            Self::GraceAfter => "grace_after",
            Self::Attributed => "attributed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_of_sessions_built_elsewhere_name_tasks_and_services() {
        let details = [("TaskName", ""), ("Task", "\\x"), ("Service", "s")];
        let get = |name: &str| details.iter().find(|d| d.0 == name).map(|d| d.1);
        assert_eq!(Linked::given(0, 4698, get).object.as_deref(), Some("\\x"));
        assert_eq!(Linked::given(0, 7045, get).object.as_deref(), Some("s"));
        assert_eq!(Linked::given(0, 4624, get).object, None);
    }
}
