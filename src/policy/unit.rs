//! A `[[unit]]` table: a unit of the policy's own, and what it is worth on the day that it is earned.

use super::model::{Unit, UnitRate};
use super::source::{Faults, Place, Table, Value};
use super::values;
use crate::money::Exact;

/// The keys of a unit.
pub const KEYS: [&str; 4] = ["name", "digits", "currency", "rates"];

/// A unit, and the place of its name.
pub fn unit(table: &Table<'_>, faults: &mut Faults) -> Option<(Unit, Place)> {
    let name = table.need("name", faults);
    let text = name.and_then(|v| values::name(v, faults));
    let digits = table.need("digits", faults).and_then(|v| values::whole(v, 0..=6, faults));
    let currency = table.need("currency", faults).and_then(|v| values::currency(v, faults));
    let rates = table.need("rates", faults).and_then(|v| rates(v, faults));
    let digits = u32::try_from(digits?).ok()?;
    Some((Unit { name: text?, digits, currency: currency?, rates: rates? }, name?.place))
}

fn rates(value: Value<'_>, faults: &mut Faults) -> Option<Vec<UnitRate>> {
    let items = value.items("a list of rates", faults)?;
    if items.is_empty() {
        let help = "add { from = 2026-01-01, rate = \"0.005\" }";
        faults.error(value.place, "a unit without a rate is worth nothing", help);
        return None;
    }
    let rates: Vec<Option<(UnitRate, Place)>> = items.iter().map(|item| rate(*item, faults)).collect();
    for pair in rates.windows(2) {
        if let [Some((before, _)), Some((rate, from))] = pair
            && rate.from <= before.from
        {
            let message = "this rate does not begin after the one before it";
            faults.error(*from, message, "let `from` rise from rate to rate");
        }
    }
    rates.into_iter().map(|rate| rate.map(|(rate, _)| rate)).collect()
}

/// A rate, and where its `from` stands.
fn rate(value: Value<'_>, faults: &mut Faults) -> Option<(UnitRate, Place)> {
    let table = Table::open(value, "a rate of a unit", &["from", "rate"], faults)?;
    let from = table.need("from", faults);
    let day = from.and_then(|v| values::day(v, faults));
    let rate = table.need("rate", faults).and_then(|v| worth(v, faults));
    Some((UnitRate { from: day?, rate: rate? }, from?.place))
}

/// What one unit is worth in major units of its currency: an exact decimal or fraction above 0.
fn worth(value: Value<'_>, faults: &mut Faults) -> Option<Exact> {
    let expected = "text such as \"0.005\", above 0";
    let text = value.text(expected, faults)?;
    let worth = Exact::parse(text).filter(|worth| !worth.is_zero() && !worth.is_negative() && !text.contains('%'));
    if worth.is_none() {
        faults.error(value.place, format!("\"{text}\" is no worth of a unit"), format!("write {expected}"));
    }
    worth
}

/// A number of units: `420 diamonds`, `1 diamond`, `5 robux`. A name that ends in s or x stays as it is.
#[must_use]
pub fn units_text(number: &str, unit: &str) -> String {
    let plural = if number.trim_start_matches('-') == "1" || unit.ends_with(['s', 'x']) { "" } else { "s" };
    format!("{number} {unit}{plural}")
}
