//! Debts: those in a currency that the party is no longer paid in, and those that another party stands in for.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Key, Settlement};
use crate::error::{Error, Result};
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

/// What a party owes, after it has stood in for others, is taken from the party that stands in for it on the period's last
/// day, in the same currency. Who stands in at the end of a chain keeps the debt.
///
/// # Errors
/// An amount beyond Int64 (gate); a circle of parties, which references do not have (bug).
pub fn stand_in(s: &mut Settlement<'_>) -> Result<()> {
    let mut owing: BTreeSet<(Reverse<usize>, Key)> = BTreeSet::new();
    for (key, _) in s.rows.iter().filter(|(_, row)| row.payable() < 0) {
        owing.insert((Reverse(chain_of(s, &key.0)?), key.clone()));
    }
    // Who is furthest from the end of the chain comes first, so that all that a party stands in for is there when it is asked.
    while let Some((Reverse(length), (party, currency))) = owing.pop_first() {
        let Some(second) = second_of(s, &party) else { continue };
        let debt = -s.rows.get(&(party.clone(), currency)).map_or(0, super::Row::payable);
        let entry = Entry::new(s.given.period, "stand_in");
        let mut entry = entry.detail(&party).detail(&second).detail(currency.code());
        entry.post(Account::PartyPayable, Some(&party), -debt, currency);
        entry.post(Account::PartyPayable, Some(&second), debt, currency);
        entry.add_to(&mut s.postings)?;
        s.rows.entry((party, currency)).or_default().stand_in += debt;
        let row = s.rows.entry((second.clone(), currency)).or_default();
        row.stand_in -= debt;
        if row.payable() < 0 {
            owing.insert((Reverse(length - 1), (second, currency)));
        }
    }
    Ok(())
}

fn second_of(s: &Settlement<'_>, party: &str) -> Option<String> {
    s.given.parties.on(party, s.given.period.last_day())?.stand_in.clone()
}

/// How many parties stand in for a party, one for the other.
fn chain_of(s: &Settlement<'_>, party: &str) -> Result<usize> {
    let mut seen = vec![party.to_owned()];
    while let Some(second) = seen.last().and_then(|last| second_of(s, last)) {
        if seen.contains(&second) {
            return Err(Error::bug("parties stand in for each other in a circle").found(seen.join(", ")));
        }
        seen.push(second);
    }
    Ok(seen.len() - 1)
}
