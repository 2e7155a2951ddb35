//! From what a user names to files: folders walked, patterns expanded, standard input kept.

use crate::error::{ReadError, StreamDamage};
use crate::{Options, Skipped};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tempfile::{NamedTempFile, TempPath};
use walkdir::WalkDir;

/// Time between two looks for an interrupt.
const LOOK: Duration = Duration::from_millis(50);

/// A file to be looked at.
pub(crate) struct Candidate {
    /// As a user is shown it.
    pub(crate) shown: String,
    pub(crate) path: PathBuf,
    /// Named on its own: it must fit.
    pub(crate) named: bool,
}

/// What the inputs come to.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) skipped: Vec<Skipped>,
    /// Copies of streams, removed at the end.
    pub(crate) copies: Vec<TempPath>,
}

/// Expands inputs in the given order; folders and patterns in the order of their names.
pub(crate) fn expand(inputs: &[String], options: &Options) -> Result<Found, ReadError> {
    let mut found = Found::default();
    for input in inputs {
        options.interrupted.check()?;
        if input == "-" {
            found.keep(input, io::stdin(), options)?;
        } else if let Ok(metadata) = fs::metadata(input) {
            found.path(input, Path::new(input), &metadata, options)?;
        } else if ["s3://", "gs://", "az://", "abfs://", "abfss://"]
            .iter()
            .any(|s| input.starts_with(s))
        {
            return Err(ReadError::ObjectStore { url: input.clone() });
        } else if fs::symlink_metadata(input).is_err() && input.contains(['*', '?', '[']) {
            found.pattern(input)?;
        } else {
            let source = fs::metadata(input).err();
            return Err(match source {
                Some(source) if source.kind() != io::ErrorKind::NotFound => {
                    ReadError::Unreadable { path: input.clone(), source }
                }
                _ => ReadError::Missing { path: input.clone() },
            });
        }
    }
    found.drop_repeated();
    Ok(found)
}

impl Found {
    fn path(
        &mut self,
        input: &str,
        path: &Path,
        metadata: &fs::Metadata,
        options: &Options,
    ) -> Result<(), ReadError> {
        let unreadable = |source| ReadError::Unreadable { path: input.to_owned(), source };
        if metadata.is_dir() {
            fs::read_dir(path).map_err(unreadable)?;
            self.walk(path);
        } else if metadata.is_file() {
            let path = path.to_owned();
            self.candidates.push(Candidate { shown: input.to_owned(), path, named: true });
        } else {
            // A pipe or a device can be read only once.
            let stream = fs::File::open(path).map_err(unreadable)?;
            self.keep(input, stream, options)?;
        }
        Ok(())
    }

    fn walk(&mut self, folder: &Path) {
        for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) if entry.file_type().is_file() => self.found(entry.into_path()),
                Ok(entry) => self.skip(entry.path(), "not a regular file"),
                Err(error) => {
                    let reason = match error.io_error() {
                        None => "a symbolic link to a folder that contains it",
                        Some(e) if e.kind() == io::ErrorKind::PermissionDenied => "not permitted",
                        Some(e) if e.kind() == io::ErrorKind::NotFound => "a link to nothing",
                        Some(_) => "cannot be read",
                    };
                    self.skip(error.path().unwrap_or(folder), reason);
                }
            }
        }
    }

    fn pattern(&mut self, pattern: &str) -> Result<(), ReadError> {
        let paths = glob::glob(pattern)
            .map_err(|e| ReadError::BadPattern { pattern: pattern.to_owned(), reason: e.msg })?;
        let before = (self.candidates.len(), self.skipped.len());
        for path in paths {
            match path {
                Ok(path) if path.is_dir() => self.walk(&path),
                Ok(path) if path.is_file() => self.found(path),
                Ok(path) => self.skip(&path, "not a regular file"),
                Err(error) => self.skip(error.path(), "cannot be read"),
            }
        }
        if before == (self.candidates.len(), self.skipped.len()) {
            return Err(ReadError::NoMatch { pattern: pattern.to_owned() });
        }
        Ok(())
    }

    fn found(&mut self, path: PathBuf) {
        let shown = path.display().to_string();
        self.candidates.push(Candidate { shown, path, named: false });
    }

    fn skip(&mut self, path: &Path, reason: &str) {
        let bytes = fs::symlink_metadata(path).map_or(0, |m| m.len());
        let (path, reason) = (path.display().to_string(), reason.to_owned());
        self.skipped.push(Skipped { path, bytes, reason });
    }

    /// Copies a stream into a file, which can be read again.
    fn keep(
        &mut self,
        input: &str,
        stream: impl Read + Send + 'static,
        options: &Options,
    ) -> Result<(), ReadError> {
        let mut file = match &options.spool {
            Some(folder) => NamedTempFile::with_prefix_in("stdin-", folder),
            None => NamedTempFile::with_prefix("lanner-"),
        }
        .map_err(ReadError::Spool)?;
        if let Err(error) = copy(stream, file.as_file_mut(), options) {
            options.interrupted.check()?;
            return Err(ReadError::Spool(error));
        }
        let copy = file.into_temp_path();
        let path = copy.to_path_buf();
        if options.spool.is_some() {
            copy.keep().map_err(|e| ReadError::Spool(e.error))?;
        } else {
            self.copies.push(copy);
        }
        self.candidates.push(Candidate { shown: input.to_owned(), path, named: true });
        Ok(())
    }

    /// A file that is reached twice is read once, so that no record counts double.
    fn drop_repeated(&mut self) {
        let mut seen = std::collections::HashSet::new();
        let candidates = std::mem::take(&mut self.candidates);
        let mut named: Vec<Candidate> = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let whole = fs::canonicalize(&candidate.path).unwrap_or(candidate.path.clone());
            if seen.insert(whole) {
                named.push(candidate);
            } else {
                self.skip(&candidate.path, "the same file as another input");
            }
        }
        self.candidates = named;
    }
}

/// Copies a stream, which may fall silent at any time: it is read on a thread of its own, so that an
/// interrupt is seen meanwhile. The thread ends with the stream or with the program.
fn copy(
    mut stream: impl Read + Send + 'static,
    file: &mut fs::File,
    options: &Options,
) -> io::Result<()> {
    let (sender, blocks) = mpsc::sync_channel::<io::Result<Vec<u8>>>(4);
    thread::Builder::new().name("lanner-stdin".to_owned()).spawn(move || {
        loop {
            let mut block = vec![0; 256 << 10];
            let read = match stream.read(&mut block) {
                Ok(0) => break,
                Ok(n) => {
                    block.truncate(n);
                    Ok(block)
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => Err(e),
            };
            let failed = read.is_err();
            if sender.send(read).is_err() || failed {
                break;
            }
        }
    })?;
    loop {
        options.interrupted.check().map_err(|_| StreamDamage::Cancelled)?;
        match blocks.recv_timeout(LOOK) {
            Ok(block) => file.write_all(&block?)?,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return file.flush(),
        }
    }
}
