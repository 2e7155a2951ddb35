//! Who comes for one visit: newcomers on their first day, and the intruder among them.
//!
//! Newcomer and intruder are invented by the same rules: name, address, agent, hour, region, length, refused calls.
//! Only what they do tells them apart. A newcomer does mostly what colleagues do, and for the rest what the new job
//! asks for; an intruder looks around and goes through one kind of attack after the other.

use crate::actor::{Actor, Days, Identity, Rhythm, When};
use crate::agent::{self, Agent, Make};
use crate::attack::{Deed, Planted, begin, story};
use crate::catalogue::CallId;
use crate::draw::{around_one, chance, hex, pick, whole, words};
use crate::job::{Fault, Job, Kind, jobs};
use crate::traffic::{Calendar, Event};
use crate::world::{SITES, World};
use crate::{CloudTrail, Intruder};
use lanner_frame::Rng;

/// The first stream of the sample's seed that visits come from: names, the intruder, then each newcomer.
const STREAM: u64 = 2;
/// Different calls of a visit.
const CALLS: (u64, u64) = (10, 40);
/// Hours that a visit takes.
const HOURS: (f64, f64) = (0.7, 2.5);
/// Events of services, which nobody can call.
const NOT_CALLED: [&str; 3] =
    ["SharedSnapshotVolumeCreated", "BackupJobStarted", "BackupJobCompleted"];
/// What a user does who got a password.
const FIRST_LOGIN: [&str; 4] =
    ["GetAccountPasswordPolicy", "ChangePassword", "CreateVirtualMFADevice", "EnableMFADevice"];

/// Adds the newcomers and the intruder that are asked for to the world and to the planted events.
pub(crate) fn visit(
    world: &mut World,
    calendar: &Calendar,
    spec: &CloudTrail,
    residents: usize,
    (events, planted): (&mut Vec<Event>, &mut Vec<Planted>),
) {
    let jobs = jobs(&world.catalogue);
    let me = world.stranger(&mut Rng::new(spec.seed, STREAM));
    let mut join = |world: &mut World, actor: Actor, happened: Vec<(Event, Option<Deed>)>| {
        for (mut event, deed) in happened {
            event.actor = world.actors.len() as u32;
            if let (Some(deed), Some(intruder)) = (deed, spec.intruder) {
                planted.push(Planted {
                    attack: spec.attacks + 1,
                    name: deed.name,
                    technique: deed.technique,
                    mode: intruder.name(),
                    params: deed.params,
                    me: me.clone(),
                });
                event.step = planted.len() as u32;
            }
            events.push(event);
        }
        world.actors.push(actor);
    };
    if let Some(intruder) = spec.intruder {
        let mut rng = Rng::new(spec.seed, STREAM + 1);
        let actor = intruding(world, &mut rng, &jobs, residents, intruder);
        let insider = intruder == Intruder::Admin;
        let wanted = whole(&mut rng, CALLS.0, CALLS.1) as usize;
        let deeds = story(&world.catalogue, &mut rng, insider, wanted);
        let calls = deeds.into_iter().map(|deed| (deed.call, Some(deed))).collect();
        let happened = carry_out(world, calendar, &mut rng, &actor, calls);
        join(world, actor, happened);
    }
    for nth in 0..u64::from(spec.newcomers) {
        let mut rng = Rng::new(spec.seed, STREAM + 2 + nth);
        let near = chance(&mut rng, 0.2);
        let own = chance(&mut rng, 0.85);
        let actor = arrive(world, &mut rng, &jobs, residents, near, own);
        let calls = first_day(world, &mut rng, residents, &actor);
        let calls = calls.into_iter().map(|call| (call, None)).collect();
        let happened = carry_out(world, calendar, &mut rng, &actor, calls);
        join(world, actor, happened);
    }
    events.sort_by_key(|event| event.at);
}

/// Invents somebody new: `near` in a colleague's network, with an agent of their `own`.
fn arrive(
    world: &World,
    rng: &mut Rng,
    jobs: &[Job],
    residents: usize,
    near: bool,
    own: bool,
) -> Actor {
    let people: Vec<&Actor> =
        world.actors[..residents].iter().filter(|actor| actor.kind == Kind::Person).collect();
    let colleague = *pick(rng, &people);
    let account = &world.accounts[colleague.account].id;
    let kind = if chance(rng, 0.75) { Kind::Newcomer } else { Kind::NewTool };
    let of_kind: Vec<&Job> = jobs.iter().filter(|job| job.kind == kind).collect();
    let job = *pick(rng, &of_kind);
    let person = world.new_name(rng);
    let identity = match (kind, rng.below(3)) {
        (Kind::NewTool, _) => {
            let role = format!("{}-{}-{}", pick(rng, &world.teams), job.name, hex(rng, 3));
            Identity::role(rng, account, role, job.name.to_owned())
        }
        (_, 0) => Identity::user(rng, account, person),
        _ => {
            let set = *pick(rng, &["PowerUser", "ReadOnly", "Administrator"]);
            let role = world.accounts[colleague.account].permissions(set);
            Identity::role(rng, account, role, format!("{person}@example.com"))
        }
    };
    let place = match rng.below(5) {
        _ if near => agent::beside(rng, &colleague.places[0]),
        0 | 1 => agent::home(rng),
        2 | 3 => agent::cloud(rng),
        _ => agent::rented(rng),
    };
    let makes: &[Make] = match kind {
        Kind::NewTool => &[Make::Sdk, Make::Terraform, Make::Intruder, Make::Cli, Make::Tool],
        _ => &[Make::Browser, Make::Cli, Make::Tool, Make::Intruder, Make::Browser],
    };
    let known = |agent: &Agent| {
        let mut all = world.actors[..residents].iter().flat_map(|actor| &actor.agents);
        all.any(|other| other.family() == agent.family())
    };
    let mut draw = || {
        let make = *pick(rng, makes);
        (Agent::draw(rng, make, 0.0, 1), matches!(make, Make::Browser))
    };
    let (mut agent, mut console) = draw();
    // There are more families than a small account has; a large one may have them all.
    for _ in 0..32 {
        if !own || !known(&agent) {
            break;
        }
        (agent, console) = draw();
    }
    Actor {
        kind,
        job: job.name,
        account: colleague.account,
        region: colleague.region,
        identity,
        places: vec![place],
        agents: vec![agent],
        console,
        mfa: chance(rng, 0.5),
        habits: job.habits(rng, &world.catalogue, 1, CALLS.1 as usize),
        rhythm: Rhythm {
            when: When::Office { east: *pick(rng, &SITES) },
            days: Days::All,
            run: 1.0,
            gap: 1.0,
        },
        share: 0.0,
        seed: rng.next_u64(),
    }
}

/// The intruder: somebody new, or a resident in another place, or the administrator as always.
fn intruding(
    world: &World,
    rng: &mut Rng,
    jobs: &[Job],
    residents: usize,
    intruder: Intruder,
) -> Actor {
    let of = |fits: &dyn Fn(&Actor) -> bool| -> Vec<&Actor> {
        world.actors[..residents].iter().filter(|actor| fits(actor)).collect()
    };
    let somebody = |rng: &mut Rng, near| arrive(world, rng, jobs, residents, near, true);
    match intruder {
        Intruder::Newcomer => somebody(rng, false),
        Intruder::ColleagueNetwork => somebody(rng, true),
        Intruder::StolenKey => {
            let with_key = [Kind::Person, Kind::Pipeline, Kind::Instance];
            let victim = *pick(rng, &of(&|actor| with_key.contains(&actor.kind)));
            let thief = somebody(rng, false);
            let Actor { kind, job, account, region, identity, seed, .. } = victim.clone();
            Actor { kind, job, account, region, identity, seed, ..thief }
        }
        Intruder::Admin => {
            let admins = of(&|actor| actor.kind == Kind::Person && actor.job == "admin");
            let people = of(&|actor| actor.kind == Kind::Person);
            let mut admin = (*pick(rng, if admins.is_empty() { &people } else { &admins })).clone();
            admin.places.truncate(1);
            admin.agents.truncate(1);
            admin
        }
    }
}

/// What a newcomer does: what colleagues do again and again, and some things of the own job.
fn first_day(world: &World, rng: &mut Rng, residents: usize, actor: &Actor) -> Vec<CallId> {
    let catalogue = &world.catalogue;
    let person = actor.kind == Kind::Newcomer;
    let alike = |other: &&Actor| match other.kind {
        Kind::Person => person,
        Kind::Pipeline | Kind::Scanner | Kind::Function | Kind::Instance => !person,
        _ => false,
    };
    let colleagues: Vec<&Actor> = world.actors[..residents].iter().filter(alike).collect();
    let wanted = whole(rng, CALLS.0, CALLS.1) as usize;
    let usual = rng.between(0.5, 0.95);
    let mut calls: Vec<CallId> = Vec::new();
    // Draws may repeat; the bound ends the search where there are too few calls.
    for _ in 0..wanted * 8 {
        if calls.len() >= wanted {
            break;
        }
        let habits =
            if chance(rng, usual) { &pick(rng, &colleagues).habits } else { &actor.habits };
        let call = habits.list[habits.any(rng)].call;
        if !calls.contains(&call) && !NOT_CALLED.contains(&catalogue.call(call).name) {
            calls.push(call);
        }
    }
    // One service after the other, looking before changing.
    calls.sort_by_key(|&call| (catalogue.call(call).service, !catalogue.call(call).looks(), call));
    if actor.identity.form == "IAMUser" && actor.console {
        let first = FIRST_LOGIN.map(|name| catalogue.find("iam", name));
        calls.retain(|call| !first.contains(call));
        calls.splice(0..0, first);
    }
    calls
}

/// The events of a visit: some calls again, some refused, over the hours of a visit. Which principal it is and
/// what is planted is for the caller to say.
fn carry_out(
    world: &World,
    calendar: &Calendar,
    rng: &mut Rng,
    actor: &Actor,
    mut calls: Vec<(CallId, Option<Deed>)>,
) -> Vec<(Event, Option<Deed>)> {
    let begin = begin(calendar, rng, actor, true) as f64;
    let length = 3_600_000.0 * rng.between(HOURS.0, HOURS.1);
    // A resident may do what a stranger has to try.
    let stranger = matches!(actor.kind, Kind::Newcomer | Kind::NewTool);
    let refused = if stranger { *pick(rng, &[0.0, 0.05, 0.15, 0.3]) } else { 0.0 };
    let login = world.catalogue.find("signin", "ConsoleLogin");
    if actor.console {
        let entry = Deed { call: login, name: "sign-in", technique: "T1078.004", params: None };
        let planted = calls[0].1.map(|_| entry);
        calls.insert(0, (login, planted));
    }
    let (mut at, mut happened) = (0.0, Vec::new());
    for (call, deed) in calls {
        let denied = call != login && chance(rng, refused);
        let times = if call == login { 1 } else { (around_one(rng, 0.7).ceil() as u64).min(6) };
        for _ in 0..times {
            let event = Event {
                at: at as i64,
                actor: 0,
                step: 0,
                call,
                place: 0,
                agent: 0,
                region: if world.catalogue.service_of(call).global { 0 } else { actor.region },
                fault: if denied { Fault::Denied } else { Fault::None },
                seed: rng.next_u64(),
            };
            happened.push((event, deed));
            at += 1000.0 * around_one(rng, 1.2);
        }
    }
    // However many calls there are, they fill the visit.
    for (event, _) in &mut happened {
        event.at = (begin + event.at as f64 * length / at) as i64;
    }
    happened
}

impl World {
    /// A name of a person that nobody has, as far as there is one.
    fn new_name(&self, rng: &mut Rng) -> String {
        let (first, last) = (words("first"), words("last"));
        let mut name = String::new();
        for _ in 0..64 {
            name = format!("{}.{}", pick(rng, &first), pick(rng, &last));
            let has = |actor: &Actor| {
                actor.identity.name == name || actor.identity.session.starts_with(&name)
            };
            if !self.actors.iter().any(has) {
                return name;
            }
        }
        format!("{name}{}", whole(rng, 2, 99))
    }
}
