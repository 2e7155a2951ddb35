//! `PSurprise`: surprise of category codes, alone and given another column.
//!
//! Asks of each value how small the share of rows is that have values no more frequent: among all rows,
//! and among those that have the row's value in another column.
//!
//! ```text
//! t(y)     = -ln( rows with values of y at most as frequent / N )
//! t(y | x) = the same among the rows with this value of x
//! s(row)   = sum over columns y of t(y) + sum over ordered pairs of columns (x, y) of t(y | x)
//! ```
//!
//! Rows are counted with their copies. exp(-t) is a p-value: who always comes from a new address
//! surprises nobody with another one, and for who comes from one address alone another is news. A value
//! without history gives no evidence about others: given a value that no row has, t is 0. A pair that no
//! row has counts as one row more, as rare as the rarest can be (see
//! [`surprises`]).
//!
//! With more than `max_pairs` pairs of columns, those are looked at that have the highest mutual
//! information, less what chance gives: (a - 1)(b - 1) / 2N for columns of a and b values.
//!
//! - **Score**: nats, 0 or more; larger is odder. A conditional surprise is the share of y in it.
//! - **Cost**: fit O(p n log n) for p pairs of columns (all pairs for their mutual information), a row
//!   O(p log n), memory O(p n).
//! - **Blind to**: values odd only in threes; a principal that did everything once.
//! - **Source**: Lanner's own, from its recipe for logs; the term is the p-value of an outcome by its
//!   probability, as in R. A. Fisher, "The Design of Experiments", 1935. The correction of the mutual
//!   information: G. A. Miller, "Note on the bias of information estimates", 1955.

use crate::categories::{Column, Numbered, numbered};
use crate::{
    Card, Detector, FitError, Fitted, Kind, Param, ParamError, Part, Randomness, Scorer, Shape,
};
use lanner_frame::{Ctx, Sample};
use lanner_kernels::levels::{Pairs, entropy, pair, surprises};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Pair surprise; see the [module page](self).
pub struct PSurprise;

/// What an analyst may tune.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Pairs of columns looked at, 1 to 10,000.
    pub max_pairs: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self { max_pairs: 28 }
    }
}

impl Detector for PSurprise {
    type Params = Params;
    type Model = Model;

    const CARD: Card = Card {
        id: "PSurprise",
        title: "Pair surprise",
        idea: "Asks of each value how rare it is, among all rows and among those that share the value of another \
               field: an action that this user never takes, a user that this network never saw. Who always does \
               something new surprises nobody.",
        formula: "s(x) = sum over fields of t(x_j) + sum over ordered pairs of fields of t(x_j given x_k); t = \
                  -ln(share of the rows in question whose value is at most as frequent)",
        params: &[Param {
            name: "max_pairs",
            default: "28",
            allowed: "1 to 10000",
            what: "pairs of fields looked at (28 are all of 8 fields); of more, those with the highest mutual \
                   information, less what chance gives",
        }],
        randomness: Randomness::None,
        cost: "fit O(p n log n) for p pairs of fields, a new row O(p log n), memory O(p n)",
        blind_to: "Values that are odd only in threes. Numbers: it sees equal and unequal, not near and far.",
        source: "Lanner's own, from its recipe for logs; the term is the p-value of an outcome by its probability \
                 as in R. A. Fisher: The Design of Experiments. Oliver and Boyd, 1935",
        departs: "",
        kind: Kind::Categorical,
        default: false,
    };

    fn check(params: &Params) -> Result<(), ParamError> {
        if (1..=10_000).contains(&params.max_pairs) {
            return Ok(());
        }
        let given = params.max_pairs.to_string();
        let (model, name, allowed) = ("PSurprise", "max_pairs", "1 to 10000");
        Err(ParamError::OutOfRange { model, name, given, allowed })
    }

    fn guess(params: &Params, shape: Shape) -> f64 {
        let all = shape.d() * (shape.d() - 1.0) / 2.0;
        let chosen = all.min(params.max_pairs as f64);
        let sort = 6e-9 * shape.n() * shape.n().log2().max(1.0);
        sort * (2.0 * shape.d() + all + 3.0 * chosen)
    }

    fn fit(x: &Sample, params: &Params, ctx: &Ctx) -> Result<Model, FitError> {
        let columns = numbered(x, ctx)?;
        let (chosen, of) = chosen(&columns, x, params.max_pairs, ctx)?;
        let ranked = ctx.parallel(|| {
            let pairs = chosen.into_par_iter();
            pairs
                .map(|places| {
                    ctx.check()?;
                    Ok(Pair::ranked(places, &columns, x.copies()))
                })
                .collect::<Result<Vec<(Pair, Vec<u32>)>, FitError>>()
        })?;
        let d = x.columns();
        let mut shares = vec![0.0; x.rows() * d];
        let mut model = Model { columns: Vec::new(), pairs: Vec::new(), of, own: Vec::new() };
        for (j, (levels, place)) in columns.into_iter().enumerate() {
            let (terms, unseen) = surprises(levels.rows());
            let column = Column::new(levels, terms, unseen);
            for (row, &k) in shares.chunks_exact_mut(d).zip(&place) {
                row[j] = column.term(Some(k));
            }
            model.columns.push(column);
        }
        for (pair, place) in ranked {
            ctx.check()?;
            for (row, &k) in shares.chunks_exact_mut(d).zip(&place) {
                pair.add(pair.terms[k as usize], row);
            }
            model.pairs.push(pair);
        }
        model.own = shares.chunks_exact(d).map(total).collect();
        Ok(model)
    }
}

/// The pairs of columns to look at, in order, and how many there are in all.
fn chosen(
    columns: &[Numbered],
    x: &Sample,
    most: usize,
    ctx: &Ctx,
) -> Result<(Vec<[u32; 2]>, u64), FitError> {
    let d = columns.len() as u32;
    let mut all: Vec<[u32; 2]> = (0..d).flat_map(|a| (a + 1..d).map(move |b| [a, b])).collect();
    let count = all.len();
    if count > most {
        let entropies: Vec<f64> =
            columns.iter().map(|(levels, _)| entropy(levels.rows())).collect();
        let information = |&[a, b]: &[u32; 2]| {
            ctx.check()?;
            let [(first, one), (second, other)] = [a, b].map(|j| &columns[j as usize]);
            let (pairs, _) = Pairs::ranked(one, other, x.copies());
            let chance = (first.count() as f64 - 1.0) * (second.count() as f64 - 1.0);
            let apart = entropies[a as usize] + entropies[b as usize];
            Ok(apart - entropy(&pairs.rows) - chance / (2.0 * x.total() as f64))
        };
        let information: Vec<f64> = ctx
            .parallel(|| all.par_iter().map(information).collect::<Result<Vec<f64>, FitError>>())?;
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| information[b].total_cmp(&information[a]));
        order.truncate(most);
        order.sort_unstable();
        all = order.into_iter().map(|p| all[p]).collect();
    }
    Ok((all, count as u64))
}

fn total(shares: &[f64]) -> f64 {
    shares.iter().fold(0.0, |sum, share| sum + share)
}

/// Surprise of single values and of pairs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    columns: Vec<Column>,
    pairs: Vec<Pair>,
    /// Number of all pairs of columns.
    of: u64,
    own: Vec<f64>,
}

/// Surprise of the values of two columns, each given the other.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pair {
    columns: [u32; 2],
    /// The pairs of values that occur, ascending.
    keys: Vec<u64>,
    /// For each, the surprise of the second value given the first, and of the first given the second.
    terms: Vec<[f64; 2]>,
    /// For each value of the first column the surprise of any other pair with it; the same of the second.
    unseen: [Vec<f64>; 2],
}

impl Pair {
    /// Also gives the number of each row's pair of values.
    fn ranked(places: [u32; 2], columns: &[Numbered], copies: &[u64]) -> (Self, Vec<u32>) {
        let both = places.map(|j| &columns[j as usize]);
        let (pairs, place) = Pairs::ranked(&both[0].1, &both[1].1, copies);
        let mut terms = vec![[0.0; 2]; pairs.keys.len()];
        let unseen = [0, 1].map(|side| {
            let given = |key: u64| if side == 0 { (key >> 32) as u32 } else { key as u32 };
            let mut order: Vec<(u32, u32)> =
                pairs.keys.iter().zip(0..).map(|(&key, k)| (given(key), k)).collect();
            order.sort_unstable();
            let groups = order.chunk_by(|a, b| a.0 == b.0);
            let unseen: Vec<f64> = groups
                .map(|group| {
                    let rows: Vec<u64> = group.iter().map(|g| pairs.rows[g.1 as usize]).collect();
                    let (own, unseen) = surprises(&rows);
                    for (&(_, k), t) in group.iter().zip(own) {
                        terms[k as usize][side] = t;
                    }
                    unseen
                })
                .collect();
            unseen
        });
        (Self { columns: places, keys: pairs.keys, terms, unseen }, place)
    }

    /// The two surprises of a row whose values have these numbers.
    fn terms(&self, numbers: &[Option<u32>]) -> [f64; 2] {
        let both = self.columns.map(|j| numbers[j as usize]);
        let found = match both {
            [Some(first), Some(second)] => self.keys.binary_search(&pair(first, second)).ok(),
            _ => None,
        };
        let unseen = |side: usize| both[side].map_or(0.0, |k| self.unseen[side][k as usize]);
        found.map_or_else(|| [unseen(0), unseen(1)], |k| self.terms[k])
    }

    /// Adds the surprises to the shares of the columns whose values surprise.
    fn add(&self, terms: [f64; 2], shares: &mut [f64]) {
        shares[self.columns[1] as usize] += terms[0];
        shares[self.columns[0] as usize] += terms[1];
    }

    fn is_whole(&self, columns: &[Column]) -> bool {
        let known = |side: usize| {
            let column = columns.get(self.columns[side] as usize);
            column.is_some_and(|c| c.count() == self.unseen[side].len())
        };
        known(0) && known(1) && self.keys.len() == self.terms.len()
    }
}

impl Fitted for Model {
    fn own_scores(&self) -> &[f64] {
        &self.own
    }

    fn scorer(&self) -> Option<&dyn Scorer> {
        Some(self)
    }

    fn notes(&self) -> Vec<String> {
        let (looked, of) = (self.pairs.len() as u64, self.of);
        if looked == of {
            return Vec::new();
        }
        vec![format!(
            "of {of} pairs of fields the {looked} with the highest mutual information are looked at"
        )]
    }

    fn parts(&self) -> Vec<Part> {
        let pairs = self.pairs.iter().flat_map(|p| p.columns).map(f64::from).collect();
        vec![Part::table("pairs", 2, pairs)]
    }

    fn columns(&self) -> usize {
        self.columns.len()
    }

    fn check(&self) -> Result<(), &'static str> {
        if !self.columns.iter().all(Column::is_whole) {
            return Err("a column has not the terms of its values");
        }
        if !self.pairs.iter().all(|p| p.is_whole(&self.columns)) {
            return Err("a pair of columns has not the terms of its values");
        }
        Ok(())
    }
}

impl Scorer for Model {
    fn score(&self, row: &[f64]) -> f64 {
        let mut shares = vec![0.0; row.len()];
        self.shares(row, &mut shares);
        total(&shares)
    }

    fn shares(&self, row: &[f64], out: &mut [f64]) -> bool {
        let numbers: Vec<Option<u32>> =
            self.columns.iter().zip(row).map(|(column, &v)| column.find(v)).collect();
        for ((share, column), &number) in out.iter_mut().zip(&self.columns).zip(&numbers) {
            *share = column.term(number);
        }
        for pair in &self.pairs {
            pair.add(pair.terms(&numbers), out);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_frame::Matrix;
    use lanner_testkit::Table;

    fn close(found: &[f64], by_hand: &[f64]) {
        assert_eq!(found.len(), by_hand.len());
        for (found, by_hand) in found.iter().zip(by_hand) {
            assert!((found - by_hand).abs() < 1e-12, "{found} {by_hand}");
        }
    }

    /// Rows (0, 5) three times, (0, 6), (1, 6) four times. t(0) = t(1) = -ln 4/8 and 8/8: both have 4
    /// rows, so 0. t(5) = -ln 3/8, t(6) = 0. Given 0: 5 has 3 of 4 rows (t = 0), 6 has 1 (ln 4). Given 6:
    /// 0 has 1 of 5 (ln 5), 1 has 4 (0). Given 5: 0 always (0).
    #[test]
    fn surprises_by_hand() {
        let x = Matrix::from_rows(&[[0.0, 5.0], [0.0, 6.0], [1.0, 6.0]]);
        let (sample, _) = Sample::collapse(&x, &[3, 1, 4]).unwrap();
        let model = PSurprise::fit(&sample, &Params::default(), &Ctx::small(0)).unwrap();
        let rare = (8.0_f64 / 3.0).ln();
        close(model.own_scores(), &[rare, 4.0_f64.ln() + 5.0_f64.ln(), 0.0]);
        let shares = |row: [f64; 2]| {
            let mut shares = [0.0; 2];
            assert!(model.shares(&row, &mut shares));
            shares
        };
        close(&shares([0.0, 6.0]), &[5.0_f64.ln(), 4.0_f64.ln()]);
        // A pair never seen: 5 given 1 as one of 5 rows, 1 given 5 as one of 4; 5 itself as before.
        close(&shares([1.0, 5.0]), &[4.0_f64.ln(), rare + 5.0_f64.ln()]);
        // A value never seen is one of 9 rows; given it nothing surprises, and given 0 it is one of 5
        // rows, as rare as the one there with a single row.
        close(&shares([0.0, 7.0]), &[0.0, 9.0_f64.ln() + 5.0_f64.ln()]);
        assert!(model.notes().is_empty());
    }

    /// Columns 2 and 3 are one and the same, column 1 is unlike both, the last has a value in each row.
    #[test]
    fn of_too_many_pairs_those_that_inform_are_looked_at() {
        let codes = Table::codes(5, 200, 2);
        let rows = codes.x.iter_rows().zip(0..).map(|(r, i)| [r[0], r[1], r[1], f64::from(i)]);
        let table = Table::plain(&rows.collect::<Vec<_>>());
        let params = Params { max_pairs: 1 };
        let model = PSurprise::fit(&table.sample().0, &params, &Ctx::small(0)).unwrap();
        assert_eq!(model.parts()[0].values, [1.0, 2.0]);
        assert!(model.notes()[0].contains("of 6 pairs of fields the 1 "), "{:?}", model.notes());
    }
}
