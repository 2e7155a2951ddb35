//! The reference builder: one session at a time on each host, by the clock.
//!
//! ```text
//! 21                              opens a session; user and address are its own
//! any counted event               belongs to the session that is open
//! the next 21                     closes it at that time      overlapping_session_start
//! 24, 4634                        closes it, and is its last  explicit_logoff
//! more than 60 minutes of quiet   closes it at the last event inactivity_timeout
//! the end of the log              closes it at the last event session_open_at_log_end
//! ```
//!
//! Then 4720 4722 4724 4728 4732 4698 7045 1102 outside all sessions go to the first session, in closing
//! order, that begins within 5 minutes after or ended within 15 minutes before. No event counts twice.
//!
//! People at the same time are merged, and a logoff of a file share ends a session: the `logon` builder
//! knows better.

use crate::record::{Host, Record};
use crate::session::{Correlation, EndReason, Linked, Session, StartReason};
use jiff::{SignedDuration, Timestamp};

/// Quiet time after which a session is over.
const QUIET: SignedDuration = SignedDuration::from_mins(60);
/// How long before a session an action may have been.
pub(crate) const GRACE_BEFORE: SignedDuration = SignedDuration::from_mins(5);
/// How long after a session an action may have been.
pub(crate) const GRACE_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// A session that still takes events.
struct Open<'r> {
    first: &'r Record,
    last: Timestamp,
    events: Vec<Linked>,
}

impl Open<'_> {
    fn take(&mut self, record: &Record) {
        self.last = record.time;
        self.events.push(record.linked_as(Correlation::InSession));
    }

    fn close(self, host: &Host, end: Timestamp, end_reason: EndReason) -> Session {
        let text = |t: &Option<std::sync::Arc<str>>| t.as_ref().map(ToString::to_string);
        let source_ip = text(&self.first.address);
        Session {
            host: host.name.to_string(),
            user: text(&self.first.user),
            addresses: source_ip.iter().cloned().collect(),
            source_ip,
            start: Some(self.first.time),
            end: Some(end),
            start_reason: StartReason::SessionLogon,
            end_reason,
            windows_session: self.first.session,
            events: self.events,
            ..Session::default()
        }
    }
}

/// The sessions of a host, in closing order.
pub(crate) fn build(host: &Host) -> Vec<Session> {
    let mut closed: Vec<Session> = Vec::new();
    let mut open: Option<Open<'_>> = None;
    let mut outside = Vec::new();
    for record in host.records.iter().filter(|r| r.counted) {
        if let Some(quiet) = open.take_if(|o| record.time.duration_since(o.last) > QUIET) {
            let last = quiet.last;
            closed.push(quiet.close(host, last, EndReason::InactivityTimeout));
        }
        if record.id == 21 {
            if let Some(earlier) = open.take() {
                let reason = EndReason::OverlappingSessionStart;
                closed.push(earlier.close(host, record.time, reason));
            }
            open = Some(Open { first: record, last: record.time, events: Vec::new() });
        }
        match &mut open {
            Some(session) => session.take(record),
            None => outside.push(record),
        }
        if matches!(record.id, 24 | 4634)
            && let Some(session) = open.take()
        {
            closed.push(session.close(host, record.time, EndReason::ExplicitLogoff));
        }
    }
    if let Some(session) = open {
        let last = session.last;
        closed.push(session.close(host, last, EndReason::SessionOpenAtLogEnd));
    }
    for record in outside {
        let action = matches!(record.id, 4720 | 4722 | 4724 | 4728 | 4732 | 4698 | 7045 | 1102);
        let near = closed.iter_mut().filter(|_| action).find_map(|s| {
            let how = grace(s, record.time)?;
            Some((s, how))
        });
        if let Some((session, how)) = near {
            session.events.push(record.linked_as(how));
        }
    }
    for session in &mut closed {
        session.events.sort_by_key(|e| e.time);
    }
    closed
}

/// Is a time outside a session within its grace windows, and on which side?
pub(crate) fn grace(session: &Session, time: Timestamp) -> Option<Correlation> {
    let (start, end) = (session.start?, session.end?);
    if time <= start {
        (start.duration_since(time) <= GRACE_BEFORE).then_some(Correlation::GraceBefore)
    } else {
        (time.duration_since(end) <= GRACE_AFTER).then_some(Correlation::GraceAfter)
    }
}

impl Record {
    /// The event as one of a session.
    pub(crate) fn linked_as(&self, correlation: Correlation) -> Linked {
        Linked {
            at: self.at,
            time: Some(self.time),
            event_id: self.id,
            object: self.object.as_deref().map(Into::into),
            correlation,
        }
    }
}
