//! What a period books: each line of now minus the line before, column by column.

use std::collections::BTreeMap;

use num_traits::Zero;

use super::number::{Q, zero};
use super::rating::{Booked, LineKey, Lines, Part, Sums};

/// One row of `earnings`: a line, why it is booked, and by how much.
pub struct Entry {
    pub key: LineKey,
    pub cause: &'static str,
    pub by: Booked,
}

/// The rows that one cause adds, of the keys that `wanted` picks.
pub fn entries(new: &Lines, old: &Lines, cause: &'static str, wanted: impl Fn(&LineKey) -> bool) -> Vec<Entry> {
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(key)));
    let keys = keys.filter(|key| wanted(key));
    let entry = |key: &LineKey| {
        let by = minus(new.get(key), old.get(key))?;
        Some(Entry { key: key.clone(), cause, by })
    };
    keys.filter_map(entry).collect()
}

/// `new - old` in every column; none where nothing differs.
pub fn minus(new: Option<&Booked>, old: Option<&Booked>) -> Option<Booked> {
    if new == old {
        return None;
    }
    let some = new.or(old).expect("a line on one side");
    let by = |column: fn(&Booked) -> i64| new.map_or(0, column) - old.map_or(0, column);
    Some(Booked {
        log: some.log.clone(),
        of_pot: some.of_pot,
        events: by(|b| b.events),
        gross: by(|b| b.gross),
        tax: by(|b| b.tax),
        fee: by(|b| b.fee),
        steps: steps(new, old, some),
        creator: by(|b| b.creator),
        platform: by(|b| b.platform),
        expense: by(|b| b.expense),
        rounding: new.map_or_else(zero, |b| b.rounding.clone()) - old.map_or_else(zero, |b| b.rounding.clone()),
        parts: parts(new.map_or(&[], |b| &b.parts), old.map_or(&[], |b| &b.parts)),
        channels: channels(new, old),
        spread: Vec::new(),
    })
}

/// Whether a row of the ledger would hold nothing but zeros.
pub fn is_nothing(b: &Booked) -> bool {
    let sums = [b.events, b.gross, b.tax, b.fee, b.creator, b.platform];
    sums.iter().all(|s| *s == 0) && b.steps.iter().all(|s| s.2 == 0) && b.rounding.is_zero() && b.parts.is_empty()
}

fn steps(new: Option<&Booked>, old: Option<&Booked>, names: &Booked) -> Vec<(String, String, i64)> {
    let minor = |b: Option<&Booked>, at: usize| b.map_or(0, |b| b.steps[at].2);
    let step = |(at, (name, account, _)): (usize, &(String, String, i64))| {
        (name.clone(), account.clone(), minor(new, at) - minor(old, at))
    };
    names.steps.iter().enumerate().map(step).collect()
}

fn channels(new: Option<&Booked>, old: Option<&Booked>) -> BTreeMap<Option<String>, Sums> {
    let mut out: BTreeMap<Option<String>, Sums> = new.map(|b| b.channels.clone()).unwrap_or_default();
    for (channel, (gross, tax, fee)) in old.into_iter().flat_map(|b| &b.channels) {
        let sums = out.entry(channel.clone()).or_default();
        *sums = (sums.0 - gross, sums.1 - tax, sums.2 - fee);
    }
    out
}

/// A party whose payout currency and rate are the same on both sides has one difference; another rate takes the old part back
/// in full and gives the new one in full. Parts of zero are left out; what
/// is taken back from a party stands before what it is given.
fn parts(new: &[Part], old: &[Part]) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    for before in old {
        match new.iter().find(|now| same_pair(now, before)) {
            Some(now) => out.push(part(now, Some(before))),
            None => out.push(negative(before)),
        }
    }
    out.extend(new.iter().filter(|now| !old.iter().any(|before| same_pair(now, before))).map(|now| part(now, None)));
    out.retain(|p| p.minor != 0 || p.paid.unwrap_or(0) != 0);
    let parties: Vec<String> = out.iter().map(|p| p.place.2.clone()).collect();
    out.sort_by_key(|p| parties.iter().position(|other| *other == p.place.2));
    out
}

fn same_pair(a: &Part, b: &Part) -> bool {
    (&a.place.2, &a.payout_currency, &a.rate) == (&b.place.2, &b.payout_currency, &b.rate)
}

fn part(now: &Part, before: Option<&Part>) -> Part {
    let paid = |p: Option<&Part>| p.map_or(0, |p| p.paid.unwrap_or(0));
    let rate: Option<Q> = now.rate.clone();
    let paid = rate.as_ref().map(|_| paid(Some(now)) - paid(before));
    Part { minor: now.minor - before.map_or(0, |b| b.minor), paid, rate, ..now.clone() }
}

fn negative(before: &Part) -> Part {
    Part { minor: -before.minor, paid: before.paid.map(|p| -p), ..before.clone() }
}
