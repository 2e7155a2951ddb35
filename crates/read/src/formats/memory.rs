//! Tables in memory, handed over by a program. No file is behind them, so there is nothing to recognise
//! and nothing to hash; types are those of any Arrow table. A piece is a range of rows.

use super::{Job, Survey};
use crate::columns::ROWS;
use crate::error::Halt;
use crate::kinds::Kinds;
use crate::normal;
use crate::output::Output;
use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;

/// Rows of a piece: many enough to be worth a thread's while.
const PIECE: usize = 8 * ROWS;

/// A table in memory, shared with whoever handed it over.
pub(crate) struct Memory {
    columns: Vec<(String, Kinds)>,
    /// Pieces of batches, each with the number of its first row.
    pieces: Vec<(u64, RecordBatch)>,
    bytes: u64,
}

impl Memory {
    /// Takes batches of one schema. Copies no value.
    pub(crate) fn new(schema: &Schema, batches: &[RecordBatch]) -> Self {
        let columns = normal::columns(schema.fields())
            .into_iter()
            .map(|(name, data_type)| (name, Kinds::of_type(&data_type)))
            .collect();
        let mut pieces = Vec::new();
        let mut first = 0;
        for batch in batches {
            for from in (0..batch.num_rows()).step_by(PIECE) {
                let rows = PIECE.min(batch.num_rows() - from);
                pieces.push((first, batch.slice(from, rows)));
                first += rows as u64;
            }
        }
        let sizes = batches
            .iter()
            .flat_map(RecordBatch::columns)
            .map(|c| c.to_data().get_slice_memory_size());
        let bytes = sizes.map(|size| size.unwrap_or(0) as u64).sum();
        Self { columns, pieces, bytes }
    }

    /// Bytes of its values.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Survey for Memory {
    fn columns(&self) -> &[(String, Kinds)] {
        &self.columns
    }

    fn parts(&self) -> usize {
        self.pieces.len().max(1)
    }

    fn scan(&self, part: usize, job: &Job<'_>, out: &mut Output<'_>) -> Result<(), Halt> {
        if part == 0 {
            // Read to its end, without a hash.
            out.tally.seal = Some((String::new(), self.bytes));
        }
        let Some((first, piece)) = self.pieces.get(part) else { return Ok(()) };
        out.first = *first;
        for from in (0..piece.num_rows()).step_by(ROWS) {
            let batch = piece.slice(from, ROWS.min(piece.num_rows() - from));
            let columns = normal::pick(&batch, job.fields, &job.options.zone)?;
            let first = first + from as u64;
            out.rows(&columns, (first..first + batch.num_rows() as u64).collect())?;
        }
        Ok(())
    }
}
