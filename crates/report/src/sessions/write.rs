//! The order in which a hunt for sessions is written.

use super::events::{Places, Spool};
use super::findings::{FINDINGS, findings};
use super::manifest::{SessionsManifest, count};
use super::rows::{self, SessionRow};
use crate::file::put;
use crate::manifest::MANIFEST;
use crate::target::Staging;
use crate::write::json;
use crate::{Check, Provenance, ReportError, Target, draw};
use lanner_frame::Cancel;
use lanner_pipeline::{Observer, SessionsOutcome, SessionsRequest, sessions};
use lanner_read::EventLogs;
use lanner_sessions::Event;
use std::fs;
use std::ops::ControlFlow;

/// A hunt for sessions being written: events while they are read, all else at the end.
pub struct SessionsReport<'t> {
    // Before the folder, so that its file is closed when the folder goes.
    spool: Spool,
    staging: Staging<'t>,
}

impl<'t> SessionsReport<'t> {
    /// Begins in a hidden folder beside the target, readable by its owner only.
    ///
    /// # Errors
    /// [`ReportError`] if the place is taken or cannot be written to.
    pub fn begin(target: &'t Target) -> Result<Self, ReportError> {
        let staging = Staging::new(target)?;
        Ok(Self { spool: Spool::new(staging.dir())?, staging })
    }

    /// Keeps an event, its file and its number in it. Events come in the order of [`Event::at`].
    ///
    /// # Errors
    /// [`ReportError`] if it cannot be written.
    pub fn keep(&mut self, event: &Event, file: &str, record: u64) -> Result<(), ReportError> {
        self.spool.push(event, file, record)
    }

    /// Writes every file and puts the folder in its place, whole or not at all. `provenance` is asked once
    /// all tables are written. A check that does not come out is no error: it is in the manifest, and the
    /// page says it on top; ask [`SessionsManifest::failed_checks`].
    ///
    /// # Errors
    /// Any; nothing is left behind then, and a folder that was to be replaced is still there.
    ///
    /// # Cost
    /// One pass over the events kept; memory for the sessions and 24 bytes an event.
    pub fn write(
        self,
        outcome: &SessionsOutcome,
        provenance: &dyn Fn() -> Provenance,
    ) -> Result<SessionsManifest, ReportError> {
        let dir = self.staging.dir();
        let places = Places::new(outcome.input.used, &outcome.sessions);
        let (events, kept, linked) = self.spool.finish(dir, &places)?;
        let rows = rows::rows(outcome);
        let mut outputs = rows::write(dir, &rows)?;
        let findings = findings(outcome);
        outputs.push(put(dir, FINDINGS, &json(&findings)?)?);
        outputs.push(events);
        let checks = checks(outcome, &rows, findings.len() as u64, kept, linked);
        let mut manifest = SessionsManifest::new(outcome, provenance(), outputs, checks)?;
        // The page is drawn from the files, so they come first; the manifest is written again with the page.
        let path = dir.join(MANIFEST);
        put(dir, MANIFEST, &json(&manifest)?)?;
        manifest.outputs.push(put(dir, "report.html", &draw(dir)?)?);
        fs::remove_file(&path).map_err(ReportError::io("replace", &path))?;
        put(dir, MANIFEST, &json(&manifest)?)?;
        self.staging.commit()?;
        Ok(manifest)
    }
}

/// Hunts for sessions in opened logs, and writes what it finds where there is a target.
///
/// # Errors
/// As [`lanner_pipeline::sessions`] (as the source) and [`SessionsReport`].
pub fn hunt_sessions(
    logs: &EventLogs,
    request: &SessionsRequest,
    target: Option<&Target>,
    (cancel, observer): (&Cancel, &dyn Observer),
    provenance: &dyn Fn() -> Provenance,
) -> Result<(SessionsOutcome, Option<SessionsManifest>), ReportError> {
    let mut report = target.map(SessionsReport::begin).transpose()?;
    let mut refused = None;
    let mut keep = |event: &Event, file: usize, record: u64| {
        let Some(report) = &mut report else { return ControlFlow::Continue(()) };
        match report.keep(event, &logs.files()[file].shown, record) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                refused = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    let found = sessions(logs, request, &mut keep, cancel, observer);
    if let Some(error) = refused {
        return Err(error);
    }
    let found = found.map_err(ReportError::source)?;
    let manifest = report.map(|report| report.write(&found, provenance)).transpose()?;
    Ok((found, manifest))
}

/// The sums that must come out.
fn checks(
    outcome: &SessionsOutcome,
    rows: &[SessionRow],
    findings: u64,
    kept: u64,
    linked: u64,
) -> Vec<Check> {
    let input = &outcome.input;
    let used = input.used + input.other + input.rejected;
    let in_sessions: u64 = outcome.sessions.iter().map(|s| s.events.len() as u64).sum();
    let counted: f64 = rows.iter().map(|r| r.values()[8]).sum();
    let compared = outcome.detection.lof.as_ref();
    let finite = compared.map_or(0, |l| l.scores.iter().filter(|s| s.is_finite()).count());
    let flagged = compared.map_or(0, |l| count(&l.flagged))
        + outcome.ensemble.as_ref().map_or(0, |e| count(&e.flagged));
    let ordered = rows.windows(2).filter(|pair| pair[0].session_id < pair[1].session_id).count();
    vec![
        Check::new("read", "records read = used + other + rejected", input.read, used),
        Check::new("events", "events written = events used", input.used, kept),
        Check::new(
            "linked",
            "events in one session each = events of all sessions",
            in_sessions,
            linked,
        ),
        Check::new(
            "counted",
            "feature total_events = events of all sessions",
            in_sessions,
            counted as u64,
        ),
        Check::new(
            "scores",
            "no compared session without a score",
            compared.map_or(0, |l| l.scores.len() as u64),
            finite as u64,
        ),
        Check::new("findings", "findings = flagged sessions of each detector", flagged, findings),
        Check::new(
            "order",
            "sessions numbered in order",
            rows.len().saturating_sub(1) as u64,
            ordered as u64,
        ),
    ]
}
