//! Weighted k-means: greedy k-means++ and Lloyd's iteration.

use crate::blocks::{STRIDE, sum_over_rows};
use crate::lanes::{for_rows, squared_distances};
use lanner_frame::{Cancelled, Ctx, Matrix, Rng, Sample};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Iterations after which Lloyd's iteration ends in any case, as in the reference.
const MAX_ITERATIONS: usize = 300;
/// It ends when the centres move by less than this share of the mean variance, as in the reference.
const TOLERANCE: f64 = 1e-4;

/// k points that the nearest one can be asked of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Centers {
    columns: usize,
    /// The points one after the other.
    values: Vec<f64>,
}

impl Centers {
    /// The rows of a matrix as centres.
    ///
    /// # Panics
    /// If there is none.
    pub fn new(rows: &Matrix) -> Self {
        assert!(rows.rows() > 0 && rows.columns() > 0, "there is a centre");
        Self { columns: rows.columns(), values: rows.as_slice().to_vec() }
    }

    /// For each of `L` rows, given as columns (see [`crate::lanes`]), the nearest centre, the first of
    /// equally near ones, and its squared Euclidean distance. O(k d) a row.
    pub fn nearest<const L: usize>(&self, columns: &[[f64; L]]) -> [(usize, f64); L] {
        // Numbers of centres are kept as f64 beside the distances, so that both are chosen by the
        // same vector operation.
        let (mut best, mut least) = ([0.0; L], [f64::INFINITY; L]);
        for (c, center) in self.values.chunks_exact(self.columns).enumerate() {
            let distance = squared_distances(columns, center);
            for lane in 0..L {
                let nearer = distance[lane] < least[lane];
                best[lane] = if nearer { c as f64 } else { best[lane] };
                least[lane] = if nearer { distance[lane] } else { least[lane] };
            }
        }
        std::array::from_fn(|lane| (best[lane] as usize, least[lane]))
    }

    /// Number of centres.
    pub fn count(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Number of features.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The centres, one after the other.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Says whether centres read from a file are whole.
    pub fn is_whole(&self) -> bool {
        self.columns > 0
            && !self.values.is_empty()
            && self.values.len().is_multiple_of(self.columns)
    }
}

/// A clustering of the rows.
#[derive(Debug, Clone)]
pub struct Clusters {
    /// The means of the clusters, k x d.
    pub centers: Matrix,
    /// The cluster of each distinct row: that of its nearest centre.
    pub labels: Vec<u32>,
}

/// Clusters rows around k means; a row with c copies counts as c rows.
///
/// Greedy k-means++ (D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding",
/// SODA 2007), then Lloyd's iteration (S. Lloyd, "Least squares quantization in PCM", 1982). A cluster
/// that runs empty takes the row farthest from its centre. With fewer distinct rows than k the last
/// clusters stay empty.
///
/// # Errors
/// [`Cancelled`] when the run is interrupted.
///
/// # Cost
/// O(n k d) an iteration, at most 300 of them.
pub fn kmeans(x: &Sample, k: usize, rng: &mut Rng, ctx: &Ctx) -> Result<Clusters, Cancelled> {
    let d = x.columns();
    let seeds = seed_rows(x, k, rng, ctx)?;
    let mut centers = Matrix::from_rows(&seeds.iter().map(|&i| x.row(i)).collect::<Vec<_>>());
    let mut labels = vec![u32::MAX; x.rows()];
    let tolerance = TOLERANCE * mean_variance(x, ctx)?;
    for _ in 0..MAX_ITERATIONS {
        if !assign(x, &centers, &mut labels, ctx)? {
            return Ok(Clusters { centers, labels });
        }
        // The first k * d sums are the clusters' sums of rows, the rest their numbers of rows.
        let mut sums = sum_over_rows(x.rows(), k * d + k, ctx, |rows, sums| {
            let (sums, sizes) = sums.split_at_mut(k * d);
            for i in rows {
                let (label, copies) = (labels[i] as usize, x.copies()[i] as f64);
                sizes[label] += copies;
                let sum = &mut sums[label * d..(label + 1) * d];
                sum.iter_mut().zip(x.row(i)).for_each(|(s, v)| *s += copies * v);
            }
        })?;
        let (means, sizes) = sums.split_at_mut(k * d);
        fill_empty(x, &centers, &labels, means, sizes);
        divide(means, sizes, d);
        let moved: f64 =
            means.iter().zip(centers.as_slice()).map(|(new, old)| (new - old) * (new - old)).sum();
        centers = Matrix::new(means.to_vec(), k, d);
        if moved <= tolerance {
            break;
        }
    }
    assign(x, &centers, &mut labels, ctx)?;
    Ok(Clusters { centers, labels })
}

/// Chooses k rows as first centres: each time the best of a few drawn with probability proportional
/// to copies times squared distance to the nearest centre so far (greedy k-means++).
///
/// # Errors
/// [`Cancelled`] when the run is interrupted.
///
/// # Cost
/// O(n d k ln k).
pub fn seed_rows(x: &Sample, k: usize, rng: &mut Rng, ctx: &Ctx) -> Result<Vec<usize>, Cancelled> {
    let trials = 2 + (k as f64).ln() as usize;
    let (n, copies) = (x.rows(), x.copies());
    let mass: Vec<f64> = copies.iter().map(|&c| c as f64).collect();
    let mut seeds = vec![pick(&running_sums(&mass), rng)];
    let mut nearest = vec![f64::INFINITY; n];
    approach(x, seeds[0], &mut nearest, ctx)?;
    while seeds.len() < k {
        let shares: Vec<f64> = nearest.iter().zip(&mass).map(|(d, m)| d * m).collect();
        let running = running_sums(&shares);
        let rows: Vec<usize> = (0..trials).map(|_| pick(&running, rng)).collect();
        // What would be left of the sum of squared distances with each of them as a centre.
        let left = sum_over_rows(n, trials, ctx, |range, sums| {
            let mut distance = [0.0; STRIDE];
            let distance = &mut distance[..range.len()];
            for (sum, &row) in sums.iter_mut().zip(&rows) {
                distances(x, row, range.start, distance);
                for (i, &d) in range.clone().zip(distance.iter()) {
                    *sum += d.min(nearest[i]) * mass[i];
                }
            }
        })?;
        let least = left.iter().copied().fold(f64::INFINITY, f64::min);
        let best = rows[left.iter().position(|&sum| sum == least).unwrap_or(0)];
        approach(x, best, &mut nearest, ctx)?;
        seeds.push(best);
    }
    Ok(seeds)
}

fn running_sums(values: &[f64]) -> Vec<f64> {
    let running = values.iter().scan(0.0, |sum, v| {
        *sum += v;
        Some(*sum)
    });
    running.collect()
}

/// Draws a place with probability proportional to its step in the running sums; the first place where
/// all steps are zero (there are no more distinct rows than centres).
fn pick(running: &[f64], rng: &mut Rng) -> usize {
    let last = running.len() - 1;
    let target = rng.uniform() * running[last];
    running.partition_point(|&sum| sum < target).min(last)
}

/// Writes the squared distances of the rows from `first` on to row `to`.
fn distances(x: &Sample, to: usize, first: usize, out: &mut [f64]) {
    let to = x.row(to);
    let (wide, one) = (|c: &[_]| squared_distances(c, to), |c: &[_]| squared_distances(c, to));
    for_rows(x.x(), first, out, wide, one);
}

/// Lowers each row's squared distance in `nearest` to that from row `to`, where it is less.
fn approach(x: &Sample, to: usize, nearest: &mut [f64], ctx: &Ctx) -> Result<(), Cancelled> {
    ctx.parallel(|| {
        nearest.par_chunks_mut(STRIDE).enumerate().try_for_each(|(b, nearest)| {
            ctx.check()?;
            let mut distance = [0.0; STRIDE];
            let distance = &mut distance[..nearest.len()];
            distances(x, to, b * STRIDE, distance);
            nearest.iter_mut().zip(distance).for_each(|(n, d)| *n = n.min(*d));
            Ok(())
        })
    })
}

/// Gives every row the label of its nearest centre; says whether any label changed.
fn assign(x: &Sample, centers: &Matrix, labels: &mut [u32], ctx: &Ctx) -> Result<bool, Cancelled> {
    let centers = Centers::new(centers);
    let changes = ctx.parallel(|| {
        let blocks = labels.par_chunks_mut(STRIDE).enumerate();
        blocks
            .map(|(b, labels)| {
                ctx.check()?;
                let mut nearest = [0; STRIDE];
                let nearest = &mut nearest[..labels.len()];
                let (wide, one) = (
                    |c: &[_]| centers.nearest(c).map(|(label, _)| label as u32),
                    |c: &[_]| centers.nearest(c).map(|(label, _)| label as u32),
                );
                for_rows(x.x(), b * STRIDE, nearest, wide, one);
                let changed = *labels != *nearest;
                labels.copy_from_slice(nearest);
                Ok(changed)
            })
            .collect::<Result<Vec<bool>, Cancelled>>()
    })?;
    Ok(changes.contains(&true))
}

/// Moves the rows farthest from their centres, one each, into the clusters without rows.
fn fill_empty(x: &Sample, centers: &Matrix, labels: &[u32], sums: &mut [f64], sizes: &mut [f64]) {
    let d = x.columns();
    let empty: Vec<usize> = (0..sizes.len()).filter(|&c| sizes[c] == 0.0).collect();
    if empty.is_empty() {
        return;
    }
    let far = |i: usize| {
        let center = centers.row(labels[i] as usize);
        squared_distances::<1>(x.row(i).as_chunks().0, center)[0]
    };
    let mut rows: Vec<(f64, usize)> = (0..x.rows()).map(|i| (far(i), i)).collect();
    rows.retain(|&(distance, _)| distance > 0.0);
    rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (new, (_, row)) in empty.into_iter().zip(rows) {
        let (old, copies) = (labels[row] as usize, x.copies()[row] as f64);
        for (j, v) in x.row(row).iter().enumerate() {
            sums[old * d + j] -= copies * v;
            sums[new * d + j] = copies * v;
        }
        sizes[old] -= copies;
        sizes[new] = copies;
    }
}

/// Turns sums into means; a cluster that is still empty takes the mean of the largest one.
fn divide(sums: &mut [f64], sizes: &[f64], d: usize) {
    for (mean, &size) in sums.chunks_exact_mut(d).zip(sizes) {
        if size > 0.0 {
            for sum in mean {
                *sum /= size;
            }
        }
    }
    let most = sizes.iter().copied().fold(0.0, f64::max);
    let largest = sizes.iter().position(|&s| s == most).unwrap_or(0);
    for c in (0..sizes.len()).filter(|&c| sizes[c] <= 0.0) {
        sums.copy_within(largest * d..(largest + 1) * d, c * d);
    }
}

fn mean_variance(x: &Sample, ctx: &Ctx) -> Result<f64, Cancelled> {
    let (n, d, total) = (x.rows(), x.columns(), x.total() as f64);
    let weighted = |f: &(dyn Fn(usize, f64) -> f64 + Sync)| {
        sum_over_rows(n, d, ctx, |rows, sums| {
            for i in rows {
                let copies = x.copies()[i] as f64;
                for (j, (sum, &v)) in sums.iter_mut().zip(x.row(i)).enumerate() {
                    *sum += copies * f(j, v);
                }
            }
        })
    };
    let means: Vec<f64> = weighted(&|_, v| v)?.iter().map(|s| s / total).collect();
    let squares = weighted(&|j, v| (v - means[j]) * (v - means[j]))?;
    Ok(squares.iter().sum::<f64>() / total / d as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rows: &[[f64; 1]], copies: &[u64]) -> Sample {
        Sample::collapse(&Matrix::from_rows(rows), copies).unwrap().0
    }

    /// Rows 0 (3 copies) and 1 make a cluster with mean 1/4, row 10 one of its own.
    #[test]
    fn means_count_copies() {
        let x = sample(&[[0.0], [1.0], [10.0]], &[3, 1, 1]);
        let found = kmeans(&x, 2, &mut Rng::new(1, 0), &Ctx::small(0)).unwrap();
        let mut centers = found.centers.column(0);
        centers.sort_by(f64::total_cmp);
        assert_eq!(centers, [0.25, 10.0]);
        assert_eq!(found.labels[0], found.labels[1]);
        assert_ne!(found.labels[0], found.labels[2]);
    }

    #[test]
    fn with_too_few_distinct_rows_the_last_clusters_stay_empty() {
        let x = sample(&[[0.0], [1.0], [10.0]], &[1, 5, 1]);
        let found = kmeans(&x, 10, &mut Rng::new(1, 0), &Ctx::small(0)).unwrap();
        let mut labels = found.labels.clone();
        labels.sort_unstable();
        assert_eq!(labels, [0, 1, 2]);
        assert_eq!(found.centers.rows(), 10);
    }

    #[test]
    fn the_first_of_equally_near_centres_is_nearest() {
        let centers = Centers::new(&Matrix::from_rows(&[[1.0], [3.0], [3.0]]));
        assert_eq!(
            centers.nearest(&[[2.5, 1.5, 1e300]]),
            [(1, 0.25), (0, 0.25), (0, f64::INFINITY)]
        );
    }
}
