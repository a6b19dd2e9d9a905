//! The one fallible place where Arrow columns become Rust values.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Int64Type};

use crate::error::{Error, Result};

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a arrow::array::ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| Error::bug(format!("a query lacks its column {name}")))
}

/// A column of whole numbers without nulls: Int64, or a decimal without a fraction that fits.
///
/// # Errors
/// No such column, a null, or a sum beyond Int64 (a gate).
pub fn int64s(batch: &RecordBatch, name: &str) -> Result<Vec<i64>> {
    int64s_or(batch, name, None)
}

/// As [`int64s`], with `default` for nulls.
///
/// # Errors
/// As [`int64s`].
pub fn int64s_or(batch: &RecordBatch, name: &str, default: Option<i64>) -> Result<Vec<i64>> {
    let array = column(batch, name)?;
    let null = || default.ok_or_else(|| Error::bug(format!("a null in {name}")));
    match array.data_type() {
        DataType::Decimal128(_, 0) => {
            let array = array.as_primitive::<arrow::datatypes::Decimal128Type>();
            let fit = |v: i128| i64::try_from(v).map_err(|_| overflow(name, v));
            array.iter().map(|v| v.map_or_else(null, fit)).collect()
        }
        DataType::Int64 => array.as_primitive::<Int64Type>().iter().map(|v| v.map_or_else(null, Ok)).collect(),
        other => Err(Error::bug(format!("column {name} is {other}, no whole number"))),
    }
}

fn overflow(name: &str, value: i128) -> Error {
    Error::gate("a sum does not fit the ledger's Int64").at(name.to_owned()).found(value.to_string())
}

/// A column of days.
///
/// # Errors
/// No such column, another type, or a null.
pub fn dates(batch: &RecordBatch, name: &str) -> Result<Vec<i32>> {
    let array = column(batch, name)?;
    let days = array.as_primitive_opt::<Date32Type>().filter(|a| a.null_count() == 0);
    days.map(|a| a.values().to_vec()).ok_or_else(|| Error::bug(format!("column {name} holds no days")))
}

/// A column of text, nulls kept.
///
/// # Errors
/// No such column or another type.
pub fn texts(batch: &RecordBatch, name: &str) -> Result<Vec<Option<String>>> {
    let array = column(batch, name)?;
    let array = arrow::compute::cast(array, &DataType::Utf8).map_err(|e| Error::bug(e.to_string()))?;
    Ok(array.as_string::<i32>().iter().map(|v| v.map(str::to_owned)).collect())
}
