//! The sessions that stand out: why, beside their peers, with the events inside.

use super::load::{EventRow, Found};
use crate::page::charts::px;
use crate::page::words::{Shown, count, number, time};
use crate::sessions::SessionRow;
use lanner_sessions::{FEATURES, lasting};

/// Lines of events of one session; runs of equal events take one.
const LINES: usize = 120;
/// Width of a strip.
const WIDTH: f64 = 160.0;
/// Names of the features as the page has them.
const NAMES: [&str; 12] = [
    "Duration",
    "Failed logons",
    "Successful logons",
    "Scheduled tasks",
    "Services installed",
    "Added to local groups",
    "Accounts created",
    "Logs cleared",
    "Events",
    "Off hours",
    "Address known",
    "User known",
];

/// One session that stands out.
pub(super) struct Card {
    pub id: u64,
    pub user: Shown,
    pub address: Shown,
    pub others: Vec<Shown>,
    pub host: Shown,
    pub start: String,
    pub end: String,
    pub lasted: String,
    pub began: String,
    pub ended: String,
    /// The factor, where the reference detector flagged it.
    pub lof: Option<String>,
    /// Score and votes, where the ensemble flagged it.
    pub ensemble: Option<String>,
    pub reasons: Vec<Why>,
    pub oddities: Vec<Why>,
    pub features: Vec<FeatureRow>,
    pub events: Vec<EventLine>,
    pub count: String,
    pub more: usize,
}

/// A reason.
pub(super) struct Why {
    pub text: Shown,
    pub detail: String,
}

/// A feature beside those of the peers.
pub(super) struct FeatureRow {
    pub name: &'static str,
    pub value: String,
    pub median: String,
    pub odd: bool,
    pub band_x: String,
    pub band_width: String,
    pub median_x: String,
    pub x: String,
}

/// An event, or a run of equal ones.
pub(super) struct EventLine {
    pub time: String,
    pub until: String,
    pub event_id: u32,
    pub meaning: Shown,
    /// How many, where it is more than one.
    pub times: Option<String>,
    pub user: Shown,
    pub address: Shown,
    pub object: Shown,
    pub how: &'static str,
}

/// The cards, strangest first.
pub(super) fn cards(found: &Found) -> Vec<Card> {
    let peers: Vec<Peers> = (0..FEATURES.len()).map(|j| Peers::new(&found.rows, j)).collect();
    let card = |&i: &usize| {
        let row = &found.rows[i];
        let events = found.events.get(&row.session_id).map_or(&[][..], Vec::as_slice);
        card(row, events, &peers)
    };
    found.shown.iter().map(card).collect()
}

fn card(row: &SessionRow, events: &[EventRow], peers: &[Peers]) -> Card {
    let moment =
        |t: Option<jiff::Timestamp>| t.map_or("unknown".into(), |t| time(t.as_microsecond()));
    let reason = |r: &crate::sessions::Reason| Why {
        text: Shown::new(&r.text, 120, 120),
        detail: format!(
            "{}, peers typically {}, {:.1} deviations from the mean",
            value(&r.feature, r.value),
            value(&r.feature, r.peer_median),
            r.z
        ),
    };
    let oddity = |o: &crate::sessions::Oddity| Why {
        text: Shown::new(&o.text, 120, 120),
        detail: format!("{:.1} scales from the median", o.z),
    };
    let mut reasons: Vec<Why> = row.reasons.iter().map(reason).collect();
    if row.flagged && reasons.is_empty() {
        let text = Shown::new(row.explanation.as_deref().unwrap_or_default(), 120, 120);
        reasons.push(Why { text, detail: "no single feature is far from the mean".to_owned() });
    }
    let together = row.ensemble.as_ref().filter(|e| e.flagged);
    let oddities: Vec<Why> = together.iter().flat_map(|e| &e.reasons).map(oddity).collect();
    let odd: Vec<&str> = row
        .reasons
        .iter()
        .map(|r| r.feature.as_str())
        .chain(together.iter().flat_map(|e| &e.reasons).map(|o| o.feature.as_str()))
        .collect();
    let runs = runs(events);
    let more = runs.len().saturating_sub(LINES);
    Card {
        id: row.session_id,
        user: super::text(row.user.as_ref(), 60),
        address: super::text(row.source_ip.as_ref(), 60),
        others: {
            let others = row.addresses.iter().filter(|a| Some(*a) != row.source_ip.as_ref());
            others.take(5).map(|a| Shown::new(a, 60, 60)).collect()
        },
        host: super::text(Some(&row.host), 60),
        start: moment(row.start),
        end: moment(row.end),
        lasted: lasting(row.values()[0]),
        began: row.start_reason.replace('_', " "),
        ended: row.end_reason.replace('_', " "),
        lof: row.lof_score.filter(|_| row.flagged).map(|s| format!("LOF {}", number(s))),
        ensemble: together
            .map(|e| format!("ensemble {:.3}, {}", e.score, count(e.rank as usize, "vote"))),
        reasons,
        oddities,
        features: peers.iter().filter_map(|p| p.row(row, &odd)).collect(),
        events: runs.into_iter().take(LINES).collect(),
        count: count(events.len(), "event"),
        more,
    }
}

/// A feature over all sessions, on the scale of the strips.
struct Peers {
    feature: usize,
    least: f64,
    most: f64,
    /// 5th, 50th and 95th percentile.
    band: [f64; 3],
}

impl Peers {
    fn new(rows: &[SessionRow], feature: usize) -> Self {
        let mut all: Vec<f64> = rows.iter().map(|r| r.values()[feature]).collect();
        all.sort_by(f64::total_cmp);
        let last = all.len().saturating_sub(1);
        let at =
            |share: f64| all.get((share * last as f64).round() as usize).copied().unwrap_or(0.0);
        Self { feature, least: at(0.0), most: at(1.0), band: [at(0.05), at(0.5), at(0.95)] }
    }

    /// Seconds and counts grow by factors, so they are drawn by factors.
    fn x(&self, value: f64) -> f64 {
        let scale = |v: f64| if self.feature < 9 { v.max(0.0).ln_1p() } else { v };
        let width = (scale(self.most) - scale(self.least)).max(f64::MIN_POSITIVE);
        4.0 + (WIDTH - 8.0) * (scale(value) - scale(self.least)) / width
    }

    /// None where all sessions are alike.
    fn row(&self, row: &SessionRow, odd: &[&str]) -> Option<FeatureRow> {
        if self.least == self.most {
            return None;
        }
        let (name, own) = (FEATURES[self.feature], row.values()[self.feature]);
        let [low, median, high] = self.band;
        Some(FeatureRow {
            name: NAMES[self.feature],
            value: value(name, own),
            median: value(name, median),
            odd: odd.contains(&name),
            band_x: px(self.x(low) - 1.0),
            band_width: px(self.x(high) - self.x(low) + 2.0),
            median_x: px(self.x(median)),
            x: px(self.x(own)),
        })
    }
}

/// A feature's value in words.
fn value(feature: &str, value: f64) -> String {
    match feature {
        "duration" => lasting(value),
        "off_hours" | "ip_present" | "user_present" => {
            if value > 0.0 {
                "yes".into()
            } else {
                "no".into()
            }
        }
        _ => number(value),
    }
}

/// The events, each run of events that differ only in time as one line.
fn runs(events: &[EventRow]) -> Vec<EventLine> {
    let same = |a: &EventRow, b: &EventRow| {
        let untimed = |e: &EventRow| EventRow { time: None, ..e.clone() };
        a.event_id == b.event_id && untimed(a) == untimed(b)
    };
    events.chunk_by(same).map(line).collect()
}

fn line(run: &[EventRow]) -> EventLine {
    let first = &run[0];
    let moment = |e: &EventRow| e.time.map_or("no time".into(), time);
    let until = run.last().filter(|_| run.len() > 1).map(moment).unwrap_or_default();
    EventLine {
        time: moment(first),
        until: if until == moment(first) { String::new() } else { until },
        event_id: first.event_id,
        meaning: Shown::new(&first.meaning, 60, 60),
        times: (run.len() > 1).then(|| format!("× {}", run.len())),
        user: Shown::new(&first.user, 40, 200),
        address: Shown::new(&first.address, 40, 200),
        object: Shown::new(&first.object, 60, 300),
        how: match first.correlation.as_str() {
            "in_session" => "in the session",
            "grace_before" => "shortly before",
            "grace_after" => "shortly after",
            _ => "attributed",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_equal_events_are_one_line() {
        let event = |second: i64, event_id| EventRow {
            time: Some(second * 1_000_000),
            event_id,
            meaning: String::new(),
            user: "ann".into(),
            address: String::new(),
            object: String::new(),
            correlation: "attributed".into(),
        };
        let lines = runs(&[event(1, 4625), event(2, 4625), event(3, 4625), event(4, 4624)]);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].times.as_deref(), Some("× 3"));
        assert_eq!(
            (lines[0].time.as_str(), lines[0].until.as_str()),
            ("1970-01-01 00:00:01", "1970-01-01 00:00:03")
        );
        assert_eq!((lines[1].times.is_none(), lines[1].until.as_str()), (true, ""));
    }
}
