//! Reads everything that a run may know: policies, references, staging queries, logs; and what the last close pinned.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use rustc_hash::FxHashSet;

use super::cut_anew::{CutAnew, cut_anew};
use super::folder::policy_files;
use crate::book::{Book, LogSource};
use crate::cutover::{Cutover, PaidIds};
use crate::error::{Error, Result};
use crate::intake::{
    Decided, Expected, LogReader, Rows, Sampled, SourceFile, Words, attribute_schema, id_hash, read_rows, sample,
};
use crate::ledger::{Closed, Learned, RunDir, State, Store, since_copy};
use crate::log::Log;
use crate::period::Period;
use crate::policy::{Change, Corrections, Policies, changed};
use crate::query::{Engine, Staging};
use crate::redrive::{REDRIVE_FILE, Redrive};
use crate::reference::References;

/// How a run is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    pub period: Period,
    /// Take events before the start of this day alone.
    pub as_of: Option<i32>,
    pub dry_run: bool,
    pub engine: Engine,
}

/// What the last close pinned, where it may differ from today.
pub struct Pinned {
    /// The period that it closed.
    pub period: Period,
    pub policies: Policies,
    pub references: References,
    pub policies_changed: bool,
    pub references_changed: bool,
}

/// All inputs of a run.
pub struct Prepared {
    pub engine: Engine,
    /// The book, with the bounds that two people waived among its own.
    pub book: Book,
    pub policies: Policies,
    pub references: References,
    pub rows: Rows,
    /// Those of its files that are files of closed periods, cut anew.
    pub cut_anew: CutAnew,
    pub pinned: Option<Pinned>,
    /// What the system before handed over; empty where the book begins from nothing.
    pub cutover: Cutover,
    /// Ids that it has paid, hashed as rows are.
    pub paid: Arc<FxHashSet<(Log, u128)>>,
    /// Which of a conflict's rows stand.
    pub decided: Decided,
    /// What the logs must hold.
    pub expected: Vec<Expected>,
    /// Name in the run's folder and bytes: policies, staging queries, references, cut-over, decisions.
    pub copies: Vec<(String, Vec<u8>)>,
}

/// Only these files, by log: path and SHA-256; for a close.
pub type Only = BTreeMap<Log, BTreeMap<String, String>>;

/// Reads all inputs.
///
/// # Errors
/// Whatever is missing or wrong, with the exit code of who has to act.
pub fn prepare(
    engine: Engine,
    book: &Book,
    store: &Store,
    state: &State,
    only: Option<&Only>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Prepared> {
    let redrive = Redrive::of_book(&book.root)?;
    prepare_with(engine, book, &redrive, store, state, only, progress)
}

/// [`prepare`] with decisions that need not stand in the book yet.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_with(
    engine: Engine,
    book: &Book,
    redrive: &Redrive,
    store: &Store,
    state: &State,
    only: Option<&Only>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Prepared> {
    let references = References::read(engine, book)?;
    let sources = Sources {
        policy_files: policy_files(&book.policies)?,
        staging: staging_queries(book, &references)?,
        references,
        redrive: redrive.clone(),
        run: None,
    };
    read(engine, book, sources, store, state, only, progress)
}

/// All that a run was made from: its copies of policies, references, queries and decisions, and the logs' files that its
/// manifest names.
///
/// # Errors
/// As [`prepare`]; a file of the logs is gone or was changed (input).
pub fn prepare_again(
    engine: Engine,
    book: &Book,
    store: &Store,
    state: &State,
    run: &RunDir,
    only: &Only,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Prepared> {
    let references = References::from_files(run.copies("references/")?)?;
    let mut staging = BTreeMap::new();
    for (name, sql) in run.copies("queries/")? {
        let log = name.strip_prefix("staging/").and_then(|name| name.strip_suffix(".sql")).map(str::parse::<Log>);
        if let Some(log) = log.transpose()? {
            staging.insert(log, Staging { name, sql: utf8(sql)?, references: references.tables.clone() });
        }
    }
    let policies = run.copies("policies/")?.into_iter();
    let policy_files = policies.map(|(name, bytes)| Ok((format!("policies/{name}"), utf8(bytes)?)));
    let policy_files = policy_files.collect::<Result<_>>()?;
    let redrive = pinned_redrive(run)?;
    let sources = Sources { policy_files, references, staging, redrive, run: Some(run) };
    read(engine, book, sources, store, state, Some(only), progress)
}

/// What says how logs are read and rated.
struct Sources<'a> {
    policy_files: Vec<(String, String)>,
    references: References,
    staging: BTreeMap<Log, Staging>,
    redrive: Redrive,
    /// The run that kept these copies; none: they are the book's own files.
    run: Option<&'a RunDir>,
}

fn read(
    engine: Engine,
    book: &Book,
    sources: Sources<'_>,
    store: &Store,
    state: &State,
    only: Option<&Only>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Prepared> {
    let Sources { policy_files, references, staging, redrive, run } = sources;
    let policies = Policies::read(policy_files.clone())?;
    let mut copies: Vec<(String, Vec<u8>)> = Vec::new();
    copies.extend(policy_files.into_iter().map(|(name, text)| (name, text.into_bytes())));
    copies.extend(staging.values().map(|s| (format!("queries/{}", s.name), s.sql.clone().into_bytes())));
    copies.extend(references.files.iter().map(|(name, bytes)| (format!("references/{name}"), bytes.clone())));
    let cutover = match (run, state.closed().first()) {
        (None, _) => Cutover::open(book, store, state, &references, &policies)?,
        (Some(run), None) => Cutover::of_copies(run.copies("cutover/")?, book.first_period)?,
        (Some(_), Some(first)) => Cutover::of_copies(store.run(&first.run_id)?.copies("cutover/")?, book.first_period)?,
    };
    copies.extend(cutover.files.iter().map(|(name, bytes)| (format!("cutover/{name}"), bytes.clone())));
    let paid = Arc::new(hashed(&cutover.paid));
    if !redrive.text.is_empty() {
        copies.push((format!("{REDRIVE_COPY}{REDRIVE_FILE}"), redrive.text.clone().into_bytes()));
    }
    let (expected, files) = if run.is_none() { Expected::of_book(book)? } else { Default::default() };
    copies.extend(files.into_iter().map(|(name, bytes)| (format!("{TOTALS_COPY}{name}"), bytes)));
    let history = History::read(store, state.closed())?;
    history.last.iter().try_for_each(|last| redrive.continues(&last.redrive))?;
    // What a run has kept was signed for when it was made.
    let pinned = history.pinned(book, &policies, &references, &staging, run.is_none())?;
    let kept = words([Some(&policies), pinned.as_ref().map(|p| &p.policies)]);
    let readers = readers(book, &staging, &history, &kept, only);
    let rows = read_rows(engine, &book.zone, &readers, progress)?;
    let cut_anew = match run {
        None => cut_anew(store, state, &rows)?,
        Some(run) => kept_cut_anew(run, &rows)?,
    };
    copies.extend(since_copies(&cut_anew, &rows));
    let decided = Decided::of(&redrive, &rows)?;
    let mut book = book.clone();
    book.bounds.extend(redrive.waived.iter().cloned());
    Ok(Prepared {
        engine,
        book,
        policies,
        references,
        rows,
        cut_anew,
        pinned,
        cutover,
        paid,
        decided,
        expected,
        copies,
    })
}

/// What a run keeps of the files that were cut anew; of two with the same bytes the first.
fn since_copies(cut_anew: &CutAnew, rows: &Rows) -> BTreeMap<String, Vec<u8>> {
    let mut copies = BTreeMap::new();
    for (at, learned) in cut_anew {
        let file = &rows.files[*at];
        copies.entry(since_copy(file.log, &file.sha256)).or_insert_with(|| learned.text().into_bytes());
    }
    copies
}

/// The same as a run kept it.
fn kept_cut_anew(run: &RunDir, rows: &Rows) -> Result<CutAnew> {
    let kept = |(at, file): (usize, &SourceFile)| {
        Ok(Learned::kept_by(run, file.log, &file.sha256, file.rows)?.map(|learned| (at, learned)))
    };
    rows.files.iter().enumerate().filter_map(|file| kept(file).transpose()).collect()
}

fn hashed(paid: &PaidIds) -> FxHashSet<(Log, u128)> {
    paid.iter().map(|(log, id)| (*log, id_hash(id))).collect()
}

/// The folder of a run that keeps copies of control totals.
pub const TOTALS_COPY: &str = "control_totals/";

/// The folder of a run that keeps a copy of the decisions.
pub const REDRIVE_COPY: &str = "redrive/";

/// The staging query of every log that has one.
///
/// # Errors
/// A query can't be read (usage).
pub fn staging_queries(book: &Book, references: &References) -> Result<BTreeMap<Log, Staging>> {
    let mut queries = BTreeMap::new();
    for log in book.logs.keys() {
        let name = format!("staging/{}.sql", log.name());
        let path = book.queries.join(&name);
        if path.is_file() {
            let sql = std::fs::read_to_string(&path)
                .map_err(|e| Error::usage("a staging query can't be read").at(name.clone()).found(e.to_string()))?;
            queries.insert(*log, Staging { name, sql, references: references.tables.clone() });
        }
    }
    Ok(queries)
}

/// What closed runs keep copies of.
struct History {
    /// By file hash: the staging query that its first close read it with.
    staging: HashMap<(Log, String), Option<Arc<Staging>>>,
    last: Option<Last>,
}

/// What the last close pinned.
struct Last {
    policies: Policies,
    references: References,
    queries: BTreeMap<String, Vec<u8>>,
    redrive: Redrive,
    period: Period,
}

fn utf8(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::input("a copy in a closed run is no UTF-8"))
}

/// The policies that a run keeps copies of.
///
/// # Errors
/// A copy is missing or was changed (input).
pub fn pinned_policies(run: &RunDir) -> Result<Policies> {
    let named = |(name, bytes): (String, Vec<u8>)| Ok((format!("policies/{name}"), utf8(bytes)?));
    Policies::read(run.copies("policies/")?.into_iter().map(named).collect::<Result<_>>()?)
}

/// The decisions that a run keeps a copy of.
fn pinned_redrive(run: &RunDir) -> Result<Redrive> {
    let copy = run.copies(REDRIVE_COPY)?.into_iter().next();
    copy.map_or_else(|| Ok(Redrive::default()), |(_, bytes)| Redrive::parse(&utf8(bytes)?))
}

impl History {
    fn read(store: &Store, periods: &[Closed]) -> Result<Self> {
        let mut history = Self { staging: HashMap::new(), last: None };
        for closed in periods {
            let run = store.run(&closed.run_id)?;
            let references = References::from_files(run.copies("references/")?)?;
            let queries: BTreeMap<String, Vec<u8>> = run.copies("queries/")?.into_iter().collect();
            history.add(&run, &references, &queries)?;
            if periods.last() == Some(closed) {
                let period = closed.period;
                let (policies, redrive) = (pinned_policies(&run)?, pinned_redrive(&run)?);
                history.last = Some(Last { policies, references, queries, redrive, period });
            }
        }
        Ok(history)
    }

    /// The staging queries that a close pinned for the files that it was the first to read.
    fn add(&mut self, run: &RunDir, references: &References, queries: &BTreeMap<String, Vec<u8>>) -> Result<()> {
        for input in &run.manifest()?.inputs {
            let log: Log = input.log.parse()?;
            let key = (log, input.sha256.clone());
            if self.staging.contains_key(&key) {
                continue;
            }
            let name = format!("staging/{}.sql", log.name());
            let staging = match queries.get(&name) {
                None => None,
                Some(sql) => {
                    Some(Arc::new(Staging { name, sql: utf8(sql.clone())?, references: references.tables.clone() }))
                }
            };
            self.staging.insert(key, staging);
        }
        Ok(())
    }

    /// What the last close pinned; where changes are `held` against signatures, one that nobody has signed for is refused.
    fn pinned(
        self: &History,
        book: &Book,
        policies: &Policies,
        references: &References,
        staging: &BTreeMap<Log, Staging>,
        held: bool,
    ) -> Result<Option<Pinned>> {
        let Some(last) = &self.last else { return Ok(None) };
        if held {
            last.hold(&corrections(book)?, policies, staging)?;
        }
        let bytes =
            |r: &References| r.files.iter().filter(|(n, _)| !n.starts_with("fx_rates")).cloned().collect::<Vec<_>>();
        Ok(Some(Pinned {
            period: last.period,
            policies: last.policies.clone(),
            references: last.references.clone(),
            policies_changed: last.policies.canonical_json() != policies.canonical_json(),
            references_changed: bytes(&last.references) != bytes(references),
        }))
    }
}

impl Last {
    /// Refuses a change that nobody has signed for.
    fn hold(&self, corrections: &Corrections, policies: &Policies, staging: &BTreeMap<Log, Staging>) -> Result<()> {
        for change in &changed(&self.policies, policies, self.period.next().first_day()) {
            allowed(corrections, change)?;
        }
        for (log, staging) in staging {
            let pinned = self.queries.get(&staging.name).map(Vec::as_slice);
            let differs = pinned.is_some_and(|p| normal(p) != normal(staging.sql.as_bytes()));
            if differs && !corrections.allows_staging(log.name()) {
                return Err(unsigned_change(&format!("the staging query of {}", log.name())));
            }
        }
        Ok(())
    }
}

fn allowed(corrections: &Corrections, change: &Change) -> Result<()> {
    if corrections.allows(change) { Ok(()) } else { Err(unsigned_change(&change.what)) }
}

fn unsigned_change(what: &str) -> Error {
    Error::usage(format!("{what} differs from what a closed period used"))
        .expected("no change in what was in force before the first open day, or a [[correction]] with two names")
        .next("put it back and write a new version with a later valid_from; or sign for it in corrections.toml")
}

pub(super) fn corrections(book: &Book) -> Result<Corrections> {
    let path = book.root.join("corrections.toml");
    match path.is_file() {
        true => Corrections::read(&std::fs::read_to_string(path)?),
        false => Corrections::read(""),
    }
}

/// SQL without comments and with single blanks, for comparing.
fn normal(sql: &[u8]) -> String {
    let text = String::from_utf8_lossy(sql);
    let lines = text.lines().map(|line| line.split("--").next().unwrap_or(""));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// The words of all policies that a run evaluates: a column that is none of them is not looked at.
fn words(policies: [Option<&Policies>; 2]) -> Words {
    Arc::new(policies.into_iter().flatten().flat_map(Policies::words).collect())
}

fn readers(
    book: &Book,
    staging: &BTreeMap<Log, Staging>,
    history: &History,
    kept: &Words,
    only: Option<&Only>,
) -> Vec<LogReader> {
    let reader = |(log, source): (&Log, &LogSource)| LogReader {
        log: *log,
        root: book.root.join(&source.path),
        attributes: source.attributes.clone(),
        delivery_key: source.delivery_key.clone(),
        staging: staging.get(log).cloned(),
        kept: Arc::clone(kept),
        pinned: history
            .staging
            .iter()
            .filter(|((l, _), _)| l == log)
            .map(|((_, sha), s)| (sha.clone(), s.clone()))
            .collect(),
        only: only.map(|only| only.get(log).cloned().unwrap_or_default()),
    };
    book.logs.iter().map(reader).collect()
}

/// How each log of a book is read today: files that a close has read under the staging that it pinned.
///
/// # Errors
/// References, staging queries or the ledger can't be read.
pub fn log_readers(engine: Engine, book: &Book) -> Result<Vec<LogReader>> {
    let references = References::read(engine, book)?;
    let store = Store::open(&book.ledger)?;
    let history = History::read(&store, &store.closed_periods()?)?;
    Ok(readers(book, &staging_queries(book, &references)?, &history, &Words::default(), None))
}

/// The canonical schema of a log, its attributes among it.
///
/// # Errors
/// As [`attribute_schema`]; references or staging queries can't be read.
pub fn log_schema(engine: Engine, book: &Book, log: Log, source: &LogSource) -> Result<SchemaRef> {
    if source.attributes.is_empty() {
        return attribute_schema(engine, book, log, source, None);
    }
    let staging = staging_queries(book, &References::read(engine, book)?)?;
    attribute_schema(engine, book, log, source, staging.get(&log))
}

/// Reads every file of every log under today's staging, each log by itself; for `doctor`.
#[must_use]
pub fn look_at_logs(
    engine: Engine,
    book: &Book,
    references: &References,
    progress: &(dyn Fn(u64) + Sync),
) -> Vec<(Log, Result<String>)> {
    let staging = match staging_queries(book, references) {
        Ok(staging) => staging,
        Err(e) => return book.logs.keys().map(|log| (*log, Err(e.clone()))).collect(),
    };
    let history = History { staging: HashMap::new(), last: None };
    let look = |reader: &LogReader| -> Result<String> {
        let rows = read_rows(engine, &book.zone, std::slice::from_ref(reader), progress)?;
        let found = format!("{} files, {} rows, {}", rows.files.len(), rows.len(), faults_text(&rows));
        enough_sound(book, reader.log, &rows, &found)?;
        Ok(found)
    };
    readers(book, &staging, &history, &Words::default(), None).iter().map(|reader| (reader.log, look(reader))).collect()
}

/// How many rows are broken, by reason.
fn faults_text(rows: &Rows) -> String {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in rows.records.iter().filter_map(|record| record.fault) {
        *reasons.entry(reason.code()).or_insert(0) += 1;
    }
    match reasons.is_empty() {
        true => "none of them broken".to_owned(),
        false => reasons.iter().map(|(reason, n)| format!("{n} {reason}")).collect::<Vec<_>>().join(", "),
    }
}

/// Refuses a log of which more rows are broken than the book lets pass.
fn enough_sound(book: &Book, log: Log, rows: &Rows, found: &str) -> Result<()> {
    let broken = rows.records.iter().filter(|record| record.fault.is_some()).count() as i128;
    let Some(source) = book.logs.get(&log) else { return Ok(()) };
    let share = crate::money::Exact::ratio(broken, rows.len() as i128).unwrap_or_default();
    let is_bounded = book.bounds.iter().any(|b| b.gate == "quarantined_rows" && b.scope == log.name());
    if share <= source.quarantined_rows || is_bounded {
        return Ok(());
    }
    Err(Error::gate(format!("{broken} of {} rows break the contract", rows.len()))
        .at(format!("everycent.toml, [log.{}] max_quarantine", log.name()))
        .found(found)
        .next(format!("look at them: `everycent run --sample 6 --log {}`", log.name())))
}

/// At most `most` rows of every log, or of one, under today's staging; for `run --sample`. A log whose rows can't be
/// read gives the error.
///
/// # Errors
/// The book has no such log, or a staging query can't be read (usage).
pub fn sample_logs(
    engine: Engine,
    book: &Book,
    log: Option<Log>,
    most: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<(Log, Result<Vec<Sampled>>)>> {
    if let Some(log) = log.filter(|log| !book.logs.contains_key(log)) {
        let names = book.logs.keys().map(|log| log.name()).collect::<Vec<_>>().join(", ");
        return Err(Error::usage("the book has no such log").expected(names).found(log.name()));
    }
    let references = References::read(engine, book)?;
    let staging = staging_queries(book, &references)?;
    let history = History { staging: HashMap::new(), last: None };
    let readers = readers(book, &staging, &history, &Words::default(), None);
    let asked = readers.iter().filter(|reader| log.is_none_or(|log| reader.log == log));
    Ok(asked.map(|reader| (reader.log, sample(engine, &book.zone, reader, most, progress))).collect())
}
