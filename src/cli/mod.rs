//! The command line: what was typed, turned once into validated requests; one file per verb.

mod answer;
mod close;
mod doctor;
mod draft;
mod help;
mod init;
mod output;
mod plan;
mod policy;
mod policy_check;
mod policy_say;
mod policy_test;
mod preset;
mod prompt;
mod quarantine;
mod query;
mod report;
mod run;
mod sample;
mod statement;
mod status;
mod synth;
mod talk;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, FromArgMatches, Parser, Subcommand};

use crate::book::Book;
use crate::error::{Error, Result};
use crate::log::Log;
use crate::period::Period;
use crate::query::Engine;

const EXAMPLES: &str = "\
Examples:
  everycent init mybook                         make a small working book
  everycent run --book mybook --period 2026-10  rate October and publish a draft
  everycent close --book mybook --period 2026-10
  everycent run --book mybook --all --close     every month in turn, to a payout summary
  everycent statement ada --book mybook --period 2026-10
  everycent query --book mybook \"select * from finance.take_rate\"
";

const EXIT_CODES: &str = "\
Exit codes: 0 done, 2 usage, 3 input, 4 gate, 5 closed or not approved, 6 difference, 7 busy, 8 resources.";

/// Exact, explained, replayable payout ledgers from event logs.
#[derive(Parser)]
#[command(name = "everycent", version = env!("EVERYCENT_BUILD"), about, before_help = EXAMPLES, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    verb: Verb,
}

/// Flags of every verb.
#[derive(Args, Clone)]
struct Common {
    /// The book: a folder with an everycent.toml [default: the nearest one upward]
    #[arg(long, global = true, env = "EVERYCENT_BOOK", value_name = "DIR")]
    book: Option<PathBuf>,
    /// Say nothing but results and errors
    #[arg(long, global = true)]
    quiet: bool,
    /// Log as JSON lines on stderr
    #[arg(long, global = true)]
    json: bool,
    /// Cores to use [default: all]
    #[arg(long, global = true, env = "EVERYCENT_THREADS", value_name = "N")]
    threads: Option<usize>,
    /// Rows in a batch; changes speed, never a result
    #[arg(long, global = true, env = "EVERYCENT_BATCH_SIZE", value_name = "ROWS", default_value_t = 32_768)]
    batch_size: usize,
}

#[derive(Subcommand)]
enum Verb {
    /// Make a small working book, or draft one over logs as they are
    #[command(
        before_help = "Examples:\n  everycent init mybook\n  everycent init mybook --from logs\n  everycent init mybook --preset kick\n"
    )]
    Init(init::Request),
    /// Rate a period and publish its draft
    #[command(
        before_help = "Examples:\n  everycent run --period 2026-10\n  everycent run --period 2026-10 --as-of 2026-10-15 --dry-run\n  everycent run --all --close\n"
    )]
    Run(run::Request),
    /// Say what a run would read and rate, without rating
    #[command(before_help = "Examples:\n  everycent plan --period 2026-10\n")]
    Plan(plan::Request),
    /// Show the periods of a book and what is open
    #[command(before_help = "Examples:\n  everycent status\n  everycent status --format json\n")]
    Status(status::Request),
    /// Make a period final
    #[command(before_help = "Examples:\n  everycent close --period 2026-10\n")]
    Close(close::Request),
    /// Look at book, policies, references and every file, and say what is wrong
    #[command(before_help = "Examples:\n  everycent doctor --book mybook\n")]
    Doctor,
    /// Print a party's statement
    #[command(
        before_help = "Examples:\n  everycent statement ada --period 2026-10\n  everycent statement ada --period 2026-10 --format json\n"
    )]
    Statement(statement::Request),
    /// Ask in SQL: ledger, logs, facts, references, policies
    #[command(
        before_help = "Examples:\n  everycent query\n  everycent query \"select * from statements where party_id = 'ada'\"\n  everycent query --file accruals.sql --format csv\n  everycent query --run 4f2a --format parquet --output then.parquet \"select * from earnings\"\n"
    )]
    Query(query::Request),
    /// Print a month's page from the finance views
    #[command(
        before_help = "Examples:\n  everycent report --period 2026-10\n  everycent report --period 2026-10 --format json\n"
    )]
    Report(report::Request),
    /// Make a whole book from a seed, with faults planted and counted
    #[command(
        before_help = "Examples:\n  everycent synth mybook\n  everycent synth month --events 20000000 --creators 100000 --seed 1\n"
    )]
    Synth(Box<synth::Request>),
    /// Work with policies
    #[command(
        before_help = "Examples:\n  everycent policy check\n  everycent policy test\n  everycent policy show --on 2026-10-01\n  everycent policy diff 2026-09 policies\n"
    )]
    #[command(subcommand)]
    Policy(policy::Verb),
    /// Print completions for a shell
    #[command(before_help = "Examples:\n  everycent completions bash > /etc/bash_completion.d/everycent\n")]
    Completions(help::Completions),
    /// Print the manual
    #[command(before_help = "Examples:\n  everycent man | man -l -\n  everycent man --dir man1\n")]
    Man(help::Man),
    /// List rows that are not rated, and record decisions about them
    #[command(
        before_help = "Examples:\n  everycent quarantine list --period 2026-10\n  everycent quarantine list --reason conflict --raw\n"
    )]
    #[command(subcommand)]
    Quarantine(quarantine::Verb),
}

impl Common {
    fn book(&self) -> Result<Book> {
        Book::open(self.book.as_deref())
    }

    fn engine(&self) -> Engine {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Engine::new(self.threads.unwrap_or(cores), self.batch_size)
    }
}

/// Runs what was typed.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::from_arg_matches(&help::command().get_matches()).unwrap_or_else(|e| e.exit());
    talk::start(&cli.common);
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| perform(cli)));
    match done.unwrap_or_else(|failure| if talk::reader_left(failure.as_ref()) { Ok(()) } else { Err(talk::failure()) })
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            talk::error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn perform(cli: Cli) -> Result<()> {
    let common = cli.common;
    if let Some(threads) = common.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build_global();
        pool.map_err(|e| Error::resources(format!("no threads: {e}")))?;
    }
    match cli.verb {
        Verb::Init(request) => init::perform(&common, &request),
        Verb::Run(request) => run::perform(&common, &request),
        Verb::Plan(request) => plan::perform(&common, &request),
        Verb::Status(request) => status::perform(&common, &request),
        Verb::Close(request) => close::perform(&common, &request),
        Verb::Doctor => doctor::perform(&common),
        Verb::Statement(request) => statement::perform(&common, &request),
        Verb::Query(request) => query::perform(&common, &request),
        Verb::Report(request) => report::perform(&common, &request),
        Verb::Synth(request) => synth::perform(&common, &request),
        Verb::Policy(verb) => policy::perform(&common, &verb),
        Verb::Completions(request) => help::completions(&request),
        Verb::Man(request) => help::man(&request),
        Verb::Quarantine(verb) => quarantine::perform(&common, &verb),
    }
}

fn parse_period(text: &str) -> std::result::Result<Period, String> {
    text.parse().map_err(|e: Error| e.to_string())
}

fn parse_log(text: &str) -> std::result::Result<Log, String> {
    text.parse().map_err(|e: Error| e.to_string())
}

fn parse_day(text: &str) -> std::result::Result<i32, String> {
    crate::period::parse_day(text).ok_or_else(|| format!("expected a day, YYYY-MM-DD, found {text}"))
}
