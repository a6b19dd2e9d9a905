//! The creator side: a share by case or column, stacked bonus points, caps in points and in money.

use crate::facts::Fact;
use crate::money::Exact;
use crate::policy::{Bonus, Pay, Program};

/// The base share of a fact, as a fraction; zero for tiers, which [`super::tiers`] applies, and for fixed money.
#[must_use]
pub fn base_share(program: &Program, fact: &Fact<'_>) -> Exact {
    match &program.pay {
        Pay::Share(cases) => {
            let case = cases.get(usize::from(fact.class.share_case));
            fact.class.locked.clone().or_else(|| case.map(|c| c.percent.clone())).unwrap_or_default()
        }
        Pay::Column { per, .. } => Exact::parts(fact.class.share_number, *per).unwrap_or_default(),
        Pay::Pool(pool) => pool.share.clone(),
        Pay::Tiers(_) | Pay::Each(_) => Exact::default(),
    }
}

/// The bonuses that a fact has earned and the points that each may add, `max_share` respected in the order of the file.
pub fn points<'a>(
    program: &'a Program,
    fact: &Fact<'_>,
    share: &Exact,
) -> impl Iterator<Item = (usize, &'a Bonus, Exact)> + use<'a> {
    let mut room = program.max_share.as_ref().map(|max| max - share);
    let earned = fact.class.bonuses;
    program.bonus.iter().enumerate().filter(move |(at, _)| earned & (1 << at) != 0).map(move |(at, bonus)| {
        let Some(room) = &mut room else { return (at, bonus, bonus.points.clone()) };
        let allowed = bonus.points.clone().min(room.clone()).max(Exact::ZERO);
        *room = &*room - &allowed;
        (at, bonus, allowed)
    })
}
