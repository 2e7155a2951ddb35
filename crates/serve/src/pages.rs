//! The pages, one file each, and what they have in common.

mod entity;
mod event;
mod events;
mod incident;
mod incidents;
mod list;
mod models;
mod overview;
mod reasons;
mod session;
mod sessions;
mod sql;
mod tree;
mod tuple;
mod tuples;

use crate::bench::{Bench, Kind};
use crate::error::PageError;
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use lanner_report::{SESSIONS_STYLE, STYLE};
use std::sync::Arc;

/// The bench as pages get it.
type Shared = axum::extract::State<Arc<Bench>>;
/// What an address asks, in order.
type Pairs = axum::extract::Query<Vec<(String, String)>>;
/// A page, or the page that says why there is none.
type Page = Result<Response, PageError>;

/// Every address that there is.
pub(crate) fn routes(bench: Arc<Bench>) -> Router {
    Router::new()
        .route("/", get(overview::page))
        .route("/incidents", get(incidents::page))
        .route("/incident/{number}", get(incident::page))
        .route("/tuples", get(tuples::page))
        .route("/tuple", get(tuple::page))
        .route("/events", get(events::page))
        .route("/event/{row}", get(event::page))
        .route("/event/{row}/raw", get(event::raw))
        .route("/entity", get(entity::page))
        .route("/models", get(models::page))
        .route("/sessions", get(sessions::page))
        .route("/session/{id}", get(session::page))
        .route("/sql", get(sql::page))
        .route("/sql.csv", get(sql::csv))
        .route("/static/style.css", get(style))
        .route("/static/bird.svg", get(bird))
        .route("/static/keys.js", get(script))
        .fallback(nowhere)
        .with_state(bench)
}

async fn style() -> impl IntoResponse {
    let text = [STYLE, SESSIONS_STYLE, include_str!("../static/workbench.css")].concat();
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], text)
}

async fn bird() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml")], include_str!("../static/bird.svg"))
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../static/keys.js"))
}

async fn nowhere() -> PageError {
    PageError::Missing("There is no page at this address.".to_owned())
}

/// What every page has around it.
struct Frame {
    /// What the page is about.
    title: String,
    /// What was hunted through.
    hunt: String,
    version: String,
    nav: Vec<Tab>,
}

/// A link of the navigation.
struct Tab {
    href: &'static str,
    label: &'static str,
    current: bool,
}

impl Frame {
    /// The frame of the page `title` under the tab `tab`.
    fn new(bench: &Bench, title: impl Into<String>, tab: &str) -> Self {
        let mut tabs = vec![("/", "Overview")];
        let (hunt, version) = match &bench.kind {
            Kind::Hunt(hunt) => {
                if hunt.incidents {
                    tabs.push(("/incidents", "Incidents"));
                }
                tabs.extend([("/tuples", "Tuples"), ("/events", "Events"), ("/models", "Models")]);
                (&hunt.parts.title, &hunt.manifest.version)
            }
            Kind::Sessions(manifest, parts) => {
                tabs.extend([("/sessions", "Sessions"), ("/events", "Events")]);
                (&parts.title, &manifest.version)
            }
        };
        tabs.push(("/sql", "SQL"));
        let tab = |(href, label)| Tab { href, label, current: label == tab };
        let nav = tabs.into_iter().map(tab).collect();
        Self { title: title.into(), hunt: hunt.clone(), version: version.clone(), nav }
    }
}

/// A finished template as an answer.
fn html(page: &impl askama::Template) -> Page {
    Ok((StatusCode::OK, Html(page.render()?)).into_response())
}

/// The value of a key of an address.
fn given<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
}
