//! Rows of an answer on stdout or in a file: an aligned table, CSV, JSON or Parquet.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, FieldRef, Fields, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::ValueEnum;
use comfy_table::{CellAlignment, Table, presets};
use parquet::arrow::ArrowWriter;
use serde_json::Value;

use crate::error::{Error, Result};

/// How an answer comes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    #[default]
    Table,
    Csv,
    Json,
    Parquet,
}

/// Takes an answer batch by batch and writes it; CSV, JSON and Parquet are written as they come.
pub struct Printer {
    format: AnswerFormat,
    out: Option<Box<dyn Write + Send>>,
    parquet: Option<ArrowWriter<Box<dyn Write + Send>>>,
    rows: Vec<Vec<String>>,
    schema: Option<SchemaRef>,
    written: u64,
}

fn refused(e: impl std::fmt::Display) -> Error {
    Error::resources(format!("the answer can't be written: {e}"))
}

/// A write to a reader that has left (`| head`) is no fault: it has what it wanted.
pub(super) fn written(done: std::io::Result<()>) -> Result<()> {
    match done {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(refused(e)),
        _ => Ok(()),
    }
}

impl Printer {
    /// Writes to a new file, or to stdout.
    ///
    /// # Errors
    /// The file exists or can't be made (usage); Parquet on a terminal (usage).
    pub fn new(format: AnswerFormat, output: Option<&Path>) -> Result<Self> {
        let out: Box<dyn Write + Send> = match output {
            None if format == AnswerFormat::Parquet && std::io::stdout().is_terminal() => {
                return Err(Error::usage("Parquet is nothing for a terminal").next("name a file with --output FILE"));
            }
            None => Box::new(BufWriter::new(std::io::stdout())),
            Some(path) => Box::new(BufWriter::new(File::create_new(path).map_err(|e| {
                Error::usage("the output file can't be made")
                    .at(path.display().to_string())
                    .expected("a new file")
                    .found(e.to_string())
            })?)),
        };
        Ok(Self { format, out: Some(out), parquet: None, rows: Vec::new(), schema: None, written: 0 })
    }

    /// Takes the columns, then batches.
    ///
    /// # Errors
    /// The output refuses (resources).
    pub fn take(&mut self, schema: &SchemaRef, batch: Option<&RecordBatch>) -> Result<()> {
        if self.schema.is_none() {
            self.schema = Some(Arc::clone(schema));
            self.begin(schema)?;
        }
        batch.map_or(Ok(()), |batch| self.rows(batch))
    }

    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        match self.format {
            AnswerFormat::Table => Ok(()),
            AnswerFormat::Csv => self.csv_row(&names),
            AnswerFormat::Json => self.text("["),
            AnswerFormat::Parquet => {
                let out = self.out.take().ok_or_else(|| Error::bug("an answer is written twice"))?;
                self.parquet = Some(ArrowWriter::try_new(out, Arc::clone(schema), None).map_err(refused)?);
                Ok(())
            }
        }
    }

    fn text(&mut self, text: &str) -> Result<()> {
        written(self.out.as_mut().map_or(Ok(()), |out| out.write_all(text.as_bytes())))
    }

    fn csv_row<T: AsRef<[u8]>>(&mut self, cells: &[T]) -> Result<()> {
        let Some(out) = self.out.as_mut() else { return Ok(()) };
        let mut line = csv::Writer::from_writer(Vec::new());
        line.write_record(cells).map_err(refused)?;
        let line = line.into_inner().map_err(refused)?;
        written(out.write_all(&line))
    }

    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        match self.format {
            AnswerFormat::Table => self.rows.extend(texts(batch)?),
            AnswerFormat::Csv => {
                for row in texts(batch)? {
                    self.csv_row(&row)?;
                }
            }
            AnswerFormat::Json => self.json_rows(batch)?,
            AnswerFormat::Parquet => {
                self.parquet.as_mut().map_or(Ok(()), |w| w.write(batch)).map_err(refused)?;
            }
        }
        self.written += batch.num_rows() as u64;
        Ok(())
    }

    fn json_rows(&mut self, batch: &RecordBatch) -> Result<()> {
        for row in 0..batch.num_rows() {
            let comma = if self.written + row as u64 == 0 { "\n  " } else { ",\n  " };
            self.text(comma)?;
            self.text(&json_row(batch, row)?)?;
        }
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// The output refuses (resources).
    pub fn finish(mut self) -> Result<()> {
        match self.format {
            AnswerFormat::Table => {
                let table = self.schema.clone().map_or_else(String::new, |schema| table(&schema, &self.rows));
                self.text(&table)?;
            }
            AnswerFormat::Json => self.text("\n]\n")?,
            AnswerFormat::Csv | AnswerFormat::Parquet => {}
        }
        if let Some(writer) = self.parquet.take() {
            let mut out = writer.into_inner().map_err(refused)?;
            return out.flush().map_err(refused);
        }
        written(self.out.take().map_or(Ok(()), |mut out| out.flush()))
    }
}

/// A whole answer as an aligned table.
///
/// # Errors
/// A value that can't be shown (bug).
pub fn table_of(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<String> {
    let mut rows = Vec::new();
    for batch in batches {
        rows.extend(texts(batch)?);
    }
    Ok(table(schema, &rows))
}

/// Rows as a JSON list of objects, their keys in the order of the columns.
///
/// # Errors
/// As [`table_of`].
pub fn json_of(batches: &[RecordBatch]) -> Result<String> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            rows.push(json_row(batch, row)?);
        }
    }
    Ok(format!("[{}]", rows.join(",")))
}

fn table(schema: &SchemaRef, rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(schema.fields().iter().map(|f| f.name().as_str()));
    for row in rows {
        table.add_row(row);
    }
    for (at, field) in schema.fields().iter().enumerate() {
        if field.data_type().is_numeric()
            && let Some(column) = table.column_mut(at)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

/// Instants as in ISO 8601, UTC.
fn options() -> FormatOptions<'static> {
    const INSTANT: Option<&str> = Some("%Y-%m-%dT%H:%M:%S%.fZ");
    FormatOptions::default().with_timestamp_format(INSTANT).with_timestamp_tz_format(INSTANT)
}

fn texts(batch: &RecordBatch) -> Result<Vec<Vec<String>>> {
    let options = options();
    let columns = batch.columns().iter().map(|a| ArrayFormatter::try_new(a.as_ref(), &options));
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>().map_err(|e| Error::bug(e.to_string()))?;
    let cell = |at: usize, row: usize| {
        let text = columns[at].value(row).to_string();
        match batch.column(at).data_type() {
            DataType::Decimal128(_, scale) => trimmed(text, *scale),
            _ => text,
        }
    };
    Ok((0..batch.num_rows()).map(|row| (0..columns.len()).map(|at| cell(at, row)).collect()).collect())
}

/// A decimal without the zeros at its end, but for two digits.
fn trimmed(text: String, scale: i8) -> String {
    let Some(point) = text.find('.').filter(|_| scale > 2) else { return text };
    let kept = text.trim_end_matches('0').len().max(point + 3);
    text[..kept].to_owned()
}

fn json_row(batch: &RecordBatch, row: usize) -> Result<String> {
    let schema = batch.schema();
    object(schema.fields(), batch.columns(), row)
}

fn object(fields: &Fields, columns: &[ArrayRef], row: usize) -> Result<String> {
    let pair = |(field, array): (&FieldRef, &ArrayRef)| {
        Ok(format!("{}:{}", Value::from(field.name().as_str()), json(array, row)?))
    };
    let pairs: Vec<String> = fields.iter().zip(columns).map(pair).collect::<Result<_>>()?;
    Ok(format!("{{{}}}", pairs.join(",")))
}

/// Whole numbers and truth values as such, decimals as exact text, everything else as text.
fn json(array: &ArrayRef, row: usize) -> Result<String> {
    if array.is_null(row) {
        return Ok("null".to_owned());
    }
    match array.data_type() {
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            let items: Vec<String> = (0..items.len()).map(|at| json(&items, at)).collect::<Result<_>>()?;
            Ok(format!("[{}]", items.join(",")))
        }
        DataType::Struct(fields) => object(fields, array.as_struct().columns(), row),
        kind => {
            let text = ArrayFormatter::try_new(array.as_ref(), &options()).map(|f| f.value(row).to_string());
            Ok(plain(kind, text.map_err(|e| Error::bug(e.to_string()))?))
        }
    }
}

fn plain(kind: &DataType, text: String) -> String {
    match kind {
        DataType::Decimal128(_, 0) if text.parse::<i64>().is_ok() => text,
        DataType::Decimal128(_, scale) => Value::from(trimmed(text, *scale)).to_string(),
        kind if kind.is_integer() || *kind == DataType::Boolean => text,
        _ => Value::from(text).to_string(),
    }
}
