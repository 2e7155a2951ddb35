//! What both recipes share on the way from inputs to an outcome.

use crate::Request;
use crate::outcome::{Agreement, FieldUse, InputReport, ModelRun, RankCount, Settings, Status};
use lanner_collapse::{Distinct, Spec};
use lanner_encode::FeatureKind;
use lanner_frame::text::excerpt;
use lanner_read::{InputFile, Inputs};
use lanner_vote as vote;

/// What the engine is to group; `numbers` are the fields among `fields` that are taken as numbers.
pub(crate) fn spec_of(
    inputs: &Inputs,
    request: &Request,
    fields: &[(String, FeatureKind)],
) -> Spec {
    let names = |keep: &dyn Fn(FeatureKind) -> bool| {
        let kept = fields.iter().filter(|(_, kind)| keep(*kind));
        kept.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let numbers = names(&|kind| kind == FeatureKind::Number);
    let reject_nulls = if request.reject_nulls { numbers } else { vec![] };
    let id = "eventID";
    Spec {
        fields: names(&|_| true),
        filter: request.filter.clone(),
        since: request.since.map(jiff::Timestamp::as_microsecond),
        until: request.until.map(jiff::Timestamp::as_microsecond),
        reject_nulls,
        id: inputs.schema().field_with_name(id).is_ok().then(|| id.to_owned()),
        hours: false,
    }
}

/// Fields without a value, and numbers that stand for missing ones.
pub(crate) fn field_warnings(distinct: &Distinct, fields: &[FieldUse], out: &mut Vec<String>) {
    for field in fields.iter().filter(|f| f.used) {
        let (name, column) =
            (excerpt(&field.name, 80), distinct.tuples.column_by_name(&field.name));
        if column.is_some_and(|c| arrow::array::Array::null_count(c) == distinct.copies.len()) {
            out.push(format!("field {name} is null in every row"));
        }
        if field.imputed > 0 {
            let rows = field.imputed;
            out.push(format!(
                "field {name}: {rows} null or non-finite numbers replaced by the median"
            ));
        }
    }
}

/// Why there is no row to score.
pub(crate) fn nothing(distinct: &Distinct, inputs: &Inputs, spec: &Spec) -> String {
    let read: u64 = distinct.accounts.iter().map(|a| a.records).sum();
    let rejected: u64 = distinct.accounts.iter().map(|a| a.rejects).sum();
    let files = inputs.files().len();
    if read == rejected {
        format!("no record to score: {files} files read, {read} records, all of them rejected")
    } else if spec.since.is_some() || spec.until.is_some() || spec.filter.is_some() {
        format!(
            "no record to score: --where, --since and --until leave none of the {} records",
            read - rejected
        )
    } else {
        format!("no record to score in {files} files")
    }
}

pub(crate) fn input_report(inputs: &Inputs, distinct: &Distinct) -> InputReport {
    let read: u64 = distinct.accounts.iter().map(|a| a.records).sum();
    let rejected: u64 = distinct.accounts.iter().map(|a| a.rejects).sum();
    let moment =
        |micros: i64| jiff::Timestamp::from_microsecond(micros).ok().map(|t| t.to_string());
    // Absolute, so that the files can be found again from another working folder; a table in memory has
    // no path, only what it is called.
    let whole = |f: &InputFile| match std::path::absolute(&f.path) {
        Ok(path) => path.to_string_lossy().into_owned(),
        Err(_) => f.shown.clone(),
    };
    let paths = inputs.files().iter().map(whole);
    InputReport {
        files: paths.zip(distinct.accounts.iter().cloned()).collect(),
        skipped: inputs.skipped().to_vec(),
        read,
        scored: distinct.rows,
        filtered: read.saturating_sub(rejected + distinct.rows),
        rejected,
        repeated_ids: distinct.repeated_ids,
        first: distinct.first_seen.iter().flatten().min().copied().and_then(moment),
        last: distinct.last_seen.iter().flatten().max().copied().and_then(moment),
        columns: inputs.schema().fields().iter().map(|f| f.name().clone()).collect(),
    }
}

pub(crate) fn settings(
    inputs: &Inputs,
    request: &Request,
    (recipe, preset): (&str, Option<String>),
    fields: Vec<FieldUse>,
    left_out: Vec<String>,
) -> Settings {
    Settings {
        inputs: request.inputs.clone(),
        recipe: recipe.to_owned(),
        preset,
        kind: inputs.kind().to_string(),
        fields,
        left_out,
        time: inputs.time_field().map(str::to_owned),
        filter: request.filter.clone(),
        since: request.since.map(|t| t.to_string()),
        until: request.until.map(|t| t.to_string()),
        contamination: request.contamination,
        top: request.top,
        seed: request.seed,
    }
}

/// The `lanner_row` of the first row of each tuple, in list order.
pub(crate) fn first_rows(distinct: &Distinct, order: &[u32], input: &InputReport) -> Vec<u64> {
    let before: Vec<u64> = input
        .files
        .iter()
        .scan(0, |sum, (_, account)| {
            let start = *sum;
            *sum += account.records;
            Some(start)
        })
        .collect();
    let row_of = |i: &u32| {
        let place = distinct.first[*i as usize];
        before[place.file as usize] + place.record
    };
    order.iter().map(row_of).collect()
}

fn ran(models: &[ModelRun]) -> impl Iterator<Item = &ModelRun> {
    models.iter().filter(|m| m.status == Status::Ran)
}

/// The number of models that voted for each tuple.
pub(crate) fn ranks(models: &[ModelRun], tuples: usize) -> Vec<u32> {
    let votes: Vec<&[bool]> = ran(models).map(|m| m.votes.as_slice()).collect();
    vote::rank_of_tuples(&votes, tuples)
}

/// How far the models that ran agree, and each one's shares of rows below.
pub(crate) fn agreement(models: &[ModelRun], copies: &[u64]) -> (Agreement, Vec<Vec<f64>>) {
    let scores: Vec<&[f64]> = ran(models).map(|m| m.scores.as_slice()).collect();
    let votes: Vec<&[bool]> = ran(models).map(|m| m.votes.as_slice()).collect();
    let shares = vote::mid_shares(&scores, copies);
    let agreement = Agreement {
        models: ran(models).map(|m| m.id).collect(),
        votes: vote::vote_agreement(&votes, copies),
        scores: vote::spearman(&shares, copies),
    };
    (agreement, shares)
}

pub(crate) fn rank_counts(rank: &[u32], copies: &[u64]) -> Vec<RankCount> {
    let highest = rank.iter().max().copied().unwrap_or(0);
    let mut counts: Vec<RankCount> =
        (0..=highest).map(|rank| RankCount { rank, rows: 0, tuples: 0 }).collect();
    for (&rank, &c) in rank.iter().zip(copies) {
        counts[rank as usize].rows += c;
        counts[rank as usize].tuples += 1;
    }
    counts
}

/// Says how many events were read more than once, as from a file and its copy.
pub(crate) fn repeats(distinct: &Distinct, out: &mut Vec<String>) {
    if let Some(repeated) = distinct.repeated_ids.filter(|&n| n > 0) {
        out.push(format!(
            "{repeated} events have an eventID that was read before; each reading counts as a row"
        ));
    }
}

/// Which models gave nothing, and why.
pub(crate) fn model_warnings(models: &[ModelRun], out: &mut Vec<String>) {
    for model in models {
        match &model.status {
            Status::Ran => {}
            Status::Failed(why) => out.push(format!("{} failed: {}", model.id, excerpt(why, 200))),
            Status::Excluded(why) => {
                out.push(format!("{} left out: {}", model.id, excerpt(why, 200)));
            }
        }
    }
}

/// The entries of `from` in the order `order`; nothing from nothing.
pub(crate) fn pick<T: Copy>(from: &[T], order: &[u32]) -> Vec<T> {
    if from.is_empty() {
        return Vec::new();
    }
    order.iter().map(|&i| from[i as usize]).collect()
}
