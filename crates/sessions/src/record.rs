//! What a builder keeps of an event: names parsed, texts shared, order fixed.

use crate::event::{Event, Log, recognise};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// An account name with its domain where one was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: Arc<str>,
    pub(crate) domain: Option<Arc<str>>,
}

impl Account {
    /// Do both mean the same person, as far as can be told? Letter case and the form of the domain
    /// (`CORP`, `corp.example`) make no difference, a missing domain fits any.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let label = |d: &Arc<str>| d.split('.').next().unwrap_or_default().to_lowercase();
        let domains = (self.domain.as_ref().map(label), other.domain.as_ref().map(label));
        self.same_name(other) && !matches!(domains, (Some(a), Some(b)) if a != b)
    }

    /// Have both the same name, whatever the domain? Failed logons give the domain that was tried.
    pub(crate) fn same_name(&self, other: &Self) -> bool {
        let bare = |name: &str| name.split('@').next().unwrap_or_default().to_lowercase();
        bare(&self.name) == bare(&other.name)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.domain {
            Some(domain) => write!(f, "{domain}\\{}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// An event reduced to what the builders look at: some 200 bytes, texts shared.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) at: u64,
    /// Whole microseconds.
    pub(crate) time: Timestamp,
    pub(crate) log: Log,
    pub(crate) counted: bool,
    pub(crate) number: u64,
    pub(crate) id: u32,
    /// The user by the general rule ([`Event::user`]), unparsed.
    pub(crate) user: Option<Arc<str>>,
    /// The address by the general rule ([`Event::address`]).
    pub(crate) address: Option<Arc<str>>,
    /// Who logs on or off.
    pub(crate) who: Option<Account>,
    /// Who does it.
    pub(crate) by: Option<Account>,
    /// Security identifier of `who`, or of the one who caused an event of the other logs.
    pub(crate) sid: Option<Arc<str>>,
    /// Logon ID of `who`; 0 for none.
    pub(crate) logon: u64,
    /// Logon ID of `by`; 0 for none.
    pub(crate) by_logon: u64,
    /// Logon ID of the other half of a split token; 0 for none.
    pub(crate) linked: u64,
    pub(crate) logon_type: u32,
    /// Number of the terminal session.
    pub(crate) session: Option<u32>,
    /// Name of a task or service.
    pub(crate) object: Option<Arc<str>>,
}

/// Events of one machine, in order.
#[derive(Debug)]
pub(crate) struct Host {
    /// `Computer` as first seen.
    pub(crate) name: Arc<str>,
    pub(crate) records: Vec<Record>,
}

/// Texts that come again and again, kept once.
#[derive(Debug, Default)]
struct Pool(BTreeSet<Arc<str>>);

impl Pool {
    fn keep(&mut self, text: &str) -> Arc<str> {
        if let Some(kept) = self.0.get(text) {
            return Arc::clone(kept);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// Takes events one by one, in any order, and keeps what sessions are built from.
#[derive(Debug, Default)]
pub struct Collector {
    pool: Pool,
    /// By lower-case computer name.
    hosts: BTreeMap<String, Host>,
    untimed: u64,
}

impl Collector {
    /// Takes an event. Returns whether it is one that sessions are built from; one without a time is,
    /// but can be placed nowhere.
    pub fn push(&mut self, event: &Event) -> bool {
        let Some(known) = recognise(&event.channel, &event.provider, event.event_id) else {
            return false;
        };
        let time = event.time.and_then(|t| Timestamp::from_microsecond(t.as_microsecond()).ok());
        let Some(time) = time else {
            self.untimed += 1;
            return true;
        };
        let pool = &mut self.pool;
        let account = |pool: &mut Pool, user: &[&str], domain: &[&str]| {
            let user = name(event.first(user))?;
            let (domain, user) = match (name(event.first(domain)), user.split_once('\\')) {
                (None, Some((domain, user))) => (name(Some(domain)), user),
                (domain, _) => (domain, user),
            };
            Some(Account { name: pool.keep(user), domain: domain.map(|d| pool.keep(d)) })
        };
        let who = ["TargetUserName", "User", "AccountName", "Param1"];
        let who = account(pool, &who, &["TargetDomainName", "AccountDomain", "Param2"]);
        let by = account(pool, &["SubjectUserName"], &["SubjectDomainName"]);
        let hex = |names: &[&str]| event.first(names).map_or(0, logon_id);
        let sid = event.get("TargetUserSid").or(event.user_sid.as_deref());
        let record = Record {
            at: event.at,
            time,
            log: known.log,
            counted: known.counted,
            number: event.record_id,
            id: event.event_id,
            user: event.user().map(|u| pool.keep(u)),
            address: event.address().map(|a| pool.keep(a)),
            who,
            by,
            sid: name(sid).map(|s| pool.keep(s)),
            logon: hex(&["TargetLogonId", "LogonID"]),
            by_logon: hex(&["SubjectLogonId"]),
            linked: hex(&["TargetLinkedLogonId"]),
            logon_type: event.get("LogonType").and_then(|t| t.parse().ok()).unwrap_or(u32::MAX),
            session: event.first(&["SessionID", "Session"]).and_then(|s| s.parse().ok()),
            object: event.object().map(|o| pool.keep(o)),
        };
        let computer = pool.keep(&event.computer);
        let host = self.hosts.entry(event.computer.to_lowercase());
        host.or_insert_with(|| Host { name: computer, records: Vec::new() }).records.push(record);
        true
    }

    /// Puts every host's events in order, leaves out those read twice (from a log and its copy), and
    /// returns them with the numbers of events without a time and of repeated ones.
    pub(crate) fn finish(self) -> (Vec<Host>, u64, u64) {
        let mut repeated = 0;
        let mut hosts: Vec<Host> = self.hosts.into_values().collect();
        for host in &mut hosts {
            host.records.sort_unstable_by_key(|r| (r.time, r.log, r.number, r.id, r.at));
            let before = host.records.len();
            host.records.dedup_by(|b, a| {
                let key = |r: &Record| (r.time, r.log, r.number, r.id);
                a.number != 0 && key(a) == key(b)
            });
            repeated += (before - host.records.len()) as u64;
        }
        (hosts, self.untimed, repeated)
    }
}

/// Name of the task or service that an event is about; `get` gives the first value that is not empty
/// among some names.
pub(crate) fn object<'a>(
    event_id: u32,
    get: impl Fn(&[&str]) -> Option<&'a str>,
) -> Option<&'a str> {
    match event_id {
        4698 | 129 => get(&["TaskName", "Task", "Name"]),
        7045 => get(&["ServiceName", "Service"]),
        _ => None,
    }
}

/// A text that says something: Windows writes `-` for nothing.
fn name(text: Option<&str>) -> Option<&str> {
    text.filter(|t| !matches!(t.trim(), "" | "-"))
}

/// A Logon ID, `0x51fa1` or a decimal number; 0 for anything else.
fn logon_id(text: &str) -> u64 {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    hex.map_or_else(|| text.parse(), |digits| u64::from_str_radix(digits, 16)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str, domain: Option<&str>) -> Account {
        Account { name: name.into(), domain: domain.map(Into::into) }
    }

    #[test]
    fn accounts_are_compared_as_a_person_would() {
        let corp = account("Ann", Some("CORP"));
        assert!(corp.is(&account("ann", Some("corp.example"))) && corp.is(&account("ANN", None)));
        assert!(corp.is(&account("ann@corp.example", None)));
        assert!(!corp.is(&account("ann", Some("SRV1"))) && !corp.is(&account("anna", None)));
        assert!(corp.same_name(&account("ann", Some("SRV1"))));
        assert_eq!(corp.to_string(), "CORP\\Ann");
    }

    #[test]
    fn an_event_read_twice_counts_once_and_one_without_a_time_is_told() {
        let mut collector = Collector::default();
        let mut event = Event {
            time: Some("2026-03-02T10:00:00.1234567Z".parse().unwrap()),
            channel: "Security".into(),
            provider: "Microsoft-Windows-Security-Auditing".into(),
            event_id: 4624,
            record_id: 7,
            ..Event::default()
        };
        assert!(collector.push(&event) && collector.push(&event));
        event.record_id = 8;
        assert!(collector.push(&event));
        event.time = None;
        assert!(collector.push(&event));
        event.event_id = 1;
        assert!(!collector.push(&event));
        let (hosts, untimed, repeated) = collector.finish();
        assert_eq!((hosts[0].records.len(), untimed, repeated), (2, 1, 1));
        assert_eq!(hosts[0].records[0].time.as_nanosecond() % 1_000_000_000, 123_456_000);
    }

    #[test]
    fn logon_ids_are_hexadecimal_or_decimal() {
        assert_eq!([logon_id("0x3E7"), logon_id("999"), logon_id("-")], [999, 999, 0]);
    }
}
