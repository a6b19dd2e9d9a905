//! `corrections.toml`: changes to what closed periods used, each signed for by two people.

use std::collections::BTreeSet;

use super::check::{Finding, error, finding};
use super::model::PolicyFile;
use super::pins::{Change, ChangeKey};
use super::read::LONGEST_VERSION;
use super::source::{Fault, Faults, Level, Place, Table, Value, parse};
use super::values;
use crate::book::same_name;
use crate::error::Result;
use crate::log::Log;
use crate::picture::nearest;

const FILE: &str = "corrections.toml";
const KEYS: [&str; 8] = ["program", "terms", "measure", "staging", "version", "reason", "requested_by", "approved_by"];
const LONGEST_REASON: usize = 500;
const LONGEST_PERSON: usize = 100;

/// What a correction is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// This version of a program.
    Program {
        name: String,
        version: String,
    },
    /// This version of the terms.
    Terms {
        version: String,
    },
    Measure(String),
    /// The staging query of a log.
    Staging(Log),
}

/// A change that may reach closed periods.
#[derive(Clone, Debug)]
pub struct Correction {
    pub target: Target,
    /// The version of the program or terms; of a measure or staging query, whatever its authors call it.
    pub version: Option<String>,
    pub reason: String,
    pub requested_by: String,
    pub approved_by: String,
    /// Where it stands in `corrections.toml`.
    place: Place,
}

/// All signed corrections of a book.
#[derive(Clone, Debug, Default)]
pub struct Corrections {
    pub list: Vec<Correction>,
    text: String,
}

impl Corrections {
    /// Reads `corrections.toml`.
    ///
    /// # Errors
    /// The first fault, with its place, a caret under it, and the way out (usage).
    pub fn read(text: &str) -> Result<Self> {
        let mut faults = Faults::default();
        let list = read(text, &mut faults);
        let mut faults = faults.0;
        faults.sort_by_key(|fault| fault.place);
        match faults.first() {
            None => Ok(Self { list, text: text.to_owned() }),
            Some(fault) => Err(error(&[PolicyFile { name: FILE.into(), text: text.to_owned() }], fault)),
        }
    }

    /// Has somebody signed for this change?
    #[must_use]
    pub fn allows(&self, change: &Change) -> bool {
        self.list.iter().any(|correction| correction.target.key().as_ref() == Some(&change.key))
    }

    /// Corrections of what is not among these: they allow nothing.
    #[must_use]
    pub fn unknown(&self, known: &BTreeSet<ChangeKey>) -> Vec<Finding> {
        let file = PolicyFile { name: FILE.into(), text: self.text.clone() };
        let all = self.list.iter().filter_map(|correction| Some((correction, correction.target.key()?)));
        let unknown = all.filter(|(_, key)| !known.contains(key)).map(|(correction, key)| Fault {
            level: Level::Warning,
            place: correction.place,
            message: format!("this corrects nothing: there is no {}", Change::from(key).what),
            help: correction.target.help(known),
        });
        unknown.map(|fault| finding(std::slice::from_ref(&file), &fault)).collect()
    }

    /// Has somebody signed for a changed staging query of this log?
    #[must_use]
    pub fn allows_staging(&self, log: &str) -> bool {
        self.list.iter().any(|correction| matches!(correction.target, Target::Staging(l) if l.name() == log))
    }
}

impl Target {
    /// What it is about, as changes are named; none for a staging query.
    fn key(&self) -> Option<ChangeKey> {
        match self.clone() {
            Self::Program { name, version } => Some(ChangeKey::Program { name, version }),
            Self::Terms { version } => Some(ChangeKey::Terms { version }),
            Self::Measure(name) => Some(ChangeKey::Measure { name }),
            Self::Staging(_) => None,
        }
    }

    /// The names that would be something: the versions of a known program, else names of its kind.
    fn help(&self, known: &BTreeSet<ChangeKey>) -> String {
        let of = |key: &ChangeKey| match (self, key) {
            (Self::Program { name, .. }, ChangeKey::Program { name: other, version }) if name == other => {
                Some(version.clone())
            }
            (Self::Terms { .. }, ChangeKey::Terms { version }) => Some(version.clone()),
            (Self::Measure(_), ChangeKey::Measure { name }) => Some(name.clone()),
            _ => None,
        };
        let program = |key: &ChangeKey| match key {
            ChangeKey::Program { name, .. } if matches!(self, Self::Program { .. }) => Some(name.clone()),
            _ => None,
        };
        let near: BTreeSet<String> = known.iter().filter_map(of).collect();
        let all: BTreeSet<String> = known.iter().filter_map(program).collect();
        let (word, names) = match self {
            Self::Program { name, .. } if near.is_empty() => (name.as_str(), all),
            Self::Program { version, .. } | Self::Terms { version } => (version.as_str(), near),
            Self::Measure(name) => (name.as_str(), near),
            Self::Staging(_) => ("", near),
        };
        if names.is_empty() { "leave it out".into() } else { nearest(word, names.iter().map(String::as_str)) }
    }
}

fn read(text: &str, faults: &mut Faults) -> Vec<Correction> {
    let Some(root) = parse(0, text, faults) else { return Vec::new() };
    let root = Table::root(0, &root, FILE, &["correction"], faults);
    let tables = root.tables("correction", "a correction", &KEYS, faults);
    tables.iter().filter_map(|table| correction(table, faults)).collect()
}

fn correction(table: &Table<'_>, faults: &mut Faults) -> Option<Correction> {
    let version = table.get("version").and_then(|v| values::line(v, LONGEST_VERSION, faults));
    let target = target(table, version.as_deref(), faults);
    let reason = table.need("reason", faults).and_then(|v| values::line(v, LONGEST_REASON, faults));
    let requested_by = table.need("requested_by", faults).and_then(|v| values::line(v, LONGEST_PERSON, faults));
    let approver = table.need("approved_by", faults);
    let approved_by = approver.and_then(|v| values::line(v, LONGEST_PERSON, faults));
    let (requested_by, approved_by) = (requested_by?, approved_by?);
    if same_name(&requested_by, &approved_by) {
        let message = "a correction needs two names, and these are one";
        faults.error(approver?.place, message, "let somebody else approve it");
    }
    Some(Correction { target: target?, version, reason: reason?, requested_by, approved_by, place: target_at(table) })
}

/// Where a correction says what it is about.
fn target_at(table: &Table<'_>) -> Place {
    let named = ["program", "terms", "measure", "staging"].into_iter().find_map(|key| table.get(key));
    named.map_or(table.place, |value| value.place)
}

fn target(table: &Table<'_>, version: Option<&str>, faults: &mut Faults) -> Option<Target> {
    let keys = ["program", "terms", "measure", "staging"];
    let mut named = keys.into_iter().filter_map(|key| Some((key, table.get(key)?)));
    let (Some((key, value)), None) = (named.next(), named.next()) else {
        let message = "a correction is about one of program, terms, measure, staging";
        faults.error(
            table.place,
            message,
            "add program = \"…\", or terms = true, or measure = \"…\", or staging = \"…\"",
        );
        return None;
    };
    match key {
        "measure" => values::name(value, faults).map(Target::Measure),
        "staging" => values::log(value, &Log::ALL, faults).map(Target::Staging),
        _ => versioned(table, value, version, faults),
    }
}

fn versioned(table: &Table<'_>, value: Value<'_>, version: Option<&str>, faults: &mut Faults) -> Option<Target> {
    table.need("version", faults);
    if table.get("program").is_some() {
        let name = values::name(value, faults)?;
        return Some(Target::Program { name, version: version?.to_owned() });
    }
    if !values::flag(value, faults)? {
        faults.error(value.place, "terms = false corrects nothing", "write terms = true, or name something else");
        return None;
    }
    Some(Target::Terms { version: version?.to_owned() })
}
