//! Fixed money: fees of each event, pay for each event, and which events are the first of their span.

use std::collections::{BTreeMap, BTreeSet};

use num_traits::Zero;

use super::calendar::month_of;
use super::netting::Unit;
use super::number::{Q, q, ten_to, zero};
use super::policy::{First, Payment, Program, Share, Step};
use super::rating::{Priced, World};
use super::references::digits;
use super::unit::worth;

/// What a step takes of a unit on top of its percent: nothing of a unit without money, unless its fee was kept.
pub fn fixed(step: &Step, p: &Priced) -> Q {
    let kept = step.name == "channel_fee" && p.unit.kept_base != 0;
    if step.fixed.is_empty() || (p.unit.amount == 0 && !kept) {
        return zero();
    }
    let major = step.fixed.get(&p.currency).unwrap_or_else(|| panic!("no fixed money in {}", p.currency));
    let sign = if p.unit.amount == 0 { 1 } else { p.unit.sign };
    q(sign) * minor(major, &p.currency)
}

/// The payment that a program has for a unit.
pub fn payment<'a>(world: &World, program: &'a Program, unit: &Unit) -> Option<&'a Payment> {
    let Share::Each(payments) = &program.share else { return None };
    payments.iter().find(|payment| world.holds(&payment.when, unit))
}

/// What a unit is paid, exactly, in its own currency.
pub fn paid(world: &World, p: &Priced) -> Q {
    let Some(payment) = payment(world, p.program, &p.unit).filter(|_| p.unit.stands()) else { return zero() };
    let Some(currency) = &payment.currency else {
        let own = p.program.unit.as_ref().expect("the unit of a payment");
        return q(p.unit.sign) * own.parts(&payment.amount) * worth(world, p, own);
    };
    let money = q(p.unit.sign) * minor(&payment.amount, currency);
    if *currency == p.currency || money.is_zero() {
        return money;
    }
    money / world.in_currency(&q(1), p, currency)
}

fn minor(major: &Q, currency: &str) -> Q {
    major * ten_to(digits(currency).expect("a currency"))
}

/// Whose order, and the day or month of it.
type Span = (String, String, i64);

/// The rows that order rules pay; rows of programs without one are not in it.
pub fn first_ones(units: &[Priced]) -> BTreeSet<usize> {
    let mut spans: BTreeMap<Span, Vec<&Priced>> = BTreeMap::new();
    for p in units.iter().filter(|p| p.unit.stands() && p.unit.sign > 0) {
        let Some(first) = &p.program.first else { continue };
        let Some(per) = p.unit.row.text(&first.per) else { continue };
        let span = if first.in_month { month_of(p.unit.day) } else { p.unit.day };
        spans.entry((p.program.name.clone(), per.to_owned(), span)).or_default().push(p);
    }
    spans.into_values().flat_map(|visits| first_of(&visits)).collect()
}

/// Of one span's units: the first of each thing that has enough, in order, and no more than `n`.
fn first_of(visits: &[&Priced]) -> Vec<usize> {
    let rule: &First = visits[0].program.first.as_ref().expect("a rule");
    let mut in_order: Vec<&&Priced> = visits.iter().filter(|p| p.unit.row.text(&rule.of).is_some()).collect();
    in_order.sort_by(|a, b| a.unit.row.order().cmp(&b.unit.row.order()));
    let enough = |thing: &str| {
        let of_thing = in_order.iter().filter(|p| p.unit.row.text(&rule.of) == Some(thing));
        let adds = |column: &str| of_thing.map(|p| p.unit.row.int(column).unwrap_or(0)).sum::<i64>();
        rule.having.as_ref().is_none_or(|(column, least)| adds(column) >= *least)
    };
    let (mut things, mut rows) = (BTreeSet::new(), Vec::new());
    for p in &in_order {
        let thing = p.unit.row.text(&rule.of).expect("a thing");
        if things.insert(thing) && enough(thing) && rows.len() < rule.n {
            rows.push(p.unit.row.n);
        }
    }
    rows
}
