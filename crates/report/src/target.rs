//! Where the output goes: checked before any work, filled beside its place, swapped in at the end.

use crate::{Name, ReportError, manifest};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Where a report goes and how.
#[derive(Debug, Clone)]
pub struct Target {
    /// The folder to make.
    pub out: PathBuf,
    /// Replace the folder of an earlier hunt.
    pub force: bool,
    /// Leave formula characters in CSV cells as they are, for machines.
    pub raw_csv: bool,
}

/// Checks that the output may be written, before any work starts: not in, on or above an input (whatever
/// links lead there), not there yet unless it is to be replaced, in a folder that can be written to.
///
/// # Errors
/// A line that says what is wrong with the folder asked for.
pub fn check_target(target: &Target, inputs: &[PathBuf]) -> Result<(), ReportError> {
    let out = resolve(&target.out)?;
    for input in inputs {
        // What cannot be resolved (standard input, a pattern) is no folder to land in.
        let Ok(real) = input.canonicalize() else { continue };
        let place = match () {
            () if out == real => "on",
            () if out.starts_with(&real) => "inside",
            () if real.starts_with(&out) => "above",
            () => continue,
        };
        let (out, input) = (Name::from(&*target.out), Name::from(&**input));
        return Err(ReportError::InsideInput { out, place, input });
    }
    check_place(target)?;
    stage(&out).map(drop)
}

/// Checks what is there now under the name asked for.
fn check_place(target: &Target) -> Result<(), ReportError> {
    let name = || Name::from(&*target.out);
    match fs::symlink_metadata(&target.out) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(ReportError::io("look at", &target.out)(error)),
        Ok(meta) if meta.is_symlink() => Err(ReportError::Link(name())),
        Ok(_) if !target.force => Err(ReportError::Exists(name())),
        Ok(_) if manifest::is_hunt(&target.out) => Ok(()),
        Ok(_) => Err(ReportError::NotOurs(name())),
    }
}

/// The real path of a folder that may not be there yet.
fn resolve(out: &Path) -> Result<PathBuf, ReportError> {
    if let Ok(real) = out.canonicalize() {
        return Ok(real);
    }
    let no_parent = |path: &Path| ReportError::NoParent(Name::from(path));
    let name = out.file_name().ok_or_else(|| no_parent(out))?;
    let parent = match out.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let real = parent.canonicalize().map_err(|_| no_parent(parent))?;
    if real.is_dir() { Ok(real.join(name)) } else { Err(no_parent(parent)) }
}

/// Makes a hidden folder beside `out` that goes away by itself unless it is swapped in.
fn stage(out: &Path) -> Result<TempDir, ReportError> {
    let parent = out.parent().unwrap_or(out);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lanner-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(parent).map_err(ReportError::io("write in", parent))
}

/// A folder being filled beside its place.
pub(crate) struct Staging<'a> {
    target: &'a Target,
    out: PathBuf,
    dir: TempDir,
}

impl<'a> Staging<'a> {
    pub(crate) fn new(target: &'a Target) -> Result<Self, ReportError> {
        check_place(target)?;
        let out = resolve(&target.out)?;
        let dir = stage(&out)?;
        Ok(Self { target, out, dir })
    }

    /// The folder to fill.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Puts the folder in its place. An older hunt there is moved aside first, put back if the new one
    /// cannot take its place, and removed only after that.
    pub(crate) fn commit(self) -> Result<(), ReportError> {
        check_place(self.target)?;
        let old = self.out.exists().then(|| stage(&self.out)).transpose()?;
        if let Some(old) = &old {
            let aside = old.path().join("old");
            fs::rename(&self.out, aside).map_err(ReportError::io("move", &self.out))?;
        }
        if let Err(error) = fs::rename(self.dir.path(), &self.out) {
            if let Some(old) = old {
                let aside = old.path().join("old");
                if fs::rename(&aside, &self.out).is_err() {
                    // Kept where it is rather than removed with the folder around it.
                    let kept = old.keep().join("old");
                    return Err(ReportError::io("put back the old hunt from", &kept)(error));
                }
            }
            return Err(ReportError::io("create", &self.out)(error));
        }
        // The folder has another name now; there is nothing left to clean up under the old one.
        let _ = self.dir.keep();
        match old {
            Some(old) => old.close().map_err(ReportError::io("remove the old hunt of", &self.out)),
            None => Ok(()),
        }
    }
}
