//! The model of detectors that add up, over columns, how far out a value lies in its column's tails.
//!
//! For a value v of column j, with F the share of the N fitted rows, copies counted:
//!
//! ```text
//! left(v)    = -ln F(x_j <= v)
//! right(v)   = -ln F(x_j >= v)
//! leaning(v) = left where column j is skewed to the left, right where to the right, their sum where neither
//! ```
//!
//! A value beyond all fitted ones has no row on its outer side; it is taken as though one row of N + 1
//! were there (the value itself), so the tail is ln(N + 1), more than any fitted value has.

use crate::{FitError, Fitted, Scorer};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::{ecdf::Ecdf, moments::skewness};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How far out a value lies in its column, in nats.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tails {
    /// In the left tail.
    pub(crate) left: f64,
    /// In the right tail.
    pub(crate) right: f64,
    /// In the tail that the column's skewness points to, or in both.
    pub(crate) leaning: f64,
}

/// A sum over columns of what a detector makes of the tails.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    columns: Vec<Column>,
    own: Vec<f64>,
}

/// One column: m distinct values, and 2 m + 1 terms, for the gap below the first value, the value, the
/// gap above it, and so on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Column {
    values: Vec<f64>,
    terms: Vec<f64>,
}

impl Model {
    /// Fits it; `term` makes one number of the tails.
    pub(crate) fn fit(x: &Sample, term: fn(Tails) -> f64, ctx: &Ctx) -> Result<Self, FitError> {
        let fitted: Vec<(Column, Vec<u32>)> = ctx.parallel(|| {
            let columns = (0..x.columns()).into_par_iter();
            columns
                .map(|j| {
                    ctx.check()?;
                    let (ecdf, place) = Ecdf::ranked(&x.x().column(j), x.copies());
                    ctx.check()?;
                    Ok((Column::new(ecdf, term), place))
                })
                .collect::<Result<_, FitError>>()
        })?;
        let mut own = vec![0.0; x.rows()];
        let mut columns = Vec::with_capacity(fitted.len());
        for (column, place) in fitted {
            ctx.check()?;
            for (score, &k) in own.iter_mut().zip(&place) {
                *score += column.terms[2 * k as usize + 1];
            }
            columns.push(column);
        }
        Ok(Self { columns, own })
    }
}

impl Column {
    fn new(ecdf: Ecdf, term: fn(Tails) -> f64) -> Self {
        let skew = skewness(&ecdf.masses());
        let total = ecdf.total();
        let outside = (total as f64 + 1.0).ln();
        let surprise = |rows: u64| (total as f64 / rows as f64).ln();
        let of = |left: f64, right: f64| {
            let leaning = match skew {
                s if s < 0.0 => left,
                s if s > 0.0 => right,
                _ => left + right,
            };
            term(Tails { left, right, leaning })
        };
        let mut terms = Vec::with_capacity(2 * ecdf.values().len() + 1);
        let mut left_below = outside;
        for k in 0..ecdf.values().len() {
            let (left, right) = (surprise(ecdf.upto(k)), surprise(total - ecdf.before(k)));
            terms.push(of(left_below, right));
            terms.push(of(left, right));
            left_below = left;
        }
        terms.push(of(left_below, outside));
        Self { values: ecdf.into_values(), terms }
    }

    fn term(&self, v: f64) -> f64 {
        let below = self.values.partition_point(|&u| u < v);
        let equal = self.values.get(below) == Some(&v);
        self.terms[2 * below + usize::from(equal)]
    }
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn columns(&self) -> usize {
        self.columns.len()
    }

    fn check(&self) -> Result<(), &'static str> {
        let whole = |c: &Column| !c.values.is_empty() && c.terms.len() == 2 * c.values.len() + 1;
        if !self.columns.iter().all(whole) {
            return Err("a column has not the terms of its values");
        }
        Ok(())
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        self.columns.iter().zip(row).map(|(c, &v)| c.term(v)).sum()
    }

    fn shares(&self, row: &[f64], out: &mut [f64]) -> bool {
        for ((share, c), &v) in out.iter_mut().zip(&self.columns).zip(row) {
            *share = c.term(v);
        }
        true
    }
}
