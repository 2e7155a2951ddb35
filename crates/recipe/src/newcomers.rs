//! Newcomers: principals that came once, from a network of their own, and did what nobody else does, where
//! hardly anybody does.
//!
//! In a small steady account an intruder with a new identity makes a dense crowd of his own, which the
//! models take for normal. Here each session counts once, and a pair of principal and network is odd by
//!
//! ```text
//! z = max(t(P), t(N|P)) + t(N) + 4 ln(1 + o)    g = sum over all pairs q of min(1, (z_q / z)^5)
//! f = max(0, ln(15 / g))                        h = min(1, f / ln 5)             H = max h
//! ```
//!
//! o is how many actions one of the pair's sessions has that no other session has, those that change something
//! counting twice: a harmless newcomer mostly does what others have done before him, so that an intruder
//! stands out from many of them. Without times there are no sessions to compare; then o counts the actions of
//! the principal that no other has, and with a factor of 1, since an old hand has such actions too.
//!
//! g is how many pairs are about as odd as this one: where newcomers of this kind are common it is above 15
//! and the term is 0 for everyone. docs/adr/0011 has the figures behind the constants.

use crate::sessions::Session;
use crate::surprise::surprise;
use crate::table::runs;
use crate::{Facts, Role};

/// As many pairs of like oddness make newcomers common.
const COMMON: f64 = 15.0;
/// A pair this many times scarcer than common is a newcomer in full.
const IN_FULL: f64 = 5.0;
/// How fast less odd pairs stop counting.
const STEEPNESS: i32 = 5;
/// What actions of its own are worth, in units of ln(1 + o): of a session, and of a principal where there
/// are no times.
const NEWS: f64 = 4.0;
const NEWS_TIMELESS: f64 = 1.0;

/// How much of a newcomer each tuple's pair of principal and network is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Newcomers {
    /// What speaks for it, of each tuple.
    pub(crate) signs: Vec<Signs>,
    /// f of each tuple, 0 or more.
    pub(crate) f: Vec<f64>,
    /// H, 0 to 1.
    pub(crate) weight: f64,
    /// The pairs' z, in ascending order, each with the sum of z^5 of those before it.
    scale: Vec<(f64, f64)>,
    /// What o is worth in this table.
    news: f64,
}

/// What makes a pair of principal and network a newcomer. Sessions are counted once.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Signs {
    /// t(P).
    pub(crate) principal: f64,
    /// t(N).
    pub(crate) network: f64,
    /// t(N|P).
    pub(crate) place: f64,
    /// o.
    pub(crate) news: u32,
}

impl Newcomers {
    /// Looks for newcomers; finds none where principal or network is not known.
    ///
    /// # Cost
    /// A few sorts of the sessions, and without times one of the tuples.
    pub(crate) fn find(facts: &Facts, sessions: &[Session]) -> Self {
        let n = facts.len();
        let timed = facts.visits.as_ref().is_some_and(|v| !v.is_empty());
        let mut found = Self {
            signs: vec![Signs::default(); n],
            f: vec![0.0; n],
            weight: 0.0,
            scale: Vec::new(),
            news: if timed { NEWS } else { NEWS_TIMELESS },
        };
        let (Some(principal), Some(network)) =
            (facts.codes(Role::Principal), facts.codes(Role::Network))
        else {
            return found;
        };
        let of = |codes: &[u32]| sessions.iter().map(|s| codes[s.any() as usize]).collect();
        let (who, place): (Vec<u32>, Vec<u32>) = (of(principal), of(network));
        let once = vec![1; sessions.len()];
        let t_who = surprise(&who, None, &once);
        let t_place = surprise(&place, None, &once);
        let t_given = surprise(&place, Some(&who), &once);
        let news: Vec<u32> = if timed {
            sessions.iter().map(|s| s.news).collect()
        } else {
            let of_principal = actions_of_one(facts, principal);
            who.iter().map(|&p| of_principal[p as usize]).collect()
        };
        let mut pairs: Vec<((u32, u32), u32)> =
            (0..sessions.len()).map(|s| ((who[s], place[s]), s as u32)).collect();
        pairs.sort_unstable();
        for run in runs(&pairs) {
            let first = pairs[run.start].1 as usize;
            let most = pairs[run.clone()].iter().map(|p| news[p.1 as usize]).max();
            let signs = Signs {
                principal: t_who[first],
                network: t_place[first],
                place: t_given[first],
                news: most.unwrap_or(0),
            };
            found.scale.push((found.oddness(signs), 0.0));
            // A tuple has the news of the session with most: an old hand's other sessions stay as they are.
            for &(_, session) in &pairs[run] {
                let signs = Signs { news: news[session as usize], ..signs };
                for part in &sessions[session as usize].parts {
                    let known = &mut found.signs[part.tuple as usize];
                    if known.news <= signs.news {
                        *known = signs;
                    }
                }
            }
        }
        found.scale.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut below = 0.0;
        for (z, before) in &mut found.scale {
            *before = below;
            below += z.powi(STEEPNESS);
        }
        found.f = found.signs.iter().map(|&signs| found.scarcity(signs)).collect();
        found.weight = found.f.iter().map(|&f| Self::share(f)).fold(0.0, f64::max);
        found
    }

    /// z of a pair.
    fn oddness(&self, signs: Signs) -> f64 {
        signs.principal.max(signs.place) + signs.network + self.news * f64::from(signs.news).ln_1p()
    }

    /// f of a pair with these signs.
    pub(crate) fn scarcity(&self, signs: Signs) -> f64 {
        let z = self.oddness(signs);
        if z <= 0.0 {
            return 0.0;
        }
        let less = self.scale.partition_point(|s| s.0 < z);
        let below = self
            .scale
            .get(less)
            .map_or_else(|| self.scale.last().map_or(0.0, |s| s.1 + s.0.powi(STEEPNESS)), |s| s.1);
        let g = (self.scale.len() - less) as f64 + below / z.powi(STEEPNESS);
        (COMMON / g).ln().max(0.0)
    }

    /// h, 0 to 1, of an f.
    pub(crate) fn share(f: f64) -> f64 {
        (f / IN_FULL.ln()).min(1.0)
    }
}

/// How many actions each principal has that no other has, those that change something counting twice.
fn actions_of_one(facts: &Facts, principal: &[u32]) -> Vec<u32> {
    let most = principal.iter().max().map_or(0, |&p| p as usize + 1);
    let mut own = vec![0; most];
    let Some(actions) = facts.codes(Role::Action) else { return own };
    let mut held: Vec<((u32, u32), u32)> =
        (0..facts.len()).map(|i| ((actions[i], principal[i]), i as u32)).collect();
    held.sort_unstable();
    for action in held.chunk_by(|a, b| a.0.0 == b.0.0) {
        let who = action[0].0.1;
        if action.iter().all(|a| a.0.1 == who) {
            let changes = action.iter().any(|a| facts.changes[a.1 as usize]);
            own[who as usize] += 1 + u32::from(changes);
        }
    }
    own
}
