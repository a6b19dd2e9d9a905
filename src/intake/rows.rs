//! Every row read, as columns of integers: what rules and order need. Text stays in the canonical batches.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

use super::names::Names;
use super::snapshot::place_in_groups;
use crate::fate::Reason;
use crate::log::{Effect, Log};
use crate::money::Currency;

/// No creator, party, channel; no day.
pub const NONE: u32 = u32::MAX;
/// A money column without a value, a time that can't be read.
pub const NULL: i64 = i64::MIN;
/// A kind that the log does not know.
pub const NO_KIND: u8 = u8::MAX;

/// A file that rows came from.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub log: Log,
    /// Relative to the log's root.
    pub path: String,
    pub sha256: String,
    pub bytes: u64,
    pub rows: u64,
    /// Rows in each row group.
    pub groups: Vec<u64>,
    /// Order-free sum of the canonical rows' hashes.
    pub fingerprint: u128,
    /// The canonical rows.
    pub batch: RecordBatch,
    /// Number of its first row in [`Rows`].
    pub first: u32,
}

/// All rows of a snapshot; one entry for each row in every vector.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub files: Vec<SourceFile>,
    pub file: Vec<u32>,
    pub log: Vec<Log>,
    /// Index among the log's kinds.
    pub kind: Vec<u8>,
    /// Nanoseconds, or [`NULL`].
    pub time: Vec<i64>,
    /// The day in the book's zone.
    pub day: Vec<i32>,
    pub creator: Vec<u32>,
    /// Party of an adjustment.
    pub party: Vec<u32>,
    pub channel: Vec<u32>,
    pub currency: Vec<Option<Currency>>,
    pub amount: Vec<i64>,
    pub tax: Vec<i64>,
    pub fee: Vec<i64>,
    /// Hash of the id's ledger form; 0 without one.
    pub id: Vec<u128>,
    /// Hash of the canonical row.
    pub content: Vec<u128>,
    /// Hash of the original's id; 0 without one.
    pub original: Vec<u128>,
    /// The day of `original_time`, where given.
    pub original_day: Vec<Option<i32>>,
    /// The first fault against the contract.
    pub fault: Vec<Option<Reason>>,
    pub excluded: Vec<bool>,
    pub names: Names,
}

impl Rows {
    /// Makes room for so many more rows at once: vectors that grow by doubling hold twice what they need.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.file.reserve_exact(rows);
        self.log.reserve_exact(rows);
        self.kind.reserve_exact(rows);
        self.time.reserve_exact(rows);
        self.day.reserve_exact(rows);
        self.creator.reserve_exact(rows);
        self.party.reserve_exact(rows);
        self.channel.reserve_exact(rows);
        self.currency.reserve_exact(rows);
        self.amount.reserve_exact(rows);
        self.tax.reserve_exact(rows);
        self.fee.reserve_exact(rows);
        self.id.reserve_exact(rows);
        self.content.reserve_exact(rows);
        self.original.reserve_exact(rows);
        self.original_day.reserve_exact(rows);
        self.fault.reserve_exact(rows);
        self.excluded.reserve_exact(rows);
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.log.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.log.is_empty()
    }

    /// What the row does to money.
    #[must_use]
    pub fn effect(&self, row: u32) -> Effect {
        self.log[row as usize].effect(self.kind[row as usize])
    }

    /// Its amount where it can be read: a known currency, and whole minor units in range.
    #[must_use]
    pub fn readable(&self, row: u32) -> Option<i64> {
        let at = row as usize;
        let amount = self.amount[at];
        (self.currency[at].is_some() && (0..=MOST).contains(&amount)).then_some(amount)
    }

    /// Its amount with the sign of its effect; 0 where it can't be read.
    #[must_use]
    pub fn signed(&self, row: u32) -> i64 {
        self.readable(row).map_or(0, |amount| amount * self.effect(row).sign())
    }

    /// The canonical batch of a row, and its place in it.
    #[must_use]
    pub fn source(&self, row: u32) -> (&SourceFile, usize) {
        let file = &self.files[self.file[row as usize] as usize];
        (file, (row - file.first) as usize)
    }

    /// A text column of a row.
    #[must_use]
    pub fn text(&self, row: u32, column: &str) -> Option<&str> {
        let (file, at) = self.source(row);
        let array = file.batch.column_by_name(column)?.as_string_opt::<i32>()?;
        array.is_valid(at).then(|| array.value(at))
    }

    /// An integer column of a row.
    #[must_use]
    pub fn int(&self, row: u32, column: &str) -> Option<i64> {
        let (file, at) = self.source(row);
        let array = file.batch.column_by_name(column)?.as_primitive_opt::<Int64Type>()?;
        array.is_valid(at).then(|| array.value(at))
    }

    /// Row group and row within it.
    #[must_use]
    pub fn provenance(&self, row: u32) -> (i64, i64) {
        let (file, at) = self.source(row);
        place_in_groups(&file.groups, at as u64)
    }

    /// Where a row stands, for messages.
    #[must_use]
    pub fn place(&self, row: u32) -> String {
        let (group, within) = self.provenance(row);
        let (file, _) = self.source(row);
        format!("{} {}, row group {group}, row {within}", file.log.name(), file.path)
    }

    /// The order of section 4 of the contract: by time, log, and the bytes of the id.
    #[must_use]
    pub fn in_order(&self, a: u32, b: u32) -> std::cmp::Ordering {
        let key = |row: u32| (self.time[row as usize], self.log[row as usize]);
        key(a).cmp(&key(b)).then_with(|| self.text(a, "event_id").cmp(&self.text(b, "event_id")))
    }
}

/// The largest amount that a row may carry, in minor units: 10^15.
pub const MOST: i64 = 1_000_000_000_000_000;
