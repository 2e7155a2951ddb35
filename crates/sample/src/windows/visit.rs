//! How one session goes, from the first knock to the logoff.

use super::layout::{DOMAIN, Logon, Scribe, Who};
use super::{Keys, Plan, later};
use crate::draw::{chance, pick, whole};
use jiff::Timestamp;

impl Plan<'_> {
    /// A time in the session, from 0 (logon) to 1 (end).
    pub(super) fn at(&self, share: f64) -> Timestamp {
        later(self.start, self.seconds * share)
    }

    fn port(&mut self) -> u64 {
        whole(&mut self.rng, 49_152, 65_535)
    }

    /// Writes all its events.
    pub(super) fn write(&mut self, scribe: &mut Scribe, keys: &mut Keys) {
        self.mistakes(scribe);
        let number = keys.number(self.start, later(self.at(1.0), 3.0 * 3600.0));
        let (who, half) = self.arrive(scribe, keys, number);
        self.interruptions(scribe, keys, &who, number);
        match self.planted {
            Some(kind) => self.attack(kind, scribe, keys, &who),
            None if self.person.admin => self.chores(scribe, &who),
            None => {}
        }
        self.leave(scribe, &who, half.as_ref(), number);
    }

    /// Wrong passwords: now and then one or two, or a flood.
    fn mistakes(&mut self, scribe: &mut Scribe) {
        let flood = self.planted == Some("brute_force");
        let count = match flood {
            true => whole(&mut self.rng, 25, 60),
            false if chance(&mut self.rng, 0.12) => whole(&mut self.rng, 1, 2),
            false => 0,
        };
        let person = self.person;
        for i in 0..count {
            let before =
                (count - i) as f64 * if flood { 9.0 } else { 20.0 } + self.rng.uniform() * 5.0;
            let others = ["administrator", "admin", "test", "backup", "scanner"];
            let other = flood && chance(&mut self.rng, 0.3);
            let user = if other { *pick(&mut self.rng, &others) } else { person.name.as_str() };
            let (port, time) = (self.port(), later(self.start, -5.0 - before));
            scribe.failed(time, user, 3, &self.address, port);
        }
    }

    /// The way in: connection, network logon, authentication, logon, session. Administrators get a
    /// token in two halves.
    fn arrive(&mut self, scribe: &mut Scribe, keys: &mut Keys, number: u32) -> (Who, Option<Who>) {
        let who = self.identity(keys);
        self.knock(scribe, keys, &who);
        let half = self.person.admin.then(|| self.identity(keys));
        self.log_on(scribe, 10, &who, half.as_ref().map_or(0, |h| h.logon), 0.0);
        if let Some(half) = &half {
            self.log_on(scribe, 10, half, who.logon, 0.000_2);
        }
        let manager = Who {
            name: format!("DWM-{number}"),
            domain: "Window Manager".to_owned(),
            sid: format!("S-1-5-90-0-{number}"),
            logon: keys.logon(&mut self.rng),
        };
        let machine = scribe.machine.clone();
        let logon =
            Logon { kind: 2, who: &manager, by: &machine, linked: 0, address: "-", port: 0 };
        scribe.logon(later(self.start, 0.3), &logon);
        scribe.session(later(self.start, 0.8), 21, &who, number, &self.address);
        scribe.session(later(self.start, 1.9), 22, &who, number, &self.address);
        (who, half)
    }

    fn identity(&mut self, keys: &mut Keys) -> Who {
        let (name, sid) = (self.person.name.clone(), self.person.sid.clone());
        Who { name, domain: DOMAIN.to_owned(), sid, logon: keys.logon(&mut self.rng) }
    }

    /// What comes before a logon, or a reconnect, over the network.
    fn knock(&mut self, scribe: &mut Scribe, keys: &mut Keys, who: &Who) {
        let network = Who { logon: keys.logon(&mut self.rng), ..who.clone() };
        scribe.connected(later(self.start, -2.4));
        self.log_on(scribe, 3, &network, 0, -1.6);
        scribe.authenticated(later(self.start, -1.1), who, &self.address);
        scribe.logoff(later(self.start, 4.0), &network, 3);
    }

    fn log_on(&mut self, scribe: &mut Scribe, kind: u32, who: &Who, linked: u64, after: f64) {
        let nobody = Who { name: "-".into(), domain: "-".into(), sid: "S-1-0-0".into(), logon: 0 };
        let by = if kind == 3 { nobody } else { scribe.machine.clone() };
        let (port, time) = (self.port(), later(self.start, after));
        scribe.logon(time, &Logon { kind, who, by: &by, linked, address: &self.address, port });
    }

    /// Locked screens and lost connections.
    fn interruptions(&mut self, scribe: &mut Scribe, keys: &mut Keys, who: &Who, number: u32) {
        if chance(&mut self.rng, 0.25) {
            let unlock = Who { logon: keys.logon(&mut self.rng), ..who.clone() };
            let time = self.seconds * self.rng.between(0.2, 0.4);
            self.log_on(scribe, 7, &unlock, 0, time);
            scribe.logoff(later(self.start, time + 0.1), &unlock, 7);
        }
        if chance(&mut self.rng, 0.2) {
            let lost = self.at(0.5);
            scribe.disconnected(lost, number, 0);
            scribe.session(later(lost, 0.2), 24, who, number, &self.address);
            scribe.station(later(lost, 0.3), 4779, who, number, &self.address);
            let back = later(lost, self.seconds * self.rng.between(0.02, 0.3));
            let spare = Who { logon: keys.logon(&mut self.rng), ..who.clone() };
            let after = back.duration_since(self.start).as_secs_f64();
            scribe.connected(later(back, -1.4));
            scribe.authenticated(later(back, -0.9), who, &self.address);
            self.log_on(scribe, 10, &spare, 0, after);
            scribe.session(later(back, 0.6), 25, who, number, &self.address);
            scribe.station(later(back, 0.7), 4778, who, number, &self.address);
            scribe.logoff(later(back, 1.5), &spare, 10);
        }
    }

    /// What administrators do anyway.
    fn chores(&mut self, scribe: &mut Scribe, who: &Who) {
        let somebody = format!("user{}", whole(&mut self.rng, 100, 999));
        if chance(&mut self.rng, 0.2) {
            scribe.account(self.at(0.6), 4724, &somebody, who);
        }
        if chance(&mut self.rng, 0.1) {
            scribe.account(self.at(0.65), 4722, &somebody, who);
        }
        if chance(&mut self.rng, 0.04) {
            scribe.task_created(self.at(0.7), "\\Maintenance", "C:\\Scripts\\clean.cmd", who);
        }
        if chance(&mut self.rng, 0.03) {
            scribe.service_installed(
                self.at(0.75),
                "Backup Agent",
                "C:\\Program Files\\bk\\a.exe",
                who,
            );
        }
    }

    fn attack(&mut self, kind: &str, scribe: &mut Scribe, keys: &mut Keys, who: &Who) {
        let tag = whole(&mut self.rng, 100, 999);
        match kind {
            "persistence" => self.persist(scribe, who, tag),
            "new_admin" => self.new_admin(scribe, who, tag),
            "log_clearing" => scribe.log_cleared(self.at(0.97), who),
            "hands_on" => {
                self.persist(scribe, who, tag);
                for i in 0..whole(&mut self.rng, 4, 9) {
                    let share = 0.2 + 0.08 * i as f64;
                    let logon = keys.logon(&mut self.rng);
                    let other = Who { name: format!("svc-{tag}"), logon, ..who.clone() };
                    let (kind, time) = (if i % 2 == 0 { 2 } else { 9 }, self.at(share));
                    let port = self.port();
                    let logon =
                        Logon { kind, who: &other, by: who, linked: 0, address: "::1", port };
                    scribe.logon(time, &logon);
                    scribe.account(later(time, 40.0), 4724, &format!("user{}", tag + i), &other);
                    scribe.logoff(later(time, 900.0), &other, kind);
                }
                scribe.member(self.at(0.5), 4728, "Server Operators", who);
                scribe.member(self.at(0.9), 4732, "Remote Desktop Users", who);
            }
            // The way in is the attack.
            _ => {}
        }
    }

    fn persist(&mut self, scribe: &mut Scribe, who: &Who, tag: u64) {
        let (task, service) = (format!("\\Updater{tag}"), format!("WinHelp{tag}"));
        scribe.task_created(self.at(0.4), &task, "C:\\Users\\Public\\u.exe", who);
        scribe.task_run(later(self.at(0.4), 1.2), &task, "C:\\Users\\Public\\u.exe");
        scribe.service_installed(self.at(0.55), &service, "C:\\Users\\Public\\h.exe", who);
    }

    fn new_admin(&mut self, scribe: &mut Scribe, who: &Who, tag: u64) {
        let (name, time) = (format!("support_{tag}"), self.at(0.3));
        scribe.account(time, 4720, &name, who);
        scribe.account(later(time, 0.04), 4722, &name, who);
        scribe.account(later(time, 0.06), 4724, &name, who);
        scribe.member(later(time, 5.0), 4732, "Administrators", who);
    }

    /// Most log off; some close the window, and the server logs them off two hours later.
    fn leave(&mut self, scribe: &mut Scribe, who: &Who, half: Option<&Who>, number: u32) {
        let mut end = self.at(1.0);
        if chance(&mut self.rng, 0.75) {
            scribe.logoff_asked(later(end, -0.5), who);
        } else {
            scribe.disconnected(later(end, -0.2), number, 11);
            scribe.session(end, 24, who, number, &self.address);
            scribe.station(later(end, 0.1), 4779, who, number, &self.address);
            end = later(end, 7200.0);
        }
        scribe.session(later(end, 0.4), 23, who, number, "");
        scribe.logoff(later(end, 0.7), who, 10);
        if let Some(half) = half {
            scribe.logoff(later(end, 0.8), half, 10);
        }
    }
}
