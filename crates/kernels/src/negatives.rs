//! Made-up rows for a learner that needs examples of what is odd.

use crate::sampling::Urn;
use lanner_frame::{Matrix, Rng};
use serde::{Deserialize, Serialize};

/// How negatives are made.
///
/// - **Source**: A. Goodge, B. Hooi, S.-K. Ng and W. S. Ng, "LUNAR: Unifying Local Outlier Detection
///   Methods via Graph Neural Networks", AAAI 2022, section on negative samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Negatives {
    /// Anywhere between the least and the largest of all values.
    Uniform,
    /// Rows with normal noise added to three in ten of their values.
    Subspace,
    /// Half of them so, half so.
    Mixed,
}

/// Negatives that were drawn.
#[derive(Debug)]
pub struct Drawn {
    /// Different ones, by features.
    pub rows: Matrix,
    /// How often each was drawn.
    pub times: Vec<u64>,
}

impl Negatives {
    /// Draws `count` negatives of rows that occur `copies` times; a row may have none.
    ///
    /// # Panics
    /// If no row has a copy.
    pub fn draw(
        self,
        x: &Matrix,
        copies: &[u64],
        count: usize,
        epsilon: f64,
        rng: &mut Rng,
    ) -> Drawn {
        let known = || x.iter_rows().zip(copies).filter(|&(_, &c)| c > 0).flat_map(|(row, _)| row);
        let low = known().copied().fold(f64::INFINITY, f64::min);
        let high = known().copied().fold(f64::NEG_INFINITY, f64::max);
        let urn = Urn::new(copies);
        // Mixed ones are drawn with replacement from a pool of as many of either kind.
        let pool = if self == Self::Mixed { 2 * count } else { count };
        let mut times = vec![1; pool];
        if self == Self::Mixed {
            times.fill(0);
            (0..count).for_each(|_| times[rng.below(pool as u64) as usize] += 1);
        }
        let mut values = Vec::new();
        for place in (0..pool).filter(|&place| times[place] > 0) {
            if self == Self::Uniform || (self == Self::Mixed && place < count) {
                // Halves, so that no range overflows.
                values.extend(x.row(0).iter().map(|_| 2.0 * rng.between(0.5 * low, 0.5 * high)));
            } else {
                let like = x.row(urn.draw(rng) as usize);
                values.extend(like.iter().map(|v| {
                    let moved = if rng.uniform() < 0.3 { epsilon * rng.normal() } else { 0.0 };
                    (v + moved).clamp(-f64::MAX, f64::MAX)
                }));
            }
        }
        times.retain(|&t| t > 0);
        Drawn { rows: Matrix::new(values, times.len(), x.columns()), times }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: usize = 50_000;

    fn draw(kind: Negatives) -> Drawn {
        let x = Matrix::from_rows(&[[0.0, 10.0], [2.0, 4.0], [-99.0, 99.0]]);
        kind.draw(&x, &[30_000, 70_000, 0], COUNT, 0.1, &mut Rng::new(1, 0))
    }

    fn share(drawn: &Drawn, wanted: impl Fn(&[f64]) -> bool) -> f64 {
        drawn.rows.iter_rows().filter(|row| wanted(row)).count() as f64 / COUNT as f64
    }

    #[test]
    fn uniform_ones_lie_between_the_least_and_the_largest_value() {
        let uniform = draw(Negatives::Uniform);
        assert!(uniform.rows.as_slice().iter().all(|v| (0.0..10.0).contains(v)));
        assert!((share(&uniform, |row| row[0] < 5.0 && row[1] > 7.5) - 0.125).abs() < 0.01);
    }

    /// 0.7² of them are not moved at all; three tenths are like the first row, and of these all but 0.3²
    /// keep a value.
    #[test]
    fn subspace_ones_are_rows_with_noise() {
        let near = draw(Negatives::Subspace);
        let kept = share(&near, |row| *row == [0.0, 10.0] || *row == [2.0, 4.0]);
        assert!((kept - 0.49).abs() < 0.01, "{kept}");
        let first = share(&near, |row| row[0] == 0.0 || row[1] == 10.0);
        assert!((first - 0.3 * 0.91).abs() < 0.01, "{first}");
    }

    /// A share exp(-1/2) of the pool of 2 x 50,000 is never drawn.
    #[test]
    fn mixed_ones_may_come_twice() {
        let mixed = draw(Negatives::Mixed);
        assert_eq!(mixed.times.iter().sum::<u64>(), COUNT as u64);
        let different = mixed.rows.rows() as f64 / (2 * COUNT) as f64;
        assert!((different - (1.0 - (-0.5f64).exp())).abs() < 0.01, "{different}");
    }
}
