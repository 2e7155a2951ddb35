//! Sums of a function of two rows over all pairs of rows.
//!
//! Every pair is looked at once and counts for both of its rows. Rows stand in tiles
//! ([`crate::tiles`]), eight pairs are worked on at once with the widest instructions that the
//! processor has, and tiles that a box proves too far away to matter are passed over.
//!
//! Groups of tiles meet as players of a round-robin tournament do: in a round each group has one
//! partner, so the pairs of a round run in parallel and each adds to its two groups alone. The order
//! in which a row's sum grows is that of the rounds, whatever the number of threads. No operation is
//! fused or reordered for some processors, so all of them give the same bits.

#![expect(
    clippy::inline_always,
    reason = "the loops must be compiled with the instructions chosen at run time"
)]

use crate::lanes::LANES;
use crate::tiles::{GROUP, TILE, Tile, Tiles, squared_gap};
use lanner_frame::{Cancelled, Ctx};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// A symmetric function of two rows, built up field by field.
pub trait Kernel: Sync {
    /// What a pair starts with.
    const START: f64;
    /// What a pair has after one more field, with values `a` and `b`. Mark it `inline(always)`.
    fn add(&self, so_far: f64, a: f64, b: f64) -> f64;
    /// The finite values of eight pairs after their last field. Mark it `inline(always)`.
    fn values(&self, pairs: [f64; LANES]) -> [f64; LANES];
    /// Says whether rows whose squared Euclidean distance is `gap` or more may be left out.
    fn is_negligible(&self, gap: f64) -> bool;
}

/// The sum over all rows, itself included, of weight times kernel, for each row.
///
/// Sums come in the order of the tiles, n values and those of the filling rows behind them. Each is
/// off by at most 1e-12 of the sum of the sizes of its terms for up to 10^6 rows.
///
/// # Errors
/// [`Cancelled`] when the run is interrupted.
///
/// # Cost
/// O(n^2 d) time, half of all pairs; 8 bytes a row.
pub fn row_sums(tiles: &Tiles, kernel: &impl Kernel, ctx: &Ctx) -> Result<Vec<f64>, Cancelled> {
    let arch = Arch::new();
    let groups = tiles.groups();
    let mut sums: Vec<Vec<[f64; TILE]>> =
        (0..groups).map(|g| vec![[0.0; TILE]; tiles.group(g).len()]).collect();
    ctx.parallel(|| {
        sums.par_iter_mut().enumerate().try_for_each(|(group, sums)| {
            ctx.check()?;
            within(arch, tiles, kernel, group, sums);
            Ok(())
        })
    })?;
    // With an odd number of groups one of them pauses each round.
    let players = groups.next_multiple_of(2);
    for round in 0..players.saturating_sub(1) {
        let games = games(players, round).filter(|&(a, b)| a.max(b) < groups).filter(|&(a, b)| {
            !kernel.is_negligible(squared_gap(tiles.group_box(a), tiles.group_box(b)))
        });
        let mut games: Vec<_> = games
            .map(|(a, b)| (a, b, std::mem::take(&mut sums[a]), std::mem::take(&mut sums[b])))
            .collect();
        ctx.parallel(|| {
            games.par_iter_mut().try_for_each(|(a, b, of_a, of_b)| {
                ctx.check()?;
                between(arch, tiles, kernel, (*a, *b), (of_a, of_b));
                Ok(())
            })
        })?;
        for (a, b, of_a, of_b) in games {
            (sums[a], sums[b]) = (of_a, of_b);
        }
        ctx.step(round + 1, players - 1);
    }
    Ok(sums.into_iter().flatten().flatten().collect())
}

/// The sum over all rows of weight times kernel, for a row of d finite values that need not be among
/// them. O(n d).
pub fn sum_at(tiles: &Tiles, kernel: &impl Kernel, row: &[f64]) -> f64 {
    Arch::new().dispatch(At { tiles, kernel, row })
}

/// The pairs of a round: the last player stays, the others move on by one place each round.
fn games(players: usize, round: usize) -> impl Iterator<Item = (usize, usize)> {
    let circle = players - 1;
    let moving = move |i: usize| ((round + i) % circle, (round + circle - i) % circle);
    std::iter::once((circle, round)).chain((1..players / 2).map(moving))
}

/// Adds all pairs within a group.
fn within(arch: Arch, tiles: &Tiles, kernel: &impl Kernel, group: usize, sums: &mut [[f64; TILE]]) {
    let all = tiles.group(group);
    for one in all.clone() {
        let (of_one, of_others) = sums[one - all.start..].split_first_mut().expect("it is there");
        // Every row of a tile meets every row of it, so that the sums of one side are whole.
        let twice = &mut [[0.0; TILE]];
        arch.dispatch(Sweep { tiles, kernel, one, first: one, of_one, of_others: twice });
        arch.dispatch(Sweep { tiles, kernel, one, first: one + 1, of_one, of_others });
    }
}

/// Adds all pairs between two groups.
fn between(
    arch: Arch,
    tiles: &Tiles,
    kernel: &impl Kernel,
    (a, b): (usize, usize),
    (of_a, of_b): (&mut [[f64; TILE]], &mut [[f64; TILE]]),
) {
    // Summed here first: adding short sums to long ones loses less than adding single terms.
    let first = tiles.group(b).start;
    let mut parts = [[0.0; TILE]; GROUP];
    let others = &mut parts[..of_b.len()];
    for (one, of_one) in tiles.group(a).zip(of_a) {
        let mut part = [0.0; TILE];
        let of_others = &mut *others;
        arch.dispatch(Sweep { tiles, kernel, one, first, of_one: &mut part, of_others });
        of_one.iter_mut().zip(part).for_each(|(sum, p)| *sum += p);
    }
    for (sum, part) in of_b.as_flattened_mut().iter_mut().zip(parts.as_flattened()) {
        *sum += part;
    }
}

/// One tile against those from `first` on, one for each place in `of_others`.
struct Sweep<'a, K> {
    tiles: &'a Tiles,
    kernel: &'a K,
    one: usize,
    first: usize,
    of_one: &'a mut [f64; TILE],
    of_others: &'a mut [[f64; TILE]],
}

impl<K: Kernel> WithSimd for Sweep<'_, K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { tiles, kernel, one, first, of_one, of_others } = self;
        for (other, of_other) in (first..).zip(of_others) {
            if !kernel.is_negligible(squared_gap(tiles.tile_box(one), tiles.tile_box(other))) {
                meet(kernel, tiles.tile(one), tiles.tile(other), of_one, of_other);
            }
        }
    }
}

/// Adds the pairs between two tiles to the sums of both.
#[inline(always)]
fn meet<K: Kernel>(
    kernel: &K,
    a: Tile<'_>,
    b: Tile<'_>,
    of_a: &mut [f64; TILE],
    of_b: &mut [f64; TILE],
) {
    // In a place of its own the compiler sees that no sum overlaps a value it reads; twice as fast.
    let mut of_near = *of_b;
    for (i, (of_row, &weight)) in of_a.iter_mut().zip(a.weights).enumerate() {
        let row = a.columns.iter().map(|column| column[i]);
        let mut sum = [0.0; LANES];
        let weights = b.weights.as_chunks::<LANES>().0;
        let parts = of_near.as_chunks_mut::<LANES>().0.iter_mut().zip(weights);
        for (part, (of_others, weights)) in parts.enumerate() {
            let values = eight(kernel, row.clone(), b.columns, part);
            for lane in 0..LANES {
                sum[lane] += values[lane] * weights[lane];
                of_others[lane] += values[lane] * weight;
            }
        }
        *of_row += sum.iter().sum::<f64>();
    }
    *of_b = of_near;
}

/// The kernel of one row and the eight rows of a part of a tile.
#[inline(always)]
fn eight<K: Kernel>(
    kernel: &K,
    row: impl Iterator<Item = f64>,
    columns: &[[f64; TILE]],
    part: usize,
) -> [f64; LANES] {
    let mut pairs = [K::START; LANES];
    for (value, column) in row.zip(columns) {
        for (pair, &other) in pairs.iter_mut().zip(&column.as_chunks::<LANES>().0[part]) {
            *pair = kernel.add(*pair, value, other);
        }
    }
    kernel.values(pairs)
}

/// One row against all tiles.
struct At<'a, K> {
    tiles: &'a Tiles,
    kernel: &'a K,
    row: &'a [f64],
}

impl<K: Kernel> WithSimd for At<'_, K> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> f64 {
        let Self { tiles, kernel, row } = self;
        let point: Vec<[f64; 2]> = row.iter().map(|&v| [v, v]).collect();
        let mut total = 0.0;
        for group in 0..tiles.groups() {
            if kernel.is_negligible(squared_gap(tiles.group_box(group), &point)) {
                continue;
            }
            let mut sum = [0.0; LANES];
            for tile in tiles.group(group) {
                if kernel.is_negligible(squared_gap(tiles.tile_box(tile), &point)) {
                    continue;
                }
                let tile = tiles.tile(tile);
                for (part, weights) in tile.weights.as_chunks::<LANES>().0.iter().enumerate() {
                    let values = eight(kernel, row.iter().copied(), tile.columns, part);
                    for lane in 0..LANES {
                        sum[lane] += values[lane] * weights[lane];
                    }
                }
            }
            total += sum.iter().sum::<f64>();
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::{Cancel, Workers};
    use lanner_testkit::Table;

    /// 1 where rows are nearer than 1, else 0.
    struct Near;

    impl Kernel for Near {
        const START: f64 = 0.0;

        #[inline(always)]
        fn add(&self, so_far: f64, a: f64, b: f64) -> f64 {
            so_far + (a - b) * (a - b)
        }

        #[inline(always)]
        fn values(&self, pairs: [f64; LANES]) -> [f64; LANES] {
            pairs.map(|gap| f64::from(u8::from(gap < 1.0)))
        }

        fn is_negligible(&self, gap: f64) -> bool {
            gap >= 1.0
        }
    }

    /// One group, a group and a bit, an odd and an even number of groups; sums of whole numbers, so
    /// that every order gives the same.
    #[test]
    fn every_pair_counts_once_for_each_of_its_rows() {
        for rows in [1, 31, 257, 700, 1000] {
            let (sample, _) = Table::clouds(7, rows, 2).sample();
            let copies: Vec<u64> = (0..sample.rows() as u64).map(|i| 1 + i % 3).collect();
            let order: Vec<u32> = (0..sample.rows() as u32).collect();
            let tiles = Tiles::new(sample.x(), &copies, &order);
            assert!(tiles.is_whole());
            let at = |threads: usize| {
                let ctx = Ctx::new(Workers::new(threads).unwrap(), Cancel::default(), 0);
                row_sums(&tiles, &Near, &ctx).unwrap()
            };
            let sums = at(1);
            assert_eq!(sums, at(3));
            for (row, &sum) in sample.x().iter_rows().zip(&sums) {
                let near = sample.x().iter_rows().zip(&copies).filter(|(other, _)| {
                    row.iter().zip(*other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() < 1.0
                });
                assert_eq!(sum, near.map(|(_, &c)| c as f64).sum::<f64>());
                assert_eq!(sum, sum_at(&tiles, &Near, row));
            }
        }
    }

    #[test]
    fn in_a_tournament_everyone_meets_everyone_once() {
        for players in [2, 4, 10] {
            let all = (0..players - 1).flat_map(|round| games(players, round));
            let mut met: Vec<_> = all.map(|(a, b)| (a.min(b), a.max(b))).collect();
            met.sort_unstable();
            let want = (0..players).flat_map(|a| (a + 1..players).map(move |b| (a, b)));
            assert_eq!(met, want.collect::<Vec<_>>());
        }
    }
}
