//! Rules of the layout that no other tool checks.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines of a source file at most, tests included. More is more than one thing.
const LONGEST: usize = 600;

/// Which of our crates a crate may use: the vocabulary and the stages to its left.
const ARROWS: &[(&str, &[&str])] = &[
    ("lanner-frame", &[]),
    ("lanner-kernels", &["frame"]),
    ("lanner-evtx", &["frame"]),
    ("lanner-read", &["frame", "evtx"]),
    ("lanner-unify", &[]),
    ("lanner-collapse", &["frame", "read", "unify"]),
    ("lanner-encode", &["frame", "kernels"]),
    ("lanner-detect", &["frame", "kernels"]),
    ("lanner-vote", &["kernels"]),
    ("lanner-recipe", &["frame", "kernels", "detect"]),
    ("lanner-explain", &["frame", "kernels", "detect"]),
    ("lanner-sessions", &["frame", "kernels", "detect", "vote"]),
    (
        "lanner-pipeline",
        &[
            "frame", "kernels", "evtx", "read", "collapse", "encode", "detect", "vote", "explain",
            "recipe", "sessions",
        ],
    ),
    ("lanner-report", &["frame", "read", "collapse", "encode", "explain", "sessions", "pipeline"]),
    ("lanner-serve", &["frame", "read", "collapse", "pipeline", "report"]),
    ("lanner-sample", &["frame", "evtx"]),
    (
        "lanner",
        &[
            "frame", "kernels", "read", "collapse", "encode", "detect", "vote", "recipe",
            "explain", "sessions", "pipeline", "report", "serve", "sample",
        ],
    ),
    (
        "lanner-python",
        &[
            "frame", "kernels", "read", "collapse", "encode", "detect", "sessions", "pipeline",
            "report", "serve", "sample",
        ],
    ),
    ("lanner-testkit", &["frame", "kernels"]),
    ("xtask", &[]),
];

/// Checks the rules and names everything that breaks one.
pub(crate) fn tidy(root: &Path) -> Result<()> {
    let mut wrong = Vec::new();
    arrows(root, &mut wrong)?;
    for file in files(root, "rs")? {
        let text = std::fs::read_to_string(root.join(&file))?;
        let name = file.display();
        let lines = text.lines().count();
        if lines > LONGEST {
            wrong.push(format!("{name}: {lines} lines, more than {LONGEST}"));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{name}: no //! line that says what it is for"));
        }
        for unfinished in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!(")] {
            if text.contains(unfinished) {
                wrong.push(format!("{name}: {unfinished}"));
            }
        }
    }
    adrs(root, &mut wrong)?;
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("{}", wrong.join("\n"))
}

/// Tracked files, and new ones that are not ignored, with this ending.
pub(crate) fn files(root: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let listed = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .arg(format!("*.{ending}"))
        .output()
        .context("git ls-files")?;
    let text = String::from_utf8(listed.stdout)?;
    let paths = text.lines().map(PathBuf::from);
    Ok(paths.filter(|p| root.join(p).exists()).collect())
}

/// Compares the crates' dependencies with [`ARROWS`].
fn arrows(root: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let output = Command::new("cargo")
        .current_dir(root)
        .args(["metadata", "--no-deps", "--format-version", "1", "--locked"])
        .output()
        .context("cargo metadata")?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let none = Vec::new();
    for package in metadata["packages"].as_array().unwrap_or(&none) {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ARROWS.iter().find(|(crate_name, _)| *crate_name == name) else {
            wrong.push(format!("{name}: a crate that the table of arrows does not know"));
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap_or(&none) {
            let Some(ours) = dependency["name"].as_str().and_then(|n| n.strip_prefix("lanner-"))
            else {
                continue;
            };
            let for_tests = dependency["kind"].as_str() == Some("dev") && ours == "testkit";
            if !for_tests && !allowed.contains(&ours) {
                wrong.push(format!("{name} must not use lanner-{ours}"));
            }
        }
    }
    Ok(())
}

/// Decision records are numbered without gaps.
fn adrs(root: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let mut names: Vec<String> = std::fs::read_dir(root.join("docs/adr"))?
        .filter_map(|e| e.ok().and_then(|e| e.file_name().into_string().ok()))
        .collect();
    names.sort();
    for (i, name) in names.iter().enumerate() {
        if !name.starts_with(&format!("{:04}-", i + 1)) {
            wrong.push(format!("docs/adr/{name}: expected number {:04}", i + 1));
        }
    }
    Ok(())
}
