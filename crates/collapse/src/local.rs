//! The engine on this machine: DataFusion, in parallel, with bounded memory.

use crate::ids::Ids;
use crate::rows::{FILE, PLACE, RECORD, Rows, TIME, Tap, own_column, split};
use crate::sql::{Names, condition, no_column};
use crate::{CollapseError, Distinct, Engine, Hours, RowPlace, Sink, Spec};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow::compute::{
    SortColumn, SortOptions, cast, concat_batches, filter_record_batch, lexsort_to_indices,
    partition, take, take_record_batch,
};
use arrow::datatypes::{
    DataType, Field, Float64Type, Int64Type, Schema, TimestampMicrosecondType, UInt32Type,
    UInt64Type,
};
use arrow::record_batch::RecordBatch;
use datafusion::common::JoinType;
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::logical_expr::{Expr, Operator, binary_expr, cast as logical_cast, ident, lit};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use datafusion::scalar::ScalarValue;
use futures::future::Either;
use futures::{StreamExt, TryFutureExt};
use lanner_frame::Cancel;
use lanner_read::{FileAccount, Inputs, Ledger, Reject};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Time between two looks for an interrupt.
const LOOK: Duration = Duration::from_millis(50);

/// How much memory the relational steps may take before they spill to disk.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Bytes.
    pub bytes: usize,
}

impl Default for Memory {
    /// 1 GiB.
    fn default() -> Self {
        Self { bytes: 1 << 30 }
    }
}

/// DataFusion over the files of an input.
pub struct Local {
    inputs: Inputs,
    runtime: Runtime,
    threads: usize,
    memory: Memory,
    rows_read: Arc<AtomicU64>,
    cancel: Cancel,
}

impl Local {
    /// Prepares the engine; nothing is read yet.
    ///
    /// # Errors
    /// If the system refuses to start threads.
    pub fn new(
        inputs: Inputs,
        threads: usize,
        memory: Memory,
        cancel: &Cancel,
    ) -> Result<Self, CollapseError> {
        let runtime = runtime(threads.max(1))?;
        let rows_read = Arc::default();
        Ok(Self {
            inputs,
            runtime,
            threads: threads.max(1),
            memory,
            rows_read,
            cancel: cancel.clone(),
        })
    }

    /// Waits for the query engine, or for an interrupt.
    fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, CollapseError>>,
    ) -> Result<T, CollapseError> {
        self.runtime.block_on(unless_cancelled(&self.cancel, work))
    }

    /// Counts the rows read so far, by every scan of this engine.
    pub fn rows_read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.rows_read)
    }

    /// The rows with the rejects of `spec` taken out while they are read.
    fn rows(
        &self,
        spec: &Spec,
        extra: &[String],
        ids: Option<Arc<Ids>>,
    ) -> Result<Arc<Rows>, CollapseError> {
        let rows = Rows::new(&self.inputs, extra, self.threads, self.rows_read())?;
        let mut columns = spec.reject_nulls.clone();
        columns.extend(ids.as_ref().and(spec.id.clone()));
        if columns.is_empty() {
            return Ok(Arc::new(rows));
        }
        let (numbers, id) = (spec.reject_nulls.clone(), spec.id.clone());
        let tap: Tap = Arc::new(move |batch, ledger| {
            let batch = reject_nulls(batch, &numbers, ledger)?;
            if let (Some(ids), Some(id)) = (&ids, &id)
                && let Some(column) = batch.column_by_name(id)
            {
                ids.add(column)
                    .map_err(|e| datafusion::error::DataFusionError::External(Box::new(e)))?;
            }
            Ok(batch)
        });
        Ok(Arc::new(rows.with_tap(columns, tap)))
    }
}

impl Engine for Local {
    fn distinct(&self, spec: &Spec) -> Result<Distinct, CollapseError> {
        let (filter, extra) = resolve(&self.inputs, spec)?;
        let ids = spec.id.as_ref().map(|_| Arc::new(Ids::new()));
        let rows = self.rows(spec, &extra, ids.clone())?;
        let session = session(self.threads, self.memory)?;
        let frame = kept(&session, spec, Arc::clone(&rows), filter.as_deref())?;
        let mut keys: Vec<Expr> = spec.fields.iter().map(ident).collect();
        if spec.hours {
            keys.push(hour_of(ident(TIME)).alias("lanner_of_hour"));
        }
        let count_of_keys = keys.len();
        let facts = vec![
            count(lit(1i64)).alias("lanner_of_copies"),
            min(ident(TIME)).alias("lanner_of_first"),
            max(ident(TIME)).alias("lanner_of_last"),
            min(ident(PLACE)).alias("lanner_of_place"),
        ];
        let frame = frame.aggregate(keys, facts)?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let batches = self.wait(frame.collect().map_err(CollapseError::from))?;
        let schema = batches.first().map_or(schema, RecordBatch::schema);
        let all = concat_batches(&schema, &batches)?;
        drop(batches);
        let all = sorted(&all, count_of_keys)?;
        let mut distinct = facts_of(&all, spec)?;
        distinct.repeated_ids = ids.map(|ids| ids.repeats()).transpose()?;
        let ledgers = rows.ledgers();
        distinct.accounts = ledgers.last().map(|l| l.accounts()).unwrap_or_default();
        Ok(distinct)
    }

    fn join_back(
        &self,
        spec: &Spec,
        marks: &RecordBatch,
        accounts: &[FileAccount],
        sink: Sink<'_>,
    ) -> Result<u64, CollapseError> {
        let (filter, extra) = resolve(&self.inputs, spec)?;
        let rows = self.rows(spec, &extra, None)?;
        let session = session(self.threads, self.memory)?;
        let frame = kept(&session, spec, Arc::clone(&rows), filter.as_deref())?;
        let keys: Vec<String> = (0..spec.fields.len()).map(|j| format!("lanner_key_{j}")).collect();
        let marks = keyed(marks, &keys)?;
        let table = MemTable::try_new(marks.schema(), vec![vec![marks]])?;
        let same =
            spec.fields.iter().zip(&keys).map(|(field, key)| {
                binary_expr(ident(key), Operator::IsNotDistinctFrom, ident(field))
            });
        let marks = session.read_table(Arc::new(table))?;
        let joined = marks.join_on(frame, JoinType::Inner, same)?;
        let columns = self.inputs.schema().fields().iter().filter(|f| f.name() != PLACE);
        let mut wanted: Vec<Expr> = columns.map(|f| ident(f.name())).collect();
        wanted.extend([ident(PLACE), ident("lanner_tuple")]);
        if spec.hours {
            wanted.push(hour_of(ident(TIME)).alias("lanner_hour"));
        }
        let joined = joined.select(wanted)?.sort(vec![ident(PLACE).sort(true, false)])?;
        let paths: Vec<String> = self.inputs.files().iter().map(|f| f.shown.clone()).collect();
        let places = Places::new(accounts, paths);
        let written = self.wait(async {
            let mut stream = joined.execute_stream().await?;
            let mut written = 0;
            while let Some(batch) = stream.next().await {
                let batch = places.name(&batch?, 2 + usize::from(spec.hours))?;
                written += batch.num_rows() as u64;
                if sink(batch).is_break() {
                    return Err(CollapseError::Cancelled);
                }
            }
            Ok::<u64, CollapseError>(written)
        })?;
        for ledger in rows.ledgers() {
            for (i, (now, then)) in ledger.accounts().iter().zip(accounts).enumerate() {
                if now.sha256 != then.sha256 {
                    return Err(CollapseError::Changed {
                        path: self.inputs.files()[i].shown.clone(),
                    });
                }
            }
        }
        Ok(written)
    }
}

/// The filter with its names quoted, and the paths that filter and fields read beyond the columns.
pub(crate) fn resolve(
    inputs: &Inputs,
    spec: &Spec,
) -> Result<(Option<String>, Vec<String>), CollapseError> {
    let schema = inputs.schema();
    let columns = schema.fields().iter().map(|f| f.name().clone()).collect();
    let path = |name: &str| inputs.field(name).is_ok();
    let (filter, mut extra) = match &spec.filter {
        Some(text) => {
            let unknown = |name: &str| match inputs.field(name) {
                Err(unknown) => unknown.into(),
                Ok(_) => no_column(name),
            };
            let (text, paths) =
                condition(text, &Names { columns, path: &path, unknown: &unknown })?;
            (Some(text), paths)
        }
        None => (None, Vec::new()),
    };
    for field in &spec.fields {
        inputs.field(field)?;
        if schema.field_with_name(field).is_err() && !extra.contains(field) {
            extra.push(field.clone());
        }
    }
    Ok((filter, extra))
}

/// The rows that `spec` keeps, as a table of `session`.
fn kept(
    session: &SessionContext,
    spec: &Spec,
    rows: Arc<Rows>,
    filter: Option<&str>,
) -> Result<DataFrame, CollapseError> {
    let mut frame = session.read_table(rows)?;
    if let Some(filter) = filter {
        let condition = frame.parse_sql_expr(filter)?;
        frame = frame.filter(condition)?;
    }
    for condition in within(spec) {
        frame = frame.filter(condition)?;
    }
    Ok(frame)
}

/// The threads of the query engine. Its plans recurse, so they have deep stacks.
pub(crate) fn runtime(threads: usize) -> Result<Runtime, CollapseError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_stack_size(8 << 20)
        .thread_name("lanner-sql")
        .enable_time()
        .build()
        .map_err(|source| CollapseError::Io { what: "starting threads", source })
}

/// Does the work, or leaves it as soon as an interrupt is seen.
pub(crate) async fn unless_cancelled<T>(
    cancel: &Cancel,
    work: impl Future<Output = Result<T, CollapseError>>,
) -> Result<T, CollapseError> {
    let watch = async {
        while !cancel.is_raised() {
            tokio::time::sleep(LOOK).await;
        }
    };
    match futures::future::select(pin!(work), pin!(watch)).await {
        // Whatever an interrupted reader's error became on its way through the engine.
        Either::Left((Err(_), _)) if cancel.is_raised() => Err(CollapseError::Cancelled),
        Either::Left((done, _)) => done,
        Either::Right(_) => Err(CollapseError::Cancelled),
    }
}

/// A fresh session with the memory bound.
pub(crate) fn session(threads: usize, memory: Memory) -> Result<SessionContext, CollapseError> {
    let config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_information_schema(false)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        // Columns of rows that a condition leaves out are not decoded.
        .set_bool("datafusion.execution.parquet.pushdown_filters", true);
    let pool = Arc::new(FairSpillPool::new(memory.bytes));
    let env = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc()?;
    Ok(SessionContext::new_with_config_rt(config, env))
}

/// The whole hours since 1970 UTC of an event time, as `Int64`.
fn hour_of(time: Expr) -> Expr {
    /// Microseconds of an hour.
    const HOUR: i64 = 3_600_000_000;
    /// More hours than any event time is before 1970: division cuts off towards zero.
    const LIFT: i64 = 100_000_000;
    (logical_cast(time, DataType::Int64) + lit(LIFT * HOUR)) / lit(HOUR) - lit(LIFT)
}

/// The conditions on the event time.
pub(crate) fn within(spec: &Spec) -> Vec<Expr> {
    let moment = |micros| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
    let since = spec.since.map(|micros| ident(TIME).gt_eq(moment(micros)));
    let until = spec.until.map(|micros| ident(TIME).lt(moment(micros)));
    since.into_iter().chain(until).collect()
}

/// Takes rows out whose number fields are null or not finite, and counts them as rejects.
fn reject_nulls(
    batch: RecordBatch,
    numbers: &[String],
    ledger: &Ledger,
) -> datafusion::error::Result<RecordBatch> {
    if numbers.is_empty() {
        return Ok(batch);
    }
    let files = own_column(&batch, FILE)?.as_primitive::<UInt32Type>();
    let records = own_column(&batch, RECORD)?.as_primitive::<UInt64Type>();
    let mut keep = vec![true; batch.num_rows()];
    for name in numbers {
        let Some(column) = batch.column_by_name(name) else { continue };
        // Text that reads as no number is null after the cast.
        let floats = cast(column, &DataType::Float64)?;
        let floats = floats.as_primitive::<Float64Type>();
        for (i, keep) in keep.iter_mut().enumerate() {
            if *keep && (floats.is_null(i) || !floats.value(i).is_finite()) {
                *keep = false;
                let reason = format!("number field {name:?} is null or not finite");
                ledger
                    .reject(files.value(i), Reject { record: records.value(i), offset: 0, reason });
            }
        }
    }
    Ok(filter_record_batch(&batch, &BooleanArray::from(keep))?)
}

/// Rows in the order of their first `keys` columns, nulls first, so that the order never depends on
/// threads or on the engine.
fn sorted(all: &RecordBatch, keys: usize) -> Result<RecordBatch, CollapseError> {
    let options = Some(SortOptions { descending: false, nulls_first: true });
    let columns: Vec<SortColumn> = all.columns()[..keys]
        .iter()
        .map(|values| SortColumn { values: Arc::clone(values), options })
        .collect();
    if columns.is_empty() || all.num_rows() < 2 {
        return Ok(all.clone());
    }
    Ok(take_record_batch(all, &lexsort_to_indices(&columns, None)?)?)
}

/// From the answer of the grouping query to vectors; rows of one tuple follow each other.
fn facts_of(all: &RecordBatch, spec: &Spec) -> Result<Distinct, CollapseError> {
    let keys = spec.fields.len();
    let at = keys + usize::from(spec.hours);
    let copies = all.column(at).as_primitive::<Int64Type>().values();
    let first = all.column(at + 1).as_primitive::<TimestampMicrosecondType>();
    let last = all.column(at + 2).as_primitive::<TimestampMicrosecondType>();
    let places = all.column(at + 3).as_primitive::<UInt64Type>().values();
    let groups = if spec.hours && keys > 0 && all.num_rows() > 0 {
        partition(&all.columns()[..keys])?.ranges()
    } else if spec.hours {
        // Without a field all rows are one tuple.
        std::iter::once(0..all.num_rows()).filter(|g| !g.is_empty()).collect()
    } else {
        (0..all.num_rows()).map(|i| i..i + 1).collect()
    };
    let heads: UInt32Array = groups.iter().map(|g| g.start as u32).collect();
    let fields: Vec<Field> = spec
        .fields
        .iter()
        .zip(all.columns())
        .map(|(name, column)| Field::new(name, plain(column.data_type()), true))
        .collect();
    let columns: Result<Vec<ArrayRef>, CollapseError> = fields
        .iter()
        .zip(all.columns())
        .map(|(f, c)| Ok(cast(&take(c, &heads, None)?, f.data_type())?))
        .collect();
    let rows = RecordBatchOptions::new().with_row_count(Some(groups.len()));
    let tuples = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns?, &rows)?;
    let sums: Vec<u64> =
        groups.iter().map(|g| copies[g.clone()].iter().map(|&c| c as u64).sum()).collect();
    let time = |i: usize, of: &TimestampMicrosecondArray| of.is_valid(i).then(|| of.value(i));
    let hours = spec.hours.then(|| {
        let column = all.column(keys).as_primitive::<Int64Type>();
        let mut hours = Hours::default();
        for (tuple, group) in groups.iter().enumerate() {
            for i in group.clone().filter(|&i| column.is_valid(i)) {
                hours.tuple.push(tuple as u32);
                hours.hour.push(column.value(i) as i32);
                hours.rows.push(copies[i] as u64);
                hours.first.push(first.value(i));
                hours.last.push(last.value(i));
            }
        }
        hours
    });
    Ok(Distinct {
        tuples,
        rows: sums.iter().sum(),
        copies: sums,
        first_seen: groups.iter().map(|g| g.clone().filter_map(|i| time(i, first)).min()).collect(),
        last_seen: groups.iter().map(|g| g.clone().filter_map(|i| time(i, last)).max()).collect(),
        first: groups
            .iter()
            .map(|g| {
                let place = places[g.clone()].iter().min().expect("a group has a row");
                let (file, record) = split(*place);
                RowPlace { file, record }
            })
            .collect(),
        hours,
        repeated_ids: None,
        accounts: Vec::new(),
    })
}

/// The type without the query engine's own string layouts.
fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        other => other.clone(),
    }
}

/// The marked tuples with private column names and their numbers.
pub(crate) fn keyed(marks: &RecordBatch, keys: &[String]) -> Result<RecordBatch, CollapseError> {
    let mut fields: Vec<Field> = keys
        .iter()
        .zip(marks.columns())
        .map(|(key, column)| Field::new(key, column.data_type().clone(), true))
        .collect();
    fields.push(Field::new("lanner_tuple", DataType::UInt32, false));
    let mut columns = marks.columns()[..keys.len()].to_vec();
    columns.push(Arc::new(UInt32Array::from_iter_values(0..marks.num_rows() as u32)));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// From places to row numbers and file paths.
pub(crate) struct Places {
    /// Records before each file.
    before: Vec<u64>,
    paths: Vec<String>,
}

impl Places {
    pub(crate) fn new(accounts: &[FileAccount], paths: Vec<String>) -> Self {
        let before = accounts.iter().scan(0, |sum, account| {
            let start = *sum;
            *sum += account.records;
            Some(start)
        });
        Self { before: before.collect(), paths }
    }

    /// The number of a row over all files.
    pub(crate) fn row(&self, place: u64) -> u64 {
        let (file, record) = split(place);
        self.before.get(file as usize).copied().unwrap_or(0) + record
    }

    /// The path of file number `file`.
    pub(crate) fn path(&self, file: u32) -> Option<&str> {
        self.paths.get(file as usize).map(String::as_str)
    }

    /// Replaces the first of the last `ours` columns, the place, by row number and file path. After it come the
    /// tuple and, where there are three, the hour.
    fn name(&self, batch: &RecordBatch, ours: usize) -> Result<RecordBatch, CollapseError> {
        let log = batch.num_columns() - ours;
        let places = batch.column(log).as_primitive::<UInt64Type>();
        let rows: UInt64Array = places.values().iter().map(|&p| self.row(p)).collect();
        let files: StringArray = places.values().iter().map(|&p| self.path(split(p).0)).collect();
        let mut fields: Vec<Field> = Vec::with_capacity(log + ours + 1);
        let mut all: Vec<ArrayRef> = Vec::with_capacity(log + ours + 1);
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()).take(log) {
            fields.push(Field::new(field.name(), plain(field.data_type()), true));
            all.push(cast(column, &plain(column.data_type()))?);
        }
        fields.push(Field::new("lanner_row", DataType::UInt64, false));
        fields.push(Field::new("lanner_file", DataType::Utf8, true));
        fields.push(Field::new("lanner_tuple", DataType::UInt32, false));
        all.extend([Arc::new(rows) as ArrayRef, Arc::new(files)]);
        all.extend(batch.columns()[log + 1..].iter().map(Arc::clone));
        if ours > 2 {
            fields.push(Field::new("lanner_hour", DataType::Int64, true));
        }
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), all)?)
    }
}
