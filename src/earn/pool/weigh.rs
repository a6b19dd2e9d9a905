//! What usage weighs: multipliers and thresholds applied, payers and creators put in order.

use rustc_hash::FxHashMap;

use super::usage::{Entry, Usage};
use crate::error::{Error, Result};
use crate::facts::Use;
use crate::intake::Names;
use crate::money::Exact;
use crate::period::Period;
use crate::policy::Pool;

/// The usage of one pot, weighed.
#[derive(Clone, Debug)]
pub struct Weighed {
    pub usage: Usage,
    /// By id hash, ascending; the payers of the usage.
    pub payers: Vec<u128>,
    /// By the bytes of their ids; the creators of the usage.
    pub creators: Vec<u32>,
    /// Rows of each creator.
    pub events: Vec<i64>,
    /// The part of the revenue that stays after the carve-out.
    pub stays: Exact,
}

/// A creator of one payer: what it weighs, what counts against a cap.
type Entries = Vec<Entry>;

/// Weighs the uses of one pot, sorted by payer and creator.
///
/// # Errors
/// A weight that does not fit (gate).
pub fn weigh(pool: &Pool, month: Period, uses: &[Use], names: &Names) -> Result<Weighed> {
    let scale = Scale::of(pool)?;
    let too_much = || Error::gate("usage weighs more than 64 bits hold").at(month.to_string());
    let weights = uses.iter().map(|one| scale.weight(one).ok_or_else(too_much)).collect::<Result<Vec<_>>>()?;
    let (creators, places) = creators(uses, &weights, names);
    let mut usage = Usage::of_creators(creators.len());
    let (mut payers, mut events) = (Vec::new(), vec![0_i64; creators.len()]);
    let mut at = 0;
    for of_payer in uses.chunk_by(|a, b| a.payer == b.payer) {
        let mut entries: Entries = Vec::new();
        for (one, weight) in of_payer.iter().zip(&weights[at..]).filter(|(_, weight)| **weight != 0) {
            let creator = places[&one.creator];
            events[creator as usize] += one.events;
            add(&mut entries, creator, *weight, one.usage.unsigned_abs());
        }
        at += of_payer.len();
        match of_payer.first() {
            Some(first) if first.payer == 0 => {
                entries.iter().for_each(|e| usage.push_unnamed(e.creator, e.weight));
            }
            Some(first) if !entries.is_empty() => {
                payers.push(first.payer);
                usage.push(&entries);
            }
            _ => {}
        }
    }
    Ok(Weighed { usage, payers, creators, events, stays: stays(pool, uses)? })
}

/// Adds to the last entry where it is of the same creator.
fn add(entries: &mut Entries, creator: u32, weight: u64, counted: u64) {
    match entries.last_mut().filter(|last| last.creator == creator) {
        Some(last) => {
            last.weight = last.weight.saturating_add(weight);
            last.counted = last.counted.saturating_add(counted);
        }
        None => entries.push(Entry { creator, weight, counted }),
    }
}

/// Every creator that weighs anything, by the bytes of its id, and the place of each.
fn creators(uses: &[Use], weights: &[u64], names: &Names) -> (Vec<u32>, FxHashMap<u32, u32>) {
    let mut creators: Vec<u32> = uses.iter().zip(weights).filter(|(_, w)| **w != 0).map(|(u, _)| u.creator).collect();
    creators.sort_unstable();
    creators.dedup();
    creators.sort_unstable_by(|a, b| names.text(*a).cmp(names.text(*b)));
    let places = (0_u32..).zip(&creators).map(|(place, creator)| (*creator, place)).collect();
    (creators, places)
}

/// The part of the usage's revenue that stays in the pool.
fn stays(pool: &Pool, uses: &[Use]) -> Result<Exact> {
    let Some(carve_out) = &pool.carve_out else { return Ok(Exact::ONE) };
    let sum = |of: fn(&Use) -> i64| uses.iter().map(|u| i128::from(of(u))).sum::<i128>();
    let (all, kept) = (sum(|u| u.usage), sum(|u| u.kept));
    let whole = all.checked_mul(carve_out.scale()?).ok_or_else(super::bound::beyond)?;
    Ok(Exact::ratio(kept, whole).unwrap_or(Exact::ONE))
}

/// Multipliers as whole numbers over one denominator, which weighs nothing: only ratios of weights count.
struct Scale {
    /// The pool's own threshold is the first clause.
    own: bool,
    /// Number where it applies, number where it does not, has a condition, clause of its threshold.
    multipliers: Vec<(u64, u64, bool, Option<u32>)>,
}

impl Scale {
    fn of(pool: &Pool) -> Result<Self> {
        let mut clause = u32::from(pool.threshold.is_some());
        let mut multipliers = Vec::new();
        for m in &pool.multipliers {
            let (n, d) = m.times.small_parts().ok_or_else(super::bound::beyond)?;
            let fit = |v: u128| u64::try_from(v).map_err(|_| super::bound::beyond());
            let threshold = m.threshold.map(|_| {
                clause += 1;
                clause - 1
            });
            multipliers.push((fit(n)?, fit(d)?, m.when.is_some(), threshold));
        }
        Ok(Self { own: pool.threshold.is_some(), multipliers })
    }

    /// What a use weighs; `None` beyond 64 bits.
    fn weight(&self, one: &Use) -> Option<u64> {
        if self.own && one.reached & 1 == 0 {
            return Some(0);
        }
        let mut weight = one.usage.unsigned_abs();
        for (at, (applied, left, has_condition, clause)) in self.multipliers.iter().enumerate() {
            let holds = !has_condition || one.outcome & (1 << at) != 0;
            let reached = clause.is_none_or(|clause| one.reached & (1 << clause) != 0);
            weight = weight.checked_mul(if holds && reached { *applied } else { *left })?;
        }
        Some(weight)
    }
}
