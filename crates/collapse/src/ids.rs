//! Counts repeated ids with bounded memory.

use crate::CollapseError;
use arrow::array::{Array, ArrayRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::sync::{Mutex, PoisonError};

/// Hashes kept in memory before they are sorted and put on disk: 32 MiB.
const RUN: usize = 1 << 22;

/// Counts ids that occurred before, by a keyed 64-bit hash of each.
///
/// Two different ids that hash alike count as one repeat: for ten million ids the chance of even one
/// such pair is 3 in a million.
pub(crate) struct Ids {
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    hashes: Vec<u64>,
    runs: Vec<File>,
}

impl Ids {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), state: Mutex::default() }
    }

    /// Takes a column of ids; nulls are none.
    pub(crate) fn add(&self, column: &ArrayRef) -> Result<(), CollapseError> {
        let options = FormatOptions::new();
        let text = ArrayFormatter::try_new(column.as_ref(), &options)?;
        let present = (0..column.len()).filter(|&i| column.is_valid(i));
        let hashes: Vec<u64> = match column.as_any().downcast_ref::<arrow::array::StringArray>() {
            Some(strings) => present.map(|i| self.hasher.hash_one(strings.value(i))).collect(),
            None => present.map(|i| self.hasher.hash_one(text.value(i).to_string())).collect(),
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.hashes.extend(hashes);
        if state.hashes.len() >= RUN { state.spill() } else { Ok(()) }
    }

    /// How many ids had occurred before.
    pub(crate) fn repeats(&self) -> Result<u64, CollapseError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.runs.is_empty() {
            state.hashes.sort_unstable();
            return Ok(state.hashes.windows(2).filter(|w| w[0] == w[1]).count() as u64);
        }
        state.spill()?;
        let mut runs = Vec::with_capacity(state.runs.len());
        for file in std::mem::take(&mut state.runs) {
            runs.push(Run::open(file)?);
        }
        let (mut repeats, mut last) = (0, None);
        while let Some(at) = smallest(&runs) {
            let hash = runs[at].head;
            repeats += u64::from(hash.is_some() && hash == last);
            last = hash;
            runs[at].advance()?;
        }
        Ok(repeats)
    }
}

impl State {
    /// Writes the hashes in memory as one sorted run.
    fn spill(&mut self) -> Result<(), CollapseError> {
        self.hashes.sort_unstable();
        let file = tempfile::tempfile().map_err(io)?;
        let mut out = BufWriter::new(file);
        for hash in self.hashes.drain(..) {
            out.write_all(&hash.to_le_bytes()).map_err(io)?;
        }
        let mut file = out.into_inner().map_err(|e| io(e.into_error()))?;
        file.rewind().map_err(io)?;
        self.runs.push(file);
        Ok(())
    }
}

/// A sorted run on disk, read from the front.
struct Run {
    file: BufReader<File>,
    head: Option<u64>,
}

impl Run {
    fn open(file: File) -> Result<Self, CollapseError> {
        let mut run = Self { file: BufReader::with_capacity(1 << 16, file), head: None };
        run.advance()?;
        Ok(run)
    }

    fn advance(&mut self) -> Result<(), CollapseError> {
        let mut bytes = [0; 8];
        self.head = match self.file.read_exact(&mut bytes) {
            Ok(()) => Some(u64::from_le_bytes(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => None,
            Err(e) => return Err(io(e)),
        };
        Ok(())
    }
}

/// The run with the smallest head; none when all are read.
fn smallest(runs: &[Run]) -> Option<usize> {
    let heads = runs.iter().enumerate().filter_map(|(i, r)| r.head.map(|h| (h, i)));
    heads.min().map(|(_, i)| i)
}

fn io(source: std::io::Error) -> CollapseError {
    CollapseError::Io { what: "counting repeated ids in a temporary file", source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{StringArray, UInt64Array};
    use std::sync::Arc;

    #[test]
    fn counts_ids_seen_before() {
        let ids = Ids::new();
        let a: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), None, Some("y"), Some("x")]));
        ids.add(&a).unwrap();
        ids.add(&a).unwrap();
        assert_eq!(ids.repeats().unwrap(), 4);
    }

    #[test]
    fn runs_on_disk_give_the_same_count() {
        let ids = Ids::new();
        let a: ArrayRef =
            Arc::new(UInt64Array::from_iter_values((0..RUN as u64 + 5).map(|i| i / 2)));
        ids.add(&a).unwrap();
        ids.add(&a).unwrap();
        let total = 2 * (RUN as u64 + 5);
        let distinct = (RUN as u64 + 5).div_ceil(2);
        assert_eq!(ids.repeats().unwrap(), total - distinct);
    }
}
