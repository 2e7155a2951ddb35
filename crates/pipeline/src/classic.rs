//! The classic recipe in a hunt: detectors on category codes, votes.

use crate::hunt::{Hunt, Lap};
use crate::outcome::{FieldUse, InputReport, ModelRun, Outcome, Settings, Status, Tuples};
use crate::parts::{
    self, agreement, first_rows, input_report, model_warnings, nothing, pick, rank_counts, ranks,
    settings, spec_of,
};
use crate::shares::Asker;
use crate::{
    ClassicGrounds, Fields, Forecast, Grounds, HuntError, Looked, Observer, Request, fields, models,
};
use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute::take_record_batch;
use lanner_collapse::{CollapseError, Distinct, Engine, Local, Spec};
use lanner_detect::{Fitted, Shape};
use lanner_encode::{Classic, Encoded, FeatureKind};
use lanner_explain::{Rarity, Values, ordinary};
use lanner_frame::text::excerpt;
use lanner_frame::{Cancel, Ctx, Sample, Workers};
use lanner_read::Inputs;
use lanner_vote as vote;

/// Runs a hunt with the classic recipe; `note` says why, where it was not asked for.
///
/// # Errors
/// As [`crate::hunt()`].
pub(crate) fn run(
    inputs: Inputs,
    request: &Request,
    note: Option<String>,
    (cancel, observer): (&Cancel, &dyn Observer),
    lap: &mut Lap,
) -> Result<Hunt, HuntError> {
    let prepared = prepare(inputs, request, cancel, observer, &mut |stage| lap.end(stage))?;
    let Prepared { inputs, engine, spec, chosen, distinct, encoded, sample, place, ctx } = prepared;
    observer.stage("models", None);
    let (names, categories): (Vec<String>, Vec<bool>) =
        encoded.features.iter().map(|f| (f.field.clone(), f.kind == FeatureKind::Category)).unzip();
    let asker = Asker {
        sample: &sample,
        contamination: request.contamination,
        most: request.top,
        ordinary: ordinary(&sample, &categories),
    };
    let ask = |model: &dyn Fitted, ctx: &Ctx| asker.ask(model, ctx);
    let mut runs = models::run(&request.models, &sample, &request.limits, &ask, &ctx, observer)
        .map_err(|_| HuntError::Cancelled)?;
    lap.end("models");
    observer.stage("voting", None);
    let spread = |scores: Vec<f64>| place.iter().map(|&p| scores[p as usize]).collect::<Vec<f64>>();
    let ids = request.models.iter().map(|m| m.card().id);
    let answers = ids.zip(runs.iter_mut().map(|run| std::mem::take(&mut run.shares))).collect();
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
    let looked = Looked::new(names, answers, &pick(&place, &order));
    let tuples = list(&distinct, &chosen, (&rank, &score), &order, request.top, &input, looked)?;
    lap.end("vote");
    warnings.extend(note);
    let (accounts, incidents, timings) = (distinct.accounts, Vec::new(), lap.take());
    let outcome =
        Outcome { settings, input, tuples, incidents, models, agreement, ranks, warnings, timings };
    Ok(Hunt { outcome, inputs, engine, spec, accounts })
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
    let spec = spec_of(&inputs, request, &chosen.kinds());
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
    parts::field_warnings(distinct, &settings.fields, &mut out);
    if encoded.features.len() > 40 {
        let d = encoded.features.len();
        out.push(format!("{d} detection fields are very many: distances lose their meaning"));
    }
    parts::repeats(distinct, &mut out);
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
    if models.iter().all(|m| m.status != Status::Ran) {
        out.push("no model ran: the order of the list means nothing".to_owned());
    }
    if !silent.is_empty() {
        let list = silent.join(", ");
        out.push(format!("no vote at all from {list}: too many rows tie at the threshold"));
    }
    model_warnings(models, &mut out);
    out
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

/// The tuples in list order.
fn list(
    distinct: &Distinct,
    chosen: &Fields,
    (rank, score): (&[u32], &[f64]),
    order: &[u32],
    top: usize,
    input: &InputReport,
    looked: Looked,
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
        grounds: Grounds::Classic(Box::new(ClassicGrounds {
            rarity: Rarity::new(fields, &copies),
            looked,
        })),
        rank,
        copies,
        values,
    })
}
