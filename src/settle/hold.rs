//! Holds: what is earned and cannot be paid yet leaves `party_payable` for `party_held`, and comes back when its period
//! has come.

use std::collections::{BTreeMap, BTreeSet};

use super::carried::HeldKey;
use super::{Key, Settlement};
use crate::error::Result;
use crate::ledger::{Account, Entry, HELD_UNTIL_DELIVERY};
use crate::period::Period;

/// Parts of one party, currency and program: until when, before this period and after it.
type Group = Vec<(Option<Period>, i128, i128)>;

/// Parts without a rate, then what holds say.
///
/// # Errors
/// An amount beyond Int64 (gate).
pub fn take(s: &mut Settlement<'_>) -> Result<()> {
    without_a_rate(s)?;
    for ((party, currency, program), group) in groups(s) {
        let key = (party, currency);
        let open = open_released(s, &key, &program, &group);
        for (until, before, after) in group {
            let released = match until {
                Some(until) if until <= s.given.period => still_there(s, &key, &program, until, before),
                Some(_) => 0,
                None => open,
            };
            move_part(s, "release", &key, &program, until, -released)?;
            move_part(s, "hold", &key, &program, until, after - before + released)?;
            if after != 0 {
                s.carried.held.insert((key.0.clone(), key.1, program.clone(), until), after);
            }
        }
    }
    Ok(())
}

/// Parts without a rate wait in event currency; when the rate has come, they go back.
fn without_a_rate(s: &mut Settlement<'_>) -> Result<()> {
    for (key, held) in &s.inputs.no_rate {
        let mut entry = Entry::new(s.given.period, "hold").detail(&key.0).detail(key.1.code());
        entry.post(Account::PartyPayable, Some(&key.0), *held, key.1);
        entry.post(Account::PartyHeld, Some(&key.0), -held, key.1);
        entry.add_to(&mut s.postings)?;
        s.rows.entry(key.clone()).or_default().held += held;
    }
    Ok(())
}

fn groups(s: &Settlement<'_>) -> BTreeMap<(String, crate::money::Currency, String), Group> {
    let (before, after) = (&s.given.carried.held, &s.inputs.undue);
    let keys: BTreeSet<&HeldKey> = before.keys().chain(after.keys()).collect();
    let minor = |map: &BTreeMap<HeldKey, i128>, key: &HeldKey| map.get(key).copied().unwrap_or(0);
    let mut groups: BTreeMap<_, Group> = BTreeMap::new();
    for key in keys {
        let group = groups.entry((key.0.clone(), key.1, key.2.clone())).or_default();
        group.push((key.3, minor(before, key), minor(after, key)));
    }
    groups
}

/// Of what was held until now, the part that is still owed; the rest was cancelled.
fn still_there(s: &Settlement<'_>, key: &Key, program: &str, until: Period, before: i128) -> i128 {
    let now = s.inputs.falling_due.get(&(key.0.clone(), key.1, program.to_owned(), Some(until)));
    now.copied().unwrap_or(0).clamp(before.min(0), before.max(0))
}

/// Of what waited for a delivery and waits no more, the part that became payable; the rest was cancelled, or waits for
/// its day now.
fn open_released(s: &Settlement<'_>, key: &Key, program: &str, group: &Group) -> i128 {
    let gone: i128 = group.iter().filter(|(until, ..)| until.is_none()).map(|(_, before, after)| before - after).sum();
    if gone <= 0 {
        return 0;
    }
    let due = group.iter().filter_map(|(until, before, _)| Some(((*until)?, *before)));
    let due = due.filter(|(until, _)| *until <= s.given.period);
    let dated: i128 = due.map(|(until, before)| still_there(s, key, program, until, before)).sum();
    (s.due_of(key, |name| name == program) - dated).clamp(0, gone)
}

/// Moves an amount onto hold (or, below 0, off it).
fn move_part(
    s: &mut Settlement<'_>,
    kind: &'static str,
    key: &Key,
    program: &str,
    until: Option<Period>,
    minor: i128,
) -> Result<()> {
    let until = until.map_or_else(|| HELD_UNTIL_DELIVERY.to_owned(), |period| period.to_string());
    let entry = Entry::new(s.given.period, kind).program(program);
    let mut entry = entry.detail(&key.0).detail(key.1.code()).detail(&until);
    entry.post(Account::PartyPayable, Some(&key.0), minor, key.1);
    entry.post(Account::PartyHeld, Some(&key.0), -minor, key.1);
    entry.add_to(&mut s.postings)?;
    let row = s.rows.entry(key.clone()).or_default();
    match kind {
        "release" => row.hold_released -= minor,
        _ => row.held += minor,
    }
    Ok(())
}
