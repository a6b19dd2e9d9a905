//! The manifest of a run: what went in, what came out, and the hashes that hold both together.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::{Canonical, sha256};
use super::columns::TABLES;
use super::row::Tables;
use super::seal::{root, statements_root, table_hashes};
use crate::error::{Error, Result};

/// The form of manifests that this program writes.
pub const FORMAT: u32 = 1;

/// A run's manifest. As a file it is JSON with sorted keys, indented by two blanks, with a line feed at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Name and version, `everycent 0.1.0`.
    pub program: String,
    /// Version of the time zone data, `2026a`.
    pub tz_data: String,
    pub book: String,
    /// IANA name of the book's zone.
    pub zone: String,
    /// `2026-10`.
    pub period: String,
    /// The day that bounds event time, `2026-10-15`, that day excluded.
    pub as_of: Option<String>,
    /// Does a run stand in for the close of an earlier period?
    pub provisional: bool,
    /// Sorted by log, path, hash.
    pub inputs: Vec<InputFile>,
    pub policies: Vec<Named>,
    pub queries: Vec<Named>,
    pub references: Vec<Named>,
    /// The files of the cut-over, and the record that two people signed for; none where the book brings nothing over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cutover: Vec<Named>,
    pub config_sha256: String,
    pub secret_sha256: String,
    /// The close that this run stands on; none for a book's first period.
    pub opening: Option<Opening>,
    /// Bounds of the book that let gates pass.
    pub bounds: Vec<Value>,
    /// SHA-256 of every other file beside the tables, by its name in the run's folder: copies and `pins.json`.
    pub files: BTreeMap<String, String>,
    pub tables: BTreeMap<String, TableInfo>,
    /// Cumulative totals of `control`.
    pub control: Vec<ControlTotal>,
    /// Root of the hash tree over statements.
    pub statements_root: String,
    pub root: String,
    pub run_id: String,
}

/// A file of a log that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputFile {
    pub log: String,
    /// Relative to the log's root.
    pub path: String,
    pub sha256: String,
    pub bytes: u64,
    pub rows: u64,
    /// Order-free sum of the hashes of its canonical rows, 32 hexadecimal digits.
    pub fingerprint: String,
    /// The first close that read it; in a provisional manifest the period that stands in for one. No part of the run id.
    pub since: Option<String>,
}

/// A name and a SHA-256.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    pub name: String,
    pub sha256: String,
}

/// The close that a run stands on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    pub period: String,
    pub run_id: String,
    pub seal: String,
}

/// A table of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableInfo {
    pub rows: u64,
    /// SHA-256 of the Parquet file.
    pub file_sha256: String,
    /// The canonical-row hash ([`super::canonical::rows_sha256`]).
    pub rows_sha256: String,
}

/// Rows and signed amount of a fate, cumulative.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlTotal {
    pub log: String,
    pub currency: Option<String>,
    pub fate: String,
    pub reason: Option<String>,
    pub rows: i64,
    pub amount_minor: i64,
    pub unreadable: i64,
}

/// What a run recorded for later ones: `pins.json` in its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    pub rates: Vec<PinnedRate>,
    /// Of the book's first period: the balances that the system before handed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opening: Vec<OpeningBalance>,
    /// What the next settlement goes on from, after this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<CarriedAmount>,
}

/// An amount that a settlement hands to the next one (docs/ledger.md, "What settlements carry").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedAmount {
    /// `held`, `reserve`, `advance_granted`, `advance_recouped`, `recoupment_rest`, `withholding_rest`, `payers`.
    pub what: String,
    pub party_id: String,
    pub currency: String,
    /// Of what is held the program, of a reserve the period that kept it, of advances their id, of payers the country.
    pub detail: String,
    /// Of what is held the period of its release, of a reserve the day; none: it is not known yet.
    pub until: Option<String>,
    /// Minor units; rests are negative.
    pub amount_minor: i64,
}

/// A balance that the system before handed over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningBalance {
    /// The name of an account of the chart.
    pub account: String,
    pub party_id: String,
    pub currency: String,
    /// The period of the system before that booked it, `2025-11`.
    pub booked_period: String,
    /// Minor units; what the party is owed is positive, what it owes negative, on every account.
    pub amount_minor: i64,
}

/// A rate that a run used; the fields before `rate` are its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedRate {
    /// `2026-10`.
    pub earning_period: String,
    pub from: String,
    pub to: String,
    /// The day that the rule names, `2026-10-31`.
    pub fx_date: String,
    /// Is it the mean of the period's quotes?
    pub average: bool,
    /// Units of `to` for one unit of `from`, a reduced fraction; none where there was no rate.
    pub rate: Option<String>,
    /// The day of the quotes.
    pub table_date: Option<String>,
}

impl Manifest {
    /// The run id: SHA-256 of canonical bytes of what went in, and of nothing that came out.
    ///
    /// Text `everycent run 1`; list of program, time zone data, book, zone, period; as-of, which may be missing; for each
    /// input in the order of log, path, hash: list of those three; for policies, queries, references: list of name, hash,
    /// name, hash, …; list of the hashes of configuration and secret; list of period, run id and seal of the opening, or
    /// an empty one; list of the bounds, each as JSON with sorted keys; and, where the book brings something over, list
    /// of name, hash, name, hash, … of the cut-over.
    ///
    /// A file's path is part of it, because columns that say where a row stood follow it; the root does not.
    #[must_use]
    pub fn run_id_of(&self) -> String {
        let head = [&self.program, &self.tz_data, &self.book, &self.zone, &self.period];
        let mut bytes = Canonical::of("everycent run 1").texts(head.map(String::as_str)).maybe(self.as_of.as_deref());
        let mut inputs: Vec<_> = self.inputs.iter().map(|i| [i.log.as_str(), &i.path, &i.sha256]).collect();
        inputs.sort_unstable();
        for input in inputs {
            bytes = bytes.texts(input);
        }
        for list in [&self.policies, &self.queries, &self.references] {
            bytes = bytes.texts(list.iter().flat_map(|named| [named.name.as_str(), &named.sha256]));
        }
        let opening = self.opening.iter().flat_map(|o| [o.period.as_str(), &o.run_id, &o.seal]);
        let bounds: Vec<String> = self.bounds.iter().map(|bound| sorted(bound.clone()).to_string()).collect();
        bytes = bytes.texts([self.config_sha256.as_str(), &self.secret_sha256]).texts(opening);
        bytes = bytes.texts(bounds.iter().map(String::as_str));
        if !self.cutover.is_empty() {
            bytes = bytes.texts(self.cutover.iter().flat_map(|named| [named.name.as_str(), &named.sha256]));
        }
        bytes.sha256()
    }

    /// Adds what the tables say: rows and hashes, control totals, roots, and the run id. Hashes of files stay empty.
    ///
    /// # Errors
    /// Tables that are not sorted by unique keys (bug).
    pub fn complete(mut self, tables: &Tables, secret: &[u8]) -> Result<Self> {
        tables.check_keys()?;
        self.format = FORMAT;
        self.inputs.sort_unstable();
        self.tables.clear();
        for (name, rows_sha256) in table_hashes(tables)? {
            let rows = tables.rows(name)? as u64;
            self.tables.insert(name.to_owned(), TableInfo { rows, file_sha256: String::new(), rows_sha256 });
        }
        self.control = control_totals(tables);
        self.statements_root = statements_root(secret, &self.period, tables)?;
        self.root = self.root_of();
        self.run_id = self.run_id_of();
        Ok(self)
    }

    /// The root that its table hashes and its statements' root give.
    #[must_use]
    pub fn root_of(&self) -> String {
        let hash = |name| self.tables.get(name).map_or("", |table| table.rows_sha256.as_str());
        root(&self.period, TABLES.map(|name| (name, hash(name))), &self.statements_root)
    }

    /// The bytes of its file.
    ///
    /// # Errors
    /// None but for a bug.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        to_json(self)
    }

    /// The manifest of a file's bytes, held against itself: its form, its run id, its root.
    ///
    /// # Errors
    /// Not a manifest of this form, or one that contradicts itself (input).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let manifest: Self = from_json(bytes)?;
        let broken = |what: &str, expected: String, found: &str| {
            Error::input(format!("a manifest contradicts itself: {what}")).expected(expected).found(found)
        };
        if manifest.format != FORMAT {
            return Err(broken("its form", FORMAT.to_string(), &manifest.format.to_string()));
        }
        if manifest.run_id_of() != manifest.run_id {
            return Err(broken("its run id", manifest.run_id_of(), &manifest.run_id));
        }
        if manifest.root_of() != manifest.root {
            return Err(broken("its root", manifest.root_of(), &manifest.root));
        }
        Ok(manifest)
    }
}

/// The cumulative totals of `control`, in its order.
#[must_use]
pub fn control_totals(tables: &Tables) -> Vec<ControlTotal> {
    let total = |row: &super::row::Control| ControlTotal {
        log: row.log.to_owned(),
        currency: row.currency.clone(),
        fate: row.fate.to_owned(),
        reason: row.reason.clone(),
        rows: row.total_rows,
        amount_minor: row.total_amount_minor,
        unreadable: row.total_unreadable,
    };
    tables.control.iter().map(total).collect()
}

/// JSON with sorted keys, indented by two blanks, and a line feed at its end.
///
/// # Errors
/// None but for a bug.
pub fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let value = serde_json::to_value(value).map_err(|e| Error::bug(e.to_string()))?;
    let mut bytes = serde_json::to_vec_pretty(&sorted(value)).map_err(|e| Error::bug(e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// A value from bytes that [`to_json`] wrote, and from no others.
///
/// # Errors
/// The bytes are not what would be written for this value (input).
pub fn from_json<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let what = "a published file is not as it was written";
    let value: T = serde_json::from_slice(bytes).map_err(|e| Error::input(what).found(e.to_string()))?;
    let expected = to_json(&value)?;
    if expected == bytes {
        return Ok(value);
    }
    Err(Error::input(what)
        .expected(format!("JSON with sorted keys, SHA-256 {}", sha256(&expected)))
        .found(format!("SHA-256 {}", sha256(bytes))))
}

/// The same value with the keys of every object in order, however the JSON library keeps them.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        Value::Object(map) => {
            let map: BTreeMap<String, Value> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(map.into_iter().collect())
        }
        other => other,
    }
}
