//! Queries that count again what a reason says, over the table `tuples` with the normalised columns.
//!
//! Values are log text: they stand in quoted literals, with every quote doubled, and nowhere else.

/// A column's name, quoted.
fn name(column: &str) -> String {
    format!("\"{}\"", column.replace('"', "\"\""))
}

/// The condition that a column has a value.
pub(crate) fn has(column: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("{} = '{}'", name(column), value.replace('\'', "''")),
        None => format!("{} IS NULL", name(column)),
    }
}

/// The condition that a number is at least as high as `value`, or as low.
pub(crate) fn beyond(column: &str, value: f64, high: bool) -> String {
    let name = name(column);
    let (near, far) = if high { (">=", "<=") } else { ("<=", ">=") };
    let end = if high { f64::MAX } else { f64::MIN };
    // Infinite ones, and what is no number, were not counted.
    format!("{name} {near} {value:?} AND {name} {far} {end:?}")
}

/// Counts rows that meet `what`, and all, among those that meet `given`.
pub(crate) fn rows(what: &str, given: Option<&str>) -> String {
    let given = given.map_or_else(String::new, |g| format!(" WHERE {g}"));
    format!(
        "SELECT sum(CASE WHEN {what} THEN copies ELSE 0 END) AS count, sum(copies) AS total \
         FROM tuples{given}"
    )
}

/// Counts the distinct values of `of` that meet `what`, and all, among the rows that meet `given`.
pub(crate) fn holders(of: &str, what: &str, given: &str) -> String {
    let of = name(of);
    format!(
        "SELECT count(DISTINCT CASE WHEN {what} THEN {of} END) AS count, count(DISTINCT {of}) AS total \
         FROM tuples WHERE {given}"
    )
}

/// First and last moment of the rows that meet `what`.
pub(crate) fn span(what: &str) -> String {
    format!(
        "SELECT min(first_seen) AS first_seen, max(last_seen) AS last_seen FROM tuples WHERE {what}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_text_stays_inside_its_quotes() {
        assert_eq!(has("a\"b", Some("x' OR '1'='1")), "\"a\"\"b\" = 'x'' OR ''1''=''1'");
        assert_eq!(has("a", None), "\"a\" IS NULL");
    }
}
