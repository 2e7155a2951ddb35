//! The list of incidents, the default view of the lanner recipe.

use super::load::{Hunt, IncidentRow};
use super::words::{Shown, count, time};

/// One incident as the page shows it.
pub(super) struct Incident {
    pub place: usize,
    pub score: String,
    pub size: String,
    pub first: Option<String>,
    /// Only where it differs from `first`.
    pub last: Option<String>,
    /// Who, from where, with what, as far as fields say so.
    pub actor: Vec<(&'static str, Shown)>,
    pub why: Shown,
    /// What its oddest tuples did.
    pub actions: Shown,
}

/// The rows of the list.
pub(super) fn rows(hunt: &Hunt) -> Vec<Incident> {
    hunt.incidents.iter().enumerate().map(|(i, line)| row(i, line)).collect()
}

fn row(i: usize, line: &IncidentRow) -> Incident {
    let actor = [("who", &line.principal), ("from", &line.network), ("with", &line.agent)];
    let actor = actor
        .into_iter()
        .filter_map(|(label, value)| value.as_ref().map(|v| (label, Shown::new(v, 120, 300))));
    let last = line.end.filter(|_| line.end != line.start);
    Incident {
        place: i + 1,
        score: format!("{:.2}", line.score),
        size: format!(
            "{} of {}",
            count(line.rows as usize, "row"),
            count(line.tuples as usize, "tuple")
        ),
        first: line.start.map(time),
        last: last.map(time),
        actor: actor.collect(),
        why: Shown::new(&line.why, 1200, 1200),
        actions: Shown::new(&line.actions, 1200, 1200),
    }
}
