//! A small account: a handful of people and programs that do the same few things for weeks.

use crate::actor::{Days, When};
use crate::draw::{around_one, chance, whole};
use crate::job::{Kind, jobs};
use crate::world::{Cast, World};
use lanner_frame::Rng;

/// How a group of principals spreads its work over the days.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// All the time.
    Steady,
    /// At night, on some of the days, everything at once.
    Bursts,
    /// For some days or weeks, then no more.
    Stay,
}

/// Some principals of a kind.
struct Group {
    kind: Kind,
    /// How many, at least and at most.
    count: (u64, u64),
    /// How much traffic one has next to the others.
    traffic: f64,
    manner: Manner,
}

const fn group(kind: Kind, low: u64, high: u64, traffic: f64, manner: Manner) -> Group {
    Group { kind, count: (low, high), traffic, manner }
}

/// What small accounts are like; a seed's account is of the kind that its remainder names.
const SHAPES: [&[Group]; 4] = [
    // Programs do nearly everything.
    &[
        group(Kind::Person, 2, 3, 0.5, Manner::Steady),
        group(Kind::Instance, 2, 5, 2.0, Manner::Steady),
        group(Kind::Function, 2, 5, 1.5, Manner::Steady),
        group(Kind::Pipeline, 1, 3, 1.0, Manner::Steady),
        group(Kind::Linked, 1, 3, 1.0, Manner::Steady),
        group(Kind::Service, 1, 3, 1.0, Manner::Steady),
        group(Kind::Scanner, 0, 1, 1.5, Manner::Steady),
    ],
    // People do most of it.
    &[
        group(Kind::Person, 5, 8, 2.0, Manner::Steady),
        group(Kind::Instance, 1, 2, 1.0, Manner::Steady),
        group(Kind::Function, 1, 2, 0.7, Manner::Steady),
        group(Kind::Pipeline, 1, 1, 0.7, Manner::Steady),
        group(Kind::Linked, 1, 2, 0.5, Manner::Steady),
        group(Kind::Service, 1, 2, 0.5, Manner::Steady),
    ],
    // Batch jobs that run now and then.
    &[
        group(Kind::Person, 2, 4, 0.7, Manner::Steady),
        group(Kind::Instance, 1, 2, 1.0, Manner::Steady),
        group(Kind::Instance, 2, 4, 2.5, Manner::Bursts),
        group(Kind::Pipeline, 1, 2, 1.0, Manner::Bursts),
        group(Kind::Function, 1, 2, 1.0, Manner::Steady),
        group(Kind::Linked, 1, 2, 0.7, Manner::Steady),
        group(Kind::Service, 1, 2, 1.0, Manner::Steady),
    ],
    // People from outside who come and go.
    &[
        group(Kind::Person, 2, 3, 1.0, Manner::Steady),
        group(Kind::Person, 2, 5, 0.4, Manner::Stay),
        group(Kind::Instance, 1, 3, 1.5, Manner::Steady),
        group(Kind::Function, 1, 3, 1.0, Manner::Steady),
        group(Kind::Pipeline, 1, 2, 1.0, Manner::Steady),
        group(Kind::Pipeline, 0, 1, 0.5, Manner::Stay),
        group(Kind::Service, 1, 3, 1.0, Manner::Steady),
    ],
];

impl World {
    /// Invents the small account of a seed.
    pub(crate) fn small(seed: u64, days: u32) -> Self {
        let mut rng = Rng::new(seed, 0);
        let mut world = Self::empty(&mut rng, 1);
        let jobs = jobs(&world.catalogue);
        let mut cast = Cast::modest(&mut rng, days);
        let mut join = |rng: &mut Rng, world: &mut Self, kind: Kind, traffic: f64, manner| {
            let nth = world.actors.iter().filter(|actor| actor.kind == kind).count();
            let mut actor = cast.actor(rng, world, &jobs, (kind, nth), traffic);
            match manner {
                Manner::Steady => {}
                Manner::Bursts => {
                    actor.rhythm.when = When::Nightly { hour: rng.between(0.0, 6.0) };
                    actor.rhythm.run = around_one(rng, 0.7) * 60.0 + 1.0;
                    actor.rhythm.days = Days::Bursts { share: rng.between(0.1, 0.5) };
                }
                Manner::Stay => actor.rhythm.days = stay(rng, days),
            }
            world.actors.push(actor);
        };
        for group in SHAPES[(seed % SHAPES.len() as u64) as usize] {
            for _ in 0..whole(&mut rng, group.count.0, group.count.1) {
                join(&mut rng, &mut world, group.kind, group.traffic, group.manner);
            }
        }
        if chance(&mut rng, 0.5) {
            join(&mut rng, &mut world, Kind::Root, 0.01, Manner::Steady);
        }
        world
    }
}

/// An eighth to a half of the days, anywhere.
fn stay(rng: &mut Rng, days: u32) -> Days {
    let length = ((rng.between(0.12, 0.5) * f64::from(days)) as u32).max(1);
    let from = rng.below(u64::from(days - length) + 1) as u32;
    Days::Stay { from, to: from + length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::Calendar;

    #[test]
    fn every_seed_has_another_account_with_everyone_an_attack_needs() {
        let mut seen = Vec::new();
        for seed in 0..16 {
            let world = World::small(seed, 30);
            let of = |kind: Kind| world.actors.iter().filter(|actor| actor.kind == kind).count();
            assert!((8..=26).contains(&world.actors.len()), "{}", world.actors.len());
            assert!(of(Kind::Person) > 1 && of(Kind::Instance) > 0 && of(Kind::Pipeline) > 0);
            assert_eq!(world.actors[0].job, "admin");
            assert_eq!(world.actors[0].identity.form, "IAMUser");
            let calls: Vec<usize> = world.actors.iter().map(|a| a.habits.list.len()).collect();
            assert!(calls.iter().all(|&calls| calls <= 16));
            seen.push(calls);
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 16);
    }

    #[test]
    fn who_stays_a_while_is_away_before_and_after() {
        for days in [1, 2, 30] {
            let calendar = Calendar { start: 1_767_571_200, days };
            let world = World::small(3, days);
            let staying =
                world.actors.iter().filter(|actor| matches!(actor.rhythm.days, Days::Stay { .. }));
            let mut found = 0;
            for actor in staying {
                let at: Vec<u64> = calendar.rows_by_day(actor, 4000);
                let first = at.iter().position(|&rows| rows > 0).unwrap();
                let last = at.iter().rposition(|&rows| rows > 0).unwrap();
                assert!(days < 30 || last - first < 16, "{at:?}");
                assert_eq!(at.iter().sum::<u64>(), 4000);
                found += 1;
            }
            assert!(found > 1);
        }
    }
}
