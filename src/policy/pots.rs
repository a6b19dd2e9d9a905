//! Pots of what payers paid: the program that rates the charges, and what it and its pools take together.

use super::model::{Pay, Program, covers};
use super::pay::{highest, percent_text};
use super::pool::Pot;
use super::program::rest;
use super::read::Drafts;
use super::source::{Faults, Place};
use crate::money::Exact;

/// A pool that is drawn from a program.
struct Drawn<'a> {
    pool: &'a Program,
    of: &'a str,
    percent: &'a Exact,
    at: Place,
}

/// Every pot names another program, which rates charges and has enough for it.
pub fn check(drafts: &Drafts, faults: &mut Faults) {
    let programs: Vec<&Program> = drafts.programs.iter().map(|d| &d.item).collect();
    let drawn: Vec<Drawn<'_>> = programs.iter().filter_map(|p| drawn(p)).collect();
    for (n, pool) in drawn.iter().enumerate() {
        let mut named = programs.iter().filter(|p| p.name == pool.of).peekable();
        if named.peek().is_none() {
            let message = format!("there is no program {}", pool.of);
            faults.error(pool.at, message, "name the program that rates the charges");
        } else if named.any(|p| matches!(p.pay, Pay::Pool(_))) {
            let message = format!("{} is a pool itself: payers pay it nothing", pool.of);
            faults.error(pool.at, message, "name the program that rates the charges");
        } else {
            refuse_beyond_whole(pool, &drawn[..n], &programs, faults);
        }
    }
}

fn drawn(pool: &Program) -> Option<Drawn<'_>> {
    let Pay::Pool(pay) = &pool.pay else { return None };
    let Pot::Paid { program, at, percent } = &pay.pot else { return None };
    Some(Drawn { pool, of: program, percent, at: *at })
}

/// What a pool takes beside the pools before it, and beside the program's own share. Pools that take all, each of them,
/// compare rules over the same money.
fn refuse_beyond_whole(pool: &Drawn<'_>, before: &[Drawn<'_>], programs: &[&Program], faults: &mut Faults) {
    let together = |p: &Program| together(pool.pool, p);
    let others = before.iter().filter(|b| b.of == pool.of && b.pool.name != pool.pool.name && together(b.pool));
    let percents: Vec<&Exact> = others.map(|b| b.percent).chain([pool.percent]).collect();
    let compares = percents.iter().all(|percent| **percent == Exact::ONE);
    let pots = if compares { Exact::ONE } else { percents.into_iter().sum() };
    if pots > Exact::ONE {
        let message = format!("the pools of {} take {} of what payers paid", pool.of, percent_text(&pots));
        faults.error(pool.at, message, "lower their percents: together they are 100 % at most");
        return;
    }
    let own = programs.iter().filter(|p| p.name == pool.of && together(p)).filter_map(|p| own_part(p)).max();
    if let Some(own) = own.map(|own| &own + &pots).filter(|sum| *sum > Exact::ONE) {
        let message = format!("{} and its pools give away {} of what payers paid", pool.of, percent_text(&own));
        faults.warning(pool.at, message, "the platform bears what is beyond 100 %: lower the share, or the pool");
    }
}

/// Are both in force on some day?
fn together(a: &Program, b: &Program) -> bool {
    covers(a.valid_from, a.valid_to, b.valid_from) || covers(b.valid_from, b.valid_to, a.valid_from)
}

/// The most that a program gives to creators of what payers paid, after the deductions that are always taken.
fn own_part(program: &Program) -> Option<Exact> {
    let points: Exact = program.bonus.iter().map(|b| &b.points).sum();
    let share = &highest(&program.pay)? + &points;
    let share = program.max_share.as_ref().map_or(share.clone(), |max| share.min(max.clone()));
    let left = rest(program.deductions.iter().filter(|step| step.when.is_none()));
    Some(&share * &left)
}
