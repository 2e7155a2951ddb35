//! Tuples after normalising: what the scoring sees. Codes only; no text decides anything from here on.

use crate::{TableError, Visits};

/// What a column stands for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Who acts, P.
    Principal,
    /// What the principal acts as: a role, a group, R.
    Role,
    /// From where, N.
    Network,
    /// With what, A.
    Agent,
    /// What is done, E.
    Action,
    /// Any other categorical field.
    Other,
}

impl Role {
    /// The name, as in a preset.
    pub fn name(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Role => "role",
            Self::Network => "network",
            Self::Agent => "agent",
            Self::Action => "action",
            Self::Other => "other",
        }
    }
}

/// A normalised column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name, under which a query finds it.
    pub name: String,
    /// What it stands for.
    pub role: Role,
    /// One code a tuple.
    pub codes: Vec<u32>,
    /// The value behind each code; none for null.
    pub values: Vec<Option<String>>,
}

/// A column of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Name, under which a query finds it.
    pub name: String,
    /// A finite number a tuple.
    pub values: Vec<f64>,
}

/// Normalised tuples with their copies and times.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The columns, n codes each.
    pub columns: Vec<Column>,
    /// Columns of numbers, n values each.
    pub numbers: Vec<Number>,
    /// Rows behind each tuple.
    pub copies: Vec<u64>,
    /// Does the action change something? False where it only reads.
    pub changes: Vec<bool>,
    /// When the rows happened; none without event times.
    pub visits: Option<Visits>,
}

impl Facts {
    /// Number of tuples, n.
    pub fn len(&self) -> usize {
        self.copies.len()
    }

    /// Checks that there is something to score and that lengths and codes agree.
    ///
    /// # Errors
    /// [`TableError`] naming the list that does not fit.
    pub fn check(&self) -> Result<(), TableError> {
        let (tuples, fields) = (self.len(), self.columns.len() + self.numbers.len());
        if tuples == 0 || fields == 0 {
            return Err(TableError::Empty { tuples, fields });
        }
        let misfit = |what: &str| Err(TableError::Misfit { what: what.to_owned() });
        for column in &self.columns {
            let known = column.codes.iter().all(|&c| (c as usize) < column.values.len());
            if column.codes.len() != tuples || !known {
                return misfit(&column.name);
            }
        }
        for number in &self.numbers {
            if number.values.len() != tuples || number.values.iter().any(|v| !v.is_finite()) {
                return misfit(&number.name);
            }
        }
        if self.changes.len() != tuples || self.copies.contains(&0) {
            return misfit("the number of copies");
        }
        self.visits.as_ref().map_or(Ok(()), |v| v.check(tuples))
    }

    /// Says whether there is no tuple.
    pub fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// The number of the first column with a role.
    pub fn at(&self, role: Role) -> Option<usize> {
        self.columns.iter().position(|c| c.role == role)
    }

    /// The codes of the first column with a role.
    pub(crate) fn codes(&self, role: Role) -> Option<&[u32]> {
        self.at(role).map(|j| self.columns[j].codes.as_slice())
    }
}
