//! Single files that only their owner may read.

use crate::{Name, ReportError};
use std::io::Write;
use std::path::Path;

/// Writes a file that only its owner may read, complete or not at all: beside its place first, then
/// renamed into it. What is there already is replaced only with `force`.
///
/// # Errors
/// [`ReportError::FileExists`] without `force`, [`ReportError::Io`] if the system refuses.
pub fn write_private(path: &Path, bytes: &[u8], force: bool) -> Result<(), ReportError> {
    if !force && path.symlink_metadata().is_ok() {
        return Err(ReportError::FileExists(Name::from(path)));
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let io = |source| ReportError::Io { action: "write", path: Name::from(path), source };
    // A temporary file is 0600 from the start.
    let mut file = tempfile::Builder::new().prefix(".lanner-").tempfile_in(parent).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.persist(path).map_err(|e| io(e.error))?;
    Ok(())
}
