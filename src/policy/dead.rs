//! Clauses that say nothing: cases like the default after them, caps that are never reached, steps that take nothing.

use super::model::{Case, Fills, Pay, Program, Terms};
use super::pay::{highest, percent_text};
use super::pins::sql;
use super::pool::{CarveOut, Pool};
use super::program::rest;
use super::read::Drafts;
use super::source::{Faults, Place, Table, Value};
use crate::money::Exact;

/// What shows in one program.
pub fn program(table: &Table<'_>, program: &Program, faults: &mut Faults) {
    match &program.pay {
        Pay::Share(cases) => like_the_last(cases, table.get("share"), faults),
        Pay::Pool(pool) => in_pool(pool, table, faults),
        Pay::Column { .. } | Pay::Tiers(_) | Pay::Each(_) => {}
    }
    idle_max_share(table, program, faults);
    idle_steps(table, program, faults);
    repeated_rules(program, faults);
}

/// Where the items of a list stand.
pub fn items(value: Option<Value<'_>>) -> Vec<Place> {
    let items = value.and_then(|v| v.items("a list", &mut Faults::default()));
    items.unwrap_or_default().into_iter().map(|v| v.place).collect()
}

/// How many items before the last one are like it.
fn tail<T>(all: &[T], alike: impl Fn(&T, &T) -> bool) -> usize {
    let Some((last, before)) = all.split_last() else { return 0 };
    before.iter().rev().take_while(|item| alike(item, last)).count()
}

fn warn_tail(places: &[Place], count: usize, faults: &mut Faults) {
    let before = places.len().saturating_sub(1);
    for at in &places[before.saturating_sub(count)..before] {
        let message = "this case changes nothing: what comes after it says the same";
        faults.warning(*at, message, "leave it out, or give it another percent");
    }
}

fn like_the_last(cases: &[Case], share: Option<Value<'_>>, faults: &mut Faults) {
    let alike = |a: &Case, b: &Case| a.locked.is_none() && b.locked.is_none() && a.percent == b.percent;
    if share.is_some_and(|v| v.inner.is_array()) {
        warn_tail(&items(share), tail(cases, alike), faults);
    }
}

fn in_pool(pool: &Pool, table: &Table<'_>, faults: &mut Faults) {
    let key = |name: &str| table.get("pool").and_then(|v| v.key(name));
    for (multiplier, at) in pool.multipliers.iter().zip(items(key("multipliers"))) {
        if multiplier.times == Exact::ONE {
            faults.warning(at, "this multiplier changes nothing: it is 1", "give it another number, or leave it out");
        }
    }
    if let Some(at) = key("weight").filter(|_| pool.weight.text.trim() == "0") {
        faults.warning(
            at.place,
            "nothing weighs anything: nobody has a part of the pot",
            "weight = \"1\", or a column",
        );
    }
    if let (Some(carved), Some(at)) = (&pool.carve_out, key("carve_out")) {
        in_carve_out(carved, at, faults);
    }
}

fn in_carve_out(carved: &CarveOut, at: Value<'_>, faults: &mut Faults) {
    let equal = tail(&carved.stays, |a, b| a.part == b.part);
    warn_tail(&items(at.key("stays")), equal, faults);
    if carved.stays.iter().all(|case| case.part == Exact::ONE) {
        faults.warning(
            at.place,
            "this takes nothing out of the pot: all of it stays",
            "let a part go, or leave it out",
        );
    }
}

/// A cap that shares and bonuses together never reach.
fn idle_max_share(table: &Table<'_>, program: &Program, faults: &mut Faults) {
    let locked = matches!(&program.pay, Pay::Share(cases) if cases.iter().any(|c| c.locked.is_some()));
    let (Some(max), Some(share), Some(at)) = (&program.max_share, highest(&program.pay), table.get("max_share")) else {
        return;
    };
    let points: Exact = program.bonus.iter().map(|b| &b.points).sum();
    let reach = &share + &points;
    if !locked && reach <= *max {
        let message = format!("this caps nothing: share and bonuses together reach {} at most", percent_text(&reach));
        faults.warning(at.place, message, "lower max_share, or leave it out");
    }
}

/// Deductions that take nothing.
fn idle_steps(table: &Table<'_>, program: &Program, faults: &mut Faults) {
    let mut always = Vec::new();
    for (step, at) in program.deductions.iter().zip(items(table.get("deductions"))) {
        let left = rest(always.iter().copied());
        // A step that fills a column says that the log is to state it.
        if step.percent.is_zero() && step.fixed.is_empty() && step.fills == Fills::Deductions {
            let message = format!("the deduction {} takes nothing", step.name);
            faults.warning(at, message, "give it a percent above 0 or fixed money, or leave it out");
        } else if left.is_zero() {
            let message = format!("the deduction {} takes nothing: those before it take all", step.name);
            faults.warning(at, message, "lower those before it, or leave this one out");
        }
        if step.when.is_none() {
            always.push(step);
        }
    }
}

/// A rule with the condition of a rule before it refuses nobody.
fn repeated_rules(program: &Program, faults: &mut Faults) {
    for (n, rule) in program.eligible.iter().enumerate() {
        let same = |other: &&super::model::Rule| sql(Some(&other.when)) == sql(Some(&rule.when));
        if let Some(first) = program.eligible[..n].iter().find(same) {
            let message = format!("the rule {} refuses nobody: {} says the same before it", rule.rule, first.rule);
            faults.warning(rule.when.place, message, "change its condition, or leave the rule out");
        }
    }
}

/// What becomes of less than a minimum, where there is none.
pub fn terms(table: &Table<'_>, terms: &Terms, faults: &mut Faults) {
    if terms.minimum_payout.values().any(|minor| *minor > 0) {
        return;
    }
    for key in ["below_minimum", "expires_months"] {
        if let Some(at) = table.get(key) {
            let message = format!("`{key}` says nothing: there is no minimum that a payout could be below");
            faults.warning(at.place, message, "add minimum_payout = { EUR = \"25.00\" }, or leave it out");
        }
    }
}

/// Units that no program earns.
pub fn units(drafts: &Drafts, faults: &mut Faults) {
    let earned = |name: &str| drafts.programs.iter().any(|p| p.item.unit.as_ref().is_some_and(|u| u.text == name));
    for (unit, at) in drafts.units.iter().filter(|(unit, _)| !earned(&unit.name)) {
        let message = format!("no program earns the unit {}", unit.name);
        faults.warning(*at, message, format!("add unit = \"{}\" to a program, or leave it out", unit.name));
    }
}
