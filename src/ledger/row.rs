//! The rows of the ledger's tables, one struct per table, fields in column order (docs/ledger.md).
//!
//! Amounts are minor units (`_minor`), days are days since 1970-01-01, rates and remainders exact fractions as text.

use super::earnings::Earnings;
use super::journal::Journal;
use crate::period::Period;

/// One deduction of an earning line: its name, the account it stands on, its amount.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deduction {
    pub name: String,
    pub account: String,
    pub minor: i64,
}

/// One party's part of an earning line, in event currency (`minor`) and payout currency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub party_id: String,
    pub minor: i64,
    pub payout_currency: String,
    /// Units of the payout currency for one unit of the event currency; null without a rate.
    pub rate: Option<String>,
    pub payout_minor: Option<i64>,
}

/// `earnings`: one net row per earning line and cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earning {
    pub creator_id: String,
    pub program: String,
    pub policy_version: String,
    pub currency: String,
    pub earning_period: Period,
    pub fx_date: i32,
    pub cause: &'static str,
    pub events: i64,
    pub gross_minor: i64,
    pub tax_minor: i64,
    pub channel_fee_minor: i64,
    pub deductions: Vec<Deduction>,
    pub creator_minor: i64,
    pub platform_minor: i64,
    pub rounding: String,
    pub parts: Vec<Part>,
}

/// `journal`: one posting of a balanced entry, debit positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    pub entry_id: String,
    pub posting: i64,
    pub period: Period,
    pub earning_period: Option<Period>,
    pub cause: Option<&'static str>,
    pub kind: &'static str,
    pub program: Option<String>,
    pub log: Option<&'static str>,
    pub channel: Option<String>,
    pub account: String,
    pub party_id: Option<String>,
    pub amount_minor: i64,
    pub currency: String,
}

/// `statements`: a party's account in one currency; the columns add up as the contract's section 7 says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    pub party_id: String,
    pub currency: String,
    pub opening_minor: i64,
    pub earned_minor: i64,
    pub corrections_minor: i64,
    pub adjustments_minor: i64,
    pub moved_minor: i64,
    pub stand_in_minor: i64,
    pub held_minor: i64,
    pub hold_released_minor: i64,
    pub recouped_minor: i64,
    pub withheld_minor: i64,
    pub reserved_minor: i64,
    pub reserve_released_minor: i64,
    pub payable_minor: i64,
    pub payout_minor: i64,
    pub forfeited_minor: i64,
    pub closing_minor: i64,
}

/// `payouts`: the instruction to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    pub payout_id: String,
    pub party_id: String,
    pub currency: String,
    pub amount_minor: i64,
    pub due_date: i32,
}

/// `balances`: an account's roll-forward; `oldest_period` on `party_*` accounts that are not 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    pub account: String,
    pub party_id: Option<String>,
    pub currency: String,
    pub opening_minor: i64,
    pub debit_minor: i64,
    pub credit_minor: i64,
    pub closing_minor: i64,
    pub oldest_period: Option<Period>,
}

/// `quarantine`, `waiting`, `ineligible`: a row that is not rated, why, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrated {
    pub log: &'static str,
    /// Null where the row has none.
    pub event_id: Option<String>,
    /// Hash of the canonical row: 32 lower-case hex digits.
    pub row_hash: String,
    /// The n-th (from 1) among listed rows of equal log, event id and hash.
    pub occurrence: i64,
    pub reason: String,
    pub until: Option<i32>,
    pub kind: Option<String>,
    pub creator_id: Option<String>,
    pub amount_minor: Option<i64>,
    pub currency: Option<String>,
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub event_time: Option<i64>,
    pub file: String,
    pub row_group: i64,
    pub row: i64,
}

/// `control`: rows and signed amounts per fate, since the last close and cumulative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    pub log: &'static str,
    pub currency: Option<String>,
    pub fate: &'static str,
    pub reason: Option<String>,
    pub rows: i64,
    pub amount_minor: i64,
    pub unreadable: i64,
    pub total_rows: i64,
    pub total_amount_minor: i64,
    pub total_unreadable: i64,
}

/// The nine tables of one run, each sorted by its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    pub earnings: Earnings,
    pub journal: Journal,
    pub statements: Vec<Statement>,
    pub payouts: Vec<Payout>,
    pub balances: Vec<Balance>,
    pub quarantine: Vec<Unrated>,
    pub waiting: Vec<Unrated>,
    pub ineligible: Vec<Unrated>,
    pub control: Vec<Control>,
}
