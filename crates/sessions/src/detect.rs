//! The reference detector: LOF over the features as they are, and why a session stands out.

use crate::DetectError;
use crate::features::{FEATURES, Features, features};
use crate::session::Session;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lanner_detect::detectors::lof;
use lanner_detect::{Detector, Fitted};
use lanner_frame::{Cancel, Ctx, Matrix, Sample, Workers};
use lanner_kernels::quantile::median;
use serde::Serialize;

/// Fewer sessions have no peers to be compared with.
pub const MIN_SESSIONS: usize = 5;
/// How grave a finding of this detector is.
pub const SEVERITY: &str = "High";
/// Name of the rule in a finding.
pub const RULE: &str = "Statistical Session Anomaly (ML)";
/// Sessions whose factor is above this are flagged.
const LIMIT: f64 = 1.5;
/// Standard deviations from the mean from which a feature is a reason.
const FAR: f64 = 1.5;
/// What is said where no feature is a reason.
const NO_REASON: &str = "Statistically anomalous session behavior";

/// What a far value of each of [`FEATURES`] is called; the others are no reason.
const WORDING: [Option<&str>; 12] = [
    Some("Unusual session duration"),
    Some("Failed login anomaly"),
    None,
    Some("Unusual scheduled task activity"),
    Some("Service installation behavior"),
    Some("Privilege escalation activity"),
    Some("User account creation"),
    Some("Anti-forensics behavior"),
    Some("High session activity volume"),
    Some("Off-hours access pattern"),
    None,
    None,
];

/// How sessions are looked at.
#[derive(Debug, Clone)]
pub struct Options {
    /// The zone that hours are read in.
    pub zone: TimeZone,
}

impl Default for Options {
    fn default() -> Self {
        Self { zone: TimeZone::UTC }
    }
}

/// What the reference detector says.
#[derive(Debug, Clone)]
pub struct Detection {
    /// The features of each session.
    pub features: Vec<Features>,
    /// The factors; none with fewer than [`MIN_SESSIONS`] sessions.
    pub lof: Option<Lof>,
}

/// Local outlier factors of sessions.
#[derive(Debug, Clone)]
pub struct Lof {
    /// Neighbours each session was compared with: 3, or one less than there are sessions.
    pub n_neighbors: usize,
    /// Positive factor of each session: about 1 among its like, larger is odder.
    pub scores: Vec<f64>,
    /// Factor above 1.5.
    pub flagged: Vec<bool>,
    /// Reasons of each flagged session, empty for the others and where no feature is one.
    pub reasons: Vec<Vec<Reason>>,
}

/// A feature far from that of the other sessions, on either side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The feature.
    pub feature: &'static str,
    /// What that is called.
    pub text: &'static str,
    /// Its value.
    pub value: f64,
    /// Median over all sessions of the run.
    pub peer_median: f64,
    /// Standard deviations from the mean of all sessions of the run.
    pub z: f64,
}

/// A flagged session as an investigator's list has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The session.
    pub session_id: u64,
    /// Its user.
    pub user: Option<String>,
    /// Its address.
    pub ip: Option<String>,
    /// Its start.
    pub start: Option<Timestamp>,
    /// Its end.
    pub end: Option<Timestamp>,
    /// [`SEVERITY`].
    pub severity: &'static str,
    /// [`RULE`].
    pub rule: &'static str,
    /// That it deviates, with the negative factor to four decimals.
    pub description: String,
    /// The reasons, joined by ` | `.
    pub explanation: String,
}

/// Compares sessions with one another.
///
/// LOF (M. Breunig and others, SIGMOD 2000) over the features as they are, so that seconds decide most.
/// Two sessions with the same features are no deviation, however many there are.
///
/// # Errors
/// [`DetectError`], only where the run is interrupted.
///
/// # Cost
/// O(n log n) to O(n^2) time for n sessions, O(n) memory.
pub fn detect(
    sessions: &[Session],
    options: &Options,
    workers: &Workers,
    cancel: &Cancel,
) -> Result<Detection, DetectError> {
    // The model has no random part: any seed will do.
    detect_in(sessions, options, &Ctx::new(workers.clone(), cancel.clone(), 0))
}

/// Detects in a context that nothing else uses, as the neighbours kept in it are those of one sample.
fn detect_in(sessions: &[Session], options: &Options, ctx: &Ctx) -> Result<Detection, DetectError> {
    let features: Vec<Features> = sessions.iter().map(|s| features(s, &options.zone)).collect();
    if sessions.len() < MIN_SESSIONS {
        return Ok(Detection { features, lof: None });
    }
    let x = Matrix::from_rows(&features);
    let (sample, place) = Sample::collapse(&x, &vec![1; features.len()])?;
    let n_neighbors = 3.min(features.len() - 1);
    let model =
        lof::Lof::fit(&sample, &lof::Params { n_neighbors, ..lof::Params::default() }, ctx)?;
    let scores: Vec<f64> = place.iter().map(|&p| model.own_scores()[p as usize]).collect();
    let flagged: Vec<bool> = scores.iter().map(|&s| s > LIMIT).collect();
    let peers = Peers::new(&x);
    let why = |(row, &flag): (&Features, &bool)| if flag { peers.reasons(row) } else { Vec::new() };
    let reasons = features.iter().zip(&flagged).map(why).collect();
    Ok(Detection { features, lof: Some(Lof { n_neighbors, scores, flagged, reasons }) })
}

/// The flagged among `sessions`, in their order; none with fewer than [`MIN_SESSIONS`]. Hours are UTC,
/// or in the zone that a session has itself. [`detect`] says more.
///
/// # Panics
/// Never: features are bounded numbers, and nobody can interrupt this run.
pub fn detect_sessions(sessions: &[Session]) -> Vec<Finding> {
    let detection = detect_in(sessions, &Options::default(), &Ctx::small(0));
    detection.expect("features are bounded numbers and nobody interrupts").findings(sessions)
}

impl Detection {
    /// The flagged sessions, in session order.
    pub fn findings(&self, sessions: &[Session]) -> Vec<Finding> {
        let Some(lof) = &self.lof else { return Vec::new() };
        let flagged = sessions.iter().enumerate().filter(|(i, _)| lof.flagged[*i]);
        let finding = |(i, session): (usize, &Session)| Finding {
            session_id: session.session_id,
            user: session.user.clone(),
            ip: session.source_ip.clone(),
            start: session.start,
            end: session.end,
            severity: SEVERITY,
            rule: RULE,
            description: format!(
                "Session deviates from peer sessions based on statistical comparison (score={:.4})",
                -lof.scores[i]
            ),
            explanation: lof.words(i).join(" | "),
        };
        flagged.map(finding).collect()
    }
}

impl Lof {
    /// The reasons of a flagged session in words, at least one.
    pub fn words(&self, session: usize) -> Vec<&'static str> {
        let words: Vec<&str> = self.reasons[session].iter().map(|r| r.text).collect();
        if words.is_empty() { vec![NO_REASON] } else { words }
    }
}

/// Mean, deviation and median of each feature.
struct Peers([(f64, f64, f64); 12]);

impl Peers {
    fn new(x: &Matrix) -> Self {
        let n = x.rows() as f64;
        Self(std::array::from_fn(|j| {
            let column = x.column(j);
            let mean = column.iter().sum::<f64>() / n;
            let variance = column.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
            (mean, variance.sqrt(), median(&column, &vec![1; column.len()]))
        }))
    }

    /// The far features of a session, in the order of [`FEATURES`].
    fn reasons(&self, row: &Features) -> Vec<Reason> {
        let reason = |j: usize| {
            let (text, value, (mean, deviation, peer_median)) = (WORDING[j]?, row[j], self.0[j]);
            let z = (value - mean) / (deviation + 1e-9);
            let feature = FEATURES[j];
            (z.abs() >= FAR).then_some(Reason { feature, text, value, peer_median, z })
        };
        (0..FEATURES.len()).filter_map(reason).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Correlation, Linked};

    /// A session of so many minutes in which these ids were seen.
    fn session(number: u64, minutes: i64, ids: &[u32]) -> Session {
        let start: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let event = |&event_id: &u32| Linked {
            at: 0,
            time: None,
            event_id,
            object: None,
            correlation: Correlation::InSession,
        };
        Session {
            session_id: number,
            user: Some("ann".into()),
            start: Some(start),
            end: Some(start + jiff::SignedDuration::from_mins(minutes)),
            events: ids.iter().map(event).collect(),
            ..Session::default()
        }
    }

    /// Minutes 1, 2, 3, 4 and 100: the last is far from its three nearest. Its duration is 6000 s, the
    /// mean 1320 s, the population deviation 2340.77 s: z = 1.9994. Of five sessions one that alone
    /// cleared a log has z = (1 - 0.2) / 0.4 = 2.
    #[test]
    fn a_session_far_from_its_peers_is_a_finding_with_its_reasons() {
        let mut sessions: Vec<Session> = (1..=4).map(|m| session(m as u64, m, &[21])).collect();
        sessions.push(session(5, 100, &[21, 1102]));
        let detection = detect_in(&sessions, &Options::default(), &Ctx::small(1)).unwrap();
        let lof = detection.lof.as_ref().unwrap();
        assert_eq!(
            (lof.n_neighbors, &lof.flagged[..]),
            (3, &[false, false, false, false, true][..])
        );
        let why: Vec<_> =
            lof.reasons[4].iter().map(|r| (r.feature, r.value, r.peer_median)).collect();
        assert_eq!(
            why,
            [("duration", 6000.0, 180.0), ("logs_cleared", 1.0, 0.0), ("total_events", 2.0, 1.0)]
        );
        assert!(
            (lof.reasons[4][0].z - 1.9994).abs() < 1e-4 && (lof.reasons[4][1].z - 2.0).abs() < 1e-6
        );
        let findings = detect_sessions(&sessions);
        assert_eq!(findings, detection.findings(&sessions));
        assert_eq!(findings.len(), 1);
        let finding = &findings[0];
        assert_eq!((finding.session_id, finding.severity), (5, "High"));
        assert_eq!(
            finding.explanation,
            "Unusual session duration | Anti-forensics behavior | High session activity volume"
        );
        let factor = format!("(score=-{:.4})", lof.scores[4]);
        assert!(finding.description.ends_with(&factor), "{}", finding.description);
    }

    #[test]
    fn few_sessions_are_not_compared_and_equal_ones_are_no_deviation() {
        let four: Vec<Session> = (1..=4).map(|m| session(m as u64, m * m * m, &[21])).collect();
        let detection = detect_in(&four, &Options::default(), &Ctx::small(1)).unwrap();
        assert!(detection.lof.is_none() && detection.features.len() == 4);
        assert!(detect_sessions(&four).is_empty());
        let same: Vec<Session> = (1..=30).map(|n| session(n, 7, &[21])).collect();
        assert!(detect_sessions(&same).is_empty());
    }

    #[test]
    fn a_finding_without_a_far_feature_says_so() {
        let flagged = vec![true];
        let lof = Lof { n_neighbors: 3, scores: vec![2.0], flagged, reasons: vec![Vec::new()] };
        assert_eq!(lof.words(0), ["Statistically anomalous session behavior"]);
    }
}
