//! Which clauses of the policies a month's events touched: conditions by what was decided for each row, bands by what
//! changes when the band does.

use std::collections::BTreeMap;

use super::evaluate::{book_period, since};
use super::prepare::{Prepared, prepare};
use super::state::knowledge;
use crate::book::Book;
use crate::error::Result;
use crate::facts::{Class, Known, Match, classify, measure};
use crate::intake::{Stage, stand};
use crate::ledger::{Earning, State, Store};
use crate::log::Effect;
use crate::money::Exact;
use crate::period::Period;
use crate::policy::{Pay, Program, covers};
use crate::query::Engine;

/// A clause, and how many of the month's charges it decided something for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    pub program: String,
    pub version: String,
    pub clause: String,
    /// Charges; of a band 1 where it changes anything.
    pub events: u64,
}

/// Every clause of the programs in force in a period that rate charges; pools are not looked at.
///
/// # Errors
/// Whatever inputs and policies stand in the way.
pub fn touched(engine: Engine, book: &Book, period: Period) -> Result<Vec<Touched>> {
    let store = Store::open(&book.ledger)?;
    let state = State::of_ledger(&store, book.first_period)?;
    let mut input = prepare(engine, book, &store, &state, None, &|_| {})?;
    let mut counts = conditions(&input, &state, period)?;
    let programs: Vec<usize> =
        (0..input.policies.programs.len()).filter(|at| in_force(&input.policies.programs[*at], period)).collect();
    let mut all = Vec::new();
    for at in programs {
        let clauses = clauses(&input.policies.programs[at]);
        for (clause, name) in clauses {
            let events = match clause {
                Clause::Band(band) => u64::from(decides(&mut input, &state, period, at, band)?),
                other => counts.remove(&(at, other)).unwrap_or(0),
            };
            let program = &input.policies.programs[at];
            all.push(Touched { program: program.name.clone(), version: program.version.clone(), clause: name, events });
        }
    }
    Ok(all)
}

fn in_force(program: &Program, period: Period) -> bool {
    (period.first_day()..=period.last_day()).any(|day| covers(program.valid_from, program.valid_to, day))
}

/// A clause of a program, by its place in the program's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Clause {
    Program,
    Rule(usize),
    Step(usize),
    Case(usize),
    Bonus(usize),
    Band(usize),
}

fn clauses(program: &Program) -> Vec<(Clause, String)> {
    let mut all = vec![(Clause::Program, "the program".to_owned())];
    let rules = program.eligible.iter().enumerate();
    all.extend(rules.map(|(n, r)| (Clause::Rule(n), format!("rule {} (refuses)", r.rule))));
    all.extend(program.deductions.iter().enumerate().map(|(n, s)| (Clause::Step(n), format!("deduction {}", s.name))));
    match &program.pay {
        Pay::Share(cases) if cases.len() > 1 => {
            all.extend((0..cases.len()).map(|n| (Clause::Case(n), format!("case {} of the share", n + 1))));
        }
        Pay::Tiers(tiers) => {
            all.extend((0..tiers.bands.len()).map(|n| (Clause::Band(n), format!("band {}", n + 1))));
        }
        _ => {}
    }
    all.extend(program.bonus.iter().enumerate().map(|(n, b)| (Clause::Bonus(n), format!("bonus {}", b.name))));
    all
}

/// How many charges of the period each condition decided for; by the program's number.
fn conditions(input: &Prepared, state: &State, period: Period) -> Result<BTreeMap<(usize, Clause), u64>> {
    let end = input.book.zone.start_of(period.next().first_day());
    let standing = stand(&input.rows, &knowledge(input, state)?, &input.decided, end)?;
    let rows: Vec<(u32, Stage)> = standing.rows.clone();
    let since = since(input, state);
    let known = Known {
        engine: input.engine,
        book: &input.book,
        rows: &input.rows,
        standing: &rows,
        stood: &[],
        policies: &input.policies,
        references: &input.references,
        since: &since,
        closed: state.period(),
        last_day: period.last_day(),
        paid: &input.paid,
        volumes: &input.cutover.volumes,
    };
    let classes = classify(&known, &measure(&known)?)?;
    let mut counts = BTreeMap::new();
    let in_period = |row: u32| Period::of_day(input.rows.day[row as usize]) == period;
    for (row, _) in rows.iter().filter(|(row, _)| in_period(*row) && input.rows.effect(*row) == Effect::Charge) {
        count(input, classes.get(classes.of(*row)), &mut counts);
    }
    Ok(counts)
}

fn count(input: &Prepared, class: &Class, counts: &mut BTreeMap<(usize, Clause), u64>) {
    let Match::Program(program) = class.matched else { return };
    let at = usize::from(program);
    let mut touch = |clause| *counts.entry((at, clause)).or_default() += 1;
    touch(Clause::Program);
    if let Some(rule) = class.failed {
        return touch(Clause::Rule(rule.into()));
    }
    touch(Clause::Case(class.share_case.into()));
    let bits = |bits: u32| (0..32_usize).filter(move |n| bits >> n & 1 == 1);
    let program = &input.policies.programs[at];
    bits(class.steps).filter(|n| *n < program.deductions.len()).for_each(|n| touch(Clause::Step(n)));
    bits(class.bonuses).filter(|n| *n < program.bonus.len()).for_each(|n| touch(Clause::Bonus(n)));
}

/// Does the month come out otherwise when the band has another share? A band that nobody is in changes nothing.
fn decides(input: &mut Prepared, state: &State, period: Period, program: usize, band: usize) -> Result<bool> {
    let before = lines(input, state, period)?;
    let Pay::Tiers(tiers) = &mut input.policies.programs[program].pay else { return Ok(false) };
    let share = tiers.bands[band].percent.clone();
    tiers.bands[band].percent = if share.is_zero() { Exact::ONE } else { Exact::ZERO };
    let after = lines(input, state, period);
    if let Pay::Tiers(tiers) = &mut input.policies.programs[program].pay {
        tiers.bands[band].percent = share;
    }
    Ok(before != after?)
}

fn lines(input: &Prepared, state: &State, period: Period) -> Result<Vec<Earning>> {
    let end = input.book.zone.start_of(period.next().first_day());
    let booked = book_period(input, state, period, end, period.last_day())?;
    Ok(booked.tables.earnings.iter().map(|e| e.to_row()).filter(|e| e.earning_period == period).collect())
}
