//! The Python package: its wheel built, installed where nothing of it was, and tested there.

use crate::venv::{environment, module, pip, tools_in};
use crate::{run, step};
use anyhow::{Result, ensure};
use std::path::Path;

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

/// A check of the package's sources.
fn lint(tools: &Path, package: &Path, args: &[&str]) -> Result<()> {
    let mut lint = module(tools, args[0]);
    lint.current_dir(package).args(&args[1..]);
    run(lint)
}

/// Removes a folder, so that nothing of an earlier run is taken for this one's.
fn remove(folder: &Path) -> Result<()> {
    let gone = !folder.exists() || std::fs::remove_dir_all(folder).is_ok();
    ensure!(gone, "{} cannot be removed", folder.display());
    Ok(())
}
