//! `lanner query`: SQL over a finished hunt.

use super::input::{Reading, moment, threads};
use crate::failure::Failure;
use arrow::array::{ArrayRef, Int32Array};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use clap::ValueEnum;
use lanner_collapse::{CollapseError, Memory, Query, RowsTable, Spec, Tables};
use lanner_encode::{Classic, FeatureKind, value_text};
use lanner_frame::Cancel;
use lanner_frame::text::csv_cell;
use lanner_pipeline::{Hunt, HuntError};
use lanner_report::ReportError;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Asks a finished hunt with SQL.
///
/// Tables: events (flagged rows, whole), tuples (all distinct tuples with every score), incidents (of the
/// lanner recipe), models, and rows (all input rows with rank, score, votes and the codes of the classic
/// recipe; reads the inputs again and checks that they are still the same). Of a hunt for sessions:
/// sessions and events (with their session_id). Field names with dots need no quotes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lanner query found \"SELECT rank, copies, eventName, userIdentity.arn FROM tuples LIMIT 20\"
  lanner query found \"SELECT eventName, count(*) AS n FROM events GROUP BY eventName ORDER BY n DESC\"
  lanner query found \"SELECT * FROM rows WHERE sourceIPAddress = '203.0.113.9'\" --format csv")]
pub(crate) struct Args {
    /// Folder of a finished hunt
    dir: PathBuf,
    /// A SELECT
    sql: String,
    /// How to print the answer
    #[arg(long, short, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write here [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Leave cells that a spreadsheet would run as formulas, and control characters, as they are (csv)
    #[arg(long)]
    raw_csv: bool,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
    Parquet,
}

pub(crate) fn run(args: Args, cancel: &Cancel) -> Result<(), Failure> {
    let threads = threads(args.threads);
    let query = Query::new(&args.sql, threads, Memory::default(), cancel);
    let (tables, rows) = tables(&args, &query, threads, cancel)?;
    if args.format == Format::Parquet && args.out.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::usage("Parquet does not go to a terminal; name a file with --out"));
    }
    let mut answer: Vec<RecordBatch> = Vec::new();
    let schema = query.run(&tables, rows, &mut |batch| {
        answer.push(batch);
        if cancel.is_raised() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    cancel.check().map_err(|_| Failure::interrupted())?;
    if args.format == Format::Table && args.out.is_none() {
        crate::print::batches(&schema, &answer)?;
        return Ok(());
    }
    let bytes = match args.format {
        Format::Table | Format::Csv => csv(&schema, &answer, args.raw_csv)?,
        Format::Json => json(&answer)?,
        Format::Parquet => parquet(&schema, &answer)?,
    };
    match &args.out {
        Some(path) => lanner_report::write_private(path, &bytes)?,
        None if args.format == Format::Json => {
            crate::print::json(&String::from_utf8_lossy(&bytes))?;
        }
        None => std::io::stdout().lock().write_all(&bytes)?,
    }
    Ok(())
}

/// The tables of a finished hunt, of either kind; checks that the answer goes nowhere near its inputs.
fn tables(
    args: &Args,
    query: &Query,
    threads: usize,
    cancel: &Cancel,
) -> Result<(Tables, Option<RowsTable>), Failure> {
    let dir = &args.dir;
    let parquet = |t: &str| (t.to_owned(), dir.join(format!("{t}.parquet")));
    let check = |inputs: &[lanner_report::InputFile]| match &args.out {
        Some(out) => {
            let inputs: Vec<PathBuf> = inputs.iter().map(|f| PathBuf::from(&f.path)).collect();
            lanner_report::check_file(out, &inputs)
        }
        None => Ok(()),
    };
    if let Some(manifest) = lanner_report::SessionsManifest::read(dir)? {
        check(&manifest.inputs.files)?;
        let files = ["sessions", "events"].map(parquet).into();
        return Ok((Tables { files, batches: Vec::new() }, None));
    }
    let manifest = lanner_report::Manifest::read(dir)?;
    check(&manifest.inputs.files)?;
    let kept = manifest.outputs.iter().any(|o| o.name == ROWS);
    let incidents = manifest.outputs.iter().any(|o| o.name == INCIDENTS);
    let names = ["events", "tuples"].into_iter();
    let names = names.chain(incidents.then_some("incidents")).chain(kept.then_some("rows"));
    let models = lanner_report::models_table(&lanner_report::model_entries(dir)?)?;
    let tables = Tables {
        files: names.map(parquet).collect(),
        batches: vec![("models".to_owned(), models)],
    };
    let rows = if !kept && query.reads("rows")? {
        Some(rows_table(dir, &manifest, threads, cancel)?)
    } else {
        None
    };
    Ok((tables, rows))
}

/// The file of the incidents, which the lanner recipe finds.
const INCIDENTS: &str = "incidents.parquet";

/// The file in which all rows are kept, if they are.
const ROWS: &str = "rows.parquet";

/// Writes all rows of a hunt, as a query on `rows` gives them, into a Parquet file; `dir` holds its tuples.
pub(crate) fn write_rows(
    found: &Hunt,
    dir: &Path,
    file: &mut (dyn Write + Send),
    threads: usize,
    memory: Memory,
    cancel: &Cancel,
) -> Result<(), ReportError> {
    let fields = &found.outcome.settings.fields;
    let names: Vec<String> = fields.iter().map(|f| f.name.clone()).collect();
    let classic = found.outcome.settings.recipe == "classic";
    let category = |j: usize| classic && fields[j].kind == FeatureKind::Category.name();
    let tuples = tuples(&dir.join("tuples.parquet"), &names, category)
        .map_err(|e| ReportError::Source(e.to_string().into()))?;
    let query = Query::new("SELECT * FROM rows", threads, memory, cancel);
    let (mut writer, mut file, mut failed) = (None, Some(file), None);
    let mut add = |batch: RecordBatch| -> Result<(), ReportError> {
        if let Some(file) = file.take() {
            writer = Some(ArrowWriter::try_new(file, batch.schema(), None)?);
        }
        if let Some(writer) = &mut writer {
            writer.write(&batch)?;
        }
        Ok(())
    };
    let rows = found.rows_table(tuples);
    let schema = query.run(&Tables::default(), Some(rows), &mut |batch| match add(batch) {
        Ok(()) => ControlFlow::Continue(()),
        Err(e) => {
            failed = Some(e);
            ControlFlow::Break(())
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let schema = schema.map_err(|e| ReportError::source(HuntError::from(e)))?;
    let writer = match (writer, file) {
        (Some(writer), _) => writer,
        (None, Some(file)) => ArrowWriter::try_new(file, schema, None)?,
        (None, None) => return Ok(()),
    };
    writer.close()?;
    Ok(())
}

/// The table `rows`: the inputs of the manifest, opened again after their hashes were checked.
pub(crate) fn rows_table(
    dir: &Path,
    manifest: &lanner_report::Manifest,
    threads: usize,
    cancel: &Cancel,
) -> Result<RowsTable, Failure> {
    let reading: Reading = serde_json::from_value(manifest.options["reading"].clone())
        .map_err(|e| Failure::failed(format!("the manifest's options: {e}")))?;
    let paths: Vec<String> = manifest.inputs.files.iter().map(|f| f.path.clone()).collect();
    for file in manifest.inputs.files.iter().filter(|f| !f.sha256.is_empty()) {
        cancel.check().map_err(|_| Failure::interrupted())?;
        let now = lanner_read::sha256_of(Path::new(&file.path)).map_err(|e| {
            Failure::failed(format!("{}: {e}; rows needs the inputs of the hunt", file.path))
        })?;
        if now != file.sha256 {
            return Err(CollapseError::Changed { path: file.path.clone() }.into());
        }
    }
    let inputs = reading.open(&paths, None, threads, cancel)?;
    let settings = &manifest.settings;
    let zone = reading.zone()?;
    let micros = |name: &str| -> Result<Option<i64>, Failure> {
        let moment = moment(name, settings[name].as_str(), &zone)?;
        Ok(moment.map(jiff::Timestamp::as_microsecond))
    };
    let fields = settings["fields"].as_array().cloned().unwrap_or_default();
    let names: Vec<String> =
        fields.iter().filter_map(|f| f["name"].as_str().map(str::to_owned)).collect();
    let accounts = manifest.inputs.files.iter().map(|f| lanner_read::FileAccount {
        sha256: f.sha256.clone(),
        bytes: f.bytes,
        records: f.records,
        ..lanner_read::FileAccount::default()
    });
    let classic = settings["recipe"] == "classic";
    let category =
        |j: usize| classic && fields[j]["kind"].as_str() == Some(FeatureKind::Category.name());
    let tuples = tuples(&dir.join("tuples.parquet"), &names, category)?;
    let spec = Spec {
        fields: names,
        filter: settings["filter"].as_str().map(str::to_owned),
        since: micros("since")?,
        until: micros("until")?,
        ..Spec::default()
    };
    Ok(RowsTable { inputs, spec, accounts: accounts.collect(), tuples })
}

/// The tuples with what is attached to their rows: rank, score, votes, codes.
fn tuples(
    path: &Path,
    names: &[String],
    category: impl Fn(usize) -> bool,
) -> Result<RecordBatch, Failure> {
    let wrong = |e: &dyn std::fmt::Display| Failure::failed(format!("{}: {e}", path.display()));
    let file = File::open(path).map_err(|e| wrong(&e))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| wrong(&e))?;
    let schema = Arc::clone(reader.schema());
    let reader = reader.build().map_err(|e| wrong(&e))?;
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>().map_err(|e| wrong(&e))?;
    let all = arrow::compute::concat_batches(&schema, &batches).map_err(|e| wrong(&e))?;
    let (mut fields, mut columns): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    for j in 0..names.len() {
        fields.push(all.schema().field(j).clone());
        columns.push(Arc::clone(all.column(j)));
    }
    for (field, column) in all.schema().fields().iter().zip(all.columns()).skip(names.len()) {
        let name = field.name();
        if name == "rank" || name == "score" || name.starts_with("out_") {
            fields.push(field.as_ref().clone().with_nullable(true));
            columns.push(Arc::clone(column));
        }
    }
    for (j, name) in names.iter().enumerate().filter(|(j, _)| category(*j)) {
        let (codes, _) = Classic.codes(name, all.column(j)).map_err(Failure::failed)?;
        let codes: Int32Array = codes.iter().map(|c| Some(c.map_or(-1, |c| c as i32))).collect();
        fields.push(Field::new(format!("code_{name}"), DataType::Int32, true));
        columns.push(Arc::new(codes));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|e| wrong(&e))
}

fn csv(schema: &Schema, batches: &[RecordBatch], raw: bool) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let safe = |text: &str| if raw { text.to_owned() } else { csv_cell(text).into_owned() };
    writer.write_record(schema.fields().iter().map(|f| safe(f.name()))).map_err(Failure::failed)?;
    for batch in batches {
        for i in 0..batch.num_rows() {
            let cells = batch
                .columns()
                .iter()
                .map(|column| safe(&value_text(column, i).unwrap_or_default()));
            writer.write_record(cells).map_err(Failure::failed)?;
        }
    }
    writer.into_inner().map_err(Failure::failed)
}

fn json(batches: &[RecordBatch]) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut writer = arrow::json::ArrayWriter::new(&mut bytes);
    for batch in batches {
        writer.write(batch).map_err(Failure::failed)?;
    }
    writer.finish().map_err(Failure::failed)?;
    if bytes.is_empty() {
        bytes.extend_from_slice(b"[]");
    }
    bytes.push(b'\n');
    Ok(bytes)
}

fn parquet(schema: &Schema, batches: &[RecordBatch]) -> Result<Vec<u8>, Failure> {
    let schema = Arc::new(schema.clone());
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).map_err(Failure::failed)?;
    for batch in batches {
        writer.write(batch).map_err(Failure::failed)?;
    }
    writer.into_inner().map_err(Failure::failed)
}
