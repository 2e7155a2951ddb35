//! What the reasons of a tuple are found in.

use crate::Looked;
use lanner_explain::{Rarity, Reason};
use lanner_frame::text::excerpt;
use lanner_recipe::{Facts, Role, Scored};
use serde_json::Value;
use std::collections::BTreeMap;

/// Characters of a field's name in a reason.
pub const NAME_SHOWN: usize = 100;
/// Characters of a value in a reason. The column of the field has the whole value.
pub const VALUE_SHOWN: usize = 200;

/// One reason: in words, and as data.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// In words; log text in it is cut and safe to show.
    pub text: String,
    /// The same with its numbers; log text in it is raw.
    pub detail: Value,
}

impl Why {
    /// Reasons in words, `; ` between them.
    pub fn joined(reasons: &[Self]) -> String {
        let texts: Vec<&str> = reasons.iter().map(|r| r.text.as_str()).collect();
        texts.join("; ")
    }
}

impl From<Reason> for Why {
    fn from(reason: Reason) -> Self {
        let detail = serde_json::to_value(&reason).unwrap_or_default();
        let value = reason.value.as_deref().map(|v| excerpt(v, VALUE_SHOWN));
        let field = excerpt(&reason.field, NAME_SHOWN);
        Self { text: Reason { field, value, ..reason }.text(), detail }
    }
}

impl From<lanner_recipe::Reason> for Why {
    fn from(reason: lanner_recipe::Reason) -> Self {
        let detail = serde_json::to_value(&reason).unwrap_or_default();
        Self { text: reason.text, detail }
    }
}

/// What the reasons of a tuple are found in.
#[derive(Debug)]
pub enum Grounds {
    /// Rows by value, and which features the models look at (classic).
    Classic(Box<ClassicGrounds>),
    /// What the lanner recipe found.
    Lanner(Box<Lanner>),
}

/// What the reasons of the classic recipe are found in.
#[derive(Debug)]
pub struct ClassicGrounds {
    /// Rows by value.
    pub rarity: Rarity,
    /// Which features the models look at.
    pub looked: Looked,
}

/// What the lanner recipe found, tuples in the order of the engine.
pub struct Lanner {
    pub(crate) facts: Facts,
    pub(crate) scored: Scored,
    /// The tuple at each place of the list.
    pub(crate) order: Vec<u32>,
    /// The reasons of the flagged tuples, by place in the list.
    pub(crate) reasons: BTreeMap<u32, Vec<Why>>,
    /// The incident of each flagged tuple in each slot of four hours: (place in the list, slot, number).
    pub(crate) parts: Vec<(u32, i32, u32)>,
    /// Tuples at the head of the list, of which all rows are flagged.
    pub(crate) top: usize,
}

impl std::fmt::Debug for Lanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lanner").field("tuples", &self.order.len()).finish_non_exhaustive()
    }
}

impl Lanner {
    /// The reasons of the tuple at place `i`: weighed for flagged ones, in short for all others.
    pub(crate) fn reasons(&self, i: usize) -> Vec<Why> {
        self.reasons.get(&(i as u32)).cloned().unwrap_or_else(|| {
            let text = lanner_recipe::short(&self.facts, &self.scored, self.order[i] as usize);
            vec![Why { text, detail: Value::Null }]
        })
    }

    /// The names of the normalised columns that have a role, as queries know them.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.with_role().map(|c| c.name.as_str())
    }

    /// The normalised values of the tuple at place `i`, in the order of [`Self::roles`].
    pub fn values(&self, i: usize) -> impl Iterator<Item = Option<&str>> {
        let tuple = self.order[i] as usize;
        self.with_role().map(move |c| c.values[c.codes[tuple] as usize].as_deref())
    }

    fn with_role(&self) -> impl Iterator<Item = &lanner_recipe::Column> {
        self.facts.columns.iter().filter(|c| c.role != Role::Other)
    }

    /// The incident of a row of the tuple at place `i`; none for a row without a time beside others that
    /// have one.
    pub(crate) fn incident_of(&self, i: u32, slot: i32) -> Option<u32> {
        let key = (i, slot);
        let at = self.parts.binary_search_by_key(&key, |p| (p.0, p.1)).ok()?;
        Some(self.parts[at].2)
    }
}
