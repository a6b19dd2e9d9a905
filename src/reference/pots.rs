//! Pots: what a pool divides in an earning period.

use std::collections::BTreeMap;

use super::table::{Row, Table};
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::period::Period;

/// What a pot is of; without a country, of all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PotKey {
    pub program: String,
    pub period: Period,
    pub country: Option<String>,
    pub currency: Currency,
}

/// All pots, in minor units.
#[derive(Clone, Debug, Default)]
pub struct Pots(BTreeMap<PotKey, i64>);

impl Pots {
    pub(super) fn read(table: Option<&Table>) -> Result<Self> {
        let mut pots = BTreeMap::new();
        let Some(table) = table else { return Ok(Self(pots)) };
        for row in table.rows(&["program", "country", "earning_period", "currency", "amount_minor"])? {
            let key = key(&row)?;
            let amount =
                row.whole("amount_minor")?.ok_or_else(|| row.fault("amount_minor", "minor units", "nothing"))?;
            if amount < 0 {
                return Err(Error::gate("a pot is negative")
                    .at(format!("pots, {}, {}", key.program, key.period))
                    .expected("0 or more minor units")
                    .found(amount.to_string())
                    .next(
                        "correct the pot; what a period took too much is put right by a smaller pot of that period",
                    ));
            }
            if pots.insert(key.clone(), amount).is_some() {
                let what = format!("{}, {}, {}", key.program, key.period, key.currency.code());
                return Err(row.fault("program", "one row for each program, country, period and currency", &what));
            }
        }
        Ok(Self(pots))
    }

    /// All of a program, by period, country and currency.
    pub fn of<'a>(&'a self, program: &'a str) -> impl Iterator<Item = (&'a PotKey, i64)> {
        self.0.iter().filter(move |(key, _)| key.program == program).map(|(key, minor)| (key, *minor))
    }

    /// The programs that have any, each once.
    #[must_use]
    pub fn programs(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.keys().map(|key| key.program.as_str()).collect();
        names.dedup();
        names
    }
}

fn key(row: &Row<'_>) -> Result<PotKey> {
    let code = row.need("currency")?;
    let period = row.need("earning_period")?;
    Ok(PotKey {
        program: row.need("program")?.to_owned(),
        period: period.parse().map_err(|_| row.fault("earning_period", "a month, YYYY-MM", period))?,
        country: row.get("country").map(str::to_owned),
        currency: Currency::parse(code).ok_or_else(|| row.fault("currency", "an ISO 4217 code", code))?,
    })
}
