//! What is in each field: type, distinct values, nulls, examples. One pass, bounded memory.

use crate::CollapseError;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use lanner_read::{Inputs, Ledger};
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::ControlFlow;

/// Hashes kept for each field: below this many distinct values the count is exact.
const KEPT: usize = 1 << 16;
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

/// Looks at every row of an input once and describes each of `columns`.
///
/// # Errors
/// [`CollapseError`] if a column is unknown, the input cannot be read, or on an interrupt.
///
/// # Cost
/// One read of the input; at most 512 KiB of hashes a field.
pub fn profile(inputs: &Inputs, columns: &[String]) -> Result<Vec<FieldProfile>, CollapseError> {
    let schema = inputs.batch_schema(columns)?;
    let mut fields: Vec<Seen> = columns.iter().map(|_| Seen::default()).collect();
    let ledger = Ledger::new(inputs);
    let mut rows = 0;
    for unit in 0..inputs.units() {
        let mut failed = None;
        inputs.scan(unit, columns, &ledger, &mut |batch| {
            rows += batch.num_rows() as u64;
            for (field, column) in fields.iter_mut().zip(batch.columns()) {
                if let Err(e) = field.add(column) {
                    failed = Some(e);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        if let Some(e) = failed {
            return Err(e);
        }
    }
    let profiles = columns.iter().zip(fields).enumerate().map(|(j, (name, seen))| FieldProfile {
        name: name.clone(),
        data_type: schema.field(j).data_type().clone(),
        distinct: seen.count(),
        nulls: seen.nulls,
        rows,
        examples: seen.examples,
    });
    Ok(profiles.collect())
}

/// The smallest hashes of a field's values.
#[derive(Default)]
struct Seen {
    hasher: BuildHasherDefault<DefaultHasher>,
    smallest: BTreeSet<u64>,
    full: bool,
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
        let hash = self.hasher.hash_one(value);
        if self.full && self.smallest.last().is_some_and(|&largest| hash >= largest) {
            return;
        }
        if !self.smallest.insert(hash) {
            return;
        }
        if self.smallest.len() > KEPT {
            self.smallest.pop_last();
            self.full = true;
        }
        if self.examples.len() < EXAMPLES && !value.is_empty() {
            let end =
                (0..=EXAMPLE_BYTES.min(value.len())).rev().find(|&i| value.is_char_boundary(i));
            self.examples.push(value[..end.unwrap_or(0)].to_owned());
        }
    }

    fn count(&self) -> Count {
        match self.smallest.last() {
            Some(&largest) if self.full => {
                let share = (largest as f64 + 1.0) / 2f64.powi(64);
                Count::About(((KEPT as f64 - 1.0) / share).round() as u64)
            }
            _ => Count::Exact(self.smallest.len() as u64),
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
}
