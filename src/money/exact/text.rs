//! Exact numbers as text: what policies, rates and references say, and what tables and messages show.

use std::fmt;

use num_bigint::BigInt;
use num_rational::Ratio;
use num_traits::{One, Zero};

use super::{Exact, Form, demoted, lowest, reduced};

/// Longest text that [`Exact::parse`] reads, in bytes.
const LONGEST_TEXT: usize = 64;

impl Exact {
    /// `12`, `-0.25`, `80/100`, `80 %`, `2.5%`; blanks around it are skipped. `None` for anything else: exponents,
    /// group separators, a bare point, a plus sign, more than 64 bytes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST_TEXT {
            return None;
        }
        if let Some(percent) = text.trim().strip_suffix('%') {
            return Some((decimal(percent.trim())? * Self(Form::Small(1, 100))).lowest());
        }
        let Some((numerator, denominator)) = text.split_once('/') else { return Self::parse_decimal(text) };
        integer(numerator.trim_start())?.checked_div(&integer(denominator.trim_end()).filter(|d| !d.is_negative())?)
    }

    /// What `Display` wrote, `n` or `n/d`, of whatever length: rates that are means of many days have long fractions.
    /// `None` for anything else.
    #[must_use]
    pub fn read_back(text: &str) -> Option<Self> {
        let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(numerator.strip_prefix('-').unwrap_or(numerator)) || !digits(denominator) {
            return None;
        }
        let (numerator, denominator): (BigInt, BigInt) = (numerator.parse().ok()?, denominator.parse().ok()?);
        (!denominator.is_zero()).then(|| demoted(Ratio::new(numerator, denominator)))
    }

    /// A plain decimal, `12` or `-0.25`, as in rate files and prices; blanks around it are skipped. `None` for
    /// anything else and beyond 64 bytes.
    #[must_use]
    pub fn parse_decimal(text: &str) -> Option<Self> {
        if text.len() > LONGEST_TEXT { None } else { decimal(text.trim()) }
    }

    /// The value as a plain decimal, the shortest one: `1.1`, `-0.05`; `None` where no decimal of at most 128 places
    /// is exact, as for 1/3.
    #[must_use]
    pub fn to_decimal(&self) -> Option<String> {
        let (ten, mut scaled) = (Self::from_int(10), self.clone());
        for places in 0..=128 {
            if scaled.is_integer() {
                return Some(with_point(&scaled.to_string(), places));
            }
            scaled = scaled * &ten;
        }
        None
    }
}

/// A reduced fraction, `n` or `n/d`: `-1/2`, `0`.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Small(n, d) => match lowest(*n, *d) {
                (n, 1) => write!(f, "{n}"),
                (n, d) => write!(f, "{n}/{d}"),
            },
            Form::Wide(wide) if wide.1 == 1 => write!(f, "{}", wide.0),
            Form::Wide(wide) => write!(f, "{}/{}", wide.0, wide.1),
            Form::Big(r) => write!(f, "{r}"),
        }
    }
}

impl fmt::Debug for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An integer with an optional minus sign.
fn integer(text: &str) -> Option<Exact> {
    if text.contains('.') { None } else { decimal(text) }
}

/// `[-]digits[.digits]`, nothing around it.
fn decimal(text: &str) -> Option<Exact> {
    let magnitude = text.strip_prefix('-').unwrap_or(text);
    let (whole, places) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(places) {
        return None;
    }
    let value = decimal_small(whole, places).unwrap_or_else(|| decimal_big(whole, places));
    Some(if magnitude.len() < text.len() { -value } else { value })
}

fn decimal_small(whole: &str, places: &str) -> Option<Exact> {
    let scale = 10_i128.checked_pow(u32::try_from(places.len()).ok()?)?;
    let step = |value: i128, digit: u8| value.checked_mul(10)?.checked_add(i128::from(digit - b'0'));
    reduced(whole.bytes().chain(places.bytes()).try_fold(0, step)?, scale)
}

/// Digits only, as [`decimal`] has seen to; at most 64 of them.
fn decimal_big(whole: &str, places: &str) -> Exact {
    let step = |value: BigInt, digit: u8| value * 10 + (digit - b'0');
    let value = whole.bytes().chain(places.bytes()).fold(BigInt::zero(), step);
    let scale = places.bytes().fold(BigInt::one(), |scale, _| scale * 10);
    demoted(Ratio::new(value, scale))
}

/// The text of an integer with a point before its last `places` digits: `5` with 2 places is `0.05`.
pub(in crate::money) fn with_point(integer: &str, places: usize) -> String {
    if places == 0 {
        return integer.to_owned();
    }
    let magnitude = integer.strip_prefix('-').unwrap_or(integer);
    let sign = &integer[..integer.len() - magnitude.len()];
    let padded = format!("{magnitude:0>width$}", width = places + 1);
    let (whole, rest) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{rest}")
}
