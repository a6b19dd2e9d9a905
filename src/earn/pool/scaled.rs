//! Scaled: a payer's pot grows with his usage, up to the whole fee.

use super::bound::beyond;
use super::sums::Collect;
use super::usage::Usage;
use super::user_centric::own_pot;
use crate::error::{Error, Result};
use crate::money::Exact;

/// Gives each creator the sum of min(g S_i, f_i) w_ij / S_i, with the g at which the pots add up to `share` (0 to 1) of
/// all fees. Payers whose pot is less than their fee give whole numbers w_ij; the pace that is returned is g.
///
/// Payers are full from the lowest fee for a unit of usage on. At the level f_k / S_k of payer k all pots together are
/// what the full ones before it paid, and f_k / S_k for every unit of the others' usage. That grows with k, so that g is
/// found by halving.
///
/// # Errors
/// A sum is beyond 128 bits (gate).
pub fn scaled(usage: &Usage, fees: &[u64], share: &Exact, to: &mut impl Collect) -> Result<(u128, u128)> {
    let level = Level::of(usage, fees)?;
    let target = &Exact::from_int(level.paid(fees.len())) * share;
    let full = level.full(&target)?;
    for payer in &level.order[..full] {
        own_pot(usage, *payer, fees[*payer], to)?;
    }
    for payer in &level.order[full..] {
        for entry in usage.entries(*payer).filter(|e| e.weight != 0) {
            to.add_whole(entry.creator, entry.weight)?;
        }
    }
    level.pace(full, &target)
}

/// Payers from the lowest fee for a unit of usage on, with running sums.
struct Level<'a> {
    fees: &'a [u64],
    weights: Vec<u64>,
    order: Vec<usize>,
    /// What the first n have paid.
    paid: Vec<i128>,
    /// What the first n have used.
    used: Vec<i128>,
}

impl<'a> Level<'a> {
    fn of(usage: &Usage, fees: &'a [u64]) -> Result<Self> {
        let weight = |payer| u64::try_from(usage.weight(payer)).map_err(|_| beyond());
        let weights = (0..fees.len()).map(weight).collect::<Result<Vec<u64>>>()?;
        let mut order: Vec<usize> = (0..fees.len()).collect();
        let product = |a: usize, b: usize| u128::from(fees[a]) * u128::from(weights[b]);
        order.sort_unstable_by(|a, b| product(*a, *b).cmp(&product(*b, *a)).then(a.cmp(b)));
        let running = |of: &[u64]| {
            let mut sums = vec![0_i128];
            sums.extend(order.iter().scan(0_i128, |sum, payer| {
                *sum += i128::from(of[*payer]);
                Some(*sum)
            }));
            sums
        };
        let (paid, used) = (running(fees), running(&weights));
        Ok(Self { fees, weights, order, paid, used })
    }

    fn paid(&self, first: usize) -> i128 {
        self.paid[first]
    }

    /// How many payers are full.
    fn full(&self, target: &Exact) -> Result<usize> {
        let all = self.used[self.order.len()];
        let is_full = |at: usize| {
            let payer = self.order[at];
            let level = Exact::ratio(self.fees[payer].into(), self.weights[payer].into());
            let level = level.ok_or_else(|| Error::bug("a payer without usage has a pot of a pool"))?;
            let rest = &level * &Exact::from_int(all - self.used[at]);
            Ok::<bool, Error>(&Exact::from_int(self.paid[at]) + &rest <= *target)
        };
        let (mut low, mut high) = (0, self.order.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_full(middle)? { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }

    /// What a unit of usage of those who are not full gives.
    fn pace(&self, full: usize, target: &Exact) -> Result<(u128, u128)> {
        let rest = self.used[self.order.len()] - self.used[full];
        let left = target - &Exact::from_int(self.paid[full]);
        let pace = left.checked_div(&Exact::from_int(rest)).unwrap_or_default();
        pace.small_parts().ok_or_else(beyond)
    }
}
