//! `everycent policy check`: every finding with its place, a caret, and a way out.

use super::Common;
use super::talk::say;
use crate::book::Book;
use crate::error::{Error, Result};
use crate::facts::{check_log, lint_log};
use crate::pipeline::{check_terms, lint_book, lint_closed, lint_paperwork, log_schema, policy_files, unread_files};
use crate::policy::{Finding, Level, Policies, check};
use crate::reference::References;

/// Checks the book's policies and agreements.
///
/// # Errors
/// A finding that keeps the policies from running (usage), or an agreement that does not add up (input).
pub fn perform(common: &Common) -> Result<()> {
    let book = common.book()?;
    let files = policy_files(&book.policies)?;
    show(&findings(common, &book, &files)?)?;
    let policies = Policies::read(files)?;
    planned(common, &book, &policies)?;
    agreements(common, &book, &policies)?;
    let (programs, measures, terms) = (policies.programs.len(), policies.measures.len(), policies.terms.len());
    say(common, &format!("{programs} program versions, {measures} measures, {terms} terms: no error"));
    Ok(())
}

/// Every finding of a book's policies: what the files say by themselves, then, where that could run, what they ask of this
/// book and its logs.
///
/// # Errors
/// A log can't be looked at.
pub fn findings(common: &Common, book: &Book, files: &[(String, String)]) -> Result<Vec<Finding>> {
    let mut findings = unread_files(&book.policies)?;
    findings.extend(check(files));
    if findings.iter().any(|f| f.level == Level::Error) {
        return Ok(findings);
    }
    let policies = Policies::read(files.to_vec())?;
    let mut of_book = lint_book(book, &policies);
    for (log, source) in &book.logs {
        let schema = log_schema(common.engine(), book, *log, source)?;
        of_book.extend(lint_log(common.engine(), &policies, *log, &schema));
    }
    of_book.extend(lint_paperwork(common.engine(), &policies));
    of_book.extend(lint_closed(book, &policies)?);
    of_book.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
    of_book.dedup_by(|a, b| a.picture == b.picture);
    findings.extend(of_book);
    Ok(findings)
}

fn show(findings: &[Finding]) -> Result<()> {
    for finding in findings {
        println!("{}", finding.picture);
    }
    match findings.iter().filter(|f| f.level == Level::Error).count() {
        0 => Ok(()),
        errors => {
            let errors = if errors == 1 { "one error".to_owned() } else { format!("{errors} errors") };
            Err(Error::usage(format!("{errors} in the policies"))
                .next("correct them; nothing runs with a wrong policy"))
        }
    }
}

/// What a run would refuse, should the linter have seen nothing.
fn planned(common: &Common, book: &Book, policies: &Policies) -> Result<()> {
    for (log, source) in &book.logs {
        check_log(common.engine(), policies, *log, &log_schema(common.engine(), book, *log, source)?)?;
    }
    check_terms(common.engine(), policies)
}

fn agreements(common: &Common, book: &Book, policies: &Policies) -> Result<()> {
    let references = References::read(common.engine(), book)?;
    let mut programs: Vec<&str> = policies.programs.iter().map(|p| p.name.as_str()).collect();
    programs.dedup();
    let file = book.references.get("agreements").map_or("agreements", String::as_str);
    let faults = references.agreements.faults(file, &programs);
    let Some(first) = faults.first() else { return Ok(()) };
    for fault in &faults {
        println!("error: {fault}");
    }
    let count =
        if faults.len() == 1 { "one agreement is".to_owned() } else { format!("{} agreements are", faults.len()) };
    Err(first.like(format!("{count} wrong")).next("correct them; a run stops at the first that it needs"))
}
