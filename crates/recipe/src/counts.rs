//! Rows, values and holders counted for the reasons of a few tuples out of many.

use crate::Facts;
use lanner_kernels::quantile::median;
use std::sync::OnceLock;

/// Counts over tuples, with the tuples of each value found once a column.
pub(crate) struct Counts<'a> {
    facts: &'a Facts,
    by_value: Vec<OnceLock<Buckets>>,
    /// Of each column of numbers.
    medians: Vec<OnceLock<f64>>,
    /// First and last moment of each tuple.
    spans: Vec<Option<(i64, i64)>>,
    pub(crate) rows: u64,
}

/// The tuples of each code of a column, one code after another.
struct Buckets {
    starts: Vec<u32>,
    tuples: Vec<u32>,
}

/// How often a value occurs among some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) count: u64,
    pub(crate) total: u64,
    /// The code of the most frequent other value and its rows; of equally frequent ones that with the
    /// first name.
    pub(crate) usual: Option<(u32, u64)>,
}

/// The nearer end of a column of numbers, seen from one of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct End {
    /// Is it the high end?
    pub(crate) high: bool,
    /// Rows at least as high, or as low.
    pub(crate) count: u64,
    pub(crate) total: u64,
    /// The median over rows.
    pub(crate) median: f64,
}

impl Buckets {
    fn new(codes: &[u32], values: usize) -> Self {
        let mut starts = vec![0u32; values + 1];
        for &code in codes {
            starts[code as usize + 1] += 1;
        }
        for v in 0..values {
            starts[v + 1] += starts[v];
        }
        let mut next = starts.clone();
        let mut tuples = vec![0; codes.len()];
        for (i, &code) in codes.iter().enumerate() {
            tuples[next[code as usize] as usize] = i as u32;
            next[code as usize] += 1;
        }
        Self { starts, tuples }
    }
}

impl<'a> Counts<'a> {
    pub(crate) fn new(facts: &'a Facts) -> Self {
        Self {
            facts,
            by_value: facts.columns.iter().map(|_| OnceLock::new()).collect(),
            medians: facts.numbers.iter().map(|_| OnceLock::new()).collect(),
            spans: facts.visits.as_ref().map_or_else(Vec::new, |v| v.spans(facts.len())),
            rows: facts.copies.iter().sum(),
        }
    }

    /// The tuples that have the value of tuple `i` in column `j`.
    fn alike(&self, j: usize, i: usize) -> &[u32] {
        let column = &self.facts.columns[j];
        let buckets =
            self.by_value[j].get_or_init(|| Buckets::new(&column.codes, column.values.len()));
        let code = column.codes[i] as usize;
        &buckets.tuples[buckets.starts[code] as usize..buckets.starts[code + 1] as usize]
    }

    fn copies(&self, tuples: &[u32]) -> u64 {
        tuples.iter().map(|&t| self.facts.copies[t as usize]).sum()
    }

    /// Rows with the value of tuple `i` in column `of`, out of all.
    pub(crate) fn alone(&self, of: usize, i: usize) -> Cell {
        Cell { count: self.copies(self.alike(of, i)), total: self.rows, usual: None }
    }

    /// Rows with the value of tuple `i` in column `of`, among those with its value in column `given`.
    pub(crate) fn among(&self, of: usize, given: usize, i: usize) -> Cell {
        let column = &self.facts.columns[of];
        let alike = self.alike(given, i);
        let mut rows: Vec<(u32, u64)> = alike
            .iter()
            .map(|&t| (column.codes[t as usize], self.facts.copies[t as usize]))
            .collect();
        rows.sort_unstable_by_key(|r| r.0);
        let (mut count, mut usual) = (0, None::<(u32, u64)>);
        for same in rows.chunk_by(|a, b| a.0 == b.0) {
            let (code, sum) = (same[0].0, same.iter().map(|r| r.1).sum());
            let name = |code: u32| &column.values[code as usize];
            if code == column.codes[i] {
                count = sum;
            } else if usual
                .is_none_or(|(best, most)| sum > most || (sum == most && name(code) < name(best)))
            {
                usual = Some((code, sum));
            }
        }
        Cell { count, total: self.copies(alike), usual }
    }

    /// The nearer end of number column `k`, seen from tuple `i`.
    pub(crate) fn end(&self, k: usize, i: usize) -> End {
        let values = &self.facts.numbers[k].values;
        let rows = |keep: &dyn Fn(f64) -> bool| {
            let kept = values.iter().zip(&self.facts.copies).filter(|(v, _)| keep(**v));
            kept.map(|(_, c)| c).sum::<u64>()
        };
        let (above, below) = (rows(&|v| v >= values[i]), rows(&|v| v <= values[i]));
        let high = above <= below;
        let median = *self.medians[k].get_or_init(|| median(values, &self.facts.copies));
        End { high, count: if high { above } else { below }, total: self.rows, median }
    }

    /// Principals with the value of tuple `i` in column `of`, among those with its value in `given`.
    pub(crate) fn holders(&self, of: usize, given: usize, principal: usize, i: usize) -> Cell {
        let codes = |j: usize| self.facts.columns[j].codes.as_slice();
        let distinct = |keep: &dyn Fn(usize) -> bool| {
            let alike = self.alike(given, i).iter().filter(|&&t| keep(t as usize));
            let mut who: Vec<u32> = alike.map(|&t| codes(principal)[t as usize]).collect();
            who.sort_unstable();
            who.dedup();
            who.len() as u64
        };
        let has = |t: usize| codes(of)[t] == codes(of)[i];
        Cell { count: distinct(&has), total: distinct(&|_| true), usual: None }
    }

    /// First and last moment of the rows with tuple `i`'s value in a column, or in two.
    pub(crate) fn span(&self, of: usize, with: Option<usize>, i: usize) -> Option<(i64, i64)> {
        let same = |t: usize| {
            with.is_none_or(|w| self.facts.columns[w].codes[t] == self.facts.columns[w].codes[i])
        };
        let alike = self.alike(of, i).iter().map(|&t| t as usize).filter(|&t| same(t));
        alike.map(|t| self.spans[t]).fold(None, crate::table::widest)
    }

    /// First and last moment of all rows.
    pub(crate) fn period(&self) -> Option<(i64, i64)> {
        self.spans.iter().copied().fold(None, crate::table::widest)
    }
}
