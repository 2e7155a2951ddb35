//! Writes event logs by hand, for the tests of the builders.

use jiff::Timestamp;
use lanner_sessions::{Builder, Collector, Correlation, Event, Session};

/// A log of one day on one machine, in the order the events are written.
pub(crate) struct Writer {
    host: &'static str,
    pub(crate) events: Vec<Event>,
}

impl Writer {
    pub(crate) fn new(host: &'static str) -> Self {
        Self { host, events: Vec::new() }
    }

    fn event(&mut self, source: (&str, &str), time: &str, id: u32, data: &[(&str, &str)]) {
        let number = self.events.len() as u64;
        self.events.push(Event {
            time: Some(clock(time)),
            channel: source.0.to_owned(),
            provider: source.1.to_owned(),
            event_id: id,
            record_id: 1 + number,
            computer: self.host.to_owned(),
            user_sid: None,
            data: data.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            at: number,
        });
    }

    pub(crate) fn security(&mut self, time: &str, id: u32, data: &[(&str, &str)]) {
        self.event(("Security", "Microsoft-Windows-Security-Auditing"), time, id, data);
    }

    pub(crate) fn terminal(&mut self, time: &str, id: u32, data: &[(&str, &str)]) {
        let name = "Microsoft-Windows-TerminalServices-LocalSessionManager";
        self.event((&format!("{name}/Operational"), name), time, id, data);
    }

    pub(crate) fn logon(&mut self, time: &str, kind: &str, user: &str, address: &str, id: &str) {
        let data = [
            ("SubjectUserName", "SRV$"),
            ("SubjectLogonId", "0x3e7"),
            ("TargetUserName", user),
            ("TargetDomainName", "CORP"),
            ("TargetLogonId", id),
            ("LogonType", kind),
            ("IpAddress", address),
        ];
        self.security(time, 4624, &data);
    }

    pub(crate) fn logoff(&mut self, time: &str, kind: &str, user: &str, id: &str) {
        let data = [
            ("TargetUserName", user),
            ("TargetDomainName", "CORP"),
            ("TargetLogonId", id),
            ("LogonType", kind),
        ];
        self.security(time, 4634, &data);
    }

    pub(crate) fn failed(&mut self, time: &str, user: &str, address: &str) {
        let data = [("TargetUserName", user), ("LogonType", "3"), ("IpAddress", address)];
        self.security(time, 4625, &data);
    }

    /// 21, 22, 23, 24, 25.
    pub(crate) fn session(&mut self, time: &str, id: u32, user: &str, number: &str, address: &str) {
        let user = format!("CORP\\{user}");
        let data = [("User", user.as_str()), ("SessionID", number), ("Address", address)];
        self.terminal(time, id, &data);
    }

    pub(crate) fn authenticated(&mut self, time: &str, user: &str, address: &str) {
        let name = "Microsoft-Windows-TerminalServices-RemoteConnectionManager";
        let data = [("Param1", user), ("Param2", "CORP"), ("Param3", address)];
        self.event((&format!("{name}/Operational"), name), time, 1149, &data);
    }

    pub(crate) fn service(&mut self, time: &str, name: &str) {
        let source = ("System", "Service Control Manager");
        self.event(source, time, 7045, &[("ServiceName", name)]);
    }

    pub(crate) fn task_run(&mut self, time: &str, name: &str) {
        let name_of = "Microsoft-Windows-TaskScheduler";
        let source = (&*format!("{name_of}/Operational"), name_of);
        self.event(source, time, 129, &[("TaskName", name)]);
    }

    /// Something `user` did (4720, 4732, 4698, 1102 ...), with the Logon ID of who did it.
    pub(crate) fn action(&mut self, time: &str, id: u32, user: &str, logon: &str, task: &str) {
        let data = [
            ("TargetUserName", "someone"),
            ("SubjectUserName", user),
            ("SubjectDomainName", "CORP"),
            ("SubjectLogonId", logon),
            ("TaskName", task),
        ];
        let provider = match id {
            1102 => "Microsoft-Windows-Eventlog",
            _ => "Microsoft-Windows-Security-Auditing",
        };
        self.event(("Security", provider), time, id, &data);
    }

    /// Terminal logon as the logs show it: 1149, 4624, 21, 22 in the same minute.
    pub(crate) fn rdp(&mut self, minute: &str, user: &str, address: &str, id: &str, number: &str) {
        self.authenticated(&format!("{minute}:01"), user, address);
        self.logon(&format!("{minute}:02"), "10", user, address, id);
        self.session(&format!("{minute}:03"), 21, user, number, address);
        self.session(&format!("{minute}:04"), 22, user, number, address);
    }

    pub(crate) fn build(&self, builder: Builder) -> Vec<Session> {
        build(&self.events, builder)
    }
}

pub(crate) fn build(events: &[Event], builder: Builder) -> Vec<Session> {
    let mut collector = Collector::default();
    for event in events {
        assert!(collector.push(event), "{event:?}");
    }
    collector.build(builder).sessions
}

/// A time of the day.
pub(crate) fn clock(time: &str) -> Timestamp {
    format!("2026-03-02T{time}Z").parse().expect("a time of the day")
}

/// The ids of a session's events, in order.
pub(crate) fn ids(session: &Session) -> Vec<u32> {
    session.events.iter().map(|e| e.event_id).collect()
}

/// The ids of those that came to it in one way.
pub(crate) fn ids_by(session: &Session, how: Correlation) -> Vec<u32> {
    session.events.iter().filter(|e| e.correlation == how).map(|e| e.event_id).collect()
}
