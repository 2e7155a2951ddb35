//! The page of a hunt for sessions: who was there when, who stands out and why.

mod cards;
mod lanes;
mod load;

use super::parts::SessionsParts;
use super::pieces::{Run, Sources, Summary};
use super::script;
use super::tables::{Accounting, Clock, Setting};
use super::words::{self, Shown, grouped};
use super::{Figure, named};
use crate::sessions::SessionRow;
use crate::{Check, ReportError, SessionsManifest};
use askama::Template;
use cards::Card;
use lanes::Timeline;
use lanner_sessions::lasting;
use load::Found;
use std::collections::BTreeSet;
use std::path::Path;

/// Sessions that are shown with their reasons and events; the files have all of them.
const SHOWN: usize = 50;
/// Lines of the list of all sessions.
const LISTED: usize = 300;

/// Draws the page from the files of a finished hunt for sessions.
pub(super) fn draw(dir: &Path) -> Result<String, ReportError> {
    let found = Found::load(dir)?;
    Ok(Page::new(&found).render()?)
}

/// The pieces of the page, with sessions as links to `link` and their number.
pub(super) fn parts(dir: &Path, link: &'static str) -> Result<SessionsParts, ReportError> {
    let found = Found::load(dir)?;
    let page = Page::new(&found);
    let Page { title, summary, lanes, cards, inputs, settings, run, .. } = page;
    let card = |card: CardPiece| Ok((card.c.id, CardPiece { link, ..card }.render()?));
    Ok(SessionsParts {
        title,
        summary: summary.render()?,
        lanes: lanes.map(|lanes| Lanes { link, ..lanes }.render()).transpose()?,
        cards: cards.into_iter().map(card).collect::<Result<_, ReportError>>()?,
        inputs: inputs.render()?,
        settings: settings.render()?,
        run: run.render()?,
    })
}

/// Where a session stands on the page itself.
const BELOW: &str = "#s";

/// Everything the template shows.
#[derive(Template)]
#[template(path = "sessions.html")]
struct Page<'a> {
    manifest: &'a SessionsManifest,
    title: String,
    summary: Summary<'a>,
    lanes: Option<Lanes>,
    cards: Vec<CardPiece>,
    /// Sessions that stand out and are not shown.
    more_cards: usize,
    compared: bool,
    ensemble: bool,
    lines: Vec<Line>,
    more_lines: usize,
    inputs: Sources,
    settings: SettingsPiece<'a>,
    run: Run,
}

/// Who was there when.
#[derive(Template)]
#[template(path = "lanes.html")]
struct Lanes {
    time: Timeline,
    ensemble: bool,
    link: &'static str,
}

/// A session that stands out.
#[derive(Template)]
#[template(path = "session.html")]
struct CardPiece {
    c: Card,
    link: &'static str,
}

/// The settings, and the sums that must agree.
#[derive(Template)]
#[template(path = "sessions_settings.html")]
struct SettingsPiece<'a> {
    settings: Vec<Setting>,
    checks: &'a [Check],
}

/// A line of the list of all sessions.
struct Line {
    id: u64,
    /// Shown further up.
    carded: bool,
    stands_out: bool,
    start: String,
    lasted: String,
    user: Shown,
    address: Shown,
    host: Shown,
    events: String,
    failed: String,
    lof: String,
    ensemble: Option<String>,
}

impl<'a> Page<'a> {
    fn new(found: &'a Found) -> Self {
        let manifest = &found.manifest;
        let inputs = &manifest.inputs;
        let cards = cards::cards(found);
        let carded: BTreeSet<u64> = cards.iter().map(|c| c.id).collect();
        let standing = found.rows.iter().filter(|r| r.stands_out()).count();
        let lines = found.rows.iter().take(LISTED).map(|row| line(row, &carded));
        let parts = [("used", inputs.used), ("other", inputs.other), ("rejected", inputs.rejected)];
        let clock = Clock::new(
            [&manifest.started, &manifest.ended],
            &manifest.command,
            manifest.threads,
            manifest.peak_memory_bytes,
            &manifest.timings,
        );
        let ensemble = found.settings.ensemble;
        let lanes = Timeline::new(&found.rows, &carded);
        Self {
            title: named(&found.settings.inputs),
            summary: Summary::new(
                &manifest.checks,
                figures(found),
                Accounting::of(inputs.read, parts, None),
                manifest.warnings.iter(),
            ),
            lanes: lanes.map(|time| Lanes { time, ensemble, link: BELOW }),
            more_cards: standing - cards.len(),
            compared: found.rows.iter().any(|r| r.lof_score.is_some()),
            ensemble,
            lines: lines.collect(),
            more_lines: found.rows.len().saturating_sub(LISTED),
            cards: cards.into_iter().map(|c| CardPiece { c, link: BELOW }).collect(),
            inputs: Sources::new(&inputs.files, &inputs.skipped),
            settings: SettingsPiece { settings: settings(found), checks: &manifest.checks },
            run: Run::new(clock),
            manifest,
        }
    }
}

fn text(value: Option<&String>, width: usize) -> Shown {
    Shown::new(value.map_or("", String::as_str), width, 300)
}

fn line(row: &SessionRow, carded: &BTreeSet<u64>) -> Line {
    let values = row.values();
    Line {
        id: row.session_id,
        carded: carded.contains(&row.session_id),
        stands_out: row.stands_out(),
        start: row.start.map_or_else(String::new, |t| words::time(t.as_microsecond())),
        lasted: lasting(values[0]),
        user: text(row.user.as_ref(), 40),
        address: text(row.source_ip.as_ref(), 40),
        host: text(Some(&row.host), 40),
        events: grouped(values[8] as u64),
        failed: grouped(values[1] as u64),
        lof: row.lof_score.map_or_else(String::new, |s| format!("{s:.3}")),
        ensemble: row.ensemble.as_ref().map(|e| format!("{:.3}", e.score)),
    }
}

fn figures(found: &Found) -> Vec<Figure> {
    let (manifest, rows) = (&found.manifest, &found.rows);
    let inputs = &manifest.inputs;
    let distinct = |get: fn(&SessionRow) -> Option<&str>| {
        let all: BTreeSet<String> = rows.iter().filter_map(get).map(str::to_lowercase).collect();
        grouped(all.len() as u64)
    };
    let figure = |label, value, detail| Figure { label, value, detail, alarm: false };
    let standing = rows.iter().filter(|r| r.stands_out()).count() as u64;
    let by = match manifest.ensemble_flagged {
        Some(n) => format!("{} by LOF, {} by the ensemble", grouped(manifest.flagged), grouped(n)),
        None => "by LOF, the reference detector".to_owned(),
    };
    vec![
        figure("Records read", grouped(inputs.read), words::count(inputs.files.len(), "file")),
        figure("Accounts", distinct(|r| r.user.as_deref()), "with a session".into()),
        figure("Hosts", distinct(|r| Some(r.host.as_str())), "logged on to".into()),
        figure(
            "Sessions",
            grouped(manifest.sessions),
            format!("builder {}", found.settings.builder),
        ),
        figure("Stand out", grouped(standing), by),
        words::span(inputs.first.as_deref(), inputs.last.as_deref()),
    ]
}

fn settings(found: &Found) -> Vec<Setting> {
    let settings = &found.settings;
    let logs = found.manifest.inputs.logs.iter();
    let logs: Vec<String> = logs.map(|l| format!("{} {}", l.log, grouped(l.events))).collect();
    let mut all = vec![
        ("Inputs", settings.inputs.join(" ")),
        ("Builder", settings.builder.clone()),
        ("Detector", "LOF over the twelve features as they are; flagged above 1.5".to_owned()),
        ("Zone of hours", settings.zone.clone()),
        ("Events by log", logs.join(", ")),
    ];
    if settings.ensemble {
        let ran: Vec<&str> = found.manifest.models.iter().map(|m| m.id.as_str()).collect();
        all.push(("Ensemble", format!("{}, seed {}", ran.join(", "), settings.seed)));
    }
    let setting = |(name, value): (&'static str, String)| Setting {
        name,
        value: Shown::new(&value, 300, 1000),
    };
    all.into_iter().map(setting).collect()
}
