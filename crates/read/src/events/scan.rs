//! One file, from its first record to its last, accounted for.

use super::find::LAYOUT;
use super::{EventLogs, Take, Wanted};
use crate::error::{Damage, ReadError, StreamDamage};
use crate::json::{Splitter, text};
use crate::ledger::{Ledger, Tally};
use crate::source::Source;
use crate::window::Window;
use lanner_evtx::{Event, Item, Location, Lost, Reason};
use lanner_frame::Cancelled;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl EventLogs {
    /// Reads a file; its account goes to the ledger. A panic of a reader ends the file and is a reject.
    pub(super) fn scan(
        &self,
        file: usize,
        wanted: &Wanted<'_>,
        ledger: &Ledger,
        take: &mut Take<'_>,
    ) -> Result<ControlFlow<()>, ReadError> {
        let input = &self.files[file];
        let source = Source::open(&input.path, &self.options).map_err(|e| input.unreadable(e))?;
        let seal = source.seal();
        let mut reading = Reading { file, tally: Tally::default(), record: 0, wanted, take };
        let read = catch_unwind(AssertUnwindSafe(|| match input.format {
            "evtx" => self.evtx(source, &mut reading),
            "json" => self.json(source, &mut reading),
            _ => Ok(ControlFlow::Continue(())),
        }));
        let Reading { mut tally, record, .. } = reading;
        let ended = read.unwrap_or_else(|_| {
            tally.reject(record, 0, &Damage::Panic { format: input.format, lost: 0 });
            tally.cut = true;
            Ok(ControlFlow::Continue(()))
        })?;
        tally.cut |= ended.is_break();
        tally.close(seal, &self.options.interrupted)?;
        ledger.add(file, tally);
        Ok(ended)
    }

    fn evtx(
        &self,
        source: Source,
        reading: &mut Reading<'_, '_>,
    ) -> Result<ControlFlow<()>, Cancelled> {
        let (cancel, file) = (&self.options.interrupted, reading.file);
        let wanted = reading.wanted;
        let digest = |items| Piece::new(items, wanted);
        let mut sink = |_: u32, piece| reading.piece(piece);
        let account = lanner_evtx::read(source, file, cancel, &digest, &mut sink)?;
        account.notes.into_iter().for_each(|(what, times)| reading.tally.note(what, times));
        if account.broken.is_some() {
            reading.tally.note("files whose bytes end early", 1);
            reading.tally.cut = true;
        }
        Ok(if account.stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn json(
        &self,
        source: Source,
        reading: &mut Reading<'_, '_>,
    ) -> Result<ControlFlow<()>, Cancelled> {
        let mut splitter = Splitter::new(Window::new(source), LAYOUT, &self.options.limits);
        while let Some(item) = splitter.next() {
            self.options.interrupted.check()?;
            let offset = item.offset;
            let read = match item.damage {
                Some(Damage::Stream(StreamDamage::Cancelled)) => return Err(Cancelled),
                Some(damage) => Err(damage),
                None => event(&text(splitter.bytes(&item), &mut reading.tally)),
            };
            match read {
                Ok(mut event) => {
                    event.at = Location { file: reading.file, offset, chunk: 0 };
                    if reading.event(event).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Err(damage) => {
                    if matches!(damage, Damage::Syntax { .. }) {
                        splitter.reopen();
                    }
                    reading.tally.reject(reading.record, offset, &damage);
                    reading.record += 1;
                }
            }
        }
        reading.tally.note("records that no comma separates", splitter.unseparated());
        reading.tally.cut |= splitter.broken_off();
        Ok(ControlFlow::Continue(()))
    }
}

/// The event that a JSON record is.
pub(super) fn event(text: &str) -> Result<Event, Damage> {
    sonic_rs::from_str(text).map_err(|error| {
        if error.is_syntax() || error.is_eof() {
            Damage::Syntax { at: error.offset() }
        } else {
            Damage::NoEvent
        }
    })
}

/// What is to be kept of some records of an EVTX file, with numbers from 0.
#[derive(Default)]
struct Piece {
    events: Vec<(u64, Event)>,
    lost: Vec<(u64, Lost)>,
    records: u64,
}

impl Piece {
    fn new(items: Vec<Item>, wanted: &Wanted<'_>) -> Self {
        let mut piece = Self::default();
        for item in items {
            let number = piece.records;
            match item {
                Item::Event(event) => {
                    piece.records += 1;
                    if wanted(&event) {
                        piece.events.push((number, event));
                    }
                }
                Item::Lost(lost) => {
                    piece.records += lost.records;
                    piece.lost.push((number, lost));
                }
            }
        }
        piece
    }
}

/// A file being read.
struct Reading<'a, 't> {
    file: usize,
    tally: Tally,
    /// Number of the next record.
    record: u64,
    wanted: &'a Wanted<'a>,
    take: &'a mut Take<'t>,
}

impl Reading<'_, '_> {
    fn piece(&mut self, piece: Piece) -> ControlFlow<()> {
        let (first, tally) = (self.record, &mut self.tally);
        self.record += piece.records;
        tally.rows += piece.records;
        for (number, lost) in piece.lost {
            let Lost { records, offset, reason, .. } = lost;
            tally.cut |= reason.spans_chunks() || reason == Reason::EndsInChunk;
            tally.reject(first + number, offset, &Damage::Log(lost));
            tally.rejects += records - 1;
            tally.rows -= records;
        }
        piece.events.into_iter().try_for_each(|(number, event)| (self.take)(event, first + number))
    }

    fn event(&mut self, event: Event) -> ControlFlow<()> {
        let record = self.record;
        self.record += 1;
        self.tally.rows += 1;
        if (self.wanted)(&event) { (self.take)(event, record) } else { ControlFlow::Continue(()) }
    }
}
