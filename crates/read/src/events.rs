//! Windows events as they are, for what is made of single events rather than of a table.

mod find;
mod scan;

use crate::{FileAccount, InputFile, Ledger, Options, ReadError, Skipped};
use lanner_evtx::Event;
use lanner_frame::Workers;
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};
use tempfile::TempPath;

/// Bytes up to which files are read side by side; a larger one is read in parallel by itself.
const SMALL: u64 = 4 << 20;
/// Bytes of small files that are read side by side.
const TOGETHER: u64 = 16 << 20;

/// Opened logs of Windows events: EVTX, and JSON exports with one event an object.
#[derive(Debug)]
pub struct EventLogs {
    files: Vec<InputFile>,
    skipped: Vec<Skipped>,
    options: Options,
    /// Removed from the disk with the logs.
    _copies: Vec<TempPath>,
}

/// Opens logs of Windows events among inputs: files, folders (walked in the order of names), patterns,
/// `-` for standard input.
///
/// Each file is recognised by its content: an EVTX file by its header, a JSON export by its first record.
/// Other files of folders and patterns are skipped with a reason.
///
/// # Errors
/// [`ReadError`] if a named file is missing, unreadable or no such log, or nothing is left to read.
///
/// # Cost
/// The first 64 KiB of each file, of a JSON file the first record.
pub fn open_events(inputs: &[String], options: &Options) -> Result<EventLogs, ReadError> {
    let mut found = crate::discover::expand(inputs, options)?;
    let files = find::choose(&mut found, options)?;
    if files.is_empty() {
        let first = found.skipped.first().map(|s| (s.path.clone(), s.reason.clone()));
        return Err(ReadError::Nothing { skipped: found.skipped.len(), first });
    }
    let (skipped, options) = (found.skipped, options.clone());
    Ok(EventLogs { files, skipped, options, _copies: found.copies })
}

/// Takes a wanted event and its 0-based number in its file, lost records counted.
type Take<'a> = dyn FnMut(Event, u64) -> ControlFlow<()> + Send + 'a;
/// Says whether an event is wanted; asked on many threads.
type Wanted<'a> = dyn Fn(&Event) -> bool + Sync + 'a;

impl EventLogs {
    /// The files that are read, in order; [`Location::file`](lanner_evtx::Location) counts them.
    pub fn files(&self) -> &[InputFile] {
        &self.files
    }

    /// The files that are not.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Reads all files once. Every event that is `wanted` goes to `take`, in the order of the input,
    /// until it breaks. Returns the account of each file.
    ///
    /// What is given and its order do not depend on the number of workers.
    ///
    /// # Errors
    /// [`ReadError`] if a file cannot be opened any more, or the run is interrupted.
    ///
    /// # Cost
    /// One pass. Chunks of a large file, or some small files, are decoded at a time: some hundred MiB at
    /// most, besides what `take` keeps.
    pub fn read(
        &self,
        workers: &Workers,
        wanted: &Wanted<'_>,
        take: &mut Take<'_>,
    ) -> Result<Vec<FileAccount>, ReadError> {
        let ledger = Ledger::whole(self.files.len());
        workers.run(|| {
            let mut kept = Vec::new();
            for group in self.groups() {
                let mut hand_on = || hand_on(std::mem::take(&mut kept), take);
                if group.len() == 1 {
                    if hand_on().is_break()
                        || self.scan(group.start, wanted, &ledger, take)?.is_break()
                    {
                        return Ok(ledger.accounts());
                    }
                    continue;
                }
                let (taken, read) =
                    rayon::join(hand_on, || self.side_by_side(group, wanted, &ledger));
                if taken.is_break() {
                    return Ok(ledger.accounts());
                }
                kept = read?;
            }
            // All is read: whether more is wanted does not matter any more.
            let _ = hand_on(kept, take);
            Ok(ledger.accounts())
        })
    }

    /// Files to read side by side, in order; a large or a compressed file is alone.
    fn groups(&self) -> Vec<Range<usize>> {
        let mut groups: Vec<Range<usize>> = Vec::new();
        let mut held = u64::MAX;
        for (i, file) in self.files.iter().enumerate() {
            let alone = file.bytes > SMALL || file.compression != crate::Compression::None;
            let weight = if alone { TOGETHER } else { file.bytes };
            held = held.saturating_add(weight);
            match groups.last_mut() {
                Some(group) if held <= TOGETHER && !alone => group.end = i + 1,
                _ => {
                    groups.push(i..i + 1);
                    held = weight;
                }
            }
        }
        groups
    }

    /// What is wanted of some files, in order.
    fn side_by_side(
        &self,
        group: Range<usize>,
        wanted: &Wanted<'_>,
        ledger: &Ledger,
    ) -> Result<Vec<Kept>, ReadError> {
        let read = |file: usize| {
            let mut kept = Vec::new();
            let ended = self.scan(file, wanted, ledger, &mut |event, record| {
                kept.push((event, record));
                ControlFlow::Continue(())
            });
            ended.map(|_| kept)
        };
        let files: Vec<Result<Kept, ReadError>> = group.into_par_iter().map(read).collect();
        files.into_iter().collect()
    }
}

/// The wanted events of a file with their numbers.
type Kept = Vec<(Event, u64)>;

fn hand_on(kept: Vec<Kept>, take: &mut Take<'_>) -> ControlFlow<()> {
    kept.into_iter().flatten().try_for_each(|(event, record)| take(event, record))
}
