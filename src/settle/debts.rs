//! Debts: those in a currency that the party is no longer paid in, and those that another party stands in for.

use super::{Key, Settlement};
use crate::error::Result;
use crate::ledger::{Account, Entry};
use crate::money::{Exact, Rounding, convert, round};

/// A debt left in a currency that the party is no longer paid in goes over at the period-end rate, once.
///
/// # Errors
/// An amount beyond Int64 (gate).
pub fn move_old(s: &mut Settlement<'_>) -> Result<()> {
    let (parties, last) = (s.given.parties, s.given.period.last_day());
    let mut moves = Vec::new();
    for ((party, from), row) in s.rows.iter().filter(|(_, row)| row.payable() < 0) {
        let Some(to) = parties.on(party, last).map(|p| p.payout_currency).filter(|to| to != from) else { continue };
        if !parties.currencies_until(party, last).contains(from) {
            continue;
        }
        let Some(rate) = (s.given.rate)(*from, to)? else { continue };
        let debt = row.payable();
        let converted = round(&convert(&Exact::from(debt), *from, to, &rate), Rounding::HalfEven)?;
        moves.push((party.clone(), *from, to, debt, converted));
    }
    for (party, from, to, debt, converted) in moves {
        s.rows.entry((party.clone(), from)).or_default().moved -= debt;
        s.rows.entry((party.clone(), to)).or_default().moved += converted;
        let mut entry = Entry::new(s.given.period, "move").detail(&party).detail(from.code()).detail(to.code());
        entry.post(Account::PartyPayable, Some(&party), debt, from);
        entry.post(Account::Fx, None, -debt, from);
        entry.post(Account::Fx, None, converted, to);
        entry.post(Account::PartyPayable, Some(&party), -converted, to);
        entry.add_to(&mut s.postings)?;
    }
    Ok(())
}

/// What a party owes is taken from the party that stands in for it on the period's last day, in the same currency. What
/// that one owes in turn stays with it.
///
/// # Errors
/// An amount beyond Int64 (gate).
pub fn stand_in(s: &mut Settlement<'_>) -> Result<()> {
    let last = s.given.period.last_day();
    let owing = s.rows.iter().filter(|(_, row)| row.payable() < 0);
    let taken: Vec<(Key, String, i128)> = owing
        .filter_map(|(key, row)| {
            let second = s.given.parties.on(&key.0, last)?.stand_in.clone()?;
            Some((key.clone(), second, -row.payable()))
        })
        .collect();
    for ((party, currency), second, debt) in taken {
        let entry = Entry::new(s.given.period, "stand_in");
        let mut entry = entry.detail(&party).detail(&second).detail(currency.code());
        entry.post(Account::PartyPayable, Some(&party), -debt, currency);
        entry.post(Account::PartyPayable, Some(&second), debt, currency);
        entry.add_to(&mut s.postings)?;
        s.rows.entry((party, currency)).or_default().stand_in += debt;
        s.rows.entry((second, currency)).or_default().stand_in -= debt;
    }
    Ok(())
}
