//! What closes counted of rows that they could not rate, or that differ from others of their id: measures ask for it, and
//! the fates of today do not say it.

use rustc_hash::FxHashSet;

use super::knowledge::{Knowledge, Stage};
use super::rows::Rows;

/// A row as measures count it: from the close of one period on, until before the close of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stood {
    pub row: u32,
    /// The ordinal of the first period that counts it.
    pub since: i32,
    /// The ordinal of the first period after it that does not; the largest number where it counts now.
    pub until: i32,
}

/// The same and, where it counts now, the stages in which it does: from one on, until before another.
#[derive(Clone, Copy, Debug)]
struct Spell {
    stood: Stood,
    enters: Stage,
    leaves: Option<Stage>,
}

/// All rows that measures count otherwise than from when they were first known, through all stages.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    spells: Vec<Spell>,
}

impl Memory {
    /// Adds a row that stood at the last close, and still does.
    pub fn stays(&mut self, knowledge: &Knowledge, rows: &Rows, row: u32) {
        let stood = Stood { row, since: knowledge.since(rows, row), until: i32::MAX };
        self.spells.push(Spell { stood, enters: Stage::Known, leaves: None });
    }

    /// Adds rows of one id that differ, the earliest known first: each counts from its first close on, but for those that
    /// found it in conflict. `now` is the one that stands now, and its stage; the others give way to it, or, where none
    /// stands, to the late row that they differ from.
    pub fn differ(&mut self, knowledge: &Knowledge, rows: &Rows, same: &[u32], now: Option<(u32, Stage)>) {
        let content = |row: u32| rows.content[row as usize];
        let mut told = FxHashSet::default();
        for row in same.iter().copied().filter(|row| told.insert(content(*row))) {
            let since = self.past(row, knowledge.since(rows, row), knowledge.conflicts(rows, row));
            let stood = Stood { row, since, until: i32::MAX };
            let counted = since <= knowledge.last();
            match now {
                Some((first, stage)) if content(first) == content(row) => {
                    let enters = if counted { Stage::Known } else { stage };
                    self.spells.push(Spell { stood, enters, leaves: None });
                }
                _ if counted => {
                    let leaves = now.map_or(Stage::Late, |(_, stage)| stage);
                    self.spells.push(Spell { stood, enters: Stage::Known, leaves: Some(leaves) });
                }
                _ => {}
            }
        }
    }

    /// Adds what closes counted of a row before others found it in conflict; the first period after the last of those.
    fn past(&mut self, row: u32, since: i32, conflicts: &[i32]) -> i32 {
        let mut from = since;
        for close in conflicts.iter().copied().filter(|close| *close >= since) {
            if from < close {
                let stood = Stood { row, since: from, until: close };
                self.spells.push(Spell { stood, enters: Stage::Known, leaves: None });
            }
            from = close + 1;
        }
        from
    }

    /// Takes what another remembers.
    pub fn join(&mut self, other: Self) {
        self.spells.extend(other.spells);
    }

    /// The rows that are remembered.
    #[must_use]
    pub fn rows(&self) -> FxHashSet<u32> {
        self.spells.iter().map(|spell| spell.stood.row).collect()
    }

    /// Does a row give way at a stage?
    #[must_use]
    pub fn leaves_at(&self, stage: Stage) -> bool {
        self.spells.iter().any(|spell| spell.leaves == Some(stage))
    }

    /// All that is remembered, as a stage counts it on top of what the last close knew.
    #[must_use]
    pub fn at(&self, stage: Stage, knowledge: &Knowledge) -> Vec<Stood> {
        let counted = |spell: &Spell| {
            let gone = spell.leaves.is_some_and(|leaves| leaves <= stage);
            let until = if gone { knowledge.last() + 1 } else { spell.stood.until };
            (spell.enters <= stage).then_some(Stood { until, ..spell.stood })
        };
        self.spells.iter().filter_map(counted).collect()
    }
}
