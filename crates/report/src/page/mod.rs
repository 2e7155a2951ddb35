//! `report.html`: one page that stands alone, drawn from the files of a finished hunt.
//!
//! Views are plain data made here; `templates` are the one place where text becomes HTML, and they escape
//! everything. Nothing is fetched; the one script sifts and sorts what is there.

pub(crate) mod charts;
mod incidents;
mod load;
pub(crate) mod parts;
mod pieces;
mod script;
mod sessions;
mod strangest;
mod tables;
pub mod words;

use crate::{Manifest, ReportError, manifest};
use askama::Template;
use charts::TimeChart;
use load::Hunt;
use pieces::{Agreement, Chosen, Models, Run, Sources, Summary, Votes};
use std::path::Path;
use strangest::Strange;
use words::{Shown, grouped};

/// Tuples that the page lists; the files have all of them.
const LISTED: usize = 100;

/// Draws the page of a finished hunt, or hunt for sessions, from the files in its folder. The same files
/// give the same bytes.
///
/// # Errors
/// A file is missing or does not hold what [`write`](crate::write()) or
/// [`SessionsReport`](crate::SessionsReport) puts into it.
///
/// # Cost
/// O(tuples) a model; the page stays under 5 MB whatever the hunt.
pub fn draw(dir: &Path) -> Result<String, ReportError> {
    if manifest::kind_of(dir)?.0 == manifest::SESSIONS {
        return sessions::draw(dir);
    }
    let hunt = Hunt::load(dir)?;
    Ok(Page::new(&hunt)?.render()?)
}

/// Everything the template shows.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    manifest: &'a Manifest,
    title: String,
    kind: Shown,
    summary: Summary<'a>,
    fields: Vec<Shown>,
    incidents: Vec<incidents::Incident>,
    lanner: bool,
    strangest: Vec<Strange>,
    when: Option<TimeChart>,
    votes: Votes<'a>,
    agreement: Agreement,
    models: Models,
    inputs: Sources,
    settings: Chosen,
    run: Run,
}

/// One key figure.
struct Figure {
    label: &'static str,
    value: String,
    detail: String,
    alarm: bool,
}

impl<'a> Page<'a> {
    fn new(hunt: &'a Hunt) -> Result<Self, ReportError> {
        let manifest = &hunt.manifest;
        let inputs = &manifest.inputs;
        Ok(Self {
            title: named(&hunt.settings.inputs),
            kind: Shown::new(&hunt.settings.kind, 40, 40),
            summary: Summary::of(hunt),
            fields: hunt.fields.iter().map(|f| Shown::new(f, 60, 300)).collect(),
            incidents: incidents::rows(hunt),
            lanner: hunt.settings.recipe == "lanner",
            strangest: strangest::rows(hunt),
            when: TimeChart::new(hunt),
            votes: Votes::new(hunt)?,
            agreement: Agreement::new(hunt),
            models: Models::new(hunt),
            inputs: Sources::new(&inputs.files, &inputs.skipped),
            settings: Chosen::new(hunt),
            run: Run::of(hunt),
            manifest,
        })
    }
}

/// The inputs as a title names them.
fn named(inputs: &[String]) -> String {
    match inputs {
        [] => "no input".into(),
        [one] => Shown::new(one, 80, 80).text,
        [one, ..] => format!("{} and {} more", Shown::new(one, 80, 80).text, inputs.len() - 1),
    }
}

fn figures(hunt: &Hunt) -> Vec<Figure> {
    let manifest = &hunt.manifest;
    let inputs = &manifest.inputs;
    let count = |status: &str| hunt.models.iter().filter(|m| m.status == status).count();
    let (ran, failed, excluded) = (count("ran"), count("failed"), count("excluded"));
    let detail = match (failed, excluded) {
        (0, 0) => "none failed, none left out".into(),
        (f, e) => format!("{f} failed, {e} left out"),
    };
    let best = manifest.distinct_ranks.last().copied().unwrap_or_default();
    let figure = |label, value, detail| Figure { label, value, detail, alarm: false };
    vec![
        figure("Records read", grouped(inputs.read), words::count(inputs.files.len(), "file")),
        figure("Distinct tuples", grouped(manifest.tuples), words::share(manifest)),
        figure(
            "Flagged rows",
            grouped(manifest.flagged_rows),
            format!("in {}", words::count(manifest.flagged_tuples as usize, "tuple")),
        ),
        Figure {
            label: "Models ran",
            value: format!("{ran} of {}", hunt.models.len()),
            detail,
            alarm: failed > 0,
        },
        figure("Highest rank", format!("{best} of {ran}"), "votes for one tuple".into()),
        words::span(inputs.first.as_deref(), inputs.last.as_deref()),
    ]
}
