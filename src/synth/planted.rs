//! What was planted, counted while it is written: the answer that a run's `control` is held against.

use std::collections::BTreeMap;

use super::event::Event;

/// Where rows were put: among the logs, or beside them for after the close.
pub const PLACES: [&str; 2] = ["logs", "late"];

/// The key of a count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// One of [`PLACES`].
    pub place: &'static str,
    pub log: &'static str,
    /// `event`, `reversal`, `duplicate`, `conflict` or `bad`.
    pub what: &'static str,
    /// The kind of a reversal, the reason of a bad row; empty for the others.
    pub detail: &'static str,
    pub currency: Option<&'static str>,
}

/// Rows and amounts (minor units, reversals and debits negative, unreadable ones 0) by what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planted(BTreeMap<Entry, (u64, i128)>);

impl Planted {
    /// Counts a row.
    pub fn add(&mut self, place: &'static str, what: &'static str, detail: &'static str, event: &Event) {
        let log = event.own.log().name();
        let sum = self.0.entry(Entry { place, log, what, detail, currency: event.currency }).or_default();
        sum.0 += 1;
        sum.1 += i128::from(event.counted());
    }

    /// Adds what another file counted.
    pub fn absorb(&mut self, other: Self) {
        for (entry, (rows, amount)) in other.0 {
            let sum = self.0.entry(entry).or_default();
            sum.0 += rows;
            sum.1 += amount;
        }
    }

    /// Every count, in order of its key.
    pub fn entries(&self) -> impl Iterator<Item = (&Entry, u64, i128)> {
        self.0.iter().map(|(entry, (rows, amount))| (entry, *rows, *amount))
    }

    /// Rows by place, log, what and detail.
    #[must_use]
    pub fn without_currency(&self) -> BTreeMap<[&'static str; 4], u64> {
        let mut sums = BTreeMap::new();
        for (e, rows, _) in self.entries() {
            *sums.entry([e.place, e.log, e.what, e.detail]).or_default() += rows;
        }
        sums
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.0.values().map(|(rows, _)| rows).sum()
    }

    /// As CSV with a header.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = "place,log,what,detail,currency,rows,amount_minor\n".to_owned();
        for (e, rows, amount) in self.entries() {
            let currency = e.currency.unwrap_or("");
            text += &format!("{},{},{},{},{currency},{rows},{amount}\n", e.place, e.log, e.what, e.detail);
        }
        text
    }
}
