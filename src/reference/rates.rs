//! Rates by creator and something that an event names: a reference of the book's own, asked by a policy's locked share.

use std::collections::BTreeMap;

use super::table::Table;
use super::without_overlaps;
use crate::error::Result;
use crate::money::Exact;

/// A rate for a span of days.
#[derive(Clone, Debug)]
struct Rate {
    rate: Exact,
    span: (i32, Option<i32>),
}

/// Rates by creator, then by key; each list by first day, none overlapping.
#[derive(Clone, Debug, Default)]
pub struct RateList(BTreeMap<String, BTreeMap<String, Vec<Rate>>>);

impl RateList {
    /// Reads the columns `creator_id`, the one named `by`, `rate` (0 to 1, `15 %`), `valid_from`, `valid_to`.
    ///
    /// # Errors
    /// A column is missing, a cell is broken, two rates of one key overlap (input).
    pub fn read(table: &Table, by: &str) -> Result<Self> {
        let mut rates: BTreeMap<String, BTreeMap<String, Vec<Rate>>> = BTreeMap::new();
        for row in table.rows(&["creator_id", by, "rate", "valid_from", "valid_to"])? {
            let text = row.need("rate")?;
            let rate = Exact::parse(text.trim()).filter(|r| !r.is_negative() && *r <= Exact::ONE);
            let rate = rate.ok_or_else(|| row.fault("rate", "a share from 0 to 1 (\"15 %\", \"0.15\")", text))?;
            let of_creator = rates.entry(row.need("creator_id")?.to_owned()).or_default();
            of_creator.entry(row.need(by)?.to_owned()).or_default().push(Rate { rate, span: row.validity()? });
        }
        for keys in rates.values_mut() {
            without_overlaps("rates", keys, |r| r.span)?;
        }
        Ok(Self(rates))
    }

    /// The highest rate in force on a day or on one of so many days before it; none where none was.
    #[must_use]
    pub fn highest(&self, creator: &str, key: &str, day: i32, days_before: i32) -> Option<&Exact> {
        let from = day.saturating_sub(days_before);
        let counts = |r: &&Rate| r.span.0 <= day && r.span.1.is_none_or(|to| from < to);
        self.0.get(creator)?.get(key)?.iter().filter(counts).map(|r| &r.rate).max()
    }
}
