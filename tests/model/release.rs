//! When parts become payable, and which payers brought them.

use std::collections::BTreeMap;

use num_traits::{Signed, Zero};

use super::calendar::{Day, Month, month_of};
use super::event::{Effect, Row};
use super::number::{Q, int, largest_remainder, q, ten_to, zero};
use super::rating::{Part, Priced, World};
use super::references::digits;

/// When a part becomes payable: at once, in a month, or not before a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    AtOnce,
    In(Month),
    Open,
}

/// Party, currency, release, the payers' country, minor units.
pub type Spread = Vec<(String, String, Release, Option<String>, i64)>;

/// The first day on which an order of a creator was delivered, or one product of it.
pub type Deliveries = BTreeMap<(String, String, Option<String>), Day>;

/// What the rows say about deliveries.
pub fn deliveries(rows: &[&Row]) -> Deliveries {
    let mut days = Deliveries::new();
    for row in rows.iter().filter(|row| row.log == "commerce" && row.effect == Effect::Nothing) {
        let (Some(order), Some(creator)) = (row.text("order_id"), row.text("creator_id")) else { continue };
        let key = (order.to_owned(), creator.to_owned(), row.text("product_id").map(str::to_owned));
        let day = days.entry(key).or_insert(row.day);
        *day = row.day.min(*day);
    }
    days
}

impl World<'_> {
    /// When a unit's parts become payable; a reversal that stands by itself is due at once.
    pub fn release(&self, p: &Priced) -> Release {
        let by_terms = || self.policies.terms_of(month_of(p.unit.day)).hold.clone();
        let hold = p.program.hold.clone().unwrap_or_else(by_terms).filter(|_| p.unit.sign > 0);
        let Some(hold) = hold else { return Release::AtOnce };
        let begins = if hold.after_delivery { self.delivered(p) } else { Some(p.unit.day) };
        begins.map_or(Release::Open, |day| Release::In(month_of(day + hold.days)))
    }

    fn delivered(&self, p: &Priced) -> Option<Day> {
        let order = p.unit.row.text("order_id")?;
        let day = |product: Option<&str>| {
            let key = (order.to_owned(), p.creator().to_owned(), product.map(str::to_owned));
            self.deliveries.get(&key).copied()
        };
        let product = p.unit.row.text("product_id").and_then(|product| day(Some(product)));
        day(None).into_iter().chain(product).min()
    }

    /// The payers' country, if withholding asks for it.
    pub fn payers(&self, p: &Priced) -> Option<String> {
        let country = p.unit.row.text("payer_country")?;
        let asked = self
            .policies
            .terms_of(month_of(p.unit.day))
            .withholding
            .iter()
            .any(|case| case.payers.iter().any(|c| c == country));
        asked.then(|| country.to_owned())
    }
}

/// Exact parts by party, release and country.
#[derive(Default)]
pub struct Slices(BTreeMap<String, BTreeMap<Release, BTreeMap<Option<String>, Q>>>);

impl Slices {
    /// Adds a party's part of an event.
    pub fn add(&mut self, party: &str, release: Release, country: Option<String>, part: &Q) {
        let releases = self.0.entry(party.to_owned()).or_default();
        *releases.entry(release).or_default().entry(country).or_insert_with(zero) += part;
    }

    /// A part as it is paid, over releases and then over countries; a part without a rate is not divided.
    pub fn spread(&self, part: &Part, currency: &str) -> Spread {
        let (Some(paid), Some(rate)) = (part.paid, &part.rate) else { return Vec::new() };
        let digits = |currency: &str| digits(currency).expect("a currency");
        let worth = rate * ten_to(digits(&part.payout_currency) - digits(currency));
        let releases = &self.0[&part.place.2];
        let exact = releases.values().map(|countries| countries.values().fold(zero(), |sum, e| sum + e)).collect();
        let mut spread = Vec::new();
        for ((release, countries), minor) in releases.iter().zip(divided(paid, &worth, exact)) {
            let exact = countries.values().cloned().collect();
            for (country, minor) in countries.keys().zip(divided(minor, &worth, exact)) {
                let to = part.payout_currency.clone();
                spread.push((part.place.2.clone(), to, *release, country.clone(), minor));
            }
        }
        spread
    }
}

/// In the ratio of exact amounts, earlier ones first. Where they have both signs they count as they are converted, and the
/// first takes what is left.
fn divided(total: i64, worth: &Q, mut exact: Vec<Q>) -> Vec<i64> {
    let sum = exact.iter().fold(zero(), |sum, e| sum + e);
    let mixed = exact.iter().any(Q::is_negative) && exact.iter().any(Q::is_positive);
    if mixed || sum.is_zero() {
        exact.iter_mut().for_each(|e| *e *= worth);
        exact[0] = q(total) - exact[1..].iter().fold(zero(), |sum, e| sum + e);
    } else {
        exact.iter_mut().for_each(|e| *e *= q(total) / &sum);
    }
    let rank: Vec<usize> = (0..exact.len()).collect();
    let minor = largest_remainder(total, &exact, &rank);
    assert_eq!(minor.iter().sum::<i64>(), int(&q(total)), "a part is divided whole");
    minor
}
