//! Reasons with the counts behind them and the queries that check these.

use crate::quote;
use crate::view::address;
use lanner_report::words::{Shown, grouped};
use serde_json::Value;

/// A reason as a page shows it.
pub(super) struct Reason {
    pub text: Shown,
    /// The page that counts again.
    pub check: Option<String>,
    /// What else supports it.
    pub because: Vec<Reason>,
}

/// Characters of a reason, and more for the pointer.
const TEXT: (usize, usize) = (300, 600);
/// Characters of a value that its query compares, and of a query that fits an address.
const BEGINNING: usize = 400;
const SQL: usize = 8_000;

/// The reasons in a `reasons` column, or in words where there is none.
pub(super) fn reasons(json: Option<&str>, why: Option<&str>) -> Vec<Reason> {
    let parsed: Option<Value> = json.and_then(|j| serde_json::from_str(j).ok());
    let listed: Vec<Reason> = parsed.iter().flat_map(list).collect();
    if !listed.is_empty() {
        return listed;
    }
    let words = why.filter(|w| !w.is_empty()).map(|w| Shown::new(w, TEXT.1, TEXT.1));
    let plain = |text| Reason { text, check: None, because: Vec::new() };
    words.into_iter().map(plain).collect()
}

fn list(value: &Value) -> Vec<Reason> {
    value.as_array().into_iter().flatten().filter_map(reason).collect()
}

fn reason(value: &Value) -> Option<Reason> {
    let number = |key: &str| value[key].as_u64();
    let counted = number("rows").zip(number("of"));
    let (field, named) = (value["field"].as_str(), value["value"].as_str());
    let text = match (value["text"].as_str(), field, counted) {
        (Some(text), ..) => text.to_owned(),
        (None, Some(field), Some((n, of))) => {
            format!("{field} {}: {} of {} rows", named.unwrap_or("(none)"), grouped(n), grouped(of))
        }
        (None, Some(field), None) => format!("{field} {}", named.unwrap_or("(none)")),
        (None, None, _) => return None,
    };
    let rare = || {
        let (field, _) = field.zip(counted)?;
        let name = quote::name(field);
        // A huge value is counted by its beginning, as an address has no room for it.
        let meant = match named.map(|v| (v, v.char_indices().nth(BEGINNING))) {
            Some((v, None)) => format!("{name} = {}", quote::text(v)),
            Some((v, Some((at, _)))) => format!("starts_with({name}, {})", quote::text(&v[..at])),
            None => format!("{name} IS NULL"),
        };
        Some(format!(
            "SELECT sum(CASE WHEN {meant} THEN copies ELSE 0 END) AS rows, sum(copies) AS all_rows FROM tuples"
        ))
    };
    let sql = value["sql"].as_str().map(str::to_owned).or_else(rare).filter(|s| s.len() <= SQL);
    Some(Reason {
        text: Shown::new(&text, TEXT.0, TEXT.1),
        check: sql.map(|sql| address("/sql", &[("q", sql)])),
        because: list(&value["because"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_brings_its_query() {
        let json = r#"[{"field":"a","value":"it's","kind":"rare","rows":6,"of":5000},
            {"kind":"rare","count":1,"total":9,"text":"t","sql":"SELECT 1","because":[{"text":"b"}]},
            {"kind":"odd"}]"#;
        let all = reasons(Some(json), None);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].text.text, "a it's: 6 of 5,000 rows");
        assert!(all[0].check.as_ref().unwrap().contains("it%27%27s"));
        assert_eq!(all[1].because[0].text.text, "b");
        assert_eq!(reasons(Some("no json"), Some("w"))[0].text.text, "w");
        assert!(reasons(None, Some("")).is_empty());
    }
}
