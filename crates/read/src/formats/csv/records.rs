//! Records of delimited text, one after another, in bounded memory.

use crate::Limits;
use crate::error::Damage;
use crate::formats::COLUMNS;
use crate::window::Window;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use std::io::Read;

/// Reads delimited text record by record.
pub(super) struct Records<R> {
    window: Window<R>,
    core: Reader,
    /// The fields of the last record, one after another, without quotes.
    text: Vec<u8>,
    /// Where each field of the last record ends.
    ends: Vec<usize>,
    count: usize,
    limit: u64,
    ended: bool,
}

/// Where a record starts, and why it cannot be read, if so.
pub(super) struct Entry {
    pub(super) offset: u64,
    pub(super) line: u64,
    pub(super) damage: Option<Damage>,
}

impl<R: Read> Records<R> {
    pub(super) fn new(window: Window<R>, delimiter: u8, limits: &Limits) -> Self {
        Self {
            window,
            core: ReaderBuilder::new().delimiter(delimiter).build(),
            text: vec![0; 4096],
            ends: vec![0; 64],
            count: 0,
            limit: limits.record_bytes,
            ended: false,
        }
    }

    /// Number of fields of the last record.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// A field of the last record.
    pub(super) fn field(&self, i: usize) -> &[u8] {
        let from = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[from..self.ends[i]]
    }

    /// Reads the next record.
    pub(super) fn next(&mut self) -> Option<Entry> {
        if self.ended || (self.window.bytes().is_empty() && !self.window.more()) {
            return self.finish();
        }
        let blank = self.window.bytes().iter().take_while(|b| matches!(b, b'\r' | b'\n'));
        let (bytes, lines) =
            blank.fold((0, 0), |(n, lines), b| (n + 1, lines + u64::from(*b == b'\n')));
        let offset = self.window.offset() + bytes;
        let line = self.core.line() + lines;
        let (mut length, mut count, mut too_long) = (0, 0, false);
        loop {
            let input = self.window.bytes();
            let (result, taken, written, ends) =
                self.core.read_record(input, &mut self.text[length..], &mut self.ends[count..]);
            self.window.consume(taken);
            length += written;
            count += ends;
            match result {
                ReadRecordResult::InputEmpty => {
                    if !self.window.more() {
                        let damage = self.window.take_damage().map(Damage::Stream);
                        if damage.is_some() {
                            self.ended = true;
                            return Some(Entry { offset, line, damage });
                        }
                    }
                }
                ReadRecordResult::OutputFull if self.text.len() as u64 > self.limit => {
                    (length, too_long) = (0, true);
                }
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if count > 4 * COLUMNS => {
                    (count, too_long) = (0, true);
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    self.count = count;
                    let damage = too_long.then_some(Damage::TooLong { limit: self.limit });
                    return Some(Entry { offset, line, damage });
                }
                ReadRecordResult::End => return self.finish(),
            }
        }
    }

    /// Says once why the text broke off, if it did.
    fn finish(&mut self) -> Option<Entry> {
        self.ended = true;
        let damage = self.window.take_damage().map(Damage::Stream)?;
        let (offset, line) = (self.window.offset(), self.core.line());
        Some(Entry { offset, line, damage: Some(damage) })
    }
}
