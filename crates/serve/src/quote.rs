//! The one place where text becomes part of SQL.
//!
//! Names come from a schema, values from anywhere; both pass through here and nowhere else.

/// A column as SQL.
pub(crate) fn name(column: &str) -> String {
    format!("\"{}\"", column.replace('"', "\"\""))
}

/// A text as a SQL literal.
pub(crate) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A finite number as a SQL literal; none of another.
pub(crate) fn number(value: f64) -> Option<String> {
    value.is_finite().then(|| format!("CAST({} AS DOUBLE)", text(&value.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_quotes() {
        assert_eq!(name("userIdentity.arn"), "\"userIdentity.arn\"");
        assert_eq!(name("a\" OR 1=1 --"), "\"a\"\" OR 1=1 --\"");
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(text("'; DROP TABLE events; --\\"), "'''; DROP TABLE events; --\\'");
        assert_eq!(number(-1.5e9).as_deref(), Some("CAST('-1500000000' AS DOUBLE)"));
        assert_eq!(number(f64::NAN), None);
    }
}
