//! Runs the models side by side; one that fails or panics never stops the rest.

use crate::Observer;
use lanner_detect::{Configured, FitError};
use lanner_frame::{Cancelled, Ctx, Sample};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Stack of a model's thread, bytes.
const STACK: usize = 16 << 20;

/// What one model gave.
#[derive(Debug)]
pub(crate) struct Run {
    /// Scores by row of the sample, or what went wrong.
    pub(crate) scores: Result<Vec<f64>, String>,
    /// Wall seconds.
    pub(crate) seconds: f64,
    /// Things to know about the fit.
    pub(crate) notes: Vec<String>,
}

/// Fits every model on `sample`, as many at a time as the run has threads.
///
/// # Errors
/// [`Cancelled`] if the run is interrupted.
pub(crate) fn run(
    models: &[Box<dyn Configured>],
    sample: &Sample,
    ctx: &Ctx,
    observer: &dyn Observer,
) -> Result<Vec<Run>, Cancelled> {
    let ctx =
        ctx.clone().expecting_neighbours(models.iter().map(|m| m.neighbours()).max().unwrap_or(0));
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Run>>> = Mutex::new(models.iter().map(|_| None).collect());
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(model) = models.get(at) else { break };
            let run = one(model.as_ref(), sample, &ctx, observer);
            done.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(run);
        }
    };
    std::thread::scope(|scope| {
        for i in 0..ctx.threads().min(models.len()) {
            let builder = std::thread::Builder::new().name(format!("lanner-model-{i}"));
            // Where the system has no further thread to give, those that run do the work.
            let _ = builder.stack_size(STACK).spawn_scoped(scope, work);
        }
    });
    // All of it, should no thread at all have started.
    work();
    ctx.check()?;
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(done.into_iter().map(|run| run.expect("every model was taken by a thread")).collect())
}

/// Fits one model and contains whatever happens in it.
fn one(model: &dyn Configured, sample: &Sample, ctx: &Ctx, observer: &dyn Observer) -> Run {
    let id = model.card().id;
    let ctx = ctx.for_model(id);
    observer.model_started(id, ctx.progress());
    let start = Instant::now();
    let fitted = catch_unwind(AssertUnwindSafe(|| match ctx.check() {
        Ok(()) => model.fit(sample, &ctx).map(|m| (m.own_scores().to_vec(), m.notes())),
        Err(e) => Err(FitError::from(e)),
    }));
    let seconds = start.elapsed().as_secs_f64();
    let (scores, notes) = match fitted {
        Ok(Ok((scores, notes))) => (Ok(scores), notes),
        Ok(Err(error)) => (Err(error.to_string()), Vec::new()),
        Err(panic) => (Err(format!("internal error: {}", message(panic.as_ref()))), Vec::new()),
    };
    observer.model_done(id, scores.as_ref().err().map(String::as_str), seconds);
    Run { scores, seconds, notes }
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_detect::{Card, Fitted, Randomness, Saved, Scorer};
    use lanner_frame::Matrix;

    static CARD: Card = Card {
        id: "TEST",
        title: "A model for this test",
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
        fn fit(&self, x: &Sample, _ctx: &Ctx) -> Result<Box<dyn Saved>, FitError> {
            match self {
                Self::Panic => panic!("a planted panic"),
                Self::Fail => Err(FitError::TooFewRows { need: 9, have: x.total() }),
                Self::Score => Ok(Box::new(Model(vec![1.0; x.rows()]))),
            }
        }
    }

    #[test]
    fn a_panic_and_an_error_stop_nobody_else() {
        let x = Matrix::from_rows(&[[1.0], [2.0]]);
        let (sample, _) = Sample::collapse(&x, &[1, 1]).unwrap();
        let models: Vec<Box<dyn Configured>> = vec![
            Box::new(Act::Panic),
            Box::new(Act::Score),
            Box::new(Act::Fail),
            Box::new(Act::Score),
        ];
        let runs = run(&models, &sample, &Ctx::small(1), &crate::Silent).unwrap();
        let error = |i: usize| runs[i].scores.clone().unwrap_err();
        assert_eq!(error(0), "internal error: a planted panic");
        assert_eq!(error(2), "needs at least 9 rows, there are 2");
        assert_eq!(runs[1].scores, Ok(vec![1.0, 1.0]));
        assert_eq!(runs[3].scores, Ok(vec![1.0, 1.0]));
    }
}
