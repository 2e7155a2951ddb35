//! Arrow IPC files (Feather version 2) and streams,
//! <https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc>.
//! Structs are flattened with dots, lists and maps become JSON text. Feather version 1 is not read.

use super::{Card, Claim, Format, Head, Job, Survey};
use crate::error::{Damage, Halt, ReadError};
use crate::kinds::Kinds;
use crate::output::Output;
use crate::source::Source;
use crate::{Compression, InputFile, Kind, Options, normal};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use std::fs::File;
use std::io::BufReader;

/// Arrow IPC.
pub(super) struct Ipc;

const MAGIC: &[u8] = b"ARROW1\0\0";

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
            // The mark of a message, the length of its metadata.
            [0xff, 0xff, 0xff, 0xff, _, _, _, 0, ..] => Claim::Sure,
            _ => Claim::No,
        }
    }

    fn survey(&self, file: &InputFile, options: &Options) -> Result<Box<dyn Survey>, ReadError> {
        let (head, _) = Source::open(&file.path, options).map_err(|e| file.unreadable(e))?.head(8);
        let seeks = head.starts_with(MAGIC);
        if seeks && file.compression != Compression::None {
            return Err(file.unfit("a compressed Arrow file", "the file decompressed"));
        }
        let mut table = Table { columns: Vec::new(), seeks };
        let (_, schema) = table
            .open(file, options)?
            .map_err(|_| file.unfit("an Arrow file with a damaged schema", "a whole one"))?;
        table.columns = normal::columns(schema.fields())
            .into_iter()
            .map(|(name, data_type)| (name, Kinds::of_type(&data_type)))
            .collect();
        Ok(Box::new(table))
    }
}

struct Table {
    columns: Vec<(String, Kinds)>,
    /// It is a file with a footer, not a stream.
    seeks: bool,
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>;

impl Table {
    fn open(
        &self,
        file: &InputFile,
        options: &Options,
    ) -> Result<Result<(Batches, SchemaRef), ArrowError>, ReadError> {
        let unreadable = |e| file.unreadable(e);
        if self.seeks {
            let stored = BufReader::new(File::open(&file.path).map_err(unreadable)?);
            let reader = FileReader::try_new(stored, None);
            return Ok(reader.map(|r| (r.schema(), r)).map(|(s, r)| (Box::new(r) as Batches, s)));
        }
        let source = BufReader::new(Source::open(&file.path, options).map_err(unreadable)?);
        let reader = StreamReader::try_new(source, None);
        Ok(reader.map(|r| (r.schema(), r)).map(|(s, r)| (Box::new(r) as Batches, s)))
    }
}

impl Survey for Table {
    fn columns(&self) -> &[(String, Kinds)] {
        &self.columns
    }

    fn scan(&self, _part: usize, job: &Job<'_>, out: &mut Output<'_>) -> Result<(), Halt> {
        let source = Source::open(&job.file.path, job.options).map_err(|e| job.file.unreadable(e))?;
        let seal = source.seal();
        drop(source);
        out.seal(seal)?;
        let mut first = 0;
        let batches = self.open(job.file, job.options)?.map(|(batches, _)| batches);
        let batches = batches.unwrap_or_else(|e| Box::new(std::iter::once(Err(e))));
        for batch in batches {
            let Ok(batch) = batch else {
                out.cancel.check()?;
                let damage = Damage::Undecodable { what: "the rest of the file", records: 1 };
                out.reject(first, first, &damage)?;
                out.tally.cut = true;
                return Ok(());
            };
            let rows = batch.num_rows() as u64;
            let columns = normal::pick(&batch, job.fields, &job.options.zone)?;
            out.rows(&columns, (first..first + rows).collect())?;
            first += rows;
        }
        Ok(())
    }
}
