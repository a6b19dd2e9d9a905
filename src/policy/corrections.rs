//! `corrections.toml`: changes to what closed periods used, each signed for by two people.

use super::check::error;
use super::model::PolicyFile;
use super::pins::{Change, ChangeKey};
use super::read::LONGEST_VERSION;
use super::source::{Faults, Table, Value, parse};
use super::values;
use crate::book::same_name;
use crate::error::Result;
use crate::log::Log;

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
}

/// All signed corrections of a book.
#[derive(Clone, Debug, Default)]
pub struct Corrections {
    pub list: Vec<Correction>,
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
            None => Ok(Self { list }),
            Some(fault) => Err(error(&[PolicyFile { name: FILE.into(), text: text.to_owned() }], fault)),
        }
    }

    /// Has somebody signed for this change?
    #[must_use]
    pub fn allows(&self, change: &Change) -> bool {
        self.list.iter().any(|correction| covers(&correction.target, &change.key))
    }

    /// Has somebody signed for a changed staging query of this log?
    #[must_use]
    pub fn allows_staging(&self, log: &str) -> bool {
        self.list.iter().any(|correction| matches!(correction.target, Target::Staging(l) if l.name() == log))
    }
}

fn covers(target: &Target, key: &ChangeKey) -> bool {
    match (target, key) {
        (Target::Program { name, version }, ChangeKey::Program { name: changed, version: of }) => {
            name == changed && version == of
        }
        (Target::Terms { version }, ChangeKey::Terms { version: of }) => version == of,
        (Target::Measure(name), ChangeKey::Measure { name: changed }) => name == changed,
        _ => false,
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
    Some(Correction { target: target?, version, reason: reason?, requested_by, approved_by })
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
