//! Pieces that pages are put together from, each with a template of its own.

use super::charts::{Heat, RankChart, Spread};
use super::load::Hunt;
use super::tables::{self, Accounting, Clock, FieldRow, FileRow, ModelRow, Setting, SkippedRow};
use super::words::{self, Shown};
use super::{Figure, figures};
use crate::{Check, InputFile, ReportError, SkippedFile};
use askama::Template;

/// The key figures, what became of the records, and what else is worth knowing.
#[derive(Template)]
#[template(path = "summary.html")]
pub(super) struct Summary<'a> {
    checks: usize,
    failed: Vec<&'a Check>,
    figures: Vec<Figure>,
    accounting: Accounting,
    warnings: Vec<Shown>,
    more_warnings: usize,
}

impl<'a> Summary<'a> {
    pub(super) fn new(
        checks: &'a [Check],
        figures: Vec<Figure>,
        accounting: Accounting,
        said: impl Iterator<Item = &'a String>,
    ) -> Self {
        let (warnings, more_warnings) = tables::some(said, |w| Shown::new(w, 400, 400));
        let failed = checks.iter().filter(|c| !c.ok).collect();
        Self { checks: checks.len(), failed, figures, accounting, warnings, more_warnings }
    }

    /// Of a hunt for events.
    pub(super) fn of(hunt: &'a Hunt) -> Self {
        let manifest = &hunt.manifest;
        let inputs = &manifest.inputs;
        let parts = [
            ("scored", inputs.scored),
            ("filtered", inputs.filtered),
            ("rejected", inputs.rejected),
        ];
        Self::new(
            &manifest.checks,
            figures(hunt),
            Accounting::of(inputs.read, parts, inputs.repeated_ids),
            manifest.warnings.iter().chain(&manifest.notes),
        )
    }
}

/// The rank histogram, the sums that must agree, and each model's scores.
#[derive(Template)]
#[template(path = "votes.html")]
pub(super) struct Votes<'a> {
    ranks: RankChart,
    checks: &'a [Check],
    spreads: Vec<Spread>,
}

impl<'a> Votes<'a> {
    pub(super) fn new(hunt: &'a Hunt) -> Result<Self, ReportError> {
        let (ranks, checks) = (RankChart::new(&hunt.ranks), hunt.manifest.checks.as_slice());
        Ok(Self { ranks, checks, spreads: hunt.spreads()? })
    }
}

/// How alike the models judge.
#[derive(Template)]
#[template(path = "agreement.html")]
pub(super) struct Agreement {
    heats: Vec<Heat>,
}

impl Agreement {
    pub(super) fn new(hunt: &Hunt) -> Self {
        Self { heats: hunt.heats() }
    }
}

/// The models with their states and parameters.
#[derive(Template)]
#[template(path = "models.html")]
pub(super) struct Models {
    models: Vec<ModelRow>,
}

impl Models {
    pub(super) fn new(hunt: &Hunt) -> Self {
        Self { models: hunt.models.iter().map(ModelRow::new).collect() }
    }
}

/// The files read, and those that were not.
#[derive(Template)]
#[template(path = "inputs.html")]
pub(super) struct Sources {
    files: Vec<FileRow>,
    more_files: usize,
    skipped: Vec<SkippedRow>,
    more_skipped: usize,
}

impl Sources {
    pub(super) fn new(files: &[InputFile], skipped: &[SkippedFile]) -> Self {
        let (files, more_files) = tables::files(files);
        let (skipped, more_skipped) = tables::skipped(skipped);
        Self { files, more_files, skipped, more_skipped }
    }
}

/// The settings and the detection fields.
#[derive(Template)]
#[template(path = "settings.html")]
pub(super) struct Chosen {
    settings: Vec<Setting>,
    uses: Vec<FieldRow>,
    more_uses: usize,
}

impl Chosen {
    pub(super) fn new(hunt: &Hunt) -> Self {
        let (uses, more_uses) = tables::fields(&hunt.settings.fields);
        Self { settings: tables::settings(hunt), uses, more_uses }
    }
}

/// The clock times of a run.
#[derive(Template)]
#[template(path = "clock.html")]
pub(super) struct Run {
    clock: Clock,
}

impl Run {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// Of a hunt for events.
    pub(super) fn of(hunt: &Hunt) -> Self {
        let manifest = &hunt.manifest;
        let clock = Clock::new(
            [&manifest.started, &manifest.ended],
            &manifest.command,
            manifest.threads,
            manifest.peak_memory_bytes,
            &manifest.timings,
        );
        Self::new(clock.with_models(&hunt.models))
    }
}
