//! `lanner score`: one model over the rows of a numeric table.

use super::input::Reading;
use crate::config::param;
use crate::failure::Failure;
use lanner_frame::Cancel;
use lanner_pipeline::{ScoreRequest, Scored, score, threads};
use serde_json::Map;
use std::fmt::Write;
use std::path::PathBuf;

/// Scores the rows of a numeric table with one model.
///
/// Takes the numeric columns; writes one line a row, in the order of the rows: score (larger is odder)
/// and label (1 above the threshold). A null or non-finite number becomes its column's median. With
/// --explain a line goes on with one share a column for labelled rows: how much of the score the column
/// carries.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Parquet, CSV, JSON or Arrow file
    table: String,
    /// The model (lanner models lists them)
    #[arg(long, short, value_name = "NAME")]
    model: String,
    /// Set a parameter: n_neighbors=10
    #[arg(long, value_name = "NAME=VALUE")]
    param: Vec<String>,
    /// Share of rows to label
    #[arg(long, short, value_name = "SHARE", default_value_t = 0.1)]
    contamination: f64,
    /// Seed
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Fit on this table instead, and score the other against it
    #[arg(long, value_name = "TRAIN")]
    fit: Option<String>,
    /// Add to each labelled row how much of its score each column carries, 0 to 1; all 0 where no single column
    /// does (docs/explanations.md)
    #[arg(long, conflicts_with = "fit")]
    explain: bool,
    /// Leave these columns out, a label for instance
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    drop: Vec<String>,
    /// Write here [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    reading: Reading,
}

pub(crate) fn run(args: Args, cancel: &Cancel) -> Result<(), Failure> {
    let mut params = Map::new();
    for text in &args.param {
        let (name, value) = param(text)?;
        params.insert(name.to_owned(), value);
    }
    let request = ScoreRequest {
        seed: args.seed,
        explain: args.explain,
        drop: args.drop,
        threads: threads(args.threads),
        ..ScoreRequest::new(&args.model, &params, args.contamination)?
    };
    if let Some(out) = &args.out {
        let inputs = std::iter::once(&args.table).chain(&args.fit).map(PathBuf::from);
        lanner_report::check_file(out, &inputs.collect::<Vec<_>>())?;
    }
    let open = |name: &String| {
        args.reading.open(std::slice::from_ref(name), None, request.threads, cancel)
    };
    let (table, train) = (open(&args.table)?, args.fit.as_ref().map(open).transpose()?);
    let found = score(&table, train.as_ref(), &request, cancel)?;
    cancel.check().map_err(|_| Failure::interrupted())?;
    let text = csv(&found, request.explain);
    match &args.out {
        Some(path) => {
            lanner_report::write_private(path, text.as_bytes())?;
        }
        None => std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?,
    }
    Ok(())
}

/// A line a row: score, label, and with `explain` the shares.
fn csv(found: &Scored, explain: bool) -> String {
    let mut text = String::with_capacity(found.scores.len() * 24);
    text.push_str("score,label");
    let explained = if explain { found.columns.as_slice() } else { &[] };
    for name in explained {
        // A name is quoted as CSV wants it, and made safe for a spreadsheet.
        let name = lanner_frame::text::csv_cell(name).replace('"', "\"\"");
        let _ = write!(text, ",\"share_{name}\"");
    }
    text.push('\n');
    for (i, score) in found.scores.iter().enumerate() {
        let _ = write!(text, "{score},{}", u8::from(found.label(i)));
        for j in 0..explained.len() {
            let _ = match &found.shares[i] {
                Some(shares) => write!(text, ",{}", shares[j]),
                None => write!(text, ","),
            };
        }
        text.push('\n');
    }
    text
}
