//! Exact fractions of any size, not reduced: for the few parts that a bound leaves open.
//!
//! A creator's part may be a sum of fractions with a hundred thousand different denominators. Summing pairwise keeps
//! the numbers of one size; greatest common divisors would cost more than they save.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Zero};

use crate::money::Exact;

/// `numerator / denominator`, at least 0; the denominator is positive.
#[derive(Clone, Debug)]
pub struct Fraction {
    numerator: BigInt,
    denominator: BigInt,
}

/// Below this many bits of the denominator a fraction is reduced, so that equal ones are the same.
const REDUCED_BELOW: u64 = 2048;

impl Fraction {
    /// `numerator / denominator`; the denominator is not 0.
    #[must_use]
    pub fn new(numerator: u128, denominator: u128) -> Self {
        Self { numerator: numerator.into(), denominator: denominator.into() }
    }

    /// A sum by denominator.
    #[must_use]
    pub fn sum_of(terms: &BTreeMap<u64, BigInt>) -> Self {
        let all: Vec<Self> =
            terms.iter().map(|(d, n)| Self { numerator: n.clone(), denominator: (*d).into() }).collect();
        pairwise(&all)
    }

    /// The sum of two.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        if self.denominator == other.denominator {
            return Self { numerator: &self.numerator + &other.numerator, denominator: self.denominator.clone() };
        }
        Self {
            numerator: &self.numerator * &other.denominator + &other.numerator * &self.denominator,
            denominator: &self.denominator * &other.denominator,
        }
    }

    /// The product of two.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        Self { numerator: &self.numerator * &other.numerator, denominator: &self.denominator * &other.denominator }
    }

    /// One over it; it is not 0.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { numerator: self.denominator.clone(), denominator: self.numerator.clone() }
    }

    /// Reduced where that is cheap.
    #[must_use]
    pub fn reduced(self) -> Self {
        if self.denominator.bits() > REDUCED_BELOW {
            return self;
        }
        let common = self.numerator.gcd(&self.denominator);
        Self { numerator: self.numerator / &common, denominator: self.denominator / &common }
    }

    /// Numerator and denominator, for looking up what is the same.
    #[must_use]
    pub fn key(&self) -> (BigInt, BigInt) {
        (self.numerator.clone(), self.denominator.clone())
    }

    /// The floor, and what stands above it.
    #[must_use]
    pub fn split(&self) -> (BigInt, Self) {
        let (floor, rest) = self.numerator.div_mod_floor(&self.denominator);
        (floor, Self { numerator: rest, denominator: self.denominator.clone() })
    }

    /// Which is greater.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        (&self.numerator * &other.denominator).cmp(&(&other.numerator * &self.denominator))
    }
}

impl From<&Exact> for Fraction {
    fn from(value: &Exact) -> Self {
        let (numerator, denominator) = value.to_big_parts();
        Self { numerator, denominator }
    }
}

fn pairwise(terms: &[Fraction]) -> Fraction {
    match terms {
        [] => Fraction { numerator: BigInt::zero(), denominator: BigInt::one() },
        [one] => one.clone(),
        _ => {
            let (left, right) = terms.split_at(terms.len() / 2);
            pairwise(left).plus(&pairwise(right))
        }
    }
}
