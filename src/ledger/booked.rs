//! What closed periods booked, added up: earning lines over all causes, and sums of the journal.

use std::collections::BTreeMap;

use super::account::Account;
use super::journal::PostingView;
use super::row::{Earning, Part};
use crate::error::{Error, Result};
use crate::money::Exact;
use crate::period::Period;

/// The key of `earnings` without the cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EarningKey {
    pub creator_id: String,
    pub program: String,
    pub policy_version: String,
    pub currency: String,
    pub earning_period: Period,
    pub fx_date: i32,
}

/// All that was booked for an earning line; amounts in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookedLine {
    pub events: i128,
    pub gross: i128,
    pub tax: i128,
    pub channel_fee: i128,
    /// By name and account.
    pub deductions: BTreeMap<(String, String), i128>,
    pub creator: i128,
    pub platform: i128,
    /// Exact creator side less the booked one.
    pub rounding: Exact,
    /// One for each party, payout currency and rate, in the order in which they were booked first; none of zeros.
    pub parts: Vec<BookedPart>,
}

/// A party's booked part of an earning line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedPart {
    pub party_id: String,
    pub payout_currency: String,
    pub rate: Option<String>,
    /// In the event currency.
    pub minor: i128,
    /// In the payout currency; none without a rate.
    pub payout_minor: Option<i128>,
}

/// What tells sums of the journal apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JournalKey {
    pub kind: String,
    pub program: Option<String>,
    pub currency: String,
    pub earning_period: Option<Period>,
    pub log: Option<String>,
    pub channel: Option<String>,
    pub account: String,
    pub party_id: Option<String>,
}

impl EarningKey {
    pub(super) fn of(earning: &Earning) -> Self {
        Self {
            creator_id: earning.creator_id.clone(),
            program: earning.program.clone(),
            policy_version: earning.policy_version.clone(),
            currency: earning.currency.clone(),
            earning_period: earning.earning_period,
            fx_date: earning.fx_date,
        }
    }
}

impl BookedLine {
    /// Adds a row of its key.
    ///
    /// # Errors
    /// The row's remainder is no fraction (input).
    pub(super) fn add(&mut self, row: &Earning) -> Result<()> {
        let rounding = Exact::read_back(&row.rounding)
            .ok_or_else(|| Error::input("a remainder in the ledger can't be read").found(row.rounding.clone()))?;
        self.events += i128::from(row.events);
        self.gross += i128::from(row.gross_minor);
        self.tax += i128::from(row.tax_minor);
        self.channel_fee += i128::from(row.channel_fee_minor);
        self.creator += i128::from(row.creator_minor);
        self.platform += i128::from(row.platform_minor);
        self.rounding += rounding;
        for deduction in &row.deductions {
            let key = (deduction.name.clone(), deduction.account.clone());
            *self.deductions.entry(key).or_default() += i128::from(deduction.minor);
        }
        row.parts.iter().for_each(|part| self.add_part(part));
        self.parts.retain(|part| part.minor != 0 || part.payout_minor.unwrap_or(0) != 0);
        Ok(())
    }

    fn add_part(&mut self, part: &Part) {
        let same = |booked: &&mut BookedPart| {
            (&booked.party_id, &booked.payout_currency, &booked.rate)
                == (&part.party_id, &part.payout_currency, &part.rate)
        };
        let (minor, payout_minor) = (i128::from(part.minor), part.payout_minor.map(i128::from));
        match self.parts.iter_mut().find(same) {
            Some(booked) => {
                booked.minor += minor;
                booked.payout_minor = booked.payout_minor.zip(payout_minor).map(|(a, b)| a + b);
            }
            None => self.parts.push(BookedPart {
                party_id: part.party_id.clone(),
                payout_currency: part.payout_currency.clone(),
                rate: part.rate.clone(),
                minor,
                payout_minor,
            }),
        }
    }
}

impl JournalKey {
    pub(super) fn of(posting: &PostingView<'_>) -> Self {
        Self {
            kind: posting.kind.to_owned(),
            program: posting.program.map(str::to_owned),
            currency: posting.currency.code().to_owned(),
            earning_period: posting.earning_period,
            log: posting.log.map(|log| log.name().to_owned()),
            channel: posting.channel.map(str::to_owned),
            account: posting.account.name().to_owned(),
            party_id: posting.party_id.map(str::to_owned),
        }
    }
}

/// Settlement is never redone, and the party side of earning lines stands in `earnings`: neither is summed.
pub(super) fn is_summed(posting: &PostingView<'_>) -> bool {
    let by_line = posting.kind == "earning" && posting.log.is_none() && posting.account != Account::PlatformExpense;
    posting.earning_period.is_some() && !by_line
}
