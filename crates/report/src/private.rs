//! Single files that only their owner may read.

use crate::manifest::is_hunt;
use crate::{Name, ReportError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Checks that a single output file would replace neither an input nor a file of a finished hunt.
///
/// # Errors
/// [`ReportError::Protected`] if it would.
pub fn check_file(path: &Path, inputs: &[PathBuf]) -> Result<(), ReportError> {
    let whole = |path: &Path| path.canonicalize().ok();
    let here = whole(path);
    let input = here.is_some() && inputs.iter().any(|input| whole(input) == here);
    if input || is_hunt(parent(path)) {
        return Err(ReportError::Protected(Name::from(path)));
    }
    Ok(())
}

/// Writes a file that only its owner may read, complete or not at all: beside its place first, then
/// renamed over what is there.
///
/// # Errors
/// [`ReportError::Io`] if the system refuses.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let io = |source| ReportError::Io { action: "write", path: Name::from(path), source };
    // A temporary file is 0600 from the start.
    let mut file =
        tempfile::Builder::new().prefix(".lanner-").tempfile_in(parent(path)).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.persist(path).map_err(|e| io(e.error))?;
    Ok(())
}

/// The folder that a file stands in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
