//! The creator side: a share by case or column, stacked bonus points, caps in points and in money.

use smallvec::SmallVec;

use crate::facts::Fact;
use crate::money::Exact;
use crate::policy::{Pay, Program};

/// The share of a fact before bonuses, as a fraction, where it has one share; zero for tiers and for fixed money. What a
/// column or a reference says is at most `max_share`.
#[must_use]
pub fn base_share(program: &Program, fact: &Fact<'_>) -> Exact {
    let share = match &program.pay {
        Pay::Share(cases) => {
            let case = cases.get(usize::from(fact.class.share_case));
            fact.class.locked.clone().or_else(|| case.map(|c| c.percent.clone())).unwrap_or_default()
        }
        Pay::Column { per, .. } => Exact::parts(fact.class.share_number, *per).unwrap_or_default(),
        Pay::Pool(pool) => pool.share.clone(),
        Pay::Tiers(_) | Pay::Each(_) => Exact::default(),
    };
    match &program.max_share {
        Some(max) if share > *max => max.clone(),
        _ => share,
    }
}

/// So much of what is shared that it has one share: all of it, or what lies in one band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    /// In minor units of the event currency.
    pub base: Exact,
    /// As a fraction, with the bonus points so far.
    pub share: Exact,
}

/// Portions, of which there are seldom more than two.
pub type Portions = SmallVec<[Portion; 2]>;

impl Portion {
    /// Adds a bonus's points, as far as `max_share` leaves room; gives what they are worth.
    pub fn add_points(&mut self, points: &Exact, max_share: Option<&Exact>) -> Exact {
        let points = match max_share {
            None => points.clone(),
            Some(max) => points.clone().min(max - &self.share).max(Exact::ZERO),
        };
        self.share += &points;
        &self.base * &points
    }
}
