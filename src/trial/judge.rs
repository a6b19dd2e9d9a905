//! What a run of an example found, against what was expected.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Int64Type};

use super::example::{Example, Expected};
use super::explained::{EXPLAINED, explained};
use crate::book::Book;
use crate::error::Result;
use crate::ledger::Tables;
use crate::money::{Currency, major_text, parse_major};
use crate::period::{Period, day_text};
use crate::pipeline::{Options, policy_files};
use crate::policy::Policies;
use crate::publish::{behind_now, run};
use crate::query::Engine;

/// One number of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `earnings: creator_id ada, program live_subs`.
    pub row: String,
    pub column: String,
    pub expected: String,
    pub found: String,
}

impl Verdict {
    /// Did it come out?
    #[must_use]
    pub fn holds(&self) -> bool {
        self.expected == self.found
    }
}

/// Runs an example's book, period by period as the expectations ask, and compares.
///
/// # Errors
/// The book can't be run.
pub fn judge(engine: Engine, book: &Book, example: &Example) -> Result<Vec<Verdict>> {
    let options = |period| Options { period, as_of: None, dry_run: true, engine };
    let find = |period| -> Result<Tables> { Ok(run(book, &options(period), &|_| {})?.tables) };
    if let Some(words) = &example.refused {
        return Ok(vec![refused(example.period, words, find(example.period))]);
    }
    let mut periods: Vec<Period> = example.expected.iter().map(|e| e.period.unwrap_or(example.period)).collect();
    periods.sort_unstable();
    periods.dedup();
    let mut found: BTreeMap<Period, Tables> = BTreeMap::new();
    for period in periods {
        found.insert(period, find(period)?);
    }
    let policies = Policies::read(policy_files(&book.policies)?)?;
    let mut verdicts = Vec::new();
    for expected in &example.expected {
        let Some(tables) = found.get(&expected.period.unwrap_or(example.period)) else { continue };
        if expected.table == EXPLAINED {
            let behind = |creators: &BTreeSet<String>| {
                behind_now(book, &options(expected.period.unwrap_or(example.period)), creators)
            };
            verdicts.extend(explained(expected, tables, &policies, &behind)?);
        } else {
            verdicts.extend(row(expected, &tables.batch(expected.table)?));
        }
    }
    Ok(verdicts)
}

/// Was the run refused with these words?
fn refused(period: Period, words: &str, outcome: Result<Tables>) -> Verdict {
    let message = match outcome {
        Ok(_) => "the run is not refused".to_owned(),
        Err(error) => error.to_string().lines().map(str::trim).collect::<Vec<_>>().join("; "),
    };
    let found = if message.contains(words) { words.to_owned() } else { message };
    Verdict { row: format!("run of {period}"), column: "refused".into(), expected: words.to_owned(), found }
}

/// Of the rows that fit, the one that is meant; or what is wrong with their number.
pub fn only<T>(expected: &Expected, label: &str, mut fitting: Vec<T>) -> std::result::Result<T, Vec<Verdict>> {
    let count = fitting.len();
    match fitting.pop() {
        Some(row) if count == 1 && !expected.none => Ok(row),
        _ => {
            let wanted = if expected.none { "none" } else { "one" };
            let found = if count == 0 { "none".to_owned() } else { count.to_string() };
            let column = "rows".into();
            Err(vec![Verdict { row: label.to_owned(), column, expected: wanted.into(), found }])
        }
    }
}

/// `earnings: creator_id ada, program live_subs`.
pub fn label(expected: &Expected) -> String {
    let named: Vec<String> = expected.key.iter().map(|(column, value)| format!("{column} {value}")).collect();
    format!("{}: {}", expected.table, named.join(", "))
}

/// The numbers of one expected row.
fn row(expected: &Expected, table: &RecordBatch) -> Vec<Verdict> {
    let label = label(expected);
    let fits = |at: &usize| {
        expected.key.iter().all(|(column, value)| text(table, column, *at).as_deref() == Some(value.as_str()))
    };
    let at = match only(expected, &label, (0..table.num_rows()).filter(fits).collect()) {
        Ok(at) => at,
        Err(verdicts) => return verdicts,
    };
    let currency = text(table, "currency", at).and_then(|code| Currency::parse(&code));
    let verdict = |column: String, expected: &str, found: Option<String>| Verdict {
        row: label.clone(),
        expected: same_form(expected, currency.filter(|_| !is_count(table, &column))),
        column,
        found: found.unwrap_or_else(|| "nothing".into()),
    };
    let values = expected
        .values
        .iter()
        .map(|(column, value)| verdict(column.clone(), value, number(table, column, at, currency)));
    let lists = expected.lists.iter().flat_map(|(column, parts)| {
        parts
            .iter()
            .map(move |(name, value)| (format!("{column} {name}"), value, item(table, column, name, at, currency)))
    });
    values.chain(lists.map(|(column, value, found)| verdict(column, value, found))).collect()
}

/// Is it a column of its own, and no amount in minor units?
fn is_count(table: &RecordBatch, column: &str) -> bool {
    table.column_by_name(column).is_some_and(|array| *array.data_type() == DataType::Int64)
}

/// `1,499.5` and `1499.50` are one amount: written as the found one is.
pub fn same_form(text: &str, currency: Option<Currency>) -> String {
    let plain = text.replace(',', "");
    currency.and_then(|c| Some(major_text(parse_major(&plain, c)?, c))).unwrap_or(plain)
}

fn text(table: &RecordBatch, column: &str, at: usize) -> Option<String> {
    let array = table.column_by_name(column)?;
    if array.is_null(at) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string_opt::<i32>()?.value(at).to_owned()),
        DataType::Date32 => Some(day_text(array.as_primitive_opt::<Date32Type>()?.value(at))),
        DataType::Int64 => Some(array.as_primitive_opt::<Int64Type>()?.value(at).to_string()),
        _ => None,
    }
}

/// A count, or an amount in major units.
fn number(table: &RecordBatch, column: &str, at: usize, currency: Option<Currency>) -> Option<String> {
    text(table, column, at).or_else(|| major(&text(table, &format!("{column}_minor"), at)?, currency))
}

fn major(minor: &str, currency: Option<Currency>) -> Option<String> {
    let minor: i64 = minor.parse().ok()?;
    Some(currency.map_or_else(|| minor.to_string(), |c| major_text(minor, c)))
}

/// The amount of a named item of a list: a deduction by its name, a part by its party.
fn item(table: &RecordBatch, column: &str, name: &str, at: usize, currency: Option<Currency>) -> Option<String> {
    let list = table.column_by_name(column)?.as_list_opt::<i32>()?.value(at);
    let items = list.as_struct_opt()?;
    let names = items.column_by_name("name").or_else(|| items.column_by_name("party_id"))?.as_string_opt::<i32>()?;
    let place = (0..names.len()).find(|n| names.value(*n) == name)?;
    let minors = items.column_by_name("minor")?.as_primitive_opt::<Int64Type>()?;
    major(&minors.value(place).to_string(), currency)
}
