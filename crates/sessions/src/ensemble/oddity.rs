//! A far feature, and how a report puts it.

use serde::Serialize;

/// A feature far from the typical session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Oddity {
    /// The feature.
    pub feature: &'static str,
    /// Its value.
    pub value: f64,
    /// Median over all sessions.
    pub peer_median: f64,
    /// Scales from the median, above (positive) or below.
    pub z: f64,
    /// Share in the squared distance to the typical session, 0..1.
    pub share: f64,
}

impl Oddity {
    /// In words, with the value of the typical session.
    pub fn text(&self) -> String {
        let (value, peers) = (self.value, self.peer_median);
        let usual = format!("peers typically {peers}");
        let counted = |one: &str, many: &str| {
            let noun = if value == 1.0 { one } else { many };
            format!("{value} {noun}; {usual}")
        };
        match self.feature {
            "duration" => {
                let only = if self.z < 0.0 { "only " } else { "" };
                format!("lasted {only}{}; peers typically {}", lasting(value), lasting(peers))
            }
            "failed_logons" => counted("failed logon", "failed logons"),
            "successful_logons" => counted("successful logon", "successful logons"),
            "unique_tasks" => {
                counted("scheduled task created or run", "scheduled tasks created or run")
            }
            "unique_services" => counted("service installed", "services installed"),
            "admin_added" => {
                counted("account added to a local group", "accounts added to local groups")
            }
            "user_created" => counted("user account created", "user accounts created"),
            "logs_cleared" if value > 0.0 => {
                let times = if value == 1.0 { "" } else { " more than once" };
                format!("Security log cleared{times}; peers typically did not")
            }
            "logs_cleared" => "Security log not cleared; peers typically did".to_owned(),
            "total_events" => counted("event", "events"),
            "off_hours" if value > 0.0 => "began off hours, before 7 or from 22 o'clock".to_owned(),
            "off_hours" => "began in office hours; peers typically do not".to_owned(),
            "ip_present" if value > 0.0 => {
                "came from an address; peers typically have none".to_owned()
            }
            "ip_present" => "no address it came from; peers typically have one".to_owned(),
            "user_present" if value > 0.0 => {
                "a user is named; peers typically have none".to_owned()
            }
            _ => "no user is named; peers typically have one".to_owned(),
        }
    }
}

/// Seconds in the two largest units that matter.
pub fn lasting(seconds: f64) -> String {
    let s = seconds.round() as i64;
    match s {
        ..60 => format!("{s} s"),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        3600..86400 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} d {} h", s / 86400, s % 86400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_like_a_report() {
        let oddity =
            |feature, value, peer_median, z| Oddity { feature, value, peer_median, z, share: 0.5 };
        let text = |feature, value, peers, z| oddity(feature, value, peers, z).text();
        assert_eq!(
            text("duration", 33_120.0, 840.0, 4.0),
            "lasted 9 h 12 min; peers typically 14 min 0 s"
        );
        assert_eq!(
            text("duration", 2.0, 90_000.0, -4.0),
            "lasted only 2 s; peers typically 1 d 1 h"
        );
        assert_eq!(text("failed_logons", 14.0, 0.0, 9.0), "14 failed logons; peers typically 0");
        assert_eq!(
            text("logs_cleared", 1.0, 0.0, 9.0),
            "Security log cleared; peers typically did not"
        );
    }
}
