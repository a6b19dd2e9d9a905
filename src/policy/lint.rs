//! Clauses that can change nothing, and steps whose rounding nobody has decided: warnings, since a file with them runs.

use std::collections::BTreeSet;

use super::dead::{self, items};
use super::model::{Pay, Policies, Program, RoundAt};
use super::read::{Dated, Drafts};
use super::source::{Faults, Table, Value};
use crate::money::Exact;

/// What only shows in the whole.
pub fn whole(drafts: &Drafts, faults: &mut Faults) {
    both_rate_all(&drafts.programs, faults);
    unasked_measures(drafts, faults);
    dead::units(drafts, faults);
}

/// What shows in one program.
pub fn program(table: &Table<'_>, program: &Program, faults: &mut Faults) {
    equal_bands(table, program, faults);
    dead_bonuses(table, program, faults);
    unrounded_steps(table, program, faults);
    dead::program(table, program, faults);
}

/// A band with the share of the band below it.
fn equal_bands(table: &Table<'_>, program: &Program, faults: &mut Faults) {
    let Pay::Tiers(tiers) = &program.pay else { return };
    let places = items(table.get("tiers").and_then(|t| t.key("bands")));
    for (pair, at) in tiers.bands.windows(2).zip(places.into_iter().skip(1)) {
        if pair[0].percent == pair[1].percent {
            let message = "this band changes nothing: the one below it has the same share";
            faults.warning(at, message, "leave it out, or give it another share");
        }
    }
}

/// Bonuses that add nothing: without points, capped at nothing, or above a share that max_share has reached already.
fn dead_bonuses(table: &Table<'_>, program: &Program, faults: &mut Faults) {
    for (bonus, at) in program.bonus.iter().zip(items(table.get("bonus"))) {
        if bonus.points.is_zero() || bonus.cap.is_some_and(|cap| cap.minor == 0) {
            let message = format!("the bonus {} never adds anything", bonus.name);
            faults.warning(at, message, "give it points and a cap above 0, or leave it out");
        }
    }
    if let (Some(max), Some(lowest), Some(at)) = (&program.max_share, lowest(&program.pay), table.get("max_share"))
        && !program.bonus.is_empty()
        && lowest >= *max
    {
        let message = "every share has reached this already, and no bonus can add to it";
        faults.warning(at.place, message, "raise max_share, or leave the bonuses out");
    }
}

/// The lowest base share; none where a column of the log decides.
fn lowest(pay: &Pay) -> Option<Exact> {
    match pay {
        Pay::Share(cases) => cases.iter().map(|c| c.percent.clone()).min(),
        Pay::Tiers(tiers) => tiers.bands.iter().map(|b| b.percent.clone()).min(),
        Pay::Column { .. } | Pay::Pool(_) | Pay::Each(_) => None,
    }
}

/// By event, a step's exact part of a cent feeds forward unless it names a mode: programmes differ in this.
fn unrounded_steps(table: &Table<'_>, program: &Program, faults: &mut Faults) {
    if program.round_at != RoundAt::Event {
        return;
    }
    let silent = |at: &Value<'_>| at.key("round").is_none();
    let steps = table.get("deductions").and_then(|v| v.items("a list", &mut Faults::default())).unwrap_or_default();
    for (step, at) in program.deductions.iter().zip(steps).filter(|(_, at)| silent(at)) {
        let message = format!("the deduction {} says no `round`: parts of a cent feed forward", step.name);
        let help = "round = \"half_even\", half_up or floor; or round = \"exact\", if parts of a cent are meant";
        faults.warning(at.place, message, help);
    }
}

/// Two programs with one `where` that rate one log on one day would both rate all of it; pools may divide by the same usage.
fn both_rate_all(programs: &[Dated<Program>], faults: &mut Faults) {
    let same = |a: &Program, b: &Program| {
        let form =
            |p: &Program| p.condition.as_ref().map(|sql| sql.text.split_whitespace().collect::<Vec<_>>().join(" "));
        let divides = [a, b].iter().any(|p| matches!(p.pay, Pay::Pool(_)));
        a.name != b.name && a.log == b.log && form(a) == form(b) && !divides
    };
    let together = |a: &Program, b: &Program| {
        a.valid_to.is_none_or(|to| b.valid_from < to) && b.valid_to.is_none_or(|to| a.valid_from < to)
    };
    for (at, b) in programs.iter().enumerate() {
        if let Some(a) = programs[..at].iter().find(|a| same(&a.item, &b.item) && together(&a.item, &b.item)) {
            let message = format!("{} and {} rate the same events of {}", a.label, b.label, b.item.log);
            let help = "exactly one program rates an event: tell them apart by `where`, or by valid_from and valid_to";
            faults.warning(b.validity.version_at, message, help);
        }
    }
}

/// A measure that no condition asks for.
fn unasked_measures(drafts: &Drafts, faults: &mut Faults) {
    let mut asked: BTreeSet<String> = drafts.programs.iter().flat_map(|p| Policies::words_asked(&p.item)).collect();
    for (enrolment, at, _) in &drafts.enrolments {
        if !asked.contains(&enrolment.name) {
            let message = format!("nobody asks for the measure {}", enrolment.name);
            faults.warning(*at, message, "name it in a condition, or leave it out");
        }
    }
    asked.extend(drafts.enrolments.iter().map(|(e, _, _)| e.of.clone()));
    for (measure, at) in drafts.measures.iter().filter(|(m, _)| !asked.contains(&m.name)) {
        let message = format!("nobody asks for the measure {}", measure.name);
        faults.warning(*at, message, "name it in a condition, or leave it out");
    }
}
