//! `lanner score`: one model over the rows of a numeric table.

use super::input::{Reading, threads};
use crate::config::param;
use crate::failure::Failure;
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use lanner_explain::{Attribution, attribute, ordinary};
use lanner_frame::{Cancel, Ctx, Matrix, Sample, Workers};
use lanner_read::{Inputs, Ledger};
use lanner_vote::ballot;
use serde_json::Map;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::ControlFlow;
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
    if !(args.contamination > 0.0 && args.contamination <= 0.5) {
        let given = args.contamination;
        return Err(Failure::usage(format!(
            "--contamination must be above 0 and at most 0.5, not {given}"
        )));
    }
    let entry = lanner_detect::find(&args.model).ok_or_else(|| {
        let known: Vec<&str> = lanner_detect::ALL.iter().map(|e| e.card().id).collect();
        Failure::usage(format!(
            "there is no model {:?}; there are {}",
            args.model,
            known.join(", ")
        ))
    })?;
    if let Some(out) = &args.out {
        let inputs = std::iter::once(&args.table).chain(&args.fit).map(PathBuf::from);
        lanner_report::check_file(out, &inputs.collect::<Vec<_>>())?;
    }
    let mut params = Map::new();
    for text in &args.param {
        let (name, value) = param(text)?;
        params.insert(name.to_owned(), value);
    }
    let model = entry.configure(&params)?;
    let id = entry.card().id;
    let threads = threads(args.threads);
    let open = |name: &String| args.reading.open(std::slice::from_ref(name), None, threads, cancel);
    let table = open(&args.table)?;
    let columns = numeric_columns(&table, &args.drop)?;
    let workers = Workers::new(threads).map_err(Failure::failed)?;
    let ctx = Ctx::new(workers, cancel.clone(), args.seed)
        .expecting_neighbours(model.neighbours())
        .for_model(id);
    let wrong = |e: lanner_detect::FitError| match e {
        lanner_detect::FitError::Cancelled(_) => Failure::interrupted(),
        e => Failure::failed(format!("{id}: {e}")),
    };
    let rows = load(&table, &columns)?;
    let mut shares: BTreeMap<u32, Attribution> = BTreeMap::new();
    let mut place = Vec::new();
    let (scores, threshold) = if let Some(train) = &args.fit {
        let train = load(&open(train)?, &columns)?;
        let (sample, _) = collapse(&train)?;
        let fitted = model.fit(&sample, &ctx).map_err(wrong)?;
        let scorer = fitted
            .scorer()
            .ok_or_else(|| wrong(lanner_detect::FitError::NoNewRows { model: id }))?;
        let (distinct, place) = collapse(&rows)?;
        let scores = scorer.score_all(distinct.x(), &ctx).map_err(wrong)?;
        let votes = ballot(fitted.own_scores(), sample.copies(), args.contamination);
        (place.iter().map(|&p| scores[p as usize]).collect::<Vec<f64>>(), votes.threshold)
    } else {
        let (sample, row_of) = collapse(&rows)?;
        place = row_of;
        let fitted = model.fit(&sample, &ctx).map_err(wrong)?;
        let own = fitted.own_scores();
        let votes = ballot(own, sample.copies(), args.contamination);
        if args.explain {
            let usual = ordinary(&sample, &vec![false; sample.columns()]);
            let voted = (0..sample.rows() as u32).filter(|&i| votes.votes[i as usize]);
            for i in voted {
                cancel.check().map_err(|_| Failure::interrupted())?;
                let row = sample.x().row(i as usize);
                let share =
                    attribute(fitted.as_fitted(), i as usize, row, &usual).ok_or_else(|| {
                        Failure::usage(format!(
                            "{id} scores no new rows, so it cannot be explained"
                        ))
                    })?;
                shares.insert(i, share);
            }
        }
        (place.iter().map(|&p| own[p as usize]).collect(), votes.threshold)
    };
    cancel.check().map_err(|_| Failure::interrupted())?;
    let mut text = String::with_capacity(scores.len() * 24);
    text.push_str("score,label");
    let explained = if args.explain { columns.as_slice() } else { &[] };
    for name in explained {
        // A name is quoted as CSV wants it, and made safe for a spreadsheet.
        let name = lanner_frame::text::csv_cell(name).replace('"', "\"\"");
        let _ = write!(text, ",\"share_{name}\"");
    }
    text.push('\n');
    for (i, score) in scores.into_iter().enumerate() {
        let _ = write!(text, "{score},{}", u8::from(score > threshold));
        let own = place.get(i).and_then(|row| shares.get(row));
        for j in 0..explained.len() {
            let _ = match own {
                Some(own) => write!(text, ",{}", own.shares[j]),
                None => write!(text, ","),
            };
        }
        text.push('\n');
    }
    match &args.out {
        Some(path) => {
            lanner_report::write_private(path, text.as_bytes())?;
        }
        None => std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?,
    }
    Ok(())
}

/// The numeric columns that were not dropped.
fn numeric_columns(table: &Inputs, drop: &[String]) -> Result<Vec<String>, Failure> {
    for name in drop {
        table.field(name).map_err(Failure::usage)?;
    }
    let fields = table.schema().fields().iter();
    let numeric = fields.filter(|f| f.data_type().is_numeric() && !drop.contains(f.name()));
    let names: Vec<String> = numeric.map(|f| f.name().clone()).collect();
    if names.is_empty() {
        return Err(Failure::usage("the table has no numeric column to score"));
    }
    Ok(names)
}

/// All rows of the columns, in input order, nulls replaced by medians.
fn load(table: &Inputs, columns: &[String]) -> Result<Matrix, Failure> {
    for name in columns {
        let field = table.field(name).map_err(Failure::usage)?;
        if !field.data_type().is_numeric() {
            return Err(Failure::usage(format!("column {name:?} is not numeric in both tables")));
        }
    }
    let d = columns.len();
    let mut values: Vec<f64> = Vec::new();
    let ledger = Ledger::new(table);
    for unit in 0..table.units() {
        let mut failed = None;
        table.scan(unit, columns, &ledger, &mut |batch| {
            let cast: Result<Vec<_>, _> =
                batch.columns()[..d].iter().map(|c| cast(c, &DataType::Float64)).collect();
            match cast {
                Ok(floats) => {
                    for i in 0..batch.num_rows() {
                        values.extend(floats.iter().map(|c| {
                            if c.is_null(i) {
                                f64::NAN
                            } else {
                                c.as_primitive::<Float64Type>().value(i)
                            }
                        }));
                    }
                    ControlFlow::Continue(())
                }
                Err(e) => {
                    failed = Some(e);
                    ControlFlow::Break(())
                }
            }
        })?;
        if let Some(e) = failed {
            return Err(Failure::failed(e));
        }
    }
    let rejects: u64 = ledger.accounts().iter().map(|a| a.rejects).sum();
    if rejects > 0 {
        return Err(Failure::failed(format!(
            "{rejects} records of the table cannot be read, so that scores would not be in row order"
        )));
    }
    impute(&mut values, columns)?;
    let rows = values.len() / d;
    if rows == 0 {
        return Err(Failure::failed("the table has no row"));
    }
    Ok(Matrix::new(values, rows, d))
}

/// Replaces values that are not finite by the median of their column.
fn impute(values: &mut [f64], columns: &[String]) -> Result<(), Failure> {
    let d = columns.len();
    for (j, name) in columns.iter().enumerate() {
        let column = || values.iter().skip(j).step_by(d);
        if column().all(|v| v.is_finite()) {
            continue;
        }
        let known: Vec<f64> = column().copied().filter(|v| v.is_finite()).collect();
        if known.is_empty() {
            return Err(Failure::failed(format!(
                "column {name:?} has no finite number; --drop it"
            )));
        }
        let median = lanner_kernels::quantile::median(&known, &vec![1; known.len()]);
        for value in values.iter_mut().skip(j).step_by(d).filter(|v| !v.is_finite()) {
            *value = median;
        }
    }
    Ok(())
}

fn collapse(x: &Matrix) -> Result<(Sample, Vec<u32>), Failure> {
    Sample::collapse(x, &vec![1; x.rows()]).map_err(Failure::failed)
}
