//! The creator's share of one unit: cases, a column, bonuses with caps, tiers.

use std::collections::{BTreeMap, BTreeSet};

use num_traits::{Signed, Zero};

use super::calendar::{Month, month_of, parse_day};
use super::each::{first_ones, paid};
use super::number::{Q, parse, q, ten_to, zero};
use super::policy::{Bonus, Case, Locked, Share, Tiers};
use super::rating::{Priced, World};
use super::references::digits;

/// Creator, program and window of a tier, or bonus and month of a cap.
type Window = (String, String, String);

/// What a creator has reached so far, in the order of events.
#[derive(Default)]
pub struct Reached {
    tiers: BTreeMap<Window, Q>,
    caps: BTreeMap<(Window, Month), Q>,
    /// Of tiers that look at the whole window: what each month adds to it.
    totals: BTreeMap<(Window, Month), Q>,
    /// The rows that order rules pay.
    first: BTreeSet<usize>,
}

impl Reached {
    /// Knows the totals of the windows before the first share is asked for.
    pub fn new(world: &World, priced: &[Priced]) -> Self {
        let mut reached = Self { first: first_ones(priced), ..Self::default() };
        for p in priced {
            match &p.program.share {
                Share::Tiers(tiers) if tiers.whole => {
                    let month = month_of(p.unit.day);
                    *reached.totals.entry((window(p, tiers), month)).or_insert_with(zero) += basis(world, p, tiers);
                }
                _ => {}
            }
        }
        reached
    }

    /// The creator's exact money of a unit, before rounding.
    pub fn creator_side(&mut self, world: &World, p: &Priced) -> Q {
        let (max, rest) = (&p.program.max_share, p.rest.clone());
        let at_most = |share: Q| max.as_ref().map_or_else(|| share.clone(), |max| share.clone().min(max.clone()));
        // What of the rest has which share, with the points that came on top of it.
        let mut shared: Vec<(Q, Q)> = match &p.program.share {
            Share::Tiers(tiers) => self.tiered(world, p, tiers),
            Share::Each(_) if p.program.first.is_some() && !self.first.contains(&p.unit.row.n) => return zero(),
            Share::Each(_) => return paid(world, p),
            Share::Pool(pool) => return &p.rest * &pool.share,
            Share::Column { name, per } => {
                vec![(rest, at_most(q(p.unit.row.int(name).expect("a share in the column")) / per))]
            }
            Share::Cases(cases) => {
                let case = cases.iter().find(|case| world.holds(&case.when, &p.unit));
                vec![(rest, at_most(percent(world, p, case.expect("the last case has no condition"))))]
            }
        };
        let mut money = shared.iter().fold(zero(), |sum, (base, share)| sum + base * share);
        for bonus in p.program.bonuses.iter().filter(|b| world.holds(&b.when, &p.unit)) {
            let mut more = zero();
            for (base, share) in &mut shared {
                let with = at_most(&*share + &bonus.points).max(share.clone());
                more += &*base * (&with - &*share);
                *share = with;
            }
            money += self.capped(world, p, bonus, more);
        }
        money
    }

    /// The part of a bonus that its cap leaves.
    fn capped(&mut self, world: &World, p: &Priced, bonus: &Bonus, money: Q) -> Q {
        let Some((cap, currency)) = &bonus.cap else { return money };
        let there = world.in_currency(&money, p, currency);
        let most = cap * ten_to(digits(currency).expect("a currency"));
        let key = ((p.creator().to_owned(), p.program.name.clone(), bonus.name.clone()), month_of(p.unit.day));
        let before = self.caps.entry(key).or_insert_with(zero);
        let after = before.clone() + &there;
        let kept = after.clone().min(most.clone()) - before.clone().min(most);
        *before = after;
        if there.is_zero() { zero() } else { money * kept / there }
    }

    /// What of the rest lies in which band: its money, and its share.
    fn tiered(&mut self, world: &World, p: &Priced, tiers: &Tiers) -> Vec<(Q, Q)> {
        let key = window(p, tiers);
        if tiers.basis == "earned" {
            return self.tiered_by_earned(world, p, tiers, key);
        }
        let size = basis(world, p, tiers);
        if tiers.whole {
            let before = self.totals.range((key.clone(), Month::MIN)..=(key, month_of(p.unit.day)));
            let total = before.fold(reached_before(world, p, tiers), |sum, (_, month)| sum + month);
            return vec![(p.rest.clone(), band_of(tiers, &total))];
        }
        let before = self.tiers.entry(key).or_insert_with(|| reached_before(world, p, tiers));
        let after = before.clone() + &size;
        let in_band =
            |band: usize| (below(tiers, band, &after) - below(tiers, band, before), tiers.bands[band].1.clone());
        let ways: Vec<(Q, Q)> = (0..tiers.bands.len()).map(in_band).collect();
        *before = after;
        let of_rest = |(way, share): (Q, Q)| (if size.is_zero() { zero() } else { &p.rest * way / &size }, share);
        ways.into_iter().map(of_rest).collect()
    }

    /// The volume grows by what the bands pay: band by band, from where it stands, up or down.
    fn tiered_by_earned(&mut self, world: &World, p: &Priced, tiers: &Tiers, key: Window) -> Vec<(Q, Q)> {
        let volume = self.tiers.entry(key).or_insert_with(|| reached_before(world, p, tiers));
        let rest = world.in_currency(&p.rest, p, &tiers.currency);
        let (mut left, mut parts) = (rest.clone(), Vec::new());
        while !left.is_zero() {
            let (share, edge) = next_band(tiers, volume, left > zero());
            let needed = edge.map(|edge| (edge - &*volume) / &share);
            let used = needed.filter(|needed| needed.abs() < left.abs()).unwrap_or_else(|| left.clone());
            *volume += &used * &share;
            left -= &used;
            parts.push((&p.rest * used / &rest, share));
        }
        parts
    }
}

/// The share of the next cent, and where it ends: on a border, of the upper band going up, of the lower going down.
fn next_band(tiers: &Tiers, volume: &Q, up: bool) -> (Q, Option<Q>) {
    let borders: Vec<Q> = (1..tiers.bands.len()).map(|band| border(tiers, band).expect("a band")).collect();
    let band = borders.iter().filter(|b| if up { *b <= volume } else { *b < volume }).count();
    let edge = if up { borders.get(band) } else { band.checked_sub(1).map(|below| &borders[below]) };
    (tiers.bands[band].1.clone(), edge.cloned())
}

/// A case's own percentage, or the highest rate in force on the day or one of the days before it.
fn percent(world: &World, p: &Priced, case: &Case) -> Q {
    let rate = |locked: &Locked| {
        let key = p.unit.row.text(&locked.by)?;
        let rows = world.refs.own.get(&locked.reference).expect("a reference").iter();
        let ours = rows.filter(|line| line["creator_id"] == p.creator() && line[&locked.by] == key);
        let in_force = ours.filter(|line| {
            let ended = line.get("valid_to").is_some_and(|to| parse_day(to) <= p.unit.day - locked.days);
            parse_day(&line["valid_from"]) <= p.unit.day && !ended
        });
        in_force.map(|line| parse(&line["rate"])).max()
    };
    case.locked.as_ref().and_then(rate).unwrap_or_else(|| case.percent.clone())
}

fn window(p: &Priced, tiers: &Tiers) -> Window {
    let month = month_of(p.unit.day);
    let name = match tiers.window.as_str() {
        "period" => month.to_string(),
        "year" => month.div_euclid(12).to_string(),
        "lifetime" => String::new(),
        other => panic!("no window {other:?}"),
    };
    (p.creator().to_owned(), p.program.name.clone(), name)
}

/// What counted before the book began.
fn reached_before(world: &World, p: &Priced, tiers: &Tiers) -> Q {
    let (creator, program) = (p.creator().to_owned(), p.program.name.clone());
    let key = (creator, program, tiers.window.clone(), tiers.currency.clone(), tiers.basis.clone());
    let in_window =
        tiers.window == "lifetime" || month_of(p.unit.day).div_euclid(12) == world.before.first.div_euclid(12);
    world.before.volumes.get(&key).filter(|_| in_window).map_or_else(zero, |minor| q(*minor))
}

/// What a unit counts in its tiers' currency.
fn basis(world: &World, p: &Priced, tiers: &Tiers) -> Q {
    let money = match tiers.basis.as_str() {
        "gross" => q(p.unit.sign * p.unit.amount),
        "net" => p.rest.clone(),
        other => panic!("the model has no basis {other:?}"),
    };
    world.in_currency(&money, p, &tiers.currency)
}

fn border(tiers: &Tiers, band: usize) -> Option<Q> {
    let (from, _) = tiers.bands.get(band)?;
    Some(from * ten_to(digits(&tiers.currency).expect("a currency")))
}

/// The share of the band that a total falls in.
fn band_of(tiers: &Tiers, total: &Q) -> Q {
    let reached = (1..tiers.bands.len()).rev().find(|band| border(tiers, *band).is_some_and(|from| from <= *total));
    tiers.bands[reached.unwrap_or(0)].1.clone()
}

/// What of all below `total` lies in a band; what is below 0 is in the first.
fn below(tiers: &Tiers, band: usize, total: &Q) -> Q {
    if *total < zero() {
        return if band == 0 { total.clone() } else { zero() };
    }
    let low = border(tiers, band).expect("a band").min(total.clone());
    let high = border(tiers, band + 1).map_or_else(|| total.clone(), |to| to.min(total.clone()));
    high - low
}
