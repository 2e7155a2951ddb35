//! Our columns beside those of the log.

use arrow::datatypes::{Field, FieldRef, Schema};
use lanner_frame::text::excerpt;
use std::collections::HashSet;
use std::sync::Arc;

/// Name of a model's column of scores.
pub(crate) fn score_of(model: &str) -> String {
    format!("score_{model}")
}

/// Name of a model's column of votes.
pub(crate) fn out_of(model: &str) -> String {
    format!("out_{model}")
}

/// The columns of the log, then ours.
pub(crate) struct Layout {
    /// All columns, those of the log first. Without metadata, whose order in a file is not fixed.
    pub schema: Arc<Schema>,
    /// What a user should know about renamed columns, a sentence each.
    pub notes: Vec<String>,
}

impl Layout {
    /// Gives every column of the log that has the name of one of ours a trailing `_`. `table` is the
    /// name that the notes use.
    pub(crate) fn new(table: &str, log: &[FieldRef], ours: Vec<Field>) -> Self {
        let mut taken: HashSet<String> = ours.iter().map(|f| f.name().clone()).collect();
        taken.extend(log.iter().map(|f| f.name().clone()));
        let reserved: HashSet<&str> = ours.iter().map(|f| f.name().as_str()).collect();
        let mut notes = Vec::new();
        let mut fields = Vec::with_capacity(log.len() + ours.len());
        for field in log {
            let mut name = field.name().clone();
            if reserved.contains(name.as_str()) {
                while taken.contains(&name) {
                    name.push('_');
                }
                taken.insert(name.clone());
                let (old, new) = (excerpt(field.name(), 100), excerpt(&name, 100));
                notes.push(format!("Column {old} of the input is named {new} in {table}."));
            }
            let field = field.as_ref().clone().with_name(name).with_nullable(true);
            fields.push(field.with_metadata(std::collections::HashMap::new()));
        }
        fields.extend(ours);
        Self { schema: Arc::new(Schema::new(fields)), notes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::DataType;

    #[test]
    fn our_names_win_and_nothing_is_doubled() {
        let text = |name: &str| Arc::new(Field::new(name, DataType::Utf8, false));
        let ours = vec![Field::new("rank", DataType::UInt32, false)];
        let layout = Layout::new("events", &[text("rank"), text("rank_"), text("a")], ours);
        let names: Vec<&str> = layout.schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["rank__", "rank_", "a", "rank"]);
        assert_eq!(layout.notes, ["Column rank of the input is named rank__ in events."]);
    }
}
