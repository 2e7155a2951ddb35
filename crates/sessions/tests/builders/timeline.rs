//! The reference rules, by hand.

use crate::writer::{Writer, clock, ids, ids_by};
use lanner_sessions::{Builder, Correlation, EndReason, StartReason};

fn terminal(log: &mut Writer, time: &str, id: u32) {
    log.session(time, id, "ann", "2", "10.0.0.1");
}

#[test]
fn sessions_end_for_each_of_the_four_reasons() {
    let mut log = Writer::new("srv");
    terminal(&mut log, "08:00:00", 21);
    terminal(&mut log, "08:10:00", 22);
    terminal(&mut log, "08:30:00", 21);
    terminal(&mut log, "08:40:00", 24);
    terminal(&mut log, "09:00:00", 21);
    // Exactly an hour is still the same session, a microsecond more is not.
    log.failed("10:00:00", "bob", "10.0.0.9");
    log.failed("11:00:00.000001", "bob", "10.0.0.9");
    terminal(&mut log, "12:00:00", 21);
    log.failed("12:05:00", "bob", "10.0.0.9");
    let sessions = log.build(Builder::Timeline);
    let ends: Vec<_> = sessions.iter().map(|s| (s.end.unwrap(), s.end_reason)).collect();
    assert_eq!(
        ends,
        [
            (clock("08:30:00"), EndReason::OverlappingSessionStart),
            (clock("08:40:00"), EndReason::ExplicitLogoff),
            (clock("10:00:00"), EndReason::InactivityTimeout),
            (clock("12:05:00"), EndReason::SessionOpenAtLogEnd),
        ]
    );
    assert_eq!(
        sessions.iter().map(ids).collect::<Vec<_>>(),
        [vec![21, 22], vec![21, 24], vec![21, 4625], vec![21, 4625]]
    );
    assert_eq!(sessions.iter().map(|s| s.session_id).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(sessions[0].user.as_deref(), Some("CORP\\ann"));
    assert_eq!(sessions[0].source_ip.as_deref(), Some("10.0.0.1"));
    assert_eq!(sessions[0].start_reason, StartReason::SessionLogon);
}

#[test]
fn a_logoff_of_anything_ends_the_session() {
    let mut log = Writer::new("srv");
    terminal(&mut log, "08:00:00", 21);
    log.logoff("08:01:00", "3", "DC$", "0x77");
    terminal(&mut log, "08:02:00", 23);
    let sessions = log.build(Builder::Timeline);
    assert_eq!(ids(&sessions[0]), [21, 4634]);
    assert_eq!(sessions[0].end_reason, EndReason::ExplicitLogoff);
}

#[test]
fn actions_near_a_session_go_to_the_first_one_in_closing_order() {
    let mut log = Writer::new("srv");
    log.action("07:54:59", 4720, "ann", "0x1", "");
    log.action("07:55:00", 4720, "ann", "0x1", "");
    log.failed("07:59:00", "ann", "10.0.0.1");
    terminal(&mut log, "08:00:00", 21);
    terminal(&mut log, "08:10:00", 24);
    // Within 15 minutes after the first and 5 before the second session: the first closed first.
    log.action("08:20:00", 4732, "ann", "0x1", "");
    terminal(&mut log, "08:22:00", 21);
    log.service("08:25:00", "x");
    terminal(&mut log, "08:30:00", 24);
    log.action("08:45:00", 1102, "ann", "0x1", "");
    log.action("08:45:01", 1102, "ann", "0x1", "");
    // Group changes that are no action of the list.
    log.action("08:31:00", 4723, "ann", "0x1", "");
    let sessions = log.build(Builder::Timeline);
    assert_eq!(ids(&sessions[0]), [4720, 21, 24, 4732]);
    assert_eq!(ids_by(&sessions[0], Correlation::GraceBefore), [4720]);
    assert_eq!(ids_by(&sessions[0], Correlation::GraceAfter), [4732]);
    assert_eq!(ids(&sessions[1]), [21, 7045, 24, 1102]);
    assert_eq!(ids_by(&sessions[1], Correlation::GraceAfter), [1102]);
}

#[test]
fn events_of_the_same_moment_go_by_log_then_record() {
    let mut log = Writer::new("srv");
    terminal(&mut log, "08:00:00", 21);
    log.failed("08:00:00", "ann", "10.0.0.1");
    log.authenticated("08:00:00", "ann", "10.0.0.1");
    terminal(&mut log, "08:05:00", 24);
    let sessions = log.build(Builder::Timeline);
    // Security and RemoteConnectionManager come first, so they were outside, and are no actions.
    assert_eq!(ids(&sessions[0]), [21, 24]);
}

#[test]
fn every_host_has_its_own_session() {
    let mut one = Writer::new("one");
    terminal(&mut one, "08:00:00", 21);
    terminal(&mut one, "08:30:00", 24);
    let mut two = Writer::new("two");
    terminal(&mut two, "08:10:00", 21);
    two.action("08:35:00", 4720, "ann", "0x1", "");
    let mut events = two.events;
    events.extend(one.events);
    let sessions = crate::writer::build(&events, Builder::Timeline);
    let hosts: Vec<_> = sessions.iter().map(|s| (s.session_id, s.host.as_str(), ids(s))).collect();
    assert_eq!(hosts, [(1, "one", vec![21, 24]), (2, "two", vec![21, 4720])]);
}
