//! The Python package: its wheel built, installed where nothing of it was, and tested there.

use crate::{run, step};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the package's sources are.
const PACKAGE: &str = "crates/python";

/// Builds the wheel and runs the package's tests against it.
///
/// Needs a CPython of 3.10 or newer as `python3` (or as `LANNER_PYTHON`) with its `venv` module, and what
/// `requirements-test.txt` names.
pub(crate) fn python(root: &Path) -> Result<()> {
    let target = root.join("target");
    let (tools, fresh) = (target.join("python-tools"), target.join("python-fresh"));
    let wheels = target.join("wheels");
    let package = root.join(PACKAGE);
    let pinned = package.join("requirements-test.txt");
    step("python: tools", || tools_in(&tools, &pinned))?;
    step("python: wheel", || {
        remove(&wheels)?;
        let mut maturin = Command::new(program(&tools, "maturin"));
        maturin.current_dir(&package).args(["build", "--release", "--locked", "--out"]);
        run(maturin.arg(&wheels))
    })?;
    step("python: types", || {
        let mut mypy = Command::new(program(&tools, "python"));
        run(mypy.current_dir(&package).args(["-m", "mypy", "python/lanner"]))
    })?;
    step("python: tests", || {
        environment(&fresh)?;
        pip(&fresh, |pip| pip.arg("--requirement").arg(&pinned))?;
        pip(&fresh, |pip| pip.arg("--no-index").arg("--find-links").arg(&wheels).arg("lanner"))?;
        let mut pytest = Command::new(program(&fresh, "python"));
        // Beside the sources the package without its native half would be found first.
        pytest.current_dir(&package).args(["-P", "-m", "pytest"]);
        run(&mut pytest)
    })
}

/// The environment that builds, kept from run to run as long as the same is asked of it.
fn tools_in(tools: &Path, pinned: &Path) -> Result<()> {
    let (wanted, stamp) = (std::fs::read_to_string(pinned)?, tools.join("requirements.txt"));
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    environment(tools)?;
    pip(tools, |pip| pip.arg("--requirement").arg(pinned))?;
    std::fs::write(stamp, wanted).context("noting what was installed")
}

/// Makes an environment without any package, in the place of whatever was there.
fn environment(folder: &Path) -> Result<()> {
    let python = std::env::var_os("LANNER_PYTHON").unwrap_or_else(|| "python3".into());
    run(Command::new(python).args(["-m", "venv", "--clear"]).arg(folder))
}

/// Installs into an environment.
fn pip(environment: &Path, what: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
    let mut pip = Command::new(program(environment, "python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    run(what(&mut pip))
}

/// A program of an environment.
fn program(environment: &Path, name: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    environment.join(folder).join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Removes a folder, so that nothing of an earlier run is taken for this one's.
fn remove(folder: &Path) -> Result<()> {
    let gone = !folder.exists() || std::fs::remove_dir_all(folder).is_ok();
    ensure!(gone, "{} cannot be removed", folder.display());
    Ok(())
}
