//! Reference rates: units per 1 EUR by day, cross rates of one table date, and the guard against a wrong rate.

use std::collections::BTreeMap;
use std::fmt;

use super::currency::Currency;
use super::exact::Exact;
use super::fx_file::{Cell, cells, decimal_text};
use crate::error::Result;
use crate::period::day_text;

/// Quotes of one currency, ascending by day.
type Series = Vec<(i32, Exact)>;

/// A table of reference rates, units per 1 EUR. The euro itself is 1 on every day that quotes anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FxTable {
    /// The euro is not among them.
    series: BTreeMap<Currency, Series>,
}

/// A cross rate, and the table day that both legs come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Units of the one currency for one unit of the other, both in major units.
    pub rate: Exact,
    /// The day of the table, days since 1970-01-01.
    pub table_day: i32,
}

/// A rate that looks wrong beside the quote before it; both are units per 1 EUR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardFault {
    pub currency: Currency,
    /// Table day of the rate.
    pub day: i32,
    pub rate: Exact,
    /// Table day of the quote before.
    pub previous_day: i32,
    pub previous: Exact,
    /// The rate is nearer in ratio to the inverse of the quote before than to that quote.
    pub inverted: bool,
}

impl FxTable {
    /// A table that quotes nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads CSV: the long form `date,currency,rate`, or the ECB's `eurofxref-hist.csv` as it is (a column per
    /// currency, `N/A` and empty cells, an empty last column). Rows come in any order; `name` is the file's, for the
    /// errors.
    ///
    /// # Errors
    /// Input, with file, line and column: another header, a row of another length, a bad day or number, a rate of 0
    /// or below, an unknown code, a euro that is not 1, two rates for one currency and day.
    pub fn read(bytes: &[u8], name: &str) -> Result<Self> {
        let mut cells = cells(bytes, name)?;
        cells.sort_by_key(|cell| (cell.currency, cell.day, cell.line));
        let mut table = Self::empty();
        for cell in cells {
            table.insert(cell, name)?;
        }
        Ok(table)
    }

    /// Cells come ascending by currency and day.
    fn insert(&mut self, cell: Cell, name: &str) -> Result<()> {
        if cell.currency == Currency::EUR {
            return if cell.rate == Exact::ONE { Ok(()) } else { Err(cell.fault(name, "a euro is not 1 EUR", "1")) };
        }
        let series = self.series.entry(cell.currency).or_default();
        match series.last() {
            Some((day, rate)) if *day == cell.day && *rate == cell.rate => Ok(()),
            Some((day, rate)) if *day == cell.day => {
                let expected = format!("{} once, or as in the row before", rate.to_decimal().unwrap_or_default());
                Err(cell.fault(name, "one currency has two rates on one day", &expected))
            }
            _ => {
                series.push((cell.day, cell.rate));
                Ok(())
            }
        }
    }

    /// Units of `to` for one unit of `from`, major units, both legs from the latest table day on or before `day`, and
    /// at most `max_days_back` days before it, that quotes both. `None` without one. A currency in itself is 1, on
    /// that day.
    #[must_use]
    pub fn cross(&self, from: Currency, to: Currency, day: i32, max_days_back: i32) -> Option<Quote> {
        if from == to {
            return Some(Quote { rate: Exact::ONE, table_day: day });
        }
        let first = day.saturating_sub(max_days_back);
        let (table_day, from, to) = self.common_days(from, to, first, day).next()?;
        Some(Quote { rate: to.checked_div(from)?, table_day })
    }

    /// Mean of the exact cross rates of the days from `first_day` to `last_day`, both included, that quote both;
    /// `None` where there is none. A currency in itself is 1.
    #[must_use]
    pub fn average(&self, from: Currency, to: Currency, first_day: i32, last_day: i32) -> Option<Exact> {
        if from == to {
            return Some(Exact::ONE);
        }
        let days = self.common_days(from, to, first_day, last_day);
        let rates = days.map(|(_, from, to)| to.checked_div(from)).collect::<Option<Vec<_>>>()?;
        let count = i128::try_from(rates.len()).ok()?;
        rates.iter().sum::<Exact>().checked_div(&Exact::from_int(count))
    }

    /// The days from `first` to `last` that quote two different currencies, the latest first, with both rates.
    fn common_days(
        &self,
        a: Currency,
        b: Currency,
        first: i32,
        last: i32,
    ) -> impl Iterator<Item = (i32, &Exact, &Exact)> {
        let (mut a, mut b) = (self.days_of(a, first, last), self.days_of(b, first, last));
        std::iter::from_fn(move || {
            loop {
                let (a_day, b_day) = match (&a, &b) {
                    (Days::Every, Days::Quoted([.., (day, _)])) | (Days::Quoted([.., (day, _)]), Days::Every) => {
                        (*day, *day)
                    }
                    (Days::Quoted([.., (a, _)]), Days::Quoted([.., (b, _)])) => (*a, *b),
                    _ => return None,
                };
                let a_rate = if a_day >= b_day { a.pop() } else { None };
                let b_rate = if b_day >= a_day { b.pop() } else { None };
                if let (Some(a_rate), Some(b_rate)) = (a_rate, b_rate) {
                    return Some((a_day, a_rate, b_rate));
                }
            }
        })
    }

    fn days_of(&self, currency: Currency, first: i32, last: i32) -> Days<'_> {
        if currency == Currency::EUR {
            return Days::Every;
        }
        let series = self.series_of(currency);
        let from = series.partition_point(|(day, _)| *day < first);
        let to = series.partition_point(|(day, _)| *day <= last).max(from);
        Days::Quoted(&series[from..to])
    }

    fn series_of(&self, currency: Currency) -> &[(i32, Exact)] {
        self.series.get(&currency).map_or(&[], Vec::as_slice)
    }

    /// Holds the quote of a table day against the quote before it: a fault where it is off by more than `bound`
    /// (max(r/p, p/r) - 1 > bound), or nearer in ratio to its inverse than to itself (max(r/p, p/r) > max(rp, 1/(rp))).
    /// `None` without fault, for the euro, and where that day or a day before it quotes nothing (contract, section 3).
    #[must_use]
    pub fn guard(&self, currency: Currency, table_day: i32, bound: &Exact) -> Option<GuardFault> {
        let series = self.series_of(currency);
        let at = series.binary_search_by_key(&table_day, |(day, _)| *day).ok()?;
        let (previous_day, previous) = series.get(at.checked_sub(1)?)?;
        let (day, rate) = series.get(at)?;
        let change = ratio_above_one(rate.checked_div(previous)?);
        let inverted = change > ratio_above_one(rate * previous);
        let faulty = inverted || change - Exact::ONE > *bound;
        let (rate, previous) = (rate.clone(), previous.clone());
        faulty.then_some(GuardFault { currency, day: *day, rate, previous_day: *previous_day, previous, inverted })
    }

    /// Every quote as day, currency and plain decimal text, sorted so; without the ones of the euro, which go without
    /// saying.
    pub fn canonical_rows(&self) -> impl Iterator<Item = (i32, Currency, String)> {
        let quotes = |(currency, series): (&Currency, &Series)| {
            let currency = *currency;
            series.iter().map(|(day, rate)| (*day, currency, decimal_text(rate))).collect::<Vec<_>>()
        };
        let mut rows: Vec<_> = self.series.iter().flat_map(quotes).collect();
        rows.sort_unstable();
        rows.into_iter()
    }

    /// The canonical rows in the long form, with its header; reading it gives an equal table.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let rows = self.canonical_rows().map(|(day, currency, rate)| format!("{},{currency},{rate}\n", day_text(day)));
        std::iter::once("date,currency,rate\n".to_owned()).chain(rows).collect()
    }
}

/// The quoted days of a leg that are still to be looked at; the euro is quoted on every one.
enum Days<'a> {
    Every,
    Quoted(&'a [(i32, Exact)]),
}

impl<'a> Days<'a> {
    /// Takes the latest day off, and gives its rate.
    fn pop(&mut self) -> Option<&'a Exact> {
        match self {
            Self::Every => Some(const { &Exact::ONE }),
            Self::Quoted(days) => days.split_off_last().map(|(_, rate)| rate),
        }
    }
}

/// A positive ratio or its inverse, whichever is at least 1.
fn ratio_above_one(ratio: Exact) -> Exact {
    match ratio.recip() {
        Some(inverse) if inverse > ratio => inverse,
        _ => ratio,
    }
}

/// An exact amount in minor units of `from` as exact minor units of `to`:
/// x rate x 10^(digits of `to` - digits of `from`).
#[must_use]
pub fn convert(minor: &Exact, from: Currency, to: Currency, rate: &Exact) -> Exact {
    let scale = |currency: Currency| 10_i128.pow(currency.digits());
    let scale = Exact::ratio(scale(to), scale(from)).unwrap_or_default();
    minor * rate * scale
}

impl fmt::Display for GuardFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = if self.inverted {
            "is nearer to the inverse of the quote before than to it"
        } else {
            "is too far off the quote before"
        };
        let (rate, previous) = (decimal_text(&self.rate), decimal_text(&self.previous));
        let (day, previous_day) = (day_text(self.day), day_text(self.previous_day));
        write!(f, "{} of {day}, {rate} per EUR, {why}: {previous} of {previous_day}", self.currency)
    }
}
