//! `findings.json`: the flagged sessions as an investigator's list has them.

use lanner_pipeline::SessionsOutcome;
use lanner_sessions::Finding;

/// Name of the file.
pub(super) const FINDINGS: &str = "findings.json";

/// The findings in session order; of one session those of the reference detector first.
pub(super) fn findings(outcome: &SessionsOutcome) -> Vec<Finding> {
    let mut all = outcome.detection.findings(&outcome.sessions);
    if let Some(ensemble) = &outcome.ensemble {
        all.extend(ensemble.findings(&outcome.sessions));
    }
    all.sort_by_key(|finding| finding.session_id);
    all
}
