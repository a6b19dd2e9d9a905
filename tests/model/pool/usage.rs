//! Usage of a pool: which events count in which month, how much each weighs, and what thresholds make of it.

use std::collections::{BTreeMap, BTreeSet};

use num_traits::Zero;

use crate::model::calendar::{Month, first_day, last_day, month_of};
use crate::model::event::Row;
use crate::model::fates::{Fate, Fates};
use crate::model::netting::Unit;
use crate::model::number::{Q, q, zero};
use crate::model::policy::Program;
use crate::model::rating::World;
use crate::model::split::fractions;

use super::policy::{Pool, Reading, Threshold};

/// An event that a pool looks at.
pub struct Use<'a> {
    pub unit: Unit<'a>,
    /// The month whose pot it divides.
    pub month: Month,
    /// None, too, where a pool tells no countries apart.
    pub country: Option<String>,
    pub payer: Option<String>,
    pub creator: String,
    /// Before multipliers and caps.
    pub usage: i64,
}

/// What divides one pot.
#[derive(Default)]
pub struct Usage {
    /// Of payers with an id, what each creator weighs for each; nobody who weighs nothing stands here.
    pub payers: BTreeMap<String, BTreeMap<String, Q>>,
    /// The same, shrunk by the cap, and of payers without an id.
    pub counted: BTreeMap<String, Q>,
    /// Events that weigh, by creator.
    pub events: BTreeMap<String, i64>,
    /// The part of the revenue that stays after the carve-out.
    pub stays: Q,
}

/// Whether a version is in force in a month.
pub fn in_force(program: &Program, month: Month) -> bool {
    let day = first_day(month);
    program.from <= day && program.to.is_none_or(|to| day < to)
}

/// The events that all versions of a pool look at, each in the months of its own.
pub fn uses<'a>(world: &World<'a>, versions: &[(&Program, &Pool)], fates: &Fates) -> Vec<Use<'a>> {
    let is_rated = |row: &Row| fates.get(&row.n).is_some_and(|fate| !matches!(fate, Fate::Quarantined(_)));
    let can_count = |row: &&&Row| row.log == "engagement" && is_rated(row);
    let rows = world.counted.iter().filter(can_count);
    let mut uses = Vec::new();
    for row in rows {
        for (program, pool) in versions {
            uses.extend(used(world, program, pool, row));
        }
    }
    uses
}

/// The month in which a version asks for a row; none where it does not.
pub fn asks(world: &World, program: &Program, pool: &Pool, row: &Row) -> Option<Month> {
    let learned = world.learned.get(&row.n).copied().unwrap_or(world.month);
    let month = if pool.next_period { month_of(row.day).max(learned) } else { month_of(row.day) };
    (in_force(program, month) && world.holds(&program.condition, &Unit::of_no_money(row))).then_some(month)
}

fn used<'a>(world: &World<'a>, program: &Program, pool: &Pool, row: &'a Row) -> Option<Use<'a>> {
    let month = asks(world, program, pool, row)?;
    let unit = Unit::of_no_money(row);
    if program.eligible.iter().any(|(_, when)| !world.holds(when, &unit)) {
        return None;
    }
    let usage = pool.weight.as_ref().map_or(1, |column| row.int(column).unwrap_or(0));
    assert!(usage >= 0, "negative usage is a gate: {row:?}");
    Some(Use {
        unit,
        month,
        country: row.text("payer_country").filter(|_| pool.by_country).map(str::to_owned),
        payer: row.text("payer_id").map(str::to_owned),
        creator: row.text("creator_id").expect("a sound row has a creator").to_owned(),
        usage,
    })
}

/// What the events of a month and country weigh; `all` are those of every month, which thresholds look at.
pub fn usage(world: &World, pool: &Pool, all: &[Use], month: Month, country: Option<&str>) -> Usage {
    let ours: Vec<&Use> = all.iter().filter(|u| u.month == month && u.country.as_deref() == country).collect();
    let mut usage = Usage { stays: stays(world, pool, &ours), ..Usage::default() };
    let mut cap: BTreeMap<&str, i64> = BTreeMap::new();
    let mut weights = Vec::new();
    for one in ours {
        let (weight, counted) = weight(world, pool, all, one);
        if !weight.is_zero() {
            weights.push((one, weight));
            *usage.events.entry(one.creator.clone()).or_default() += 1;
            *cap.entry(one.payer.as_deref().unwrap_or_default()).or_default() += counted;
        }
    }
    for (one, weight) in weights {
        let add = |to: &mut BTreeMap<String, Q>, weight: &Q| {
            *to.entry(one.creator.clone()).or_insert_with(zero) += weight;
        };
        let mut shrunk = weight.clone();
        if let Some(payer) = &one.payer {
            add(usage.payers.entry(payer.clone()).or_default(), &weight);
            let most = pool.cap_per_payer.map(|most| q(most) / q(cap[payer.as_str()]));
            shrunk *= most.filter(|most| *most < q(1)).unwrap_or_else(|| q(1));
        }
        add(&mut usage.counted, &shrunk);
    }
    usage
}

/// Whether every party of a creator is known when the month ends.
pub fn can_be_paid(world: &World, program: &Program, creator: &str, month: Month) -> bool {
    let parties = fractions(world.refs, creator, &program.name, last_day(month));
    parties.iter().all(|((.., party), _)| world.refs.party(party, last_day(month)).is_some())
}

/// Looks at all usage, by whatever creator.
fn stays(world: &World, pool: &Pool, ours: &[&Use]) -> Q {
    let Some(carve_out) = &pool.carve_out else { return q(1) };
    let all: i64 = ours.iter().map(|one| one.usage).sum();
    let kept = ours.iter().fold(zero(), |sum, one| {
        let case = carve_out.stays.iter().find(|(when, _)| world.holds(when, &one.unit));
        sum + q(one.usage) * &case.expect("the last case has no condition").1
    });
    if all == 0 { q(1) } else { kept / q(all) }
}

/// What an event weighs, and how much of its usage counts at all.
fn weight(world: &World, pool: &Pool, all: &[Use], one: &Use) -> (Q, i64) {
    let own = pool.threshold.as_ref().map_or(0, |threshold| before(threshold, all, one));
    let multipliers = pool.multipliers.iter().filter(|m| world.holds(&m.when, &one.unit));
    let multipliers: Vec<(i64, &Q)> =
        multipliers.map(|m| (m.threshold.as_ref().map_or(0, |t| before(t, all, one)), &m.times)).collect();
    let mut cuts: BTreeSet<i64> = multipliers.iter().map(|(from, _)| (*from).max(own)).collect();
    cuts.extend([own, one.usage]);
    let cuts: Vec<i64> = cuts.into_iter().collect();
    let piece = |ends: &[i64]| {
        let reached = multipliers.iter().filter(|(from, _)| *from <= ends[0]);
        reached.fold(q(ends[1] - ends[0]), |weight, (_, times)| weight * *times)
    };
    (cuts.windows(2).map(piece).fold(zero(), |sum, piece| sum + piece), one.usage - own)
}

/// How much of an event's usage comes before it counts: nothing, all of it, or a part.
fn before(threshold: &Threshold, all: &[Use], one: &Use) -> i64 {
    let window = |last: Month| {
        let months = last - threshold.months + 1..=last;
        all.iter().filter(move |u| u.creator == one.creator && months.contains(&u.month))
    };
    let has = |uses: &[&Use]| {
        let payers: BTreeSet<&String> = uses.iter().filter_map(|u| u.payer.as_ref()).collect();
        (uses.iter().map(|u| u.usage).sum::<i64>(), payers.len() >= threshold.payers)
    };
    let is_reached = |last: Month| {
        let (usage, enough_payers) = has(&window(last).collect::<Vec<_>>());
        usage >= threshold.usage && enough_payers
    };
    let counts = match threshold.reading {
        Reading::WholeMonth => is_reached(one.month),
        Reading::Retroactive => (one.month..one.month + threshold.months).any(is_reached),
        Reading::AfterThreshold => {
            let place = |u: &Use| (u.month, u.unit.row.time, u.unit.row.id.clone());
            let (usage, enough_payers) = has(&window(one.month).filter(|u| place(u) < place(one)).collect::<Vec<_>>());
            return if enough_payers { (threshold.usage - usage).clamp(0, one.usage) } else { one.usage };
        }
    };
    if counts { 0 } else { one.usage }
}
