//! Kernel rows kept for the next time they are needed.

use crate::lanes::LANES;

/// Memory that kernel rows may take. More saves computing rows again and no other work.
const BYTES: usize = 256 << 20;
const NONE: u32 = u32::MAX;

/// The most recently used kernel rows of the active rows, as many as fit.
pub(super) struct Cache {
    slots: Vec<Slot>,
    /// The slot of each active row, or `NONE`.
    place: Vec<u32>,
    clock: u64,
}

struct Slot {
    owner: u32,
    used: u64,
    values: Vec<[f64; LANES]>,
}

impl Cache {
    /// An empty cache for so many active rows.
    pub(super) fn new(rows: usize) -> Self {
        Self { slots: Vec::new(), place: vec![NONE; rows], clock: 0 }
    }

    /// The slot of an active row, filled by `fill` if it was not kept. It stays until two other rows
    /// were asked for at least.
    pub(super) fn fetch(&mut self, row: usize, fill: impl FnOnce(&mut Vec<[f64; LANES]>)) -> usize {
        self.clock += 1;
        if self.place[row] == NONE {
            let bytes = self.place.len().next_multiple_of(LANES) * size_of::<f64>();
            let slot = if self.slots.len() < (BYTES / bytes).max(2) {
                self.slots.push(Slot { owner: row as u32, used: 0, values: Vec::new() });
                self.slots.len() - 1
            } else {
                let oldest = (0..self.slots.len()).min_by_key(|&s| self.slots[s].used);
                let oldest = oldest.expect("there are two slots at least");
                self.place[self.slots[oldest].owner as usize] = NONE;
                oldest
            };
            self.slots[slot].owner = row as u32;
            fill(&mut self.slots[slot].values);
            self.place[row] = slot as u32;
        }
        let slot = self.place[row] as usize;
        self.slots[slot].used = self.clock;
        slot
    }

    /// The kernel row in a slot.
    pub(super) fn row(&self, slot: usize) -> &[[f64; LANES]] {
        &self.slots[slot].values
    }

    /// Keeps only these active rows, in ascending order, and numbers them anew.
    pub(super) fn keep(&mut self, kept: &[u32]) {
        let mut number = vec![NONE; self.place.len()];
        for (new, &old) in kept.iter().enumerate() {
            number[old as usize] = new as u32;
        }
        self.slots.retain(|slot| number[slot.owner as usize] != NONE);
        self.place = vec![NONE; kept.len()];
        for (s, slot) in self.slots.iter_mut().enumerate() {
            slot.owner = number[slot.owner as usize];
            slot.values = gathered(&slot.values, kept);
            self.place[slot.owner as usize] = s as u32;
        }
    }
}

/// The values at these places, filled up with zeros to whole groups of lanes.
pub(super) fn gathered(values: &[[f64; LANES]], places: &[u32]) -> Vec<[f64; LANES]> {
    let flat = values.as_flattened();
    let mut out = vec![[0.0; LANES]; places.len().div_ceil(LANES)];
    for (out, &at) in out.as_flattened_mut().iter_mut().zip(places) {
        *out = flat[at as usize];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of 2^23 values take 64 MiB, so four fit. The fifth pushes out the one not used for longest.
    #[test]
    fn the_row_unused_for_longest_goes() {
        let mut cache = Cache::new(1 << 23);
        let asked = |cache: &mut Cache, row: usize| {
            let mut filled = false;
            let slot = cache.fetch(row, |values| {
                filled = true;
                *values = vec![[row as f64; LANES]; 1];
            });
            assert_eq!(cache.row(slot)[0][0], row as f64);
            filled
        };
        for row in 0..4 {
            assert!(asked(&mut cache, row));
        }
        assert!(!asked(&mut cache, 0));
        assert!(asked(&mut cache, 4));
        assert!(!asked(&mut cache, 0) && asked(&mut cache, 1));
    }

    #[test]
    fn rows_kept_lose_what_is_left_out() {
        let mut cache = Cache::new(10);
        for row in [2, 5, 9] {
            cache.fetch(row, |v| {
                *v = vec![[0., 1., 2., 3., 4., 5., 6., 7.], [8., 9., 0., 0., 0., 0., 0., 0.]];
            });
        }
        cache.keep(&[1, 2, 9]);
        let slot = cache.fetch(2, |_| panic!("row 9 was kept as row 2"));
        assert_eq!(cache.row(slot), [[1.0, 2.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0]]);
        let mut filled = false;
        cache.fetch(0, |v| {
            filled = true;
            *v = vec![[0.0; LANES]];
        });
        assert!(filled);
    }
}
