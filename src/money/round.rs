//! The one rounding: on the magnitude, then the sign returns.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::exact::Exact;
use crate::error::{Error, Result};

/// What happens to the part of a minor unit that is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest, a half to the even neighbour.
    #[default]
    HalfEven,
    /// To the nearest, a half away from zero.
    HalfUp,
    /// Towards zero.
    Floor,
}

const NAMES: [(&str, Rounding); 3] =
    [("half_even", Rounding::HalfEven), ("half_up", Rounding::HalfUp), ("floor", Rounding::Floor)];

impl FromStr for Rounding {
    type Err = Error;

    /// # Errors
    /// Anything but `half_even`, `half_up`, `floor` (usage).
    fn from_str(text: &str) -> Result<Self> {
        let known = NAMES.iter().find(|(name, _)| *name == text);
        known
            .map(|(_, mode)| *mode)
            .ok_or_else(|| Error::usage("unknown rounding mode").expected("half_even, half_up or floor").found(text))
    }
}

impl fmt::Display for Rounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, mode)| mode == self).map_or("", |(name, _)| name);
        f.pad(name)
    }
}

impl Rounding {
    /// Whether a magnitude goes up to the next integer: `rest` is what stands above its floor, held against a half.
    fn goes_up(self, floor: i128, rest: Ordering) -> bool {
        match self {
            Self::Floor => false,
            Self::HalfUp => rest != Ordering::Less,
            Self::HalfEven => rest == Ordering::Greater || rest == Ordering::Equal && floor % 2 != 0,
        }
    }
}

/// The integer that a value is rounded to: its magnitude by the mode, then the sign returns (contract, section 3).
///
/// # Errors
/// The result is beyond `i128` (gate).
#[inline]
pub fn round(value: &Exact, mode: Rounding) -> Result<i128> {
    match value.whole() {
        Some(whole) => Ok(whole.into()),
        None => round_fraction(value, mode),
    }
}

fn round_fraction(value: &Exact, mode: Rounding) -> Result<i128> {
    let beyond = || Error::gate("an amount is beyond 128 bits").found(value.to_string());
    let (floor, rest) = value.magnitude().ok_or_else(beyond)?;
    let up = i128::from(mode.goes_up(floor, rest));
    let rounded = floor.checked_add(up).ok_or_else(beyond)?;
    Ok(if value.is_negative() { -rounded } else { rounded })
}

/// A value of the ledger, minor units as Int64; `what` names it in the error.
///
/// # Errors
/// The value is beyond Int64 (gate).
#[inline]
pub fn to_minor(value: i128, what: &str) -> Result<i64> {
    i64::try_from(value).map_err(|_| beyond_ledger(value, what))
}

#[cold]
fn beyond_ledger(value: i128, what: &str) -> Error {
    Error::gate(format!("{what} is beyond Int64"))
        .expected(format!("{} to {} minor units", i64::MIN, i64::MAX))
        .found(value.to_string())
        .next("find the rows behind it; nothing was published")
}
