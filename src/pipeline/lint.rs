//! What is dead in a book's policies because of the book: its first period, and the logs that it names.

use crate::book::Book;
use crate::period::day_text;
use crate::policy::{Finding, Level, Pay, Policies, Program};

/// Programs of logs that the book does not have, versions that end before it begins, a beginning without terms; no terms at
/// all, and locked rates in a reference that the book does not have, are errors.
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
    findings.extend(no_terms(policies));
    findings.extend(policies.programs.iter().flat_map(|p| unknown_rates(book, policies, p)));
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

/// Without terms nothing is settled, and no run comes to an end.
fn no_terms(policies: &Policies) -> Option<Finding> {
    let at = policies.programs.first().filter(|_| policies.terms.is_empty())?.place;
    let message = "there are no [[terms]]: nothing says how parties are settled";
    let help = "add [[terms]] with version, valid_from, fx_max_days_back and due_days: docs/policy.md, Terms";
    Some(policies.finding_at(at, Level::Error, message.into(), help.into()))
}

/// Shares that are locked to a reference that the book does not name.
fn unknown_rates(book: &Book, policies: &Policies, program: &Program) -> Vec<Finding> {
    let Pay::Share(cases) = &program.pay else { return Vec::new() };
    let locked = cases.iter().filter_map(|case| case.locked.as_ref());
    let unknown = locked.filter(|locked| !book.references.contains_key(&locked.rates)).map(|locked| {
        let message = format!("the book has no reference {} for the rates of this share", locked.rates);
        let help = format!("add [own_reference] {} = \"refs/{}.csv\" to everycent.toml", locked.rates, locked.rates);
        policies.finding_at(locked.by.place, Level::Error, message, help)
    });
    unknown.collect()
}
