//! Exact rationals: two `i128` where they fit, big integers where they do not.
//!
//! Sums and products follow Knuth, The Art of Computer Programming, volume 2, 4.5.1: greatest common divisors are
//! taken out before multiplying, so that numbers stay small and a sum over one denominator allocates nothing.

use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use num_bigint::BigInt;
use num_rational::Ratio;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// Longest text that [`Exact::parse`] reads, in bytes.
const LONGEST_TEXT: usize = 64;

/// An exact rational number of any size; equal values compare and hash equal however they were computed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Exact(Form);

/// Canonical: reduced, denominator positive, and `Big` only where `Small` cannot hold the value.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    /// Numerator above `i128::MIN`, so that its magnitude is an `i128` too; denominator positive.
    Small(i128, i128),
    Big(Box<Ratio<BigInt>>),
}

impl Exact {
    /// 0.
    pub const ZERO: Self = Self(Form::Small(0, 1));
    /// 1.
    pub const ONE: Self = Self(Form::Small(1, 1));
    /// 1/2, the border that rounding looks at.
    pub(super) const HALF: Self = Self(Form::Small(1, 2));

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
        small(value, 1).unwrap_or_else(|| demoted(Ratio::from_integer(value.into())))
    }

    /// `numerator / denominator`, reduced; `None` for a denominator of 0.
    #[must_use]
    pub fn ratio(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator > 0 {
            return Some(small(numerator, denominator).unwrap_or_else(|| big(numerator, denominator)));
        }
        (denominator != 0).then(|| big(numerator, denominator))
    }

    /// `12`, `-0.25`, `80/100`, `80 %`, `2.5%`; blanks around it are skipped. `None` for anything else: exponents,
    /// group separators, a bare point, a plus sign, more than 64 bytes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST_TEXT {
            return None;
        }
        if let Some(percent) = text.trim().strip_suffix('%') {
            return Some(decimal(percent.trim())? * Self(Form::Small(1, 100)));
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

    /// Whether it is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Form::Small(0, _))
    }

    /// Whether it is below 0.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Form::Small(n, _) => *n < 0,
            Form::Big(r) => r.is_negative(),
        }
    }

    /// Whether it has no fraction.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Form::Small(_, d) => *d == 1,
            Form::Big(r) => r.is_integer(),
        }
    }

    /// Its magnitude.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() { -self } else { self.clone() }
    }

    /// `1 / self`; `None` for 0.
    #[must_use]
    pub fn recip(&self) -> Option<Self> {
        match &self.0 {
            Form::Small(0, _) => None,
            Form::Small(n, d) => Some(Self(Form::Small(d * n.signum(), n.abs()))),
            Form::Big(r) => Some(demoted(r.recip())),
        }
    }

    /// `self / other`; `None` where `other` is 0.
    #[must_use]
    pub fn checked_div(&self, other: &Self) -> Option<Self> {
        Some(self * &other.recip()?)
    }

    /// The greatest integer that is not above it.
    #[must_use]
    pub fn floor(&self) -> Self {
        match &self.0 {
            Form::Small(n, d) => Self(Form::Small(n.div_euclid(*d), 1)),
            Form::Big(r) => demoted(r.floor()),
        }
    }

    /// [`Exact::floor`] as an integer; `None` beyond `i128`.
    #[must_use]
    pub fn floor_i128(&self) -> Option<i128> {
        match &self.0 {
            Form::Small(n, d) => Some(n.div_euclid(*d)),
            Form::Big(r) => r.floor().to_integer().to_i128(),
        }
    }

    /// What stands above the floor: at least 0, below 1.
    #[must_use]
    pub fn fraction(&self) -> Self {
        match &self.0 {
            Form::Small(n, d) => Self(Form::Small(n.rem_euclid(*d), *d)),
            Form::Big(r) => demoted(r.as_ref() - r.floor()),
        }
    }

    fn to_big(&self) -> Ratio<BigInt> {
        match &self.0 {
            Form::Small(n, d) => Ratio::new_raw((*n).into(), (*d).into()),
            Form::Big(r) => r.as_ref().clone(),
        }
    }

    /// Both as small numerators and denominators.
    fn smalls(&self, other: &Self) -> Option<[i128; 4]> {
        match (&self.0, &other.0) {
            (Form::Small(n1, d1), Form::Small(n2, d2)) => Some([*n1, *d1, *n2, *d2]),
            _ => None,
        }
    }

    fn sum_with(&self, other: &Self) -> Self {
        self.smalls(other).and_then(add_small).unwrap_or_else(|| demoted(self.to_big() + other.to_big()))
    }

    fn product_with(&self, other: &Self) -> Self {
        self.smalls(other).and_then(multiply_small).unwrap_or_else(|| demoted(self.to_big() * other.to_big()))
    }
}

/// `n / d` in the small form; `d` is positive. `None` where the magnitude of `n` is no `i128`.
fn small(n: i128, d: i128) -> Option<Exact> {
    let g = if d == 1 { 1 } else { gcd(n, d) };
    (n != i128::MIN).then(|| Exact(Form::Small(n / g, d / g)))
}

/// `n / d` by way of big integers; `d` is not 0.
fn big(n: i128, d: i128) -> Exact {
    demoted(Ratio::new(n.into(), d.into()))
}

/// The canonical form of a reduced big ratio.
fn demoted(value: Ratio<BigInt>) -> Exact {
    match (value.numer().to_i128(), value.denom().to_i128()) {
        (Some(n), Some(d)) if n != i128::MIN => Exact(Form::Small(n, d)),
        _ => Exact(Form::Big(Box::new(value))),
    }
}

/// Greatest common divisor with a positive `d`; one division, then 64 bits wherever they are enough.
fn gcd(n: i128, d: i128) -> i128 {
    let d = d.unsigned_abs();
    let rest = n.unsigned_abs() % d;
    let common = match (u64::try_from(rest), u64::try_from(d)) {
        (Ok(rest), Ok(d)) => num_integer::gcd(rest, d).into(),
        _ => num_integer::gcd(rest, d),
    };
    common.cast_signed()
}

/// Knuth 4.5.1: with g = gcd(d1, d2), t = n1 (d2 / g) + n2 (d1 / g); only gcd(t, g) is left to take out.
fn add_small([n1, d1, n2, d2]: [i128; 4]) -> Option<Exact> {
    if d1 == d2 {
        return small(n1.checked_add(n2)?, d1);
    }
    let g = gcd(d1, d2);
    let sum = n1.checked_mul(d2 / g)?.checked_add(n2.checked_mul(d1 / g)?)?;
    let rest = gcd(sum, g);
    let denominator = (d1 / g).checked_mul(d2 / rest)?;
    (sum != i128::MIN).then(|| Exact(Form::Small(sum / rest, denominator)))
}

/// Knuth 4.5.1: taking out gcd(n1, d2) and gcd(n2, d1) leaves a reduced product.
fn multiply_small([n1, d1, n2, d2]: [i128; 4]) -> Option<Exact> {
    let (a, b) = (gcd(n1, d2), gcd(n2, d1));
    let numerator = (n1 / a).checked_mul(n2 / b)?;
    let denominator = (d1 / b).checked_mul(d2 / a)?;
    (numerator != i128::MIN).then_some(Exact(Form::Small(numerator, denominator)))
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
    small(whole.bytes().chain(places.bytes()).try_fold(0, step)?, scale)
}

/// Digits only, as [`decimal`] has seen to; at most 64 of them.
fn decimal_big(whole: &str, places: &str) -> Exact {
    let step = |value: BigInt, digit: u8| value * 10 + (digit - b'0');
    let value = whole.bytes().chain(places.bytes()).fold(BigInt::zero(), step);
    let scale = places.bytes().fold(BigInt::one(), |scale, _| scale * 10);
    demoted(Ratio::new(value, scale))
}

/// The text of an integer with a point before its last `places` digits: `5` with 2 places is `0.05`.
pub(super) fn with_point(integer: &str, places: usize) -> String {
    if places == 0 {
        return integer.to_owned();
    }
    let magnitude = integer.strip_prefix('-').unwrap_or(integer);
    let sign = &integer[..integer.len() - magnitude.len()];
    let padded = format!("{magnitude:0>width$}", width = places + 1);
    let (whole, rest) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{rest}")
}

impl Default for Exact {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        let products = self.smalls(other).and_then(|[n1, d1, n2, d2]| {
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

/// A reduced fraction, `n` or `n/d`: `-1/2`, `0`.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Small(n, 1) => write!(f, "{n}"),
            Form::Small(n, d) => write!(f, "{n}/{d}"),
            Form::Big(r) => write!(f, "{r}"),
        }
    }
}

impl fmt::Debug for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<i64> for Exact {
    fn from(value: i64) -> Self {
        Self::from_int(value.into())
    }
}

impl From<i128> for Exact {
    fn from(value: i128) -> Self {
        Self::from_int(value)
    }
}

impl Neg for &Exact {
    type Output = Exact;
    fn neg(self) -> Exact {
        match &self.0 {
            Form::Small(n, d) => Exact(Form::Small(-n, *d)),
            Form::Big(r) => demoted(-r.as_ref()),
        }
    }
}

impl Neg for Exact {
    type Output = Self;
    fn neg(self) -> Self {
        -&self
    }
}

/// An operator by reference and by value, all from one function of two references.
macro_rules! operator {
    ($trait:ident, $method:ident, $function:expr) => {
        impl $trait<&Exact> for &Exact {
            type Output = Exact;
            fn $method(self, other: &Exact) -> Exact {
                $function(self, other)
            }
        }
        impl $trait<Exact> for &Exact {
            type Output = Exact;
            fn $method(self, other: Exact) -> Exact {
                $function(self, &other)
            }
        }
        impl $trait<&Exact> for Exact {
            type Output = Exact;
            fn $method(self, other: &Exact) -> Exact {
                $function(&self, other)
            }
        }
        impl $trait<Exact> for Exact {
            type Output = Exact;
            fn $method(self, other: Exact) -> Exact {
                $function(&self, &other)
            }
        }
    };
}

operator!(Add, add, Exact::sum_with);
operator!(Sub, sub, |a: &Exact, b: &Exact| a.sum_with(&-b));
operator!(Mul, mul, Exact::product_with);

impl AddAssign<&Exact> for Exact {
    fn add_assign(&mut self, other: &Exact) {
        *self = self.sum_with(other);
    }
}

impl AddAssign<Exact> for Exact {
    fn add_assign(&mut self, other: Exact) {
        *self += &other;
    }
}

impl SubAssign<&Exact> for Exact {
    fn sub_assign(&mut self, other: &Exact) {
        *self = &*self - other;
    }
}

impl Sum for Exact {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, |sum, value| sum + value)
    }
}

impl<'a> Sum<&'a Exact> for Exact {
    fn sum<I: Iterator<Item = &'a Exact>>(values: I) -> Self {
        values.fold(Self::ZERO, |sum, value| sum + value)
    }
}
