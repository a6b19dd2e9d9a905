//! Which candidate is which log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::find::{Candidate, find};
use super::map::{Certainty, Mapping, map, named};
use super::words::{fold, words};
use crate::error::{Error, Result};
use crate::intake::fits_contract;
use crate::log::Log;
use crate::period::{NANOS, Period};
use crate::query::Engine;

/// A log of the drafted book.
pub struct DraftLog {
    pub log: Log,
    pub path: PathBuf,
    /// Relative to the folder that was given.
    pub name: String,
    pub columns: Vec<Mapping>,
    /// Does it need no staging query?
    pub is_canonical: bool,
    pub delivery_key: Option<String>,
    /// Raw columns that nothing reads.
    pub unused: Vec<String>,
    pub differs: Vec<String>,
}

/// What was not taken, and why.
pub struct Left {
    pub name: String,
    pub why: String,
}

/// A book to be written.
pub struct Draft {
    pub logs: Vec<DraftLog>,
    pub left: Vec<Left>,
    /// The month of the smallest event time, UTC.
    pub first_period: Option<Period>,
}

/// Reads the folder `from` and drafts a book over it.
///
/// # Errors
/// The folder can't be read, or holds nothing that is a log (input).
pub fn draft(engine: Engine, from: &Path) -> Result<Draft> {
    let found = find(from).map_err(|e| e.at(from.display().to_string()))?;
    let mut left: Vec<Left> = found.unreadable.into_iter().map(|(name, why)| Left { name, why }).collect();
    let mut best: BTreeMap<Log, (u32, Candidate)> = BTreeMap::new();
    for candidate in found.candidates {
        let Some((log, score)) = recognise(from, &candidate) else {
            let why = "no log was recognised by its name and columns".to_owned();
            left.push(Left { name: shown(from, &candidate.name), why });
            continue;
        };
        let rival = best.remove(&log);
        let (winner, loser) = match rival {
            Some((high, other)) if high >= score => ((high, other), Some(candidate)),
            Some((_, other)) => ((score, candidate), Some(other)),
            None => ((score, candidate), None),
        };
        left.extend(loser.map(|c| Left {
            name: shown(from, &c.name),
            why: format!("{} too, and {} fits better", log.name(), shown(from, &winner.1.name)),
        }));
        best.insert(log, winner);
    }
    if best.is_empty() {
        let listed = left.iter().map(|l| format!("{}: {}", l.name, l.why)).collect::<Vec<_>>().join("\n            ");
        return Err(Error::input("no log was recognised")
            .at(from.display().to_string())
            .expected(
                "folders of Parquet files, one for each log, with names such as subscriptions, gifts, orders, views",
            )
            .found(if listed.is_empty() { "nothing".to_owned() } else { listed })
            .next("name the folders after the logs, or write a book by hand (docs/book.md)"));
    }
    let mut first: Option<i64> = None;
    let mut logs = Vec::new();
    for (log, (_, candidate)) in best {
        let mapped = map(engine, log, &candidate)?;
        let nanos = mapped.instants.and_then(|i| i.first).filter(|n| *n >= 0);
        first = first.into_iter().chain(nanos).min();
        let reads = |name: &String| mapped.columns.iter().any(|m| m.reads.contains(name));
        let unused = candidate.columns.iter().map(|(name, _)| name.clone()).filter(|name| !reads(name)).collect();
        logs.push(DraftLog {
            log,
            is_canonical: candidate.differs.is_empty() && fits_contract(log, &candidate.columns),
            name: shown(from, &candidate.name),
            path: candidate.path,
            columns: mapped.columns,
            delivery_key: mapped.delivery_key,
            unused,
            differs: candidate.differs,
        });
    }
    let day = |nanos: i64| i32::try_from(nanos / NANOS / 86_400).ok();
    Ok(Draft { logs, left, first_period: first.and_then(day).map(Period::of_day) })
}

fn shown(from: &Path, name: &str) -> String {
    let own = || from.file_name().map_or_else(|| ".".into(), |n| n.to_string_lossy().into_owned());
    if name.is_empty() { own() } else { name.to_owned() }
}

/// The log that a candidate is most likely, with its score; none where too little speaks for any.
fn recognise(from: &Path, candidate: &Candidate) -> Option<(Log, u32)> {
    let has = |log: Log, column: &str| named(log, column, candidate).is_some();
    let score = |log: Log| -> u32 {
        let by_name = 4 * u32::from(is_named(from, candidate, log));
        let own = log.columns().iter().skip(12).filter(|c| has(log, c.name)).count() as u32;
        let watched = ["content_id", "content_kind", "seconds"].iter().filter(|c| has(log, c)).count() as u32;
        let own = if log == Log::Engagement { watched } else { own };
        if by_name + own == 0 || log.has_money() != has(log, "amount_minor") || !has(log, "event_time") {
            return 0;
        }
        let needed = ["event_id", "kind", "creator_id", "currency"].iter().filter(|c| has(log, c)).count() as u32;
        10 * (by_name + 2 * own) + needed
    };
    let best = Log::ALL.into_iter().map(|log| (score(log), log)).max_by_key(|(score, log)| (*score, *log))?;
    (best.0 >= 40).then_some((best.1, best.0))
}

/// Does a part of the path name the log? The folder that was given counts with its parent.
fn is_named(from: &Path, candidate: &Candidate, log: Log) -> bool {
    let own = candidate.name.trim_end_matches(".parquet");
    let given: Vec<String> =
        from.ancestors().take(2).filter_map(|p| Some(fold(&p.file_name()?.to_string_lossy()))).collect();
    let own: Vec<String> = own.split('/').filter(|p| !p.is_empty()).map(fold).collect();
    let parts = if own.is_empty() { given } else { own };
    let text = parts.join("_");
    text.split('_').any(|part| words(log, "log").any(|word| word == part)) || parts.iter().any(|p| p == log.name())
}

impl DraftLog {
    /// The canonical columns without a source that a run would need.
    #[must_use]
    pub fn lacking(&self) -> Vec<&'static str> {
        let needed = ["event_id", "event_time", "kind", "creator_id", "amount_minor", "currency", "party_id"];
        let lacks = |m: &&Mapping| m.certainty == Certainty::Missing && needed.contains(&m.column);
        self.columns.iter().filter(lacks).map(|m| m.column).collect()
    }
}
