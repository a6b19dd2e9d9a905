//! Which of a conflict's rows two people let stand.

use rustc_hash::FxHashMap;

use super::hashing::hash;
use super::rows::Rows;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::redrive::{Redrive, Stands};

/// By log and hash of the id: the hash of the row that stands, and the place of the decision.
#[derive(Clone, Debug, Default)]
pub struct Decided(FxHashMap<(Log, u128), Choice>);

/// A decision as intake looks it up.
#[derive(Clone, Debug)]
pub struct Choice {
    pub content: u128,
    /// Where it stands, for messages.
    pub place: String,
}

impl Decided {
    /// The decisions on rows, each held against the rows that were read.
    ///
    /// # Errors
    /// A decision on a row that is not there, or that no decision lets stand (usage).
    pub fn of(redrive: &Redrive, rows: &Rows) -> Result<Self> {
        let mut decided = FxHashMap::default();
        for stands in &redrive.stands {
            let key = (stands.log.parse()?, hash(stands.event_id.as_bytes()));
            decided.insert(key, Choice { content: stands.content()?, place: stands.place() });
        }
        let decided = Self(decided);
        let found = decided.rows(rows);
        redrive.stands.iter().try_for_each(|stands| can_stand(stands, rows, &found))?;
        Ok(decided)
    }

    /// The decision on an id.
    #[must_use]
    pub fn on(&self, id: &(Log, u128)) -> Option<&Choice> {
        self.0.get(id)
    }

    /// The ids that were decided on.
    pub(super) fn ids(&self) -> impl Iterator<Item = &(Log, u128)> {
        self.0.keys()
    }

    /// All rows of the ids that were decided on.
    fn rows(&self, rows: &Rows) -> FxHashMap<(Log, u128), Vec<u32>> {
        let mut found: FxHashMap<_, Vec<u32>> = FxHashMap::default();
        let all = if self.0.is_empty() { 0 } else { u32::try_from(rows.len()).unwrap_or(u32::MAX) };
        for row in 0..all {
            let key = (rows.records[row as usize].log, rows.id[row as usize]);
            if self.0.contains_key(&key) {
                found.entry(key).or_default().push(row);
            }
        }
        found
    }
}

/// A row that breaks the contract, or that staging leaves out, can't stand.
fn can_stand(stands: &Stands, rows: &Rows, found: &FxHashMap<(Log, u128), Vec<u32>>) -> Result<()> {
    let key = (stands.log.parse()?, hash(stands.event_id.as_bytes()));
    let (of_id, content) = (found.get(&key).map_or(&[][..], Vec::as_slice), stands.content()?);
    let Some(row) = of_id.iter().copied().find(|row| rows.content[*row as usize] == content) else {
        return Err(not_there(stands, rows, of_id));
    };
    let fault = rows.records[row as usize].fault.map(|reason| format!("{} at {}", reason.code(), rows.place(row)));
    let excluded = rows.records[row as usize].excluded.then(|| format!("left out by staging at {}", rows.place(row)));
    match fault.or(excluded) {
        None => Ok(()),
        Some(found) => Err(Error::usage("a decision lets a row stand that can't be rated")
            .at(stands.place())
            .expected("a row that keeps the contract")
            .found(found)
            .next("choose another row of this event, or have a sound one delivered")),
    }
}

fn not_there(stands: &Stands, rows: &Rows, of_id: &[u32]) -> Error {
    let mut hashes: Vec<String> = of_id.iter().map(|row| format!("{:032x}", rows.content[*row as usize])).collect();
    hashes.sort();
    hashes.dedup();
    let found = if hashes.is_empty() { "no row of this event".to_owned() } else { hashes.join(", ") };
    Error::usage("a decision names a row that is not there")
        .at(stands.place())
        .expected(format!("row {}", stands.row_hash))
        .found(found)
        .next("restore the row's file; or, while no close has used the decision, take it out of redrive.toml and decide anew")
}
