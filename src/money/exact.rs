//! Exact rationals: two `i64` where they fit, two `i128` beyond, big integers where those do not hold the value.
//!
//! Almost every amount and ratio of a book is a pair of `i64` with a short denominator: percents, basis points, parts of
//! an agreement. Sums and products of those are taken in `i128`, where they cannot overflow, and stay as they come out,
//! 3/10 of 50 as 150/10: common divisors are taken out where a denominator grows beyond [`SHORT`], and where somebody
//! asks for the numbers. Nothing is allocated. What is wide or big is always reduced; sums and products of it follow Knuth,
//! The Art of Computer Programming, volume 2, 4.5.1: greatest common divisors are taken out before multiplying.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::Ratio;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// Longest text that [`Exact::parse`] reads, in bytes.
const LONGEST_TEXT: usize = 64;

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

    #[inline]
    fn sum_with(&self, other: &Self) -> Self {
        if let (Form::Small(n1, d1), Form::Small(n2, d2)) = (&self.0, &other.0) {
            // Over one denominator, or of an integer and a fraction: what almost every sum is.
            let sum = match (*d1, *d2) {
                (d1, d2) if d1 == d2 => n1.checked_add(*n2),
                (d1, 1) => n2.checked_mul(d1).and_then(|n2| n1.checked_add(n2)),
                (1, d2) => n1.checked_mul(d2).and_then(|n1| n1.checked_add(*n2)),
                _ => None,
            };
            return match sum {
                Some(sum) => as_it_came(sum, *d1.max(d2)).unwrap_or_else(|| add_small((*n1, *d1), (*n2, *d2))),
                None => add_small((*n1, *d1), (*n2, *d2)),
            };
        }
        self.sum_beyond(other)
    }

    #[cold]
    fn sum_beyond(&self, other: &Self) -> Self {
        let wide = self.wide().zip(other.wide()).and_then(|(a, b)| add_wide(a, b));
        wide.unwrap_or_else(|| demoted(self.to_big() + other.to_big()))
    }

    #[inline]
    fn product_with(&self, other: &Self) -> Self {
        if let (Form::Small(n1, d1), Form::Small(n2, d2)) = (&self.0, &other.0) {
            let product = n1.checked_mul(*n2).zip(d1.checked_mul(*d2)).and_then(|(n, d)| as_it_came(n, d));
            return product.unwrap_or_else(|| multiply_small((*n1, *d1), (*n2, *d2)));
        }
        self.product_beyond(other)
    }

    #[cold]
    fn product_beyond(&self, other: &Self) -> Self {
        let wide = self.wide().zip(other.wide()).and_then(|(a, b)| multiply_wide(a, b));
        wide.unwrap_or_else(|| demoted(self.to_big() * other.to_big()))
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

/// A sum or product of small numbers as it came out, where the denominator is short; reduced beyond.
#[inline(never)]
fn kept(n: i128, d: i128) -> Exact {
    match (i64::try_from(n), i64::try_from(d)) {
        (Ok(0), _) => Exact::ZERO,
        (Ok(n), Ok(d)) if d <= SHORT && n != i64::MIN => Exact(Form::Small(n, d)),
        _ => reduced(n, d).unwrap_or_default(),
    }
}

/// Over the least common multiple of the denominators. Each product of two `i64` has a magnitude of at most 2^126, so
/// that no sum of two overflows.
fn add_small((n1, d1): (i64, i64), (n2, d2): (i64, i64)) -> Exact {
    if n1 == 0 || n2 == 0 {
        return Exact(if n1 == 0 { Form::Small(n2, d2) } else { Form::Small(n1, d1) });
    }
    if d1 == d2 {
        return kept(i128::from(n1) + i128::from(n2), d1.into());
    }
    let g = gcd(d1, d2);
    let (e1, e2) = (d1 / g, d2 / g);
    let sum = i128::from(n1) * i128::from(e2) + i128::from(n2) * i128::from(e1);
    kept(sum, i128::from(d1) * i128::from(e2))
}

/// Numerators and denominators; none of two `i64` overflows.
fn multiply_small((n1, d1): (i64, i64), (n2, d2): (i64, i64)) -> Exact {
    kept(i128::from(n1) * i128::from(n2), i128::from(d1) * i128::from(d2))
}

/// Knuth 4.5.1: with g = gcd(d1, d2), t = n1 (d2 / g) + n2 (d1 / g); only gcd(t, g) is left to take out. `None` where it
/// overflows.
fn add_wide((n1, d1): (i128, i128), (n2, d2): (i128, i128)) -> Option<Exact> {
    if d1 == d2 {
        return reduced(n1.checked_add(n2)?, d1);
    }
    let g = gcd_wide(d1, d2);
    let sum = n1.checked_mul(d2 / g)?.checked_add(n2.checked_mul(d1 / g)?)?;
    let rest = gcd_wide(sum, g);
    let denominator = (d1 / g).checked_mul(d2 / rest)?;
    formed(sum / rest, denominator)
}

/// Knuth 4.5.1: taking out gcd(n1, d2) and gcd(n2, d1) leaves a reduced product. `None` where it overflows.
fn multiply_wide((n1, d1): (i128, i128), (n2, d2): (i128, i128)) -> Option<Exact> {
    let (a, b) = (gcd_wide(n1, d2), gcd_wide(n2, d1));
    formed((n1 / a).checked_mul(n2 / b)?, (d1 / b).checked_mul(d2 / a)?)
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

impl Neg for &Exact {
    type Output = Exact;
    #[inline]
    fn neg(self) -> Exact {
        match &self.0 {
            Form::Small(n, d) => Exact(Form::Small(-n, *d)),
            Form::Wide(wide) => Exact(Form::Wide(Box::new((-wide.0, wide.1)))),
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
            #[inline]
            fn $method(self, other: &Exact) -> Exact {
                $function(self, other)
            }
        }
        impl $trait<Exact> for &Exact {
            type Output = Exact;
            #[inline]
            fn $method(self, other: Exact) -> Exact {
                $function(self, &other)
            }
        }
        impl $trait<&Exact> for Exact {
            type Output = Exact;
            #[inline]
            fn $method(self, other: &Exact) -> Exact {
                $function(&self, other)
            }
        }
        impl $trait<Exact> for Exact {
            type Output = Exact;
            #[inline]
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
    #[inline]
    fn add_assign(&mut self, other: &Exact) {
        if let (Form::Small(n1, d1), Form::Small(n2, d2)) = (&mut self.0, &other.0) {
            if *n2 == 0 {
                return;
            }
            // In place, where the sum is not 0: its denominator would be another.
            if d1 == d2
                && let Some(sum) = n1.checked_add(*n2).filter(|sum| *sum != 0 && *sum != i64::MIN)
            {
                *n1 = sum;
                return;
            }
        }
        *self = self.sum_with(other);
    }
}

impl AddAssign<Exact> for Exact {
    #[inline]
    fn add_assign(&mut self, other: Exact) {
        *self += &other;
    }
}

impl SubAssign<&Exact> for Exact {
    #[inline]
    fn sub_assign(&mut self, other: &Exact) {
        *self += &-other;
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
