//! What principals do: jobs from `data/jobs.txt`, and the habits drawn from them.

use crate::catalogue::{CallId, Catalogue, Class, lines};
use crate::draw::{around_one, by_weight, chance, early, pick, whole};
use lanner_frame::Rng;

/// Kinds of principals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A person.
    Person,
    /// A virtual machine.
    Instance,
    /// A serverless function.
    Function,
    /// What builds and deploys.
    Pipeline,
    /// An auditing tool that looks at everything.
    Scanner,
    /// A service acting through the role linked to it.
    Linked,
    /// A service acting by itself.
    Service,
    /// The owner of an account.
    Root,
    /// A person on the first day.
    Newcomer,
    /// A program on its first day.
    NewTool,
}

impl Kind {
    fn named(name: &str) -> Self {
        match name {
            "person" => Self::Person,
            "instance" => Self::Instance,
            "function" => Self::Function,
            "pipeline" => Self::Pipeline,
            "scanner" => Self::Scanner,
            "linked" => Self::Linked,
            "service" => Self::Service,
            "root" => Self::Root,
            "newcomer" => Self::Newcomer,
            "newtool" => Self::NewTool,
            other => unreachable!("jobs.txt has no kind {other:?}"),
        }
    }
}

/// One job: the calls that whoever has it makes.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    calls: (u64, u64),
    writes: f64,
    always: Vec<CallId>,
    services: Vec<usize>,
}

/// Reads the table of jobs.
pub(crate) fn jobs(catalogue: &Catalogue) -> Vec<Job> {
    lines(include_str!("../data/jobs.txt")).map(|line| Job::parse(line, catalogue)).collect()
}

/// Why a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does not.
    None,
    /// The principal may not do this.
    Denied,
    /// Too many calls at once.
    Throttled,
    /// What it asks for is not there.
    Missing,
    /// A wrong password.
    BadLogin,
}

/// One call that a principal makes again and again.
#[derive(Debug, Clone)]
pub(crate) struct Habit {
    pub(crate) call: CallId,
    /// Which of the principal's agents it is mostly made with.
    pub(crate) agent: u8,
    pub(crate) fault: Fault,
    /// Share of the calls that fail.
    pub(crate) fails: f64,
    /// The habit that comes before it: one looks at a thing before changing it.
    pub(crate) lead: Option<u16>,
    /// The habits of the same service, from and to (exclusive).
    service: (u16, u16),
}

/// The habits of a principal, ordered by service.
#[derive(Debug, Clone)]
pub(crate) struct Habits {
    pub(crate) list: Vec<Habit>,
    cumulative: Vec<f64>,
}

impl Habits {
    /// Draws any habit.
    pub(crate) fn any(&self, rng: &mut Rng) -> usize {
        by_weight(rng, &self.cumulative, 0, self.list.len())
    }

    /// Draws a habit of the same service as habit `last`.
    pub(crate) fn alike(&self, rng: &mut Rng, last: usize) -> usize {
        let (from, to) = self.list[last].service;
        by_weight(rng, &self.cumulative, usize::from(from), usize::from(to))
    }
}

impl Job {
    fn parse(line: &'static str, catalogue: &Catalogue) -> Self {
        let (head, tokens) = line.split_once(" | ").expect("a job has calls");
        let mut head = head.split(' ');
        let mut next = || head.next().expect("a job has a kind, a name, a range and a share");
        let (kind, name, range, writes) = (Kind::named(next()), next(), next(), next());
        let (low, high) = range.split_once('-').expect("a range is LOW-HIGH");
        let (mut always, mut services) = (Vec::new(), Vec::new());
        for token in tokens.split(' ') {
            match token.split_once(':') {
                Some((service, call)) => always.push(catalogue.find(service, call)),
                None => services.push(catalogue.service(token)),
            }
        }
        let number = "a number of a job";
        Self {
            kind,
            name,
            calls: (low.parse().expect(number), high.parse().expect(number)),
            writes: writes.parse().expect(number),
            always,
            services,
        }
    }

    /// Draws the habits of one principal, which has `agents` user agents: `most` calls at most.
    pub(crate) fn habits(
        &self,
        rng: &mut Rng,
        catalogue: &Catalogue,
        agents: u8,
        most: usize,
    ) -> Habits {
        let mut drawn: Vec<(CallId, f64)> = Vec::new();
        for id in self.calls(rng, catalogue, most) {
            let rank = drawn.len() as f64 + 1.0;
            drawn.push((id, around_one(rng, 0.5) / rank.powf(1.1)));
        }
        drawn.sort_by_key(|&(id, _)| (catalogue.call(id).service, id));
        let (mut list, mut cumulative, mut sum) = (Vec::<Habit>::new(), Vec::new(), 0.0);
        for &(id, weight) in &drawn {
            sum += weight;
            cumulative.push(sum);
            let service = catalogue.call(id).service;
            let same = |other: CallId| catalogue.call(other).service == service;
            let from = drawn.partition_point(|&(other, _)| catalogue.call(other).service < service);
            let to = from + drawn[from..].iter().take_while(|&&(other, _)| same(other)).count();
            let reads = |&i: &usize| catalogue.call(drawn[i].0).looks();
            let lead = (from..to).find(reads).filter(|_| !catalogue.call(id).looks());
            let (fault, fails) = self.fault(rng, catalogue, id);
            list.push(Habit {
                call: id,
                agent: rng.below(u64::from(agents)) as u8,
                fault,
                fails,
                lead: lead.map(|i| i as u16),
                service: (from as u16, to as u16),
            });
        }
        Habits { list, cumulative }
    }

    /// The calls of one principal, each once, what it does most first.
    fn calls(&self, rng: &mut Rng, catalogue: &Catalogue, most: usize) -> Vec<CallId> {
        let wanted = (whole(rng, self.calls.0, self.calls.1) as usize).min(most);
        let mut out: Vec<CallId> = self.always.iter().copied().take(wanted).collect();
        if self.services.is_empty() {
            return out;
        }
        // Draws may repeat; the bound ends the search where the services have too few calls.
        for _ in 0..wanted * 8 {
            if out.len() >= wanted {
                break;
            }
            let service = &catalogue.services[self.services[early(rng, self.services.len())]];
            let manages =
                matches!(self.kind, Kind::Person | Kind::Scanner | Kind::Newcomer | Kind::NewTool);
            let data = !manages && chance(rng, 0.7);
            let class = match (chance(rng, self.writes), data) {
                (false, false) => Class::Read,
                (false, true) => Class::Get,
                (true, false) => Class::Write,
                (true, true) => Class::Put,
            };
            let mut list = service.calls(class);
            if list.is_empty() {
                list = service.calls(Class::Read);
            }
            let id = list[early(rng, list.len())];
            if !out.contains(&id) {
                out.push(id);
            }
        }
        out
    }

    /// How a habit fails: most never do, some nearly always.
    fn fault(&self, rng: &mut Rng, catalogue: &Catalogue, id: CallId) -> (Fault, f64) {
        let call = catalogue.call(id);
        let optional =
            ["GetBucketPolicy", "GetBucketLifecycle", "GetBucketCors", "GetBucketWebsite"];
        let careful = matches!(self.kind, Kind::Person | Kind::Scanner);
        if optional.contains(&call.name) || call.name.starts_with("GetBucketRepl") {
            (Fault::Missing, rng.between(0.3, 0.9))
        } else if careful && chance(rng, 0.05) {
            (Fault::Denied, rng.between(0.3, 1.0))
        } else if chance(rng, 0.04) {
            (Fault::Missing, rng.between(0.01, 0.3))
        } else if chance(rng, 0.3) {
            (Fault::Throttled, *pick(rng, &[0.001, 0.004, 0.02]))
        } else {
            (Fault::None, 0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_are_distinct_calls_and_lead_from_looking_to_changing() {
        let catalogue = Catalogue::new();
        let all = jobs(&catalogue);
        let operator = all.iter().find(|job| job.name == "operator").unwrap();
        let habits = operator.habits(&mut Rng::new(2, 0), &catalogue, 2, usize::MAX);
        let mut calls: Vec<CallId> = habits.list.iter().map(|habit| habit.call).collect();
        calls.dedup();
        assert!(calls.len() == habits.list.len() && calls.len() >= 30);
        let leads = habits.list.iter().filter_map(|habit| Some((habit, habit.lead?)));
        for (habit, lead) in leads {
            let before = &habits.list[usize::from(lead)];
            let (before, after) = (catalogue.call(before.call), catalogue.call(habit.call));
            assert!(before.looks() && !after.looks() && before.service == after.service);
        }
    }
}
