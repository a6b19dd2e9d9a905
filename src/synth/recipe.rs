//! What a book is made from, validated: sizes, days, currencies, and how often each fault is planted.

use std::ops::Range;

use super::calendar::Calendar;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::money::{Currency, Exact};
use crate::period::{Period, Zone};

/// Currencies that a book may have, each with about as many millionths as one euro buys.
pub const CURRENCIES: [(&str, i64); 24] = [
    ("EUR", 1_000_000),
    ("USD", 1_165_200),
    ("GBP", 871_700),
    ("JPY", 183_760_000),
    ("CHF", 932_100),
    ("SEK", 10_872_000),
    ("NOK", 11_730_000),
    ("DKK", 7_460_300),
    ("PLN", 4_221_500),
    ("CZK", 24_180_000),
    ("HUF", 384_600_000),
    ("RON", 5_088_400),
    ("BRL", 6_204_100),
    ("MXN", 21_402_000),
    ("CAD", 1_620_800),
    ("AUD", 1_761_300),
    ("KRW", 1_712_500_000),
    ("INR", 104_310_000),
    ("IDR", 19_460_000_000),
    ("THB", 36_870_000),
    ("SGD", 1_503_900),
    ("ZAR", 19_640_000),
    ("ILS", 3_742_600),
    ("KWD", 357_900),
];

/// Which logs a book has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// All six.
    All,
    /// All but engagement.
    Money,
}

/// How often each fault is planted, as shares of events from 0 to 1.
#[derive(Clone, Debug)]
pub struct Shares {
    pub duplicates: Exact,
    pub conflicts: Exact,
    pub reversals: Exact,
    pub bad: Exact,
    pub late: Exact,
}

/// What a book is made from.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Events before any fault is planted.
    pub events: u64,
    pub creators: u64,
    pub payers: u64,
    pub months: i32,
    pub first_period: Period,
    pub zone: Zone,
    pub seed: u64,
    pub currencies: Vec<Currency>,
    /// Files of a log and day, beside what is delivered again.
    pub files_per_day: u64,
    pub mix: Mix,
    pub shares: Shares,
    /// The command line that makes the book, for its README.
    pub command: String,
}

/// What stands for a share of 1 among [`Recipe::bounds`].
pub const WHOLE: u64 = 1 << 60;

const MOST_EVENTS: u64 = 100_000_000_000;
const MOST_CREATORS: u64 = 100_000_000;
/// The year of the euro, which tiers are in.
const FIRST_YEAR: i32 = 1999;
const LAST_YEAR: i32 = 2090;

impl Recipe {
    /// Holds every number against its range.
    ///
    /// # Errors
    /// The first that is out of it (usage).
    pub fn check(&self) -> Result<()> {
        within("--events", self.events, 1, MOST_EVENTS)?;
        within("--creators", self.creators, 1, MOST_CREATORS)?;
        within("--payers", self.payers, 1, MOST_EVENTS)?;
        within("--months", u64::try_from(self.months).unwrap_or(0), 1, 120)?;
        within("--files-per-day", self.files_per_day, 1, 10_000)?;
        if self.first_period.year() < FIRST_YEAR || self.first_period.year() > LAST_YEAR - self.months / 12 {
            return Err(Error::usage("--first-period is out of range")
                .expected(format!("{FIRST_YEAR}-01 to {}-12, the months within", LAST_YEAR - self.months / 12))
                .found(self.first_period.to_string()));
        }
        self.check_currencies()?;
        self.bounds().map(|_| ())
    }

    fn check_currencies(&self) -> Result<()> {
        let known = CURRENCIES.map(|(code, _)| code);
        let wrong = |c: &&Currency| !known.contains(&c.code()) || !c.in_use_on(self.days().start);
        let doubled = |at: usize| self.currencies[..at].contains(&self.currencies[at]);
        let fault = self.currencies.iter().find(wrong).map(|c| c.code().to_owned());
        let fault =
            fault.or_else(|| (1..self.currencies.len()).find(|at| doubled(*at)).map(|_| "one twice".to_owned()));
        let fault = fault.or_else(|| self.currencies.is_empty().then(|| "none".to_owned()));
        match fault {
            None => Ok(()),
            Some(found) => Err(Error::usage("--currencies can't be used")
                .expected(format!("different ones, in use in {}, of {}", self.first_period, known.join(",")))
                .found(found)),
        }
    }

    /// The running sums of the shares, of [`WHOLE`]: duplicates, conflicts, reversals, bad, late.
    ///
    /// # Errors
    /// A share is out of range, or they are more than all events together (usage).
    pub fn bounds(&self) -> Result<[u64; 5]> {
        let s = &self.shares;
        let mut sum = Exact::ZERO;
        let mut bounds = [0; 5];
        for (bound, share) in bounds.iter_mut().zip([&s.duplicates, &s.conflicts, &s.reversals, &s.bad, &s.late]) {
            sum += share;
            if share.is_negative() || sum > Exact::ONE {
                return Err(Error::usage("the faults to plant are more than the events")
                    .expected("shares from 0 % to 100 %, no more than 100 % together")
                    .found(share.to_string()));
            }
            let scaled = (&sum * &Exact::from_int(i128::from(WHOLE))).floor_i128();
            *bound = scaled.and_then(|v| u64::try_from(v).ok()).unwrap_or(WHOLE);
        }
        Ok(bounds)
    }

    /// The logs of the book.
    #[must_use]
    pub fn logs(&self) -> Vec<Log> {
        Log::ALL.into_iter().filter(|log| self.mix == Mix::All || *log != Log::Engagement).collect()
    }

    /// Events of a log: fixed shares of all, the rest to gifts.
    #[must_use]
    pub fn events_of(&self, log: Log) -> u64 {
        let share =
            |log: Log| self.events / 1000 * self.per_mille(log) + self.events % 1000 * self.per_mille(log) / 1000;
        match log {
            Log::Gifts => self.events - self.logs().into_iter().filter(|l| *l != Log::Gifts).map(share).sum::<u64>(),
            other => share(other),
        }
    }

    fn per_mille(&self, log: Log) -> u64 {
        match (self.mix, log) {
            (_, Log::Gifts) => 0,
            (Mix::All, Log::Engagement) => 200,
            (Mix::Money, Log::Engagement) => 0,
            (Mix::All, Log::Subscriptions) => 120,
            (Mix::Money, Log::Subscriptions) => 150,
            (Mix::All, Log::Commerce) => 70,
            (Mix::Money, Log::Commerce) => 87,
            (_, Log::BrandDeals) => 8,
            (_, Log::Adjustments) => 2,
        }
    }

    /// The month with this index.
    #[must_use]
    pub fn month(&self, index: i32) -> Period {
        (0..index).fold(self.first_period, |period, _| period.next())
    }

    /// The first day after the last month.
    #[must_use]
    pub fn end_day(&self) -> i32 {
        self.month(self.months).first_day()
    }

    /// The days of the book.
    #[must_use]
    pub fn days(&self) -> Range<i32> {
        self.first_period.first_day()..self.end_day()
    }

    /// How the events of a log lie on the days.
    #[must_use]
    pub fn calendar(&self, log: Log) -> Calendar {
        Calendar::new(self.days(), self.events_of(log))
    }
}

fn within(flag: &str, value: u64, from: u64, to: u64) -> Result<()> {
    if (from..=to).contains(&value) {
        return Ok(());
    }
    Err(Error::usage(format!("{flag} is out of range")).expected(format!("{from} to {to}")).found(value.to_string()))
}
