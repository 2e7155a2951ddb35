//! One tuple: its values, why it is strange, what each model says, and its rows.

use super::list::entity;
use super::reasons::{Reason, reasons};
use super::{Frame, Page, Pairs, Shared, html};
use crate::bench::Bench;
use crate::error::PageError;
use crate::hunt::HuntBench;
use crate::table::Grid;
use crate::view::View;
use askama::Template;
use axum::extract::{Query, State};
use lanner_report::words::{Shown, grouped, number};

/// What a model says of a tuple.
pub(super) struct Vote {
    pub id: String,
    pub voted: bool,
    pub score: String,
    pub threshold: String,
}

/// The tuple that the filters of an address find, or an empty grid.
pub(super) async fn fetch(bench: &Bench, view: &View) -> Result<Grid, PageError> {
    let hunt = bench.hunt()?;
    let listing = hunt.tuples(bench.schema("tuples")?);
    let sql = format!(
        "SELECT * FROM tuples{} ORDER BY {} LIMIT 1",
        listing.condition(view),
        listing.order(&View::default())
    );
    bench.ask(&sql, 1).await
}

/// What every model that ran says of the tuple in the first row.
pub(super) fn votes(hunt: &HuntBench, tuple: &Grid) -> Vec<Vote> {
    let vote = |m: &lanner_report::ModelEntry| {
        let score = tuple.number(0, &format!("score_{}", m.id))?;
        Some(Vote {
            id: m.id.clone(),
            voted: tuple.get(0, &format!("out_{}", m.id)) == Some("1"),
            score: number(score),
            threshold: m.threshold.map_or_else(|| "none".to_owned(), number),
        })
    };
    hunt.ran().filter_map(vote).collect()
}

#[derive(Template)]
#[template(path = "tuple.html")]
struct TuplePage {
    frame: Frame,
    values: Vec<Value>,
    score: String,
    copies: String,
    first: String,
    last: String,
    incident: Option<String>,
    reasons: Vec<Reason>,
    votes: Vec<Vote>,
    events: String,
    rows: String,
}

/// A field's value.
struct Value {
    field: Shown,
    text: Option<Shown>,
    href: Option<String>,
}

pub(super) async fn page(State(bench): Shared, Query(pairs): Pairs) -> Page {
    let hunt = bench.hunt()?;
    let fields: Vec<&str> = hunt.fields().collect();
    let view = View::parse(&pairs, &fields);
    let tuple = fetch(&bench, &view).await?;
    if tuple.rows() == 0 || view.filters.is_empty() {
        return Err(PageError::Missing("There is no such tuple.".into()));
    }
    let own = View { filters: view.filters, ..View::default() };
    let value = |f: &&str| Value {
        field: Shown::new(f, 60, 200),
        text: tuple.get(0, f).map(|v| Shown::new(v, 600, 2000)),
        href: entity(f, tuple.get(0, f)),
    };
    let listing = hunt.tuples(bench.schema("tuples")?);
    let rows =
        format!("SELECT * FROM rows{} ORDER BY lanner_row LIMIT 100", listing.condition(&own));
    html(&TuplePage {
        frame: Frame::new(&bench, "Tuple", "Tuples"),
        values: fields.iter().map(value).collect(),
        score: tuple.number(0, "score").map_or_else(String::new, |s| format!("{s:.3}")),
        copies: grouped(tuple.count(0, "copies")),
        first: tuple.time(0, "first_seen"),
        last: tuple.time(0, "last_seen"),
        incident: tuple.get(0, "incident").map(str::to_owned),
        reasons: reasons(tuple.get(0, "reasons"), tuple.get(0, "why")),
        votes: votes(hunt, &tuple),
        events: View { all: hunt.kept, ..own }.at("/events"),
        rows: crate::view::address("/sql", &[("q", rows)]),
    })
}
