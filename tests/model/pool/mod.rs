//! Pools: pots divided by usage, month after month; what waits in one month is divided in a later one.

pub mod policy;
mod rules;
mod usage;

use std::collections::{BTreeMap, BTreeSet};

use num_traits::Signed;

use super::calendar::{Month, last_day, month_of, parse_month};
use super::event::{Effect, Row};
use super::fates::Fate;
use super::journal::{Place, PotKey};
use super::netting::{Judged, Unit};
use super::number::{Q, half_even, largest_remainder, q, zero};
use super::policy::{Program, Share};
use super::rating::World;
use policy::{Idle, Pool};
use rules::{Claims, claims, divided};
use usage::{Usage, asks, can_be_paid, in_force, usage, uses};

/// Where the money of pots stands, debit positive.
pub type Pots = BTreeMap<PotKey, i64>;

/// A creator's part of a month's pots: program, version, creator, currency, month.
type PartOf = (String, String, String, String, Month);

/// A creator's part of a month's pots as a row of its last day; program, version, minor units, events.
pub type PotRow = (Row, String, String, i64, i64);

/// All pools divided: what creators have (minor units, events), and what is booked beside it.
#[derive(Default)]
pub struct Divided {
    parts: BTreeMap<PartOf, (i64, i64)>,
    pub pots: Pots,
}

/// Country and currency.
type Pot = (Option<String>, String);

/// What payers paid, nobody by name where pots are not of payers.
type Paid = BTreeMap<Option<String>, i64>;

/// What waits for a later month: as it stands on the account, and as it was paid.
#[derive(Clone, Default)]
struct Waiting {
    minor: i64,
    paid: Paid,
}

/// Where the money of a pot goes, exactly.
#[derive(Default)]
struct Goes {
    creators: Claims,
    carved: Q,
    platform: Q,
    waits: Q,
    waiting: Paid,
}

impl World<'_> {
    /// Divides all pools by rows that are not quarantined, and what rated units brought.
    pub fn pools(&self, judged: &Judged) -> Divided {
        let mut divided = Divided::default();
        let names: BTreeSet<&String> = self.policies.programs.iter().map(|program| &program.name).collect();
        for name in names {
            let ours = self.policies.programs.iter().filter(|program| program.name == *name);
            let versions: Vec<(&Program, &Pool)> = ours.filter_map(with_pool).collect();
            self.divide(&versions, judged, &mut divided);
        }
        divided
    }

    /// What each pool says of a row that it asks for, in the order of their names.
    pub fn asked_by_pools(&self, row: &Row) -> Vec<Fate> {
        let mut versions: Vec<(&Program, &Pool)> = self.policies.programs.iter().filter_map(with_pool).collect();
        versions.sort_by_key(|(program, _)| &program.name);
        let one = |(program, pool): (&Program, &Pool)| {
            let month = asks(self, program, pool, row)?;
            let creator = row.text("creator_id").expect("a sound row has a creator");
            if self.refs.creator(creator, row.day).is_none() {
                return Some(Fate::Quarantined("creator_unknown_on_date"));
            }
            if !can_be_paid(self, program, creator, month) {
                return Some(Fate::Quarantined("party_unknown_on_date"));
            }
            let unit = Unit::of_no_money(row);
            let rule = program.eligible.iter().find(|(_, when)| !self.holds(when, &unit));
            Some(rule.map_or(Fate::Rated, |(rule, _)| Fate::Ineligible(rule.clone())))
        };
        versions.into_iter().filter_map(one).collect()
    }

    fn divide(&self, versions: &[(&Program, &Pool)], judged: &Judged, divided: &mut Divided) {
        let all = uses(self, versions, &judged.fates);
        let mut waiting: BTreeMap<Pot, Waiting> = BTreeMap::new();
        for month in self.before.first - 12..=self.month {
            let Some((program, pool)) = versions.iter().find(|(program, _)| in_force(program, month)) else { continue };
            let mut pots: BTreeMap<Pot, Paid> = waiting.keys().map(|pot| (pot.clone(), Paid::new())).collect();
            match &pool.paid {
                None => self.of_reference(&mut pots, &program.name, month),
                Some((paid, _)) => self.of_payers(&mut pots, paid, pool, month, &judged.units),
            }
            for (pot, paid) in pots {
                let before = waiting.remove(&pot).unwrap_or_default();
                let usage = usage(self, pool, &all, month, pot.0.as_deref());
                let rest = divided.pot((program, pool), month, &pot.1, &usage, (before, paid));
                if rest.minor != 0 || !rest.paid.is_empty() {
                    waiting.insert(pot, rest);
                }
            }
        }
    }

    fn of_reference(&self, pots: &mut BTreeMap<Pot, Paid>, program: &str, month: Month) {
        let ours = self.refs.pots.iter().filter(|line| line["program"] == program);
        for line in ours.filter(|line| parse_month(&line["earning_period"]) == month) {
            let pot = (line.get("country").cloned(), line["currency"].clone());
            let minor: i64 = line["amount_minor"].parse().expect("minor units");
            *pots.entry(pot).or_default().entry(None).or_default() += minor;
        }
    }

    /// What is left of charges after stated tax, in the month in which they were earned.
    fn of_payers(&self, pots: &mut BTreeMap<Pot, Paid>, paid: &str, pool: &Pool, month: Month, units: &[Unit]) {
        let ours = units.iter().filter(|unit| self.program_of(unit).is_some_and(|program| program.name == paid));
        for unit in ours.filter(|unit| month_of(unit.day) == month) {
            let text = |column| unit.row.text(column).map(str::to_owned);
            let pot = (text("payer_country").filter(|_| pool.by_country), unit.row.cells["currency"].clone());
            let minor = unit.sign * (unit.amount - unit.tax.unwrap_or(0));
            *pots.entry(pot).or_default().entry(text("payer_id")).or_default() += minor;
        }
    }
}

fn with_pool(program: &Program) -> Option<(&Program, &Pool)> {
    if let Share::Pool(pool) = &program.share { Some((program, pool)) } else { None }
}

impl Divided {
    /// Divides one pot, with what waited for it; what waits now.
    fn pot(
        &mut self,
        (program, pool): (&Program, &Pool),
        month: Month,
        currency: &str,
        usage: &Usage,
        (before, new): (Waiting, Paid),
    ) -> Waiting {
        let mut paid = before.paid;
        for (payer, minor) in new {
            *paid.entry(payer).or_default() += minor;
        }
        paid.retain(|_, minor| *minor != 0);
        assert!(paid.values().all(|minor| *minor > 0), "a negative pot is a gate: {} {paid:?}", program.name);
        let total = half_even(&(q(paid.values().sum()) * pool.percent()));
        let goes = goes(pool, usage, paid);
        let names: Vec<&String> = usage.events.keys().collect();
        let mut exact: Vec<Q> = names.iter().map(|n| goes.creators.get(*n).cloned().unwrap_or_else(zero)).collect();
        exact.extend([goes.carved, goes.platform, goes.waits]);
        let rank: Vec<usize> = (0..exact.len()).collect();
        let minor = largest_remainder(total, &exact, &rank);
        let (parts, rest) = minor.split_at(names.len());
        let [carved, kept, waits] = rest else { unreachable!("three parts beside the creators'") };
        for (creator, minor) in names.into_iter().zip(parts).filter(|_| total != 0) {
            let (name, version) = (program.name.clone(), program.version.clone());
            let part = self.parts.entry((name, version, creator.clone(), currency.to_owned(), month)).or_default();
            *part = (part.0 + minor, part.1 + usage.events[creator]);
        }
        let of = |account: &str| Place::account(account, currency).of("engagement", None);
        let carried = Place::account("pool", currency).of("engagement", Some("carried"));
        let account = pool.carve_out.as_ref().map_or("platform_revenue", |carve_out| &carve_out.account);
        let moves = [
            (of("platform_expense"), total - before.minor - kept),
            (of("pool"), -parts.iter().sum::<i64>()),
            (carried, before.minor - waits),
            (of(account), -carved),
        ];
        for (place, minor) in moves {
            *self.pots.entry((program.name.clone(), currency.to_owned(), month, place)).or_default() += minor;
        }
        Waiting { minor: *waits, paid: goes.waiting }
    }

    /// Creators' parts, to be rated like charges.
    pub fn rows(&self) -> Vec<PotRow> {
        let row = |((program, version, creator, currency, month), (minor, events)): (&PartOf, &(i64, i64))| {
            let cells = [("creator_id", creator), ("currency", currency)];
            let row = Row {
                n: usize::MAX,
                log: "engagement".to_owned(),
                id: None,
                time: None,
                day: last_day(*month),
                effect: Effect::Nothing,
                cells: cells.map(|(name, text)| (name.to_owned(), text.clone())).into(),
            };
            (row, program.clone(), version.clone(), *minor, *events)
        };
        self.parts.iter().map(row).collect()
    }
}

/// Divides what was paid: pots of payers who used something by the pool's rule, idle payers' as the policy says, all other
/// money by the pool's rule where pots are of the reference, else by all usage.
fn goes(pool: &Pool, usage: &Usage, paid: Paid) -> Goes {
    let mut goes = Goes { carved: zero(), platform: zero(), waits: zero(), ..Goes::default() };
    let is_own = |payer: &Option<String>| pool.has_own_pots() && payer.is_some();
    let uses = |payer: &Option<String>| payer.as_ref().is_some_and(|payer| usage.payers.contains_key(payer));
    let (own, shared): (Paid, Paid) = paid.into_iter().partition(|(payer, _)| is_own(payer));
    let (active, idle): (Paid, Paid) = own.into_iter().partition(|(payer, _)| uses(payer));
    let sum = |paid: &Paid| q(paid.values().sum());
    let percent = pool.percent();
    let (mut named, mut weightless) = (sum(&active), zero());
    match pool.idle {
        Some(Idle::Platform) => goes.platform += sum(&idle) * &percent,
        Some(Idle::Redistribute) if named.is_positive() => named += sum(&idle),
        Some(Idle::Redistribute) if !pool.carries => weightless += sum(&idle),
        _ => goes.waiting.extend(idle),
    }
    let fee = |payer: &String| match pool.has_own_pots() {
        true => q(active.get(&Some(payer.clone())).copied().unwrap_or(0)),
        false => q(1),
    };
    let fees: BTreeMap<String, Q> = usage.payers.keys().map(|payer| (payer.clone(), fee(payer))).collect();
    let all_usage = || usage.counted.clone();
    let by_rule = || claims(pool.rule, usage, &fees, &percent);
    let others = if pool.paid.is_some() { all_usage() } else { by_rule() };
    let mut shares = vec![(named, if pool.has_own_pots() { by_rule() } else { Claims::new() })];
    match (others.is_empty(), pool.carries) {
        (false, _) => shares.push((sum(&shared), others)),
        (true, false) => weightless += sum(&shared),
        (true, true) => goes.waiting.extend(shared),
    }
    goes.platform += &weightless * &percent * &usage.stays;
    goes.carved += weightless * &percent * (q(1) - &usage.stays);
    for (money, claims) in shares {
        let money = money * &percent;
        goes.carved += &money * (q(1) - &usage.stays);
        for (creator, part) in divided(&(money * &usage.stays), &claims) {
            *goes.creators.entry(creator).or_insert_with(zero) += part;
        }
    }
    goes.waits = sum(&goes.waiting) * &percent;
    goes
}
