//! The order of events within a creator: by time, log, and the bytes of the id.

use crate::facts::Fact;
use crate::intake::Rows;

/// So many or fewer are sorted without memory for their keys.
const FEW: usize = 20;

/// Sorts stably, where it is: most creators have few facts, some have a million.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl FnMut(&T) -> K) {
    if items.len() > FEW { items.sort_by_cached_key(key) } else { items.sort_by_key(key) }
}

/// Sorts a creator's facts: sums first, by what they are; then units in the order of their events. Only events of one
/// time and log are looked up by their ids.
pub fn sort(rows: &Rows, facts: &mut [Fact<'_>]) {
    let key = |fact: &Fact<'_>| fact.row.map(|row| (rows.time[row as usize], fact.log));
    sort_by_key(facts, key);
    for same in facts.chunk_by_mut(|a, b| key(a) == key(b)).filter(|same| same.len() > 1) {
        same.sort_by(|a, b| match (a.row, b.row) {
            (Some(a), Some(b)) => rows.in_order(a, b),
            _ => identity(a).cmp(&identity(b)),
        });
    }
}

/// What tells two sums of one creator apart.
fn identity<'a>(fact: &Fact<'a>) -> impl Ord + use<'a> {
    ((fact.program, fact.currency, fact.day, fact.log, fact.class), (fact.fee_stated, fact.tax_stated, fact.channel))
}
