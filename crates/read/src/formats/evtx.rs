//! Windows event logs (EVTX), after [MS-EVEN6]; the reading itself is in the crate `lanner-evtx`.
//!
//! The columns are the fields of `System` by their own names and the event's own data by theirs, without
//! namespaces, all text but `TimeCreated`. An item of the data that is called as a field of `System` is
//! `EventData.` and its name. Pieces of 64 chunks are units. Records that are lost are rejects, as many as
//! the record numbers tell, listed once for each place. Lost: what `RenderingInfo` says.

use super::{Card, Claim, Format, Head, Job, Names, Survey};
use crate::columns::Rows;
use crate::error::{Damage, Halt, ReadError};
use crate::kinds::Kinds;
use crate::output::Output;
use crate::source::Source;
use crate::{Compression, InputFile, Kind, Options};
use lanner_evtx::{Event, Item, Lost, Reason};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;

/// Windows event logs.
pub(super) struct Evtx;

/// Chunks of a unit: 4 MiB.
const TOGETHER: usize = 64;

/// Fields of `System` that have a place of their own in an [`Event`], in the order of the columns.
const FIELDS: [&str; 7] =
    ["TimeCreated", "Computer", "Channel", "Provider", "EventID", "EventRecordID", "UserID"];

/// The column of an item of the event's own data.
fn column(name: &str) -> Cow<'_, str> {
    let taken = name.is_empty() || FIELDS.contains(&name) || lanner_evtx::SYSTEM.contains(&name);
    if taken { format!("EventData.{name}").into() } else { name.into() }
}

impl Format for Evtx {
    fn card(&self) -> &'static Card {
        &Card { id: "evtx", title: "EVTX", kind: Some(Kind::Table), extensions: &["evtx"] }
    }

    fn claim(&self, head: &Head<'_>) -> Claim {
        match lanner_evtx::other_form(head.bytes) {
            _ if lanner_evtx::is_evtx(head.bytes) => Claim::Sure,
            Some(what) => Claim::Skip(what),
            None => Claim::No,
        }
    }

    fn survey(&self, file: &InputFile, options: &Options) -> Result<Box<dyn Survey>, ReadError> {
        let source = Source::open(&file.path, options).map_err(|e| file.unreadable(e))?;
        let mut names = Names::default();
        let mut log = Log { whole: file.compression != Compression::None, ..Log::default() };
        for name in FIELDS {
            let kinds = if name == "TimeCreated" { Kinds::TIME } else { Kinds::TEXT };
            names.meet(name, kinds);
        }
        let mut failed = None;
        let mut sink = |chunk, part: Part| {
            log.reach(chunk);
            log.records += part.records;
            log.between.extend(part.between.into_iter().map(|lost| (chunk as usize, lost)));
            part.names.into_list().iter().for_each(|(name, kinds)| names.meet(name, *kinds));
            failed = names.check(file).err();
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let account = lanner_evtx::read(source, 0, &options.interrupted, &Part::survey, &mut sink)?;
        if let Some(error) = failed {
            return Err(error);
        }
        log.reach(chunks(account.bytes));
        log.notes = account.notes.into_iter().collect();
        log.broken = account.broken.is_some();
        log.columns = names.into_list();
        Ok(Box::new(log))
    }
}

/// What a survey learns from some records.
#[derive(Default)]
struct Part {
    names: Names,
    records: u64,
    /// What is lost in whole chunks.
    between: Option<Lost>,
}

impl Part {
    fn survey(items: Vec<Item>) -> Self {
        let mut part = Self::default();
        for item in items {
            match item {
                Item::Event(event) => {
                    part.records += 1;
                    event.system.iter().for_each(|(name, _)| part.names.meet(name, Kinds::TEXT));
                    event.data.iter().for_each(|(n, _)| part.names.meet(&column(n), Kinds::TEXT));
                }
                Item::Lost(lost) => {
                    part.records += lost.records;
                    if lost.reason.spans_chunks() {
                        part.between = Some(lost);
                    }
                }
            }
        }
        part
    }
}

/// Chunks of a file of that length, a cut one among them.
fn chunks(bytes: u64) -> u32 {
    bytes.saturating_sub(lanner_evtx::FILE_HEADER).div_ceil(lanner_evtx::CHUNK) as u32
}

#[derive(Default)]
struct Log {
    columns: Vec<(String, Kinds)>,
    /// Records before each chunk, those lost before it left out, and after the last.
    before: Vec<u64>,
    records: u64,
    /// What is lost between chunks, by the chunk that comes after.
    between: Vec<(usize, Lost)>,
    notes: Vec<(&'static str, u64)>,
    /// The bytes end before the file does.
    broken: bool,
    /// The file can be read only from its beginning.
    whole: bool,
}

impl Log {
    /// Takes down the records before each chunk up to one.
    fn reach(&mut self, chunk: u32) {
        self.before.resize(chunk as usize + 1, self.records);
    }

    fn chunks(&self) -> usize {
        self.before.len() - 1
    }

    /// The chunks of a part.
    fn range(&self, part: usize) -> std::ops::Range<usize> {
        if self.whole {
            return 0..self.chunks();
        }
        part * TOGETHER..((part + 1) * TOGETHER).min(self.chunks())
    }
}

impl Survey for Log {
    fn columns(&self) -> &[(String, Kinds)] {
        &self.columns
    }

    fn time_field(&self) -> Option<&'static str> {
        Some(FIELDS[0])
    }

    fn parts(&self) -> usize {
        if self.whole { 1 } else { self.chunks().div_ceil(TOGETHER).max(1) }
    }

    fn scan(&self, part: usize, job: &Job<'_>, out: &mut Output<'_>) -> Result<(), Halt> {
        let unreadable = |e| Halt::from(job.file.unreadable(e));
        let range = self.range(part);
        if part == 0 {
            self.notes.iter().for_each(|(what, times)| out.tally.note(what, *times));
            out.tally.note("files whose bytes end early", u64::from(self.broken));
            out.tally.cut |= self.broken;
        }
        let mut reading = Reading::new(job);
        if self.whole || part == 0 {
            let source = Source::open(&job.file.path, job.options).map_err(unreadable)?;
            let seal = source.seal();
            let read = self.read(range, source, &mut reading, out);
            out.seal(seal)?;
            return read;
        }
        let mut source = File::open(&job.file.path).map_err(unreadable)?;
        let at = lanner_evtx::FILE_HEADER + range.start as u64 * lanner_evtx::CHUNK;
        source.seek(SeekFrom::Start(at)).map_err(unreadable)?;
        self.read(range, source, &mut reading, out)
    }
}

impl Log {
    /// Reads some chunks from a source that begins with the first of them, or with the file.
    fn read(
        &self,
        range: std::ops::Range<usize>,
        mut source: impl Read,
        reading: &mut Reading<'_>,
        out: &mut Output<'_>,
    ) -> Result<(), Halt> {
        let mut block = Vec::new();
        // Where the source fails it ends, as it did in the survey.
        let mut fill = |block: &mut Vec<u8>, size: u64| {
            block.clear();
            let _ = source.by_ref().take(size).read_to_end(block);
        };
        if range.start == 0 {
            fill(&mut block, lanner_evtx::FILE_HEADER);
        }
        out.first = self.before.get(range.start).copied().unwrap_or(0);
        reading.record = out.first;
        let last = range.end == self.chunks();
        for chunk in range.clone().chain(last.then_some(range.end)) {
            for (_, lost) in self.between.iter().filter(|(before, _)| *before == chunk) {
                reading.lost(lost.clone(), out)?;
            }
            if chunk < range.end {
                fill(&mut block, lanner_evtx::CHUNK);
                for item in lanner_evtx::decode(&block, 0, chunk as u32).items {
                    match item {
                        Item::Event(event) => reading.event(&event, out)?,
                        Item::Lost(lost) => reading.lost(lost, out)?,
                    }
                }
            }
        }
        out.take(&mut reading.rows)
    }
}

/// What fills a column of the job.
struct Reading<'a> {
    rows: Rows<'a>,
    /// The columns by their names.
    places: HashMap<&'a str, usize>,
    record: u64,
}

impl<'a> Reading<'a> {
    fn new(job: &Job<'a>) -> Self {
        let names = job.fields.iter().enumerate();
        Self {
            rows: Rows::new(job.fields, &job.options.zone),
            places: names.map(|(i, field)| (field.name().as_str(), i)).collect(),
            record: 0,
        }
    }

    fn event(&mut self, event: &Event, out: &mut Output<'_>) -> Result<(), Halt> {
        let time = event.time.map(|time| time.to_string());
        let (id, number) = (event.event_id.to_string(), event.record_id.to_string());
        let fields = [
            time.as_deref().unwrap_or(""),
            &event.computer,
            &event.channel,
            &event.provider,
            &id,
            &number,
            event.user_sid.as_deref().unwrap_or(""),
        ];
        for (name, text) in FIELDS.iter().zip(fields).filter(|(_, text)| !text.is_empty()) {
            self.set(name, text);
        }
        event.system.iter().for_each(|(name, text)| self.set(name, text));
        event.data.iter().for_each(|(name, text)| self.set(&column(name), text));
        self.rows.end(self.record);
        self.record += 1;
        out.pending = self.rows.len() as u64;
        if self.rows.is_full() {
            out.take(&mut self.rows)?;
        }
        Ok(())
    }

    fn set(&mut self, name: &str, text: &str) {
        if let Some(&column) = self.places.get(name) {
            self.rows.set(column, text);
        }
    }

    fn lost(&mut self, lost: Lost, out: &mut Output<'_>) -> Result<(), Halt> {
        let (records, offset) = (lost.records, lost.offset);
        out.tally.cut |= lost.reason.spans_chunks() || lost.reason == Reason::EndsInChunk;
        out.reject(self.record, offset, &Damage::Log(lost))?;
        out.tally.rejects += records - 1;
        self.record += records;
        Ok(())
    }
}
