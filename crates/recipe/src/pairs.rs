//! Which columns to look at together, where no preset says it.

use crate::Facts;
use lanner_frame::Ctx;
use rayon::prelude::*;

/// Up to this many columns, all ordered pairs are looked at; of more columns, as many pairs.
const ALL: usize = 8;

/// Ordered pairs (of, given) of columns: all of them for few columns, else those with most mutual
/// information over tuples, in both directions; of equal ones those of the earlier columns.
///
/// # Cost
/// Beyond [`ALL`] columns, a sort of the n tuples for each pair, in parallel.
pub(crate) fn choose(facts: &Facts, columns: &[usize], ctx: &Ctx) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (at, &a) in columns.iter().enumerate() {
        pairs.extend(columns[at + 1..].iter().map(|&b| (a, b)));
    }
    if columns.len() > ALL {
        let alone: Vec<f64> = columns.iter().map(|&j| entropy(facts, j, None)).collect();
        let place = |j: usize| columns.iter().position(|&c| c == j).expect("one of the columns");
        let shared = |&(a, b): &(usize, usize)| {
            alone[place(a)] + alone[place(b)] - entropy(facts, a, Some(b))
        };
        let mut shared: Vec<(f64, (usize, usize))> =
            ctx.parallel(|| pairs.par_iter().map(|p| (shared(p), *p)).collect());
        shared.sort_by(|x, y| y.0.total_cmp(&x.0));
        shared.truncate(ALL * (ALL - 1) / 2);
        pairs = shared.into_iter().map(|s| s.1).collect();
    }
    pairs.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]).collect()
}

/// Entropy of a column over tuples, or of two together, in nats. Added in the order of the counts, so that
/// it does not depend on names.
fn entropy(facts: &Facts, a: usize, b: Option<usize>) -> f64 {
    let codes = |j: usize| facts.columns[j].codes.as_slice();
    let second = |i: usize| b.map_or(0, |b| u64::from(codes(b)[i]));
    let mut keys: Vec<u64> =
        codes(a).iter().enumerate().map(|(i, &c)| u64::from(c) << 32 | second(i)).collect();
    keys.sort_unstable();
    let mut counts: Vec<usize> = keys.chunk_by(|x, y| x == y).map(<[_]>::len).collect();
    counts.sort_unstable();
    let n = keys.len() as f64;
    counts.iter().map(|&c| c as f64 / n).map(|p| -p * p.ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Role};
    use lanner_frame::{Cancel, Workers};

    /// Nine columns of 64 tuples: independent bits, but the last two are equal.
    #[test]
    fn of_many_columns_those_that_know_of_each_other_are_paired() {
        let bit = |j: usize| (0..64u32).map(|i| i >> (j % 6) & 1).collect();
        let mut columns: Vec<Column> = (0..8)
            .map(|j| Column {
                name: format!("c{j}"),
                role: Role::Other,
                codes: if j < 6 { bit(j) } else { vec![0; 64] },
                values: vec![None, None],
            })
            .collect();
        columns.push(Column { name: "twin".to_owned(), ..columns[5].clone() });
        let facts = Facts {
            columns,
            numbers: vec![],
            copies: vec![1; 64],
            changes: vec![true; 64],
            visits: None,
        };
        let ctx = Ctx::new(Workers::new(1).unwrap(), Cancel::default(), 1);
        let pairs = choose(&facts, &(0..9).collect::<Vec<_>>(), &ctx);
        assert_eq!(pairs[..2], [(5, 8), (8, 5)]);
        assert_eq!(pairs.len(), 56);
        assert_eq!(choose(&facts, &[0, 1, 2], &ctx).len(), 6);
        assert!((entropy(&facts, 0, None) - 2f64.ln()).abs() < 1e-12);
    }
}
