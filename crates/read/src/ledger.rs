//! The account of every record of every file.

use crate::Inputs;
use crate::error::Damage;
use crate::source::Seal;
use lanner_frame::{Cancel, Cancelled};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Rejects of a file that are listed one by one.
pub const LISTED: usize = 1000;

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// 0-based number of the record in its file.
    pub record: u64,
    /// Offset of its first byte in the decompressed text of the file, UTF-16 counted as UTF-8; for
    /// Parquet and Arrow files the row.
    pub offset: u64,
    /// Why; holds no log content.
    pub reason: String,
}

/// What was read of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileAccount {
    /// SHA-256 of the file as stored, hexadecimal; empty where the file was not read to its end, and for a
    /// table in memory.
    pub sha256: String,
    /// Bytes of the file as stored.
    pub bytes: u64,
    /// Records met, the rejected ones with them.
    pub records: u64,
    /// Records that could not be read.
    pub rejects: u64,
    /// The first [`LISTED`] rejects.
    pub listed: Vec<Reject>,
    /// What was mended or left out on the way, with the number of times.
    pub notes: Vec<(String, u64)>,
    /// The file was read to its end, and nothing between was lost in one piece.
    pub complete: bool,
}

/// What one scan of a unit adds to the account.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    pub(crate) rejects: u64,
    pub(crate) listed: Vec<Reject>,
    pub(crate) notes: BTreeMap<&'static str, u64>,
    pub(crate) seal: Option<(String, u64)>,
    /// Some of the unit was lost in one piece, or not asked for.
    pub(crate) cut: bool,
}

impl Tally {
    /// Counts a record that could not be read.
    pub(crate) fn reject(&mut self, record: u64, offset: u64, damage: &Damage) {
        self.rejects += 1;
        if self.listed.len() < LISTED {
            self.listed.push(Reject { record, offset, reason: damage.to_string() });
        }
    }

    /// Reads what is left of the stored bytes and keeps their hash.
    pub(crate) fn close(&mut self, seal: Seal, cancel: &Cancel) -> Result<(), Cancelled> {
        if let Ok(sealed) = seal.close(cancel) {
            self.seal = Some(sealed);
        } else {
            cancel.check()?;
            self.note("files whose bytes could not be hashed", 1);
        }
        Ok(())
    }

    /// Counts something worth telling.
    pub(crate) fn note(&mut self, what: &'static str, times: u64) {
        if times > 0 {
            *self.notes.entry(what).or_default() += times;
        }
    }
}

#[derive(Debug, Default)]
struct Open {
    tally: Tally,
    units: usize,
    scanned: usize,
    /// Records that were read and then refused by the caller.
    refused: u64,
}

/// The accounts of a run. One ledger takes in one scan of each unit.
#[derive(Debug)]
pub struct Ledger(Vec<Mutex<Open>>);

impl Ledger {
    /// Opens the account of every file.
    pub fn new(inputs: &Inputs) -> Self {
        let open = |units| Mutex::new(Open { units, ..Open::default() });
        Self(inputs.units_of_files().map(open).collect())
    }

    /// Opens the accounts of files that are read in one piece each.
    pub(crate) fn whole(files: usize) -> Self {
        Self((0..files).map(|_| Mutex::new(Open { units: 1, ..Open::default() })).collect())
    }

    pub(crate) fn add(&self, file: usize, tally: Tally) {
        let mut open = self.0[file].lock().unwrap_or_else(PoisonError::into_inner);
        open.scanned += 1;
        let whole = &mut open.tally;
        whole.rows += tally.rows;
        whole.rejects += tally.rejects;
        whole.listed.extend(tally.listed);
        whole.cut |= tally.cut;
        whole.seal = whole.seal.take().or(tally.seal);
        for (what, times) in tally.notes {
            whole.note(what, times);
        }
    }

    /// Counts a record that was read but cannot be used; it is among the records already.
    pub fn reject(&self, file: u32, reject: Reject) {
        let mut open = self.0[file as usize].lock().unwrap_or_else(PoisonError::into_inner);
        open.refused += 1;
        if open.tally.listed.len() < LISTED {
            open.tally.listed.push(reject);
        }
    }

    /// The accounts, in the order of [`Inputs::files`].
    pub fn accounts(&self) -> Vec<FileAccount> {
        let account = |open: &Mutex<Open>| {
            let open = open.lock().unwrap_or_else(PoisonError::into_inner);
            let tally = &open.tally;
            let mut listed = tally.listed.clone();
            listed.sort_by_key(|reject| (reject.record, reject.offset));
            listed.truncate(LISTED);
            let (sha256, bytes) = tally.seal.clone().unwrap_or_default();
            FileAccount {
                complete: !tally.cut && tally.seal.is_some() && open.scanned == open.units,
                sha256,
                bytes,
                records: tally.rows + tally.rejects,
                rejects: tally.rejects + open.refused,
                listed,
                notes: tally.notes.iter().map(|(what, n)| ((*what).to_owned(), *n)).collect(),
            }
        };
        self.0.iter().map(account).collect()
    }
}
