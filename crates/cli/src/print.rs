//! Tables and JSON on standard output, with log text made safe for a terminal.

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, TableComponent};
use lanner_frame::text::{excerpt, json_shown};
use std::io::{IsTerminal, Write};

/// Columns above which rows are shown as records.
const WIDE: usize = 12;
/// Widest cell of a table, characters.
const CELL: usize = 160;

/// Prints JSON text; on a terminal, characters that could act on it are escaped.
pub(crate) fn json(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if out.is_terminal() {
        out.write_all(json_shown(text).as_bytes())
    } else {
        out.write_all(text.as_bytes())
    }
}

/// A table without frames: a header, then rows, cut to the width of the terminal.
pub(crate) fn plain_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    for line in [
        TableComponent::TopBorder,
        TableComponent::TopBorderIntersections,
        TableComponent::BottomBorderIntersections,
        TableComponent::BottomBorder,
        TableComponent::HorizontalLines,
        TableComponent::MiddleIntersections,
        TableComponent::LeftBorderIntersections,
        TableComponent::RightBorderIntersections,
    ] {
        table.remove_style(line);
    }
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !std::io::stdout().is_terminal() {
        table.set_width(160);
    }
    table.set_header(header.iter().map(|h| excerpt(h, CELL)));
    table
}

/// Prints one field a line: readable where a table would be too wide.
fn records(schema: &SchemaRef, batches: &[RecordBatch]) -> std::io::Result<()> {
    let mut out = anstream::stdout();
    let names: Vec<String> = schema.fields().iter().map(|f| excerpt(f.name(), 60)).collect();
    let width = names.iter().map(|n| n.chars().count()).max().unwrap_or(0);
    let dim = anstyle::Style::new().dimmed();
    let mut row = 0;
    for batch in batches {
        for i in 0..batch.num_rows() {
            row += 1;
            writeln!(out, "{dim}--- row {row}{dim:#}")?;
            for (name, column) in names.iter().zip(batch.columns()) {
                if let Some(text) = lanner_encode::value_text(column, i) {
                    writeln!(out, "{dim}{name:<width$}{dim:#}  {}", excerpt(&text, 400))?;
                }
            }
        }
    }
    let word = if row == 1 { "row" } else { "rows" };
    writeln!(out, "{row} {word}")
}

/// Prints batches as a table, or as records where there are many columns, and says how many rows there
/// were.
pub(crate) fn batches(schema: &SchemaRef, batches: &[RecordBatch]) -> std::io::Result<()> {
    if schema.fields().len() > WIDE {
        return records(schema, batches);
    }
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let mut table = plain_table(&names);
    let mut rows = 0;
    for batch in batches {
        for i in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| {
                let text = lanner_encode::value_text(column, i).unwrap_or_default();
                let cell = Cell::new(excerpt(&text, CELL));
                if column.data_type().is_numeric() {
                    cell.set_alignment(CellAlignment::Right)
                } else {
                    cell
                }
            });
            table.add_row(cells);
            rows += 1;
        }
    }
    let mut out = anstream::stdout();
    writeln!(out, "{table}")?;
    let word = if rows == 1 { "row" } else { "rows" };
    writeln!(out, "{rows} {word}")
}
