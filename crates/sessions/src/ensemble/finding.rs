//! The flagged sessions of the ensemble as an investigator's list has them.

use super::Ensemble;
use crate::detect::Finding;
use crate::session::Session;

/// How grave a finding of the ensemble is: a second opinion beside the reference detector's.
pub const ENSEMBLE_SEVERITY: &str = "Medium";
/// Name of the rule in a finding of the ensemble.
pub const ENSEMBLE_RULE: &str = "Session Unlike Its Peers (ensemble)";

impl Ensemble {
    /// The flagged sessions, in session order.
    pub fn findings(&self, sessions: &[Session]) -> Vec<Finding> {
        let flagged = sessions.iter().enumerate().filter(|(i, _)| self.flagged[*i]);
        let ran = self.models.iter().filter(|m| m.outcome.is_ok()).count();
        let finding = |(i, session): (usize, &Session)| Finding {
            session_id: session.session_id,
            user: session.user.clone(),
            ip: session.source_ip.clone(),
            start: session.start,
            end: session.end,
            severity: ENSEMBLE_SEVERITY,
            rule: ENSEMBLE_RULE,
            description: format!(
                "Session stands out from its peers, by {} of {ran} models (score={:.4})",
                self.rank[i], self.score[i]
            ),
            explanation: self.reasons[i]
                .iter()
                .map(super::Oddity::text)
                .collect::<Vec<_>>()
                .join(" | "),
        };
        flagged.map(finding).collect()
    }
}
