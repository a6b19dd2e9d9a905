//! What a run books: full evaluations, one after the other, and their differences line by line.

use std::collections::BTreeMap;
use std::iter::Peekable;

use crate::earn::{
    Channel, ClearingKey, Evaluation, GroupKey, IneligibleKey, Line, LineDeduction, LineKey, LinePart, LinePiece,
    LineView, Lines, Spread,
};
use crate::error::{Error, Result};
use crate::fate::Fate;
use crate::ledger::Account;
use crate::money::Currency;
use crate::period::Period;

/// The cause of lines of the period itself.
pub const CURRENT: &str = "current";

/// Program, currency, earning period, account, and whether it waits for a later month.
pub type PoolKey = (u32, Currency, Period, Account, bool);

/// An evaluation with its totals, and what else a stage knows.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub lines: Lines,
    pub ineligible: BTreeMap<IneligibleKey, [i128; 3]>,
    pub clearing: BTreeMap<ClearingKey, Channel>,
    pub expense: BTreeMap<GroupKey, i128>,
    /// What is held until when, and what payers of which countries brought.
    pub spread: Spread,
    /// Rated adjustments by party, currency and period.
    pub adjustments: BTreeMap<(u32, Currency, Period), i128>,
    /// Pots, debit positive.
    pub pools: BTreeMap<PoolKey, i128>,
    /// Of the standing rows that are not rated.
    pub fates: Vec<(u32, Fate)>,
    pub charge_of: rustc_hash::FxHashMap<u32, u32>,
}

impl Snapshot {
    /// Takes an evaluation.
    #[must_use]
    pub fn of(evaluation: Evaluation) -> Self {
        let Evaluation { lines, ineligible, clearing, expense, spread } = evaluation;
        Self { lines, ineligible, clearing, expense, spread, ..Self::default() }
    }
}

/// One cause's difference between two snapshots, for periods before the one that is booked, or that one alone.
pub struct Difference {
    pub cause: &'static str,
    lines: Lines,
    /// The one earning period whose lines count; none is all.
    only: Option<Period>,
    pub ineligible: Vec<(IneligibleKey, [i128; 3])>,
    pub clearing: Vec<(ClearingKey, Channel)>,
    pub expense: Vec<(GroupKey, i128)>,
    pub adjustments: Vec<((u32, Currency, Period), i128)>,
    pub pools: Vec<(PoolKey, i128)>,
}

impl Difference {
    /// At most so many lines, deductions and parts move anything.
    pub fn sizes(&self) -> [usize; 3] {
        self.lines.sizes()
    }

    /// Its lines that move anything, in the order of their keys, and of each the parts that do.
    pub fn lines(&self) -> impl Iterator<Item = (LineView<'_>, impl Iterator<Item = LinePart>)> {
        let counts = |line: &LineView<'_>| self.only.is_none_or(|period| line.key.period == period);
        let lines = self.lines.iter().filter(move |line| counts(line) && moves(line));
        lines.map(|line| {
            let parts = line.parts().filter(part_moves);
            (line, parts)
        })
    }
}

/// What a snapshot says of the period that is booked: its lines move out of it, none is copied.
///
/// # Errors
/// Never but for a bug.
pub fn current(snapshot: &mut Snapshot, period: Period) -> Result<Difference> {
    let lines = std::mem::take(&mut snapshot.lines);
    let rest = difference(CURRENT, &Snapshot::default(), snapshot, |q| q == period)?;
    Ok(Difference { lines, only: Some(period), ..rest })
}

/// `after` less `before`, over the periods that `takes` accepts; nothing where nothing differs.
///
/// # Errors
/// A number beyond Int64 (gate).
pub fn difference(
    cause: &'static str,
    before: &Snapshot,
    after: &Snapshot,
    takes: impl Fn(Period) -> bool,
) -> Result<Difference> {
    let mut piece = LinePiece::default();
    for (key, before, after) in side_by_side(before.lines.iter(), after.lines.iter()) {
        if takes(key.period) && before != after {
            add_minus(&mut piece, key, after, before)?;
        }
    }
    let mut lines = Lines::default();
    lines.push(piece);
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
            let d = Channel { gross: a.gross - b.gross, tax: a.tax - b.tax, fee: a.fee - b.fee, pool: a.pool - b.pool };
            (d != Channel::default()).then_some(d)
        },
    );
    let plain = |a: i128, b: i128| (a != b).then_some(a - b);
    Ok(Difference {
        cause,
        lines,
        only: None,
        ineligible,
        clearing,
        expense: pairs(&before.expense, &after.expense, |k| takes(k.2), plain),
        adjustments: pairs(&before.adjustments, &after.adjustments, |k| takes(k.2), plain),
        pools: pairs(&before.pools, &after.pools, |k| takes(k.2), plain),
    })
}

/// Lines of two evaluations by key; each side is in the order of its keys.
fn side_by_side<'l>(
    before: impl Iterator<Item = LineView<'l>>,
    after: impl Iterator<Item = LineView<'l>>,
) -> impl Iterator<Item = (LineKey, Option<LineView<'l>>, Option<LineView<'l>>)> {
    let (mut before, mut after) = (before.peekable(), after.peekable());
    std::iter::from_fn(move || {
        let keys = [before.peek().map(|line| line.key), after.peek().map(|line| line.key)];
        let key = keys.into_iter().flatten().min()?;
        Some((key, line_of(&mut before, key), line_of(&mut after, key)))
    })
}

fn line_of<'l>(lines: &mut Peekable<impl Iterator<Item = LineView<'l>>>, key: LineKey) -> Option<LineView<'l>> {
    lines.next_if(|line| line.key == key)
}

fn pairs<K: Ord + Copy, V: Copy + Default, D>(
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    takes: impl Fn(&K) -> bool,
    minus: impl Fn(V, V) -> Option<D>,
) -> Vec<(K, D)> {
    let value = |map: &BTreeMap<K, V>, key: &K| map.get(key).copied().unwrap_or_default();
    let mut keys: Vec<K> = before.keys().chain(after.keys()).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .filter(|key| takes(key))
        .filter_map(|key| minus(value(after, &key), value(before, &key)).map(|d| (key, d)))
        .collect()
}

/// A number less another.
fn less(a: i64, b: i64) -> Result<i64> {
    a.checked_sub(b).ok_or_else(beyond)
}

fn beyond() -> Error {
    Error::gate("a difference of two ledger values is beyond Int64")
}

/// Adds a line less another, column by column.
fn add_minus(
    into: &mut LinePiece,
    key: LineKey,
    after: Option<LineView<'_>>,
    before: Option<LineView<'_>>,
) -> Result<()> {
    let zero = Line::default();
    let (a, b) = (after.as_ref().map_or(&zero, |line| &line.line), before.as_ref().map_or(&zero, |line| &line.line));
    let line = Line {
        events: less(a.events, b.events)?,
        gross: less(a.gross, b.gross)?,
        tax: less(a.tax, b.tax)?,
        fee: less(a.fee, b.fee)?,
        creator: less(a.creator, b.creator)?,
        platform: less(a.platform, b.platform)?,
        rounding: &a.rounding - &b.rounding,
    };
    let deducted = |line: &Option<LineView<'_>>| line.as_ref().map_or(Vec::new(), |line| line.deductions.to_vec());
    let deductions = deductions(deducted(&after), &deducted(&before))?;
    let parted = |line: Option<LineView<'_>>| line.map_or(Vec::new(), |line| line.parts().collect());
    into.push(key, line, deductions, parts(parted(after), parted(before))?)
}

/// Does a line move anything?
fn moves(view: &LineView<'_>) -> bool {
    let line = &view.line;
    [line.events, line.gross, line.tax, line.fee, line.creator, line.platform].iter().any(|v| *v != 0)
        || !line.rounding.is_zero()
        || view.parts().any(|part| part_moves(&part))
        || view.deductions.iter().any(|d| d.minor != 0)
}

fn part_moves(part: &LinePart) -> bool {
    part.minor != 0 || part.payout.unwrap_or(0) != 0
}

fn deductions(after: Vec<LineDeduction>, before: &[LineDeduction]) -> Result<Vec<LineDeduction>> {
    let mut sums = after;
    for d in before {
        match sums.iter_mut().find(|sum| (sum.name, sum.account) == (d.name, d.account)) {
            Some(sum) => sum.minor = less(sum.minor, d.minor)?,
            None => sums.push(LineDeduction { minor: less(0, d.minor)?, ..*d }),
        }
    }
    Ok(sums)
}

/// Parts by party, payout currency and rate: a change of one of them leaves a full negative and a full positive part.
fn parts(after: Vec<LinePart>, before: Vec<LinePart>) -> Result<Vec<LinePart>> {
    let negative = |p: LinePart| {
        let payout = p.payout.map(|payout| less(0, payout)).transpose()?;
        Ok(LinePart { minor: less(0, p.minor)?, payout, ..p })
    };
    let mut sums: Vec<LinePart> = before.into_iter().map(negative).collect::<Result<_>>()?;
    for part in after {
        let same = |p: &&mut LinePart| {
            p.party == part.party && p.payout_currency == part.payout_currency && p.rate == part.rate
        };
        match sums.iter_mut().find(same) {
            Some(sum) => {
                let add = |a: i64, b: i64| a.checked_add(b).ok_or_else(beyond);
                sum.minor = add(sum.minor, part.minor)?;
                sum.payout = sum.payout.zip(part.payout).map(|(a, b)| add(a, b)).transpose()?;
            }
            None => sums.push(part),
        }
    }
    sums.retain(part_moves);
    let parties: Vec<u32> = sums.iter().map(|p| p.party).collect();
    sums.sort_by_key(|p| parties.iter().position(|other| *other == p.party));
    Ok(sums)
}
