//! Why a staging query fails, for the person who mends it: file, line, column, caret; the row, and what stands in it.

use std::ops::Range;

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use datafusion::error::DataFusionError;

use super::engine::Engine;
use super::fault::Fault;
use super::inspect::NoMapping;
use super::items::{Item, items, keyword};
use super::staging::{Failure, Staging};
use crate::error::Error;
use crate::picture::{place_text, snippet};

/// The raw rows that a staging query was asked about.
pub struct Asked<'a> {
    pub engine: Engine,
    /// For messages: log and path.
    pub file: &'a str,
    pub raw: &'a RecordBatch,
    /// Rows in each row group.
    pub groups: &'a [u64],
}

impl Staging {
    /// The error of a failure.
    pub(super) fn refused(&self, failure: &Failure, asked: &Asked<'_>) -> Error {
        match failure {
            Failure::Other(e) => e.clone(),
            Failure::NoMapping(fault) => self.no_mapping(fault, asked),
            Failure::Engine(e) if matches!(e.find_root(), DataFusionError::ResourcesExhausted(_)) => {
                Error::resources("the query engine ran out of memory").at(asked.file)
            }
            Failure::Engine(e) if self.fails(&self.sql, asked.engine, &asked.raw.slice(0, 0)) => {
                self.unplanned(e, asked)
            }
            Failure::Engine(e) => self.failed_row(e, asked),
        }
    }

    /// Where the column `name` of the answer is made, and a picture of it.
    #[must_use]
    pub fn column_place(&self, name: &str) -> Option<(String, String)> {
        let item = items(&self.sql).into_iter().find(|i| i.is_outer && i.name.as_deref() == Some(name))?;
        Some((self.place(&item.span), snippet(&self.sql, item.span)))
    }

    fn place(&self, span: &Range<usize>) -> String {
        place_text(&format!("queries/{}", self.name), &self.sql, span.start)
    }

    /// With the place in the query, where there is one, and the file that it was asked about.
    fn pointed(&self, error: Error, span: Option<Range<usize>>, file: &str) -> Error {
        match span {
            Some(span) => error.at(format!("{}, {file}", self.place(&span))).picture(snippet(&self.sql, span)),
            None => error.at(format!("queries/{}, {file}", self.name)),
        }
    }

    fn no_mapping(&self, fault: &NoMapping, asked: &Asked<'_>) -> Error {
        let written = fault.keyword.and_then(|word| keyword(&self.sql, word));
        let span = written.or_else(|| self.culprit(asked.engine, &asked.raw.slice(0, 0)).map(|item| item.span));
        let error = Error::usage("staging maps rows one to one")
            .expected("renames, parsing, exact arithmetic, and n:1 joins to references")
            .found(fault.what.as_str())
            .next("to leave a row out, give it an exclude_reason; sums belong in policies and reports");
        self.pointed(error, span, asked.file)
    }

    /// The query itself is wrong, or does not fit the file's columns.
    fn unplanned(&self, e: &DataFusionError, asked: &Asked<'_>) -> Error {
        let fault = Fault::of(e, &self.sql);
        let span = fault.span.or_else(|| self.culprit(asked.engine, &asked.raw.slice(0, 0)).map(|item| item.span));
        let help = fault.help.map_or(String::new(), |help| format!("{help}; "));
        let mut error = Error::usage(format!("the staging query failed: {}", fault.message))
            .next(format!("{help}correct the query; `everycent doctor` runs it on every file"));
        if let Some(expected) = fault.expected {
            error = error.expected(expected);
        }
        self.pointed(error, span, asked.file)
    }

    /// The query is sound, and a row has no value in it.
    fn failed_row(&self, e: &DataFusionError, asked: &Asked<'_>) -> Error {
        let message = Fault::of(e, &self.sql).message;
        let error = Error::usage(format!("the staging query failed on a row: {message}"))
            .next("correct the query: try_cast gives null where a value can't be read, and such a row is quarantined");
        let Some(row) = self.first_failing(asked) else { return self.pointed(error, None, asked.file) };
        let one = asked.raw.slice(row, 1);
        let (group, within) = group_of(asked.groups, row);
        let place = format!("{}, row group {group}, row {within}", asked.file);
        let Some(item) = self.culprit(asked.engine, &one) else { return self.pointed(error, None, &place) };
        let found = values(&one, &item);
        let error = if found.is_empty() { error } else { error.found(found) };
        self.pointed(error, Some(item.span), &place)
    }

    /// The first item of the query that fails on these rows when it is asked alone.
    fn culprit(&self, engine: Engine, raw: &RecordBatch) -> Option<Item> {
        items(&self.sql).into_iter().find(|item| self.fails(&item.alone, engine, raw))
    }

    fn fails(&self, sql: &str, engine: Engine, raw: &RecordBatch) -> bool {
        self.evaluate(sql, engine, raw).is_err()
    }

    /// The first row on which the query fails, found by halves.
    fn first_failing(&self, asked: &Asked<'_>) -> Option<usize> {
        let fails = |from: usize, rows: usize| self.fails(&self.sql, asked.engine, &asked.raw.slice(from, rows));
        let (mut from, mut rows) = (0, asked.raw.num_rows());
        while rows > 1 {
            let half = rows / 2;
            (from, rows) = if fails(from, half) { (from, half) } else { (from + half, rows - half) };
        }
        (rows == 1 && fails(from, 1)).then_some(from)
    }
}

/// Row group, and row within it.
fn group_of(groups: &[u64], row: usize) -> (usize, u64) {
    let mut rest = row as u64;
    for (group, rows) in groups.iter().enumerate() {
        if rest < *rows {
            return (group, rest);
        }
        rest -= rows;
    }
    (0, row as u64)
}

/// What the raw columns that an item names hold in its one row.
fn values(one: &RecordBatch, item: &Item) -> String {
    let mut names: Vec<&String> = item.words.iter().collect();
    names.dedup();
    let value = |name: &String| {
        let column = one.column_by_name(name)?;
        let text = array_value_to_string(column, 0).ok()?;
        Some(if column.is_null(0) { format!("{name} = null") } else { format!("{name} = '{text}'") })
    };
    names.into_iter().filter_map(value).collect::<Vec<_>>().join(", ")
}
