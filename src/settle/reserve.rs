//! The rolling reserve: a part of what is earned is kept back, and released by date.

use super::{Key, Settlement};
use crate::error::{Error, Result};
use crate::ledger::{Account, Entry};
use crate::money::{Exact, Rounding, round};
use crate::period::day_text;

/// Releases what has come due, then keeps back a part of what this period brought.
///
/// # Errors
/// A release beyond the calendar (usage), an amount beyond Int64 (gate).
pub fn take(s: &mut Settlement<'_>) -> Result<()> {
    release(s)?;
    let keys: Vec<Key> = s.rows.keys().cloned().collect();
    keys.iter().try_for_each(|key| keep(s, key))
}

fn release(s: &mut Settlement<'_>) -> Result<()> {
    let period = s.given.period;
    for ((party, currency, kept, until), minor) in std::mem::take(&mut s.carried.reserve) {
        // What the system before kept is released as if these terms had kept it.
        let by_terms = s.given.terms.reserve.as_ref().map(|reserve| kept.last_day().saturating_add(reserve.days));
        let until = until.or(by_terms);
        if until.is_none_or(|day| day > period.last_day()) {
            s.carried.reserve.insert((party, currency, kept, until), minor);
            continue;
        }
        let day = until.map(day_text).unwrap_or_default();
        let entry = Entry::new(period, "reserve");
        let mut entry = entry.detail("released").detail(&party).detail(currency.code());
        entry = entry.detail(&kept.to_string()).detail(&day);
        entry.post(Account::PartyReserve, Some(&party), minor, currency);
        entry.post(Account::PartyPayable, Some(&party), -minor, currency);
        entry.add_to(&mut s.postings)?;
        s.rows.entry((party, currency)).or_default().reserve_released += minor;
    }
    Ok(())
}

/// Keeps the percentage of what became payable, at most what would be paid.
fn keep(s: &mut Settlement<'_>, key: &Key) -> Result<()> {
    let (Some(reserve), Some(row)) = (&s.given.terms.reserve, s.rows.get_mut(key)) else { return Ok(()) };
    let base = row.due().max(0);
    let kept = round(&(&Exact::from(base) * &reserve.percent), Rounding::HalfEven)?.min(row.room());
    if kept == 0 {
        return Ok(());
    }
    row.reserved += kept;
    let period = s.given.period;
    let until = period.last_day().checked_add(reserve.days);
    let until = until.ok_or_else(|| Error::usage("the days of a reserve are out of range"))?;
    *s.carried.reserve.entry((key.0.clone(), key.1, period, Some(until))).or_default() += kept;
    let entry = Entry::new(period, "reserve");
    let mut entry = entry.detail("kept").detail(&key.0).detail(key.1.code()).detail(&day_text(until));
    entry = entry.detail(&reserve.percent.to_string()).detail(&base.to_string());
    entry.post(Account::PartyPayable, Some(&key.0), kept, key.1);
    entry.post(Account::PartyReserve, Some(&key.0), -kept, key.1);
    entry.add_to(&mut s.postings)?;
    Ok(())
}
