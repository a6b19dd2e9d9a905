//! An earning line: rounded once, split by largest remainder, converted part by part.

use rustc_hash::FxHashMap;

use super::lines::LinePiece;
use super::lookup::{Lookup, Memory, Numbered, Worth};
use super::release::{Payers, Release, SpreadKey, divide};
use super::unit::Stretch;
use crate::error::{Error, Result};
use crate::ledger::Account;
use crate::log::Log;
use crate::money::{Currency, Exact, Rounding, allocate_by, allocate_into, round, to_minor};
use crate::period::{Period, day_text};
use crate::policy::{Pay, Program, RoundAt};

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

/// A line's key without its creator: what lines of many creators have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKind {
    pub program: u32,
    pub version: u32,
    pub currency: Currency,
    pub period: Period,
    pub fx_date: i32,
}

impl LineKind {
    /// The key of a creator's line of this kind.
    #[must_use]
    pub fn of(self, creator: u32) -> LineKey {
        let Self { program, version, currency, period, fx_date } = self;
        LineKey { creator, program, version, currency, period, fx_date }
    }
}

impl LineKey {
    /// The key without its creator.
    #[must_use]
    pub fn kind(self) -> LineKind {
        let Self { program, version, currency, period, fx_date, .. } = self;
        LineKind { program, version, currency, period, fx_date }
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
    /// What came out of a pot.
    pub pool: i128,
}

/// The amounts of an earning line, minor units of the event currency; deductions and parts stand beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub events: i64,
    pub gross: i64,
    pub tax: i64,
    pub fee: i64,
    pub creator: i64,
    pub platform: i64,
    pub rounding: Exact,
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
    /// In order of position.
    pub parties: Vec<u32>,
    /// Of each of them, the exact part (or the sum of whole ones).
    pub parts: Vec<Exact>,
    /// The channel that the first fact went through.
    pub channel: Option<(Log, u32)>,
    /// Sums by channel, where there is more than the first: of one they are the line's.
    pub channels: Vec<ChannelDraft>,
    /// Of each party, its exact parts by release and payers; empty where nobody asks.
    pub slices: Vec<(u32, Release, Payers, Exact)>,
    /// The creator side that is rounded in a unit, by what the unit is worth.
    pub units: Vec<Stretch>,
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
    pub fn add_part(&mut self, party: u32, part: &Exact) {
        match self.parties.iter().position(|p| *p == party) {
            Some(at) => self.parts[at] += part,
            None => {
                self.parties.push(party);
                self.parts.push(part.clone());
            }
        }
    }

    /// Notes when a party's part is released, and whose payers brought it.
    pub fn add_slice(&mut self, party: u32, (release, payers): (Release, Payers), part: &Exact) {
        match self.slices.iter_mut().find(|(p, r, c, _)| (*p, *r, *c) == (party, release, payers)) {
            Some((.., sum)) => *sum += part,
            None => self.slices.push((party, release, payers, part.clone())),
        }
    }

    /// Adds what went through a channel; it stands before the line's own sums grow.
    pub fn add_channel(&mut self, log: Log, channel: u32, gross: i64, tax: &Exact, fee: &Exact) {
        if self.channels.is_empty() {
            let first = *self.channel.get_or_insert((log, channel));
            if first == (log, channel) {
                return;
            }
            let (tax, fee) = (self.tax.clone(), self.fee.clone());
            self.channels.push(ChannelDraft { log: first.0, channel: first.1, gross: self.gross, tax, fee });
        }
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
        let Self { events, gross, tax, fee, steps, exact, booked, expense, .. } = self;
        (*events, *gross) = (0, 0);
        [tax, fee, exact, booked, expense].into_iter().for_each(|sum| *sum = Exact::ZERO);
        steps.clear();
        let Self { parties, parts, channel, channels, slices, units, .. } = self;
        *channel = None;
        parties.clear();
        parts.clear();
        channels.clear();
        slices.clear();
        units.clear();
    }
}

/// The kind of a line, and its place in a worker's memory.
#[derive(Clone, Copy)]
pub struct Context {
    pub kind: usize,
    pub line: LineKind,
}

/// What goes through channels, by the kind of line (its place in the worker's memory), the log and the channel.
#[derive(Default)]
pub struct ChannelSums {
    all: Vec<((usize, Log, u32), Channel)>,
    places: FxHashMap<(usize, Log, u32), usize>,
    /// By kind, the place that was asked for last: mostly the next one too.
    last: Vec<usize>,
}

impl ChannelSums {
    fn of(&mut self, key: (usize, Log, u32)) -> &mut Channel {
        if self.last.len() <= key.0 {
            self.last.resize(key.0 + 1, usize::MAX);
        }
        let place = match self.all.get(self.last[key.0]) {
            Some((last, _)) if *last == key => self.last[key.0],
            _ => *self.places.entry(key).or_insert(self.all.len()),
        };
        if place == self.all.len() {
            self.all.push((key, Channel::default()));
        }
        self.last[key.0] = place;
        &mut self.all[place].1
    }

    /// All of them; what is left is empty.
    pub fn drain(&mut self) -> impl Iterator<Item = ((usize, Log, u32), Channel)> {
        self.places.clear();
        self.last.clear();
        self.all.drain(..)
    }
}

/// What finishing a line needs to know.
pub struct Finish<'w, 'a> {
    pub look: &'a Lookup<'a>,
    pub memory: &'w mut Memory<'a>,
    pub program: &'w Numbered<'a>,
    pub creator: u32,
    pub context: Context,
    pub clearing: &'w mut ChannelSums,
    pub spread: &'w mut FxHashMap<SpreadKey, i128>,
    /// For the parts of a line, so that memory is asked for once.
    pub minors: &'w mut Vec<i128>,
}

impl Finish<'_, '_> {
    fn add_channel(&mut self, (log, channel): (Log, u32), gross: i128, tax: i128, fee: i128) {
        let total = self.clearing.of((self.context.kind, log, channel));
        match self.program.program.pay {
            Pay::Pool(_) => total.pool += gross,
            _ => total.gross += gross,
        }
        total.tax += tax;
        total.fee += fee;
    }
}

/// Rounds, splits and converts a line, and adds it to a piece; gives its creator side.
///
/// # Errors
/// A number beyond Int64 (gate), a party without a payout currency (bug: it was checked before).
pub fn finish(with: &mut Finish<'_, '_>, draft: &Draft, into: &mut LinePiece) -> Result<i128> {
    let program = with.program.program;
    let booked = round(&draft.booked, program.rounding)?;
    let ordinal = with.context.line.period.ordinal();
    let creator = booked - allocate_into(booked, &draft.parts, program.odd_cents, ordinal, with.minors)?;
    let tax = round(&draft.tax, Rounding::HalfEven)?;
    let fee = round(&draft.fee, Rounding::HalfEven)?;
    let mut deducted = 0;
    for (step, exact) in with.program.steps.iter().zip(&draft.steps) {
        let Some((name, account)) = *step else { continue };
        let minor = round(exact, Rounding::HalfEven)?;
        deducted += minor;
        into.add_deduction(LineDeduction { name, account, minor: fit(minor)? });
    }
    // A program's steps without an event that they were taken of are steps of 0.
    for (name, account) in with.program.steps.iter().skip(draft.steps.len()).flatten() {
        into.add_deduction(LineDeduction { name: *name, account: *account, minor: 0 });
    }
    for (at, party) in draft.parties.iter().enumerate() {
        add_part(with, draft, *party, fit(with.minors[at])?, into)?;
    }
    let line = Line {
        events: fit(draft.events)?,
        gross: fit(draft.gross)?,
        tax: fit(tax)?,
        fee: fit(fee)?,
        creator: fit(creator)?,
        platform: fit(draft.gross - tax - fee - deducted - creator)?,
        rounding: &draft.exact - &Exact::from(creator),
    };
    channels(with, draft, tax, fee)?;
    let kind = with.memory.at(with.context.kind);
    let number = match kind.number {
        Some(number) => number,
        None => into.kind(kind.line)?,
    };
    kind.number = Some(number);
    into.end(with.creator, number, line)?;
    Ok(creator)
}

/// Adds a party's part to the line that is being made.
fn add_part(with: &mut Finish<'_, '_>, draft: &Draft, party: u32, minor: i64, into: &mut LinePiece) -> Result<()> {
    let (currency, worth) = paid(with.look, with.memory, with.context.kind, party)?;
    let number = match worth.number {
        Some(number) => number,
        None => into.paid(currency, worth.rate())?,
    };
    worth.number = Some(number);
    let payout = worth.payout(minor)?;
    if let (false, Some(payout), Some(worth)) = (draft.slices.is_empty(), payout, worth.minor()) {
        spread(draft, with.context.line.program, (party, currency, payout), worth, with.spread)?;
    }
    into.add_part(party, number, minor, payout)
}

fn fit(value: i128) -> Result<i64> {
    to_minor(value, "a ledger value")
}

/// Adds the line's money by log and channel to the sums, so that it adds up to what the line says.
fn channels(with: &mut Finish<'_, '_>, draft: &Draft, tax: i128, fee: i128) -> Result<()> {
    if let (Some(only), []) = (draft.channel, draft.channels.as_slice()) {
        with.add_channel(only, draft.gross, tax, fee);
        return Ok(());
    }
    let mut sorted: Vec<&ChannelDraft> = draft.channels.iter().collect();
    sorted.sort_by_key(|c| (c.log, c.channel));
    let exact = |of: fn(&ChannelDraft) -> &Exact| sorted.iter().map(|c| of(c).clone()).collect::<Vec<_>>();
    let taxes = allocate_by(tax, &exact(|c| &c.tax))?;
    let fees = allocate_by(fee, &exact(|c| &c.fee))?;
    for ((channel, tax), fee) in sorted.iter().zip(taxes).zip(fees) {
        with.add_channel((channel.log, channel.channel), channel.gross, tax, fee);
    }
    Ok(())
}

/// The currency that a party is paid in, and what the line's currency is worth in it.
///
/// # Errors
/// A party without a payout currency (bug: it was checked before).
fn paid<'m, 'a>(
    look: &'a Lookup<'a>,
    memory: &'m mut Memory<'a>,
    kind: usize,
    party: u32,
) -> Result<(Currency, &'m mut Worth)> {
    let last = memory.at(kind).last;
    let currency = look.payout_currency(party, last).ok_or_else(|| {
        let name = look.names.text(party);
        Error::bug(format!("party {name} has no payout currency on {}", day_text(last)))
    })?;
    Ok((currency, memory.worth(kind, currency)?))
}

/// A party's part in its payout currency.
///
/// # Errors
/// A number beyond Int64 (gate), a party without a payout currency (bug: it was checked before).
pub fn part<'a>(
    look: &'a Lookup<'a>,
    memory: &mut Memory<'a>,
    kind: usize,
    party: u32,
    minor: i64,
) -> Result<LinePart> {
    let (payout_currency, worth) = paid(look, memory, kind, party)?;
    Ok(LinePart { party, payout_currency, rate: worth.rate().cloned(), minor, payout: worth.payout(minor)? })
}

/// Adds what is held of a part until when, and which payers brought it, in the currency that it is paid in; a part
/// without a rate is not divided. `worth` is what a minor unit of the line's currency is in it.
fn spread(
    draft: &Draft,
    program: u32,
    (party, currency, payout): (u32, Currency, i64),
    worth: &Exact,
    into: &mut FxHashMap<SpreadKey, i128>,
) -> Result<()> {
    let ours = draft.slices.iter().filter(|slice| slice.0 == party);
    let slices: Vec<_> = ours.map(|(_, release, payers, exact)| (*release, *payers, exact.clone())).collect();
    for (release, payers, minor) in divide(payout, worth, &slices)? {
        if minor != 0 && (release != Release::Due || payers != 0) {
            *into.entry((party, currency, program, release, payers)).or_default() += minor;
        }
    }
    Ok(())
}

/// Is the creator side the platform's expense?
#[must_use]
pub fn pays_each(program: &Program) -> bool {
    matches!(program.pay, Pay::Each(_))
}

/// Does the program round every event?
#[must_use]
pub fn rounds_events(program: &Program) -> bool {
    program.round_at == RoundAt::Event
}
