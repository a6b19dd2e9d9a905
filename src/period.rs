//! Periods (calendar months) and days in the book's time zone.
//!
//! A day is an `i32` count of days since 1970-01-01; a period is half-open: its first day up to, and without, the
//! first day of the next.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::error::{Error, Result};

/// A calendar month, `2026-10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(i32);

impl Period {
    /// The month with this year and month (1 to 12).
    #[must_use]
    pub fn new(year: i32, month: i32) -> Self {
        Self(year * 12 + month - 1)
    }

    /// The period that contains a day.
    #[must_use]
    pub fn of_day(day: i32) -> Self {
        let date = date_of(day);
        Self::new(i32::from(date.year()), i32::from(date.month()))
    }

    /// The year, 2026 of `2026-10`.
    #[must_use]
    pub fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// The month, 10 of `2026-10`.
    #[must_use]
    pub fn month(self) -> i32 {
        self.0.rem_euclid(12) + 1
    }

    /// `year x 12 + month - 1`, the number that `odd_cents = "rotate"` starts from.
    #[must_use]
    pub fn ordinal(self) -> i32 {
        self.0
    }

    /// The period after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The period before this one.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0 - 1)
    }

    /// So many months later; earlier for a number below 0.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self(self.0 + months)
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> i32 {
        let year = i16::try_from(self.year()).unwrap_or(i16::MAX);
        let month = i8::try_from(self.month()).unwrap_or(1);
        Date::new(year, month, 1).map_or(i32::MAX, day_of)
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> i32 {
        self.next().first_day() - 1
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year(), self.month()))
    }
}

impl FromStr for Period {
    type Err = Error;

    /// # Errors
    /// Anything but `YYYY-MM` with a month of 01 to 12 and a year of 1970 to 2099.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::usage("a period is a year and a month").expected("YYYY-MM, as in 2026-10").found(text);
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(wrong());
        }
        let (year, month): (i32, i32) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
        if !(1970..=2099).contains(&year) || !(1..=12).contains(&month) {
            return Err(wrong());
        }
        Ok(Self::new(year, month))
    }
}

/// The civil date of a day number.
#[must_use]
pub fn date_of(day: i32) -> Date {
    let span = jiff::Span::new().try_days(i64::from(day)).unwrap_or_default();
    EPOCH.checked_add(span).unwrap_or(Date::MAX)
}

/// The day number of a civil date.
#[must_use]
pub fn day_of(date: Date) -> i32 {
    EPOCH.until(date).map_or(i32::MAX, |span| span.get_days())
}

/// A day as text, `2026-10-31`.
#[must_use]
pub fn day_text(day: i32) -> String {
    date_of(day).to_string()
}

/// An instant (nanoseconds) as text in UTC, `2026-10-31T12:00:00Z`; empty beyond what a date can say.
#[must_use]
pub fn instant_text(nanos: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(nanos)).map(|t| t.to_string()).unwrap_or_default()
}

/// A day from `YYYY-MM-DD`; `None` where the text is none.
#[must_use]
pub fn parse_day(text: &str) -> Option<i32> {
    if text.len() != 10 {
        return None;
    }
    text.parse::<Date>().ok().map(day_of)
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);
/// The first instant that an event may have, in nanoseconds: 1970-01-01T00:00:00Z.
pub const FIRST_INSTANT: i64 = 0;
/// The first instant that an event may no longer have, in nanoseconds: 2100-01-01T00:00:00Z.
pub const END_INSTANT: i64 = 4_102_444_800 * NANOS;
/// Nanoseconds in a second.
pub const NANOS: i64 = 1_000_000_000;

/// A time zone as the sorted starts of its days, so that the day of an instant is a short search.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    /// Start of day `FIRST_DAY + i`, seconds since the epoch.
    starts: Vec<i64>,
}

const FIRST_DAY: i32 = -2;

impl Zone {
    /// The IANA zone of this name, from the data compiled in.
    ///
    /// # Errors
    /// The name is no IANA zone (usage).
    pub fn named(name: &str) -> Result<Self> {
        let zone = TimeZone::get(name).map_err(|_| {
            Error::usage("the book's zone is unknown").expected("an IANA zone such as Europe/Berlin").found(name)
        })?;
        let last = day_of(jiff::civil::date(2100, 1, 3));
        let starts = (FIRST_DAY..=last).map(|day| start_of_day(&zone, day)).collect::<Result<_>>()?;
        Ok(Self { name: name.to_owned(), starts })
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The day that an instant (nanoseconds, 1970 to 2099) falls on in this zone.
    #[must_use]
    pub fn day_at(&self, nanos: i64) -> i32 {
        let seconds = nanos.div_euclid(NANOS);
        let guess = usize::try_from(seconds / 86_400 + 2).unwrap_or(0).min(self.starts.len() - 1);
        let mut at = guess;
        while at > 0 && self.starts[at] > seconds {
            at -= 1;
        }
        while at + 1 < self.starts.len() && self.starts[at + 1] <= seconds {
            at += 1;
        }
        FIRST_DAY + i32::try_from(at).unwrap_or(0)
    }

    /// The instant (nanoseconds) at which a day begins.
    #[must_use]
    pub fn start_of(&self, day: i32) -> i64 {
        let at = usize::try_from(day - FIRST_DAY).unwrap_or(0).min(self.starts.len() - 1);
        self.starts[at] * NANOS
    }
}

fn start_of_day(zone: &TimeZone, day: i32) -> Result<i64> {
    let start =
        date_of(day).to_zoned_datetime(zone.clone()).map_err(|e| Error::bug(format!("no start of a day: {e}")))?;
    Ok(start.timestamp().as_second())
}
