//! Writing a sample: day by day, complete or not at all.

use crate::attack::{Planted, plant};
use crate::record::{Scribe, event_id};
use crate::table::{Table, batch};
use crate::traffic::{Calendar, DAY, Event, day};
use crate::tree::write_day;
use crate::visit::visit;
use crate::world::World;
use crate::{CloudTrail, Form, SampleError, Size, Written};
use lanner_frame::Cancel;
use rayon::prelude::*;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest time a sample may span.
const MOST_DAYS: u32 = 3660;
/// Rows turned into columns at once.
const BATCH_ROWS: usize = 4096;
/// Batches held at once.
const BATCHES: usize = 8;

/// Writes a sample, and says what was written.
///
/// The files appear at `out` complete or not at all. Without `overwrite` nothing that exists is touched;
/// with it a file is replaced, and a folder only if all it holds is a sample. `progress` is told the rows
/// written so far, after every day.
///
/// # Errors
/// [`SampleError`] if the request cannot be met, something is in the way, a file cannot be written, or
/// the work was cancelled.
///
/// # Cost
/// O(rows) time, on the threads of the current rayon pool; memory for the events of one day, 48 bytes
/// each, and the rows and files in work.
pub fn write(
    spec: &CloudTrail,
    form: Form,
    out: &Path,
    overwrite: bool,
    progress: &dyn Fn(u64),
    cancel: &Cancel,
) -> Result<Written, SampleError> {
    let calendar = calendar(spec)?;
    let labels_at = match form {
        Form::Tree => out.join("labels.csv"),
        Form::Parquet => out.with_extension("labels.csv"),
    };
    make_room(form, out, &labels_at, overwrite)?;
    let mut world = match spec.size {
        Size::Large => World::new(spec.seed, spec.rows, spec.days),
        Size::Small => World::small(spec.seed, spec.days),
    };
    let residents = world.actors.len();
    let (mut guests, mut planted) = plant(&mut world, &calendar, spec.seed, spec.attacks);
    visit(&mut world, &calendar, spec, residents, (&mut guests, &mut planted));
    let attack_rows = planted.len() as u64;
    let instances = spec.attacks + u32::from(spec.intruder.is_some());
    let needed = guests.len() as u64;
    let Some(everyday) = spec.rows.checked_sub(needed) else {
        return Err(SampleError::TooFewRows { rows: spec.rows, attacks: instances, needed });
    };
    let traffic = Traffic::new(&world, residents, calendar, everyday, guests);

    // Everything is made in a folder beside the target, which goes away whatever happens.
    let parent = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(|source| SampleError::io(parent, source))?;
    let stage = tempfile::Builder::new().prefix(".sample-").tempdir_in(parent);
    let stage = stage.map_err(|source| SampleError::io(parent, source))?;
    let data = stage.path().join("data");
    let scribe = Scribe { world: &world, planted: &planted, start: calendar.start };
    let files = match form {
        Form::Tree => write_tree(&traffic, &scribe, &data, progress, cancel)?,
        Form::Parquet => write_table(&traffic, &scribe, &data, progress, cancel)?,
    };
    let bytes = bytes_below(&data)?;
    let staged = match form {
        Form::Tree => data.join("labels.csv"),
        Form::Parquet => stage.path().join("labels.csv"),
    };
    let text = label_lines(&traffic.guests, &planted);
    fs::write(&staged, text).map_err(|source| SampleError::io(&staged, source))?;
    cancel.check()?;
    if form == Form::Parquet {
        rename(&staged, &labels_at)?;
    } else if out.exists() {
        fs::remove_dir_all(out).map_err(|source| SampleError::io(out, source))?;
    }
    rename(&data, out)?;
    Ok(Written { files, bytes, rows: spec.rows, attack_rows, instances, labels: labels_at })
}

fn calendar(spec: &CloudTrail) -> Result<Calendar, SampleError> {
    let (start, days) = (spec.start.as_second(), spec.days);
    let end = jiff::Timestamp::from_second(start.saturating_add(i64::from(days) * DAY));
    if !(1..=MOST_DAYS).contains(&days) || end.is_err() {
        return Err(SampleError::BadDays { days, start: spec.start });
    }
    Ok(Calendar { start, days })
}

/// Fails unless the places to write to are free or may be taken.
fn make_room(form: Form, out: &Path, labels: &Path, overwrite: bool) -> Result<(), SampleError> {
    let taken = [out, labels].into_iter().find(|path| path.exists());
    let Some(taken) = taken else { return Ok(()) };
    if !overwrite {
        return Err(SampleError::Exists { path: taken.to_owned() });
    }
    if form == Form::Tree || out.is_dir() {
        let listing = fs::read_dir(out).map_err(|source| SampleError::io(out, source))?;
        for entry in listing {
            let name = entry.map_err(|source| SampleError::io(out, source))?.file_name();
            if form == Form::Parquet || (name != "AWSLogs" && name != "labels.csv") {
                let found = name.to_string_lossy().into_owned();
                return Err(SampleError::NotASample { folder: out.to_owned(), found });
            }
        }
    }
    Ok(())
}

/// All events, to be had day by day.
struct Traffic<'a> {
    world: &'a World,
    calendar: Calendar,
    /// For each resident its rows of each day.
    rows: Vec<Vec<u64>>,
    /// Events of attacks and newcomers, by time.
    guests: Vec<Event>,
}

impl<'a> Traffic<'a> {
    fn new(
        world: &'a World,
        residents: usize,
        calendar: Calendar,
        everyday: u64,
        guests: Vec<Event>,
    ) -> Self {
        let actors = &world.actors[..residents];
        let totals = world.rows_by_actor(residents, everyday);
        let by_day = |(actor, rows)| calendar.rows_by_day(actor, rows);
        let rows = actors.iter().zip(totals).map(by_day).collect();
        Self { world, calendar, rows, guests }
    }

    /// The events of one day, by time; of one moment, in the order of the principals.
    fn day(&self, number: u32) -> Vec<Event> {
        let everyone = self.rows.par_iter().zip(&self.world.actors).enumerate();
        let parts: Vec<Vec<Event>> = everyone
            .map(|(index, (rows, actor))| {
                let mut events = Vec::new();
                let who = (index as u32, actor);
                let count = rows[number as usize];
                day(&self.calendar, &self.world.catalogue, who, number, count, &mut events);
                events
            })
            .collect();
        let mut events: Vec<Event> = parts.into_iter().flatten().collect();
        let length = DAY * 1000;
        let from = self.guests.partition_point(|e| e.at < i64::from(number) * length);
        let to = self.guests.partition_point(|e| e.at < (i64::from(number) + 1) * length);
        events.extend_from_slice(&self.guests[from..to]);
        events.par_sort_by_key(|event| (event.at, event.actor));
        events
    }
}

fn write_tree(
    traffic: &Traffic<'_>,
    scribe: &Scribe<'_>,
    root: &Path,
    progress: &dyn Fn(u64),
    cancel: &Cancel,
) -> Result<u64, SampleError> {
    fs::create_dir_all(root).map_err(|source| SampleError::io(root, source))?;
    let (mut files, mut done) = (0, 0);
    for number in 0..traffic.calendar.days {
        cancel.check()?;
        let events = traffic.day(number);
        files += write_day(scribe, root, &events)?;
        done += events.len() as u64;
        progress(done);
    }
    Ok(files)
}

fn write_table(
    traffic: &Traffic<'_>,
    scribe: &Scribe<'_>,
    path: &Path,
    progress: &dyn Fn(u64),
    cancel: &Cancel,
) -> Result<u64, SampleError> {
    let mut table = Table::create(path)?;
    let mut done = 0;
    for number in 0..traffic.calendar.days {
        let events = traffic.day(number);
        for part in events.chunks(BATCH_ROWS * BATCHES) {
            cancel.check()?;
            let rows = |events: &[Event]| {
                let records: Vec<_> = events.iter().map(|event| scribe.record(event)).collect();
                batch(&records)
            };
            let batches: Vec<_> = part.par_chunks(BATCH_ROWS).map(rows).collect();
            batches.iter().try_for_each(|batch| table.write(batch))?;
        }
        done += events.len() as u64;
        progress(done);
    }
    table.finish()?;
    Ok(1)
}

/// The lines of the labels file, by time.
fn label_lines(guests: &[Event], planted: &[Planted]) -> String {
    let mut text = String::from("eventID,attack_id,technique,attack,mode\n");
    for event in guests.iter().filter(|event| event.step > 0) {
        let it = &planted[event.step as usize - 1];
        let (id, attack) = (event_id(event), it.attack);
        writeln!(text, "{id},{attack},{},{},{}", it.technique, it.name, it.mode)
            .expect("a string takes any text");
    }
    text
}

fn rename(from: &Path, to: &Path) -> Result<(), SampleError> {
    fs::rename(from, to).map_err(|source| SampleError::io(to, source))
}

/// Bytes of a file, or of all files below a folder.
fn bytes_below(path: &Path) -> Result<u64, SampleError> {
    let io = |source| SampleError::io(path, source);
    let about = fs::metadata(path).map_err(io)?;
    if !about.is_dir() {
        return Ok(about.len());
    }
    let entries: Vec<PathBuf> = fs::read_dir(path)
        .and_then(|listing| listing.map(|entry| Ok(entry?.path())).collect())
        .map_err(io)?;
    entries.iter().map(|entry| bytes_below(entry)).sum()
}
