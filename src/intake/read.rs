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
use super::names::Names;
use super::rows::{NO_KIND, NONE, NULL, Rows, SourceFile};
use super::snapshot::{RawFile, list, locate, open_file};
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
    let parts: Vec<Result<Part>> = work
        .par_iter()
        .map(|(reader, path)| {
            let part = read_part(engine, zone, reader, path);
            if let Ok(part) = &part {
                progress(part.file.rows);
            }
            part
        })
        .collect();
    let parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
    one_id_type(&parts)?;
    whole_deliveries(&parts)?;
    let mut rows = Rows::default();
    rows.reserve(parts.iter().map(|part| part.rows.len()).sum());
    for part in parts {
        append(&mut rows, part)?;
    }
    Ok(rows)
}

/// The rows of one file, with numbers of their own for names.
struct Part {
    file: SourceFile,
    rows: Rows,
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
        batch: canonical.batch,
        first: 0,
    };
    Ok(Part { file, rows, id_type, held })
}

/// For every row, the fate and reason that can be seen in it alone: a fault against the contract, or staging's
/// `exclude_reason`; none where it keeps the contract.
pub(super) fn faults(zone: &Zone, log: Log, canonical: &Canonical) -> Result<Vec<Option<(&'static str, String)>>> {
    let (rows, _) = columns_of(zone, log, canonical)?;
    let excluded = Columns { batch: &canonical.batch }.text(EXCLUDE_REASON);
    let fault = |at: usize| match rows.fault[at] {
        Some(reason) => Some((Fate::Quarantined(reason).name(), reason.code().to_owned())),
        None => rows.excluded[at].then(|| (Fate::Excluded.name(), value(excluded, at).to_owned())),
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

fn one_id_type(parts: &[Part]) -> Result<()> {
    let mut first: BTreeMap<Log, (&DataType, &str)> = BTreeMap::new();
    for part in parts.iter().filter(|p| p.id_type != DataType::Null) {
        let (expected, by) = *first.entry(part.file.log).or_insert((&part.id_type, &part.file.path));
        if *expected != part.id_type {
            return Err(Error::input("a log's files have ids of different types")
                .at(format!("{} {}, column event_id", part.file.log.name(), part.file.path))
                .expected(format!("{expected}, as in {by}"))
                .found(part.id_type.to_string())
                .next("have all files of a log written with one type of id"));
        }
    }
    Ok(())
}

/// A delivery comes in one file: a second file with the same key must hold the very same rows.
fn whole_deliveries(parts: &[Part]) -> Result<()> {
    let mut first: BTreeMap<(Log, &str), (u128, &str)> = BTreeMap::new();
    for part in parts {
        for (key, sum) in &part.held {
            let (expected, by) = *first.entry((part.file.log, key)).or_insert((*sum, &part.file.path));
            if expected != *sum {
                return Err(Error::input("a delivery came in two files that differ")
                    .at(format!("{} {}, delivery {key}", part.file.log.name(), part.file.path))
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
        rows.fault.push(first_fault(&row));
        rows.excluded.push(!value(excluded, at).is_empty());
        rows.creator.push(named(&mut rows.names, row.creator));
        rows.party.push(named(&mut rows.names, row.party));
        rows.channel.push(named(&mut rows.names, value(channel, at)));
        rows.id.push(if row.has_id { hash(value(id, at).as_bytes()) } else { 0 });
        rows.original.push(if row.has_original { hash(value(original, at).as_bytes()) } else { 0 });
        rows.original_day.push(in_range(original_time[at]).then(|| zone.day_at(original_time[at])));
        rows.content.push(content);
        rows.log.push(log);
        rows.kind.push(row.kind);
        rows.day.push(day);
        rows.currency.push(row.currency);
        rows.file.push(0);
    }
    (rows.time, rows.amount, rows.tax, rows.fee) = (time, amount, tax, fee);
    Ok((rows, fingerprint))
}

/// Appends a file's rows; names are numbered again.
fn append(all: &mut Rows, part: Part) -> Result<()> {
    let Part { mut file, rows, .. } = part;
    let number = u32::try_from(all.files.len()).map_err(|_| Error::resources("too many files"))?;
    file.first = u32::try_from(all.len()).map_err(|_| Error::resources("more than 4,294,967,295 rows in one book"))?;
    let names = all.names.absorb(&rows.names);
    let renumber =
        |old: Vec<u32>| old.into_iter().map(|n| names.get(n as usize).copied().unwrap_or(NONE)).collect::<Vec<_>>();
    all.file.extend(std::iter::repeat_n(number, rows.len()));
    all.creator.extend(renumber(rows.creator));
    all.party.extend(renumber(rows.party));
    all.channel.extend(renumber(rows.channel));
    all.log.extend(rows.log);
    all.kind.extend(rows.kind);
    all.time.extend(rows.time);
    all.day.extend(rows.day);
    all.currency.extend(rows.currency);
    all.amount.extend(rows.amount);
    all.tax.extend(rows.tax);
    all.fee.extend(rows.fee);
    all.id.extend(rows.id);
    all.content.extend(rows.content);
    all.original.extend(rows.original);
    all.original_day.extend(rows.original_day);
    all.fault.extend(rows.fault);
    all.excluded.extend(rows.excluded);
    all.files.push(file);
    Ok(())
}
