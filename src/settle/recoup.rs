//! Advances: granted once, recouped from what comes in, never below zero.

use super::carried::{PayersKey, Recouped};
use super::{Key, Settlement};
use crate::error::Result;
use crate::ledger::{Account, Entry};
use crate::money::{Exact, Rounding, round};
use crate::reference::{Advance, From};

/// Grants and recoups every advance of up to the period, the oldest one first.
///
/// # Errors
/// An amount beyond Int64 (gate).
pub fn take(s: &mut Settlement<'_>) -> Result<()> {
    let period = s.given.period;
    for advance in s.given.advances.iter().filter(|advance| advance.is_granted_by(period)) {
        let key = (advance.party.clone(), advance.currency, advance.id.clone());
        let mut so_far = s.carried.advances.get(&key).copied().unwrap_or_default();
        grant(s, advance, &mut so_far)?;
        if advance.is_recouped_in(period) {
            recoup(s, advance, &key, &mut so_far)?;
        }
        s.carried.advances.insert(key, so_far);
    }
    Ok(())
}

/// An entry about an advance.
fn entry(s: &Settlement<'_>, kind: &'static str, advance: &Advance) -> Entry {
    let entry = Entry::new(s.given.period, kind);
    entry.detail(&advance.party).detail(advance.currency.code()).detail(&advance.id)
}

/// Books what was granted and is not booked yet: paid to the party, or by it.
fn grant(s: &mut Settlement<'_>, advance: &Advance, so_far: &mut Recouped) -> Result<()> {
    let granted = i128::from(advance.granted);
    let more = granted - so_far.granted;
    so_far.granted = granted;
    let (mut entry, owed) = (entry(s, "advance", advance), sign(advance) * more);
    entry.post(Account::AdvanceReceivable, Some(&advance.party), owed, advance.currency);
    entry.post(Account::PayoutClearing, None, -owed, advance.currency);
    entry.add_to(&mut s.postings)
}

/// An advance that the party had is owed by it, one that it paid is owed to it.
fn sign(advance: &Advance) -> i128 {
    if advance.from == From::Creator { 1 } else { -1 }
}

/// The rate's part of the base, at most what is open; of a party, at most what it would be paid.
fn recoup(s: &mut Settlement<'_>, advance: &Advance, key: &PayersKey, so_far: &mut Recouped) -> Result<()> {
    let open = (so_far.granted - so_far.recouped).max(0);
    let account: Key = (advance.party.clone(), advance.currency);
    let rest = s.carried.recoupment_rests.remove(key).unwrap_or(0);
    if open == 0 {
        return Ok(());
    }
    let base = rest + base(s, advance, &account);
    if base < 0 {
        s.carried.recoupment_rests.insert(key.clone(), base);
        return Ok(());
    }
    let part = round(&(&Exact::from(base) * &advance.rate), Rounding::HalfEven)?.min(open);
    let room = s.rows.get(&account).map_or(0, super::Row::room);
    let part = if advance.from == From::Creator { part.min(room) } else { part };
    so_far.recouped += part;
    if part != 0 {
        s.rows.entry(account).or_default().recouped += sign(advance) * part;
    }
    let (entry, taken) = (entry(s, "recoup", advance), sign(advance) * part);
    let mut entry = entry.detail(&advance.rate.to_string()).detail(&base.to_string());
    entry.post(Account::PartyPayable, Some(&advance.party), taken, advance.currency);
    entry.post(Account::AdvanceReceivable, Some(&advance.party), -taken, advance.currency);
    entry.add_to(&mut s.postings)
}

/// What the advance's programs brought this period: to the party, as far as it can be paid; or to the platform.
fn base(s: &Settlement<'_>, advance: &Advance, account: &Key) -> i128 {
    match advance.from {
        From::Creator if advance.programs.is_empty() => s.rows.get(account).map_or(0, super::Row::due),
        From::Creator => s.due_of(account, |program| advance.is_of(program)),
        From::Platform => {
            let ours = s.inputs.platform.iter().filter(|((party, currency, program), _)| {
                *party == account.0 && *currency == account.1 && advance.is_of(program)
            });
            ours.map(|(_, minor)| minor).sum()
        }
    }
}
