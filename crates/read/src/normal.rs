//! Arrow columns of any type as columns of the few types that Lanner speaks.

use crate::kinds::time_type;
use crate::source::hex;
use crate::time;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, GenericByteArray, RecordBatch, StringArray,
    StringBuilder, StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::{cast, nullif};
use arrow::datatypes::{
    BinaryType, DataType, Field, FieldRef, Fields, TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::json::writer::{EncoderOptions, make_encoder};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// The columns of a schema with structs flattened: dotted names and the types they will have.
pub(crate) fn columns(fields: &Fields) -> Vec<(String, DataType)> {
    let mut list = Vec::new();
    for field in fields {
        flatten("", field, &mut list);
    }
    list
}

fn flatten(prefix: &str, field: &Field, list: &mut Vec<(String, DataType)>) {
    let name = join(prefix, field.name());
    match field.data_type() {
        DataType::Struct(fields) => fields.iter().for_each(|f| flatten(&name, f, list)),
        other => list.push((name, target(other))),
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// The type that a column of `from` becomes.
fn target(from: &DataType) -> DataType {
    use DataType::{
        Boolean, Date32, Date64, Decimal32, Decimal64, Decimal128, Decimal256, Dictionary, Float16,
        Float32, Float64, Int8, Int16, Int32, Int64, Null, RunEndEncoded, Timestamp, UInt8, UInt16,
        UInt32, UInt64, Utf8,
    };
    match from {
        Boolean => Boolean,
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 => Int64,
        UInt64 => UInt64,
        Float16 | Float32 | Float64 | Decimal32(..) | Decimal64(..) | Decimal128(..)
        | Decimal256(..) => Float64,
        Date32 | Date64 | Timestamp(..) => time_type(),
        Dictionary(_, values) => target(values),
        RunEndEncoded(_, values) => target(values.data_type()),
        Null => Null,
        _ => Utf8,
    }
}

/// The fields of a batch by their dotted names, as the types that all files agreed on.
pub(crate) fn pick(
    batch: &RecordBatch,
    fields: &[FieldRef],
    zone: &TimeZone,
) -> Result<Vec<ArrayRef>, ArrowError> {
    let pick = |wanted: &FieldRef| {
        let columns = batch.columns().iter().map(Arc::clone);
        match find(batch.schema_ref().fields(), columns, wanted.name())? {
            Some((field, array)) => {
                let array = normalise(&field, &array, zone)?;
                agree(array, wanted.data_type())
            }
            None => Ok(new_null_array(wanted.data_type(), batch.num_rows())),
        }
    };
    fields.iter().map(pick).collect()
}

/// A normalised column as the type that all files agreed on, which fits all its values.
fn agree(array: ArrayRef, agreed: &DataType) -> Result<ArrayRef, ArrowError> {
    match (array.data_type(), agreed) {
        (from, to) if from == to => Ok(array),
        // Arrow writes times of a named zone only with a database of zones, which UTC needs not.
        (DataType::Timestamp(..), DataType::Utf8) => {
            let times = array.as_primitive::<TimestampMicrosecondType>().iter();
            let text =
                |micros| jiff::Timestamp::from_microsecond(micros).ok().map(|t| t.to_string());
            Ok(Arc::new(times.map(|v| v.and_then(text)).collect::<StringArray>()))
        }
        (_, to) => cast(&array, to),
    }
}

/// Finds a column by its dotted name. Where a struct is null so is what it holds.
fn find(
    fields: &Fields,
    columns: impl Iterator<Item = ArrayRef>,
    name: &str,
) -> Result<Option<(FieldRef, ArrayRef)>, ArrowError> {
    for (field, array) in fields.iter().zip(columns) {
        if !matches!(field.data_type(), DataType::Struct(_)) {
            if field.name() == name {
                return Ok(Some((Arc::clone(field), array)));
            }
            continue;
        }
        let inner = name.strip_prefix(field.name().as_str()).and_then(|r| r.strip_prefix('.'));
        let Some(inner) = inner else { continue };
        let group: &StructArray = array.as_struct();
        let found = find(group.fields(), group.columns().iter().map(Arc::clone), inner)?;
        if let Some((field, array)) = found {
            let Some(nulls) = group.nulls() else { return Ok(Some((field, array))) };
            let absent = BooleanArray::new(!nulls.inner(), None);
            return Ok(Some((field, nullif(&array, &absent)?)));
        }
    }
    Ok(None)
}

fn normalise(field: &FieldRef, array: &ArrayRef, zone: &TimeZone) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Dictionary(_, values) => normalise(field, &cast(array, values)?, zone),
        DataType::RunEndEncoded(_, values) => {
            normalise(field, &cast(array, values.data_type())?, zone)
        }
        DataType::Binary => Ok(Arc::new(hexadecimal(array.as_binary::<i32>()))),
        DataType::LargeBinary | DataType::FixedSizeBinary(_) | DataType::BinaryView => {
            Ok(Arc::new(hexadecimal(cast(array, &DataType::Binary)?.as_binary::<i32>())))
        }
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::Map(..)
        | DataType::Union(..) => json(field, array),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, None) => {
            let civil = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let civil = civil.as_primitive::<TimestampMicrosecondType>().iter();
            let times: TimestampMicrosecondArray =
                civil.map(|v| v.and_then(|micros| time::place(micros, zone))).collect();
            Ok(Arc::new(times.with_timezone("UTC")))
        }
        DataType::Null => Ok(Arc::clone(array)),
        other => cast(array, &target(other)),
    }
}

fn hexadecimal(bytes: &GenericByteArray<BinaryType>) -> StringArray {
    bytes.iter().map(|v| v.map(hex)).collect()
}

/// Lists and maps as JSON text.
fn json(field: &FieldRef, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = EncoderOptions::default();
    let mut encoder = make_encoder(field, array.as_ref(), &options)?;
    let mut texts = StringBuilder::new();
    let mut text = Vec::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            texts.append_null();
            continue;
        }
        text.clear();
        encoder.encode(row, &mut text);
        texts.append_value(String::from_utf8_lossy(&text));
    }
    Ok(Arc::new(texts.finish()))
}
