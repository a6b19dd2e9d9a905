//! The minimum payout: enough is paid whole; less is carried, lapses after some months, or is forfeited at once.

use super::{Key, Row, Settlement};
use crate::error::{Error, Result};
use crate::ledger::{Account, Entry, Payout, age_layers};
use crate::money::{Currency, to_minor};
use crate::period::Period;
use crate::policy::Below;

/// Pays, carries or forfeits what the other steps left.
///
/// # Errors
/// An amount beyond Int64 (gate), a due date beyond the calendar (usage).
pub fn take(s: &mut Settlement<'_>) -> Result<()> {
    let keys: Vec<Key> = s.rows.keys().cloned().collect();
    for key in keys {
        let row = s.rows.get(&key).copied().unwrap_or_default();
        let payout = payout(s, &key, row.payable());
        let lapsed = if payout == 0 { lapsed(s, &key, &row) } else { 0 };
        pay(s, &key, payout)?;
        forfeit(s, &key, lapsed)?;
        let row = s.rows.entry(key).or_default();
        (row.payout, row.forfeited) = (payout, lapsed);
    }
    Ok(())
}

/// What is paid: a payable balance of at least the minimum, whole. In a currency that the party was paid in before and
/// no longer is, there is no minimum.
fn payout(s: &Settlement<'_>, (party, currency): &Key, payable: i128) -> i128 {
    let (parties, last) = (s.given.parties, s.given.period.last_day());
    let Some(now) = parties.on(party, last) else { return 0 };
    let left_over = now.payout_currency != *currency && parties.currencies_until(party, last).contains(currency);
    let minimum = if left_over { 1 } else { s.given.terms.minimum_payout.get(currency).copied().unwrap_or(1).max(1) };
    if payable >= i128::from(minimum) { payable } else { 0 }
}

/// Of what is not paid, the part that lapses: all of it, or what has been carried for too many months, the oldest first.
fn lapsed(s: &Settlement<'_>, (party, currency): &Key, row: &Row) -> i128 {
    let payable = row.payable();
    if payable <= 0 {
        return 0;
    }
    match (s.given.terms.below, s.given.terms.expires_months) {
        (Below::Forfeit, _) => payable,
        (Below::Carry, None) => 0,
        (Below::Carry, Some(months)) => {
            let period = s.given.period;
            let layers = age_layers(&(s.given.layers)(party, *currency), row.opening - payable, period);
            let is_old = |booked: Period| booked.ordinal() + months <= period.ordinal();
            layers.iter().filter(|(booked, _)| is_old(*booked)).map(|(_, minor)| -minor).sum()
        }
    }
}

fn forfeit(s: &mut Settlement<'_>, (party, currency): &Key, lapsed: i128) -> Result<()> {
    let mut entry = Entry::new(s.given.period, "forfeit").detail(party).detail(currency.code());
    entry.post(Account::PartyPayable, Some(party), lapsed, *currency);
    entry.post(Account::Forfeited, None, -lapsed, *currency);
    entry.add_to(&mut s.postings)?;
    Ok(())
}

fn pay(s: &mut Settlement<'_>, (party, currency): &Key, payout: i128) -> Result<()> {
    if payout == 0 {
        return Ok(());
    }
    let period = s.given.period;
    let mut entry = Entry::new(period, "payout").detail(party).detail(currency.code());
    entry.post(Account::PartyPayable, Some(party), payout, *currency);
    entry.post(Account::PayoutClearing, None, -payout, *currency);
    entry.add_to(&mut s.postings)?;
    let due = period.last_day().checked_add(s.given.terms.due_days);
    s.payouts.push(Payout {
        payout_id: payout_id(period, party, *currency),
        party_id: party.clone(),
        currency: currency.code().to_owned(),
        amount_minor: to_minor(payout, "a payout")?,
        due_date: due.ok_or_else(|| Error::usage("due_days is out of range"))?,
    });
    Ok(())
}

/// Readable and unique: one payout for a period, party and currency.
fn payout_id(period: Period, party: &str, currency: Currency) -> String {
    format!("{period}|{}|{}", currency.code(), crate::ledger::escape(party))
}
