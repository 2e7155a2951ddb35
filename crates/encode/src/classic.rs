//! Classic encoding: category codes, as `pandas` gives them, and numbers as they are.
//!
//! The distinct values of a categorical field, sorted (text by code point, numbers and times by
//! value), become 0, 1, 2, ...; null becomes -1. A number passes through; null or a non-finite number
//! becomes the field's weighted median. Nothing is scaled.
//!
//! Codes invent an order between names: renaming a user changes them. That is the nature of this
//! encoding, kept because the notebooks of this field use it.

use crate::{EncodeError, Encoded, is_null};
use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{SortOptions, cast, partition, sort_to_indices, take};
use arrow::datatypes::{DataType, Float64Type};
use arrow::record_batch::RecordBatch;
use lanner_frame::Matrix;

/// How a field becomes a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureKind {
    /// Codes of the sorted distinct values.
    Category,
    /// The number itself.
    Number,
}

impl FeatureKind {
    /// The kind of a column unless the user says otherwise: integers and floats are numbers.
    pub fn of(data_type: &DataType) -> Self {
        if data_type.is_numeric() { Self::Number } else { Self::Category }
    }

    /// `category` or `number`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Number => "number",
        }
    }
}

/// One column of an encoded matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// The field it comes from.
    pub field: String,
    /// How it was made.
    pub kind: FeatureKind,
    /// Distinct values of the field, null among them.
    pub distinct: u64,
    /// Rows whose null or non-finite number became the median.
    pub imputed: u64,
}

/// The classic encoder.
#[derive(Debug, Clone, Copy)]
pub struct Classic;

impl Classic {
    /// Encodes the columns `fields` of distinct tuples, each as the kind beside it.
    ///
    /// `copies` has the rows behind each tuple; medians and counts are over rows.
    ///
    /// # Errors
    /// [`EncodeError`] for a number field that is text or has no finite value.
    ///
    /// # Cost
    /// One sort a field.
    pub fn encode(
        self,
        tuples: &RecordBatch,
        fields: &[(String, FeatureKind)],
        copies: &[u64],
    ) -> Result<Encoded, EncodeError> {
        let mut columns = Vec::with_capacity(fields.len());
        let mut features = Vec::with_capacity(fields.len());
        for (field, kind) in fields {
            let wrong = |why: String| EncodeError::Type { field: field.clone(), why };
            let column =
                tuples.column_by_name(field).ok_or_else(|| wrong("no such column".into()))?;
            let (codes, distinct) = dense_ranks(column).map_err(|e| wrong(e.to_string()))?;
            let (values, imputed) = match kind {
                FeatureKind::Category => {
                    (codes.into_iter().map(|c| c.map_or(-1.0, f64::from)).collect(), 0)
                }
                FeatureKind::Number => numbers(field, column, copies)?,
            };
            columns.push(values);
            features.push(Feature { field: field.clone(), kind: *kind, distinct, imputed });
        }
        let mut values = Vec::with_capacity(tuples.num_rows() * columns.len());
        for i in 0..tuples.num_rows() {
            values.extend(columns.iter().map(|c: &Vec<f64>| c[i]));
        }
        let matrix = Matrix::new(values, tuples.num_rows(), columns.len());
        Ok(Encoded { matrix, features })
    }

    /// Codes of a column's sorted distinct values (null: none) and the number of distinct values, null
    /// among them.
    ///
    /// # Errors
    /// [`EncodeError::Type`] if the type has no order.
    pub fn codes(
        self,
        field: &str,
        column: &ArrayRef,
    ) -> Result<(Vec<Option<u32>>, u64), EncodeError> {
        dense_ranks(column)
            .map_err(|e| EncodeError::Type { field: field.to_owned(), why: e.to_string() })
    }
}

type Ranks = (Vec<Option<u32>>, u64);

/// Position of each value among the sorted distinct values, and how many distinct values there are.
fn dense_ranks(column: &ArrayRef) -> Result<Ranks, arrow::error::ArrowError> {
    let ascending = SortOptions { descending: false, nulls_first: true };
    let order: UInt32Array = sort_to_indices(column, Some(ascending), None)?;
    let sorted = take(column, &order, None)?;
    let mut codes = vec![None; column.len()];
    let mut next = 0;
    let runs = if column.is_empty() { Vec::new() } else { partition(&[sorted])?.ranges() };
    let distinct = runs.len() as u64;
    for run in runs {
        if column.is_null(order.value(run.start) as usize) {
            continue;
        }
        for at in run {
            codes[order.value(at) as usize] = Some(next);
        }
        next += 1;
    }
    Ok((codes, distinct))
}

/// The numbers of a column, with null and non-finite ones replaced by the weighted median of the
/// others, and the number of rows so replaced.
fn numbers(field: &str, column: &ArrayRef, copies: &[u64]) -> Result<(Vec<f64>, u64), EncodeError> {
    let not_a_number = || EncodeError::NotANumber { field: field.to_owned() };
    // Text that reads as a number is one; other text is null here.
    let floats = cast(column, &DataType::Float64).map_err(|_| not_a_number())?;
    let missing: Vec<usize> = (0..floats.len()).filter(|&i| is_null(&floats, i)).collect();
    let mut values = floats.as_primitive::<Float64Type>().values().to_vec();
    if missing.is_empty() {
        return Ok((values, 0));
    }
    let present: Vec<usize> = (0..floats.len()).filter(|&i| !is_null(&floats, i)).collect();
    if present.is_empty() {
        return Err(EncodeError::NoNumber { field: field.to_owned() });
    }
    let known: Vec<f64> = present.iter().map(|&i| values[i]).collect();
    let weights: Vec<u64> = present.iter().map(|&i| copies[i]).collect();
    let median = lanner_kernels::quantile::median(&known, &weights);
    for &i in &missing {
        values[i] = median;
    }
    Ok((values, missing.iter().map(|&i| copies[i]).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array, StringArray};
    use std::sync::Arc;

    fn batch() -> RecordBatch {
        let user: ArrayRef =
            Arc::new(StringArray::from(vec![Some("bob"), None, Some("Ann"), Some("bob")]));
        let port: ArrayRef = Arc::new(Int64Array::from(vec![443, 22, 22, 8080]));
        let bytes: ArrayRef =
            Arc::new(Float64Array::from(vec![Some(1.0), None, Some(f64::INFINITY), Some(4.0)]));
        RecordBatch::try_from_iter([("user", user), ("port", port), ("bytes", bytes)]).unwrap()
    }

    /// Text by code point (Ann 0, bob 1), null -1; numbers by value (22 0, 443 1, 8080 2). Known bytes
    /// are 1 (5 rows) and 4 (1 row): their median over rows is 1, for the null (2 rows) and the
    /// infinite one (3 rows).
    #[test]
    fn codes_and_medians_by_hand() {
        use FeatureKind::{Category, Number};
        let fields =
            [("user".into(), Category), ("port".into(), Category), ("bytes".into(), Number)];
        let encoded = Classic.encode(&batch(), &fields, &[5, 2, 3, 1]).unwrap();
        let rows = [[1.0, 1.0, 1.0], [-1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 2.0, 4.0]];
        assert_eq!(encoded.matrix, Matrix::from_rows(&rows));
        assert_eq!(encoded.features[0].distinct, 3);
        assert_eq!(encoded.features[2].imputed, 5);
    }

    #[test]
    fn text_that_holds_no_number_is_no_number_field() {
        let fields = [("user".into(), FeatureKind::Number)];
        let error = Classic.encode(&batch(), &fields, &[1, 1, 1, 1]).unwrap_err();
        assert_eq!(error, EncodeError::NoNumber { field: "user".into() });
    }
}
