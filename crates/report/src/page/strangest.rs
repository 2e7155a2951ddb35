//! The list of the strangest tuples.

use super::load::{Hunt, TupleRow};
use super::words::{Shown, grouped, time};
use crate::why::reason;
use lanner_frame::text::excerpt;

/// The beginning of the reason that speaks of features, not of values; it is the last one.
const LOOKED: &str = "the models look at ";
/// Characters from which a value gets the room of two.
const WIDE: usize = 56;

/// One tuple as the page shows it.
pub(super) struct Strange {
    pub place: usize,
    pub rank: u32,
    /// Models that ran.
    pub of: usize,
    pub score: String,
    pub copies: String,
    pub first: Option<String>,
    /// Only where it differs from `first`.
    pub last: Option<String>,
    pub values: Vec<Value>,
    /// Reasons in words, where they could not be put beside the values.
    pub why: Option<Shown>,
    pub voters: Vec<Voter>,
}

/// A field's value, and what is odd about it.
pub(super) struct Value {
    pub field: String,
    /// None for null.
    pub text: Option<Shown>,
    pub why: Option<String>,
    /// Needs the room of two.
    pub wide: bool,
}

/// A model and whether it voted for the tuple.
pub(super) struct Voter {
    pub id: String,
    pub voted: bool,
}

/// The rows of the list.
pub(super) fn rows(hunt: &Hunt) -> Vec<Strange> {
    let models: Vec<&str> = hunt.ran().map(|m| m.id.as_str()).collect();
    let tuples = hunt.tuples.iter().enumerate();
    let lanner = hunt.settings.recipe == "lanner";
    tuples.map(|(i, tuple)| row(i, tuple, &hunt.fields, &models, lanner)).collect()
}

fn row(i: usize, tuple: &TupleRow, fields: &[String], models: &[&str], lanner: bool) -> Strange {
    // Many fields share the room that a few have to themselves, so that the page stays small.
    let n = fields.len().max(1);
    let (width, full) = ((1200 / n).clamp(24, 120), (3000 / n).clamp(60, 300));
    let value = |(field, value): (&String, &Option<String>)| Value {
        field: excerpt(field, width.min(40)),
        text: value.as_ref().map(|v| Shown::new(v, width, full)),
        why: reason(&tuple.why, field, value.as_deref())
            .filter(|_| !lanner)
            .map(|why| excerpt(why, 80)),
        wide: value.as_ref().is_some_and(|v| v.chars().take(WIDE).count() == WIDE),
    };
    let values: Vec<Value> = fields.iter().zip(&tuple.values).map(value).collect();
    let placed = values.iter().any(|v| v.why.is_some());
    let voters = models.iter().zip(&tuple.votes);
    let last = tuple.last_seen.filter(|_| tuple.last_seen != tuple.first_seen);
    Strange {
        place: i + 1,
        rank: tuple.rank,
        of: models.len(),
        score: format!("{:.3}", tuple.score),
        copies: grouped(tuple.copies),
        first: tuple.first_seen.map(time),
        last: last.map(time),
        why: if placed {
            // What is said of values stands beside them.
            tuple.why.rfind(LOOKED).map(|at| Shown::new(&tuple.why[at..], 300, 300))
        } else {
            let most = if lanner { 600 } else { 300 };
            Some(Shown::new(&tuple.why, most, most))
        },
        values,
        voters: voters.map(|(&id, &voted)| Voter { id: id.to_owned(), voted }).collect(),
    }
}
