//! The page of a hunt for sessions: who was there when, who stands out and why.

mod cards;
mod lanes;
mod load;

use super::tables::{self, Accounting, Clock, FileRow, Setting};
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

/// Everything the template shows.
#[derive(Template)]
#[template(path = "sessions.html")]
struct Page<'a> {
    manifest: &'a SessionsManifest,
    title: String,
    figures: Vec<Figure>,
    failed: Vec<&'a Check>,
    accounting: Accounting,
    warnings: Vec<Shown>,
    more_warnings: usize,
    lanes: Option<Timeline>,
    cards: Vec<Card>,
    /// Sessions that stand out and are not shown.
    more_cards: usize,
    compared: bool,
    ensemble: bool,
    lines: Vec<Line>,
    more_lines: usize,
    files: Vec<FileRow>,
    more_files: usize,
    skipped: Vec<tables::SkippedRow>,
    more_skipped: usize,
    settings: Vec<Setting>,
    clock: Clock,
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
        let (files, more_files) = tables::files(&inputs.files);
        let (skipped, more_skipped) = tables::skipped(&inputs.skipped);
        let (warnings, more_warnings) =
            tables::some(manifest.warnings.iter(), |w| Shown::new(w, 400, 400));
        let cards = cards::cards(found);
        let carded: BTreeSet<u64> = cards.iter().map(|c| c.id).collect();
        let standing = found.rows.iter().filter(|r| r.stands_out()).count();
        let lines = found.rows.iter().take(LISTED).map(|row| line(row, &carded));
        Self {
            title: named(&found.settings.inputs),
            figures: figures(found),
            failed: manifest.failed_checks().collect(),
            accounting: Accounting::of(
                inputs.read,
                [("used", inputs.used), ("other", inputs.other), ("rejected", inputs.rejected)],
                None,
            ),
            warnings,
            more_warnings,
            lanes: Timeline::new(&found.rows, &carded),
            more_cards: standing - cards.len(),
            compared: found.rows.iter().any(|r| r.lof_score.is_some()),
            ensemble: found.settings.ensemble,
            lines: lines.collect(),
            more_lines: found.rows.len().saturating_sub(LISTED),
            cards,
            files,
            more_files,
            skipped,
            more_skipped,
            settings: settings(found),
            clock: Clock::new(
                [&manifest.started, &manifest.ended],
                &manifest.command,
                manifest.threads,
                manifest.peak_memory_bytes,
                &manifest.timings,
            ),
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
