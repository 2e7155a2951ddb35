//! The formats: one file each, one line each in [`ALL`].

mod arrow;
mod cloudtrail;
mod csv;
mod empty;
mod evtx;
mod json;
mod memory;
mod parquet;

use crate::error::{Halt, ReadError};
use crate::kinds::Kinds;
use crate::output::Output;
use crate::{InputFile, Kind, Options};
use ::arrow::datatypes::FieldRef;
pub(crate) use memory::Memory;
use std::collections::HashMap;

/// Every format that is read. Where two claim a file equally, the first has it.
pub(crate) static ALL: &[&dyn Format] = &[
    &cloudtrail::CloudTrail,
    &parquet::Parquet,
    &arrow::Ipc,
    &evtx::Evtx,
    &json::Json,
    &csv::Csv,
    &empty::Empty,
];

/// What a user is told of a format.
pub(crate) struct Card {
    /// Short name, never changed.
    pub(crate) id: &'static str,
    /// Name in a sentence.
    pub(crate) title: &'static str,
    /// The kind of log; none for what fits every kind.
    pub(crate) kind: Option<Kind>,
    /// File name endings without the dot; they break ties.
    pub(crate) extensions: &'static [&'static str],
}

/// How sure a format is of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// It is something else.
    No,
    /// It may be, if its name says so.
    Named,
    /// It looks like it.
    Maybe,
    /// It is.
    Sure,
    /// It belongs to the format and holds no record; the text says what it is.
    Skip(&'static str),
}

/// The beginning of a file, decompressed and decoded.
pub(crate) struct Head<'a> {
    pub(crate) bytes: &'a [u8],
    /// The file ends with it.
    pub(crate) whole: bool,
}

/// One log format. Stateless; what is known of a file lives in its [`Survey`].
pub(crate) trait Format: Sync {
    /// What a user is told.
    fn card(&self) -> &'static Card;
    /// Whether a file that begins so is of this format.
    fn claim(&self, head: &Head<'_>) -> Claim;
    /// Learns the columns of a file.
    fn survey(&self, file: &InputFile, options: &Options) -> Result<Box<dyn Survey>, ReadError>;
}

/// What is known of a file before its records are read.
pub(crate) trait Survey: Send + Sync {
    /// Columns in order, with what types their values allow.
    fn columns(&self) -> &[(String, Kinds)];
    /// The field of the event's time, where the format knows it.
    fn time_field(&self) -> Option<&'static str> {
        None
    }
    /// Whether a path that is no column can be asked for.
    fn reaches(&self, _path: &str) -> bool {
        false
    }
    /// Pieces that can be read independently.
    fn parts(&self) -> usize {
        1
    }
    /// Reads one piece.
    fn scan(&self, part: usize, job: &Job<'_>, out: &mut Output<'_>) -> Result<(), Halt>;
}

/// What is asked of a file.
pub(crate) struct Job<'a> {
    pub(crate) file: &'a InputFile,
    /// Different fields, with the types that all files agree on.
    pub(crate) fields: &'a [FieldRef],
    pub(crate) options: &'a Options,
}

/// Columns that a table may have at most; flattening hostile records must end somewhere.
pub(crate) const COLUMNS: usize = 16_384;

/// Names in the order met, with the kinds of their values.
#[derive(Debug, Default)]
pub(crate) struct Names {
    list: Vec<(String, Kinds)>,
    places: HashMap<String, usize>,
}

impl Names {
    /// Takes in a value of a field.
    pub(crate) fn meet(&mut self, name: &str, kinds: Kinds) {
        if let Some(&place) = self.places.get(name) {
            let known = &mut self.list[place].1;
            *known = known.join(kinds);
        } else if self.list.len() <= COLUMNS {
            self.places.insert(name.to_owned(), self.list.len());
            self.list.push((name.to_owned(), kinds));
        }
    }

    /// Fails once there are too many.
    pub(crate) fn check(&self, file: &InputFile) -> Result<(), ReadError> {
        if self.list.len() > COLUMNS {
            return Err(ReadError::TooManyColumns { path: file.shown.clone(), limit: COLUMNS });
        }
        Ok(())
    }

    /// The names in the order met.
    pub(crate) fn into_list(self) -> Vec<(String, Kinds)> {
        self.list
    }
}
