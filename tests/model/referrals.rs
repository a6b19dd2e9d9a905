//! What the platform pays to those who brought creators.

use std::collections::BTreeMap;

use num_traits::Zero;

use crate::support::sheet::Line;

use super::calendar::{Month, last_day, month_of, parse_day};
use super::number::{Q, half_even, parse, q, zero};
use super::policy::Fx;
use super::rating::{Booked, LineKey, Lines, World, converted};

/// All that a referral's months would have been paid without a cap, in the cap's currency.
struct Paid<'a> {
    referral: &'a Line,
    running: Q,
}

impl World<'_> {
    /// The lines of all referrals, from the lines of the creators that were brought.
    pub fn referrals(&self, earned: &Lines) -> Lines {
        let mut lines = Lines::new();
        for referral in &self.refs.referrals {
            let mut paid = Paid { referral, running: zero() };
            for ((month, currency), minor) in sums(referral, earned) {
                lines.extend(self.referral(&mut paid, month, currency, minor));
            }
        }
        lines
    }

    fn referral(&self, paid: &mut Paid, month: Month, currency: String, minor: i64) -> Option<(LineKey, Booked)> {
        let referral = paid.referral;
        let key = LineKey {
            creator: referral["creator_id"].clone(),
            program: "referral".to_owned(),
            version: referral["referral_id"].clone(),
            currency,
            month,
            fx_date: last_day(month),
        };
        let fx = if self.policies.terms_of(month).fx == Fx::PeriodAverage { Fx::PeriodAverage } else { Fx::PeriodEnd };
        let exact = self.capped(paid, &key, fx, parse(&referral["rate"]) * q(minor));
        let minor = half_even(&exact);
        if exact.is_zero() {
            return None;
        }
        let place = (0, 0, referral["party_id"].clone());
        let booked = Booked {
            log: String::new(),
            of_pot: false,
            events: 0,
            gross: 0,
            tax: 0,
            fee: 0,
            steps: Vec::new(),
            creator: minor,
            platform: -minor,
            expense: minor,
            rounding: exact - q(minor),
            parts: vec![converted(self, &key, fx, place, minor)],
            channels: BTreeMap::new(),
            spread: Vec::new(),
        };
        Some((key, booked))
    }

    /// What the cap leaves: the capped total after, less before.
    fn capped(&self, paid: &mut Paid, key: &LineKey, fx: Fx, more: Q) -> Q {
        let Some(cap) = paid.referral.get("cap_minor") else { return more };
        let cap = parse(cap);
        let to = &paid.referral["cap_currency"];
        let worth = self.rates.convert(&q(1), &key.currency, to, key.fx_date, fx).expect("a rate for a cap");
        let before = paid.running.clone().min(cap.clone());
        paid.running += more * &worth;
        (paid.running.clone().min(cap) - before) / worth
    }
}

/// What counts, by earning month and currency.
fn sums(referral: &Line, earned: &Lines) -> BTreeMap<(Month, String), i64> {
    let first = month_of(parse_day(&referral["valid_from"]));
    let months: i64 = referral["months"].parse().expect("a number of months");
    let gross = referral.get("basis").is_some_and(|basis| basis == "gross");
    let mut sums = BTreeMap::new();
    for (key, line) in earned.iter().filter(|(key, _)| key.creator == referral["creator_id"]) {
        let named = referral.get("programs").is_none_or(|names| names.split(';').any(|name| name == key.program));
        if named && (first..first + months).contains(&key.month) {
            *sums.entry((key.month, key.currency.clone())).or_default() +=
                if gross { line.gross } else { line.creator };
        }
    }
    sums
}
