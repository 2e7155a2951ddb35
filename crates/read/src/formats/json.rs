//! JSON tables: one object a line (NDJSON), a list of objects, objects one after another.
//!
//! RFC 8259; NDJSON as at <https://github.com/ndjson/ndjson-spec>. Nested objects become columns with
//! dotted names, lists stay JSON text; a type holds for a column only if every value of the file has
//! it. Lost: an empty object, the order of the keys, which of equal keys was meant (the last counts).

use super::{Card, Claim, Format, Head, Job, Survey};
use crate::error::{Halt, ReadError};
use crate::json::{Layout, Shape, read, survey};
use crate::kinds::Kinds;
use crate::output::Output;
use crate::{InputFile, Kind, Options};

/// JSON tables.
pub(super) struct Json;

const SHAPE: Shape =
    Shape { layout: Layout { wrappers: &[], is_field: |_| false }, raw: None, envelope: None };

impl Format for Json {
    fn card(&self) -> &'static Card {
        &Card {
            id: "json",
            title: "JSON",
            kind: Some(Kind::Table),
            extensions: &["json", "jsonl", "ndjson"],
        }
    }

    fn claim(&self, head: &Head<'_>) -> Claim {
        let mut bytes = head.bytes.iter().copied().filter(|b| !b.is_ascii_whitespace());
        match (bytes.next(), bytes.next()) {
            (Some(b'{'), Some(b'"' | b'}')) | (Some(b'['), Some(b'{' | b']')) => Claim::Sure,
            _ => Claim::No,
        }
    }

    fn survey(&self, file: &InputFile, options: &Options) -> Result<Box<dyn Survey>, ReadError> {
        let names = survey(file, SHAPE.layout, options)?;
        Ok(Box::new(Table { columns: names.into_list() }))
    }
}

struct Table {
    columns: Vec<(String, Kinds)>,
}

impl Survey for Table {
    fn columns(&self) -> &[(String, Kinds)] {
        &self.columns
    }

    /// An object as a whole, as JSON text.
    fn reaches(&self, path: &str) -> bool {
        let inside = |(name, _): &(String, Kinds)| {
            name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
        };
        self.columns.iter().any(inside)
    }

    fn scan(&self, _part: usize, job: &Job<'_>, out: &mut Output<'_>) -> Result<(), Halt> {
        read(job, &SHAPE, out)
    }
}
