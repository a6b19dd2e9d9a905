//! What a run books: full evaluations, one after the other, and their differences line by line.

use std::collections::{BTreeMap, BTreeSet};

use crate::earn::{Channel, Evaluation, IneligibleKey, Line, LineKey, LinePart};
use crate::fate::Fate;
use crate::log::Log;
use crate::money::{Currency, Exact};
use crate::period::Period;

/// The cause of lines of the period itself.
pub const CURRENT: &str = "current";

/// Program, currency and earning period.
pub type GroupKey = (u32, Currency, Period);
/// A group's money by log and channel.
pub type ClearingKey = (u32, Currency, Period, Log, u32);

/// An evaluation with its totals, and what else a stage knows.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub lines: BTreeMap<LineKey, Line>,
    pub ineligible: BTreeMap<IneligibleKey, [i128; 3]>,
    pub clearing: BTreeMap<ClearingKey, Channel>,
    pub expense: BTreeMap<GroupKey, i128>,
    /// Rated adjustments by party, currency and period.
    pub adjustments: BTreeMap<(u32, Currency, Period), i128>,
    pub fates: Vec<(u32, Fate)>,
    pub charge_of: rustc_hash::FxHashMap<u32, u32>,
}

impl Snapshot {
    /// Takes an evaluation and adds up its totals.
    #[must_use]
    pub fn of(evaluation: Evaluation) -> Self {
        let mut snapshot = Self { ineligible: evaluation.ineligible, ..Self::default() };
        for (key, line) in &evaluation.lines {
            let group = (key.program, key.currency, key.period);
            *snapshot.expense.entry(group).or_default() += line.expense;
            for ((log, channel), sums) in &line.channels {
                let total =
                    snapshot.clearing.entry((key.program, key.currency, key.period, *log, *channel)).or_default();
                total.gross += sums.gross;
                total.tax += sums.tax;
                total.fee += sums.fee;
            }
        }
        snapshot.lines = evaluation.lines;
        snapshot
    }
}

/// One cause's difference between two snapshots, for periods before the one that is booked, or that one alone.
pub struct Difference {
    pub cause: &'static str,
    pub lines: Vec<(LineKey, Line)>,
    pub ineligible: Vec<(IneligibleKey, [i128; 3])>,
    pub clearing: Vec<(ClearingKey, Channel)>,
    pub expense: Vec<(GroupKey, i128)>,
    pub adjustments: Vec<((u32, Currency, Period), i128)>,
}

/// `after` less `before`, over the periods that `takes` accepts; nothing where nothing differs.
#[must_use]
pub fn difference(
    cause: &'static str,
    before: &Snapshot,
    after: &Snapshot,
    takes: impl Fn(Period) -> bool,
) -> Difference {
    let mut lines = Vec::new();
    for key in both(&before.lines, &after.lines).into_iter().filter(|k| takes(k.period)) {
        lines.extend(minus(after.lines.get(&key), before.lines.get(&key)).map(|line| (key, line)));
    }
    let ineligible = pairs(
        &before.ineligible,
        &after.ineligible,
        |k| takes(k.4),
        |a, b| {
            let d = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
            (d != [0; 3]).then_some(d)
        },
    );
    let clearing = pairs(
        &before.clearing,
        &after.clearing,
        |k| takes(k.2),
        |a, b| {
            let d = Channel { gross: a.gross - b.gross, tax: a.tax - b.tax, fee: a.fee - b.fee };
            (d != Channel::default()).then_some(d)
        },
    );
    let plain = |a: i128, b: i128| (a != b).then_some(a - b);
    Difference {
        cause,
        lines,
        ineligible,
        clearing,
        expense: pairs(&before.expense, &after.expense, |k| takes(k.2), plain),
        adjustments: pairs(&before.adjustments, &after.adjustments, |k| takes(k.2), plain),
    }
}

fn both<K: Ord + Copy, V>(a: &BTreeMap<K, V>, b: &BTreeMap<K, V>) -> BTreeSet<K> {
    a.keys().chain(b.keys()).copied().collect()
}

fn pairs<K: Ord + Copy, V: Copy + Default, D>(
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    takes: impl Fn(&K) -> bool,
    minus: impl Fn(V, V) -> Option<D>,
) -> Vec<(K, D)> {
    let value = |map: &BTreeMap<K, V>, key: &K| map.get(key).copied().unwrap_or_default();
    both(before, after)
        .into_iter()
        .filter(|key| takes(key))
        .filter_map(|key| minus(value(after, &key), value(before, &key)).map(|d| (key, d)))
        .collect()
}

fn nothing() -> Line {
    Line {
        events: 0,
        gross: 0,
        tax: 0,
        fee: 0,
        deductions: Vec::new(),
        creator: 0,
        platform: 0,
        rounding: Exact::default(),
        parts: Vec::new(),
        channels: BTreeMap::new(),
        expense: 0,
    }
}

/// A line less another, column by column; `None` where all is equal.
fn minus(after: Option<&Line>, before: Option<&Line>) -> Option<Line> {
    let zero = nothing();
    let (a, b) = (after.unwrap_or(&zero), before.unwrap_or(&zero));
    let line = Line {
        events: a.events - b.events,
        gross: a.gross - b.gross,
        tax: a.tax - b.tax,
        fee: a.fee - b.fee,
        deductions: deductions(a, b),
        creator: a.creator - b.creator,
        platform: a.platform - b.platform,
        rounding: &a.rounding - &b.rounding,
        parts: parts(&a.parts, &b.parts),
        channels: BTreeMap::new(),
        expense: 0,
    };
    let moved = [line.events, line.gross, line.tax, line.fee, line.creator, line.platform];
    let differs = moved.iter().any(|v| *v != 0)
        || !line.rounding.is_zero()
        || !line.parts.is_empty()
        || line.deductions.iter().any(|d| d.2 != 0);
    differs.then_some(line)
}

fn deductions(a: &Line, b: &Line) -> Vec<(String, String, i128)> {
    let mut sums: Vec<(String, String, i128)> = a.deductions.clone();
    for (name, account, minor) in &b.deductions {
        match sums.iter_mut().find(|d| d.0 == *name && d.1 == *account) {
            Some(sum) => sum.2 -= minor,
            None => sums.push((name.clone(), account.clone(), -minor)),
        }
    }
    sums
}

/// Parts by party, payout currency and rate: a change of one of them leaves a full negative and a full positive part.
fn parts(after: &[LinePart], before: &[LinePart]) -> Vec<LinePart> {
    let mut sums: Vec<LinePart> =
        before.iter().map(|p| LinePart { minor: -p.minor, payout: p.payout.map(|v| -v), ..p.clone() }).collect();
    for part in after {
        let same = |p: &&mut LinePart| {
            p.party == part.party && p.payout_currency == part.payout_currency && p.rate == part.rate
        };
        match sums.iter_mut().find(same) {
            Some(sum) => {
                sum.minor += part.minor;
                sum.payout = sum.payout.zip(part.payout).map(|(a, b)| a + b);
            }
            None => sums.push(part.clone()),
        }
    }
    sums.retain(|p| p.minor != 0 || p.payout.unwrap_or(0) != 0);
    let parties: Vec<u32> = sums.iter().map(|p| p.party).collect();
    sums.sort_by_key(|p| parties.iter().position(|other| *other == p.party));
    sums
}
