//! References as of a day, and exchange rates.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::support::sheet::{Line, Sheet};

use super::calendar::{Day, first_day, last_day, month_of, parse_day};
use super::number::{Q, parse, q, ten_to, zero};
use super::policy::{Fx, Terms};

/// References as they are known now.
pub struct References {
    creators: Vec<Line>,
    parties: Vec<Line>,
    agreements: Vec<Line>,
    pub advances: Vec<Line>,
    pub referrals: Vec<Line>,
    pub pots: Vec<Line>,
    /// References of the book's own.
    pub own: BTreeMap<String, Vec<Line>>,
    quotes: BTreeMap<Day, BTreeMap<String, Q>>,
    terms: Vec<Terms>,
}

/// A rate that a run used: event currency, payout or tier currency, the day that the rule names, whether it is a mean.
pub type Pair = (String, String, Day, bool);

impl References {
    /// From the sheets of a book.
    pub fn new(refs: &BTreeMap<String, Sheet>, terms: &[Terms]) -> Self {
        let lines = |name: &str| refs.get(name).map(Sheet::lines).unwrap_or_default();
        let mut quotes: BTreeMap<Day, BTreeMap<String, Q>> = BTreeMap::new();
        for line in lines("fx_rates") {
            let day = quotes.entry(parse_day(&line["date"])).or_default();
            day.insert(line["currency"].clone(), parse(&line["rate"]));
            day.insert("EUR".to_owned(), q(1));
        }
        Self {
            creators: lines("creators"),
            parties: lines("parties"),
            agreements: lines("agreements"),
            advances: lines("advances"),
            referrals: lines("referrals"),
            pots: lines("pots"),
            own: refs.iter().map(|(name, sheet)| (name.clone(), sheet.lines())).collect(),
            quotes,
            terms: terms.to_vec(),
        }
    }

    /// The creator's row of a day.
    pub fn creator(&self, creator: &str, day: Day) -> Option<&Line> {
        as_of(&self.creators, day).find(|line| line["creator_id"] == creator)
    }

    /// The currency that a party is paid in on a day; none if nobody knows the party then.
    pub fn payout_currency(&self, party: &str, day: Day) -> Option<&str> {
        Some(&self.party(party, day)?["payout_currency"])
    }

    /// A party's row of a day.
    pub fn party(&self, party: &str, day: Day) -> Option<&Line> {
        as_of(&self.parties, day).find(|line| line["party_id"] == party)
    }

    /// Whether a party was paid in a currency before a day, or is on it.
    pub fn was_paid_in(&self, party: &str, currency: &str, day: Day) -> bool {
        let begun = self.parties.iter().filter(|line| parse_day(&line["valid_from"]) <= day);
        begun.into_iter().any(|line| line["party_id"] == party && line["payout_currency"] == currency)
    }

    /// The agreement rows of a creator for a program on a day.
    pub fn agreement(&self, creator: &str, program: &str, day: Day) -> Vec<&Line> {
        let named = |line: &&Line| line.get("programs").is_none_or(|names| names.split(';').any(|n| n == program));
        as_of(&self.agreements, day).filter(|line| line["creator_id"] == creator).filter(named).collect()
    }

    /// The mean of the cross rates of the days of a month that quote both.
    fn average(&self, from: &str, to: &str, day: Day) -> Option<Q> {
        let month = month_of(day);
        let days = self.quotes.range(first_day(month)..=last_day(month));
        let rates: Vec<Q> = days.filter_map(|(_, t)| Some(t.get(to)? / t.get(from)?)).collect();
        let sum = rates.iter().fold(zero(), |sum, rate| sum + rate);
        (!rates.is_empty()).then(|| sum / q(i64::try_from(rates.len()).expect("days of a month")))
    }

    /// Both legs of the latest date on or before the day that quotes both.
    fn quoted(&self, from: &str, to: &str, day: Day) -> Option<Q> {
        let last = last_day(month_of(day));
        let terms = self.terms.iter().find(|t| t.from <= last && t.to.is_none_or(|to| last < to)).expect("terms");
        let back = (day - terms.max_days_back..=day).rev();
        let tables = back.filter_map(|d| self.quotes.get(&d));
        tables.filter_map(|t| Some(t.get(to)? / t.get(from)?)).next()
    }
}

fn as_of(lines: &[Line], day: Day) -> impl Iterator<Item = &Line> {
    lines.iter().filter(move |line| {
        parse_day(&line["valid_from"]) <= day && line.get("valid_to").is_none_or(|to| day < parse_day(to))
    })
}

/// Where rates come from: what closes pinned, then a table.
pub struct Rates<'a> {
    pub pins: &'a BTreeMap<Pair, Q>,
    pub table: &'a References,
    pub used: RefCell<BTreeMap<Pair, Q>>,
}

impl Rates<'_> {
    /// Units of `to` for one unit of `from`.
    pub fn rate(&self, from: &str, to: &str, day: Day, fx: Fx) -> Option<Q> {
        if from == to {
            return Some(q(1));
        }
        let pair = (from.to_owned(), to.to_owned(), day, fx == Fx::PeriodAverage);
        let read = |table: &References| match fx {
            Fx::PeriodAverage => table.average(from, to, day),
            Fx::PeriodEnd | Fx::EventDay => table.quoted(from, to, day),
        };
        let rate = self.pins.get(&pair).cloned().or_else(|| read(self.table))?;
        self.used.borrow_mut().insert(pair, rate.clone());
        Some(rate)
    }

    /// Minor units in another currency, exactly.
    pub fn convert(&self, minor: &Q, from: &str, to: &str, day: Day, fx: Fx) -> Option<Q> {
        Some(minor * self.rate(from, to, day, fx)? * ten_to(digits(to)? - digits(from)?))
    }
}

/// Digits of a currency's minor unit; none for what is no currency.
pub fn digits(currency: &str) -> Option<i32> {
    match currency {
        "EUR" | "USD" | "GBP" | "CHF" => Some(2),
        "JPY" | "KRW" => Some(0),
        "KWD" => Some(3),
        _ => None,
    }
}
