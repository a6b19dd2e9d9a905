//! Events themselves: charges, engagement and adjustments, each drawn from its number.

use super::calendar::Calendar;
use super::draw::{Draw, Purpose, Zipf, key};
use super::event::{Event, Id, Own, SECOND, Who};
use super::recipe::{CURRENCIES, Recipe};
use super::refs::People;
use crate::log::Log;
use crate::money::Currency;
use crate::period::NANOS;

/// Seconds at the end of a day without events of their own, so that what takes them back can still follow.
const EVENING: i64 = 60;

/// Country, and its sales tax in per mille of the price before tax.
const COUNTRIES: [(&str, i64); 8] =
    [("PT", 230), ("ES", 210), ("DE", 190), ("FR", 200), ("GB", 200), ("US", 0), ("JP", 100), ("BR", 170)];
/// Gift, euro cents, times in 1,000.
const GIFTS: [(&str, i64, u64); 7] = [
    ("rose", 15, 400),
    ("heart", 60, 250),
    ("star", 150, 180),
    ("crown", 500, 110),
    ("rocket", 1500, 45),
    ("castle", 5000, 13),
    ("galaxy", 20_000, 2),
];
/// Tier, euro cents, times in 100.
const TIERS: [(&str, i64, u64); 4] = [("basic", 499, 50), ("plus", 999, 20), ("live", 1499, 25), ("patron", 4999, 5)];

/// Makes the events of one log.
pub struct Charges<'a> {
    recipe: &'a Recipe,
    zipf: &'a Zipf,
    people: &'a People,
    calendar: Calendar,
    log: Log,
    key: u64,
}

impl<'a> Charges<'a> {
    /// The events of a log.
    #[must_use]
    pub fn new(recipe: &'a Recipe, zipf: &'a Zipf, people: &'a People, log: Log) -> Self {
        let key = key(recipe.seed, Some(log), Purpose::Event);
        Self { recipe, zipf, people, calendar: recipe.calendar(log), log, key }
    }

    /// The event with this number, which is one of `day`.
    #[must_use]
    pub fn event(&self, number: u64, day: i32) -> Event {
        let mut draw = Draw::new(self.key, number);
        let (country, tax) = draw.one_of(&COUNTRIES).unwrap_or(("PT", 230));
        let rank = self.zipf.rank(&mut draw);
        let event = Event {
            id: Some(Id { number, role: 0 }),
            time: Some(self.time(number, day, &mut draw)),
            kind: "",
            creator: Who::Rank(rank),
            payer: draw.below(self.recipe.payers) + 1,
            country,
            amount: None,
            tax: None,
            fee: None,
            currency: None,
            original: None,
            original_time: None,
            own: Own::BrandDeal { campaign: 0, brand: 0 },
        };
        match self.log {
            Log::Adjustments => self.adjustment(event, rank, &mut draw),
            Log::BrandDeals => self.brand_deal(event, &mut draw),
            Log::Commerce => self.order(event, tax, &mut draw),
            Log::Engagement => Self::engagement(event, rank, &mut draw),
            Log::Gifts => self.gift(event, rank, &mut draw),
            Log::Subscriptions => self.subscription(event, day, tax, &mut draw),
        }
    }

    /// Events of a day follow each other in equal steps, each a little after its turn.
    fn time(&self, number: u64, day: i32, draw: &mut Draw) -> i64 {
        let numbers = self.calendar.numbers(day);
        let (start, end) = day_micros(self.recipe, day);
        let length = u64::try_from(end - start - EVENING * SECOND).unwrap_or(1);
        let count = (numbers.end - numbers.start).max(1);
        let turn = u128::from(length) * u128::from(number.saturating_sub(numbers.start)) / u128::from(count);
        start + i64::try_from(turn).unwrap_or(0) + draw.below(length / count).cast_signed()
    }

    /// The first currency half the time, any of them otherwise.
    fn currency(&self, draw: &mut Draw) -> Currency {
        let first = self.recipe.currencies.first().copied().unwrap_or(Currency::EUR);
        let any = draw.one_of(&self.recipe.currencies).unwrap_or(first);
        if draw.per_mille(500) { first } else { any }
    }

    fn adjustment(&self, event: Event, rank: u64, draw: &mut Draw) -> Event {
        let currency = self.people.payout_currency(rank);
        let credit = draw.per_mille(600);
        let amount = draw.between(100, 5000);
        let own = Own::Adjustment {
            reason: if credit { "goodwill" } else { "overpaid by hand" },
            requested_by: "support desk",
            approved_by: "finance desk",
        };
        priced(Event { kind: if credit { "credit" } else { "debit" }, own, ..event }, amount, currency)
    }

    fn brand_deal(&self, event: Event, draw: &mut Draw) -> Event {
        let brand = draw.below(200) + 1;
        let own = Own::BrandDeal { campaign: brand * 100 + draw.below(20), brand };
        let amount = draw.between(20_000, 500_000);
        let currency = self.currency(draw);
        priced(Event { kind: "milestone", own, ..event }, amount, currency)
    }

    fn order(&self, event: Event, tax: i64, draw: &mut Draw) -> Event {
        let category = draw.one_of(&["fashion", "beauty", "home", "games"]).unwrap_or("home");
        let own = Own::Commerce {
            product: draw.below(5000) + 1,
            seller: draw.below(300) + 1,
            category,
            commission_bps: draw.one_of(&[500, 800, 1000, 1500, 2000]).unwrap_or(1000),
        };
        let amount = draw.between(500, 20_000);
        let currency = self.currency(draw);
        let order = taxed(priced(Event { kind: "order", own, ..event }, amount, currency), tax);
        Event { fee: order.amount.map(|amount| amount * 14 / 1000), ..order }
    }

    fn engagement(event: Event, rank: u64, draw: &mut Draw) -> Event {
        let view = draw.per_mille(950);
        let own = Own::Engagement {
            content: rank * 1000 + draw.below(40),
            content_kind: if draw.per_mille(400) { "live" } else { "video" },
            audience: if draw.per_mille(200) { "subscribers" } else { "all" },
            seconds: if view { draw.between(1, 900) } else { 0 },
            views: if view { draw.between(1, 400) } else { 0 },
        };
        Event { kind: if view { "view" } else { "post" }, own, ..event }
    }

    fn gift(&self, event: Event, rank: u64, draw: &mut Draw) -> Event {
        let (gift, cents) = weighted(&GIFTS, draw.below(1000));
        let quantity = if cents < 100 { draw.between(1, 5) } else { 1 };
        let live = i64::try_from(rank).unwrap_or(0) * 100_000 + draw.between(0, 60);
        let own = Own::Gift { live, gift, quantity, coins: cents * quantity * 10 / 13 };
        let currency = self.currency(draw);
        priced(Event { kind: "send", own, ..event }, cents * quantity, currency)
    }

    fn subscription(&self, event: Event, day: i32, tax: i64, draw: &mut Draw) -> Event {
        let (tier, cents) = weighted(&TIERS, draw.below(100));
        let channel = draw.one_of(&["web", "ios", "android"]).unwrap_or("web");
        let tenure = if draw.per_mille(300) { 1 } else { draw.between(2, 36) };
        let kind = match (tenure, draw.below(100)) {
            (_, 0..4) => "gift",
            (1, _) => "start",
            (_, 4..8) => "upgrade",
            _ => "renew",
        };
        let subscription = event.payer * 1_000 + draw.below(10);
        let own = Own::Subscription { subscription, tier, channel, tenure, from: day, to: day + 30 };
        let currency = self.currency(draw);
        let (states_tax, states_fee) = (draw.per_mille(500), channel != "web" && draw.per_mille(500));
        let charge = priced(Event { kind, own, ..event }, cents, currency);
        let charge = if states_tax { taxed(charge, tax) } else { charge };
        Event { fee: charge.amount.filter(|_| states_fee).map(|amount| amount * 15 / 100), ..charge }
    }
}

/// Where a day begins and ends, in microseconds.
#[must_use]
pub fn day_micros(recipe: &Recipe, day: i32) -> (i64, i64) {
    let micros = |day: i32| recipe.zone.start_of(day) / (NANOS / SECOND);
    (micros(day), micros(day + 1))
}

fn weighted(of: &[(&'static str, i64, u64)], at: u64) -> (&'static str, i64) {
    let mut left = at;
    let found = of.iter().find(|(_, _, weight)| {
        let here = left < *weight;
        left = left.saturating_sub(*weight);
        here
    });
    found.map_or(("", 1), |(name, cents, _)| (*name, *cents))
}

/// An amount of so many euro cents in a currency's minor unit, about; at least 1.
#[must_use]
pub fn minor_of(cents: i64, currency: Currency) -> i64 {
    let millionths = CURRENCIES.iter().find(|(code, _)| *code == currency.code()).map_or(1_000_000, |(_, rate)| *rate);
    let minor = i128::from(cents) * i128::from(millionths) * 10_i128.pow(currency.digits()) / 100_000_000;
    i64::try_from(minor).unwrap_or(1).max(1)
}

fn priced(event: Event, cents: i64, currency: Currency) -> Event {
    Event { amount: Some(minor_of(cents, currency)), currency: Some(currency.code()), ..event }
}

/// With the tax that the amount contains, stated.
fn taxed(event: Event, per_mille: i64) -> Event {
    Event { tax: event.amount.map(|amount| amount * per_mille / (1000 + per_mille)), ..event }
}
