//! `redrive.toml`: what two people decided about quarantined rows and about gates; no decision edits data.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::book::{Bound, check_bound, same_name, toml_error};
use crate::error::{Error, Result};
use crate::log::Log;

/// The file of a book that holds its decisions, beside `everycent.toml`.
pub const REDRIVE_FILE: &str = "redrive.toml";

const HEAD: &str = "# Decisions on quarantined rows and gates, each by two people (docs/book.md).\n\
                    # `everycent quarantine redrive` appends to it; what a close has used stays as it is.\n";
const LONGEST: usize = 500;

/// Of a conflict's rows, the one that stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stands {
    pub log: String,
    pub event_id: String,
    /// Hash of the canonical row, as in the table `quarantine`.
    pub row_hash: String,
    pub reason: String,
    pub requested_by: String,
    pub approved_by: String,
}

/// All decisions of a book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Redrive {
    #[serde(default)]
    pub stands: Vec<Stands>,
    /// Bounds that let a gate pass, as a `[[bound]]` of the book does.
    #[serde(default)]
    pub waived: Vec<Bound>,
    /// The file that they stand in; empty where there is none.
    #[serde(skip)]
    pub text: String,
}

impl Redrive {
    /// The decisions of the book in `root`; none where it has no such file.
    ///
    /// # Errors
    /// The file can't be read, or breaks its rules (usage).
    pub fn of_book(root: &Path) -> Result<Self> {
        let path = root.join(REDRIVE_FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(&path)
            .map_err(|e| Error::usage("the decisions can't be read").at(REDRIVE_FILE).found(e.to_string()))?;
        Self::parse(&text)
    }

    /// Reads decisions, and holds each to its rules.
    ///
    /// # Errors
    /// An unknown key, a bad value, one person for two, or two decisions on one id (usage).
    pub fn parse(text: &str) -> Result<Self> {
        let mut redrive: Self = toml::from_str(text).map_err(|e| toml_error(&e, text, REDRIVE_FILE))?;
        for (at, stands) in redrive.stands.iter().enumerate() {
            check(stands).and_then(|()| once(&redrive.stands[..at], stands)).map_err(|e| e.at(stands.place()))?;
        }
        for waived in &redrive.waived {
            check_bound(waived).and_then(|()| said(&waived.reason)).map_err(|e| e.at(place_of(waived)))?;
        }
        text.clone_into(&mut redrive.text);
        Ok(redrive)
    }

    /// With one more decision at the end of the file; nothing is written.
    ///
    /// # Errors
    /// As [`Redrive::parse`].
    pub fn with(&self, block: &str) -> Result<Self> {
        let head = if self.text.is_empty() { HEAD } else { &self.text };
        let gap = if head.ends_with('\n') { "\n" } else { "\n\n" };
        Self::parse(&format!("{head}{gap}{block}"))
    }

    /// Puts the file into the book whole: it is written aside, brought to the disk, and renamed.
    ///
    /// # Errors
    /// The disk refuses (resources).
    pub fn put(&self, root: &Path) -> Result<()> {
        let aside = root.join(format!(".{REDRIVE_FILE}.new"));
        let mut file = fs::File::create(&aside)?;
        file.write_all(self.text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&aside, root.join(REDRIVE_FILE))?;
        Ok(())
    }

    /// Holds these decisions against those that a close kept: each of them must still be here, as it was.
    ///
    /// # Errors
    /// One was changed or removed (usage).
    pub fn continues(&self, kept: &Self) -> Result<()> {
        let stands = kept.stands.iter().find(|s| !self.stands.contains(s)).map(Stands::place);
        let waived = || kept.waived.iter().find(|w| !self.waived.contains(w)).map(place_of);
        match stands.or_else(waived) {
            None => Ok(()),
            Some(place) => Err(Error::usage("a decision that a closed period used was changed or removed")
                .at(place)
                .expected("the decision as the last close kept it, in redrive/redrive.toml of its run")
                .next("put it back from that copy; decide anew only about ids that no close has rated")),
        }
    }
}

impl Stands {
    /// Where it stands, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{REDRIVE_FILE}, [[stands]] {} {}", self.log, self.event_id)
    }

    /// The number that [`Stands::row_hash`] is the text of.
    ///
    /// # Errors
    /// It is none (usage).
    pub fn content(&self) -> Result<u128> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let whole = self.row_hash.len() == 32 && self.row_hash.bytes().all(digit);
        u128::from_str_radix(&self.row_hash, 16).ok().filter(|_| whole).ok_or_else(|| {
            Error::usage("a row's hash is 32 lower-case hexadecimal digits")
                .at(self.place())
                .found(self.row_hash.clone())
                .next("take it from `everycent quarantine list --rows`")
        })
    }

    /// As it stands in the file.
    #[must_use]
    pub fn toml(&self) -> String {
        let pairs = [
            ("log", &self.log),
            ("event_id", &self.event_id),
            ("row_hash", &self.row_hash),
            ("reason", &self.reason),
            ("requested_by", &self.requested_by),
            ("approved_by", &self.approved_by),
        ];
        table("stands", &pairs)
    }
}

/// A waived bound as it stands in the file.
#[must_use]
pub fn waived_toml(bound: &Bound) -> String {
    let pairs = [
        ("gate", &bound.gate),
        ("scope", &bound.scope),
        ("value", &bound.value),
        ("expires", &bound.expires),
        ("reason", &bound.reason),
        ("requested_by", &bound.requested_by),
        ("approved_by", &bound.approved_by),
    ];
    table("waived", &pairs)
}

fn place_of(waived: &Bound) -> String {
    format!("{REDRIVE_FILE}, [[waived]] {} {}", waived.gate, waived.scope)
}

fn check(stands: &Stands) -> Result<()> {
    stands.log.parse::<Log>()?;
    stands.content()?;
    if stands.event_id.is_empty() {
        return Err(Error::usage("a decision names no event"));
    }
    if same_name(&stands.requested_by, &stands.approved_by) {
        return Err(Error::usage("a decision needs two names")
            .expected("two different people")
            .found(stands.approved_by.clone()));
    }
    said(&stands.reason)
}

fn said(reason: &str) -> Result<()> {
    if !reason.trim().is_empty() && reason.chars().count() <= LONGEST {
        return Ok(());
    }
    Err(Error::usage("a decision needs a reason").expected(format!("1 to {LONGEST} characters")).found(reason))
}

fn once(before: &[Stands], stands: &Stands) -> Result<()> {
    match before.iter().find(|other| (&other.log, &other.event_id) == (&stands.log, &stands.event_id)) {
        None => Ok(()),
        Some(other) => Err(Error::usage("one event is decided twice")
            .expected("one [[stands]] for a log and event")
            .found(format!("row {}, decided by {} and {}", other.row_hash, other.requested_by, other.approved_by))
            .next("a decision that no close has used may be taken out of the file; one that a close has used stays")),
    }
}

fn table(name: &str, pairs: &[(&str, &String)]) -> String {
    let lines = pairs.iter().map(|(key, value)| format!("{key} = {}\n", quoted(value)));
    format!("[[{name}]]\n{}", lines.collect::<String>())
}

/// Text as a basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted += &format!("\\U{:08X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
