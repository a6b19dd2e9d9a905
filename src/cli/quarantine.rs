//! `everycent quarantine`: list rows that are not rated, and record what two people decide about them.

use std::io::Write;

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Map, Value};

use super::output::{Format, Rows};
use super::talk::{Progress, say};
use super::{Common, parse_day, parse_period};
use crate::book::Bound;
use crate::error::{Error, Result};
use crate::intake::RawRow;
use crate::log::Log;
use crate::money::{Currency, major_grouped};
use crate::period::{Period, day_text, instant_text};
use crate::quarantine::{Listed, Listing, Sum, SumKey, Wanted, let_stand, list, waive};
use crate::redrive::{REDRIVE_FILE, Stands};

/// What can be done with quarantined rows.
#[derive(Subcommand)]
pub enum Verb {
    /// List the quarantined rows of a run: a summary, or the rows with --rows or any filter
    List(ListRequest),
    /// Record a decision of two people: which of a conflict's rows stands, or a waived bound
    Redrive(RedriveRequest),
}

/// What `quarantine list` takes.
#[derive(Args)]
pub struct ListRequest {
    /// The period: its close, or else its draft [default: the latest that was run]
    #[arg(long, value_parser = parse_period)]
    period: Option<Period>,
    /// Rows of this log
    #[arg(long, value_parser = parse_log)]
    log: Option<Log>,
    /// Rows with this reason (docs/ledger.md)
    #[arg(long)]
    reason: Option<String>,
    /// Rows of this day, in the book's zone
    #[arg(long, value_parser = parse_day, value_name = "DAY")]
    day: Option<i32>,
    /// Rows in this currency
    #[arg(long)]
    currency: Option<String>,
    /// Rows of at least this amount, in minor units
    #[arg(long, value_name = "MINOR")]
    min_amount: Option<i64>,
    /// The rows that wait for their charge, in place of the quarantined ones
    #[arg(long)]
    waiting: bool,
    /// Every row, in place of a summary
    #[arg(long)]
    rows: bool,
    /// Every row as it stands in its file, column by column
    #[arg(long)]
    raw: bool,
    /// How rows come out
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What `quarantine redrive` takes.
#[derive(Args)]
#[command(group(ArgGroup::new("decision").required(true).args(["stands", "waive"])))]
pub struct RedriveRequest {
    /// Let the row with this hash stand; the other rows of its event stay quarantined
    #[arg(long, value_name = "ROW_HASH", requires_all = ["log", "event_id"])]
    stands: Option<String>,
    /// The row's log
    #[arg(long, value_parser = parse_log, requires = "stands")]
    log: Option<Log>,
    /// The row's event
    #[arg(long, requires = "stands")]
    event_id: Option<String>,
    /// Waive this gate's bound
    #[arg(long, value_name = "GATE", requires_all = ["scope", "value", "expires"])]
    waive: Option<String>,
    /// What the bound is waived for: a log, or a currency
    #[arg(long, requires = "waive")]
    scope: Option<String>,
    /// The share that may pass, "30 %"
    #[arg(long, requires = "waive")]
    value: Option<String>,
    /// The last period that it holds for
    #[arg(long, value_parser = parse_period, requires = "waive", value_name = "PERIOD")]
    expires: Option<Period>,
    /// Why
    #[arg(long)]
    reason: String,
    /// Who asks for it
    #[arg(long, value_name = "NAME")]
    requested_by: String,
    /// Who agrees: somebody else
    #[arg(long, value_name = "NAME")]
    approved_by: String,
}

fn parse_log(text: &str) -> std::result::Result<Log, String> {
    text.parse().map_err(|e: Error| e.to_string())
}

/// Does it.
///
/// # Errors
/// As `list`, `let_stand` and `waive`.
pub fn perform(common: &Common, verb: &Verb) -> Result<()> {
    match verb {
        Verb::List(request) => show(common, request),
        Verb::Redrive(request) => redrive(common, request),
    }
}

impl ListRequest {
    fn wanted(&self) -> Wanted {
        Wanted {
            period: self.period,
            waiting: self.waiting,
            log: self.log,
            reason: self.reason.clone(),
            day: self.day,
            currency: self.currency.clone(),
            min_amount: self.min_amount,
        }
    }

    fn is_by_row(&self) -> bool {
        let filtered = self.log.is_some() || self.reason.is_some() || self.day.is_some() || self.currency.is_some();
        self.rows || self.raw || filtered || self.min_amount.is_some()
    }
}

fn show(common: &Common, request: &ListRequest) -> Result<()> {
    let book = common.book()?;
    let listing = list(&book, &request.wanted())?;
    let what = if request.waiting { "waiting" } else { "quarantined" };
    let run = listing.run_id.get(..16).unwrap_or(&listing.run_id);
    say(common, &format!("{}, {}, run {run}: {} rows {what}", listing.period, listing.state, listing.rows.len()));
    if !request.is_by_row() {
        return summary(&listing)?.print(request.format);
    }
    let rows = by_row(&listing, request.waiting);
    if !request.raw {
        return rows.print(request.format);
    }
    with_raw(rows, &listing.raw(&book)?, request.format)
}

fn summary(listing: &Listing) -> Result<Rows> {
    Ok(Rows {
        headings: vec!["log", "reason", "day", "currency", "rows", "amount_minor", "amount", "unreadable"],
        numbers: vec!["rows", "amount_minor", "amount", "unreadable"],
        rows: listing.sums()?.into_iter().map(sum_row).collect(),
    })
}

fn sum_row(((log, reason, day, currency), sum): (SumKey, Sum)) -> Vec<String> {
    let amount = major(Some(sum.amount_minor), currency.as_deref());
    let [rows, unreadable] = [sum.rows, sum.unreadable].map(|n| n.to_string());
    let day = day.map(day_text).unwrap_or_default();
    let minor = sum.amount_minor.to_string();
    vec![log.to_owned(), reason, day, currency.unwrap_or_default(), rows, minor, amount, unreadable]
}

/// An amount in major units; empty without an amount or a known currency.
fn major(minor: Option<impl Into<i128>>, currency: Option<&str>) -> String {
    let known = minor.zip(currency.and_then(Currency::parse));
    known.map(|(minor, currency)| major_grouped(minor, currency)).unwrap_or_default()
}

fn by_row(listing: &Listing, waiting: bool) -> Rows {
    let mut headings = vec!["log", "event_id", "row_hash", "reason"];
    headings.extend(waiting.then_some("until"));
    headings.extend(["kind", "creator_id", "amount_minor", "amount", "currency", "event_time"]);
    headings.extend(["file", "row_group", "row"]);
    let numbers = vec!["amount_minor", "amount", "row_group", "row"];
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let row = |Listed { row, day }: &Listed| {
        let mut cells = vec![row.log.to_owned(), text(&row.event_id), row.row_hash.clone(), row.reason.clone()];
        cells.extend(waiting.then(|| row.until.map(day_text).unwrap_or_default()));
        cells.extend([text(&row.kind), text(&row.creator_id)]);
        cells.push(row.amount_minor.map(|minor| minor.to_string()).unwrap_or_default());
        cells.push(major(row.amount_minor, row.currency.as_deref()));
        cells.push(text(&row.currency));
        cells.push(day.and(row.event_time).map(instant_text).unwrap_or_default());
        cells.extend([row.file.clone(), row.row_group.to_string(), row.row.to_string()]);
        cells
    };
    Rows { headings, numbers, rows: listing.rows.iter().map(row).collect() }
}

/// Rows with the raw ones below (table), in a last column (CSV), or as an object (JSON).
fn with_raw(mut rows: Rows, raw: &[RawRow], format: Format) -> Result<()> {
    match format {
        Format::Table => blocks(&rows, raw),
        Format::Csv => {
            rows.headings.push("raw");
            rows.rows.iter_mut().zip(raw).for_each(|(row, raw)| row.push(object(raw).to_string()));
            rows.print(format)
        }
        Format::Json => {
            let whole = |(row, raw): (&Vec<String>, &RawRow)| {
                let named = rows.headings.iter().zip(row);
                let texts = named.map(|(name, cell)| ((*name).to_owned(), Value::from(cell.clone())));
                Value::Object(texts.chain([("raw".to_owned(), object(raw))]).collect())
            };
            let list: Vec<Value> = rows.rows.iter().zip(raw).map(whole).collect();
            let text = serde_json::to_string_pretty(&list).map_err(|e| Error::bug(e.to_string()))?;
            writeln!(std::io::stdout(), "{text}").map_err(refused)
        }
    }
}

/// A line for each row, and below it the columns of its file.
fn blocks(rows: &Rows, raw: &[RawRow]) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (row, raw) in rows.rows.iter().zip(raw) {
        let named = rows.headings.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
        let line = named.map(|(name, cell)| format!("{name} {cell}")).collect::<Vec<_>>().join(", ");
        writeln!(out, "{line}").map_err(refused)?;
        for (name, value) in raw {
            writeln!(out, "    {name} = {}", value.as_deref().unwrap_or("null")).map_err(refused)?;
        }
    }
    out.flush().map_err(refused)
}

#[expect(clippy::needless_pass_by_value, reason = "the form of map_err")]
fn refused(e: std::io::Error) -> Error {
    Error::resources(format!("stdout refused: {e}"))
}

fn object(raw: &RawRow) -> Value {
    let pairs = raw.iter().map(|(name, value)| (name.clone(), value.clone().map_or(Value::Null, Value::from)));
    Value::Object(pairs.collect::<Map<String, Value>>())
}

fn redrive(common: &Common, request: &RedriveRequest) -> Result<()> {
    let book = common.book()?;
    let what = match (request.row(), request.bound()) {
        (Some(stands), _) => {
            let progress = Progress::new(common, "reading");
            let_stand(&book, &stands, common.engine(), &|rows| progress.add(rows))?;
            format!("of {} {}, row {} stands", stands.log, stands.event_id, stands.row_hash)
        }
        (None, Some(bound)) => {
            waive(&book, &bound)?;
            format!("{} of {} may reach {} up to {}", bound.gate, bound.scope, bound.value, bound.expires)
        }
        (None, None) => return Err(Error::usage("nothing is decided").expected("--stands ROW_HASH or --waive GATE")),
    };
    println!("recorded in {REDRIVE_FILE}: {what}");
    say(common, "`everycent run` follows it; no data was changed");
    Ok(())
}

impl RedriveRequest {
    fn row(&self) -> Option<Stands> {
        Some(Stands {
            log: self.log?.name().to_owned(),
            event_id: self.event_id.clone()?,
            row_hash: self.stands.clone()?,
            reason: self.reason.clone(),
            requested_by: self.requested_by.clone(),
            approved_by: self.approved_by.clone(),
        })
    }

    fn bound(&self) -> Option<Bound> {
        Some(Bound {
            gate: self.waive.clone()?,
            scope: self.scope.clone()?,
            value: self.value.clone()?,
            reason: self.reason.clone(),
            expires: self.expires?.to_string(),
            requested_by: self.requested_by.clone(),
            approved_by: self.approved_by.clone(),
        })
    }
}
