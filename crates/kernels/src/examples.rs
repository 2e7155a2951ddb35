//! Weighted examples to learn from: equal ones merged, a sample where there are too many.

use crate::sampling::Urn;
use lanner_frame::Rng;
use std::collections::BTreeMap;

/// Different examples with their weights.
#[derive(Debug, Default)]
pub struct Examples {
    /// The values of the examples, one after the other.
    pub values: Vec<f32>,
    /// How many rows each stands for.
    pub weights: Vec<f64>,
    /// How many different ones there were to draw from.
    pub different: usize,
}

impl Examples {
    /// Merges equal examples of `width` values. Where more than `most` are left, draws `most` rows
    /// without putting any back, copies counted, and these share the whole weight.
    ///
    /// # Shapes
    /// - `values`: n examples, none of their values negative; `copies`: n whole numbers, where 0 leaves
    ///   an example out; `each`: the weight of a copy
    ///
    /// # Cost
    /// O(n log n) time, O(n) memory.
    pub fn merged(
        values: &[f32],
        width: usize,
        copies: &[u64],
        each: f64,
        most: usize,
        rng: &mut Rng,
    ) -> Self {
        let mut merged: BTreeMap<Vec<u32>, u64> = BTreeMap::new();
        for (row, &copies) in values.chunks_exact(width).zip(copies).filter(|&(_, &c)| c > 0) {
            // The bits of floats that are not negative stand in the order of the floats.
            *merged.entry(row.iter().map(|v| v.to_bits()).collect()).or_default() += copies;
        }
        let different = merged.len();
        let (rows, mut copies): (Vec<Vec<u32>>, Vec<u64>) = merged.into_iter().unzip();
        let mut each = each;
        if different > most {
            each *= copies.iter().sum::<u64>() as f64 / most as f64;
            let drawn = Urn::new(&copies).sample(most as u64, rng);
            copies.fill(0);
            for row in drawn {
                copies[row as usize] += 1;
            }
        }
        let mut kept = Self { different, ..Self::default() };
        for (row, copies) in rows.into_iter().zip(copies).filter(|&(_, c)| c > 0) {
            kept.values.extend(row.into_iter().map(f32::from_bits));
            kept.weights.push(copies as f64 * each);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (0, 1) three times and twice, (0, 2) once, (0, 3) never, each of weight 2.
    #[test]
    fn equal_examples_are_merged_and_a_sample_keeps_the_weight() {
        let values = [0.0, 1.0, 0.0, 2.0, 0.0, 1.0, 0.0, 3.0];
        let of = |most| Examples::merged(&values, 2, &[3, 1, 2, 0], 2.0, most, &mut Rng::new(1, 0));
        let all = of(2);
        assert_eq!(all.values, [0.0, 1.0, 0.0, 2.0]);
        assert_eq!((all.weights, all.different), (vec![10.0, 2.0], 2));
        let one = of(1);
        assert_eq!((one.weights, one.different), (vec![12.0], 2));
    }
}
