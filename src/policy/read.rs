//! Policy files to validated types, with the places that checks of the whole need.

use super::model::{Late, Measure, MeasureEnd, Policies, PolicyFile, Program, Sql, Terms};
use super::source::{Faults, Place, Table, Value, parse};
use super::values::{self, MEASURED_LOGS};
use super::{program, terms};
use crate::period::day_text;

/// Longest version in characters.
pub const LONGEST_VERSION: usize = 40;
/// A hundred years of days.
const MOST_DAYS: i64 = 36_525;

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
    let root = Table::root(at, &root, "a policy file", &["program", "measure", "terms"], faults);
    for table in root.tables("program", "a program", &program::KEYS, faults) {
        drafts.programs.extend(program::program(&table, faults));
    }
    let known = ["name", "log", "where", "sum", "count", "days", "end", "late"];
    for table in root.tables("measure", "a measure", &known, faults) {
        drafts.measures.extend(measure(&table, faults));
    }
    for table in root.tables("terms", "terms", &terms::KEYS, faults) {
        drafts.terms.extend(terms::terms(&table, faults));
    }
}

/// Drafts in the order that does not depend on files.
pub fn sorted(files: Vec<PolicyFile>, drafts: Drafts) -> Policies {
    let mut programs: Vec<Program> = drafts.programs.into_iter().map(|d| d.item).collect();
    let mut measures: Vec<Measure> = drafts.measures.into_iter().map(|(m, _)| m).collect();
    let mut terms: Vec<Terms> = drafts.terms.into_iter().map(|d| d.item).collect();
    programs.sort_by(|a, b| (&a.name, a.valid_from).cmp(&(&b.name, b.valid_from)));
    measures.sort_by(|a, b| a.name.cmp(&b.name));
    terms.sort_by_key(|t| t.valid_from);
    Policies { programs, measures, terms, files }
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

fn measure(table: &Table<'_>, faults: &mut Faults) -> Option<(Measure, Place)> {
    let name = table.need("name", faults);
    let text = name.and_then(|v| values::name(v, faults));
    let log = table.need("log", faults).and_then(|v| values::log(v, &MEASURED_LOGS, faults));
    let condition = table.get("where").and_then(|v| values::sql(v, faults));
    let added = added(table, faults);
    let days = table.need("days", faults).and_then(|v| values::days(v, 1..=MOST_DAYS, faults));
    let end = table.need("end", faults).and_then(|v| values::choice(v, MeasureEnd::ALL, faults));
    let late = table.need("late", faults).and_then(|v| values::choice(v, Late::ALL, faults));
    let sum = match added? {
        Added::Sum(sql) => Some(sql),
        Added::Count => None,
    };
    let measure =
        Measure { name: text?, log: log?.name().to_owned(), condition, sum, days: days?, end: end?, late: late? };
    Some((measure, name?.place))
}

/// What a measure does with its rows.
enum Added {
    Sum(Sql),
    Count,
}

fn added(table: &Table<'_>, faults: &mut Faults) -> Option<Added> {
    let help = "write sum = \"…\" to add up, or count = true to count rows";
    match (table.get("sum"), table.get("count")) {
        (Some(sum), None) => values::sql(sum, faults).map(Added::Sum),
        (None, Some(count)) => {
            let counts = values::flag(count, faults)?;
            if !counts {
                faults.error(count.place, "a measure that does not count needs a sum", help);
            }
            counts.then_some(Added::Count)
        }
        (Some(_), Some(count)) => {
            faults.error(count.place, "a measure adds up or counts, not both", help);
            None
        }
        (None, None) => {
            faults.error(table.place, "a measure needs `sum` or `count`", help);
            None
        }
    }
}
