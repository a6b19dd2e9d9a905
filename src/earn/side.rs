//! The exact creator side of a fact: share, bands over running volumes, fixed money, bonuses under their caps.

use smallvec::smallvec;

use super::line::Context;
use super::lookup::Numbered;
use super::share::{Portion, Portions, base_share};
use super::steps::{Deducted, deduct};
use super::tiers::{band_at, marginal, window_of};
use super::worker::Worker;
use crate::error::{Error, Result};
use crate::facts::Fact;
use crate::money::{Currency, Exact};
use crate::period::Period;
use crate::policy::{Basis, Pay, Payment, TierMode, Tiers, Unit, Window};

/// A running volume: which program, tiers' currency, basis and window it is of.
pub type VolumeKey = (u32, Currency, Basis, Window, i32);
/// A bonus's running money: program, number of the bonus, earning period.
pub type BonusKey = (u32, u32, Period);

impl Worker<'_> {
    /// Minor units of `to` that one minor unit of the line's currency is worth, at the line's own rate.
    pub(super) fn worth(&mut self, context: Context, to: Currency, why: &str) -> Result<Exact> {
        self.memory.needed(context.kind, to)?.ok_or_else(|| {
            let whose = format!("program {}", self.look.names.text(context.line.program));
            let lacks = self.memory.lacks(context.kind, to, &format!("a {why}"), &whose);
            lacks.next("have the rates delivered, or name another currency in the policy")
        })
    }

    /// Sums the windows of tiers by whole volume, before any share is known.
    pub(super) fn add_totals(&mut self, facts: &[Fact<'_>]) -> Result<()> {
        let look = self.look;
        let mut deducted = self.deducted.take().unwrap_or_default();
        for fact in facts {
            let program = look.program(fact.program);
            if !program.by_whole {
                continue;
            }
            let context = self.context(fact)?;
            deduct(look.known.rows, program.program, fact, &mut deducted)?;
            for tiers in program.tiers.iter().filter(|t| t.mode == TierMode::Whole) {
                let worth = self.worth(context, tiers.currency, "tier")?;
                let key = volume_key(context.line.program, tiers, context.line.period);
                let volume = &measure(tiers.basis, fact, &deducted) * &worth;
                *entry(&mut self.totals, (key, context.line.period)) += &volume;
            }
        }
        self.deducted = Some(deducted);
        self.totals.sort_unstable_by_key(|(of, _)| *of);
        for window in self.totals.chunk_by_mut(|((a, _), _), ((b, _), _)| a == b) {
            let mut running = find(&self.volumes, &window[0].0.0).cloned().unwrap_or_default();
            for (_, total) in window {
                running += &*total;
                *total = running.clone();
            }
        }
        Ok(())
    }

    /// The exact creator side: share or bands of the rest, and bonuses.
    pub(super) fn creator_side(
        &mut self,
        program: &Numbered<'_>,
        fact: &Fact<'_>,
        context: Context,
        deducted: &Deducted,
    ) -> Result<Exact> {
        let (mut all, mut by_band);
        let portions: &mut [Portion] = match &program.program.pay {
            Pay::Each(payments) => {
                let side = self.paid(program, payments, fact, context)?;
                self.grow_volumes(program, fact, context, deducted, &side)?;
                return Ok(side);
            }
            Pay::Tiers(tiers) => {
                by_band = self.tiered(tiers, fact, context, deducted)?;
                &mut by_band
            }
            _ => {
                all = [Portion { base: deducted.rest.clone(), share: base_share(program.program, fact) }];
                &mut all
            }
        };
        let mut side: Exact = portions.iter().map(|portion| &portion.base * &portion.share).sum();
        self.grow_volumes(program, fact, context, deducted, &side)?;
        let max_share = program.program.max_share.as_ref();
        for (at, bonus) in program.program.bonus.iter().enumerate() {
            if fact.class.bonuses & (1 << at) == 0 {
                continue;
            }
            let extra = portions.iter_mut().map(|portion| portion.add_points(&bonus.points, max_share)).sum();
            side += &match &bonus.cap {
                None => extra,
                Some(cap) => self.capped(program.bonuses[at], cap.minor, cap.currency, context, &extra)?,
            };
        }
        Ok(side)
    }

    /// What the smallest part of a unit is worth in a fact's currency, on the day that it is earned.
    pub(super) fn unit_worth(&mut self, unit: &Unit, fact: &Fact<'_>, context: Context) -> Result<Exact> {
        let worth = unit.worth_on(fact.day).ok_or_else(|| Error::bug(format!("no rate of the unit {}", unit.name)))?;
        let rate = self.worth(context, unit.currency, "unit")?;
        worth.checked_div(&rate).ok_or_else(|| Error::bug("a rate of zero"))
    }

    /// Fixed money for the fact's events, in event currency.
    fn paid(
        &mut self,
        program: &Numbered<'_>,
        payments: &[Payment],
        fact: &Fact<'_>,
        context: Context,
    ) -> Result<Exact> {
        let Some(payment) = payments.get(usize::from(fact.class.share_case)) else { return Ok(Exact::ZERO) };
        let paid = Exact::from(payment.minor) * Exact::from(fact.pays);
        if payment.currency == Some(fact.currency) || paid.is_zero() {
            return Ok(paid);
        }
        let Some(currency) = payment.currency else {
            let unit = program.unit.ok_or_else(|| Error::bug("a payment in units of nothing"))?;
            return Ok(paid * unit.whole() * self.unit_worth(unit, fact, context)?);
        };
        let worth = self.worth(context, currency, "payment for each event")?;
        paid.checked_div(&worth).ok_or_else(|| Error::bug("a rate of zero"))
    }

    /// What is left of a bonus under its cap for the period: min(total, cap) after, less before.
    fn capped(&mut self, bonus: u32, cap: i64, currency: Currency, context: Context, extra: &Exact) -> Result<Exact> {
        let worth = self.worth(context, currency, "cap")?;
        let running = entry(&mut self.bonuses, (context.line.program, bonus, context.line.period));
        let cap = Exact::from(cap);
        let before = running.clone().min(cap.clone());
        *running += &(extra * &worth);
        if before < cap && *running <= cap {
            return Ok(extra.clone());
        }
        let after = running.clone().min(cap);
        (&after - &before).checked_div(&worth).ok_or_else(|| Error::bug("a rate of zero"))
    }

    fn tiered(&mut self, tiers: &Tiers, fact: &Fact<'_>, context: Context, deducted: &Deducted) -> Result<Portions> {
        let key = volume_key(context.line.program, tiers, context.line.period);
        if tiers.mode == TierMode::Whole {
            let total = find(&self.totals, &(key, context.line.period)).unwrap_or(&Exact::ZERO);
            let share = band_at(tiers, total).map_or_else(Exact::default, |band| band.percent.clone());
            return Ok(smallvec![Portion { base: deducted.rest.clone(), share }]);
        }
        let worth = self.worth(context, tiers.currency, "tier")?;
        let from = find(&self.volumes, &key).unwrap_or(&Exact::ZERO);
        Ok(marginal(tiers, from, &deducted.rest, &measure(tiers.basis, fact, deducted), &worth))
    }

    /// Moves the running volumes that any version of the program looks at; `side` is the creator side without bonuses.
    fn grow_volumes(
        &mut self,
        program: &Numbered<'_>,
        fact: &Fact<'_>,
        context: Context,
        deducted: &Deducted,
        side: &Exact,
    ) -> Result<()> {
        for tiers in program.tiers.iter().filter(|t| t.mode == TierMode::Marginal) {
            let base = if tiers.basis == Basis::Earned { side.clone() } else { measure(tiers.basis, fact, deducted) };
            let volume = &base * &self.worth(context, tiers.currency, "tier")?;
            *entry(&mut self.volumes, volume_key(context.line.program, tiers, context.line.period)) += &volume;
        }
        Ok(())
    }
}

pub fn volume_key(program: u32, tiers: &Tiers, period: Period) -> VolumeKey {
    (program, tiers.currency, tiers.basis, tiers.window, window_of(tiers.window, period))
}

/// What stands under a key of a short list; the newest entries are asked for most.
pub fn find<'l, K: PartialEq>(list: &'l [(K, Exact)], key: &K) -> Option<&'l Exact> {
    list.iter().rev().find(|(k, _)| k == key).map(|(_, value)| value)
}

fn entry<K: PartialEq>(list: &mut Vec<(K, Exact)>, key: K) -> &mut Exact {
    let at = list.iter().rposition(|(k, _)| *k == key).unwrap_or_else(|| {
        list.push((key, Exact::ZERO));
        list.len() - 1
    });
    &mut list[at].1
}

/// What a fact counts towards a volume, in event currency.
fn measure(basis: Basis, fact: &Fact<'_>, deducted: &Deducted) -> Exact {
    match basis {
        Basis::Gross => Exact::from(fact.gross),
        Basis::Net | Basis::Earned => deducted.rest.clone(),
    }
}
