//! What an audit reads: the tables of a run, of which it gets the columns that it names, and rows by number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::ledger::{BATCH_ROWS, TABLES, Tables, schema};

/// The columns of a run's tables that some queries name, each made once.
pub struct Named<'t> {
    tables: &'t Tables,
    columns: BTreeMap<(&'static str, usize), Vec<ArrayRef>>,
    by_number: BTreeMap<&'static str, RecordBatch>,
}

/// A name, a schema and its batches.
pub type Given = (&'static str, SchemaRef, Vec<RecordBatch>);

impl<'t> Named<'t> {
    /// The columns that these queries name.
    ///
    /// # Errors
    /// None but for a bug.
    pub fn by(queries: &[&str], tables: &'t Tables) -> Result<Self> {
        let mut wanted: BTreeSet<(&'static str, usize)> = BTreeSet::new();
        for text in queries.iter().map(|sql| code_of(sql)) {
            for table in TABLES.into_iter().filter(|table| names(&text, table)) {
                wanted.extend(columns_named(&text, table)?.into_iter().map(|at| (table, at)));
            }
        }
        let column = |(table, at): (&'static str, usize)| {
            let rows = tables.rows(table)?;
            let stretch = |from: usize| tables.column(table, at, from..rows.min(from + BATCH_ROWS));
            let arrays = (0..rows).step_by(BATCH_ROWS).map(stretch).collect::<Result<Vec<_>>>()?;
            Ok(((table, at), arrays))
        };
        let columns = wanted.into_par_iter().map(column).collect::<Result<_>>()?;
        let asked = |table: &str| queries.iter().any(|sql| names(&code_of(sql), table));
        let by_number = BY_NUMBER.into_par_iter().filter(|(table, _)| asked(table));
        let by_number = by_number.map(|(table, make)| Ok((table, make(tables)?))).collect::<Result<_>>()?;
        Ok(Self { tables, columns, by_number })
    }

    /// The tables that one of the queries names, with the columns that it names.
    ///
    /// # Errors
    /// None but for a bug.
    pub fn of(&self, sql: &str) -> Result<Vec<Given>> {
        let text = code_of(sql);
        let mut given = Vec::new();
        for table in TABLES.into_iter().filter(|table| names(&text, table)) {
            given.push(self.table(&text, table)?);
        }
        for (table, batch) in self.by_number.iter().filter(|(table, _)| names(&text, table)) {
            given.push((*table, batch.schema(), vec![batch.clone()]));
        }
        Ok(given)
    }

    fn table(&self, text: &str, table: &'static str) -> Result<Given> {
        let wanted = columns_named(text, table)?;
        let schema = Arc::new(schema(table)?.project(&wanted).map_err(|e| Error::bug(e.to_string()))?);
        let stretches = self.tables.rows(table)?.div_ceil(BATCH_ROWS);
        let array = |at: &usize, stretch: usize| self.columns.get(&(table, *at)).and_then(|c| c.get(stretch)).cloned();
        let mut batches = Vec::with_capacity(stretches);
        for stretch in 0..stretches {
            let columns = wanted.iter().filter_map(|at| array(at, stretch)).collect();
            batches.push(RecordBatch::try_new(Arc::clone(&schema), columns).map_err(|e| Error::bug(e.to_string()))?);
        }
        Ok((table, schema, batches))
    }
}

/// A query without its comments.
fn code_of(sql: &str) -> String {
    sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n")
}

/// Is a word part of a text?
fn names(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|own| own == word)
}

/// The places of a table's columns that a query names.
fn columns_named(text: &str, table: &'static str) -> Result<Vec<usize>> {
    let whole = schema(table)?;
    let all = text.contains("select *");
    Ok((0..whole.fields().len()).filter(|at| all || names(text, whole.field(*at).name())).collect())
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
