//! A growing bag of values from a known list, with its order statistics at any time.

/// Values that share one entry of the tree: few enough to be walked, many enough to keep the tree in
/// the cache.
const BLOCK: usize = 64;

/// A bag into which values of a known ascending list are put one by one, each as often as wanted.
///
/// A Fenwick tree over blocks of the list holds how many values there are and what they add up to.
///
/// # Cost
/// O(log m) time for every question over a list of m values; 4 m bytes beside the list.
///
/// # Source
/// P. M. Fenwick, "A New Data Structure for Cumulative Frequency Tables", Software: Practice and
/// Experience 24(3), 1994.
///
/// # Example
/// ```
/// use lanner_kernels::bag::Bag;
/// let mut bag = Bag::new(&[1.0, 2.0, 4.5]);
/// [2, 0, 2].into_iter().for_each(|number| bag.put(number));
/// assert_eq!((bag.len(), bag.sum(), bag.pair(0)), (3, 10.0, (1.0, 4.5)));
/// assert_eq!(bag.below(4.0), (1, 1.0));
/// ```
#[derive(Debug)]
pub struct Bag<'a> {
    /// The list, ascending.
    values: &'a [f64],
    /// How often each value is in the bag.
    counts: Vec<u32>,
    /// Entry b - 1 holds the blocks from b without its lowest set bit up to b, counted from 1.
    tree: Vec<Part>,
    whole: Part,
}

/// Some of the bag's values.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    count: u64,
    sum: f64,
}

impl Part {
    fn add(&mut self, count: u64, sum: f64) {
        self.count += count;
        self.sum += sum;
    }
}

impl<'a> Bag<'a> {
    /// An empty bag for values of an ascending list.
    pub fn new(values: &'a [f64]) -> Self {
        let tree = vec![Part::default(); values.len().div_ceil(BLOCK)];
        Self { values, counts: vec![0; values.len()], tree, whole: Part::default() }
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.tree.fill(Part::default());
        self.whole = Part::default();
    }

    /// Puts in the value with this number in the list once more.
    ///
    /// # Panics
    /// If the list has no such number.
    pub fn put(&mut self, number: u32) {
        let value = self.values[number as usize];
        self.counts[number as usize] += 1;
        self.whole.add(1, value);
        let mut block = number as usize / BLOCK + 1;
        while let Some(part) = self.tree.get_mut(block - 1) {
            part.add(1, value);
            block += block & block.wrapping_neg();
        }
    }

    /// How many values are in the bag.
    pub fn len(&self) -> u64 {
        self.whole.count
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the values in the bag add up to.
    pub fn sum(&self) -> f64 {
        self.whole.sum
    }

    /// How many values in the bag lie below `limit`, and what they add up to.
    pub fn below(&self, limit: f64) -> (u64, f64) {
        let end = self.values.partition_point(|&v| v < limit);
        let mut part = Part::default();
        let mut block = end / BLOCK;
        while block > 0 {
            let Part { count, sum } = self.tree[block - 1];
            part.add(count, sum);
            block &= block - 1;
        }
        let first = end / BLOCK * BLOCK;
        for (&count, &value) in self.counts[first..end].iter().zip(&self.values[first..end]) {
            part.add(u64::from(count), f64::from(count) * value);
        }
        (part.count, part.sum)
    }

    /// The values at `rank` and `rank + 1` in ascending order, counted from 0; the last one twice.
    ///
    /// # Panics
    /// If there are no more than `rank` values.
    pub fn pair(&self, rank: u64) -> (f64, f64) {
        let (number, left) = self.find(rank);
        if left > 0 || rank + 1 == self.len() {
            return (self.values[number], self.values[number]);
        }
        // Mostly in the same block, and then found without another way down.
        let end = self.counts.len().min((number / BLOCK + 1) * BLOCK);
        let next = (number + 1..end).find(|&next| self.counts[next] > 0);
        let next = next.unwrap_or_else(|| self.find(rank + 1).0);
        (self.values[number], self.values[next])
    }

    /// The number of the value at a rank, and how many equal ones come behind it.
    fn find(&self, rank: u64) -> (usize, u64) {
        assert!(rank < self.len(), "a rank below the number of values");
        // Down the tree: the most blocks that hold no more than `rank` values.
        let (mut blocks, mut left) = (0, rank);
        let mut step = self.tree.len().next_power_of_two();
        while step > 0 {
            if let Some(part) = self.tree.get(blocks + step - 1).filter(|p| p.count <= left) {
                left -= part.count;
                blocks += step;
            }
            step /= 2;
        }
        let mut number = blocks * BLOCK;
        while u64::from(self.counts[number]) <= left {
            left -= u64::from(self.counts[number]);
            number += 1;
        }
        (number, u64::from(self.counts[number]) - left - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Rng;

    #[test]
    fn answers_are_those_of_a_sorted_list() {
        let mut rng = Rng::new(3, 0);
        for m in [1, 2, 63, 64, 65, 200, 1000] {
            let list: Vec<f64> = (0..m).map(|i| f64::from(i) * 0.5 - 7.0).collect();
            let mut bag = Bag::new(&list);
            for _ in 0..2 {
                let mut sorted = Vec::new();
                for _ in 0..300 {
                    let number = rng.below(rng.clone().below(m as u64) + 1) as u32;
                    bag.put(number);
                    sorted.push(list[number as usize]);
                }
                sorted.sort_unstable_by(f64::total_cmp);
                assert_eq!((bag.len(), bag.sum()), (300, sorted.iter().sum()));
                for (rank, &value) in sorted.iter().enumerate() {
                    let next = sorted.get(rank + 1).copied().unwrap_or(value);
                    assert_eq!(bag.pair(rank as u64), (value, next));
                    let below = sorted.partition_point(|&v| v < value);
                    assert_eq!(bag.below(value), (below as u64, sorted[..below].iter().sum()));
                }
                assert_eq!(bag.below(1e9).0, 300);
                bag.clear();
                assert!(bag.is_empty());
            }
        }
    }
}
