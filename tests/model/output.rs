//! The tables as text.

use std::collections::BTreeMap;

use crate::support::sheet;

use super::booking::{Entry, is_nothing};
use super::calendar::{Month, day_text, instant_text, month_text};
use super::event::Row;
use super::fates::{Fate, Fates, readable};
use super::journal::Journal;
use super::rating::Part;

/// A row of a table.
pub type Line = sheet::Line;

/// Rows of a table.
pub type Lines = Vec<Line>;

/// A row from names and texts; empty texts are nulls.
pub fn line(cells: &[(&str, &str)]) -> Line {
    let kept = cells.iter().filter(|(_, text)| !text.is_empty());
    kept.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// `earnings`.
pub fn earnings(entries: &[Entry]) -> Lines {
    entries.iter().filter(|e| !is_nothing(&e.by)).map(earning).collect()
}

fn earning(e: &Entry) -> Line {
    let steps = e.by.steps.iter().filter(|(_, _, minor)| *minor != 0);
    let steps = steps.map(|(n, a, m)| format!("{{\"name\":\"{n}\",\"account\":\"{a}\",\"minor\":{m}}}"));
    line(&[
        ("creator_id", &e.key.creator),
        ("program", &e.key.program),
        ("policy_version", &e.key.version),
        ("currency", &e.key.currency),
        ("earning_period", &month_text(e.key.month)),
        ("fx_date", &day_text(e.key.fx_date)),
        ("cause", e.cause),
        ("events", &e.by.events.to_string()),
        ("gross_minor", &e.by.gross.to_string()),
        ("tax_minor", &e.by.tax.to_string()),
        ("channel_fee_minor", &e.by.fee.to_string()),
        ("deductions", &format!("[{}]", steps.collect::<Vec<_>>().join(","))),
        ("creator_minor", &e.by.creator.to_string()),
        ("platform_minor", &e.by.platform.to_string()),
        ("rounding", &e.by.rounding.to_string()),
        ("parts", &format!("[{}]", e.by.parts.iter().map(part).collect::<Vec<_>>().join(","))),
    ])
}

fn part(p: &Part) -> String {
    let rate = p.rate.as_ref().map_or("null".to_owned(), |r| format!("\"{r}\""));
    let paid = p.paid.map_or("null".to_owned(), |p| p.to_string());
    let (party, minor, to) = (&p.place.2, p.minor, &p.payout_currency);
    format!(
        "{{\"party_id\":\"{party}\",\"minor\":{minor},\"payout_currency\":\"{to}\",\"rate\":{rate},\"payout_minor\":{paid}}}"
    )
}

/// `journal`, as postings.
pub fn journal(journal: &Journal, month: Month) -> Lines {
    let row = |((e, at), minor): (&(super::journal::Entry, super::journal::Place), &i64)| {
        let text = |t: &Option<String>| t.clone().unwrap_or_default();
        line(&[
            ("period", &month_text(month)),
            ("earning_period", &e.month.map(month_text).unwrap_or_default()),
            ("cause", e.cause.unwrap_or_default()),
            ("kind", e.kind),
            ("program", &text(&e.program)),
            ("log", &text(&at.log)),
            ("channel", &text(&at.channel)),
            ("account", &at.account),
            ("party_id", &text(&at.party)),
            ("amount_minor", &minor.to_string()),
            ("currency", &at.currency),
        ])
    };
    journal.0.iter().map(row).collect()
}

/// `quarantine`, `waiting` or `ineligible`: the rows whose fate is `name`; only new ones if `prior` is given.
pub fn unrated(rows: &[Row], fates: &Fates, name: &str, prior: Option<&Fates>) -> Lines {
    let listed = |row: &&Row| {
        let before = prior.and_then(|p| p.get(&row.n)).is_some_and(|fate| fate.name() == name);
        fates[&row.n].name() == name && !before
    };
    rows.iter().filter(listed).map(|row| unrated_row(row, &fates[&row.n])).collect()
}

fn unrated_row(row: &Row, fate: &Fate) -> Line {
    let text = |column| row.text(column).unwrap_or_default();
    let until = if let Fate::Waiting(until) = fate { day_text(*until) } else { String::new() };
    line(&[
        ("log", &row.log),
        ("event_id", text("event_id")),
        ("reason", fate.reason().unwrap_or_default()),
        ("until", &until),
        ("kind", text("kind")),
        ("creator_id", text("creator_id")),
        ("amount_minor", text("amount_minor")),
        ("currency", text("currency")),
        ("event_time", &row.time.map(instant_text).unwrap_or_default()),
    ])
}

/// `control`: since the last close, and in all.
pub fn control(rows: &[Row], fates: &Fates, prior: &Fates) -> Lines {
    let mut sums: BTreeMap<(String, String, String, String), [i64; 6]> = BTreeMap::new();
    for row in rows {
        let key = |fate: &Fate| {
            let currency = row.text("currency").unwrap_or_default().to_owned();
            (row.log.clone(), currency, fate.name().to_owned(), fate.reason().unwrap_or_default().to_owned())
        };
        let unreadable = row.has_money() && readable(row).is_none();
        let value = [1, row.sign() * readable(row).unwrap_or(0), i64::from(unreadable)];
        let (now, before) = (key(&fates[&row.n]), prior.get(&row.n).map(key));
        let mut add = |key: &(String, String, String, String), from: usize, sign: i64| {
            let sums = sums.entry(key.clone()).or_default();
            value.iter().enumerate().for_each(|(i, v)| sums[from + i] += sign * v);
        };
        add(&now, 3, 1);
        if before.as_ref() != Some(&now) {
            add(&now, 0, 1);
            before.iter().for_each(|before| add(before, 0, -1));
        }
    }
    sums.into_iter().filter(|(_, v)| v.iter().any(|n| *n != 0)).map(|(key, v)| control_row(&key, &v)).collect()
}

fn control_row(key: &(String, String, String, String), v: &[i64; 6]) -> Line {
    let mut row = line(&[("log", &key.0), ("currency", &key.1), ("fate", &key.2), ("reason", &key.3)]);
    let names = ["rows", "amount_minor", "unreadable", "total_rows", "total_amount_minor", "total_unreadable"];
    row.extend(names.iter().zip(v).map(|(name, value)| ((*name).to_owned(), value.to_string())));
    row
}
