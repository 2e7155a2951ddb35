//! What a list shows, as the address of its page says it: filters, order, page, grouping.
//!
//! The address is the only state, so a page can be shared, kept, and gone back to.

use std::fmt::Write as _;

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Is,
    Not,
    Has,
    Lacks,
    Starts,
    Least,
    Most,
    Null,
    Set,
}

impl Op {
    /// All of them, with their names in addresses and in words.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 9] = [
        (Self::Is, "is", "is"),
        (Self::Not, "not", "is not"),
        (Self::Has, "has", "contains"),
        (Self::Lacks, "lacks", "lacks"),
        (Self::Starts, "starts", "starts with"),
        (Self::Least, "least", "at least"),
        (Self::Most, "most", "at most"),
        (Self::Null, "null", "is none"),
        (Self::Set, "set", "is there"),
    ];

    fn key(self) -> &'static str {
        Self::ALL.iter().find(|(op, ..)| *op == self).map_or("", |(_, key, _)| key)
    }

    /// In words.
    pub(crate) fn words(self) -> &'static str {
        Self::ALL.iter().find(|(op, ..)| *op == self).map_or("", |(.., words)| words)
    }

    fn of(key: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, k, _)| *k == key).map(|(op, ..)| *op)
    }
}

/// A condition on a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    pub column: String,
    pub op: Op,
    pub value: String,
}

/// Characters of a value from which a filter compares its beginning only, so that addresses stay short.
const WHOLE: usize = 400;

impl Filter {
    /// Rows with this value in a column; of a huge value, with its beginning.
    pub(crate) fn value(column: &str, value: Option<&str>) -> Self {
        let (op, value) = match value {
            None => (Op::Null, String::new()),
            Some(v) => match v.char_indices().nth(WHOLE) {
                None => (Op::Is, v.to_owned()),
                Some((at, _)) => (Op::Starts, v[..at].to_owned()),
            },
        };
        Self { column: column.to_owned(), op, value }
    }

    /// From `op~column~value`. The column is the longest that fits, as a name may have a `~` in it.
    fn parse(text: &str, columns: &[&str]) -> Option<Self> {
        let (op, rest) = text.split_once('~')?;
        let fits = |c: &&&str| rest.strip_prefix(**c).is_some_and(|r| r.starts_with('~'));
        let column = columns.iter().filter(fits).max_by_key(|c| c.len())?;
        let value = &rest[column.len() + 1..];
        Some(Self { column: (*column).to_owned(), op: Op::of(op)?, value: value.to_owned() })
    }

    fn print(&self) -> String {
        format!("{}~{}~{}", self.op.key(), self.column, self.value)
    }
}

/// The state of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub filters: Vec<Filter>,
    /// Text that some column holds.
    pub text: String,
    /// Least number of votes.
    pub rank: Option<u32>,
    /// A model that voted.
    pub model: String,
    /// Earliest and latest time, as typed.
    pub since: String,
    pub until: String,
    pub sort: Option<String>,
    pub descending: bool,
    /// From 0.
    pub page: usize,
    /// The column to group by.
    pub by: Option<String>,
    /// All rows instead of the flagged ones.
    pub all: bool,
}

impl View {
    /// From the pairs of an address. Columns that are not there are left out.
    pub(crate) fn parse(pairs: &[(String, String)], columns: &[&str]) -> Self {
        let mut view = Self::default();
        let known = |c: &str| columns.contains(&c).then(|| c.to_owned());
        // The form without a script names column, comparison and value one by one.
        let (mut column, mut op, mut value) = (None, Op::Is, "");
        for (key, given) in pairs {
            match key.as_str() {
                "f" => view.filters.extend(Filter::parse(given, columns)),
                "fc" => column = known(given),
                "fo" => op = Op::of(given).unwrap_or(Op::Is),
                "fv" => value = given,
                "q" => given.trim().clone_into(&mut view.text),
                "rank" => view.rank = given.parse().ok().filter(|&r| r > 0),
                "model" => view.model.clone_from(given),
                "since" => view.since.clone_from(given),
                "until" => view.until.clone_from(given),
                "sort" => view.sort = known(given),
                "order" => view.descending = given == "desc",
                "page" => view.page = given.parse::<usize>().unwrap_or(1).max(1) - 1,
                "by" => view.by = known(given),
                "all" => view.all = given == "1",
                _ => {}
            }
        }
        if let Some(column) = column
            && (!value.is_empty() || matches!(op, Op::Null | Op::Set))
        {
            view.filters.push(Filter { column, op, value: value.to_owned() });
        }
        view
    }

    /// The pairs of its address, without those that change nothing.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs: Vec<(&'static str, String)> =
            self.filters.iter().map(|f| ("f", f.print())).collect();
        let mut add = |key, value: String| {
            if !value.is_empty() {
                pairs.push((key, value));
            }
        };
        add("q", self.text.clone());
        add("rank", self.rank.map_or_else(String::new, |r| r.to_string()));
        add("model", self.model.clone());
        add("since", self.since.clone());
        add("until", self.until.clone());
        add("by", self.by.clone().unwrap_or_default());
        add("all", if self.all { "1".to_owned() } else { String::new() });
        if let Some(sort) = &self.sort {
            add("sort", sort.clone());
            add("order", if self.descending { "desc" } else { "asc" }.to_owned());
        }
        add("page", if self.page > 0 { (self.page + 1).to_string() } else { String::new() });
        pairs
    }

    /// The address of this state under `path`.
    pub(crate) fn at(&self, path: &str) -> String {
        address(path, &self.pairs())
    }

    /// The address of a changed state, on its first page.
    pub(crate) fn with(&self, path: &str, change: impl FnOnce(&mut Self)) -> String {
        let mut view = Self { page: 0, ..self.clone() };
        change(&mut view);
        view.at(path)
    }

    /// Does anything leave rows out?
    pub(crate) fn is_filtered(&self) -> bool {
        let texts = [&self.text, &self.model, &self.since, &self.until];
        !self.filters.is_empty() || self.rank.is_some() || texts.iter().any(|t| !t.is_empty())
    }
}

/// An address with a query.
pub(crate) fn address(path: &str, pairs: &[(&'static str, String)]) -> String {
    let mut out = path.to_owned();
    for (i, (key, value)) in pairs.iter().enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        out.push_str(key);
        out.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(byte.into());
            } else {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 3] = ["a", "a~b", "userIdentity.arn"];

    fn parse(pairs: &[(&str, &str)]) -> View {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        View::parse(&pairs, &COLUMNS)
    }

    #[test]
    fn an_address_says_all_of_a_state() {
        let view = View {
            filters: vec![
                Filter { column: "a~b".into(), op: Op::Not, value: "x~y&=é".into() },
                Filter::value("a", None),
            ],
            text: "über".into(),
            rank: Some(3),
            model: "KNN".into(),
            since: "2026-01-01T00:00".into(),
            sort: Some("a".into()),
            descending: true,
            page: 4,
            by: Some("userIdentity.arn".into()),
            all: true,
            ..View::default()
        };
        let pairs = view.pairs();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (*k, v.as_str())).collect();
        assert_eq!(parse(&pairs), view);
        assert!(view.at("/events").starts_with("/events?f=not~a~b~x~y%26%3D%C3%A9&f=null~a~&q="));
        assert_eq!(View::default().at("/x"), "/x");
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        assert_eq!(
            parse(&[("f", "is~b~1"), ("f", "~"), ("sort", "zz"), ("page", "-1")]),
            View::default()
        );
        let view = parse(&[("fc", "a"), ("fo", "has"), ("fv", "x"), ("page", "3")]);
        assert_eq!(view.filters, [Filter { column: "a".into(), op: Op::Has, value: "x".into() }]);
        assert!(parse(&[("fc", "a"), ("fv", "")]).filters.is_empty());
        assert_eq!(view.with("/t", |v| v.filters.clear()), "/t");
    }

    #[test]
    fn a_huge_value_is_found_by_its_beginning() {
        let filter = Filter::value("a", Some(&"é".repeat(1 << 20)));
        assert_eq!((filter.op, filter.value.chars().count()), (Op::Starts, WHOLE));
    }
}
