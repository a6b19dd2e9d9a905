//! The lists of rows that are not rated, and what enters or leaves `suspense`.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::difference::Snapshot;
use super::prepare::Prepared;
use crate::fate::{CHARGE_UNKNOWN, Fate, PAID_BEFORE};
use crate::intake::{Knowledge, NULL, OpenIds, Rows, Stage};
use crate::ledger::Unrated;
use crate::log::Log;
use crate::period::Period;

/// The reason that goes with a fate; none for rated, duplicate and later rows.
#[must_use]
pub fn reason_of(input: &Prepared, row: u32, fate: Fate) -> Option<String> {
    match fate {
        Fate::Rated | Fate::Duplicate | Fate::Later => None,
        Fate::PaidBefore => Some(PAID_BEFORE.to_owned()),
        Fate::Excluded => input.rows.text(row, "exclude_reason").map(str::to_owned),
        Fate::Waiting(_) => Some(CHARGE_UNKNOWN.to_owned()),
        Fate::Quarantined(reason) => Some(reason.code().to_owned()),
        Fate::Ineligible(program, rule) => {
            let program = input.policies.programs.get(usize::from(program))?;
            program.eligible.get(usize::from(rule)).map(|r| r.rule.clone())
        }
    }
}

/// `quarantine` (or `waiting`): all that is open.
#[must_use]
pub fn open(input: &Prepared, fates: &[Fate], quarantined: bool) -> Vec<Unrated> {
    let wanted = |fate: Fate| match fate {
        Fate::Quarantined(_) => quarantined,
        Fate::Waiting(_) => !quarantined,
        _ => false,
    };
    list(input, fates, |row| wanted(fates[row as usize]))
}

/// `ineligible`: what became so since the last close.
#[must_use]
pub fn ineligible(input: &Prepared, fates: &[Fate], then: Option<&Snapshot>) -> Vec<Unrated> {
    let was: FxHashSet<u32> = then
        .iter()
        .flat_map(|s| &s.fates)
        .filter(|(_, fate)| matches!(fate, Fate::Ineligible(..)))
        .map(|(row, _)| *row)
        .collect();
    list(input, fates, |row| matches!(fates[row as usize], Fate::Ineligible(..)) && !was.contains(&row))
}

fn list(input: &Prepared, fates: &[Fate], wanted: impl Fn(u32) -> bool + Sync) -> Vec<Unrated> {
    let rows = &input.rows;
    let all = (0..u32::try_from(rows.len()).unwrap_or(0)).into_par_iter();
    let mut chosen: Vec<u32> = all.filter(|row| wanted(*row)).collect();
    chosen.sort_by_key(|row| (rows.records[*row as usize].log, &rows.source(*row).0.path, rows.provenance(*row)));
    let mut seen: FxHashMap<(Log, u128), i64> = FxHashMap::default();
    let mut occurrence = |row: u32| {
        let n = seen.entry((rows.records[row as usize].log, rows.content[row as usize])).or_insert(0);
        *n += 1;
        *n
    };
    chosen.into_iter().map(|row| unrated(input, row, fates[row as usize], occurrence(row))).collect()
}

fn unrated(input: &Prepared, row: u32, fate: Fate, occurrence: i64) -> Unrated {
    let rows = &input.rows;
    let at = row as usize;
    let text = |column: &str| rows.text(row, column).map(str::to_owned);
    let (row_group, within) = rows.provenance(row);
    Unrated {
        log: rows.records[at].log.name(),
        event_id: text("event_id"),
        row_hash: format!("{:032x}", rows.content[at]),
        occurrence,
        reason: reason_of(input, row, fate).unwrap_or_default(),
        until: if let Fate::Waiting(until) = fate { Some(until) } else { None },
        kind: text("kind"),
        creator_id: text("creator_id"),
        amount_minor: rows.int(row, "amount_minor"),
        currency: text("currency"),
        event_time: Some(rows.time[at]).filter(|t| *t != NULL),
        file: rows.source(row).0.path.clone(),
        row_group,
        row: within,
    }
}

/// Rows whose money goes onto (true) or off (false) `suspense`, with the cause.
#[must_use]
pub fn suspense_moves(
    rows: &Rows,
    knowledge: &Knowledge,
    open_ids: &OpenIds,
    fates: &[Fate],
    period: Period,
) -> Vec<(u32, bool, &'static str)> {
    let mut was: FxHashMap<(Log, u128), i64> = FxHashMap::default();
    for key in &knowledge.open {
        *was.entry(*key).or_insert(0) += 1;
    }
    let mut moves = Vec::new();
    let mut closed = Vec::new();
    let order = by_likeness(rows, knowledge, fates);
    for row in order {
        let key = (rows.records[row as usize].log, rows.content[row as usize]);
        let before = was.get_mut(&key).filter(|n| **n > 0);
        match (before, fates[row as usize].is_open()) {
            (Some(n), true) => *n -= 1,
            (Some(n), false) => {
                *n -= 1;
                closed.push((row, false, "released"));
            }
            (None, true) => moves.push((row, true, cause(rows, row, open_ids, period))),
            (None, false) => {}
        }
    }
    moves.extend(closed);
    moves
}

/// The rows that were or are open; of equal ones, those that still are come first.
fn by_likeness(rows: &Rows, knowledge: &Knowledge, fates: &[Fate]) -> Vec<u32> {
    let was: FxHashSet<(Log, u128)> = knowledge.open.iter().copied().collect();
    let concerned = |row: &u32| {
        let at = *row as usize;
        fates[at].is_open() || was.contains(&(rows.records[at].log, rows.content[at]))
    };
    let all = (0..u32::try_from(rows.len()).unwrap_or(0)).into_par_iter();
    let mut chosen: Vec<u32> = all.filter(concerned).collect();
    chosen.sort_by_key(|row| (!fates[*row as usize].is_open(), *row));
    chosen
}

fn cause(rows: &Rows, row: u32, open_ids: &OpenIds, period: Period) -> &'static str {
    let at = row as usize;
    if rows.time[at] < 0 || Period::of_day(rows.records[at].day) == period {
        return super::difference::CURRENT;
    }
    match open_ids.stage(rows, row) {
        Stage::Released => "released",
        Stage::Reversal => "reversal",
        Stage::Known | Stage::Late => "late_event",
    }
}
