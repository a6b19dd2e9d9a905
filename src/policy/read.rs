//! Policy files to validated types, with the places that checks of the whole need.

use super::model::{Enrolment, Measure, Policies, PolicyFile, Program, Terms, Unit};
use super::source::{Faults, Place, Table, Value, parse};
use super::values;
use super::{measure, program, terms, unit};
use crate::period::day_text;

/// Longest version in characters.
pub const LONGEST_VERSION: usize = 40;

/// Something with a version, and how it is called in messages.
pub struct Dated<T> {
    pub item: T,
    /// `program live_subs`, or `terms`.
    pub label: String,
    pub validity: Validity,
}

/// When a version is in force, and where the file says so.
pub struct Validity {
    pub version: String,
    pub version_at: Place,
    pub from: i32,
    pub from_at: Place,
    pub to: Option<i32>,
}

/// What all files say, as far as it can be read.
#[derive(Default)]
pub struct Drafts {
    pub programs: Vec<Dated<Program>>,
    /// With the places of their names.
    pub measures: Vec<(Measure, Place)>,
    /// With the places of their names, and of the names of what they look at.
    pub enrolments: Vec<(Enrolment, Place, Place)>,
    /// With the places of their names.
    pub units: Vec<(Unit, Place)>,
    /// Names of measures and of units, those among them that can't be read.
    pub measure_names: Vec<String>,
    pub unit_names: Vec<String>,
    pub terms: Vec<Dated<Terms>>,
}

/// Sorts files by name and reads them all.
pub fn files(mut files: Vec<(String, String)>, faults: &mut Faults) -> (Vec<PolicyFile>, Drafts) {
    files.sort();
    let files: Vec<PolicyFile> = files.into_iter().map(|(name, text)| PolicyFile { name, text }).collect();
    let mut drafts = Drafts::default();
    for (at, file) in files.iter().enumerate() {
        read_file(at, &file.text, &mut drafts, faults);
    }
    (files, drafts)
}

fn read_file(at: usize, text: &str, drafts: &mut Drafts, faults: &mut Faults) {
    let Some(root) = parse(at, text, faults) else { return };
    let root = Table::root(at, &root, "a policy file", &["program", "measure", "terms", "unit"], faults);
    for table in root.tables("program", "a program", &program::KEYS, faults) {
        drafts.programs.extend(program::program(&table, faults));
    }
    for table in root.tables("measure", "a measure", &measure::KEYS, faults) {
        drafts.measure_names.extend(named(&table));
        match table.get("of") {
            None => drafts.measures.extend(measure::measure(&table, faults)),
            Some(of) => drafts.enrolments.extend(measure::enrolment(&table, of, faults)),
        }
    }
    for table in root.tables("unit", "a unit", &unit::KEYS, faults) {
        drafts.unit_names.extend(named(&table));
        drafts.units.extend(unit::unit(&table, faults));
    }
    for table in root.tables("terms", "terms", &terms::KEYS, faults) {
        drafts.terms.extend(terms::terms(&table, faults));
    }
}

fn named(table: &Table<'_>) -> Option<String> {
    table.get("name").and_then(|name| name.inner.as_str()).map(str::to_owned)
}

/// Drafts in the order that does not depend on files.
pub fn sorted(files: Vec<PolicyFile>, drafts: Drafts) -> Policies {
    let mut programs: Vec<Program> = drafts.programs.into_iter().map(|d| d.item).collect();
    let mut measures: Vec<Measure> = drafts.measures.into_iter().map(|(m, _)| m).collect();
    let mut enrolments: Vec<Enrolment> = drafts.enrolments.into_iter().map(|(e, _, _)| e).collect();
    let mut units: Vec<Unit> = drafts.units.into_iter().map(|(u, _)| u).collect();
    let mut terms: Vec<Terms> = drafts.terms.into_iter().map(|d| d.item).collect();
    programs.sort_by(|a, b| (&a.name, a.valid_from).cmp(&(&b.name, b.valid_from)));
    measures.sort_by(|a, b| a.name.cmp(&b.name));
    enrolments.sort_by(|a, b| a.name.cmp(&b.name));
    units.sort_by(|a, b| a.name.cmp(&b.name));
    terms.sort_by_key(|t| t.valid_from);
    Policies { programs, measures, enrolments, units, terms, files }
}

/// Version and days of a program or of terms.
pub fn validity(table: &Table<'_>, faults: &mut Faults) -> Option<Validity> {
    let version = table.need("version", faults);
    let text = version.and_then(|v| values::line(v, LONGEST_VERSION, faults));
    let from = table.need("valid_from", faults);
    let first = from.and_then(|v| values::day(v, faults));
    let to = table.get("valid_to").map(|v| (v, values::day(v, faults)));
    let (version, text, from, first) = (version?, text?, from?, first?);
    let to = match to {
        None => None,
        Some((value, end)) => Some(end_after(first, end?, value, faults)?),
    };
    Some(Validity { version: text, version_at: version.place, from: first, from_at: from.place, to })
}

fn end_after(first: i32, end: i32, value: Value<'_>, faults: &mut Faults) -> Option<i32> {
    if end > first {
        return Some(end);
    }
    let message = format!("valid_to is the first day that is out again, and must lie after {}", day_text(first));
    faults.error(value.place, message, "name a later day, or leave valid_to out");
    None
}

/// Notes names that stand twice in a list.
pub fn unique(tables: &[Table<'_>], key: &str, what: &str, faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for value in tables.iter().filter_map(|table| table.get(key)) {
        let Some(name) = value.inner.as_str() else { continue };
        if seen.contains(&name) {
            faults.error(value.place, format!("the {what} {name} stands here twice"), "give it another name");
        }
        seen.push(name);
    }
}
