//! Windows event logs of some terminal servers: people at work, noise, and planted sessions.
//!
//! Office users and administrators log on over RDP in working hours, several at a time; they mistype
//! passwords, lock and unlock, lose the connection and come back, log off or just close the window.
//! Around them machines fetch files, services start, tasks run, and administrators now and then reset a
//! password, add a member or install something. Among them are the planted sessions, each of one
//! [`KINDS`] of attack.

mod files;
mod layout;
mod visit;

pub use files::{Windows, WrittenLogs, write_windows};
pub use layout::WindowsEvent;

use crate::agent::rented;
use crate::draw::{around_one, chance, pick, whole, words};
use jiff::{SignedDuration, Timestamp};
use lanner_frame::Rng;
use layout::{DOMAIN, Logon, Scribe, Who};
use std::collections::BTreeMap;

/// What is planted; every kind comes once before any comes again.
///
/// - `brute_force`: many wrong passwords from an address of the internet, then a logon from there
/// - `night_logon`: a logon in the small hours from an address never seen before
/// - `persistence`: a scheduled task and a service that survive the session
/// - `new_admin`: a new account that becomes an administrator
/// - `log_clearing`: the Security log cleared before leaving
/// - `hands_on`: many hours of work under several names, with tasks, services and group changes
pub const KINDS: [&str; 6] =
    ["brute_force", "night_logon", "persistence", "new_admin", "log_clearing", "hands_on"];

/// Sessions of one server before there is another one.
const SESSIONS_OF_A_SERVER: u64 = 250;
/// Sessions of one server on one day, about.
const SESSIONS_OF_A_DAY: u64 = 10;
/// Monday, 2026-03-02T00:00:00Z.
const FIRST_DAY: i64 = 1_772_409_600;

/// Generated events and the sessions behind them.
#[derive(Debug, Clone)]
pub struct WindowsSample {
    /// The events by time, then computer and channel.
    pub events: Vec<WindowsEvent>,
    /// The sessions by start.
    pub truth: Vec<TrueSession>,
}

/// A session as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrueSession {
    /// When the person logged on (4624).
    pub start: Timestamp,
    /// When the session was left.
    pub end: Timestamp,
    /// The computer.
    pub computer: String,
    /// `DOMAIN\name`.
    pub user: String,
    /// Where from.
    pub address: String,
    /// One of [`KINDS`], if it was planted.
    pub planted: Option<&'static str>,
}

/// Somebody with an account.
struct Person {
    name: String,
    sid: String,
    address: String,
    admin: bool,
}

/// One session to be written.
struct Plan<'a> {
    person: &'a Person,
    server: usize,
    start: Timestamp,
    seconds: f64,
    address: String,
    planted: Option<&'static str>,
    rng: Rng,
}

/// Makes the events of so many sessions, `attacks` of them planted (at most all).
///
/// The same numbers always give the same events.
pub fn windows(sessions: u64, attacks: u64, seed: u64) -> WindowsSample {
    let people = people(sessions, seed);
    let mut plans = plans(&people, sessions, attacks.min(sessions), seed);
    plans.sort_by_key(|p| p.start);
    let servers = plans.iter().map(|p| p.server + 1).max().unwrap_or(0);
    let mut scribes: Vec<Scribe> =
        (0..servers).map(|i| Scribe::new(&format!("TS{:02}", i + 1))).collect();
    let mut keys: Vec<Keys> = (0..servers).map(|_| Keys::default()).collect();
    let mut truth = Vec::with_capacity(plans.len());
    for plan in &mut plans {
        let scribe = &mut scribes[plan.server];
        truth.push(TrueSession {
            start: plan.start,
            end: plan.at(1.0),
            computer: scribe.computer.clone(),
            user: format!("{DOMAIN}\\{}", plan.person.name),
            address: plan.address.clone(),
            planted: plan.planted,
        });
        plan.write(scribe, &mut keys[plan.server]);
    }
    for (i, scribe) in scribes.iter_mut().enumerate() {
        let mut rng = Rng::new(seed, 1_000 + i as u64);
        let times: Vec<Timestamp> =
            truth.iter().filter(|t| t.computer == scribe.computer).map(|t| t.start).collect();
        noise(scribe, &mut keys[i], &times, &mut rng);
    }
    WindowsSample { events: in_order(scribes), truth }
}

/// Gives the events of all machines their order and record numbers.
fn in_order(scribes: Vec<Scribe>) -> Vec<WindowsEvent> {
    let mut events: Vec<WindowsEvent> = scribes.into_iter().flat_map(|s| s.events).collect();
    events.sort_by(|a, b| (a.time, &a.computer, a.channel).cmp(&(b.time, &b.computer, b.channel)));
    let mut numbers: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for event in &mut events {
        let number = numbers.entry((event.computer.clone(), event.channel)).or_default();
        *number += 1;
        event.record_id = *number;
    }
    events
}

fn people(sessions: u64, seed: u64) -> Vec<Person> {
    let mut rng = Rng::new(seed, 1);
    let (first, last) = (words("first"), words("last"));
    let person = |i: u64| Person {
        name: format!("{}.{}{}", pick(&mut rng, &first), pick(&mut rng, &last), i),
        sid: format!("S-1-5-21-1004336348-1177238915-682003330-{}", 1100 + i),
        address: format!("10.20.{}.{}", i % 8, 10 + i / 8 % 240),
        admin: i % 6 == 5,
    };
    (0..(sessions / 12).clamp(6, 1500)).map(person).collect()
}

fn plans(people: &[Person], sessions: u64, attacks: u64, seed: u64) -> Vec<Plan<'_>> {
    let mut rng = Rng::new(seed, 2);
    let servers = sessions.div_ceil(SESSIONS_OF_A_SERVER).max(1);
    let days = sessions.div_ceil(servers * SESSIONS_OF_A_DAY).max(1);
    // Which sessions are planted: spread over the whole time.
    let mut places: Vec<u64> = (0..sessions).collect();
    rng.shuffle(&mut places);
    let planted: BTreeMap<u64, &'static str> = places
        .iter()
        .zip(KINDS.iter().cycle())
        .take(attacks as usize)
        .map(|(&p, &k)| (p, k))
        .collect();
    let plan = |number: u64| {
        let mut rng = Rng::new(seed, 10_000 + number);
        let person = &people[rng.below(people.len() as u64) as usize];
        let planted = planted.get(&number).copied();
        let work_day = number * days / sessions.max(1);
        let day = work_day / 5 * 7 + work_day % 5;
        let hour = match planted {
            Some("night_logon") => rng.between(0.5, 4.5),
            Some("hands_on") => rng.between(7.2, 9.0),
            _ => office_hour(&mut rng),
        };
        let seconds = match planted {
            Some("hands_on") => rng.between(9.0, 13.0) * 3600.0,
            Some(_) => 1500.0 * around_one(&mut rng, 0.4),
            None => (2700.0 * around_one(&mut rng, 0.8)).clamp(60.0, 5.0 * 3600.0),
        };
        let far = matches!(planted, Some("brute_force" | "night_logon"));
        let address = if far { rented(&mut rng) } else { person.address.clone() };
        let start = FIRST_DAY as f64 + day as f64 * 86_400.0 + hour * 3600.0;
        let start = Timestamp::from_microsecond((start * 1e6) as i64);
        let start = start.expect("some thousand days from 2026 are a time");
        let server = (number % servers) as usize;
        Plan { person, server, start, seconds, address, planted, rng }
    };
    (0..sessions).map(plan).collect()
}

/// An hour at which people begin: mostly around ten, never off hours.
fn office_hour(rng: &mut Rng) -> f64 {
    let hour = 10.0 + 3.0 * rng.normal();
    if (7.1..18.5).contains(&hour) { hour } else { rng.between(8.0, 17.0) }
}

/// The numbers that a machine gives out.
struct Keys {
    logon: u64,
    /// When each session number is free again.
    numbers: BTreeMap<u32, Timestamp>,
}

impl Default for Keys {
    fn default() -> Self {
        Self { logon: 0x51a3b, numbers: BTreeMap::new() }
    }
}

impl Keys {
    fn logon(&mut self, rng: &mut Rng) -> u64 {
        self.logon += whole(rng, 40, 9000);
        self.logon
    }

    /// The smallest session number that is free from one time to another.
    fn number(&mut self, from: Timestamp, to: Timestamp) -> u32 {
        let free = |n: &u32| self.numbers.get(n).is_none_or(|until| *until < from);
        let number = (2..=u32::MAX).find(free).expect("not all numbers are taken");
        self.numbers.insert(number, to);
        number
    }
}

/// What the machine and others do while people work: shares are read, services start, tasks run.
fn noise(scribe: &mut Scribe, keys: &mut Keys, starts: &[Timestamp], rng: &mut Rng) {
    let machine = scribe.machine.clone();
    let nobody = Who { name: "-".into(), domain: "-".into(), sid: "S-1-0-0".into(), logon: 0 };
    let tasks = [
        ("\\Microsoft\\Windows\\Defrag\\ScheduledDefrag", "defrag.exe"),
        ("\\Microsoft\\Windows\\Time Synchronization\\SynchronizeTime", "w32tm.exe"),
        ("\\Inventory", "C:\\Program Files\\inv\\inv.exe"),
    ];
    for &start in starts {
        for _ in 0..whole(rng, 2, 9) {
            let time = later(start, rng.between(-3600.0, 7200.0));
            let who = Who { logon: keys.logon(rng), ..machine.clone() };
            let kind = if chance(rng, 0.7) { 3 } else { 5 };
            let by = if kind == 3 { &nobody } else { &machine };
            let address = if kind == 3 { "10.20.0.5" } else { "-" };
            let port = if kind == 3 { whole(rng, 49_152, 65_535) } else { 0 };
            scribe.logon(time, &Logon { kind, who: &who, by, linked: 0, address, port });
            scribe.logoff(later(time, rng.between(0.1, 20.0)), &who, kind);
        }
        let time = later(start, rng.between(-7200.0, 7200.0));
        if chance(rng, 0.3) {
            let (task, path) = *pick(rng, &tasks);
            scribe.task_run(time, task, path);
        }
        let state = *pick(rng, &["running", "stopped"]);
        scribe.service_state(later(time, 30.0), "Windows Update", state);
    }
}

/// A time so many seconds after another.
fn later(time: Timestamp, seconds: f64) -> Timestamp {
    let micros = SignedDuration::from_micros((seconds * 1e6) as i64);
    time.checked_add(micros).expect("hours after a time in this century are a time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_events_in_order() {
        let one = windows(60, 8, 5);
        assert_eq!(one.events, windows(60, 8, 5).events);
        assert_ne!(one.events, windows(60, 8, 6).events);
        assert!(one.events.windows(2).all(|pair| pair[0].time <= pair[1].time));
        let mut last: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for event in &one.events {
            let number = last.entry((&event.computer, event.channel)).or_default();
            *number += 1;
            assert_eq!(event.record_id, *number);
        }
        assert_eq!(last.len(), 5, "five logs of one machine");
    }

    #[test]
    fn every_session_is_in_the_truth_and_every_kind_is_planted() {
        let made = windows(600, 12, 1);
        assert_eq!(made.truth.len(), 600);
        for kind in KINDS {
            assert_eq!(made.truth.iter().filter(|t| t.planted == Some(kind)).count(), 2, "{kind}");
        }
        let count = |id| made.events.iter().filter(|e| e.event_id == id).count();
        assert_eq!((count(21), count(4720), count(1102)), (600, 2, 2));
        assert!(count(4625) > 50 && count(4778) == count(25) && count(25) > 60);
        let computers: std::collections::BTreeSet<&str> =
            made.events.iter().map(|e| e.computer.as_str()).collect();
        assert_eq!(computers.len(), 3);
        assert_eq!(windows(3, 9, 1).truth.iter().filter(|t| t.planted.is_some()).count(), 3);
        assert!(windows(0, 0, 1).events.is_empty());
    }

    /// A number of a terminal session is never given to two at once.
    #[test]
    fn people_are_there_at_the_same_time_under_numbers_of_their_own() {
        let made = windows(200, 0, 2);
        let mut there: BTreeMap<&str, usize> = BTreeMap::new();
        let mut most = 0;
        for event in &made.events {
            let number = event.data.iter().find(|d| d.0 == "SessionID").map(|d| d.1.as_str());
            match (event.event_id, number) {
                (21, Some(number)) => assert_eq!(there.insert(number, 1), None, "{event:?}"),
                (23, Some(number)) => assert_eq!(there.remove(number), Some(1), "{event:?}"),
                _ => {}
            }
            most = most.max(there.len());
        }
        assert!(most >= 2 && there.is_empty(), "{most} {there:?}");
    }
}
