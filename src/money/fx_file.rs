//! A file of reference rates, in the long form or the ECB's wide one, as quotes with the place where each stood.

use std::collections::BTreeSet;

use csv::ByteRecord;

use super::currency::Currency;
use super::exact::Exact;
use crate::error::{Error, Result};
use crate::period::{day_text, parse_day};

/// A quote, and where it stood.
pub(super) struct Cell {
    pub(super) currency: Currency,
    pub(super) day: i32,
    pub(super) rate: Exact,
    pub(super) line: u64,
    column: usize,
}

impl Cell {
    /// An error at this quote.
    pub(super) fn fault(&self, name: &str, what: &str, expected: &str) -> Error {
        let (day, rate) = (day_text(self.day), decimal_text(&self.rate));
        fault(name, self.line, self.column, what)
            .expected(expected)
            .found(format!("{rate} for {} on {day}", self.currency))
    }
}

fn fault(name: &str, line: u64, column: usize, what: &str) -> Error {
    Error::input(what).at(format!("{name}:{line}, column {column}"))
}

/// Every quote of a file, in its order; [`super::FxTable::read`] says which forms it may have.
pub(super) fn cells(bytes: &[u8], name: &str) -> Result<Vec<Cell>> {
    Rows { name, records: records(bytes, name)? }.cells()
}

/// The records of a file with their lines; blank lines are skipped.
struct Rows<'a> {
    name: &'a str,
    records: Vec<(u64, ByteRecord)>,
}

fn records(bytes: &[u8], name: &str) -> Result<Vec<(u64, ByteRecord)>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let mut lines = Lines { bytes, at: 0, line: 1 };
    let with_line = |record: csv::Result<ByteRecord>| {
        let record = record.map_err(|e| Error::input("a rate file is no CSV").at(name).found(e.to_string()))?;
        let start = record.position().map_or(0, csv::Position::byte);
        Ok((lines.line_at(usize::try_from(start).unwrap_or(bytes.len())), record))
    };
    reader.byte_records().map(with_line).collect()
}

/// Counts lines forward; the reader's own count has a record begin at the blank lines that it skips before it.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the first byte at or after `start` that ends no line.
    fn line_at(&mut self, start: usize) -> u64 {
        while self.bytes.get(self.at).is_some_and(|byte| self.at < start || b"\r\n".contains(byte)) {
            self.line += u64::from(self.bytes[self.at] == b'\n');
            self.at += 1;
        }
        self.line
    }
}

impl Rows<'_> {
    fn cells(&self) -> Result<Vec<Cell>> {
        let Some(((line, header), rows)) = self.records.split_first() else {
            return Err(self.wrong_header("an empty file"));
        };
        if header.iter().eq([&b"date"[..], b"currency", b"rate"]) {
            return rows.iter().map(|row| self.long_cell(row)).collect();
        }
        if !header.get(0).is_some_and(|first| first.eq_ignore_ascii_case(b"date")) || header.len() < 2 {
            return Err(self.wrong_header(&text_of(&header.iter().collect::<Vec<_>>().join(&b','))));
        }
        let columns = self.wide_columns(*line, header)?;
        let mut cells = Vec::with_capacity(rows.len() * columns.len());
        for row in rows {
            self.wide_row(row, header.len(), &columns, &mut cells)?;
        }
        Ok(cells)
    }

    fn wrong_header(&self, found: &str) -> Error {
        let expected = "date,currency,rate, or Date and one column per currency, as the ECB writes it";
        fault(self.name, 1, 1, "a rate file has a header of its own").expected(expected).found(found)
    }

    fn long_cell(&self, (line, row): &(u64, ByteRecord)) -> Result<Cell> {
        self.check_width(*line, row, 3)?;
        let day = self.day(*line, &row[0])?;
        let currency = self.currency(*line, 2, &row[1])?;
        Ok(Cell { currency, day, rate: self.rate(*line, 3, &row[2])?, line: *line, column: 3 })
    }

    /// The columns of a wide file: their indices and currencies. Only the last one may be empty.
    fn wide_columns(&self, line: u64, header: &ByteRecord) -> Result<Vec<(usize, Currency)>> {
        let last = header.len() - 1;
        let named = header.iter().enumerate().skip(1).filter(|(at, code)| *at < last || !code.is_empty());
        let columns =
            named.map(|(at, code)| Ok((at, self.currency(line, at + 1, code)?))).collect::<Result<Vec<_>>>()?;
        let mut seen = BTreeSet::new();
        match columns.iter().find(|(_, currency)| !seen.insert(*currency)) {
            Some((at, twice)) => Err(fault(self.name, line, at + 1, "a currency has two columns").found(twice.code())),
            None => Ok(columns),
        }
    }

    fn wide_row(
        &self,
        (line, row): &(u64, ByteRecord),
        width: usize,
        columns: &[(usize, Currency)],
        cells: &mut Vec<Cell>,
    ) -> Result<()> {
        self.check_width(*line, row, width)?;
        let day = self.day(*line, &row[0])?;
        for (at, currency) in columns {
            let text = &row[*at];
            if !text.is_empty() && text != b"N/A" {
                let rate = self.rate(*line, at + 1, text)?;
                cells.push(Cell { currency: *currency, day, rate, line: *line, column: at + 1 });
            }
        }
        Ok(())
    }

    fn check_width(&self, line: u64, row: &ByteRecord, width: usize) -> Result<()> {
        if row.len() == width {
            return Ok(());
        }
        let what = "a row of rates is not as long as its header";
        Err(fault(self.name, line, row.len().min(width), what)
            .expected(format!("{width} fields"))
            .found(format!("{} fields", row.len())))
    }

    fn day(&self, line: u64, text: &[u8]) -> Result<i32> {
        let day = str::from_utf8(text).ok().and_then(parse_day);
        day.ok_or_else(|| fault(self.name, line, 1, "a rate has no day").expected("YYYY-MM-DD").found(text_of(text)))
    }

    fn currency(&self, line: u64, column: usize, text: &[u8]) -> Result<Currency> {
        str::from_utf8(text).ok().and_then(Currency::parse).ok_or_else(|| {
            let expected = "a code of ISO 4217 in upper case, as in data/currencies.csv";
            fault(self.name, line, column, "a rate has an unknown currency").expected(expected).found(text_of(text))
        })
    }

    fn rate(&self, line: u64, column: usize, text: &[u8]) -> Result<Exact> {
        let rate = str::from_utf8(text).ok().and_then(Exact::parse_decimal);
        rate.filter(|rate| *rate > Exact::ZERO).ok_or_else(|| {
            let expected = "a plain decimal above 0, units per 1 EUR";
            fault(self.name, line, column, "a rate is no positive number").expected(expected).found(text_of(text))
        })
    }
}

/// Bytes of a file as text for an error, at most 80 characters.
fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(80).collect()
}

/// A rate as a file has it: a plain decimal.
pub(super) fn decimal_text(rate: &Exact) -> String {
    rate.to_decimal().unwrap_or_else(|| rate.to_string())
}
