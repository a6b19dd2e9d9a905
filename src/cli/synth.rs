//! `everycent synth`: a whole book, generated from a seed, with faults planted and counted.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::output::{Format, Rows};
use super::talk::{Progress, say};
use super::{Common, parse_period};
use crate::error::{Error, Result};
use crate::money::{Currency, Exact};
use crate::period::{Period, Zone};
use crate::synth::{CURRENCIES, Mix, Planted, Recipe, Shares, make};

/// Which logs the book has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Logs {
    /// All six
    All,
    /// All but engagement
    Money,
}

/// What `synth` takes.
#[derive(Args)]
pub struct Request {
    /// The folder to make; it must not exist, or be empty
    dir: PathBuf,
    /// Events, before faults are planted
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    events: u64,
    /// Creators; how much they earn follows Zipf's law
    #[arg(long, value_name = "N", default_value_t = 1000)]
    creators: u64,
    /// Payers [default: ten for each creator]
    #[arg(long, value_name = "N")]
    payers: Option<u64>,
    /// Months
    #[arg(long, value_name = "N", default_value_t = 1)]
    months: i32,
    /// The first month
    #[arg(long, value_name = "PERIOD", value_parser = parse_period, default_value = "2026-01")]
    first_period: Period,
    /// The book's time zone
    #[arg(long, default_value = "Europe/Lisbon")]
    zone: String,
    /// The same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Currencies of events and payouts; half the events have the first
    #[arg(long, value_name = "CODES", default_value = "EUR,USD,GBP,JPY", value_delimiter = ',')]
    currencies: Vec<String>,
    /// Files of each log and day
    #[arg(long, value_name = "N", default_value_t = 1)]
    files_per_day: u64,
    /// Which logs the book has
    #[arg(long, value_enum, default_value_t = Logs::All)]
    mix: Logs,
    /// Share of events that are delivered twice
    #[arg(long, value_name = "SHARE", default_value = "0.5 %")]
    duplicates: String,
    /// Share of events that are delivered twice, with different amounts
    #[arg(long, value_name = "SHARE", default_value = "0.01 %")]
    conflicts: String,
    /// Share of charges that are taken back
    #[arg(long, value_name = "SHARE", default_value = "2 %")]
    reversals: String,
    /// Share of events whose row is broken
    #[arg(long, value_name = "SHARE", default_value = "0.05 %")]
    bad: String,
    /// Share of events that are delivered after their month's end
    #[arg(long, value_name = "SHARE", default_value = "0.2 %")]
    late: String,
    /// How what was planted comes out
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Makes the book.
///
/// # Errors
/// A flag is out of range, or the folder is not empty (usage); the disk refuses (resources).
pub fn perform(common: &Common, request: &Request) -> Result<()> {
    let recipe = request.recipe()?;
    recipe.check()?;
    refuse_full_folder(&request.dir)?;
    let progress = Progress::new(common, "writing");
    let planted = make(&recipe, &request.dir, &|rows| progress.add(rows))?;
    drop(progress);
    say(common, &format!("{} is a book: {} rows. Next:", request.dir.display(), planted.rows()));
    say(common, &format!("  everycent run --book {} --all --close", request.dir.display()));
    rows(&planted).print(request.format)
}

impl Request {
    fn recipe(&self) -> Result<Recipe> {
        Ok(Recipe {
            events: self.events,
            creators: self.creators,
            payers: self.payers.unwrap_or(self.creators.saturating_mul(10)),
            months: self.months,
            first_period: self.first_period,
            zone: Zone::named(&self.zone)?,
            seed: self.seed,
            currencies: self.currencies.iter().map(|code| currency(code)).collect::<Result<_>>()?,
            files_per_day: self.files_per_day,
            mix: if self.mix == Logs::All { Mix::All } else { Mix::Money },
            shares: self.shares()?,
            command: self.command(),
        })
    }

    fn shares(&self) -> Result<Shares> {
        Ok(Shares {
            duplicates: share("--duplicates", &self.duplicates)?,
            conflicts: share("--conflicts", &self.conflicts)?,
            reversals: share("--reversals", &self.reversals)?,
            bad: share("--bad", &self.bad)?,
            late: share("--late", &self.late)?,
        })
    }

    /// The command line in full, defaults included, but for the folder's own name: it is no part of the book.
    fn command(&self) -> String {
        let numbers = format!(
            "everycent synth DIR --events {} --creators {} --payers {} --months {} --first-period {} --zone {} --seed {}",
            self.events,
            self.creators,
            self.payers.unwrap_or(self.creators.saturating_mul(10)),
            self.months,
            self.first_period,
            self.zone,
            self.seed
        );
        let mix = if self.mix == Logs::All { "all" } else { "money" };
        format!(
            "{numbers} --currencies {} --files-per-day {} --mix {mix} --duplicates \"{}\" --conflicts \"{}\" \
             --reversals \"{}\" --bad \"{}\" --late \"{}\"",
            self.currencies.join(","),
            self.files_per_day,
            self.duplicates,
            self.conflicts,
            self.reversals,
            self.bad,
            self.late
        )
    }
}

fn currency(code: &str) -> Result<Currency> {
    let known = CURRENCIES.map(|(code, _)| code);
    Currency::parse(code.trim()).ok_or_else(|| {
        Error::usage("--currencies can't be used")
            .expected(format!("different ones of {}", known.join(",")))
            .found(code)
    })
}

fn share(flag: &str, text: &str) -> Result<Exact> {
    let found = Exact::parse(text).filter(|share| !share.is_negative() && *share <= Exact::ONE);
    found.ok_or_else(|| {
        Error::usage(format!("{flag} is no share"))
            .expected("\"0.5 %\", \"1/200\" or \"0.005\", at most all")
            .found(text)
    })
}

fn refuse_full_folder(dir: &Path) -> Result<()> {
    if dir.exists() && std::fs::read_dir(dir)?.next().is_some() {
        return Err(Error::usage("the folder is not empty")
            .at(dir.display().to_string())
            .expected("a new or empty folder")
            .next("name another folder"));
    }
    Ok(())
}

fn rows(planted: &Planted) -> Rows {
    let text = |([place, log, what, detail], rows): ([&'static str; 4], u64)| {
        vec![place.to_owned(), log.to_owned(), what.to_owned(), detail.to_owned(), rows.to_string()]
    };
    Rows {
        headings: vec!["place", "log", "what", "detail", "rows"],
        numbers: vec!["rows"],
        rows: planted.without_currency().into_iter().map(text).collect(),
    }
}
