//! Shared neighbours: how many of its nearest rows one row has in common with every other.
//!
//! Each of the N written-out rows lists k others. Two rows are alike if their lists are: that holds in
//! many dimensions, where distances say little.
//!
//! Only tuples are kept. A listed tuple comes with the *part* of its copies that is listed: 1, or less
//! where a shell of equally near rows shares the places left. Which rows of such a shell are listed is
//! taken to be chosen alike by the copies of one row, and independently by different rows. With c copies
//! of each tuple z, a row of tuple t and one of another tuple u share
//!
//! ```text
//! count(t, u) = Σ_z (c_z - [z = t] - [z = u]) part_t(z) part_u(z)      rounded to a whole number
//! count(t, t) = Σ_z (c_z - 2 [z = t]) part_t(z)                        for two copies of one tuple
//! ```
//!
//! rows, for no row lists itself. Where no shell is cut, this is the number of rows in both lists.
//!
//! - **Source**: R. A. Jarvis and E. A. Patrick, "Clustering Using a Similarity Measure Based on Shared
//!   Near Neighbors", IEEE Transactions on Computers C-22(11), 1973.

use crate::neighbours::Place;
use lanner_frame::Cancelled;
use serde::{Deserialize, Serialize};

/// A tuple in a list of neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// Its row number in the sample.
    pub row: u32,
    /// The part of its copies that is listed, above 0 and up to 1.
    pub part: f32,
}

/// Makes a list of the rows that fill the places of the row `own` of the sample; for a new row `own` is
/// `None` and `near` the number at which it would stand in the sample.
///
/// Of a cut shell, the `most` tuples with the most copies are kept and share its places (among equally
/// frequent ones those closest to `near` in the sample's order), so that lists stay short on lattices.
/// `most` is at least the number of places.
pub fn list(
    places: &[Place],
    own: Option<u32>,
    near: u32,
    copies: &[u64],
    most: usize,
) -> Vec<Listed> {
    let others = |row: u32| copies[row as usize] - u64::from(own == Some(row));
    let is_cut = |p: &Place| p.share < others(p.row) as f64;
    let (mut cut, whole): (Vec<&Place>, Vec<&Place>) = places.iter().partition(|p| is_cut(p));
    let left: f64 = cut.iter().map(|p| p.share).sum();
    if cut.len() > most {
        let order = |p: &&Place| (std::cmp::Reverse(others(p.row)), p.row.abs_diff(near), p.row);
        cut.select_nth_unstable_by_key(most, order);
        cut.truncate(most);
        cut.sort_unstable_by_key(|p| p.row);
    }
    let kept: u64 = cut.iter().map(|p| others(p.row)).sum();
    let part = (left / kept.max(1) as f64) as f32;
    let cut = cut.into_iter().map(|p| Listed { row: p.row, part });
    whole.into_iter().map(|p| Listed { row: p.row, part: 1.0 }).chain(cut).collect()
}

/// For each tuple of a sample the tuples that list it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listers {
    /// Where the listers of each tuple end.
    ends: Vec<u64>,
    /// The listers, each with the part that it lists.
    listers: Vec<Listed>,
}

/// Work space for counting; reuse it from row to row.
#[derive(Debug)]
pub struct Counter {
    /// For each tuple what was counted so far.
    sums: Vec<f64>,
    counted: Vec<u32>,
}

impl Counter {
    /// Work space for a sample of n distinct rows.
    pub fn new(rows: usize) -> Self {
        Self { sums: vec![0.0; rows], counted: Vec::new() }
    }
}

impl Listers {
    /// Turns the lists of all tuples of a sample around.
    ///
    /// # Errors
    /// [`Cancelled`] if `check` says so.
    ///
    /// # Cost
    /// O(n k) time, 8 bytes an entry.
    pub fn new(
        lists: &[Vec<Listed>],
        check: impl Fn() -> Result<(), Cancelled>,
    ) -> Result<Self, Cancelled> {
        let mut ends = vec![0u64; lists.len() + 1];
        for listed in lists.iter().flatten() {
            ends[listed.row as usize + 1] += 1;
        }
        for row in 0..lists.len() {
            ends[row + 1] += ends[row];
        }
        let mut listers = vec![Listed { row: 0, part: 0.0 }; ends[lists.len()] as usize];
        for (row, list) in lists.iter().enumerate() {
            if row.is_multiple_of(1 << 16) {
                check()?;
            }
            for listed in list {
                let next = &mut ends[listed.row as usize];
                listers[*next as usize] = Listed { row: row as u32, part: listed.part };
                *next += 1;
            }
        }
        // Every start has moved on to its end.
        ends.pop();
        Ok(Self { ends, listers })
    }

    /// Says whether these are listers of a sample of n distinct rows, every number in range.
    pub fn is_whole(&self, rows: usize) -> bool {
        self.ends.len() == rows
            && self.ends.is_sorted()
            && self.ends.last().copied().unwrap_or(0) == self.listers.len() as u64
            && self
                .listers
                .iter()
                .all(|l| (l.row as usize) < rows && l.part >= 0.0 && l.part <= 1.0)
    }

    /// Counts the neighbours that the row with this list shares with a row of each tuple, and gives
    /// those tuples with which it shares any, with their counts, to `each`. `own` is its own tuple,
    /// `None` for a row that is not in the sample.
    ///
    /// # Cost
    /// O(1) for each lister of each tuple listed.
    pub fn count(
        &self,
        list: &[Listed],
        own: Option<u32>,
        copies: &[u64],
        counter: &mut Counter,
        mut each: impl FnMut(u32, u64),
    ) {
        let Counter { sums, counted } = counter;
        for listed in list {
            let z = listed.row as usize;
            let start = if z == 0 { 0 } else { self.ends[z - 1] as usize };
            let others = copies[z] - u64::from(own == Some(listed.row));
            for lister in &self.listers[start..self.ends[z] as usize] {
                let others = others - u64::from(lister.row == listed.row);
                // Copies of one row list the same of a cut shell.
                let both = if own == Some(lister.row) { 1.0 } else { f64::from(lister.part) };
                let shared = others as f64 * f64::from(listed.part) * both;
                if shared > 0.0 {
                    let sum = &mut sums[lister.row as usize];
                    if *sum == 0.0 {
                        counted.push(lister.row);
                    }
                    *sum += shared;
                }
            }
        }
        for row in counted.drain(..) {
            let sum = std::mem::take(&mut sums[row as usize]);
            // A half counts as one, however the sum was rounded on its way.
            let count = (sum + 0.5 + 1e-4).floor() as u64;
            if count > 0 {
                each(row, count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbours::Graph;
    use lanner_frame::{Ctx, Matrix, Rng, Sample};
    use lanner_testkit::nearest::nearest;
    use std::collections::BTreeSet;

    /// The written-out rows, as tuple and copy, that a copy of a tuple lists.
    fn listed(x: &Sample, row: usize, copy: u64, k: u64) -> BTreeSet<(usize, u64)> {
        let tuples = nearest(x, x.row(row), Some(row), k).into_iter().map(|found| found.1);
        let rows = tuples.flat_map(|z| (0..x.copies()[z]).map(move |c| (z, c)));
        rows.filter(|&found| found != (row, copy)).collect()
    }

    /// Tuples of c copies each and k = 3 c - 1 places cut no shell: every list holds the other copies
    /// and two whole tuples.
    #[test]
    fn counts_are_those_of_the_rows_written_out() {
        for copies in 1..4 {
            let (mut rng, n, k) = (Rng::new(4, copies), 40, 3 * copies - 1);
            let values = (0..2 * n).map(|_| rng.normal()).collect();
            let x = Sample::collapse(&Matrix::new(values, n, 2), &vec![copies; n]).unwrap().0;
            let graph = Graph::shared(&x, k, &Ctx::small(1)).unwrap();
            let lists = graph.map_places(k, &Ctx::small(1), |row, places| {
                list(places, Some(row as u32), row as u32, x.copies(), 64)
            });
            let lists = lists.unwrap();
            let listers = Listers::new(&lists, || Ok(())).unwrap();
            assert!(listers.is_whole(n) && !listers.is_whole(n - 1));
            let mut counter = Counter::new(n);
            for (row, asked) in lists.iter().enumerate() {
                let mut counts = vec![0; n];
                listers.count(asked, Some(row as u32), x.copies(), &mut counter, |u, count| {
                    counts[u as usize] = count;
                });
                let own = listed(&x, row, 0, k);
                // The last copy: another one of the same tuple, if there is one.
                for (u, count) in
                    counts.into_iter().enumerate().filter(|c| copies > 1 || c.0 != row)
                {
                    let theirs = listed(&x, u, copies - 1, k);
                    assert_eq!(count, own.intersection(&theirs).count() as u64, "{row} and {u}");
                }
            }
        }
    }

    /// Five tuples share two places of three. The one with three copies is kept and, of the rest, that
    /// closest to number 5: four copies for two places.
    #[test]
    fn a_long_shell_keeps_its_most_frequent_and_closest_tuples() {
        let place = |row: u32, distance, share| Place { row, distance, share };
        let copies = [1, 1, 1, 3, 1, 1, 1];
        let shell =
            [1, 2, 3, 4, 6].map(|row| place(row, 2.0, copies[row as usize] as f64 * 2.0 / 7.0));
        let places = [[place(0, 1.0, 1.0)].as_slice(), &shell].concat();
        let kept = list(&places, None, 5, &copies, 2);
        let kept: Vec<(u32, f32)> = kept.iter().map(|l| (l.row, l.part)).collect();
        assert_eq!(kept, [(0, 1.0), (3, 0.5), (4, 0.5)]);
    }
}
