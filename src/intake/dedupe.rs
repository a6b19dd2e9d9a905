//! Each event counts once, ever: duplicates, conflicts, and the rows that stand.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::decided::Decided;
use super::knowledge::{Knowledge, Stage};
use super::memory::Memory;
use super::rows::{NONE, NULL, Rows};
use crate::error::{Error, Result};
use crate::fate::{Fate, Reason};
use crate::log::{Effect, Log};

/// The outcome of de-duplication.
pub struct Standing {
    /// Fates that need no policy; `None` for rows that stand and are to be rated.
    pub fates: Vec<Option<Fate>>,
    /// Standing rows, ascending, each with its stage.
    pub rows: Vec<(u32, Stage)>,
    /// What measures count otherwise than from when it was first known.
    pub memory: Memory,
    /// Ids that were open at the last close.
    pub open_ids: OpenIds,
}

/// Decides which rows stand, of those before `end` (nanoseconds).
///
/// # Errors
/// A decision lets a row stand whose id a closed period has rated by another row (closed).
pub fn stand(rows: &Rows, knowledge: &Knowledge, decided: &Decided, end: i64) -> Result<Standing> {
    let mut fates: Vec<Option<Fate>> = vec![None; rows.len()];
    let (mut broken, mut excluded) = (Vec::new(), Vec::new());
    let mut place = vec![Place::None; rows.len()];
    for (file, since) in rows.files.iter().zip(&knowledge.since) {
        for row in file.first..file.first + u32::try_from(file.rows).unwrap_or(0) {
            let at = row as usize;
            if rows.time[at] != NULL && rows.time[at] >= end {
                fates[at] = Some(Fate::Later);
            } else if rows.records[at].fault.is_some() {
                broken.push(row);
            } else if rows.records[at].excluded {
                excluded.push(row);
            } else {
                let known = since.of((row - file.first) as usize) != i32::MAX;
                place[at] = if known { self::place(knowledge, rows, row) } else { Place::Stands };
            }
        }
    }
    let of_broken: FxHashSet<(Log, u128)> = broken.iter().map(|row| key(rows, *row)).collect();
    let mut taken = FxHashSet::default();
    let open_ids = OpenIds::new(rows, knowledge);
    let judge = Judge::new(rows, knowledge, decided, &place, &of_broken, &open_ids);
    let mut memory = Memory::default();
    let parts: Vec<Result<Part>> = (0..PARTS).into_par_iter().map(|part| judge.part(part)).collect();
    for part in parts {
        let part = part?;
        for (row, fate) in part.fates {
            (place[row as usize], fates[row as usize]) = (Place::None, Some(fate));
        }
        taken.extend(part.taken);
        memory.join(part.memory);
    }
    close_broken(rows, knowledge, &broken, &taken, &mut fates);
    once_each(rows, excluded, &mut fates);
    let stage = |(row, place): (usize, &Place)| {
        let row = u32::try_from(row).ok()?;
        match place {
            Place::Base => Some((row, Stage::Known)),
            Place::Stands | Place::Stood => Some((row, open_ids.stage(rows, row))),
            Place::None => None,
        }
    };
    let standing = place.par_iter().enumerate().filter_map(stage).collect();
    let told = memory.rows();
    for (row, _) in (0_u32..).zip(&place).filter(|(row, place)| **place == Place::Stood && !told.contains(row)) {
        memory.stays(knowledge, rows, row);
    }
    Ok(Standing { fates, rows: standing, memory, open_ids })
}

/// What is known of a sound row that the last close had read.
fn place(knowledge: &Knowledge, rows: &Rows, row: u32) -> Place {
    let entry = (rows.records[row as usize].log, rows.content[row as usize]);
    let differed = || knowledge.conflicts(rows, row).last() == Some(&knowledge.last());
    if knowledge.end.is_none_or(|end| rows.time[row as usize] >= end) || differed() {
        return Place::Stands;
    }
    let open = knowledge.quarantined.contains(&entry) || knowledge.waiting.contains(&entry);
    if open { Place::Stood } else { Place::Base }
}

/// What is known of a row while ids are settled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It does not stand.
    None,
    /// It stands, unless the rows of its id say otherwise.
    Stands,
    /// It stands, and did at the last close, which could not rate it.
    Stood,
    /// It stands, and the last close had it.
    Base,
}

/// Ids are settled in so many parts, by their first bits, one for a worker at a time.
const PARTS: u32 = 8;
/// Each part again in so many, by the bits that follow: the ids of one stand in a processor's cache.
const BUCKETS: usize = 64;

/// The beginning of an id, mixed with its log.
fn begin((log, id): (Log, u128)) -> u64 {
    let log = u64::try_from(log.index()).unwrap_or(0);
    u64::try_from(id >> 64).unwrap_or(0) ^ log.rotate_right(8)
}

/// The beginnings of the ids of a part's rows that may stand, and the rows, ascending within each bucket.
fn buckets(rows: &Rows, place: &[Place], part: u32) -> Vec<Vec<(u64, u32)>> {
    let mut buckets = vec![Vec::new(); BUCKETS];
    for file in &rows.files {
        for row in file.first..file.first + u32::try_from(file.rows).unwrap_or(0) {
            let id = rows.id[row as usize];
            if id >> 125 == u128::from(part) && place[row as usize] != Place::None {
                let bucket = usize::try_from(id >> 119).unwrap_or(0) % BUCKETS;
                buckets[bucket].push((begin((file.log, id)), row));
            }
        }
    }
    buckets
}

/// The first row of every beginning of an id, and the rows that come after it with the same one.
#[derive(Default)]
struct Firsts {
    /// Beginning, row and whether another has the same beginning; the row is [`NONE`] where there is nothing.
    slots: Vec<(u64, u32, bool)>,
    again: Vec<u32>,
}

impl Firsts {
    /// Takes the rows of one bucket.
    fn fill(&mut self, bucket: &[(u64, u32)]) {
        self.slots.clear();
        self.slots.resize((bucket.len() * 2).next_power_of_two(), (0, NONE, false));
        self.again.clear();
        let mask = self.slots.len() - 1;
        for (begin, row) in bucket {
            let mut at = usize::try_from(begin & u64::from(u32::MAX)).unwrap_or(0) & mask;
            loop {
                let slot = &mut self.slots[at];
                if slot.1 == NONE {
                    *slot = (*begin, *row, false);
                    break;
                }
                if slot.0 == *begin {
                    slot.2 = true;
                    self.again.push(*row);
                    break;
                }
                at = (at + 1) & mask;
            }
        }
        self.again.extend(self.slots.iter().filter(|slot| slot.2).map(|slot| slot.1));
    }

    /// Beginnings that one row has alone, and the row.
    fn alone(&self) -> impl Iterator<Item = (u64, u32)> {
        self.slots.iter().filter(|(_, row, more)| *row != NONE && !more).map(|(begin, row, _)| (*begin, *row))
    }
}

fn key(rows: &Rows, row: u32) -> (Log, u128) {
    (rows.records[row as usize].log, rows.id[row as usize])
}

/// What the ids of one part say of their rows.
#[derive(Default)]
struct Part {
    /// Rows that do not stand.
    fates: Vec<(u32, Fate)>,
    memory: Memory,
    /// Ids that a broken row has too, where a row stands.
    taken: Vec<(Log, u128)>,
}

/// Settles the rows of ids by what is known of them.
struct Judge<'a> {
    rows: &'a Rows,
    knowledge: &'a Knowledge,
    decided: &'a Decided,
    place: &'a [Place],
    of_broken: &'a FxHashSet<(Log, u128)>,
    open_ids: &'a OpenIds,
    /// The beginnings of ids of which more is to be said than that their one row stands.
    special: FxHashSet<u64>,
}

impl<'a> Judge<'a> {
    fn new(
        rows: &'a Rows,
        knowledge: &'a Knowledge,
        decided: &'a Decided,
        place: &'a [Place],
        of_broken: &'a FxHashSet<(Log, u128)>,
        open_ids: &'a OpenIds,
    ) -> Self {
        let special = knowledge.paid.iter().chain(of_broken).chain(decided.ids()).map(|id| begin(*id)).collect();
        Self { rows, knowledge, decided, place, of_broken, open_ids, special }
    }

    fn part(&self, part: u32) -> Result<Part> {
        let mut said = Part::default();
        let mut firsts = Firsts::default();
        for bucket in buckets(self.rows, self.place, part) {
            firsts.fill(&bucket);
            let special = firsts.alone().filter(|(begin, _)| self.special.contains(begin));
            special.map(|(_, row)| row).try_for_each(|row| self.id(&[row], &mut said))?;
            let since = |row: u32| self.knowledge.learned(self.rows, row);
            firsts.again.sort_unstable_by_key(|row| (key(self.rows, *row), since(*row), *row));
            for same in firsts.again.chunk_by(|a, b| key(self.rows, *a) == key(self.rows, *b)) {
                self.id(same, &mut said)?;
            }
        }
        Ok(said)
    }

    /// Settles the rows of one id, in the order in which closes learned of them.
    fn id(&self, same: &[u32], said: &mut Part) -> Result<()> {
        let own = key(self.rows, same[0]);
        if self.knowledge.paid.contains(&own) {
            said.fates.extend(same.iter().map(|row| (*row, Fate::PaidBefore)));
        } else if self.stands(same, said)? && self.of_broken.contains(&own) {
            said.taken.push(own);
        }
        Ok(())
    }

    /// Decides among sound rows of one id; does one of them stand? A row that a close rated stands; of rows that differ
    /// before that, the one that two people chose, and else none. A chosen row that is later leaves its id open until then.
    fn stands(&self, same: &[u32], said: &mut Part) -> Result<bool> {
        let rows = self.rows;
        let content = |row: u32| rows.content[row as usize];
        let based = same.iter().copied().find(|row| self.place[*row as usize] == Place::Base);
        let choice = self.decided.on(&key(rows, same[0]));
        let first = match (based, choice) {
            (Some(row), Some(choice)) if content(row) != choice.content => {
                return Err(rated_before(rows, row, &choice.place));
            }
            (Some(row), _) => Some(row),
            (None, Some(choice)) => same.iter().copied().find(|row| content(*row) == choice.content),
            (None, None) => Some(same[0]).filter(|first| same.iter().all(|row| content(*row) == content(*first))),
        };
        if same.iter().any(|row| content(*row) != content(same[0])) {
            let now = first.map(|first| (first, self.stage(first)));
            said.memory.differ(self.knowledge, rows, same, now);
        }
        let Some(first) = first else {
            said.fates.extend(same.iter().map(|row| (*row, Fate::Quarantined(Reason::Conflict))));
            return Ok(false);
        };
        for row in same.iter().copied().filter(|row| *row != first) {
            let equal = content(row) == content(first);
            said.fates.push((row, if equal { Fate::Duplicate } else { Fate::Quarantined(Reason::Conflict) }));
        }
        Ok(true)
    }

    /// The stage of a row that stands.
    fn stage(&self, row: u32) -> Stage {
        if self.place[row as usize] == Place::Base { Stage::Known } else { self.open_ids.stage(self.rows, row) }
    }
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
        fates[at] = match rows.records[at].fault {
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
            let (entry, id) = ((rows.records[at].log, *content), (rows.records[at].log, rows.id[at]));
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
