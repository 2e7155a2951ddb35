//! Sessions: what one principal did from one network with one agent within four hours.

use crate::table::widest;
use crate::{Facts, Role};

/// Hours of a session.
pub const HOURS: i32 = 4;
/// The slot of rows without a time.
const TIMELESS: i32 = i32::MIN;

/// A tuple's part in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) tuple: u32,
    pub(crate) rows: u64,
    pub(crate) span: Option<(i64, i64)>,
}

/// One session: its parts, one a tuple.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) parts: Vec<Part>,
    /// Which four hours; equal for all sessions without a time.
    pub(crate) slot: i32,
    /// Actions that were seen in no other session.
    pub(crate) own_actions: u32,
    /// The same, those that change something counting twice.
    pub(crate) news: u32,
}

impl Session {
    /// A tuple of the session; all share principal, network and agent.
    pub(crate) fn any(&self) -> u32 {
        self.parts[0].tuple
    }

    /// First and last moment.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        self.parts.iter().map(|p| p.span).fold(None, widest)
    }
}

/// All sessions; none where the tuples have neither principal nor network nor agent.
///
/// # Cost
/// Two sorts of the visits.
pub(crate) fn sessions(facts: &Facts) -> Vec<Session> {
    let key = [Role::Principal, Role::Network, Role::Agent].map(|role| facts.codes(role));
    if key.iter().all(Option::is_none) {
        return Vec::new();
    }
    let who = |t: usize| key.map(|codes| codes.map_or(0, |c| c[t]));
    let mut parts: Vec<(([u32; 3], i32), Part)> = Vec::new();
    let mut timed = vec![false; facts.len()];
    if let Some(visits) = &facts.visits {
        parts.reserve(visits.len());
        for i in 0..visits.len() {
            let tuple = visits.tuple[i] as usize;
            timed[tuple] = true;
            let span = Some((visits.first[i], visits.last[i]));
            let part = Part { tuple: tuple as u32, rows: visits.rows[i], span };
            parts.push(((who(tuple), visits.hour[i].div_euclid(HOURS)), part));
        }
    }
    for tuple in (0..facts.len()).filter(|&t| !timed[t]) {
        let part = Part { tuple: tuple as u32, rows: facts.copies[tuple], span: None };
        parts.push(((who(tuple), TIMELESS), part));
    }
    parts.sort_unstable_by_key(|(key, part)| (*key, part.tuple, part.span));
    let of_session = parts.chunk_by(|a, b| a.0 == b.0);
    let merge = |same: &[(_, Part)]| Part {
        tuple: same[0].1.tuple,
        rows: same.iter().map(|p| p.1.rows).sum(),
        span: same.iter().map(|p| p.1.span).fold(None, widest),
    };
    let mut sessions: Vec<Session> = of_session
        .map(|all| Session {
            parts: all.chunk_by(|a, b| a.1.tuple == b.1.tuple).map(merge).collect(),
            slot: all[0].0.1,
            own_actions: 0,
            news: 0,
        })
        .collect();
    count_own_actions(&mut sessions, facts);
    sessions
}

/// Counts for each session the actions that occur in no other.
fn count_own_actions(sessions: &mut [Session], facts: &Facts) {
    let Some(actions) = facts.codes(Role::Action) else { return };
    let mut seen: Vec<((u32, u32), u32)> = Vec::new();
    for (s, session) in sessions.iter().enumerate() {
        let acts = |p: &Part| ((actions[p.tuple as usize], s as u32), p.tuple);
        seen.extend(session.parts.iter().map(acts));
    }
    seen.sort_unstable();
    for action in seen.chunk_by(|a, b| a.0.0 == b.0.0) {
        let session = action[0].0.1;
        if action.iter().all(|a| a.0.1 == session) {
            let changes = action.iter().any(|a| facts.changes[a.1 as usize]);
            let session = &mut sessions[session as usize];
            session.own_actions += 1;
            session.news += 1 + u32::from(changes);
        }
    }
}
