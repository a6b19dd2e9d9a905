//! The order of events within a creator: by time, log, and the bytes of the id.

use smallvec::SmallVec;

use crate::facts::Fact;
use crate::intake::Rows;

/// So many or fewer are sorted without memory for their keys: most creators have few facts, some have a million.
const FEW: usize = 20;

/// Sorts stably by keys that are worked out once.
fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl FnMut(&T) -> K) {
    if items.len() > FEW {
        return items.sort_by_cached_key(key);
    }
    let mut order: SmallVec<[(K, usize); FEW]> = items.iter().map(key).zip(0..).collect();
    if order.is_sorted() {
        return;
    }
    order.sort_unstable();
    for at in 0..order.len() {
        // Where the item stands now that was there at first: those before it have been moved.
        let mut from = order[at].1;
        while from < at {
            from = order[from].1;
        }
        order[at].1 = from;
        items.swap(at, from);
    }
}

/// Sorts a creator's facts by the run that they belong to (those of none come first), and within it: sums first, by what
/// they are; then units in the order of their events. Only events of one time and log are looked up by their ids.
pub fn sort<R: Ord>(rows: &Rows, facts: &mut [Fact<'_>], run_of: impl Fn(&Fact<'_>) -> R) {
    let key = |fact: &Fact<'_>| (run_of(fact), fact.row.map(|row| (rows.time[row as usize], fact.log)));
    sort_by_key(facts, key);
    let alike = |a: &Fact<'_>, b: &Fact<'_>| match (a.row, b.row) {
        (None, None) => run_of(a) == run_of(b),
        (Some(row), Some(other)) => {
            rows.time[row as usize] == rows.time[other as usize] && a.log == b.log && run_of(a) == run_of(b)
        }
        _ => false,
    };
    for same in facts.chunk_by_mut(alike).filter(|same| same.len() > 1) {
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
