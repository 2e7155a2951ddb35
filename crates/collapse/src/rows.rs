//! The input as a table: every scan reads the files again, only the columns asked for.

use arrow::array::{ArrayRef, AsArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef, UInt32Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use lanner_read::{Inputs, Ledger};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Column with the number of a row's file.
pub const FILE: &str = "lanner_file";
/// Column with a row's position in its file.
pub const RECORD: &str = "lanner_record";
/// Column with the parsed event time.
pub const TIME: &str = "lanner_time";
/// Column with file and position in one number that sorts in input order.
pub const PLACE: &str = "lanner_place";

/// Bits of [`PLACE`] that hold the position; the file's number is above them.
const RECORD_BITS: u32 = 40;

/// Splits a place into the file's number and the position in it.
pub(crate) fn split(place: u64) -> (u32, u64) {
    ((place >> RECORD_BITS) as u32, place & ((1 << RECORD_BITS) - 1))
}

/// Looks at or thins out every batch right after it was read, on the reading thread.
pub(crate) type Tap = Arc<dyn Fn(RecordBatch, &Ledger) -> Result<RecordBatch> + Send + Sync>;

/// The rows of an input. Columns: those of the input, extra paths, [`TIME`] and [`PLACE`].
pub(crate) struct Rows {
    inputs: Inputs,
    schema: SchemaRef,
    threads: usize,
    read: Arc<AtomicU64>,
    tap: Option<(Vec<String>, Tap)>,
    ledgers: Mutex<Vec<Arc<Ledger>>>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("columns", &self.schema.fields().len()).finish_non_exhaustive()
    }
}

impl Rows {
    /// The table of `inputs` with `extra` paths beyond its schema.
    pub(crate) fn new(
        inputs: &Inputs,
        extra: &[String],
        threads: usize,
        read: Arc<AtomicU64>,
    ) -> Result<Self, lanner_read::UnknownField> {
        // A column of an earlier hunt's answer may have the name of one of ours; ours then stands for it.
        let own = |name: &str| name == TIME || name == PLACE;
        let mut fields: Vec<_> =
            inputs.schema().fields().iter().filter(|f| !own(f.name())).cloned().collect();
        for name in extra {
            if inputs.schema().field_with_name(name).is_err() {
                fields.push(Arc::new(inputs.field(name)?));
            }
        }
        let time = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
        fields.push(Arc::new(Field::new(TIME, time, true)));
        fields.push(Arc::new(Field::new(PLACE, DataType::UInt64, false)));
        let schema = Arc::new(Schema::new(fields));
        let (inputs, ledgers) = (inputs.clone(), Mutex::default());
        Ok(Self { inputs, schema, threads, read, tap: None, ledgers })
    }

    /// Calls `tap` with every batch; `columns` are read for it even where the plan does not need them.
    pub(crate) fn with_tap(mut self, columns: Vec<String>, tap: Tap) -> Self {
        self.tap = Some((columns, tap));
        self
    }

    /// The accounts of every scan so far.
    pub(crate) fn ledgers(&self) -> Vec<Arc<Ledger>> {
        self.ledgers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl TableProvider for Rows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        let ledger = Arc::new(Ledger::new(&self.inputs));
        self.ledgers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&ledger));
        let wanted = schema.fields().iter().map(|f| f.name().clone());
        let mut columns: Vec<String> = wanted.filter(|n| n != TIME && n != PLACE).collect();
        for name in self.tap.iter().flat_map(|(names, _)| names) {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        let scan = Arc::new(Scan {
            inputs: self.inputs.clone(),
            columns,
            schema: Arc::clone(&schema),
            tap: self.tap.as_ref().map(|(_, tap)| Arc::clone(tap)),
            ledger,
            read: Arc::clone(&self.read),
            next: AtomicUsize::new(0),
        });
        let parts = self.threads.min(self.inputs.units()).max(1);
        let parts: Vec<Arc<dyn PartitionStream>> =
            (0..parts).map(|_| Arc::new(Part(Arc::clone(&scan))) as _).collect();
        Ok(Arc::new(StreamingTableExec::try_new(schema, parts, None, [], false, limit)?))
    }
}

/// One scan over all units, shared by its partitions: each takes the next unit when it is free.
struct Scan {
    inputs: Inputs,
    columns: Vec<String>,
    schema: SchemaRef,
    tap: Option<Tap>,
    ledger: Arc<Ledger>,
    read: Arc<AtomicU64>,
    next: AtomicUsize,
}

struct Part(Arc<Scan>);

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Part").field(&self.0.columns).finish()
    }
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.0.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.0.schema), 2);
        let (scan, sender) = (Arc::clone(&self.0), builder.tx());
        builder.spawn_blocking(move || {
            let mut open = true;
            while open {
                let unit = scan.next.fetch_add(1, Ordering::Relaxed);
                if unit >= scan.inputs.units() {
                    break;
                }
                let mut failed = None;
                let mut sink = |batch: RecordBatch| match scan.shape(batch) {
                    Ok(batch) => {
                        open = sender.blocking_send(Ok(batch)).is_ok();
                        if open { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                    }
                    Err(e) => {
                        failed = Some(e);
                        ControlFlow::Break(())
                    }
                };
                let read = scan.inputs.scan(unit, &scan.columns, &scan.ledger, &mut sink);
                if let Some(error) = failed {
                    return Err(error);
                }
                read.map_err(|e| DataFusionError::External(Box::new(e)))?;
            }
            Ok(())
        });
        builder.build()
    }
}

impl Scan {
    /// From the reader's columns to those of the plan.
    fn shape(&self, batch: RecordBatch) -> Result<RecordBatch> {
        self.read.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
        let batch = match &self.tap {
            Some(tap) => tap(batch, &self.ledger)?,
            None => batch,
        };
        let column = |name: &str| {
            batch.column_by_name(name).cloned().ok_or_else(|| {
                DataFusionError::Internal(format!("the reader gave no column {name:?}"))
            })
        };
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            columns.push(match field.name().as_str() {
                PLACE => Arc::new(places(&batch)?),
                name => one_zero(column(name)?),
            });
        }
        let rows = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &rows)?)
    }
}

/// Makes -0.0 into 0.0 and every NaN into the same one: grouping takes them as equal, joining by their
/// bits.
fn one_zero(column: ArrayRef) -> ArrayRef {
    let odd = |v: &f64| v.is_nan() || (*v == 0.0 && v.is_sign_negative());
    match column.as_primitive_opt::<Float64Type>() {
        Some(floats) if floats.values().iter().any(odd) => {
            let same = |v: f64| if v.is_nan() { f64::NAN } else { v + 0.0 };
            Arc::new(floats.unary::<_, Float64Type>(same))
        }
        _ => column,
    }
}

/// A column that the reader adds. It comes after those of the input, which may have its name too.
pub(crate) fn own_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    let at = batch.schema().fields().iter().rposition(|f| f.name() == name);
    let missing = || DataFusionError::Internal(format!("the reader gave no {name}"));
    at.map(|at| batch.column(at)).ok_or_else(missing)
}

/// The [`PLACE`] of each row of a batch that the reader gave.
fn places(batch: &RecordBatch) -> Result<UInt64Array> {
    let files = own_column(batch, FILE)?.as_primitive::<UInt32Type>();
    let records = own_column(batch, RECORD)?.as_primitive::<UInt64Type>();
    let pairs = files.values().iter().zip(records.values());
    Ok(pairs.map(|(&f, &r)| u64::from(f) << RECORD_BITS | r).collect())
}
