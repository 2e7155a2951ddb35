//! Reasons by rarity: which values of a tuple few rows share.

use crate::{Oddity, Reason};
use std::cmp::Ordering;

/// A share of rows up to which a value is worth naming.
const WORTH_NAMING: f64 = 0.05;
/// Reasons given for one tuple at most.
const REASONS: usize = 3;

/// How often each value of a field occurs, counted in rows.
#[derive(Debug, Clone)]
pub struct Values {
    /// Name of the field.
    pub field: String,
    /// Code of each tuple's value: equal values, equal codes, codes in the order of the values.
    pub codes: Vec<u32>,
    /// Do the values have a meaning as numbers?
    pub numeric: bool,
}

/// Rows by value for every field; gives the reasons of a tuple.
#[derive(Debug)]
pub struct Rarity {
    fields: Vec<Field>,
    total: u64,
}

#[derive(Debug)]
struct Field {
    values: Values,
    /// Rows with a code, by code.
    rows: Vec<u64>,
    /// Rows with this code or a lower one, by code; only for numbers.
    up_to: Vec<u64>,
}

impl Rarity {
    /// Counts rows by value. `copies` has the rows behind each tuple.
    ///
    /// # Cost
    /// O(n) for each field.
    pub fn new(fields: Vec<Values>, copies: &[u64]) -> Self {
        let total = copies.iter().sum();
        let count = |values: Values| {
            let codes = values.codes.iter().max().map_or(0, |&c| c as usize + 1);
            let mut rows = vec![0u64; codes];
            for (&code, &c) in values.codes.iter().zip(copies) {
                rows[code as usize] += c;
            }
            let running = rows.iter().scan(0u64, |sum, &r| {
                *sum += r;
                Some(*sum)
            });
            let up_to = if values.numeric { running.collect() } else { Vec::new() };
            Field { values, rows, up_to }
        };
        Self { fields: fields.into_iter().map(count).collect(), total }
    }

    /// The up to three rarest values of tuple `i`, rarest first, with the text that `value` gives for a
    /// field's number. The rarest one is given even where it is common.
    pub fn reasons(&self, i: usize, value: impl Fn(usize) -> Option<String>) -> Vec<Reason> {
        let mut odd: Vec<(usize, Oddity, u64)> = Vec::with_capacity(self.fields.len());
        for (j, field) in self.fields.iter().enumerate() {
            let (kind, rows) = field.oddity(field.values.codes[i] as usize, self.total);
            odd.push((j, kind, rows));
        }
        odd.sort_by(|a, b| a.2.cmp(&b.2).then(Ordering::Equal));
        let worth = |rows: u64| rows as f64 <= WORTH_NAMING * self.total as f64;
        let kept = odd.iter().take(REASONS).enumerate().filter(|(at, o)| *at == 0 || worth(o.2));
        kept.map(|(_, &(j, kind, rows))| Reason {
            field: self.fields[j].values.field.clone(),
            value: value(j),
            kind,
            rows,
            of: self.total,
        })
        .collect()
    }
}

impl Field {
    fn oddity(&self, code: usize, total: u64) -> (Oddity, u64) {
        if !self.values.numeric {
            return (Oddity::Rare, self.rows[code]);
        }
        let low = self.up_to[code];
        let high = total - low + self.rows[code];
        if high <= low { (Oddity::High, high) } else { (Oddity::Low, low) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Field a: codes 0,0,1 with copies 5,3,1: value 1 has 1 of 9 rows. Field b is a number: code 2 is
    /// the highest and has 3 rows as high.
    #[test]
    fn names_the_rarest_value_first() {
        let a = Values { field: "a".into(), codes: vec![0, 0, 1], numeric: false };
        let b = Values { field: "b".into(), codes: vec![0, 2, 1], numeric: true };
        let rarity = Rarity::new(vec![a, b], &[5, 3, 1]);
        let reasons = rarity.reasons(2, |j| Some(format!("v{j}")));
        assert_eq!(reasons[0].text(), "a v0: 1 of 9 rows");
        let second = rarity.reasons(1, |_| None);
        assert_eq!(second[0].text(), "b (none): only 3 of 9 rows are as high");
    }
}
