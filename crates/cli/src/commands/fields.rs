//! `lanner fields`: what is in an input.

use super::input::Reading;
use crate::failure::Failure;
use crate::summary::plural;
use lanner_collapse::{Count, Profile, profile};
use lanner_explain::grouped;
use lanner_frame::text::excerpt;
use lanner_frame::{Cancel, Workers};
use lanner_read::FileAccount;
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
    let workers = Workers::new(lanner_pipeline::threads(None)).map_err(Failure::failed)?;
    let inputs = args.reading.open(&args.inputs, None, workers.count(), cancel)?;
    let all = inputs.schema().fields().iter().map(|f| f.name().clone());
    let columns = args.fields.unwrap_or_else(|| all.collect());
    for name in &columns {
        inputs.field(name).map_err(Failure::usage)?;
    }
    let Profile { fields: profiles, accounts } = profile(&inputs, &columns, &workers)?;
    let rows = profiles.first().map_or(0, |p| p.rows);
    let files: Vec<(String, FileAccount)> =
        inputs.files().iter().map(|f| f.shown.clone()).zip(accounts).collect();
    let rejects: u64 = files.iter().map(|(_, account)| account.rejects).sum();
    if let Some(why) = lanner_pipeline::loss(&files).filter(|_| rows == 0) {
        return Err(Failure::failed(format!("no record could be read: {why}")));
    }
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
    let mut out = anstream::stdout();
    writeln!(out, "{table}")?;
    let read = plural(rows, &format!("{} record", inputs.kind()));
    let rejected = match rejects {
        0 => String::new(),
        n => format!(" and {}", plural(n, "reject")),
    };
    writeln!(out, "{read}{rejected} in {}", plural(files.len() as u64, "file"))?;
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
    crate::summary::files(&mut out, "", &files, inputs.skipped())?;
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
