//! The wanted fields of a record, found in one pass over its text.

use sonic_rs::{LazyValue, to_object_iter};
use std::borrow::Cow;

/// The raw JSON of a value, as it stands in the record.
pub(crate) type Raw<'a> = Cow<'a, str>;

/// Dotted paths, arranged by their parts. A part may itself hold dots, as keys may.
pub(crate) struct Wanted {
    root: Node,
    paths: usize,
}

#[derive(Default)]
struct Node {
    /// The path that ends here.
    path: Option<usize>,
    /// Children by a cheap hash of their key; empty where there are none.
    slots: Vec<Vec<(Box<str>, Node)>>,
}

const SLOTS: usize = 64;

fn slot(key: &str) -> usize {
    let bytes = key.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    let mix = ends.map_or(0, |(&a, &b)| usize::from(a) * 5 + usize::from(b) * 3);
    (mix + bytes.len() * 7) % SLOTS
}

impl Node {
    fn child(&self, key: &str) -> Option<&Node> {
        let slot = self.slots.get(slot(key))?;
        slot.iter().find(|(name, _)| **name == *key).map(|(_, node)| node)
    }

    fn child_mut(&mut self, key: &str) -> &mut Node {
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, Vec::new);
        }
        let slot = &mut self.slots[slot(key)];
        let at = slot.iter().position(|(name, _)| **name == *key).unwrap_or_else(|| {
            slot.push((key.into(), Node::default()));
            slot.len() - 1
        });
        &mut slot[at].1
    }

    /// Adds the ways to spell `path` as one key after another.
    fn add(&mut self, path: &str, number: usize) {
        self.child_mut(path).path = Some(number);
        for (dot, _) in path.match_indices('.').take(12) {
            let (key, rest) = (&path[..dot], &path[dot + 1..]);
            if !key.is_empty() && !rest.is_empty() {
                self.child_mut(key).add(rest, number);
            }
        }
    }
}

impl Wanted {
    /// Arranges different paths; the place of each is its place in the answer of [`walk`].
    pub(crate) fn new<'p>(paths: impl IntoIterator<Item = &'p str>) -> Self {
        let mut root = Node::default();
        let mut count = 0;
        for path in paths {
            root.add(path, count);
            count += 1;
        }
        Self { root, paths: count }
    }
}

/// The byte of a record at which it is no JSON.
pub(crate) struct SyntaxAt(pub(crate) usize);

/// Finds the wanted values of a record, checking all of it. Of equal keys the last counts.
pub(crate) fn walk<'a>(record: &'a str, wanted: &Wanted) -> Result<Vec<Option<Raw<'a>>>, SyntaxAt> {
    let mut found = vec![None; wanted.paths];
    for entry in to_object_iter(record) {
        let (key, value) = entry.map_err(|e| SyntaxAt(e.offset()))?;
        if let Some(node) = wanted.root.child(&key) {
            take(value, node, &mut found);
        }
    }
    Ok(found)
}

/// Takes a value and what is wanted of its inside. The value was checked.
fn take<'a>(value: LazyValue<'a>, node: &Node, found: &mut [Option<Raw<'a>>]) {
    if let Some(path) = node.path {
        found[path] = Some(value.as_raw_cow());
    }
    if node.slots.is_empty() {
        return;
    }
    match value.as_raw_str().as_bytes().first() {
        Some(b'{') => {
            for (key, value) in value.into_object_iter().into_iter().flatten().flatten() {
                if let Some(node) = node.child(&key) {
                    take(value, node, found);
                }
            }
        }
        Some(b'[') => {
            let elements = value.into_array_iter().into_iter().flatten().flatten();
            for (i, value) in elements.enumerate() {
                if let Some(node) = node.child(&i.to_string()) {
                    take(value, node, found);
                }
            }
        }
        _ => {}
    }
}

/// Every value of a record that is no object, with its dotted path, in order.
pub(crate) fn flatten(record: &str, mut each: impl FnMut(&str, &str)) -> Result<(), SyntaxAt> {
    let mut path = String::new();
    for entry in to_object_iter(record) {
        let (key, value) = entry.map_err(|e| SyntaxAt(e.offset()))?;
        descend(&key, value, &mut path, &mut each);
    }
    Ok(())
}

fn descend(key: &str, value: LazyValue<'_>, path: &mut String, each: &mut impl FnMut(&str, &str)) {
    let before = path.len();
    if before > 0 {
        path.push('.');
    }
    path.push_str(key);
    if value.as_raw_str().starts_with('{') {
        for (key, value) in value.into_object_iter().into_iter().flatten().flatten() {
            descend(&key, value, path, each);
        }
    } else {
        each(path, value.as_raw_str());
    }
    path.truncate(before);
}

/// The text of a raw value: `None` for null, text without quotes and escapes, all else as it stands.
///
/// Text with half a surrogate pair, which is no Unicode, keeps its escapes.
pub(crate) fn text_of(raw: &str) -> Option<Cow<'_, str>> {
    if raw == "null" {
        return None;
    }
    let Some(inner) = raw.strip_prefix('"').and_then(|r| r.strip_suffix('"')) else {
        return Some(Cow::Borrowed(raw));
    };
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    let plain = sonic_rs::from_str::<String>(raw);
    Some(plain.map_or(Cow::Borrowed(inner), Cow::Owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(record: &str, paths: &[&str]) -> Vec<Option<String>> {
        let wanted = Wanted::new(paths.iter().copied());
        let values = walk(record, &wanted).ok().unwrap();
        values.into_iter().map(|v| v.and_then(|v| text_of(&v).map(Cow::into_owned))).collect()
    }

    #[test]
    fn finds_nested_dotted_and_listed_fields() {
        let record =
            r#"{"a":{"b":{"c":1}},"a.b":{"d":"x\ny"},"l":[{"m":true},null],"a":{"b":{"c":2}}}"#;
        let paths = ["a.b.c", "a.b.d", "l.0.m", "l.1", "l", "a.z"];
        let want =
            [Some("2"), Some("x\ny"), Some("true"), None, Some(r#"[{"m":true},null]"#), None];
        assert_eq!(found(record, &paths), want.map(|w| w.map(str::to_owned)));
    }

    #[test]
    fn checks_what_it_does_not_want() {
        for broken in [r#"{"a":tru}"#, r#"{"a":1,}"#, r#"{"a":[1,}]}"#, r#"{"a" 1}"#, r#"{"a":01}"#]
        {
            assert!(walk(broken, &Wanted::new(["z"])).is_err(), "{broken}");
        }
    }

    #[test]
    fn flattens_in_order() {
        let mut names = Vec::new();
        let ok = flatten(r#"{"b":1,"a":{"x":[1],"y":{}},"c":null}"#, |p, v| {
            names.push(format!("{p}={v}"));
        });
        assert!(ok.is_ok());
        assert_eq!(names, ["b=1", "a.x=[1]", "c=null"]);
    }
}
