//! What everyone does on a day.

use crate::actor::{Actor, Days, When};
use crate::catalogue::{CallId, Catalogue, Class};
use crate::draw::{apportion, around_one, chance, pick};
use crate::job::{Fault, Kind};
use lanner_frame::Rng;

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;
/// Share of a person's calls that are no habit: a look at something new.
const CURIOSITY: f64 = 0.004;
/// The stream of an actor's seed from which its good and bad days come.
const DAYS_STREAM: u64 = 1 << 40;

/// One call, before it is written out.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// Milliseconds after the start of the sample.
    pub(crate) at: i64,
    pub(crate) actor: u32,
    /// Index into `planted` plus one; 0 for everyday traffic.
    pub(crate) step: u32,
    pub(crate) call: CallId,
    pub(crate) place: u8,
    pub(crate) agent: u8,
    pub(crate) region: u8,
    pub(crate) fault: Fault,
    /// Seed of its ids and of the thing it is about.
    pub(crate) seed: u64,
}

/// The days of the sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calendar {
    /// Unix seconds of the first moment.
    pub(crate) start: i64,
    pub(crate) days: u32,
}

impl Calendar {
    /// How much of a principal's traffic falls on each day, in proportion.
    pub(crate) fn weights(&self, actor: &Actor) -> Vec<f64> {
        let mut rng = Rng::new(actor.seed, DAYS_STREAM);
        let office = matches!(actor.rhythm.when, When::Office { .. });
        let draw = |day: i64| {
            let jitter = around_one(&mut rng, if office { 0.6 } else { 0.15 });
            let off = chance(&mut rng, 0.08);
            // The first day of Unix time was a Thursday.
            let weekend = matches!((self.start.div_euclid(DAY) + day + 4).rem_euclid(7), 0 | 6);
            match (office, off, weekend) {
                (true, true, _) => 0.01,
                (true, false, true) => 0.06 * jitter,
                (true, false, false) | (false, ..) => jitter,
            }
        };
        let mut weights: Vec<f64> = (0..i64::from(self.days)).map(draw).collect();
        match actor.rhythm.days {
            Days::All => {}
            Days::Stay { from, to } => {
                weights[..from as usize].fill(0.0);
                weights[to as usize..].fill(0.0);
            }
            Days::Bursts { share } => {
                let whole = weights.iter().sum::<f64>();
                for weight in &mut weights {
                    *weight = if chance(&mut rng, share) { *weight } else { 0.0 };
                }
                // A principal is active on one day at least.
                if weights.iter().all(|&w| w == 0.0) {
                    weights[0] = whole;
                }
            }
        }
        weights
    }

    /// How many of a principal's rows fall on each day.
    pub(crate) fn rows_by_day(&self, actor: &Actor, rows: u64) -> Vec<u64> {
        apportion(rows, &self.weights(actor))
    }

    /// When a run begins: milliseconds after the begin of the sample's day. `nth` of `runs` runs of the day.
    pub(crate) fn begin(&self, rng: &mut Rng, when: When, (nth, runs): (f64, f64)) -> i64 {
        let hours = match when {
            When::Always => return ((nth + rng.uniform()) / runs * DAY as f64 * 1000.0) as i64,
            When::Nightly { hour } => hour + rng.between(0.0, 0.3),
            When::Office { east } if chance(rng, 0.03) => rng.between(7.0, 23.0) - east,
            When::Office { east } => {
                let (middle, spread) = if chance(rng, 0.55) { (10.6, 1.2) } else { (15.2, 1.5) };
                middle + spread * rng.normal() - east
            }
        };
        let clock = self.start.rem_euclid(DAY) * 1000;
        ((hours * 3_600_000.0) as i64 - clock).rem_euclid(DAY * 1000)
    }
}

/// Writes the `rows` events of one principal on one day.
pub(crate) fn day(
    calendar: &Calendar,
    catalogue: &Catalogue,
    (number, actor): (u32, &Actor),
    day: u32,
    rows: u64,
    out: &mut Vec<Event>,
) {
    let mut rng = Rng::new(actor.seed, u64::from(day));
    let runs = (rows as f64 / actor.rhythm.run).max(1.0);
    let (mut left, mut nth) = (rows, 0.0);
    while left > 0 {
        let begin = calendar.begin(&mut rng, actor.rhythm.when, (nth % runs, runs));
        // Geometric lengths with the rhythm's mean.
        let length = 1.0 + (rng.uniform().max(1e-12).ln() * (1.0 - actor.rhythm.run)).floor();
        let length = (length as u64).clamp(1, left);
        let from = out.len();
        run(catalogue, actor, &mut rng, (begin, length), out);
        // A run that would pass midnight began earlier.
        let over = out.last().map_or(0, |last| (last.at - (DAY * 1000 - 1)).max(0));
        for event in &mut out[from..] {
            event.at = (event.at - over).max(0) + i64::from(day) * DAY * 1000;
            event.actor = number;
        }
        left -= length;
        nth += 1.0;
    }
}

/// One run of calls: the same place, related services, a look before a change.
fn run(
    catalogue: &Catalogue,
    actor: &Actor,
    rng: &mut Rng,
    (begin, length): (i64, u64),
    out: &mut Vec<Event>,
) {
    let place = actor.place(rng);
    let region = if chance(rng, 0.96) { actor.region } else { (actor.region + 1) % 3 };
    let mut at = begin as f64;
    let mut habit = actor.habits.any(rng);
    let tool = actor.habits.list[habit].agent;
    let mut waiting: Option<usize> = None;
    for nth in 0..length {
        let signs_in = nth == 0 && actor.console && tool == 0 && chance(rng, 0.35);
        let chosen = if signs_in {
            (catalogue.find("signin", "ConsoleLogin"), 0, Fault::None)
        } else if actor.kind == Kind::Person && chance(rng, CURIOSITY) {
            let service = pick(rng, &catalogue.services);
            let calls = service.calls(Class::Read);
            let fallback = actor.habits.list[habit].call;
            let call = if calls.is_empty() { fallback } else { *pick(rng, calls) };
            (call, tool, if chance(rng, 0.3) { Fault::Denied } else { Fault::None })
        } else {
            habit = match waiting.take() {
                Some(next) => next,
                None if nth > 0 && chance(rng, 0.7) => actor.habits.alike(rng, habit),
                None if nth > 0 => actor.habits.any(rng),
                None => habit,
            };
            if let Some(lead) = actor.habits.list[habit].lead
                && nth + 1 < length
                && chance(rng, 0.5)
            {
                waiting = Some(std::mem::replace(&mut habit, usize::from(lead)));
            }
            let it = &actor.habits.list[habit];
            let agent =
                if actor.kind == Kind::Person && chance(rng, 0.05) { tool } else { it.agent };
            (it.call, agent, if chance(rng, it.fails) { it.fault } else { Fault::None })
        };
        let (call, agent, fault) = chosen;
        let region = if catalogue.service_of(call).global { 0 } else { region };
        let seed = rng.next_u64();
        out.push(Event {
            at: at as i64,
            actor: 0,
            step: 0,
            call,
            place,
            agent,
            region,
            fault,
            seed,
        });
        at += 1000.0 * actor.rhythm.gap * around_one(rng, 1.3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    const CALENDAR: Calendar = Calendar { start: 1_767_571_200, days: 28 }; // Monday, 2026-01-05

    #[test]
    fn people_rest_at_the_weekend_and_machines_do_not() {
        let world = World::new(1, 20_000, 28);
        let share = |kind: Kind| {
            let all = world.actors.iter().filter(|actor| actor.kind == kind);
            let (mut rest, mut sum) = (0.0, 0.0);
            for weights in all.map(|actor| CALENDAR.weights(actor)) {
                sum += weights.iter().sum::<f64>();
                rest += weights.chunks(7).map(|week| week[5] + week[6]).sum::<f64>();
            }
            rest / sum
        };
        let (people, machines) = (share(Kind::Person), share(Kind::Instance));
        assert!(people < 0.05 && (0.25..0.32).contains(&machines), "{people} {machines}");
    }

    #[test]
    fn a_day_has_the_rows_asked_for_and_stays_a_day() {
        let world = World::new(2, 20_000, 28);
        for (number, actor) in world.actors.iter().enumerate() {
            let mut out = Vec::new();
            day(&CALENDAR, &world.catalogue, (number as u32, actor), 3, 333, &mut out);
            let range = 3 * DAY * 1000..4 * DAY * 1000;
            assert!(out.len() == 333 && out.iter().all(|event| range.contains(&event.at)));
        }
    }
}
