//! `everycent policy check`: every finding with its place, a caret, and a way out.

use clap::Subcommand;

use super::Common;
use super::talk::say;
use crate::error::{Error, Result};
use crate::facts::check_log;
use crate::pipeline::{check_terms, log_schema, policy_files};
use crate::policy::{Level, Policies, check};

/// What can be done with policies.
#[derive(Subcommand)]
pub enum Verb {
    /// Check all policy files of the book
    Check,
}

/// Does it.
///
/// # Errors
/// A finding that keeps the policies from running (usage).
pub fn perform(common: &Common, verb: &Verb) -> Result<()> {
    let Verb::Check = verb;
    let book = common.book()?;
    let files = policy_files(&book.policies)?;
    let findings = check(&files);
    for finding in &findings {
        println!("{}", finding.picture);
    }
    let errors = findings.iter().filter(|f| f.level == Level::Error).count();
    if errors > 0 {
        return Err(Error::usage(format!("{errors} errors in the policies"))
            .next("correct them; nothing runs with a wrong policy"));
    }
    let policies = Policies::read(files)?;
    for (log, source) in &book.logs {
        let schema = log_schema(common.engine(), &book, *log, source)?;
        check_log(common.engine(), &policies, *log, &schema)?;
    }
    check_terms(common.engine(), &policies)?;
    let count = policies.programs.len();
    say(
        common,
        &format!(
            "{count} program versions, {} measures, {} terms: no error",
            policies.measures.len(),
            policies.terms.len()
        ),
    );
    Ok(())
}
