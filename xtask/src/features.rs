//! That the query engine is compiled once: the programs and the tests ask for the same features below it.

use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The features of each package, by name and version.
type Features = BTreeMap<String, String>;

/// Checks that each package below the query engine has the same features in the command alone, in the
/// Python package alone and in everything with its tests.
pub(crate) fn features(root: &Path) -> Result<()> {
    let below = tree(root, &["--package", "datafusion", "--edges", "normal,build"])?;
    let below: BTreeSet<&String> = below.keys().collect();
    let all = tree(root, &["--workspace", "--edges", "normal,build,dev"])?;
    let mut wrong = Vec::new();
    for program in ["lanner", "lanner-python"] {
        let alone = tree(root, &["--package", program, "--edges", "normal,build"])?;
        for (package, features) in alone.iter().filter(|(package, _)| below.contains(package)) {
            if all.get(package).is_some_and(|others| others != features) {
                let others = &all[package];
                wrong.push(format!("{package}: {features} in {program} alone, {others} in all"));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("name the missing features in crates/unify/Cargo.toml:\n{}", wrong.join("\n"));
    }
    Ok(())
}

/// The packages of a dependency tree with their features.
fn tree(root: &Path, of: &[&str]) -> Result<Features> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(["tree", "--locked", "--prefix", "none", "--format", "{p} [{f}]"]);
    let listed = cargo.args(of).output().context("cargo tree")?;
    let said = String::from_utf8_lossy(&listed.stderr);
    ensure!(listed.status.success(), "cargo tree: {said}");
    let text = String::from_utf8(listed.stdout)?;
    let line = |line: &str| {
        let (package, features) = line.trim_end_matches(" (*)").rsplit_once(" [")?;
        Some((package.to_owned(), features.trim_end_matches(']').to_owned()))
    };
    Ok(text.lines().filter_map(line).collect())
}
