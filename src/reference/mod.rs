//! References: creators, parties, agreements, advances, referrals, pots and rates, read as of the start of the earning
//! day.

mod advances;
mod agreements;
mod creators;
mod parties;
mod pots;
mod rates;
mod referrals;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use advances::{Advance, Advances, From};
pub use agreements::{Agreement, Agreements, Share, not_whole};
use arrow::array::RecordBatch;
pub use creators::{Creator, Creators};
pub use parties::{Parties, Party};
pub use pots::{PotKey, Pots};
pub use rates::RateList;
pub use referrals::{Referral, ReferralBasis, Referrals};
pub use table::{Row, Table};

use crate::book::{Book, REFERENCES};
use crate::error::{Error, Result};
use crate::money::FxTable;
use crate::query::Engine;

/// All references of a book, as read from bytes that a close keeps copies of.
#[derive(Clone, Debug)]
pub struct References {
    pub creators: Creators,
    pub parties: Parties,
    pub agreements: Agreements,
    pub pots: Pots,
    pub advances: Advances,
    pub referrals: Referrals,
    pub fx: FxTable,
    /// File name (`creators.csv`) and bytes of each.
    pub files: Vec<(String, Vec<u8>)>,
    /// As tables for staging queries.
    pub tables: Vec<(String, RecordBatch)>,
}

impl References {
    /// Reads the references that a book names; a file with other columns through `queries/references/<name>.sql`.
    ///
    /// # Errors
    /// A file is missing or breaks its contract (input); a query fails (usage).
    pub fn read(engine: Engine, book: &Book) -> Result<Self> {
        let files = book.references.keys().map(|name| reference_file(engine, book, name)).collect::<Result<_>>()?;
        Self::from_files(files)
    }

    /// Reads references from the copies in a closed run.
    ///
    /// # Errors
    /// As [`References::read`].
    pub fn from_files(mut files: Vec<(String, Vec<u8>)>) -> Result<Self> {
        files.sort();
        let table = |wanted: &str| -> Result<Option<Table>> {
            let file = files.iter().find(|(name, _)| stem(name) == wanted);
            file.map(|(name, bytes)| Table::read(name, bytes)).transpose()
        };
        let fx = match files.iter().find(|(name, _)| stem(name) == "fx_rates") {
            None => FxTable::empty(),
            Some((name, bytes)) => FxTable::read(bytes, name)?,
        };
        let (creators, (parties, agreements)) =
            rayon::join(|| table("creators"), || rayon::join(|| table("parties"), || table("agreements")));
        let (creators, parties, agreements) = (creators?, parties?, agreements?);
        let (advances, referrals) = (table("advances")?, table("referrals")?);
        let mut tables = Vec::new();
        for (name, table) in [
            ("creators", &creators),
            ("parties", &parties),
            ("agreements", &agreements),
            ("advances", &advances),
            ("referrals", &referrals),
        ] {
            if let Some(table) = table {
                tables.push((name.to_owned(), table.batch()?));
            }
        }
        for (name, bytes) in files.iter().filter(|(name, _)| !REFERENCES.contains(&stem(name))) {
            tables.push((stem(name).to_owned(), Table::read(name, bytes)?.batch()?));
        }
        let (parties, (creators, agreements)) = rayon::join(
            || Parties::read(parties.as_ref()),
            || rayon::join(|| Creators::read(creators.as_ref()), || Agreements::read(agreements.as_ref())),
        );
        let (parties, creators, agreements) = (parties?, creators?, agreements?);
        Ok(Self {
            creators,
            agreements,
            pots: Pots::read(table("pots")?.as_ref())?,
            advances: Advances::read(advances.as_ref(), &parties)?,
            referrals: Referrals::read(referrals.as_ref(), &parties)?,
            parties,
            fx,
            tables,
            files,
        })
    }
}

impl References {
    /// Rates of one of the book's own references, by creator and the column `by`.
    ///
    /// # Errors
    /// The book has no such reference (usage); as [`RateList::read`].
    pub fn rate_list(&self, name: &str, by: &str) -> Result<RateList> {
        let own = |(file, _): &&(String, Vec<u8>)| stem(file) == name && !REFERENCES.contains(&name);
        let (file, bytes) = self.files.iter().find(own).ok_or_else(|| {
            Error::usage(format!("a share is locked by the reference {name}, which the book does not have"))
                .at("everycent.toml, [own_reference]")
                .expected(format!("{name} = \"…\", with the columns creator_id, {by}, rate, valid_from, valid_to"))
                .next("name the file there, or take the locked rates out of the policy")
        })?;
        RateList::read(&Table::read(file, bytes)?, by)
    }
}

/// A reference of a book as it is hashed, copied and read: its name with the ending, and its bytes.
///
/// # Errors
/// As [`References::read`].
pub fn reference_file(engine: Engine, book: &Book, name: &str) -> Result<(String, Vec<u8>)> {
    let path = book.references.get(name).ok_or_else(|| Error::bug(format!("the book has no reference {name}")))?;
    let bytes = std::fs::read(book.root.join(path)).map_err(|e| {
        Error::input("a reference can't be read")
            .at(path.clone())
            .expected(format!("the reference {name}"))
            .found(e.to_string())
            .next("restore it, or correct [reference] in everycent.toml")
    })?;
    let ending = Path::new(path).extension().map_or("csv".into(), |e| e.to_string_lossy().into_owned());
    let query = reference_query(book, name);
    Ok(match query.is_file() {
        true => (format!("{name}.csv"), mapped(engine, name, &query, &format!("{name}.{ending}"), &bytes)?),
        false => (format!("{name}.{ending}"), bytes),
    })
}

/// Where the query of a reference with other columns would stand.
#[must_use]
pub fn reference_query(book: &Book, name: &str) -> PathBuf {
    book.queries.join(format!("references/{name}.sql"))
}

/// A file's rows under the reference's own columns, as CSV: what is hashed, copied and read is the query's answer.
fn mapped(engine: Engine, name: &str, query: &Path, file: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let shown = format!("queries/references/{name}.sql");
    let sql = std::fs::read_to_string(query)
        .map_err(|e| Error::usage("the query of a reference can't be read").at(shown.clone()).found(e.to_string()))?;
    let (columns, rows) = engine.map_reference(&shown, &sql, Table::read(file, bytes)?.batch()?)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let bug = |e: csv::Error| Error::bug(e.to_string());
    writer.write_record(&columns).map_err(bug)?;
    for row in &rows {
        writer.write_record(row).map_err(bug)?;
    }
    writer.into_inner().map_err(|e| Error::bug(e.to_string()))
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The version in force on a day, of versions sorted by their first day; none overlap.
fn as_of<T>(versions: &[T], day: i32, span: impl Fn(&T) -> (i32, Option<i32>)) -> Option<&T> {
    let after = versions.partition_point(|v| span(v).0 <= day);
    versions[..after].last().filter(|v| span(v).1.is_none_or(|to| day < to))
}

/// Sorts versions of each key and refuses overlaps.
fn without_overlaps<T>(
    name: &str,
    versions: &mut BTreeMap<String, Vec<T>>,
    span: impl Fn(&T) -> (i32, Option<i32>),
) -> Result<()> {
    for (key, list) in versions.iter_mut() {
        list.sort_by_key(|v| span(v).0);
        let clash = list.windows(2).find(|pair| span(&pair[0]).1.is_none_or(|to| to > span(&pair[1]).0));
        if let Some(pair) = clash {
            return Err(overlap(name, key, span(&pair[1]).0));
        }
    }
    Ok(())
}

fn overlap(name: &str, key: &str, from: i32) -> Error {
    Error::input("two rows of a reference overlap in time")
        .at(format!("{name}, {key}, from {}", crate::period::day_text(from)))
        .expected("valid_to (first day that it no longer holds) at or before the next row's valid_from")
        .next("end the earlier row on the day that the later one begins")
}
