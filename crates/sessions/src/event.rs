//! A Windows event as this crate reads it, and which events it knows.

use jiff::Timestamp;

/// One event of a Windows event log, as a reader hands it over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// `System/TimeCreated`, UTC. Times of record headers are no substitute.
    pub time: Option<Timestamp>,
    /// `System/Channel`; empty where an export lost it.
    pub channel: String,
    /// `System/Provider/@Name`.
    pub provider: String,
    /// `System/EventID`.
    pub event_id: u32,
    /// `System/EventRecordID`; 0 where an export lost it.
    pub record_id: u64,
    /// `System/Computer`.
    pub computer: String,
    /// `System/Security/@UserID`.
    pub user_sid: Option<String>,
    /// `EventData` by `Name`, `UserData` by local element name, in file order.
    pub data: Vec<(String, String)>,
    /// Number of the event in input order, given back with every session it belongs to.
    pub at: u64,
}

impl Event {
    /// The first value with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.data.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The first value that is not empty among these names, in their order.
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().filter_map(|name| self.get(name)).find(|value| !value.trim().is_empty())
    }

    /// Whom the event is about: the first non-empty of `TargetUserName`, `SubjectUserName`, `User`,
    /// `AccountName` and `Param1`.
    pub fn user(&self) -> Option<&str> {
        self.first(&["TargetUserName", "SubjectUserName", "User", "AccountName", "Param1"])
    }

    /// Where it came from: the first non-empty of `IpAddress`, `ClientAddress`,
    /// `SourceNetworkAddress`, `Address` and `Param3`.
    pub fn address(&self) -> Option<&str> {
        self.first(&["IpAddress", "ClientAddress", "SourceNetworkAddress", "Address", "Param3"])
    }

    /// The task (4698, 129) or service (7045) that the event is about.
    pub fn object(&self) -> Option<&str> {
        crate::record::object(self.event_id, |names| self.first(names))
    }
}

/// The five logs, in the order in which events of the same microsecond are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Log {
    /// Security.
    Security,
    /// TerminalServices-RemoteConnectionManager.
    RemoteConnection,
    /// TerminalServices-LocalSessionManager.
    LocalSession,
    /// System.
    System,
    /// `TaskScheduler`.
    TaskScheduler,
}

impl Log {
    /// All five.
    pub const ALL: [Self; 5] = [
        Self::Security,
        Self::RemoteConnection,
        Self::LocalSession,
        Self::System,
        Self::TaskScheduler,
    ];

    /// Its name, short.
    pub fn name(self) -> &'static str {
        match self {
            Self::Security => "Security",
            Self::RemoteConnection => "RemoteConnectionManager",
            Self::LocalSession => "LocalSessionManager",
            Self::System => "System",
            Self::TaskScheduler => "TaskScheduler",
        }
    }
}

/// What an event that sessions are built from says, in a few words; empty for others.
pub fn meaning(event_id: u32) -> &'static str {
    match event_id {
        21 => "Terminal session began",
        22 => "Shell started",
        23 => "Terminal session ended",
        24 => "Terminal session disconnected",
        25 => "Terminal session reconnected",
        40 => "Terminal session disconnected, with reason",
        129 => "Scheduled task started",
        1102 => "Security log cleared",
        1149 => "Authenticated for a terminal session",
        4624 => "Logon",
        4625 => "Failed logon",
        4634 => "Logoff",
        4647 => "Logoff asked for",
        4698 => "Scheduled task created",
        4720 => "Account created",
        4722 => "Account enabled",
        4723 => "Own password change tried",
        4724 => "Password reset tried",
        4725 => "Account disabled",
        4728 => "Member added to a global group",
        4732 => "Member added to a local group",
        4778 => "Reconnected to the desktop",
        4779 => "Disconnected from the desktop",
        7045 => "Service installed",
        _ => "",
    }
}

/// An event that sessions are built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The log it is from.
    pub log: Log,
    /// Does it count for the timeline builder? The others tell the logon builder who comes and goes.
    pub counted: bool,
}

/// One provider in one channel, with the ids that mean something there.
struct Source {
    channel: &'static str,
    provider: &'static str,
    log: Log,
    counted: &'static [u32],
    further: &'static [u32],
}

/// Other providers use the same ids for other things (21 and 22 of Sysmon, 129 of disk drivers), so an
/// id means something only here.
const SOURCES: &[Source] = &[
    Source {
        channel: "Security",
        provider: "Microsoft-Windows-Security-Auditing",
        log: Log::Security,
        counted: &[4624, 4625, 4634, 4720, 4722, 4723, 4724, 4725, 4728, 4732, 4698],
        further: &[4647, 4778, 4779],
    },
    Source {
        channel: "Security",
        provider: "Microsoft-Windows-Eventlog",
        log: Log::Security,
        counted: &[1102],
        further: &[],
    },
    Source {
        channel: "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational",
        provider: "Microsoft-Windows-TerminalServices-RemoteConnectionManager",
        log: Log::RemoteConnection,
        counted: &[1149],
        further: &[],
    },
    Source {
        channel: "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
        provider: "Microsoft-Windows-TerminalServices-LocalSessionManager",
        log: Log::LocalSession,
        counted: &[21, 22, 24],
        further: &[23, 25, 40],
    },
    Source {
        channel: "System",
        provider: "Service Control Manager",
        log: Log::System,
        counted: &[7045],
        further: &[],
    },
    Source {
        channel: "Microsoft-Windows-TaskScheduler/Operational",
        provider: "Microsoft-Windows-TaskScheduler",
        log: Log::TaskScheduler,
        counted: &[129],
        further: &[],
    },
];

/// Says what an event is for sessions; `None` where it is nothing to them.
///
/// An id counts only from its own provider in its own channel, letter case aside; an empty channel
/// passes, since some exports drop it.
pub fn recognise(channel: &str, provider: &str, event_id: u32) -> Option<Known> {
    let source = SOURCES.iter().find(|s| {
        s.provider.eq_ignore_ascii_case(provider)
            && (channel.is_empty() || s.channel.eq_ignore_ascii_case(channel))
    })?;
    let counted = source.counted.contains(&event_id);
    (counted || source.further.contains(&event_id)).then_some(Known { log: source.log, counted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_means_something_only_from_its_own_provider_and_channel() {
        let known = |channel, provider, id| recognise(channel, provider, id);
        let lsm = "Microsoft-Windows-TerminalServices-LocalSessionManager";
        let channel = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational";
        let logon = Known { log: Log::LocalSession, counted: true };
        assert_eq!(known(channel, lsm, 21), Some(logon));
        assert_eq!(known("", lsm, 21), Some(logon));
        assert_eq!(known(channel, lsm, 25).map(|k| k.counted), Some(false));
        assert_eq!(
            known("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon", 21),
            None
        );
        assert_eq!(known("System", "storahci", 129), None);
        assert_eq!(known("System", lsm, 21), None);
        let eventlog = "Microsoft-Windows-Eventlog";
        assert_eq!(known("Security", eventlog, 1102).map(|k| k.log), Some(Log::Security));
        assert_eq!(known("System", eventlog, 104), None);
    }

    #[test]
    fn every_event_of_the_table_has_words() {
        for id in SOURCES.iter().flat_map(|s| s.counted.iter().chain(s.further)) {
            assert!(!meaning(*id).is_empty(), "{id}");
        }
        assert_eq!(meaning(4688), "");
    }

    #[test]
    fn names_and_addresses_are_the_first_that_are_not_empty() {
        let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        let data = vec![
            pair("Param1", "late"),
            pair("User", "first"),
            pair("TargetUserName", ""),
            pair("Param3", "10.0.0.1"),
        ];
        let event = Event { data, ..Event::default() };
        assert_eq!((event.user(), event.address()), (Some("first"), Some("10.0.0.1")));
        assert_eq!(event.get("TargetUserName"), Some(""));
    }
}
