//! A finished hunt for events: what its manifest says, and how its tables are listed.

use crate::ServeError;
use crate::quote;
use crate::select::Listing;
use arrow::datatypes::Schema;
use lanner_report::{HuntParts, Manifest, ModelEntry, ReportError, model_entries};
use serde::Deserialize;
use std::path::Path;

/// Fields that a list shows as columns.
pub(crate) const SHOWN: usize = 6;

/// A finished hunt for events.
pub(crate) struct HuntBench {
    pub manifest: Manifest,
    pub settings: Settings,
    pub models: Vec<ModelEntry>,
    pub parts: HuntParts,
    /// Are there incidents?
    pub incidents: bool,
    /// Are all rows kept beside the flagged ones?
    pub kept: bool,
}

/// The settings, as far as pages need them.
#[derive(Debug, Deserialize)]
pub(crate) struct Settings {
    pub recipe: String,
    pub fields: Vec<FieldUse>,
    pub time: Option<String>,
}

/// A detection field.
#[derive(Debug, Deserialize)]
pub(crate) struct FieldUse {
    pub name: String,
}

impl HuntBench {
    pub(crate) fn open(dir: &Path, manifest: Manifest) -> Result<Self, ServeError> {
        let settings = serde_json::from_value(manifest.settings.clone());
        let settings = settings.map_err(ReportError::source)?;
        let has = |name: &str| manifest.outputs.iter().any(|o| o.name == name);
        Ok(Self {
            settings,
            models: model_entries(dir)?,
            parts: HuntParts::load(dir)?,
            incidents: has("incidents.parquet"),
            kept: has("rows.parquet"),
            manifest,
        })
    }

    /// Names of the detection fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.settings.fields.iter().map(|f| f.name.as_str())
    }

    /// Ids of the models that ran.
    pub(crate) fn ran(&self) -> impl Iterator<Item = &ModelEntry> {
        self.models.iter().filter(|m| m.status == "ran")
    }

    /// Is the list by score alone?
    pub(crate) fn by_score(&self) -> bool {
        self.settings.recipe == "lanner"
    }

    fn strangest(&self) -> &'static str {
        if self.by_score() { "\"score\" DESC" } else { "\"rank\" DESC, \"score\" DESC" }
    }

    /// The list of tuples.
    pub(crate) fn tuples<'a>(&'a self, schema: &'a Schema) -> Listing<'a> {
        let names: Vec<String> = self.fields().map(quote::name).collect();
        let mut searched: Vec<&str> = self.fields().filter(|f| is_text(schema, f)).collect();
        searched.push("why");
        Listing {
            table: "tuples",
            schema,
            order: format!("{}, copies, {}", self.strangest(), names.join(", ")),
            times: Some(("first_seen", "last_seen")),
            searched,
        }
    }

    /// The list of events: flagged ones, or all rows where they are kept.
    pub(crate) fn events<'a>(&'a self, table: &'a str, schema: &'a Schema) -> Listing<'a> {
        let time = self.time(schema);
        let has = |c: &&str| is_text(schema, c);
        let mut searched: Vec<&str> = self.fields().filter(|f| is_text(schema, f)).collect();
        searched.extend(["raw", "why"].iter().copied().filter(|c| table == "events" && has(c)));
        Listing {
            table,
            schema,
            order: format!("{}, lanner_row", self.strangest()),
            times: time.map(|t| (t, t)),
            searched,
        }
    }

    /// The column with the time of an event.
    pub(crate) fn time<'a>(&'a self, schema: &Schema) -> Option<&'a str> {
        if schema.column_with_name("lanner_time").is_some() {
            return Some("lanner_time");
        }
        self.settings.time.as_deref().filter(|t| schema.column_with_name(t).is_some())
    }
}

fn is_text(schema: &Schema, column: &str) -> bool {
    schema.field_with_name(column).is_ok_and(|f| f.data_type().is_string())
}
