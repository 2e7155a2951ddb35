//! The nearest rows of every row, made once for all models of a run.

use super::index::{Index, LEAF};
use super::metric::Metric;
use super::places::{Place, Step, places, steps};
use super::products::Products;
use super::search::{Candidate, Search};
use lanner_frame::{Cancelled, Ctx, Sample};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows that are worked on together; they lie close to each other in the tree.
const BLOCK: usize = 4 * LEAF;

/// The neighbours of every row of a sample, nearest first, as many as fill k places.
///
/// A row's own other copies count as a neighbour at distance 0. The last shell is kept whole unless it
/// would more than double a row's list (and pass 64 neighbours); where it was cut and a model needs all
/// of it, it is searched again, so memory stays O(n k) on lattices too.
#[derive(Debug)]
pub struct Graph {
    index: Index,
    k: u64,
    blocks: Vec<Block>,
}

/// The lists of `BLOCK` rows that follow each other in the tree.
#[derive(Debug)]
struct Block {
    /// Where each list ends, and whether its last shell is whole.
    ends: Vec<(u32, bool)>,
    rows: Vec<u32>,
    reduced: Vec<f64>,
}

impl Block {
    /// Takes over what the searches found, with no room to spare: the lists are most of the memory.
    fn of(searches: &[Search]) -> Self {
        let kept = searches.iter().map(|search| {
            let (found, needed) = search.lengths();
            let whole = found <= (2 * needed).max(64);
            (search, if whole { found } else { needed }, whole)
        });
        let all = kept.clone().map(|(_, length, _)| length).sum();
        let mut block = Self {
            ends: Vec::with_capacity(searches.len()),
            rows: Vec::with_capacity(all),
            reduced: Vec::with_capacity(all),
        };
        for (search, length, whole) in kept {
            for candidate in search.found().take(length) {
                block.rows.push(candidate.row);
                block.reduced.push(candidate.reduced);
            }
            block.ends.push((block.rows.len() as u32, whole));
        }
        block
    }
}

impl Graph {
    /// Gives the Euclidean graph of the run's sample for k >= 1 places, making it if no model did before.
    ///
    /// It is made for the largest number of neighbours that was announced for the run, so that all
    /// models share one; only a model that asks for more gets one of its own.
    ///
    /// # Errors
    /// [`Cancelled`] when the run is interrupted.
    ///
    /// # Cost
    /// O(n d log n) time typically for d below about 10 and O(n^2 d) at worst; 12 bytes a neighbour.
    pub fn shared(x: &Sample, k: u64, ctx: &Ctx) -> Result<Arc<Self>, Cancelled> {
        let most = k.max(ctx.expected_neighbours() as u64);
        Self::shared_for(x, Metric::Euclidean, most, ctx)
    }

    /// As [`Graph::shared`], in any metric. What the run announced is meant for the Euclidean one; in
    /// another, models share a graph if they ask for equally many neighbours, and the index always.
    ///
    /// # Errors
    /// [`Cancelled`] when the run is interrupted.
    pub fn shared_with(
        x: &Sample,
        metric: Metric,
        k: u64,
        ctx: &Ctx,
    ) -> Result<Arc<Self>, Cancelled> {
        match metric {
            Metric::Euclidean => Self::shared(x, k, ctx),
            _ => Self::shared_for(x, metric, k, ctx),
        }
    }

    fn shared_for(x: &Sample, metric: Metric, k: u64, ctx: &Ctx) -> Result<Arc<Self>, Cancelled> {
        let name = format!("neighbours/{metric:?}");
        ctx.shared(&format!("{name}/{k}"), || {
            let index = ctx.shared(&name, || Ok::<_, Cancelled>(Index::with_metric(x, metric)))?;
            Self::new(Index::clone(&index), k, ctx)
        })
    }

    /// Finds the neighbours of all rows of an index.
    ///
    /// # Errors
    /// [`Cancelled`] when the run is interrupted.
    pub fn new(index: Index, k: u64, ctx: &Ctx) -> Result<Self, Cancelled> {
        let prunes_well = prunes_well(&index, k);
        let products = if prunes_well { None } else { Products::new(&index) };
        let blocks = by_block(&index, ctx, |positions, searches| {
            match &products {
                Some(products) => products.find(positions.clone(), k, searches, ctx)?,
                None if !prunes_well => index.find_together(positions.clone(), k, searches, ctx)?,
                None => {
                    for (at, search) in positions.clone().zip(&mut *searches) {
                        index.find_own(at, k, search);
                    }
                }
            }
            Ok(Block::of(&searches[..positions.len()]))
        })?;
        drop(products);
        Ok(Self { index, k, blocks })
    }

    /// The rows it was made of.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Computes a number for each row from the distances that fill its k places, ascending.
    ///
    /// Where all rows together fill fewer than k places, there are fewer. Numbers come in the sample's
    /// order.
    ///
    /// # Errors
    /// [`Cancelled`] when the run is interrupted.
    pub fn map_steps(
        &self,
        k: u64,
        ctx: &Ctx,
        number: impl Fn(&[Step]) -> f64 + Sync,
    ) -> Result<Vec<f64>, Cancelled> {
        self.map(ctx, |at, scratch| {
            self.fetch(at, k, false, scratch);
            steps(self.index.metric(), scratch.found.iter().copied(), k, &mut scratch.steps);
            number(&scratch.steps)
        })
    }

    /// Computes something for each row from its number and the rows that fill its k places, nearest
    /// first; the last shell shares the places that are left.
    ///
    /// Results come in the sample's order.
    ///
    /// # Errors
    /// [`Cancelled`] when the run is interrupted.
    pub fn map_places<T: Clone + Default + Send>(
        &self,
        k: u64,
        ctx: &Ctx,
        number: impl Fn(usize, &[Place]) -> T + Sync,
    ) -> Result<Vec<T>, Cancelled> {
        self.map(ctx, |at, scratch| {
            self.fetch(at, k, true, scratch);
            places(self.index.metric(), &scratch.found, k, &mut scratch.places);
            number(self.index.row_number(at) as usize, &scratch.places)
        })
    }

    fn map<T: Clone + Default + Send>(
        &self,
        ctx: &Ctx,
        number: impl Fn(usize, &mut Scratch) -> T + Sync,
    ) -> Result<Vec<T>, Cancelled> {
        let blocks = by_block(&self.index, ctx, |positions, scratch: &mut [Scratch]| {
            Ok(positions.map(|at| number(at, &mut scratch[0])).collect::<Vec<T>>())
        })?;
        let mut numbers = vec![T::default(); self.index.rows()];
        for (at, number) in blocks.into_iter().flatten().enumerate() {
            numbers[self.index.row_number(at) as usize] = number;
        }
        Ok(numbers)
    }

    /// Puts the neighbours that fill k places of the row at a position into `scratch.found`, the last
    /// shell whole where that is asked for.
    fn fetch(&self, at: usize, k: u64, whole: bool, scratch: &mut Scratch) {
        let (block, i) = (&self.blocks[at / BLOCK], at % BLOCK);
        let start = if i == 0 { 0 } else { block.ends[i - 1].0 as usize };
        let (end, kept_whole) = block.ends[i];
        let (own, copies) = (self.index.row_number(at), self.index.copies());
        let range = start..end as usize;
        let listed = block.reduced[range.clone()].iter().zip(&block.rows[range]);
        let found = &mut scratch.found;
        found.clear();
        found.extend(listed.map(|(&reduced, &row)| {
            let copies = copies[row as usize] - u64::from(row == own);
            Candidate { reduced, row, copies }
        }));
        let enough = || {
            let last = found.last().map_or(0.0, |c| c.reduced);
            let before = found.iter().take_while(|c| c.reduced < last);
            kept_whole || !whole || before.map(|c| c.copies).sum::<u64>() >= k
        };
        if k > self.k || !enough() {
            self.index.find_own(at, k, &mut scratch.search);
            found.clear();
            found.extend(scratch.search.found());
        }
    }
}

/// Work space for reading lists.
#[derive(Default)]
struct Scratch {
    found: Vec<Candidate>,
    search: Search,
    steps: Vec<Step>,
    places: Vec<Place>,
}

/// Does some work for each block of positions, in parallel, with `BLOCK` work spaces that are reused.
fn by_block<S: Default + Send, R: Send>(
    index: &Index,
    ctx: &Ctx,
    work: impl Fn(Range<usize>, &mut [S]) -> Result<R, Cancelled> + Sync,
) -> Result<Vec<R>, Cancelled> {
    let (n, done) = (index.rows(), AtomicUsize::new(0));
    let spaces = || (0..BLOCK).map(|_| S::default()).collect::<Vec<S>>();
    ctx.parallel(|| {
        let blocks = (0..n.div_ceil(BLOCK)).into_par_iter();
        let results = blocks.map_init(spaces, |spaces, block| {
            ctx.check()?;
            let result = work(block * BLOCK..n.min((block + 1) * BLOCK), spaces);
            ctx.step(done.fetch_add(1, Ordering::Relaxed) + 1, n.div_ceil(BLOCK));
            result
        });
        results.collect()
    })
}

/// Says whether the tree spares enough comparisons on these rows to beat the products.
///
/// It counts them for a few rows, so the choice follows the data and not only its number of columns.
fn prunes_well(index: &Index, k: u64) -> bool {
    const TRIED: usize = 32;
    // Measured on two x86-64 cores: a comparison in the tree costs about this many in the products.
    const WORTH: usize = 4;
    let n = index.rows();
    let mut search = Search::default();
    let compared = (0..TRIED).map(|i| {
        index.find_own(i * n / TRIED, k, &mut search);
        search.compared
    });
    n < 32 * LEAF || compared.sum::<usize>() * WORTH < TRIED * n
}
