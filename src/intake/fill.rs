//! From the canonical rows of a file to the numbers that rules need, piece after piece.

use std::sync::Mutex;

use arrow::array::{
    Array, ArrowPrimitiveType, AsArray, Int64Array, PrimitiveArray, RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow::datatypes::{Int64Type, TimestampNanosecondType};

use super::canonical::{Canonical, EXCLUDE_REASON, Flaw};
use super::check::{Row, first_fault};
use super::hashing::{RowBytes, hash};
use super::minors::Large;
use super::names::Names;
use super::rows::{NO_KIND, NONE, NULL, Rare, Record, Room};
use crate::error::{Error, Result};
use crate::log::Log;
use crate::money::Currency;
use crate::period::{END_INSTANT, FIRST_INSTANT, Zone};

/// A file's room while it is filled.
pub(super) struct Filling<'a> {
    zone: &'a Zone,
    log: Log,
    room: Room<'a>,
    /// Rows of the room that are filled.
    rows: usize,
    /// The file's names, with numbers of their own.
    names: Names,
    large: Large,
    rare: Rare,
    fingerprint: u128,
}

/// What is to be said of a file whose room is full.
pub(super) struct Filled {
    pub large: Large,
    pub rare: Rare,
    /// Order-free sum of the canonical rows' hashes.
    pub fingerprint: u128,
    pub rows: u64,
}

impl<'a> Filling<'a> {
    /// Nothing yet.
    pub fn new(zone: &'a Zone, log: Log, room: Room<'a>) -> Self {
        let (names, large, rare) = (Names::default(), Large::default(), Rare::default());
        Self { zone, log, room, rows: 0, names, large, rare, fingerprint: 0 }
    }

    /// Adds the next rows. The answer: those of them, by number within the piece, whose text can't be told from their
    /// numbers: broken ones, excluded ones, those with a currency that is none.
    ///
    /// # Errors
    /// There are more rows than there is room for (a bug); a column can't be hashed.
    pub fn add(&mut self, canonical: &Canonical) -> Result<Vec<u32>> {
        let batch = &canonical.batch;
        let first = self.rows;
        if first + batch.num_rows() > self.room.len() {
            return Err(Error::bug("a file has more rows than room"));
        }
        let columns = Columns::of(batch);
        let mut bytes = RowBytes::of(batch, 0..batch.num_columns())?;
        let flaw = |which: usize, row: usize| canonical.flaws[which].get(row).copied().unwrap_or(Flaw::None);
        let mut odd = Vec::new();
        for row in 0..batch.num_rows() {
            let at = first + row;
            let given = columns.row(self.zone, self.log, row, [0, 1, 2].map(|which| flaw(which, row)));
            let content = bytes.hash(row);
            self.fingerprint = self.fingerprint.wrapping_add(content);
            self.room.content[at] = content;
            self.room.id[at] = if given.has_id { hash(value(columns.id, row).as_bytes()) } else { 0 };
            self.room.time[at] = given.time;
            let record = Record {
                creator: named(&mut self.names, given.creator),
                channel: named(&mut self.names, value(columns.channel, row)),
                day: given.day,
                money: [0, 1, 2].map(|which| self.large.pack(at, which, given.money[usize::from(which)])),
                currency: given.currency,
                log: self.log,
                kind: given.kind,
                fault: first_fault(&given),
                excluded: !value(columns.excluded, row).is_empty(),
            };
            self.room.records[at] = record;
            self.rare(&given, at, value(columns.original, row));
            let no_currency = record.currency.is_none() && columns.currency.is_some_and(|c| c.is_valid(row));
            if record.fault.is_some() || record.excluded || no_currency {
                odd.extend(u32::try_from(row));
            }
        }
        self.rows += batch.num_rows();
        Ok(odd)
    }

    /// Notes what few rows have.
    fn rare(&mut self, row: &Row<'_>, at: usize, original: &str) {
        let Ok(at) = u32::try_from(at) else { return };
        if !row.party.is_empty() {
            self.rare.party.insert(at, self.names.number(row.party));
        }
        if row.has_original {
            self.rare.original.insert(at, hash(original.as_bytes()));
        }
        if in_range(row.original_time) {
            self.rare.original_day.insert(at, self.zone.day_at(row.original_time));
        }
    }

    /// Numbers names as `names` does, where they are new to it too.
    ///
    /// # Errors
    /// There are fewer rows than there is room for (a bug).
    pub fn finish(mut self, names: &Mutex<Names>) -> Result<Filled> {
        if self.rows != self.room.len() {
            return Err(Error::bug("a file has fewer rows than room"));
        }
        let numbers = names.lock().map_err(|e| Error::bug(e.to_string()))?.absorb(&self.names);
        self.room.records.iter_mut().for_each(|record| record.renumber(&numbers));
        self.rare.renumber(&numbers);
        let Self { large, rare, fingerprint, .. } = self;
        Ok(Filled { large, rare, fingerprint, rows: self.rows as u64 })
    }
}

/// The canonical columns that numbers are made of.
struct Columns<'a> {
    id: Option<&'a StringArray>,
    kind: Option<&'a StringArray>,
    creator: Option<&'a StringArray>,
    party: Option<&'a StringArray>,
    channel: Option<&'a StringArray>,
    currency: Option<&'a StringArray>,
    original: Option<&'a StringArray>,
    asked: Option<&'a StringArray>,
    approved: Option<&'a StringArray>,
    excluded: Option<&'a StringArray>,
    /// Amount, tax, fee.
    money: [Option<&'a Int64Array>; 3],
    time: Option<&'a TimestampNanosecondArray>,
    original_time: Option<&'a TimestampNanosecondArray>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        let money = |name: &str| batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>());
        let instant =
            |name: &str| batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<TimestampNanosecondType>());
        Self {
            id: text(batch, "event_id"),
            kind: text(batch, "kind"),
            creator: text(batch, "creator_id"),
            party: text(batch, "party_id"),
            channel: text(batch, "channel"),
            currency: text(batch, "currency"),
            original: text(batch, "original_id"),
            asked: text(batch, "requested_by"),
            approved: text(batch, "approved_by"),
            excluded: text(batch, EXCLUDE_REASON),
            money: ["amount_minor", "tax_minor", "channel_fee_minor"].map(money),
            time: instant("event_time"),
            original_time: instant("original_time"),
        }
    }

    /// What the contract looks at.
    fn row(&self, zone: &Zone, log: Log, at: usize, flaws: [Flaw; 3]) -> Row<'a> {
        let time = number(self.time, at);
        Row {
            log,
            has_id: !value(self.id, at).is_empty(),
            time,
            day: if in_range(time) { zone.day_at(time) } else { 0 },
            kind: log.kind_named(value(self.kind, at)).unwrap_or(NO_KIND),
            creator: value(self.creator, at),
            party: value(self.party, at),
            currency: Currency::parse(value(self.currency, at)),
            money: self.money.map(|column| number(column, at)),
            flaws,
            has_original: !value(self.original, at).is_empty(),
            original_time: number(self.original_time, at),
            requested_by: value(self.asked, at),
            approved_by: value(self.approved, at),
        }
    }
}

fn named(names: &mut Names, text: &str) -> u32 {
    if text.is_empty() { NONE } else { names.number(text) }
}

fn in_range(time: i64) -> bool {
    (FIRST_INSTANT..END_INSTANT).contains(&time)
}

/// A value of a column of whole numbers or instants; [`NULL`] without one.
fn number<T: ArrowPrimitiveType<Native = i64>>(column: Option<&PrimitiveArray<T>>, row: usize) -> i64 {
    column.filter(|column| column.is_valid(row)).map_or(NULL, |column| column.value(row))
}

/// A text column.
pub(super) fn text<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>())
}

/// A value of it; empty without one.
pub(super) fn value(column: Option<&StringArray>, row: usize) -> &str {
    column.filter(|c| c.is_valid(row)).map_or("", |c| c.value(row))
}
