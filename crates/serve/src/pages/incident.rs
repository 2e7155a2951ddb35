//! One incident: why, what it did when, and its rows.

use super::incidents::{Incident, incident};
use super::{Frame, Page, Shared, events, html, tuples};
use crate::error::PageError;
use crate::shape::{Moments, moments};
use crate::view::{Filter, View, address};
use askama::Template;
use axum::extract::{Path, State};
use lanner_report::words::Shown;

/// Rows and tuples of an incident that its page lists; the lists have all.
const ROWS: usize = 200;
const TUPLES: usize = 100;

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    frame: Frame,
    s: Incident,
    fields: Vec<Shown>,
    when: Option<Moments>,
    rows: Vec<Line>,
    more_rows: bool,
    tuples: Vec<Line>,
    more_tuples: bool,
    all_rows: String,
    all_tuples: String,
    csv: String,
    sql: String,
    before: Option<u32>,
    after: Option<u32>,
}

/// A row or a tuple of it.
struct Line {
    href: String,
    time: String,
    score: String,
    copies: String,
    cells: Vec<Option<Shown>>,
}

pub(super) async fn page(State(bench): Shared, Path(number): Path<u32>) -> Page {
    let hunt = bench.hunt()?;
    let none = || PageError::Missing(format!("There is no incident {number}."));
    let (schema, tuple_schema) = (bench.schema("events")?, bench.schema("tuples")?);
    if !hunt.incidents || number == 0 {
        return Err(none());
    }
    let known = format!(
        "SELECT * FROM incidents WHERE incident IN ({number}, {}) ORDER BY incident",
        number.saturating_add(1)
    );
    let time = hunt.time(schema);
    let listing = hunt.events("events", schema);
    let order = time.map_or_else(|| "lanner_row".to_owned(), |t| listing.micros(t));
    let micros = time.map_or_else(|| "NULL".to_owned(), |t| listing.micros(t));
    let own = |op| View { filters: vec![op], ..View::default() };
    let mine = || Filter::value("incident", Some(&number.to_string()));
    let rows = format!(
        "SELECT *, {micros} AS lanner_micros FROM events{} ORDER BY {order}, lanner_row",
        listing.condition(&own(mine()))
    );
    let list = hunt.tuples(tuple_schema);
    let tuples = format!(
        "SELECT * FROM tuples{} ORDER BY {}",
        list.condition(&own(mine())),
        list.order(&View::default())
    );
    let (found, rows, tuples_of) =
        tokio::join!(bench.ask(&known, 2), bench.ask(&rows, ROWS), bench.ask(&tuples, TUPLES));
    let (found, rows, tuples_of) = (found?, rows?, tuples_of?);
    if found.count(0, "incident") != u64::from(number) {
        return Err(none());
    }
    let fields: Vec<&str> = hunt.fields().collect();
    let short: Vec<&str> = fields.iter().copied().take(crate::hunt::SHOWN).collect();
    let line = |grid: &crate::table::Grid, i: usize, href: String, time: &str| Line {
        href,
        time: grid.time(i, time),
        score: grid.number(i, "score").map_or_else(String::new, |s| format!("{s:.2}")),
        copies: grid.get(i, "copies").map(crate::table::figure).unwrap_or_default(),
        cells: short.iter().map(|f| grid.get(i, f).map(|v| Shown::new(v, 48, 300))).collect(),
    };
    let event = |i: usize| {
        let href = events::address_of("events", &rows, i);
        line(&rows, i, href, time.unwrap_or_default())
    };
    let tuple = |i: usize| {
        let href = tuples::address_of(&fields, &tuples_of, i);
        line(&tuples_of, i, href, "first_seen")
    };
    let times = (0..rows.rows()).filter_map(|i| {
        let at = rows.number(i, "lanner_micros")? as i64;
        let title = format!(
            "{}, score {}",
            rows.time(i, time.unwrap_or_default()),
            rows.number(i, "score").map_or_else(String::new, |s| format!("{s:.2}"))
        );
        Some((at, events::address_of("events", &rows, i), title))
    });
    let csv = format!("SELECT * FROM events WHERE incident = {number} ORDER BY lanner_row");
    html(&IncidentPage {
        frame: Frame::new(&bench, format!("Incident {number}"), "Incidents"),
        s: incident(&found, 0),
        fields: short.iter().map(|f| Shown::new(f, 40, 200)).collect(),
        when: moments(times.collect()),
        rows: (0..rows.rows()).map(event).collect(),
        more_rows: rows.more,
        tuples: (0..tuples_of.rows()).map(tuple).collect(),
        more_tuples: tuples_of.more,
        all_rows: own(mine()).at("/events"),
        all_tuples: own(mine()).at("/tuples"),
        csv: address("/sql.csv", &[("q", csv.clone())]),
        sql: address("/sql", &[("q", csv)]),
        before: (number > 1).then(|| number - 1),
        after: (found.rows() > 1).then(|| number + 1),
    })
}
