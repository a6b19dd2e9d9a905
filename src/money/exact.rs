//! Exact rationals: two `i64` where they fit, two `i128` beyond, big integers where those do not hold the value.
//!
//! Almost every amount and ratio of a book is a pair of `i64` with a short denominator: percents, basis points, parts of
//! an agreement. Sums and products of those stay as they come out, 3/10 of 50 as 150/10, or are taken in `i128` where 64
//! bits are too few: common divisors are taken out where a denominator grows beyond [`SHORT`], and where somebody
//! asks for the numbers. Nothing is allocated. What is wide or big is always reduced; sums and products of it follow Knuth,
//! The Art of Computer Programming, volume 2, 4.5.1: greatest common divisors are taken out before multiplying.

mod sums;
mod text;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::Ratio;
use num_traits::{Signed, ToPrimitive};

pub(super) use text::with_point;

/// The greatest denominator that a sum or product keeps without looking for common divisors.
const SHORT: i64 = 1 << 40;

/// An exact rational number of any size; equal values compare and hash equal however they were computed.
#[derive(Clone)]
pub struct Exact(Form);

/// Denominator positive, numerator above the type's least value so that its magnitude has the type too, and each form only
/// where the one before it cannot hold the value. A small one may have common divisors, the others are reduced.
#[derive(Clone)]
enum Form {
    Small(i64, i64),
    Wide(Box<(i128, i128)>),
    Big(Box<Ratio<BigInt>>),
}

impl Exact {
    /// 0.
    pub const ZERO: Self = Self(Form::Small(0, 1));
    /// 1.
    pub const ONE: Self = Self(Form::Small(1, 1));

    /// 0.
    #[must_use]
    pub const fn zero() -> Self {
        Self::ZERO
    }

    /// 1.
    #[must_use]
    pub const fn one() -> Self {
        Self::ONE
    }

    /// The integer itself.
    #[must_use]
    pub fn from_int(value: i128) -> Self {
        formed(value, 1).unwrap_or_else(|| demoted(Ratio::from_integer(value.into())))
    }

    /// `numerator / denominator`, reduced; `None` for a denominator of 0.
    #[must_use]
    pub fn ratio(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator > 0 {
            return Some(reduced(numerator, denominator).unwrap_or_else(|| big(numerator, denominator)));
        }
        (denominator != 0).then(|| big(numerator, denominator))
    }

    /// [`Exact::ratio`] for what is multiplied once: common divisors stay where the denominator is short.
    #[inline]
    #[must_use]
    pub fn parts(numerator: i64, denominator: i64) -> Option<Self> {
        let kept = Some(denominator).filter(|d| *d > 0).and_then(|d| as_it_came(numerator, d));
        kept.or_else(|| Self::ratio(numerator.into(), denominator.into()))
    }

    /// Whether it is 0.
    #[must_use]
    #[inline]
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Form::Small(0, _))
    }

    /// Whether it is below 0.
    #[must_use]
    #[inline]
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Form::Small(n, _) => *n < 0,
            Form::Wide(wide) => wide.0 < 0,
            Form::Big(r) => r.is_negative(),
        }
    }

    /// Whether it has no fraction.
    #[must_use]
    #[inline]
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Form::Small(n, d) => n % d == 0,
            Form::Wide(wide) => wide.1 == 1,
            Form::Big(r) => r.is_integer(),
        }
    }

    /// Its magnitude.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() { -self } else { self.clone() }
    }

    /// The same value without common divisors, for numbers that many others are multiplied by.
    #[must_use]
    pub fn lowest(self) -> Self {
        match self.0 {
            Form::Small(n, d) => {
                let (n, d) = lowest(n, d);
                Self(Form::Small(n, d))
            }
            form => Self(form),
        }
    }

    /// `1 / self`; `None` for 0.
    #[must_use]
    pub fn recip(&self) -> Option<Self> {
        match &self.0 {
            Form::Small(0, _) => None,
            Form::Small(n, d) => Some(Self(Form::Small(d * n.signum(), n.abs()))),
            Form::Wide(wide) => formed(wide.1 * wide.0.signum(), wide.0.abs()),
            Form::Big(r) => Some(demoted(r.recip())),
        }
    }

    /// `self / other`; `None` where `other` is 0.
    #[must_use]
    #[inline]
    pub fn checked_div(&self, other: &Self) -> Option<Self> {
        Some(self * &other.recip()?)
    }

    /// The greatest integer that is not above it.
    #[must_use]
    pub fn floor(&self) -> Self {
        match self.floor_i128() {
            Some(floor) => Self::from_int(floor),
            None => demoted(self.to_big().floor()),
        }
    }

    /// [`Exact::floor`] as an integer; `None` beyond `i128`.
    #[must_use]
    #[inline]
    pub fn floor_i128(&self) -> Option<i128> {
        match &self.0 {
            Form::Small(n, 1) => Some((*n).into()),
            Form::Small(n, d) => Some(n.div_euclid(*d).into()),
            Form::Wide(wide) => Some(wide.0.div_euclid(wide.1)),
            Form::Big(r) => r.floor().to_integer().to_i128(),
        }
    }

    /// Itself, where it is an integer of 64 bits and is kept as one.
    #[inline]
    pub(super) fn whole(&self) -> Option<i64> {
        match self.0 {
            Form::Small(n, 1) => Some(n),
            _ => None,
        }
    }

    /// [`Exact::floor`] as an integer, and what stands above it; `None` beyond `i128`.
    #[inline]
    pub(super) fn floor_and_rest(&self) -> Option<(i128, Self)> {
        match &self.0 {
            Form::Small(n, d) => {
                let (floor, rest) = n.div_mod_floor(d);
                Some((floor.into(), Self(Form::Small(rest, *d))))
            }
            Form::Wide(_) | Form::Big(_) => Some((self.floor_i128()?, self.fraction())),
        }
    }

    /// What stands above the floor: at least 0, below 1.
    #[must_use]
    pub fn fraction(&self) -> Self {
        match &self.0 {
            Form::Small(_, 1) => Self::ZERO,
            Form::Small(n, d) => Self(Form::Small(n.rem_euclid(*d), *d)),
            Form::Wide(wide) => formed(wide.0.rem_euclid(wide.1), wide.1).unwrap_or_default(),
            Form::Big(r) => demoted(r.as_ref() - r.floor()),
        }
    }

    /// The integer below its magnitude, and what the magnitude has above that, held against a half; `None` beyond `i128`.
    #[inline]
    pub(super) fn magnitude(&self) -> Option<(i128, Ordering)> {
        match &self.0 {
            Form::Small(n, 1) => Some((i128::from(n.abs()), Ordering::Less)),
            Form::Small(n, d) => {
                let (whole, rest) = (n.abs() / d, n.abs() % d);
                Some((whole.into(), rest.cmp(&(d - rest))))
            }
            Form::Wide(_) | Form::Big(_) => {
                let magnitude = self.abs();
                Some((magnitude.floor_i128()?, magnitude.fraction().cmp(&Self(Form::Small(1, 2)))))
            }
        }
    }

    /// Numerator and denominator where 32 bits hold them, as they came out; [`Exact::over`] is the way back.
    #[must_use]
    pub fn short(&self) -> Option<(i32, u32)> {
        let (n, d) = self.small()?;
        Some((n.try_into().ok()?, d.try_into().ok()?))
    }

    /// `n / d` as it is; 0 for a denominator of 0.
    #[must_use]
    pub fn over(n: i32, d: u32) -> Self {
        if n == 0 || d == 0 { Self::ZERO } else { Self(Form::Small(n.into(), d.into())) }
    }

    /// Numerator and denominator where both are `i64`, as they came out.
    #[inline]
    pub(super) fn small(&self) -> Option<(i64, i64)> {
        match &self.0 {
            Form::Small(n, d) => Some((*n, *d)),
            Form::Wide(_) | Form::Big(_) => None,
        }
    }

    /// Numerator and denominator, where both are `i128`; reduced.
    fn wide(&self) -> Option<(i128, i128)> {
        match &self.0 {
            Form::Small(n, d) => {
                let (n, d) = lowest(*n, *d);
                Some((n.into(), d.into()))
            }
            Form::Wide(wide) => Some(**wide),
            Form::Big(_) => None,
        }
    }

    /// Numerator and denominator of a value that is at least 0, where both fit; reduced.
    #[must_use]
    pub fn small_parts(&self) -> Option<(u128, u128)> {
        let (numerator, denominator) = self.wide()?;
        Some((u128::try_from(numerator).ok()?, denominator.unsigned_abs()))
    }

    /// Numerator and denominator; reduced.
    #[must_use]
    pub fn to_big_parts(&self) -> (BigInt, BigInt) {
        self.to_big().into_raw()
    }

    fn to_big(&self) -> Ratio<BigInt> {
        match &self.0 {
            Form::Small(n, d) => {
                let (n, d) = lowest(*n, *d);
                Ratio::new_raw(n.into(), d.into())
            }
            Form::Wide(wide) => Ratio::new_raw(wide.0.into(), wide.1.into()),
            Form::Big(r) => r.as_ref().clone(),
        }
    }
}

/// A sum or product as it came out, where its denominator is short and no common divisors need to be looked for.
#[inline]
fn as_it_came(n: i64, d: i64) -> Option<Exact> {
    (d <= SHORT && n != i64::MIN).then_some(Exact(Form::Small(n, if n == 0 { 1 } else { d })))
}

/// A reduced `n / d` in its form; `d` is positive. `None` where the magnitude of `n` is no `i128`.
fn formed(n: i128, d: i128) -> Option<Exact> {
    match (i64::try_from(n), i64::try_from(d)) {
        (Ok(n), Ok(d)) if n != i64::MIN => Some(Exact(Form::Small(n, d))),
        _ => (n != i128::MIN).then(|| Exact(Form::Wide(Box::new((n, d))))),
    }
}

/// `n / d` reduced and in its form; `d` is positive. `None` as of [`formed`].
fn reduced(n: i128, d: i128) -> Option<Exact> {
    let g = if d == 1 { 1 } else { gcd_wide(n, d) };
    if g == 1 { formed(n, d) } else { formed(n / g, d / g) }
}

/// `n / d` by way of big integers; `d` is not 0.
fn big(n: i128, d: i128) -> Exact {
    demoted(Ratio::new(n.into(), d.into()))
}

/// The canonical form of a reduced big ratio.
fn demoted(value: Ratio<BigInt>) -> Exact {
    let parts = value.numer().to_i128().zip(value.denom().to_i128());
    parts.and_then(|(n, d)| formed(n, d)).unwrap_or_else(|| Exact(Form::Big(Box::new(value))))
}

/// Greatest common divisor of two that are positive; one division where the one divides the other.
fn gcd(a: i64, b: i64) -> i64 {
    if a == 1 || b == 1 {
        return 1;
    }
    let (least, most) = (a.min(b).unsigned_abs(), a.max(b).unsigned_abs());
    let rest = most % least;
    let common = if rest == 0 { least } else { num_integer::gcd(rest, least) };
    common.cast_signed()
}

/// `n / d` without common divisors; `d` is positive.
fn lowest(n: i64, d: i64) -> (i64, i64) {
    if n == 0 {
        return (0, 1);
    }
    let common = gcd(n.abs(), d);
    (n / common, d / common)
}

/// Greatest common divisor with a positive `d`; one division, then 64 bits wherever they are enough.
fn gcd_wide(n: i128, d: i128) -> i128 {
    if let (Ok(n), Ok(d)) = (u64::try_from(n.unsigned_abs()), u64::try_from(d)) {
        return num_integer::gcd(n % d, d).into();
    }
    let d = d.unsigned_abs();
    let rest = n.unsigned_abs() % d;
    let common = match (u64::try_from(rest), u64::try_from(d)) {
        (Ok(rest), Ok(d)) => num_integer::gcd(rest, d).into(),
        _ => num_integer::gcd(rest, d),
    };
    common.cast_signed()
}

impl Default for Exact {
    fn default() -> Self {
        Self::ZERO
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Small(n1, d1), Form::Small(n2, d2)) if d1 == d2 => n1 == n2,
            (Form::Small(n1, d1), Form::Small(n2, d2)) => {
                i128::from(*n1) * i128::from(*d2) == i128::from(*n2) * i128::from(*d1)
            }
            (Form::Wide(a), Form::Wide(b)) => a == b,
            (Form::Big(a), Form::Big(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Exact {}

impl Hash for Exact {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Form::Small(n, d) => lowest(*n, *d).hash(state),
            Form::Wide(wide) => wide.hash(state),
            Form::Big(r) => r.hash(state),
        }
    }
}

impl Ord for Exact {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Form::Small(n1, d1), Form::Small(n2, d2)) = (&self.0, &other.0) {
            return if d1 == d2 {
                n1.cmp(n2)
            } else {
                (i128::from(*n1) * i128::from(*d2)).cmp(&(i128::from(*n2) * i128::from(*d1)))
            };
        }
        let products = self.wide().zip(other.wide()).and_then(|((n1, d1), (n2, d2))| {
            if d1 == d2 { Some((n1, n2)) } else { Some((n1.checked_mul(d2)?, n2.checked_mul(d1)?)) }
        });
        match products {
            Some((left, right)) => left.cmp(&right),
            None => self.to_big().cmp(&other.to_big()),
        }
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Exact {
    #[inline]
    fn from(value: i64) -> Self {
        if value == i64::MIN { Self::from_int(value.into()) } else { Self(Form::Small(value, 1)) }
    }
}

impl From<i128> for Exact {
    fn from(value: i128) -> Self {
        Self::from_int(value)
    }
}
