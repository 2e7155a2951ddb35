//! Runs the models; one that fails, panics or takes too long never stops the rest.
//!
//! Light models run side by side, one on each thread. Heavy ones follow one after another, each on all
//! threads, so that their times can be foreseen and their memory does not add up (docs/adr/0007).

use crate::forecast::{self, Forecast, LIGHT};
use crate::shares::OfModel;
use crate::{Limits, Observer, memory};
use lanner_detect::{Configured, FitError, Fitted, Shape};
use lanner_frame::{Cancelled, Ctx, Sample};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Stack of a model's thread, bytes.
const STACK: usize = 16 << 20;

/// What one model gave.
#[derive(Debug)]
pub(crate) struct Run {
    /// Scores by row of the sample, or why there are none.
    pub(crate) scores: Result<Vec<f64>, Failed>,
    /// Wall seconds.
    pub(crate) seconds: f64,
    /// The most memory that the process held while the model ran, in bytes; none for a light model,
    /// which has others beside it.
    pub(crate) peak_memory: Option<u64>,
    /// What was foreseen.
    pub(crate) forecast: Forecast,
    /// Things to know about the fit.
    pub(crate) notes: Vec<String>,
    /// Why it votes as it does.
    pub(crate) shares: OfModel,
}

/// What is asked of a model once it is fitted.
pub(crate) type Ask<'a> = &'a (dyn Fn(&dyn Fitted, &Ctx) -> OfModel + Sync);

/// Why a model gave no scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failed {
    /// It was not run, or stopped on its way, for lack of time.
    LeftOut(String),
    /// It ended in an error.
    Error(String),
}

/// Forecasts the models as far as the limits ask for it, and fits those that fit in.
///
/// # Errors
/// [`Cancelled`] if the run is interrupted.
pub(crate) fn run(
    models: &[Box<dyn Configured>],
    sample: &Sample,
    limits: &Limits,
    ask: Ask<'_>,
    ctx: &Ctx,
    observer: &dyn Observer,
) -> Result<Vec<Run>, Cancelled> {
    let ends = limits.deadline.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds));
    let mut ctx = announced(models, ctx);
    let (forecasts, left_out) = plan(models, sample, limits, &ctx, observer)?;
    if let Some(ends) = ends {
        ctx = ctx.until(ends);
    }
    let done: Mutex<Vec<Option<Run>>> = Mutex::new(models.iter().map(|_| None).collect());
    let keep = |at: usize, run: Run| {
        done.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(run);
    };
    let fit = |at: usize| {
        let run = one(models[at].as_ref(), &forecasts[at], sample, ask, (&ctx, observer));
        keep(at, run);
    };
    let fit_alone = |at: usize| {
        memory::forget_peak();
        let run = one(models[at].as_ref(), &forecasts[at], sample, ask, (&ctx, observer));
        keep(at, Run { peak_memory: memory::recent_peak(), ..run });
    };
    let heavy = |at: usize| models[at].guess(Shape::of(sample)) >= LIGHT;
    let wanted = |at: &usize| left_out[*at].is_none();
    let light: Vec<usize> = (0..models.len()).filter(wanted).filter(|&at| !heavy(at)).collect();
    let heavy: Vec<usize> = (0..models.len()).filter(wanted).filter(|&at| heavy(at)).collect();
    on_threads(ctx.threads(), &light, &fit);
    on_threads(1, &heavy, &fit_alone);
    ctx_interrupted(&ctx)?;
    for (at, why) in left_out.into_iter().enumerate() {
        if let Some(why) = why {
            observer.model_done(models[at].card().id, Some(&why), 0.0);
            let forecast = forecasts[at].clone();
            let scores = Err(Failed::LeftOut(why));
            let run = Run { seconds: 0.0, forecast, ..Run::without(scores) };
            keep(at, run);
        }
    }
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(done.into_iter().map(|run| run.expect("every model was run or left out")).collect())
}

/// The context of a run of these models.
fn announced(models: &[Box<dyn Configured>], ctx: &Ctx) -> Ctx {
    ctx.clone().expecting_neighbours(models.iter().map(|m| m.neighbours()).max().unwrap_or(0))
}

/// An interrupt ends the run; a deadline only its models.
fn ctx_interrupted(ctx: &Ctx) -> Result<(), Cancelled> {
    if ctx.is_interrupted() { Err(Cancelled) } else { Ok(()) }
}

/// For every model what is foreseen, and why it is left out if it is.
pub(crate) type Plan = (Vec<Forecast>, Vec<Option<String>>);

/// Decides which models run.
///
/// # Errors
/// [`Cancelled`] if the run is interrupted.
pub(crate) fn plan(
    models: &[Box<dyn Configured>],
    sample: &Sample,
    limits: &Limits,
    ctx: &Ctx,
    observer: &dyn Observer,
) -> Result<Plan, Cancelled> {
    let begin = Instant::now();
    let shape = Shape::of(sample);
    if !limits.forecast {
        let stated = models.iter().map(|m| forecast::stated(m.as_ref(), shape)).collect();
        return Ok((stated, vec![None; models.len()]));
    }
    let most = limits.deadline.map_or(limits.max_seconds, |d| d.min(limits.max_seconds));
    let ctx = announced(models, ctx);
    let forecasts = forecast::forecast(models, sample, most, &ctx, observer)?;
    let mut left_out: Vec<Option<String>> = forecasts
        .iter()
        .map(|f| {
            // The seconds are a clock's; they are told beside the reason, not in it.
            let over = f.seconds > limits.max_seconds;
            over.then(|| {
                format!("expected to take more than {} s (--max-seconds)", limits.max_seconds)
            })
        })
        .collect();
    if let Some(deadline) = limits.deadline {
        // The most models are run when the shortest come first.
        let mut left = deadline - begin.elapsed().as_secs_f64();
        let mut order: Vec<usize> = (0..models.len()).filter(|&i| left_out[i].is_none()).collect();
        order.sort_by(|&a, &b| forecasts[a].seconds.total_cmp(&forecasts[b].seconds));
        for at in order {
            left -= forecasts[at].seconds;
            if left < 0.0 {
                left_out[at] = Some(format!("does not fit into the deadline of {deadline} s"));
            }
        }
    }
    Ok((forecasts, left_out))
}

/// Does every piece of `work` once, on as many threads.
fn on_threads(threads: usize, work: &[usize], each: &(impl Fn(usize) + Sync)) {
    let next = AtomicUsize::new(0);
    let loop_over = || {
        while let Some(&at) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            each(at);
        }
    };
    std::thread::scope(|scope| {
        for i in 0..threads.min(work.len()) {
            let builder = std::thread::Builder::new().name(format!("lanner-model-{i}"));
            // Where the system has no further thread to give, those that run do the work.
            let _ = builder.stack_size(STACK).spawn_scoped(scope, loop_over);
        }
    });
    // All of it, should no thread at all have started.
    loop_over();
}

/// Fits one model and contains whatever happens in it.
fn one(
    model: &dyn Configured,
    forecast: &Forecast,
    sample: &Sample,
    ask: Ask<'_>,
    (ctx, observer): (&Ctx, &dyn Observer),
) -> Run {
    let id = model.card().id;
    let ctx = ctx.for_model(id);
    observer.model_started(id, ctx.progress());
    let start = Instant::now();
    let fitted = contained(|| {
        ctx.check()?;
        model.fit(sample, &ctx)
    });
    let seconds = start.elapsed().as_secs_f64();
    let run = match fitted {
        Ok(model) => {
            let model = model.as_fitted();
            let (scores, notes) = (Ok(model.own_scores().to_vec()), model.notes());
            // A model that cannot say why it votes has voted all the same.
            let shares = contained(|| Ok(ask(model, &ctx))).unwrap_or_default();
            Run { notes, shares, ..Run::without(scores) }
        }
        Err(_) if ctx.is_overdue() => {
            Run::without(Err(Failed::LeftOut("stopped at the deadline".to_owned())))
        }
        Err(error) => Run::without(Err(Failed::Error(error))),
    };
    let error = run.scores.as_ref().err().map(Failed::text);
    observer.model_done(id, error, seconds);
    Run { seconds, forecast: forecast.clone(), ..run }
}

impl Run {
    /// Nothing but scores.
    fn without(scores: Result<Vec<f64>, Failed>) -> Self {
        Self {
            scores,
            seconds: 0.0,
            peak_memory: None,
            forecast: Forecast::none(),
            notes: Vec::new(),
            shares: OfModel::new(),
        }
    }
}

impl Failed {
    /// The reason in words.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::LeftOut(why) | Self::Error(why) => why,
        }
    }
}

/// Runs a fit and turns an error or a panic into words.
pub(crate) fn contained<R>(fit: impl FnOnce() -> Result<R, FitError>) -> Result<R, String> {
    match catch_unwind(AssertUnwindSafe(fit)) {
        Ok(Ok(fitted)) => Ok(fitted),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => Err(format!("internal error: {}", message(panic.as_ref()))),
    }
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Basis;
    use lanner_detect::{Card, Kind, Randomness, Saved, Scorer};
    use lanner_frame::Matrix;

    static CARD: Card = Card {
        id: "TEST",
        title: "A model for this test",
        kind: Kind::Numeric,
        idea: "",
        formula: "",
        params: &[],
        randomness: Randomness::None,
        cost: "",
        blind_to: "",
        source: "",
        departs: "",
        default: false,
    };

    enum Act {
        Panic,
        Fail,
        Score,
        /// Says that it takes long.
        Heavy,
    }

    struct Model(Vec<f64>);

    impl Fitted for Model {
        fn own_scores(&self) -> &[f64] {
            &self.0
        }
        fn scorer(&self) -> Option<&dyn Scorer> {
            None
        }
        fn columns(&self) -> usize {
            1
        }
        fn check(&self) -> Result<(), &'static str> {
            Ok(())
        }
    }

    impl Saved for Model {
        fn encode(&self) -> Vec<u8> {
            Vec::new()
        }
        fn as_fitted(&self) -> &dyn Fitted {
            self
        }
    }

    impl Configured for Act {
        fn card(&self) -> &'static Card {
            &CARD
        }
        fn params(&self) -> serde_json::Value {
            serde_json::Value::Null
        }
        fn neighbours(&self) -> usize {
            0
        }
        fn guess(&self, _shape: Shape) -> f64 {
            if let Self::Heavy = self { 5.0 } else { 0.0 }
        }
        fn fit(&self, x: &Sample, _ctx: &Ctx) -> Result<Box<dyn Saved>, FitError> {
            match self {
                Self::Panic => panic!("a planted panic"),
                Self::Fail => Err(FitError::TooFewRows { need: 9, have: x.total() }),
                Self::Score | Self::Heavy => Ok(Box::new(Model(vec![1.0; x.rows()]))),
            }
        }
    }

    fn sample(rows: u32) -> Sample {
        let x: Vec<[f64; 1]> = (0..rows).map(|i| [f64::from(i)]).collect();
        Sample::collapse(&Matrix::from_rows(&x), &vec![1; x.len()]).unwrap().0
    }

    fn nothing(_: &dyn Fitted, _: &Ctx) -> OfModel {
        OfModel::new()
    }

    fn limits(forecast: bool, max_seconds: f64, deadline: Option<f64>) -> Limits {
        Limits { forecast, max_seconds, deadline }
    }

    #[test]
    fn a_panic_and_an_error_stop_nobody_else() {
        let models: Vec<Box<dyn Configured>> = vec![
            Box::new(Act::Panic),
            Box::new(Act::Score),
            Box::new(Act::Fail),
            Box::new(Act::Heavy),
        ];
        let limits = limits(false, 60.0, None);
        let runs =
            run(&models, &sample(2), &limits, &nothing, &Ctx::small(1), &crate::Silent).unwrap();
        let error = |i: usize| runs[i].scores.clone().unwrap_err();
        assert_eq!(error(0), Failed::Error("internal error: a planted panic".to_owned()));
        assert_eq!(error(2), Failed::Error("needs at least 9 rows, there are 2".to_owned()));
        assert_eq!(runs[1].scores, Ok(vec![1.0, 1.0]));
        assert_eq!(runs[3].scores, Ok(vec![1.0, 1.0]));
    }

    #[test]
    fn only_heavy_models_are_tried_and_only_slow_ones_left_out() {
        let models: Vec<Box<dyn Configured>> = vec![Box::new(Act::Score), Box::new(Act::Heavy)];
        let limits = limits(true, 60.0, None);
        let (forecasts, left_out) =
            plan(&models, &sample(2000), &limits, &Ctx::small(1), &crate::Silent).unwrap();
        assert_eq!(forecasts[0].basis, Basis::NotNeeded);
        assert_eq!(forecasts[1].basis, Basis::Trials);
        assert!(forecasts[1].samples.len() >= 3, "{:?}", forecasts[1]);
        assert_eq!(left_out, [None, None]);
        let strict = Limits { max_seconds: 1e-9, ..limits };
        let runs =
            run(&models, &sample(2000), &strict, &nothing, &Ctx::small(1), &crate::Silent).unwrap();
        assert!(
            matches!(&runs[1].scores, Err(Failed::LeftOut(why)) if why.contains("--max-seconds"))
        );
    }

    #[test]
    fn a_past_deadline_leaves_models_out_and_is_no_interrupt() {
        let models: Vec<Box<dyn Configured>> = vec![Box::new(Act::Score), Box::new(Act::Heavy)];
        let limits = limits(true, 60.0, Some(0.0));
        let runs =
            run(&models, &sample(200), &limits, &nothing, &Ctx::small(1), &crate::Silent).unwrap();
        for run in runs {
            assert!(matches!(run.scores, Err(Failed::LeftOut(why)) if why.contains("deadline")));
        }
    }
}
