//! The list of incidents, the default view of the lanner recipe.

use super::load::{Grounded, Hunt, IncidentRow};
use super::words::{Shown, count, time};

/// Characters of a reason, and of a query.
const REASON: (usize, usize) = (300, 600);
const QUERY: usize = 1200;

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
    /// What its oddest tuples did.
    pub actions: Shown,
    /// The one that contributes most first.
    pub reasons: Vec<Shown>,
    /// What supports the reasons, and the queries that check them.
    pub checks: Vec<Check>,
    /// Places of its tuples among those that the page lists.
    pub members: Vec<usize>,
}

/// A count that can be checked.
pub(super) struct Check {
    pub text: Shown,
    pub sql: Option<String>,
}

/// The rows of the list.
pub(super) fn rows(hunt: &Hunt) -> Vec<Incident> {
    hunt.incidents.iter().enumerate().map(|(i, line)| row(i + 1, line, hunt)).collect()
}

fn row(place: usize, line: &IncidentRow, hunt: &Hunt) -> Incident {
    let actor = [("who", &line.principal), ("from", &line.network), ("with", &line.agent)];
    let actor = actor
        .into_iter()
        .filter_map(|(label, value)| value.as_ref().map(|v| (label, Shown::new(v, 120, 300))));
    let last = line.end.filter(|_| line.end != line.start);
    let reasons: Vec<&str> = if line.reasons.is_empty() {
        vec![&line.why]
    } else {
        line.reasons.iter().map(|r| r.text.as_str()).collect()
    };
    let grounds = line.reasons.iter().flat_map(|r| std::iter::once(r).chain(&r.because));
    let check = |r: &Grounded| Check {
        text: Shown::new(&r.text, REASON.0, REASON.1),
        sql: r.sql.as_deref().map(|sql| lanner_frame::text::excerpt(sql, QUERY)),
    };
    let members = hunt.tuples.iter().enumerate();
    let members = members.filter(|(_, t)| t.incident == Some(place as u32));
    Incident {
        place,
        score: format!("{:.2}", line.score),
        size: format!(
            "{} of {}",
            count(line.rows as usize, "row"),
            count(line.tuples as usize, "tuple")
        ),
        first: line.start.map(time),
        last: last.map(time),
        actor: actor.collect(),
        actions: Shown::new(&line.actions, 400, 1200),
        reasons: reasons.into_iter().map(|r| Shown::new(r, REASON.0, REASON.1)).collect(),
        checks: grounds.filter(|r| r.sql.is_some()).map(check).collect(),
        members: members.map(|(at, _)| at + 1).collect(),
    }
}
