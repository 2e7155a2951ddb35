//! A session while its events are being gathered.

use super::TRAIL;
use crate::record::{Account, Host, Record};
use crate::session::{Correlation, EndReason, Session, StartReason};
use jiff::Timestamp;
use std::sync::Arc;

/// A session while its events are being gathered.
pub(super) struct Draft {
    pub(super) account: Account,
    pub(super) sid: Option<Arc<str>>,
    /// As logged, in order; the machine itself (`LOCAL`, loopback) among them.
    pub(super) addresses: Vec<Arc<str>>,
    /// All its Logon IDs.
    pub(super) logons: Vec<u64>,
    /// Those whose logoff is its end.
    pub(super) own: Vec<u64>,
    /// Time and type of the logon that gave the last of them.
    pub(super) last_own: Option<(Timestamp, u32)>,
    pub(super) number: Option<u32>,
    pub(super) start: Timestamp,
    reason: StartReason,
    /// Time of its last event.
    pub(super) last: Timestamp,
    pub(super) connected: bool,
    pub(super) reconnected: Option<Timestamp>,
    pub(super) end: Option<(Timestamp, EndReason)>,
    pub(super) events: Vec<(usize, Correlation)>,
    /// Became part of another session.
    pub(super) absorbed: bool,
}

impl Draft {
    /// A session that begins with `r`, which is still to be [taken](Self::take).
    pub(super) fn new(account: Account, r: &Record, reason: StartReason) -> Self {
        Self {
            account,
            sid: None,
            addresses: Vec::new(),
            logons: Vec::new(),
            own: Vec::new(),
            last_own: None,
            number: None,
            start: r.time,
            reason,
            last: r.time,
            connected: true,
            reconnected: None,
            end: None,
            events: Vec::new(),
            absorbed: false,
        }
    }

    /// Takes an event. Its own events say where it was used from and how long it lasted.
    pub(super) fn take(&mut self, at: usize, r: &Record, how: Correlation) {
        self.events.push((at, how));
        if how != Correlation::InSession {
            return;
        }
        if self.takes_at(r.time) {
            self.last = self.last.max(r.time);
            if let Some((end, _)) = &mut self.end {
                *end = (*end).max(r.time);
            }
        }
        // A logon as somebody else, made from within, says nothing about this account.
        if let Some(who) = r.who.as_ref().filter(|who| self.account.is(who)) {
            if self.account.domain.is_none() {
                self.account.domain.clone_from(&who.domain);
            }
            if let Some(sid) =
                r.sid.as_ref().filter(|sid| r.id == 4624 && sid.starts_with("S-1-5-21-"))
            {
                self.sid = Some(Arc::clone(sid));
            }
            let said = r.address.as_ref().filter(|a| a.as_ref() != "-");
            if let Some(address) = said.filter(|a| !self.addresses.contains(a)) {
                self.addresses.push(Arc::clone(address));
            }
        }
    }

    /// Can a record's address be this session's? Either may lack it.
    pub(super) fn fits(&self, r: &Record) -> bool {
        let theirs = r.address.as_deref().and_then(remote);
        let mut ours = self.addresses.iter().filter_map(|a| remote(a)).peekable();
        theirs.is_none_or(|t| ours.peek().is_none() || ours.any(|o| o == t))
    }

    /// Was it used from this remote address?
    pub(super) fn used_from(&self, address: &str) -> bool {
        self.addresses.iter().filter_map(|a| remote(a)).any(|a| a == address)
    }

    /// Could a record's number be its own: has it none yet?
    pub(super) fn may_be_numbered(&self, r: &Record) -> bool {
        r.session.is_none() || self.number.is_none()
    }

    /// Does it still take what carries its keys at this time?
    pub(super) fn takes_at(&self, time: Timestamp) -> bool {
        self.end.is_none_or(|(end, _)| time.duration_since(end) <= TRAIL)
    }

    /// The session, its events in order.
    pub(super) fn finish(mut self, host: &Host) -> Session {
        self.events.sort_unstable_by_key(|e| e.0);
        let events = self.events.iter().map(|&(at, how)| host.records[at].linked_as(how)).collect();
        let open = if self.connected {
            EndReason::SessionOpenAtLogEnd
        } else {
            EndReason::DisconnectedAtLogEnd
        };
        let (end, end_reason) = self.end.unwrap_or((self.last, open));
        let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        let far = addresses.iter().find(|a| remote(a).is_some());
        Session {
            host: host.name.to_string(),
            user: Some(self.account.to_string()),
            source_ip: far.or(addresses.first()).cloned(),
            start: Some(self.start),
            end: Some(end),
            start_reason: self.reason,
            end_reason,
            addresses,
            logon_ids: self.logons,
            windows_session: self.number,
            events,
            ..Session::default()
        }
    }
}

/// The address of another machine; `None` for the machine itself and where nothing is said.
pub(super) fn remote(address: &str) -> Option<&str> {
    let address = address.trim();
    let address = address.strip_prefix("::ffff:").unwrap_or(address);
    let here = address.eq_ignore_ascii_case("LOCAL")
        || address.starts_with("127.")
        || matches!(address, "" | "-" | "::1" | "0.0.0.0" | "::");
    (!here).then_some(address)
}

/// Is it a person who logs on: no machine, no service, none of Windows' own accounts?
pub(super) fn is_person(r: &Record) -> bool {
    /// System, services, anonymous; virtual accounts of services, pools, window and font managers.
    const NOBODY: [&str; 8] = [
        "S-1-5-7",
        "S-1-5-18",
        "S-1-5-19",
        "S-1-5-20",
        "S-1-5-80-",
        "S-1-5-82-",
        "S-1-5-90-",
        "S-1-5-96-",
    ];
    let nobody = |sid: &str| {
        NOBODY.iter().any(|n| if n.ends_with('-') { sid.starts_with(n) } else { sid == *n })
    };
    let named = |who: &Account| {
        !who.name.ends_with('$') && !who.name.starts_with("DWM-") && !who.name.starts_with("UMFD-")
    };
    r.who.as_ref().is_some_and(named) && !r.sid.as_deref().is_some_and(nobody)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_itself_is_no_remote_address() {
        for here in ["-", "", "LOCAL", "127.0.0.1", "::1"] {
            assert_eq!(remote(here), None, "{here}");
        }
        assert_eq!(remote("::ffff:10.1.2.3"), Some("10.1.2.3"));
        assert_eq!(remote("fe80::1"), Some("fe80::1"));
    }
}
