//! Rates that a close records, so that late events of its period are converted by them.

use std::collections::BTreeMap;

use crate::earn::{RateKey, UsedRate};
use crate::error::{Error, Result};
use crate::ledger::{CarriedAmount, OpeningBalance, PinnedRate, Pins, State};
use crate::money::{Currency, Exact};
use crate::period::{day_text, parse_day};

/// What closed periods recorded, as rules look it up.
///
/// # Errors
/// A recorded rate can't be read (input).
pub fn pinned_rates(state: &State) -> Result<BTreeMap<RateKey, UsedRate>> {
    state.pins().rates.iter().map(read).collect()
}

fn read(pin: &PinnedRate) -> Result<(RateKey, UsedRate)> {
    let fault = |what: &str, found: &str| {
        Error::input("a pinned rate can't be read").at("pins.json").expected(what).found(found)
    };
    let currency = |code: &str| Currency::parse(code).ok_or_else(|| fault("a currency", code));
    let day = |text: &str| parse_day(text).ok_or_else(|| fault("a day", text));
    let key = RateKey {
        earning_period: pin.earning_period.parse()?,
        from: currency(&pin.from)?,
        to: currency(&pin.to)?,
        fx_date: day(&pin.fx_date)?,
        average: pin.average,
    };
    let exact = |text: &String| Exact::read_back(text).ok_or_else(|| fault("an exact fraction", text));
    let rate = pin.rate.as_ref().map(exact).transpose()?;
    let table_day = pin.table_date.as_deref().map(day).transpose()?;
    Ok((key, UsedRate { rate, table_day }))
}

/// What a run used, opened with and carries on, as its close records it.
#[must_use]
pub fn pins_of(used: &BTreeMap<RateKey, UsedRate>, opening: &[OpeningBalance], carried: Vec<CarriedAmount>) -> Pins {
    let pin = |(key, used): (&RateKey, &UsedRate)| PinnedRate {
        earning_period: key.earning_period.to_string(),
        from: key.from.code().to_owned(),
        to: key.to.code().to_owned(),
        fx_date: day_text(key.fx_date),
        average: key.average,
        rate: used.rate.as_ref().map(Exact::to_string),
        table_date: used.table_day.map(day_text),
    };
    Pins { rates: used.iter().map(pin).collect(), opening: opening.to_vec(), carried }
}
