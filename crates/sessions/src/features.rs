//! Twelve numbers that describe a session.

use crate::session::Session;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// Names of the features, in order.
pub const FEATURES: [&str; 12] = [
    "duration",
    "failed_logons",
    "successful_logons",
    "unique_tasks",
    "unique_services",
    "admin_added",
    "user_created",
    "logs_cleared",
    "total_events",
    "off_hours",
    "ip_present",
    "user_present",
];

/// One value for each of [`FEATURES`]: seconds, then counts, then 0 or 1.
pub type Features = [f64; 12];

/// Describes a session; its start's hour is read in `zone` unless the session has its own.
///
/// | feature | value |
/// |---|---|
/// | `duration` | seconds from start to end; 0 where one is missing |
/// | `failed_logons` | 4625 |
/// | `successful_logons` | 4624 and 1149 |
/// | `unique_tasks`, `unique_services` | distinct names in 4698 and 129, in 7045; all nameless ones are one |
/// | `admin_added`, `user_created`, `logs_cleared` | 4732, 4720, 1102 |
/// | `total_events` | events |
/// | `off_hours` | 1 if the start's hour is below 7 or above 21 |
/// | `ip_present`, `user_present` | 1 if there is an address, a user |
pub fn features(session: &Session, zone: &TimeZone) -> Features {
    let events = &session.events;
    let count = |ids: &[u32]| events.iter().filter(|e| ids.contains(&e.event_id)).count() as f64;
    let distinct = |ids: &[u32]| {
        let of = events.iter().filter(|e| ids.contains(&e.event_id));
        of.map(|e| e.object.as_deref()).collect::<BTreeSet<_>>().len() as f64
    };
    let duration = match (session.start, session.end) {
        (Some(start), Some(end)) => (end.as_microsecond() - start.as_microsecond()) as f64 / 1e6,
        _ => 0.0,
    };
    let zone = session.zone.as_ref().unwrap_or(zone);
    let off_hours = session.start.is_some_and(|start| {
        let hour = zone.to_datetime(start).hour();
        !(7..=21).contains(&hour)
    });
    let present = |text: &Option<String>| f64::from(text.as_ref().is_some_and(|t| !t.is_empty()));
    [
        duration,
        count(&[4625]),
        count(&[4624, 1149]),
        distinct(&[4698, 129]),
        distinct(&[7045]),
        count(&[4732]),
        count(&[4720]),
        count(&[1102]),
        events.len() as f64,
        f64::from(off_hours),
        present(&session.source_ip),
        present(&session.user),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Correlation, Linked};

    #[test]
    fn a_session_in_twelve_numbers() {
        let event = |event_id, object: Option<&str>| Linked {
            at: 0,
            time: None,
            event_id,
            object: object.map(Into::into),
            correlation: Correlation::InSession,
        };
        let session = Session {
            user: Some("CORP\\ann".into()),
            start: Some("2026-03-02T21:59:58.5Z".parse().unwrap()),
            end: Some("2026-03-02T22:00:00.75Z".parse().unwrap()),
            events: vec![
                event(4625, None),
                event(4624, None),
                event(1149, None),
                event(4698, Some("\\a")),
                event(129, Some("\\a")),
                event(129, None),
                event(7045, None),
                event(4732, None),
                event(4720, None),
                event(1102, None),
                event(22, None),
            ],
            ..Session::default()
        };
        let got = features(&session, &TimeZone::UTC);
        assert_eq!(got, [2.25, 1.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 11.0, 0.0, 0.0, 1.0]);
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(features(&session, &berlin)[9], 1.0, "22 o'clock is off hours");
        let own = Session { zone: Some(berlin), end: None, ..session };
        let got = features(&own, &TimeZone::UTC);
        assert_eq!((got[0], got[9]), (0.0, 1.0));
    }
}
