//! One event: what it says, why it is strange, which models voted, and what happened around it.

use super::list::{Column, entity};
use super::reasons::{Reason, reasons};
use super::tree::{Node, Tree};
use super::tuple::{Vote, votes};
use super::{Frame, Page, Pairs, Shared, events, given, html};
use crate::bench::Bench;
use crate::error::PageError;
use crate::hunt::HuntBench;
use crate::quote;
use crate::table::{Grid, moment};
use crate::view::{Filter, View, address};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use lanner_report::words::{self, Shown, grouped, time};
use serde_json::Value;

/// Seconds around an event that count as near, and rows that are shown of them.
const NEAR: i64 = 3600;
const NEIGHBOURS: usize = 60;
/// Columns that stand for a session, where a log has them.
const SESSIONS: [&str; 2] = ["userIdentity.accessKeyId", "LogonId"];

#[derive(Template)]
#[template(path = "event.html")]
struct EventPage {
    frame: Frame,
    row: u64,
    all: bool,
    when: String,
    score: String,
    facts: Vec<Fact>,
    incident: Option<String>,
    file: Shown,
    reasons: Vec<Reason>,
    votes: Vec<Vote>,
    tuple: String,
    tree: Tree,
    raw: bool,
    near: Vec<Near>,
    around: Vec<Around>,
    more: bool,
    all_around: String,
}

/// A detection field of the event.
struct Fact {
    field: Shown,
    value: Option<Shown>,
    href: Option<String>,
}

/// A field by which neighbours can be had.
struct Near {
    label: Shown,
    href: String,
    current: bool,
}

/// A row around the event.
struct Around {
    own: bool,
    time: String,
    score: String,
    flagged: bool,
    href: String,
    cells: Vec<Option<Shown>>,
}

/// The table that is looked into.
fn table(hunt: &HuntBench, pairs: &[(String, String)]) -> &'static str {
    if hunt.kept && given(pairs, "all") == Some("1") { "rows" } else { "events" }
}

/// The row, with `what` besides.
async fn fetch(bench: &Bench, table: &str, row: u64, what: &str) -> Result<Grid, PageError> {
    let sql = format!("SELECT *, {what} FROM {table} WHERE lanner_row = {row}");
    let grid = bench.ask(&sql, 1).await?;
    if grid.rows() == 0 {
        let text = format!("Row {} is not among the rows that this hunt kept.", grouped(row));
        return Err(PageError::Missing(text));
    }
    Ok(grid)
}

/// The record as it was logged, for a download.
pub(super) async fn raw(State(bench): Shared, Path(row): Path<u64>, Query(pairs): Pairs) -> Page {
    let grid = fetch(&bench, table(bench.hunt()?, &pairs), row, "NULL AS lanner_at").await?;
    let text = grid.get(0, "raw").unwrap_or_default().to_owned();
    let name = format!("attachment; filename=\"row-{row}.json\"");
    let kind = "application/octet-stream".to_owned();
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], text).into_response())
}

pub(super) async fn page(State(bench): Shared, Path(row): Path<u64>, Query(pairs): Pairs) -> Page {
    let hunt = bench.hunt()?;
    let table = table(hunt, &pairs);
    let schema = bench.schema(table)?;
    let (time_column, listing) = (hunt.time(schema), hunt.events(table, schema));
    let at = time_column.map_or_else(|| "NULL".to_owned(), |t| listing.micros(t));
    let grid = fetch(&bench, table, row, &format!("{at} AS lanner_at")).await?;
    let fields: Vec<&str> =
        hunt.fields().filter(|f| schema.column_with_name(f).is_some()).collect();
    // The tuple knows the reasons and the scores.
    let filters: Vec<Filter> = fields.iter().map(|f| Filter::value(f, grid.get(0, f))).collect();
    let own = View { filters, ..View::default() };
    let tuple = super::tuple::fetch(&bench, &own).await?;
    let mut by: Vec<&str> = fields.clone();
    by.extend(
        SESSIONS.iter().filter(|s| schema.column_with_name(s).is_some() && !fields.contains(*s)),
    );
    by.retain(|f| grid.get(0, f).is_some_and(|v| v.len() <= 400));
    let wanted = given(&pairs, "near").filter(|f| by.contains(f));
    let field = wanted.or_else(|| principal(&by));
    let at = grid.number(0, "lanner_at").map(|t| t as i64);
    let all = table == "rows";
    let columns: Vec<Column> = events::columns(hunt, schema);
    let (around, more, all_around) = match (field, at, time_column) {
        (Some(field), Some(at), Some(t)) => {
            let (from, to) = (at - NEAR * 1_000_000, at + NEAR * 1_000_000);
            let view = View {
                filters: vec![Filter::value(field, grid.get(0, field))],
                since: time(from).replace(' ', "T"),
                until: time(to).replace(' ', "T"),
                sort: Some(t.to_owned()),
                all,
                ..View::default()
            };
            let names: Vec<String> = columns.iter().map(|c| quote::name(&c.name)).collect();
            let sql = format!(
                "SELECT lanner_row, {} FROM {table}{} ORDER BY {}, lanner_row",
                names.join(", "),
                listing.condition(&view),
                listing.micros(t),
            );
            let near = bench.ask(&sql, NEIGHBOURS).await?;
            let line = |i: usize| around(&near, i, row, table, t, &fields);
            ((0..near.rows()).map(line).collect(), near.more, view.at("/events"))
        }
        _ => (Vec::new(), false, String::new()),
    };
    let raw = grid.get(0, "raw").is_some();
    let record = grid.get(0, "raw").and_then(|r| serde_json::from_str::<Value>(r).ok());
    let record = record.unwrap_or_else(|| columns_of(&grid));
    let fact = |f: &&str| Fact {
        field: Shown::new(f, 60, 200),
        value: grid.get(0, f).map(|v| Shown::new(v, 200, 600)),
        href: entity(f, grid.get(0, f)),
    };
    let near = |f: &&str| {
        let mut pairs = vec![("near", (*f).to_owned())];
        pairs.extend(all.then(|| ("all", "1".to_owned())));
        let (href, current) = (address(&format!("/event/{row}"), &pairs), field == Some(*f));
        Near { label: Shown::new(f, 40, 200), href, current }
    };
    html(&EventPage {
        frame: Frame::new(&bench, format!("Row {}", grouped(row)), "Events"),
        row,
        all,
        when: time_column.and_then(|t| grid.get(0, t)).map(moment).unwrap_or_default(),
        score: grid.number(0, "score").map_or_else(|| "none".to_owned(), |s| format!("{s:.2}")),
        facts: fields.iter().map(fact).collect(),
        incident: grid.get(0, "incident").map(str::to_owned),
        file: Shown::new(grid.get(0, "lanner_file").unwrap_or_default(), 120, 300),
        reasons: reasons(tuple.get(0, "reasons"), grid.get(0, "why").or(tuple.get(0, "why"))),
        votes: votes(hunt, &tuple),
        tuple: own.at("/tuple"),
        tree: Tree::new(&record),
        raw,
        near: by.iter().map(near).collect(),
        around,
        more,
        all_around,
    })
}

/// The field that most likely says who acts.
fn principal<'a>(fields: &[&'a str]) -> Option<&'a str> {
    let names = ["arn", "user", "principal", "account", "subject", "host", "address"];
    let named = names.iter().find_map(|n| fields.iter().find(|f| f.to_lowercase().contains(n)));
    named.or(fields.first()).copied()
}

fn around(grid: &Grid, i: usize, row: u64, table: &str, time: &str, fields: &[&str]) -> Around {
    Around {
        own: grid.get(i, "lanner_row").and_then(|r| r.parse().ok()) == Some(row),
        time: grid.time(i, time),
        score: grid.number(i, "score").map_or_else(String::new, |s| format!("{s:.2}")),
        flagged: grid.count(i, "rank") > 0,
        href: events::address_of(table, grid, i),
        cells: fields.iter().map(|f| grid.get(i, f).map(|v| Shown::new(v, 48, 300))).collect(),
    }
}

/// The columns of the log as a record, where the log kept none.
fn columns_of(grid: &Grid) -> Value {
    let ours = |n: &str| {
        n.starts_with("lanner_")
            || n.starts_with("out_")
            || n.starts_with("code_")
            || ["rank", "score", "why", "incident", "raw"].contains(&n)
    };
    let names = grid.names.iter().filter(|n| !ours(n));
    let pairs = names.filter_map(|n| Some((n.clone(), Value::from(grid.get(0, n)?))));
    Value::Object(pairs.collect())
}
