//! `everycent status`: the periods of a book, and where rows ended.

use clap::Args;

use super::Common;
use super::output::{Format, Rows};
use crate::error::Result;
use crate::ledger::{State, Store, Tables};
use crate::money::{Currency, major_grouped};

/// What `status` takes.
#[derive(Args)]
pub struct Request {
    /// How rows come out
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints the status.
///
/// # Errors
/// Book or ledger can't be read.
pub fn perform(common: &Common, request: &Request) -> Result<()> {
    let book = common.book()?;
    let store = Store::open(&book.ledger)?;
    let state = State::of_ledger(&store, book.first_period)?;
    let mut rows = Vec::new();
    for closed in state.closed() {
        rows.push(vec![
            closed.period.to_string(),
            "closed, unsigned".into(),
            closed.run_id.clone(),
            closed.root.clone(),
        ]);
    }
    for (period, draft) in store.drafts()?.into_iter().filter(|(period, _)| *period >= state.first_open()) {
        let what = match (draft.provisional, &draft.as_of) {
            (_, Some(day)) => format!("draft, events before {day}"),
            (true, None) => "draft, provisional".to_owned(),
            (false, None) => "draft".to_owned(),
        };
        rows.push(vec![period.to_string(), what, draft.run_id, draft.root]);
    }
    let open = state.open_rows();
    Rows { headings: vec!["period", "state", "run", "root"], numbers: vec![], rows }.print(request.format)?;
    if !open.is_empty() {
        super::talk::say(common, &format!("{} rows quarantined or waiting at the last close", open.len()));
    }
    Ok(())
}

/// The control table for people: major units beside their currency.
#[must_use]
pub fn control_rows(tables: &Tables) -> Rows {
    let amount = |minor: i64, currency: Option<&str>| match currency.and_then(Currency::parse) {
        Some(currency) => major_grouped(minor, currency),
        None => minor.to_string(),
    };
    let row = |c: &crate::ledger::Control| {
        let text = |t: &Option<String>| t.clone().unwrap_or_default();
        vec![
            c.log.to_owned(),
            text(&c.currency),
            c.fate.to_owned(),
            text(&c.reason),
            c.rows.to_string(),
            amount(c.amount_minor, c.currency.as_deref()),
            c.unreadable.to_string(),
            c.total_rows.to_string(),
            amount(c.total_amount_minor, c.currency.as_deref()),
        ]
    };
    Rows {
        headings: vec![
            "log",
            "currency",
            "fate",
            "reason",
            "rows",
            "amount",
            "unreadable",
            "total_rows",
            "total_amount",
        ],
        numbers: vec!["rows", "amount", "unreadable", "total_rows", "total_amount"],
        rows: tables.control.iter().map(row).collect(),
    }
}
