//! Sums over rows whose bits do not depend on the number of threads.

use lanner_frame::{Cancelled, Ctx};
use rayon::prelude::*;
use std::ops::Range;

/// Rows are cut into at most this many parts, whatever the number of threads.
const PARTS: usize = 64;
/// Rows between two looks at the cancel flag, and at most in a range.
pub const STRIDE: usize = 1024;

/// Adds up `width` numbers over `rows` rows: `add` is called with ranges of at most
/// [`STRIDE`] rows and adds what they contribute into the buffer it is given.
///
/// The parts are fixed by the number of rows and added in order, so the sum has the same bits at any
/// number of threads.
///
/// # Errors
/// [`Cancelled`] when the run is interrupted.
///
/// # Cost
/// Memory for 64 buffers.
pub fn sum_over_rows(
    rows: usize,
    width: usize,
    ctx: &Ctx,
    add: impl Fn(Range<usize>, &mut [f64]) + Sync,
) -> Result<Vec<f64>, Cancelled> {
    let part = rows.div_ceil(PARTS).max(STRIDE);
    let sum_part = |p: usize| {
        let mut sum = vec![0.0; width];
        let end = rows.min((p + 1) * part);
        for first in (p * part..end).step_by(STRIDE) {
            ctx.check()?;
            add(first..end.min(first + STRIDE), &mut sum);
        }
        Ok(sum)
    };
    let parts = ctx.parallel(|| {
        (0..rows.div_ceil(part)).into_par_iter().map(sum_part).collect::<Result<Vec<_>, _>>()
    })?;
    let mut total = vec![0.0; width];
    for sum in parts {
        total.iter_mut().zip(sum).for_each(|(t, s)| *t += s);
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::{Cancel, Workers};

    #[test]
    fn every_row_counts_once_and_threads_change_no_bit() {
        let sum = |threads: usize| {
            let ctx = Ctx::new(Workers::new(threads).unwrap(), Cancel::default(), 0);
            sum_over_rows(100_001, 2, &ctx, |rows, sum| {
                for i in rows {
                    sum[0] += 1.0;
                    sum[1] += (i as f64).sqrt();
                }
            })
            .unwrap()
        };
        let one = sum(1);
        assert_eq!(one[0], 100_001.0);
        assert_eq!(one, sum(3));
    }
}
