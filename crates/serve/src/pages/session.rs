//! One session: why it stands out, and its events.

use super::{Frame, Page, Shared, html};
use crate::bench::Kind;
use crate::error::PageError;
use crate::table::{figure, moment};
use crate::view::{Filter, View, address};
use askama::Template;
use axum::extract::{Path, State};
use lanner_report::words::{Shown, count};

/// Events that the page lists; the list of events has all.
const EVENTS: usize = 300;

#[derive(Template)]
#[template(path = "workbench_session.html")]
struct SessionPage {
    frame: Frame,
    id: u64,
    /// Reasons and features, of a session that stands out.
    card: Option<String>,
    facts: Vec<(Shown, Shown)>,
    events: Vec<Vec<Option<Shown>>>,
    more: bool,
    total: String,
    all: String,
    csv: String,
}

/// The columns of the events.
const COLUMNS: [&str; 7] =
    ["time", "event_id", "meaning", "user", "source_ip", "object", "correlation"];

pub(super) async fn page(State(bench): Shared, Path(id): Path<u64>) -> Page {
    let Kind::Sessions(_, parts) = &bench.kind else {
        return Err(PageError::Missing("A hunt for events has no sessions.".into()));
    };
    let own = format!("SELECT * FROM sessions WHERE session_id = {id}");
    let events = format!(
        "SELECT {}, count(*) OVER () AS n FROM events WHERE session_id = {id} \
         ORDER BY time, lanner_file, lanner_record",
        COLUMNS.map(|c| format!("\"{c}\"")).join(", ")
    );
    let (own, events) = tokio::join!(bench.ask(&own, 1), bench.ask(&events, EVENTS));
    let (own, events) = (own?, events?);
    if own.rows() == 0 {
        return Err(PageError::Missing(format!("There is no session {id}.")));
    }
    let hidden = ["reasons", "explanation", "ensemble_explanation", "session_id"];
    let facts = own.names.iter().filter(|n| !hidden.contains(&n.as_str()));
    let facts = facts.filter_map(|n| {
        let text = own.get(0, n).filter(|t| !t.is_empty())?;
        let text = if n == "start" || n == "end" { moment(text) } else { figure(text) };
        Some((Shown::new(&n.replace('_', " "), 40, 40), Shown::new(&text, 200, 600)))
    });
    let cell = |i: usize, c: &&str| {
        let text = events.get(i, c)?;
        Some(Shown::new(&if *c == "time" { moment(text) } else { text.to_owned() }, 60, 300))
    };
    let filter = Filter::value("session_id", Some(&id.to_string()));
    let csv = format!("SELECT * FROM events WHERE session_id = {id} ORDER BY time");
    html(&SessionPage {
        frame: Frame::new(&bench, format!("Session {id}"), "Sessions"),
        id,
        card: parts.cards.iter().find(|(c, _)| *c == id).map(|(_, card)| card.clone()),
        facts: facts.collect(),
        events: (0..events.rows()).map(|i| COLUMNS.iter().map(|c| cell(i, c)).collect()).collect(),
        more: events.more,
        total: count(events.count(0, "n") as usize, "event"),
        all: View { filters: vec![filter], ..View::default() }.at("/events"),
        csv: address("/sql.csv", &[("q", csv)]),
    })
}
