//! Fixed money: what a step takes of each event, what a program pays for each, and which events count.

use std::collections::BTreeMap;

use super::model::{First, Having, Payment, Within};
use super::pay::{MOST_CASES, limit};
use super::source::{Faults, Table, Value};
use super::values;
use crate::money::Currency;

/// The most things of which the first ones count.
const MOST_FIRST: i64 = 1_000_000;

/// Minor units by currency: `{ USD = "0.30" }`.
pub fn fixed(value: Value<'_>, faults: &mut Faults) -> Option<BTreeMap<Currency, i64>> {
    let Some(table) = Table::any(value) else {
        value.wrong_type("a table such as { USD = \"0.30\" }", faults);
        return None;
    };
    let mut amounts = BTreeMap::new();
    let mut sound = true;
    for (place, code, amount) in table.entries() {
        let currency = values::currency_code(code, place, faults);
        match currency.and_then(|c| Some((c, values::money(amount, c, faults)?))) {
            Some((currency, minor)) => drop(amounts.insert(currency, minor)),
            None => sound = false,
        }
    }
    if sound && amounts.is_empty() {
        faults.error(value.place, "this names no money", "write { USD = \"0.30\" }, or leave `fixed` out");
        return None;
    }
    sound.then_some(amounts)
}

/// The cases of `pay_each`.
pub fn payments(value: Value<'_>, has_unit: bool, faults: &mut Faults) -> Option<Vec<Payment>> {
    let items = value.items("a list of payments", faults)?;
    limit(value.place, items.len(), MOST_CASES, "payments", faults);
    if items.is_empty() {
        let help = "add { amount = \"2.25\", currency = \"USD\" }";
        faults.error(value.place, "pay_each without a payment pays nothing", help);
        return None;
    }
    let payments = items.iter().enumerate().map(|(at, item)| payment(*item, at + 1 == items.len(), has_unit, faults));
    payments.collect::<Vec<_>>().into_iter().collect()
}

fn payment(value: Value<'_>, is_last: bool, has_unit: bool, faults: &mut Faults) -> Option<Payment> {
    let table = Table::open(value, "a payment", &["when", "amount", "currency", "units"], faults)?;
    let when = table.get("when");
    if when.is_none() && !is_last {
        let help = "move it to the end, or give it a `when`";
        faults.error(table.place, "this payment always holds: those after it are dead", help);
    }
    let condition = when.map(|v| values::sql(v, faults));
    let paid = match table.get("units") {
        Some(units) => paid_units(&table, units, has_unit, faults),
        None => paid_money(&table, faults),
    };
    let (minor, currency) = paid?;
    Some(Payment { when: condition.map_or(Some(None), |sql| sql.map(Some))?, minor, currency })
}

fn paid_money(table: &Table<'_>, faults: &mut Faults) -> Option<(i64, Option<Currency>)> {
    let currency = table.need("currency", faults).and_then(|v| values::currency(v, faults));
    let amount = table.need("amount", faults);
    let currency = currency?;
    Some((values::money(amount?, currency, faults)?, Some(currency)))
}

fn paid_units(
    table: &Table<'_>,
    units: Value<'_>,
    has_unit: bool,
    faults: &mut Faults,
) -> Option<(i64, Option<Currency>)> {
    for value in ["amount", "currency"].into_iter().filter_map(|key| table.get(key)) {
        faults.error(value.place, "a payment is of money or of units, not both", "leave `units` out, or this");
    }
    if !has_unit {
        let message = "units of what: the program names no unit";
        faults.error(units.place, message, "add unit = \"diamond\" to the program, and a [[unit]] of that name");
        return None;
    }
    values::whole(units, 0..=1_000_000_000, faults).map(|units| (units, None))
}

/// The order rule of a program; only a program that pays for each event has one.
pub fn first(table: &Table<'_>, faults: &mut Faults) -> Option<Option<First>> {
    let Some(value) = table.get("first") else { return Some(None) };
    if table.get("pay_each").is_none() {
        let message = "only fixed money for each event can go to the first ones: a share has no place for the others";
        faults.error(value.place, message, "use pay_each, or a bonus with a condition");
        return None;
    }
    let known = ["n", "of", "per", "within", "having"];
    let table = Table::open(value, "an order rule", &known, faults)?;
    let n = table.need("n", faults).and_then(|v| values::whole(v, 1..=MOST_FIRST, faults));
    let of = table.need("of", faults).and_then(|v| values::sql(v, faults));
    let per = table.need("per", faults).and_then(|v| values::sql(v, faults));
    let within = table.need("within", faults).and_then(|v| values::choice(v, Within::ALL, faults));
    let having = table.get("having").map_or(Some(None), |v| having(v, faults).map(Some));
    let n = usize::try_from(n?).ok()?;
    Some(Some(First { n, of: of?, per: per?, within: within?, having: having? }))
}

fn having(value: Value<'_>, faults: &mut Faults) -> Option<Having> {
    let table = Table::open(value, "what must add up", &["sum", "at_least"], faults)?;
    let sum = table.need("sum", faults).and_then(|v| values::sql(v, faults));
    let at_least = table.need("at_least", faults).and_then(|v| values::whole(v, 0..=i64::MAX, faults));
    Some(Having { sum: sum?, at_least: at_least? })
}
