//! A number between two others: fixed point with directed rounding, so that a sum of a million fractions stays short.
//!
//! A bound holds two counts of 2^-bits, the true value between them. Every step rounds the lower one down and the upper
//! one up. Where the two do not decide, [`super::fraction`] does.

use crate::error::{Error, Result};

/// Fractional bits that pools are divided with.
pub const BITS: u32 = 64;

/// The true value is at least `low` and at most `high`, both in units of 2^-bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    pub low: u128,
    pub high: u128,
}

impl Bound {
    /// Is the value known exactly?
    #[must_use]
    pub fn is_exact(self) -> bool {
        self.low == self.high
    }

    /// The sum of two values.
    ///
    /// # Errors
    /// It is beyond 128 bits (gate).
    pub fn plus(self, other: Self) -> Result<Self> {
        let add = |a: u128, b: u128| a.checked_add(b).ok_or_else(beyond);
        Ok(Self { low: add(self.low, other.low)?, high: add(self.high, other.high)? })
    }

    /// The value times `numerator / denominator`; the denominator is not 0.
    ///
    /// # Errors
    /// The product is beyond 128 bits (gate).
    pub fn times(self, numerator: u128, denominator: u128) -> Result<Self> {
        let (low, _) = multiply_divide(self.low, numerator, denominator).ok_or_else(beyond)?;
        if self.is_exact() {
            let (_, rest) = multiply_divide(self.low, numerator, denominator).ok_or_else(beyond)?;
            return Ok(Self { low, high: low + u128::from(rest) });
        }
        let (high, rest) = multiply_divide(self.high, numerator, denominator).ok_or_else(beyond)?;
        Ok(Self { low, high: high.checked_add(u128::from(rest)).ok_or_else(beyond)? })
    }

    /// The floor of the value, where both ends have the same.
    #[must_use]
    pub fn floor(self, bits: u32) -> Option<u128> {
        let floor = self.low >> bits;
        (floor == self.high >> bits).then_some(floor)
    }

    /// What stands above the floor, where the floor is known.
    #[must_use]
    pub fn rest(self, bits: u32) -> Self {
        let mask = (1_u128 << bits) - 1;
        Self { low: self.low & mask, high: self.high & mask }
    }
}

/// A value that does not fit.
pub fn beyond() -> Error {
    Error::gate("a part of a pot is beyond 128 bits").next("look at the pot and at the usage behind it")
}

/// `numerator / denominator` in units of 2^-bits, rounded down, and whether something was cut off. The denominator is
/// not 0.
///
/// # Errors
/// The quotient is beyond 128 bits (gate).
pub fn quotient(bits: u32, numerator: u128, denominator: u64) -> Result<(u128, bool)> {
    let by = u128::from(denominator);
    let (whole, left) = (numerator / by, numerator % by);
    if whole >> (127 - bits) != 0 {
        return Err(beyond());
    }
    let left = left << bits;
    Ok(((whole << bits) + left / by, !left.is_multiple_of(by)))
}

/// `a * b / divisor` rounded down, and whether something was cut off; `None` where it is beyond 128 bits.
#[must_use]
pub fn multiply_divide(a: u128, b: u128, divisor: u128) -> Option<(u128, bool)> {
    if let Some(product) = a.checked_mul(b) {
        return Some((product.checked_div(divisor)?, !product.is_multiple_of(divisor)));
    }
    let (high, low) = wide_product(a, b);
    if high >= divisor {
        return None;
    }
    let (mut rest, mut result) = (high, 0_u128);
    for bit in (0..128).rev() {
        let carry = rest >> 127 == 1;
        rest = (rest << 1) | ((low >> bit) & 1);
        if carry || rest >= divisor {
            rest = rest.wrapping_sub(divisor);
            result |= 1 << bit;
        }
    }
    Some((result, rest != 0))
}

/// The 256 bits of a product: the upper and the lower half.
fn wide_product(a: u128, b: u128) -> (u128, u128) {
    let mask = u128::from(u64::MAX);
    let ((a1, a0), (b1, b0)) = ((a >> 64, a & mask), (b >> 64, b & mask));
    let (low, mid_a, mid_b, high) = (a0 * b0, a0 * b1, a1 * b0, a1 * b1);
    let middle = (low >> 64) + (mid_a & mask) + (mid_b & mask);
    (high + (mid_a >> 64) + (mid_b >> 64) + (middle >> 64), (middle << 64) | (low & mask))
}
