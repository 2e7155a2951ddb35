//! Apache Parquet, <https://parquet.apache.org/docs/file-format/>. Each row group is a unit; only the
//! asked columns are decoded. Structs are flattened with dots, lists and maps become JSON text.

use super::{Card, Claim, Format, Head, Job, Survey};
use crate::columns::ROWS;
use crate::error::{Damage, Halt, ReadError};
use crate::kinds::Kinds;
use crate::output::Output;
use crate::source::Source;
use crate::{Compression, InputFile, Kind, Options, normal};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use std::fs::File;

/// Apache Parquet.
pub(super) struct Parquet;

impl Format for Parquet {
    fn card(&self) -> &'static Card {
        &Card {
            id: "parquet",
            title: "Parquet",
            kind: Some(Kind::Table),
            extensions: &["parquet", "pq"],
        }
    }

    fn claim(&self, head: &Head<'_>) -> Claim {
        if head.bytes.starts_with(b"PAR1") { Claim::Sure } else { Claim::No }
    }

    fn survey(&self, file: &InputFile, _options: &Options) -> Result<Box<dyn Survey>, ReadError> {
        if file.compression != Compression::None {
            return Err(file.unfit("a compressed Parquet file", "the file decompressed"));
        }
        let open = File::open(&file.path).map_err(|e| file.unreadable(e))?;
        // Types of other writers that were embedded as Arrow are wanted, so the schema is kept.
        let metadata = ArrowReaderMetadata::load(&open, ArrowReaderOptions::new())
            .map_err(|_| file.unfit("a Parquet file with a damaged footer", "a whole one"))?;
        let fields = metadata.schema().fields();
        let columns = normal::columns(fields)
            .into_iter()
            .map(|(name, data_type)| (name, Kinds::of_type(&data_type)))
            .collect();
        let rows = |group: &parquet::file::metadata::RowGroupMetaData| {
            u64::try_from(group.num_rows()).unwrap_or(0)
        };
        let groups = metadata.metadata().row_groups().iter().map(rows).collect();
        Ok(Box::new(Table { columns, groups, metadata }))
    }
}

struct Table {
    columns: Vec<(String, Kinds)>,
    /// Rows of each row group.
    groups: Vec<u64>,
    metadata: ArrowReaderMetadata,
}

impl Survey for Table {
    fn columns(&self) -> &[(String, Kinds)] {
        &self.columns
    }

    /// A file without a row group is read once all the same, for its hash.
    fn parts(&self) -> usize {
        self.groups.len().max(1)
    }

    fn scan(&self, part: usize, job: &Job<'_>, out: &mut Output<'_>) -> Result<(), Halt> {
        if part == 0 {
            let source =
                Source::open(&job.file.path, job.options).map_err(|e| job.file.unreadable(e))?;
            let seal = source.seal();
            drop(source);
            out.seal(seal)?;
        }
        let Some(&rows) = self.groups.get(part) else { return Ok(()) };
        let base: u64 = self.groups[..part].iter().sum();
        out.first = base;
        let mut done = 0;
        if self.group(part, base, &mut done, job, out)? {
            return Ok(());
        }
        // The rows after a damaged page cannot be placed: all of them are lost.
        let lost = rows.saturating_sub(done);
        let damage = Damage::BrokenGroup { records: lost };
        out.reject(base + done, base + done, &damage)?;
        out.tally.rejects += lost.saturating_sub(1);
        out.tally.cut = true;
        Ok(())
    }
}

impl Table {
    /// Reads a row group; says whether all of its rows came.
    fn group(
        &self,
        part: usize,
        base: u64,
        done: &mut u64,
        job: &Job<'_>,
        out: &mut Output<'_>,
    ) -> Result<bool, Halt> {
        out.pending = self.groups[part].saturating_sub(1);
        let file = File::open(&job.file.path).map_err(|e| job.file.unreadable(e))?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let wanted = |name: &str| {
            job.fields.iter().any(|f| {
                let inside = f.name().strip_prefix(name);
                inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        let roots = self.metadata.schema().fields().iter().enumerate();
        let roots = roots.filter(|(_, f)| wanted(f.name())).map(|(i, _)| i);
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let reader =
            builder.with_row_groups(vec![part]).with_projection(mask).with_batch_size(ROWS).build();
        let Ok(reader) = reader else { return Ok(false) };
        for batch in reader {
            let Ok(batch) = batch else { return Ok(false) };
            let rows = batch.num_rows() as u64;
            let columns = normal::pick(&batch, job.fields, &job.options.zone)?;
            let first = base + *done;
            out.rows(&columns, (first..first + rows).collect())?;
            *done += rows;
            out.pending = self.groups[part].saturating_sub(*done + 1);
        }
        Ok(*done == self.groups[part])
    }
}
