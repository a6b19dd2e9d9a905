//! One pot: every stake by its rule, fixed parts beside them, and one largest remainder over all.

use std::cell::OnceCell;
use std::sync::Arc;

use super::bound::{Bound, beyond};
use super::fraction::Fraction;
use super::pro_rata::pro_rata;
use super::remainder::{Distinct, Worked, allocate};
use super::scaled::scaled;
use super::shapley::shapley;
use super::sums::{Collect, ExactSums, Sums, Total};
use super::usage::Usage;
use super::user_centric::user_centric;
use crate::error::{Error, Result};
use crate::money::Exact;

/// How a stake is divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// By everybody's usage added up.
    ProRata {
        /// What one payer counts at most.
        cap: Option<u64>,
    },
    /// Every payer's fee by what the payer used.
    UserCentric,
    /// Every payer's fee in equal parts.
    Shapley,
    /// Every payer's fee by what the payer used, as far as usage fills it.
    Scaled {
        /// The stake as a share of all fees, 0 to 1.
        share: Exact,
    },
}

/// Money that is divided by one rule.
#[derive(Clone, Debug)]
pub struct Stake<'a> {
    /// At least 0.
    pub amount: Exact,
    pub rule: Rule,
    /// What each payer of the usage paid; nothing looks at it under pro rata.
    pub fees: &'a [u64],
}

/// A pot divided, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Division {
    /// By creator.
    pub creators: Vec<i128>,
    /// In the order given.
    pub fixed: Vec<i128>,
}

/// Divides `total` over stakes and fixed parts, which add up to it, give or take less than 1.
///
/// # Errors
/// A part is beyond 128 bits (gate); a stake that nothing weighs (bug).
pub fn divide(total: i128, usage: &Usage, stakes: &[Stake<'_>], fixed: &[Exact], bits: u32) -> Result<Division> {
    let stakes = stakes.iter().map(|stake| Weighed::of(usage, stake, bits)).collect::<Result<Vec<_>>>()?;
    let mut bounds = Vec::with_capacity(usage.creators() + fixed.len());
    for creator in 0..usage.creators() {
        let mut sum = Bound::default();
        for stake in &stakes {
            sum = sum.plus(stake.part(creator, bits)?)?;
        }
        bounds.push(sum);
    }
    for part in fixed {
        bounds.push(bound_of(part, bits)?);
    }
    let mut minors = allocate(total, &bounds, bits, &|places| work_out(usage, &stakes, fixed, places))?;
    let fixed = minors.split_off(usage.creators());
    Ok(Division { creators: minors, fixed })
}

/// What all creators of a stake weigh together.
enum Whole {
    Known(Exact),
    /// A sum of fractions with many denominators.
    Between(Bound),
}

/// A stake and what its rule gave.
struct Weighed<'a> {
    usage: &'a Usage,
    stake: &'a Stake<'a>,
    sums: Sums,
    pace: (u128, u128),
    whole: Whole,
    /// The stake for one unit of weight, exactly.
    exact: OnceCell<Fraction>,
}

impl<'a> Weighed<'a> {
    fn of(usage: &'a Usage, stake: &'a Stake<'a>, bits: u32) -> Result<Self> {
        let mut sums = Sums::new(bits, usage.creators());
        let pace = give(usage, stake, &mut sums)?;
        let whole = whole(usage, stake, &sums, pace)?;
        Ok(Self { usage, stake, sums, pace, whole, exact: OnceCell::new() })
    }

    fn part(&self, creator: usize, bits: u32) -> Result<Bound> {
        let weight = self.sums.bound(creator, self.pace)?;
        if weight.high == 0 {
            return Ok(weight);
        }
        let amount = self.stake.amount.small_parts().ok_or_else(beyond)?;
        match &self.whole {
            Whole::Known(whole) => {
                let each = self.stake.amount.checked_div(whole).ok_or_else(weightless)?;
                match each.small_parts() {
                    Some((n, d)) => weight.times(n, d),
                    None => {
                        let (n, d) = whole.small_parts().ok_or_else(beyond)?;
                        weight.times(amount.0, amount.1)?.times(d, n)
                    }
                }
            }
            Whole::Between(whole) => {
                let one = 1_u128 << bits;
                let paid = weight.times(amount.0, amount.1)?;
                let low = paid.times(one, whole.high)?.low;
                let most = bound_of(&self.stake.amount, bits)?.high;
                let high = if whole.low == 0 { most } else { paid.times(one, whole.low)?.high.min(most) };
                Ok(Bound { low, high })
            }
        }
    }

    /// What the chosen creators weigh.
    fn weights(&self, chosen: &[usize]) -> Result<Vec<Fraction>> {
        let mut sums = ExactSums::new(self.usage.creators(), chosen);
        give(self.usage, self.stake, &mut sums)?;
        Ok((0..chosen.len()).map(|at| sums.sum(at, self.pace)).collect())
    }

    fn each(&self) -> Result<&Fraction> {
        if let Some(each) = self.exact.get() {
            return Ok(each);
        }
        let whole = match &self.whole {
            Whole::Known(whole) => Fraction::from(whole),
            Whole::Between(_) => {
                let mut total = Total::default();
                give(self.usage, self.stake, &mut total)?;
                total.sum()
            }
        };
        let each = Fraction::from(&self.stake.amount).times(&whole.inverse());
        Ok(self.exact.get_or_init(|| each))
    }
}

fn weightless() -> Error {
    Error::bug("a part of a pot is divided by what nobody used")
}

/// Lets a stake's rule give; what a whole number is worth.
fn give(usage: &Usage, stake: &Stake<'_>, to: &mut impl Collect) -> Result<(u128, u128)> {
    match &stake.rule {
        Rule::ProRata { cap } => pro_rata(usage, *cap, to)?,
        Rule::UserCentric => user_centric(usage, stake.fees, to)?,
        Rule::Shapley => shapley(usage, stake.fees, to)?,
        Rule::Scaled { share } => return scaled(usage, stake.fees, share, to),
    }
    Ok((1, 1))
}

fn whole(usage: &Usage, stake: &Stake<'_>, sums: &Sums, pace: (u128, u128)) -> Result<Whole> {
    let fees = || Exact::from_int(stake.fees.iter().map(|f| i128::from(*f)).sum());
    let exact = match &stake.rule {
        Rule::ProRata { cap: Some(_) } => {
            let mut whole = Bound::default();
            for creator in 0..sums.len() {
                whole = whole.plus(sums.bound(creator, pace)?)?;
            }
            return if whole.high == 0 { Err(weightless()) } else { Ok(Whole::Between(whole)) };
        }
        Rule::ProRata { cap: None } => {
            let named: u128 = (0..usage.payers()).map(|payer| usage.weight(payer)).sum();
            let all = named + usage.unnamed().iter().map(|w| u128::from(*w)).sum::<u128>();
            Exact::from_int(i128::try_from(all).map_err(|_| beyond())?)
        }
        Rule::UserCentric | Rule::Shapley => fees(),
        Rule::Scaled { share } => &fees() * share,
    };
    if exact.is_zero() { Err(weightless()) } else { Ok(Whole::Known(exact)) }
}

fn bound_of(part: &Exact, bits: u32) -> Result<Bound> {
    let (n, d) = part.small_parts().ok_or_else(beyond)?;
    let one = 1_u128 << bits;
    Bound { low: one, high: one }.times(n, d)
}

/// Exact values of these parts; of equal weights only one is worked out.
fn work_out(usage: &Usage, stakes: &[Weighed<'_>], fixed: &[Exact], places: &[usize]) -> Result<Vec<Worked>> {
    let creators = usage.creators();
    let chosen: Vec<usize> = places.iter().copied().filter(|place| *place < creators).collect();
    let weights = if chosen.is_empty() {
        vec![Vec::new(); stakes.len()]
    } else {
        stakes.iter().map(|stake| stake.weights(&chosen)).collect::<Result<Vec<_>>>()?
    };
    let (mut distinct, mut values) = (Distinct::default(), Vec::new());
    let mut worked = Vec::with_capacity(places.len());
    let mut next = 0;
    for place in places {
        let key = match place.checked_sub(creators) {
            Some(at) => vec![Fraction::from(&fixed[at]).key(), Default::default()],
            None => weights.iter().map(|of| of[next].key()).collect(),
        };
        let (same, is_new) = distinct.number(key);
        if is_new {
            values.push(Arc::new(match place.checked_sub(creators) {
                Some(at) => Fraction::from(&fixed[at]),
                None => value(stakes, &weights, next)?,
            }));
        }
        next += usize::from(*place < creators);
        worked.push(Worked { same, value: Arc::clone(&values[same]) });
    }
    Ok(worked)
}

fn value(stakes: &[Weighed<'_>], weights: &[Vec<Fraction>], at: usize) -> Result<Fraction> {
    let mut sum = Fraction::new(0, 1);
    for (stake, of) in stakes.iter().zip(weights) {
        sum = sum.plus(&of[at].times(stake.each()?));
    }
    Ok(sum.reduced())
}
