//! The invented organisation: accounts and everyone who works in them.

use crate::actor::{Actor, Days, Identity, Rhythm, When, instance_id};
use crate::agent::{self, Agent, Make};
use crate::catalogue::Catalogue;
use crate::draw::{apportion, around_one, by_weight, chance, early, hex, pick, whole, words};
use crate::job::{Job, Kind, jobs};
use crate::resource::Resource;
use lanner_frame::Rng;

/// The regions; calls of global services are logged in the first.
pub(crate) const REGIONS: [&str; 8] = [
    "us-east-1",
    "eu-west-1",
    "us-west-2",
    "eu-central-1",
    "ap-southeast-2",
    "ap-northeast-3",
    "sa-east-1",
    "af-south-1",
];
/// How many of the regions the organisation uses.
const USED_REGIONS: usize = 3;

/// Rows that a principal leaves on average: with the habits of `jobs.txt` this gives about one distinct
/// (address, service, call, agent, principal) in 25 rows, at any number of rows.
const ROWS_PER_ACTOR: u64 = 720;
/// The smallest organisation.
const FEWEST_ACTORS: u64 = 12;
/// Share of each kind among the principals, and how much traffic one has next to a person.
const KINDS: [(Kind, f64, f64); 7] = [
    (Kind::Person, 0.27, 1.0),
    (Kind::Instance, 0.33, 1.2),
    (Kind::Function, 0.15, 1.0),
    (Kind::Pipeline, 0.06, 2.0),
    (Kind::Linked, 0.09, 2.0),
    (Kind::Service, 0.07, 2.5),
    (Kind::Scanner, 0.03, 3.0),
];
/// Hours east of Greenwich of the organisation's sites, the largest first.
pub(crate) const SITES: [f64; 5] = [1.0, -5.0, -8.0, 5.5, 10.0];
/// Different things a service has in an account.
const RESOURCES: usize = 48;

/// An account.
pub(crate) struct Account {
    pub(crate) id: String,
    seed: u64,
    /// Addresses its private machines are seen with.
    gateways: Vec<String>,
}

/// Everyone and everything there is before the first event.
pub(crate) struct World {
    pub(crate) catalogue: Catalogue,
    pub(crate) accounts: Vec<Account>,
    pub(crate) actors: Vec<Actor>,
    pub(crate) teams: Vec<&'static str>,
}

impl World {
    /// Invents the organisation of a seed, of a size that leaves `rows` rows in `days` days.
    pub(crate) fn new(seed: u64, rows: u64, days: u32) -> Self {
        let mut rng = Rng::new(seed, 0);
        let count = (rows / ROWS_PER_ACTOR).max(FEWEST_ACTORS) as usize;
        let mut world = Self::empty(&mut rng, (count / 250).min(11) + 1);
        let jobs = jobs(&world.catalogue);
        let mut cast = Cast::new(&mut rng, days);
        let mut kinds = [0usize; KINDS.len()];
        for index in 0..count {
            // The kind that is furthest behind its share; at least one of each.
            let behind = |k: usize| match kinds[k] {
                0 => f64::INFINITY,
                have => KINDS[k].1 * (index + 1) as f64 - have as f64,
            };
            let next = (0..KINDS.len()).max_by(|&a, &b| behind(a).total_cmp(&behind(b)));
            let next = next.expect("there are kinds");
            kinds[next] += 1;
            let (kind, _, traffic) = KINDS[next];
            let nth = kinds[next] - 1;
            let actor = cast.actor(&mut rng, &world, &jobs, (kind, nth), traffic);
            world.actors.push(actor);
        }
        for account in 0..world.accounts.len() {
            let actor = cast.actor(&mut rng, &world, &jobs, (Kind::Root, account), 0.02);
            world.actors.push(actor);
        }
        world
    }

    /// Accounts in which nobody works yet.
    pub(crate) fn empty(rng: &mut Rng, accounts: usize) -> Self {
        let accounts = (0..accounts).map(|_| Account::new(rng)).collect();
        Self { catalogue: Catalogue::new(), accounts, actors: Vec::new(), teams: words("team") }
    }

    /// One of the things that a service has in an account, often the same.
    pub(crate) fn resource(&self, rng: &mut Rng, account: usize, service: usize) -> Resource {
        let nth = service * RESOURCES + early(rng, RESOURCES);
        Resource::draw(&mut Rng::new(self.accounts[account].seed, nth as u64), &self.teams)
    }

    /// How many of `rows` rows each of the first `residents` principals leaves.
    pub(crate) fn rows_by_actor(&self, residents: usize, rows: u64) -> Vec<u64> {
        let shares: Vec<f64> = self.actors[..residents].iter().map(|actor| actor.share).collect();
        apportion(rows, &shares)
    }

    /// A name for a principal that nobody has.
    pub(crate) fn stranger(&self, rng: &mut Rng) -> String {
        let what = *pick(rng, &["svc", "tmp", "support", "backup", "test", "deploy"]);
        format!("{what}-{}-{}", pick(rng, &self.teams), hex(rng, 3))
    }
}

impl Account {
    fn new(rng: &mut Rng) -> Self {
        let id = whole(rng, 100_000_000_000, 999_999_999_999).to_string();
        let gateways = (0..3).map(|_| agent::cloud(rng)).collect();
        Self { id, seed: rng.next_u64(), gateways }
    }

    /// The role of people who sign in at one place for all accounts, with a set of permissions.
    pub(crate) fn permissions(&self, set: &str) -> String {
        format!("AWSReservedSSO_{set}Access_{:016x}", self.seed)
    }
}

/// What the principals share while they are invented.
pub(crate) struct Cast {
    days: u32,
    /// Whether principals have few addresses and do few things.
    modest: bool,
    offices: Vec<String>,
    first: Vec<&'static str>,
    last: Vec<&'static str>,
    offset: usize,
    /// Role, account, region and job of the fleet that instances join, and how many more do.
    fleet: Option<(String, usize, u8, usize, u64)>,
}

impl Cast {
    pub(crate) fn new(rng: &mut Rng, days: u32) -> Self {
        let offices = SITES.iter().map(|_| agent::home(rng)).collect();
        let offset = rng.below(1 << 16) as usize;
        Self {
            days,
            modest: false,
            offices,
            first: words("first"),
            last: words("last"),
            offset,
            fleet: None,
        }
    }

    /// The same for a small account: its principals have few addresses and do few things.
    pub(crate) fn modest(rng: &mut Rng, days: u32) -> Self {
        Self { modest: true, ..Self::new(rng, days) }
    }

    /// The `nth` name of a person; no name comes twice.
    fn name(&self, nth: usize) -> String {
        let all = self.first.len() * self.last.len();
        // A step that shares no factor with the number of names visits all of them.
        let at = (self.offset + nth * 1597) % all;
        let name =
            format!("{}.{}", self.first[at % self.first.len()], self.last[at / self.first.len()]);
        if nth < all { name } else { format!("{name}{}", nth / all + 1) }
    }

    /// Invents the `nth` principal of a kind.
    pub(crate) fn actor(
        &mut self,
        rng: &mut Rng,
        world: &World,
        jobs: &[Job],
        (kind, nth): (Kind, usize),
        traffic: f64,
    ) -> Actor {
        let of_kind: Vec<&Job> = jobs.iter().filter(|job| job.kind == kind).collect();
        let mut account = early(rng, world.accounts.len());
        let mut region = if chance(rng, 0.7) { 0 } else { rng.below(USED_REGIONS as u64) as u8 };
        let mut job = match kind {
            // Somebody has to look after a small account.
            Kind::Person if self.modest && nth == 0 => {
                of_kind.iter().position(|job| job.name == "admin").expect("there is such a job")
            }
            Kind::Person => early(rng, of_kind.len()),
            Kind::Linked | Kind::Service => nth % of_kind.len(),
            _ => rng.below(of_kind.len() as u64) as usize,
        };
        let team = *pick(rng, &world.teams);
        let mut mfa = false;
        let mut console = false;
        let (identity, mut places, agents, rhythm);
        match kind {
            Kind::Person => {
                let site = by_weight(rng, &[0.4, 0.65, 0.8, 0.92, 1.0], 0, SITES.len());
                let id = &world.accounts[account].id;
                mfa = chance(rng, 0.9);
                identity = if nth.is_multiple_of(3) {
                    Identity::user(rng, id, self.name(nth))
                } else {
                    let set = ["PowerUser", "ReadOnly", "Administrator"][job % 3];
                    let role = world.accounts[account].permissions(set);
                    Identity::role(rng, id, role, format!("{}@example.com", self.name(nth)))
                };
                places = self.person_places(rng, site);
                console = chance(rng, 0.85);
                agents = self.person_agents(rng, console);
                rhythm = rhythm_of(When::Office { east: SITES[site] }, 14.0, 4.0);
            }
            Kind::Instance => {
                let role;
                (role, account, region, job) =
                    self.join_fleet(rng, team, (account, region, job), &of_kind);
                let id = &world.accounts[account].id;
                let session = instance_id(rng);
                identity = Identity::role(rng, id, role, session);
                places = vec![match rng.below(3) {
                    0 => agent::private(rng),
                    1 => pick(rng, &world.accounts[account].gateways).clone(),
                    _ => agent::cloud(rng),
                }];
                agents = vec![self.agent(rng, Make::Sdk), self.agent(rng, Make::SsmAgent)];
                rhythm = rhythm_of(When::Always, 1.3, 2.0);
            }
            Kind::Function => {
                let name = format!("{team}-{}-{}", of_kind[job].name, hex(rng, 3));
                let id = &world.accounts[account].id;
                let role = format!("{name}-role-{}", hex(rng, 8));
                identity = Identity::role(rng, id, role, name);
                places = (0..whole(rng, 1, 3)).map(|_| agent::cloud(rng)).collect();
                agents = vec![
                    self.agent(rng, Make::Function),
                    Agent::fixed("awslambda-worker/1.0 rusoto/0.48.0 rust/1.81.0 linux"),
                ];
                rhythm = rhythm_of(When::Always, 3.0, 0.3);
            }
            Kind::Pipeline => {
                let id = &world.accounts[account].id;
                let role = format!("{team}-{}", of_kind[job].name);
                identity = Identity::role(rng, id, role, format!("ci-{team}"));
                places = (0..whole(rng, 3, 7)).map(|_| agent::cloud(rng)).collect();
                let make =
                    if of_kind[job].name == "terraform" { Make::Terraform } else { Make::Cli };
                agents = vec![self.agent(rng, make)];
                rhythm = rhythm_of(When::Office { east: *pick(rng, &SITES[..2]) }, 60.0, 0.4);
            }
            Kind::Scanner => {
                let id = &world.accounts[account].id;
                let role = format!("{}-audit-{}", of_kind[job].name, hex(rng, 4));
                identity = Identity::role(rng, id, role, "scan".to_owned());
                places = vec![agent::cloud(rng)];
                agents = vec![self.agent(rng, Make::Sdk)];
                rhythm = rhythm_of(When::Nightly { hour: rng.between(0.0, 5.0) }, 250.0, 0.15);
            }
            Kind::Linked | Kind::Service => {
                let name = of_kind[job].name;
                let host = format!("{name}.amazonaws.com");
                let id = &world.accounts[account].id;
                identity = if kind == Kind::Service {
                    Identity::service(host.clone())
                } else {
                    let role = format!("AWSServiceRoleFor{}", title(name));
                    let session = format!("{name}-{}", hex(rng, 4));
                    Identity::role(rng, id, role, session)
                };
                (places, agents) = (vec![host.clone()], vec![Agent::fixed(host)]);
                rhythm = rhythm_of(When::Always, 4.0, 0.3);
            }
            Kind::Root => {
                account = nth;
                mfa = true;
                console = true;
                identity = Identity::root(&world.accounts[account].id);
                places = vec![self.offices[0].clone()];
                agents = vec![self.agent(rng, Make::Browser)];
                rhythm = rhythm_of(When::Office { east: SITES[0] }, 8.0, 6.0);
            }
            Kind::Newcomer | Kind::NewTool => {
                unreachable!("who is new is invented where visits are")
            }
        }
        let mut most = usize::MAX;
        if self.modest {
            places.truncate(2);
            most = whole(rng, 7, 16) as usize;
        }
        let choices =
            if matches!(kind, Kind::Instance | Kind::Function) { 1 } else { agents.len() };
        let mut habits = of_kind[job].habits(rng, &world.catalogue, choices as u8, most);
        if choices < agents.len() {
            // The platform's own agent makes the platform's own calls.
            let own = [
                "UpdateInstanceInformation",
                "ListInstanceAssociations",
                "PutInventory",
                "CreateLogStream",
            ];
            for habit in &mut habits.list {
                habit.agent = u8::from(own.contains(&world.catalogue.call(habit.call).name));
            }
        }
        let share = traffic * around_one(rng, 0.8);
        let seed = rng.next_u64();
        Actor {
            kind,
            job: of_kind[job].name,
            account,
            region,
            identity,
            places,
            agents,
            console,
            mfa,
            habits,
            rhythm,
            share,
            seed,
        }
    }

    fn agent(&self, rng: &mut Rng, make: Make) -> Agent {
        let updates = if matches!(make, Make::Browser) { 0.9 } else { 0.3 };
        Agent::draw(rng, make, updates, self.days)
    }

    /// Mostly the office or the home, sometimes the other, seldom on the way.
    fn person_places(&self, rng: &mut Rng, site: usize) -> Vec<String> {
        let mut places: Vec<String> = (0..whole(rng, 1, 3)).map(|_| agent::home(rng)).collect();
        if chance(rng, 0.5) {
            places[0].clone_from(&self.offices[site]);
        }
        places
    }

    fn person_agents(&self, rng: &mut Rng, console: bool) -> Vec<Agent> {
        let mut agents = Vec::new();
        if console {
            agents.push(self.agent(rng, Make::Browser));
        }
        if !console || chance(rng, 0.6) {
            agents.push(self.agent(rng, Make::Cli));
        }
        if chance(rng, 0.12) {
            agents.push(self.agent(rng, Make::Terraform));
        }
        agents
    }

    /// The role, account, region and job of the next instance.
    fn join_fleet(
        &mut self,
        rng: &mut Rng,
        team: &str,
        (account, region, job): (usize, u8, usize),
        jobs: &[&Job],
    ) -> (String, usize, u8, usize) {
        if self.fleet.as_ref().is_none_or(|fleet| fleet.4 == 0) {
            let role = format!("{team}-{}-{}", jobs[job].name, hex(rng, 2));
            self.fleet = Some((role, account, region, job, whole(rng, 1, 10)));
        }
        let fleet = self.fleet.as_mut().expect("a fleet was just made");
        fleet.4 -= 1;
        (fleet.0.clone(), fleet.1, fleet.2, fleet.3)
    }
}

fn rhythm_of(when: When, run: f64, gap: f64) -> Rhythm {
    Rhythm { when, days: Days::All, run, gap }
}

/// `access-analyzer` as `AccessAnalyzer`.
fn title(name: &str) -> String {
    let upper = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(upper).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_small_world_has_all_kinds_and_a_large_one_no_two_people_of_a_name() {
        let small = World::new(1, 1, 30);
        for (kind, _, _) in KINDS {
            assert!(small.actors.iter().any(|actor| actor.kind == kind), "{kind:?}");
        }
        let large = World::new(1, 1_000_000, 30);
        let people = large.actors.iter().filter(|actor| actor.kind == Kind::Person);
        let names: Vec<&String> = people.filter_map(|actor| actor.identity.arn.as_ref()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn shares_of_traffic_have_a_heavy_tail() {
        let world = World::new(1, 300_000, 30);
        let mut rows = world.rows_by_actor(world.actors.len(), 300_000);
        rows.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(rows.iter().sum::<u64>(), 300_000);
        let tenth: u64 = rows[..rows.len() / 10].iter().sum();
        assert!(tenth > 90_000, "the busiest tenth leaves {tenth} rows");
    }
}
