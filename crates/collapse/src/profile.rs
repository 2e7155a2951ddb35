//! What is in each field: type, distinct values, nulls, examples. One pass, bounded memory.
//!
//! Units are looked at side by side. What is learnt of them is put together in their order and would be the
//! same if they were one: the smallest hashes of all are among the smallest of each.

use crate::CollapseError;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use lanner_frame::Workers;
use lanner_read::{FileAccount, Inputs, Ledger};
use rayon::prelude::*;
use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::ControlFlow;

/// Hashes kept for each field: below this many distinct values the count is exact.
const KEPT: usize = 1 << 16;
/// Hashes held for each field before all but the smallest [`KEPT`] are dropped.
const HELD: usize = KEPT + KEPT / 2;
/// Units looked at side by side, for each thread.
const TOGETHER: usize = 4;
/// Example values kept for each field.
const EXAMPLES: usize = 4;
/// Bytes of an example that are kept.
const EXAMPLE_BYTES: usize = 120;

/// A number of distinct values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Counted.
    Exact(u64),
    /// Estimated from the smallest hashes (k minimum values, Bar-Yossef et al. 2002): standard error
    /// 0.4 %.
    About(u64),
}

impl Count {
    /// The number, counted or estimated.
    pub fn value(self) -> u64 {
        let (Self::Exact(n) | Self::About(n)) = self;
        n
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(n) => write!(f, "{n}"),
            Self::About(n) => write!(f, "~{n}"),
        }
    }
}

/// What is in one field.
#[derive(Debug, Clone)]
pub struct FieldProfile {
    /// Name.
    pub name: String,
    /// Type after reading.
    pub data_type: DataType,
    /// Distinct values, null not counted.
    pub distinct: Count,
    /// Rows in which it is null.
    pub nulls: u64,
    /// Rows in all.
    pub rows: u64,
    /// The first few distinct values in input order, cut. Log text, not made safe.
    pub examples: Vec<String>,
}

/// What is in an input.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The fields asked for, in order.
    pub fields: Vec<FieldProfile>,
    /// What was read of each file, in the order of [`Inputs::files`].
    pub accounts: Vec<FileAccount>,
}

/// Looks at every row of an input once and describes each of `columns`. The result does not depend on the
/// number of workers.
///
/// # Errors
/// [`CollapseError`] if a column is unknown, the input cannot be read, or on an interrupt.
///
/// # Cost
/// One read of the input; at most some 1.5 MiB of hashes a field, and those of a few units for each worker.
pub fn profile(
    inputs: &Inputs,
    columns: &[String],
    workers: &Workers,
) -> Result<Profile, CollapseError> {
    let schema = inputs.batch_schema(columns)?;
    let ledger = Ledger::new(inputs);
    let mut whole = Part::new(columns.len());
    let units: Vec<usize> = (0..inputs.units()).collect();
    for some in units.chunks(TOGETHER * workers.count()) {
        let look = |&unit: &usize| Part::of(unit, inputs, columns, &ledger);
        let parts: Vec<Result<Part, CollapseError>> =
            workers.run(|| some.par_iter().map(look).collect());
        for part in parts {
            whole.append(part?);
        }
    }
    let rows = whole.rows;
    let fields =
        columns.iter().zip(whole.fields).enumerate().map(|(j, (name, mut seen))| FieldProfile {
            name: name.clone(),
            data_type: schema.field(j).data_type().clone(),
            distinct: seen.count(),
            nulls: seen.nulls,
            rows,
            examples: seen.examples,
        });
    Ok(Profile { fields: fields.collect(), accounts: ledger.accounts() })
}

/// What is learnt of some units.
struct Part {
    rows: u64,
    fields: Vec<Seen>,
}

impl Part {
    fn new(fields: usize) -> Self {
        Self { rows: 0, fields: (0..fields).map(|_| Seen::default()).collect() }
    }

    fn of(
        unit: usize,
        inputs: &Inputs,
        columns: &[String],
        ledger: &Ledger,
    ) -> Result<Self, CollapseError> {
        let mut part = Self::new(columns.len());
        let mut failed = None;
        inputs.scan(unit, columns, ledger, &mut |batch| {
            part.rows += batch.num_rows() as u64;
            let mut all = part.fields.iter_mut().zip(batch.columns());
            failed = all.find_map(|(field, column)| field.add(column).err());
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        failed.map_or(Ok(part), Err)
    }

    /// Takes in what was learnt of the units that follow.
    fn append(&mut self, next: Self) {
        self.rows += next.rows;
        for (field, next) in self.fields.iter_mut().zip(next.fields) {
            field.append(next);
        }
    }
}

/// What is known of the values of a field.
#[derive(Default)]
struct Seen {
    hasher: BuildHasherDefault<DefaultHasher>,
    /// The smallest hashes of the values.
    hashes: HashSet<u64, BuildHasherDefault<DefaultHasher>>,
    /// No hash as large as this is among the smallest.
    bound: Option<u64>,
    /// The value before: logs repeat themselves.
    before: String,
    nulls: u64,
    examples: Vec<String>,
}

impl Seen {
    fn add(&mut self, column: &ArrayRef) -> Result<(), CollapseError> {
        self.nulls += column.null_count() as u64;
        if *column.data_type() == DataType::Utf8 {
            let strings = column.as_string::<i32>();
            strings.iter().flatten().for_each(|s| self.one(s));
            return Ok(());
        }
        let options = FormatOptions::new().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.fZ"));
        let text = ArrayFormatter::try_new(column.as_ref(), &options)?;
        for i in (0..column.len()).filter(|&i| column.is_valid(i)) {
            self.one(&text.value(i).to_string());
        }
        Ok(())
    }

    fn one(&mut self, value: &str) {
        if value == self.before && !self.hashes.is_empty() {
            return;
        }
        value.clone_into(&mut self.before);
        if self.take(self.hasher.hash_one(value)) && self.examples.len() < EXAMPLES {
            let end =
                (0..=EXAMPLE_BYTES.min(value.len())).rev().find(|&i| value.is_char_boundary(i));
            self.example(&value[..end.unwrap_or(0)]);
        }
    }

    /// Takes in a hash; says whether it is new and among the smallest.
    fn take(&mut self, hash: u64) -> bool {
        let new = self.bound.is_none_or(|bound| hash < bound) && self.hashes.insert(hash);
        if self.hashes.len() > HELD {
            self.prune();
        }
        new
    }

    /// Drops all but the smallest hashes.
    fn prune(&mut self) {
        if self.hashes.len() > KEPT {
            let mut all: Vec<u64> = self.hashes.iter().copied().collect();
            let (_, &mut bound, _) = all.select_nth_unstable(KEPT);
            self.hashes.retain(|&hash| hash < bound);
            self.bound = Some(bound);
        }
    }

    fn example(&mut self, value: &str) {
        let new = !value.is_empty() && !self.examples.iter().any(|known| known == value);
        if new && self.examples.len() < EXAMPLES {
            self.examples.push(value.to_owned());
        }
    }

    fn append(&mut self, next: Self) {
        self.nulls += next.nulls;
        next.examples.iter().for_each(|value| self.example(value));
        if let Some(bound) = next.bound {
            self.bound = Some(self.bound.map_or(bound, |own| own.min(bound)));
        }
        next.hashes.into_iter().for_each(|hash| {
            self.take(hash);
        });
    }

    fn count(&mut self) -> Count {
        self.prune();
        match self.hashes.iter().max() {
            Some(&largest) if self.bound.is_some() => {
                let share = (largest as f64 + 1.0) / 2f64.powi(64);
                Count::About(((KEPT as f64 - 1.0) / share).round() as u64)
            }
            _ => Count::Exact(self.hashes.len() as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::UInt64Array;
    use std::sync::Arc;

    #[test]
    fn counts_exactly_while_few_and_closely_when_many() {
        let mut few = Seen::default();
        let column: ArrayRef = Arc::new(UInt64Array::from(vec![Some(1), None, Some(1), Some(2)]));
        few.add(&column).unwrap();
        assert_eq!((few.count(), few.nulls), (Count::Exact(2), 1));
        let mut many = Seen::default();
        let column: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..400_000));
        many.add(&column).unwrap();
        let Count::About(n) = many.count() else { panic!("400,000 values are estimated") };
        assert!((392_000..408_000).contains(&n), "{n}");
    }

    #[test]
    fn parts_put_together_are_as_one() {
        let seen = |range: std::ops::Range<u64>| {
            let mut seen = Seen::default();
            let repeated = range.flat_map(|n| [Some(n / 3), None, Some(n % 90_000)]);
            let column: ArrayRef = Arc::new(repeated.collect::<UInt64Array>());
            seen.add(&column).unwrap();
            seen
        };
        for (cut, end) in [(2, 10), (70_000, 100_000), (1000, 300_000), (299_000, 300_000)] {
            let (mut whole, mut parts) = (seen(0..end), seen(0..cut));
            parts.append(seen(cut..end));
            assert_eq!(
                (whole.count(), whole.nulls),
                (parts.count(), parts.nulls),
                "{cut} of {end}"
            );
            assert_eq!(whole.examples, parts.examples);
        }
    }
}
