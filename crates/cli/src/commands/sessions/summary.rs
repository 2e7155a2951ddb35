//! What a hunt for sessions found, on a terminal: worth reading on its own.

use crate::summary::{BOLD, DIM, HOT, WARN, files, plural};
use lanner_explain::grouped;
use lanner_frame::text::{excerpt, shown};
use lanner_pipeline::SessionsOutcome;
use lanner_sessions::{Session, lasting};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

/// Sessions that stand out in the summary.
const LISTED: usize = 10;

/// Prints the summary.
pub(super) fn print(found: &SessionsOutcome, out: Option<&Path>) -> std::io::Result<()> {
    let mut to = std::io::BufWriter::new(anstream::stdout());
    read(&mut to, found)?;
    counts(&mut to, found)?;
    strangest(&mut to, found)?;
    for warning in &found.warnings {
        writeln!(to, "{WARN}note{WARN:#} {}", shown(warning))?;
    }
    writeln!(to, "\n{DIM}This is supporting analysis, not primary evidence.{DIM:#}")?;
    match out {
        Some(dir) => {
            let dir = shown(&dir.to_string_lossy()).into_owned();
            writeln!(
                to,
                "Written to {BOLD}{dir}{BOLD:#}: report.html is the page to open; then ask:"
            )?;
            writeln!(
                to,
                "  lanner query {dir} \"SELECT * FROM events WHERE session_id = 1 ORDER BY time\""
            )?;
        }
        None => writeln!(
            to,
            "{DIM}Nothing was written; add --out DIR for all files and a page with a timeline.{DIM:#}"
        )?,
    }
    to.flush()
}

fn read(to: &mut impl Write, found: &SessionsOutcome) -> std::io::Result<()> {
    let input = &found.input;
    let span = match (input.first, input.last) {
        (Some(first), Some(last)) => format!(", {first:.0} to {last:.0}"),
        _ => String::new(),
    };
    writeln!(
        to,
        "{BOLD}Read{BOLD:#}      {} in {}{span}",
        plural(input.read, "record"),
        plural(input.files.len() as u64, "file"),
    )?;
    writeln!(
        to,
        "          = {} used + {} other + {} rejected; {} skipped",
        grouped(input.used),
        grouped(input.other),
        grouped(input.rejected),
        plural(input.skipped.len() as u64, "file"),
    )?;
    files(to, "          ", &input.files, &input.skipped)?;
    let logs = input.logs.iter().filter(|l| l.1 > 0);
    let logs: Vec<String> = logs.map(|(log, n)| format!("{log} {}", grouped(*n))).collect();
    writeln!(to, "{BOLD}Events{BOLD:#}    {}", logs.join(", "))
}

fn counts(to: &mut impl Write, found: &SessionsOutcome) -> std::io::Result<()> {
    let sessions = &found.sessions;
    let distinct = |get: fn(&Session) -> Option<&str>| {
        let all: BTreeSet<String> =
            sessions.iter().filter_map(get).map(str::to_lowercase).collect();
        all.len() as u64
    };
    writeln!(
        to,
        "{BOLD}Sessions{BOLD:#}  {} of {} on {}, builder {}",
        grouped(sessions.len() as u64),
        plural(distinct(|s| s.user.as_deref()), "account"),
        plural(distinct(|s| Some(&s.host)), "host"),
        found.settings.builder,
    )?;
    let Some(lof) = &found.detection.lof else { return Ok(()) };
    let flagged = |flags: &[bool]| flags.iter().filter(|&&f| f).count() as u64;
    write!(to, "{BOLD}Flagged{BOLD:#}   {} by LOF", grouped(flagged(&lof.flagged)))?;
    if let Some(ensemble) = &found.ensemble {
        let ran = ensemble.models.iter().filter(|m| m.outcome.is_ok()).count() as u64;
        let n = flagged(&ensemble.flagged);
        write!(to, ", {} by the ensemble of {}", grouped(n), plural(ran, "model"))?;
    }
    writeln!(to)
}

fn strangest(to: &mut impl Write, found: &SessionsOutcome) -> std::io::Result<()> {
    if found.detection.lof.is_none() {
        return Ok(());
    }
    let order = found.strangest();
    if order.is_empty() {
        return writeln!(to, "\nNo session stands out from the others.");
    }
    writeln!(to, "\n{BOLD}The strangest{BOLD:#}")?;
    for &i in order.iter().take(LISTED) {
        session(to, found, i)?;
    }
    if order.len() > LISTED {
        writeln!(to, "     {DIM}and {} more{DIM:#}", order.len() - LISTED)?;
    }
    Ok(())
}

fn session(to: &mut impl Write, found: &SessionsOutcome, i: usize) -> std::io::Result<()> {
    let session = &found.sessions[i];
    let text =
        |t: &Option<String>, none: &str| t.as_ref().map_or(none.to_owned(), |t| excerpt(t, 60));
    let start = session.start.map_or(String::new(), |t| format!(", {t:.0}"));
    writeln!(
        to,
        "{HOT}{:>4}{HOT:#}  {BOLD}{}{BOLD:#} from {} on {}{start}, {}",
        session.session_id,
        text(&session.user, "(nobody named)"),
        text(&session.source_ip, "(no address)"),
        excerpt(&session.host, 60),
        lasting(found.detection.features[i][0]),
    )?;
    if let Some(e) = found.ensemble.as_ref().filter(|e| e.flagged[i]) {
        let why: Vec<String> = e.reasons[i].iter().map(lanner_sessions::Oddity::text).collect();
        let (votes, score) = (plural(u64::from(e.rank[i]), "vote"), e.score[i]);
        writeln!(to, "      {DIM}ensemble {score:.3}, {votes}{DIM:#}  {}", why.join("; "))?;
    }
    if let Some(lof) = found.detection.lof.as_ref().filter(|l| l.flagged[i]) {
        let why: Vec<String> = match lof.reasons[i].as_slice() {
            [] => lof.words(i).iter().map(|w| (*w).to_owned()).collect(),
            reasons => reasons.iter().map(|r| format!("{} (z {:.1})", r.text, r.z)).collect(),
        };
        writeln!(to, "      {DIM}LOF {:.2}{DIM:#}  {}", lof.scores[i], why.join("; "))?;
    }
    Ok(())
}
