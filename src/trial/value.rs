//! A cell of an example: text, a whole number, a day or an instant.

use jiff::civil::Date;
use toml::de::DeValue;

use crate::period::day_of;
use crate::policy::{Faults, Value};

/// What a cell of an example holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    Int(i64),
    /// Microseconds since 1970, UTC; of a day its noon.
    Time {
        micros: i64,
        day: i32,
        is_day: bool,
    },
}

impl Cell {
    /// As it stands in a CSV file.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Int(number) => number.to_string(),
            Cell::Time { day, .. } => crate::period::day_text(*day),
        }
    }

    /// Reads a cell; notes what is none.
    pub fn read(value: Value<'_>, faults: &mut Faults) -> Option<Self> {
        let read = match value.inner {
            DeValue::String(text) => Some(Cell::Text(text.as_ref().to_owned())),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(Cell::Int),
            DeValue::Boolean(truth) => Some(Cell::Text(truth.to_string())),
            DeValue::Datetime(time) => instant(time),
            _ => None,
        };
        if read.is_none() {
            value.wrong_type(
                "text (money too), a whole number, a day, or an instant such as 2026-10-05T09:00:00Z",
                faults,
            );
        }
        read
    }
}

const NOON: i64 = 12 * 3600 * 1_000_000;
const DAY: i64 = 24 * 3600 * 1_000_000;

fn instant(time: &toml::value::Datetime) -> Option<Cell> {
    let date = time.date?;
    let narrow = |n: u8| i8::try_from(n).ok();
    let day = day_of(Date::new(i16::try_from(date.year).ok()?, narrow(date.month)?, narrow(date.day)?).ok()?);
    let midnight = i64::from(day) * DAY;
    let Some(clock) = time.time else { return Some(Cell::Time { micros: midnight + NOON, day, is_day: true }) };
    let of_day = (i64::from(clock.hour) * 60 + i64::from(clock.minute)) * 60 + i64::from(clock.second.unwrap_or(0));
    let behind = match time.offset {
        Some(toml::value::Offset::Custom { minutes }) => i64::from(minutes) * 60,
        _ => 0,
    };
    Some(Cell::Time { micros: midnight + (of_day - behind) * 1_000_000, day, is_day: false })
}
