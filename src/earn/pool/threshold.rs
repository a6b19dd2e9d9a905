//! Thresholds on usage and on distinct payers, and the three readings of what counts when one is reached.
//!
//! A creator's usage is looked at in all countries, before multipliers and caps, over the month and the `months - 1`
//! before it.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Use;
use crate::period::Period;
use crate::policy::{Reading, Threshold};

/// Marks every use with the clauses (by their place among `clauses`) that it counts under; `uses` are sorted by creator
/// and, where a clause reads `after_threshold`, single events in their order.
#[must_use]
pub fn mark(uses: Vec<Use>, clauses: &[Threshold]) -> Vec<Use> {
    if clauses.is_empty() {
        return uses;
    }
    let mut marked = Vec::with_capacity(uses.len());
    for creator in uses.chunk_by(|a, b| a.creator == b.creator) {
        let months = by_month(creator);
        let whole = whole_months(&months, clauses);
        let mut runs: Vec<Run> = clauses.iter().map(Run::new).collect();
        for one in creator {
            let reached = whole.get(&one.month).copied().unwrap_or_default();
            pieces(one, reached, &mut runs, &months, &mut marked);
        }
    }
    marked
}

/// What a creator was used in each month: weight, and by whom.
type Months = BTreeMap<Period, (u128, BTreeSet<u128>)>;

fn by_month(uses: &[Use]) -> Months {
    let mut months = Months::new();
    for one in uses {
        let month = months.entry(one.month).or_default();
        month.0 += u128::from(one.usage.unsigned_abs());
        if one.payer != 0 {
            month.1.insert(one.payer);
        }
    }
    months
}

/// The months that a window which ends with `last` holds.
fn window(months: &Months, last: Period, length: i32) -> impl Iterator<Item = (&Period, &(u128, BTreeSet<u128>))> {
    let first = last.ordinal() - length + 1;
    months.range(..=last).filter(move |(month, _)| month.ordinal() >= first)
}

fn is_reached(months: &Months, last: Period, clause: &Threshold) -> bool {
    let usage: u128 = window(months, last, clause.months).map(|(_, m)| m.0).sum();
    let payers: BTreeSet<&u128> = window(months, last, clause.months).flat_map(|(_, m)| &m.1).collect();
    usage >= u128::from(clause.usage) && payers.len() as u64 >= clause.payers
}

/// The clauses that count for all of a month.
fn whole_months(months: &Months, clauses: &[Threshold]) -> BTreeMap<Period, u32> {
    let mut reached: BTreeMap<Period, u32> = BTreeMap::new();
    for (at, clause) in clauses.iter().enumerate().filter(|(_, c)| c.reading != Reading::AfterThreshold) {
        for last in months.keys().filter(|last| is_reached(months, **last, clause)) {
            let back = if clause.reading == Reading::Retroactive { clause.months } else { 1 };
            for (month, _) in window(months, *last, back) {
                *reached.entry(*month).or_default() |= 1 << at;
            }
        }
    }
    reached
}

/// A clause that counts what comes after, while a creator's events pass in their order.
struct Run<'a> {
    clause: &'a Threshold,
    month: Option<Period>,
    usage: u128,
    payers: BTreeSet<u128>,
}

impl<'a> Run<'a> {
    fn new(clause: &'a Threshold) -> Self {
        Self { clause, month: None, usage: 0, payers: BTreeSet::new() }
    }

    /// Begins a month with what the months before it hold.
    fn enter(&mut self, month: Period, months: &Months) {
        if self.month == Some(month) {
            return;
        }
        let before = || window(months, month, self.clause.months).filter(|(m, _)| **m < month);
        self.usage = before().map(|(_, m)| m.0).sum();
        self.payers = before().flat_map(|(_, m)| m.1.iter().copied()).collect();
        self.month = Some(month);
    }

    /// How much of an event comes before the threshold is reached; the event that reaches it divides.
    fn before(&mut self, one: &Use) -> u64 {
        let weight = one.usage.unsigned_abs();
        let missing = u128::from(self.clause.usage).saturating_sub(self.usage);
        let had_payers = self.payers.len() as u64 >= self.clause.payers;
        self.usage += u128::from(weight);
        if one.payer != 0 && self.clause.payers != 0 {
            self.payers.insert(one.payer);
        }
        if had_payers { u64::try_from(missing).unwrap_or(u64::MAX).min(weight) } else { weight }
    }
}

/// Divides an event where clauses are reached within it; the last piece stands for the event.
fn pieces(one: &Use, reached: u32, runs: &mut [Run<'_>], months: &Months, marked: &mut Vec<Use>) {
    let weight = one.usage.unsigned_abs();
    let mut borders: Vec<(u64, u32)> = Vec::new();
    for (at, run) in runs.iter_mut().enumerate().filter(|(_, r)| r.clause.reading == Reading::AfterThreshold) {
        run.enter(one.month, months);
        borders.push((run.before(one), 1 << at));
    }
    borders.sort_unstable();
    let (mut from, mut reached) = (0, reached);
    for (border, clause) in borders {
        if border > from && border < weight {
            marked.push(Use { usage: signed(border - from), kept: 0, events: 0, reached, ..*one });
            from = border;
        }
        if border < weight || weight == 0 {
            reached |= clause;
        }
    }
    marked.push(Use { usage: signed(weight - from), reached, ..*one });
}

fn signed(weight: u64) -> i64 {
    i64::try_from(weight).unwrap_or(i64::MAX)
}
