//! Cut-over: what the system before the book handed over, signed for by two people, into the book's first period.
//!
//! [`balances`] are what parties are owed or owe on the first day, [`volumes`] what counts towards tiers, [`paid`] the
//! events that were paid and count zero. The first close pins all of it; [`pinned`] holds today's files against that.

mod balances;
mod paid;
mod pinned;
mod volumes;

use std::path::Path;

pub use paid::PaidIds;
use serde::{Deserialize, Serialize};
pub use volumes::{Volume, Volumes};

use crate::book::{Book, CutoverFiles};
use crate::error::{Error, Result};
use crate::ledger::{OpeningBalance, State, Store};
use crate::period::Period;
use crate::policy::Policies;
use crate::reference::{References, Table};

/// What messages call a file of the cut-over.
const WHAT: &str = "a file of the cut-over";
/// Where the record lies beside the copies of the files.
const RECORD: &str = "record.json";

/// What two people signed for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The name of the system before.
    pub system: String,
    pub reason: String,
    pub requested_by: String,
    pub approved_by: String,
}

/// What the system before handed over; all of it empty where a book begins from nothing.
#[derive(Clone, Debug, Default)]
pub struct Cutover {
    pub record: Record,
    /// Sorted.
    pub balances: Vec<OpeningBalance>,
    pub volumes: Volumes,
    pub paid: PaidIds,
    /// Name in the run's folder `cutover/`, and bytes.
    pub files: Vec<(String, Vec<u8>)>,
}

/// What the files are held against until the first close pins them.
#[derive(Clone, Copy)]
struct Against<'a> {
    book: &'a Book,
    references: &'a References,
    policies: &'a Policies,
}

/// A file of the cut-over.
struct Source {
    /// In the run's folder: `balances.csv`.
    name: String,
    /// For messages: the path in the book.
    path: String,
    bytes: Vec<u8>,
}

impl Cutover {
    /// What a book brings over: as the first close pinned it, or, before that, as the book's files say.
    ///
    /// # Errors
    /// A file can't be read or breaks its contract (input); it differs from what a close pinned (usage).
    pub fn open(
        book: &Book,
        store: &Store,
        state: &State,
        references: &References,
        policies: &Policies,
    ) -> Result<Self> {
        match state.closed().first() {
            Some(first) => pinned::unchanged(book, &store.run(&first.run_id)?),
            None => Self::read(&sources(book)?, book.first_period, Some(Against { book, references, policies })),
        }
    }

    /// What a run of the first period keeps copies of; nothing of any other run.
    ///
    /// # Errors
    /// The copies can't be read (input).
    pub fn of_copies(copies: Vec<(String, Vec<u8>)>, first: Period) -> Result<Self> {
        let source = |(name, bytes): (String, Vec<u8>)| Source { path: format!("cutover/{name}"), name, bytes };
        Self::read(&copies.into_iter().map(source).collect::<Vec<_>>(), first, None)
    }

    fn read(sources: &[Source], first: Period, against: Option<Against<'_>>) -> Result<Self> {
        let mut cutover = Self::default();
        for source in sources {
            let table = || Table::read_as(WHAT, &source.path, &source.bytes);
            match source.name.split('.').next() {
                Some("record") => cutover.record = record(source)?,
                Some("balances") => cutover.balances = balances::read(&table()?, first, against)?,
                Some("volumes") => cutover.volumes = Volumes::read(&table()?, first, against)?,
                _ => cutover.paid = PaidIds::read(&table()?, against)?,
            }
            cutover.files.push((source.name.clone(), source.bytes.clone()));
        }
        Ok(cutover)
    }

    /// Is there anything?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What it holds, summed for people: what, where, how much.
    #[must_use]
    pub fn summary(&self) -> Vec<[String; 2]> {
        let mut rows = balances::sums(&self.balances);
        rows.extend(self.volumes.sums());
        rows.extend(self.paid.counts());
        rows
    }
}

fn record(source: &Source) -> Result<Record> {
    serde_json::from_slice(&source.bytes).map_err(|e| {
        Error::input("the record of the cut-over can't be read").at(source.path.clone()).found(e.to_string())
    })
}

/// The record, and the files that a book names.
fn sources(book: &Book) -> Result<Vec<Source>> {
    let Some(cutover) = &book.cutover else { return Ok(Vec::new()) };
    let mut sources = vec![signed(cutover)?];
    let named = [("balances", &cutover.balances), ("volumes", &cutover.volumes), ("paid_ids", &cutover.paid_ids)];
    for (name, path) in named {
        let Some(path) = path else { continue };
        let bytes = std::fs::read(book.root.join(path)).map_err(|e| {
            Error::input("a file of the cut-over can't be read")
                .at(path.clone())
                .expected(format!("the {name} that [cutover] names"))
                .found(e.to_string())
                .next("restore it, or correct [cutover] in everycent.toml")
        })?;
        let ending = Path::new(path).extension().map_or("csv".into(), |e| e.to_string_lossy().into_owned());
        sources.push(Source { name: format!("{name}.{ending}"), path: path.clone(), bytes });
    }
    Ok(sources)
}

fn signed(cutover: &CutoverFiles) -> Result<Source> {
    let record = Record {
        system: cutover.system.clone(),
        reason: cutover.reason.clone(),
        requested_by: cutover.requested_by.clone(),
        approved_by: cutover.approved_by.clone(),
    };
    let bytes = serde_json::to_vec_pretty(&record).map_err(|e| Error::bug(e.to_string()))?;
    Ok(Source { name: RECORD.to_owned(), path: "everycent.toml, [cutover]".to_owned(), bytes })
}
