//! The largest remainder over bounds: whole parts that add up to the pot, as the exact values would give them.
//!
//! With k cents left, a remainder whose lower bound is above the (k+1)-th largest upper bound gets one: at most k can
//! be as large. One whose upper bound is below the k-th largest lower bound gets none. Only what lies between is
//! worked out exactly, and only there do ties exist; they go to the first, which is the order of creators' ids.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_traits::ToPrimitive;

use super::bound::{Bound, beyond};
use super::fraction::Fraction;
use crate::error::{Error, Result};

/// A part that was worked out exactly; parts with the same number are equal.
#[derive(Clone, Debug)]
pub struct Worked {
    pub same: usize,
    pub value: std::sync::Arc<Fraction>,
}

/// Divides `total` over parts that lie in `bounds` (units of 2^-bits) and add up to it, give or take less than 1.
///
/// `work_out` gives exact values of the parts with these places.
///
/// # Errors
/// A part is beyond 128 bits (gate); the parts do not add up to the total (bug).
pub fn allocate(
    total: i128,
    bounds: &[Bound],
    bits: u32,
    work_out: &dyn Fn(&[usize]) -> Result<Vec<Worked>>,
) -> Result<Vec<i128>> {
    let mut minors = Vec::with_capacity(bounds.len());
    let mut rests: Vec<Bound> = bounds.iter().map(|b| b.rest(bits)).collect();
    let open: Vec<usize> = (0..bounds.len()).filter(|at| bounds[*at].floor(bits).is_none()).collect();
    for bound in bounds {
        minors.push(i128::try_from(bound.floor(bits).unwrap_or_default()).map_err(|_| beyond())?);
    }
    for (at, worked) in open.iter().zip(work_out(&open)?) {
        let (floor, rest) = worked.value.split();
        minors[*at] = floor.to_i128().ok_or_else(beyond)?;
        rests[*at] = bound_of(&rest, bits);
    }
    let left = total - minors.iter().sum::<i128>();
    let left = usize::try_from(left).ok().filter(|left| *left <= bounds.len());
    let left = left.ok_or_else(|| Error::bug("the floors of a pot's parts miss it").found(total.to_string()))?;
    for winner in winners(left, &rests, work_out)? {
        minors[winner] += 1;
    }
    Ok(minors)
}

/// Bounds of a fraction below 1.
fn bound_of(rest: &Fraction, bits: u32) -> Bound {
    let scaled = rest.times(&Fraction::new(1 << bits, 1));
    let (low, above) = scaled.split();
    let low = low.to_u128().unwrap_or_default();
    let is_cut = above.split().1.compare(&Fraction::new(0, 1)) == Ordering::Greater;
    Bound { low, high: low + u128::from(is_cut) }
}

/// The places of the `left` largest remainders.
fn winners(left: usize, rests: &[Bound], work_out: &dyn Fn(&[usize]) -> Result<Vec<Worked>>) -> Result<Vec<usize>> {
    if left == 0 || left == rests.len() {
        return Ok((0..left).collect());
    }
    let sure = nth_largest(rests.iter().map(|r| r.high).collect(), left);
    let hopeless = nth_largest(rests.iter().map(|r| r.low).collect(), left - 1);
    let mut winners: Vec<usize> = (0..rests.len()).filter(|at| rests[*at].low > sure).collect();
    let open = (0..rests.len()).filter(|at| rests[*at].low <= sure && rests[*at].high >= hopeless);
    let open: Vec<usize> = open.collect();
    let cents = left - winners.len();
    if cents == open.len() {
        winners.extend(open);
        return Ok(winners);
    }
    winners.extend(largest(cents, &open, work_out(&open)?));
    Ok(winners)
}

/// The value that stands at `at` when the largest stands first.
fn nth_largest(mut values: Vec<u128>, at: usize) -> u128 {
    let (_, value, _) = values.select_nth_unstable_by(at, |a, b| b.cmp(a));
    *value
}

/// Of the places that are open, those with the largest remainders; ties by place.
fn largest(cents: usize, open: &[usize], worked: Vec<Worked>) -> Vec<usize> {
    let mut rests: BTreeMap<usize, Fraction> = BTreeMap::new();
    for one in &worked {
        rests.entry(one.same).or_insert_with(|| one.value.split().1);
    }
    let mut order: Vec<(usize, usize)> = open.iter().copied().zip(worked.iter().map(|w| w.same)).collect();
    let mut ranks: Vec<usize> = rests.keys().copied().collect();
    ranks.sort_by(|a, b| rests[b].compare(&rests[a]));
    let mut rank: BTreeMap<usize, usize> = BTreeMap::new();
    let mut last: Option<usize> = None;
    for (at, same) in ranks.iter().enumerate() {
        let tied = last.filter(|last| rests[last].compare(&rests[same]) == Ordering::Equal);
        let of = tied.map_or(at, |last| rank[&last]);
        rank.insert(*same, of);
        last = Some(*same);
    }
    order.sort_by_key(|(place, same)| (rank[same], *place));
    order.into_iter().take(cents).map(|(place, _)| place).collect()
}

/// A number for every distinct value, for [`Worked::same`].
#[derive(Debug, Default)]
pub struct Distinct(BTreeMap<Vec<(BigInt, BigInt)>, usize>);

impl Distinct {
    /// The number of a value; `true` where it is new.
    pub fn number(&mut self, key: Vec<(BigInt, BigInt)>) -> (usize, bool) {
        let next = self.0.len();
        let number = *self.0.entry(key).or_insert(next);
        (number, number == next)
    }
}
