//! The list of events: the flagged ones, or all rows where they are kept.

use super::list::{Column, Form, List};
use super::{Page, Pairs, Shared, given};
use crate::bench::{Bench, Kind};
use crate::hunt::{HuntBench, SHOWN};
use crate::select::Listing;
use crate::table::Grid;
use arrow::datatypes::Schema;
use axum::extract::{Query, State};

/// The columns of a list of events.
pub(super) fn columns(hunt: &HuntBench, schema: &Schema) -> Vec<Column> {
    let mut all: Vec<Column> =
        hunt.time(schema).map(|t| Column::new(t, "Time", Form::Time)).into_iter().collect();
    all.push(Column::new("score", "Score", Form::Number));
    all.push(Column::new("rank", "Votes", Form::Votes(hunt.ran().count())));
    all.push(Column::new("incident", "Incident", Form::Link("/incident/")));
    all.extend(hunt.fields().take(SHOWN).map(|f| Column::new(f, f, Form::Entity)));
    all.push(Column::new("why", "Why", Form::Under));
    all.retain(|c| schema.column_with_name(&c.name).is_some());
    all
}

/// The address of an event of `table`.
pub(super) fn address_of(table: &str, grid: &Grid, row: usize) -> String {
    let number = grid.get(row, "lanner_row").unwrap_or_default();
    if table == "rows" { format!("/event/{number}?all=1") } else { format!("/event/{number}") }
}

pub(super) async fn page(State(bench): Shared, Query(pairs): Pairs) -> Page {
    match &bench.kind {
        Kind::Hunt(hunt) => of_hunt(&bench, hunt, &pairs).await,
        Kind::Sessions(..) => of_sessions(&bench, &pairs).await,
    }
}

async fn of_hunt(bench: &Bench, hunt: &HuntBench, pairs: &[(String, String)]) -> Page {
    let all = hunt.kept && given(pairs, "all") == Some("1");
    let table = if all { "rows" } else { "events" };
    let schema = bench.schema(table)?;
    let intro = match (all, hunt.kept) {
        (true, _) => "Every row that was read, with what the hunt says of it.",
        (false, true) => "The rows of flagged tuples and of the first incidents, strangest first.",
        (false, false) => {
            "The rows of flagged tuples and of the first incidents, strangest first. A query on rows reads \
             the input again and has every row; with --keep-rows they are kept and listed here."
        }
    };
    let other = if all { ("Only flagged rows", "/events") } else { ("All rows", "/events?all=1") };
    let list = List {
        tab: "Events",
        title: "Events",
        noun: "rows",
        intro: intro.to_owned(),
        path: "/events",
        listing: hunt.events(table, schema),
        columns: columns(hunt, schema),
        keys: vec!["lanner_row"],
        unique: Some("lanner_row"),
        href: &|grid, row| address_of(table, grid, row),
        copies: None,
        models: hunt.ran().map(|m| m.id.clone()).collect(),
        other: hunt.kept.then(|| (other.0.to_owned(), other.1.to_owned())),
    };
    list.answer(bench, pairs).await
}

/// The columns of a list of Windows events.
pub(super) fn windows_columns() -> Vec<Column> {
    vec![
        Column::new("time", "Time", Form::Time),
        Column::new("event_id", "Event", Form::Text),
        Column::new("meaning", "Meaning", Form::Text),
        Column::new("user", "Account", Form::Text),
        Column::new("source_ip", "From", Form::Text),
        Column::new("host", "Host", Form::Text),
        Column::new("object", "Task or service", Form::Text),
        Column::new("session_id", "Session", Form::Link(crate::bench::SESSION)),
        Column::new("correlation", "Correlation", Form::Text),
    ]
}

/// The list of Windows events.
pub(super) fn windows(schema: &Schema) -> Listing<'_> {
    Listing {
        table: "events",
        schema,
        order: "\"time\", \"host\", \"lanner_file\", \"lanner_record\"".to_owned(),
        times: Some(("time", "time")),
        searched: vec!["meaning", "user", "source_ip", "host", "object", "data"],
    }
}

async fn of_sessions(bench: &Bench, pairs: &[(String, String)]) -> Page {
    let schema = bench.schema("events")?;
    let list = List {
        tab: "Events",
        title: "Events",
        noun: "events",
        intro: "Every event that sessions are built from, by time, with its session.".to_owned(),
        path: "/events",
        listing: windows(schema),
        columns: windows_columns(),
        keys: Vec::new(),
        unique: None,
        href: &|grid, row| {
            let session = grid.get(row, "session_id");
            session.map_or_else(String::new, |id| format!("{}{id}", crate::bench::SESSION))
        },
        copies: None,
        models: Vec::new(),
        other: None,
    };
    list.answer(bench, pairs).await
}
