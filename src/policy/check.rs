//! The linter: every fault of all policy files, those of the whole among them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::closed;
use super::lint;
use super::model::{MeasureEnd, Policies, PolicyFile, Span, Sql};
use super::picture;
use super::pots;
use super::read::{self, Drafts, Validity};
use super::source::{Fault, Faults, Level, Place};
use crate::error::{Error, Result};
use crate::log::Log;
use crate::period::day_text;
use crate::picture::nearest;

/// The creator's columns that a condition may name; a measure can't have such a name.
pub const CREATOR_COLUMNS: [&str; 6] = ["age", "followers", "country", "status", "birth_date", "earning_day"];

/// Something that is wrong with a policy, drawn for its reader.
#[derive(Clone, Debug)]
pub struct Finding {
    pub level: Level,
    /// `file:line:column`.
    pub place: String,
    pub message: String,
    /// The way out.
    pub help: String,
    /// All of it with the source line and a caret.
    pub picture: String,
}

/// Every finding in these files (relative name and text), by file, line and column; none is an error exactly where
/// [`Policies::read`] succeeds.
#[must_use]
pub fn check(files: &[(String, String)]) -> Vec<Finding> {
    let (files, _, faults) = read_all(files.to_vec());
    faults.iter().map(|fault| finding(&files, fault)).collect()
}

impl Policies {
    /// Reads policy files: relative name and text; names and order of the files say nothing.
    ///
    /// # Errors
    /// The first fault, with its place, a caret under it, and the way out (usage).
    pub fn read(files: Vec<(String, String)>) -> Result<Self> {
        let (files, drafts, faults) = read_all(files);
        match faults.iter().find(|fault| fault.level == Level::Error) {
            None => Ok(read::sorted(files, drafts)),
            Some(fault) => Err(error(&files, fault)),
        }
    }
}

/// Reads files; faults are sorted by place.
fn read_all(given: Vec<(String, String)>) -> (Vec<PolicyFile>, Drafts, Vec<Fault>) {
    let mut faults = Faults::default();
    let (files, drafts) = read::files(given, &mut faults);
    check_whole(&drafts, &mut faults);
    closed::check(&files, &drafts, &mut faults);
    let mut faults = faults.0;
    faults.sort_by(|a, b| (a.place, a.level, &a.message).cmp(&(b.place, b.level, &b.message)));
    (files, drafts, faults)
}

/// A fault of these files, drawn.
pub fn finding(files: &[PolicyFile], fault: &Fault) -> Finding {
    let file = &files[fault.place.file];
    Finding {
        level: fault.level,
        place: picture::place_text(file, fault.place),
        message: fault.message.clone(),
        help: fault.help.clone(),
        picture: picture::full(file, fault),
    }
}

impl Policies {
    /// A finding about an expression, or a part of it (`span`, bytes of the SQL).
    #[must_use]
    pub fn finding(
        &self,
        sql: &Sql,
        span: Option<Range<usize>>,
        level: Level,
        message: String,
        help: String,
    ) -> Finding {
        let place = span.map_or(sql.place, |span| closed::place(&self.files, sql, span.start, span.end));
        finding(&self.files, &Fault { level, place, message, help })
    }

    /// A finding about a version of a program.
    #[must_use]
    pub fn finding_at(&self, place: Place, level: Level, message: String, help: String) -> Finding {
        finding(&self.files, &Fault { level, place, message, help })
    }
}

/// A fault as the error of who reads the file.
pub fn error(files: &[PolicyFile], fault: &Fault) -> Error {
    let file = &files[fault.place.file];
    Error::usage(fault.message.clone())
        .at(picture::place_text(file, fault.place))
        .picture(picture::snippet(file, fault.place))
        .next(fault.help.clone())
}

/// The first error among faults of these files, for other files that are read as policies are.
#[must_use]
pub fn first_error(files: &[PolicyFile], faults: Faults) -> Option<Error> {
    let mut faults = faults.0;
    faults.sort_by(|a, b| (a.place, a.level, &a.message).cmp(&(b.place, b.level, &b.message)));
    faults.iter().find(|fault| fault.level == Level::Error).map(|fault| error(files, fault))
}

/// What only shows when all files are read.
fn check_whole(drafts: &Drafts, faults: &mut Faults) {
    let mut timelines: BTreeMap<&str, Vec<&Validity>> = BTreeMap::new();
    for program in &drafts.programs {
        timelines.entry(&program.label).or_default().push(&program.validity);
    }
    for terms in &drafts.terms {
        timelines.entry(&terms.label).or_default().push(&terms.validity);
    }
    for (label, mut versions) in timelines {
        refuse_twice(label, &versions, faults);
        versions.sort_by_key(|v| (v.from, v.from_at));
        check_timeline(label, &versions, faults);
    }
    check_measures(drafts, faults);
    pots::check(drafts, faults);
    lint::whole(drafts, faults);
    check_units(drafts, faults);
    let programs = drafts.programs.len();
    if let Some(last) = drafts.programs.last().filter(|_| programs > MOST_PROGRAMS) {
        let message = format!("{programs} program versions: at most {MOST_PROGRAMS} are counted");
        faults.error(last.validity.version_at, message, "split the book");
    }
}

/// Programs are numbered in 16 bits.
const MOST_PROGRAMS: usize = 65_000;

/// A version's name stands once, in the order of the files.
fn refuse_twice(label: &str, versions: &[&Validity], faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for version in versions {
        if seen.contains(&version.version.as_str()) {
            let message = format!("{label} has version {} twice", version.version);
            faults.error(version.version_at, message, "give one of them another version");
        }
        seen.push(&version.version);
    }
}

/// Versions, by first day: none overlap, and where none is in force between two, a warning says so.
fn check_timeline(label: &str, versions: &[&Validity], faults: &mut Faults) {
    let Some((first, later)) = versions.split_first() else { return };
    let mut longest = *first;
    for version in later {
        let end = longest.to.unwrap_or(i32::MAX);
        if version.from < end {
            overlap(label, longest, version, faults);
        } else if version.from > end {
            gap(label, end, version, faults);
        }
        if version.to.unwrap_or(i32::MAX) > end {
            longest = version;
        }
    }
}

fn overlap(label: &str, earlier: &Validity, later: &Validity, faults: &mut Faults) {
    let day = day_text(later.from);
    let message = format!("{label}: versions {} and {} are both in force on {day}", earlier.version, later.version);
    let help = if earlier.from < later.from {
        format!("end version {} with valid_to = {day}", earlier.version)
    } else {
        "let one of them begin on another day".into()
    };
    faults.error(later.from_at, message, help);
}

fn gap(label: &str, end: i32, later: &Validity, faults: &mut Faults) {
    let message = format!("{label}: no version is in force from {} up to {}", day_text(end), day_text(later.from));
    let help = format!("if that is not meant, begin with valid_from = {}", day_text(end));
    faults.warning(later.from_at, message, help);
}

/// A measure's name is one column of every condition, so it stands once, and is no other column.
fn check_measures(drafts: &Drafts, faults: &mut Faults) {
    let measures = drafts.measures.iter().map(|(m, place)| (&m.name, *place));
    let enrolments = drafts.enrolments.iter().map(|(e, place, _)| (&e.name, *place));
    let mut seen: Vec<&str> = Vec::new();
    for (name, place) in measures.chain(enrolments) {
        refuse_column(name, place, faults);
        if seen.contains(&name.as_str()) {
            faults.error(place, format!("there are two measures {name}"), "give one of them another name");
        }
        seen.push(name);
    }
    for (enrolment, _, of) in &drafts.enrolments {
        refuse_base(&enrolment.of, *of, drafts, faults);
    }
}

/// A unit stands once, and is worth something on every day of the programs that name it.
fn check_units(drafts: &Drafts, faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for (unit, place) in &drafts.units {
        if seen.contains(&unit.name.as_str()) {
            faults.error(*place, format!("there are two units {}", unit.name), "give one of them another name");
        }
        seen.push(&unit.name);
    }
    for program in drafts.programs.iter().map(|p| &p.item) {
        let Some(named) = &program.unit else { continue };
        if !drafts.unit_names.contains(&named.text) {
            let known = drafts.unit_names.iter().map(String::as_str);
            let help = nearest_or_new(&named.text, known, "unit");
            faults.error(named.place, format!("there is no unit {}", named.text), help);
        }
        let Some((unit, _)) = drafts.units.iter().find(|(unit, _)| unit.name == named.text) else { continue };
        if let Some(first) = unit.rates.first().filter(|rate| rate.from > program.valid_from) {
            let message = format!("{} has no rate before {}", unit.name, day_text(first.from));
            faults.error(named.place, message, format!("give it one from {} on", day_text(program.valid_from)));
        }
    }
}

/// The nearest known name; where there is none at all, the table that would give one.
fn nearest_or_new<'k>(name: &str, mut known: impl Iterator<Item = &'k str> + Clone, table: &str) -> String {
    let all = known.clone();
    known.next().map_or_else(|| format!("add a [[{table}]] of that name"), |_| nearest(name, all))
}

/// Months in a row are counted over a measure of one calendar month.
fn refuse_base(name: &str, at: Place, drafts: &Drafts, faults: &mut Faults) {
    let base = drafts.measures.iter().map(|(m, _)| m).find(|m| m.name == name);
    match base {
        None if drafts.measure_names.iter().any(|known| known == name)
            && drafts.enrolments.iter().all(|(e, _, _)| e.name != name) => {}
        None => {
            let known = drafts.measures.iter().map(|(m, _)| m.name.as_str());
            faults.error(at, format!("there is no measure {name} over rows"), nearest_or_new(name, known, "measure"));
        }
        Some(base) if base.span != Span::Months(1) || base.end != MeasureEnd::PeriodEnd => {
            let message = format!("{name} is not counted by calendar month, as months in a row need it");
            faults.error(at, message, "give it months = 1 and end = \"period_end\"");
        }
        Some(_) => {}
    }
}

fn refuse_column(name: &str, place: Place, faults: &mut Faults) {
    let is_column = |log: Log| log.columns().iter().any(|column| column.name == name);
    if CREATOR_COLUMNS.contains(&name) || Log::ALL.into_iter().any(is_column) {
        let message = format!("{name} is a column already, and can't name a measure");
        faults.error(place, message, "give the measure a name of its own, such as its sum and its days");
    }
}
