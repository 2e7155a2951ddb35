//! The pieces of a finished hunt's page, for pages of another kind to hold: they look and say the same.

use super::load::Hunt;
use super::pieces::{Agreement, Chosen, Models, Run, Sources, Summary, Votes};
use super::sessions;
use super::words::Shown;
use crate::{ReportError, SessionsManifest, manifest};
use askama::Template;
use std::path::Path;

/// The style of the pieces. Both halves of it are what `report.html` has in its head.
pub const STYLE: &str =
    concat!(include_str!("../../templates/style.css"), include_str!("../../templates/parts.css"));
/// What pieces of sessions need besides [`STYLE`].
pub const SESSIONS_STYLE: &str = include_str!("../../templates/sessions.css");
/// The bird, as SVG.
pub const BIRD: &str = include_str!("../../templates/bird.html");

/// Pieces of the page of a hunt: finished HTML without scripts, style attributes or links.
#[derive(Debug, Clone)]
pub struct HuntParts {
    /// What was hunted through, cut for a title. Text, still to be escaped.
    pub title: String,
    /// The kind of log. Text, still to be escaped.
    pub kind: String,
    /// Key figures, accounting, warnings.
    pub summary: String,
    /// Rank histogram, checks, score distributions.
    pub votes: String,
    /// The two heatmaps.
    pub agreement: String,
    /// The table of models.
    pub models: String,
    /// Files read.
    pub inputs: String,
    /// Settings and fields.
    pub settings: String,
    /// Clock times.
    pub run: String,
}

impl HuntParts {
    /// Draws the pieces from the files of a finished hunt.
    ///
    /// # Errors
    /// As [`draw`](super::draw).
    ///
    /// # Cost
    /// O(tuples) a model, one model's scores in memory at a time.
    pub fn load(dir: &Path) -> Result<Self, ReportError> {
        let hunt = Hunt::load(dir)?;
        let inputs = &hunt.manifest.inputs;
        Ok(Self {
            title: super::named(&hunt.settings.inputs),
            kind: Shown::new(&hunt.settings.kind, 40, 40).text,
            summary: Summary::of(&hunt).render()?,
            votes: Votes::new(&hunt)?.render()?,
            agreement: Agreement::new(&hunt).render()?,
            models: Models::new(&hunt).render()?,
            inputs: Sources::new(&inputs.files, &inputs.skipped).render()?,
            settings: Chosen::new(&hunt).render()?,
            run: Run::of(&hunt).render()?,
        })
    }
}

/// Pieces of the page of a hunt for sessions.
#[derive(Debug, Clone)]
pub struct SessionsParts {
    /// What was hunted through, cut for a title. Text, still to be escaped.
    pub title: String,
    /// Key figures, accounting, warnings.
    pub summary: String,
    /// Who was there when, if any session has a time.
    pub lanes: Option<String>,
    /// The strangest sessions, strangest first: number, reasons and features.
    pub cards: Vec<(u64, String)>,
    /// Files read.
    pub inputs: String,
    /// Settings and checks.
    pub settings: String,
    /// Clock times.
    pub run: String,
}

impl SessionsParts {
    /// Draws the pieces from the files of a finished hunt for sessions. Sessions are links to `link` and
    /// their number.
    ///
    /// # Errors
    /// As [`draw`](super::draw).
    pub fn load(dir: &Path, link: &'static str) -> Result<Self, ReportError> {
        sessions::parts(dir, link)
    }
}

/// The folder of a finished hunt, of either kind.
#[derive(Debug, Clone)]
pub enum AnyManifest {
    /// A hunt for events.
    Hunt(Box<crate::Manifest>),
    /// A hunt for sessions.
    Sessions(Box<SessionsManifest>),
}

impl AnyManifest {
    /// Reads the manifest.
    ///
    /// # Errors
    /// [`ReportError`] if there is none, or it is not one of ours.
    pub fn read(dir: &Path) -> Result<Self, ReportError> {
        if manifest::kind_of(dir)?.0 != manifest::SESSIONS {
            return Ok(Self::Hunt(Box::new(crate::Manifest::read(dir)?)));
        }
        let sessions = SessionsManifest::read(dir)?;
        let sessions =
            sessions.ok_or_else(|| super::load::damaged(manifest::MANIFEST, "no kind"))?;
        Ok(Self::Sessions(Box::new(sessions)))
    }
}
