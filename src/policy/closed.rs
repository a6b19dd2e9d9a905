//! SQL that says what can't be: values outside of a closed list, a division by 0; and what never holds or is dead because
//! of a case before it.

use super::clauses::{Clause, Role};
use super::model::{PolicyFile, Sql};
use super::read::Drafts;
use super::source::{Faults, Place};
use crate::country::{country_help, is_country};
use crate::log::Log;
use crate::money::Currency;
use crate::picture::nearest;
use crate::query::{Compared, Said, ValueRange, said};

/// A column whose values the contract lists.
#[derive(Clone, Copy, Debug)]
enum List {
    Kinds(Log),
    Audience,
    Country,
    Currency,
}

/// For whom engagement can be.
const AUDIENCES: [&str; 2] = ["all", "subscribers"];

/// Whose columns an expression names.
#[derive(Clone, Copy)]
enum Columns {
    /// Of a log, and a creator's.
    Event(Log),
    /// Of a log alone.
    Row(Log),
    Party,
}

impl Columns {
    fn list(self, column: &str) -> Option<List> {
        match (self, column) {
            (Self::Event(_), "country") | (Self::Party, "country") => Some(List::Country),
            (Self::Party, "payout_currency") => Some(List::Currency),
            (Self::Event(log) | Self::Row(log), "kind") => Some(List::Kinds(log)),
            (Self::Event(_) | Self::Row(_), "payer_country") => Some(List::Country),
            (Self::Event(log) | Self::Row(log), "currency") if log.has_money() => Some(List::Currency),
            (Self::Event(Log::Engagement) | Self::Row(Log::Engagement), "audience") => Some(List::Audience),
            _ => None,
        }
    }
}

impl List {
    /// What is wrong with a value, and what to write.
    fn fault(self, text: &str) -> Option<(String, String)> {
        match self {
            Self::Kinds(log) => {
                let known = log.kinds().iter().map(|(kind, _)| *kind);
                let fault = || (format!("{} has no kind '{text}'", log.name()), nearest(text, known.clone()));
                (!known.clone().any(|kind| kind == text)).then(fault)
            }
            Self::Audience => {
                let fault = || (format!("there is no audience '{text}'"), nearest(text, AUDIENCES.into_iter()));
                (!AUDIENCES.contains(&text)).then(fault)
            }
            Self::Country => (!text.is_empty() && !is_country(text))
                .then(|| (format!("'{text}' is no country as rows write it"), country_help(text))),
            Self::Currency => Currency::parse(text)
                .is_none()
                .then(|| (format!("'{text}' is no currency as rows write it"), currency_help(text))),
        }
    }
}

/// The currency that is meant, as far as one is near.
fn currency_help(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    let near = |c: &Currency| strsim::damerau_levenshtein(&upper, c.code()) <= 1;
    match Currency::parse(&upper).or_else(|| Currency::all().find(near).filter(|_| upper.len() > 3)) {
        Some(code) => format!("did you mean `{code}`?"),
        None => "write a code of ISO 4217 in upper case, such as EUR".into(),
    }
}

/// Looks at all SQL of these files.
pub fn check(files: &[PolicyFile], drafts: &Drafts, faults: &mut Faults) {
    for program in drafts.programs.iter().map(|p| &p.item) {
        if let Ok(log) = program.log.parse() {
            clauses(files, Columns::Event(log), program.clauses(), faults);
        }
    }
    for (measure, _) in &drafts.measures {
        if let Ok(log) = measure.log.parse() {
            clauses(files, Columns::Row(log), measure.clauses(), faults);
        }
    }
    for cases in drafts.terms.iter().flat_map(|t| t.item.clauses()) {
        clauses(files, Columns::Party, cases, faults);
    }
}

/// The clauses of one owner, of which cases exclude those after them.
fn clauses(files: &[PolicyFile], columns: Columns, clauses: Vec<Clause<'_>>, faults: &mut Faults) {
    let mut earlier: Vec<(String, (String, ValueRange))> = Vec::new();
    for clause in clauses {
        let Some(said) = said(&clause.sql.text) else { continue };
        values(files, columns, &clause, &said, faults);
        let is_condition = !matches!(clause.role, Role::Number | Role::Thing);
        if let Some(column) = said.null_compared.as_ref().filter(|_| is_condition) {
            let message = format!("the condition of {} never holds: {column} is null, and compared", clause.what);
            faults.warning(
                clause.sql.place,
                message,
                "a comparison of a null does not hold: write `or`, or leave one out",
            );
        }
        let Some((column, range)) = said.range.filter(|_| clause.role == Role::Case) else { continue };
        let covers = |(_, (of, wider)): &&(String, (String, ValueRange))| *of == column && range.is_within(wider);
        if let Some((first, _)) = earlier.iter().find(covers) {
            let message = format!("{} is dead: wherever it holds, {first} holds and comes first", clause.what);
            faults.warning(clause.sql.place, message, "move it before that case, or leave it out");
        }
        earlier.push((clause.what, (column, range)));
    }
}

/// Values outside of their lists, and divisions by 0.
fn values(files: &[PolicyFile], columns: Columns, clause: &Clause<'_>, said: &Said, faults: &mut Faults) {
    for Compared { column, text, span } in &said.compared {
        let found = columns.list(column).and_then(|list| list.fault(text));
        if let Some((message, help)) = found {
            let message = format!("{} compares {column} with what it never is: {message}", clause.what);
            faults.error(place(files, clause.sql, span.start, span.end), message, help);
        }
    }
    for span in &said.by_zero {
        let message = format!("{} divides by 0: that has no value in any row", clause.what);
        let at = place(files, clause.sql, span.start, span.end);
        faults.error(at, message, "divide by a number, or by nullif(…, 0)");
    }
}

/// The place of a part of an expression, where the file has the expression as it is.
pub fn place(files: &[PolicyFile], sql: &Sql, start: usize, end: usize) -> Place {
    let whole = sql.place;
    let written = files.get(whole.file).and_then(|file| file.text.get(whole.start..whole.end));
    match written.and_then(|written| written.find(&sql.text)) {
        None => whole,
        Some(at) => Place { file: whole.file, start: whole.start + at + start, end: whole.start + at + end },
    }
}
