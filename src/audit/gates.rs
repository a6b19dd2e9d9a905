//! The gates of a run: the ledger's own identities (by SQL), quarantine, rates, reference corrections.

use std::collections::BTreeMap;

use super::tables::{named_first, read_by};
use crate::error::{Error, Result};
use crate::ledger::{Control, State};
use crate::log::Log;
use crate::money::{Exact, major_text};
use crate::period::Period;
use crate::pipeline::{Booked, Prepared};

/// Audit queries: each returns the rows that offend.
const AUDITS: [(&str, &str); 9] = [
    ("entries_balance", include_str!("../../queries/audits/entries_balance.sql")),
    ("earnings_add_up", include_str!("../../queries/audits/earnings_add_up.sql")),
    ("statements_add_up", include_str!("../../queries/audits/statements_add_up.sql")),
    ("balances_add_up", include_str!("../../queries/audits/balances_add_up.sql")),
    ("currencies_cancel", include_str!("../../queries/audits/currencies_cancel.sql")),
    ("statements_meet_balances", include_str!("../../queries/audits/statements_meet_balances.sql")),
    ("pots_add_up", include_str!("../../queries/audits/pots_add_up.sql")),
    ("steps_stand_on_accounts", include_str!("../../queries/audits/steps_stand_on_accounts.sql")),
    ("money_stands_where_it_says", include_str!("../../queries/audits/money_stands_where_it_says.sql")),
];

/// Refuses a run that breaks a gate.
///
/// # Errors
/// The first gate that refuses (exit 4).
pub fn check(input: &Prepared, state: &State, period: Period, booked: &Booked) -> Result<()> {
    all_rows_counted(input, &booked.tables.control)?;
    identities(input, booked)?;
    carried(state, booked)?;
    quarantine(input, period, &booked.tables.control)?;
    rates(input, state, period, booked)?;
    reference_corrections(input, period, booked)
}

/// Every row read has one fate.
fn all_rows_counted(input: &Prepared, control: &[Control]) -> Result<()> {
    let counted: i64 = control.iter().map(|c| c.total_rows).sum();
    if usize::try_from(counted) == Ok(input.rows.len()) {
        return Ok(());
    }
    Err(Error::gate("the fates do not add up to what was read")
        .expected(input.rows.len().to_string())
        .found(counted.to_string()))
}

fn identities(input: &Prepared, booked: &Booked) -> Result<()> {
    for (name, sql) in AUDITS {
        let tables = read_by(sql, &booked.tables)?;
        let answer = input.engine.run(&format!("queries/audits/{name}.sql"), sql, &tables)?;
        let offending: usize = answer.iter().map(arrow::array::RecordBatch::num_rows).sum();
        if offending > 0 {
            let shown = arrow::util::pretty::pretty_format_batches(&answer).map(|t| t.to_string()).unwrap_or_default();
            return Err(Error::gate(format!("the audit {name} found {offending} rows"))
                .at(format!("queries/audits/{name}.sql"))
                .expected("no row")
                .found(named_first(&answer, &booked.tables).unwrap_or_else(|| format!("{offending} rows")))
                .picture(shown.lines().take(12).collect::<Vec<_>>().join("\n"))
                .next("this is a bug of ours: please report it with the book"));
        }
    }
    Ok(())
}

/// What the next settlement goes on from is what stands on the accounts: holds (with parts that lack a rate), reserves.
fn carried(state: &State, booked: &Booked) -> Result<()> {
    let mut open: BTreeMap<(&str, &str, &str), i128> = BTreeMap::new();
    for row in &booked.tables.balances {
        if let ("party_held" | "party_reserve", Some(party)) = (row.account.as_str(), &row.party_id) {
            *open.entry((row.account.as_str(), party, row.currency.as_str())).or_default() -=
                i128::from(row.closing_minor);
        }
    }
    for row in &booked.pins.carried {
        let account = match row.what.as_str() {
            "held" => "party_held",
            "reserve" => "party_reserve",
            _ => continue,
        };
        *open.entry((account, &row.party_id, &row.currency)).or_default() -= i128::from(row.amount_minor);
    }
    if open.values().all(|minor| *minor == 0) {
        return Ok(());
    }
    for (key, line) in state.earnings() {
        for part in line.parts.iter().filter(|part| part.rate.is_none()) {
            *open.entry(("party_held", &part.party_id, &key.currency)).or_default() -= part.minor;
        }
    }
    for row in booked.tables.earnings.iter() {
        for part in row.parts().filter(|part| part.rate.is_none()) {
            let key = ("party_held", part.party_id, row.head().currency.code());
            *open.entry(key).or_default() -= i128::from(part.minor);
        }
    }
    match open.iter().find(|(_, minor)| **minor != 0) {
        None => Ok(()),
        Some(((account, _, currency), minor)) => {
            Err(Error::gate("what settlements carry is not what stands on the account")
                .at(format!("{account}, {currency}"))
                .expected("holds, reserves and parts without a rate that add up to the balance")
                .found(format!("{minor} minor units more on the account"))
                .next("this is a bug of ours: please report it with the book"))
        }
    }
}

/// The share of new rows, and of new money by currency, that is quarantined.
fn quarantine(input: &Prepared, period: Period, control: &[Control]) -> Result<()> {
    for (log, source) in &input.book.logs {
        let ours: Vec<&Control> = control.iter().filter(|c| c.log == log.name() && c.fate != "later").collect();
        let rows = share(&ours, |c| i128::from(c.rows));
        let with = Bounded { input, period, log: *log, reasons: reasons(&ours) };
        with.check("quarantined_rows", "rows", rows, &source.quarantined_rows)?;
        let mut by_currency: BTreeMap<&str, Vec<&Control>> = BTreeMap::new();
        for row in &ours {
            by_currency.entry(row.currency.as_deref().unwrap_or("")).or_default().push(row);
        }
        for (currency, rows) in by_currency {
            let amount = share(&rows, |c| i128::from(c.amount_minor.unsigned_abs()));
            with.check("quarantined_amount", currency, amount, &source.quarantined_amount)?;
        }
    }
    Ok(())
}

/// Quarantined over all that became known, of a number per control row; `None` where nothing did.
fn share(rows: &[&Control], of: impl Fn(&Control) -> i128) -> Option<Exact> {
    let positive = |c: &&&Control| c.rows > 0;
    let all: i128 = rows.iter().filter(positive).map(|c| of(c)).sum();
    let bad: i128 = rows.iter().filter(positive).filter(|c| c.fate == "quarantined").map(|c| of(c)).sum();
    Exact::ratio(bad, all).filter(|_| all > 0)
}

/// Reasons of what was quarantined since the last close, with their rows.
fn reasons(rows: &[&Control]) -> String {
    let bad = rows.iter().filter(|c| c.fate == "quarantined" && c.rows > 0);
    let text = |c: &&Control| format!("{} {}", c.rows, c.reason.as_deref().unwrap_or(""));
    bad.map(text).collect::<Vec<_>>().join(", ")
}

struct Bounded<'a> {
    input: &'a Prepared,
    period: Period,
    log: Log,
    reasons: String,
}

impl Bounded<'_> {
    fn check(&self, gate: &str, what: &str, found: Option<Exact>, limit: &Exact) -> Result<()> {
        let limit = self.input.book.bound(gate, self.log.name(), self.period).unwrap_or_else(|| limit.clone());
        let Some(found) = found.filter(|found| *found > limit) else { return Ok(()) };
        Err(Error::gate(format!("too much of {} is quarantined ({what})", self.log.name()))
            .at(format!("{gate}, {}", self.period))
            .expected(format!("at most {} of what became known since the last close", percent(&limit)))
            .found(format!("{}: {}", percent(&found), self.reasons))
            .next("have the log mended; or put a [[bound]] with two names in everycent.toml, or record one with `everycent quarantine redrive --waive`"))
    }
}

/// A share as a percentage with two digits, rounded half to even.
fn percent(share: &Exact) -> String {
    let hundredths =
        crate::money::round(&(share * &Exact::from(10_000_i64)), crate::money::Rounding::HalfEven).unwrap_or(0);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Rates that this run read are held against the quotes before them.
fn rates(input: &Prepared, state: &State, period: Period, booked: &Booked) -> Result<()> {
    let pinned: Vec<_> = state.pins().rates.iter().filter(|r| r.rate.is_some()).collect();
    for (key, used) in &booked.used {
        let Some(day) = used.table_day else { continue };
        let is_pinned = pinned.iter().any(|p| {
            p.earning_period == key.earning_period.to_string() && p.from == key.from.code() && p.to == key.to.code()
        });
        for currency in [key.from, key.to] {
            let limit = input
                .book
                .bound("fx_change", currency.code(), period)
                .unwrap_or_else(|| input.book.gates.fx_change.clone());
            let waived = input.book.bound("fx_change", currency.code(), period).is_some();
            match input.references.fx.guard(currency, day, &limit) {
                Some(fault) if !(is_pinned || fault.inverted && waived) => {
                    return Err(Error::gate("a rate is not to be trusted")
                        .at(format!("fx_rates, {}", currency.code()))
                        .expected(format!("within {} of the quote before, and not nearer to its inverse", percent(&limit)))
                        .found(fault.to_string())
                        .next("have the rate confirmed; then put a [[bound]] with gate fx_change and two names in everycent.toml"));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn reference_corrections(input: &Prepared, period: Period, booked: &Booked) -> Result<()> {
    for (currency, (moved, of)) in &booked.reference_moves {
        let limit = input.book.bound("reference_correction", currency.code(), period);
        let limit = limit.unwrap_or_else(|| input.book.gates.reference_correction.clone());
        let most = &limit * &Exact::from(*of);
        if Exact::from(*moved) > most {
            return Err(Error::gate("a changed reference would move closed periods")
                .at(format!("reference_correction, {}", currency.code()))
                .expected(format!("at most {} of what closed periods booked", percent(&limit)))
                .found(format!("{} of {}", major_text(*moved, *currency), major_text(*of, *currency)))
                .next("look at what changed in the references; if it is right, put a [[bound]] with two names in everycent.toml"));
        }
    }
    Ok(())
}
