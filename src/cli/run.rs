//! `everycent run`: rate a period and publish its draft.

use clap::Args;

use super::output::{Format, Rows};
use super::talk::{Progress, say};
use super::{Common, parse_day, parse_log, parse_period};
use crate::error::Result;
use crate::ledger::Store;
use crate::log::Log;
use crate::period::{Period, day_text};
use crate::pipeline::Options;
use crate::publish::{Outcome, close, last_period_with_events, run};
use crate::report::payout_summary;

/// What `run` takes.
#[derive(Args)]
pub struct Request {
    /// The period to rate
    #[arg(long, value_parser = parse_period, required_unless_present_any = ["all", "sample"])]
    period: Option<Period>,
    /// Every open period that has events, in turn
    #[arg(long, requires = "close", conflicts_with = "period")]
    all: bool,
    /// Close each period after its run
    #[arg(long, requires = "all")]
    close: bool,
    /// Take events before the start of this day alone
    #[arg(long, value_parser = parse_day, value_name = "DAY", conflicts_with = "all")]
    as_of: Option<i32>,
    /// Walk the same path up to publishing, and print the root that would be published
    #[arg(long, conflicts_with = "all")]
    dry_run: bool,
    /// Rate nothing: show N rows of every log as they were delivered, beside their canonical form
    #[arg(long, value_name = "N", conflicts_with_all = ["period", "all", "as_of", "dry_run"])]
    sample: Option<usize>,
    /// With --sample: this log alone
    #[arg(long, value_parser = parse_log, requires = "sample")]
    log: Option<Log>,
    /// How rows come out
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs it.
///
/// # Errors
/// As the contract's exit codes say.
pub fn perform(common: &Common, request: &Request) -> Result<()> {
    let book = common.book()?;
    if let Some(most) = request.sample {
        return super::sample::perform(common, &book, request.log, most, request.format);
    }
    match request.period {
        Some(period) => {
            let options = Options { period, as_of: request.as_of, dry_run: request.dry_run, engine: common.engine() };
            let progress = Progress::new(common, "reading");
            let outcome = run(&book, &options, &|rows| progress.add(rows))?;
            drop(progress);
            tell(common, &outcome);
            super::status::control_rows(&outcome.tables).print(request.format)
        }
        None => all(common, &book, request.format),
    }
}

fn all(common: &Common, book: &crate::book::Book, format: Format) -> Result<()> {
    let engine = common.engine();
    let last = last_period_with_events(book, engine)?.unwrap_or(book.first_period);
    let first = crate::ledger::State::of_ledger(&Store::open(&book.ledger)?, book.first_period)?.first_open();
    if first > last {
        say(common, "every period that has events is closed already");
    }
    let mut period = first;
    while period <= last {
        let options = Options { period, as_of: None, dry_run: false, engine };
        let progress = Progress::new(common, &format!("{period}"));
        let outcome = run(book, &options, &|rows| progress.add(rows))?;
        drop(progress);
        tell(common, &outcome);
        let closed = close(book, period, engine, &|_| {})?;
        say(common, &format!("closed {period}, unsigned, seal {}", short(&closed.seal)));
        period = period.next();
    }
    summary_rows(book)?.print(format)
}

fn summary_rows(book: &crate::book::Book) -> Result<Rows> {
    let headings =
        vec!["period", "currency", "earned", "corrections", "adjustments", "held", "paid", "payouts", "carried"];
    let numbers = headings[2..].to_vec();
    Ok(Rows { headings, numbers, rows: payout_summary(book)?.into_iter().map(|row| row.to_vec()).collect() })
}

fn short(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}

fn tell(common: &Common, outcome: &Outcome) {
    let rows: i64 = outcome.tables.control.iter().map(|c| c.total_rows).sum();
    let mut notes = Vec::new();
    if outcome.provisional {
        notes.push("provisional: an earlier period is open and stands in for its close".to_owned());
    }
    if let Some(day) = outcome.as_of {
        notes.push(format!("events before {} alone", day_text(day)));
    }
    let done = match (outcome.dry_run, outcome.already) {
        (true, _) => "would publish",
        (_, true) => "nothing new: published before as",
        _ => "published",
    };
    say(
        common,
        &format!(
            "{}: {rows} rows, {done} run {}, root {}",
            outcome.period,
            short(&outcome.run_id),
            short(&outcome.root)
        ),
    );
    for note in notes {
        say(common, &format!("  {note}"));
    }
}
