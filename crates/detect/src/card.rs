//! What the product says about a detector, in one value.

/// Everything that help, pages and documents say about a detector. There is no other list.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    /// Name in commands and columns, as in the field's literature: `HBOS`.
    pub id: &'static str,
    /// Full name.
    pub title: &'static str,
    /// The idea in two sentences, for someone who reads logs and not papers.
    pub idea: &'static str,
    /// The score in plain characters, every symbol named.
    pub formula: &'static str,
    /// Parameters in the order of the reference implementation.
    pub params: &'static [Param],
    /// Does the score depend on the seed?
    pub randomness: Randomness,
    /// Time and memory in terms of n distinct rows, N rows, d features.
    pub cost: &'static str,
    /// What it cannot see.
    pub blind_to: &'static str,
    /// Author, title, venue, year.
    pub source: &'static str,
    /// Where it differs from the reference implementation and why; empty where it does not.
    pub departs: &'static str,
    /// What a column's numbers are to it.
    pub kind: Kind,
    /// Does it take part in a hunt unless told otherwise?
    pub default: bool,
}

/// One parameter as shown to a user.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Name, as in the reference implementation.
    pub name: &'static str,
    /// Default, as text.
    pub default: &'static str,
    /// Allowed values, as text.
    pub allowed: &'static str,
    /// Meaning and unit.
    pub what: &'static str,
}

/// What the numbers of a column are to a detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Quantities: their order or their distance counts.
    Numeric,
    /// Category codes: only their equality counts, and codes renamed one to one within a column give
    /// the same scores to the last bit.
    Categorical,
}

impl Kind {
    /// What it means to a user, in a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Self::Numeric => "Takes values for numbers, with an order and distances.",
            Self::Categorical => {
                "Takes values for names, equal or not: their codes and order do not matter."
            }
        }
    }
}

/// Whether a score depends on the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Randomness {
    /// The same rows always give the same scores.
    None,
    /// Draws random numbers; the same seed gives the same bits.
    Seeded,
}

impl Randomness {
    /// What it means to a user, in a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Self::None => "No randomness: the same rows always give the same scores.",
            Self::Seeded => "Draws random numbers; the same --seed gives the same scores.",
        }
    }
}
