//! What a running detector is given besides its rows: seed, threads, cancellation, shared results.

use crate::Rng;
use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A flag that any thread may raise to end the work.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

/// The work was ended on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Cancelled;

impl Cancel {
    /// Asks the work to end.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Says whether the work was asked to end.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Fails once the work was asked to end; cheap enough for every block of work.
    ///
    /// # Errors
    /// [`Cancelled`] after [`Cancel::raise`].
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_raised() { Err(Cancelled) } else { Ok(()) }
    }
}

/// How far a piece of work is, 0 to 1, readable from another thread.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Records that `done` of `total` steps are done.
    pub fn set(&self, done: usize, total: usize) {
        let share = done as f64 / total.max(1) as f64;
        self.0.store(share.to_bits(), Ordering::Relaxed);
    }

    /// The share done, 0 to 1.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// The threads of a run.
#[derive(Debug, Clone)]
pub struct Workers(Arc<rayon::ThreadPool>);

impl Workers {
    /// Starts `threads` workers; 0 means one for each core.
    ///
    /// # Errors
    /// If the system refuses to start a thread.
    pub fn new(threads: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(8 << 20)
            .thread_name(|i| format!("lanner-{i}"))
            .build()?;
        Ok(Self(Arc::new(pool)))
    }

    /// Number of threads.
    pub fn count(&self) -> usize {
        self.0.current_num_threads()
    }

    /// Runs `work` on the workers, so that its parallel iterators use them.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.0.install(work)
    }
}

type SharedKey = (TypeId, String);
type SharedCell = Arc<Mutex<Option<Arc<dyn Any + Send + Sync>>>>;

/// Results that several detectors need, computed once. One for each sample.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<BTreeMap<SharedKey, SharedCell>>>);

/// What a detector is given besides its rows.
///
/// It holds facts of the run and results of kernels; it never grows a field named after a detector.
#[derive(Clone)]
pub struct Ctx {
    workers: Workers,
    cancel: Cancel,
    progress: Progress,
    seed: u64,
    neighbours: usize,
    deadline: Option<Instant>,
    shared: Shared,
}

impl Ctx {
    /// Starts the context of a run over one sample.
    pub fn new(workers: Workers, cancel: Cancel, seed: u64) -> Self {
        let (progress, shared) = (Progress::default(), Shared::default());
        Self { workers, cancel, progress, seed, neighbours: 0, deadline: None, shared }
    }

    /// A context with one worker, for tests and small work.
    ///
    /// # Panics
    /// If the system refuses to start a thread.
    pub fn small(seed: u64) -> Self {
        Self::new(Workers::new(1).expect("one thread starts"), Cancel::default(), seed)
    }

    /// Says how many neighbours the models of this run will ask for at most, so that one graph serves.
    #[must_use]
    pub fn expecting_neighbours(mut self, k: usize) -> Self {
        self.neighbours = k;
        self
    }

    /// The largest number of neighbours that any model of this run was announced to need.
    pub fn expected_neighbours(&self) -> usize {
        self.neighbours
    }

    /// Ends the work at a moment, as an interrupt would.
    #[must_use]
    pub fn until(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Says whether the moment given to [`Ctx::until`] is past.
    pub fn is_overdue(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The same run over other rows: nothing shared with the models of these.
    #[must_use]
    pub fn for_other_rows(&self) -> Self {
        Self { shared: Shared::default(), ..self.clone() }
    }

    /// The context of one model of the run: its own seed and progress, the shared results kept.
    #[must_use]
    pub fn for_model(&self, id: &str) -> Self {
        // FNV-1a (Fowler, Noll and Vo) of the id, so that a model draws the same numbers whoever
        // runs beside it.
        let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
        });
        let seed = Rng::new(self.seed, hash).next_u64();
        Self { seed, progress: Progress::default(), ..self.clone() }
    }

    /// The random stream numbered `stream` of this model: one for each tree, cut or start, so that
    /// they may be drawn in parallel.
    pub fn rng(&self, stream: u64) -> Rng {
        Rng::new(self.seed, stream)
    }

    /// Runs `work` on the run's threads: rayon's parallel iterators inside it use them.
    ///
    /// Keep only parallel loops inside; a result must not depend on the number of threads, so sum
    /// floats in fixed chunks and in a fixed order.
    pub fn parallel<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.workers.run(work)
    }

    /// Number of threads of the run.
    pub fn threads(&self) -> usize {
        self.workers.count()
    }

    /// Fails once the run was asked to end. Call it at least every few hundred milliseconds of work.
    ///
    /// # Errors
    /// [`Cancelled`] after an interrupt, or once the work is overdue.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_overdue() { Err(Cancelled) } else { self.cancel.check() }
    }

    /// Says whether the run was interrupted; a deadline is no interrupt.
    pub fn is_interrupted(&self) -> bool {
        self.cancel.is_raised()
    }

    /// Records that `done` of `total` steps of this model are done.
    pub fn step(&self, done: usize, total: usize) {
        self.progress.set(done, total);
    }

    /// The progress of this model.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Gives the result named `key`, computing it the first time it is asked for.
    ///
    /// Another model that asks meanwhile waits. An error is not kept: the next one tries again.
    ///
    /// # Errors
    /// What `make` fails with.
    pub fn shared<T, E>(&self, key: &str, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
    {
        let cell = {
            let mut cells = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry((TypeId::of::<T>(), key.to_owned())).or_default())
        };
        let mut slot = cell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = slot.as_ref().and_then(|any| Arc::clone(any).downcast::<T>().ok()) {
            return Ok(found);
        }
        let made = Arc::new(make()?);
        *slot = Some(Arc::clone(&made) as Arc<dyn Any + Send + Sync>);
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_results_are_made_once_and_errors_are_not_kept() {
        let ctx = Ctx::small(1);
        assert_eq!(ctx.shared::<u32, &str>("a", || Err("no")).unwrap_err(), "no");
        assert_eq!(*ctx.shared::<u32, &str>("a", || Ok(3)).unwrap(), 3);
        assert_eq!(*ctx.for_model("x").shared::<u32, &str>("a", || Ok(4)).unwrap(), 3);
    }

    #[test]
    fn models_draw_their_own_numbers() {
        let ctx = Ctx::small(1);
        let first = |id: &str| ctx.for_model(id).rng(0).next_u64();
        assert_ne!(first("KNN"), first("LOF"));
        assert_eq!(first("KNN"), first("KNN"));
    }
}
