//! `lanner query`: SQL over a finished hunt.

use crate::failure::Failure;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use clap::ValueEnum;
use lanner_collapse::{Memory, Query};
use lanner_encode::value_text;
use lanner_frame::Cancel;
use lanner_frame::text::csv_cell;
use lanner_pipeline::threads;
use lanner_report::Finished;
use parquet::arrow::ArrowWriter;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
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
    let hunt = Finished::open(&args.dir)?;
    if let Some(out) = &args.out {
        let inputs: Vec<PathBuf> = hunt.inputs().iter().map(|f| PathBuf::from(&f.path)).collect();
        lanner_report::check_file(out, &inputs)?;
    }
    let rows = if query.reads("rows")? { hunt.rows(None, threads, cancel)? } else { None };
    if args.format == Format::Parquet && args.out.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::usage("Parquet does not go to a terminal; name a file with --out"));
    }
    let mut answer: Vec<RecordBatch> = Vec::new();
    let schema = query.run(&hunt.tables()?, rows, &mut |batch| {
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
