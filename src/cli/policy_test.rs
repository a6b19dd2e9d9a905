//! `everycent policy test`: worked examples that stand beside the policies, and clauses that a month never touched.

use clap::Args;

use super::output::{Format, Rows};
use super::talk::say;
use super::{Common, parse_period};
use crate::error::{Error, Result};
use crate::period::Period;
use crate::pipeline::{policy_files, touched};
use crate::policy::Policies;
use crate::trial::{Example, examples_of, perform as tried};

/// What `policy test` takes.
#[derive(Args)]
pub struct Request {
    /// Also list the clauses that this period's events never touched
    #[arg(long, value_parser = parse_period)]
    period: Option<Period>,
    /// Show every number, those that came out too
    #[arg(long)]
    all: bool,
    /// How rows come out
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the examples.
///
/// # Errors
/// An example does not come out (usage).
pub fn perform(common: &Common, request: &Request) -> Result<()> {
    let book = common.book()?;
    let files = policy_files(&book.policies)?;
    Policies::read(files.clone())?;
    let examples = examples_of(&book.policies)?;
    if let Some(period) = request.period {
        untouched(common, &book, period, request.format)?;
    }
    if examples.is_empty() && request.period.is_some() {
        return Ok(());
    }
    if examples.is_empty() {
        return Err(Error::usage("there are no worked examples")
            .at(book.policies.display().to_string())
            .expected("a file such as live.examples.toml beside the policies")
            .next("docs/policy.md, Check, test, show and diff, shows one"));
    }
    let mut rows = Vec::new();
    let failed = examples.iter().filter(|example| !one(common, &files, example, request.all, &mut rows)).count();
    Rows {
        headings: vec!["example", "result", "row", "column", "expected", "found"],
        numbers: vec!["expected", "found"],
        rows,
    }
    .print(request.format)?;
    match failed {
        0 => {
            say(common, &format!("{} examples: all come out", examples.len()));
            Ok(())
        }
        _ => Err(Error::usage(format!("{failed} of {} examples do not come out", examples.len()))
            .next("correct the policy, or the example: its source says which")),
    }
}

/// One example's rows; did it come out?
fn one(common: &Common, files: &[(String, String)], example: &Example, all: bool, rows: &mut Vec<Vec<String>>) -> bool {
    let cell = |text: &str| text.to_owned();
    let verdicts = match tried(common.engine(), files, example) {
        Ok(verdicts) => verdicts,
        Err(error) => {
            say(common, &format!("{}: {error}\n", example.name));
            rows.push(vec![cell(&example.name), cell("error"), cell(""), cell(""), cell(""), cell(error.what())]);
            return false;
        }
    };
    let passes = verdicts.iter().all(crate::trial::Verdict::holds);
    if passes && !all {
        let count = format!("{} numbers", verdicts.len());
        rows.push(vec![cell(&example.name), cell("pass"), count, cell(""), cell(""), cell("")]);
    }
    for v in verdicts.into_iter().filter(|v| all || !v.holds()) {
        let result = if v.holds() { "pass" } else { "fail" };
        rows.push(vec![cell(&example.name), cell(result), v.row, v.column, v.expected, v.found]);
    }
    passes
}

fn untouched(common: &Common, book: &crate::book::Book, period: Period, format: Format) -> Result<()> {
    let all = touched(common.engine(), book, period)?;
    let never: Vec<_> = all.iter().filter(|t| t.events == 0).collect();
    say(common, &format!("{period}: {} of {} clauses were never touched", never.len(), all.len()));
    let rows = never.into_iter().map(|t| vec![t.program.clone(), t.version.clone(), t.clause.clone()]).collect();
    Rows { headings: vec!["program", "version", "never touched"], numbers: vec![], rows }.print(format)
}
