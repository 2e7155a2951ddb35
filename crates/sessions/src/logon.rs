//! The examiner's builder: sessions side by side, each told apart by what Windows numbers it with.
//!
//! | seen | does |
//! |---|---|
//! | 4624 of type 2, 10, 11, 12 by a person | begins a session; joins the other half of a split token (linked Logon ID, or the same account and type within 2 s) and a terminal session of the same account and address within 30 s |
//! | 4624 of type 7, 13 | belongs to the account's session (unlock); begins one where none is known |
//! | 4624 whose subject is a session's Logon ID | belongs to that session (run as) |
//! | 21 | begins a session, or is the terminal session of a logon of the same account and address within 30 s; a number seen before has ended |
//! | 22, 40 | belongs to the session with its number |
//! | 25, 4778 | goes on with the session of its number or Logon ID, and takes in the logon that Windows made for it (same account, within 30 s) |
//! | 24, 4779 | disconnects; the session may go on |
//! | 23, 4647, the last 4634 of its Logon IDs | ends it; what carries its keys within 60 s after still belongs to it |
//! | 4624 of type 0 (the system itself) | the machine started: ends every session at its last event |
//! | 1149, 4624 of type 3 | belongs to the session that the account begins from that address within 120 s or 30 s |
//! | 4625 | belongs to the session that begins, or is reconnected, after it: within 60 minutes by account and address (account alone where the failure has no remote address), within 10 minutes by remote address alone (one address trying many names); else to the account's session that was there at the time |
//! | 4720 4722 4723 4724 4725 4728 4732 4698 1102 | belongs to the session of the subject's Logon ID, or to the subject's session at the time, or to one in its grace windows |
//! | 7045 | belongs to the session of the user's SID, or to the connected session active last, or to one in its grace windows |
//! | 129 | belongs to the session that created the task, or of the user's SID; where no SID is given and the task is not under `\Microsoft\`, to the connected session active last; what the system starts is nobody's |
//!
//! Where only the account or the time speaks, a session counts that had an event within 24 hours. A
//! session without an end in the log ends with its last event. Machine and service accounts are
//! nobody's sessions; domains are compared where both are known. Any log may be missing.

mod draft;
mod place;

use crate::record::{Account, Host, Record};
use crate::session::{Correlation, EndReason, Session, StartReason};
use draft::Draft;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Time between events that Windows logs for one logon in different places.
const TOGETHER: SignedDuration = SignedDuration::from_secs(30);
/// Time between the two halves of a split token that carry no link.
const SPLIT: SignedDuration = SignedDuration::from_secs(2);
/// How long after its end a session still takes what carries its keys.
const TRAIL: SignedDuration = SignedDuration::from_secs(60);
/// How long a session without events counts where only the account or the time speaks.
const ACTIVE: SignedDuration = SignedDuration::from_hours(24);

/// The sessions of a host.
pub(crate) fn build(host: &Host) -> Vec<Session> {
    let mut desk = Desk { records: &host.records, ..Desk::default() };
    for at in 0..host.records.len() {
        desk.see(at);
    }
    desk.place_rest();
    let drafts = desk.drafts.into_iter().filter(|d| !d.absorbed);
    drafts.map(|d| d.finish(host)).collect()
}

/// A host's sessions while its events go by. Sessions and records are named by their places.
#[derive(Default)]
struct Desk<'r> {
    records: &'r [Record],
    drafts: Vec<Draft>,
    /// Sessions that have not ended, oldest first.
    live: Vec<usize>,
    by_logon: BTreeMap<u64, usize>,
    by_number: BTreeMap<u32, usize>,
    /// Who created a task.
    by_task: BTreeMap<Arc<str>, usize>,
    /// Records that wait for the session they lead to: 1149, 4625, 4624 of type 3.
    waiting: VecDeque<usize>,
    /// Records that no session was there for.
    rest: Vec<usize>,
}

impl Desk<'_> {
    fn see(&mut self, at: usize) {
        let r = &self.records[at];
        match r.id {
            4624 => self.logon(at),
            4625 | 1149 => self.lead(at),
            4634 => self.logoff(at),
            4778 | 25 => self.reconnect(at),
            4779 | 24 => self.disconnect(at),
            21 => self.session_logon(at),
            22 | 40 => {
                if let Some(i) = self.keyed(r) {
                    self.drafts[i].take(at, r, Correlation::InSession);
                }
            }
            23 | 4647 => self.session_logoff(at),
            _ => self.action(at),
        }
    }

    fn logon(&mut self, at: usize) {
        let r = &self.records[at];
        if r.logon_type == 0 {
            return self.system_start();
        }
        if let Some(&i) = self.by_logon.get(&r.by_logon) {
            self.drafts[i].take(at, r, Correlation::InSession);
            return self.alias(i, r.logon);
        }
        let Some(who) = r.who.as_ref().filter(|_| draft::is_person(r)) else { return };
        match r.logon_type {
            3 => self.lead(at),
            7 | 13 => {
                let known = self.live_of(who, r.time);
                let i = known.unwrap_or_else(|| self.open(at, who, StartReason::Unlock));
                self.drafts[i].take(at, r, Correlation::InSession);
                self.alias(i, r.logon);
                self.lead_to(i, r.time);
            }
            2 | 10 | 11 | 12 => {
                let linked = self.by_logon.get(&r.linked).copied();
                let linked = linked.filter(|&i| self.drafts[i].end.is_none());
                let i = linked.or_else(|| self.other_half(who, r));
                if let Some(i) = i.or_else(|| self.just_reconnected(who, r)) {
                    // The logon of a reconnect is thrown away soon; the session's own stays.
                    let own = self.drafts[i].reconnected.is_none();
                    self.drafts[i].take(at, r, Correlation::InSession);
                    return if own { self.own(i, r) } else { self.alias(i, r.logon) };
                }
                let i = self.open(at, who, StartReason::Logon);
                self.drafts[i].take(at, r, Correlation::InSession);
                self.own(i, r);
                self.lead_to(i, r.time);
            }
            _ => {}
        }
    }

    /// The session that a logon is the other half of, or the Security log's view of.
    fn other_half(&self, who: &Account, r: &Record) -> Option<usize> {
        self.newest(|d| {
            let since = r.time.duration_since(d.start);
            d.account.is(who)
                && d.fits(r)
                && d.reconnected.is_none()
                && match d.last_own {
                    Some((when, kind)) => {
                        kind == r.logon_type
                            && r.time.duration_since(when) <= SPLIT
                            && r.linked == 0
                    }
                    None => since <= TOGETHER,
                }
        })
    }

    fn just_reconnected(&self, who: &Account, r: &Record) -> Option<usize> {
        let near = |t: Timestamp| r.time.duration_since(t) <= TOGETHER;
        self.newest(|d| d.account.is(who) && d.reconnected.is_some_and(near))
    }

    fn session_logon(&mut self, at: usize) {
        let r = &self.records[at];
        let Some(who) = &r.who else { return };
        if let Some(i) = self.live_numbered(r) {
            self.end(i, self.drafts[i].last, EndReason::SessionNumberReused);
        }
        let logon = self.newest(|d| {
            let near = r.time.duration_since(d.start) <= TOGETHER;
            near && d.number.is_none() && d.account.is(who) && d.fits(r)
        });
        let i = logon.unwrap_or_else(|| self.open(at, who, StartReason::SessionLogon));
        self.drafts[i].take(at, r, Correlation::InSession);
        self.number(i, r);
        self.lead_to(i, r.time);
    }

    fn reconnect(&mut self, at: usize) {
        let r = &self.records[at];
        let Some(who) = &r.who else { return };
        let known = self.keyed(r).filter(|&i| self.drafts[i].end.is_none());
        let known = known.or_else(|| {
            // A logon of a moment ago was made for this reconnect: the session is an older one.
            let of = |d: &Draft| d.account.is(who) && d.may_be_numbered(r);
            let old = self.newest(|d| of(d) && r.time.duration_since(d.start) > TOGETHER);
            old.or_else(|| self.newest(of))
        });
        let i = known.unwrap_or_else(|| self.open(at, who, StartReason::Reconnect));
        let made_for_it = self.newest_but(i, |d| {
            let near = r.time.duration_since(d.start) <= TOGETHER;
            near && d.number.is_none() && d.account.is(who)
        });
        if let Some(j) = made_for_it {
            self.absorb(j, i);
        }
        self.drafts[i].take(at, r, Correlation::InSession);
        self.drafts[i].connected = true;
        self.drafts[i].reconnected = Some(r.time);
        self.number(i, r);
        if r.logon != 0 {
            self.own(i, r);
        }
        self.lead_to(i, r.time);
    }

    fn disconnect(&mut self, at: usize) {
        let r = &self.records[at];
        let Some(i) = self.keyed(r).or_else(|| self.only_unkeyed(r)) else { return };
        self.drafts[i].take(at, r, Correlation::InSession);
        self.drafts[i].connected = false;
        self.number(i, r);
    }

    fn session_logoff(&mut self, at: usize) {
        let r = &self.records[at];
        let Some(i) = self.keyed(r).or_else(|| self.only_unkeyed(r)) else { return };
        self.drafts[i].take(at, r, Correlation::InSession);
        self.end(i, r.time, EndReason::ExplicitLogoff);
    }

    fn logoff(&mut self, at: usize) {
        let r = &self.records[at];
        let at_the_machine = matches!(r.logon_type, 2 | 10 | 11 | 12);
        let known = self.keyed(r);
        let unkeyed = || self.only_unkeyed(r).filter(|_| at_the_machine);
        let Some(i) = known.or_else(unkeyed) else { return };
        let draft = &mut self.drafts[i];
        draft.take(at, r, Correlation::InSession);
        let owned = draft.own.contains(&r.logon);
        draft.own.retain(|&id| id != r.logon);
        if known.is_none() || (owned && draft.own.is_empty()) {
            self.end(i, r.time, EndReason::ExplicitLogoff);
        }
    }

    /// Keys start anew with the machine.
    fn system_start(&mut self) {
        for i in std::mem::take(&mut self.live) {
            let draft = &mut self.drafts[i];
            draft.end = Some((draft.last, EndReason::SystemStart));
        }
        self.by_logon.clear();
        self.by_number.clear();
    }

    fn open(&mut self, at: usize, who: &Account, reason: StartReason) -> usize {
        self.drafts.push(Draft::new(who.clone(), &self.records[at], reason));
        self.live.push(self.drafts.len() - 1);
        self.drafts.len() - 1
    }

    fn end(&mut self, i: usize, time: Timestamp, reason: EndReason) {
        let draft = &mut self.drafts[i];
        draft.end.get_or_insert((time, reason));
        self.live.retain(|&live| live != i);
    }

    /// Moves a logon made for a reconnect into the session it reconnected to.
    fn absorb(&mut self, from: usize, into: usize) {
        let gone = std::mem::take(&mut self.drafts[from].events);
        self.drafts[from].absorbed = true;
        self.live.retain(|&live| live != from);
        for (at, how) in gone {
            self.drafts[into].take(at, &self.records[at], how);
        }
        for id in std::mem::take(&mut self.drafts[from].logons) {
            self.alias(into, id);
        }
    }

    /// Gives a session a Logon ID whose logoff is its end.
    fn own(&mut self, i: usize, r: &Record) {
        let draft = &mut self.drafts[i];
        draft.last_own = Some((r.time, r.logon_type));
        if r.logon != 0 && !draft.own.contains(&r.logon) {
            draft.own.push(r.logon);
        }
        self.alias(i, r.logon);
    }

    /// Gives a session a Logon ID.
    fn alias(&mut self, i: usize, logon: u64) {
        if logon != 0 {
            self.by_logon.insert(logon, i);
            let logons = &mut self.drafts[i].logons;
            if !logons.contains(&logon) {
                logons.push(logon);
            }
        }
    }

    /// Gives a session the number in a record, if there is one.
    fn number(&mut self, i: usize, r: &Record) {
        if let Some(number) = r.session {
            self.drafts[i].number = Some(number);
            self.by_number.insert(number, i);
        }
    }
}
