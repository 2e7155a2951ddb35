//! The examiner's builder: who did what, when several people are there.

use crate::writer::{Writer, clock, ids, ids_by};
use lanner_sessions::{Builder, Correlation, EndReason, Session, StartReason, features};

fn of<'s>(sessions: &'s [Session], user: &str) -> &'s Session {
    let name = format!("CORP\\{user}");
    let mut found = sessions.iter().filter(|s| s.user.as_deref() == Some(&name));
    let session = found.next().expect("the user has a session");
    assert!(found.next().is_none(), "{user} has one session: {sessions:?}");
    session
}

/// Ann and Bob at the same time; Bob creates a user, and his logoff is not Ann's.
fn two_people() -> Writer {
    let mut log = Writer::new("srv");
    log.rdp("09:00", "ann", "10.0.0.1", "0xa1", "2");
    log.failed("09:08:00", "bob", "203.0.113.7");
    log.failed("09:08:30", "bob", "203.0.113.7");
    log.rdp("09:10", "bob", "203.0.113.7", "0xb1", "3");
    log.action("09:20:00", 4720, "bob", "0xb1", "");
    log.action("09:21:00", 4732, "bob", "0x3e7", "");
    log.action("09:22:00", 4698, "ann", "0xa1", "\\mine");
    log.task_run("09:23:00", "\\mine");
    log.session("09:30:00", 23, "bob", "3", "");
    log.logoff("09:30:01", "10", "bob", "0xb1");
    log.session("10:00:00", 24, "ann", "2", "10.0.0.1");
    log.session("10:00:01", 23, "ann", "2", "");
    log.logoff("10:00:02", "10", "ann", "0xa1");
    log
}

#[test]
fn two_people_at_once_are_two_sessions_with_their_own_events() {
    let sessions = two_people().build(Builder::Logon);
    let (ann, bob) = (of(&sessions, "ann"), of(&sessions, "bob"));
    assert_eq!(ids(ann), [1149, 4624, 21, 22, 4698, 129, 24, 23, 4634]);
    assert_eq!(ids(bob), [4625, 4625, 1149, 4624, 21, 22, 4720, 4732, 23, 4634]);
    assert_eq!(ids_by(bob, Correlation::Attributed), [4625, 4625, 1149, 4732]);
    assert_eq!((ann.start, ann.end), (Some(clock("09:00:02")), Some(clock("10:00:02"))));
    assert_eq!(bob.end, Some(clock("09:30:01")));
    assert_eq!(bob.source_ip.as_deref(), Some("203.0.113.7"));
    assert_eq!((bob.logon_ids.as_slice(), bob.windows_session), (&[0xb1][..], Some(3)));
    assert_eq!(bob.end_reason, EndReason::ExplicitLogoff);
    let numbers = features(bob, &jiff::tz::TimeZone::UTC);
    assert_eq!(numbers[1..8], [2.0, 2.0, 0.0, 0.0, 1.0, 1.0, 0.0]);

    // The reference rules give Ann's session an end when Bob comes, and Bob all that Ann does.
    let merged = two_people().build(Builder::Timeline);
    assert_eq!(merged[0].end_reason, EndReason::OverlappingSessionStart);
    assert!(ids(&merged[1]).contains(&4698) && ids(&merged[0]).contains(&4625));
}

#[test]
fn a_reconnect_goes_on_with_the_session() {
    let mut log = Writer::new("srv");
    log.rdp("09:00", "ann", "10.0.0.1", "0xa1", "2");
    log.session("09:30:00", 24, "ann", "2", "10.0.0.1");
    // Windows makes a logon for the reconnect and throws it away.
    log.authenticated("11:00:01", "ann", "10.0.0.8");
    log.logon("11:00:02", "10", "ann", "10.0.0.8", "0xa2");
    log.session("11:00:03", 25, "ann", "2", "10.0.0.8");
    let data = [("AccountName", "ann"), ("LogonID", "0xa1"), ("ClientAddress", "10.0.0.8")];
    log.security("11:00:03.5", 4778, &data);
    log.logoff("11:00:05", "10", "ann", "0xa2");
    log.action("11:30:00", 4720, "ann", "0xa1", "");
    log.security("12:00:00", 4647, &[("TargetUserName", "ann"), ("TargetLogonId", "0xa1")]);
    log.session("12:00:01", 23, "ann", "2", "");
    log.logoff("12:00:02", "10", "ann", "0xa1");
    log.logoff("12:10:00", "10", "ann", "0xa1");
    let sessions = log.build(Builder::Logon);
    let ann = of(&sessions, "ann");
    assert_eq!(
        ids(ann),
        [1149, 4624, 21, 22, 24, 1149, 4624, 25, 4778, 4634, 4720, 4647, 23, 4634]
    );
    assert_eq!((ann.start, ann.end), (Some(clock("09:00:02")), Some(clock("12:00:02"))));
    assert_eq!(ann.addresses, ["10.0.0.1", "10.0.0.8"]);
    assert_eq!(ann.logon_ids, [0xa1, 0xa2]);
}

#[test]
fn without_the_security_log_terminal_sessions_are_enough() {
    let mut log = Writer::new("srv");
    for number in ["2", "3"] {
        let user = if number == "2" { "ann" } else { "bob" };
        log.authenticated(&format!("09:0{number}:00"), user, "10.0.0.1");
        log.session(&format!("09:0{number}:02"), 21, user, number, "10.0.0.1");
    }
    log.session("09:20:00", 24, "ann", "2", "10.0.0.1");
    log.session("09:30:00", 25, "ann", "2", "10.0.0.1");
    log.session("09:40:00", 23, "ann", "2", "");
    log.session("09:50:00", 24, "bob", "3", "10.0.0.1");
    log.terminal("09:50:00", 40, &[("Session", "3"), ("Reason", "5")]);
    let sessions = log.build(Builder::Logon);
    assert_eq!(ids(of(&sessions, "ann")), [1149, 21, 24, 25, 23]);
    let bob = of(&sessions, "bob");
    assert_eq!(ids(bob), [1149, 21, 24, 40]);
    assert_eq!(bob.end_reason, EndReason::DisconnectedAtLogEnd);
}

#[test]
fn without_terminal_logs_the_security_log_is_enough() {
    let mut log = Writer::new("pc");
    // Nobody's logons: the machine, the window manager's name, a service, a share.
    log.logon("07:00:00", "2", "DWM-1", "-", "0x1");
    log.logon("07:00:01", "5", "svc", "-", "0x2");
    log.logon("07:00:02", "3", "bob", "10.0.0.2", "0x3");
    log.logon("07:00:03", "10", "PC$", "10.0.0.2", "0x4");
    // A split token, then an unlock, then work under another name.
    log.logon("08:00:00", "2", "ann", "127.0.0.1", "0xa1");
    log.logon("08:00:00.1", "2", "ann", "127.0.0.1", "0xa2");
    log.failed("09:59:50", "ann", "-");
    log.logon("10:00:00", "7", "ann", "127.0.0.1", "0xa3");
    log.logoff("10:00:01", "7", "ann", "0xa3");
    let run_as = [
        ("SubjectUserName", "ann"),
        ("SubjectLogonId", "0xa2"),
        ("TargetUserName", "admin"),
        ("TargetLogonId", "0xa4"),
        ("LogonType", "2"),
    ];
    log.security("10:30:00", 4624, &run_as);
    log.action("10:31:00", 4720, "admin", "0xa4", "");
    log.logoff("10:40:00", "2", "admin", "0xa4");
    log.logoff("12:00:00", "2", "ann", "0xa2");
    log.logoff("12:00:00.1", "2", "ann", "0xa1");
    log.logon("13:00:00", "11", "cid", "-", "0xc1");
    let sessions = log.build(Builder::Logon);
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    let ann = of(&sessions, "ann");
    assert_eq!(ids(ann), [4624, 4624, 4625, 4624, 4634, 4624, 4720, 4634, 4634, 4634]);
    assert_eq!(ids_by(ann, Correlation::Attributed), [4625]);
    assert_eq!((ann.end, ann.end_reason), (Some(clock("12:00:00.1")), EndReason::ExplicitLogoff));
    assert_eq!(of(&sessions, "cid").end_reason, EndReason::SessionOpenAtLogEnd);
}

#[test]
fn failed_logons_belong_to_whom_they_lead_to() {
    let mut log = Writer::new("srv");
    log.failed("08:00:00", "ann", "203.0.113.7"); // More than an hour before.
    log.failed("08:30:00", "ann", "203.0.113.7");
    log.failed("08:45:00", "root", "203.0.113.7"); // Another name, more than ten minutes before.
    log.failed("08:55:00", "admin", "203.0.113.7");
    log.failed("08:56:00", "ann", "198.51.100.1"); // Ann's name, but from elsewhere.
    log.failed("08:57:00", "ann", "-");
    log.rdp("09:00", "ann", "203.0.113.7", "0xa1", "2");
    log.failed("09:20:00", "ann", "203.0.113.7"); // While she is there, with no logon after.
    log.session("09:30:00", 23, "ann", "2", "");
    let sessions = log.build(Builder::Logon);
    let ann = of(&sessions, "ann");
    let failed: Vec<u64> = ann.events.iter().filter(|e| e.event_id == 4625).map(|e| e.at).collect();
    assert_eq!(failed, [1, 3, 5, 10]);
}

#[test]
fn services_and_tasks_find_their_session() {
    let mut log = Writer::new("srv");
    log.service("08:57:00", "early");
    log.rdp("09:00", "ann", "10.0.0.1", "0xa1", "2");
    log.rdp("09:05", "bob", "10.0.0.2", "0xb1", "3");
    log.action("09:10:00", 4698, "ann", "0xa1", "\\later");
    log.action("09:11:00", 1102, "bob", "0xb1", "");
    log.service("09:12:00", "svc");
    log.task_run("09:13:00", "\\Microsoft\\Windows\\Defrag\\ScheduledDefrag");
    log.task_run("09:14:00", "\\Inventory");
    log.events.last_mut().unwrap().user_sid = Some("S-1-5-18".to_owned());
    log.session("09:20:00", 24, "bob", "3", "10.0.0.2");
    log.task_run("09:25:00", "\\later");
    log.session("09:30:00", 23, "ann", "2", "");
    log.service("09:40:00", "late");
    log.service("09:50:00", "too late");
    let sessions = log.build(Builder::Logon);
    let objects = |user: &str| {
        let events = of(&sessions, user).events.iter();
        let named = events.filter_map(|e| Some((e.object.as_deref()?.to_owned(), e.correlation)));
        named.collect::<Vec<_>>()
    };
    let named = |name: &str, how| (name.to_owned(), how);
    assert_eq!(
        objects("ann"),
        [
            named("early", Correlation::GraceBefore),
            named("\\later", Correlation::InSession),
            named("\\later", Correlation::Attributed),
            named("late", Correlation::GraceAfter),
        ]
    );
    assert_eq!(objects("bob"), [named("svc", Correlation::Attributed)]);
}

#[test]
fn keys_are_given_out_anew() {
    let mut log = Writer::new("srv");
    log.rdp("09:00", "ann", "10.0.0.1", "0xa1", "2");
    // Her session's number comes again: it must have ended.
    log.rdp("10:00", "bob", "10.0.0.2", "0xb1", "2");
    // The machine starts: Bob's Logon ID is another's now.
    log.logon("11:00:00", "0", "SYSTEM", "-", "0x3e7");
    log.rdp("11:30", "cid", "10.0.0.3", "0xb1", "2");
    log.action("11:40:00", 4720, "cid", "0xb1", "");
    let sessions = log.build(Builder::Logon);
    let end = |user| (of(&sessions, user).end.unwrap(), of(&sessions, user).end_reason);
    assert_eq!(end("ann"), (clock("09:00:04"), EndReason::SessionNumberReused));
    assert_eq!(end("bob"), (clock("10:00:04"), EndReason::SystemStart));
    assert_eq!(ids(of(&sessions, "cid")), [1149, 4624, 21, 22, 4720]);
}

#[test]
fn a_log_that_begins_in_the_middle_still_shows_who_is_there() {
    let mut log = Writer::new("srv");
    log.session("09:00:00", 25, "ann", "2", "10.0.0.1");
    let data = [("AccountName", "ann"), ("AccountDomain", "CORP"), ("LogonID", "0xa1")];
    log.security("09:00:01", 4778, &data);
    log.action("09:10:00", 4720, "ann", "0xa1", "");
    log.logon("09:20:00", "7", "bob", "-", "0xb7");
    log.logoff("09:20:01", "7", "bob", "0xb7");
    log.session("09:30:00", 23, "cid", "9", "");
    log.logoff("10:00:00", "10", "ann", "0xa1");
    let sessions = log.build(Builder::Logon);
    assert_eq!(sessions.len(), 2);
    let (ann, bob) = (of(&sessions, "ann"), of(&sessions, "bob"));
    assert_eq!((ids(ann), ann.start_reason), (vec![25, 4778, 4720, 4634], StartReason::Reconnect));
    assert_eq!((ids(bob), bob.start_reason), (vec![4624, 4634], StartReason::Unlock));
    assert_eq!(bob.end_reason, EndReason::SessionOpenAtLogEnd);
}
