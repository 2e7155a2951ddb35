//! `lanner fields`: what is in an input.

use super::input::{Reading, threads};
use crate::failure::Failure;
use lanner_collapse::{Count, profile};
use lanner_explain::grouped;
use lanner_frame::Cancel;
use lanner_frame::text::excerpt;
use serde_json::json;
use std::io::Write;

/// Shows the fields of an input: type, distinct values, nulls, examples.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A figure with ~ is an estimate (standard error 0.4 %); all others are counted."
)]
pub(crate) struct Args {
    /// Files, folders, globs, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// Only these fields; any dotted path of a record will do
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    fields: Option<Vec<String>>,
    #[command(flatten)]
    reading: Reading,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args, cancel: &Cancel) -> Result<(), Failure> {
    let inputs = args.reading.open(&args.inputs, None, threads(None), cancel)?;
    let all = inputs.schema().fields().iter().map(|f| f.name().clone());
    let columns = args.fields.unwrap_or_else(|| all.collect());
    for name in &columns {
        inputs.field(name).map_err(Failure::usage)?;
    }
    let profiles = profile(&inputs, &columns)?;
    if args.json {
        let list: Vec<_> = profiles
            .iter()
            .map(|p| {
                json!({
                    "name": p.name, "type": p.data_type.to_string(), "distinct": p.distinct.value(),
                    "estimated": matches!(p.distinct, Count::About(_)), "nulls": p.nulls,
                    "rows": p.rows, "examples": p.examples,
                })
            })
            .collect();
        crate::print::json(&format!("{:#}\n", json!(list)))?;
        return Ok(());
    }
    let mut table = crate::print::plain_table(&["field", "type", "distinct", "null", "examples"]);
    for p in &profiles {
        let nulls = 100.0 * p.nulls as f64 / p.rows.max(1) as f64;
        let examples: Vec<String> = p.examples.iter().map(|e| excerpt(e, 40)).collect();
        let about = if matches!(p.distinct, Count::About(_)) { "~" } else { "" };
        table.add_row([
            excerpt(&p.name, 60),
            type_name(&p.data_type),
            format!("{about}{}", grouped(p.distinct.value())),
            if p.nulls == 0 { String::new() } else { format!("{nulls:.1} %") },
            examples.join("  "),
        ]);
    }
    let rows = profiles.first().map_or(0, |p| p.rows);
    let mut out = anstream::stdout();
    writeln!(out, "{table}")?;
    let (kind, files) = (inputs.kind(), inputs.files().len());
    writeln!(out, "{} {kind} records in {files} files", grouped(rows))?;
    if let Some(time) = inputs.time_field() {
        writeln!(out, "event time: {}", excerpt(time, 60))?;
    }
    if let Some(preset) = lanner_pipeline::fitting_preset(&inputs) {
        writeln!(out, "preset: {} ({})", preset.name, preset.title)?;
        for column in &preset.columns {
            writeln!(out, "  {:<9} from {}", column.role.name(), column.from.join(", "))?;
        }
    } else {
        writeln!(out, "preset: generic (every categorical field as it is)")?;
    }
    for file in inputs.skipped() {
        writeln!(out, "skipped {}: {}", excerpt(&file.path, 200), excerpt(&file.reason, 200))?;
    }
    Ok(())
}

fn type_name(data_type: &arrow::datatypes::DataType) -> String {
    use arrow::datatypes::DataType as T;
    match data_type {
        T::Utf8 => "text".to_owned(),
        T::Boolean => "boolean".to_owned(),
        T::Int64 | T::UInt64 => "integer".to_owned(),
        T::Float64 => "number".to_owned(),
        T::Timestamp(..) => "time".to_owned(),
        other => other.to_string(),
    }
}
