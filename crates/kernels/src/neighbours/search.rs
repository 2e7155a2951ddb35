//! The nearest rows found so far, with the whole shell at the last distance.

/// A row that may be among the nearest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Reduced distance.
    pub(super) reduced: f64,
    /// Row number in the sample.
    pub(super) row: u32,
    /// Places it takes: its copies, less one for the row that asks.
    pub(super) copies: u64,
}

/// Work space of a search for the rows that fill k places; reuse it from search to search.
///
/// Invariant: `near` is sorted by distance and fills fewer than k places; once k places are filled,
/// `shell` holds every candidate seen at the distance `bound`, and none is farther.
#[derive(Debug, Default)]
pub struct Search {
    k: u64,
    near: Vec<Candidate>,
    filled: u64,
    shell: Vec<Candidate>,
    bound: f64,
    /// Rows compared since the start.
    pub(super) compared: usize,
}

impl Search {
    /// Forgets what was found and starts a search for k >= 1 places.
    pub(super) fn start(&mut self, k: u64) {
        self.k = k;
        self.near.clear();
        self.shell.clear();
        self.filled = 0;
        self.bound = f64::INFINITY;
        self.compared = 0;
    }

    /// No row farther than this reduced distance is wanted any more.
    #[inline]
    pub(super) fn bound(&self) -> f64 {
        self.bound
    }

    /// Takes a candidate no farther than [`Self::bound`].
    pub(super) fn push(&mut self, new: Candidate) {
        if !self.shell.is_empty() && new.reduced == self.bound {
            self.shell.push(new);
            return;
        }
        let at = self.near.partition_point(|c| c.reduced <= new.reduced);
        self.near.insert(at, new);
        self.filled += new.copies;
        if self.filled >= self.k {
            // The last group of the near ones fills the last place: it is the new shell.
            self.bound = self.near.last().map_or(f64::INFINITY, |c| c.reduced);
            let start = self.near.partition_point(|c| c.reduced < self.bound);
            self.shell.clear();
            self.shell.extend(self.near.drain(start..));
            self.filled -= self.shell.iter().map(|c| c.copies).sum::<u64>();
        }
    }

    /// Sorts what was found by distance, equal ones by row number.
    pub(super) fn finish(&mut self) {
        self.near.sort_unstable_by(|a, b| a.reduced.total_cmp(&b.reduced).then(a.row.cmp(&b.row)));
        self.shell.sort_unstable_by_key(|c| c.row);
    }

    /// All that was found, after [`Self::finish`].
    pub(super) fn found(&self) -> impl Iterator<Item = Candidate> + Clone {
        self.near.iter().chain(&self.shell).copied()
    }

    /// How many were found, and how many of them in order fill the k places.
    pub(super) fn lengths(&self) -> (usize, usize) {
        let mut filled = self.filled;
        let needed = self.shell.iter().take_while(|c| {
            let wanted = filled < self.k;
            filled += c.copies;
            wanted
        });
        (self.near.len() + self.shell.len(), self.near.len() + needed.count())
    }
}
