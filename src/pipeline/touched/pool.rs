//! Which clauses of a pool a month touched: multipliers and thresholds by the usage that they decided about, the others
//! by what changes when the pot is divided without them.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::facts::{Classes, Known, Linked, Measures, Use, Versions, gather, pools};
use crate::fate::Fate;
use crate::intake::Names;
use crate::money::Exact;
use crate::period::Period;
use crate::pipeline::pools::{Pooled, divide_one, reach};
use crate::policy::{Idle, Pay, Pool, Program, WithoutWeight, covers};

/// The clauses of the pools in force in a month, by the program's number, each with how many events it decided about.
///
/// # Errors
/// As a run's: usage or a pot that breaks its contract.
pub fn pools_touched(
    known: &Known<'_>,
    measures: &Measures,
    classes: &Classes,
    linked: &Linked,
    names: &Names,
    period: Period,
) -> Result<BTreeMap<usize, Vec<(String, u64)>>> {
    let given = Given { known, measures, classes, linked, names, period };
    let mut touched = BTreeMap::new();
    for (name, versions) in pools(known.policies) {
        let in_force = |p: &Program| covers(p.valid_from, p.valid_to, period.first_day());
        if let Some((at, ..)) = versions.iter().find(|(_, program, _)| in_force(program)) {
            touched.insert(usize::from(*at), given.version(name, &versions, *at)?);
        }
    }
    Ok(touched)
}

/// What the month is divided from.
struct Given<'a> {
    known: &'a Known<'a>,
    measures: &'a Measures,
    classes: &'a Classes,
    linked: &'a Linked,
    names: &'a Names,
    period: Period,
}

/// Creators' parts, and the pot's postings: all that a pool gives to a month.
type Divided = (Vec<(u32, u16, i64)>, Vec<(String, i128)>);

/// A change to a pool that changes nothing where the clause decided nothing.
type Change = Box<dyn Fn(&mut Pool)>;

impl Given<'_> {
    fn version(&self, name: &str, versions: &Versions<'_>, at: u16) -> Result<Vec<(String, u64)>> {
        let found = versions.iter().find(|(index, ..)| *index == at);
        let (_, program, pool) = found.ok_or_else(|| Error::bug("a pool without its version"))?;
        let left_out = self.linked.quarantined();
        let gathered = gather(self.known, self.measures, self.classes, self.linked, versions, &left_out)?;
        let gathered = reach(gathered, versions);
        let uses: Vec<Use> = gathered.uses.iter().filter(|u| u.month == self.period).copied().collect();
        let events = |of: &dyn Fn(&Use) -> bool| {
            let counts = uses.iter().filter(|u| of(u)).map(|u| u.events.unsigned_abs().max(1));
            counts.sum::<u64>()
        };
        let of_month = |row: u32| Period::of_day(self.known.rows.records[row as usize].day) == self.period;
        let refused: Vec<Fate> =
            gathered.asked.refused().iter().filter(|(row, _)| of_month(*row)).map(|(_, fate)| *fate).collect();
        let refuses = |rule: usize| {
            let fate = Fate::Ineligible(at, u8::try_from(rule).unwrap_or(u8::MAX));
            refused.iter().filter(|refused| **refused == fate).count() as u64
        };
        let before = self.divided(name, versions, &gathered)?;
        let shared = before.0.iter().any(|(_, _, minor)| *minor != 0);
        let mut all = vec![("the program".to_owned(), events(&|_| true) + refused.len() as u64)];
        let rules = program.eligible.iter().enumerate();
        all.extend(rules.map(|(n, rule)| (format!("rule {} (refuses)", rule.rule), refuses(n))));
        let steps = program.deductions.iter().map(|s| (format!("deduction {}", s.name), u64::from(shared)));
        all.extend(steps);
        let reaches = |u: &Use| pool.threshold.is_none() || u.reached & 1 == 1;
        if pool.threshold.is_some() {
            all.push(("threshold (refuses)".to_owned(), events(&|u| u.usage > 0 && !reaches(u))));
        }
        let mut clause = u32::from(pool.threshold.is_some());
        for (n, multiplier) in pool.multipliers.iter().enumerate() {
            let own = multiplier.threshold.map(|_| clause);
            clause += u32::from(own.is_some());
            let holds = |u: &Use| multiplier.when.is_none() || u.outcome >> n & 1 == 1;
            let reached = |u: &Use| own.is_none_or(|clause| u.reached >> clause & 1 == 1);
            let count = events(&|u| u.usage > 0 && reaches(u) && holds(u) && reached(u));
            all.push((format!("multiplier {}", n + 1), count));
        }
        for (clause, change) in changes(pool) {
            all.push((clause, u64::from(self.decides(name, at, &change, &before)?)));
        }
        Ok(all)
    }

    fn divided(&self, name: &str, versions: &Versions<'_>, gathered: &crate::facts::Gathered) -> Result<Divided> {
        let mut pooled = Pooled::default();
        divide_one(self.known, self.names, name, versions, gathered, &mut pooled)?;
        let parts = pooled.facts.iter().filter(|fact| Period::of_day(fact.day) == self.period);
        let money = pooled.money.iter().filter(|((_, _, month, ..), _)| *month == self.period);
        let posting = |((_, currency, _, account, waits), minor): (&crate::pipeline::difference::PoolKey, &i128)| {
            (format!("{} {account:?} {waits}", currency.code()), *minor)
        };
        Ok((parts.map(|f| (f.creator, f.currency.index(), f.gross)).collect(), money.map(posting).collect()))
    }

    /// Does the month come out otherwise with the change?
    fn decides(&self, name: &str, at: u16, change: &Change, before: &Divided) -> Result<bool> {
        let mut policies = self.known.policies.clone();
        if let Pay::Pool(pool) = &mut policies.programs[usize::from(at)].pay {
            change(pool);
        }
        let known = Known { policies: &policies, ..*self.known };
        let given = Given { known: &known, ..*self };
        let all = pools(&policies);
        let versions = all.get(name).ok_or_else(|| Error::bug(format!("the pool {name} is gone")))?;
        let left_out = self.linked.quarantined();
        let gathered = gather(&known, self.measures, self.classes, self.linked, versions, &left_out)?;
        let gathered = reach(gathered, versions);
        Ok(given.divided(name, versions, &gathered)? != *before)
    }
}

/// The clauses that are looked at by leaving them out, or by saying something else.
fn changes(pool: &Pool) -> Vec<(String, Change)> {
    let mut all: Vec<(String, Change)> = Vec::new();
    if pool.weight.text != "1" {
        all.push(("weight".into(), Box::new(|pool| "1".clone_into(&mut pool.weight.text))));
    }
    if pool.cap_per_payer.is_some() {
        all.push(("cap_per_payer".into(), Box::new(|pool| pool.cap_per_payer = None)));
    }
    for n in 0..pool.carve_out.as_ref().map_or(0, |c| c.stays.len()) {
        let change = move |pool: &mut Pool| {
            if let Some(case) = pool.carve_out.as_mut().and_then(|c| c.stays.get_mut(n)) {
                case.part = if case.part.is_zero() { Exact::ONE } else { Exact::ZERO };
            }
        };
        all.push((format!("case {} of the carve-out", n + 1), Box::new(change)));
    }
    if pool.idle_payer.is_some() {
        let change = |pool: &mut Pool| {
            pool.idle_payer = Some(if pool.idle_payer == Some(Idle::Platform) { Idle::Carry } else { Idle::Platform });
        };
        all.push(("idle_payer".into(), Box::new(change)));
    }
    let change = |pool: &mut Pool| {
        pool.without_weight = match pool.without_weight {
            WithoutWeight::Carry => WithoutWeight::Platform,
            WithoutWeight::Platform => WithoutWeight::Carry,
        };
    };
    all.push(("without_weight".into(), Box::new(change)));
    all
}
