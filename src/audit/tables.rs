//! What an audit reads: the tables of a run, of which it gets the columns that it names, and rows by number.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::ledger::{BATCH_ROWS, TABLES, Tables, schema};

/// A name, a schema and its batches.
pub type Named = (&'static str, SchemaRef, Vec<RecordBatch>);

/// The tables that a query names.
///
/// # Errors
/// None but for a bug.
pub fn read_by(sql: &str, tables: &Tables) -> Result<Vec<Named>> {
    let text: Vec<&str> = sql.lines().filter(|line| !line.starts_with("--")).collect();
    let text = text.join("\n");
    let mut named = Vec::new();
    for table in TABLES.into_iter().filter(|table| names(&text, table)) {
        named.push(columns_named(&text, tables, table)?);
    }
    for (table, make) in BY_NUMBER.into_iter().filter(|(table, _)| names(&text, table)) {
        let batch = make(tables)?;
        named.push((table, batch.schema(), vec![batch]));
    }
    Ok(named)
}

/// Is a word part of a text?
fn names(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|own| own == word)
}

/// The columns of a table that a query names, made side by side.
fn columns_named(sql: &str, tables: &Tables, table: &'static str) -> Result<Named> {
    let (whole, rows) = (schema(table)?, tables.rows(table)?);
    let all = sql.contains("select *");
    let wanted: Vec<usize> =
        (0..whole.fields().len()).filter(|at| all || names(sql, whole.field(*at).name())).collect();
    let schema = Arc::new(whole.project(&wanted).map_err(|e| Error::bug(e.to_string()))?);
    let mut batches = Vec::new();
    for from in (0..rows).step_by(BATCH_ROWS) {
        let range = from..rows.min(from + BATCH_ROWS);
        let columns: Result<Vec<ArrayRef>> =
            wanted.par_iter().map(|at| tables.column(table, *at, range.clone())).collect();
        batches.push(RecordBatch::try_new(Arc::clone(&schema), columns?).map_err(|e| Error::bug(e.to_string()))?);
    }
    Ok((table, schema, batches))
}

type Make = fn(&Tables) -> Result<RecordBatch>;

/// Rows of `earnings` and `journal` by their number, which is shorter than their keys.
const BY_NUMBER: [(&str, Make); 4] =
    [("entries", entries), ("lines", lines), ("line_deductions", line_deductions), ("line_parts", line_parts)];

fn table(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    let field = |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), false);
    let fields: Vec<Field> = columns.iter().map(field).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|e| Error::bug(e.to_string()))
}

fn int(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn entries(tables: &Tables) -> Result<RecordBatch> {
    let currencies = tables.journal.iter().map(|posting| posting.currency.code());
    table(vec![
        ("entry", int(tables.journal.entry_numbers())),
        ("currency", Arc::new(StringArray::from_iter_values(currencies))),
        ("amount_minor", int(tables.journal.iter().map(|posting| posting.amount_minor))),
    ])
}

fn lines(tables: &Tables) -> Result<RecordBatch> {
    let amounts = || tables.earnings.iter().map(|row| row.head().amounts);
    table(vec![
        ("line", int((0..).take(tables.earnings.len()))),
        ("gross_minor", int(amounts().map(|a| a.gross))),
        ("tax_minor", int(amounts().map(|a| a.tax))),
        ("channel_fee_minor", int(amounts().map(|a| a.channel_fee))),
        ("creator_minor", int(amounts().map(|a| a.creator))),
        ("platform_minor", int(amounts().map(|a| a.platform))),
    ])
}

fn line_deductions(tables: &Tables) -> Result<RecordBatch> {
    let all =
        || (0_i64..).zip(tables.earnings.iter()).flat_map(|(line, row)| row.deductions().map(move |d| (line, d.minor)));
    table(vec![("line", int(all().map(|(line, _)| line))), ("minor", int(all().map(|(_, minor)| minor)))])
}

fn line_parts(tables: &Tables) -> Result<RecordBatch> {
    let all =
        || (0_i64..).zip(tables.earnings.iter()).flat_map(|(line, row)| row.parts().map(move |p| (line, p.minor)));
    table(vec![("line", int(all().map(|(line, _)| line))), ("minor", int(all().map(|(_, minor)| minor)))])
}

/// What the first row of an answer is about, where it names an entry or a line by number.
#[must_use]
pub fn named_first(answer: &[RecordBatch], tables: &Tables) -> Option<String> {
    let batch = answer.iter().find(|batch| batch.num_rows() > 0)?;
    let number = |column: &str| {
        let values = batch.column_by_name(column).filter(|values| *values.data_type() == DataType::Int64)?;
        usize::try_from(values.as_primitive::<Int64Type>().value(0)).ok()
    };
    if let Some(entry) = number("entry") {
        let own = i64::try_from(entry).ok()?;
        let at = tables.journal.entry_numbers().position(|entry| entry == own)?;
        return tables.journal.iter().nth(at).map(|posting| format!("entry {}", posting.entry_id));
    }
    let head = tables.earnings.iter().nth(number("line")?)?.head();
    Some(format!("creator {}, program {}, {}, {}", head.creator_id, head.program, head.earning_period, head.cause))
}
