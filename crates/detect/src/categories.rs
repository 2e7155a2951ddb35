//! Columns of category codes, and the model of detectors that add up a term for each value.

use crate::{FitError, Fitted, Part, Scorer};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::levels::Levels;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The values of a column, and the number of each row's value.
pub(crate) type Numbered = (Levels, Vec<u32>);

/// Numbers the values of every column.
///
/// # Errors
/// When cancelled.
pub(crate) fn numbered(x: &Sample, ctx: &Ctx) -> Result<Vec<Numbered>, FitError> {
    ctx.parallel(|| {
        let columns = (0..x.columns()).into_par_iter();
        columns
            .map(|j| {
                ctx.check()?;
                Ok(Levels::ranked(&x.x().column(j), x.copies()))
            })
            .collect()
    })
}

/// A column with a term for each of its values, and one for any other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Column {
    levels: Levels,
    terms: Vec<f64>,
    unseen: f64,
}

impl Column {
    /// `terms` has one number for each value, in the order of the levels.
    pub(crate) fn new(levels: Levels, terms: Vec<f64>, unseen: f64) -> Self {
        Self { levels, terms, unseen }
    }

    /// The number of a value, if it is one of the column's.
    pub(crate) fn find(&self, value: f64) -> Option<u32> {
        self.levels.find(value)
    }

    /// The term of the value with this number, or of one that is not there.
    pub(crate) fn term(&self, number: Option<u32>) -> f64 {
        number.map_or(self.unseen, |k| self.terms[k as usize])
    }

    /// Number of distinct values.
    pub(crate) fn count(&self) -> usize {
        self.levels.count()
    }

    /// Whether every value has its term.
    pub(crate) fn is_whole(&self) -> bool {
        self.levels.is_whole() && self.terms.len() == self.levels.count()
    }
}

/// A sum over columns of the terms of a row's values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    columns: Vec<Column>,
    own: Vec<f64>,
}

impl Model {
    /// Fits it where a value's term follows from the rows of the column's values; `terms` gives one for
    /// each, and that of a value which is not there.
    pub(crate) fn fit(
        x: &Sample,
        terms: fn(&[u64]) -> (Vec<f64>, f64),
        ctx: &Ctx,
    ) -> Result<Self, FitError> {
        let columns = numbered(x, ctx)?.into_iter().map(|(levels, place)| {
            let (terms, unseen) = terms(levels.rows());
            (Column::new(levels, terms, unseen), place)
        });
        Self::new(columns, x.rows(), ctx)
    }

    /// Of columns with the numbers of the rows' values.
    pub(crate) fn new(
        columns: impl Iterator<Item = (Column, Vec<u32>)>,
        rows: usize,
        ctx: &Ctx,
    ) -> Result<Self, FitError> {
        let mut model = Self { columns: Vec::new(), own: vec![0.0; rows] };
        for (column, place) in columns {
            ctx.check()?;
            for (score, &k) in model.own.iter_mut().zip(&place) {
                *score += column.terms[k as usize];
            }
            model.columns.push(column);
        }
        Ok(model)
    }

    fn terms(&self, row: &[f64]) -> impl Iterator<Item = f64> {
        self.columns.iter().zip(row).map(|(column, &v)| column.term(column.find(v)))
    }
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn parts(&self) -> Vec<Part> {
        let of = |column: &Column| {
            let rows = column.levels.rows().iter().map(|&r| r as f64).collect();
            [
                Part::list("values", column.levels.values().to_vec()),
                Part::list("rows", rows),
                Part::list("terms", column.terms.clone()),
            ]
        };
        self.columns.iter().flat_map(of).collect()
    }

    fn columns(&self) -> usize {
        self.columns.len()
    }

    fn check(&self) -> Result<(), &'static str> {
        if !self.columns.iter().all(Column::is_whole) {
            return Err("a column has not the terms of its values");
        }
        Ok(())
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        self.terms(row).fold(0.0, |sum, term| sum + term)
    }

    fn shares(&self, row: &[f64], out: &mut [f64]) -> bool {
        for (share, term) in out.iter_mut().zip(self.terms(row)) {
            *share = term;
        }
        true
    }
}
