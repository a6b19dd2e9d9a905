//! `everycent policy show` and `policy diff`: policies in sentences.

use std::path::Path;

use clap::Args;

use super::talk::say;
use super::{Common, parse_day};
use crate::error::{Error, Result};
use crate::ledger::Store;
use crate::period::{Period, day_text};
use crate::pipeline::{pinned_policies, policy_files};
use crate::policy::{Policies, differences};

/// What `policy show` takes.
#[derive(Args)]
pub struct Show {
    /// What is in force on this day alone [default: all versions]
    #[arg(long, value_parser = parse_day, value_name = "DAY")]
    on: Option<i32>,
}

/// What `policy diff` takes.
#[derive(Args)]
pub struct Diff {
    /// A folder of policies, a policy file, a book, a period, or the beginning of a run's id
    before: String,
    /// The same, to compare with
    after: String,
}

/// Says what is in force.
///
/// # Errors
/// The policies can't be read (usage).
pub fn show(common: &Common, request: &Show) -> Result<()> {
    let policies = Policies::read(policy_files(&common.book()?.policies)?)?;
    let all = policies.said(request.on);
    if let (Some(day), true) = (request.on, all.is_empty()) {
        println!("Nothing is in force on {}.", day_text(day));
    }
    for (n, said) in all.iter().enumerate() {
        println!("{}{}", if n == 0 { "" } else { "\n" }, said.heading());
        for sentence in &said.sentences {
            println!("  {}", sentence.text);
        }
    }
    Ok(())
}

/// Says what changes.
///
/// # Errors
/// One of the two can't be read (usage).
pub fn diff(common: &Common, request: &Diff) -> Result<()> {
    let (before, after) = (named(common, &request.before)?, named(common, &request.after)?);
    let lines = differences(&before, &after);
    if lines.is_empty() {
        say(common, "the two say the same");
    }
    for line in lines {
        println!("{line}");
    }
    Ok(())
}

/// The policies that a word names.
fn named(common: &Common, word: &str) -> Result<Policies> {
    let path = Path::new(word);
    if path.is_dir() {
        let inside = path.join("policies");
        let is_book = path.join(crate::book::BOOK_FILE).is_file() && inside.is_dir();
        return Policies::read(policy_files(if is_book { &inside } else { path })?);
    }
    if path.is_file() {
        return Policies::read(vec![(word.to_owned(), std::fs::read_to_string(path)?)]);
    }
    let book = common.book()?;
    let store = Store::open(&book.ledger)?;
    if let Ok(period) = word.parse::<Period>() {
        let (run_id, _) = store.current(period)?.ok_or_else(|| nothing(word, &format!("{period} has not been run")))?;
        return pinned_policies(&store.run(&run_id)?);
    }
    let ids = store.run_ids()?;
    let found: Vec<&String> = ids.iter().filter(|id| id.starts_with(word)).collect();
    match found.as_slice() {
        [one] => pinned_policies(&store.run(one)?),
        [] => Err(nothing(word, "there is no such folder, file, period or run")),
        _ => Err(nothing(word, "several runs begin so")),
    }
}

fn nothing(word: &str, what: &str) -> Error {
    Error::usage(what)
        .expected(
            "a folder of policies, a policy file, a book, a period that has been run, or the beginning of a run's id",
        )
        .found(word)
        .next("`everycent status` lists periods and runs")
}
