//! Rows to measure on, the same in every run.

use lanner_frame::{Matrix, Rng, Sample};

/// `n` rows of `d` numbers in six clouds, without copies.
pub fn clouds(n: usize, d: usize) -> Sample {
    let mut rng = Rng::new(7, 0);
    let centres: Vec<f64> = (0..6 * d).map(|_| 4.0 * rng.normal()).collect();
    let mut values = Vec::with_capacity(n * d);
    for _ in 0..n {
        let cloud = rng.below(6) as usize;
        values.extend((0..d).map(|j| centres[cloud * d + j] + rng.normal()));
    }
    let copies = vec![1; n];
    Sample::collapse(&Matrix::new(values, n, d), &copies).expect("finite rows").0
}
