//! The rows whose multipliers are being changed, and one step of the optimisation.

use super::cache::{Cache, gathered};
use super::kernel::Kernel;
use crate::lanes::LANES;
use lanner_frame::{Ctx, Matrix};
use rayon::prelude::*;

/// One number for each of eight rows.
type Group = [f64; LANES];

/// Stands for a curvature that is not positive, as in the reference.
const FLAT: f64 = 1e-12;
/// From so many groups on, a kernel row is computed on all threads.
const PARALLEL: usize = 2048;

/// The active rows in groups of eight, the last one filled up with rows that cannot move.
pub(super) struct Active {
    /// Number of each in the sample, ascending.
    pub(super) rows: Vec<u32>,
    /// Multipliers.
    alpha: Vec<Group>,
    /// What a multiplier may reach.
    cap: Vec<Group>,
    /// The kernel sum with all multipliers at each row.
    gradient: Vec<Group>,
    /// Kernel of each row with itself.
    diagonal: Vec<Group>,
    /// Features, d groups for each group of rows.
    features: Vec<Group>,
    cache: Cache,
}

/// How far the active rows are from the optimum.
pub(super) struct Gap {
    /// The row with the lowest gradient among those that may grow.
    grow: usize,
    /// That gradient.
    lowest: f64,
    /// The highest gradient among the rows that may shrink.
    highest: f64,
}

impl Gap {
    /// By how much the optimality condition is missed; not above 0 at the optimum.
    pub(super) fn width(&self) -> f64 {
        self.highest - self.lowest
    }
}

impl Active {
    /// All rows, with the gradients that go with the multipliers.
    pub(super) fn all(
        x: &Matrix,
        copies: &[u64],
        kernel: &Kernel,
        alpha: &[f64],
        gradient: &[f64],
    ) -> Self {
        let (n, d) = (x.rows(), x.columns());
        let mut features = vec![[0.0; LANES]; n.div_ceil(LANES) * d];
        for (i, row) in x.iter_rows().enumerate() {
            for (j, &v) in row.iter().enumerate() {
                features[i / LANES * d + j][i % LANES] = v;
            }
        }
        let itself = x.iter_rows().map(|row| kernel.of(row.as_chunks::<1>().0, row)[0]);
        let rows: Vec<u32> = (0..n as u32).collect();
        Self {
            alpha: grouped(alpha.iter().copied()),
            cap: grouped(copies.iter().map(|&c| c as f64)),
            gradient: grouped(gradient.iter().copied()),
            diagonal: grouped(itself),
            features,
            cache: Cache::new(n),
            rows,
        }
    }

    /// Multiplier and gradient of each active row.
    pub(super) fn state(&self) -> impl Iterator<Item = (u32, f64, f64)> {
        let pairs = self.alpha.as_flattened().iter().zip(self.gradient.as_flattened());
        self.rows.iter().zip(pairs).map(|(&row, (&alpha, &gradient))| (row, alpha, gradient))
    }

    /// Finds the gap between the rows that may grow and those that may shrink.
    pub(super) fn gap(&self) -> Gap {
        let mut highest = [f64::NEG_INFINITY; LANES];
        let (most, grow) = best(self.gradient.len(), |g| {
            let (gradient, alpha, cap) = (&self.gradient[g], &self.alpha[g], &self.cap[g]);
            for l in 0..LANES {
                let may_shrink = if alpha[l] > 0.0 { gradient[l] } else { f64::NEG_INFINITY };
                highest[l] = if may_shrink > highest[l] { may_shrink } else { highest[l] };
            }
            std::array::from_fn(
                |l| if alpha[l] < cap[l] { -gradient[l] } else { f64::NEG_INFINITY },
            )
        });
        let highest = highest.into_iter().fold(f64::NEG_INFINITY, f64::max);
        Gap { grow, lowest: -most, highest }
    }

    /// Moves as much as pays from the row that gains most by it to the row that may grow; `false` if
    /// that changes nothing any more.
    pub(super) fn step(&mut self, gap: &Gap, kernel: &Kernel, x: &Matrix, ctx: &Ctx) -> bool {
        let i = gap.grow;
        let own = self.fetch(i, kernel, x, ctx);
        let own = self.cache.row(own);
        let (curved, here) = (self.diagonal.as_flattened()[i], gap.lowest);
        let (gain, j) = best(self.gradient.len(), |g| {
            let (gradient, alpha) = (&self.gradient[g], &self.alpha[g]);
            std::array::from_fn(|l| {
                let slope = gradient[l] - here;
                let curvature = curved + self.diagonal[g][l] - 2.0 * own[g][l];
                let curvature = if curvature > 0.0 { curvature } else { FLAT };
                if alpha[l] > 0.0 && slope > 0.0 { slope * slope / curvature } else { 0.0 }
            })
        });
        if gain <= 0.0 {
            return false;
        }
        let between = own.as_flattened()[j];
        let curvature = curved + self.diagonal.as_flattened()[j] - 2.0 * between;
        let curvature = if curvature > 0.0 { curvature } else { FLAT };
        let slope = self.gradient.as_flattened()[j] - here;
        let (alpha, cap) = (self.alpha.as_flattened_mut(), self.cap.as_flattened());
        let (room, stock) = (cap[i] - alpha[i], alpha[j]);
        let moved = (slope / curvature).min(room).min(stock);
        // A bound that is reached is met exactly, so that the row counts as bound. What is left of a
        // multiplier may be too little to show in the other: taking it away is progress all the same.
        let grown = if moved == room { cap[i] } else { alpha[i] + moved };
        let left = stock - moved;
        if grown == alpha[i] && left == stock {
            return false;
        }
        (alpha[i], alpha[j]) = (grown, left);
        let (to, from) = (self.fetch(i, kernel, x, ctx), self.fetch(j, kernel, x, ctx));
        let rows = self.cache.row(to).iter().zip(self.cache.row(from));
        for (gradient, (to, from)) in self.gradient.iter_mut().zip(rows) {
            for l in 0..LANES {
                gradient[l] += moved * (to[l] - from[l]);
            }
        }
        true
    }

    /// Takes out the rows at a bound that the gap holds there, if they are an eighth or more; gives
    /// them with their multipliers.
    pub(super) fn shrink(&mut self, gap: &Gap, columns: usize) -> Vec<(u32, f64)> {
        let (alpha, cap) = (self.alpha.as_flattened(), self.cap.as_flattened());
        let gradient = self.gradient.as_flattened();
        let stays = |&k: &u32| {
            let k = k as usize;
            let empty = alpha[k] <= 0.0 && gradient[k] > gap.highest;
            let full = alpha[k] >= cap[k] && gradient[k] < gap.lowest;
            !(empty || full)
        };
        let (kept, taken): (Vec<u32>, Vec<u32>) = (0..self.rows.len() as u32).partition(stays);
        if kept.len() < 2 || taken.len() < self.rows.len() / 8 {
            return Vec::new();
        }
        let taken = taken.into_iter().map(|k| (self.rows[k as usize], alpha[k as usize])).collect();
        let mut features = vec![[0.0; LANES]; kept.len().div_ceil(LANES) * columns];
        for (new, &old) in kept.iter().enumerate() {
            for j in 0..columns {
                let old = old as usize;
                features[new / LANES * columns + j][new % LANES] =
                    self.features[old / LANES * columns + j][old % LANES];
            }
        }
        self.features = features;
        for part in [&mut self.alpha, &mut self.cap, &mut self.gradient, &mut self.diagonal] {
            *part = gathered(part, &kept);
        }
        self.rows = kept.iter().map(|&k| self.rows[k as usize]).collect();
        self.cache.keep(&kept);
        taken
    }

    /// The slot of an active row's kernel row.
    fn fetch(&mut self, row: usize, kernel: &Kernel, x: &Matrix, ctx: &Ctx) -> usize {
        let point = x.row(self.rows[row] as usize);
        let (features, groups) = (&self.features, self.gradient.len());
        self.cache.fetch(row, |values| {
            values.resize(groups, [0.0; LANES]);
            let fill =
                |(value, columns): (&mut Group, &[Group])| *value = kernel.of(columns, point);
            if groups < PARALLEL {
                values.iter_mut().zip(features.chunks_exact(point.len())).for_each(fill);
            } else {
                let columns = features.par_chunks_exact(point.len());
                let pairs = values.par_iter_mut().zip(columns).with_min_len(PARALLEL / 8);
                ctx.parallel(|| pairs.for_each(fill));
            }
        })
    }
}

/// Values in groups of eight, filled up with zeros.
fn grouped(values: impl ExactSizeIterator<Item = f64>) -> Vec<Group> {
    let mut out = vec![[0.0; LANES]; values.len().div_ceil(LANES)];
    out.as_flattened_mut().iter_mut().zip(values).for_each(|(out, v)| *out = v);
    out
}

/// The largest of the values of so many groups, and its place.
fn best(groups: usize, mut values: impl FnMut(usize) -> Group) -> (f64, usize) {
    // Lane by lane, without branches.
    let (mut most, mut at) = ([f64::NEG_INFINITY; LANES], [0_u64; LANES]);
    for g in 0..groups {
        let found = values(g);
        for l in 0..LANES {
            let better = found[l] > most[l];
            most[l] = if better { found[l] } else { most[l] };
            at[l] = if better { g as u64 } else { at[l] };
        }
    }
    let lanes = (0..LANES).reduce(|a, b| if most[b] > most[a] { b } else { a }).unwrap_or(0);
    (most[lanes], at[lanes] as usize * LANES + lanes)
}
