//! Tables between Python and the core, through the Arrow C stream: no value is copied.

use crate::errors::of_arrow;
use arrow::array::{ArrayRef, AsArray, RecordBatch, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use lanner_encode::value_text;
use lanner_frame::text::excerpt;
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_arrow::PyTable;
use pyo3_arrow::ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule};
use std::sync::Arc;

/// A table of the core. Nothing changes it any more.
#[pyclass(frozen, from_py_object, module = "lanner._lanner")]
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<RecordBatch>,
}

impl Table {
    pub(crate) fn of(batch: RecordBatch) -> Self {
        Self { schema: batch.schema(), batches: vec![batch] }
    }

    /// The same with every column but the first as numbers.
    pub(crate) fn matrix(&self) -> Result<Self, ArrowError> {
        let number = |f: &FieldRef| Arc::new(Field::new(f.name(), DataType::Float64, true));
        let mut fields: Vec<FieldRef> = self.schema.fields().iter().map(number).collect();
        if let (Some(first), Some(name)) = (fields.first_mut(), self.schema.fields().first()) {
            *first = Arc::clone(name);
        }
        let schema = Arc::new(Schema::new(fields));
        let convert = |batch: &RecordBatch| {
            let columns = batch.columns().iter().zip(schema.fields());
            let columns = columns.map(|(c, f)| cast(c, f.data_type()));
            RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<Vec<_>, _>>()?)
        };
        let batches = self.batches.iter().map(convert).collect::<Result<_, ArrowError>>()?;
        Ok(Self { schema, batches })
    }
}

#[pymethods]
impl Table {
    /// Takes any table that has the Arrow C stream.
    #[new]
    fn new(table: PyTable) -> Self {
        let (batches, schema) = table.into_inner();
        Self { schema, batches }
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let field = Arc::new(Field::new_struct("", self.schema.fields().clone(), false));
        let whole = |batch| Ok(Arc::new(StructArray::from(batch)) as ArrayRef);
        let arrays = ArrayIterator::new(self.batches.clone().into_iter().map(whole), field);
        Ok(to_stream_pycapsule(py, Box::new(arrays), requested_schema)?)
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.schema.as_ref())?)
    }

    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.schema.fields().iter().map(|f| f.name().clone()).collect()
    }

    /// A column as 64-bit floats, NaN for null.
    fn numbers<'py>(&self, py: Python<'py>, column: usize) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let mut values: Vec<f64> = Vec::new();
        for batch in &self.batches {
            let column = cast(batch.column(column), &DataType::Float64).map_err(of_arrow)?;
            let column = column.as_primitive::<Float64Type>();
            values.extend(column.iter().map(|v| v.unwrap_or(f64::NAN)));
        }
        Ok(values.into_pyarray(py))
    }

    /// The first rows as text, safe to show and cut after `longest` characters; `None` for null.
    fn cells(&self, rows: usize, longest: usize) -> Vec<Vec<Option<String>>> {
        let row = |(batch, i): (&RecordBatch, usize)| {
            let texts = batch.columns().iter().map(|c| value_text(c, i));
            texts.map(|text| text.map(|t| excerpt(&t, longest))).collect()
        };
        let all = self.batches.iter().flat_map(|b| (0..b.num_rows()).map(move |i| (b, i)));
        all.take(rows).map(row).collect()
    }
}

/// A text so that nothing in it acts on a terminal or hides what it is.
#[pyfunction]
pub(crate) fn shown(text: &str) -> String {
    lanner_frame::text::shown(text).into_owned()
}
