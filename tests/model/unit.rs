//! Units of the policy's own: whole parts of them are earned, each worth money by the day.

use std::collections::BTreeMap;

use num_traits::{Signed, Zero};
use toml::Table;

use super::calendar::Day;
use super::number::{Mode, Q, parse, q, round, ten_to, zero};
use super::policy::{day, string, tables};
use super::rating::{Priced, World};
use super::references::digits;
use super::split::{Place, by_party};

/// A unit.
#[derive(Clone, Debug)]
pub struct Unit {
    pub name: String,
    digits: i32,
    pub currency: String,
    /// Major units of the currency for one unit, from a day on.
    rates: BTreeMap<Day, Q>,
}

impl Unit {
    /// From its table.
    pub fn of(table: &Table) -> Self {
        let rate = |t: &Table| (day(t, "from").expect("a first day"), parse(&string(t, "rate")));
        Self {
            name: string(table, "name"),
            digits: table["digits"].as_integer().and_then(|n| i32::try_from(n).ok()).expect("few digits"),
            currency: string(table, "currency"),
            rates: tables(table, "rates").iter().map(rate).collect(),
        }
    }

    /// Its smallest parts.
    pub fn parts(&self, units: &Q) -> Q {
        units * ten_to(self.digits)
    }
}

/// What a unit's smallest part is worth on the day of an event, in minor units of the event's currency.
pub fn worth(world: &World, p: &Priced, unit: &Unit) -> Q {
    let (_, rate) = unit.rates.range(..=p.unit.day).next_back().expect("a rate of the unit");
    let minor = rate * ten_to(digits(&unit.currency).expect("a currency") - unit.digits);
    if unit.currency == p.currency { minor } else { minor / world.in_currency(&q(1), p, &unit.currency) }
}

/// Parties' parts of an exact amount, once it is whole parts of a unit; what that adds is spread by their size.
pub fn in_whole(mode: Mode, exact: &Q, worth: &Q, parts: Vec<(Place, Q)>) -> Vec<(Place, Q)> {
    let more = q(round(mode, &(exact / worth))) * worth - exact;
    let size = parts.iter().fold(zero(), |sum, (_, part)| sum + part.abs());
    let grown = |part: Q| if size.is_zero() { part } else { &part + &more * part.abs() / &size };
    parts.into_iter().map(|(place, part)| (place, grown(part))).collect()
}

/// What a line earns at each worth, and its parties' parts of it.
#[derive(Default)]
pub struct Stretches(BTreeMap<Q, (Q, Vec<(Place, Q)>)>);

impl Stretches {
    /// Adds an event's creator side.
    pub fn add(&mut self, worth: Q, creator: &Q, parts: Vec<(Place, Q)>) {
        let stretch = self.0.entry(worth).or_insert_with(|| (zero(), Vec::new()));
        stretch.0 += creator;
        stretch.1.extend(parts);
    }

    /// What is each party's of the whole parts of each stretch, as money.
    pub fn booked(self, mode: Mode) -> Vec<(Place, Q)> {
        let whole =
            |(worth, (exact, parts)): (Q, (Q, Vec<(Place, Q)>))| in_whole(mode, &exact, &worth, by_party(parts));
        self.0.into_iter().flat_map(whole).collect()
    }
}
