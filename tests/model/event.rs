//! The rows of the logs.

use std::collections::BTreeMap;

use crate::support::book::ARRIVAL;
use crate::support::sheet::{Line, Sheet};

use super::calendar::{Day, Month, Zone, month_of, parse_instant};
use super::condition::Value;

/// What a kind of event does to money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Charge,
    Reversal,
    /// A chargeback won: takes a chargeback back.
    Won,
    /// Engagement, deliveries: no money.
    Nothing,
    Adjustment,
    Unknown,
}

/// A row as it was read.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number among all rows of the book, which names it in this model.
    pub n: usize,
    pub log: String,
    pub id: Option<String>,
    /// Microseconds since 1970.
    pub time: Option<i64>,
    /// The local day of its time; of a row without one, a day before all others.
    pub day: Day,
    pub effect: Effect,
    /// All columns but the delivery; nulls are absent.
    pub cells: Line,
}

/// A log and an id in it.
pub type Key = (String, String);

impl Row {
    /// A text column.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(String::as_str)
    }

    /// An integer column.
    pub fn int(&self, column: &str) -> Option<i64> {
        self.text(column).map(|t| t.parse().unwrap_or_else(|_| panic!("{column} is no integer: {t:?}")))
    }

    /// What it names itself; none without an id.
    pub fn key(&self) -> Option<Key> {
        Some((self.log.clone(), self.id.clone()?))
    }

    /// What it takes back.
    pub fn original(&self) -> Option<Key> {
        Some((self.log.clone(), self.text("original_id")?.to_owned()))
    }

    /// The month of its own time.
    pub fn month(&self) -> Month {
        month_of(self.day)
    }

    /// Where it stands among all events.
    pub fn order(&self) -> (Option<i64>, &str, Option<&str>) {
        (self.time, &self.log, self.id.as_deref())
    }

    /// Whether it carries amounts.
    pub fn has_money(&self) -> bool {
        self.log != "engagement" && self.effect != Effect::Nothing
    }

    /// 1, or -1 for what takes money back.
    pub fn sign(&self) -> i64 {
        if self.effect == Effect::Reversal || self.text("kind") == Some("debit") { -1 } else { 1 }
    }

    /// A column as a condition sees it: integers where the log has integers.
    pub fn value(&self, column: &str) -> Value {
        let integer = column.ends_with("_minor")
            || [
                "views",
                "tracks",
                "tenure_months",
                "commission_bps",
                "quantity",
                "coins",
                "seconds",
                "likes",
                "comments",
            ]
            .contains(&column);
        match self.text(column) {
            None => Value::Null,
            Some(_) if integer => Value::Int(self.int(column).expect("the column is not null")),
            Some(text) => Value::Text(text.to_owned()),
        }
    }
}

/// All rows that deliveries up to this one have brought, in the order of the book.
pub fn rows(logs: &BTreeMap<String, Sheet>, zone: Zone, delivered: u32) -> Vec<Row> {
    let all = logs.iter().flat_map(|(log, sheet)| sheet.lines().into_iter().map(move |line| (log.clone(), line)));
    let numbered = all.enumerate().map(|(n, (log, line))| row(n, log, line, zone));
    numbered.filter(|(arrival, _)| *arrival <= delivered).map(|(_, row)| row).collect()
}

fn row(n: usize, log: String, mut cells: Line, zone: Zone) -> (u32, Row) {
    let arrival = cells.remove(ARRIVAL).expect("a delivery").parse().expect("a number");
    let time = cells.get("event_time").map(|t| parse_instant(t));
    let effect = effect(&log, cells.get("kind").map_or("", String::as_str));
    let id = cells.get("event_id").cloned();
    let day = time.map_or(-1, |t| zone.day_at(t));
    (arrival, Row { n, log, id, time, day, effect, cells })
}

fn effect(log: &str, kind: &str) -> Effect {
    match (log, kind) {
        ("adjustments", "credit" | "debit") => Effect::Adjustment,
        ("engagement", "view" | "post") | ("commerce", "delivered") => Effect::Nothing,
        ("brand_deals", "milestone") | ("commerce", "order") | ("gifts", "send") => Effect::Charge,
        ("subscriptions", "start" | "renew" | "upgrade" | "gift") => Effect::Charge,
        ("brand_deals", "cancel") | ("commerce", "return") | ("gifts" | "subscriptions", "refund") => Effect::Reversal,
        ("commerce" | "gifts" | "subscriptions", "chargeback") => Effect::Reversal,
        ("commerce" | "gifts" | "subscriptions", "chargeback_won") => Effect::Won,
        _ => Effect::Unknown,
    }
}
