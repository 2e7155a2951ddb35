//! Which session a record belongs to.

use super::draft::{Draft, remote};
use super::{ACTIVE, Desk, TOGETHER};
use crate::record::{Account, Record};
use crate::session::Correlation;
use crate::timeline::{GRACE_AFTER, GRACE_BEFORE};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// How long before a session its account's failed logons may have been.
const FAILED: SignedDuration = SignedDuration::from_mins(60);
/// How long before a session failed logons of other accounts from its address may have been.
const FAILED_OTHERS: SignedDuration = SignedDuration::from_mins(10);
/// How long before a session 1149 may have been.
const AUTHENTICATED: SignedDuration = SignedDuration::from_secs(120);

impl Desk<'_> {
    /// The session with a record's Logon ID or number, if it still takes events.
    pub(super) fn keyed(&self, r: &Record) -> Option<usize> {
        let i = match r.session {
            Some(number) => self.by_number.get(&number),
            None => self.by_logon.get(&r.logon),
        };
        i.copied().filter(|&i| self.drafts[i].takes_at(r.time))
    }

    /// The live session with a record's number.
    pub(super) fn live_numbered(&self, r: &Record) -> Option<usize> {
        let i = self.by_number.get(&r.session?).copied();
        i.filter(|&i| self.drafts[i].end.is_none())
    }

    /// The live session that began last among those that pass.
    pub(super) fn newest(&self, pass: impl Fn(&Draft) -> bool) -> Option<usize> {
        self.live.iter().rev().copied().find(|&i| pass(&self.drafts[i]))
    }

    /// The same, but not session `not`.
    pub(super) fn newest_but(&self, not: usize, pass: impl Fn(&Draft) -> bool) -> Option<usize> {
        self.live.iter().rev().copied().find(|&i| i != not && pass(&self.drafts[i]))
    }

    /// The live session that was active last among those that pass, within [`ACTIVE`].
    fn active(&self, time: Timestamp, pass: impl Fn(&Draft) -> bool) -> Option<usize> {
        let recent = |d: &Draft| time.duration_since(d.last) <= ACTIVE;
        let passing = self.live.iter().copied();
        passing
            .filter(|&i| recent(&self.drafts[i]) && pass(&self.drafts[i]))
            .max_by_key(|&i| (self.drafts[i].last, i))
    }

    /// An account's live session.
    pub(super) fn live_of(&self, who: &Account, time: Timestamp) -> Option<usize> {
        self.active(time, |d| d.account.is(who))
    }

    /// The account's only live session that lacks the kind of key a record has.
    pub(super) fn only_unkeyed(&self, r: &Record) -> Option<usize> {
        let who = r.who.as_ref()?;
        let of = |&i: &usize| {
            let d = &self.drafts[i];
            let lacks = if r.session.is_some() { d.number.is_none() } else { d.last_own.is_none() };
            lacks && d.account.is(who)
        };
        let mut found = self.live.iter().copied().filter(of);
        let only = found.next()?;
        found.next().is_none().then_some(only)
    }

    /// Keeps a record that leads to a session, or gives it to the one that has just begun.
    pub(super) fn lead(&mut self, at: usize) {
        let r = &self.records[at];
        let begun = |d: &Draft| {
            let from = d.reconnected.unwrap_or(d.start);
            let same = r.who.as_ref().is_some_and(|who| d.account.is(who));
            same && d.fits(r) && r.time.duration_since(from) <= TOGETHER
        };
        if let Some(i) = self.newest(begun).filter(|_| r.id == 1149) {
            return self.drafts[i].take(at, r, Correlation::Attributed);
        }
        self.waiting.push_back(at);
        let old = |&&w: &&usize| r.time.duration_since(self.records[w].time) > FAILED;
        let gone = self.waiting.iter().take_while(old).count();
        self.rest.extend(self.waiting.drain(..gone).filter(|&w| self.records[w].id != 4624));
    }

    /// Gives a session that begins, or is reconnected, the records that led to it.
    pub(super) fn lead_to(&mut self, i: usize, time: Timestamp) {
        let (records, draft) = (self.records, &mut self.drafts[i]);
        self.waiting.retain(|&at| {
            let r = &records[at];
            let leads = led(draft, r, time.duration_since(r.time));
            if leads {
                draft.take(at, r, Correlation::Attributed);
            }
            !leads
        });
    }

    /// Places what somebody did on the machine.
    pub(super) fn action(&mut self, at: usize) {
        let r = &self.records[at];
        let by_key = self.by_logon.get(&r.by_logon).copied();
        let i = match r.id {
            7045 => self.of_sid(r).or_else(|| self.active(r.time, |d| d.connected)),
            129 => {
                let object = r.object.as_ref();
                let creator = object.and_then(|name| self.by_task.get(name)).copied();
                let creator = creator.filter(|&i| self.drafts[i].takes_at(r.time));
                let of_windows = object.is_some_and(|name| name.starts_with("\\Microsoft\\"));
                let own = r.sid.is_none() && !of_windows;
                let anyone = || self.active(r.time, |d| d.connected).filter(|_| own);
                creator.or_else(|| self.of_sid(r)).or_else(anyone)
            }
            _ => by_key.or_else(|| self.live_of(r.by.as_ref()?, r.time)),
        };
        let Some(i) = i else { return self.rest.push(at) };
        let how = if by_key == Some(i) { Correlation::InSession } else { Correlation::Attributed };
        self.drafts[i].take(at, r, how);
        self.created(at, i);
    }

    /// The live session of the person whose SID a record carries.
    fn of_sid(&self, r: &Record) -> Option<usize> {
        let sid = r.sid.as_ref().filter(|sid| sid.starts_with("S-1-5-21-"))?;
        self.active(r.time, |d| d.sid.as_ref() == Some(sid))
    }

    /// Remembers who created a task.
    fn created(&mut self, at: usize, i: usize) {
        let r = &self.records[at];
        if let Some(task) = r.object.as_ref().filter(|_| r.id == 4698) {
            self.by_task.insert(Arc::clone(task), i);
        }
    }

    /// Places what was left over, when all sessions are known: to the first one, in closing order, that
    /// it belongs to.
    pub(super) fn place_rest(&mut self) {
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend(std::mem::take(&mut self.waiting));
        rest.sort_unstable();
        let closing = |d: &Draft| d.end.map_or(d.last, |e| e.0);
        let mut sessions =
            (0..self.drafts.len()).filter(|&i| !self.drafts[i].absorbed).collect::<Vec<_>>();
        sessions.sort_by_key(|&i| self.drafts[i].start);
        let mut coming = sessions.into_iter().peekable();
        // The sessions around the time of the record, in closing order.
        let mut near: Vec<usize> = Vec::new();
        for at in rest {
            let r = &self.records[at];
            let begins = |&i: &usize| self.drafts[i].start.duration_since(r.time) <= GRACE_BEFORE;
            while let Some(i) = coming.next_if(begins) {
                near.push(i);
                near.sort_by_key(|&i| (closing(&self.drafts[i]), i));
            }
            near.retain(|&i| r.time.duration_since(closing(&self.drafts[i])) <= GRACE_AFTER);
            let found = near.iter().find_map(|&i| Some((i, self.beside(i, r)?)));
            if let Some((i, how)) = found {
                self.drafts[i].take(at, r, how);
                self.created(at, i);
            }
        }
    }

    /// How a left-over record belongs to a session, if it does.
    fn beside(&self, i: usize, r: &Record) -> Option<Correlation> {
        let d = &self.drafts[i];
        let end = d.end.map_or(d.last, |e| e.0);
        let before = d.start.duration_since(r.time);
        let after = r.time.duration_since(end);
        let during = before.is_negative() && !after.is_positive();
        match r.id {
            4624 => None,
            4625 | 1149 => {
                let same = r.who.as_ref().is_some_and(|who| d.account.same_name(who));
                (during && same && d.fits(r)).then_some(Correlation::Attributed)
            }
            129 => {
                let task = r.object.as_ref().and_then(|name| self.by_task.get(name));
                (task == Some(&i) && !after.is_negative() && after <= GRACE_AFTER)
                    .then_some(Correlation::GraceAfter)
            }
            _ => {
                let theirs = r.by.as_ref().is_none_or(|by| d.account.is(by));
                if !theirs {
                    None
                } else if !before.is_negative() {
                    (before <= GRACE_BEFORE).then_some(Correlation::GraceBefore)
                } else if after.is_positive() {
                    (after <= GRACE_AFTER).then_some(Correlation::GraceAfter)
                } else {
                    Some(Correlation::Attributed)
                }
            }
        }
    }
}

/// Did a record, this long before, lead to a session?
fn led(draft: &Draft, r: &Record, before: SignedDuration) -> bool {
    let Some(who) = &r.who else { return false };
    let far = r.address.as_deref().and_then(remote);
    match r.id {
        4625 => {
            let from_there = far.is_some_and(|f| draft.used_from(f));
            let own = draft.account.same_name(who) && (from_there || far.is_none());
            (own && before <= FAILED) || (from_there && before <= FAILED_OTHERS)
        }
        1149 => draft.account.is(who) && draft.fits(r) && before <= AUTHENTICATED,
        _ => {
            let from_there = far.is_some_and(|f| draft.used_from(f));
            from_there && draft.account.is(who) && before <= TOGETHER
        }
    }
}
