//! How a delimited text is written, found from its beginning.

use super::records::Records;
use crate::Limits;
use crate::kinds::Kinds;
use crate::window::Window;
use std::collections::{BTreeMap, BTreeSet};

/// Records in a thousand that have the usual number of fields, and that number.
type Likeness = (usize, usize);

/// Records that are looked at.
const LOOK: usize = 200;

/// Delimiter, header and names of a delimited text.
#[derive(Debug)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// The first record holds the names.
    pub(super) header: bool,
    pub(super) names: Vec<String>,
    /// There are at least two records of the same two or more fields, and no others.
    pub(super) regular: bool,
}

impl Dialect {
    /// Finds the delimiter under which most records have the same number of fields; of equally good
    /// ones that of most fields. The first record is a header unless one of its values could only be
    /// data: a number, a truth value, a time.
    pub(super) fn of(head: &[u8], whole: bool) -> Self {
        // A record that the end of the head cuts tells nothing.
        let cut = if whole { None } else { memchr::memrchr(b'\n', head) };
        let head = &head[..cut.map_or(head.len(), |at| at + 1)];
        let mut best: Option<(Likeness, u8, Vec<Vec<String>>)> = None;
        for delimiter in *b",;\t|" {
            let records = records(head, delimiter);
            let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
            for record in &records {
                *widths.entry(record.len()).or_default() += 1;
            }
            let usual = widths.into_iter().max_by_key(|&(width, times)| (times, width));
            let (width, times) = usual.unwrap_or((0, 0));
            let share = if width > 1 { times * 1000 / records.len() } else { 0 };
            if best.as_ref().is_none_or(|(known, ..)| (share, width) > *known) {
                best = Some(((share, width), delimiter, records));
            }
        }
        let ((share, _), delimiter, records) = best.expect("there is more than one delimiter");
        let first = records.first().map_or(&[][..], Vec::as_slice);
        let header = !looks_like_data(first);
        let names = if header { names(first) } else { names(&vec![String::new(); first.len()]) };
        Self { delimiter, header, names, regular: share == 1000 && records.len() > 1 }
    }
}

fn records(head: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    let mut records = Records::new(Window::new(head), delimiter, &Limits::default());
    let mut list = Vec::new();
    while list.len() < LOOK && records.next().is_some() {
        let field = |i| String::from_utf8_lossy(records.field(i)).into_owned();
        list.push((0..records.len()).map(field).collect());
    }
    list
}

/// Whether a first record holds a value that is no name. The numbers 0, 1, 2, ... are names.
fn looks_like_data(record: &[String]) -> bool {
    let counted = record.iter().enumerate().all(|(i, text)| *text == i.to_string());
    let data = |text: &String| !text.is_empty() && Kinds::of_text(text) != Kinds::TEXT;
    !counted && record.iter().any(data)
}

/// Different names: an empty one is named after its place, an equal one gets a number.
fn names(record: &[String]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut list = Vec::with_capacity(record.len());
    for (i, text) in record.iter().enumerate() {
        let text = text.trim();
        let base = if text.is_empty() { format!("column_{}", i + 1) } else { text.to_owned() };
        let mut name = base.clone();
        let mut copy = 2;
        while !taken.insert(name.clone()) {
            name = format!("{base}_{copy}");
            copy += 1;
        }
        list.push(name);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (char, bool, Vec<String>, bool) {
        let dialect = Dialect::of(text.as_bytes(), true);
        (char::from(dialect.delimiter), dialect.header, dialect.names, dialect.regular)
    }

    #[test]
    fn finds_delimiter_and_header() {
        let names = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
        assert_eq!(of("a,b\n1,2\n"), (',', true, names(&["a", "b"]), true));
        assert_eq!(of("a;b\n1,5;2,5\n"), (';', true, names(&["a", "b"]), true));
        assert_eq!(of("a\tb\r\n\"x\ty\"\t2\r\n"), ('\t', true, names(&["a", "b"]), true));
        assert_eq!(of("x|1\ny|2\n"), ('|', false, names(&["column_1", "column_2"]), true));
        assert_eq!(of("0,1\n5,6\n"), (',', true, names(&["0", "1"]), true));
        assert_eq!(of(",a,a\nx,y,z\n").2, names(&["column_1", "a", "a_2"]));
        assert!(!of("some words, and\nmore of them\n").3);
        assert_eq!(of("only\nx\n").2, names(&["only"]));
    }
}
