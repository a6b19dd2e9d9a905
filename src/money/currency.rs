//! Currencies of ISO 4217 with their minor units, the historic ones by date; `data/currencies.csv` is compiled in.
//!
//! The table is read while compiling: a fault in it, or an order that is not strictly ascending, does not compile.

use std::fmt;

use super::exact::{Exact, with_point};

const CSV: &str = include_str!("../../data/currencies.csv");
static ROWS: [Row; COUNT] = read_rows();
const COUNT: usize = lines(CSV.as_bytes()) - 1;
/// For every three letters, the place in [`ROWS`].
static PLACES: [u16; 26 * 26 * 26] = places();
const NO_PLACE: u16 = u16::MAX;

/// A line of the table; the days are half-open.
#[derive(Clone, Copy)]
struct Row {
    code: &'static str,
    digits: u32,
    valid_from: i32,
    valid_to: i32,
}

/// A currency of ISO 4217 with a minor unit, in force or historic; ordered by its code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(u16);

impl Currency {
    /// The euro, which reference rates are quoted against.
    pub const EUR: Self = named("EUR");

    /// The currency with this code, three upper-case letters; `None` for unknown codes and for those without a
    /// minor unit (XXX, XTS, metals, drawing rights).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let place = PLACES.get(letters(text.as_bytes())?).copied()?;
        (place != NO_PLACE).then_some(Self(place))
    }

    /// Its place in the table, for compact keys; [`Currency::at`] is the way back. Never written down.
    #[must_use]
    pub fn index(self) -> u16 {
        self.0
    }

    /// The currency at a place of the table.
    #[must_use]
    pub fn at(index: u16) -> Option<Self> {
        ROWS.get(usize::from(index)).map(|_| Self(index))
    }

    /// Its code, `EUR`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// Digits of its minor unit: EUR 2, JPY 0, KWD 3.
    #[must_use]
    pub fn digits(self) -> u32 {
        self.row().digits
    }

    /// Whether the table has it in use on a day; an ISO month of withdrawal counts to its end.
    #[must_use]
    pub fn in_use_on(self, day: i32) -> bool {
        (self.row().valid_from..self.row().valid_to).contains(&day)
    }

    /// All of them, in the order of their codes.
    pub fn all() -> impl Iterator<Item = Self> {
        (0_u16..).take(COUNT).map(Self)
    }

    fn row(self) -> &'static Row {
        &ROWS[usize::from(self.0)]
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Minor units as exact decimal text in major units: `12.34`, `-0.05`, JPY `610`.
#[must_use]
pub fn major_text(minor: impl Into<i128>, currency: Currency) -> String {
    let places = usize::try_from(currency.digits()).unwrap_or(0);
    with_point(&minor.into().to_string(), places)
}

/// [`major_grouped`] of the currency with this code; where that is none, the minor units as they are.
#[must_use]
pub fn major_of(minor: impl Into<i128>, code: &str) -> String {
    let minor = minor.into();
    Currency::parse(code).map_or_else(|| minor.to_string(), |currency| major_grouped(minor, currency))
}

/// [`major_text`] with a comma between thousands, for readers: `48,490.30`.
#[must_use]
pub fn major_grouped(minor: impl Into<i128>, currency: Currency) -> String {
    let text = major_text(minor, currency);
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let magnitude = whole.strip_prefix('-').unwrap_or(whole);
    let mut grouped = whole[..whole.len() - magnitude.len()].to_owned();
    for (at, digit) in magnitude.char_indices() {
        if at > 0 && (magnitude.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// Minor units of a plain decimal in major units, `25.00` -> 2500; `None` for other text, for a value finer than the
/// minor unit, and beyond Int64.
#[must_use]
pub fn parse_major(text: &str, currency: Currency) -> Option<i64> {
    let minor = Exact::parse_decimal(text)? * Exact::from_int(10_i128.pow(currency.digits()));
    if !minor.is_integer() {
        return None;
    }
    i64::try_from(minor.floor_i128()?).ok()
}

// From here on: the reading of the table, while compiling.

const fn named(code: &str) -> Currency {
    let rows = read_rows();
    let mut at = 0_u16;
    while key(rows[at as usize].code) != key(code) {
        at += 1;
    }
    Currency(at)
}

const fn read_rows() -> [Row; COUNT] {
    let mut rows = [Row { code: "", digits: 0, valid_from: 0, valid_to: 0 }; COUNT];
    let mut rest = cut(CSV, b'\n').1;
    let mut at = 0;
    while at < COUNT {
        let (line, below) = cut(rest, b'\n');
        rows[at] = read_row(line);
        assert!(at == 0 || key(rows[at - 1].code) < key(rows[at].code), "codes are not strictly ascending");
        rest = below;
        at += 1;
    }
    rows
}

const fn places() -> [u16; 26 * 26 * 26] {
    let rows = read_rows();
    let mut places = [NO_PLACE; 26 * 26 * 26];
    let mut at = 0_u16;
    while (at as usize) < COUNT {
        if let Some(letters) = letters(rows[at as usize].code.as_bytes()) {
            places[letters] = at;
        }
        at += 1;
    }
    places
}

/// Three upper-case letters as a number below 26^3.
const fn letters(code: &[u8]) -> Option<usize> {
    let [a @ b'A'..=b'Z', b @ b'A'..=b'Z', c @ b'A'..=b'Z'] = code else { return None };
    Some(((*a - b'A') as usize * 26 + (*b - b'A') as usize) * 26 + (*c - b'A') as usize)
}

const fn read_row(line: &'static str) -> Row {
    let (code, rest) = cut(line, b',');
    let (digits, rest) = cut(rest, b',');
    let (from, to) = cut(rest, b',');
    let valid_from = if from.is_empty() { i32::MIN } else { day(from) };
    let valid_to = if to.is_empty() { i32::MAX } else { day(to) };
    assert!(valid_from < valid_to, "a currency ends before it begins");
    Row { code, digits: number(digits.as_bytes(), 0, digits.len()), valid_from, valid_to }
}

/// The text before the first `mark`, and the text after it.
const fn cut(text: &'static str, mark: u8) -> (&'static str, &'static str) {
    let mut at = 0;
    while at < text.len() && text.as_bytes()[at] != mark {
        at += 1;
    }
    let (before, rest) = text.split_at(at);
    (before, if rest.is_empty() { rest } else { rest.split_at(1).1 })
}

const fn lines(bytes: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < bytes.len() {
        if bytes[at] == b'\n' {
            count += 1;
        }
        at += 1;
    }
    count
}

/// Three upper-case letters as a number of the same order.
const fn key(code: &str) -> u32 {
    let [a, b, c] = code.as_bytes() else { panic!("a code is not three letters") };
    assert!(a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_uppercase(), "a code is not upper case");
    ((*a as u32) << 16) | ((*b as u32) << 8) | *c as u32
}

const fn number(text: &[u8], mut at: usize, end: usize) -> u32 {
    let mut value = 0;
    while at < end {
        assert!(text[at].is_ascii_digit(), "not a digit");
        value = value * 10 + (text[at] - b'0') as u32;
        at += 1;
    }
    value
}

/// The day number of `YYYY-MM-DD`; algorithm `days_from_civil` of H. Hinnant, chrono-compatible low-level date
/// algorithms: years begin in March, so that the leap day comes last.
const fn day(text: &str) -> i32 {
    let text = text.as_bytes();
    assert!(text.len() == 10 && text[4] == b'-' && text[7] == b'-', "a day is not YYYY-MM-DD");
    let (year, month, day) = (number(text, 0, 4), number(text, 5, 7), number(text, 8, 10));
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year;
    days.cast_signed() - 719_468
}
