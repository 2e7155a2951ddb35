//! The contract of every detector, checked over the registry.
//!
//! An author writes no test of these kinds; a detector that enters the registry is under all of
//! them. Each law names every detector that breaks it before it fails.

mod cancel;
mod edges;
mod files;
mod params;
mod registry;
mod scores;

use lanner_detect::{ALL, Configured, Entry, FitError, Fitted, Saved};
use lanner_frame::{Cancel, Ctx, Workers};
use lanner_testkit::Table;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

const SEED: u64 = 42;

/// Runs a check on every detector and fails with the names and reasons of all that broke it.
fn for_each_detector(check: impl Fn(&'static dyn Entry)) {
    let mut broken = String::new();
    for entry in ALL {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(*entry))) {
            let why = panic.downcast_ref::<String>().map(String::as_str);
            let why = why.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
            write!(broken, "\n{}: {why}", entry.card().id).expect("a string takes all");
        }
    }
    assert!(broken.is_empty(), "the law is broken by{broken}");
}

/// Smaller networks and fewer steps for detectors whose defaults would make the laws slow.
const BRISK: [(&str, &str); 2] =
    [("DIF", r#"{"hidden_neurons": [24, 16], "n_ensemble": 6}"#), ("LUNAR", r#"{"n_epochs": 12}"#)];

/// The detector with its default parameters, or brisk ones.
fn default_of(entry: &dyn Entry) -> Box<dyn Configured> {
    let brisk = BRISK.iter().find(|(id, _)| *id == entry.card().id);
    let given = brisk.map_or("{}", |(_, given)| given);
    entry.configure(&serde_json::from_str(given).expect("it is JSON")).expect("defaults pass")
}

/// A context of `threads` workers, as a run makes it for this detector.
fn context(entry: &dyn Entry, threads: usize, seed: u64) -> Ctx {
    let workers = Workers::new(threads).expect("threads start");
    Ctx::new(workers, Cancel::default(), seed).for_model(entry.card().id)
}

/// Fits with defaults on one thread.
fn try_fit(entry: &dyn Entry, table: &Table) -> Result<Box<dyn Saved>, FitError> {
    default_of(entry).fit(&table.sample().0, &context(entry, 1, SEED))
}

/// Fits with defaults on one thread, where it must work.
fn fit(entry: &dyn Entry, table: &Table) -> Box<dyn Saved> {
    try_fit(entry, table).unwrap_or_else(|e| panic!("{e}"))
}

/// Own scores of every row of the table.
fn own_scores(entry: &dyn Entry, table: &Table) -> Vec<f64> {
    let model = fit(entry, table);
    let own = model.as_fitted().own_scores();
    table.sample().1.iter().map(|&i| own[i as usize]).collect()
}

/// Scores of rows as new rows, if the method defines them.
fn new_scores(model: &dyn Fitted, rows: &Table, ctx: &Ctx) -> Option<Vec<f64>> {
    model.scorer().map(|s| s.score_all(&rows.x, ctx).expect("not interrupted"))
}

/// The bits of scores, so that laws compare them and not their values.
fn bits(scores: &[f64]) -> Vec<u64> {
    scores.iter().map(|s| s.to_bits()).collect()
}

/// The tables on which every detector must work: category codes with heavy copies, and measurements
/// without any. The last row is far from all others.
fn tables() -> [Table; 2] {
    [Table::codes(SEED, 250, 5).and_row(90.0, 1), Table::clouds(SEED, 300, 5).and_row(25.0, 1)]
}
