//! From differences to balanced entries: the party side, the platform side, and money that is not rated.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::difference::Difference;
use crate::earn::{Channel, GroupKey};
use crate::error::Result;
use crate::intake::{NONE, Names, Rows};
use crate::ledger::{Account, Entry, Journal};
use crate::log::Log;
use crate::money::Currency;
use crate::period::Period;
use crate::settle::Inputs;

/// Collects a run's entries and what settlement needs of them.
pub struct Books<'a> {
    pub period: Period,
    pub names: &'a Names,
    pub postings: Journal,
    pub settlement: Inputs,
    /// Parties whose settlement asks what each program paid.
    pub by_program: FxHashSet<u32>,
}

/// The kind of entries that fill a pot and take from it what is no creator's.
pub const POOL: &str = "pool";
/// The channel on which a pot waits for a later month.
pub const CARRIED: &str = "carried";

/// Party, event currency, payout currency, program, earning period.
type PartyKey = (u32, Currency, Currency, u32, Period);

/// Entries that one worker makes at a time; so many times as many stand twice.
const ENTRIES_AT_ONCE: usize = 256;

#[derive(Default)]
struct PlatformSide {
    creator: i128,
    platform: i128,
    deductions: BTreeMap<Account, i128>,
    channels: Vec<(Log, u32, Channel)>,
    expense: i128,
}

/// What a program owes a party in one currency: the amount in the event currency, and in the payout currency.
fn party_entry(
    names: &Names,
    period: Period,
    cause: &'static str,
    (party, from, to, program, earned): PartyKey,
    (minor, paid): (i128, i128),
) -> Entry {
    let party = names.text(party);
    let mut entry = Entry::new(period, "earning")
        .earned(earned, cause)
        .program(names.text(program))
        .detail("party")
        .detail(party)
        .detail(from.code())
        .detail(to.code());
    entry.post(Account::PayerClearing, None, minor, from);
    if from != to {
        entry.post(Account::Fx, None, -minor, from);
        entry.post(Account::Fx, None, paid, to);
    }
    entry.post(Account::PartyPayable, Some(party), -paid, to);
    entry
}

impl Books<'_> {
    /// Books one cause.
    ///
    /// # Errors
    /// An amount beyond Int64 (gate), an entry that does not balance (bug).
    pub fn book(&mut self, d: &Difference) -> Result<()> {
        self.party_side(d)?;
        self.platform_side(d)?;
        self.ineligible(d)?;
        self.adjustments(d)?;
        self.pools(d)
    }

    fn party_side(&mut self, d: &Difference) -> Result<()> {
        let mut sums: FxHashMap<PartyKey, (i128, i128)> = FxHashMap::default();
        for (line, parts) in d.lines() {
            let key = line.key;
            for part in parts {
                let to = if part.payout.is_some() { part.payout_currency } else { key.currency };
                let sum = sums.entry((part.party, key.currency, to, key.program, key.period)).or_default();
                let paid = i128::from(part.payout.unwrap_or(part.minor));
                sum.0 += i128::from(part.minor);
                sum.1 += paid;
                if part.rate.is_none() {
                    let party = self.names.text(part.party).to_owned();
                    *self.settlement.no_rate.entry((party, to)).or_default() += paid;
                } else if self.by_program.contains(&part.party) {
                    let of = [part.party, key.program].map(|name| self.names.text(name).to_owned());
                    let [party, program] = of;
                    *self.settlement.booked.entry((party, to, program)).or_default() += paid;
                }
            }
        }
        let mut sums: Vec<(PartyKey, (i128, i128))> = sums.into_iter().collect();
        sums.par_sort_unstable_by_key(|(key, _)| (self.names.text(key.0), *key));
        let (names, period) = (self.names, self.period);
        let entries = |some: &[(PartyKey, (i128, i128))]| -> Result<Journal> {
            let mut postings = Journal::default();
            for (key, paid) in some {
                party_entry(names, period, d.cause, *key, *paid).add_to(&mut postings)?;
            }
            Ok(postings)
        };
        self.postings
            .reserve(sums.len(), sums.iter().map(|((_, from, to, ..), _)| if from == to { 2 } else { 4 }).sum());
        for some in sums.chunks(ENTRIES_AT_ONCE * ENTRIES_AT_ONCE) {
            let entries: Vec<Journal> = some.par_chunks(ENTRIES_AT_ONCE).map(entries).collect::<Result<_>>()?;
            self.postings.append(&entries)?;
        }
        let current = d.cause == super::difference::CURRENT;
        let side = if current { &mut self.settlement.earned } else { &mut self.settlement.corrections };
        for ((party, _, to, ..), (_, paid)) in sums {
            *side.entry((names.text(party).to_owned(), to)).or_default() += paid;
        }
        Ok(())
    }

    fn platform_side(&mut self, d: &Difference) -> Result<()> {
        let mut groups: BTreeMap<GroupKey, PlatformSide> = BTreeMap::new();
        for (line, _) in d.lines() {
            let side = groups.entry((line.key.program, line.key.currency, line.key.period)).or_default();
            side.creator += i128::from(line.line.creator);
            side.platform += i128::from(line.line.platform);
            if self.by_program.contains(&line.key.creator) {
                let [creator, program] =
                    [line.key.creator, line.key.program].map(|name| self.names.text(name).to_owned());
                let of = (creator, line.key.currency, program);
                *self.settlement.platform.entry(of).or_default() += i128::from(line.line.platform);
            }
            for d in line.deductions {
                *side.deductions.entry(d.account).or_default() += i128::from(d.minor);
            }
        }
        for ((program, currency, period, log, channel), sums) in &d.clearing {
            groups.entry((*program, *currency, *period)).or_default().channels.push((*log, *channel, *sums));
        }
        for (key, expense) in &d.expense {
            groups.entry(*key).or_default().expense += expense;
        }
        for ((program, currency, earned), side) in groups {
            self.platform_entry(d.cause, program, currency, earned, &side)?;
        }
        Ok(())
    }

    fn platform_entry(
        &mut self,
        cause: &'static str,
        program: u32,
        currency: Currency,
        earned: Period,
        side: &PlatformSide,
    ) -> Result<()> {
        let program = self.names.text(program).to_owned();
        let mut entry = Entry::new(self.period, "earning")
            .earned(earned, cause)
            .program(&program)
            .detail("platform")
            .detail(currency.code());
        for (log, channel, sums) in &side.channels {
            let channel = self.channel(*channel);
            entry.post_through(Account::PayerClearing, *log, channel.as_deref(), sums.gross, currency);
            entry.post_through(Account::Pool, *log, channel.as_deref(), sums.pool, currency);
            entry.post_through(Account::TaxPayable, *log, channel.as_deref(), -sums.tax, currency);
            entry.post_through(Account::ChannelFees, *log, channel.as_deref(), -sums.fee, currency);
        }
        entry.post(Account::PayerClearing, None, -side.creator, currency);
        for (account, minor) in &side.deductions {
            entry.post(*account, None, -minor, currency);
        }
        entry.post(Account::PlatformRevenue, None, -(side.platform + side.expense), currency);
        entry.post(Account::PlatformExpense, None, side.expense, currency);
        entry.add_to(&mut self.postings)?;
        Ok(())
    }

    fn channel(&self, channel: u32) -> Option<String> {
        (channel != NONE).then(|| self.names.text(channel).to_owned())
    }

    fn ineligible(&mut self, d: &Difference) -> Result<()> {
        for ((program, log, channel, currency, earned), [gross, tax, fee]) in &d.ineligible {
            let program = self.names.text(*program).to_owned();
            let channel = self.channel(*channel);
            let mut entry = Entry::new(self.period, "ineligible")
                .earned(*earned, d.cause)
                .program(&program)
                .detail(log.name())
                .detail(channel.as_deref().unwrap_or(""))
                .detail(currency.code());
            let channel = channel.as_deref();
            entry.post_through(Account::PayerClearing, *log, channel, *gross, *currency);
            entry.post_through(Account::TaxPayable, *log, channel, -tax, *currency);
            entry.post_through(Account::ChannelFees, *log, channel, -fee, *currency);
            entry.post_through(Account::IneligibleRetained, *log, channel, -(gross - tax - fee), *currency);
            entry.add_to(&mut self.postings)?;
        }
        Ok(())
    }

    fn adjustments(&mut self, d: &Difference) -> Result<()> {
        for ((party, currency, earned), minor) in &d.adjustments {
            let party = self.names.text(*party).to_owned();
            let mut entry =
                Entry::new(self.period, "adjustment").earned(*earned, d.cause).detail(&party).detail(currency.code());
            entry.post(Account::PlatformExpense, None, *minor, *currency);
            entry.post(Account::PartyPayable, Some(&party), -minor, *currency);
            entry.add_to(&mut self.postings)?;
            *self.settlement.adjustments.entry((party, *currency)).or_default() += minor;
        }
        Ok(())
    }

    /// One entry for the pots of a program, currency and earning period.
    fn pools(&mut self, d: &Difference) -> Result<()> {
        let mut pots: BTreeMap<GroupKey, Vec<(Account, bool, i128)>> = BTreeMap::new();
        for ((program, currency, earned, account, waits), minor) in &d.pools {
            pots.entry((*program, *currency, *earned)).or_default().push((*account, *waits, *minor));
        }
        for ((program, currency, earned), postings) in pots {
            let program = self.names.text(program).to_owned();
            let mut entry =
                Entry::new(self.period, POOL).earned(earned, d.cause).program(&program).detail(currency.code());
            for (account, waits, minor) in postings {
                let channel = waits.then_some(CARRIED);
                entry.post_through(account, Log::Engagement, channel, minor, currency);
            }
            entry.add_to(&mut self.postings)?;
        }
        Ok(())
    }

    /// Puts a row's money on `suspense` (`onto`), or takes it off again; sums by what tells entries apart.
    ///
    /// # Errors
    /// As [`Books::book`].
    pub fn suspense(&mut self, rows: &Rows, moves: &[(u32, bool, &'static str)]) -> Result<()> {
        type Key = (Option<Period>, &'static str, Log, u32, Currency);
        let mut sums: BTreeMap<Key, i128> = BTreeMap::new();
        for (row, onto, cause) in moves {
            let at = *row as usize;
            let (Some(currency), signed) = (rows.records[at].currency, rows.signed(*row)) else { continue };
            let dated = rows.time[at] >= 0;
            let own = dated.then(|| Period::of_day(rows.records[at].day));
            let sum = sums.entry((own, cause, rows.records[at].log, rows.records[at].channel, currency)).or_default();
            *sum += i128::from(if *onto { signed } else { -signed });
        }
        for ((own, cause, log, channel, currency), minor) in sums {
            let channel = self.channel(channel);
            let mut entry = Entry::new(self.period, "suspense")
                .earned_maybe(own, cause)
                .detail(log.name())
                .detail(channel.as_deref().unwrap_or(""))
                .detail(currency.code());
            if log == Log::Adjustments {
                entry.post(Account::PlatformExpense, None, minor, currency);
            } else {
                entry.post_through(Account::PayerClearing, log, channel.as_deref(), minor, currency);
            }
            entry.post_through(Account::Suspense, log, channel.as_deref(), -minor, currency);
            entry.add_to(&mut self.postings)?;
        }
        Ok(())
    }
}
