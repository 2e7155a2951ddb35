//! Reasons as JSON, and what the reasons of a tuple, in words, say of one of its values.

use lanner_frame::text::excerpt;
use lanner_pipeline::{NAME_SHOWN, VALUE_SHOWN, Why};
use serde_json::Value;

/// Reasons as JSON, the way to check each with them; nothing of none. Log text in it is raw.
pub(crate) fn as_json(reasons: &[Why]) -> Option<String> {
    let details: Vec<&Value> = reasons.iter().map(|r| &r.detail).filter(|d| !d.is_null()).collect();
    (!details.is_empty()).then(|| details.into_iter().cloned().collect::<Value>().to_string())
}

/// What the reasons in words say of this value of this field, if they name it.
pub(crate) fn reason<'w>(why: &'w str, field: &str, value: Option<&str>) -> Option<&'w str> {
    let value = value.map_or_else(|| "(none)".to_owned(), |v| excerpt(v, VALUE_SHOWN));
    let start = format!("{} {value}: ", excerpt(field, NAME_SHOWN));
    let at = why.find(&start)? + start.len();
    // Our own words follow up to the next reason; they have no `; ` in them.
    why[at..].split("; ").next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_found_by_its_value() {
        let why = "agent X (a; b): 1 of 9 rows; name (none): only 2 of 9 rows are as low";
        assert_eq!(reason(why, "agent", Some("X (a; b)")), Some("1 of 9 rows"));
        assert_eq!(reason(why, "name", None), Some("only 2 of 9 rows are as low"));
        assert_eq!(reason(why, "agent", Some("Y")), None);
    }
}
