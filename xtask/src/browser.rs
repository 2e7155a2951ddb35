//! The workbench in a real browser.

use crate::venv::{module, tools_in};
use crate::{cargo, run, say, step};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the tests are.
const TESTS: &str = "crates/serve/browser_tests";
/// Names that the browser goes by.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Runs the tests in Chromium. Where there is none they are skipped with a line that says so, but not in CI,
/// which installs it or fails.
pub(crate) fn browser(root: &Path) -> Result<()> {
    let Some(chromium) = chromium()? else {
        say("==> browser: skipped, there is no Chromium (CI=true installs Debian's)");
        return Ok(());
    };
    let (tools, tests) = (root.join("target/browser-tools"), root.join(TESTS));
    step("browser: tools", || tools_in(&tools, &tests.join("requirements.txt")))?;
    step("browser: tests", || {
        // The same features as all other builds of the workspace, or the query engine is built again.
        cargo(root, &["build", "--workspace", "--locked", "--bin", "lanner"])?;
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
        let mut pytest = module(&tools, "pytest");
        pytest.current_dir(&tests).env("LANNER", target.join("debug/lanner"));
        pytest.env("CHROMIUM", &chromium);
        run(pytest)
    })
}

/// The browser, installed if this is CI and there is none.
fn chromium() -> Result<Option<PathBuf>> {
    if let Some(found) = found() {
        return Ok(Some(found));
    }
    if std::env::var_os("CI").is_none() {
        return Ok(None);
    }
    for args in [&["update", "--quiet"][..], &["install", "--yes", "--quiet", "chromium"]] {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").args(args);
        run(apt).context("installing Chromium, which CI needs")?;
    }
    let found = found();
    ensure!(found.is_some(), "Chromium was installed and is not to be found");
    Ok(found)
}

fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let places = std::env::split_paths(&path).flat_map(|dir| NAMES.map(|name| dir.join(name)));
    places.into_iter().find(|p| p.is_file())
}
