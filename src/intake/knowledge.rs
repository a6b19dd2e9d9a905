//! What the last close knew of the rows, and since when each is known.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::rows::Rows;
use crate::log::Log;
use crate::period::Period;

/// What the last close knew of the rows.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// The period that it closed.
    pub closed: Option<Period>,
    /// The instant at which that period ended.
    pub end: Option<i64>,
    /// For each file.
    pub since: Vec<Since>,
    /// Its quarantined rows: log, row hash.
    pub quarantined: FxHashSet<(Log, u128)>,
    /// Its waiting rows.
    pub waiting: FxHashSet<(Log, u128)>,
    /// Both, each row once.
    pub open: Vec<(Log, u128)>,
    /// Rows that differed from others of their id, and the ordinals of the periods whose closes found it, ascending.
    pub conflicts: FxHashMap<(Log, u128), Vec<i32>>,
    /// Ids that the system before the book has paid.
    pub paid: Arc<FxHashSet<(Log, u128)>>,
}

/// Since when the rows of a file are known: the ordinal of the first period whose close did; none is the largest number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// All since one.
    All(i32),
    /// Each row of a file that was cut anew.
    Each(Vec<i32>),
}

impl Since {
    /// That of the file's `at`-th row.
    #[must_use]
    pub fn of(&self, at: usize) -> i32 {
        match self {
            Self::All(since) => *since,
            Self::Each(rows) => rows.get(at).copied().unwrap_or(i32::MAX),
        }
    }
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

impl Knowledge {
    /// The ordinal of the first period whose close had a row; none is the largest number.
    #[must_use]
    pub fn since(&self, rows: &Rows, row: u32) -> i32 {
        self.learned(rows, row).max(Period::of_day(rows.records[row as usize].day).ordinal())
    }

    /// The ordinal of the first period whose close had read a row, in its own month or before; none is the largest number.
    #[must_use]
    pub fn learned(&self, rows: &Rows, row: u32) -> i32 {
        let file = rows.file(row);
        self.since[file].of((row - rows.files[file].first) as usize)
    }

    /// The ordinals of the periods whose closes found that a row differed from others of its id.
    #[must_use]
    pub fn conflicts(&self, rows: &Rows, row: u32) -> &[i32] {
        let at = row as usize;
        self.conflicts.get(&(rows.records[at].log, rows.content[at])).map_or(&[], Vec::as_slice)
    }

    /// The ordinal of the period that was closed last; none is the smallest number.
    #[must_use]
    pub fn last(&self) -> i32 {
        self.closed.map_or(i32::MIN, Period::ordinal)
    }
}
