//! The quarantined (or waiting) rows of a run, summed or one by one, and as they stand in their files.

use std::collections::BTreeMap;

use crate::book::Book;
use crate::error::{Error, Result};
use crate::fate::{CHARGE_UNKNOWN, Reason};
use crate::intake::{MOST, RawRow, RawRows};
use crate::ledger::{InputFile, Store, Unrated};
use crate::log::{Effect, Log};
use crate::money::Currency;
use crate::period::{END_INSTANT, FIRST_INSTANT, Period};

/// Which rows are wanted; what is not named is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Without one, the latest period that was run.
    pub period: Option<Period>,
    /// The waiting rows, in place of the quarantined ones.
    pub waiting: bool,
    pub log: Option<Log>,
    pub reason: Option<String>,
    /// A day in the book's zone.
    pub day: Option<i32>,
    pub currency: Option<String>,
    /// In minor units.
    pub min_amount: Option<i64>,
}

/// The wanted rows of a run.
pub struct Listing {
    pub period: Period,
    /// `closed` or `draft`.
    pub state: &'static str,
    pub run_id: String,
    pub rows: Vec<Listed>,
    inputs: Vec<InputFile>,
}

/// A row, and its day in the book's zone; none where its time can't be read.
#[derive(Clone, Debug)]
pub struct Listed {
    pub row: Unrated,
    pub day: Option<i32>,
}

/// Rows of one log, reason, day and currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub rows: i64,
    /// As `control` counts them: reversals and debits negative, amounts that can't be read 0.
    pub amount_minor: i128,
    /// Rows whose amount can't be read.
    pub unreadable: i64,
}

/// Log, reason, day, currency.
pub type SumKey = (&'static str, String, Option<i32>, Option<String>);

/// Lists the rows of a period's close, or else of its draft.
///
/// # Errors
/// An unknown reason, or nothing was run (usage); the ledger was changed (input).
pub fn list(book: &Book, wanted: &Wanted) -> Result<Listing> {
    known_reason(wanted)?;
    let store = Store::open(&book.ledger)?;
    let period = wanted.period.map_or_else(|| latest(&store), Ok)?;
    let (run_id, state) = store.current(period)?.ok_or_else(|| never_run(&format!("{period} was not run")))?;
    let run = store.run(&run_id)?;
    let tables = run.tables()?;
    let rows = if wanted.waiting { tables.waiting } else { tables.quarantine };
    let listed = |row: Unrated| Listed { day: day(book, &row), row };
    let rows = rows.into_iter().map(listed).filter(|listed| wanted.takes(listed)).collect();
    Ok(Listing { period, state, run_id, rows, inputs: run.manifest()?.inputs })
}

fn known_reason(wanted: &Wanted) -> Result<()> {
    let known = if wanted.waiting { vec![CHARGE_UNKNOWN] } else { Reason::ALL.map(Reason::code).to_vec() };
    match wanted.reason.as_deref().filter(|reason| !known.contains(reason)) {
        None => Ok(()),
        Some(reason) => Err(Error::usage("unknown reason").expected(known.join(", ")).found(reason)),
    }
}

fn latest(store: &Store) -> Result<Period> {
    let drafts = store.drafts()?.into_iter().map(|(period, _)| period);
    let closed = store.closed_periods()?.into_iter().map(|closed| closed.period);
    drafts.chain(closed).max().ok_or_else(|| never_run("nothing was run yet"))
}

fn never_run(what: &str) -> Error {
    Error::usage(what).next("`everycent run --period YYYY-MM` first")
}

fn day(book: &Book, row: &Unrated) -> Option<i32> {
    let time = row.event_time.filter(|time| (FIRST_INSTANT..END_INSTANT).contains(time));
    time.map(|time| book.zone.day_at(time))
}

impl Wanted {
    fn takes(&self, listed: &Listed) -> bool {
        let row = &listed.row;
        self.log.is_none_or(|log| log.name() == row.log)
            && self.reason.as_ref().is_none_or(|reason| *reason == row.reason)
            && self.day.is_none_or(|day| Some(day) == listed.day)
            && (self.currency.is_none() || self.currency == row.currency)
            && self.min_amount.is_none_or(|least| row.amount_minor.is_some_and(|amount| amount >= least))
    }
}

impl Listing {
    /// The rows by log, reason, day and currency.
    ///
    /// # Errors
    /// A log in the ledger is unknown (usage).
    pub fn sums(&self) -> Result<BTreeMap<SumKey, Sum>> {
        let mut sums: BTreeMap<SumKey, Sum> = BTreeMap::new();
        for Listed { row, day } in &self.rows {
            let sum = sums.entry((row.log, row.reason.clone(), *day, row.currency.clone())).or_default();
            let (effect, needs) = effect(row)?;
            let readable = readable(row);
            sum.rows += 1;
            sum.amount_minor += i128::from(readable.unwrap_or(0)) * i128::from(effect.sign());
            sum.unreadable += i64::from(needs && readable.is_none());
        }
        Ok(sums)
    }

    /// The rows as they stand in their files, in the order of [`Listing::rows`]; each file is read once.
    ///
    /// # Errors
    /// A file is gone, or was changed since the run (input).
    pub fn raw(&self, book: &Book) -> Result<Vec<RawRow>> {
        let mut by_file: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (at, Listed { row, .. }) in self.rows.iter().enumerate() {
            by_file.entry((row.log, &row.file)).or_default().push(at);
        }
        let mut raw = vec![RawRow::new(); self.rows.len()];
        for ((log, file), places) in by_file {
            let rows = self.open(book, log, file)?;
            for at in places {
                raw[at] = rows.row(self.rows[at].row.row_group, self.rows[at].row.row)?;
            }
        }
        Ok(raw)
    }

    fn open(&self, book: &Book, log: &str, file: &str) -> Result<RawRows> {
        let source = book.logs.get(&log.parse()?).ok_or_else(|| {
            Error::usage("the book no longer names a log that the run read").found(log).next("name it again")
        })?;
        let input = self.inputs.iter().find(|input| input.log == log && input.path == file).ok_or_else(|| {
            Error::input("a listed row stands in a file that its run's manifest does not name").at(file)
        })?;
        RawRows::open(&book.root.join(&source.path), file, &input.sha256, &format!("{log} {file}"))
    }
}

/// What a row does to money, and whether it needs an amount: of an unknown kind, that is assumed.
fn effect(row: &Unrated) -> Result<(Effect, bool)> {
    let log: Log = row.log.parse()?;
    let kind = row.kind.as_deref().and_then(|kind| log.kind_named(kind));
    let effect = kind.map_or(Effect::Nothing, |kind| log.effect(kind));
    Ok((effect, log.has_money() && (kind.is_none() || effect != Effect::Nothing)))
}

/// The amount of a row, where it can be read.
fn readable(row: &Unrated) -> Option<i64> {
    let known = row.currency.as_deref().and_then(Currency::parse).is_some();
    row.amount_minor.filter(|amount| known && (0..=MOST).contains(amount))
}
