//! Units of the policy's own: whole parts of them are earned, each worth money by the day.

use std::collections::BTreeMap;

use num_traits::Zero;
use toml::Table;

use super::calendar::Day;
use super::number::{Mode, Q, parse, q, round, ten_to, zero};
use super::policy::{day, string, tables};
use super::rating::{Priced, World};
use super::references::digits;
use super::split::Place;

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

/// Whole parts of a unit, as money, for each minor unit of an exact amount.
pub fn ratio(mode: Mode, exact: &Q, worth: &Q) -> Q {
    if exact.is_zero() { q(1) } else { q(round(mode, &(exact / worth))) * worth / exact }
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
        let mut all = Vec::new();
        for (worth, (exact, parts)) in self.0 {
            let ratio = ratio(mode, &exact, &worth);
            all.extend(parts.into_iter().map(|(place, part)| (place, part * &ratio)));
        }
        all
    }
}
