//! CSV and its relatives: RFC 4180 with any of `, ; tab |` between fields.
//!
//! Delimiter and header are found from the content. Types hold for every value of the file, which is
//! read once for them. An empty field is null. A record with more or fewer fields than the header is
//! rejected. Lost: the difference between an empty and an absent text.

mod dialect;
mod records;

use super::{COLUMNS, Card, Claim, Format, Head, Job, Survey};
use crate::columns::Rows;
use crate::error::{Damage, Halt, ReadError, StreamDamage};
use crate::kinds::Kinds;
use crate::output::Output;
use crate::source::Source;
use crate::window::Window;
use crate::{InputFile, Kind, Options};
use dialect::Dialect;
use records::{Entry, Records};
use std::borrow::Cow;
use std::io::Read;

/// CSV, TSV and their relatives.
pub(super) struct Csv;

/// Bytes of a file from which its dialect is found.
const HEAD: usize = 64 << 10;

impl Format for Csv {
    fn card(&self) -> &'static Card {
        &Card {
            id: "csv",
            title: "CSV",
            kind: Some(Kind::Table),
            extensions: &["csv", "tsv", "tab", "psv"],
        }
    }

    fn claim(&self, head: &Head<'_>) -> Claim {
        let markup = matches!(head.bytes.trim_ascii_start().first(), None | Some(b'<'));
        // A few zero bytes do not hide a table; many make it no text.
        let zeros = memchr::memchr_iter(0, head.bytes).count();
        if markup || zeros * 10 > head.bytes.len() {
            return Claim::No;
        }
        let dialect = Dialect::of(head.bytes, head.whole);
        if dialect.regular { Claim::Maybe } else { Claim::Named }
    }

    fn survey(&self, file: &InputFile, options: &Options) -> Result<Box<dyn Survey>, ReadError> {
        let open = || Source::open(&file.path, options).map_err(|e| file.unreadable(e));
        let (head, whole) = open()?.head(HEAD);
        let dialect = Dialect::of(&head, whole);
        let width = dialect.names.len();
        if width > COLUMNS {
            return Err(ReadError::TooManyColumns { path: file.shown.clone(), limit: COLUMNS });
        }
        let mut kinds = vec![Kinds::ANY; width];
        let mut records = Records::new(Window::new(open()?), dialect.delimiter, &options.limits);
        skip_header(&mut records, &dialect);
        while let Some(entry) = records.next() {
            if matches!(entry.damage, Some(Damage::Stream(StreamDamage::Cancelled))) {
                return Err(lanner_frame::Cancelled.into());
            }
            if entry.damage.is_some() || records.len() != width {
                continue;
            }
            for (i, known) in kinds.iter_mut().enumerate() {
                // Once text, always text: most columns need no further look.
                if *known != Kinds::TEXT {
                    let text = String::from_utf8_lossy(records.field(i));
                    *known = known.join(Kinds::of_text(&text));
                }
            }
        }
        let columns = dialect.names.iter().cloned().zip(kinds).collect();
        Ok(Box::new(Table { columns, dialect }))
    }
}

fn skip_header(records: &mut Records<impl Read>, dialect: &Dialect) {
    if dialect.header {
        records.next();
    }
}

struct Table {
    columns: Vec<(String, Kinds)>,
    dialect: Dialect,
}

impl Survey for Table {
    fn columns(&self) -> &[(String, Kinds)] {
        &self.columns
    }

    fn scan(&self, _part: usize, job: &Job<'_>, out: &mut Output<'_>) -> Result<(), Halt> {
        let source =
            Source::open(&job.file.path, job.options).map_err(|e| job.file.unreadable(e))?;
        let seal = source.seal();
        self.read(Window::new(source), job, out)?;
        out.seal(seal)
    }
}

impl Table {
    fn read(
        &self,
        window: Window<impl Read>,
        job: &Job<'_>,
        out: &mut Output<'_>,
    ) -> Result<(), Halt> {
        let place = |name: &String| self.columns.iter().position(|(known, _)| known == name);
        let places: Vec<_> = job.fields.iter().map(|field| place(field.name())).collect();
        let wanted = self.columns.len();
        let mut rows = Rows::new(job.fields, &job.options.zone);
        let mut records = Records::new(window, self.dialect.delimiter, &job.options.limits);
        skip_header(&mut records, &self.dialect);
        let mut number = 0;
        while let Some(Entry { offset, line, damage }) = records.next() {
            let found = records.len();
            let ragged = (found != wanted).then_some(Damage::Ragged { found, wanted, line });
            if let Some(damage) = damage.or(ragged) {
                out.tally.cut |= matches!(damage, Damage::Stream(_));
                out.reject(number, offset, &damage)?;
            } else {
                let texts: Vec<Option<Cow<'_, str>>> = places
                    .iter()
                    .map(|place| place.map(|i| records.field(i)).filter(|text| !text.is_empty()))
                    .map(|bytes| bytes.map(String::from_utf8_lossy))
                    .collect();
                let mended = texts.iter().flatten().any(|text| matches!(text, Cow::Owned(_)));
                out.tally.note(crate::output::MENDED, u64::from(mended));
                rows.push(number, texts.iter().map(Option::as_deref));
                out.pending = rows.len() as u64;
            }
            number += 1;
            if rows.is_full() {
                out.take(&mut rows)?;
            }
        }
        out.take(&mut rows)
    }
}
