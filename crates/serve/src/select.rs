//! From the state of a list to the SQL that fills it.

use crate::quote;
use crate::view::{Filter, Op, View};
use arrow::datatypes::{DataType, Schema};

/// A table that can be listed.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    pub table: &'a str,
    pub schema: &'a Schema,
    /// Order where none is asked for, and among equals; as SQL.
    pub order: String,
    /// When a row began and ended, as columns.
    pub times: Option<(&'a str, &'a str)>,
    /// Columns in which text is looked for.
    pub searched: Vec<&'a str>,
}

impl Listing<'_> {
    /// The condition of a state, with `WHERE` in front; empty where nothing is left out.
    pub(crate) fn condition(&self, view: &View) -> String {
        let mut all: Vec<String> = view.filters.iter().filter_map(|f| self.filter(f)).collect();
        if !view.text.is_empty() {
            let any: Vec<String> =
                self.searched.iter().map(|c| holds(&quote::name(c), &view.text)).collect();
            all.push(if any.is_empty() { "false".to_owned() } else { any.join(" OR ") });
        }
        if let Some(rank) = view.rank.filter(|_| self.has("rank")) {
            all.push(format!("\"rank\" >= {rank}"));
        }
        let vote = format!("out_{}", view.model);
        if !view.model.is_empty() && self.has(&vote) {
            all.push(format!("{} = 1", quote::name(&vote)));
        }
        if let Some((begun, ended)) = self.times {
            let bound = |text: &str, column: &str, op: &str| {
                let at = typed_time(text)?;
                Some(format!("{} {op} {at}", self.micros(column)))
            };
            all.extend(bound(&view.since, ended, ">="));
            all.extend(bound(&view.until, begun, "<"));
        }
        match all.as_slice() {
            [] => String::new(),
            all => format!(" WHERE ({})", all.join(") AND (")),
        }
    }

    /// The order of a state, as SQL.
    pub(crate) fn order(&self, view: &View) -> String {
        match &view.sort {
            Some(column) => {
                let way = if view.descending { "DESC NULLS LAST" } else { "ASC NULLS LAST" };
                format!("{} {way}, {}", quote::name(column), self.order)
            }
            None => self.order.clone(),
        }
    }

    /// A time column as microseconds since 1970 UTC, as SQL; text that is no time is null.
    pub(crate) fn micros(&self, column: &str) -> String {
        let name = quote::name(column);
        match self.schema.field_with_name(column).map(arrow::datatypes::Field::data_type) {
            Ok(DataType::Timestamp(..)) => {
                format!(
                    "CAST(arrow_cast({name}, 'Timestamp(Microsecond, Some(\"UTC\"))') AS BIGINT)"
                )
            }
            _ => format!("CAST(TRY_CAST({name} AS TIMESTAMP) AS BIGINT) / 1000"),
        }
    }

    fn has(&self, column: &str) -> bool {
        self.schema.column_with_name(column).is_some()
    }

    fn filter(&self, filter: &Filter) -> Option<String> {
        let name = quote::name(&filter.column);
        let kind = self.schema.field_with_name(&filter.column).ok()?.data_type().clone();
        let value = filter.value.as_str();
        let compared = |op: &str| {
            if kind.is_numeric() {
                let number = value.trim().parse().ok().and_then(quote::number);
                return number.map(|n| format!("CAST({name} AS DOUBLE) {op} {n}"));
            }
            if kind.is_temporal() {
                return typed_time(value)
                    .map(|t| format!("{} {op} {t}", self.micros(&filter.column)));
            }
            Some(format!("{} {op} {}", as_text(&kind, &name), quote::text(value)))
        };
        // What cannot be compared with a column equals none of its values.
        let compared = |op: &str| compared(op).unwrap_or_else(|| "false".to_owned());
        Some(match filter.op {
            Op::Is => compared("="),
            Op::Not => compared("IS DISTINCT FROM"),
            Op::Least => compared(">="),
            Op::Most => compared("<="),
            Op::Has => holds(&as_text(&kind, &name), value),
            Op::Lacks => {
                format!("{name} IS NULL OR NOT ({})", holds(&as_text(&kind, &name), value))
            }
            Op::Starts => format!("starts_with({}, {})", as_text(&kind, &name), quote::text(value)),
            Op::Null => format!("{name} IS NULL"),
            Op::Set => format!("{name} IS NOT NULL"),
        })
    }
}

fn as_text(kind: &DataType, name: &str) -> String {
    if kind.is_string() { name.to_owned() } else { format!("CAST({name} AS VARCHAR)") }
}

/// Text in a column, letter case aside unless a capital is looked for.
fn holds(column: &str, text: &str) -> String {
    if text.chars().any(char::is_uppercase) {
        format!("contains({column}, {})", quote::text(text))
    } else {
        format!("contains(lower({column}), {})", quote::text(text))
    }
}

/// A time as a form or a person gives it, UTC unless it says otherwise, in microseconds since 1970.
fn typed_time(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(t) = text.parse::<jiff::Timestamp>() {
        return Some(t.as_microsecond());
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::Field;

    fn condition(view: &View) -> String {
        let schema = Schema::new(vec![
            Field::new("user", DataType::Utf8, true),
            Field::new("n\"", DataType::UInt64, true),
            Field::new("out_KNN", DataType::Int8, true),
            Field::new("rank", DataType::UInt32, true),
            Field::new("at", DataType::Utf8, true),
        ]);
        let listing = Listing {
            table: "t",
            schema: &schema,
            order: "\"rank\" DESC".to_owned(),
            times: Some(("at", "at")),
            searched: vec!["user"],
        };
        listing.condition(view)
    }

    fn filter(column: &str, op: Op, value: &str) -> View {
        let filter = Filter { column: column.into(), op, value: value.into() };
        View { filters: vec![filter], ..View::default() }
    }

    #[test]
    fn conditions_say_what_is_asked() {
        assert_eq!(condition(&View::default()), "");
        assert_eq!(condition(&filter("user", Op::Is, "o'x")), " WHERE (\"user\" = 'o''x')");
        let n = " WHERE (CAST(\"n\"\"\" AS DOUBLE) >= CAST('7' AS DOUBLE))";
        assert_eq!(condition(&filter("n\"", Op::Least, "7")), n);
        assert_eq!(condition(&filter("n\"", Op::Is, "1 OR 1=1")), " WHERE (false)");
        assert_eq!(condition(&filter("nosuch", Op::Is, "1")), "");
        let view = View { rank: Some(2), model: "KNN".into(), ..View::default() };
        assert_eq!(condition(&view), " WHERE (\"rank\" >= 2) AND (\"out_KNN\" = 1)");
        assert_eq!(condition(&View { model: "x\" --".into(), ..View::default() }), "");
    }

    #[test]
    fn text_and_times_are_literals() {
        let view = View { text: "a') or true --".into(), ..View::default() };
        assert_eq!(condition(&view), " WHERE (contains(lower(\"user\"), 'a'') or true --'))");
        let view = View { since: "2026-01-01T00:00".into(), until: "x'".into(), ..View::default() };
        let at = "CAST(TRY_CAST(\"at\" AS TIMESTAMP) AS BIGINT) / 1000";
        assert_eq!(condition(&view), format!(" WHERE ({at} >= 1767225600000000)"));
    }
}
