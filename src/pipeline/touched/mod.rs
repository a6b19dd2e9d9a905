//! Which clauses of the policies a month's events touched: conditions by what was decided for each row, bands by what
//! changes when the band does.

mod pool;

use std::collections::BTreeMap;

use self::pool::pools_touched;
use super::evaluate::book_period;
use super::known::known;
use super::prepare::{Prepared, prepare};
use super::state::{knowledge, names_of};
use crate::book::Book;
use crate::error::Result;
use crate::facts::{Class, Match, classify, link, measure};
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
    /// Charges, of a pool usage; of a band, and of what only shows when a pot is divided, 1 where it changes anything.
    pub events: u64,
}

/// Every clause of the programs in force in a period.
///
/// # Errors
/// Whatever inputs and policies stand in the way.
pub fn touched(engine: Engine, book: &Book, period: Period) -> Result<Vec<Touched>> {
    let store = Store::open(&book.ledger)?;
    let state = State::of_ledger(&store, book.first_period)?;
    let mut input = prepare(engine, book, &store, &state, None, &|_| {})?;
    let Counted { mut conditions, pools } = count_all(&input, &state, period)?;
    let programs: Vec<usize> =
        (0..input.policies.programs.len()).filter(|at| in_force(&input.policies.programs[*at], period)).collect();
    let mut all = Vec::new();
    for at in programs {
        if let Some(clauses) = pools.get(&at) {
            let program = &input.policies.programs[at];
            all.extend(clauses.iter().map(|(clause, events)| touched_clause(program, clause.clone(), *events)));
            continue;
        }
        let clauses = clauses(&input.policies.programs[at]);
        for (clause, name) in clauses {
            let events = match clause {
                Clause::Band(band) => u64::from(decides(&mut input, &state, period, at, band)?),
                other => conditions.remove(&(at, other)).unwrap_or(0),
            };
            all.push(touched_clause(&input.policies.programs[at], name, events));
        }
    }
    Ok(all)
}

fn touched_clause(program: &Program, clause: String, events: u64) -> Touched {
    Touched { program: program.name.clone(), version: program.version.clone(), clause, events }
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

/// What was decided in a month, by the program's number.
struct Counted {
    /// How many charges each condition decided for.
    conditions: BTreeMap<(usize, Clause), u64>,
    pools: BTreeMap<usize, Vec<(String, u64)>>,
}

fn count_all(input: &Prepared, state: &State, period: Period) -> Result<Counted> {
    let end = input.book.zone.start_of(period.next().first_day());
    let knowledge = knowledge(input, state)?;
    let standing = stand(&input.rows, &knowledge, &input.decided, end)?;
    let rows: Vec<(u32, Stage)> = standing.rows.clone();
    let stood = standing.memory.at(Stage::Reversal, &knowledge);
    let known = known(input, &rows, &stood, &knowledge, period.last_day());
    let measures = measure(&known)?;
    let classes = classify(&known, &measures)?;
    let mut conditions = BTreeMap::new();
    let in_period = |row: u32| Period::of_day(input.rows.records[row as usize].day) == period;
    for (row, _) in rows.iter().filter(|(row, _)| in_period(*row) && input.rows.effect(*row) == Effect::Charge) {
        count(input, classes.get(classes.of(*row)), &mut conditions);
    }
    let linked = link(&known, &classes)?;
    let pools = pools_touched(&known, &measures, &classes, &linked, &names_of(input, state), period)?;
    Ok(Counted { conditions, pools })
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
