//! Files that closed periods read must still be there, or be there cut anew: the same rows in other files.
//!
//! Each row keeps the close that learned of it first. Of most files that is one close, and the sums of their rows' hashes,
//! which manifests hold, are enough to know them again. Where files of several closes were joined, or new rows stand
//! beside theirs, the lists of rows say it that closes keep in the ledger's cache.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::{Error, Result};
use crate::intake::{Rows, SourceFile};
use crate::ledger::{InputFile, Learned, State, Store};
use crate::log::Log;
use crate::period::Period;

/// What closes learned of the rows of files that were cut anew, by the file's place in [`Rows`].
pub type CutAnew = BTreeMap<usize, Learned>;

/// Holds the files that are here against those that the last close read.
///
/// # Errors
/// A file is missing or changed (input).
pub fn cut_anew(store: &Store, state: &State, rows: &Rows) -> Result<CutAnew> {
    let mut found = CutAnew::new();
    for log in Log::ALL {
        let mut cut = Cut::of(state, rows, log)?;
        cut.pairs(&mut found);
        if !cut.gone.is_empty() && !cut.by_sums(&mut found) {
            cut.by_rows(store, &mut found)?;
        }
    }
    Ok(found)
}

/// The list of a file's rows for the ledger's cache: the first half of each one's hash, in their order.
#[must_use]
pub fn row_list(rows: &Rows, file: &SourceFile) -> Vec<u64> {
    hashes(rows, file).iter().map(|hash| half(*hash)).collect()
}

fn hashes<'a>(rows: &'a Rows, file: &SourceFile) -> &'a [u128] {
    let first = file.first as usize;
    &rows.content[first..first + usize::try_from(file.rows).unwrap_or(0)]
}

fn half(hash: u128) -> u64 {
    u64::try_from(hash >> 64).unwrap_or(0)
}

/// A file that the last close read and that is gone.
struct Gone<'a> {
    file: &'a InputFile,
    fingerprint: u128,
    learned: &'a Learned,
}

/// The files of one log, as far as they are not the same as at the last close.
struct Cut<'a> {
    log: Log,
    rows: &'a Rows,
    gone: Vec<Gone<'a>>,
    /// Those that the last close did not read, by place.
    fresh: Vec<usize>,
}

impl<'a> Cut<'a> {
    fn of(state: &'a State, rows: &'a Rows, log: Log) -> Result<Self> {
        let here = || rows.files.iter().enumerate().filter(|(_, file)| file.log == log);
        let hashes: FxHashSet<&str> = here().map(|(_, file)| file.sha256.as_str()).collect();
        let mut gone = Vec::new();
        for file in state.inputs().iter().filter(|file| file.log == log.name()) {
            if !hashes.contains(file.sha256.as_str()) {
                let learned = state.learned(log, &file.sha256);
                let learned = learned.ok_or_else(|| Error::bug("a file that a close read and knows nothing of"))?;
                gone.push(Gone { file, fingerprint: super::state::hash_of(&file.fingerprint)?, learned });
            }
        }
        let fresh = here().filter(|(_, file)| state.learned(log, &file.sha256).is_none()).map(|(at, _)| at).collect();
        Ok(Self { log, rows, gone, fresh })
    }

    /// Takes out files whose rows are those of one file that is here now: sorted or compressed anew.
    fn pairs(&mut self, found: &mut CutAnew) {
        let (rows, fresh) = (self.rows, &mut self.fresh);
        self.gone.retain(|gone| {
            let same = |at: &usize| {
                let file = &rows.files[*at];
                (file.rows, file.fingerprint) == (gone.file.rows, gone.fingerprint)
            };
            let (Some(since), Some(pair)) = (gone.learned.all(), fresh.iter().position(same)) else { return true };
            found.insert(fresh.remove(pair), Learned::at_once(Some(since), gone.file.rows));
            false
        });
    }

    /// Is all that is new in the log together all that is gone, and did one close learn of it?
    fn by_sums(&self, found: &mut CutAnew) -> bool {
        let first = self.gone.first().and_then(|gone| gone.learned.all());
        let one = first.filter(|first| self.gone.iter().all(|gone| gone.learned.all() == Some(*first)));
        let Some(since) = one.filter(|_| self.is_the_same()) else { return false };
        for at in &self.fresh {
            found.insert(*at, Learned::at_once(Some(since), self.rows.files[*at].rows));
        }
        true
    }

    fn is_the_same(&self) -> bool {
        let fresh = self.fresh.iter().map(|at| &self.rows.files[*at]);
        let fresh = fresh.fold((0, 0), |(n, sum), file| (n + file.rows, file.fingerprint.wrapping_add(sum)));
        (self.gone.iter().map(|gone| gone.file.rows).sum::<u64>(), self.sum_of_gone()) == fresh
    }

    fn sum_of_gone(&self) -> u128 {
        self.gone.iter().fold(0, |sum: u128, gone| sum.wrapping_add(gone.fingerprint))
    }

    /// Finds every row that is gone among the new ones. Of equal rows the earliest known stands first.
    fn by_rows(&self, store: &Store, found: &mut CutAnew) -> Result<()> {
        let mut known = self.known(store)?;
        known.sort_unstable();
        let first = |at: &usize| self.rows.files[*at].first as usize;
        let of = |at: &usize| hashes(self.rows, &self.rows.files[*at]).iter().zip(first(at)..);
        let mut fresh: Vec<_> = self.fresh.iter().flat_map(of).map(|(hash, row)| (half(*hash), row)).collect();
        fresh.sort_unstable();
        let matched = matched(&known, &fresh);
        let sum = matched.iter().fold(0, |sum: u128, (row, _)| sum.wrapping_add(self.rows.content[*row]));
        if matched.len() != known.len() || sum != self.sum_of_gone() {
            return Err(self.refused().next("restore them; what a close has read stays readable"));
        }
        for at in &self.fresh {
            let rows = first(at)..first(at) + hashes(self.rows, &self.rows.files[*at]).len();
            let learned = Learned::each(rows.map(|row| matched.get(&row).copied()));
            if learned.is_any() {
                found.insert(*at, learned);
            }
        }
        Ok(())
    }

    /// The rows that are gone, by their lists, each with the close that learned of it.
    fn known(&self, store: &Store) -> Result<Vec<(u64, Period)>> {
        let mut known = Vec::new();
        for gone in &self.gone {
            let list = store.kept_rows(&gone.file.log, &gone.file.sha256)?;
            let Some(list) = list.filter(|list| list.len() as u64 == gone.file.rows) else {
                let found = format!("ledger/cache/rows lacks the list of the rows of {}", gone.file.path);
                return Err(self.refused().found(found).next(
                    "restore the files, or the list from a copy of the ledger; or take away what is new in the log until \
                     what was cut anew is closed",
                ));
            };
            known.extend(list.into_iter().zip(gone.learned.rows()).filter_map(|(row, since)| Some((row, since?))));
        }
        Ok(known)
    }

    fn refused(&self) -> Error {
        let error = Error::input("a file that a closed period read is missing or changed");
        let error = error.found(format!("{} such files are gone", self.gone.len()));
        let Some(Gone { file, .. }) = self.gone.first() else { return error };
        error
            .at(format!("{} {}", self.log.name(), file.path))
            .expected(format!("a file with SHA-256 {}, or the same rows cut into other files", file.sha256))
    }
}

/// For rows that are here, the period of their equals among the known ones, one for one; both sorted.
fn matched(known: &[(u64, Period)], fresh: &[(u64, usize)]) -> FxHashMap<usize, Period> {
    let mut matched = FxHashMap::default();
    let mut known = known.iter().peekable();
    for (row, at) in fresh {
        while known.next_if(|(other, _)| other < row).is_some() {}
        if let Some((_, since)) = known.next_if(|(other, _)| other == row) {
            matched.insert(*at, *since);
        }
    }
    matched
}
