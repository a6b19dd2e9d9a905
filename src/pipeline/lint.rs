//! What is dead in a book's policies because of the book: its first period, and the logs that it names.

use crate::book::Book;
use crate::period::day_text;
use crate::policy::{Finding, Level, Policies};

/// Programs of logs that the book does not have, versions that end before it begins, and a beginning without terms.
#[must_use]
pub fn lint_book(book: &Book, policies: &Policies) -> Vec<Finding> {
    let first = book.first_period.first_day();
    let mut findings = Vec::new();
    for program in &policies.programs {
        let mut warn = |message: String, help: &str| {
            findings.push(policies.finding_at(program.place, Level::Warning, message, help.to_owned()));
        };
        let what = format!("program {} version {}", program.name, program.version);
        if !book.logs.keys().any(|log| log.name() == program.log) {
            warn(format!("{what} is dead: the book has no log {}", program.log), "name the log in everycent.toml");
        }
        if program.valid_to.is_some_and(|to| to <= first) {
            let message = format!("{what} is dead: it ends before the book begins, on {}", day_text(first));
            warn(message, "correct valid_to, or leave the version out");
        }
    }
    if let Some(terms) = policies.terms.first().filter(|t| t.valid_from > first) {
        let message = format!("the book begins on {}, before any terms", day_text(first));
        let help = format!("let the first terms begin with valid_from = {}", day_text(first));
        findings.push(policies.finding_at(terms.place, Level::Warning, message, help));
    }
    findings.extend(policies.terms.iter().filter(|t| t.valid_to.is_some_and(|to| to <= first)).map(|t| {
        let message = format!("terms version {} are dead: they end before the book begins", t.version);
        policies.finding_at(t.place, Level::Warning, message, "correct valid_to, or leave them out".into())
    }));
    findings
}
