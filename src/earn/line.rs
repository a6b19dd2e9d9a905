//! An earning line: rounded once, split by largest remainder, converted part by part.

use super::lookup::{Lookup, Memory, Numbered};
use super::rates::RateKey;
use crate::error::{Error, Result};
use crate::ledger::Account;
use crate::log::Log;
use crate::money::{Currency, Exact, Rounding, allocate, allocate_by, round, to_minor};
use crate::period::{Period, day_text};
use crate::policy::{FxDate, Program, RoundAt};

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
    pub minor: i64,
    pub payout: Option<i64>,
}

/// What a deduction took; its name is a number of the run's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineDeduction {
    pub name: u32,
    pub account: Account,
    pub minor: i64,
}

/// What went through one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    pub gross: i128,
    pub tax: i128,
    pub fee: i128,
}

/// An earning line; amounts in minor units of the event currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub events: i64,
    pub gross: i64,
    pub tax: i64,
    pub fee: i64,
    pub creator: i64,
    pub platform: i64,
    pub rounding: Exact,
    pub deductions: Box<[LineDeduction]>,
    pub parts: Box<[LinePart]>,
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
    /// What the platform bears beyond its share: fees and taxes that a reversal did not bring back.
    pub expense: Exact,
    /// By party, in order of position: the exact part (or the sum of whole ones).
    pub parts: Vec<(u32, Exact)>,
    pub channels: Vec<ChannelDraft>,
}

/// What goes through one channel of a line while facts are added to it.
#[derive(Clone, Debug)]
pub struct ChannelDraft {
    pub log: Log,
    pub channel: u32,
    pub gross: i128,
    pub tax: Exact,
    pub fee: Exact,
}

impl Draft {
    /// Adds a party's part.
    pub fn add_part(&mut self, party: u32, part: Exact) {
        match self.parts.iter_mut().find(|(p, _)| *p == party) {
            Some((_, sum)) => *sum += part,
            None => self.parts.push((party, part)),
        }
    }

    /// Adds what went through a channel.
    pub fn add_channel(&mut self, log: Log, channel: u32, gross: i64, tax: &Exact, fee: &Exact) {
        match self.channels.iter_mut().find(|c| (c.log, c.channel) == (log, channel)) {
            Some(sums) => {
                sums.gross += i128::from(gross);
                sums.tax += tax;
                sums.fee += fee;
            }
            None => {
                let (tax, fee) = (tax.clone(), fee.clone());
                self.channels.push(ChannelDraft { log, channel, gross: gross.into(), tax, fee });
            }
        }
    }

    /// Makes it the draft of a line without facts, without giving its memory back.
    pub fn clear(&mut self) {
        let (mut steps, mut parts, mut channels) =
            (std::mem::take(&mut self.steps), std::mem::take(&mut self.parts), std::mem::take(&mut self.channels));
        steps.clear();
        parts.clear();
        channels.clear();
        *self = Self { steps, parts, channels, ..Self::default() };
    }
}

/// What finishing a line needs to know.
pub struct Finish<'w, 'a> {
    pub look: &'a Lookup<'a>,
    pub memory: &'w mut Memory<'a>,
    pub program: &'w Numbered<'a>,
    pub key: LineKey,
    /// The last day of the earning period.
    pub last: i32,
    pub fx_rule: FxDate,
    pub max_days_back: i32,
}

/// Rounds, splits and converts a line.
///
/// # Errors
/// A number beyond Int64 (gate), a party without a payout currency (bug: it was checked before).
pub fn finish(with: &mut Finish<'_, '_>, draft: &Draft) -> Result<Line> {
    let program = with.program.program;
    let booked = round(&draft.booked, program.rounding)?;
    let exact_parts: Vec<Exact> = draft.parts.iter().map(|(_, part)| part.clone()).collect();
    let split = allocate(booked, &exact_parts, program.odd_cents, with.key.period.ordinal())?;
    let creator = booked - split.platform;
    let tax = round(&draft.tax, Rounding::HalfEven)?;
    let fee = round(&draft.fee, Rounding::HalfEven)?;
    let deductions = deductions(with.program, &draft.steps)?;
    let deducted: i128 = deductions.iter().map(|d| i128::from(d.minor)).sum();
    let mut parts = Vec::with_capacity(draft.parts.len());
    for ((party, _), minor) in draft.parts.iter().zip(split.minors) {
        parts.push(part(with, *party, fit(minor)?)?);
    }
    Ok(Line {
        events: fit(draft.events)?,
        gross: fit(draft.gross)?,
        tax: fit(tax)?,
        fee: fit(fee)?,
        creator: fit(creator)?,
        platform: fit(draft.gross - tax - fee - deducted - creator)?,
        rounding: &draft.exact - &Exact::from(creator),
        deductions,
        parts: parts.into_boxed_slice(),
    })
}

fn fit(value: i128) -> Result<i64> {
    to_minor(value, "a ledger value")
}

fn deductions(program: &Numbered<'_>, steps: &[Exact]) -> Result<Box<[LineDeduction]>> {
    let named = program.steps.iter().zip(steps).filter_map(|(step, exact)| Some(((*step)?, exact)));
    named
        .map(|((name, account), exact)| {
            Ok(LineDeduction { name, account, minor: fit(round(exact, Rounding::HalfEven)?)? })
        })
        .collect()
}

/// The line's money by log and channel, adding up to what the line says.
///
/// # Errors
/// A number beyond i128 (gate).
pub fn channels(draft: &Draft, line: &Line) -> Result<Vec<(Log, u32, Channel)>> {
    let (tax, fee) = (i128::from(line.tax), i128::from(line.fee));
    if let [only] = draft.channels.as_slice() {
        return Ok(vec![(only.log, only.channel, Channel { gross: only.gross, tax, fee })]);
    }
    let mut sorted: Vec<&ChannelDraft> = draft.channels.iter().collect();
    sorted.sort_by_key(|c| (c.log, c.channel));
    let exact = |of: fn(&ChannelDraft) -> &Exact| sorted.iter().map(|c| of(c).clone()).collect::<Vec<_>>();
    let taxes = allocate_by(tax, &exact(|c| &c.tax))?;
    let fees = allocate_by(fee, &exact(|c| &c.fee))?;
    let all = sorted.iter().zip(taxes).zip(fees);
    Ok(all.map(|((c, tax), fee)| (c.log, c.channel, Channel { gross: c.gross, tax, fee })).collect())
}

fn part(with: &mut Finish<'_, '_>, party: u32, minor: i64) -> Result<LinePart> {
    let payout_currency = with.look.payout_currency(party, with.last).ok_or_else(|| {
        let name = with.look.names.text(party);
        Error::bug(format!("party {name} has no payout currency on {}", day_text(with.last)))
    })?;
    if payout_currency == with.key.currency {
        return Ok(LinePart { party, payout_currency, rate: Some(Exact::ONE), minor, payout: Some(minor) });
    }
    let key = with.key.rate_key(payout_currency, with.fx_rule);
    let Some(worth) = with.memory.worth(key, with.max_days_back)? else {
        return Ok(LinePart { party, payout_currency, rate: None, minor, payout: None });
    };
    let payout = fit(round(&(&Exact::from(minor) * &worth.minor), Rounding::HalfEven)?)?;
    Ok(LinePart { party, payout_currency, rate: Some(worth.rate.clone()), minor, payout: Some(payout) })
}

/// Divides one event's rounded creator side among the parties of its day, whose parts of it are given.
///
/// # Errors
/// A number beyond i128 (gate).
pub fn split_event(program: &Program, period: Period, booked: i128, parts: &[Exact]) -> Result<(Vec<Exact>, i128)> {
    let split = allocate(booked, parts, program.odd_cents, period.ordinal())?;
    Ok((split.minors.into_iter().map(Exact::from).collect(), split.platform))
}

/// Does the program round every event?
#[must_use]
pub fn rounds_events(program: &Program) -> bool {
    program.round_at == RoundAt::Event
}
