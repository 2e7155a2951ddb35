//! The Python package: its wheel built, installed where nothing of it was, and tested there.

use crate::{run, step};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;

/// Where the package's sources are.
const PACKAGE: &str = "crates/python";

/// Builds the wheel and runs the package's tests against it, those of its stubs, its examples and the code
/// of its README among them.
///
/// The wheel is one for tests: of the same profile as the tests of the workspace, so that the query engine
/// is not compiled once more (the README says how the one for users is built). Needs a Python of 3.10 or newer as `python3` (or as `LANNER_PYTHON`) with its `venv` module, and what
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
        let mut maturin = module(&tools, "maturin");
        maturin.current_dir(&package).args(["build", "--profile", "dev", "--strip", "--locked"]);
        maturin.arg("--out").arg(&wheels);
        run(maturin)
    })?;
    step("python: format and types", || {
        for args in [&["ruff", "format", "--check", "."][..], &["ruff", "check", "."]] {
            lint(&tools, &package, args)?;
        }
        lint(&tools, &package, &["mypy", "python/lanner"])
    })?;
    step("python: tests", || {
        environment(&fresh)?;
        let mut requirements = pip(&fresh);
        requirements.arg("--requirement").arg(&pinned);
        run(requirements)?;
        let mut wheel = pip(&fresh);
        wheel.args(["--no-index", "lanner", "--find-links"]).arg(&wheels);
        run(wheel)?;
        let mut pytest = module(&fresh, "pytest");
        pytest.current_dir(&package);
        run(pytest)
    })
}

/// The environment that builds, kept from run to run as long as the same is asked of it.
fn tools_in(tools: &Path, pinned: &Path) -> Result<()> {
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
fn environment(folder: &Path) -> Result<()> {
    let python = std::env::var_os("LANNER_PYTHON").unwrap_or_else(|| "python3".into());
    let mut venv = Command::new(python);
    venv.args(["-m", "venv", "--clear"]).arg(folder);
    run(venv)
}

/// A check of the package's sources.
fn lint(tools: &Path, package: &Path, args: &[&str]) -> Result<()> {
    let mut lint = module(tools, args[0]);
    lint.current_dir(package).args(&args[1..]);
    run(lint)
}

/// An installation into an environment.
fn pip(environment: &Path) -> Command {
    let mut pip = module(environment, "pip");
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    pip
}

/// A module of an environment as a program. It finds what is installed there and nothing else, as the
/// package's sources have no native half.
fn module(environment: &Path, name: &str) -> Command {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    let mut command = Command::new(environment.join(folder).join("python"));
    command.env_remove("PYTHONPATH").args(["-m", name]);
    command
}

/// Removes a folder, so that nothing of an earlier run is taken for this one's.
fn remove(folder: &Path) -> Result<()> {
    let gone = !folder.exists() || std::fs::remove_dir_all(folder).is_ok();
    ensure!(gone, "{} cannot be removed", folder.display());
    Ok(())
}
