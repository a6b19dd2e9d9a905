//! Each event counts once, ever: duplicates, conflicts, and the rows that stand.

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::decided::Decided;
use super::rows::{NULL, Rows};
use crate::error::{Error, Result};
use crate::fate::{Fate, Reason};
use crate::log::{Effect, Log};

/// What the last close knew of the rows.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// Hashes of the files that it had read.
    pub files: HashSet<String>,
    /// Had it (a stand-in) read all files?
    pub all_files: bool,
    /// The instant at which its period ended.
    pub end: Option<i64>,
    /// Its quarantined rows: log, row hash.
    pub quarantined: FxHashSet<(Log, u128)>,
    /// Those of them that did not stand: they differed from others of their id.
    pub conflicts: FxHashSet<(Log, u128)>,
    /// Its waiting rows.
    pub waiting: FxHashSet<(Log, u128)>,
    /// Both, each row once.
    pub open: Vec<(Log, u128)>,
    /// Ids that the system before the book has paid.
    pub paid: Arc<FxHashSet<(Log, u128)>>,
}

/// Since when a standing row is known, and through what: the stages of section 6, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The last close had it.
    Known,
    /// It, or its id, was open at the last close.
    Released,
    /// A charge that arrived since.
    Late,
    /// A reversal that arrived, or whose charge arrived, since.
    Reversal,
}

/// The outcome of de-duplication.
pub struct Standing {
    /// Fates that need no policy; `None` for rows that stand and are to be rated.
    pub fates: Vec<Option<Fate>>,
    /// Standing rows, ascending, each with its stage.
    pub rows: Vec<(u32, Stage)>,
    /// Those of them that stood at the last close and could not be rated then: measures counted them.
    pub stood: Vec<u32>,
    /// Ids that were open at the last close.
    pub open_ids: OpenIds,
}

/// Decides which rows stand, of those before `end` (nanoseconds).
///
/// # Errors
/// A decision lets a row stand whose id a closed period has rated by another row (closed).
pub fn stand(rows: &Rows, knowledge: &Knowledge, decided: &Decided, end: i64) -> Result<Standing> {
    let mut fates: Vec<Option<Fate>> = vec![None; rows.len()];
    let known = known_files(rows, knowledge);
    let is_known = |row: u32| known[rows.file(row)] && knowledge.end.is_some_and(|end| rows.time[row as usize] < end);
    let (mut broken, mut excluded) = (Vec::new(), Vec::new());
    let mut place = vec![Place::None; rows.len()];
    for row in 0..u32::try_from(rows.len()).unwrap_or(u32::MAX) {
        let at = row as usize;
        if rows.time[at] != NULL && rows.time[at] >= end {
            fates[at] = Some(Fate::Later);
        } else if rows.fault[at].is_some() {
            broken.push(row);
        } else if rows.excluded[at] {
            excluded.push(row);
        } else {
            place[at] = Place::Sound;
        }
    }
    let of_broken: FxHashSet<(Log, u128)> = broken.iter().map(|row| key(rows, *row)).collect();
    let mut taken = FxHashSet::default();
    for part in 0..PARTS {
        let sound = sorted_by_key(rows, &place, part);
        for same in sound.chunk_by(|a, b| key(rows, *a) == key(rows, *b)) {
            let own = key(rows, same[0]);
            if knowledge.paid.contains(&own) {
                same.iter().for_each(|row| fates[*row as usize] = Some(Fate::PaidBefore));
                continue;
            }
            if let Some((row, now)) = settle(rows, knowledge, decided, &is_known, same, &mut fates)? {
                place[row as usize] = now;
                if of_broken.contains(&own) {
                    taken.insert(own);
                }
            }
        }
    }
    close_broken(rows, knowledge, &broken, &taken, &mut fates);
    once_each(rows, excluded, &mut fates);
    let open_ids = OpenIds::new(rows, knowledge);
    let stands = |place: &&Place| !matches!(place, Place::None | Place::Sound);
    let mut standing = Vec::with_capacity(place.iter().filter(stands).count());
    let mut stood = Vec::new();
    for (place, row) in place.iter().zip(0_u32..) {
        stood.extend((*place == Place::Stood).then_some(row));
        match place {
            Place::Base => standing.push((row, Stage::Known)),
            Place::Stands | Place::Stood => standing.push((row, open_ids.stage(rows, row))),
            Place::None | Place::Sound => {}
        }
    }
    Ok(Standing { fates, rows: standing, stood, open_ids })
}

/// What is known of a row while ids are settled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Broken, excluded or later.
    None,
    /// To be settled with the rows of its id, or settled and not standing.
    Sound,
    Stands,
    /// It stands, and did at the last close, which could not rate it.
    Stood,
    /// It stands, and the last close had it.
    Base,
}

/// Ids are settled in so many parts, by their first bits: a part's beginnings are sorted at a time.
const PARTS: u128 = 8;

/// The sound rows of a part, sorted by their ids, those of one id ascending. The ids' beginnings are sorted with the rows,
/// so that only equal ones are looked up.
fn sorted_by_key(rows: &Rows, place: &[Place], part: u128) -> Vec<u32> {
    let begin = |row: u32| {
        let (log, id) = key(rows, row);
        (u64::try_from(log.index()).unwrap_or(0) << 56) | u64::try_from(id >> 72).unwrap_or(0)
    };
    let is_in = |(place, id): &(&Place, &u128)| **place != Place::None && *id >> 64 >> 61 == part;
    let chosen = place.iter().zip(&rows.id).zip(0_u32..).filter(|(both, _)| is_in(both));
    let mut pairs: Vec<(u64, u32)> = chosen.map(|(_, row)| (begin(row), row)).collect();
    pairs.par_sort_unstable();
    let mut sorted: Vec<u32> = pairs.iter().map(|(_, row)| *row).collect();
    let mut from = 0;
    for same in pairs.chunk_by(|a, b| a.0 == b.0) {
        if same.len() > 1 {
            sorted[from..from + same.len()].sort_unstable_by_key(|row| (key(rows, *row), *row));
        }
        from += same.len();
    }
    sorted
}

fn key(rows: &Rows, row: u32) -> (Log, u128) {
    (rows.log[row as usize], rows.id[row as usize])
}

fn known_files(rows: &Rows, knowledge: &Knowledge) -> Vec<bool> {
    rows.files.iter().map(|f| knowledge.all_files || knowledge.files.contains(&f.sha256)).collect()
}

/// Decides among sound rows of one id; the answer is the row that stands, and whether it did at the last close. A row that a close rated stands; of rows that differ before that, the one that
/// two people chose, and else none. A chosen row that is later leaves its id open until then.
fn settle(
    rows: &Rows,
    knowledge: &Knowledge,
    decided: &Decided,
    is_known: &impl Fn(u32) -> bool,
    same: &[u32],
    fates: &mut [Option<Fate>],
) -> Result<Option<(u32, Place)>> {
    let content = |row: u32| rows.content[row as usize];
    let was_open = |row: u32| {
        let entry = (rows.log[row as usize], content(row));
        knowledge.quarantined.contains(&entry) || knowledge.waiting.contains(&entry)
    };
    let based = same.iter().copied().find(|row| is_known(*row) && !was_open(*row));
    let choice = decided.on(&key(rows, same[0]));
    let first = match (based, choice) {
        (Some(row), Some(choice)) if content(row) != choice.content => {
            return Err(rated_before(rows, row, &choice.place));
        }
        (Some(row), _) => Some(row),
        (None, Some(choice)) => same.iter().copied().find(|row| content(*row) == choice.content),
        (None, None) => Some(same[0]).filter(|first| same.iter().all(|row| content(*row) == content(*first))),
    };
    let Some(first) = first else {
        for row in same {
            fates[*row as usize] = Some(Fate::Quarantined(Reason::Conflict));
        }
        return Ok(None);
    };
    for row in same.iter().copied().filter(|row| *row != first) {
        let fate = if content(row) == content(first) { Fate::Duplicate } else { Fate::Quarantined(Reason::Conflict) };
        fates[row as usize] = Some(fate);
    }
    let stood = |row: u32| {
        let entry = (rows.log[row as usize], content(row));
        is_known(row) && content(row) == content(first) && !knowledge.conflicts.contains(&entry)
    };
    let place = match based {
        Some(_) => Place::Base,
        None if same.iter().any(|row| stood(*row)) => Place::Stood,
        None => Place::Stands,
    };
    Ok(Some((first, place)))
}

fn rated_before(rows: &Rows, row: u32, place: &str) -> Error {
    Error::closed("a decision can't overrule what a closed period rated")
        .at(place)
        .expected(format!("row {:032x}, which a closed period rated", rows.content[row as usize]))
        .found("another row of that event")
        .next("take the decision out; what was rated wrongly is put right by a reversal and a new event, or an adjustment")
}

/// A broken row is quarantined, or closed as a duplicate where a sound row has taken its id, or the system before has
/// paid it.
fn close_broken(
    rows: &Rows,
    knowledge: &Knowledge,
    broken: &[u32],
    taken: &FxHashSet<(Log, u128)>,
    fates: &mut [Option<Fate>],
) {
    for row in broken {
        let at = *row as usize;
        let own = key(rows, *row);
        let has_id = rows.id[at] != 0;
        fates[at] = match rows.fault[at] {
            _ if has_id && knowledge.paid.contains(&own) => Some(Fate::PaidBefore),
            Some(_) if has_id && taken.contains(&own) => Some(Fate::Duplicate),
            fault => fault.map(Fate::Quarantined),
        };
    }
}

/// Rows that staging leaves out are excluded once; the same again is a duplicate.
fn once_each(rows: &Rows, mut excluded: Vec<u32>, fates: &mut [Option<Fate>]) {
    let whole = |row: &u32| (key(rows, *row), rows.content[*row as usize]);
    excluded.sort_unstable_by_key(|row| (whole(row), *row));
    for same in excluded.chunk_by(|a, b| whole(a) == whole(b)) {
        for (n, row) in same.iter().enumerate() {
            fates[*row as usize] = Some(if n == 0 { Fate::Excluded } else { Fate::Duplicate });
        }
    }
}

/// Ids that were open at the last close.
pub struct OpenIds {
    quarantined: FxHashSet<(Log, u128)>,
    waiting: FxHashSet<(Log, u128)>,
}

impl OpenIds {
    fn new(rows: &Rows, knowledge: &Knowledge) -> Self {
        let mut ids = Self { quarantined: FxHashSet::default(), waiting: FxHashSet::default() };
        if knowledge.quarantined.is_empty() && knowledge.waiting.is_empty() {
            return ids;
        }
        for (at, content) in rows.content.iter().enumerate().filter(|(at, _)| rows.id[*at] != 0) {
            let (entry, id) = ((rows.log[at], *content), (rows.log[at], rows.id[at]));
            if knowledge.quarantined.contains(&entry) {
                ids.quarantined.insert(id);
            }
            if knowledge.waiting.contains(&entry) {
                ids.waiting.insert(id);
            }
        }
        ids
    }

    /// The stage of a row that the last close had not rated.
    #[must_use]
    pub fn stage(&self, rows: &Rows, row: u32) -> Stage {
        let id = key(rows, row);
        let back = matches!(rows.effect(row), Effect::Reversal | Effect::Won);
        if self.quarantined.contains(&id) || (self.waiting.contains(&id) && !back) {
            return Stage::Released;
        }
        if back { Stage::Reversal } else { Stage::Late }
    }
}
