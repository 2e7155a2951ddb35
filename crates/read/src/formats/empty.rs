//! A file without content: no record, no error.

use super::{Card, Claim, Format, Head, Job, Survey};
use crate::error::{Halt, ReadError};
use crate::kinds::Kinds;
use crate::output::Output;
use crate::source::Source;
use crate::{InputFile, Options};

/// Nothing but blanks, or nothing at all.
pub(super) struct Empty;

impl Format for Empty {
    fn card(&self) -> &'static Card {
        &Card { id: "empty", title: "an empty file", kind: None, extensions: &[] }
    }

    fn claim(&self, head: &Head<'_>) -> Claim {
        let blank = head.whole && head.bytes.trim_ascii().is_empty();
        if blank { Claim::Sure } else { Claim::No }
    }

    fn survey(&self, _file: &InputFile, _options: &Options) -> Result<Box<dyn Survey>, ReadError> {
        Ok(Box::new(Nothing))
    }
}

struct Nothing;

impl Survey for Nothing {
    fn columns(&self) -> &[(String, Kinds)] {
        &[]
    }

    fn scan(&self, _part: usize, job: &Job<'_>, out: &mut Output<'_>) -> Result<(), Halt> {
        let source =
            Source::open(&job.file.path, job.options).map_err(|e| job.file.unreadable(e))?;
        let seal = source.seal();
        drop(source);
        out.seal(seal)
    }
}
