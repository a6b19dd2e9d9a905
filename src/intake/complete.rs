//! Completeness: the days that a log must have, and the totals that its producer states for them.
//!
//! A day without rows looks like a quiet one, and a short delivery like a slow one. Only who produced the data can tell.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::rows::{NULL, Rows};
use crate::book::{Book, ExpectedDays};
use crate::error::{Error, Result};
use crate::fate::{Fate, Reason};
use crate::log::Log;
use crate::period::{Period, date_of, day_text};
use crate::reference::Table;

/// Day and currency (empty for rows without money).
type Key = (i32, String);

/// Rows, and their signed amount in minor units.
type Total = (i64, i128);

/// What a log must hold.
#[derive(Clone, Debug)]
pub struct Expected {
    pub log: Log,
    pub days: Option<ExpectedDays>,
    /// What the producer counted.
    totals: Option<BTreeMap<Key, Total>>,
    /// The file of the totals, for messages.
    file: String,
}

/// A file's name in a run and its bytes.
type Copy = (String, Vec<u8>);

/// Most days that one message names.
const SHOWN: usize = 10;

impl Expected {
    /// What the logs of a book must hold, and the files that say so: `<log>.csv` and bytes.
    ///
    /// # Errors
    /// A file of totals is missing, or breaks its contract (input, with line and column).
    pub fn of_book(book: &Book) -> Result<(Vec<Self>, Vec<Copy>)> {
        let (mut all, mut files) = (Vec::new(), Vec::new());
        for (log, source) in &book.logs {
            let mut expected =
                Self { log: *log, days: source.expected_days.clone(), totals: None, file: String::new() };
            if let Some(path) = &source.control_totals {
                let bytes = std::fs::read(book.root.join(path)).map_err(|e| {
                    Error::input("control totals can't be read")
                        .at(path.clone())
                        .found(e.to_string())
                        .next(format!("have them delivered, or correct [log.{}] control_totals", log.name()))
                })?;
                expected.totals = Some(totals(*log, path, &bytes)?);
                expected.file.clone_from(path);
                let ending = if path.ends_with(".parquet") { "parquet" } else { "csv" };
                files.push((format!("{}.{ending}", log.name()), bytes));
            }
            if expected.days.is_some() || expected.totals.is_some() {
                all.push(expected);
            }
        }
        Ok((all, files))
    }

    /// In words, for `plan` and `doctor`.
    #[must_use]
    pub fn words(&self) -> String {
        let days = self.days.as_ref().map(|d| if d.weekdays { "every weekday" } else { "every day" });
        let stated = self.totals.as_ref().map(|t| t.keys().map(|(day, _)| *day).collect::<BTreeSet<_>>().len());
        let stated = stated.map(|days| format!("as the producer counted it on {days} days"));
        [days.map(str::to_owned), stated].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn check(&self, found: &BTreeMap<Key, Total>, days: &[i32]) -> Result<()> {
        self.check_days(found, days)?;
        self.check_totals(found, days)
    }

    fn check_days(&self, found: &BTreeMap<Key, Total>, days: &[i32]) -> Result<()> {
        let Some(expected) = &self.days else { return Ok(()) };
        let there: BTreeSet<i32> = found.keys().map(|(day, _)| *day).collect();
        let missing: Vec<String> = days
            .iter()
            .filter(|day| expects(expected, **day) && !there.contains(day))
            .map(|day| day_text(*day))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::input("a log lacks days that it must have")
            .at(self.log.name())
            .expected(self.words())
            .found(format!("no row on {}", some(&missing)))
            .next("have them delivered; a day without events belongs in quiet_days, and a month that is not over needs --as-of"))
    }

    fn check_totals(&self, found: &BTreeMap<Key, Total>, days: &[i32]) -> Result<()> {
        let Some(totals) = &self.totals else { return Ok(()) };
        let within = |key: &&Key| days.contains(&key.0);
        let keys: BTreeSet<&Key> = found.keys().chain(totals.keys()).filter(within).collect();
        let mut faults = Vec::new();
        for key in keys {
            let of = |map: &BTreeMap<Key, Total>| map.get(key).copied();
            let (stated, found) = (of(totals), of(found).unwrap_or_default());
            if stated.unwrap_or_default() != found || stated.is_none() {
                faults.push(difference(key, stated, found));
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(Error::input("a log is not what its producer counted")
            .at(format!("{}, {}", self.log.name(), self.file))
            .expected("the rows and amounts of its control totals, day by day")
            .found(some(&faults))
            .next("have the missing rows delivered, or the control totals put right; nothing is rated on a short day"))
    }
}

fn expects(expected: &ExpectedDays, day: i32) -> bool {
    let weekday = date_of(day).weekday().to_monday_zero_offset() < 5;
    (weekday || !expected.weekdays) && !expected.quiet.contains(&day)
}

fn difference((day, currency): &Key, stated: Option<Total>, found: Total) -> String {
    let money = if currency.is_empty() { String::new() } else { format!(" {currency}") };
    let text = |(rows, minor): Total| match currency.is_empty() {
        true => format!("{rows} rows"),
        false => format!("{rows} rows of {minor} minor units"),
    };
    let stated = stated.map_or_else(|| "nothing stated".to_owned(), text);
    format!("{}{money}: {} where {stated}", day_text(*day), text(found))
}

fn some(list: &[String]) -> String {
    let shown = list[..list.len().min(SHOWN)].join("; ");
    if list.len() > SHOWN { format!("{shown}; and {} more", list.len() - SHOWN) } else { shown }
}

/// Reads `day, currency, rows, amount_minor`.
fn totals(log: Log, path: &str, bytes: &[u8]) -> Result<BTreeMap<Key, Total>> {
    let table = Table::read_as("a file of control totals", path, bytes)?;
    let mut totals = BTreeMap::new();
    for row in table.rows(&["day", "currency", "rows", "amount_minor"])? {
        row.need("day")?;
        let day = row.day("day")?.unwrap_or_default();
        let rows = row.whole("rows")?.ok_or_else(|| row.fault("rows", "a whole number", "nothing"))?;
        let minor = row.whole("amount_minor")?.unwrap_or(0);
        let currency = row.get("currency").unwrap_or("").to_owned();
        if rows < 0 {
            return Err(row.fault("rows", "0 or more", &rows.to_string()));
        }
        if !log.has_money() && (minor != 0 || !currency.is_empty()) {
            return Err(row.fault("currency", "nothing: the log has no money", &currency));
        }
        if totals.insert((day, currency.clone()), (rows, i128::from(minor))).is_some() {
            return Err(row.fault("day", "one row for a day and currency", &format!("{} twice", day_text(day))));
        }
    }
    Ok(totals)
}

/// Holds the days of a period, up to the last one taken, against what the logs must have.
///
/// Rows count once each however often they were delivered (a conflict's event once); amounts are those that can be
/// read, reversals and debits negative.
///
/// # Errors
/// A day is missing, or not what the producer counted (input).
pub fn complete(
    rows: &Rows,
    fates: &[Option<Fate>],
    expected: &[Expected],
    period: Period,
    last_day: i32,
) -> Result<()> {
    let days: Vec<i32> = (period.first_day()..=last_day.min(period.last_day())).collect();
    let mut found: BTreeMap<Log, BTreeMap<Key, Total>> = BTreeMap::new();
    let mut conflicts = FxHashSet::default();
    for row in 0..u32::try_from(rows.len()).unwrap_or(u32::MAX) {
        let at = row as usize;
        let log = rows.records[at].log;
        let wanted = expected.iter().any(|e| e.log == log) && rows.time[at] != NULL && rows.time[at] >= 0;
        let again = match fates[at] {
            Some(Fate::Duplicate) => true,
            Some(Fate::Quarantined(Reason::Conflict)) => !conflicts.insert((log, rows.id[at])),
            _ => false,
        };
        if !wanted || again || !(period.first_day()..=last_day).contains(&rows.records[at].day) {
            continue;
        }
        let currency = rows.text(row, "currency").unwrap_or("").to_owned();
        let total = found.entry(log).or_default().entry((rows.records[at].day, currency)).or_default();
        total.0 += 1;
        total.1 += i128::from(rows.signed(row));
    }
    let none = BTreeMap::new();
    expected.iter().try_for_each(|e| e.check(found.get(&e.log).unwrap_or(&none), &days))
}
