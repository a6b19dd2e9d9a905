//! Ids of events that the system before has paid: such rows count zero, for ever.

use std::collections::{BTreeMap, BTreeSet};

use super::Against;
use crate::error::Result;
use crate::log::Log;
use crate::reference::{Row, Table};

/// Log and event id in the ledger's form (Int64 as decimal text, 16 bytes as lower-case hex).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaidIds(BTreeSet<(Log, String)>);

impl PaidIds {
    /// Reads the table `log, event_id`; other columns are passed over.
    ///
    /// # Errors
    /// A row breaks the contract of docs/book.md (input, with file, line and column).
    pub(super) fn read(table: &Table, against: Option<Against<'_>>) -> Result<Self> {
        let mut ids = BTreeSet::new();
        for row in table.rows(&["log", "event_id"])? {
            let (log, id) = (log(&row, against)?, row.need("event_id")?);
            if !ids.insert((log, id.to_owned())) {
                return Err(row.fault("event_id", "each id of a log once", id));
            }
        }
        Ok(Self(ids))
    }

    /// All of them, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &(Log, String)> {
        self.0.iter()
    }

    /// For people: how many of each log.
    pub(super) fn counts(&self) -> Vec<[String; 2]> {
        let mut counts: BTreeMap<Log, usize> = BTreeMap::new();
        for (log, _) in &self.0 {
            *counts.entry(*log).or_default() += 1;
        }
        counts.into_iter().map(|(log, n)| [format!("paid ids of {}", log.name()), n.to_string()]).collect()
    }
}

/// A log with money; until the first close, one of the book.
fn log(row: &Row<'_>, against: Option<Against<'_>>) -> Result<Log> {
    let name = row.need("log")?;
    let of_book = |log: &Log| against.is_none_or(|a| a.book.logs.contains_key(log));
    let known: Vec<Log> = Log::ALL.into_iter().filter(|log| log.has_money() && of_book(log)).collect();
    let found = known.iter().copied().find(|log| log.name() == name);
    let names = || known.iter().map(|log| log.name()).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| row.fault("log", &format!("a log of the book with money: {}", names()), name))
}
