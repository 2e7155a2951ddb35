//! The incidents, strangest first.

use super::reasons::{Reason, reasons};
use super::{Frame, Page, Pairs, Shared, given, html};
use crate::select::Listing;
use crate::table::Grid;
use crate::view::{View, address};
use arrow::datatypes::Schema;
use askama::Template;
use axum::extract::{Query, State};
use lanner_report::words::{Shown, count, grouped};

/// Incidents of a page.
const LISTED: usize = 20;

/// An incident as pages show it.
pub(super) struct Incident {
    pub number: u64,
    pub score: String,
    pub size: String,
    pub first: String,
    /// Only where it differs from `first`.
    pub last: Option<String>,
    /// Who, from where, with what: label, text, and the page of it.
    pub actor: Vec<(&'static str, Shown, Option<String>)>,
    pub actions: Shown,
    pub reasons: Vec<Reason>,
}

#[derive(Template)]
#[template(path = "workbench_incidents.html")]
struct IncidentsPage {
    frame: Frame,
    total: String,
    text: String,
    incidents: Vec<Incident>,
    before: Option<String>,
    after: Option<String>,
    from: usize,
    to: usize,
    csv: String,
}

/// The roles of an incident: column, word, and the column of tuples that holds it.
pub(super) const ROLES: [(&str, &str, &str); 3] = [
    ("principal", "who", "lanner_principal"),
    ("network", "from", "lanner_network"),
    ("agent", "with", "lanner_agent"),
];

/// The list of incidents.
pub(super) fn listing(schema: &Schema) -> Listing<'_> {
    Listing {
        table: "incidents",
        schema,
        order: "incident".to_owned(),
        times: Some(("start", "end")),
        searched: vec!["principal", "network", "agent", "actions", "why"],
    }
}

/// The incident in a row.
pub(super) fn incident(grid: &Grid, i: usize) -> Incident {
    let actor = ROLES.iter().filter_map(|(column, word, held)| {
        let value = grid.get(i, column)?;
        Some((*word, Shown::new(value, 120, 300), super::list::entity(held, Some(value))))
    });
    let (first, last) = (grid.time(i, "start"), grid.time(i, "end"));
    let size =
        [("rows", "row"), ("tuples", "tuple")].map(|(c, w)| count(grid.count(i, c) as usize, w));
    Incident {
        number: grid.count(i, "incident"),
        score: grid.number(i, "score").map_or_else(String::new, |s| format!("{s:.2}")),
        size: size.join(" of "),
        last: (first != last).then_some(last),
        first,
        actor: actor.collect(),
        actions: Shown::new(grid.get(i, "actions").unwrap_or_default(), 400, 1200),
        reasons: reasons(grid.get(i, "reasons"), grid.get(i, "why")),
    }
}

/// The rows of the first incidents as a table to hand on.
const HAND_ON: &str = "SELECT * FROM events WHERE incident <= 10 ORDER BY incident, lanner_row";

pub(super) async fn page(State(bench): Shared, Query(pairs): Pairs) -> Page {
    let schema = bench.schema("incidents")?;
    let text = given(&pairs, "q").unwrap_or_default().trim().to_owned();
    let at = given(&pairs, "page").and_then(|p| p.parse::<usize>().ok()).unwrap_or(1).max(1) - 1;
    let listing = listing(schema);
    let condition = listing.condition(&View { text: text.clone(), ..View::default() });
    let count = format!("SELECT count(*) AS n FROM incidents{condition}");
    // Incidents are numbered by their place, so that a page of all of them is a range of numbers.
    let (from, to) = (at.saturating_mul(LISTED), at.saturating_add(1).saturating_mul(LISTED));
    let rows = if condition.is_empty() {
        format!(
            "SELECT * FROM incidents WHERE incident > {from} AND incident <= {to} ORDER BY incident"
        )
    } else {
        format!("SELECT * FROM incidents{condition} ORDER BY incident LIMIT {LISTED} OFFSET {from}")
    };
    let (total, grid) = tokio::join!(bench.ask(&count, 1), bench.ask(&rows, LISTED));
    let (total, grid) = (total?.count(0, "n"), grid?);
    let other = |page: usize| {
        let mut pairs = Vec::new();
        if !text.is_empty() {
            pairs.push(("q", text.clone()));
        }
        pairs.push(("page", (page + 1).to_string()));
        address("/incidents", &pairs)
    };
    let to = from.saturating_add(grid.rows());
    html(&IncidentsPage {
        frame: Frame::new(&bench, "Incidents", "Incidents"),
        total: grouped(total),
        incidents: (0..grid.rows()).map(|i| incident(&grid, i)).collect(),
        before: (at > 0).then(|| other(at.saturating_sub(1))),
        after: ((to as u64) < total).then(|| other(at + 1)),
        from: from.saturating_add(1).min(to),
        to,
        text,
        csv: address("/sql.csv", &[("q", HAND_ON.to_owned())]),
    })
}
