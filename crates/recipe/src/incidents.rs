//! Incidents: one line for each session, the default view.

use crate::reasons::{Reason, Reasons};
use crate::sessions::Session;
use crate::{Facts, Role, Scored};

/// A session as a line of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Score, larger is odder.
    pub score: f64,
    /// Its tuples, oddest first.
    pub tuples: Vec<u32>,
    /// Rows of the session.
    pub rows: u64,
    /// First and last moment, microseconds since 1970 UTC; none without event time.
    pub span: Option<(i64, i64)>,
    /// Tuples of it that are suspicious by themselves.
    pub odd_tuples: u32,
    /// What all that is odd in it adds to the score of its oddest tuple.
    pub company: f64,
    /// Actions seen in this session and no other.
    pub odd_actions: u32,
}

/// The sessions, oddest first; of equal scores those with fewer rows and then the earlier first.
///
/// # Cost
/// A sort of the sessions and of each one's tuples.
pub fn incidents(scored: &Scored) -> Vec<Incident> {
    let own = |t: u32| scored.own[t as usize];
    let incident = |session: &Session| {
        let mut tuples: Vec<u32> = session.parts.iter().map(|p| p.tuple).collect();
        tuples.sort_by(|&a, &b| own(b).total_cmp(&own(a)));
        let (most, excess, odd_tuples) = scored.session(session);
        let company = excess.ln_1p();
        Incident {
            score: most + company + f64::from(session.own_actions).ln_1p(),
            odd_tuples,
            company,
            tuples,
            rows: session.parts.iter().map(|p| p.rows).sum(),
            span: session.span(),
            odd_actions: session.own_actions,
        }
    };
    let mut all: Vec<Incident> = scored.sessions.iter().map(incident).collect();
    all.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then(a.rows.cmp(&b.rows)).then(a.span.cmp(&b.span))
    });
    all
}

impl Incident {
    /// The value that all tuples of the session share in the column of a role; none where there is no
    /// such column or it is null.
    pub fn shared<'a>(&self, facts: &'a Facts, role: Role) -> Option<&'a str> {
        let column = &facts.columns[facts.at(role)?];
        column.values[column.codes[self.tuples[0] as usize] as usize].as_deref()
    }

    /// The reasons of the incident: those of its oddest tuple, and what the session adds.
    pub fn reasons(&self, reasons: &Reasons<'_>) -> Vec<Reason> {
        let mut all = reasons.of_tuple(self.tuples[0] as usize);
        reasons.of_session(self, &mut all);
        all
    }
}
