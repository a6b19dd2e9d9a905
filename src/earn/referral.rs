//! Referrals: the platform pays whoever brought a creator a percentage of what comes of it, for some months, up to a cap.
//!
//! A referral's line stands beside the lines of the creator that it is for: its gross is 0, its creator side is the
//! referring party's, and all of it is the platform's expense.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::line::{Line, LineKey, LineKind, LinePart, part};
use super::lines::{LineView, Lines};
use super::lookup::{Lookup, Memory, number_of};
use crate::error::{Error, Result};
use crate::money::{Currency, Exact, Rounding, round, to_minor};
use crate::period::{Period, day_text};
use crate::policy::FxDate;
use crate::reference::{Referral, ReferralBasis};

/// The program of referrals' lines; their policy version is the referral's id.
pub const REFERRAL: &str = "referral";

/// The lines of all referrals, in no order.
///
/// # Errors
/// A policy has a program of that name, or no terms cover a day (usage); a cap lacks its rate, or a number is out of
/// range (gate).
pub fn lines(look: &Lookup<'_>, earned: &Lines) -> Result<Vec<(LineKey, Line, LinePart)>> {
    let referrals = &look.known.references.referrals;
    let mut all = Vec::new();
    if referrals.iter().next().is_none() {
        return Ok(all);
    }
    if look.known.policies.programs.iter().any(|program| program.name == REFERRAL) {
        return Err(Error::usage("a program can't be called as the lines of referrals are")
            .found(REFERRAL)
            .next("give the program another name"));
    }
    let program = number_of(look.names, REFERRAL)?;
    let mut memory = Memory::new(look);
    let mut by_creator: BTreeMap<u32, Vec<LineView<'_>>> = BTreeMap::new();
    let brought: FxHashSet<u32> = referrals.iter().filter_map(|r| look.names.find(&r.creator)).collect();
    for line in earned.iter().filter(|line| brought.contains(&line.key.creator)) {
        by_creator.entry(line.key.creator).or_default().push(line);
    }
    for referral in referrals.iter() {
        let Some(creator) = look.names.find(&referral.creator) else { continue };
        let sums = sums(look, referral, by_creator.get(&creator).map_or(&[][..], Vec::as_slice));
        let mut paid = Paid { referral, creator, program, running: Exact::ZERO };
        for ((period, currency), sum) in sums {
            all.extend(paid.line(look, &mut memory, period, currency, sum)?);
        }
    }
    Ok(all)
}

/// What counts, by earning period and currency.
fn sums(look: &Lookup<'_>, referral: &Referral, lines: &[LineView<'_>]) -> BTreeMap<(Period, Currency), i128> {
    let mut sums = BTreeMap::new();
    for LineView { key, line, .. } in lines {
        if referral.is_paid_for(key.period) && referral.is_of(look.names.text(key.program)) {
            let counts = if referral.basis == ReferralBasis::Gross { line.gross } else { line.creator };
            *sums.entry((key.period, key.currency)).or_default() += i128::from(counts);
        }
    }
    sums
}

/// A referral while its months are paid, one after the other.
struct Paid<'r> {
    referral: &'r Referral,
    creator: u32,
    program: u32,
    /// All that its months would have been paid without a cap, in the cap's currency.
    running: Exact,
}

impl Paid<'_> {
    fn line<'a>(
        &mut self,
        look: &'a Lookup<'a>,
        memory: &mut Memory<'a>,
        period: Period,
        currency: Currency,
        sum: i128,
    ) -> Result<Option<(LineKey, Line, LinePart)>> {
        let last = period.last_day();
        let terms = memory.day(last)?.terms;
        let average = terms.fx_date == FxDate::PeriodAverage;
        let rule = if average { FxDate::PeriodAverage } else { FxDate::PeriodEnd };
        let version = number_of(look.names, &self.referral.id)?;
        let fx_date = last.min(look.known.last_day.max(period.first_day()));
        let line = LineKind { program: self.program, version, currency, period, fx_date };
        let kind = memory.kind(line, last, rule, terms.fx_max_days_back);
        let exact = self.capped(memory, kind, &(&Exact::from(sum) * &self.referral.rate))?;
        let minor = to_minor(round(&exact, Rounding::HalfEven)?, "a referral")?;
        if minor == 0 && exact.is_zero() {
            return Ok(None);
        }
        let party = number_of(look.names, &self.referral.party)?;
        if look.payout_currency(party, last).is_none() {
            return Err(Error::input("a referral is owed to a party that is unknown")
                .at(format!("referrals, {}, {}", self.referral.id, day_text(last)))
                .expected("a row of `parties` that holds on the earning period's last day")
                .found(self.referral.party.clone()));
        }
        let part = part(look, memory, kind, party, minor)?;
        let rounding = &exact - &Exact::from(minor);
        Ok(Some((line.of(self.creator), Line { creator: minor, platform: -minor, rounding, ..Line::default() }, part)))
    }

    /// What is left under the cap: min(total, cap) after, less before.
    fn capped(&mut self, memory: &mut Memory<'_>, kind: usize, extra: &Exact) -> Result<Exact> {
        let Some((cap, currency)) = self.referral.cap else { return Ok(extra.clone()) };
        let worth = memory.needed(kind, currency)?.ok_or_else(|| {
            let lacks = memory.lacks(kind, currency, "a referral's cap", &format!("referral {}", self.referral.id));
            lacks.next("have the rates delivered, or name another currency in the reference")
        })?;
        let cap = Exact::from(cap);
        let before = self.running.clone().min(cap.clone());
        self.running += &(extra * &worth);
        let after = self.running.clone().min(cap);
        (&after - &before).checked_div(&worth).ok_or_else(|| Error::bug("a rate of zero"))
    }
}
