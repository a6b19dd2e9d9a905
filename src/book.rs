//! A book: the folder that names logs, references, policies and ledger; `everycent.toml`, read strictly.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::log::Log;
use crate::money::{Currency, Exact};
use crate::period::{Period, Zone};

/// The file that makes a folder a book.
pub const BOOK_FILE: &str = "everycent.toml";

/// A validated book.
#[derive(Clone, Debug)]
pub struct Book {
    pub root: PathBuf,
    pub name: String,
    pub zone: Zone,
    pub first_period: Period,
    /// Days that a reversal waits for its charge.
    pub orphan_days: i32,
    pub logs: BTreeMap<Log, LogSource>,
    /// Path of each reference, the book's own among them, relative to the book.
    pub references: BTreeMap<String, String>,
    pub gates: Gates,
    pub bounds: Vec<Bound>,
    /// What the system before hands over, if the book does not begin from nothing.
    pub cutover: Option<CutoverFiles>,
    pub ledger: PathBuf,
    pub policies: PathBuf,
    pub queries: PathBuf,
    pub secret: Vec<u8>,
    /// Hash of the parsed form of `everycent.toml`, without the places where files lie.
    pub config_sha256: String,
}

/// Where a log lies and how it is read.
#[derive(Clone, Debug)]
pub struct LogSource {
    /// Folder or file, relative to the book.
    pub path: String,
    /// Extra canonical columns.
    pub attributes: Vec<String>,
    /// SQL over the raw columns that names a delivery; only for logs without ids.
    pub delivery_key: Option<String>,
    /// The days that must have rows.
    pub expected_days: Option<ExpectedDays>,
    /// The producer's own counts, a file relative to the book.
    pub control_totals: Option<String>,
    /// Most quarantined rows, as a share of the rows read since the last close.
    pub quarantined_rows: Exact,
    /// Most quarantined money, as a share of the money read, per currency.
    pub quarantined_amount: Exact,
}

/// The days that a log must have rows on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedDays {
    /// Mondays to Fridays alone.
    pub weekdays: bool,
    /// Days on which nothing is expected after all.
    pub quiet: BTreeSet<i32>,
}

/// Bounds that hold for the whole book.
#[derive(Clone, Debug)]
pub struct Gates {
    /// Most that a rate may differ from the quote before it.
    pub fx_change: Exact,
    /// Most that a changed reference may move closed periods by, as a share of what they booked.
    pub reference_correction: Exact,
}

/// A bound that lets one gate pass: with scope, reason, expiry and two names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    pub gate: String,
    pub scope: String,
    pub value: String,
    pub reason: String,
    pub expires: String,
    pub requested_by: String,
    pub approved_by: String,
}

/// What the system before hands over: who says so, and the files, relative to the book.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CutoverFiles {
    /// Its name, as statements show it.
    pub system: String,
    pub reason: String,
    pub requested_by: String,
    pub approved_by: String,
    /// Opening balances.
    pub balances: Option<String>,
    /// What counted towards tiers.
    pub volumes: Option<String>,
    /// Ids of events that it has paid.
    pub paid_ids: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    book: BookTable,
    #[serde(default)]
    log: BTreeMap<String, LogTable>,
    #[serde(default)]
    reference: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    own_reference: BTreeMap<String, String>,
    #[serde(default)]
    gates: GatesTable,
    #[serde(default)]
    bound: Vec<Bound>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cutover: Option<CutoverFiles>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct BookTable {
    name: String,
    zone: String,
    first_period: String,
    orphan_days: Option<i32>,
    secret: String,
    ledger: Option<String>,
    policies: Option<String>,
    queries: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LogTable {
    path: String,
    #[serde(default)]
    attributes: Vec<String>,
    delivery_key: Option<String>,
    max_quarantine: Option<MaxQuarantine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_days: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    quiet_days: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_totals: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct MaxQuarantine {
    rows: Option<String>,
    amount: Option<String>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct GatesTable {
    fx_change: Option<String>,
    reference_correction: Option<String>,
}

/// The references that a book may name.
pub const REFERENCES: [&str; 7] = ["creators", "parties", "agreements", "advances", "referrals", "pots", "fx_rates"];

impl Book {
    /// Opens the book in `dir`, or, without one, in the nearest folder upward that holds an `everycent.toml`.
    ///
    /// # Errors
    /// No such file, or anything in it that is unknown, missing or wrong (usage, with line and column).
    pub fn open(dir: Option<&Path>) -> Result<Self> {
        let root = match dir {
            Some(dir) => dir.to_path_buf(),
            None => nearest()?,
        };
        let path = root.join(BOOK_FILE);
        let text = std::fs::read_to_string(&path).map_err(|e| {
            Error::usage("no book here")
                .at(path.display().to_string())
                .expected("a readable everycent.toml")
                .found(e.to_string())
                .next("name the book with --book DIR, or make one with `everycent init DIR`")
        })?;
        Self::parse(&root, &text)
    }

    fn parse(root: &Path, text: &str) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|e| toml_error(&e, text, BOOK_FILE))?;
        let config_sha256 = hex::encode(Sha256::digest(canonical(&file)?));
        let table = &file.book;
        let folder = |given: &Option<String>, default: &str| root.join(given.as_deref().unwrap_or(default));
        Ok(Self {
            name: table.name.clone(),
            zone: Zone::named(&table.zone).map_err(|e| e.at("everycent.toml, [book] zone"))?,
            first_period: table.first_period.parse().map_err(|e: Error| e.at("everycent.toml, [book] first_period"))?,
            orphan_days: orphan_days(table.orphan_days)?,
            logs: logs(&file.log)?,
            references: references(&file.reference, &file.own_reference)?,
            gates: gates(&file.gates)?,
            bounds: bounds(&file.bound)?,
            cutover: file.cutover.as_ref().map(signed_for).transpose()?,
            ledger: folder(&table.ledger, "ledger"),
            policies: folder(&table.policies, "policies"),
            queries: folder(&table.queries, "queries"),
            secret: secret(root, &table.secret)?,
            root: root.to_path_buf(),
            config_sha256,
        })
    }

    /// The bound that lets `gate` pass for `scope` in `period`: the widest of those that have not expired.
    #[must_use]
    pub fn bound(&self, gate: &str, scope: &str, period: Period) -> Option<Exact> {
        let holds = |b: &&Bound| {
            b.gate == gate && b.scope == scope && b.expires.parse::<Period>().is_ok_and(|expires| period <= expires)
        };
        self.bounds.iter().filter(holds).filter_map(|b| Exact::parse(&b.value)).max()
    }
}

fn nearest() -> Result<PathBuf> {
    let here = std::env::current_dir()?;
    here.ancestors().find(|dir| dir.join(BOOK_FILE).is_file()).map(Path::to_path_buf).ok_or_else(|| {
        Error::usage("no book here")
            .expected("an everycent.toml in this folder or one above it")
            .next("name the book with --book DIR, or make one with `everycent init DIR`")
    })
}

fn canonical(file: &File) -> Result<Vec<u8>> {
    let mut value = serde_json::to_value(file).map_err(|e| Error::bug(e.to_string()))?;
    for key in ["ledger", "secret", "policies", "queries"] {
        if let Some(book) = value.get_mut("book").and_then(|b| b.as_object_mut()) {
            book.remove(key);
        }
    }
    serde_json::to_vec(&value).map_err(|e| Error::bug(e.to_string()))
}

/// A fault of a book's file that serde or TOML found, with its place and the nearest known key.
#[must_use]
pub fn toml_error(e: &toml::de::Error, text: &str, file: &str) -> Error {
    let at = e.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let error = Error::usage(e.message().lines().next().unwrap_or("unreadable").to_owned())
        .at(format!("{file}:{line}:{column}"));
    match nearest_known(e.message()) {
        Some(known) => error.next(format!("did you mean `{known}`?")),
        None => error.next("see docs/book.md for every key"),
    }
}

/// The known key nearest to the unknown one that serde's message quotes first.
fn nearest_known(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field ")?;
    let mut names = rest.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    names.min_by_key(|known| strsim::damerau_levenshtein(unknown, known)).map(str::to_owned)
}

fn orphan_days(given: Option<i32>) -> Result<i32> {
    let days = given.unwrap_or(90);
    if (0..=3660).contains(&days) {
        return Ok(days);
    }
    Err(Error::usage("orphan_days is out of range")
        .at("everycent.toml, [book]")
        .expected("0 to 3660")
        .found(days.to_string()))
}

fn percent(text: Option<&str>, default: &str, place: &str) -> Result<Exact> {
    share(text.unwrap_or(default)).map_err(|e| e.at(format!("{BOOK_FILE}, {place}")))
}

fn share(text: &str) -> Result<Exact> {
    Exact::parse(text)
        .filter(|value| !value.is_negative())
        .ok_or_else(|| Error::usage("not a share").expected("text such as \"1 %\"").found(text))
}

fn logs(tables: &BTreeMap<String, LogTable>) -> Result<BTreeMap<Log, LogSource>> {
    let mut logs = BTreeMap::new();
    for (name, table) in tables {
        let log: Log = name.parse().map_err(|e: Error| e.at(format!("everycent.toml, [log.{name}]")))?;
        let place = |key: &str| format!("[log.{name}] max_quarantine.{key}");
        let max = table.max_quarantine.as_ref();
        let source = LogSource {
            path: table.path.clone(),
            attributes: attributes(log, &table.attributes)?,
            delivery_key: table.delivery_key.clone(),
            expected_days: expected_days(table).map_err(|e| e.at(format!("everycent.toml, [log.{name}]")))?,
            control_totals: table.control_totals.clone(),
            quarantined_rows: percent(max.and_then(|m| m.rows.as_deref()), "1 %", &place("rows"))?,
            quarantined_amount: percent(max.and_then(|m| m.amount.as_deref()), "1 %", &place("amount"))?,
        };
        logs.insert(log, source);
    }
    if logs.is_empty() {
        return Err(Error::usage("the book names no log").at("everycent.toml").expected("at least one [log.NAME]"));
    }
    Ok(logs)
}

fn expected_days(table: &LogTable) -> Result<Option<ExpectedDays>> {
    let weekdays = match table.expected_days.as_deref() {
        None if table.quiet_days.is_empty() => return Ok(None),
        None => return Err(Error::usage("quiet_days says nothing without expected_days").expected("expected_days")),
        Some("all") => false,
        Some("weekdays") => true,
        Some(other) => {
            return Err(Error::usage("unknown expected_days").expected("\"all\" or \"weekdays\"").found(other));
        }
    };
    let day = |text: &String| {
        crate::period::parse_day(text)
            .ok_or_else(|| Error::usage("a quiet day is no day").expected("YYYY-MM-DD").found(text.clone()))
    };
    let quiet = table.quiet_days.iter().map(day).collect::<Result<_>>()?;
    Ok(Some(ExpectedDays { weekdays, quiet }))
}

fn attributes(log: Log, names: &[String]) -> Result<Vec<String>> {
    let taken = log.columns();
    match names.iter().find(|name| taken.iter().any(|c| c.name == name.as_str())) {
        None => Ok(names.to_vec()),
        Some(name) => Err(Error::usage("an attribute has the name of a column of the contract")
            .at(format!("everycent.toml, [log.{}] attributes", log.name()))
            .found(name)),
    }
}

fn references(given: &BTreeMap<String, String>, own: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    own_names(own)?;
    match given.keys().find(|name| !REFERENCES.contains(&name.as_str())) {
        None => Ok(given.iter().chain(own).map(|(name, path)| (name.clone(), path.clone())).collect()),
        Some(name) => Err(Error::usage("unknown reference")
            .at("everycent.toml, [reference]")
            .expected(REFERENCES.join(", "))
            .found(name)
            .next("a table that only staging queries join stands in [own_reference]")),
    }
}

/// A book's own references are tables of staging queries: their names are SQL names, and nobody else's.
fn own_names(own: &BTreeMap<String, String>) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let taken = |name: &str| name == "raw" || name.is_empty() || REFERENCES.contains(&name);
    match own.keys().find(|name| taken(name) || !name.chars().all(plain)) {
        None => Ok(()),
        Some(name) => Err(Error::usage("a reference of the book's own can't have this name")
            .at("everycent.toml, [own_reference]")
            .expected("a-z, 0-9 and _, and neither `raw` nor a reference of the contract")
            .found(name)),
    }
}

fn gates(table: &GatesTable) -> Result<Gates> {
    Ok(Gates {
        fx_change: percent(table.fx_change.as_deref(), "20 %", "[gates] fx_change")?,
        reference_correction: percent(table.reference_correction.as_deref(), "5 %", "[gates] reference_correction")?,
    })
}

/// The gates that a `[[bound]]` may name.
pub const GATES: [&str; 4] = ["quarantined_rows", "quarantined_amount", "fx_change", "reference_correction"];

fn bounds(given: &[Bound]) -> Result<Vec<Bound>> {
    given.iter().try_for_each(check_bound).map_err(|e| e.at(format!("{BOOK_FILE}, [[bound]]")))?;
    Ok(given.to_vec())
}

fn signed_for(cutover: &CutoverFiles) -> Result<CutoverFiles> {
    let fault = |what: &str, expected: &str, found: &str| {
        Error::usage(what).at("everycent.toml, [cutover]").expected(expected).found(found)
    };
    if same_name(&cutover.requested_by, &cutover.approved_by) {
        return Err(fault("a cut-over needs two names", "two different people", &cutover.approved_by));
    }
    for (key, text) in [("system", &cutover.system), ("reason", &cutover.reason)] {
        if text.trim().is_empty() {
            return Err(fault("a cut-over needs words for it", key, "nothing"));
        }
    }
    if [&cutover.balances, &cutover.volumes, &cutover.paid_ids].iter().all(|file| file.is_none()) {
        return Err(fault("a cut-over brings nothing over", "balances, volumes or paid_ids", "no file"));
    }
    Ok(cutover.clone())
}

/// Holds a bound to its rules: a known gate, a scope of that gate, a share, a period, and two different people.
///
/// # Errors
/// The first rule that it breaks (usage).
pub fn check_bound(bound: &Bound) -> Result<()> {
    let fault = |what: &str, expected: String, found: &str| Error::usage(what).expected(expected).found(found);
    if !GATES.contains(&bound.gate.as_str()) {
        return Err(fault("unknown gate", GATES.join(", "), &bound.gate));
    }
    if bound.gate.starts_with("quarantined_") {
        bound.scope.parse::<Log>()?;
    } else if Currency::parse(&bound.scope).is_none() {
        return Err(fault("a bound's scope is unknown", format!("a currency, for {}", bound.gate), &bound.scope));
    }
    if same_name(&bound.requested_by, &bound.approved_by) {
        return Err(fault("a bound needs two names", "two different people".into(), &bound.approved_by));
    }
    share(&bound.value)?;
    bound.expires.parse::<Period>().map(drop)
}

/// Are these one person: equal after trimming and Unicode case folding, or is one of them nobody?
#[must_use]
pub fn same_name(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim(), b.trim());
    a.is_empty() || b.is_empty() || unicase::UniCase::new(a) == unicase::UniCase::new(b)
}

fn secret(root: &Path, name: &str) -> Result<Vec<u8>> {
    let fault = |found: String| {
        Error::usage("the book's secret can't be used")
            .at(format!("everycent.toml, [book] secret = {name:?}"))
            .expected("a file of at least 16 bytes, kept from those who must not guess amounts")
            .found(found)
            .next("restore the file; statements of earlier periods can be proved with that secret alone")
    };
    let bytes = std::fs::read(root.join(name)).map_err(|e| fault(e.to_string()))?;
    if bytes.len() < 16 {
        return Err(fault(format!("{} bytes", bytes.len())));
    }
    Ok(bytes)
}
