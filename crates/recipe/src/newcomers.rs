//! Newcomers: principals that came once, from a network of their own, where hardly anybody does.
//!
//! In a small steady account an intruder with a new identity makes a dense crowd of his own, which the
//! models take for normal. Here each session counts once, and a pair of principal and network is odd by
//!
//! ```text
//! z = max(t(P), t(N|P)) + t(N)            g = sum over all pairs q of min(1, (z_q / z)^5)
//! f = max(0, ln(15 / g))                  h = min(1, f / ln 5)             H = max h
//! ```
//!
//! g is how many pairs are about as odd as this one: where newcomers are common it is above 15 and the
//! term is 0 for everyone.

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

/// How much of a newcomer each tuple's pair of principal and network is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Newcomers {
    /// t(P), t(N), t(N|P) of each tuple, sessions counted once.
    pub(crate) surprise: Vec<[f64; 3]>,
    /// f of each tuple, 0 or more.
    pub(crate) f: Vec<f64>,
    /// H, 0 to 1.
    pub(crate) weight: f64,
    /// The pairs' z, in ascending order, each with the sum of z^5 of those before it.
    scale: Vec<(f64, f64)>,
}

impl Newcomers {
    /// Looks for newcomers; finds none where principal or network is not known.
    pub(crate) fn find(facts: &Facts, sessions: &[Session]) -> Self {
        let n = facts.len();
        let mut found =
            Self { surprise: vec![[0.0; 3]; n], f: vec![0.0; n], weight: 0.0, scale: Vec::new() };
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
        let mut pairs: Vec<((u32, u32), u32)> =
            (0..sessions.len()).map(|s| ((who[s], place[s]), s as u32)).collect();
        pairs.sort_unstable();
        for run in runs(&pairs) {
            let first = pairs[run.start].1 as usize;
            let t = [t_who[first], t_place[first], t_given[first]];
            found.scale.push((oddness(t), 0.0));
            for part in pairs[run].iter().flat_map(|p| &sessions[p.1 as usize].parts) {
                found.surprise[part.tuple as usize] = t;
            }
        }
        found.scale.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut below = 0.0;
        for (z, before) in &mut found.scale {
            *before = below;
            below += z.powi(STEEPNESS);
        }
        found.f = found.surprise.iter().map(|&t| found.scarcity(t)).collect();
        found.weight = found.f.iter().map(|&f| Self::share(f)).fold(0.0, f64::max);
        found
    }

    /// f of a pair with these t(P), t(N), t(N|P).
    pub(crate) fn scarcity(&self, t: [f64; 3]) -> f64 {
        let z = oddness(t);
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

    /// The two ranks of a tuple, by its models and by its features' sum, as one number: where newcomers
    /// are rare enough to be told apart, the models, to which they look like a crowd, count less.
    pub(crate) fn blend(&self, by_models: f64, by_sum: f64) -> f64 {
        by_sum + (1.0 - self.weight) * by_models
    }

    /// h, 0 to 1, of an f.
    pub(crate) fn share(f: f64) -> f64 {
        (f / IN_FULL.ln()).min(1.0)
    }
}

fn oddness([who, place, given]: [f64; 3]) -> f64 {
    who.max(given) + place
}
