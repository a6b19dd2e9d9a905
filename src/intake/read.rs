//! Reads all files of a book, in parallel, into [`Rows`]. The order of files and rows decides nothing.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimestampNanosecondType};
use rayon::prelude::*;
use std::sync::Arc;

use super::canonical::{Canonical, EXCLUDE_REASON, Flaw, Source, canonicalize};
use super::check::{Row, first_fault};
use super::delivery::{Deliveries, identify};
use super::hashing::{RowBytes, hash};
use super::kept::{Columns as Kept, Odd, Words};
use super::names::Names;
use super::rows::{NO_KIND, NONE, NULL, Record, Rows, SourceFile};
use super::snapshot::{RawFile, list, locate, open_file, rows_promised};
use crate::error::{Error, Result};
use crate::fate::Fate;
use crate::log::Log;
use crate::money::Currency;
use crate::period::{END_INSTANT, FIRST_INSTANT, Zone};
use crate::query::{Engine, Staging};

/// How one log is read.
#[derive(Clone, Debug)]
pub struct LogReader {
    pub log: Log,
    pub root: PathBuf,
    pub attributes: Vec<String>,
    pub delivery_key: Option<String>,
    /// The staging query in force today.
    pub staging: Option<Staging>,
    /// The staging query that a close pinned, by hash of the file that it read.
    pub pinned: HashMap<String, Option<Arc<Staging>>>,
    /// Which columns stay: words of the policies.
    pub kept: Words,
    /// Read these files alone (hash by path); without it, all that there are.
    pub only: Option<BTreeMap<String, String>>,
}

impl LogReader {
    /// The files to read, by path relative to the root.
    ///
    /// # Errors
    /// The log can't be listed (input).
    pub fn files(&self) -> Result<Vec<String>> {
        let all = list(&self.root)?;
        Ok(match &self.only {
            None => all,
            Some(only) => only.keys().cloned().collect(),
        })
    }
}

/// Reads every file of every log; `progress` is called after each.
///
/// # Errors
/// The first file, by log and path, that breaks its contract.
pub fn read_rows(engine: Engine, zone: &Zone, readers: &[LogReader], progress: &(dyn Fn(u64) + Sync)) -> Result<Rows> {
    let mut work = Vec::new();
    for reader in readers {
        work.extend(reader.files()?.into_iter().map(|path| (reader, path)));
    }
    let mut rows = Rows::default();
    let promised = work.par_iter().map(|(reader, path)| rows_promised(&locate(&reader.root, path))).sum::<u64>();
    rows.reserve(usize::try_from(promised).unwrap_or(0));
    let mut kinds = Vec::with_capacity(work.len());
    let mut waiting = Vec::new();
    for some in work.chunks(FILES_AT_ONCE * rayon::current_num_threads()) {
        let read = |(reader, path): &(&LogReader, String)| {
            let part = read_part(engine, zone, reader, path);
            if let Ok(part) = &part {
                progress(part.file.rows);
            }
            part
        };
        let (appended, parts) = rayon::join(
            || append_all(&mut rows, &mut kinds, waiting),
            || some.par_iter().map(read).collect::<Vec<Result<Part>>>(),
        );
        appended?;
        waiting = parts;
    }
    append_all(&mut rows, &mut kinds, waiting)?;
    one_id_type(&rows.files, &kinds)?;
    whole_deliveries(&rows.files, &kinds)?;
    Ok(rows)
}

/// Files that a thread reads while the rows of as many others are put behind one another.
const FILES_AT_ONCE: usize = 2;

/// The rows of one file, with numbers of their own for names.
struct Part {
    file: SourceFile,
    rows: Rows,
    kind: Kind,
}

/// What the files of a log must agree on.
struct Kind {
    id_type: DataType,
    held: BTreeMap<String, u128>,
}

/// A file's raw rows beside its canonical ones.
pub(super) struct Mapped {
    pub raw: RawFile,
    pub canonical: Canonical,
    id_type: DataType,
    held: BTreeMap<String, u128>,
}

/// The canonical rows of one file of a log, under the staging query that holds for it.
///
/// # Errors
/// The file breaks its contract (input), or staging refuses it (usage).
pub fn canonical_file(engine: Engine, reader: &LogReader, path: &str) -> Result<RecordBatch> {
    mapped(engine, reader, path).map(|file| file.canonical.batch)
}

/// Reads one file and maps it: the delivery's ids, the staging query, the contract's columns and types.
pub(super) fn mapped(engine: Engine, reader: &LogReader, path: &str) -> Result<Mapped> {
    let place = format!("{} {path}", reader.log.name());
    let raw = open_file(&locate(&reader.root, path), &place)?;
    expect_hash(reader, path, &raw.sha256, &place)?;
    let deliveries = match &reader.delivery_key {
        Some(key) => Some(identify(engine, key, &raw.rows, &place)?),
        None => None,
    };
    let staging = match reader.pinned.get(&raw.sha256) {
        Some(pinned) => pinned.as_deref(),
        None => reader.staging.as_ref(),
    };
    let rows = match staging {
        Some(staging) => staging.map(engine, &place, &raw.rows, &raw.groups)?,
        None => raw.rows.clone(),
    };
    let (rows, held) = with_ids(rows, deliveries)?;
    let id_type = rows.column_by_name("event_id").map_or(DataType::Null, |c| family(c.data_type()));
    let source = Source { file: &place, staging };
    let canonical = canonicalize(reader.log, &reader.attributes, &rows, &source)?;
    Ok(Mapped { raw, canonical, id_type, held })
}

fn read_part(engine: Engine, zone: &Zone, reader: &LogReader, path: &str) -> Result<Part> {
    let Mapped { raw, canonical, id_type, held } = mapped(engine, reader, path)?;
    drop(raw.rows);
    let (rows, fingerprint) = columns_of(zone, reader.log, &canonical)?;
    let file = SourceFile {
        log: reader.log,
        path: path.to_owned(),
        sha256: raw.sha256,
        bytes: raw.bytes,
        rows: rows.len() as u64,
        groups: raw.groups,
        fingerprint,
        schema: canonical.batch.schema(),
        columns: Kept::of(reader.log, &canonical.batch, &reader.kept)?,
        odd: Odd::of(&canonical.batch, odd_rows(&canonical.batch, &rows))?,
        first: 0,
    };
    Ok(Part { file, rows, kind: Kind { id_type, held } })
}

/// Rows whose text can't be told from their numbers: broken ones, excluded ones, those with a currency that is none.
fn odd_rows(batch: &RecordBatch, rows: &Rows) -> Vec<u32> {
    let currency = Columns { batch }.text("currency");
    let unknown = |at: usize| currency.is_some_and(|c| c.is_valid(at));
    let odd = |at: &usize| {
        let record = &rows.records[*at];
        record.fault.is_some() || record.excluded || record.currency.is_none() && unknown(*at)
    };
    (0..rows.len()).filter(odd).filter_map(|at| u32::try_from(at).ok()).collect()
}

/// For every row, the fate and reason that can be seen in it alone: a fault against the contract, or staging's
/// `exclude_reason`; none where it keeps the contract.
pub(super) fn faults(zone: &Zone, log: Log, canonical: &Canonical) -> Result<Vec<Option<(&'static str, String)>>> {
    let (rows, _) = columns_of(zone, log, canonical)?;
    let excluded = Columns { batch: &canonical.batch }.text(EXCLUDE_REASON);
    let fault = |at: usize| match rows.records[at].fault {
        Some(reason) => Some((Fate::Quarantined(reason).name(), reason.code().to_owned())),
        None => rows.records[at].excluded.then(|| (Fate::Excluded.name(), value(excluded, at).to_owned())),
    };
    Ok((0..rows.len()).map(fault).collect())
}

fn expect_hash(reader: &LogReader, path: &str, found: &str, place: &str) -> Result<()> {
    match reader.only.as_ref().and_then(|only| only.get(path)) {
        Some(expected) if expected != found => Err(Error::input("a file changed since the draft was run")
            .at(place.to_owned())
            .expected(format!("SHA-256 {expected}"))
            .found(found.to_owned())
            .next("restore the file, or `everycent run` the period again and look at what differs")),
        _ => Ok(()),
    }
}

/// Utf8 however it is encoded is one type; so are whole numbers, and binary.
fn family(kind: &DataType) -> DataType {
    match kind {
        DataType::Null => DataType::Null,
        kind if kind.is_integer() => DataType::Int64,
        DataType::Binary | DataType::FixedSizeBinary(_) => DataType::Binary,
        _ => DataType::Utf8,
    }
}

fn with_ids(mapped: RecordBatch, deliveries: Option<Deliveries>) -> Result<(RecordBatch, BTreeMap<String, u128>)> {
    let Some(deliveries) = deliveries else { return Ok((mapped, BTreeMap::new())) };
    let kept = mapped
        .schema()
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, f)| f.name() != "event_id")
        .map(|(at, _)| at)
        .collect::<Vec<_>>();
    let rest = mapped.project(&kept).map_err(|e| Error::bug(e.to_string()))?;
    let mut fields: Vec<Arc<Field>> = rest.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("event_id", DataType::Utf8, false)));
    let mut columns: Vec<ArrayRef> = rest.columns().to_vec();
    columns.push(Arc::new(StringArray::from(deliveries.ids)));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|e| Error::bug(e.to_string()))?;
    Ok((batch, deliveries.held))
}

fn one_id_type(files: &[SourceFile], kinds: &[Kind]) -> Result<()> {
    let mut first: BTreeMap<Log, (&DataType, &str)> = BTreeMap::new();
    for (file, kind) in files.iter().zip(kinds).filter(|(_, kind)| kind.id_type != DataType::Null) {
        let (expected, by) = *first.entry(file.log).or_insert((&kind.id_type, &file.path));
        if *expected != kind.id_type {
            return Err(Error::input("a log's files have ids of different types")
                .at(format!("{} {}, column event_id", file.log.name(), file.path))
                .expected(format!("{expected}, as in {by}"))
                .found(kind.id_type.to_string())
                .next("have all files of a log written with one type of id"));
        }
    }
    Ok(())
}

/// A delivery comes in one file: a second file with the same key must hold the very same rows.
fn whole_deliveries(files: &[SourceFile], kinds: &[Kind]) -> Result<()> {
    let mut first: BTreeMap<(Log, &str), (u128, &str)> = BTreeMap::new();
    for (file, kind) in files.iter().zip(kinds) {
        for (key, sum) in &kind.held {
            let (expected, by) = *first.entry((file.log, key)).or_insert((*sum, &file.path));
            if expected != *sum {
                return Err(Error::input("a delivery came in two files that differ")
                    .at(format!("{} {}, delivery {key}", file.log.name(), file.path))
                    .expected(format!("the rows of {by}, or another delivery"))
                    .found("other rows under the same delivery key")
                    .next("without ids, a delivery can't be told from its second half: have it delivered whole, in one file"));
            }
        }
    }
    Ok(())
}

/// Typed access to the canonical columns of one file.
struct Columns<'a> {
    batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    fn text(&self, name: &str) -> Option<&'a StringArray> {
        self.batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>())
    }

    fn money(&self, name: &str) -> Vec<i64> {
        let column = self.batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>());
        match column {
            Some(array) => array.iter().map(|v| v.unwrap_or(NULL)).collect(),
            None => vec![NULL; self.batch.num_rows()],
        }
    }

    fn instants(&self, name: &str) -> Vec<i64> {
        let column = self.batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<TimestampNanosecondType>());
        match column {
            Some(array) => array.iter().map(|v| v.unwrap_or(NULL)).collect(),
            None => vec![NULL; self.batch.num_rows()],
        }
    }
}

fn value(column: Option<&StringArray>, row: usize) -> &str {
    column.filter(|c| c.is_valid(row)).map_or("", |c| c.value(row))
}

fn in_range(time: i64) -> bool {
    (FIRST_INSTANT..END_INSTANT).contains(&time)
}

fn columns_of(zone: &Zone, log: Log, canonical: &Canonical) -> Result<(Rows, u128)> {
    let columns = Columns { batch: &canonical.batch };
    let [id, kind, creator] = ["event_id", "kind", "creator_id"].map(|name| columns.text(name));
    let [party, channel, currency] = ["party_id", "channel", "currency"].map(|name| columns.text(name));
    let [original, asked, approved] = ["original_id", "requested_by", "approved_by"].map(|name| columns.text(name));
    let excluded = columns.text(EXCLUDE_REASON);
    let [amount, tax, fee] = ["amount_minor", "tax_minor", "channel_fee_minor"].map(|name| columns.money(name));
    let [time, original_time] = ["event_time", "original_time"].map(|name| columns.instants(name));
    let mut bytes = RowBytes::of(&canonical.batch, 0..canonical.batch.num_columns())?;
    let mut rows = Rows::default();
    rows.reserve(canonical.batch.num_rows());
    let mut fingerprint = 0_u128;
    let flaw = |which: usize, at: usize| canonical.flaws[which].get(at).copied().unwrap_or(Flaw::None);
    let named = |names: &mut Names, text: &str| if text.is_empty() { NONE } else { names.number(text) };
    for at in 0..canonical.batch.num_rows() {
        let day = if in_range(time[at]) { zone.day_at(time[at]) } else { 0 };
        let row = Row {
            log,
            has_id: !value(id, at).is_empty(),
            time: time[at],
            day,
            kind: log.kind_named(value(kind, at)).unwrap_or(NO_KIND),
            creator: value(creator, at),
            party: value(party, at),
            currency: Currency::parse(value(currency, at)),
            money: [amount[at], tax[at], fee[at]],
            flaws: [flaw(0, at), flaw(1, at), flaw(2, at)],
            has_original: !value(original, at).is_empty(),
            original_time: original_time[at],
            requested_by: value(asked, at),
            approved_by: value(approved, at),
        };
        let content = bytes.hash(at);
        fingerprint = fingerprint.wrapping_add(content);
        rows.id.push(if row.has_id { hash(value(id, at).as_bytes()) } else { 0 });
        rows.content.push(content);
        let record = Record {
            creator: named(&mut rows.names, row.creator),
            channel: named(&mut rows.names, value(channel, at)),
            day,
            money: [0, 1, 2].map(|which| rows.large.pack(at, which, row.money[usize::from(which)])),
            currency: row.currency,
            log,
            kind: row.kind,
            fault: first_fault(&row),
            excluded: !value(excluded, at).is_empty(),
        };
        rows.records.push(record);
        rare(&mut rows, &row, at, value(original, at), zone);
    }
    rows.time = time;
    Ok((rows, fingerprint))
}

/// Notes what few rows have.
fn rare(rows: &mut Rows, row: &Row<'_>, at: usize, original: &str, zone: &Zone) {
    let Ok(at) = u32::try_from(at) else { return };
    if !row.party.is_empty() {
        rows.rare.party.insert(at, rows.names.number(row.party));
    }
    if row.has_original {
        rows.rare.original.insert(at, hash(original.as_bytes()));
    }
    if in_range(row.original_time) {
        rows.rare.original_day.insert(at, zone.day_at(row.original_time));
    }
}

/// Appends the rows of files, in their order.
fn append_all(rows: &mut Rows, kinds: &mut Vec<Kind>, parts: Vec<Result<Part>>) -> Result<()> {
    for part in parts {
        kinds.push(append(rows, part?)?);
    }
    Ok(())
}

/// Appends a file's rows; names are numbered again.
fn append(all: &mut Rows, part: Part) -> Result<Kind> {
    let Part { mut file, rows, kind } = part;
    file.first = u32::try_from(all.len()).map_err(|_| Error::resources("more than 4,294,967,295 rows in one book"))?;
    let names = all.names.absorb(&rows.names);
    let renumber = |old: u32| names.get(old as usize).copied().unwrap_or(NONE);
    let renumbered = |record: Record| {
        let [creator, channel] = [record.creator, record.channel].map(renumber);
        Record { creator, channel, ..record }
    };
    all.records.extend(rows.records.into_iter().map(renumbered));
    all.large.append(&rows.large, file.first);
    all.rare.party.extend(rows.rare.party.into_iter().map(|(at, n)| (file.first + at, renumber(n))));
    all.rare.original.extend(rows.rare.original.into_iter().map(|(at, hash)| (file.first + at, hash)));
    all.rare.original_day.extend(rows.rare.original_day.into_iter().map(|(at, day)| (file.first + at, day)));
    all.time.extend(rows.time);
    all.id.extend(rows.id);
    all.content.extend(rows.content);
    all.files.push(file);
    Ok(kind)
}
