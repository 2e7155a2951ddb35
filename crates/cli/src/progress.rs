//! What a run is doing, on a terminal: bars while it works, quiet lines when piped.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use lanner_frame::Progress;
use lanner_frame::text::shown;
use lanner_pipeline::Observer;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Time between two looks at the counters.
const TICK: Duration = Duration::from_millis(100);

/// Bars on standard error.
pub(crate) struct Bars {
    all: MultiProgress,
    lines: bool,
    state: Arc<Mutex<State>>,
    ended: Arc<AtomicBool>,
    ticker: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stage: Option<(ProgressBar, String, Option<Arc<AtomicU64>>)>,
    models: BTreeMap<String, (ProgressBar, Progress)>,
}

impl Bars {
    /// Bars on a terminal; short lines when piped; nothing with `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let all = if quiet || !terminal {
            MultiProgress::with_draw_target(ProgressDrawTarget::hidden())
        } else {
            MultiProgress::new()
        };
        let state: Arc<Mutex<State>> = Arc::default();
        let ended = Arc::new(AtomicBool::new(false));
        let (looked_at, stop) = (Arc::clone(&state), Arc::clone(&ended));
        let ticker = (terminal && !quiet).then(|| {
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    looked_at.lock().unwrap_or_else(PoisonError::into_inner).refresh();
                    std::thread::sleep(TICK);
                }
            })
        });
        Self { all, lines: !terminal && !quiet, state, ended, ticker }
    }

    /// Takes every bar off the screen.
    pub(crate) fn finish(mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(ticker) = self.ticker.take() {
            let _ = ticker.join();
        }
        let _ = self.all.clear();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, text: &str) {
        if self.lines {
            #[expect(clippy::print_stderr, reason = "quiet lines when piped")]
            {
                eprintln!("{}", shown(text));
            }
        }
    }
}

impl State {
    fn refresh(&self) {
        if let Some((bar, name, rows)) = &self.stage {
            bar.tick();
            if let Some(rows) = rows.as_ref().map(|r| r.load(Ordering::Relaxed)).filter(|&r| r > 0)
            {
                bar.set_message(format!("{name}: {} records", lanner_explain::grouped(rows)));
            }
        }
        for (bar, progress) in self.models.values() {
            bar.set_position((progress.get() * 100.0) as u64);
            bar.tick();
        }
    }
}

impl Observer for Bars {
    fn stage(&self, name: &str, rows: Option<Arc<AtomicU64>>) {
        let bar = self.all.add(ProgressBar::new_spinner());
        bar.set_style(style("{spinner:.cyan} {msg} {elapsed:.dim}"));
        bar.set_message(name.to_owned());
        if let Some((old, ..)) = self.state().stage.replace((bar, name.to_owned(), rows)) {
            old.finish_and_clear();
        }
        self.line(name);
    }

    fn model_started(&self, id: &str, progress: &Progress) {
        let bar = self.all.add(ProgressBar::new(100));
        bar.set_style(style("  {prefix:<8} {bar:30.cyan/dim} {elapsed:.dim}"));
        bar.set_prefix(id.to_owned());
        self.state().models.insert(id.to_owned(), (bar, progress.clone()));
    }

    fn model_forecast(&self, id: &str, seconds: f64) {
        if let Some((bar, _)) = self.state().models.remove(id) {
            bar.finish_and_clear();
        }
        let text = format!("  {id:<8} {seconds:8.1} s expected");
        let _ = self.all.println(&text);
        self.line(&text);
    }

    fn model_done(&self, id: &str, error: Option<&str>, seconds: f64) {
        if let Some((bar, _)) = self.state().models.remove(id) {
            bar.finish_and_clear();
        }
        let text = match error {
            None => format!("  {id:<8} {seconds:8.2} s"),
            Some(error) => format!("  {id:<8} {}", shown(error)),
        };
        let _ = self.all.println(&text);
        self.line(&text);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
