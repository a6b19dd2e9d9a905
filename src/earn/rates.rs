//! The one place that rules get a rate from: what a close recorded, else the table, and a note of what was used.

use std::collections::BTreeMap;
use std::sync::RwLock;

use crate::error::{Error, Result};
use crate::money::{Currency, Exact, FxTable};
use crate::period::Period;

/// What a rate is for: units of `to` for one unit of `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RateKey {
    pub earning_period: Period,
    pub from: Currency,
    pub to: Currency,
    pub fx_date: i32,
    pub average: bool,
}

/// A rate that an evaluation used; `None` where there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedRate {
    pub rate: Option<Exact>,
    /// The table's day; none for averages.
    pub table_day: Option<i32>,
}

/// Rates for one evaluation.
pub struct Rates<'a> {
    table: &'a FxTable,
    pinned: &'a BTreeMap<RateKey, UsedRate>,
    /// May pairs that a closed period recorded as missing, or not at all, be read from the table?
    reads_for_closed: bool,
    closed: Option<Period>,
    used: RwLock<BTreeMap<RateKey, UsedRate>>,
}

impl<'a> Rates<'a> {
    /// Rates over a table and what closed periods recorded.
    #[must_use]
    pub fn new(
        table: &'a FxTable,
        pinned: &'a BTreeMap<RateKey, UsedRate>,
        closed: Option<Period>,
        reads_for_closed: bool,
    ) -> Self {
        Self { table, pinned, reads_for_closed, closed, used: RwLock::new(BTreeMap::new()) }
    }

    /// The rate for a line, at most `max_days_back` days older than its `fx_date`.
    ///
    /// # Errors
    /// Never but for a bug.
    pub fn rate(&self, key: RateKey, max_days_back: i32) -> Result<Option<Exact>> {
        if key.from == key.to {
            return Ok(Some(Exact::one()));
        }
        let poisoned = || Error::bug("a thread failed while it read rates");
        if let Some(known) = self.used.read().map_err(|_| poisoned())?.get(&key) {
            return Ok(known.rate.clone());
        }
        let found = self.look_up(key, max_days_back);
        let rate = found.rate.clone();
        self.used.write().map_err(|_| poisoned())?.insert(key, found);
        Ok(rate)
    }

    fn look_up(&self, key: RateKey, max_days_back: i32) -> UsedRate {
        let is_closed = self.closed.is_some_and(|closed| key.earning_period <= closed);
        let pinned = self.pinned.get(&key).filter(|_| is_closed);
        match pinned {
            Some(pin) if pin.rate.is_some() || !self.reads_for_closed => pin.clone(),
            _ => self.quoted(key, max_days_back),
        }
    }

    fn quoted(&self, key: RateKey, max_days_back: i32) -> UsedRate {
        if key.average {
            let first = key.earning_period.first_day();
            return UsedRate { rate: self.table.average(key.from, key.to, first, key.fx_date), table_day: None };
        }
        match self.table.cross(key.from, key.to, key.fx_date, max_days_back) {
            Some(quote) => UsedRate { rate: Some(quote.rate), table_day: Some(quote.table_day) },
            None => UsedRate { rate: None, table_day: None },
        }
    }

    /// Every rate that was asked for.
    #[must_use]
    pub fn used(self) -> BTreeMap<RateKey, UsedRate> {
        self.used.into_inner().unwrap_or_default()
    }
}
