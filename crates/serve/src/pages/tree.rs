//! A record as a tree that folds.

use lanner_report::words::{Shown, grouped};
use serde_json::Value;

/// Branches and leaves of a tree at most; the record itself can be downloaded whole.
const NODES: usize = 2000;
/// Characters of a leaf.
const LEAF: (usize, usize) = (600, 2000);
/// Depth to which branches are open.
const OPEN: usize = 2;

/// A tree in the order in which it is written.
pub(super) enum Node {
    /// A branch begins.
    Open { key: Shown, size: String, open: bool },
    /// A value.
    Leaf { key: Shown, value: Shown, kind: &'static str },
    /// The branch ends.
    Close,
}

/// The tree of a record.
pub(super) struct Tree {
    pub nodes: Vec<Node>,
    /// Was it too large to be shown whole?
    pub cut: bool,
}

impl Tree {
    pub(super) fn new(value: &Value) -> Self {
        let mut tree = Self { nodes: Vec::new(), cut: false };
        match value {
            Value::Object(map) => map.iter().for_each(|(k, v)| tree.add(k, v, 1)),
            Value::Array(all) => tree.items(all, 1),
            other => tree.add("", other, 1),
        }
        tree
    }

    fn items(&mut self, all: &[Value], depth: usize) {
        all.iter().enumerate().for_each(|(i, v)| self.add(&i.to_string(), v, depth));
    }

    fn add(&mut self, key: &str, value: &Value, depth: usize) {
        if self.nodes.len() >= NODES {
            self.cut = true;
            return;
        }
        let key = Shown::new(key, 80, 300);
        let open = depth < OPEN;
        match value {
            Value::Object(map) if !map.is_empty() => {
                let size = format!("{} {}", grouped(map.len() as u64), plural(map.len(), "field"));
                self.nodes.push(Node::Open { key, size, open });
                map.iter().for_each(|(k, v)| self.add(k, v, depth + 1));
                self.nodes.push(Node::Close);
            }
            Value::Array(all) if !all.is_empty() => {
                let size = format!("{} {}", grouped(all.len() as u64), plural(all.len(), "item"));
                self.nodes.push(Node::Open { key, size, open });
                self.items(all, depth + 1);
                self.nodes.push(Node::Close);
            }
            leaf => {
                let (text, kind) = match leaf {
                    Value::String(text) => (text.clone(), "text"),
                    Value::Null => ("null".to_owned(), "nil"),
                    other => (other.to_string(), "lit"),
                };
                let value = Shown::new(&text, LEAF.0, LEAF.1);
                self.nodes.push(Node::Leaf { key, value, kind });
            }
        }
    }
}

fn plural(n: usize, what: &str) -> String {
    if n == 1 { what.to_owned() } else { format!("{what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn branches_close_and_large_records_are_cut() {
        let balance = |tree: &Tree| {
            tree.nodes.iter().fold((0i32, 0), |(now, least), n| {
                let now = now
                    + match n {
                        Node::Open { .. } => 1,
                        Node::Close => -1,
                        Node::Leaf { .. } => 0,
                    };
                (now, least.min(now))
            })
        };
        let tree = Tree::new(&json!({"a": {"b": [1, {"c": null}]}, "d": {}}));
        assert_eq!((balance(&tree), tree.cut, tree.nodes.len()), ((0, 0), false, 9));
        let wide = Tree::new(&json!({ "a": vec![vec![1; 9]; 1000] }));
        assert!(wide.cut && balance(&wide) == (0, 0));
        assert!(wide.nodes.len() < NODES + 8);
    }
}
