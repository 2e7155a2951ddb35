//! The first page: what was read, what ran, what is strange, and when.

use super::incidents::{Incident, incident};
use super::{Frame, Page, Shared, html, tuples};
use crate::bench::{Bench, Kind};
use crate::error::PageError;
use crate::hunt::HuntBench;
use crate::quote;
use crate::select::Listing;
use crate::shape::{Activity, BINS, Span};
use crate::view::{View, address};
use askama::Template;
use axum::extract::State;
use lanner_report::SessionsParts;
use lanner_report::words::{Shown, time};

/// Incidents and tuples that the page begins with, and incidents that the chart marks.
const INCIDENTS: usize = 5;
const TUPLES: usize = 8;
const MARKED: usize = 10;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage<'a> {
    frame: Frame,
    hunt: &'a HuntBench,
    activity: Option<Activity>,
    whole: bool,
    incidents: Vec<Incident>,
    tuples: Vec<Line>,
    fields: Vec<Shown>,
    csv: String,
}

/// One of the strangest tuples.
struct Line {
    href: String,
    score: String,
    copies: String,
    cells: Vec<Option<Shown>>,
    why: Shown,
}

#[derive(Template)]
#[template(path = "overview_sessions.html")]
struct SessionsOverview<'a> {
    frame: Frame,
    parts: &'a SessionsParts,
}

pub(super) async fn page(State(bench): Shared) -> Page {
    let hunt = match &bench.kind {
        Kind::Hunt(hunt) => hunt,
        Kind::Sessions(_, parts) => {
            let frame = Frame::new(&bench, "Overview", "Overview");
            return html(&SessionsOverview { frame, parts });
        }
    };
    let schema = bench.schema("tuples")?;
    let order = hunt.tuples(schema).order(&View::default());
    let names: Vec<String> = hunt.fields().map(quote::name).collect();
    let sql = format!(
        "SELECT score, copies, why, {} FROM tuples ORDER BY {order} LIMIT {TUPLES}",
        names.join(", ")
    );
    let first = format!("SELECT * FROM incidents WHERE incident <= {MARKED} ORDER BY incident");
    let (strangest, found) = tokio::join!(bench.ask(&sql, TUPLES), async {
        if hunt.incidents { bench.ask(&first, MARKED).await.map(Some) } else { Ok(None) }
    });
    let (strangest, found) = (strangest?, found?);
    let fields: Vec<&str> = hunt.fields().collect();
    let short: Vec<&str> = fields.iter().copied().take(crate::hunt::SHOWN).collect();
    let line = |i: usize| Line {
        href: tuples::address_of(&fields, &strangest, i),
        score: strangest.number(i, "score").map_or_else(String::new, |s| format!("{s:.2}")),
        copies: strangest.get(i, "copies").map(crate::table::figure).unwrap_or_default(),
        cells: short.iter().map(|f| strangest.get(i, f).map(|v| Shown::new(v, 44, 300))).collect(),
        why: Shown::new(strangest.get(i, "why").unwrap_or_default(), 200, 600),
    };
    let mut marks = Vec::new();
    if let Some(grid) = &found {
        for i in 0..grid.rows() {
            let at = grid.get(i, "start").and_then(|t| t.parse::<jiff::Timestamp>().ok());
            let number = grid.count(i, "incident");
            marks.extend(at.map(|at| {
                let title = format!("Incident {number}, {}", grid.time(i, "start"));
                (at.as_microsecond(), format!("/incident/{number}"), title, number.to_string())
            }));
        }
    }
    let activity = activity(&bench, hunt, marks).await?;
    let listed = found.iter().flat_map(|g| (0..g.rows().min(INCIDENTS)).map(|i| incident(g, i)));
    let flagged = "SELECT * FROM events ORDER BY lanner_row";
    html(&OverviewPage {
        frame: Frame::new(&bench, "Overview", "Overview"),
        activity,
        whole: hunt.kept,
        incidents: listed.collect(),
        tuples: (0..strangest.rows()).map(line).collect(),
        fields: short.iter().map(|f| Shown::new(f, 40, 200)).collect(),
        csv: address("/sql.csv", &[("q", flagged.to_owned())]),
        hunt,
    })
}

/// Rows over time, where all are kept, or tuples by when they were first seen; flagged rows on top.
async fn activity(
    bench: &Bench,
    hunt: &HuntBench,
    marks: Vec<(i64, String, String, String)>,
) -> Result<Option<Activity>, PageError> {
    let inputs = &hunt.manifest.inputs;
    let parse =
        |t: &Option<String>| Some(t.as_ref()?.parse::<jiff::Timestamp>().ok()?.as_microsecond());
    let Some((first, last)) = parse(&inputs.first).zip(parse(&inputs.last)) else {
        return Ok(None);
    };
    let span = Span::new(first, last);
    let flagged = hunt.events("events", bench.schema("events")?);
    let all = if hunt.kept {
        hunt.events("rows", bench.schema("rows")?)
    } else {
        hunt.tuples(bench.schema("tuples")?)
    };
    let (all, odd) = tokio::join!(bins(bench, &all, span), bins(bench, &flagged, span));
    let listed = |from: i64, to: i64| {
        let moment = |t| time(t).replace(' ', "T");
        let all = hunt.kept;
        View { since: moment(from), until: moment(to + 999_999), all, ..View::default() }
            .at("/events")
    };
    let what = if hunt.kept { "row" } else { "new tuple" };
    Ok(Some(Activity::new(span, &all?, &odd?, what, listed, marks)))
}

/// How many rows of a list began in each bin.
async fn bins(bench: &Bench, listing: &Listing<'_>, span: Span) -> Result<[u64; BINS], PageError> {
    let mut counts = [0; BINS];
    let Some((begun, _)) = listing.times else { return Ok(counts) };
    let sql = format!(
        "SELECT ({at} - ({from})) / {width} AS bin, count(*) AS n FROM {table} WHERE {at} >= {from} GROUP BY 1",
        at = listing.micros(begun),
        from = span.from,
        width = span.width,
        table = listing.table,
    );
    let grid = bench.ask(&sql, BINS + 1).await?;
    for i in 0..grid.rows() {
        if let Some(count) = counts.get_mut(grid.count(i, "bin") as usize) {
            *count += grid.count(i, "n");
        }
    }
    Ok(counts)
}
