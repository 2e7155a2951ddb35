//! What the reasons of a tuple are found in.

use crate::{IncidentLine, Looked};
use lanner_explain::{Rarity, Reason};
use lanner_frame::Ctx;
use lanner_frame::text::excerpt;
use lanner_recipe::{Facts, Incident, Role, Scored};
use rayon::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;

/// Actions that are named of an incident.
const ACTIONS: usize = 20;
/// Characters of a field's name in a reason.
pub const NAME_SHOWN: usize = 100;
/// Characters of a value in a reason. The column of the field has the whole value.
pub const VALUE_SHOWN: usize = 200;

/// One reason: in words, and as data.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// In words; log text in it is cut and safe to show.
    pub text: String,
    /// The same with its numbers; log text in it is raw.
    pub detail: Value,
}

impl Why {
    /// Reasons in words, `; ` between them.
    pub fn joined(reasons: &[Self]) -> String {
        let texts: Vec<&str> = reasons.iter().map(|r| r.text.as_str()).collect();
        texts.join("; ")
    }
}

impl From<Reason> for Why {
    fn from(reason: Reason) -> Self {
        let detail = serde_json::to_value(&reason).unwrap_or_default();
        let value = reason.value.as_deref().map(|v| excerpt(v, VALUE_SHOWN));
        let field = excerpt(&reason.field, NAME_SHOWN);
        Self { text: Reason { field, value, ..reason }.text(), detail }
    }
}

impl From<lanner_recipe::Reason> for Why {
    fn from(reason: lanner_recipe::Reason) -> Self {
        let detail = serde_json::to_value(&reason).unwrap_or_default();
        Self { text: reason.text, detail }
    }
}

/// What the reasons of a tuple are found in.
#[derive(Debug)]
pub enum Grounds {
    /// Rows by value, and which features the models look at (classic).
    Classic(Box<ClassicGrounds>),
    /// What the lanner recipe found.
    Lanner(Box<Lanner>),
}

/// What the reasons of the classic recipe are found in.
#[derive(Debug)]
pub struct ClassicGrounds {
    /// Rows by value.
    pub rarity: Rarity,
    /// Which features the models look at.
    pub looked: Looked,
}

/// What the lanner recipe found, tuples in the order of the engine.
pub struct Lanner {
    pub(crate) facts: Facts,
    pub(crate) scored: Scored,
    /// The tuple at each place of the list.
    pub(crate) order: Vec<u32>,
    /// The reasons of the flagged tuples, by place in the list.
    pub(crate) reasons: BTreeMap<u32, Vec<Why>>,
    /// The incident of each flagged tuple in each slot of four hours: (place in the list, slot, number).
    pub(crate) parts: Vec<(u32, i32, u32)>,
    /// Tuples at the head of the list, of which all rows are flagged.
    pub(crate) top: usize,
    /// All incidents, strangest first.
    pub(crate) listed: Vec<Incident>,
    /// The place of each tuple in the list.
    pub(crate) place: Vec<u32>,
    pub(crate) ctx: Ctx,
}

impl std::fmt::Debug for Lanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lanner").field("tuples", &self.order.len()).finish_non_exhaustive()
    }
}

impl Lanner {
    /// What was scored, its scores, and the tuple at each place of the list: to ask further.
    pub fn scored(&self) -> (&Facts, &Scored, &[u32]) {
        (&self.facts, &self.scored, &self.order)
    }

    /// The number of incidents.
    pub fn incidents(&self) -> usize {
        self.listed.len()
    }

    /// Incidents by their places in the list, in parallel. Their reasons are those in short; the first ones
    /// have all of theirs in the outcome.
    pub fn incident_lines(&self, at: Range<usize>) -> Vec<IncidentLine> {
        let line = |at: usize| {
            let session = &self.listed[at];
            let why = lanner_recipe::short(&self.facts, &self.scored, session.tuples[0] as usize);
            self.incident_line(at, why, Vec::new())
        };
        self.ctx.parallel(|| at.into_par_iter().map(line).collect())
    }

    /// An incident with its reasons.
    pub(crate) fn incident_line(&self, at: usize, why: String, reasons: Vec<Why>) -> IncidentLine {
        let (session, facts) = (&self.listed[at], &self.facts);
        let shared = |role| session.shared(facts, role).map(str::to_owned);
        let (start, end) = session.span.unzip();
        IncidentLine {
            number: at as u32 + 1,
            principal: shared(Role::Principal),
            network: shared(Role::Network),
            agent: shared(Role::Agent),
            start,
            end,
            score: session.score,
            tuples: session.tuples.iter().map(|&t| self.place[t as usize]).collect(),
            actions: actions(session, facts),
            rows: session.rows,
            odd_actions: session.odd_actions,
            why,
            reasons,
        }
    }

    /// The reasons of the tuple at place `i`: weighed for flagged ones, in short for all others.
    pub(crate) fn reasons(&self, i: usize) -> Vec<Why> {
        self.reasons.get(&(i as u32)).cloned().unwrap_or_else(|| {
            let text = lanner_recipe::short(&self.facts, &self.scored, self.order[i] as usize);
            vec![Why { text, detail: Value::Null }]
        })
    }

    /// The names of the normalised columns that have a role, as queries know them.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.with_role().map(|c| c.name.as_str())
    }

    /// The normalised values of the tuple at place `i`, in the order of [`Self::roles`].
    pub fn values(&self, i: usize) -> impl Iterator<Item = Option<&str>> {
        let tuple = self.order[i] as usize;
        self.with_role().map(move |c| c.values[c.codes[tuple] as usize].as_deref())
    }

    fn with_role(&self) -> impl Iterator<Item = &lanner_recipe::Column> {
        self.facts.columns.iter().filter(|c| c.role != Role::Other)
    }

    /// The incident of a row of the tuple at place `i`; none for a row without a time beside others that
    /// have one.
    pub(crate) fn incident_of(&self, i: u32, slot: i32) -> Option<u32> {
        let key = (i, slot);
        let at = self.parts.binary_search_by_key(&key, |p| (p.0, p.1)).ok()?;
        Some(self.parts[at].2)
    }
}

/// What the oddest tuples of a session did, each action once.
fn actions(session: &Incident, facts: &Facts) -> Vec<String> {
    let Some(column) = facts.at(Role::Action).map(|j| &facts.columns[j]) else { return Vec::new() };
    let mut all: Vec<String> = Vec::new();
    for &tuple in &session.tuples {
        let action = column.values[column.codes[tuple as usize] as usize].as_deref();
        let action = action.unwrap_or("(none)");
        if !all.iter().any(|a| a == action) {
            all.push(action.to_owned());
        }
        if all.len() == ACTIONS {
            break;
        }
    }
    all
}
