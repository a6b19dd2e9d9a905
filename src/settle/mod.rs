//! Settle: a party's account for one period, from what earn and the ledger say. Pure.
//!
//! The order of section 5 of the contract: opening, earning lines, corrections, adjustments, [`hold`], [`debts`], then
//! [`recoup`], [`withhold`] and [`reserve`] as the terms order them, and [`minimum`]. Each rule is one file, takes the
//! rows as the rules before left them, and books what it moves. [`carried`] is what the next settlement goes on from.

mod account;
mod carried;
mod debts;
mod hold;
mod minimum;
mod recoup;
mod reserve;
mod withhold;

use std::collections::BTreeMap;

use account::Row;
pub use carried::{Carried, HeldKey, PayersKey};

use crate::error::Result;
use crate::ledger::{Journal, Layers, Payout, Statement};
use crate::money::{Currency, Exact};
use crate::period::Period;
use crate::policy::{SettleStep, Terms};
use crate::reference::{Advances, Parties};

/// A party and a currency.
pub type Key = (String, Currency);
/// Party, currency, program.
pub type ProgramKey = (String, Currency, String);

/// What a period books; amounts in minor units, in the party's favour positive.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    pub opening: BTreeMap<Key, i128>,
    pub earned: BTreeMap<Key, i128>,
    pub corrections: BTreeMap<Key, i128>,
    pub adjustments: BTreeMap<Key, i128>,
    /// Parts without a rate, already among earned and corrections.
    pub no_rate: BTreeMap<Key, i128>,
    /// Earned and corrections by program, without parts that lack a rate; of parties that [`Carried::by_program`] names.
    pub booked: BTreeMap<ProgramKey, i128>,
    /// The platform's part of what those parties earned as creators, in event currency.
    pub platform: BTreeMap<ProgramKey, i128>,
    /// Of all that is booked by now, what is still on hold after this period.
    pub undue: BTreeMap<HeldKey, i128>,
    /// Of all that is booked by now, what this period releases.
    pub falling_due: BTreeMap<HeldKey, i128>,
    /// Of all that is booked by now, what payers of a country brought and is on hold no more.
    pub payers: BTreeMap<PayersKey, i128>,
}

/// What a settlement goes by.
pub struct Given<'a> {
    pub period: Period,
    pub terms: &'a Terms,
    pub parties: &'a Parties,
    pub advances: &'a Advances,
    /// From the settlement before.
    pub carried: &'a Carried,
    /// By party, the case of each tax that holds for it, in the order of taxes.
    pub withholding: &'a BTreeMap<String, Vec<usize>>,
    /// A rate at the period's end from one currency to another, if there is one.
    pub rate: &'a dyn Fn(Currency, Currency) -> Result<Option<Exact>>,
    /// What a party's opening balance is made of: debit positive, by the period that booked it, the oldest first.
    pub layers: &'a dyn Fn(&str, Currency) -> Layers,
}

/// What a settlement yields.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    pub statements: Vec<Statement>,
    pub payouts: Vec<Payout>,
    pub postings: Journal,
    pub carried: Carried,
}

/// A settlement while its steps are taken.
struct Settlement<'a> {
    given: &'a Given<'a>,
    inputs: &'a Inputs,
    rows: BTreeMap<Key, Row>,
    /// For the next settlement.
    carried: Carried,
    postings: Journal,
    payouts: Vec<Payout>,
}

/// Settles every party that has anything.
///
/// # Errors
/// An amount beyond Int64 (gate).
pub fn settle(given: &Given<'_>, inputs: &Inputs) -> Result<Settled> {
    let mut s = Settlement::opened(given, inputs);
    hold::take(&mut s)?;
    debts::move_old(&mut s)?;
    for step in &given.terms.order {
        match step {
            SettleStep::StandIn => debts::stand_in(&mut s)?,
            SettleStep::Recoupment => recoup::take(&mut s)?,
            SettleStep::Withholding => withhold::take(&mut s)?,
            SettleStep::Reserve => reserve::take(&mut s)?,
        }
    }
    minimum::take(&mut s)?;
    let rows = s.rows.iter().filter(|(_, row)| row.has_amounts());
    let statements = rows.map(|((party, currency), row)| row.statement(party, *currency)).collect::<Result<_>>()?;
    Ok(Settled { statements, payouts: s.payouts, postings: s.postings, carried: s.carried })
}

impl<'a> Settlement<'a> {
    fn opened(given: &'a Given<'a>, inputs: &'a Inputs) -> Self {
        let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
        let mut put = |map: &BTreeMap<Key, i128>, field: fn(&mut Row) -> &mut i128| {
            for (key, minor) in map {
                *field(rows.entry(key.clone()).or_default()) += minor;
            }
        };
        put(&inputs.opening, |row| &mut row.opening);
        put(&inputs.earned, |row| &mut row.earned);
        put(&inputs.corrections, |row| &mut row.corrections);
        put(&inputs.adjustments, |row| &mut row.adjustments);
        let carried = Carried { held: BTreeMap::new(), payers: inputs.payers.clone(), ..given.carried.clone() };
        Self { given, inputs, rows, carried, postings: Journal::default(), payouts: Vec::new() }
    }

    /// What programs paid a party this period, as far as it can be paid now.
    fn due_of(&self, key: &Key, takes: impl Fn(&str) -> bool) -> i128 {
        let first = (key.0.clone(), key.1, String::new());
        let booked = self.inputs.booked.range(first.clone()..);
        let booked = booked.take_while(|((party, currency, _), _)| (party, currency) == (&key.0, &key.1));
        let booked: i128 = booked.filter(|((.., program), _)| takes(program)).map(|(_, minor)| minor).sum();
        let held = |map: &BTreeMap<HeldKey, i128>| -> i128 {
            let from = (first.0.clone(), first.1, first.2.clone(), None);
            let ours = map.range(from..).take_while(|((party, currency, ..), _)| (party, currency) == (&key.0, &key.1));
            ours.filter(|((_, _, program, _), _)| takes(program)).map(|(_, minor)| minor).sum()
        };
        booked - held(&self.inputs.undue) + held(&self.given.carried.held)
    }
}
