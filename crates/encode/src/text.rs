//! Values of a column as text.

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Value `i` of a column as text; none for null. Numbers are written in the shortest form that reads
/// back as the same number, times as RFC 3339 in UTC.
pub fn value_text(column: &ArrayRef, i: usize) -> Option<String> {
    if column.is_null(i) {
        return None;
    }
    if let DataType::Utf8 = column.data_type() {
        return Some(column.as_string::<i32>().value(i).to_owned());
    }
    let options = FormatOptions::new().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.fZ"));
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options).ok()?;
    Some(formatter.value(i).to_string())
}

/// Says whether value `i` is null or not a finite number.
pub fn is_null(column: &ArrayRef, i: usize) -> bool {
    column.is_null(i)
        || column
            .as_any()
            .downcast_ref::<Float64Array>()
            .is_some_and(|numbers| !numbers.value(i).is_finite())
}
