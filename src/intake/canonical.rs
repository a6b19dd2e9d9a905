//! From a file's or staging query's columns to canonical ones: names and types held against the contract.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
    new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Field, Int64Type, Schema, SchemaRef, TimeUnit};

use crate::error::{Error, Result};
use crate::log::{Column, Log, Type};
use crate::period::{END_INSTANT, NANOS, day_text};
use crate::query::{ROW, Staging};

/// What a money column held beside whole minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    SubMinor,
    TooLarge,
}

/// Canonical columns, and the flaws of the three money columns (empty where there are none).
pub struct Canonical {
    pub batch: RecordBatch,
    pub flaws: [Vec<Flaw>; 3],
}

/// The column that staging gives its reason for leaving a row out in.
pub const EXCLUDE_REASON: &str = "exclude_reason";

fn arrow_type(kind: Type) -> DataType {
    match kind {
        Type::Id | Type::Text | Type::Day => DataType::Utf8,
        Type::Int | Type::Money => DataType::Int64,
        Type::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
    }
}

/// The canonical schema of a log: the contract's columns, the attributes with their types, `exclude_reason`.
#[must_use]
pub fn canonical_schema(log: Log, attributes: &[(String, DataType)]) -> SchemaRef {
    let own = log.columns().into_iter().map(|c| Field::new(c.name, arrow_type(c.kind), true));
    let more = attributes.iter().map(|(name, kind)| Field::new(name, kind.clone(), true));
    let last = Field::new(EXCLUDE_REASON, DataType::Utf8, true);
    Arc::new(Schema::new(own.chain(more).chain([last]).collect::<Vec<_>>()))
}

/// Where columns come from: a file as it is, or a staging query's answer about it.
pub struct Source<'a> {
    /// Log and path, for messages.
    pub file: &'a str,
    pub staging: Option<&'a Staging>,
}

impl Source<'_> {
    /// An error of a column: with the place in the staging query that makes it, where there is one.
    fn fault(&self, what: &str, name: &str) -> Error {
        let made = self.staging.and_then(|staging| staging.column_place(name));
        match made {
            Some((place, picture)) => {
                Error::input(what).at(format!("{place}, {}, column {name}", self.file)).picture(picture)
            }
            None => Error::input(what).at(format!("{}, column {name}", self.file)),
        }
    }
}

/// Turns a file's or a staging query's columns into canonical ones.
///
/// # Errors
/// A column is missing, doubled or of another type (input, naming file, column, expected, found).
pub fn canonicalize(log: Log, attributes: &[String], source: &RecordBatch, from: &Source<'_>) -> Result<Canonical> {
    no_doubles(source, from)?;
    let mut flaws = [Vec::new(), Vec::new(), Vec::new()];
    let mut columns = Vec::new();
    for column in log.columns() {
        let array = find(source, &column, from)?;
        let money = ["amount_minor", "tax_minor", "channel_fee_minor"].iter().position(|name| *name == column.name);
        columns.push(match money {
            Some(at) => {
                let (array, flaw) = money_column(&array, &column, from)?;
                flaws[at] = flaw;
                array
            }
            None => plain_column(&array, &column, from)?,
        });
    }
    let mut types = Vec::new();
    for name in attributes {
        let array = attribute(source, name, from)?;
        types.push((name.clone(), array.data_type().clone()));
        columns.push(array);
    }
    columns.push(exclude_reason(source, from)?);
    let schema = canonical_schema(log, &types);
    let batch = RecordBatch::try_new(schema, columns).map_err(|e| Error::bug(e.to_string()))?;
    Ok(Canonical { batch, flaws })
}

fn no_doubles(source: &RecordBatch, from: &Source<'_>) -> Result<()> {
    let mut names: Vec<String> = source.schema().fields().iter().map(|f| f.name().to_lowercase()).collect();
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(from
            .fault("a file has a column twice", &pair[0])
            .expected("each name once, whatever its case")
            .next("have the file written again without the second column")),
    }
}

fn find(source: &RecordBatch, column: &Column, from: &Source<'_>) -> Result<ArrayRef> {
    if let Some(array) = source.column_by_name(column.name) {
        return Ok(Arc::clone(array));
    }
    let required = ["event_id", "event_time", "kind", "creator_id", "amount_minor", "currency"];
    if from.staging.is_some() && !required.contains(&column.name) {
        return Ok(new_null_array(&arrow_type(column.kind), source.num_rows()));
    }
    let names: Vec<String> = source.schema().fields().iter().map(|f| f.name().clone()).filter(|n| n != ROW).collect();
    Err(from
        .fault("a column is missing", column.name)
        .expected(expectation(column.kind))
        .found(names.join(", "))
        .next("have it delivered, or map the log's own columns in queries/staging (docs/book.md)"))
}

fn expectation(kind: Type) -> &'static str {
    match kind {
        Type::Id => "Utf8, Int64 or 16 bytes",
        Type::Text => "Utf8",
        Type::Int => "Int64",
        Type::Money => "Int64 minor units (or an exact decimal of minor units, from staging)",
        Type::Time => "Timestamp, UTC",
        Type::Day => "Date32 or Utf8",
    }
}

fn wrong_type(array: &ArrayRef, name: &str, expected: &str, from: &Source<'_>) -> Error {
    from.fault("a column has another type than the contract's", name)
        .expected(expected)
        .found(array.data_type().to_string())
        .next("have the file written with the contract's type, or convert it in queries/staging")
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

fn is_whole(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
    )
}

fn cast_to(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    cast(array, to).map_err(|e| Error::input(format!("a column can't be read: {e}")))
}

fn plain_column(array: &ArrayRef, column: &Column, from: &Source<'_>) -> Result<ArrayRef> {
    let kind = array.data_type();
    let to = arrow_type(column.kind);
    let fits = match column.kind {
        Type::Id => is_text(kind) || is_whole(kind),
        Type::Text => is_text(kind),
        Type::Int | Type::Money => is_whole(kind),
        Type::Day => is_text(kind) || matches!(kind, DataType::Date32),
        Type::Time => return time_column(array, column, from),
    };
    if matches!(kind, DataType::Null) || fits {
        return cast_to(array, &to);
    }
    match (column.kind, kind) {
        (Type::Id, DataType::FixedSizeBinary(16) | DataType::Binary) => sixteen_bytes(array, column, from),
        _ => Err(wrong_type(array, column.name, expectation(column.kind), from)),
    }
}

/// 16 bytes as 32 lower-case hexadecimal digits.
fn sixteen_bytes(array: &ArrayRef, column: &Column, from: &Source<'_>) -> Result<ArrayRef> {
    let binary = cast_to(array, &DataType::Binary)?;
    let binary = binary.as_binary::<i32>();
    if binary.iter().flatten().any(|b| b.len() != 16) {
        return Err(wrong_type(array, column.name, expectation(column.kind), from));
    }
    Ok(Arc::new(StringArray::from_iter(binary.iter().map(|b| b.map(hex::encode)))))
}

/// Any timestamp as nanoseconds; an instant outside 1970 to 2099 becomes one beyond the range, which intake refuses.
fn time_column(array: &ArrayRef, column: &Column, from: &Source<'_>) -> Result<ArrayRef> {
    let unit = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => NANOS,
        DataType::Timestamp(TimeUnit::Millisecond, _) => 1_000_000,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => 1,
        DataType::Null => return cast_to(array, &arrow_type(Type::Time)),
        _ => return Err(wrong_type(array, column.name, expectation(Type::Time), from)),
    };
    let plain = cast_to(array, &DataType::Int64)?;
    let values = plain.as_primitive::<Int64Type>().iter();
    let nanos = values.map(|v| v.map(|v| if v < 0 { -1 } else { v.checked_mul(unit).unwrap_or(END_INSTANT) }));
    Ok(Arc::new(nanos.collect::<TimestampNanosecondArray>().with_timezone("UTC")))
}

fn money_column(array: &ArrayRef, column: &Column, from: &Source<'_>) -> Result<(ArrayRef, Vec<Flaw>)> {
    match array.data_type() {
        DataType::Decimal128(_, scale) if *scale >= 0 => decimal_column(array, u32::from(scale.unsigned_abs())),
        kind if is_whole(kind) || matches!(kind, DataType::Null) => Ok((cast_to(array, &DataType::Int64)?, Vec::new())),
        _ => Err(wrong_type(array, column.name, expectation(Type::Money), from)),
    }
}

/// Exact decimals of minor units: whole ones become integers, the others a flaw.
fn decimal_column(array: &ArrayRef, scale: u32) -> Result<(ArrayRef, Vec<Flaw>)> {
    let decimals: &Decimal128Array = array.as_primitive::<Decimal128Type>();
    let unit = 10_i128.checked_pow(scale).ok_or_else(|| Error::bug("a decimal's scale is beyond 38"))?;
    let read = |v: i128| match (v % unit, i64::try_from(v / unit)) {
        (0, Ok(whole)) => (Some(whole), Flaw::None),
        (0, Err(_)) => (None, Flaw::TooLarge),
        _ => (None, Flaw::SubMinor),
    };
    let (values, flaws): (Vec<Option<i64>>, Vec<Flaw>) =
        decimals.iter().map(|v| v.map_or((None, Flaw::None), read)).unzip();
    Ok((Arc::new(Int64Array::from(values)), flaws))
}

/// An attribute: integers, text, truth values and days.
fn attribute(source: &RecordBatch, name: &str, from: &Source<'_>) -> Result<ArrayRef> {
    let expected = "integers, text, true/false, or days";
    let array = source.column_by_name(name).ok_or_else(|| {
        from.fault("a column is missing", name)
            .expected(format!("an attribute that everycent.toml names: {expected}"))
            .next("have it delivered, or take it out of the log's attributes")
    })?;
    match array.data_type() {
        kind if is_whole(kind) => cast_to(array, &DataType::Int64),
        kind if is_text(kind) => cast_to(array, &DataType::Utf8),
        DataType::Boolean => Ok(Arc::clone(array)),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().iter();
            Ok(Arc::new(StringArray::from_iter(days.map(|d| d.map(day_text)))))
        }
        _ => Err(wrong_type(array, name, expected, from)),
    }
}

fn exclude_reason(source: &RecordBatch, from: &Source<'_>) -> Result<ArrayRef> {
    match source.column_by_name(EXCLUDE_REASON) {
        None => Ok(new_null_array(&DataType::Utf8, source.num_rows())),
        Some(array) if is_text(array.data_type()) || array.data_type().is_null() => cast_to(array, &DataType::Utf8),
        Some(array) => Err(wrong_type(array, EXCLUDE_REASON, "Utf8", from)),
    }
}
