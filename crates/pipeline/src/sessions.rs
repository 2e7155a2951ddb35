//! A hunt for sessions, from opened logs to findings: read, build, describe, detect.

use crate::{HuntError, Observer};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lanner_explain::grouped;
use lanner_frame::{Cancel, Workers};
use lanner_read::{EventLogs, FileAccount, Skipped};
use lanner_sessions::{
    Builder, Built, Collector, Detection, Ensemble, EnsembleOptions, Event, Log, MIN_SESSIONS,
    Options, Session, detect, ensemble, recognise,
};
use serde::Serialize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// What is asked of a hunt for sessions.
#[derive(Debug, Clone)]
pub struct SessionsRequest {
    /// Inputs as named by the user.
    pub inputs: Vec<String>,
    /// How events become sessions.
    pub builder: Builder,
    /// Run the whole ensemble besides the reference detector.
    pub ensemble: Option<EnsembleOptions>,
    /// Zone of the hours, by name and as it is.
    pub zone: (String, TimeZone),
    /// Threads; 0 means one for each core.
    pub threads: usize,
}

/// Everything that a hunt for sessions found. Presenters draw it.
#[derive(Debug)]
pub struct SessionsOutcome {
    /// What was asked for, as it was understood.
    pub settings: SessionsSettings,
    /// What was read.
    pub input: EventsReport,
    /// The sessions by start, then host.
    pub sessions: Vec<Session>,
    /// The features of the sessions, and what the reference detector says of them.
    pub detection: Detection,
    /// What the ensemble says of them, where it was asked for.
    pub ensemble: Option<Ensemble>,
    /// Things a user should know, a sentence each.
    pub warnings: Vec<String>,
    /// Seconds spent in each stage, in the order of the flow.
    pub timings: Vec<(&'static str, f64)>,
}

impl SessionsOutcome {
    /// Places of the sessions that any detector flagged, strangest first: those of the ensemble by their
    /// distance, then those of the reference detector by their factor.
    pub fn strangest(&self) -> Vec<usize> {
        let ensemble = self.ensemble.as_ref();
        let distance = |i: usize| ensemble.filter(|e| e.flagged[i]).map(|e| e.distance[i]);
        let lof = self.detection.lof.as_ref();
        let factor = |i: usize| lof.filter(|l| l.flagged[i]).map(|l| l.scores[i]);
        let key = |i: usize| (distance(i).unwrap_or(0.0), factor(i).unwrap_or(0.0));
        let flagged = |&i: &usize| distance(i).is_some() || factor(i).is_some();
        let mut all: Vec<usize> = (0..self.sessions.len()).filter(flagged).collect();
        all.sort_by(|&a, &b| {
            let (a, b) = (key(a), key(b));
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        all
    }
}

/// The settings of a hunt for sessions as they were understood.
#[derive(Debug, Clone, Serialize)]
pub struct SessionsSettings {
    /// Inputs as named by the user.
    pub inputs: Vec<String>,
    /// `timeline` or `logon`.
    pub builder: &'static str,
    /// The whole ensemble was asked for.
    pub ensemble: bool,
    /// Zone of the hours.
    pub zone: String,
    /// Seed of the ensemble.
    pub seed: u64,
}

/// What was read, file by file and in all: read = used + other + rejected.
#[derive(Debug)]
pub struct EventsReport {
    /// The files read, in input order, with their accounts.
    pub files: Vec<(String, FileAccount)>,
    /// What was found but not read, with the reason.
    pub skipped: Vec<Skipped>,
    /// Records read, rejected ones included.
    pub read: u64,
    /// Events of the kinds that sessions are built from.
    pub used: u64,
    /// Other events.
    pub other: u64,
    /// Records that could not be read.
    pub rejected: u64,
    /// Used events without a time, which can be placed nowhere.
    pub untimed: u64,
    /// Used events that are there more than once, taken once.
    pub repeated: u64,
    /// Used events by log.
    pub logs: Vec<(&'static str, u64)>,
    /// Earliest time of a used event.
    pub first: Option<Timestamp>,
    /// Latest time of a used event.
    pub last: Option<Timestamp>,
}

/// Is given every event that sessions are built from, with the place of its file among the files and its
/// number in it, until it breaks.
pub type Keep<'a> = dyn FnMut(&Event, usize, u64) -> ControlFlow<()> + Send + 'a;

/// Builds the sessions in logs and finds those unlike their peers. Every event that sessions are built
/// from goes to `keep` in the order of the input; [`Event::at`] counts them from 0.
///
/// # Errors
/// [`HuntError`] where a log cannot be read, holds no record, or none that sessions are built from.
///
/// # Cost
/// One pass over the logs; some 200 bytes of memory for each event that sessions are built from.
pub fn sessions(
    logs: &EventLogs,
    request: &SessionsRequest,
    keep: &mut Keep<'_>,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<SessionsOutcome, HuntError> {
    let workers = Workers::new(request.threads).map_err(|e| HuntError::System(e.to_string()))?;
    let mut timings = Vec::new();
    let mut clock = Instant::now();
    let mut lap = |stage: &'static str| {
        timings.push((stage, clock.elapsed().as_secs_f64()));
        clock = Instant::now();
    };
    let (mut input, collector) = read(logs, keep, &workers, observer)?;
    lap("reading");
    observer.stage("building sessions", None);
    let Built { sessions, untimed, repeated } = collector.build(request.builder);
    (input.untimed, input.repeated) = (untimed, repeated);
    lap("building sessions");
    observer.stage("comparing sessions", None);
    let options = Options { zone: request.zone.1.clone() };
    let interrupted = |_| HuntError::Cancelled;
    let detection = detect(&sessions, &options, &workers, cancel).map_err(interrupted)?;
    lap("comparing sessions");
    let together = match &request.ensemble {
        Some(options) => {
            observer.stage("the ensemble", None);
            let found = ensemble(&sessions, &detection.features, options, &workers, cancel);
            let found = found.map_err(interrupted)?;
            lap("ensemble");
            Some(found)
        }
        None => None,
    };
    let settings = SessionsSettings {
        inputs: request.inputs.clone(),
        builder: match request.builder {
            Builder::Timeline => "timeline",
            Builder::Logon => "logon",
        },
        ensemble: request.ensemble.is_some(),
        zone: request.zone.0.clone(),
        seed: request.ensemble.as_ref().map_or(0, |e| e.seed),
    };
    let warnings = warnings(request.builder, &input, &sessions, together.as_ref());
    Ok(SessionsOutcome {
        settings,
        input,
        sessions,
        detection,
        ensemble: together,
        warnings,
        timings,
    })
}

fn read(
    logs: &EventLogs,
    keep: &mut Keep<'_>,
    workers: &Workers,
    observer: &dyn Observer,
) -> Result<(EventsReport, Collector), HuntError> {
    let records = Arc::new(AtomicU64::new(0));
    observer.stage("reading", Some(Arc::clone(&records)));
    let wanted = |event: &lanner_evtx::Event| {
        records.fetch_add(1, Ordering::Relaxed);
        recognise(&event.channel, &event.provider, event.event_id).is_some()
    };
    let mut collector = Collector::default();
    let mut by_log = Log::ALL.map(|log| (log, 0_u64));
    let mut span: Option<(Timestamp, Timestamp)> = None;
    let mut at = 0;
    let accounts = logs.read(workers, &wanted, &mut |event, record| {
        let file = event.at.file;
        let event = taken(event, at);
        at += 1;
        if let Some(known) = recognise(&event.channel, &event.provider, event.event_id) {
            by_log.iter_mut().filter(|(log, _)| *log == known.log).for_each(|(_, n)| *n += 1);
        }
        if let Some(time) = event.time {
            span = Some(span.map_or((time, time), |(a, b)| (a.min(time), b.max(time))));
        }
        collector.push(&event);
        keep(&event, file, record)
    })?;
    let files = logs.files().iter().map(|f| f.shown.clone());
    let files: Vec<(String, FileAccount)> = files.zip(accounts).collect();
    let sum = |count: fn(&FileAccount) -> u64| files.iter().map(|(_, a)| count(a)).sum::<u64>();
    let (read, rejected) = (sum(|a| a.records), sum(|a| a.rejects));
    if read == rejected {
        let none = match rejected {
            0 => "the logs hold no record".to_owned(),
            n => format!(
                "none of the {n} records could be read: {}",
                loss(&files).unwrap_or_default()
            ),
        };
        return Err(HuntError::Nothing(none));
    }
    if at == 0 {
        let logs = Log::ALL.map(Log::name).join(", ");
        let lost = loss(&files).map_or(String::new(), |why| {
            format!("; {rejected} more records could not be read: {why}")
        });
        return Err(HuntError::Nothing(format!(
            "none of the {} events is one that sessions are built from; these logs have them: {logs}{lost}",
            read - rejected
        )));
    }
    let report = EventsReport {
        skipped: logs.skipped().to_vec(),
        read,
        used: at,
        other: read - rejected - at,
        rejected,
        untimed: 0,
        repeated: 0,
        logs: by_log.map(|(log, n)| (log.name(), n)).to_vec(),
        first: span.map(|s| s.0),
        last: span.map(|s| s.1),
        files,
    };
    Ok((report, collector))
}

/// Where and why the first record was lost, for a sentence; none where none was.
pub fn loss(files: &[(String, FileAccount)]) -> Option<String> {
    let found = files.iter().find_map(|(path, account)| Some((path, account.listed.first()?)));
    found.map(|(path, first)| format!("{} in {path}", first.reason))
}

/// An event as sessions are built from it.
fn taken(event: lanner_evtx::Event, at: u64) -> Event {
    Event {
        time: event.time,
        channel: event.channel,
        provider: event.provider,
        event_id: event.event_id,
        record_id: event.record_id,
        computer: event.computer,
        user_sid: event.user_sid,
        data: event.data,
        at,
    }
}

fn warnings(
    builder: Builder,
    input: &EventsReport,
    sessions: &[Session],
    ensemble: Option<&Ensemble>,
) -> Vec<String> {
    let mut all = Vec::new();
    match sessions.len() {
        0 => all.push(match builder {
            Builder::Timeline => "No session: this builder begins one at event 21 of the \
                                  LocalSessionManager log, and there is none; try --builder logon."
                .to_owned(),
            Builder::Logon => "No session: nobody logs on in these logs.".to_owned(),
        }),
        n if n < MIN_SESSIONS => all.push(format!(
            "Only {n} session{}: fewer than {MIN_SESSIONS} have no peers, so they were not compared.",
            if n == 1 { "" } else { "s" }
        )),
        _ => {}
    }
    let missing: Vec<&str> = input.logs.iter().filter(|l| l.1 == 0).map(|l| l.0).collect();
    if !missing.is_empty() {
        all.push(format!(
            "No event of interest from {}: what {} would tell is missing.",
            missing.join(", "),
            if missing.len() == 1 { "this log" } else { "these logs" }
        ));
    }
    if input.untimed > 0 {
        let n = grouped(input.untimed);
        all.push(format!("{n} events without a time belong to no session."));
    }
    if input.repeated > 0 {
        let n = input.repeated;
        all.push(format!(
            "{} events are there more than once (a log and its copy?); each counts once.",
            grouped(n)
        ));
    }
    for model in ensemble.iter().flat_map(|e| &e.models) {
        if let Err(error) = &model.outcome {
            all.push(format!("Model {} could not run: {error}", model.id));
        }
    }
    all
}
