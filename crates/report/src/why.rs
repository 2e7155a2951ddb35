//! The reasons of a tuple in words, safe to show and of a bounded length.

use lanner_explain::Reason;
use lanner_frame::text::excerpt;
use lanner_pipeline::Tuples;

/// Characters of a field's name in a reason.
const NAME: usize = 100;
/// Characters of a value in a reason. The column of the field has the whole value.
const VALUE: usize = 200;

/// The reasons of tuple `i`, most telling first, `; ` between them.
pub(crate) fn why(tuples: &Tuples, i: usize) -> String {
    let safe = |reason: &Reason| {
        let value = reason.value.as_deref().map(|v| excerpt(v, VALUE));
        Reason { field: excerpt(&reason.field, NAME), value, ..reason.clone() }.text()
    };
    let texts: Vec<String> = tuples.reasons(i).iter().map(safe).collect();
    texts.join("; ")
}

/// What the reasons in words say of this value of this field, if they name it.
pub(crate) fn reason<'w>(why: &'w str, field: &str, value: Option<&str>) -> Option<&'w str> {
    let value = value.map_or_else(|| "(none)".to_owned(), |v| excerpt(v, VALUE));
    let start = format!("{} {value}: ", excerpt(field, NAME));
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
