//! Pools: pots become facts that are rated like all others, and money of pots that is booked beside them.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::difference::PoolKey;
use crate::earn::pool::{Months, PotMoney, mark};
use crate::error::{Error, Result};
use crate::facts::{
    Asked, Classes, EVERY_STEP, Fact, Gathered, Known, Linked, Measures, Versions, gather, paid_on, pools,
};
use crate::intake::{NONE, Names};
use crate::ledger::Account;
use crate::log::Log;
use crate::money::{Currency, to_minor};
use crate::period::Period;
use crate::policy::Reading;

/// What pools give to an evaluation.
#[derive(Default)]
pub struct Pooled {
    pub facts: Vec<Fact<'static>>,
    /// Debit positive.
    pub money: BTreeMap<PoolKey, i128>,
}

/// Divides every pool of the policies; what becomes of usage is joined to what is linked.
///
/// # Errors
/// Usage or a pot that breaks its contract, numbers that do not fit.
pub fn divide(
    known: &Known<'_>,
    measures: &Measures,
    classes: &Classes,
    linked: &mut Linked,
    names: &Names,
) -> Result<Pooled> {
    let pools = pools(known.policies);
    check_pots(known, &pools, Period::of_day(known.last_day))?;
    if pools.is_empty() {
        return Ok(Pooled::default());
    }
    let mut left_out = linked.quarantined();
    let mut held = Vec::new();
    loop {
        let (mut pooled, mut asked) = (Pooled::default(), Asked::of(known.rows.len()));
        asked.add(std::iter::empty(), held.clone());
        for (program, versions) in &pools {
            let mut gathered = reach(gather(known, measures, classes, linked, versions, &left_out)?, versions);
            asked.join(std::mem::take(&mut gathered.asked));
            divide_one(known, names, program, versions, &gathered, &mut pooled)?;
        }
        let disputed = asked.disputed();
        if disputed.is_empty() {
            linked.join(classes, &asked);
            return Ok(pooled);
        }
        // What one pool can't rate, no other may: all are divided again without it.
        left_out.extend(disputed.iter().map(|(row, _)| *row));
        held.extend(disputed);
    }
}

/// What becomes of usage, joined to what is linked; no pot is divided.
///
/// # Errors
/// As [`gather`].
pub fn judge(known: &Known<'_>, measures: &Measures, classes: &Classes, linked: &mut Linked) -> Result<()> {
    let pools = pools(known.policies);
    if pools.is_empty() {
        return Ok(());
    }
    let (mut asked, left_out) = (Asked::of(known.rows.len()), linked.quarantined());
    for versions in pools.values() {
        asked.join(gather(known, measures, classes, linked, versions, &left_out)?.asked);
    }
    linked.join(classes, &asked);
    Ok(())
}

/// Divides every month of one pool.
///
/// # Errors
/// As [`divide`].
pub fn divide_one(
    known: &Known<'_>,
    names: &Names,
    program: &str,
    versions: &Versions<'_>,
    gathered: &Gathered,
    pooled: &mut Pooled,
) -> Result<()> {
    let months = Months {
        program,
        versions: versions
            .iter()
            .map(|(at, p, pool)| (*at, first(p.valid_from), p.valid_to.map(first), *pool))
            .collect(),
        gathered,
        names,
    };
    let number = names.find(program).ok_or_else(|| Error::bug(format!("the name {program} has no number")))?;
    for ((version, currency, month), money) in months.divide(Period::of_day(known.last_day))? {
        add_facts(&mut pooled.facts, known, version, currency, month, &money)?;
        add_money(&mut pooled.money, (number, currency, month), &money)?;
    }
    Ok(())
}

fn first(day: i32) -> Period {
    Period::of_day(day)
}

/// Every pot up to the last month has a version of a pool that divides it.
fn check_pots(known: &Known<'_>, pools: &BTreeMap<&str, Versions<'_>>, last: Period) -> Result<()> {
    let pots = &known.references.pots;
    for program in pots.programs() {
        let versions = pools.get(program).map_or(&[][..], Vec::as_slice);
        let in_force = |month: Period| {
            let day = month.first_day();
            versions.iter().any(|(_, p, _)| p.valid_from <= day && p.valid_to.is_none_or(|to| day < to))
        };
        if let Some((key, _)) = pots.of(program).find(|(key, _)| key.period <= last && !in_force(key.period)) {
            return Err(Error::input("a pot has no version of a pool that divides it")
                .at(format!("pots, {program}, {}", key.period))
                .expected(format!("a program {program} with a pool that is in force in {}", key.period))
                .next("correct the pots, or add a version to the policies"));
        }
    }
    Ok(())
}

/// Applies thresholds, version by version, each to what came before it as well; then sorts uses for dividing.
#[must_use]
pub fn reach(mut gathered: Gathered, versions: &Versions<'_>) -> Gathered {
    gathered.uses.sort_by_key(|u| (u.creator, u.month));
    let mut all = Vec::new();
    for (_, program, pool) in versions {
        let in_force = |month: Period| {
            let day = month.first_day();
            program.valid_from <= day && program.valid_to.is_none_or(|to| day < to)
        };
        let clauses: Vec<_> = pool.thresholds().copied().collect();
        if clauses.is_empty() && versions.len() == 1 {
            all = std::mem::take(&mut gathered.uses);
        } else {
            all.extend(mark(gathered.uses.clone(), &clauses).into_iter().filter(|u| in_force(u.month)));
        }
    }
    all.par_sort_unstable_by_key(|u| (u.month, u.country, u.payer, u.creator, u.outcome, u.reached, u.usage));
    gathered.uses = all;
    gathered
}

fn add_facts(
    facts: &mut Vec<Fact<'static>>,
    known: &Known<'_>,
    version: u16,
    currency: Currency,
    month: Period,
    money: &PotMoney,
) -> Result<()> {
    for (creator, part) in &money.parts {
        facts.push(Fact {
            creator: *creator,
            program: version,
            currency,
            day: paid_on(known, month),
            log: Log::Engagement,
            channel: NONE,
            class: &EVERY_STEP,
            fee_stated: false,
            tax_stated: false,
            events: part.events,
            gross: to_minor(part.minor, "a part of a pot")?,
            tax: 0,
            fee: 0,
            fee_more: 0,
            fee_back: 0,
            falls_short: false,
            pays: 0,
            row: None,
        });
    }
    Ok(())
}

/// The postings of a pot: what the platform bears, what leaves the pool beside creators' parts, what waits on it.
fn add_money(money: &mut BTreeMap<PoolKey, i128>, of: (u32, Currency, Period), pot: &PotMoney) -> Result<()> {
    let (program, currency, month) = of;
    let carved: i128 = pot.carved.values().sum();
    let parts: i128 = pot.parts.values().map(|p| p.minor).sum();
    if pot.entered + pot.carried_in != parts + carved + pot.platform + pot.carried_out {
        return Err(Error::bug("a pot does not add up").at(format!("{month}, {}", currency.code())));
    }
    let mut post = |account, waits, minor: i128| {
        *money.entry((program, currency, month, account, waits)).or_default() += minor;
    };
    post(Account::PlatformExpense, false, pot.entered - pot.platform);
    post(Account::Pool, false, -parts);
    post(Account::Pool, true, pot.carried_in - pot.carried_out);
    for (account, minor) in &pot.carved {
        post(account.parse()?, false, -minor);
    }
    Ok(())
}

/// May usage that is learned in a later month change the pools of an earlier one?
#[must_use]
pub fn look_back(policies: &crate::policy::Policies) -> bool {
    let mut all = pools(policies).into_values().flatten();
    all.any(|(_, _, pool)| pool.thresholds().any(|t| t.reading == Reading::Retroactive))
}
