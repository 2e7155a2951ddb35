//! The list of tuples.

use super::list::{Column, Form, List};
use super::{Page, Pairs, Shared};
use crate::hunt::{HuntBench, SHOWN};
use crate::table::Grid;
use crate::view::{Filter, View};
use arrow::datatypes::Schema;
use axum::extract::{Query, State};

/// The columns of a list of tuples.
pub(super) fn columns(hunt: &HuntBench, schema: &Schema) -> Vec<Column> {
    let mut all = vec![
        Column::new("score", "Score", Form::Number),
        Column::new("rank", "Votes", Form::Votes(hunt.ran().count())),
        Column::new("incident", "Incident", Form::Link("/incident/")),
        Column::new("copies", "Copies", Form::Number),
        Column::new("first_seen", "First seen", Form::Time),
    ];
    all.extend(hunt.fields().take(SHOWN).map(|f| Column::new(f, f, Form::Entity)));
    all.push(Column::new("why", "Why", Form::Under));
    all.retain(|c| schema.column_with_name(&c.name).is_some());
    all
}

/// The address of the tuple with these values of the fields.
pub(super) fn address_of(fields: &[&str], grid: &Grid, row: usize) -> String {
    let filters = fields.iter().map(|f| Filter::value(f, grid.get(row, f))).collect();
    View { filters, ..View::default() }.at("/tuple")
}

pub(super) async fn page(State(bench): Shared, Query(pairs): Pairs) -> Page {
    let hunt = bench.hunt()?;
    let schema = bench.schema("tuples")?;
    let fields: Vec<&str> = hunt.fields().collect();
    let order = if hunt.by_score() { "by score" } else { "by votes, then score" };
    let list = List {
        tab: "Tuples",
        title: "Tuples",
        noun: "tuples",
        intro: format!(
            "A tuple is one combination of values of the detection fields, with all rows that have it. The \
             strangest come first, {order}."
        ),
        path: "/tuples",
        listing: hunt.tuples(schema),
        columns: columns(hunt, schema),
        keys: fields.clone(),
        unique: None,
        href: &|grid, row| address_of(&fields, grid, row),
        copies: Some("copies"),
        models: hunt.ran().map(|m| m.id.clone()).collect(),
        other: None,
    };
    list.answer(&bench, &pairs).await
}
