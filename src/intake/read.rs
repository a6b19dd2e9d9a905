//! Reads all files of a book, in parallel, into [`Rows`]. The order of files and rows decides nothing.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use rayon::prelude::*;

use super::canonical::{Canonical, EXCLUDE_REASON, Source, canonicalize};
use super::delivery::{Deliveries, identify};
use super::fill::{Filled, Filling, text, value};
use super::kept::{Keeper, Words};
use super::minors::Large;
use super::names::Names;
use super::rows::{Rare, Record, Room, Rows, SourceFile};
use super::snapshot::{OpenFile, RawFile, changed_meanwhile, list, locate, open_file, rows_promised};
use crate::error::{Error, Result};
use crate::fate::Fate;
use crate::log::Log;
use crate::period::Zone;
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
    let promised: Vec<u64> = work.par_iter().map(|(reader, path)| rows_promised(&locate(&reader.root, path))).collect();
    let names = Mutex::new(Names::default());
    let failed = AtomicUsize::new(usize::MAX);
    let read = |(at, (&(reader, ref path), room)): (usize, (&(&LogReader, String), Room<'_>))| {
        // What stands behind a file that failed is not looked at.
        if failed.load(Ordering::Relaxed) < at {
            return None;
        }
        let part = read_part(engine, zone, reader, path, room, &names);
        match &part {
            Ok(part) => progress(part.file.rows),
            Err(_) => _ = failed.fetch_min(at, Ordering::Relaxed),
        }
        Some(part)
    };
    let rooms = rows.make_room(&promised)?;
    let parts: Vec<Option<Result<Part>>> = work.par_iter().zip(rooms).enumerate().with_max_len(1).map(read).collect();
    let mut kinds = Vec::with_capacity(work.len());
    for part in parts.into_iter().flatten() {
        kinds.push(append(&mut rows, part?)?);
    }
    let names = names.into_inner().map_err(|e| Error::bug(e.to_string()))?;
    rows.take_names(names);
    one_id_type(&rows.files, &kinds)?;
    whole_deliveries(&rows.files, &kinds)?;
    Ok(rows)
}

/// So many rows of a file are looked at together: what is made of them stays in a processor's cache.
const PIECE: usize = 1 << 13;

/// What is to be said of one file beside the numbers that went into its room.
struct Part {
    file: SourceFile,
    large: Large,
    rare: Rare,
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
    let mapping = Mapping::of(engine, reader, path, &place, &raw.sha256, &raw.groups)?;
    let canonical = mapping.map(&raw.rows)?.canonical;
    Ok(Mapped { raw, canonical })
}

/// How the rows of one file become canonical.
struct Mapping<'a> {
    engine: Engine,
    reader: &'a LogReader,
    place: &'a str,
    groups: &'a [u64],
    staging: Option<&'a Staging>,
}

/// Canonical rows, their type of ids, and what the deliveries among them hold.
struct MappedPiece {
    canonical: Canonical,
    id_type: DataType,
    held: BTreeMap<String, u128>,
}

impl<'a> Mapping<'a> {
    /// For a file that was opened; one that a draft has read must still be the same.
    fn of(
        engine: Engine,
        reader: &'a LogReader,
        path: &str,
        place: &'a str,
        sha256: &str,
        groups: &'a [u64],
    ) -> Result<Self> {
        expect_hash(reader, path, sha256, place)?;
        let staging = match reader.pinned.get(sha256) {
            Some(pinned) => pinned.as_deref(),
            None => reader.staging.as_ref(),
        };
        Ok(Self { engine, reader, place, groups, staging })
    }

    /// Do rows become canonical each by itself? A staging query numbers all rows of its file, and so do deliveries.
    fn is_by_row(&self) -> bool {
        self.staging.is_none() && self.reader.delivery_key.is_none()
    }

    fn map(&self, raw: &RecordBatch) -> Result<MappedPiece> {
        let deliveries = match &self.reader.delivery_key {
            Some(key) => Some(identify(self.engine, key, raw, self.place)?),
            None => None,
        };
        let rows = match self.staging {
            Some(staging) => staging.map(self.engine, self.place, raw, self.groups)?,
            None => raw.clone(),
        };
        let (rows, held) = with_ids(rows, deliveries)?;
        let id_type = rows.column_by_name("event_id").map_or(DataType::Null, |c| family(c.data_type()));
        let source = Source { file: self.place, staging: self.staging };
        let canonical = canonicalize(self.reader.log, &self.reader.attributes, &rows, &source)?;
        Ok(MappedPiece { canonical, id_type, held })
    }
}

/// Reads one file into its room; names are numbered as `names` numbers them.
fn read_part(
    engine: Engine,
    zone: &Zone,
    reader: &LogReader,
    path: &str,
    room: Room<'_>,
    names: &Mutex<Names>,
) -> Result<Part> {
    let place = format!("{} {path}", reader.log.name());
    let file = OpenFile::open(&locate(&reader.root, path), &place)?;
    if file.rows() != room.len() as u64 {
        return Err(changed_meanwhile(&place));
    }
    let mapping = Mapping::of(engine, reader, path, &place, &file.sha256, &file.groups)?;
    let mut filling = Filling::new(zone, reader.log, room);
    let mut kept: Option<(Keeper, Kind)> = None;
    let mut add = |raw: &RecordBatch| -> Result<()> {
        let MappedPiece { canonical, id_type, held } = mapping.map(raw)?;
        let schema = canonical.batch.schema();
        let fresh = || (Keeper::new(reader.log, &schema, &reader.kept), Kind { id_type, held });
        let (keeper, _) = kept.get_or_insert_with(fresh);
        let odd = filling.add(&canonical)?;
        keeper.add(&canonical.batch, odd)
    };
    match mapping.is_by_row() {
        true => file.pieces(PIECE)?.try_for_each(|piece| add(&piece?))?,
        false => add(&file.whole()?)?,
    }
    let (keeper, kind) = kept.ok_or_else(|| Error::bug("a file without a piece"))?;
    let schema = Arc::clone(keeper.schema());
    let (columns, odd) = keeper.finish()?;
    let Filled { large, rare, fingerprint, rows } = filling.finish(names)?;
    let file = SourceFile {
        log: reader.log,
        path: path.to_owned(),
        sha256: file.sha256,
        bytes: file.bytes,
        rows,
        groups: file.groups,
        fingerprint,
        schema,
        columns,
        odd,
        first: 0,
    };
    Ok(Part { file, large, rare, kind })
}

/// For every row, the fate and reason that can be seen in it alone: a fault against the contract, or staging's
/// `exclude_reason`; none where it keeps the contract.
pub(super) fn faults(zone: &Zone, log: Log, canonical: &Canonical) -> Result<Vec<Option<(&'static str, String)>>> {
    let mut rows = Rows::default();
    let mut rooms = rows.make_room(&[canonical.batch.num_rows() as u64])?;
    let room = rooms.pop().ok_or_else(|| Error::bug("no room"))?;
    Filling::new(zone, log, room).add(canonical)?;
    let excluded = text(&canonical.batch, EXCLUDE_REASON);
    let fault = |(at, record): (usize, &Record)| match record.fault {
        Some(reason) => Some((Fate::Quarantined(reason).name(), reason.code().to_owned())),
        None => record.excluded.then(|| (Fate::Excluded.name(), value(excluded, at).to_owned())),
    };
    Ok(rows.records.iter().enumerate().map(fault).collect())
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

/// Puts what stands behind the files before in its place.
fn append(all: &mut Rows, part: Part) -> Result<Kind> {
    let Part { mut file, large, rare, kind } = part;
    let first = all.files.last().map_or(0, |last| u64::from(last.first) + last.rows);
    file.first = u32::try_from(first).map_err(|e| Error::bug(e.to_string()))?;
    all.large.append(&large, file.first);
    all.rare.append(rare, file.first);
    all.files.push(file);
    Ok(kind)
}
