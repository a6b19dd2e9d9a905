//! A journal entry, which cannot be built unbalanced.

use std::collections::BTreeMap;

use super::account::Account;
use super::journal::{Journal, PostingView};
use super::row::Posting;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::money::{Currency, to_minor};
use crate::period::Period;

/// What stands in the id of a `hold` in place of a period that is not known before a delivery.
pub const HELD_UNTIL_DELIVERY: &str = "delivery";

/// An entry while amounts are posted to it; [`Entry::finish`] is the only way to its postings.
///
/// Its id is `period|kind|earning period|cause|program|details…`, each part [`escape`]d, a missing one empty:
/// `2026-11|earning|2026-10|late_event|live_subs|party|north|EUR|USD`.
#[derive(Clone, Debug)]
pub struct Entry {
    period: Period,
    kind: &'static str,
    earning_period: Option<Period>,
    cause: Option<&'static str>,
    program: Option<String>,
    details: Vec<String>,
    sums: BTreeMap<Place, i128>,
}

/// What tells the postings of one entry apart; its order is the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    currency: Currency,
    account: Account,
    log: Option<Log>,
    channel: Option<String>,
    party: Option<String>,
}

impl Entry {
    /// An entry of a kind of [`super::KINDS`], booked in `period`.
    #[must_use]
    pub fn new(period: Period, kind: &'static str) -> Self {
        let (details, sums) = (Vec::new(), BTreeMap::new());
        Self { period, kind, earning_period: None, cause: None, program: None, details, sums }
    }

    /// When it was earned, and why it is booked now (a cause of [`super::CAUSES`]).
    #[must_use]
    pub fn earned(self, period: Period, cause: &'static str) -> Self {
        self.earned_maybe(Some(period), cause)
    }

    /// [`Entry::earned`] where the row behind it may have no readable time.
    #[must_use]
    pub fn earned_maybe(mut self, period: Option<Period>, cause: &'static str) -> Self {
        (self.earning_period, self.cause) = (period, Some(cause));
        self
    }

    /// The program that it is about.
    #[must_use]
    pub fn program(mut self, program: &str) -> Self {
        self.program = Some(program.to_owned());
        self
    }

    /// One more part of its id.
    #[must_use]
    pub fn detail(mut self, detail: &str) -> Self {
        self.details.push(detail.to_owned());
        self
    }

    /// Posts an amount (minor units, debit positive); amounts of one place are added up.
    pub fn post(&mut self, account: Account, party: Option<&str>, minor: i128, currency: Currency) {
        let party = party.map(str::to_owned);
        self.add(Place { currency, account, log: None, channel: None, party }, minor);
    }

    /// Posts an amount to one of the lines (`channel`) of an account that no party shares.
    pub fn post_on(&mut self, account: Account, channel: Option<&str>, minor: i128, currency: Currency) {
        let channel = channel.map(str::to_owned);
        self.add(Place { currency, account, log: None, channel, party: None }, minor);
    }

    /// Posts an amount that came through a log and a channel.
    pub fn post_through(&mut self, account: Account, log: Log, channel: Option<&str>, minor: i128, currency: Currency) {
        let channel = channel.map(str::to_owned);
        self.add(Place { currency, account, log: Some(log), channel, party: None }, minor);
    }

    fn add(&mut self, place: Place, minor: i128) {
        let sum = self.sums.entry(place).or_default();
        *sum = sum.saturating_add(minor);
    }

    /// Its postings without zeros, numbered from 1 by currency, account, log, channel, party; none where nothing moves.
    ///
    /// # Errors
    /// An amount beyond Int64 (gate); a currency in which debits and credits differ (bug).
    pub fn finish(self) -> Result<Vec<Posting>> {
        let mut journal = Journal::default();
        self.add_to(&mut journal)?;
        Ok(journal.iter().map(|posting| posting.to_row()).collect())
    }

    /// Adds the postings of [`Entry::finish`] to a journal.
    ///
    /// # Errors
    /// As [`Entry::finish`].
    pub fn add_to(self, journal: &mut Journal) -> Result<()> {
        let id = self.id();
        balanced(&id, &self.sums)?;
        for (posting, (place, sum)) in (1..).zip(self.sums.iter().filter(|(_, sum)| **sum != 0)) {
            let amount_minor = to_minor(*sum, "a posting").map_err(|e| e.at(id.clone()))?;
            journal.push(&PostingView {
                entry_id: &id,
                posting,
                period: self.period,
                earning_period: self.earning_period,
                cause: self.cause,
                kind: self.kind,
                program: self.program.as_deref(),
                log: place.log,
                channel: place.channel.as_deref(),
                account: place.account,
                party_id: place.party.as_deref(),
                amount_minor,
                currency: place.currency,
            })?;
        }
        Ok(())
    }

    fn id(&self) -> String {
        let earned = self.earning_period.map_or_else(String::new, |period| period.to_string());
        let program = self.program.as_deref().unwrap_or_default();
        let head = [&self.period.to_string(), self.kind, &earned, self.cause.unwrap_or_default(), program];
        let parts = head.into_iter().chain(self.details.iter().map(String::as_str));
        parts.map(escape).collect::<Vec<_>>().join("|")
    }
}

/// Makes a text one part of an id: `%` becomes `%25`, `|` becomes `%7C`, so that joined parts stay apart.
#[must_use]
pub fn escape(part: &str) -> String {
    part.replace('%', "%25").replace('|', "%7C")
}

/// The parts of an entry's id that tell it from its neighbours, after period, kind, earning period, cause and program.
#[must_use]
pub fn details(entry_id: &str) -> Vec<String> {
    let parts = entry_id.split('|').skip(5);
    parts.map(|part| part.replace("%7C", "|").replace("%25", "%")).collect()
}

fn balanced(id: &str, sums: &BTreeMap<Place, i128>) -> Result<()> {
    let mut totals: BTreeMap<Currency, i128> = BTreeMap::new();
    for (place, sum) in sums {
        let total = totals.entry(place.currency).or_default();
        *total = total.saturating_add(*sum);
    }
    match totals.iter().find(|(_, total)| **total != 0) {
        None => Ok(()),
        Some((currency, total)) => Err(Error::bug("an entry does not balance")
            .at(id)
            .expected(format!("debits and credits that add up to 0 {currency}"))
            .found(format!("{total} {currency} minor units"))),
    }
}
