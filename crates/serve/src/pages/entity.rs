//! Everything about one principal, address or agent: when, what, with whom, usual against now.

use super::incidents::{Incident, ROLES, incident};
use super::list::entity;
use super::{Frame, Page, Pairs, Shared, given, html, tuples};
use crate::error::PageError;
use crate::hunt::HuntBench;
use crate::quote;
use crate::shape::{Moments, moments};
use crate::table::Grid;
use crate::view::{Filter, View, address};
use arrow::datatypes::Schema;
use askama::Template;
use axum::extract::{Query, State};
use lanner_report::words::{Shown, grouped};

/// Values of a field, tuples and incidents that the page lists.
const VALUES: usize = 12;
const TUPLES: usize = 15;
const INCIDENTS: usize = 5;
/// Tuples whose first time is drawn.
const DRAWN: usize = 80;

#[derive(Template)]
#[template(path = "entity.html")]
struct EntityPage {
    frame: Frame,
    field: Shown,
    value: Shown,
    rows: String,
    share: String,
    tuples: String,
    flagged: String,
    first: String,
    last: String,
    when: Option<Moments>,
    company: Vec<Company>,
    strangest: Vec<Line>,
    fields: Vec<Shown>,
    incidents: Vec<Incident>,
    all_tuples: String,
    all_events: Option<String>,
    count: String,
}

/// With which values of another field it was seen.
struct Company {
    field: Shown,
    distinct: String,
    values: Vec<Value>,
    href: String,
}

/// A value it was seen with: how often in ordinary rows, and in flagged ones.
struct Value {
    text: Option<Shown>,
    href: Option<String>,
    usual: String,
    now: String,
    usual_share: String,
    now_share: String,
    /// Never seen with it but in flagged rows.
    odd: bool,
}

struct Line {
    href: String,
    time: String,
    score: String,
    copies: String,
    cells: Vec<Option<Shown>>,
}

/// What makes a tuple flagged, as SQL.
fn flagged(schema: &Schema) -> String {
    match schema.column_with_name("incident") {
        Some(_) => "(\"rank\" > 0 OR \"incident\" <= 50)".to_owned(),
        None => "(\"rank\" > 0)".to_owned(),
    }
}

pub(super) async fn page(State(bench): Shared, Query(pairs): Pairs) -> Page {
    let hunt = bench.hunt()?;
    let none = || PageError::Missing("There is no such entity in this hunt.".into());
    let schema = bench.schema("tuples")?;
    let (Some(field), Some(value)) = (given(&pairs, "field"), given(&pairs, "value")) else {
        return Err(none());
    };
    let known = hunt.fields().any(|f| f == field) || field.starts_with("lanner_");
    if !known || schema.column_with_name(field).is_none() {
        return Err(none());
    }
    let own = View { filters: vec![Filter::value(field, Some(value))], ..View::default() };
    let listing = hunt.tuples(schema);
    let condition = listing.condition(&own);
    let odd = flagged(schema);
    let figures = format!(
        "SELECT count(*) AS tuples, sum(copies) AS rows, min(first_seen) AS first, max(last_seen) AS last, \
         sum(CASE WHEN {odd} THEN copies ELSE 0 END) AS flagged FROM tuples{condition}"
    );
    let order = listing.order(&View::default());
    let listed = format!("SELECT * FROM tuples{condition} ORDER BY {order} LIMIT {DRAWN}");
    let incidents = about(hunt, field, value);
    let (figures, listed, found) =
        tokio::join!(bench.ask(&figures, 1), bench.ask(&listed, DRAWN), async {
            match &incidents {
                Some(sql) => bench.ask(sql, INCIDENTS).await.map(Some),
                None => Ok(None),
            }
        });
    let (figures, listed, found) = (figures?, listed?, found?);
    if listed.rows() == 0 {
        return Err(none());
    }
    let mut company = Vec::new();
    for other in hunt.fields().filter(|f| *f != field).take(crate::hunt::SHOWN) {
        let name = quote::name(other);
        let sql = format!(
            "SELECT {name} AS value, sum(CASE WHEN {odd} THEN 0 ELSE copies END) AS usual, \
             sum(CASE WHEN {odd} THEN copies ELSE 0 END) AS now, count(*) OVER () AS kinds FROM tuples{condition} GROUP BY {name} \
             ORDER BY now DESC, usual DESC, value LIMIT {VALUES}"
        );
        let grid = bench.ask(&sql, VALUES).await?;
        let href = own.with("/tuples", |v| v.by = Some(other.to_owned()));
        company.push(with(other, &grid, href));
    }
    let fields: Vec<&str> = hunt.fields().collect();
    let short: Vec<&str> = fields.iter().copied().take(crate::hunt::SHOWN).collect();
    let line = |i: usize| Line {
        href: tuples::address_of(&fields, &listed, i),
        time: listed.time(i, "first_seen"),
        score: listed.number(i, "score").map_or_else(String::new, |s| format!("{s:.2}")),
        copies: listed.get(i, "copies").map(crate::table::figure).unwrap_or_default(),
        cells: short.iter().map(|f| listed.get(i, f).map(|v| Shown::new(v, 44, 300))).collect(),
    };
    let at = |i: usize| {
        let first = listed.get(i, "first_seen")?.parse::<jiff::Timestamp>().ok()?;
        let title = format!(
            "{}, score {:.2}",
            listed.time(i, "first_seen"),
            listed.number(i, "score").unwrap_or_default()
        );
        Some((first.as_microsecond(), tuples::address_of(&fields, &listed, i), title))
    };
    let count = format!(
        "SELECT sum(copies) AS rows, count(*) AS tuples, min(first_seen) AS first_seen, \
         max(last_seen) AS last_seen FROM tuples{condition}"
    );
    let rows = figures.count(0, "rows");
    let scored = hunt.manifest.inputs.scored.max(1);
    let incident = |g: &Grid| (0..g.rows()).map(|i| incident(g, i)).collect();
    html(&EntityPage {
        frame: Frame::new(&bench, Shown::new(value, 60, 60).text, "Tuples"),
        field: Shown::new(field, 60, 200),
        value: Shown::new(value, 200, 400),
        share: format!("{:.2} % of all rows", 100.0 * rows as f64 / scored as f64),
        rows: grouped(rows),
        tuples: grouped(figures.count(0, "tuples")),
        flagged: grouped(figures.count(0, "flagged")),
        first: figures.time(0, "first"),
        last: figures.time(0, "last"),
        when: moments((0..listed.rows()).filter_map(at).collect()),
        company,
        strangest: (0..listed.rows().min(TUPLES)).map(line).collect(),
        fields: short.iter().map(|f| Shown::new(f, 40, 200)).collect(),
        incidents: found.as_ref().map_or_else(Vec::new, incident),
        all_tuples: own.at("/tuples"),
        all_events: hunt
            .fields()
            .any(|f| f == field)
            .then(|| View { all: hunt.kept, ..own }.at("/events")),
        count: address("/sql", &[("q", count)]),
    })
}

/// The query for the incidents in which a value has a role.
fn about(hunt: &HuntBench, field: &str, value: &str) -> Option<String> {
    if !hunt.incidents {
        return None;
    }
    let value = quote::text(value);
    let by = match ROLES.iter().find(|(.., held)| *held == field) {
        Some((column, ..)) => format!("{} = {value}", quote::name(column)),
        None => format!(
            "incident IN (SELECT incident FROM tuples WHERE {} = {value})",
            quote::name(field)
        ),
    };
    Some(format!("SELECT * FROM incidents WHERE {by} ORDER BY incident LIMIT {INCIDENTS}"))
}

fn with(field: &str, grid: &Grid, href: String) -> Company {
    let most = (0..grid.rows()).flat_map(|i| [grid.count(i, "usual"), grid.count(i, "now")]);
    let most = most.max().unwrap_or(1).max(1) as f64;
    let value = |i: usize| {
        let (usual, now) = (grid.count(i, "usual"), grid.count(i, "now"));
        let share = |n: u64| format!("{:.1}", 100.0 * (n as f64 / most).sqrt());
        Value {
            text: grid.get(i, "value").map(|v| Shown::new(v, 52, 300)),
            href: entity(field, grid.get(i, "value")),
            usual: grouped(usual),
            now: grouped(now),
            usual_share: share(usual),
            now_share: share(now),
            odd: usual == 0 && now > 0,
        }
    };
    Company {
        field: Shown::new(field, 60, 200),
        distinct: grouped(grid.count(0, "kinds")),
        values: (0..grid.rows()).map(value).collect(),
        href,
    }
}
