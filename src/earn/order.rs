//! The order of events within a creator: by time, log, and the bytes of the id.

use std::cmp::Ordering;

use crate::facts::Fact;
use crate::intake::Rows;

/// Sorts a creator's facts: sums first, by what they are; then units in the order of their events.
pub fn sort(rows: &Rows, facts: &mut [Fact<'_>]) {
    facts.sort_by(|a, b| match (a.row, b.row) {
        (Some(a), Some(b)) => rows.in_order(a, b),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (None, None) => identity(a).cmp(&identity(b)),
    });
}

/// What tells two sums of one creator apart.
fn identity<'a>(fact: &Fact<'a>) -> impl Ord + use<'a> {
    ((fact.program, fact.currency, fact.day, fact.log, fact.class), (fact.fee_stated, fact.tax_stated, fact.channel))
}
