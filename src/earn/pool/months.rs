//! A pool's months, one after the other: what waits in one is divided in a later one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::bound::BITS;
use super::divide::{Rule, Stake, divide};
use super::weigh::{Weighed, weigh};
use crate::error::{Error, Result};
use crate::facts::{Gathered, Paid, Use};
use crate::intake::{NONE, Names};
use crate::money::{Currency, Exact, Rounding, round};
use crate::period::Period;
use crate::policy::{Idle, Pool, PoolRule, Pot, WithoutWeight};

/// What a creator has of a month's pots in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub minor: i128,
    pub events: i64,
}

/// What became of a month's pots of one program and currency: entered + carried in = parts + carved + platform +
/// carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PotMoney {
    /// What the platform put in.
    pub entered: i128,
    pub carried_in: i128,
    /// By account.
    pub carved: BTreeMap<String, i128>,
    pub platform: i128,
    pub carried_out: i128,
    /// By creator.
    pub parts: BTreeMap<u32, Part>,
}

/// The pool of one program, all of its versions.
pub struct Months<'a> {
    pub program: &'a str,
    /// Index, first and last month (none is open) of every version.
    pub versions: Vec<(u16, Period, Option<Period>, &'a Pool)>,
    pub gathered: &'a Gathered,
    pub names: &'a Names,
}

/// Country and currency of a pot.
type PotOf = (u32, Currency);

/// What a pot has left for later months.
#[derive(Clone, Debug, Default)]
struct Carried {
    /// As it stands in the ledger.
    minor: i128,
    /// By payer, as it was paid; 0 is nobody by name.
    paid: BTreeMap<u128, i128>,
}

/// Money of a pot before it is divided.
struct Amounts<'a> {
    stakes: Vec<Stake<'a>>,
    carved: Exact,
    platform: Exact,
    waits: Exact,
    waiting: BTreeMap<u128, i128>,
}

impl Months<'_> {
    /// Divides every month up to `last`; by version, currency and month.
    ///
    /// # Errors
    /// A pot that no version divides (input); negative money of a payer, or a sum that does not fit (gate).
    pub fn divide(&self, last: Period) -> Result<BTreeMap<(u16, Currency, Period), PotMoney>> {
        let mut divided: BTreeMap<(u16, Currency, Period), PotMoney> = BTreeMap::new();
        let mut carried: BTreeMap<PotOf, Carried> = BTreeMap::new();
        let months: BTreeSet<Period> = self.gathered.paid.iter().map(|p| p.month).collect();
        let Some(first) = months.first() else { return Ok(divided) };
        let mut month = *first;
        while month <= last {
            if months.contains(&month) || !carried.is_empty() {
                self.month(month, &mut carried, &mut divided)?;
            }
            month = month.next();
        }
        Ok(divided)
    }

    fn month(
        &self,
        month: Period,
        carried: &mut BTreeMap<PotOf, Carried>,
        divided: &mut BTreeMap<(u16, Currency, Period), PotMoney>,
    ) -> Result<()> {
        let in_force = |v: &&(u16, Period, Option<Period>, &Pool)| v.1 <= month && v.2.is_none_or(|to| month < to);
        let version = self.versions.iter().find(in_force);
        let paid: Vec<&Paid> = self.gathered.paid.iter().filter(|p| p.month == month).collect();
        let Some((index, _, _, pool)) = version else {
            return if paid.is_empty() { Ok(()) } else { Err(self.nobody_divides(month)) };
        };
        let mut pots: BTreeMap<PotOf, BTreeMap<u128, i128>> = carried.keys().map(|k| (*k, BTreeMap::new())).collect();
        for one in paid {
            let country = if pool.by_country { one.country } else { NONE };
            *pots.entry((country, one.currency)).or_default().entry(one.payer).or_default() += i128::from(one.minor);
        }
        let mut weighed: BTreeMap<u32, Weighed> = BTreeMap::new();
        for ((country, currency), new) in pots {
            let usage = match weighed.entry(country) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.weighed(pool, month, country)?),
            };
            let before = carried.remove(&(country, currency)).unwrap_or_default();
            let sum = divided.entry((*index, currency, month)).or_default();
            let rest = self.pot(pool, month, usage, new, before, sum)?;
            if rest.minor != 0 || !rest.paid.is_empty() {
                carried.insert((country, currency), rest);
            }
        }
        Ok(())
    }

    fn nobody_divides(&self, month: Period) -> Error {
        Error::input("a pot has no version of its program that divides it")
            .at(format!("{}, {month}", self.program))
            .expected(format!("a version of the pool {} that is in force in {month}", self.program))
            .next("correct the pots, or add a version to the policies")
    }

    fn weighed(&self, pool: &Pool, month: Period, country: u32) -> Result<Weighed> {
        let uses = &self.gathered.uses;
        let from = uses.partition_point(|u: &Use| (u.month, u.country) < (month, country));
        let to = uses.partition_point(|u: &Use| (u.month, u.country) <= (month, country));
        weigh(pool, month, &uses[from..to], self.names)
    }

    /// Divides one pot; what waits.
    fn pot(
        &self,
        pool: &Pool,
        month: Period,
        usage: &Weighed,
        new: BTreeMap<u128, i128>,
        before: Carried,
        sum: &mut PotMoney,
    ) -> Result<Carried> {
        let mut money = before.paid;
        for (payer, minor) in new {
            *money.entry(payer).or_default() += minor;
        }
        money.retain(|_, minor| *minor != 0);
        if let Some((_, minor)) = money.iter().find(|(_, minor)| **minor < 0) {
            return Err(Error::gate("a pot of a pool is negative")
                .at(format!("{}, {month}", self.program))
                .expected("payers who paid 0 or more in all")
                .found(minor.to_string())
                .next("find the reversals without a charge; take them up with two people in redrive.toml"));
        }
        let fees = fees(pool, usage, &money)?;
        let amounts = amounts(pool, usage, &money, &fees);
        let all: Exact = percent(pool) * &Exact::from_int(money.values().sum());
        let total = round(&all, Rounding::HalfEven)?;
        let fixed = [amounts.carved, amounts.platform, amounts.waits];
        let division = divide(total, &usage.usage, &amounts.stakes, &fixed, BITS)?;
        sum.entered += total - before.minor;
        sum.carried_in += before.minor;
        if let Some(carve_out) = &pool.carve_out {
            *sum.carved.entry(carve_out.account.clone()).or_default() += division.fixed[0];
        }
        sum.platform += division.fixed[1];
        sum.carried_out += division.fixed[2];
        if total != 0 {
            add_parts(sum, usage, &division.creators);
        }
        Ok(Carried { minor: division.fixed[2], paid: amounts.waiting })
    }
}

fn add_parts(sum: &mut PotMoney, usage: &Weighed, minors: &[i128]) {
    for ((creator, events), minor) in usage.creators.iter().zip(&usage.events).zip(minors) {
        let part = sum.parts.entry(*creator).or_default();
        part.minor += minor;
        part.events += events;
    }
}

/// The part of what payers paid that is the pot.
fn percent(pool: &Pool) -> Exact {
    match &pool.pot {
        Pot::Reference => Exact::ONE,
        Pot::Paid { percent, .. } => percent.clone(),
    }
}

/// What each payer of the usage paid; the same for all where pots are not of what they paid.
fn fees(pool: &Pool, usage: &Weighed, money: &BTreeMap<u128, i128>) -> Result<Vec<u64>> {
    let fee = |payer: &u128| {
        let minor = money.get(payer).copied().unwrap_or_default();
        u64::try_from(minor).map_err(|_| Error::gate("what a payer paid does not fit").found(minor.to_string()))
    };
    match (&pool.pot, pool.rule) {
        (_, PoolRule::ProRata) => Ok(Vec::new()),
        (Pot::Reference, _) => Ok(vec![1; usage.payers.len()]),
        (Pot::Paid { .. }, _) => usage.payers.iter().map(fee).collect(),
    }
}

/// Does every payer have a pot of what he paid?
fn has_own_pots(pool: &Pool) -> bool {
    pool.rule != PoolRule::ProRata && matches!(pool.pot, Pot::Paid { .. })
}

/// What goes where, before anything is rounded.
///
/// Payers' own pots: the active ones' are a stake of the pool's rule, the idle ones' go where the policy says. All other
/// money is one stake: by the pool's rule where pots are of the reference, else pro rata (payers without an id).
fn amounts<'a>(pool: &Pool, usage: &Weighed, money: &BTreeMap<u128, i128>, fees: &'a [u64]) -> Amounts<'a> {
    let own = has_own_pots(pool);
    let is_own = |payer: u128| own && payer != 0;
    let sum = |of: &dyn Fn(u128) -> bool| money.iter().filter(|(p, _)| of(**p)).map(|(_, m)| *m).sum::<i128>();
    let active: i128 = if own { fees.iter().map(|f| i128::from(*f)).sum() } else { 0 };
    let (idle, shared) = (sum(&is_own) - active, sum(&|payer| !is_own(payer)));
    let (mut named, mut unweighed, mut platform) = (active, 0, 0);
    let mut waiting = BTreeMap::new();
    match (idle, idle_goes(pool, active)) {
        (0, _) => {}
        (_, Goes::ToOthers) => named += idle,
        (_, Goes::ToPlatform) => platform += idle,
        (_, Goes::Unweighed) => unweighed += idle,
        (_, Goes::Waits) => {
            let idle = |payer: &u128| is_own(*payer) && usage.payers.binary_search(payer).is_err();
            waiting.extend(money.iter().filter(|(payer, _)| idle(payer)).map(|(p, m)| (*p, *m)));
        }
    }
    let equal = pool.rule != PoolRule::ProRata && !own;
    let weighs = if equal { !usage.payers.is_empty() } else { !usage.creators.is_empty() };
    let mut divided = 0;
    match (shared, weighs, pool.without_weight) {
        (0, ..) => {}
        (_, true, _) => divided = shared,
        (_, false, WithoutWeight::Platform) => unweighed += shared,
        // With its names: the version that divides it may look at payers where this one does not.
        (_, false, WithoutWeight::Carry) => {
            waiting.extend(money.iter().filter(|(payer, _)| !is_own(**payer)).map(|(p, m)| (*p, *m)));
        }
    }
    let of = |paid: i128| percent(pool) * &Exact::from_int(paid);
    let stays = &usage.stays;
    let rule = if equal { own_rule(pool) } else { Rule::ProRata { cap: pool.cap_per_payer } };
    let stakes = [(named, own_rule(pool)), (divided, rule)];
    let stakes = stakes.into_iter().filter(|(paid, _)| *paid != 0 && !percent(pool).is_zero());
    Amounts {
        stakes: stakes.map(|(paid, rule)| Stake { amount: of(paid) * stays, rule, fees }).collect(),
        carved: of(named + divided + unweighed) * &(Exact::ONE - stays),
        platform: of(platform) + of(unweighed) * stays,
        waits: of(waiting.values().sum()),
        waiting,
    }
}

/// Where the pots of payers without usage go.
enum Goes {
    ToOthers,
    ToPlatform,
    /// Where a pot without weight goes that the platform keeps.
    Unweighed,
    Waits,
}

fn idle_goes(pool: &Pool, active: i128) -> Goes {
    match (pool.idle_payer, pool.without_weight) {
        (Some(Idle::Redistribute), _) if active > 0 => Goes::ToOthers,
        (Some(Idle::Redistribute), WithoutWeight::Platform) => Goes::Unweighed,
        (Some(Idle::Platform), _) => Goes::ToPlatform,
        (Some(Idle::Carry | Idle::Redistribute) | None, _) => Goes::Waits,
    }
}

/// The rule of payers' own pots.
fn own_rule(pool: &Pool) -> Rule {
    match pool.rule {
        PoolRule::ProRata => Rule::ProRata { cap: pool.cap_per_payer },
        PoolRule::UserCentric => Rule::UserCentric,
        PoolRule::Shapley => Rule::Shapley,
        PoolRule::Scaled => Rule::Scaled { share: percent(pool) },
    }
}
