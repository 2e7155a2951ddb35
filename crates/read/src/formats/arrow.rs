//! Arrow IPC files (Feather version 2) and streams,
//! <https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc>.
//!
//! A file holds a stream between its marks and is read as one. Structs are flattened with dots, lists
//! and maps become JSON text. Feather version 1 is not read.

mod messages;

use super::{Card, Claim, Format, Head, Job, Survey};
use crate::error::{Damage, Halt, ReadError};
use crate::kinds::Kinds;
use crate::output::Output;
use crate::source::Source;
use crate::{InputFile, Kind, Options, normal};
use messages::{Broken, Messages};
use std::io::{BufReader, Cursor, Read};

/// Arrow IPC.
pub(super) struct Ipc;

/// How a file starts; a stream follows.
const MAGIC: &[u8; 8] = b"ARROW1\0\0";

impl Format for Ipc {
    fn card(&self) -> &'static Card {
        &Card {
            id: "arrow",
            title: "Arrow IPC",
            kind: Some(Kind::Table),
            extensions: &["arrow", "arrows", "feather", "ipc"],
        }
    }

    fn claim(&self, head: &Head<'_>) -> Claim {
        match head.bytes {
            bytes if bytes.starts_with(MAGIC) => Claim::Sure,
            // The mark of a message and the length of its header, which is below 2^24.
            [0xff, 0xff, 0xff, 0xff, _, _, _, 0, ..] => Claim::Sure,
            _ => Claim::No,
        }
    }

    fn survey(&self, file: &InputFile, options: &Options) -> Result<Box<dyn Survey>, ReadError> {
        let source = Source::open(&file.path, options).map_err(|e| file.unreadable(e))?;
        let schema = messages(source, options)
            .and_then(|mut messages| messages.schema())
            .map_err(|_| file.unfit("an Arrow file with a damaged schema", "a whole one"))?;
        let columns = normal::columns(schema.fields())
            .into_iter()
            .map(|(name, data_type)| (name, Kinds::of_type(&data_type)))
            .collect();
        Ok(Box::new(Table { columns }))
    }
}

/// The messages of a file, after its mark and the zeros that align what follows, or of a stream.
fn messages(source: Source, options: &Options) -> Result<Messages<impl Read>, Broken> {
    let mut source = BufReader::new(source);
    let mut first = Vec::new();
    source.by_ref().take(MAGIC.len() as u64).read_to_end(&mut first)?;
    if first == MAGIC {
        while first.iter().all(|&byte| byte == 0) || first == MAGIC {
            first.clear();
            if source.by_ref().take(4).read_to_end(&mut first)? == 0 {
                break;
            }
        }
    }
    Ok(Messages::new(Cursor::new(first).chain(source), &options.limits))
}

struct Table {
    columns: Vec<(String, Kinds)>,
}

impl Survey for Table {
    fn columns(&self) -> &[(String, Kinds)] {
        &self.columns
    }

    fn scan(&self, _part: usize, job: &Job<'_>, out: &mut Output<'_>) -> Result<(), Halt> {
        let source =
            Source::open(&job.file.path, job.options).map_err(|e| job.file.unreadable(e))?;
        let seal = source.seal();
        let mut first = 0;
        if let Err(broken) = rows(source, &mut first, job, out)? {
            let damage = match broken {
                Broken::Message => Damage::BrokenRest,
                Broken::Stream(damage) => Damage::Stream(damage),
            };
            out.reject(first, first, &damage)?;
            out.tally.cut = true;
        }
        out.seal(seal)
    }
}

/// Reads all batches as far as they are sound.
fn rows(
    source: Source,
    first: &mut u64,
    job: &Job<'_>,
    out: &mut Output<'_>,
) -> Result<Result<(), Broken>, Halt> {
    let mut messages = match messages(source, job.options) {
        Ok(messages) => messages,
        Err(broken) => return Ok(Err(broken)),
    };
    if let Err(broken) = messages.schema() {
        return Ok(Err(broken));
    }
    loop {
        let batch = match messages.batch() {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(Ok(())),
            Err(broken) => return Ok(Err(broken)),
        };
        let rows = batch.num_rows() as u64;
        let columns = normal::pick(&batch, job.fields, &job.options.zone)?;
        out.rows(&columns, (*first..*first + rows).collect())?;
        *first += rows;
    }
}
