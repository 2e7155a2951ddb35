//! One model over the rows of a numeric table.

use crate::HuntError;
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use lanner_detect::{Configured, FitError, Fitted};
use lanner_explain::{attribute, ordinary};
use lanner_frame::{Cancel, Ctx, Matrix, Sample, Workers};
use lanner_read::Inputs;
use lanner_vote::ballot;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is asked of one model.
pub struct ScoreRequest {
    /// The model.
    pub model: Box<dyn Configured>,
    /// Share of rows to label, above 0 up to 0.5.
    pub contamination: f64,
    /// Seed.
    pub seed: u64,
    /// Is the share of each column wanted for labelled rows?
    pub explain: bool,
    /// Columns to leave out.
    pub drop: Vec<String>,
    /// Threads; 0 for one a core.
    pub threads: usize,
}

impl ScoreRequest {
    /// Asks the model of this name, with parameters of its own; all else as is usual.
    ///
    /// # Errors
    /// [`HuntError::Usage`] for an unknown model, a bad parameter or contamination.
    pub fn new(
        model: &str,
        params: &Map<String, Value>,
        contamination: f64,
    ) -> Result<Self, HuntError> {
        if !(contamination > 0.0 && contamination <= 0.5) {
            return Err(HuntError::Usage(format!(
                "--contamination must be above 0 and at most 0.5, not {contamination}"
            )));
        }
        let entry = lanner_detect::find(model).ok_or_else(|| {
            let known: Vec<&str> = lanner_detect::ALL.iter().map(|e| e.card().id).collect();
            HuntError::Usage(format!("there is no model {model:?}; there are {}", known.join(", ")))
        })?;
        let model = entry.configure(params).map_err(|e| HuntError::Usage(e.to_string()))?;
        let (seed, explain, drop, threads) = (42, false, Vec::new(), 0);
        Ok(Self { model, contamination, seed, explain, drop, threads })
    }
}

/// The rows of a table as one model sees them, in their order.
#[derive(Debug)]
pub struct Scored {
    /// Scores, larger is odder.
    pub scores: Vec<f64>,
    /// Rows that score above are labelled.
    pub threshold: f64,
    /// The columns that were taken.
    pub columns: Vec<String>,
    /// How much of its score each column carries, for labelled rows where it was asked for.
    pub shares: Vec<Option<Vec<f64>>>,
}

impl Scored {
    /// Is row `i` above the threshold?
    pub fn label(&self, i: usize) -> bool {
        self.scores[i] > self.threshold
    }
}

/// Scores the numeric columns of a table, each row against all others, or against the rows of `train`.
///
/// A null or non-finite number becomes its column's median.
///
/// # Errors
/// [`HuntError`], also where a record cannot be read: scores would not be in row order.
///
/// # Cost
/// The table in memory as numbers, and the model's.
pub fn score(
    table: &Inputs,
    train: Option<&Inputs>,
    request: &ScoreRequest,
    cancel: &Cancel,
) -> Result<Scored, HuntError> {
    let model = &request.model;
    let id = model.card().id;
    let columns = numeric_columns(table, &request.drop)?;
    let workers = Workers::new(request.threads)
        .map_err(|e| HuntError::System(format!("the system starts no thread: {e}")))?;
    let ctx = Ctx::new(workers.clone(), cancel.clone(), request.seed)
        .expecting_neighbours(model.neighbours())
        .for_model(id);
    let wrong = |e: FitError| match e {
        FitError::Cancelled(_) => HuntError::Cancelled,
        e => HuntError::Model(format!("{id}: {e}")),
    };
    let (sample, place) = collapse(&load(table, &columns, &workers)?)?;
    let spread = |of: &[f64]| place.iter().map(|&p| of[p as usize]).collect::<Vec<f64>>();
    if let Some(train) = train {
        let (known, _) = collapse(&load(train, &columns, &workers)?)?;
        let fitted = model.fit(&known, &ctx).map_err(wrong)?;
        let scorer = fitted.scorer().ok_or_else(|| wrong(FitError::NoNewRows { model: id }))?;
        let scores = scorer.score_all(sample.x(), &ctx).map_err(wrong)?;
        let threshold =
            ballot(fitted.own_scores(), known.copies(), request.contamination).threshold;
        let scores = spread(&scores);
        return Ok(Scored { shares: vec![None; scores.len()], scores, threshold, columns });
    }
    let fitted = model.fit(&sample, &ctx).map_err(wrong)?;
    let votes = ballot(fitted.own_scores(), sample.copies(), request.contamination);
    let shares = if request.explain {
        explained(fitted.as_fitted(), id, &sample, &votes.votes, cancel)?
    } else {
        BTreeMap::new()
    };
    let shares = place.iter().map(|row| shares.get(row).cloned()).collect();
    Ok(Scored { scores: spread(fitted.own_scores()), threshold: votes.threshold, columns, shares })
}

/// The shares of the columns in the scores of the distinct rows voted for.
fn explained(
    fitted: &dyn Fitted,
    id: &str,
    sample: &Sample,
    votes: &[bool],
    cancel: &Cancel,
) -> Result<BTreeMap<u32, Vec<f64>>, HuntError> {
    let usual = ordinary(sample, &vec![false; sample.columns()]);
    let voted = (0..sample.rows() as u32).filter(|&i| votes[i as usize]);
    let mut shares = BTreeMap::new();
    for i in voted {
        cancel.check().map_err(|_| HuntError::Cancelled)?;
        let row = sample.x().row(i as usize);
        let share = attribute(fitted, i as usize, row, &usual).ok_or_else(|| {
            HuntError::Usage(format!("{id} scores no new rows, so it cannot be explained"))
        })?;
        shares.insert(i, share.shares);
    }
    Ok(shares)
}

/// The numeric columns that were not dropped.
fn numeric_columns(table: &Inputs, drop: &[String]) -> Result<Vec<String>, HuntError> {
    for name in drop {
        table.field(name)?;
    }
    let fields = table.schema().fields().iter();
    let numeric = fields.filter(|f| f.data_type().is_numeric() && !drop.contains(f.name()));
    let names: Vec<String> = numeric.map(|f| f.name().clone()).collect();
    if names.is_empty() {
        return Err(HuntError::Usage("the table has no numeric column to score".to_owned()));
    }
    Ok(names)
}

/// All rows of the columns, in input order, nulls replaced by medians.
fn load(table: &Inputs, columns: &[String], workers: &Workers) -> Result<Matrix, HuntError> {
    for name in columns {
        if !table.field(name)?.data_type().is_numeric() {
            let text = format!("column {name:?} is not numeric in both tables");
            return Err(HuntError::Usage(text));
        }
    }
    let whole = table.whole(columns, workers)?;
    let rejects: u64 = whole.accounts.iter().map(|a| a.rejects).sum();
    if rejects > 0 {
        return Err(HuntError::Model(format!(
            "{rejects} records of the table cannot be read, so that scores would not be in row order"
        )));
    }
    let mut values: Vec<f64> = Vec::new();
    for batch in &whole.batches {
        let floats = batch.columns().iter().map(|c| cast(c, &DataType::Float64));
        let floats = floats.collect::<Result<Vec<_>, _>>().map_err(lanner_read::ReadError::from)?;
        for i in 0..batch.num_rows() {
            values.extend(floats.iter().map(|c| {
                if c.is_null(i) { f64::NAN } else { c.as_primitive::<Float64Type>().value(i) }
            }));
        }
    }
    impute(&mut values, columns)?;
    let rows = values.len() / columns.len();
    if rows == 0 {
        return Err(HuntError::Nothing("the table has no row".to_owned()));
    }
    Ok(Matrix::new(values, rows, columns.len()))
}

/// Replaces values that are not finite by the median of their column.
fn impute(values: &mut [f64], columns: &[String]) -> Result<(), HuntError> {
    let d = columns.len();
    for (j, name) in columns.iter().enumerate() {
        let column = || values.iter().skip(j).step_by(d);
        if column().all(|v| v.is_finite()) {
            continue;
        }
        let known: Vec<f64> = column().copied().filter(|v| v.is_finite()).collect();
        if known.is_empty() {
            let text = format!("column {name:?} has no finite number; --drop it");
            return Err(HuntError::Nothing(text));
        }
        let median = lanner_kernels::quantile::median(&known, &vec![1; known.len()]);
        for value in values.iter_mut().skip(j).step_by(d).filter(|v| !v.is_finite()) {
            *value = median;
        }
    }
    Ok(())
}

fn collapse(x: &Matrix) -> Result<(Sample, Vec<u32>), HuntError> {
    Sample::collapse(x, &vec![1; x.rows()]).map_err(|e| HuntError::Nothing(e.to_string()))
}
