//! `everycent doctor`: everything that a run would stumble over, all at once.

use super::Common;
use super::output::{Format, Rows};
use super::policy_check;
use super::talk::Progress;
use crate::book::Book;
use crate::cutover::Cutover;
use crate::error::{Error, Result};
use crate::intake::Expected;
use crate::ledger::{State, Store};
use crate::pipeline::{check_terms, log_schema, look_at_logs, policy_files};
use crate::policy::{Finding, Level, Policies};
use crate::redrive::{REDRIVE_FILE, Redrive};
use crate::reference::References;

/// Looks at everything.
///
/// # Errors
/// Something is wrong; the exit code is the first finding's.
pub fn perform(common: &Common) -> Result<()> {
    examine(common, &common.book()?)
}

/// Prints what is right and what is wrong with a book: an overview first, then every finding in full, and what the linter
/// doubts.
///
/// # Errors
/// As [`perform`].
pub fn examine(common: &Common, book: &Book) -> Result<()> {
    let mut warnings = Vec::new();
    let findings = findings(common, book, &mut warnings);
    let row = |(what, outcome): &(String, Result<String>)| match outcome {
        Ok(found) => vec![what.clone(), "ok".to_owned(), found.clone()],
        Err(error) => vec![what.clone(), "wrong".to_owned(), error.what().to_owned()],
    };
    let rows = findings.iter().map(row).collect();
    Rows { headings: vec!["what", "state", "found"], numbers: vec![], rows }.print(Format::Table)?;
    let wrong: Vec<(&String, &Error)> = findings.iter().filter_map(|(w, o)| Some((w, o.as_ref().err()?))).collect();
    for (n, (what, error)) in wrong.iter().enumerate() {
        println!("\n{}. {what}: {error}", n + 1);
    }
    doubts(&warnings);
    match wrong.first() {
        None => Ok(()),
        Some((_, first)) => {
            let count = wrong.len();
            let things = if count == 1 { "one finding".to_owned() } else { format!("{count} findings") };
            Err(first.like(format!("{things}: a run would stop at the first")).next("mend them, then look again"))
        }
    }
}

/// The linter's warnings, as `policy check` prints them.
fn doubts(warnings: &[Finding]) {
    if warnings.is_empty() {
        return;
    }
    println!("\n{} of the policies, as `everycent policy check` shows them; they stop no run:\n", count(warnings));
    warnings.iter().for_each(|warning| println!("{}", warning.picture));
}

fn count(warnings: &[Finding]) -> String {
    if warnings.len() == 1 { "one warning".to_owned() } else { format!("{} warnings", warnings.len()) }
}

/// What there is to look at, and what was found; warnings apart.
fn findings(common: &Common, book: &Book, warnings: &mut Vec<Finding>) -> Vec<(String, Result<String>)> {
    let mut all = vec![(
        "everycent.toml".to_owned(),
        Ok(format!("{}, {}, from {}", book.name, book.zone.name(), book.first_period)),
    )];
    all.extend(policies(common, book, warnings).into_iter().map(|outcome| ("policies".to_owned(), outcome)));
    let references = References::read(common.engine(), book);
    let found = references.as_ref().map_err(Clone::clone).and_then(|r| reference_rows(book, r));
    all.push(("references".to_owned(), found));
    if book.root.join(REDRIVE_FILE).is_file() {
        all.push((REDRIVE_FILE.to_owned(), decisions(book)));
    }
    all.extend(completeness(book));
    all.push(("ledger".to_owned(), ledger(book)));
    if let Ok(references) = &references {
        all.extend(cutover(book, references).transpose().map(|found| ("cut-over".to_owned(), found)));
        let progress = Progress::new(common, "reading every file");
        let logs = look_at_logs(common.engine(), book, references, &|rows| progress.add(rows));
        all.extend(logs.into_iter().map(|(log, outcome)| (log.name().to_owned(), outcome)));
    }
    all
}

/// Every fault of the policies by itself, or that there is none.
fn policies(common: &Common, book: &Book, warnings: &mut Vec<Finding>) -> Vec<Result<String>> {
    let read = policy_files(&book.policies).and_then(|files| {
        let findings = policy_check::findings(common, book, &files)?;
        Ok((files, findings))
    });
    let (files, findings) = match read {
        Ok(read) => read,
        Err(error) => return vec![Err(error)],
    };
    let (errors, doubted): (Vec<_>, Vec<_>) = findings.into_iter().partition(|f| f.level == Level::Error);
    warnings.extend(doubted);
    let errors: Vec<_> = errors.into_iter().map(|f| Err(Error::usage(f.message).at(f.place).next(f.help))).collect();
    if errors.is_empty() { vec![planned(common, book, files, warnings)] } else { errors }
}

fn planned(common: &Common, book: &Book, files: Vec<(String, String)>, warnings: &[Finding]) -> Result<String> {
    let policies = Policies::read(files)?;
    for (log, source) in &book.logs {
        let schema = log_schema(common.engine(), book, *log, source)?;
        crate::facts::check_log(common.engine(), &policies, *log, &schema)?;
    }
    check_terms(common.engine(), &policies)?;
    let doubted = if warnings.is_empty() { String::new() } else { format!("; {}", count(warnings)) };
    Ok(format!("{} program versions, {} measures{doubted}", policies.programs.len(), policies.asked().count()))
}

/// What is brought over, in sums; none where the book begins from nothing.
fn cutover(book: &Book, references: &References) -> Result<Option<String>> {
    if book.cutover.is_none() {
        return Ok(None);
    }
    let store = Store::open(&book.ledger)?;
    let state = State::of_ledger(&store, book.first_period)?;
    let policies = Policies::read(policy_files(&book.policies)?)?;
    let cutover = Cutover::open(book, &store, &state, references, &policies)?;
    let sums: Vec<String> = cutover.summary().iter().map(|[what, sum]| format!("{what}: {sum}")).collect();
    Ok((!cutover.is_empty()).then(|| format!("from {}; {}", cutover.record.system, sums.join("; "))))
}

fn decisions(book: &Book) -> Result<String> {
    let redrive = Redrive::of_book(&book.root)?;
    Ok(format!("{} rows stand, {} bounds are waived", redrive.stands.len(), redrive.waived.len()))
}

/// How many references there are; a book with money needs rows in two of them.
fn reference_rows(book: &Book, references: &References) -> Result<String> {
    let rows = |name: &str| references.tables.iter().find(|(n, _)| n == name).map_or(0, |(_, table)| table.num_rows());
    let pays = book.logs.keys().any(|log| log.has_money());
    let empty = ["creators", "parties"].into_iter().find(|name| pays && rows(name) == 0);
    match empty {
        None => Ok(format!("{} files", references.files.len())),
        Some(name) => Err(Error::usage(format!("the reference {name} has no rows: nobody could be paid"))
            .at(book.references.get(name).map_or("everycent.toml, [reference]", String::as_str))
            .expected("a row for everybody who earns, valid on the day of the earning")
            .next("fill it in (docs/book.md, References)")),
    }
}

/// What logs must hold, as far as the book says; a run holds each of its days against it.
fn completeness(book: &Book) -> Vec<(String, Result<String>)> {
    match Expected::of_book(book) {
        Err(error) => vec![("control totals".to_owned(), Err(error))],
        Ok((all, _)) => {
            all.iter().map(|e| (format!("days of {}", e.log.name()), Ok(format!("expected: {}", e.words())))).collect()
        }
    }
}

fn ledger(book: &Book) -> Result<String> {
    let state = State::of_ledger(&Store::open(&book.ledger)?, book.first_period)?;
    let closed = state.closed().len();
    if closed == 0 { Ok("nothing closed yet".into()) } else { Ok(format!("{closed} closed periods, chain sound")) }
}
