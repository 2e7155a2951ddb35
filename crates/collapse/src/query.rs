//! SQL over a finished hunt and, on demand, over all its input rows.

use crate::local::{Memory, Places, keyed, resolve, unless_cancelled};
use crate::rows::{FILE, PLACE, Rows, TIME, split};
use crate::sql::{Names, no_column, statement};
use crate::{CollapseError, Sink, Spec};
use arrow::array::{AsArray, StringArray, UInt64Array};
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef, UInt64Type};
use arrow::record_batch::RecordBatch;
use datafusion::common::{JoinType, TableReference};
use datafusion::datasource::MemTable;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, Operator, Volatility, binary_expr, create_udf, ident,
};
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use datafusion::sql::parser::Statement;
use futures::StreamExt;
use lanner_frame::Cancel;
use lanner_read::{FileAccount, Inputs};
use std::path::PathBuf;
use std::sync::Arc;

/// What a query may read.
#[derive(Debug, Default)]
pub struct Tables {
    /// Parquet files by table name.
    pub files: Vec<(String, PathBuf)>,
    /// Small tables by name.
    pub batches: Vec<(String, RecordBatch)>,
}

/// All input rows with what the hunt said of their tuples.
pub struct RowsTable {
    /// The inputs, opened again.
    pub inputs: Inputs,
    /// What was grouped.
    pub spec: Spec,
    /// What was read, file by file.
    pub accounts: Vec<FileAccount>,
    /// The tuples: the fields of `spec` first, then the columns to attach to their rows.
    pub tuples: RecordBatch,
}

/// A parsed query.
pub struct Query {
    text: String,
    threads: usize,
    memory: Memory,
    cancel: Cancel,
}

impl Query {
    /// A query to run on `threads` threads.
    pub fn new(text: &str, threads: usize, memory: Memory, cancel: &Cancel) -> Self {
        Self { text: text.to_owned(), threads: threads.max(1), memory, cancel: cancel.clone() }
    }

    /// Says whether it reads the table `name`.
    ///
    /// # Errors
    /// [`CollapseError::Sql`] if it is no SQL statement.
    pub fn reads(&self, name: &str) -> Result<bool, CollapseError> {
        let state = SessionContext::new().state();
        let dialect = state.config_options().sql_parser.dialect;
        let parsed = state.sql_to_statement(&self.text, &dialect)?;
        let tables = state.resolve_table_references(&parsed)?;
        Ok(tables.iter().any(|t| t.table().eq_ignore_ascii_case(name)))
    }

    /// Runs it and streams the answer; returns its columns.
    ///
    /// # Errors
    /// [`CollapseError`] for bad SQL, a statement that would change anything, or unreadable tables.
    pub fn run(
        &self,
        tables: &Tables,
        rows: Option<RowsTable>,
        sink: Sink<'_>,
    ) -> Result<SchemaRef, CollapseError> {
        let work = self.answer(tables, rows, sink);
        crate::local::runtime(self.threads)?.block_on(unless_cancelled(&self.cancel, work))
    }

    async fn answer(
        &self,
        tables: &Tables,
        rows: Option<RowsTable>,
        sink: Sink<'_>,
    ) -> Result<SchemaRef, CollapseError> {
        let session = crate::local::session(self.threads, self.memory)?;
        let mut columns = Columns::default();
        for (_, schema) in register(&session, tables).await? {
            columns.learn(&schema);
        }
        if let Some(rows) = &rows {
            columns.learn(rows.inputs.schema());
            columns.learn(&rows.tuples.schema());
        }
        let inputs = rows.as_ref().map(|r| r.inputs.clone());
        let path = |name: &str| inputs.as_ref().is_some_and(|i| i.field(name).is_ok());
        let state = session.state();
        let names = Names { columns: columns.0, path: &path, unknown: &no_column };
        let (parsed, paths) = statement(&state, &self.text, &names)?;
        if let Some(rows) = rows {
            register_rows(&session, rows, &paths, self.threads)?;
        }
        let plan = planned(&session, parsed).await?;
        let mut stream = session.execute_logical_plan(plan).await?.execute_stream().await?;
        let schema = stream.schema();
        while let Some(batch) = stream.next().await {
            if sink(batch?).is_break() {
                break;
            }
        }
        Ok(schema)
    }
}

/// The names of all columns, each once.
#[derive(Default)]
pub(crate) struct Columns(pub(crate) Vec<String>);

impl Columns {
    pub(crate) fn learn(&mut self, schema: &Schema) {
        for name in names(schema) {
            if !self.0.contains(&name) {
                self.0.push(name);
            }
        }
    }
}

fn names(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|f| f.name().clone()).collect()
}

/// Registers the tables and gives the columns of each.
pub(crate) async fn register(
    session: &SessionContext,
    tables: &Tables,
) -> Result<Vec<(String, SchemaRef)>, CollapseError> {
    let mut schemas = Vec::new();
    for (name, path) in &tables.files {
        let path = path.to_string_lossy().into_owned();
        let table = TableReference::bare(name.as_str());
        session.register_parquet(table.clone(), &path, ParquetReadOptions::default()).await?;
        schemas.push((name.clone(), Arc::clone(session.table(table).await?.schema().inner())));
    }
    for (name, batch) in &tables.batches {
        let table = MemTable::try_new(batch.schema(), vec![vec![batch.clone()]])?;
        session.register_table(TableReference::bare(name.as_str()), Arc::new(table))?;
        schemas.push((name.clone(), batch.schema()));
    }
    Ok(schemas)
}

/// The plan of a statement that only reads; refuses any other.
pub(crate) async fn planned(
    session: &SessionContext,
    parsed: Statement,
) -> Result<LogicalPlan, CollapseError> {
    let plan = session.state().statement_to_plan(parsed).await?;
    let reading =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    reading.verify_plan(&plan)?;
    Ok(plan)
}

/// Registers `rows`: every input row, joined to its tuple; rows that were not scored have nulls.
fn register_rows(
    session: &SessionContext,
    rows: RowsTable,
    paths: &[String],
    threads: usize,
) -> Result<(), CollapseError> {
    let RowsTable { inputs, spec, accounts, tuples } = rows;
    let (filter, mut extra) = resolve(&inputs, &spec)?;
    extra.extend(paths.iter().filter(|p| !extra.contains(p)).cloned().collect::<Vec<_>>());
    let frame =
        session.read_table(Arc::new(Rows::new(&inputs, &extra, threads, Arc::default())?))?;
    let keys: Vec<String> = (0..spec.fields.len()).map(|j| format!("lanner_key_{j}")).collect();
    let attached: Vec<String> = names(&tuples.schema()).split_off(spec.fields.len());
    let marks = with_keys(&tuples, &keys)?;
    let marks = MemTable::try_new(marks.schema(), vec![vec![marks]])?;
    let mut on: Vec<Expr> = spec
        .fields
        .iter()
        .zip(&keys)
        .map(|(field, key)| binary_expr(ident(field), Operator::IsNotDistinctFrom, ident(key)))
        .collect();
    if let Some(filter) = filter {
        on.push(frame.parse_sql_expr(&filter)?);
    }
    on.extend(crate::local::within(&spec));
    // The tuples are held, the rows pass by them.
    let joined = session.read_table(Arc::new(marks))?.join_on(frame, JoinType::Right, on)?;
    let paths: Vec<String> = inputs.files().iter().map(|f| f.shown.clone()).collect();
    let (row, file) = place_functions(Arc::new(Places::new(&accounts, paths)));
    let mut wanted: Vec<Expr> = vec![
        row.call(vec![ident(PLACE)]).alias("lanner_row"),
        file.call(vec![ident(PLACE)]).alias(FILE),
        ident(TIME),
    ];
    wanted.extend(attached.iter().map(|name| ident(mark(name)).alias(name)));
    // A column of the input that has the name of one of ours gets a trailing underscore.
    let ours = |name: &String| name == "lanner_row" || name == FILE || attached.contains(name);
    let columns = names(inputs.schema()).into_iter().filter(|n| n != TIME && n != PLACE);
    let columns: Vec<Expr> = columns
        .chain(extra.iter().cloned())
        .map(|n| if ours(&n) { ident(&n).alias(format!("{n}_")) } else { ident(&n) })
        .collect();
    let wanted = columns.into_iter().chain(wanted).collect::<Vec<Expr>>();
    session.register_table(TableReference::bare("rows"), joined.select(wanted)?.into_view())?;
    Ok(())
}

/// The private name of a column that is attached to rows.
fn mark(name: &str) -> String {
    format!("lanner_mark_{name}")
}

/// The tuples with private names for their columns.
fn with_keys(tuples: &RecordBatch, keys: &[String]) -> Result<RecordBatch, CollapseError> {
    let marks = keyed(tuples, keys)?;
    let mut fields: Vec<_> = marks.schema().fields().iter().take(keys.len()).cloned().collect();
    let mut columns = marks.columns()[..keys.len()].to_vec();
    let named = |f: &FieldRef| f.as_ref().clone().with_name(mark(f.name()));
    fields.extend(tuples.schema().fields().iter().skip(keys.len()).map(named).map(Arc::new));
    columns.extend(tuples.columns().iter().skip(keys.len()).cloned());
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// Functions from a place to the row's number and to its file's path.
fn place_functions(
    places: Arc<Places>,
) -> (datafusion::logical_expr::ScalarUDF, datafusion::logical_expr::ScalarUDF) {
    let arrays = |args: &[ColumnarValue]| ColumnarValue::values_to_arrays(args);
    let (for_row, for_file) = (Arc::clone(&places), places);
    let row = create_udf(
        "lanner_row_of",
        vec![DataType::UInt64],
        DataType::UInt64,
        Volatility::Immutable,
        Arc::new(move |args: &[ColumnarValue]| {
            let column = arrays(args)?.remove(0);
            let places = column.as_primitive::<UInt64Type>();
            let rows: UInt64Array = places.values().iter().map(|&p| for_row.row(p)).collect();
            Ok(ColumnarValue::Array(Arc::new(rows)))
        }),
    );
    let file = create_udf(
        "lanner_file_of",
        vec![DataType::UInt64],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(move |args: &[ColumnarValue]| {
            let column = arrays(args)?.remove(0);
            let places = column.as_primitive::<UInt64Type>();
            let files: StringArray =
                places.values().iter().map(|&p| for_file.path(split(p).0)).collect();
            Ok(ColumnarValue::Array(Arc::new(files)))
        }),
    );
    (row, file)
}
