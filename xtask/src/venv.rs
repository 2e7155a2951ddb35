//! Python environments that the checks make for themselves under `target/`.

use crate::run;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// An environment with what the file `pinned` names, kept from run to run as long as the same is asked of
/// it.
pub(crate) fn tools_in(tools: &Path, pinned: &Path) -> Result<()> {
    let (wanted, stamp) = (std::fs::read_to_string(pinned)?, tools.join("requirements.txt"));
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    environment(tools)?;
    let mut requirements = pip(tools);
    requirements.arg("--requirement").arg(pinned);
    run(requirements)?;
    std::fs::write(stamp, wanted).context("noting what was installed")
}

/// Makes an environment without any package, in the place of whatever was there.
pub(crate) fn environment(folder: &Path) -> Result<()> {
    let python = std::env::var_os("LANNER_PYTHON").unwrap_or_else(|| "python3".into());
    let mut venv = Command::new(python);
    venv.args(["-m", "venv", "--clear"]).arg(folder);
    run(venv)
}

/// An installation into an environment.
pub(crate) fn pip(environment: &Path) -> Command {
    let mut pip = module(environment, "pip");
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    pip
}

/// A module of an environment as a program. It finds what is installed there and nothing else, as the
/// package's sources have no native half.
pub(crate) fn module(environment: &Path, name: &str) -> Command {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    let mut command = Command::new(environment.join(folder).join("python"));
    command.env_remove("PYTHONPATH").args(["-m", name]);
    command
}
