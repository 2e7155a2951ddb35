//! `lanner evaluate`: how well a finished hunt found what is labelled.

use crate::failure::Failure;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use lanner_collapse::{Memory, Query, RowsTable, Tables};
use lanner_encode::value_text;
use lanner_frame::Cancel;
use lanner_frame::text::excerpt;
use lanner_recipe::SESSION_HOURS;
use lanner_report::rows_table;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod items;
mod labels;

use items::Items;
use labels::Labels;

/// Measures how well a finished hunt found what is labelled.
///
/// A tuple, or an incident, is an attack when at least half of its rows are labelled. Equal scores are averaged
/// over their orders. The line `source` is a control: the rarity of the source network alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lanner evaluate found --label label
  lanner evaluate found --labels trail.labels.csv --label technique
  lanner evaluate found --label is_attack --technique mitre --json")]
pub(crate) struct Args {
    /// Folder of a finished hunt
    dir: PathBuf,
    /// Column that marks attacks; null, '', 0 and false mark none
    #[arg(long, value_name = "COL")]
    label: String,
    /// Column that names the technique [default: the label]
    #[arg(long, value_name = "COL")]
    technique: Option<String>,
    /// A table with these columns, a line for each labelled event [default: they are in the inputs]
    #[arg(long, value_name = "FILE")]
    labels: Option<String>,
    /// Column by which the lines of --labels belong to events
    #[arg(long, value_name = "COL", default_value = "eventID", requires = "labels")]
    on: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args, cancel: &Cancel) -> Result<(), Failure> {
    let manifest = lanner_report::Manifest::read(&args.dir)?;
    let fields = manifest.settings["fields"].as_array().cloned().unwrap_or_default();
    let technique = args.technique.as_ref().unwrap_or(&args.label);
    let from_inputs: Vec<&String> =
        if args.labels.is_some() { vec![&args.on] } else { vec![&args.label, technique] };
    for column in from_inputs {
        if args.labels.is_none() && fields.iter().any(|f| f["name"].as_str() == Some(column)) {
            return Err(Failure::usage(format!(
                "the hunt has seen column {column:?}; hunt again with --fields that leave it out"
            )));
        }
        if !manifest.inputs.columns.contains(column) {
            return Err(Failure::usage(format!(
                "the inputs of the hunt have no column {column:?}; --labels FILE takes labels from another table"
            )));
        }
    }
    let tuples = table(&args.dir, "tuples.parquet")?;
    let threads = lanner_pipeline::threads(None);
    let rows = rows_table(&args.dir, &manifest, None, threads, cancel)?;
    let labels = match &args.labels {
        Some(file) => Some(Labels::load(file, [&args.on, &args.label, technique], cancel)?),
        None => None,
    };
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (from, label, kind) = match &labels {
        Some(_) => (
            format!(
                "rows LEFT JOIN labels ON CAST(rows.{} AS VARCHAR) = labels.key",
                quoted(&args.on)
            ),
            "labels.label".to_owned(),
            "labels.technique".to_owned(),
        ),
        None => ("rows".to_owned(), quoted(&args.label), quoted(technique)),
    };
    let sql = format!(
        "SELECT lanner_place AS place, {label} AS label, {kind} AS technique, lanner_time AS time, \
         count(*) AS n FROM {from} WHERE lanner_place IS NOT NULL GROUP BY 1, 2, 3, 4"
    );
    let lines = labels.as_ref().map_or(0, Labels::len);
    let labels = labels.map(|l| ("labels".to_owned(), l.table)).into_iter().collect();
    let attached = Tables { files: Vec::new(), batches: labels };
    let query = Query::new(&sql, threads, Memory::default(), cancel);
    let incidents = args.dir.join("incidents.parquet").is_file();
    let incidents = if incidents { Some(table(&args.dir, "incidents.parquet")?) } else { None };
    let known = incidents.as_ref().map(sessions);
    let mut by_tuple = Items::new(tuples.num_rows());
    let mut by_incident = Items::new(incidents.as_ref().map_or(0, RecordBatch::num_rows));
    let mut answer = Vec::new();
    query.run(&attached, Some(with_places(rows, &fields)?), &mut |batch| {
        answer.push(batch);
        ControlFlow::Continue(())
    })?;
    let actor = actors(&tuples);
    let mut labelled = 0;
    for batch in &answer {
        let places = cast(batch.column(0), &DataType::Int64).map_err(Failure::failed)?;
        let places = places.as_primitive::<Int64Type>();
        let times = cast(batch.column(3), &DataType::Int64).map_err(Failure::failed)?;
        let times = times.as_primitive::<Int64Type>();
        let counts = batch.column(4).as_primitive::<Int64Type>();
        for i in 0..batch.num_rows() {
            let (place, n) = (places.value(i) as usize, counts.value(i) as u64);
            let label = value_text(batch.column(1), i);
            labelled += label.as_ref().map_or(0, |_| n);
            let attack = !matches!(label.as_deref(), None | Some("" | "0" | "false"));
            let technique = value_text(batch.column(2), i).unwrap_or_default();
            let technique = attack.then_some(technique.as_str());
            by_tuple.add(place, n, technique);
            if let (Some(known), Some(actor)) = (&known, &actor) {
                let slot = times.is_valid(i).then(|| slot(times.value(i)));
                let at = known.get(&(actor[place].clone(), slot));
                if let Some(&at) = at {
                    by_incident.add(at, n, technique);
                }
            }
        }
    }
    if lines > 0 && labelled == 0 {
        return Err(Failure::usage(format!(
            "none of the {lines} lines of --labels belongs to an event: {} differs; name another column with --on",
            args.on
        )));
    }
    let mut all = vec![("list".to_owned(), by_tuple.measure(&numbers(&tuples, "score")?))];
    for field in tuples.schema().fields() {
        if let Some(model) = field.name().strip_prefix("score_") {
            all.push((model.to_owned(), by_tuple.measure(&numbers(&tuples, field.name())?)));
        }
    }
    if let Some(source) = source(&tuples)? {
        all.push(("source".to_owned(), by_tuple.measure(&source)));
    }
    if let Some(incidents) = incidents.filter(|i| i.num_rows() > 0) {
        let scores = numbers(&incidents, "score")?;
        all.push(("incidents".to_owned(), by_incident.measure(&scores)));
    }
    if args.json {
        let all: serde_json::Map<String, Value> = all.into_iter().collect();
        crate::print::json(&format!("{:#}\n", Value::Object(all)))?;
        return Ok(());
    }
    print(&all)?;
    Ok(())
}

fn print(all: &[(String, Value)]) -> std::io::Result<()> {
    let head = [
        "order",
        "items",
        "attacks",
        "AP",
        "AP 95 %",
        "AUROC",
        "AUROC 95 %",
        "P@20",
        "P@50",
        "P@100",
        "techniques@100",
    ];
    let mut table = crate::print::plain_table(&head);
    let number = |v: &Value| v.as_f64().map_or("-".to_owned(), |v| format!("{v:.3}"));
    for (name, m) in all {
        let between = |v: &Value| format!("{} to {}", number(&v[0]), number(&v[1]));
        table.add_row([
            excerpt(name, 40),
            m["items"].to_string(),
            m["attacks"].to_string(),
            number(&m["ap"]),
            between(&m["ap_interval"]),
            number(&m["auroc"]),
            between(&m["auroc_interval"]),
            number(&m["precision_at"]["20"]),
            number(&m["precision_at"]["50"]),
            number(&m["precision_at"]["100"]),
            format!("{} of {}", m["techniques_at"]["100"], m["techniques"]),
        ]);
    }
    writeln!(anstream::stdout(), "{table}")
}

/// A whole Parquet file.
fn table(dir: &Path, name: &str) -> Result<RecordBatch, Failure> {
    let path = dir.join(name);
    let wrong = |e: &dyn std::fmt::Display| Failure::failed(format!("{}: {e}", path.display()));
    let file = File::open(&path).map_err(|e| wrong(&e))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| wrong(&e))?;
    let schema = Arc::clone(reader.schema());
    let reader = reader.build().map_err(|e| wrong(&e))?;
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>().map_err(|e| wrong(&e))?;
    concat_batches(&schema, &batches).map_err(|e| wrong(&e))
}

/// The table `rows` with nothing attached but each row's place in the list.
fn with_places(rows: RowsTable, fields: &[Value]) -> Result<RowsTable, Failure> {
    let d = fields.len();
    let n = rows.tuples.num_rows() as u32;
    let mut schema: Vec<Field> =
        rows.tuples.schema().fields()[..d].iter().map(|f| f.as_ref().clone()).collect();
    schema.push(Field::new("lanner_place", DataType::UInt32, true));
    let mut columns = rows.tuples.columns()[..d].to_vec();
    columns.push(Arc::new(UInt32Array::from_iter_values(0..n)) as ArrayRef);
    let tuples = RecordBatch::try_new(Arc::new(Schema::new(schema)), columns);
    Ok(RowsTable { tuples: tuples.map_err(Failure::failed)?, ..rows })
}

fn numbers(table: &RecordBatch, name: &str) -> Result<Vec<f64>, Failure> {
    let column = table.column_by_name(name).and_then(|c| c.as_primitive_opt::<Float64Type>());
    let column = column.ok_or_else(|| Failure::failed(format!("the hunt has no column {name}")))?;
    Ok(column.values().to_vec())
}

/// Principal, network and agent, as texts.
type Actor = [Option<String>; 3];

/// The actor of each tuple, where roles are known.
fn actors(tuples: &RecordBatch) -> Option<Vec<Actor>> {
    let columns = ["principal", "network", "agent"]
        .map(|role| tuples.column_by_name(&format!("lanner_{role}")));
    columns.iter().any(Option::is_some).then(|| {
        let actor = |i: usize| columns.map(|c| c.and_then(|c| value_text(c, i)));
        (0..tuples.num_rows()).map(actor).collect()
    })
}

/// The session slot of a time.
fn slot(micros: i64) -> i64 {
    micros.div_euclid(3_600_000_000 * i64::from(SESSION_HOURS))
}

/// The incident of each actor in each slot.
fn sessions(incidents: &RecordBatch) -> HashMap<(Actor, Option<i64>), usize> {
    let columns = ["principal", "network", "agent"].map(|name| incidents.column_by_name(name));
    let start = incidents.column_by_name("start").and_then(|c| cast(c, &DataType::Int64).ok());
    let start = start.unwrap_or_else(|| Arc::new(Int64Array::new_null(incidents.num_rows())));
    let start = start.as_primitive::<Int64Type>();
    let key = |i: usize| {
        let actor = columns.map(|c| c.and_then(|c| value_text(c, i)));
        ((actor, start.is_valid(i).then(|| slot(start.value(i)))), i)
    };
    (0..incidents.num_rows()).map(key).collect()
}

/// The rarity of each tuple's source: minus the rows that share it. None where no field says it.
fn source(tuples: &RecordBatch) -> Result<Option<Vec<f64>>, Failure> {
    let names = ["lanner_network", "sourceIPAddress"];
    let Some(column) = names.iter().find_map(|name| tuples.column_by_name(name)) else {
        return Ok(None);
    };
    let copies =
        tuples.column_by_name("copies").ok_or_else(|| Failure::failed("no column copies"))?;
    let copies = cast(copies, &DataType::Float64).map_err(Failure::failed)?;
    let copies = copies.as_primitive::<Float64Type>();
    let values: Vec<Option<String>> = (0..column.len()).map(|i| value_text(column, i)).collect();
    let mut rows: HashMap<&Option<String>, f64> = HashMap::new();
    for (value, n) in values.iter().zip(copies.values()) {
        *rows.entry(value).or_default() += n;
    }
    Ok(Some(values.iter().map(|v| -rows[v]).collect()))
}
