//! Presets: which fields of a kind of log mean what. Data files; a user's own are read the same way.

use crate::normalise::{Normaliser, column};
use crate::{Column, Facts, Role, TableError, Tuples, Visits};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The built-in presets, by name.
const BUILT_IN: [(&str, &str); 5] = [
    ("cloudtrail", include_str!("../presets/cloudtrail.toml")),
    ("windows-events", include_str!("../presets/windows-events.toml")),
    ("vpc-flow", include_str!("../presets/vpc-flow.toml")),
    ("kubernetes-audit", include_str!("../presets/kubernetes-audit.toml")),
    ("generic", include_str!("../presets/generic.toml")),
];

/// What the fields of a kind of log mean.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Name, as given to a command.
    pub name: String,
    /// Name, as shown.
    pub title: String,
    /// Fields that may hold the event time, the first that exists.
    #[serde(default)]
    pub time: Vec<String>,
    /// The columns; where there are none, every field of the table is one.
    #[serde(default, rename = "column")]
    pub columns: Vec<ColumnRule>,
    /// Which actions only read; without it every action counts as a change.
    #[serde(default)]
    pub reads: Option<Reads>,
}

/// How a column comes out of raw fields.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// What the column stands for.
    pub role: Role,
    /// The raw fields it is made of.
    pub from: Vec<String>,
    /// How.
    #[serde(default = "plain")]
    pub normaliser: Normaliser,
    /// May the column be missing?
    #[serde(default)]
    pub optional: bool,
}

/// Which actions only read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reads {
    /// The raw field.
    pub field: String,
    /// What its value begins with.
    pub prefixes: Vec<String>,
}

/// Why a preset cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresetError {
    /// There is no built-in preset of this name.
    #[error("no preset {given:?}; there are {known}, or the path of a file of your own")]
    Unknown {
        /// The name given.
        given: String,
        /// The names there are.
        known: String,
    },
    /// The file is no preset.
    #[error("not a preset: {0}")]
    Syntax(String),
    /// The file reads as a preset but says something that cannot be.
    #[error("preset {preset:?}: {why}")]
    Wrong {
        /// The preset.
        preset: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// The table lacks a field.
    #[error("preset {preset:?} needs field {field:?}; the table has {near}")]
    Missing {
        /// The preset.
        preset: String,
        /// The field.
        field: String,
        /// The nearest names there are.
        near: String,
    },
    /// The tuples do not fit together.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl Preset {
    /// Names of the built-in presets.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in preset of a name.
    ///
    /// # Errors
    /// [`PresetError::Unknown`], listing the names there are.
    pub fn built_in(name: &str) -> Result<Self, PresetError> {
        let found = BUILT_IN.iter().find(|(n, _)| *n == name);
        let (_, text) = found.ok_or_else(|| {
            let known = Self::names().collect::<Vec<_>>().join(", ");
            PresetError::Unknown { given: name.to_owned(), known }
        })?;
        Self::parse(text)
    }

    /// Reads a preset from the text of a file.
    ///
    /// # Errors
    /// [`PresetError`] with the line and what is allowed there.
    pub fn parse(text: &str) -> Result<Self, PresetError> {
        let preset: Self = toml::from_str(text).map_err(|e| PresetError::Syntax(e.to_string()))?;
        let wrong = |why: String| PresetError::Wrong { preset: preset.name.clone(), why };
        let mut taken = BTreeSet::new();
        for rule in &preset.columns {
            let role = rule.role.name();
            if rule.from.is_empty() {
                return Err(wrong(format!(
                    "column {role} is made of no field; give from = [\"FIELD\"]"
                )));
            }
            if rule.role != Role::Other && !taken.insert(rule.role) {
                return Err(wrong(format!(
                    "two columns with role {role}; give one of them role = \"other\""
                )));
            }
            let (least, most) = rule.normaliser.arity();
            if !(least..=most).contains(&rule.from.len()) {
                return Err(wrong(format!(
                    "the normaliser of column {role} takes {least} to {most} fields, not {}",
                    rule.from.len()
                )));
            }
        }
        if preset.reads.as_ref().is_some_and(|r| r.prefixes.iter().any(String::is_empty)) {
            return Err(wrong("an empty prefix in [reads] fits every action".to_owned()));
        }
        Ok(preset)
    }

    /// The raw fields that the preset reads from a table with these fields, under the table's names,
    /// each once: what to group by. All of them for a preset without columns.
    ///
    /// # Errors
    /// [`PresetError::Missing`] for a field that is not there and not optional.
    pub fn fields(&self, table: &[&str]) -> Result<Vec<String>, PresetError> {
        if self.columns.is_empty() {
            return Ok(table.iter().map(|&n| n.to_owned()).collect());
        }
        let mut wanted: Vec<String> = Vec::new();
        let mut add = |found: &str| {
            if !wanted.iter().any(|w| w == found) {
                wanted.push(found.to_owned());
            }
        };
        for rule in &self.columns {
            for field in &rule.from {
                match find(table, field) {
                    Some(found) => add(found),
                    None if rule.optional => {}
                    None => return Err(self.missing(table, field)),
                }
            }
        }
        if let Some(reads) = &self.reads {
            add(find(table, &reads.field).ok_or_else(|| self.missing(table, &reads.field))?);
        }
        Ok(wanted)
    }

    /// The field of the table that holds the event time.
    pub fn time_field<'a>(&self, table: &[&'a str]) -> Option<&'a str> {
        self.time.iter().find_map(|name| find(table, name))
    }

    /// Normalises tuples.
    ///
    /// # Errors
    /// [`PresetError`] for tuples that do not fit together or lack a field.
    ///
    /// # Cost
    /// One sort of the tuples for each raw field of each column.
    pub fn facts(&self, tuples: &Tuples, visits: Option<Visits>) -> Result<Facts, PresetError> {
        tuples.check()?;
        if let Some(visits) = &visits {
            visits.check(tuples.len())?;
        }
        let names: Vec<&str> = tuples.fields.iter().map(|f| f.name.as_str()).collect();
        let found = |name: &str| find(&names, name).and_then(|n| tuples.field(n));
        let mut columns = Vec::new();
        for rule in &self.columns {
            let fields: Vec<_> = rule.from.iter().filter_map(|f| found(f)).collect();
            if fields.len() < rule.from.len() {
                let field = rule.from.iter().find(|f| found(f).is_none());
                match field {
                    Some(field) if !rule.optional => return Err(self.missing(&names, field)),
                    _ if fields.is_empty() => continue,
                    _ => {}
                }
            }
            let (codes, values) = column(rule.normaliser, &fields);
            let name = match rule.role {
                Role::Other => fields[0].name.clone(),
                role => format!("lanner_{}", role.name()),
            };
            columns.push(Column { name, role: rule.role, codes, values });
        }
        if self.columns.is_empty() {
            columns.extend(tuples.fields.iter().map(|f| Column {
                name: f.name.clone(),
                role: Role::Other,
                codes: f.codes.clone(),
                values: f.values.clone(),
            }));
        }
        let changes = match &self.reads {
            None => vec![true; tuples.len()],
            Some(reads) => {
                let field =
                    found(&reads.field).ok_or_else(|| self.missing(&names, &reads.field))?;
                let only_reads = |value: &Option<String>| {
                    let value = value.as_deref().unwrap_or("");
                    reads.prefixes.iter().any(|p| value.starts_with(p.as_str()))
                };
                let changes: Vec<bool> = field.values.iter().map(|v| !only_reads(v)).collect();
                field.codes.iter().map(|&c| changes[c as usize]).collect()
            }
        };
        Ok(Facts {
            columns,
            numbers: tuples.numbers.clone(),
            copies: tuples.copies.clone(),
            changes,
            visits,
        })
    }

    fn missing(&self, table: &[&str], field: &str) -> PresetError {
        let mut near: Vec<&str> = table.to_vec();
        near.sort_by_key(|name| strsim::damerau_levenshtein(&bare(name), &bare(field)));
        near.truncate(5);
        let near = if near.is_empty() { "no field".to_owned() } else { near.join(", ") };
        PresetError::Missing { preset: self.name.clone(), field: field.to_owned(), near }
    }
}

/// The field of a name: itself, or the one that differs only in letter case and punctuation, as in
/// `useridentity_arn` for `userIdentity.arn`.
fn find<'a>(table: &[&'a str], name: &str) -> Option<&'a str> {
    let exact = table.iter().find(|&&n| n == name);
    exact.or_else(|| table.iter().find(|n| bare(n) == bare(name))).copied()
}

/// Letters and digits of a name, in lower case.
fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn plain() -> Normaliser {
    Normaliser::Plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;

    #[test]
    fn built_in_presets_are_valid() {
        for name in Preset::names() {
            let preset = Preset::built_in(name).unwrap();
            assert_eq!(preset.name, name);
            assert!(!preset.time.is_empty());
        }
    }

    #[test]
    fn errors_say_what_would_be_right() {
        let says = |text: &str, words: &[&str]| {
            let error = Preset::parse(text).unwrap_err().to_string();
            assert!(words.iter().all(|w| error.contains(w)), "{error}");
        };
        let head = "name = \"x\"\ntitle = \"X\"\n";
        says("name = 3", &["not a preset", "expected a string"]);
        says(
            &format!("{head}[[column]]\nrole = \"actor\"\nfrom = [\"a\"]"),
            &["actor", "principal"],
        );
        says(&format!("{head}[[columns]]\nrole = \"agent\""), &["columns", "column"]);
        says(&format!("{head}[[column]]\nrole = \"agent\"\nfrom = []"), &["from = "]);
        let twice = "[[column]]\nrole = \"agent\"\nfrom = [\"a\"]\n".repeat(2);
        says(&format!("{head}{twice}"), &["two columns with role agent", "other"]);
        let many =
            "[[column]]\nrole = \"network\"\nnormaliser = \"network\"\nfrom = [\"a\", \"b\"]";
        says(&format!("{head}{many}"), &["network", "1 to 1 fields, not 2"]);
        says(&format!("{head}[reads]\nfield = \"a\"\nprefixes = [\"\"]"), &["empty prefix"]);
        let error = Preset::built_in("cloud").unwrap_err().to_string();
        assert!(error.contains("vpc-flow"), "{error}");
    }

    #[test]
    fn fields_are_found_under_flattened_names_and_missed_ones_with_the_nearest() {
        let preset = Preset::built_in("cloudtrail").unwrap();
        let table =
            ["useridentity_arn", "SourceIpAddress", "userAgent", "eventsource", "eventName", "x"];
        let fields = preset.fields(&table).unwrap();
        let want = ["useridentity_arn", "SourceIpAddress", "userAgent", "eventsource", "eventName"];
        assert_eq!(fields, want);
        assert_eq!(preset.time_field(&["a", "event_time"]), Some("event_time"));
        let error = preset.fields(&table[1..]).unwrap_err().to_string();
        assert!(error.contains("needs field \"userIdentity.arn\""), "{error}");
    }

    #[test]
    fn optional_columns_may_be_missing() {
        let field = |name: &str, value: &str| Field {
            name: name.to_owned(),
            codes: vec![0, 1],
            values: vec![Some(value.to_owned()), None],
        };
        let preset = Preset::built_in("kubernetes-audit").unwrap();
        let tuples = Tuples {
            fields: vec![
                field("user.username", "system:admin"),
                field("sourceIPs", "[\"10.0.0.1\"]"),
                field("userAgent", "kubectl/v1.27 (linux/amd64)"),
                field("verb", "list"),
                field("objectRef.resource", "pods"),
                field("objectRef.subresource", "exec"),
            ],
            numbers: Vec::new(),
            copies: vec![1, 2],
        };
        let facts = preset.facts(&tuples, None).unwrap();
        assert_eq!(facts.at(Role::Role), Some(1), "falls back on the user");
        assert_eq!(facts.at(Role::Other), None);
        assert_eq!(facts.changes, [false, true]);
        let action = &facts.columns[facts.at(Role::Action).unwrap()];
        assert_eq!(action.values, [Some("list:pods:exec".to_owned()), None]);
        assert_eq!(action.name, "lanner_action");
    }
}
