//! What the recipe is given: distinct tuples as dictionary codes, and when their rows happened.

use crate::Number;
use std::ops::Range;

/// One field of the tuples: a code a tuple into a list of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// For each tuple the place of its value in `values`.
    pub codes: Vec<u32>,
    /// The distinct values; null is a value of its own. Their order says nothing.
    pub values: Vec<Option<String>>,
}

/// Distinct tuples of raw values.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuples {
    /// The fields, n codes each.
    pub fields: Vec<Field>,
    /// Columns that are numbers, n values each; [`crate::Facts`] has them as they are.
    pub numbers: Vec<Number>,
    /// Rows behind each tuple, n whole numbers >= 1.
    pub copies: Vec<u64>,
}

/// When the rows happened: one entry for each distinct pair of tuple and hour.
///
/// All lists are equally long. A row without a time is in no entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visits {
    /// The tuple.
    pub tuple: Vec<u32>,
    /// The hour: whole hours since 1970-01-01T00:00 in the zone that days and hours are counted in.
    pub hour: Vec<i32>,
    /// Rows of the tuple in the hour, >= 1.
    pub rows: Vec<u64>,
    /// The first of them, microseconds since 1970 UTC.
    pub first: Vec<i64>,
    /// The last of them.
    pub last: Vec<i64>,
}

/// Tables whose parts do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// There is no tuple, or no field.
    #[error("nothing to score: {tuples} tuples of {fields} fields")]
    Empty {
        /// Tuples given.
        tuples: usize,
        /// Fields given.
        fields: usize,
    },
    /// A list has another length than the others, or a code or tuple that does not exist.
    #[error("{what} does not fit the other lists")]
    Misfit {
        /// The list.
        what: String,
    },
}

impl Tuples {
    /// Number of tuples, n.
    pub fn len(&self) -> usize {
        self.copies.len()
    }

    /// Says whether there is no tuple.
    pub fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// Checks that there is something to score and that lengths and codes agree.
    ///
    /// # Errors
    /// [`TableError`] naming the list that does not fit.
    pub fn check(&self) -> Result<(), TableError> {
        let (tuples, fields) = (self.len(), self.fields.len() + self.numbers.len());
        if tuples == 0 || fields == 0 {
            return Err(TableError::Empty { tuples, fields });
        }
        let fits = |f: &Field| {
            f.codes.len() == tuples && f.codes.iter().all(|&c| (c as usize) < f.values.len())
        };
        if let Some(field) = self.fields.iter().find(|f| !fits(f)) {
            return Err(TableError::Misfit { what: format!("field {:?}", field.name) });
        }
        if self.copies.contains(&0) || u32::try_from(tuples).is_err() {
            return Err(TableError::Misfit { what: "the number of copies".to_owned() });
        }
        Ok(())
    }
}

impl Visits {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.tuple.len()
    }

    /// Says whether no row has a time.
    pub fn is_empty(&self) -> bool {
        self.tuple.is_empty()
    }

    /// Checks lengths, and that there are no more than `tuples` tuples.
    ///
    /// # Errors
    /// [`TableError::Misfit`].
    pub fn check(&self, tuples: usize) -> Result<(), TableError> {
        let n = self.len();
        let even = [self.hour.len(), self.rows.len(), self.first.len(), self.last.len()];
        let known = self.tuple.iter().all(|&t| (t as usize) < tuples);
        if even.iter().any(|&l| l != n) || !known || u32::try_from(n).is_err() {
            return Err(TableError::Misfit { what: "the list of visits".to_owned() });
        }
        Ok(())
    }

    /// First and last moment of each of `tuples` tuples; none where no row has a time.
    pub fn spans(&self, tuples: usize) -> Vec<Option<(i64, i64)>> {
        let mut spans: Vec<Option<(i64, i64)>> = vec![None; tuples];
        for i in 0..self.len() {
            let span = &mut spans[self.tuple[i] as usize];
            *span = widest(*span, Some((self.first[i], self.last[i])));
        }
        spans
    }
}

/// The span that holds both.
pub(crate) fn widest(a: Option<(i64, i64)>, b: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

/// The places of equal keys in a sorted list of (key, place).
pub(crate) fn runs<K: PartialEq>(sorted: &[(K, u32)]) -> Vec<Range<usize>> {
    let mut from = 0;
    let cut = sorted.chunk_by(|a, b| a.0 == b.0).map(|run| {
        from += run.len();
        from - run.len()..from
    });
    cut.collect()
}
