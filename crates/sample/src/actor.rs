//! Principals: who they are, where they are, with what and when they work.

use crate::agent::Agent;
use crate::draw::{by_weight, hex, key};
use crate::job::{Habits, Kind};
use lanner_frame::Rng;

/// How a principal shows in a record.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// `IAMUser`, `AssumedRole`, `AWSService` or `Root`.
    pub(crate) form: &'static str,
    /// None for a service.
    pub(crate) arn: Option<String>,
    /// The user, the role, or the service's host.
    pub(crate) name: String,
    /// The session of a role, empty otherwise.
    pub(crate) session: String,
    /// The unique id of the user or role.
    pub(crate) id: String,
}

impl Identity {
    /// A user of an account.
    pub(crate) fn user(rng: &mut Rng, account: &str, name: String) -> Self {
        let arn = Some(format!("arn:aws:iam::{account}:user/{name}"));
        Self { form: "IAMUser", arn, name, session: String::new(), id: key(rng, "AIDA", 17) }
    }

    /// A session of a role.
    pub(crate) fn role(rng: &mut Rng, account: &str, role: String, session: String) -> Self {
        let arn = Some(format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"));
        Self { form: "AssumedRole", arn, name: role, session, id: key(rng, "AROA", 17) }
    }

    /// A service acting by itself.
    pub(crate) fn service(host: String) -> Self {
        let (id, session) = (String::new(), String::new());
        Self { form: "AWSService", arn: None, name: host, session, id }
    }

    /// The owner of an account.
    pub(crate) fn root(account: &str) -> Self {
        let arn = Some(format!("arn:aws:iam::{account}:root"));
        let (name, session) = (String::new(), String::new());
        Self { form: "Root", arn, name, session, id: account.to_owned() }
    }
}

/// When runs of calls begin.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    /// In the working hours of a place this many hours east of Greenwich.
    Office {
        /// Hours to add to UTC.
        east: f64,
    },
    /// Around one hour of the night, UTC.
    Nightly {
        /// The hour.
        hour: f64,
    },
    /// Evenly over the day.
    Always,
}

/// On which days a principal is active.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Days {
    /// On all of them.
    All,
    /// From one day up to, not including, another.
    Stay {
        /// The first.
        from: u32,
        /// The end.
        to: u32,
    },
    /// On some, here and there.
    Bursts {
        /// The share of the days.
        share: f64,
    },
}

/// The rhythm of a principal's calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rhythm {
    pub(crate) when: When,
    pub(crate) days: Days,
    /// Calls of a run, on average.
    pub(crate) run: f64,
    /// Seconds between two calls of a run, the median.
    pub(crate) gap: f64,
}

/// A principal.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    pub(crate) kind: Kind,
    /// Name of its job.
    pub(crate) job: &'static str,
    /// Index of its account.
    pub(crate) account: usize,
    /// Index of the region it works in.
    pub(crate) region: u8,
    pub(crate) identity: Identity,
    /// Its addresses, the usual one first.
    pub(crate) places: Vec<String>,
    /// Its user agents.
    pub(crate) agents: Vec<Agent>,
    /// Whether the first agent is a browser.
    pub(crate) console: bool,
    /// Whether it signs in with a second factor.
    pub(crate) mfa: bool,
    pub(crate) habits: Habits,
    pub(crate) rhythm: Rhythm,
    /// Its share of the traffic, relative to others.
    pub(crate) share: f64,
    /// Seed of all that it does.
    pub(crate) seed: u64,
}

impl Actor {
    /// Draws one of its addresses: mostly the first.
    pub(crate) fn place(&self, rng: &mut Rng) -> u8 {
        let people = [0.75, 0.95, 1.0];
        let machines = [0.4, 0.6, 0.75, 0.83, 0.89, 0.94, 0.97, 1.0];
        let table: &[f64] = if self.kind == Kind::Person { &people } else { &machines };
        by_weight(rng, table, 0, self.places.len()) as u8
    }

    /// The access key and the begin (Unix seconds) of the credentials that it uses at a time.
    ///
    /// Users keep their key; everything else gets a new one every six hours.
    pub(crate) fn credentials(&self, at: i64) -> (String, i64) {
        if self.identity.form == "IAMUser" && !self.console {
            return (key(&mut Rng::new(self.seed, u64::MAX), "AKIA", 16), at);
        }
        let life = 6 * 3600;
        let begin = at - (at + (self.seed % life as u64) as i64).rem_euclid(life);
        (key(&mut Rng::new(self.seed, begin as u64), "ASIA", 16), begin)
    }
}

/// An instance's id.
pub(crate) fn instance_id(rng: &mut Rng) -> String {
    format!("i-0{}", hex(rng, 16))
}
