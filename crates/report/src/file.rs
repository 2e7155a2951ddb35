//! Output files: private to their owner, hashed while they are written.

use crate::{OutputFile, ReportError};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A new file that only its owner can read, with the SHA-256 of what was written to it.
pub(crate) struct OutFile {
    path: PathBuf,
    name: &'static str,
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl OutFile {
    /// Makes file `name` in `dir`. Fails if it is there.
    pub(crate) fn create(dir: &Path, name: &'static str) -> Result<Self, ReportError> {
        let path = dir.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(ReportError::io("create", &path))?;
        Ok(Self { path, name, file: BufWriter::new(file), hash: Sha256::new(), bytes: 0 })
    }

    /// Brings everything to the disk and says what the file holds.
    pub(crate) fn seal(mut self) -> Result<OutputFile, ReportError> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(ReportError::io("write", &self.path))?;
        let sha256 = hex(&self.hash.finalize());
        Ok(OutputFile { name: self.name.to_owned(), bytes: self.bytes, sha256 })
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a whole file at once.
pub(crate) fn put(dir: &Path, name: &'static str, text: &str) -> Result<OutputFile, ReportError> {
    let mut file = OutFile::create(dir, name)?;
    file.write_all(text.as_bytes()).map_err(ReportError::io("write", &dir.join(name)))?;
    file.seal()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
