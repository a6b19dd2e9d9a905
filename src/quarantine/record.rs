//! Records what two people decide: in `redrive.toml`, and nowhere else. The next run follows it.

use crate::book::{Book, Bound};
use crate::error::{Error, Result};
use crate::fate::{Fate, Reason};
use crate::intake::{Stage, Standing, stand};
use crate::ledger::{State, Store};
use crate::log::Log;
use crate::money::Exact;
use crate::period::Period;
use crate::pipeline::{Prepared, knowledge, prepare_with};
use crate::query::Engine;
use crate::redrive::{Redrive, Stands, waived_toml};

/// Records which of a conflict's rows stands, after it was held against every row that a run would read.
///
/// # Errors
/// One person for two, no such row, or nothing to decide (usage); a closed period has rated the id (closed); whatever
/// keeps a run from reading its inputs.
pub fn let_stand(book: &Book, stands: &Stands, engine: Engine, progress: &(dyn Fn(u64) + Sync)) -> Result<()> {
    let store = Store::open(&book.ledger)?;
    let _lock = store.lock()?;
    let state = State::of_ledger(&store, book.first_period)?;
    let redrive = Redrive::of_book(&book.root)?.with(&stands.toml())?;
    let input = prepare_with(engine, book, &redrive, &store, &state, None, progress)?;
    let standing = stand(&input.rows, &knowledge(&input, &state)?, &input.decided, i64::MAX)?;
    decides_something(&input, &standing, stands)?;
    redrive.put(&book.root)
}

/// There must be rows that differ, and no close that has rated one of them.
fn decides_something(input: &Prepared, standing: &Standing, stands: &Stands) -> Result<()> {
    let log: Log = stands.log.parse()?;
    let is_of_id = |row: u32| {
        input.rows.records[row as usize].log == log && input.rows.text(row, "event_id") == Some(&stands.event_id)
    };
    let all = 0..u32::try_from(input.rows.len()).unwrap_or(u32::MAX);
    let mut differing = all.filter(|row| standing.fates[*row as usize] == Some(Fate::Quarantined(Reason::Conflict)));
    let nothing = |found: &str| {
        Err(Error::usage("there is nothing to decide")
            .at(format!("{} {}", stands.log, stands.event_id))
            .expected("rows of one event that differ, none of them rated by a closed period")
            .found(found))
    };
    if !differing.any(is_of_id) {
        return nothing("no rows that differ");
    }
    match standing.rows.iter().any(|(row, stage)| *stage == Stage::Known && is_of_id(*row)) {
        true => nothing("a closed period has rated this very row: it stands"),
        false => Ok(()),
    }
}

/// Records a bound that lets a gate pass, as a `[[bound]]` of the book does.
///
/// # Errors
/// An unknown gate or scope, one person for two, or a bound that has expired (usage).
pub fn waive(book: &Book, bound: &Bound) -> Result<()> {
    let store = Store::open(&book.ledger)?;
    let _lock = store.lock()?;
    let redrive = Redrive::of_book(&book.root)?.with(&waived_toml(bound))?;
    widens(book, bound)?;
    let first_open = State::of_ledger(&store, book.first_period)?.first_open();
    if bound.expires.parse::<Period>()? < first_open {
        return Err(Error::usage("the bound has expired before it is recorded")
            .expected(format!("{first_open}, the first open period, or later"))
            .found(bound.expires.clone()));
    }
    redrive.put(&book.root)
}

/// A waived bound allows more than the book does; a narrower one would refuse more.
fn widens(book: &Book, bound: &Bound) -> Result<()> {
    let source = || {
        let log = book.logs.get(&bound.scope.parse()?);
        log.ok_or_else(|| Error::usage("the book has no such log").found(bound.scope.clone()))
    };
    let limit = match bound.gate.as_str() {
        "quarantined_rows" => &source()?.quarantined_rows,
        "quarantined_amount" => &source()?.quarantined_amount,
        "fx_change" => &book.gates.fx_change,
        _ => &book.gates.reference_correction,
    };
    match Exact::parse(&bound.value).is_some_and(|value| value >= *limit) {
        true => Ok(()),
        false => Err(Error::usage("the bound allows less than the book does without it")
            .at(format!("{} {}", bound.gate, bound.scope))
            .expected("a wider share")
            .found(bound.value.clone())),
    }
}
