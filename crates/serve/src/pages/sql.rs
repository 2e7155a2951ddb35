//! Questions in SQL, answered as a table or as a file.

use super::{Frame, Page, Pairs, Shared, given, html};
use crate::bench::{Bench, Kind, QUERY_SECONDS};
use crate::error::PageError;
use crate::table::Grid;
use crate::view::address;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use lanner_frame::text::excerpt;
use lanner_report::words::{self, Shown, grouped};

/// Rows of an answer that the page shows, and that a file holds.
const SHOWN: usize = 500;
const SAVED: usize = 50_000;
/// Characters of a cell.
const CELL: (usize, usize) = (160, 600);

#[derive(Template)]
#[template(path = "sql.html")]
struct SqlPage {
    frame: Frame,
    query: String,
    answer: Option<Result<Table, String>>,
    tables: Vec<(String, Vec<Shown>)>,
    examples: Vec<(&'static str, String, String)>,
    shown: String,
    saved: String,
    seconds: u64,
}

/// An answer.
struct Table {
    names: Vec<Shown>,
    nums: Vec<bool>,
    rows: Vec<Vec<Option<Shown>>>,
    more: bool,
    csv: String,
}

pub(super) async fn page(State(bench): Shared, Query(pairs): Pairs) -> Page {
    let query = given(&pairs, "q").unwrap_or_default().trim().to_owned();
    let answer = if query.is_empty() { None } else { Some(table(&bench, &query).await) };
    let mut tables: Vec<(String, Vec<Shown>)> = bench
        .desk
        .tables()
        .map(|(name, schema)| {
            let columns = schema.fields().iter().map(|f| Shown::new(f.name(), 60, 200));
            (name.to_owned(), columns.collect())
        })
        .collect();
    if matches!(bench.kind, Kind::Hunt(_)) && bench.desk.schema("rows").is_none() {
        tables.push(("rows".to_owned(), Vec::new()));
    }
    let example = |&(what, sql): &(&'static str, &str)| {
        (what, sql.to_owned(), address("/sql", &[("q", sql.to_owned())]))
    };
    html(&SqlPage {
        frame: Frame::new(&bench, "SQL", "SQL"),
        answer: answer.map(|a| a.map_err(|e| excerpt(&e.to_string(), 600))),
        query,
        tables,
        examples: examples(&bench.kind).iter().map(example).collect(),
        shown: grouped(SHOWN as u64),
        saved: grouped(SAVED as u64),
        seconds: QUERY_SECONDS,
    })
}

async fn table(bench: &Bench, query: &str) -> Result<Table, PageError> {
    let answer = bench.answer(query, SHOWN).await?;
    let nums = answer.schema.fields().iter().map(|f| f.data_type().is_numeric()).collect();
    let grid = Grid::new(&answer)?;
    let cell = |i, j| grid.at(i, j).map(|t| Shown::new(t, CELL.0, CELL.1));
    let row = |i| (0..grid.names.len()).map(|j| cell(i, j)).collect();
    Ok(Table {
        names: grid.names.iter().map(|n| Shown::new(n, 60, 300)).collect(),
        nums,
        rows: (0..grid.rows()).map(row).collect(),
        more: grid.more,
        csv: address("/sql.csv", &[("q", query.to_owned())]),
    })
}

/// The whole answer as a file that no spreadsheet runs.
pub(super) async fn csv(State(bench): Shared, Query(pairs): Pairs) -> Page {
    let query = given(&pairs, "q").unwrap_or_default();
    let answer = bench.answer(query, SAVED).await?;
    if answer.more {
        return Err(PageError::Asked(format!(
            "The answer has more than {} rows, more than a page may hold. Ask for less, or save it whole with \
             lanner query DIR --format csv.",
            grouped(SAVED as u64)
        )));
    }
    let text = lanner_report::csv(&answer.schema, &answer.batches, false)?;
    let kind = (CONTENT_TYPE, "text/csv; charset=utf-8");
    Ok(([kind, (CONTENT_DISPOSITION, "attachment; filename=\"lanner.csv\"")], text).into_response())
}

/// Questions to begin with.
fn examples(kind: &Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::Hunt(hunt) if hunt.incidents => &[
            (
                "The first incident, row by row",
                "SELECT * FROM events WHERE incident = 1 ORDER BY lanner_row",
            ),
            (
                "Networks with the most incidents",
                "SELECT network, count(*) AS incidents, max(score) AS score FROM incidents GROUP BY network ORDER BY incidents DESC LIMIT 20",
            ),
            (
                "Seen once only",
                "SELECT * FROM tuples WHERE copies = 1 ORDER BY score DESC LIMIT 50",
            ),
            (
                "Time of each model",
                "SELECT id, status, forecast_seconds, fit_seconds, flagged_rows FROM models",
            ),
        ],
        Kind::Hunt(_) => &[
            (
                "The strangest rows",
                "SELECT rank, score, lanner_row, why FROM events ORDER BY rank DESC, score DESC LIMIT 50",
            ),
            (
                "Seen once only",
                "SELECT * FROM tuples WHERE copies = 1 ORDER BY score DESC LIMIT 50",
            ),
            (
                "Where they come from",
                "SELECT lanner_file, count(*) AS n, max(score) AS score FROM events GROUP BY lanner_file ORDER BY score DESC",
            ),
            (
                "Time of each model",
                "SELECT id, status, forecast_seconds, fit_seconds, flagged_rows FROM models",
            ),
        ],
        Kind::Sessions(..) => &[
            (
                "Sessions that stand out",
                "SELECT place, session_id, host, user, source_ip, start, explanation FROM sessions WHERE place IS NOT NULL ORDER BY place",
            ),
            (
                "What belongs to no session",
                "SELECT event_id, meaning, count(*) AS n FROM events WHERE session_id IS NULL GROUP BY event_id, meaning ORDER BY n DESC",
            ),
            (
                "Accounts by failed logons",
                "SELECT user, count(*) AS sessions, sum(failed_logons) AS failed FROM sessions GROUP BY user ORDER BY failed DESC LIMIT 20",
            ),
        ],
    }
}
