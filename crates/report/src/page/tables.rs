//! The plain tables: models, files, settings, clocks.

use super::load::{FieldUse, Hunt};
use super::words::{Shown, bytes, count, grouped, number, seconds};
use crate::manifest::{InputFile, SkippedFile};
use crate::{ModelEntry, Timing};
use serde_json::Value;

/// Lines that a table of the page has at most; the manifest has all, and the page says how many more.
const LINES: usize = 100;

/// The first lines of a table, and how many more there are.
pub(super) fn some<T, R>(all: impl Iterator<Item = T>, row: impl Fn(T) -> R) -> (Vec<R>, usize) {
    let mut all = all.fuse();
    let rows = all.by_ref().take(LINES).map(row).collect();
    (rows, all.count())
}

/// Records read as a sum of what became of them, with shares for the bar.
pub(super) struct Accounting {
    pub read: String,
    pub parts: Vec<Part>,
    pub repeated: Option<String>,
}

/// One term of the sum.
pub(super) struct Part {
    pub name: &'static str,
    pub count: String,
    /// Where it begins and how long it is, in per cent of all records.
    pub start: String,
    pub share: String,
}

impl Accounting {
    pub(super) fn of(read: u64, parts: [(&'static str, u64); 3], repeated: Option<u64>) -> Self {
        let percent = |n: u64| format!("{:.3}", 100.0 * n as f64 / read.max(1) as f64);
        let mut before = 0;
        let part = |(name, n): (&'static str, u64)| {
            let start = percent(before);
            before += n;
            Part { name, count: grouped(n), start, share: percent(n) }
        };
        let repeated = repeated.filter(|&n| n > 0).map(grouped);
        Self { read: grouped(read), parts: parts.map(part).into(), repeated }
    }
}

/// One model.
pub(super) struct ModelRow {
    pub id: String,
    pub title: String,
    pub status: String,
    pub flagged: String,
    pub threshold: String,
    pub parameters: Vec<(String, Shown)>,
    pub error: Option<Shown>,
    pub notes: Vec<Shown>,
}

impl ModelRow {
    pub(super) fn new(model: &ModelEntry) -> Self {
        let parameters = model.parameters.as_object().into_iter().flatten().map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            (name.clone(), Shown::new(&text, 40, 200))
        });
        let ran = model.status == "ran";
        Self {
            id: model.id.clone(),
            title: model.title.clone(),
            status: model.status.clone(),
            flagged: if ran { grouped(model.flagged_rows) } else { String::new() },
            threshold: model.threshold.map_or_else(String::new, number),
            parameters: parameters.collect(),
            error: model.error.as_ref().map(|e| Shown::new(e, 300, 300)),
            notes: model.notes.iter().map(|n| Shown::new(n, 300, 300)).collect(),
        }
    }
}

/// One file read.
pub(super) struct FileRow {
    pub path: Shown,
    pub bytes: String,
    pub records: String,
    pub rejects: u64,
    pub complete: bool,
    pub sha256: String,
    pub short: String,
    pub listed: Vec<RejectRow>,
    pub unlisted: String,
    pub notes: Vec<(Shown, String)>,
}

/// One reject with its place.
pub(super) struct RejectRow {
    pub place: String,
    pub reason: Shown,
}

/// The files: those with something to say first, otherwise in input order.
pub(super) fn files(files: &[InputFile]) -> (Vec<FileRow>, usize) {
    let loud = |f: &&InputFile| f.rejects > 0 || !f.complete;
    let order = files.iter().filter(loud).chain(files.iter().filter(|f| !loud(f)));
    some(order, file)
}

fn file(file: &InputFile) -> FileRow {
    // Few of a file; together with the other files they must not fill the page.
    const REJECTS: usize = 5;
    let listed = file.listed.iter().take(REJECTS).map(|r| RejectRow {
        place: format!("record {}, byte {}", grouped(r.record), grouped(r.offset)),
        reason: Shown::new(&r.reason, 120, 120),
    });
    let listed: Vec<RejectRow> = listed.collect();
    let notes = file.notes.iter().take(REJECTS);
    FileRow {
        path: Shown::new(&file.path, 100, 300),
        bytes: bytes(file.bytes),
        records: grouped(file.records),
        rejects: file.rejects,
        complete: file.complete,
        short: file.sha256.chars().take(12).collect(),
        sha256: Shown::new(&file.sha256, 64, 64).text,
        unlisted: match file.rejects - (listed.len() as u64).min(file.rejects) {
            0 => String::new(),
            n => format!("and {} more", grouped(n)),
        },
        listed,
        notes: notes.map(|(what, n)| (Shown::new(what, 80, 80), grouped(*n))).collect(),
    }
}

/// One file that was not read.
pub(super) struct SkippedRow {
    pub path: Shown,
    pub bytes: String,
    pub reason: Shown,
}

/// The files that were not read.
pub(super) fn skipped(files: &[SkippedFile]) -> (Vec<SkippedRow>, usize) {
    some(files.iter(), |f| SkippedRow {
        path: Shown::new(&f.path, 100, 200),
        bytes: bytes(f.bytes),
        reason: Shown::new(&f.reason, 120, 120),
    })
}

/// One detection field.
pub(super) struct FieldRow {
    pub name: Shown,
    pub kind: String,
    pub used: &'static str,
    pub distinct: String,
    pub imputed: String,
}

/// The detection fields.
pub(super) fn fields(fields: &[FieldUse]) -> (Vec<FieldRow>, usize) {
    some(fields.iter(), |f| FieldRow {
        name: Shown::new(&f.name, 60, 300),
        kind: Shown::new(&f.kind, 20, 20).text,
        used: if f.used { "yes" } else { "no, of the tuple only" },
        distinct: grouped(f.distinct),
        imputed: grouped(f.imputed),
    })
}

/// One setting.
pub(super) struct Setting {
    pub name: &'static str,
    pub value: Shown,
}

/// The settings in words.
pub(super) fn settings(hunt: &Hunt) -> Vec<Setting> {
    let (s, expected) = (&hunt.settings, &hunt.manifest.expected);
    let share = format!(
        "{} of rows: {} expected outliers, {} inliers",
        s.contamination,
        grouped(expected.outliers),
        grouped(expected.inliers)
    );
    let ranks: Vec<String> = hunt.manifest.distinct_ranks.iter().map(u32::to_string).collect();
    let mut all = vec![
        ("Recipe", s.recipe.clone()),
        ("Inputs", s.inputs.join(" ")),
        ("Contamination", share),
        ("Listed whatever their votes", format!("the first {}", count(s.top as usize, "tuple"))),
        ("Distinct ranks", ranks.join(" ")),
        ("Seed", s.seed.to_string()),
    ];
    let optional = [
        ("Event time", s.time.clone()),
        ("Filter", s.filter.clone()),
        ("Since", s.since.clone()),
        ("Until", s.until.clone()),
        ("Fields left out", (!s.left_out.is_empty()).then(|| s.left_out.join(", "))),
    ];
    all.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    all.into_iter()
        .map(|(name, value)| Setting { name, value: Shown::new(&value, 300, 1000) })
        .collect()
}

/// The one place of the page with clock times, and with what depends on the machine and the call.
pub(super) struct Clock {
    pub started: String,
    pub ended: String,
    pub took: String,
    pub command: Shown,
    pub threads: usize,
    pub memory: Option<String>,
    pub stages: Vec<Seconds>,
    pub models: Vec<Seconds>,
    pub foreseen: Vec<Seconds>,
}

/// One length of a bar.
pub(super) struct Seconds {
    pub name: String,
    pub text: String,
    /// Per cent of the longest.
    pub share: String,
}

impl Clock {
    pub(super) fn new(
        [started, ended]: [&String; 2],
        command: &[String],
        threads: usize,
        peak_memory_bytes: Option<u64>,
        timings: &[Timing],
    ) -> Self {
        let parse = |t: &str| t.parse::<jiff::Timestamp>().ok();
        let took = parse(started).zip(parse(ended));
        let took = took.map(|(from, to)| seconds(to.duration_since(from).as_secs_f64()));
        let stages = timings.iter().map(|t| (t.stage.as_str(), t.seconds));
        let whole_second = |t: &str| parse(t).map(|t| super::words::time(t.as_microsecond()));
        Self {
            started: whole_second(started).unwrap_or_default(),
            ended: whole_second(ended).unwrap_or_default(),
            took: took.unwrap_or_default(),
            command: Shown::new(&command.join(" "), 1000, 1000),
            threads,
            memory: peak_memory_bytes.map(bytes),
            stages: bars(stages),
            models: Vec::new(),
            foreseen: Vec::new(),
        }
    }

    /// Adds what models took, and were expected to take.
    pub(super) fn with_models(mut self, models: &[ModelEntry]) -> Self {
        let fits = models.iter().filter_map(|m| Some((m.id.as_str(), m.fit_seconds?)));
        let foreseen = models.iter().filter_map(|m| {
            let made = m.forecast["basis"] == "trials" || m.status == "excluded";
            Some((m.id.as_str(), m.forecast["seconds"].as_f64().filter(|_| made)?))
        });
        (self.models, self.foreseen) = (bars(fits), bars(foreseen));
        self
    }
}

fn bars<'a>(all: impl Iterator<Item = (&'a str, f64)>) -> Vec<Seconds> {
    let all: Vec<(&str, f64)> = all.collect();
    let longest = all.iter().map(|(_, s)| *s).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let bar = |(name, s): (&str, f64)| Seconds {
        name: name.to_owned(),
        text: seconds(s),
        share: format!("{:.1}", 100.0 * s / longest),
    };
    all.into_iter().map(bar).collect()
}
