//! Settle: a party's account for one period, from what earn and the ledger say. Pure.
//!
//! The order of section 5 of the contract: opening, earning lines, corrections, adjustments, balances left in an old
//! payout currency, parts without a rate held, minimum payout, payout.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::ledger::{Account, Entry, Journal, Payout, Statement};
use crate::money::{Currency, Exact, Rounding, convert, round, to_minor};
use crate::period::Period;
use crate::policy::Terms;
use crate::reference::Parties;

/// A party and a currency.
pub type Key = (String, Currency);

/// What a settlement starts from; amounts in minor units, in the party's favour positive.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    pub opening: BTreeMap<Key, i128>,
    pub earned: BTreeMap<Key, i128>,
    pub corrections: BTreeMap<Key, i128>,
    pub adjustments: BTreeMap<Key, i128>,
    /// Parts without a rate, already among earned and corrections.
    pub no_rate: BTreeMap<Key, i128>,
}

/// What a settlement yields.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    pub statements: Vec<Statement>,
    pub payouts: Vec<Payout>,
    pub postings: Journal,
}

/// A rate at the period's end from one currency to another, if there is one.
pub type PeriodEndRate<'a> = &'a dyn Fn(Currency, Currency) -> Result<Option<Exact>>;

/// Settles every party that has anything.
///
/// # Errors
/// An amount beyond Int64 (gate).
pub fn settle(
    period: Period,
    inputs: &Inputs,
    terms: &Terms,
    parties: &Parties,
    rate: PeriodEndRate<'_>,
) -> Result<Settled> {
    let mut settled = Settled::default();
    let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
    for key in keys(inputs) {
        let get = |map: &BTreeMap<Key, i128>| map.get(&key).copied().unwrap_or(0);
        let row = Row {
            opening: get(&inputs.opening),
            earned: get(&inputs.earned),
            corrections: get(&inputs.corrections),
            adjustments: get(&inputs.adjustments),
            held: get(&inputs.no_rate),
            ..Row::default()
        };
        rows.insert(key, row);
    }
    move_old_debts(period, &mut rows, parties, rate, &mut settled)?;
    for ((party, currency), row) in &rows {
        hold(period, party, *currency, row.held, &mut settled)?;
        let payout = payout(row.payable(), *currency, party, period, terms, parties);
        pay(period, party, *currency, payout, terms, &mut settled)?;
        let statement = row.statement(party, *currency, payout)?;
        if has_amounts(&statement) {
            settled.statements.push(statement);
        }
    }
    Ok(settled)
}

fn keys(inputs: &Inputs) -> BTreeSet<Key> {
    let maps = [&inputs.opening, &inputs.earned, &inputs.corrections, &inputs.adjustments, &inputs.no_rate];
    maps.into_iter().flat_map(|m| m.keys().cloned()).collect()
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    opening: i128,
    earned: i128,
    corrections: i128,
    adjustments: i128,
    moved: i128,
    held: i128,
}

impl Row {
    fn payable(&self) -> i128 {
        self.opening + self.earned + self.corrections + self.adjustments + self.moved - self.held
    }

    fn statement(&self, party: &str, currency: Currency, payout: i128) -> Result<Statement> {
        let minor = |value: i128| to_minor(value, "a statement's amount");
        Ok(Statement {
            party_id: party.to_owned(),
            currency: currency.code().to_owned(),
            opening_minor: minor(self.opening)?,
            earned_minor: minor(self.earned)?,
            corrections_minor: minor(self.corrections)?,
            adjustments_minor: minor(self.adjustments)?,
            moved_minor: minor(self.moved)?,
            held_minor: minor(self.held)?,
            payable_minor: minor(self.payable())?,
            payout_minor: minor(payout)?,
            closing_minor: minor(self.payable() - payout)?,
            ..Statement::default()
        })
    }
}

fn has_amounts(s: &Statement) -> bool {
    let amounts = [
        s.opening_minor,
        s.earned_minor,
        s.corrections_minor,
        s.adjustments_minor,
        s.moved_minor,
        s.held_minor,
        s.payable_minor,
        s.payout_minor,
        s.closing_minor,
    ];
    amounts.iter().any(|a| *a != 0)
}

/// A debt left in a currency that the party is no longer paid in goes over at the period-end rate, once.
fn move_old_debts(
    period: Period,
    rows: &mut BTreeMap<Key, Row>,
    parties: &Parties,
    rate: PeriodEndRate<'_>,
    settled: &mut Settled,
) -> Result<()> {
    let last = period.last_day();
    let mut moves = Vec::new();
    for ((party, from), row) in rows.iter().filter(|(_, row)| row.payable() < 0) {
        let Some(to) = parties.on(party, last).map(|p| p.payout_currency).filter(|to| to != from) else { continue };
        if !parties.currencies_until(party, last).contains(from) {
            continue;
        }
        let Some(rate) = rate(*from, to)? else { continue };
        let debt = row.payable();
        let converted = round(&convert(&Exact::from(debt), *from, to, &rate), Rounding::HalfEven)?;
        moves.push((party.clone(), *from, to, debt, converted));
    }
    for (party, from, to, debt, converted) in moves {
        rows.entry((party.clone(), from)).or_default().moved -= debt;
        rows.entry((party.clone(), to)).or_default().moved += converted;
        let mut entry = Entry::new(period, "move").detail(&party).detail(from.code()).detail(to.code());
        entry.post(Account::PartyPayable, Some(&party), debt, from);
        entry.post(Account::Fx, None, -debt, from);
        entry.post(Account::Fx, None, converted, to);
        entry.post(Account::PartyPayable, Some(&party), -converted, to);
        entry.add_to(&mut settled.postings)?;
    }
    Ok(())
}

/// Parts without a rate leave `party_payable` for `party_held`; when the rate has come, they go back.
fn hold(period: Period, party: &str, currency: Currency, held: i128, settled: &mut Settled) -> Result<()> {
    let mut entry = Entry::new(period, "hold").detail(party).detail(currency.code());
    entry.post(Account::PartyPayable, Some(party), held, currency);
    entry.post(Account::PartyHeld, Some(party), -held, currency);
    entry.add_to(&mut settled.postings)?;
    Ok(())
}

/// What is paid: a payable balance of at least the minimum, whole. In a currency that the party was paid in before and
/// no longer is, there is no minimum.
fn payout(payable: i128, currency: Currency, party: &str, period: Period, terms: &Terms, parties: &Parties) -> i128 {
    let last = period.last_day();
    let Some(now) = parties.on(party, last) else { return 0 };
    let left_over = now.payout_currency != currency && parties.currencies_until(party, last).contains(&currency);
    let minimum = if left_over { 1 } else { terms.minimum_payout.get(&currency).copied().unwrap_or(1).max(1) };
    if payable >= i128::from(minimum) { payable } else { 0 }
}

fn pay(
    period: Period,
    party: &str,
    currency: Currency,
    payout: i128,
    terms: &Terms,
    settled: &mut Settled,
) -> Result<()> {
    if payout == 0 {
        return Ok(());
    }
    let mut entry = Entry::new(period, "payout").detail(party).detail(currency.code());
    entry.post(Account::PartyPayable, Some(party), payout, currency);
    entry.post(Account::PayoutClearing, None, -payout, currency);
    entry.add_to(&mut settled.postings)?;
    let due = period.last_day().checked_add(terms.due_days).ok_or_else(|| Error::usage("due_days is out of range"))?;
    settled.payouts.push(Payout {
        payout_id: payout_id(period, party, currency),
        party_id: party.to_owned(),
        currency: currency.code().to_owned(),
        amount_minor: to_minor(payout, "a payout")?,
        due_date: due,
    });
    Ok(())
}

/// Readable and unique: one payout for a period, party and currency.
fn payout_id(period: Period, party: &str, currency: Currency) -> String {
    format!("{period}|{}|{}", currency.code(), crate::ledger::escape(party))
}
