//! The planted attacks: sequences of `data/attacks.txt`, carried out in the invented organisation.

use crate::actor::{Actor, Identity, When};
use crate::agent::{Agent, Make, rented};
use crate::catalogue::{CallId, Catalogue, lines};
use crate::draw::{around_one, by_weight, chance, pick, whole};
use crate::job::{Fault, Kind};
use crate::traffic::{Calendar, DAY, Event};
use crate::world::{REGIONS, World};
use lanner_frame::Rng;

/// How an attack differs from what its victim does anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Own,
    Agent,
    Place,
    Both,
    Stranger,
}

const MODES: [(&str, Mode); 5] = [
    ("own", Mode::Own),
    ("agent", Mode::Agent),
    ("place", Mode::Place),
    ("both", Mode::Both),
    ("stranger", Mode::Stranger),
];

/// One line of a sequence.
#[derive(Debug)]
struct Step {
    technique: &'static str,
    call: CallId,
    times: (u64, u64),
    fault: (Fault, f64),
    by_created: bool,
    far: bool,
    params: Option<&'static str>,
}

/// One kind of attack.
#[derive(Debug)]
pub(crate) struct Playbook {
    name: &'static str,
    victim: &'static str,
    modes: Vec<Mode>,
    steps: Vec<Step>,
}

/// What is known of a planted event besides the event.
#[derive(Debug, Clone)]
pub(crate) struct Planted {
    /// Number of the instance, from 1.
    pub(crate) attack: u32,
    /// Name of its kind.
    pub(crate) name: &'static str,
    /// The technique of ATT&CK.
    pub(crate) technique: &'static str,
    /// How it differs from what its victim does anyway.
    pub(crate) mode: &'static str,
    /// The request parameters, where they matter.
    pub(crate) params: Option<&'static str>,
    /// The user made or used, for `$me`.
    pub(crate) me: String,
}

/// Reads the sequences.
pub(crate) fn playbooks(catalogue: &Catalogue) -> Vec<Playbook> {
    let mut all: Vec<Playbook> = Vec::new();
    for line in lines(include_str!("../data/attacks.txt")) {
        if let Some(head) = line.strip_prefix("attack ") {
            let mut words = head.split(' ');
            let mut next = || words.next().expect("an attack has a name and a victim");
            let (name, victim) = (next(), next());
            let mode = |word| MODES.iter().find(|m| m.0 == word).expect("one of the modes").1;
            let modes = words.map(mode).collect();
            all.push(Playbook { name, victim, modes, steps: Vec::new() });
        } else {
            let book = all.last_mut().expect("an attack comes before its steps");
            book.steps.push(Step::parse(line, catalogue));
        }
    }
    all
}

impl Step {
    fn parse(line: &'static str, catalogue: &Catalogue) -> Self {
        let (head, params) = match line.find('{') {
            Some(at) => (line[..at].trim_end(), Some(&line[at..])),
            None => (line, None),
        };
        let mut words = head.split(' ');
        let mut next = || words.next().expect("a step has a technique, a service and a call");
        let (technique, call) = (next(), catalogue.find(next(), next()));
        let mut step = Self {
            technique,
            call,
            times: (1, 1),
            fault: (Fault::None, 0.0),
            by_created: false,
            far: false,
            params,
        };
        while let Some(word) = words.next() {
            match word {
                "@created" => step.by_created = true,
                "~far" => step.far = true,
                "!denied" | "!failed" => {
                    let fault = if word == "!denied" { Fault::Denied } else { Fault::BadLogin };
                    let share = words.next().and_then(|share| share.parse().ok());
                    step.fault = (fault, share.expect("a share follows the error"));
                }
                range => {
                    let (low, high) = range.split_once('-').expect("a range is LOW-HIGH");
                    let parse = |n: &str| n.parse().expect("a range has numbers");
                    step.times = (parse(low), parse(high));
                }
            }
        }
        step
    }
}

/// One call of a longer story.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deed {
    pub(crate) call: CallId,
    /// Name of the kind of attack that it belongs to.
    pub(crate) name: &'static str,
    pub(crate) technique: &'static str,
    pub(crate) params: Option<&'static str>,
}

/// Draws an intrusion of `wanted` different calls: a look around, then one kind of attack after the other.
/// An insider knows his way, and does what needs no disguise.
pub(crate) fn story(
    catalogue: &Catalogue,
    rng: &mut Rng,
    insider: bool,
    wanted: usize,
) -> Vec<Deed> {
    let all = playbooks(catalogue);
    let looks = |book: &&Playbook| book.name == "look-around";
    let signs_in = |book: &Playbook| catalogue.call(book.steps[0].call).name == "ConsoleLogin";
    let fits = |book: &&Playbook| {
        !looks(book) && !signs_in(book) && (!insider || book.modes.contains(&Mode::Own))
    };
    let mut books: Vec<&Playbook> = all.iter().filter(fits).collect();
    rng.shuffle(&mut books);
    let around = all.iter().filter(looks).filter(|_| !insider);
    let glances = whole(rng, 3, 9) as usize;
    let steps =
        around.flat_map(|book| book.steps.iter().take(glances).map(move |step| (book, step)));
    let rest = books.iter().flat_map(|&book| book.steps.iter().map(move |step| (book, step)));
    let mut deeds: Vec<Deed> = Vec::new();
    for (book, step) in steps.chain(rest) {
        if deeds.len() == wanted {
            break;
        }
        if deeds.iter().all(|deed| deed.call != step.call) {
            let (name, technique, params) = (book.name, step.technique, step.params);
            deeds.push(Deed { call: step.call, name, technique, params });
        }
    }
    deeds
}

/// Plants `count` attacks: adds their principals to the world and returns their events, by time.
pub(crate) fn plant(
    world: &mut World,
    calendar: &Calendar,
    seed: u64,
    count: u32,
) -> (Vec<Event>, Vec<Planted>) {
    let mut rng = Rng::new(seed, 1);
    let books = playbooks(&world.catalogue);
    let residents = world.actors.len();
    let mut order: Vec<usize> = (0..books.len()).collect();
    let (mut events, mut planted) = (Vec::new(), Vec::new());
    for nth in 0..count {
        // Every kind once before any comes again.
        if (nth as usize).is_multiple_of(books.len()) {
            rng.shuffle(&mut order);
        }
        let book = &books[order[nth as usize % books.len()]];
        let mode = *pick(&mut rng, &book.modes);
        let victim = victim(world, &mut rng, book.victim, residents);
        let begin = begin(calendar, &mut rng, &world.actors[victim], mode == Mode::Own);
        let signs_in = world.catalogue.call(book.steps[0].call).name == "ConsoleLogin";
        let browser = signs_in || (world.actors[victim].console && chance(&mut rng, 0.3));
        let attacker = disguise(world, &mut rng, (victim, mode), browser);
        let me = if book.steps.iter().any(|step| step.by_created) {
            world.stranger(&mut rng)
        } else {
            attacker.identity.name.clone()
        };
        let mut created = attacker.clone();
        let account = &world.accounts[attacker.account].id;
        created.identity = Identity::user(&mut rng, account, me.clone());
        (created.console, created.seed) = (false, rng.next_u64());
        let first = world.actors.len() as u32;
        let place = attacker.place(&mut rng);
        let agent = rng.below(attacker.agents.len() as u64) as u8;
        let far = whole(&mut rng, 5, REGIONS.len() as u64 - 1) as u8;
        let mut at = begin as f64;
        for step in &book.steps {
            for _ in 0..whole(&mut rng, step.times.0, step.times.1) {
                let fault = if chance(&mut rng, step.fault.1) { step.fault.0 } else { Fault::None };
                let region = match (world.catalogue.service_of(step.call).global, step.far) {
                    (true, _) => 0,
                    (false, true) => far,
                    (false, false) => attacker.region,
                };
                planted.push(Planted {
                    attack: nth + 1,
                    name: book.name,
                    technique: step.technique,
                    mode: MODES.iter().find(|m| m.1 == mode).expect("one of the modes").0,
                    params: step.params,
                    me: me.clone(),
                });
                events.push(Event {
                    at: at as i64,
                    actor: first + u32::from(step.by_created),
                    step: planted.len() as u32,
                    call: step.call,
                    place,
                    agent,
                    region,
                    fault,
                    seed: rng.next_u64(),
                });
                at += 1000.0 * 2.0 * around_one(&mut rng, 1.0);
            }
            // Between two steps the intruder reads what came back.
            at += 1000.0 * (20.0 * around_one(&mut rng, 1.0)).min(600.0);
        }
        world.actors.push(attacker);
        world.actors.push(created);
    }
    let end = i64::from(calendar.days) * DAY * 1000 - 1;
    for event in &mut events {
        event.at = event.at.min(end);
    }
    events.sort_by_key(|event| event.at);
    (events, planted)
}

/// Picks who is attacked, or whose rights are abused.
fn victim(world: &World, rng: &mut Rng, wanted: &str, residents: usize) -> usize {
    let fits = |actor: &Actor| match wanted {
        "person" => actor.kind == Kind::Person,
        "user" => actor.kind == Kind::Person && actor.identity.form == "IAMUser",
        "instance" => actor.kind == Kind::Instance,
        "pipeline" => actor.kind == Kind::Pipeline,
        _ => matches!(actor.kind, Kind::Person | Kind::Instance | Kind::Pipeline | Kind::Function),
    };
    let all: Vec<usize> = (0..residents).filter(|&i| fits(&world.actors[i])).collect();
    *pick(rng, &all)
}

/// When an attack begins: an insider keeps to his hours, an intruder comes at any time.
pub(crate) fn begin(calendar: &Calendar, rng: &mut Rng, victim: &Actor, own: bool) -> i64 {
    let when = if own { victim.rhythm.when } else { When::Always };
    // Neither at the very beginning, where nothing is known yet, nor so late that it is cut off.
    let days = calendar.days as usize;
    let (from, to) = (days * 15 / 100, (days * 95).div_ceil(100));
    let day = if own {
        let mut cumulative = calendar.weights(victim);
        (1..days).for_each(|i| cumulative[i] += cumulative[i - 1]);
        by_weight(rng, &cumulative, from, to) as i64
    } else {
        whole(rng, from as u64, to as u64 - 1) as i64
    };
    let at = day * DAY * 1000 + calendar.begin(rng, when, (0.0, 1.0));
    at.min(i64::from(calendar.days) * DAY * 1000 - 3 * 3_600_000)
}

/// The victim as the attacker appears: with another name, address or agent.
fn disguise(world: &World, rng: &mut Rng, (victim, mode): (usize, Mode), browser: bool) -> Actor {
    let mut actor = world.actors[victim].clone();
    if matches!(mode, Mode::Agent | Mode::Both | Mode::Stranger) {
        let make = if browser { Make::Browser } else { Make::Intruder };
        actor.agents = vec![Agent::draw(rng, make, 0.0, 1)];
        actor.console = browser;
    }
    if matches!(mode, Mode::Place | Mode::Both | Mode::Stranger) {
        actor.places = vec![rented(rng)];
        actor.mfa = false;
    }
    if mode == Mode::Stranger {
        let name = world.stranger(rng);
        actor.identity = Identity::user(rng, &world.accounts[actor.account].id, name);
        actor.seed = rng.next_u64();
    }
    actor
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn attacks_are_of_many_kinds_and_within_the_days() {
        let mut world = World::new(4, 20_000, 30);
        let calendar = Calendar { start: 1_767_571_200, days: 30 };
        let kinds = playbooks(&world.catalogue).len();
        assert!(kinds >= 12);
        let (events, planted) = plant(&mut world, &calendar, 4, kinds as u32);
        assert_eq!(events.len(), planted.len());
        let names: BTreeSet<&str> = planted.iter().map(|p| p.name).collect();
        let modes: BTreeSet<&str> = planted.iter().map(|p| p.mode).collect();
        assert_eq!((names.len(), modes.len()), (kinds, MODES.len()));
        let end = 30 * DAY * 1000;
        assert!(events.iter().all(|event| (0..end).contains(&event.at)));
    }

    #[test]
    fn a_created_user_acts_after_it_was_created() {
        let mut world = World::new(4, 20_000, 30);
        let calendar = Calendar { start: 1_767_571_200, days: 30 };
        let (events, planted) = plant(&mut world, &calendar, 9, 40);
        let of = |name: &str| {
            let mine = events.iter().filter(|event| planted[event.step as usize - 1].name == name);
            let first = planted[mine.clone().next().unwrap().step as usize - 1].attack;
            mine.filter(|event| planted[event.step as usize - 1].attack == first)
                .collect::<Vec<_>>()
        };
        let backdoor = of("backdoor-user");
        let last = &world.actors[backdoor.last().unwrap().actor as usize];
        let me = &planted[backdoor[0].step as usize - 1].me;
        assert_eq!(&last.identity.name, me);
    }
}
