//! A reference file (CSV or Parquet) as a table of text.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::parties::Parties;
use crate::error::{Error, Result};
use crate::money::{Currency, Exact};
use crate::period::parse_day;

/// The largest amount, as in logs.
const MOST_MINOR: i64 = 1_000_000_000_000_000;

/// Rows of text by column; empty cells are null.
#[derive(Clone, Debug)]
pub struct Table {
    /// What messages call such a file.
    what: &'static str,
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// Reads a file by the ending of its name.
    ///
    /// # Errors
    /// No sound CSV (with a header) or Parquet file, or a column twice (input).
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self> {
        Self::read_as("a reference", name, bytes)
    }

    /// [`Table::read`] of a file that messages call `what`.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read_as(what: &'static str, name: &str, bytes: &[u8]) -> Result<Self> {
        let parquet = name.ends_with(".parquet");
        let table = if parquet { Self::parquet(what, name, bytes)? } else { Self::csv(what, name, bytes)? };
        let mut sorted = table.columns.clone();
        sorted.sort();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            None => Ok(table),
            Some(pair) => {
                Err(Error::input(format!("{what} has a column twice")).at(format!("{name}, column {}", pair[0])))
            }
        }
    }

    /// The columns of a file, without reading its rows.
    ///
    /// # Errors
    /// As [`Table::read`]; the file can't be read (input).
    pub fn columns_of(path: &Path, name: &str) -> Result<Vec<String>> {
        let fault = |found: String| Error::input("a reference can't be read").at(name.to_owned()).found(found);
        let file = File::open(path).map_err(|e| fault(e.to_string()))?;
        if name.ends_with(".parquet") {
            let read = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| fault(e.to_string()))?;
            return Ok(read.schema().fields().iter().map(|f| f.name().clone()).collect());
        }
        let mut reader = csv::Reader::from_reader(file);
        let headers = reader.headers().map_err(|e| fault(e.to_string()))?;
        Ok(headers.iter().map(|h| h.trim().to_owned()).collect())
    }

    fn csv(what: &'static str, name: &str, bytes: &[u8]) -> Result<Self> {
        let mut reader = csv::Reader::from_reader(bytes);
        let fault = |e: csv::Error| {
            Error::input(format!("{what} is no sound CSV file")).at(name.to_owned()).found(e.to_string())
        };
        let columns = reader.headers().map_err(fault)?.iter().map(|h| h.trim().to_owned()).collect();
        let cell = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut rows = Vec::new();
        for record in reader.records() {
            rows.push(record.map_err(fault)?.iter().map(cell).collect());
        }
        Ok(Self { what, name: name.to_owned(), columns, rows })
    }

    fn parquet(what: &'static str, name: &str, bytes: &[u8]) -> Result<Self> {
        let fault =
            |found: String| Error::input(format!("{what} is no sound Parquet file")).at(name.to_owned()).found(found);
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(bytes))
            .and_then(|b| b.build())
            .map_err(|e| fault(e.to_string()))?;
        let (mut columns, mut rows) = (Vec::new(), Vec::new());
        for batch in reader {
            let batch = batch.map_err(|e| fault(e.to_string()))?;
            columns = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
            rows.extend(text_rows(&batch).map_err(fault)?);
        }
        Ok(Self { what, name: name.to_owned(), columns, rows })
    }

    /// As Arrow, every column text.
    ///
    /// # Errors
    /// Never but for a bug.
    pub fn batch(&self) -> Result<RecordBatch> {
        let fields: Vec<Field> = self.columns.iter().map(|c| Field::new(c, DataType::Utf8, true)).collect();
        let column = |at: usize| self.rows.iter().map(|r| r.get(at).cloned().flatten()).collect::<StringArray>();
        let columns = (0..self.columns.len()).map(|at| Arc::new(column(at)) as _).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|e| Error::bug(e.to_string()))
    }

    /// Its rows, with access by column name; all `needed` columns must be there.
    ///
    /// # Errors
    /// A column is missing (input).
    pub fn rows(&self, needed: &[&str]) -> Result<impl Iterator<Item = Row<'_>>> {
        for column in needed {
            if !self.columns.iter().any(|c| c == column) {
                return Err(Error::input(format!("{} lacks a column", self.what))
                    .at(format!("{}, column {column}", self.name))
                    .expected(needed.join(", "))
                    .found(self.columns.join(", ")));
            }
        }
        Ok(self.rows.iter().enumerate().map(|(at, cells)| Row { table: self, cells, line: at + 2 }))
    }
}

fn text_rows(batch: &RecordBatch) -> std::result::Result<Vec<Vec<Option<String>>>, String> {
    let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
    for column in batch.columns() {
        let text = cast(column, &DataType::Utf8).map_err(|e| e.to_string())?;
        for (row, value) in rows.iter_mut().zip(text.as_string::<i32>().iter()) {
            row.push(value.map(str::to_owned));
        }
    }
    Ok(rows)
}

/// One row of a reference.
pub struct Row<'a> {
    table: &'a Table,
    cells: &'a [Option<String>],
    line: usize,
}

impl<'a> Row<'a> {
    /// A cell; null where empty or where the file has no such column.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&'a str> {
        let at = self.table.columns.iter().position(|c| c == column)?;
        self.cells.get(at)?.as_deref()
    }

    /// A cell that must be filled.
    ///
    /// # Errors
    /// It is empty (input).
    pub fn need(&self, column: &str) -> Result<&'a str> {
        self.get(column).ok_or_else(|| self.fault(column, "a value", "nothing"))
    }

    /// A day cell, null where empty.
    ///
    /// # Errors
    /// It is no `YYYY-MM-DD` (input).
    pub fn day(&self, column: &str) -> Result<Option<i32>> {
        let parse = |text: &str| parse_day(text).ok_or_else(|| self.fault(column, "a day, YYYY-MM-DD", text));
        self.get(column).map(parse).transpose()
    }

    /// A whole number, null where empty.
    ///
    /// # Errors
    /// It is none (input).
    pub fn whole(&self, column: &str) -> Result<Option<i64>> {
        let parse = |text: &str| text.trim().parse().map_err(|_| self.fault(column, "a whole number", text));
        self.get(column).map(parse).transpose()
    }

    /// `valid_from` (open = from the beginning) and `valid_to` (open = for ever).
    ///
    /// # Errors
    /// No days, or an end at or before the beginning (input).
    pub fn validity(&self) -> Result<(i32, Option<i32>)> {
        let (from, to) = (self.day("valid_from")?.unwrap_or(i32::MIN), self.day("valid_to")?);
        match to {
            Some(to) if to <= from => {
                Err(self.fault("valid_to", "a day after valid_from", self.get("valid_to").unwrap_or("")))
            }
            _ => Ok((from, to)),
        }
    }

    /// A day cell that must be filled.
    ///
    /// # Errors
    /// It is empty, or no day (input).
    pub fn need_day(&self, column: &str) -> Result<i32> {
        self.day(column)?.ok_or_else(|| self.fault(column, "a day, YYYY-MM-DD", "nothing"))
    }

    /// A currency that must be there.
    ///
    /// # Errors
    /// It is none of ISO 4217 (input).
    pub fn currency(&self, column: &str) -> Result<Currency> {
        let code = self.need(column)?;
        Currency::parse(code).ok_or_else(|| self.fault(column, "an ISO 4217 code", code))
    }

    /// Money above 0, in minor units.
    ///
    /// # Errors
    /// It is none, or more than 10^15 (input).
    pub fn amount(&self, column: &str) -> Result<i64> {
        let minor = self.whole(column)?.filter(|minor| (1..=MOST_MINOR).contains(minor));
        let found = self.get(column).unwrap_or("nothing");
        minor.ok_or_else(|| self.fault(column, "minor units, above 0 and at most 10^15", found))
    }

    /// A share above 0 and at most 1.
    ///
    /// # Errors
    /// It is none (input).
    pub fn share(&self, column: &str) -> Result<Exact> {
        let text = self.need(column)?;
        let in_range = |share: &Exact| !share.is_negative() && !share.is_zero() && *share <= Exact::one();
        let share = Exact::parse(text).filter(in_range);
        share.ok_or_else(|| self.fault(column, "a share above 0 and at most 1 (\"50 %\", \"0.5\", \"1/2\")", text))
    }

    /// A party of the reference.
    ///
    /// # Errors
    /// The cell is empty, or nobody has this id (input).
    pub fn party(&self, column: &str, parties: &Parties) -> Result<String> {
        let id = self.need(column)?;
        match parties.has(id) {
            true => Ok(id.to_owned()),
            false => Err(self.fault(column, "a party of the reference `parties`", id)),
        }
    }

    /// Names separated by `;`; none where empty.
    #[must_use]
    pub fn names(&self, column: &str) -> Vec<String> {
        let names = self.get(column).unwrap_or("").split(';').map(str::trim);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// Its line in a CSV file, from 1, the header's included.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// An error about a cell.
    #[must_use]
    pub fn fault(&self, column: &str, expected: &str, found: &str) -> Error {
        Error::input(format!("{} breaks its contract", self.table.what))
            .at(format!("{}, line {}, column {column}", self.table.name, self.line))
            .expected(expected)
            .found(found)
            .next("correct the row, or the query that makes it; nothing was published")
    }
}
