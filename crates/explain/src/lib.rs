//! Why a tuple is strange, as data that any presenter can put into words.
//!
//! This crate draws nothing: no colour, no HTML.

mod attribution;
mod rarity;

pub use attribution::{Attribution, Method, attribute, ordinary};
pub use rarity::{Rarity, Values};

use serde::Serialize;

/// One checkable reason: a field's value, how many rows have it, out of how many.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The field.
    pub field: String,
    /// Its value; none for null.
    pub value: Option<String>,
    /// What is odd about it.
    pub kind: Oddity,
    /// Rows as odd as this one in this field.
    pub rows: u64,
    /// All rows scored.
    pub of: u64,
}

/// What is odd about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// Few rows have this value.
    Rare,
    /// Few rows are as high.
    High,
    /// Few rows are as low.
    Low,
}

impl Reason {
    /// The reason in words. Log text in it is raw: the presenter makes it safe.
    pub fn text(&self) -> String {
        let value = self.value.as_deref().unwrap_or("(none)");
        let (field, rows, of) = (&self.field, grouped(self.rows), grouped(self.of));
        match self.kind {
            Oddity::Rare => format!("{field} {value}: {rows} of {of} rows"),
            Oddity::High => format!("{field} {value}: only {rows} of {of} rows are as high"),
            Oddity::Low => format!("{field} {value}: only {rows} of {of} rows are as low"),
        }
    }
}

/// A whole number with commas between its thousands.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}
