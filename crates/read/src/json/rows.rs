//! From a stream of JSON to rows, and to the names and kinds of its fields.

use super::paths::{self, Raw, SyntaxAt, Wanted, text_of, walk};
use super::scan::{Reached, Scan};
use super::split::{Layout, Splitter};
use crate::columns::Rows;
use crate::error::{Damage, Halt, ReadError, StreamDamage};
use crate::formats::{Job, Names};
use crate::kinds::Kinds;
use crate::ledger::Tally;
use crate::output::{MENDED, Output};
use crate::source::Source;
use crate::window::Window;
use crate::{InputFile, Options};
use std::borrow::Cow;
use std::io::Read;

/// How a format lays its records out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Where records are found.
    pub(crate) layout: Layout,
    /// The column that holds the exact text of the record.
    pub(crate) raw: Option<&'static str>,
    /// A field whose text is the record itself, where it is there.
    pub(crate) envelope: Option<&'static str>,
}

/// Reads a file record by record.
pub(crate) fn read(job: &Job<'_>, shape: &Shape, out: &mut Output<'_>) -> Result<(), Halt> {
    let source = Source::open(&job.file.path, job.options).map_err(|e| job.file.unreadable(e))?;
    let seal = source.seal();
    read_stream(Window::new(source), job, shape, out)?;
    out.seal(seal)
}

/// Reads a stream record by record.
pub(crate) fn read_stream(
    window: Window<impl Read>,
    job: &Job<'_>,
    shape: &Shape,
    out: &mut Output<'_>,
) -> Result<(), Halt> {
    let limits = &job.options.limits;
    let reader = Reader::new(job, shape);
    let mut splitter = Splitter::new(window, shape.layout, limits);
    let mut rows = Rows::new(job.fields, &job.options.zone);
    let mut record = 0;
    while let Some(item) = splitter.next() {
        let damage = if item.damage.is_some() {
            item.damage
        } else {
            let text = text(splitter.bytes(&item), &mut out.tally);
            let read = reader.row(&text, record, &mut rows, limits.depth);
            out.pending = rows.len() as u64;
            read.err()
        };
        if let Some(damage) = damage {
            if item_was_whole(&damage) {
                splitter.reopen();
            }
            out.reject(record, item.offset, &damage)?;
        }
        record += 1;
        if rows.is_full() {
            out.take(&mut rows)?;
        }
    }
    out.take(&mut rows)?;
    out.tally.note("records that no comma separates", splitter.unseparated());
    out.tally.cut |= splitter.broken_off();
    Ok(())
}

/// Whether a record looked complete and was found broken only by its parse.
fn item_was_whole(damage: &Damage) -> bool {
    matches!(damage, Damage::Syntax { .. })
}

/// The text of a record; bytes that are no UTF-8 are replaced and counted.
pub(crate) fn text<'a>(bytes: &'a [u8], tally: &mut Tally) -> Cow<'a, str> {
    std::str::from_utf8(bytes).map_or_else(
        |_| {
            tally.note(MENDED, 1);
            String::from_utf8_lossy(bytes)
        },
        Cow::Borrowed,
    )
}

/// What the columns of a job need of each record.
struct Reader {
    wanted: Wanted,
    columns: usize,
    raw: Option<usize>,
    envelope: bool,
}

impl Reader {
    fn new(job: &Job<'_>, shape: &Shape) -> Self {
        let names = job.fields.iter().map(|f| f.name().as_str());
        let raw = shape.raw.and_then(|raw| job.fields.iter().position(|f| f.name() == raw));
        Self {
            wanted: Wanted::new(names.chain(shape.envelope)),
            columns: job.fields.len(),
            raw,
            envelope: shape.envelope.is_some(),
        }
    }

    fn row(
        &self,
        text: &str,
        number: u64,
        rows: &mut Rows<'_>,
        depth: usize,
    ) -> Result<(), Damage> {
        let values = self.values(text)?;
        let envelope = if self.envelope { values[self.columns].as_deref() } else { None };
        let Some(inner) = envelope else {
            self.push(text, &values, number, rows);
            return Ok(());
        };
        let inner = text_of(inner).ok_or(Damage::NoEventText)?;
        let mut scan = Scan::default();
        match scan.run(inner.as_bytes()) {
            Reached::End(n) if n == inner.len() && inner.starts_with('{') => {}
            _ => return Err(Damage::NoEventText),
        }
        if scan.deepest() > depth {
            return Err(Damage::TooDeep { depth: scan.deepest(), limit: depth });
        }
        let values = self.values(&inner).map_err(|_| Damage::NoEventText)?;
        self.push(&inner, &values, number, rows);
        Ok(())
    }

    fn values<'t>(&self, text: &'t str) -> Result<Vec<Option<Raw<'t>>>, Damage> {
        walk(text, &self.wanted).map_err(|SyntaxAt(at)| Damage::Syntax { at })
    }

    fn push(&self, text: &str, values: &[Option<Raw<'_>>], number: u64, rows: &mut Rows<'_>) {
        let texts: Vec<Option<Cow<'_, str>>> = values[..self.columns]
            .iter()
            .enumerate()
            .map(|(i, value)| match value {
                _ if self.raw == Some(i) => Some(Cow::Borrowed(text)),
                value => value.as_deref().and_then(text_of),
            })
            .collect();
        rows.push(number, texts.iter().map(Option::as_deref));
    }
}

/// The names and kinds of all fields of a file, nested ones flattened with dots.
pub(crate) fn survey(
    file: &InputFile,
    layout: Layout,
    options: &Options,
) -> Result<Names, ReadError> {
    let source = Source::open(&file.path, options).map_err(|e| file.unreadable(e))?;
    let mut names = Names::default();
    let mut splitter = Splitter::new(Window::new(source), layout, &options.limits);
    while let Some(item) = splitter.next() {
        match &item.damage {
            Some(Damage::Stream(StreamDamage::Cancelled)) => {
                return Err(lanner_frame::Cancelled.into());
            }
            Some(_) => {}
            None if note(splitter.bytes(&item), &mut names).is_err() => splitter.reopen(),
            None => names.check(file)?,
        }
    }
    Ok(names)
}

/// Takes in the fields of one record; of a broken one those before the break.
fn note(record: &[u8], names: &mut Names) -> Result<(), SyntaxAt> {
    let text = String::from_utf8_lossy(record);
    paths::flatten(&text, |path, raw| names.meet(path, kinds(raw)))
}

fn kinds(raw: &str) -> Kinds {
    match raw.as_bytes().first() {
        Some(b'n') => Kinds::ANY,
        Some(b't' | b'f') => Kinds::BOOLEAN,
        Some(b'[') => Kinds::TEXT,
        Some(b'"') => match crate::time::parse_text(&raw[1..raw.len() - 1]) {
            Some(_) => Kinds::TIME,
            None => Kinds::TEXT,
        },
        _ => Kinds::of_number(raw),
    }
}

/// Shows the fields of the records at the start of a text, of the record that the end of the text
/// cuts those before the cut; gives the number of whole records.
pub(crate) fn each_field(head: &[u8], layout: Layout, each: &mut dyn FnMut(&str, &str)) -> usize {
    let limits = crate::Limits::default();
    let mut splitter = Splitter::new(Window::new(head), layout, &limits);
    // The splitter measures whole records; one that is cut may be nested deeper than a stack is.
    let shallow = |bytes: &[u8]| {
        let mut scan = Scan::default();
        let _ = scan.run(bytes);
        scan.deepest() <= limits.depth
    };
    let mut whole = 0;
    while let Some(item) = splitter.next() {
        let bytes: &[u8] = match item.damage {
            None => splitter.bytes(&item),
            Some(Damage::OpenRecord) => {
                head.get(item.offset as usize..).filter(|b| shallow(b)).unwrap_or_default()
            }
            Some(_) => continue,
        };
        let text = String::from_utf8_lossy(bytes);
        // An error is the cut; what comes before it was shown.
        whole += usize::from(paths::flatten(&text, &mut *each).is_ok());
    }
    whole
}
