//! The company a tuple keeps: odd tuples in the same session, and in sessions that one hand may have held beside it.

use crate::newcomers::Newcomers;
use crate::sessions::{Part, Session};
use crate::{Facts, Role};
use lanner_kernels::quantile::percentile;

/// One in units of summed oddness: whole numbers, so that a sum is the same in any order.
const UNIT: f64 = (1u64 << 32) as f64;
/// What odd company is worth, in units of ln(1 + B). Chosen on five labelled tables, where 0.8 in place of 0.5
/// changed average precision by 0.000, 0.008, 0.014, 0.015 and 0.041; not checked on others.
const CONTEXT: f64 = 0.8;
/// Percentile of oddness from which on a tuple is a suspicious neighbour.
const CROWD: f64 = 90.0;

/// What the sessions of each tuple say about it.
pub(crate) struct Company {
    threshold: f64,
    /// B: the largest sum of the excess of the other tuples in one session and those linked to it.
    pub(crate) around: Vec<f64>,
    /// Other tuples with an excess in that session.
    pub(crate) others: Vec<u32>,
    /// Tuples with an excess in the sessions linked to it.
    pub(crate) linked: Vec<u32>,
    /// o: the largest number of actions seen in one session and no other.
    pub(crate) own_actions: Vec<u32>,
}

/// Looks at each tuple's neighbours in its sessions, and in those that share network, agent and hours with them.
pub(crate) fn company(facts: &Facts, sessions: &[Session], own: &[f64], newcomers: f64) -> Company {
    let n = own.len();
    let mut in_sessions = vec![0; n];
    for part in sessions.iter().flat_map(|s| &s.parts) {
        in_sessions[part.tuple as usize] += 1;
    }
    let threshold = if sessions.is_empty() {
        f64::INFINITY
    } else {
        (1.0 - newcomers) * percentile(own, &vec![1; n], CROWD)
            + newcomers * percentile(own, &in_sessions, CROWD)
    };
    let mut company = Company {
        threshold,
        around: vec![0.0; n],
        others: vec![0; n],
        linked: vec![0; n],
        own_actions: vec![0; n],
    };
    let excess = |part: &Part| company.excess(own[part.tuple as usize]);
    let sums: Vec<(u64, u32)> = sessions
        .iter()
        .map(|s| s.parts.iter().map(excess).fold((0, 0), |a, e| (a.0 + e, a.1 + u32::from(e > 0))))
        .collect();
    let linked = linked(facts, sessions, &sums);
    let mut most = vec![(0, 0, 0); n];
    for ((session, &(sum, odd)), &(aside, odd_aside)) in sessions.iter().zip(&sums).zip(&linked) {
        for part in &session.parts {
            let mine = excess(part);
            let others = odd - u32::from(mine > 0);
            let most = &mut most[part.tuple as usize];
            *most = (*most).max((sum - mine + aside, others, odd_aside));
        }
    }
    for (i, (sum, others, linked)) in most.into_iter().enumerate() {
        company.around[i] = sum as f64 / UNIT;
        company.others[i] = others;
        company.linked[i] = linked;
    }
    for session in sessions {
        for part in &session.parts {
            let most = &mut company.own_actions[part.tuple as usize];
            *most = (*most).max(session.own_actions);
        }
    }
    company
}

/// For each session what the sessions add that share its network, agent and hours but not its principal: one hand
/// with several identities, as after assuming a role. The sum of their excess over the square of their number,
/// since in a place that many share, the hands are many; and how many tuples have an excess, 0 where the sum is.
fn linked(facts: &Facts, sessions: &[Session], sums: &[(u64, u32)]) -> Vec<(u64, u32)> {
    let mut linked = vec![(0, 0); sessions.len()];
    let (Some(network), Some(agent)) = (facts.codes(Role::Network), facts.codes(Role::Agent))
    else {
        return linked;
    };
    let key = |s: usize| {
        let t = sessions[s].any() as usize;
        (network[t], agent[t], sessions[s].slot)
    };
    let mut places: Vec<_> = (0..sessions.len()).map(|s| (key(s), s)).collect();
    places.sort_unstable();
    for place in places.chunk_by(|a, b| a.0 == b.0) {
        let others = place.len() as u64 - 1;
        let all = place.iter().map(|p| sums[p.1]).fold((0, 0), |a, s| (a.0 + s.0, a.1 + s.1));
        for &(_, s) in place.iter().filter(|_| others > 0) {
            let sum = (all.0 - sums[s].0) / (others * others);
            linked[s] = (sum, if sum > 0 { all.1 - sums[s].1 } else { 0 });
        }
    }
    linked
}

impl Company {
    /// What an oddness has above the threshold, in whole units.
    fn excess(&self, own: f64) -> u64 {
        ((own - self.threshold).max(0.0) * UNIT) as u64
    }

    /// The score of tuple `i` out of its own oddness and newcomer term.
    pub(crate) fn add(&self, own: f64, f: f64, i: usize) -> f64 {
        own + self.context(i) + Self::novelty(f, self.own_actions[i])
    }

    /// What odd neighbours in a session add.
    pub(crate) fn context(&self, i: usize) -> f64 {
        CONTEXT * self.around[i].ln_1p()
    }

    /// What a newcomer's actions of its own add.
    pub(crate) fn novelty(f: f64, own_actions: u32) -> f64 {
        1.5 * Newcomers::share(f) * f64::from(own_actions).ln_1p()
    }

    /// What the oddness of several tuples has above the threshold, and how many have something.
    pub(crate) fn sum(&self, own: impl Iterator<Item = f64>) -> (f64, u32) {
        let excess = own.map(|u| self.excess(u)).filter(|&e| e > 0);
        let (sum, odd) = excess.fold((0, 0), |a: (u64, u32), e| (a.0 + e, a.1 + 1));
        (sum as f64 / UNIT, odd)
    }
}
