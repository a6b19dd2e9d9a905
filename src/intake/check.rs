//! The contract of a single row: its first fault, in the contract's order.

use super::canonical::Flaw;
use super::rows::{MOST, NO_KIND, NULL};
use crate::fate::Reason;
use crate::log::{Effect, Log};
use crate::money::Currency;
use crate::period::{END_INSTANT, FIRST_INSTANT};

/// What the checks look at; absent values as in [`super::Rows`].
pub struct Row<'a> {
    pub log: Log,
    pub has_id: bool,
    pub time: i64,
    pub day: i32,
    pub kind: u8,
    pub creator: &'a str,
    pub party: &'a str,
    pub currency: Option<Currency>,
    /// Amount, tax and fee.
    pub money: [i64; 3],
    pub flaws: [Flaw; 3],
    pub has_original: bool,
    pub original_time: i64,
    pub requested_by: &'a str,
    pub approved_by: &'a str,
}

/// The first fault, or none.
pub fn first_fault(row: &Row<'_>) -> Option<Reason> {
    let effect = row.log.effect(row.kind);
    identity(row)
        .or_else(|| who(row))
        .or_else(|| match moves_money(row.log, effect) {
            true => currency(row).or_else(|| amounts(row)).or_else(|| contained(row)),
            false => None,
        })
        .or_else(|| original(row, effect))
        .or_else(|| adjustment(row))
}

/// Does this kind of event need an amount?
fn moves_money(log: Log, effect: Effect) -> bool {
    log.has_money() && effect != Effect::Nothing
}

fn identity(row: &Row<'_>) -> Option<Reason> {
    if !row.has_id {
        return Some(Reason::IdMissing);
    }
    if row.time == NULL {
        return Some(Reason::TimeMissing);
    }
    if !(FIRST_INSTANT..END_INSTANT).contains(&row.time) {
        return Some(Reason::TimeOutOfRange);
    }
    (row.kind == NO_KIND).then_some(Reason::UnknownKind)
}

fn who(row: &Row<'_>) -> Option<Reason> {
    match row.log {
        Log::Adjustments => row.party.is_empty().then_some(Reason::PartyMissing),
        _ => row.creator.is_empty().then_some(Reason::CreatorMissing),
    }
}

fn currency(row: &Row<'_>) -> Option<Reason> {
    let known = row.currency.is_some_and(|currency| currency.in_use_on(row.day));
    (!known).then_some(Reason::UnknownCurrency)
}

fn amounts(row: &Row<'_>) -> Option<Reason> {
    match (row.money[0], row.flaws[0]) {
        (_, Flaw::SubMinor) => Some(Reason::SubMinor),
        (_, Flaw::TooLarge) => Some(Reason::AmountTooLarge),
        (NULL, _) => Some(Reason::AmountMissing),
        (amount, _) if amount < 0 => Some(Reason::AmountNegative),
        (amount, _) if amount > MOST => Some(Reason::AmountTooLarge),
        _ => None,
    }
}

/// Tax and fee, contained in the amount.
fn contained(row: &Row<'_>) -> Option<Reason> {
    let [amount, tax, fee] = row.money;
    if row.flaws[1..].contains(&Flaw::SubMinor) {
        return Some(Reason::SubMinor);
    }
    if tax < 0 && tax != NULL {
        return Some(Reason::TaxNegative);
    }
    if fee < 0 && fee != NULL {
        return Some(Reason::FeeNegative);
    }
    let stated = |v: i64| if v == NULL { 0 } else { i128::from(v) };
    let too_large = row.flaws[1..].contains(&Flaw::TooLarge);
    (too_large || stated(tax) + stated(fee) > i128::from(amount)).then_some(Reason::TaxAndFeeExceedAmount)
}

fn original(row: &Row<'_>, effect: Effect) -> Option<Reason> {
    if !effect.takes_back() {
        let named = row.has_original || row.original_time != NULL;
        return named.then_some(Reason::OriginalOnCharge);
    }
    (row.original_time != NULL && row.original_time > row.time).then_some(Reason::OriginalAfterEvent)
}

fn adjustment(row: &Row<'_>) -> Option<Reason> {
    let one = row.log == Log::Adjustments && crate::book::same_name(row.requested_by, row.approved_by);
    one.then_some(Reason::NotFourEyes)
}
