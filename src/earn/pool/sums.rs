//! What a rule gives to each creator, collected twice: as bounds for all, exactly for the few that bounds leave open.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_traits::Zero;

use super::bound::{Bound, beyond, quotient};
use super::fraction::Fraction;
use crate::error::Result;

/// Whoever collects what a rule gives.
pub trait Collect {
    /// Gives a creator `numerator / denominator`; the denominator is not 0.
    ///
    /// # Errors
    /// A sum is beyond 128 bits (gate).
    fn add(&mut self, creator: u32, numerator: u128, denominator: u64) -> Result<()>;

    /// Gives a creator a whole number, which the rule's pace multiplies.
    ///
    /// # Errors
    /// As [`Collect::add`].
    fn add_whole(&mut self, creator: u32, number: u64) -> Result<()>;
}

/// Of every creator, bounds of the fractions and the sum of the whole numbers.
#[derive(Clone, Debug)]
pub struct Sums {
    bits: u32,
    low: Vec<u128>,
    /// How many of the fractions were cut off: by so many units the sum may be higher.
    cut: Vec<u32>,
    whole: Vec<u128>,
}

impl Sums {
    /// Nothing, for so many creators.
    #[must_use]
    pub fn new(bits: u32, creators: usize) -> Self {
        Self { bits, low: vec![0; creators], cut: vec![0; creators], whole: vec![0; creators] }
    }

    /// How many creators there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.low.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.low.is_empty()
    }

    /// A creator's fractions and whole numbers, these times `pace`.
    ///
    /// # Errors
    /// The sum is beyond 128 bits (gate).
    pub fn bound(&self, creator: usize, pace: (u128, u128)) -> Result<Bound> {
        let low = self.low[creator];
        let fractions = Bound { low, high: low.checked_add(self.cut[creator].into()).ok_or_else(beyond)? };
        let whole = self.whole[creator];
        if whole == 0 {
            return Ok(fractions);
        }
        let one = 1_u128.checked_shl(self.bits).ok_or_else(beyond)?;
        let paced = Bound { low: one, high: one }.times(whole, 1)?.times(pace.0, pace.1)?;
        fractions.plus(paced)
    }
}

impl Collect for Sums {
    fn add(&mut self, creator: u32, numerator: u128, denominator: u64) -> Result<()> {
        let at = creator as usize;
        let (low, is_cut) = quotient(self.bits, numerator, denominator)?;
        self.low[at] = self.low[at].checked_add(low).ok_or_else(beyond)?;
        self.cut[at] = self.cut[at].checked_add(u32::from(is_cut)).ok_or_else(beyond)?;
        Ok(())
    }

    fn add_whole(&mut self, creator: u32, number: u64) -> Result<()> {
        self.whole[creator as usize] += u128::from(number);
        Ok(())
    }
}

/// Exact sums of chosen creators; what others are given is let go.
#[derive(Clone, Debug)]
pub struct ExactSums {
    /// Place of each creator among the chosen; the largest number for the others.
    place: Vec<u32>,
    fractions: Vec<BTreeMap<u64, BigInt>>,
    whole: Vec<u128>,
}

impl ExactSums {
    /// Nothing, for these of so many creators.
    #[must_use]
    pub fn new(creators: usize, chosen: &[usize]) -> Self {
        let mut place = vec![u32::MAX; creators];
        for (at, creator) in chosen.iter().enumerate() {
            place[*creator] = u32::try_from(at).unwrap_or(u32::MAX);
        }
        Self { place, fractions: vec![BTreeMap::new(); chosen.len()], whole: vec![0; chosen.len()] }
    }

    /// The sum of the chosen creator at `at`: fractions, and whole numbers times `pace`.
    #[must_use]
    pub fn sum(&self, at: usize, pace: (u128, u128)) -> Fraction {
        let fractions = Fraction::sum_of(&self.fractions[at]);
        let whole = Fraction::new(self.whole[at], 1).times(&Fraction::new(pace.0, pace.1));
        fractions.plus(&whole).reduced()
    }

    fn place(&self, creator: u32) -> Option<usize> {
        let at = self.place[creator as usize];
        (at != u32::MAX).then_some(at as usize)
    }
}

impl Collect for ExactSums {
    fn add(&mut self, creator: u32, numerator: u128, denominator: u64) -> Result<()> {
        if let Some(at) = self.place(creator) {
            *self.fractions[at].entry(denominator).or_insert_with(BigInt::zero) += numerator;
        }
        Ok(())
    }

    fn add_whole(&mut self, creator: u32, number: u64) -> Result<()> {
        if let Some(at) = self.place(creator) {
            self.whole[at] += u128::from(number);
        }
        Ok(())
    }
}

/// The exact sum of everything that a rule gives, by denominator.
#[derive(Clone, Debug, Default)]
pub struct Total {
    fractions: BTreeMap<u64, BigInt>,
    whole: u128,
}

impl Total {
    /// The sum.
    #[must_use]
    pub fn sum(&self) -> Fraction {
        Fraction::sum_of(&self.fractions).plus(&Fraction::new(self.whole, 1))
    }
}

impl Collect for Total {
    fn add(&mut self, _: u32, numerator: u128, denominator: u64) -> Result<()> {
        *self.fractions.entry(denominator).or_insert_with(BigInt::zero) += numerator;
        Ok(())
    }

    fn add_whole(&mut self, _: u32, number: u64) -> Result<()> {
        self.whole += u128::from(number);
        Ok(())
    }
}
