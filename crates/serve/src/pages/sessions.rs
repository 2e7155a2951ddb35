//! The sessions of a hunt for sessions.

use super::list::{Column, Form, List};
use super::{Page, Pairs, Shared};
use crate::bench::SESSION;
use crate::select::Listing;
use axum::extract::{Query, State};

pub(super) async fn page(State(bench): Shared, Query(pairs): Pairs) -> Page {
    let schema = bench.schema("sessions")?;
    let has = |c: &str| schema.column_with_name(c).is_some();
    let mut columns = vec![
        Column::new("session_id", "Session", Form::Link(SESSION)),
        Column::new("place", "Place", Form::Number),
        Column::new("start", "Start", Form::Time),
        Column::new("duration", "Seconds", Form::Number),
        Column::new("user", "Account", Form::Text),
        Column::new("source_ip", "From", Form::Text),
        Column::new("host", "Host", Form::Text),
        Column::new("total_events", "Events", Form::Number),
        Column::new("failed_logons", "Failed", Form::Number),
        Column::new("lof_score", "LOF", Form::Number),
        Column::new("ensemble_score", "Ensemble", Form::Number),
        Column::new("ensemble_explanation", "Why", Form::Under),
        Column::new("explanation", "Why", Form::Under),
    ];
    columns.retain(|c| has(&c.name));
    let list = List {
        tab: "Sessions",
        title: "Sessions",
        noun: "sessions",
        intro: "Every session with what was counted in it; those that stand out first.".to_owned(),
        path: "/sessions",
        listing: Listing {
            table: "sessions",
            schema,
            order: "place ASC NULLS LAST, session_id".to_owned(),
            times: Some(("start", "end")),
            searched: vec!["user", "source_ip", "host", "explanation", "addresses", "logon_ids"],
        },
        columns,
        keys: vec!["session_id"],
        unique: None,
        href: &|grid, row| format!("{SESSION}{}", grid.get(row, "session_id").unwrap_or_default()),
        copies: None,
        models: Vec::new(),
        other: None,
    };
    list.answer(&bench, &pairs).await
}
