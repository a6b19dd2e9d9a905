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
        Pay::Column { per, .. } => {
            Exact::ratio(i128::from(fact.class.share_number), i128::from(*per)).unwrap_or_default()
        }
        Pay::Pool(pool) => pool.share.clone(),
        Pay::Tiers(_) | Pay::Each(_) => Exact::default(),
    }
}

/// The bonuses that a fact has earned and the points that each may add, `max_share` respected in the order of the file.
pub fn points<'a>(program: &'a Program, fact: &Fact<'_>, share: &Exact) -> Vec<(usize, &'a Bonus, Exact)> {
    let mut room = program.max_share.as_ref().map(|max| max - share);
    let mut earned = Vec::new();
    for (at, bonus) in program.bonus.iter().enumerate().filter(|(at, _)| fact.class.bonuses & (1 << at) != 0) {
        let points = match &mut room {
            None => bonus.points.clone(),
            Some(room) => {
                let allowed = bonus.points.clone().min(room.clone()).max(Exact::default());
                *room = &*room - &allowed;
                allowed
            }
        };
        earned.push((at, bonus, points));
    }
    earned
}
