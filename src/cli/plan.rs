//! `everycent plan`: what a run would read and rate.

use clap::Args;

use super::output::{Format, Rows};
use super::{Common, parse_period};
use crate::cutover::Cutover;
use crate::error::Result;
use crate::intake::list;
use crate::ledger::{State, Store};
use crate::period::{Period, day_text};
use crate::pipeline::policy_files;
use crate::policy::Policies;
use crate::reference::References;

/// What `plan` takes.
#[derive(Args)]
pub struct Request {
    /// The period that would be rated
    #[arg(long, value_parser = parse_period)]
    period: Period,
    /// How rows come out
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints the plan.
///
/// # Errors
/// Book, policies or ledger can't be read.
pub fn perform(common: &Common, request: &Request) -> Result<()> {
    let book = common.book()?;
    let state = State::of_ledger(&Store::open(&book.ledger)?, book.first_period)?;
    let policies = Policies::read(policy_files(&book.policies)?)?;
    let mut rows = Vec::new();
    let mut push = |step: &str, what: String, detail: String| rows.push(vec![step.to_owned(), what, detail]);
    for (log, source) in &book.logs {
        let files = list(&book.root.join(&source.path))?;
        push("read", log.name().to_owned(), format!("{} files in {}", files.len(), source.path));
    }
    let references = References::read(common.engine(), &book)?;
    let store = Store::open(&book.ledger)?;
    for [what, sum] in Cutover::open(&book, &store, &state, &references, &policies)?.summary() {
        push("bring over", what, sum);
    }
    for expected in crate::intake::Expected::of_book(&book)?.0 {
        push("expect", expected.log.name().to_owned(), expected.words());
    }
    let mut period = state.first_open();
    if request.period < period {
        push("stop", request.period.to_string(), "closed already".into());
    }
    while period < request.period {
        push("stand in", period.to_string(), "open: evaluated first, so that the draft is provisional".into());
        period = period.next();
    }
    let last = request.period.last_day();
    for program in policies
        .programs
        .iter()
        .filter(|p| p.valid_from <= last && p.valid_to.is_none_or(|to| to > request.period.first_day()))
    {
        push(
            "rate",
            format!("{} version {}", program.name, program.version),
            format!("{}, from {}", program.log, day_text(program.valid_from)),
        );
    }
    let terms = policies.terms_on(last)?;
    push(
        "settle",
        format!("terms version {}", terms.version),
        format!("due {} days after {}", terms.due_days, day_text(last)),
    );
    Rows { headings: vec!["step", "what", "how"], numbers: vec![], rows }.print(request.format)
}
