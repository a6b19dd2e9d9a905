//! Rows of text as a Parquet file in the contract's columns and types.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

/// Writes `rows` under `columns`; `numbered` ids are Int64; `row_group_rows` is where a row group ends.
pub fn write(path: &Path, columns: &[String], rows: &[Vec<String>], numbered: bool, row_group_rows: usize) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for logs");
    let kind =
        |c: &str| if numbered && ["event_id", "original_id"].contains(&c) { DataType::Int64 } else { kind_of(c) };
    let fields: Vec<Field> = columns.iter().map(|c| Field::new(c, kind(c), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays =
        columns.iter().enumerate().map(|(at, name)| array(&kind(name), rows.iter().map(|row| row[at].as_str())));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.collect()).expect("arrays of one length");
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(row_group_rows)).build();
    let file = File::create_new(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).expect("a writer");
    writer.write(&batch).expect("rows written");
    writer.close().expect("a file closed");
}

fn kind_of(column: &str) -> DataType {
    match column {
        "event_time" | "original_time" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "period_start" | "period_end" => DataType::Date32,
        "tenure_months" | "quantity" | "coins" | "commission_bps" | "seconds" | "likes" | "comments" | "views"
        | "tracks" => DataType::Int64,
        name if name.ends_with("_minor") => DataType::Int64,
        _ => DataType::Utf8,
    }
}

fn array<'a>(kind: &DataType, cells: impl Iterator<Item = &'a str>) -> ArrayRef {
    let cells = cells.map(|cell| (!cell.is_empty()).then_some(cell));
    match kind {
        DataType::Int64 => Arc::new(Int64Array::from_iter(cells.map(|c| c.map(integer)))),
        DataType::Date32 => Arc::new(Date32Array::from_iter(cells.map(|c| c.map(day)))),
        DataType::Utf8 => Arc::new(StringArray::from_iter(cells)),
        _ => Arc::new(TimestampMicrosecondArray::from_iter(cells.map(|c| c.map(micros))).with_timezone("UTC")),
    }
}

fn integer(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no integer"))
}

fn day(text: &str) -> i32 {
    let date: jiff::civil::Date = text.parse().unwrap_or_else(|_| panic!("{text:?} is no day"));
    date.since(jiff::civil::date(1970, 1, 1)).expect("a day that can be counted").get_days()
}

fn micros(text: &str) -> i64 {
    let time: jiff::Timestamp = text.parse().unwrap_or_else(|_| panic!("{text:?} is no instant"));
    time.as_microsecond()
}
