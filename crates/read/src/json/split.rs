//! Splits a stream of JSON into records: lists of records, records one after another or one a line,
//! and objects that wrap a list of records.
//!
//! After a broken record the splitter goes on where the next one plausibly starts.

use super::scan::{Reached, Scan, text_end};
use crate::Limits;
use crate::error::Damage;
use crate::window::Window;
use std::io::Read;
use std::mem;
use std::ops::Range;

#[cfg(test)]
mod tests;

/// How far into an object a key that wraps records is looked for.
const PROBE: usize = 1 << 20;

/// Bytes before a brace that say where it stands.
const MARGIN: usize = 64;

/// What is known about the records of a format before reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Keys whose list holds the records, of an object that is none itself.
    pub(crate) wrappers: &'static [&'static str],
    /// Says whether a top-level key can only be a record's.
    pub(crate) is_field: fn(&[u8]) -> bool,
}

/// One record, or one piece of the stream that is none.
#[derive(Debug)]
pub(crate) struct Item {
    /// Offset of its first byte in the stream.
    pub(crate) offset: u64,
    /// Why it is no record.
    pub(crate) damage: Option<Damage>,
    len: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between top-level values.
    Top,
    /// Between the members of an object that wraps records.
    Wrapper,
    /// Between the records of a list.
    List { wrapped: bool },
}

/// Splits a stream of JSON into records.
pub(crate) struct Splitter<R> {
    window: Window<R>,
    layout: Layout,
    limits: Limits,
    place: Place,
    /// Bytes of the window that belong to the last item.
    taken: usize,
    /// Records stand one a line, as the first one did.
    lines: Option<bool>,
    /// Bytes gone back over after broken records.
    rescanned: u64,
    /// Blanks before the last thing, where it is the first of its line.
    column: Option<usize>,
    /// Blanks before the records of the list, where each is the first of its line.
    indent: Option<usize>,
    /// The first key of the first record of the list.
    key: Option<Vec<u8>>,
    /// A comma or the start of the list came since the last record of a list.
    separated: bool,
    /// Records of lists that no comma separates from the one before.
    unseparated: u64,
    /// The last thing of the stream was given out.
    ended: bool,
    /// The stream broke off, and an item said so.
    broken_off: bool,
}

impl<R: Read> Splitter<R> {
    pub(crate) fn new(window: Window<R>, layout: Layout, limits: &Limits) -> Self {
        Self {
            window,
            layout,
            limits: limits.clone(),
            place: Place::Top,
            taken: 0,
            lines: None,
            rescanned: 0,
            column: None,
            indent: None,
            key: None,
            separated: true,
            unseparated: 0,
            ended: false,
            broken_off: false,
        }
    }

    /// The bytes of an item, until the next one is asked for.
    pub(crate) fn bytes(&self, item: &Item) -> &[u8] {
        &self.window.bytes()[..item.len]
    }

    /// Whether the stream broke off or ended inside a list.
    pub(crate) fn broken_off(&self) -> bool {
        self.broken_off
    }

    /// The next record or piece of damage.
    pub(crate) fn next(&mut self) -> Option<Item> {
        self.window.consume(mem::take(&mut self.taken));
        loop {
            let Some(byte) = self.skip_blank() else { return self.finish() };
            match (self.place, byte) {
                (Place::Top, b'[') => self.enter(false),
                (Place::Top, b'{') if self.is_wrapper() => {
                    self.window.consume(1);
                    self.place = Place::Wrapper;
                }
                (Place::Top, b'{') => return Some(self.record()),
                (Place::List { .. }, b'{') => {
                    self.unseparated += u64::from(!mem::take(&mut self.separated));
                    return Some(self.record());
                }
                (Place::List { wrapped }, b']') => {
                    self.window.consume(1);
                    self.place = if wrapped { Place::Wrapper } else { Place::Top };
                }
                (Place::Wrapper, b'}') => {
                    self.window.consume(1);
                    self.place = Place::Top;
                }
                (Place::Wrapper, b'"') => {
                    if let Err(damage) = self.member() {
                        let (offset, len) = (self.window.offset(), 0);
                        return Some(Item { offset, damage: Some(damage), len });
                    }
                }
                _ => return Some(self.stray(byte)),
            }
        }
    }

    /// Enters the list of records that the window starts with.
    fn enter(&mut self, wrapped: bool) {
        self.window.consume(1);
        self.place = Place::List { wrapped };
        self.indent = None;
        self.key = None;
        self.separated = true;
    }

    /// Number of records of lists that no comma separates from the one before.
    pub(crate) fn unseparated(&self) -> u64 {
        self.unseparated
    }

    /// Says that the last record, complete as it looked, is broken: another may start inside it.
    pub(crate) fn reopen(&mut self) {
        let mut at = self.taken;
        let next = loop {
            let rest = &self.window.bytes()[at..];
            if let Some(next) = rest.iter().find(|b| !b.is_ascii_whitespace()) {
                break Some(*next);
            }
            at += rest.len();
            if !self.window.more() {
                break None;
            }
        };
        // Where nothing follows that may follow a record, its end is not to be trusted either.
        let ends = matches!(next, None | Some(b',' | b'{' | b'[' | b']'));
        self.resume(1..self.taken, !ends);
    }

    /// Consumes blanks and commas; gives the byte after them.
    fn skip_blank(&mut self) -> Option<u8> {
        self.column = None;
        loop {
            let bytes = self.window.bytes();
            let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b',' | 0x1e);
            let n = bytes.iter().take_while(|b| blank(b)).count();
            let next = bytes.get(n).copied();
            self.separated |= bytes[..n].contains(&b',');
            match memchr::memrchr(b'\n', &bytes[..n]) {
                Some(line) => self.column = Some(n - line - 1),
                // Blanks of the same line may come with the next block.
                None => self.column = self.column.map(|column| column + n),
            }
            self.window.consume(n);
            if next.is_some() || !self.window.more() {
                return next;
            }
        }
    }

    /// What is left to say at the end of the stream.
    fn finish(&mut self) -> Option<Item> {
        if mem::replace(&mut self.ended, true) {
            return None;
        }
        let damage = match self.window.take_damage() {
            Some(damage) => Damage::Stream(damage),
            None if self.place != Place::Top && !self.broken_off => Damage::OpenList,
            None => return None,
        };
        self.broken_off = true;
        Some(Item { offset: self.window.offset(), damage: Some(damage), len: 0 })
    }

    /// The damage of a record that the end of the stream cuts.
    fn cut(&mut self) -> Damage {
        self.broken_off = true;
        self.window.take_damage().map_or(Damage::OpenRecord, Damage::Stream)
    }

    /// Finds the end of the record that the window starts with.
    fn record(&mut self) -> Item {
        let offset = self.window.offset();
        let by_line = self.place == Place::Top && self.lines == Some(true);
        let mut scan = Scan::default();
        let mut line = None;
        let limit = self.limits.record_bytes;
        let (damage, len) = loop {
            let bytes = self.window.bytes();
            if by_line && line.is_none() {
                line = line_end(bytes);
            }
            match scan.run(&bytes[..line.unwrap_or(bytes.len())]) {
                Reached::End(len) if len as u64 > limit => break (Damage::TooLong { limit }, len),
                Reached::End(len) => {
                    if self.place == Place::Top && self.lines.is_none() {
                        self.lines = Some(memchr::memchr(b'\n', &bytes[..len]).is_none());
                    }
                    self.taken = len;
                    self.indent = self.indent.or(self.column);
                    if self.key.is_none() {
                        self.key = first_key(&bytes[..len]).map(<[u8]>::to_vec);
                    }
                    let (depth, limit) = (scan.deepest(), self.limits.depth);
                    let damage = (depth > limit).then_some(Damage::TooDeep { depth, limit });
                    return Item { offset, damage, len };
                }
                Reached::BrokenText(at) if by_line => break (Damage::OpenLine, at),
                Reached::BrokenText(at) => break (Damage::OpenText, at),
                Reached::More if line.is_some() => {
                    break (Damage::OpenLine, bytes.len().min(line.unwrap_or(0)));
                }
                Reached::More if bytes.len() as u64 > limit => {
                    break (Damage::TooLong { limit }, bytes.len());
                }
                Reached::More => {
                    if !self.window.more() {
                        break (self.cut(), self.window.bytes().len());
                    }
                }
            }
        };
        let whole = matches!(damage, Damage::TooLong { .. }) && len < self.window.bytes().len();
        if whole {
            self.taken = len;
        } else {
            self.resume(1..len, true);
        }
        Item { offset, damage: Some(damage), len: 0 }
    }

    /// Goes on at the first plausible start of a record within `range` of the window, where going
    /// back is not yet too dear, or after it; with `further`, at the first one after it.
    fn resume(&mut self, range: Range<usize>, further: bool) {
        self.rescanned += range.len() as u64;
        self.separated = true;
        let mut at = range.start;
        // Each byte may be looked at some five times on the average, so that no file, however
        // broken, takes more than linear time.
        if self.rescanned > 2 * self.limits.record_bytes + 4 * self.window.offset() {
            at = range.end;
        }
        let end = if further { usize::MAX } else { range.end };
        loop {
            let bytes = self.window.bytes();
            match memchr::memchr(b'{', &bytes[at.min(bytes.len())..end.min(bytes.len())]) {
                Some(n) => {
                    at += n;
                    // The key that tells must be in sight.
                    if bytes.len() < at + 256 && self.window.more() {
                        continue;
                    }
                    if let Some(place) = self.start(at) {
                        self.place = place;
                        self.taken = at;
                        return;
                    }
                    at += 1;
                }
                None if !further => {
                    self.taken = range.end;
                    return;
                }
                None => {
                    // All but the line break and the blanks that may tell of a record.
                    let keep = bytes.len().min(MARGIN);
                    let n = bytes.len() - keep;
                    self.window.consume(n);
                    at = keep;
                    if !self.window.more() {
                        self.taken = self.window.bytes().len();
                        self.broken_off = true;
                        return;
                    }
                }
            }
        }
    }

    /// Whether a record plausibly starts at byte `at`, a brace, and where one is then.
    fn start(&self, at: usize) -> Option<Place> {
        let (before, object) = self.window.bytes().split_at(at);
        let key = first_key(object);
        if key.is_some_and(|key| self.layout.wraps(key)) {
            return Some(Place::Top);
        }
        let blank = before.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let first_of_line = before[..at - blank].last() == Some(&b'\n');
        if self.place == Place::Top {
            let sure = key.is_some_and(self.layout.is_field) || blank == 0 && first_of_line;
            return sure.then_some(Place::Top);
        }
        let aligned = first_of_line && self.indent == Some(blank);
        let follows = before.trim_ascii_end().last() == Some(&b',');
        let alike = follows && key.is_some() && key == self.key.as_deref();
        let sure = key.is_some_and(self.layout.is_field) || aligned || alike;
        sure.then_some(Place::List { wrapped: self.place != Place::List { wrapped: false } })
    }

    /// Whether the object that the window starts with wraps a list of records.
    fn is_wrapper(&mut self) -> bool {
        if self.layout.wrappers.is_empty() {
            return false;
        }
        loop {
            let bytes = self.window.bytes();
            if let Some(answer) = self.layout.probe(bytes) {
                return answer;
            }
            if bytes.len() > PROBE || !self.window.more() {
                return false;
            }
        }
    }

    /// Takes a member of a wrapping object; enters the list of records.
    fn member(&mut self) -> Result<(), Damage> {
        let key = self.take_text()?;
        if self.skip_blank() == Some(b':') {
            self.window.consume(1);
        }
        let wraps = self.layout.wraps(&key);
        match self.skip_blank() {
            Some(b'[') if wraps => self.enter(true),
            Some(b'"') => drop(self.take_text()?),
            Some(b'{' | b'[') => self.skip_value()?,
            Some(_) => self.skip_literal(),
            None => {}
        }
        Ok(())
    }

    /// Consumes a quoted text; gives it without its quotes.
    fn take_text(&mut self) -> Result<Vec<u8>, Damage> {
        loop {
            let bytes = self.window.bytes();
            if let Some(end) = text_end(bytes) {
                let text = bytes[1..end - 1].to_vec();
                self.window.consume(end);
                return Ok(text);
            }
            let limit = self.limits.record_bytes;
            let too_long = bytes.len() as u64 > limit;
            if too_long || !self.window.more() {
                let damage = if too_long { Damage::TooLong { limit } } else { self.cut() };
                self.window.consume(self.window.bytes().len());
                return Err(damage);
            }
        }
    }

    /// Consumes an object or a list that holds no record.
    fn skip_value(&mut self) -> Result<(), Damage> {
        let mut scan = Scan::default();
        loop {
            let bytes = self.window.bytes();
            match scan.run(bytes) {
                Reached::End(n) => {
                    self.window.consume(n);
                    return Ok(());
                }
                Reached::BrokenText(n) => {
                    self.window.consume(n);
                    return Err(Damage::OpenText);
                }
                Reached::More => {}
            }
            let limit = self.limits.record_bytes;
            let too_long = bytes.len() as u64 > limit;
            if too_long || !self.window.more() {
                let damage = if too_long { Damage::TooLong { limit } } else { self.cut() };
                self.window.consume(self.window.bytes().len());
                return Err(damage);
            }
        }
    }

    /// Consumes a number, `true`, `false` or `null`, or whatever stands in its place.
    fn skip_literal(&mut self) {
        let top = self.place == Place::Top;
        let ends = |b: &u8| match b {
            b'\n' | b'{' | b'[' => true,
            b',' | b'}' | b']' | b'"' => !top,
            _ => false,
        };
        loop {
            let bytes = self.window.bytes();
            let n = bytes.iter().take_while(|b| !ends(b)).count();
            let found = n < bytes.len();
            self.window.consume(n);
            if found || !self.window.more() {
                return;
            }
        }
    }

    /// Takes what stands where a record should: a value that is no object, or no JSON at all.
    fn stray(&mut self, byte: u8) -> Item {
        let offset = self.window.offset();
        let damage = match byte {
            b'"' => match self.take_text() {
                Ok(_) => Damage::NotAnObject { found: "a text" },
                Err(damage) => damage,
            },
            b'[' => match self.skip_value() {
                Ok(()) => Damage::NotAnObject { found: "a list" },
                Err(damage) => damage,
            },
            _ => {
                // Long enough to tell a literal from other text.
                while self.window.bytes().len() < 8 && self.window.more() {}
                let found = literal(self.window.bytes());
                if found.is_some() || self.place == Place::Top {
                    self.window.consume(1);
                    self.skip_literal();
                } else {
                    self.resume(1..1, true);
                }
                found.map_or(Damage::Stray, |found| Damage::NotAnObject { found })
            }
        };
        Item { offset, damage: Some(damage), len: 0 }
    }
}

impl Layout {
    fn wraps(&self, key: &[u8]) -> bool {
        self.wrappers.iter().any(|wrapper| wrapper.as_bytes() == key)
    }

    /// Whether the object at the start of `bytes` wraps records; `None` where they do not tell.
    fn probe(&self, bytes: &[u8]) -> Option<bool> {
        let mut at = 1;
        loop {
            at += blanks(&bytes[at..]);
            if *bytes.get(at)? != b'"' {
                return Some(false);
            }
            let end = at + text_end(&bytes[at..])?;
            let key = &bytes[at + 1..end - 1];
            if (self.is_field)(key) {
                return Some(false);
            }
            at = end + blanks(&bytes[end..]);
            if *bytes.get(at)? != b':' {
                return Some(false);
            }
            at += 1;
            at += blanks(&bytes[at..]);
            let first = *bytes.get(at)?;
            if self.wraps(key) {
                return Some(matches!(first, b'[' | b'n'));
            }
            at += match first {
                b'"' => text_end(&bytes[at..])?,
                b'{' | b'[' => match Scan::default().run(&bytes[at..]) {
                    Reached::End(n) => n,
                    Reached::BrokenText(_) => return Some(false),
                    Reached::More => return None,
                },
                _ => bytes[at..].iter().position(|b| matches!(b, b',' | b'}'))?,
            };
        }
    }
}

/// What a value that is no text, list or object is called.
fn literal(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'n', b'u', b'l', b'l', ..] => Some("null"),
        [b't', b'r', b'u', b'e', ..] | [b'f', b'a', b'l', b's', b'e', ..] => Some("a truth value"),
        [b'0'..=b'9' | b'-', ..] => Some("a number"),
        _ => None,
    }
}

fn blanks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b',')).count()
}

/// The first key of the object at the start of `bytes`.
fn first_key(bytes: &[u8]) -> Option<&[u8]> {
    let at = 1 + blanks(&bytes[1..]);
    let text = &bytes[at..];
    (*text.first()? == b'"').then_some(())?;
    Some(&text[1..text_end(text)? - 1])
}

/// The end of the first line, where the next one starts with an object.
fn line_end(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).find(|&at| bytes.get(at + 1) == Some(&b'{'))
}
