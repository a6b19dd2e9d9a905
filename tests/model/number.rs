//! Exact fractions, and the only two things that make integers of them: rounding and the largest remainder.

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::Ratio;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// An exact fraction.
pub type Q = Ratio<BigInt>;

/// How a fraction becomes an integer; all work on the magnitude, then the sign returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    HalfEven,
    HalfUp,
    Floor,
}

impl Mode {
    /// The mode of this name in a policy.
    pub fn named(text: &str) -> Self {
        match text {
            "half_even" => Self::HalfEven,
            "half_up" => Self::HalfUp,
            "floor" => Self::Floor,
            other => panic!("no rounding mode {other:?}"),
        }
    }
}

/// The integer as a fraction.
pub fn q(value: i64) -> Q {
    Q::from_integer(value.into())
}

/// `numerator / denominator`.
pub fn ratio(numerator: i64, denominator: i64) -> Q {
    Q::new(numerator.into(), denominator.into())
}

/// 0.
pub fn zero() -> Q {
    Q::zero()
}

/// `12`, `-0.25`, `80/100`, `80 %`.
pub fn parse(text: &str) -> Q {
    let text = text.trim();
    if let Some(percent) = text.strip_suffix('%') {
        return parse(percent) / q(100);
    }
    if let Some((numerator, denominator)) = text.split_once('/') {
        return parse(numerator) / parse(denominator);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().unwrap_or_else(|_| panic!("no number: {text:?}"));
    Q::new(digits, BigInt::from(10).pow(u32::try_from(fraction.len()).expect("a short number")))
}

/// 10 to a power that may be negative.
pub fn ten_to(power: i32) -> Q {
    let size = Q::from_integer(BigInt::from(10).pow(power.unsigned_abs()));
    if power < 0 { size.recip() } else { size }
}

/// The integer that the mode makes of a fraction.
pub fn round(mode: Mode, value: &Q) -> i64 {
    let size = value.abs();
    let low = size.floor();
    let rest = &size - &low;
    let half = ratio(1, 2);
    let up = match mode {
        Mode::Floor => false,
        Mode::HalfUp => rest >= half,
        Mode::HalfEven => rest > half || (rest == half && low.to_integer().is_odd()),
    };
    let low = int(&low) + i64::from(up);
    if value.is_negative() { -low } else { low }
}

/// Half to the even neighbour.
pub fn half_even(value: &Q) -> i64 {
    round(Mode::HalfEven, value)
}

/// An integer that is known to be one.
pub fn int(value: &Q) -> i64 {
    assert!(value.denom().is_one(), "{value} is no integer");
    value.numer().to_i64().expect("an amount within 64 bits")
}

/// `total` divided over exact parts by largest remainder; ties by `rank`, lower first. Works on the magnitude of `total`.
pub fn largest_remainder(total: i64, parts: &[Q], rank: &[usize]) -> Vec<i64> {
    if total < 0 {
        let opposite: Vec<Q> = parts.iter().map(|p| -p).collect();
        return largest_remainder(-total, &opposite, rank).into_iter().map(|p| -p).collect();
    }
    let mut whole: Vec<i64> = parts.iter().map(|p| int(&p.floor())).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&i| (parts[i].floor() - &parts[i], rank[i]));
    let left = total - whole.iter().sum::<i64>();
    assert!(0 <= left && left <= i64::try_from(parts.len()).expect("few parts"), "{total} over {parts:?}");
    for &i in order.iter().take(usize::try_from(left).expect("not negative")) {
        whole[i] += 1;
    }
    whole
}
