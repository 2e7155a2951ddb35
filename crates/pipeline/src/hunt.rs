//! A hunt from request to outcome: read, collapse, encode, detect, vote.

use crate::lanner::{self, Choice};
use crate::outcome::{
    Agreement, FieldUse, InputReport, ModelRun, Outcome, RankCount, Settings, Status, Tuples,
};
use crate::{Fields, Forecast, Grounds, HuntError, Observer, Request, fields, models};
use arrow::array::{ArrayRef, AsArray, BooleanArray, UInt32Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, Schema, UInt32Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use lanner_collapse::{CollapseError, Distinct, Engine, Local, RowsTable, Spec};
use lanner_detect::Shape;
use lanner_encode::{Classic, Encoded, FeatureKind};
use lanner_explain::{Rarity, Values};
use lanner_frame::text::excerpt;
use lanner_frame::{Cancel, Ctx, Sample, Workers};
use lanner_read::{FileAccount, Inputs};
use lanner_vote as vote;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// A finished hunt: what was found, and the way back to the rows.
pub struct Hunt {
    /// What was found.
    pub outcome: Outcome,
    pub(crate) inputs: Inputs,
    pub(crate) engine: Local,
    pub(crate) spec: Spec,
    pub(crate) accounts: Vec<FileAccount>,
}

/// The clock of the stages.
pub(crate) struct Lap {
    timings: Vec<(&'static str, f64)>,
    since: Instant,
}

impl Lap {
    fn start() -> Self {
        Self { timings: Vec::new(), since: Instant::now() }
    }

    /// A stage has ended.
    pub(crate) fn end(&mut self, stage: &'static str) {
        self.timings.push((stage, self.since.elapsed().as_secs_f64()));
        self.since = Instant::now();
    }

    /// Seconds by stage.
    pub(crate) fn take(&mut self) -> Vec<(&'static str, f64)> {
        std::mem::take(&mut self.timings)
    }
}

impl Hunt {
    /// All rows of the input as a table for queries, with `tuples` attached: the tuple fields first,
    /// then the columns to attach.
    pub fn rows_table(&self, tuples: RecordBatch) -> RowsTable {
        RowsTable {
            inputs: self.inputs.clone(),
            spec: self.spec.clone(),
            accounts: self.accounts.clone(),
            tuples,
        }
    }

    /// Streams the rows of the flagged tuples in input order: all columns of the input, then
    /// `lanner_row`, `lanner_file` and `lanner_tuple` (the tuple's place in the list), in the lanner recipe
    /// `lanner_incident` too (null for a row of none). Returns their number.
    ///
    /// # Errors
    /// [`HuntError`], also if an input changed since it was read first.
    pub fn flagged_rows(
        &self,
        sink: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
    ) -> Result<u64, HuntError> {
        let tuples = &self.outcome.tuples;
        let listed = (0..tuples.len() as u32).filter(|&i| tuples.flagged[i as usize]);
        let listed: Vec<u32> = listed.collect();
        let mask = BooleanArray::from(tuples.flagged.clone());
        let marks = filter_record_batch(&tuples.values, &mask).map_err(CollapseError::from)?;
        let mut written = 0;
        self.engine.join_back(&self.spec, &marks, &self.accounts, &mut |batch| match placed(
            &batch,
            &listed,
            &tuples.grounds,
        ) {
            Ok(batch) if batch.num_rows() == 0 => ControlFlow::Continue(()),
            Ok(batch) => {
                written += batch.num_rows() as u64;
                sink(batch)
            }
            Err(_) => ControlFlow::Break(()),
        })?;
        Ok(written)
    }
}

/// A batch of the joined rows with the places of their tuples, and in the lanner recipe only the flagged rows,
/// with their incidents in place of their hours.
fn placed(
    batch: &RecordBatch,
    listed: &[u32],
    grounds: &Grounds,
) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let mut columns = batch.columns().to_vec();
    let at = columns.len() - 1 - usize::from(matches!(grounds, Grounds::Lanner(_)));
    let numbers = columns[at].as_primitive::<UInt32Type>().values();
    let places: UInt32Array = numbers.iter().map(|&m| listed[m as usize]).collect();
    let Grounds::Lanner(found) = grounds else {
        columns[at] = Arc::new(places);
        return RecordBatch::try_new(schema, columns);
    };
    let hours = columns[at + 1].as_primitive::<Int64Type>();
    let flags = places.values().iter().zip(hours).map(|(&i, hour)| found.flags(i, hour));
    let (mask, incidents): (Vec<bool>, Vec<Option<u32>>) = flags.unzip();
    let (mask, incidents) = (BooleanArray::from(mask), UInt32Array::from(incidents));
    columns[at] = Arc::new(places);
    columns[at + 1] = Arc::new(incidents);
    let mut fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
    fields[at + 1] = Arc::new(Field::new("lanner_incident", DataType::UInt32, true));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    filter_record_batch(&batch, &mask)
}

/// Runs a hunt over inputs that were opened.
///
/// # Errors
/// [`HuntError`] where there is no outcome; a model that fails is part of the outcome.
pub fn hunt(
    inputs: Inputs,
    request: &Request,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Hunt, HuntError> {
    let mut lap = Lap::start();
    let note = match lanner::choose(&inputs, request)? {
        Choice::Lanner(plan) => {
            return lanner::run(inputs, request, &plan, (cancel, observer), &mut lap);
        }
        Choice::Classic(note) => note,
    };
    let prepared = prepare(inputs, request, cancel, observer, &mut |stage| lap.end(stage))?;
    let Prepared { inputs, engine, spec, chosen, distinct, encoded, sample, place, ctx } = prepared;
    observer.stage("models", None);
    let runs = models::run(&request.models, &sample, &request.limits, &ctx, observer)
        .map_err(|_| HuntError::Cancelled)?;
    lap.end("models");
    observer.stage("voting", None);
    let spread = |scores: Vec<f64>| place.iter().map(|&p| scores[p as usize]).collect::<Vec<f64>>();
    let mut models = model_runs(request, runs, &distinct.copies, spread);
    let copies = &distinct.copies;
    let rank = ranks(&models, copies.len());
    let (agreement, score, order) = ctx.parallel(|| {
        let (agreement, shares) = agreement(&models, copies);
        let score = vote::mean_share(&shares, copies.len());
        let order = vote::list_order(&rank, &score, copies);
        (agreement, score, order)
    });
    let ranks = rank_counts(&rank, &distinct.copies);
    for model in &mut models {
        model.scores = pick(&model.scores, &order);
        model.votes = pick(&model.votes, &order);
    }
    let input = input_report(&inputs, &distinct);
    let used = uses(&chosen, &encoded);
    let settings = settings(&inputs, request, ("classic", None), used, chosen.left_out.clone());
    let mut warnings = warnings(&models, &distinct, &encoded, &sample, &settings);
    let tuples = list(&distinct, &chosen, &rank, &score, &order, request.top, &input)?;
    lap.end("vote");
    warnings.extend(note);
    let (accounts, incidents, timings) = (distinct.accounts, Vec::new(), lap.take());
    let outcome =
        Outcome { settings, input, tuples, incidents, models, agreement, ranks, warnings, timings };
    Ok(Hunt { outcome, inputs, engine, spec, accounts })
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

/// How long a model is expected to take.
#[derive(Debug)]
pub struct Foreseen {
    /// Detector id.
    pub id: &'static str,
    /// Seconds, and where they come from.
    pub forecast: Forecast,
    /// Why a hunt would leave it out; none if it would run.
    pub left_out: Option<String>,
}

/// Says how long each model would take over the inputs, without running them.
///
/// Gives the numbers of distinct rows, all rows and features that models would see, too.
///
/// # Errors
/// [`HuntError`], as for a hunt.
pub fn foresee(
    inputs: Inputs,
    request: &Request,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<(Shape, Vec<Foreseen>), HuntError> {
    let prepared = prepare(inputs, request, cancel, observer, &mut |_| {})?;
    observer.stage("forecast", None);
    let (models, sample) = (&request.models, &prepared.sample);
    let (forecasts, left_out) =
        models::plan(models, sample, &request.limits, &prepared.ctx, observer)
            .map_err(|_| HuntError::Cancelled)?;
    let all = models.iter().zip(forecasts).zip(left_out);
    let foreseen = all.map(|((model, forecast), left_out)| Foreseen {
        id: model.card().id,
        forecast,
        left_out,
    });
    Ok((Shape::of(sample), foreseen.collect()))
}

/// Everything that models need.
struct Prepared {
    inputs: Inputs,
    engine: Local,
    spec: Spec,
    chosen: Fields,
    distinct: Distinct,
    encoded: Encoded,
    sample: Sample,
    place: Vec<u32>,
    ctx: Ctx,
}

/// Reads, collapses and encodes.
fn prepare(
    inputs: Inputs,
    request: &Request,
    cancel: &Cancel,
    observer: &dyn Observer,
    lap: &mut dyn FnMut(&'static str),
) -> Result<Prepared, HuntError> {
    let chosen = fields::choose(&inputs, request)?;
    let numbers = chosen.used().into_iter().filter(|(_, kind)| *kind == FeatureKind::Number);
    let numbers = numbers.map(|(name, _)| name).collect();
    let spec = spec_of(&inputs, request, chosen.names(), numbers);
    let workers = Workers::new(request.threads).map_err(|e| HuntError::System(e.to_string()))?;
    let engine = Local::new(inputs.clone(), workers.count(), request.memory, cancel)?;
    lap("choose fields");
    observer.stage("reading", Some(engine.rows_read()));
    let distinct = engine.distinct(&spec)?;
    if distinct.rows == 0 {
        return Err(HuntError::Nothing(nothing(&distinct, &inputs, &spec)));
    }
    cancel.check().map_err(|_| HuntError::Cancelled)?;
    lap("read and collapse");
    observer.stage("encoding", None);
    let encoded = Classic.encode(&distinct.tuples, &chosen.used(), &distinct.copies)?;
    let (sample, place) = Sample::collapse(&encoded.matrix, &distinct.copies)
        .map_err(|e| HuntError::Nothing(e.to_string()))?;
    lap("encode");
    let ctx = Ctx::new(workers, cancel.clone(), request.seed);
    Ok(Prepared { inputs, engine, spec, chosen, distinct, encoded, sample, place, ctx })
}

/// What the engine is to group; `numbers` are the fields among `fields` that are taken as numbers.
pub(crate) fn spec_of(
    inputs: &Inputs,
    request: &Request,
    fields: Vec<String>,
    numbers: Vec<String>,
) -> Spec {
    let reject_nulls = if request.reject_nulls { numbers } else { vec![] };
    let id = "eventID";
    Spec {
        fields,
        filter: request.filter.clone(),
        since: request.since.map(jiff::Timestamp::as_microsecond),
        until: request.until.map(jiff::Timestamp::as_microsecond),
        reject_nulls,
        id: inputs.schema().field_with_name(id).is_ok().then(|| id.to_owned()),
        hours: false,
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

fn model_runs(
    request: &Request,
    runs: Vec<models::Run>,
    copies: &[u64],
    spread: impl Fn(Vec<f64>) -> Vec<f64>,
) -> Vec<ModelRun> {
    let pairs = request.models.iter().map(AsRef::as_ref).zip(runs);
    let report = |(model, run): (&dyn lanner_detect::Configured, models::Run)| {
        let mut report = ModelRun {
            id: model.card().id,
            title: model.card().title,
            status: Status::Ran,
            params: model.params(),
            fit_seconds: run.seconds,
            forecast: run.forecast,
            peak_memory: run.peak_memory,
            threshold: None,
            flagged_rows: 0,
            scores: Vec::new(),
            votes: Vec::new(),
            notes: run.notes,
        };
        match run.scores {
            Ok(scores) => {
                report.scores = spread(scores);
                let ballot = vote::ballot(&report.scores, copies, request.contamination);
                report.threshold = Some(ballot.threshold);
                report.flagged_rows = ballot.rows;
                report.votes = ballot.votes;
            }
            Err(models::Failed::Error(why)) => report.status = Status::Failed(why),
            Err(models::Failed::LeftOut(why)) => report.status = Status::Excluded(why),
        }
        report
    };
    pairs.map(report).collect()
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

/// Things a user should know about the whole run.
fn warnings(
    models: &[ModelRun],
    distinct: &Distinct,
    encoded: &Encoded,
    sample: &Sample,
    settings: &Settings,
) -> Vec<String> {
    let mut out = Vec::new();
    if distinct.rows == 1 {
        out.push("only one row was scored: nothing can be unusual among one".to_owned());
    } else if sample.rows() == 1 {
        out.push("all rows are alike in the detection fields: nothing can be unusual".to_owned());
    }
    for feature in &encoded.features {
        let column = distinct.tuples.column_by_name(&feature.field);
        if column.is_some_and(|c| arrow::array::Array::null_count(c) == distinct.copies.len()) {
            out.push(format!("field {} is null in every row", excerpt(&feature.field, 80)));
        }
        if feature.imputed > 0 {
            let field = excerpt(&feature.field, 80);
            let rows = feature.imputed;
            out.push(format!(
                "field {field}: {rows} null or non-finite numbers replaced by the median"
            ));
        }
    }
    if encoded.features.len() > 40 {
        let d = encoded.features.len();
        out.push(format!("{d} detection fields are very many: distances lose their meaning"));
    }
    let timed = distinct.first_seen.iter().any(Option::is_some);
    if let Some(time) = settings.time.as_ref().filter(|_| !timed) {
        out.push(format!("no value of {} reads as a time", excerpt(time, 80)));
    }
    let share = settings.contamination;
    if (distinct.rows as f64) * share < 1.0 {
        let rows = distinct.rows;
        out.push(format!(
            "{share} of {rows} rows is less than one row for a model to flag; raise --contamination"
        ));
    }
    let silent: Vec<&str> = models
        .iter()
        .filter(|m| m.status == Status::Ran && m.flagged_rows == 0)
        .map(|m| m.id)
        .collect();
    if !silent.is_empty() {
        let list = silent.join(", ");
        out.push(format!("no vote at all from {list}: too many rows tie at the threshold"));
    }
    model_warnings(models, &mut out);
    out
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

pub(crate) fn input_report(inputs: &Inputs, distinct: &Distinct) -> InputReport {
    let read: u64 = distinct.accounts.iter().map(|a| a.records).sum();
    let rejected: u64 = distinct.accounts.iter().map(|a| a.rejects).sum();
    let moment =
        |micros: i64| jiff::Timestamp::from_microsecond(micros).ok().map(|t| t.to_string());
    // Absolute, so that the files can be found again from another working folder.
    let whole = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let paths = inputs.files().iter().map(|f| whole(&f.path).to_string_lossy().into_owned());
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

/// How the classic recipe used its fields.
fn uses(chosen: &Fields, encoded: &Encoded) -> Vec<FieldUse> {
    let fields = chosen.tuple.iter().map(|(name, kind, used)| {
        let feature = encoded.features.iter().find(|f| &f.field == name);
        FieldUse {
            name: name.clone(),
            kind: kind.name(),
            used: *used,
            distinct: feature.map_or(0, |f| f.distinct),
            imputed: feature.map_or(0, |f| f.imputed),
        }
    });
    fields.collect()
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

/// The tuples in list order.
fn list(
    distinct: &Distinct,
    chosen: &Fields,
    rank: &[u32],
    score: &[f64],
    order: &[u32],
    top: usize,
    input: &InputReport,
) -> Result<Tuples, HuntError> {
    let rows = UInt32Array::from(order.to_vec());
    let values = take_record_batch(&distinct.tuples, &rows).map_err(CollapseError::from)?;
    let copies = pick(&distinct.copies, order);
    let rank = pick(rank, order);
    let flagged: Vec<bool> = rank.iter().enumerate().map(|(i, &r)| r >= 1 || i < top).collect();
    let mut fields = Vec::with_capacity(chosen.tuple.len());
    for (j, (name, kind, _)) in chosen.tuple.iter().enumerate() {
        let column: &ArrayRef = values.column(j);
        let (codes, _) = Classic.codes(name, column)?;
        let codes = codes.into_iter().map(|c| c.map_or(0, |c| c + 1)).collect();
        let numeric = *kind == FeatureKind::Number;
        fields.push(Values { field: name.clone(), codes, numeric });
    }
    Ok(Tuples {
        first_seen: pick(&distinct.first_seen, order),
        last_seen: pick(&distinct.last_seen, order),
        first_row: first_rows(distinct, order, input),
        flagged_rows: flagged.iter().zip(&copies).map(|(&f, &c)| if f { c } else { 0 }).collect(),
        flagged,
        incident: Vec::new(),
        score: pick(score, order),
        grounds: Grounds::Rarity(Rarity::new(fields, &copies)),
        rank,
        copies,
        values,
    })
}

/// The entries of `from` in the order `order`; nothing from nothing.
pub(crate) fn pick<T: Copy>(from: &[T], order: &[u32]) -> Vec<T> {
    if from.is_empty() {
        return Vec::new();
    }
    order.iter().map(|&i| from[i as usize]).collect()
}
