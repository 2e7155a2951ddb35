//! The three traits that a detector's author implements.

use crate::{Card, FitError, ParamError, Part};
use lanner_frame::{Ctx, Matrix, Sample};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::atomic::{AtomicUsize, Ordering};

/// An outlier detector: a unit struct with parameters and a fitted model.
pub trait Detector: Send + Sync + 'static {
    /// What an analyst may tune. Unknown names are refused, missing ones take their default.
    type Params: Serialize + DeserializeOwned + Default + Clone + Send + Sync;
    /// What fitting leaves behind.
    type Model: Fitted + Serialize + DeserializeOwned + 'static;

    /// What is said about it.
    const CARD: Card;

    /// Checks parameters, before any log is read.
    ///
    /// # Errors
    /// [`ParamError`] naming the parameter and what is allowed.
    fn check(params: &Self::Params) -> Result<(), ParamError>;

    /// How many neighbours it will ask of the run's Euclidean neighbour graph; 0 for none, or where it
    /// asks for a graph in another metric.
    fn neighbours(_params: &Self::Params) -> usize {
        0
    }

    /// A guess of the CPU seconds that a fit takes, rather too large than too small: where it is
    /// small, nobody needs to measure how long the fit will take.
    fn guess(params: &Self::Params, shape: Shape) -> f64;

    /// Fits the model. `params` were checked. A row with c copies counts exactly as c equal rows.
    ///
    /// # Errors
    /// [`FitError`] where the method is not defined on these rows, or when cancelled.
    fn fit(x: &Sample, params: &Self::Params, ctx: &Ctx) -> Result<Self::Model, FitError>;
}

/// How large a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Distinct rows, n.
    pub rows: usize,
    /// All rows, N.
    pub total: u64,
    /// Features, d.
    pub columns: usize,
}

impl Shape {
    /// The shape of a sample.
    pub fn of(x: &Sample) -> Self {
        Self { rows: x.rows(), total: x.total(), columns: x.columns() }
    }

    /// Distinct rows, n, as a number to count with.
    pub fn n(self) -> f64 {
        self.rows as f64
    }

    /// Features, d, as a number to count with.
    pub fn d(self) -> f64 {
        self.columns as f64
    }

    /// Number of values, n d.
    pub fn values(self) -> f64 {
        self.n() * self.d()
    }

    /// A guess of the CPU seconds that a graph of k neighbours takes.
    pub fn neighbours(self, k: usize) -> f64 {
        let tree = 6e-8 * self.values() * (self.n().log2().max(1.0) + k as f64);
        // Beyond a few features the tree spares little, and every pair is compared.
        let pairs = 1e-9 * self.values() * self.n();
        if self.columns > 8 { tree + pairs } else { tree }
    }
}

/// A fitted model. Nothing changes it any more: scoring takes `&self`.
pub trait Fitted: Send + Sync {
    /// Scores of the rows it was fitted on, n finite values in the sample's order; larger is odder.
    /// A row is never its own neighbour here, but its other copies are.
    fn own_scores(&self) -> &[f64];

    /// Scores rows that it was not fitted on; `None` where the method defines no such thing.
    fn scorer(&self) -> Option<&dyn Scorer>;

    /// Splits own score `i` into one share a feature, d values, where it is a sum; they add up to it.
    /// `row` is row `i` of those fitted on. `false`, and `out` untouched, where it is no such sum.
    ///
    /// By default what [`Scorer::shares`] says of the row. A model whose own scores are not what its
    /// scorer gives for the same rows must override this.
    ///
    /// # Panics
    /// If there is no row `i`.
    ///
    /// # Cost
    /// As scoring a new row.
    fn own_shares(&self, _i: usize, row: &[f64], out: &mut [f64]) -> bool {
        self.scorer().is_some_and(|scorer| scorer.shares(row, out))
    }

    /// Things a user should know about this fit (a column left out, an approximation in use), a
    /// sentence each.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the fit learned, for whoever wants to look inside; empty where that is the rows themselves
    /// or says nothing to a reader. O(size of the model).
    fn parts(&self) -> Vec<Part> {
        Vec::new()
    }

    /// Number of features it was fitted on, d. Checked before rows are scored.
    fn columns(&self) -> usize;

    /// Checks that a model read from a file is whole: sizes agree, every index is in range, so that
    /// scoring cannot panic or hang.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    fn check(&self) -> Result<(), &'static str>;
}

/// Scores rows against a fitted model.
pub trait Scorer: Sync {
    /// Scores one row of d finite values. A row's score never depends on the rows beside it.
    ///
    /// It is finite for every row: [`f64::MAX`] where the row is so far away that its distance
    /// overflows. (Own scores are below that: a fit that measures such a row ends in an error.)
    fn score(&self, row: &[f64]) -> f64;

    /// Scores the rows from `first` on, one for each place in `out`. Override it only where a
    /// benchmark shows that it pays; the bits stay those of [`Scorer::score`].
    fn score_block(&self, x: &Matrix, first: usize, out: &mut [f64]) {
        for (i, score) in out.iter_mut().enumerate() {
            *score = self.score(x.row(first + i));
        }
    }

    /// Scores many rows, in blocks on all threads of the run.
    ///
    /// # Errors
    /// [`FitError::Cancelled`] when the run is interrupted.
    fn score_all(&self, x: &Matrix, ctx: &Ctx) -> Result<Vec<f64>, FitError> {
        use rayon::prelude::*;
        const BLOCK: usize = 256;
        let mut scores = vec![0.0; x.rows()];
        let done = AtomicUsize::new(0);
        ctx.parallel(|| {
            scores.par_chunks_mut(BLOCK).enumerate().try_for_each(|(b, out)| {
                ctx.check()?;
                self.score_block(x, b * BLOCK, out);
                let rows = done.fetch_add(out.len(), Ordering::Relaxed) + out.len();
                ctx.step(rows, x.rows());
                Ok::<(), FitError>(())
            })
        })?;
        Ok(scores)
    }

    /// Splits a score into one share a feature, where it is a sum; they add up to the score.
    /// `false`, and `out` untouched, where it is not.
    fn shares(&self, _row: &[f64], _out: &mut [f64]) -> bool {
        false
    }

    /// Says whether shares are parts of a distance: 0 or more, and 0 in a feature in which the row is
    /// like those it is compared with. Elsewhere an ordinary value has a share too, and a share means
    /// something only beside the one of an ordinary row.
    fn shares_are_distances(&self) -> bool {
        false
    }
}
