//! An earning line: rounded once, split by largest remainder, converted part by part.

use std::collections::BTreeMap;

use super::rates::{RateKey, Rates};
use crate::error::{Error, Result};
use crate::facts::Known;
use crate::log::Log;
use crate::money::{Currency, Exact, Rounding, allocate, allocate_by, convert, round};
use crate::period::{Period, day_text};
use crate::policy::{FxDate, Program, RoundAt};
use crate::reference::Share;

/// The key of `earnings` without the cause; creator, program and version as numbers of the run's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey {
    pub creator: u32,
    pub program: u32,
    pub version: u32,
    pub currency: Currency,
    pub period: Period,
    pub fx_date: i32,
}

impl LineKey {
    /// The rate from the line's currency, on the date that the rule gave the line.
    #[must_use]
    pub fn rate_key(&self, to: Currency, rule: FxDate) -> RateKey {
        let average = rule == FxDate::PeriodAverage;
        RateKey { earning_period: self.period, from: self.currency, to, fx_date: self.fx_date, average }
    }
}

/// A party's part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePart {
    pub party: u32,
    pub payout_currency: Currency,
    /// None: no rate; the part stands on `party_held` in event currency.
    pub rate: Option<Exact>,
    pub minor: i128,
    pub payout: Option<i128>,
}

/// What went through one channel of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    pub gross: i128,
    pub tax: i128,
    pub fee: i128,
}

/// An earning line; amounts in minor units of the event currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub events: i128,
    pub gross: i128,
    pub tax: i128,
    pub fee: i128,
    /// Name, account, amount.
    pub deductions: Vec<(String, String, i128)>,
    pub creator: i128,
    pub platform: i128,
    pub rounding: Exact,
    pub parts: Vec<LinePart>,
    /// By log and channel.
    pub channels: BTreeMap<(Log, u32), Channel>,
    /// What the platform bears beyond its share: fees and taxes that a reversal did not bring back.
    pub expense: i128,
}

/// A line while facts are added to it.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub events: i128,
    pub gross: i128,
    pub tax: Exact,
    pub fee: Exact,
    pub steps: Vec<Exact>,
    /// The creator side, exact.
    pub exact: Exact,
    /// What is booked of it: the same, or the sum of what each event was rounded to.
    pub booked: Exact,
    pub expense: Exact,
    /// By party, in order of position: the exact part (or the sum of whole ones).
    pub parts: Vec<(u32, Exact)>,
    pub channels: BTreeMap<(Log, u32), (i128, Exact, Exact)>,
}

impl Draft {
    /// Adds a party's part.
    pub fn add_part(&mut self, party: u32, part: &Exact) {
        match self.parts.iter_mut().find(|(p, _)| *p == party) {
            Some((_, sum)) => *sum += part,
            None => self.parts.push((party, part.clone())),
        }
    }
}

/// What finishing a line needs to know.
pub struct Finish<'a> {
    pub known: &'a Known<'a>,
    pub program: &'a Program,
    pub key: LineKey,
    pub rates: &'a Rates<'a>,
    pub fx_rule: FxDate,
    pub max_days_back: i32,
    pub party_name: &'a (dyn Fn(u32) -> String + Sync),
}

/// Divides one event's rounded creator side among the parties of its day.
///
/// # Errors
/// A number beyond i128 (gate).
pub fn split_event(program: &Program, period: Period, booked: i128, shares: &[Share]) -> Result<(Vec<Exact>, i128)> {
    let whole = Exact::from(booked);
    let parts: Vec<Exact> = shares.iter().map(|s| &whole * &s.part).collect();
    let split = allocate(booked, &parts, program.odd_cents, period.ordinal())?;
    Ok((split.minors.into_iter().map(Exact::from).collect(), split.platform))
}

/// Rounds, splits and converts a line.
///
/// # Errors
/// A number beyond i128 (gate), a party without a payout currency (bug: it was checked before).
pub fn finish(with: &Finish<'_>, draft: Draft) -> Result<Line> {
    let booked = round(&draft.booked, with.program.rounding)?;
    let exact_parts: Vec<Exact> = draft.parts.iter().map(|(_, part)| part.clone()).collect();
    let split = allocate(booked, &exact_parts, with.program.odd_cents, with.key.period.ordinal())?;
    let creator = booked - split.platform;
    let tax = round(&draft.tax, Rounding::HalfEven)?;
    let fee = round(&draft.fee, Rounding::HalfEven)?;
    let deductions = deductions(with.program, &draft.steps)?;
    let deducted: i128 = deductions.iter().map(|d| d.2).sum();
    let mut parts = Vec::with_capacity(draft.parts.len());
    for ((party, _), minor) in draft.parts.iter().zip(split.minors) {
        parts.push(part(with, *party, minor)?);
    }
    Ok(Line {
        events: draft.events,
        gross: draft.gross,
        tax,
        fee,
        deductions,
        creator,
        platform: draft.gross - tax - fee - deducted - creator,
        rounding: &draft.exact - &Exact::from(creator),
        parts,
        channels: channels(&draft, tax, fee)?,
        expense: round(&draft.expense, Rounding::HalfEven)?,
    })
}

fn deductions(program: &Program, steps: &[Exact]) -> Result<Vec<(String, String, i128)>> {
    let named = program.deductions.iter().zip(steps);
    let others = named.filter(|(s, _)| s.name != super::steps::CHANNEL_FEE && s.name != super::steps::TAX);
    others.map(|(s, exact)| Ok((s.name.clone(), s.account.clone(), round(exact, Rounding::HalfEven)?))).collect()
}

/// The line's tax and fee by channel, adding up to what the line says.
fn channels(draft: &Draft, tax: i128, fee: i128) -> Result<BTreeMap<(Log, u32), Channel>> {
    let exact =
        |of: fn(&(i128, Exact, Exact)) -> &Exact| draft.channels.values().map(|c| of(c).clone()).collect::<Vec<_>>();
    let taxes = allocate_by(tax, &exact(|c| &c.1))?;
    let fees = allocate_by(fee, &exact(|c| &c.2))?;
    let keys = draft.channels.iter().zip(taxes).zip(fees);
    Ok(keys.map(|(((key, sums), tax), fee)| (*key, Channel { gross: sums.0, tax, fee })).collect())
}

fn part(with: &Finish<'_>, party: u32, minor: i128) -> Result<LinePart> {
    let name = (with.party_name)(party);
    let last = with.key.period.last_day();
    let to = with
        .known
        .references
        .parties
        .on(&name, last)
        .map(|p| p.payout_currency)
        .ok_or_else(|| Error::bug(format!("party {name} has no payout currency on {}", day_text(last))))?;
    let key = with.key.rate_key(to, with.fx_rule);
    let rate = with.rates.rate(key, with.max_days_back)?;
    let payout = match &rate {
        None => None,
        Some(rate) => Some(round(&convert(&Exact::from(minor), key.from, to, rate), Rounding::HalfEven)?),
    };
    Ok(LinePart { party, payout_currency: to, rate, minor, payout })
}

/// Does the program round every event?
#[must_use]
pub fn rounds_events(program: &Program) -> bool {
    program.round_at == RoundAt::Event
}
