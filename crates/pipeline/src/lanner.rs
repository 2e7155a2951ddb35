//! The lanner recipe in a hunt: from distinct tuples to incidents with reasons.

use crate::choice::Plan;
use crate::grounds::{Grounds, Lanner, Why};
use crate::hunt::{Hunt, Lap};
use crate::outcome::{FieldUse, IncidentLine, ModelRun, Outcome, Settings, Status, Tuples};
use crate::parts::{self, pick};
use crate::{Forecast, HuntError, Observer, Request};
use arrow::array::{Array, UInt32Array};
use arrow::compute::take_record_batch;
use lanner_collapse::{CollapseError, Distinct, Engine, Hours, Local, Spec};
use lanner_encode::{Classic, Encoded, Feature, FeatureKind, value_text};
use lanner_frame::text::excerpt;
use lanner_frame::{Cancel, Ctx, Workers};
use lanner_read::Inputs;
use lanner_recipe::{Facts, Incident, Reasons, SESSION_HOURS, ScoreError, Scored, Visits};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Incidents whose rows are flagged, with all their reasons.
pub const INCIDENTS_SHOWN: usize = 50;
/// Tuples of a shown incident whose reasons are weighed, its oddest; the others have theirs in short.
const WEIGHED: usize = 20;
/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;
/// The slot of rows without a time.
const TIMELESS: i32 = i32::MIN;

impl From<ScoreError> for HuntError {
    fn from(error: ScoreError) -> Self {
        match error {
            ScoreError::Cancelled(_) => Self::Cancelled,
            ScoreError::Table(e) => Self::Nothing(e.to_string()),
        }
    }
}

/// Runs a hunt with the lanner recipe.
///
/// # Errors
/// As [`crate::hunt()`].
pub(crate) fn run(
    inputs: Inputs,
    request: &Request,
    plan: &Plan,
    (cancel, observer): (&Cancel, &dyn Observer),
    lap: &mut Lap,
) -> Result<Hunt, HuntError> {
    let spec = Spec { hours: true, ..parts::spec_of(&inputs, request, &plan.fields) };
    let workers = Workers::new(request.threads).map_err(|e| HuntError::System(e.to_string()))?;
    let engine = Local::new(inputs.clone(), workers.count(), request.memory, cancel)?;
    lap.end("choose fields");
    observer.stage("reading", Some(engine.rows_read()));
    let distinct = engine.distinct(&spec)?;
    if distinct.rows == 0 {
        return Err(HuntError::Nothing(parts::nothing(&distinct, &inputs, &spec)));
    }
    lap.end("read and collapse");
    let ctx = Ctx::new(workers, cancel.clone(), request.seed);
    observer.stage("scoring", None);
    let (raw, imputed) = tuples_of(&distinct, plan, &ctx)?;
    let facts = plan.preset.facts(&raw, visits(distinct.hours.as_ref()))?;
    let scored = lanner_recipe::score(&facts, &lanner_recipe::Settings::default(), &ctx)?;
    lap.end("score");
    observer.stage("reasons", None);
    let order = scored.order();
    let mut models = model_runs(&scored, &distinct, request.contamination);
    let (agreement, _) = ctx.parallel(|| parts::agreement(&models, &distinct.copies));
    let rank = parts::ranks(&models, distinct.copies.len());
    let ranks = parts::rank_counts(&rank, &distinct.copies);
    for model in &mut models {
        model.scores = pick(&model.scores, &order);
        model.votes = pick(&model.votes, &order);
    }
    let input = parts::input_report(&inputs, &distinct);
    let settings = settings(&inputs, request, plan, &raw, &imputed);
    let warnings = warnings(&models, &distinct, &settings);
    let rows = UInt32Array::from(order.clone());
    let values = take_record_batch(&distinct.tuples, &rows).map_err(CollapseError::from)?;
    let first_row = parts::first_rows(&distinct, &order, &input);
    let score = pick(&scored.score, &order);
    let found = found(facts, scored, order, request.top, &ctx);
    let order = &found.grounds.order;
    let tuples = Tuples {
        values,
        copies: pick(&distinct.copies, order),
        first_seen: pick(&distinct.first_seen, order),
        last_seen: pick(&distinct.last_seen, order),
        first_row,
        rank: pick(&rank, order),
        score,
        flagged: found.flagged,
        flagged_rows: found.flagged_rows,
        incident: found.incident,
        grounds: Grounds::Lanner(Box::new(found.grounds)),
    };
    cancel.check().map_err(|_| HuntError::Cancelled)?;
    lap.end("reasons");
    let (incidents, timings) = (found.incidents, lap.take());
    let accounts = distinct.accounts;
    let outcome =
        Outcome { settings, input, tuples, incidents, models, agreement, ranks, warnings, timings };
    Ok(Hunt { outcome, inputs, engine, spec, accounts })
}

/// The tuples as dictionary codes and numbers, and each number field's rows that had none.
fn tuples_of(
    distinct: &Distinct,
    plan: &Plan,
    ctx: &Ctx,
) -> Result<(lanner_recipe::Tuples, Vec<Feature>), HuntError> {
    let column = |name: &String| {
        distinct.tuples.column_by_name(name).expect("tuples have the fields they were made of")
    };
    let coded = |name: &String| {
        let column = column(name);
        let mut known: HashMap<Option<String>, u32> = HashMap::new();
        let mut values = Vec::new();
        let code = |i: usize| {
            let text = value_text(column, i);
            *known.entry(text).or_insert_with_key(|text| {
                values.push(text.clone());
                values.len() as u32 - 1
            })
        };
        let codes = (0..column.len()).map(code).collect();
        lanner_recipe::Field { name: name.clone(), codes, values }
    };
    let categories = plan.names(FeatureKind::Category);
    let fields = ctx.parallel(|| categories.par_iter().map(coded).collect());
    let named: Vec<_> =
        plan.fields.iter().filter(|(_, k)| *k == FeatureKind::Number).cloned().collect();
    let copies = distinct.copies.clone();
    if named.is_empty() {
        return Ok((lanner_recipe::Tuples { fields, numbers: vec![], copies }, vec![]));
    }
    let Encoded { matrix, features } = Classic.encode(&distinct.tuples, &named, &copies)?;
    let number = |(j, feature): (usize, &Feature)| lanner_recipe::Number {
        name: feature.field.clone(),
        values: (0..matrix.rows()).map(|i| matrix.row(i)[j]).collect(),
    };
    let numbers = features.iter().enumerate().map(number).collect();
    Ok((lanner_recipe::Tuples { fields, numbers, copies }, features))
}

fn visits(hours: Option<&Hours>) -> Option<Visits> {
    let hours = hours.filter(|h| !h.tuple.is_empty())?.clone();
    let Hours { tuple, hour, rows, first, last } = hours;
    Some(Visits { tuple, hour, rows, first, last })
}

/// The recipe's models as models of a hunt, tuples in the order of the engine. Each one votes for the share
/// of tuples that it is to flag.
fn model_runs(scored: &Scored, distinct: &Distinct, contamination: f64) -> Vec<ModelRun> {
    let once = vec![1; distinct.copies.len()];
    let run = |model: &lanner_recipe::Model| {
        let entry = lanner_detect::find(model.id).expect("the recipe's models are in the registry");
        let mut run = ModelRun {
            id: model.id,
            title: entry.card().title,
            status: Status::Ran,
            params: model.params.clone(),
            fit_seconds: model.seconds,
            forecast: Forecast::none(),
            peak_memory: None,
            threshold: None,
            flagged_rows: 0,
            scores: Vec::new(),
            votes: Vec::new(),
            notes: model.note.clone().into_iter().collect(),
        };
        match &model.scores {
            Ok(scores) => {
                let ballot = lanner_vote::ballot(scores, &once, contamination);
                let voted = ballot.votes.iter().zip(&distinct.copies).filter(|(v, _)| **v);
                run.flagged_rows = voted.map(|(_, c)| c).sum();
                run.threshold = Some(ballot.threshold);
                run.scores.clone_from(scores);
                run.votes = ballot.votes;
            }
            Err(why) => run.status = Status::Failed(why.clone()),
        }
        run
    };
    scored.models().iter().map(run).collect()
}

/// What is listed: flagged tuples with reasons, incidents.
struct Found {
    grounds: Lanner,
    flagged: Vec<bool>,
    flagged_rows: Vec<u64>,
    incident: Vec<Option<u32>>,
    incidents: Vec<IncidentLine>,
}

fn found(facts: Facts, scored: Scored, order: Vec<u32>, top: usize, ctx: &Ctx) -> Found {
    let n = order.len();
    let top = top.min(n);
    let mut place = vec![0u32; n];
    order.iter().enumerate().for_each(|(at, &tuple)| place[tuple as usize] = at as u32);
    let listed = lanner_recipe::incidents(&scored);
    let mut incident = vec![None; n];
    let mut flagged: Vec<bool> = (0..n).map(|i| i < top).collect();
    let mut weighed: Vec<u32> = (0..top as u32).collect();
    for (at, session) in listed.iter().enumerate() {
        for (j, &tuple) in session.tuples.iter().enumerate() {
            let i = place[tuple as usize];
            incident[i as usize].get_or_insert(at as u32 + 1);
            if at < INCIDENTS_SHOWN {
                flagged[i as usize] = true;
                weighed.extend((j < WEIGHED).then_some(i));
            }
        }
    }
    weighed.sort_unstable();
    weighed.dedup();
    let mut parts: Vec<(u32, i32, u32)> = Vec::new();
    for (at, session) in listed.iter().enumerate() {
        let of_flagged = session.tuples.iter().map(|&t| place[t as usize]);
        let of_flagged = of_flagged.filter(|&i| flagged[i as usize]);
        parts.extend(of_flagged.map(|i| (i, slot(session), at as u32 + 1)));
    }
    parts.sort_unstable();
    let shown = listed.len().min(INCIDENTS_SHOWN);
    let (reasons, of_incidents) = ctx.parallel(|| {
        let reasons = Reasons::new(&facts, &scored);
        let of_tuple = |&i: &u32| {
            let all = reasons.of_tuple(order[i as usize] as usize);
            (i, all.into_iter().map(Why::from).collect::<Vec<_>>())
        };
        let of_tuples: BTreeMap<u32, Vec<Why>> = weighed.par_iter().map(of_tuple).collect();
        let of_incident = |session: &Incident| {
            let all = session.reasons(&reasons);
            let why = if all.is_empty() {
                lanner_recipe::short(&facts, &scored, session.tuples[0] as usize)
            } else {
                lanner_recipe::why(&all, usize::MAX)
            };
            (why, all.into_iter().map(Why::from).collect::<Vec<_>>())
        };
        let of_incidents: Vec<_> = listed[..shown].par_iter().map(of_incident).collect();
        (of_tuples, of_incidents)
    });
    let ctx = ctx.clone();
    let grounds = Lanner { facts, scored, order, reasons, parts, top, listed, place, ctx };
    let of_incidents = of_incidents.into_iter().enumerate();
    let incidents =
        of_incidents.map(|(at, (why, all))| grounds.incident_line(at, why, all)).collect();
    let flagged_rows = flagged_rows(&grounds, &flagged);
    Found { grounds, flagged, flagged_rows, incident, incidents }
}

/// The slot of a session's rows.
fn slot(session: &Incident) -> i32 {
    let slot = |(first, _): (i64, i64)| first.div_euclid(HOUR * i64::from(SESSION_HOURS)) as i32;
    session.span.map_or(TIMELESS, slot)
}

/// The flagged rows of each tuple: all of one at the head of the list, else those within shown incidents.
fn flagged_rows(found: &Lanner, flagged: &[bool]) -> Vec<u64> {
    let place = &found.place;
    let copies = |i: usize| found.facts.copies[found.order[i] as usize];
    let mut rows: Vec<u64> = (0..flagged.len())
        .map(|i| {
            let whole = i < found.top || found.shown(i as u32, TIMELESS);
            if flagged[i] && whole { copies(i) } else { 0 }
        })
        .collect();
    let Some(visits) = &found.facts.visits else { return rows };
    for v in 0..visits.len() {
        let i = place[visits.tuple[v] as usize];
        let beyond = i as usize >= found.top && flagged[i as usize];
        if beyond && found.shown(i, visits.hour[v].div_euclid(SESSION_HOURS)) {
            rows[i as usize] += visits.rows[v];
        }
    }
    rows
}

impl Lanner {
    /// Is the tuple at place `i` part of a shown incident in this slot?
    fn shown(&self, i: u32, slot: i32) -> bool {
        self.incident_of(i, slot).is_some_and(|number| number as usize <= INCIDENTS_SHOWN)
    }

    /// For a row of the tuple at place `i` in an hour: is it flagged, and its incident.
    pub(crate) fn flags(&self, i: u32, hour: Option<i64>) -> (bool, Option<u32>) {
        let slot = hour.map_or(TIMELESS, |h| h.div_euclid(i64::from(SESSION_HOURS)) as i32);
        ((i as usize) < self.top || self.shown(i, slot), self.incident_of(i, slot))
    }
}

fn settings(
    inputs: &Inputs,
    request: &Request,
    plan: &Plan,
    raw: &lanner_recipe::Tuples,
    numbers: &[Feature],
) -> Settings {
    let field = |(name, kind): &(String, FeatureKind)| {
        let category = raw.field(name).map(|field| (field.values.len() as u64, 0));
        let number = || numbers.iter().find(|f| &f.field == name).map(|f| (f.distinct, f.imputed));
        let (distinct, imputed) = category.or_else(number).unwrap_or_default();
        FieldUse { name: name.clone(), kind: kind.name(), used: true, distinct, imputed }
    };
    let preset = Some(plan.preset.name.clone());
    let fields = plan.fields.iter().map(field).collect();
    parts::settings(inputs, request, ("lanner", preset), fields, plan.left_out.clone())
}

/// Things a user should know about the whole run.
fn warnings(models: &[ModelRun], distinct: &Distinct, settings: &Settings) -> Vec<String> {
    let mut out = Vec::new();
    if distinct.rows == 1 {
        out.push("only one row was scored: nothing can be unusual among one".to_owned());
    } else if distinct.copies.len() == 1 {
        out.push("all rows are alike in the detection fields: nothing can be unusual".to_owned());
    }
    parts::field_warnings(distinct, &settings.fields, &mut out);
    parts::repeats(distinct, &mut out);
    let timed = distinct.first_seen.iter().any(Option::is_some);
    if let Some(time) = settings.time.as_ref().filter(|_| !timed) {
        out.push(format!("no value of {} reads as a time", excerpt(time, 80)));
    }
    parts::model_warnings(models, &mut out);
    out
}
