//! Laws of interruption.

use super::{SEED, default_of, fit, for_each_detector, tables};
use lanner_detect::FitError;
use lanner_frame::{Cancel, Ctx, Workers};
use lanner_testkit::Table;
use std::sync::mpsc;
use std::time::{Duration, Instant};

#[test]
fn an_interrupted_run_starts_nothing() {
    let [codes, _] = tables();
    let (sample, _) = codes.sample();
    for_each_detector(|entry| {
        let cancel = Cancel::default();
        let ctx = Ctx::new(Workers::new(1).unwrap(), cancel.clone(), SEED);
        let model = fit(entry, &codes);
        cancel.raise();
        let result = default_of(entry).fit(&sample, &ctx);
        assert!(matches!(result, Err(FitError::Cancelled(_))), "it was fitted all the same");
        if let Some(scorer) = model.as_fitted().scorer() {
            let result = scorer.score_all(&codes.x, &ctx);
            assert!(matches!(result, Err(FitError::Cancelled(_))), "it scored all the same");
        }
    });
}

#[test]
fn a_running_fit_ends_within_a_second() {
    let table = Table::clouds(SEED, 20_000, 5);
    let (sample, _) = table.sample();
    for_each_detector(|entry| {
        let cancel = Cancel::default();
        let ctx = Ctx::new(Workers::new(2).unwrap(), cancel.clone(), SEED);
        let (done, finished) = mpsc::channel();
        std::thread::scope(|scope| {
            let (sample, ctx) = (&sample, &ctx);
            scope.spawn(move || {
                let result = default_of(entry).fit(sample, ctx).map(drop);
                done.send((result, Instant::now())).expect("the test waits");
            });
            // Interrupts it on its way, unless it is through before.
            if finished.recv_timeout(Duration::from_millis(30)).is_ok() {
                return;
            }
            let raised = Instant::now();
            cancel.raise();
            let (result, ended) = finished.recv().expect("the fit ends");
            assert!(matches!(result, Ok(()) | Err(FitError::Cancelled(_))), "{result:?}");
            let took = ended.saturating_duration_since(raised);
            assert!(took < Duration::from_secs(1), "it went on for {took:?}");
        });
    });
}
