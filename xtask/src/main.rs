//! The project's checks, in Rust, so that they run wherever cargo runs.

mod browser;
mod features;
mod python;
mod tidy;
mod venv;

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const HELP: &str = "\
cargo xtask check   all checks, as CI runs them
cargo xtask fmt     format every Rust file (also those declared in the registry's macro)
cargo xtask tidy    layout rules: crate arrows, file sizes, decision records, features of dependencies
cargo xtask doc     the API documents, warnings being errors
cargo xtask browser the workbench in a browser: every page, hostile logs, keys, accessibility
cargo xtask python  the Python package: built, installed into a fresh environment, tested";

fn main() -> Result<()> {
    let root = root()?;
    match std::env::args().nth(1).as_deref() {
        Some("check") => check(&root),
        Some("fmt") => format(&root, false),
        Some("tidy") => tidy(&root),
        Some("doc") => doc(&root),
        Some("browser") => browser::browser(&root),
        Some("python") => python::python(&root),
        other => bail!("unknown task {:?}\n\n{HELP}", other.unwrap_or("")),
    }
}

/// The workspace's folder: the one above this crate.
fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().context("the workspace is the folder above xtask")?.to_owned())
}

fn check(root: &Path) -> Result<()> {
    step("format", || format(root, true))?;
    step("tidy", || tidy(root))?;
    step("clippy", || {
        cargo(root, &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    })?;
    step("documents", || doc(root))?;
    step("tests", || cargo(root, &["test", "--workspace", "--locked", "--no-fail-fast"]))?;
    browser::browser(root)?;
    python::python(root)
}

fn tidy(root: &Path) -> Result<()> {
    tidy::tidy(root)?;
    features::features(root)
}

/// Runs a step and says how long it took.
fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    say(&format!("==> {name}"));
    let start = Instant::now();
    work().with_context(|| format!("step {name}"))?;
    say(&format!("==> {name}: {:.0} s", start.elapsed().as_secs_f64()));
    Ok(())
}

/// `cargo fmt` does not visit modules that a macro declares, so every file is named.
fn format(root: &Path, check_only: bool) -> Result<()> {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.current_dir(root).args(["--edition", "2024"]);
    if check_only {
        rustfmt.arg("--check");
    }
    rustfmt.args(tidy::files(root, "rs")?);
    run(rustfmt)
}

fn doc(root: &Path) -> Result<()> {
    let mut doc = Command::new("cargo");
    doc.current_dir(root).env("RUSTDOCFLAGS", "-D warnings");
    doc.args(["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"]);
    run(doc)
}

fn cargo(root: &Path, args: &[&str]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(args);
    run(cargo)
}

fn run(mut command: Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {command:?}"))?;
    ensure!(status.success(), "{} ended with {status}", command.get_program().display());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a task says what it does")]
fn say(text: &str) {
    println!("{text}");
}
