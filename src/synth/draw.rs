//! Draws: the same numbers for the same seed, log, purpose and event number, on every machine; integers only.

use rand::Rng;
use rand_xoshiro::rand_core::SeedableRng;
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};

use crate::log::Log;

/// What a draw is for: draws for different things are independent of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Which fault an event has.
    Plan,
    /// The event itself.
    Event,
    /// What takes it back.
    Reversal,
    /// A creator, party or agreement.
    Creator,
    /// A day's rate.
    Rate,
    /// The book's secret.
    Secret,
}

/// One word of well-mixed bits for a number.
#[must_use]
pub fn mixed(number: u64) -> u64 {
    SplitMix64::from_seed(number.to_le_bytes()).next_u64()
}

/// The key of a seed, log and purpose; draws of event `n` begin at `key + n`.
#[must_use]
pub fn key(seed: u64, log: Option<Log>, purpose: Purpose) -> u64 {
    let log = log.map_or(0, |log| log.index() as u64 + 1);
    mixed(mixed(seed) ^ mixed(log * 64 + purpose as u64 + 1))
}

/// A sequence of draws.
pub struct Draw(Xoshiro256PlusPlus);

impl Draw {
    /// The sequence of number `n` under a key.
    #[must_use]
    pub fn new(key: u64, n: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(key.wrapping_add(n)))
    }

    /// 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// 0 to `bound` - 1, by the high word of a product (off by less than `bound` in 2^64); 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        scaled(self.word(), bound)
    }

    /// `from` to `to`, both included.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below(to.abs_diff(from) + 1).cast_signed()
    }

    /// True `share` times in 1,000.
    pub fn per_mille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    /// One of several; the first where there are none.
    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(usize::try_from(self.below(of.len() as u64)).unwrap_or(0)).copied()
    }
}

fn scaled(word: u64, bound: u64) -> u64 {
    u64::try_from((u128::from(word) * u128::from(bound)) >> 64).unwrap_or(0)
}

/// Creators by rank under Zipf's law with exponent 1: rank k is drawn in proportion to floor(2^40 / k).
pub struct Zipf(Vec<u64>);

impl Zipf {
    /// The law over `creators` ranks.
    #[must_use]
    pub fn new(creators: u64) -> Self {
        let mut sum = 0;
        let weights = (1..=creators).map(|rank| (1_u64 << 40) / rank);
        Self(
            weights
                .map(|weight| {
                    sum += weight;
                    sum
                })
                .collect(),
        )
    }

    /// A rank, from 1.
    pub fn rank(&self, draw: &mut Draw) -> u64 {
        let at = draw.below(self.0.last().copied().unwrap_or(1));
        self.0.partition_point(|sum| *sum <= at) as u64 + 1
    }
}
