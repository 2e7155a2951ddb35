//! What a hunt found, on a terminal: worth reading on its own.

use anstyle::{AnsiColor, Style};
use lanner_explain::grouped;
use lanner_frame::text::{excerpt, shown};
use lanner_pipeline::{Basis, Grounds, Outcome, Status};
use lanner_read::{FileAccount, Skipped};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Tuples in the summary.
const LISTED: usize = 10;
/// Places of rejects named for each file.
const PLACES: usize = 3;
/// Skipped files named in the summary.
const NAMED: usize = 5;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const WARN: Style =
    Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
pub(crate) const HOT: Style =
    Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));

/// Prints the summary of a hunt.
pub(crate) fn print(outcome: &Outcome, out: Option<&Path>) -> std::io::Result<()> {
    let mut to = std::io::BufWriter::new(anstream::stdout());
    read(&mut to, outcome)?;
    ran(&mut to, outcome)?;
    incidents(&mut to, outcome)?;
    strangest(&mut to, outcome)?;
    for warning in &outcome.warnings {
        writeln!(to, "{WARN}note{WARN:#} {}", shown(warning))?;
    }
    match out {
        Some(dir) => {
            let dir = shown(&dir.to_string_lossy()).into_owned();
            writeln!(
                to,
                "\nWritten to {BOLD}{dir}{BOLD:#}: report.html is the page to open; then ask:"
            )?;
            let fields = outcome.settings.fields.iter().map(|f| excerpt(&f.name, 60));
            let fields = fields.take(3).collect::<Vec<_>>().join(", ");
            let sql = if outcome.incidents.is_empty() {
                format!(
                    "SELECT lanner_row, score, {fields} FROM events ORDER BY score DESC LIMIT 20"
                )
            } else {
                format!("SELECT incident, lanner_row, {fields} FROM events WHERE incident = 1")
            };
            writeln!(to, "  lanner query {dir} \"{sql}\"")?;
        }
        None => writeln!(
            to,
            "\n{DIM}Nothing was written; add --out DIR for all files and a page.{DIM:#}"
        )?,
    }
    to.flush()
}

fn read(to: &mut impl Write, outcome: &Outcome) -> std::io::Result<()> {
    let input = &outcome.input;
    let kind = &outcome.settings.kind;
    let span = match (&input.first, &input.last) {
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        _ => String::new(),
    };
    writeln!(
        to,
        "{BOLD}Read{BOLD:#}    {} {} in {}{span}",
        grouped(input.read),
        counted(input.read, &format!("{kind} record")),
        plural(input.files.len() as u64, "file"),
    )?;
    writeln!(
        to,
        "        = {} scored + {} filtered + {} rejected; {} skipped",
        grouped(input.scored),
        grouped(input.filtered),
        grouped(input.rejected),
        plural(input.skipped.len() as u64, "file"),
    )?;
    files(to, "        ", &input.files, &input.skipped)
}

/// Files with rejects, and files that were not read.
pub(crate) fn files(
    to: &mut impl Write,
    indent: &str,
    files: &[(String, FileAccount)],
    skipped: &[Skipped],
) -> std::io::Result<()> {
    let damaged = || files.iter().filter(|(_, a)| a.rejects > 0);
    for (path, account) in damaged().take(NAMED) {
        let rejects = plural(account.rejects, "reject");
        let mut line = format!("{indent}{WARN}{rejects}{WARN:#} in {}:", tail(path));
        for reject in account.listed.iter().take(PLACES) {
            let (record, offset) = (reject.record, reject.offset);
            write!(to, "{line} record {record} at byte {offset}: {}", shown(&reject.reason))?;
            line = format!("\n{indent}  and");
        }
        let more = account.listed.len().saturating_sub(PLACES);
        let more = if more > 0 { format!("{line} {more} more") } else { String::new() };
        writeln!(to, "{more}")?;
    }
    let more = damaged().count().saturating_sub(NAMED) as u64;
    if more > 0 {
        writeln!(to, "{indent}{WARN}and rejects in {}{WARN:#}", plural(more, "more file"))?;
    }
    for (what, times, of) in noted(files) {
        let whose = match of.as_slice() {
            [path] => tail(path),
            all => plural(all.len() as u64, "file"),
        };
        writeln!(to, "{indent}{DIM}noted in {whose}: {what} ({}){DIM:#}", grouped(times))?;
    }
    for file in skipped.iter().take(NAMED) {
        writeln!(to, "{indent}{DIM}skipped {}: {}{DIM:#}", tail(&file.path), shown(&file.reason))?;
    }
    if skipped.len() > NAMED {
        writeln!(to, "{indent}{DIM}and {} more{DIM:#}", skipped.len() - NAMED)?;
    }
    Ok(())
}

/// What was mended or is odd, with the number of times and the files, in the order of the words.
fn noted(files: &[(String, FileAccount)]) -> Vec<(&str, u64, Vec<&str>)> {
    let mut all: BTreeMap<&str, (u64, Vec<&str>)> = BTreeMap::new();
    for (path, account) in files {
        for (what, times) in &account.notes {
            let (sum, of) = all.entry(what).or_default();
            *sum += times;
            of.push(path);
        }
    }
    all.into_iter().map(|(what, (times, of))| (what, times, of)).collect()
}

fn ran(to: &mut impl Write, outcome: &Outcome) -> std::io::Result<()> {
    let names: Vec<String> = outcome.settings.fields.iter().map(|f| excerpt(&f.name, 40)).collect();
    writeln!(
        to,
        "{BOLD}Tuples{BOLD:#}  {} distinct of {}",
        grouped(outcome.tuples.len() as u64),
        names.join(", ")
    )?;
    if !outcome.settings.left_out.is_empty() {
        let left: Vec<String> = outcome.settings.left_out.iter().map(|f| excerpt(f, 40)).collect();
        writeln!(
            to,
            "        left out, a value of its own in nearly every row: {}",
            left.join(", ")
        )?;
    }
    let of =
        |status: fn(&Status) -> bool| outcome.models.iter().filter(|m| status(&m.status)).count();
    let ran = of(|s| *s == Status::Ran);
    let failed = of(|s| matches!(s, Status::Failed(_)));
    let seconds = outcome
        .timings
        .iter()
        .find(|(s, _)| ["models", "score"].contains(s))
        .map_or(0.0, |(_, s)| *s);
    write!(to, "{BOLD}Models{BOLD:#}  {ran} ran in {seconds:.2} s")?;
    if failed > 0 {
        write!(to, ", {HOT}{failed} failed{HOT:#}")?;
    }
    let left_out = outcome.models.iter().filter(|m| matches!(m.status, Status::Excluded(_)));
    let left_out: Vec<String> = left_out.map(|m| expected(m.id, m.forecast.seconds)).collect();
    if !left_out.is_empty() {
        write!(to, ", {HOT}left out: {}{HOT:#}", left_out.join(", "))?;
    }
    let flagged: u64 = outcome.ranks.iter().filter(|r| r.rank > 0).map(|r| r.rows).sum();
    let voted: u64 = outcome.ranks.iter().filter(|r| r.rank > 0).map(|r| r.tuples).sum();
    writeln!(to, "; {} in {} got a vote", plural(flagged, "row"), plural(voted, "tuple"))?;
    let slow = outcome.models.iter().filter(|m| m.fit_seconds >= 1.0);
    let slow: Vec<String> = slow
        .map(|m| match m.forecast.basis {
            Basis::Trials => {
                format!("{} {:.1} s of {:.1} expected", m.id, m.fit_seconds, m.forecast.seconds)
            }
            _ => format!("{} {:.1} s", m.id, m.fit_seconds),
        })
        .collect();
    if !slow.is_empty() {
        writeln!(to, "        {DIM}{}{DIM:#}", slow.join(", "))?;
    }
    let ranks = outcome.ranks.iter().rev().filter(|r| r.rank > 0 && r.rows > 0);
    let ranks: Vec<String> = ranks.map(|r| format!("{}: {}", r.rank, grouped(r.rows))).collect();
    if !ranks.is_empty() {
        writeln!(to, "{BOLD}Ranks{BOLD:#}   rows by votes  {}", ranks.join("  "))?;
    }
    Ok(())
}

/// A model with the seconds that it was expected to take.
fn expected(id: &str, seconds: f64) -> String {
    if seconds < 1.0 { id.to_owned() } else { format!("{id} ({seconds:.0} s expected)") }
}

fn incidents(to: &mut impl Write, outcome: &Outcome) -> std::io::Result<()> {
    if outcome.incidents.is_empty() {
        return Ok(());
    }
    let all = match &outcome.tuples.grounds {
        Grounds::Lanner(found) => found.incidents() as u64,
        Grounds::Classic(_) => 0,
    };
    writeln!(to, "\n{BOLD}Incidents{BOLD:#}  {}, the strangest first", grouped(all))?;
    for line in outcome.incidents.iter().take(LISTED) {
        let time = |t: Option<i64>| t.and_then(|t| jiff::Timestamp::from_microsecond(t).ok());
        let seen = time(line.start).map_or(String::new(), |t| format!(", from {t}"));
        writeln!(
            to,
            "{:>3}  {HOT}score {:.2}{HOT:#}  {} in {}{seen}",
            line.number,
            line.score,
            plural(line.rows, "row"),
            plural(line.tuples.len() as u64, "tuple"),
        )?;
        let actor = [("who", &line.principal), ("from", &line.network), ("with", &line.agent)];
        let actor: Vec<String> = actor
            .into_iter()
            .filter_map(|(label, v)| {
                Some(format!("{DIM}{label}{DIM:#} {}", excerpt(v.as_ref()?, 140)))
            })
            .collect();
        writeln!(to, "     {}", actor.join("  "))?;
        writeln!(to, "     {DIM}did{DIM:#} {}", excerpt(&line.actions.join(", "), 200))?;
        writeln!(to, "     {DIM}why{DIM:#} {}", excerpt(&line.why, 330))?;
    }
    Ok(())
}

fn strangest(to: &mut impl Write, outcome: &Outcome) -> std::io::Result<()> {
    let tuples = &outcome.tuples;
    let ran = outcome.agreement.models.len();
    writeln!(to, "\n{BOLD}The strangest{BOLD:#}")?;
    for i in 0..tuples.len().min(LISTED) {
        let style = if tuples.rank[i] > 0 { HOT } else { BOLD };
        let seen = tuples.first_seen[i]
            .and_then(|t| jiff::Timestamp::from_microsecond(t).ok())
            .map_or(String::new(), |t| format!(", first {t}"));
        writeln!(
            to,
            "{:>3}  {style}{} of {ran} models{style:#}  score {:.4}  {}{seen}",
            i + 1,
            tuples.rank[i],
            tuples.score[i],
            plural(tuples.copies[i], "row"),
        )?;
        let fields = outcome.settings.fields.iter().enumerate().map(|(j, field)| {
            let value = tuples.text(j, i);
            let value = value.map_or("(none)".to_owned(), |v| excerpt(&v, 90));
            format!("{DIM}{}={DIM:#}{value}", excerpt(&field.name, 40))
        });
        writeln!(to, "     {}", fields.collect::<Vec<_>>().join("  "))?;
        let why: Vec<String> = tuples.reasons(i).iter().map(|r| excerpt(&r.text, 110)).collect();
        writeln!(to, "     {DIM}why{DIM:#} {}", why.join("; "))?;
    }
    Ok(())
}

/// The end of a path, which tells files apart.
fn tail(path: &str) -> String {
    let chars = path.chars().count();
    let cut: String = path.chars().skip(chars.saturating_sub(70)).collect();
    let cut = shown(&cut).into_owned();
    if chars > 70 { format!("…{cut}") } else { cut }
}

pub(crate) fn plural(n: u64, one: &str) -> String {
    format!("{} {}", grouped(n), counted(n, one))
}

fn counted(n: u64, one: &str) -> String {
    if n == 1 { one.to_owned() } else { format!("{one}s") }
}
