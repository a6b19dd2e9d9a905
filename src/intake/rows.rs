//! Every row read, as columns of integers: what rules and order need. Of text, what [`super::kept`] says stays.

use arrow::datatypes::SchemaRef;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::kept::{Columns, Odd};
use super::minors::{Large, Minor};
use super::names::Names;
use super::snapshot::place_in_groups;
use crate::error::{Error, Result};
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
    /// The canonical rows' columns.
    pub schema: SchemaRef,
    /// Those columns that may be asked for again.
    pub columns: Columns,
    /// Rows that numbers can't stand for, with all columns.
    pub odd: Odd,
    /// Number of its first row in [`Rows`].
    pub first: u32,
}

/// What rules ask of a row again and again: half a line of a processor's cache, for rows are rated creator after creator
/// and not in the order in which they stand in files.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub struct Record {
    /// Number of a name, or [`NONE`]; so is the channel.
    pub creator: u32,
    pub channel: u32,
    /// The day in the book's zone.
    pub day: i32,
    /// Amount, tax, fee.
    pub(super) money: [Minor; 3],
    pub currency: Option<Currency>,
    pub log: Log,
    /// Index among the log's kinds.
    pub kind: u8,
    /// The first fault against the contract.
    pub fault: Option<Reason>,
    pub excluded: bool,
}

impl Record {
    /// A sound row of a log that says nothing.
    #[must_use]
    pub fn of(log: Log) -> Self {
        let money = [Minor::NULL; 3];
        let (creator, channel, day, kind) = (NONE, NONE, 0, NO_KIND);
        Self { creator, channel, day, money, currency: None, log, kind, fault: None, excluded: false }
    }

    /// Puts the new number of a name for the old one.
    pub(super) fn renumber(&mut self, numbers: &[u32]) {
        for number in [&mut self.creator, &mut self.channel] {
            *number = numbers.get(*number as usize).copied().unwrap_or(NONE);
        }
    }
}

/// All rows of a snapshot; one entry for each row in every vector.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub files: Vec<SourceFile>,
    pub records: Vec<Record>,
    /// Nanoseconds, or [`NULL`].
    pub time: Vec<i64>,
    /// Hash of the id's ledger form; 0 without one.
    pub id: Vec<u128>,
    /// Hash of the canonical row.
    pub content: Vec<u128>,
    pub names: Names,
    /// Money that a [`Record`] has no room for.
    pub(super) large: Large,
    /// What few rows have.
    pub(super) rare: Rare,
}

/// So many of one value.
fn fill<T: Copy + Send + Sync>(column: &mut Vec<T>, rows: usize, value: T) -> Result<()> {
    column.try_reserve_exact(rows).map_err(|_| {
        Error::resources("the logs' rows do not fit into memory")
            .expected(format!("room for {rows} rows"))
            .next("run on a machine with more memory")
    })?;
    rayon::iter::repeat_n(value, rows).collect_into_vec(column);
    Ok(())
}

/// Where the numbers of a file's rows go.
pub(super) struct Room<'a> {
    pub records: &'a mut [Record],
    pub time: &'a mut [i64],
    pub id: &'a mut [u128],
    pub content: &'a mut [u128],
}

impl Room<'_> {
    /// For how many rows.
    pub fn len(&self) -> usize {
        self.records.len()
    }
}

impl<'a> Room<'a> {
    fn split(self, at: usize) -> (Self, Self) {
        let (records, records_behind) = self.records.split_at_mut(at);
        let (time, time_behind) = self.time.split_at_mut(at);
        let (id, id_behind) = self.id.split_at_mut(at);
        let (content, content_behind) = self.content.split_at_mut(at);
        let behind = Room { records: records_behind, time: time_behind, id: id_behind, content: content_behind };
        (Room { records, time, id, content }, behind)
    }
}

/// Columns of which most rows have nothing, by row number.
#[derive(Clone, Debug, Default)]
pub(super) struct Rare {
    pub party: FxHashMap<u32, u32>,
    pub original: FxHashMap<u32, u128>,
    pub original_day: FxHashMap<u32, i32>,
}

impl Rare {
    /// Puts the new numbers of parties for the old ones.
    pub fn renumber(&mut self, numbers: &[u32]) {
        for number in self.party.values_mut() {
            *number = numbers.get(*number as usize).copied().unwrap_or(NONE);
        }
    }

    /// Takes those of rows that stand behind ours, from `first` on.
    pub fn append(&mut self, other: Self, first: u32) {
        self.party.extend(other.party.into_iter().map(|(at, number)| (first + at, number)));
        self.original.extend(other.original.into_iter().map(|(at, hash)| (first + at, hash)));
        self.original_day.extend(other.original_day.into_iter().map(|(at, day)| (first + at, day)));
    }
}

impl Rows {
    /// Makes room for the rows of files, and gives each file's room, in their order.
    ///
    /// # Errors
    /// There is not that much memory, or there are more rows than numbers (resources).
    pub(super) fn make_room(&mut self, files: &[u64]) -> Result<Vec<Room<'_>>> {
        let all = files.iter().fold(0_u64, |sum, rows| sum.saturating_add(*rows));
        if all >= u64::from(u32::MAX) {
            return Err(Error::resources("more than 4,294,967,294 rows in one book"));
        }
        let all = usize::try_from(all).map_err(|e| Error::bug(e.to_string()))?;
        // Memory is cleared when it is first touched, which takes long: all workers do it.
        fill(&mut self.records, all, Record::of(Log::Adjustments))?;
        fill(&mut self.time, all, NULL)?;
        fill(&mut self.id, all, 0)?;
        fill(&mut self.content, all, 0)?;
        let mut rest =
            Room { records: &mut self.records, time: &mut self.time, id: &mut self.id, content: &mut self.content };
        let mut rooms = Vec::with_capacity(files.len());
        for rows in files {
            let (room, more) = rest.split(usize::try_from(*rows).unwrap_or(0));
            rooms.push(room);
            rest = more;
        }
        Ok(rooms)
    }

    /// Takes the names that records are numbered by, in the order of their texts: which file came first decides nothing.
    pub(super) fn take_names(&mut self, names: Names) {
        self.names = names;
        let numbers = self.names.sort();
        self.records.par_iter_mut().for_each(|record| record.renumber(&numbers));
        self.rare.renumber(&numbers);
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// What the payer paid, minor units, or [`NULL`].
    #[must_use]
    pub fn amount(&self, at: usize) -> i64 {
        self.money(at, 0)
    }

    /// The tax that the row states, minor units, or [`NULL`].
    #[must_use]
    pub fn tax(&self, at: usize) -> i64 {
        self.money(at, 1)
    }

    /// The channel's fee that the row states, minor units, or [`NULL`].
    #[must_use]
    pub fn fee(&self, at: usize) -> i64 {
        self.money(at, 2)
    }

    fn money(&self, at: usize, which: u8) -> i64 {
        let minor = self.records[at].money[usize::from(which)];
        minor.get().unwrap_or_else(|| self.large.get(at, which))
    }

    /// What the row does to money.
    #[must_use]
    pub fn effect(&self, row: u32) -> Effect {
        let record = &self.records[row as usize];
        record.log.effect(record.kind)
    }

    /// The kind, where the log knows it.
    #[must_use]
    pub fn kind_name(&self, row: u32) -> Option<&'static str> {
        let record = &self.records[row as usize];
        record.log.kinds().get(usize::from(record.kind)).map(|(kind, _)| *kind)
    }

    /// Its amount where it can be read: a known currency, and whole minor units in range.
    #[must_use]
    pub fn readable(&self, row: u32) -> Option<i64> {
        let at = row as usize;
        let amount = self.amount(at);
        (self.records[at].currency.is_some() && (0..=MOST).contains(&amount)).then_some(amount)
    }

    /// Its amount with the sign of its effect; 0 where it can't be read.
    #[must_use]
    pub fn signed(&self, row: u32) -> i64 {
        self.readable(row).map_or(0, |amount| amount * self.effect(row).sign())
    }

    /// Party of an adjustment, or [`NONE`].
    #[must_use]
    pub fn party(&self, row: u32) -> u32 {
        self.rare.party.get(&row).copied().unwrap_or(NONE)
    }

    /// Hash of the original's id; 0 without one.
    #[must_use]
    pub fn original(&self, row: u32) -> u128 {
        self.rare.original.get(&row).copied().unwrap_or(0)
    }

    /// The day of `original_time`, where given.
    #[must_use]
    pub fn original_day(&self, row: u32) -> Option<i32> {
        self.rare.original_day.get(&row).copied()
    }

    /// The number of the file that a row stands in.
    #[must_use]
    pub fn file(&self, row: u32) -> usize {
        self.files.partition_point(|file| file.first <= row).saturating_sub(1)
    }

    /// The file of a row, and the row's place in it.
    #[must_use]
    pub fn source(&self, row: u32) -> (&SourceFile, usize) {
        let file = &self.files[self.file(row)];
        (file, (row - file.first) as usize)
    }

    /// A text column of a row, where it was kept.
    #[must_use]
    pub fn text(&self, row: u32, column: &str) -> Option<&str> {
        let (file, at) = self.source(row);
        if let Some(odd) = file.odd.at(at) {
            return file.odd.columns.text(column, odd);
        }
        match column {
            _ if file.columns.has(column) => file.columns.text(column, at),
            "kind" => self.kind_name(row),
            "creator_id" => Some(self.records[row as usize].creator).filter(|c| *c != NONE).map(|c| self.names.text(c)),
            "currency" => self.records[row as usize].currency.map(Currency::code),
            _ => None,
        }
    }

    /// An integer column of a row, where it was kept.
    #[must_use]
    pub fn int(&self, row: u32, column: &str) -> Option<i64> {
        let (file, at) = self.source(row);
        match column {
            "amount_minor" => Some(self.amount(row as usize)).filter(|v| *v != NULL),
            _ => match file.odd.at(at) {
                Some(odd) => file.odd.columns.int(column, odd),
                None => file.columns.int(column, at),
            },
        }
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
        let key = |row: u32| (self.time[row as usize], self.records[row as usize].log);
        key(a).cmp(&key(b)).then_with(|| self.text(a, "event_id").cmp(&self.text(b, "event_id")))
    }
}

/// The largest amount that a row may carry, in minor units: 10^15.
pub const MOST: i64 = 1_000_000_000_000_000;
