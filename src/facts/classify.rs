//! Which program rates a row, and how the program's conditions come out for it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::context::{Context, context, context_schema, creator_versions, earning_day};
use super::first::{Looks, Visit};
use super::planned::{Asking, Planned};
use super::{Known, Measures};
use crate::error::Result;
use crate::intake::{NULL, SourceFile};
use crate::log::Log;
use crate::money::Exact;
use crate::policy::{Case, Locked, Pay, Policies, Program, Sql};
use crate::query::Engine;
use crate::reference::RateList;

/// Does a program rate the row?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Match {
    /// The program with this index.
    Program(u16),
    /// The creator is unknown on the earning day.
    NoCreator,
    NoProgram,
    /// These two would both.
    Two(u16, u16),
}

/// How the conditions of the row's program come out. Rows with one outcome share one; they are ordered by what they
/// say, whatever order they were read in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class {
    pub matched: Match,
    /// The first eligibility rule that does not hold.
    pub failed: Option<u8>,
    /// The first case of a share or payment that holds; the largest number is none.
    pub share_case: u8,
    /// Bit n: bonus n is earned.
    pub bonuses: u32,
    /// Bit n: deduction n applies.
    pub steps: u32,
    /// The share's column: [`NULL`] where it is empty, 0 where the program has none.
    pub share_number: i64,
    /// The payer's country, where withholding asks for it: its number among the policies' `payer_countries`, counted
    /// from 1; else 0.
    pub payers: u16,
    /// The rate that the reference of a locked share names.
    pub locked: Option<Exact>,
}

const NOTHING: Class = no_money(0);

/// The outcome of a creator's part of a pot: no event, so that every step applies.
pub static EVERY_STEP: Class = no_money(u32::MAX);

/// The outcome of what no program rates, with these steps.
const fn no_money(steps: u32) -> Class {
    Class {
        matched: Match::NoProgram,
        failed: None,
        share_case: 0,
        bonuses: 0,
        steps,
        share_number: 0,
        payers: 0,
        locked: None,
    }
}

/// The number of a class in [`Classes`]. Numbers follow the order in which rows were read: nothing is sorted by them.
pub type ClassNumber = u32;

/// Every distinct outcome once, and for each row, by row number, which it has; rows without money have none.
#[derive(Clone, Debug)]
pub struct Classes {
    distinct: Vec<Class>,
    of_row: Vec<ClassNumber>,
    /// What order rules look at, for the rows of programs that have one.
    visits: FxHashMap<u32, Visit>,
}

impl Default for Classes {
    fn default() -> Self {
        Self { distinct: vec![NOTHING], of_row: Vec::new(), visits: FxHashMap::default() }
    }
}

impl Classes {
    /// The number of a row's class.
    #[must_use]
    pub fn of(&self, row: u32) -> ClassNumber {
        self.of_row.get(row as usize).copied().unwrap_or(0)
    }

    /// A class by number.
    #[must_use]
    pub fn get(&self, number: ClassNumber) -> &Class {
        &self.distinct[number as usize]
    }

    /// What the order rule of a row's program looks at; none where whose order it is is unknown.
    #[must_use]
    pub fn visit(&self, row: u32) -> Option<&Visit> {
        self.visits.get(&row)
    }
}

/// Outcomes and their numbers while rows are classified.
#[derive(Default)]
struct Interned {
    distinct: Vec<Class>,
    numbers: FxHashMap<Class, ClassNumber>,
    /// Numbers of classes without a locked rate.
    short: FxHashMap<Short, ClassNumber>,
    /// The one asked for last.
    last: Option<(Short, ClassNumber)>,
}

/// All that tells a program's classes without a locked rate apart, packed: program, failed rule, case, payers, bonuses and
/// steps; and the share's column.
type Short = (u128, i64);

impl Interned {
    fn number(&mut self, class: Class) -> ClassNumber {
        let distinct = &mut self.distinct;
        *self.numbers.entry(class).or_insert_with_key(|class| {
            distinct.push(class.clone());
            u32::try_from(distinct.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// The number of a class that is told by a short key.
    fn short(&mut self, key: Short, class: impl FnOnce() -> Class) -> ClassNumber {
        if let Some((_, number)) = self.last.filter(|(last, _)| *last == key) {
            return number;
        }
        let number = match self.short.get(&key) {
            Some(number) => *number,
            None => {
                let number = self.number(class());
                self.short.insert(key, number);
                number
            }
        };
        self.last = Some((key, number));
        number
    }
}

/// Evaluates the policies' conditions for every row of the money logs.
///
/// # Errors
/// A condition does not plan over the log's columns, or fails on a row (usage, with its place in the policy).
pub fn classify(known: &Known<'_>, measures: &Measures) -> Result<Classes> {
    let versions = creator_versions(known);
    let lists = rate_lists(known)?;
    let mut compiled: Vec<(Log, SchemaRef, Vec<Compiled>)> = Vec::new();
    let pays = |program: &Program| matches!(program.pay, Pay::Each(_));
    let asked = |log: Log| known.policies.program_versions_for(log.name()).any(pays);
    let rated = |log: Log| log != Log::Adjustments && (log.has_money() || asked(log));
    for file in known.rows.files.iter().filter(|f| rated(f.log)) {
        let schema = file.columns.schema();
        if !compiled.iter().any(|(log, s, _)| *log == file.log && s == schema) {
            let mut programs = compile(known.engine, known.policies, file.log, schema).map_err(|short| {
                // All columns of the log make the better message.
                compile(known.engine, known.policies, file.log, &file.schema).err().unwrap_or(short)
            })?;
            // A pool looks at its events by itself.
            programs.retain(|p| !matches!(known.policies.programs[usize::from(p.index)].pay, Pay::Pool(_)));
            compiled.push((file.log, Arc::clone(schema), programs));
        }
    }
    let parts: Vec<Result<(u32, PartClasses)>> = known
        .rows
        .files
        .par_iter()
        .filter(|f| rated(f.log))
        .map(|file| {
            let schema = file.columns.schema();
            let programs = compiled.iter().find(|(log, s, _)| *log == file.log && s == schema);
            let programs = programs.map_or(&[][..], |(_, _, p)| p);
            let wanted = programs.iter().flat_map(Compiled::columns).collect();
            let context = context(known, &versions, measures, file, &wanted)?;
            Ok((file.first, classes_of(known, &lists, file, programs, &context)?))
        })
        .collect();
    let mut interned = Interned::default();
    let mut of_row = Vec::new();
    rayon::iter::repeat_n(interned.number(NOTHING), known.rows.len()).collect_into_vec(&mut of_row);
    let mut visits = FxHashMap::default();
    let mut places = Vec::with_capacity(parts.len());
    let (mut rest, mut passed) = (of_row.as_mut_slice(), 0);
    for part in parts {
        let (first, mut part) = part?;
        visits.extend(part.visits.drain(..));
        let numbers: Vec<ClassNumber> = part.distinct.into_iter().map(|class| interned.number(class)).collect();
        let (place, behind) = rest.split_at_mut(first as usize - passed).1.split_at_mut(part.of_row.len());
        passed = first as usize + part.of_row.len();
        rest = behind;
        places.push((place, part.of_row, numbers));
    }
    places.into_par_iter().for_each(|(place, of_row, numbers)| {
        place.iter_mut().zip(of_row).for_each(|(place, number)| *place = numbers[number as usize]);
    });
    Ok(Classes { distinct: interned.distinct, of_row, visits })
}

/// The classes of one file's rows, with numbers of their own.
struct PartClasses {
    distinct: Vec<Class>,
    of_row: Vec<ClassNumber>,
    visits: Vec<(u32, Visit)>,
}

/// A program's expressions over one schema.
struct Compiled {
    index: u16,
    condition: Option<Planned>,
    eligible: Vec<Planned>,
    cases: Vec<Option<Planned>>,
    bonuses: Vec<Option<Planned>>,
    steps: Vec<Option<Planned>>,
    column: Option<Planned>,
    first: Option<Looks>,
    /// For each case of a share: what its locked rates are looked up by.
    keys: Vec<Option<Planned>>,
}

impl Compiled {
    /// The places of the columns that its expressions look at.
    fn columns(&self) -> impl Iterator<Item = usize> {
        let maybe = [&self.cases, &self.bonuses, &self.steps, &self.keys].into_iter().flatten().flatten();
        let looks = self.first.iter().flat_map(Looks::expressions);
        let all = self.condition.iter().chain(&self.eligible).chain(maybe).chain(&self.column).chain(looks);
        all.flat_map(Planned::columns)
    }
}

/// Plans every expression of a log's programs.
///
/// # Errors
/// The first expression that does not plan, with a caret under it (usage).
fn compile(engine: Engine, policies: &Policies, log: Log, canonical: &SchemaRef) -> Result<Vec<Compiled>> {
    let schema = context_schema(canonical, policies);
    let plan = |sql: &Sql| Planned::condition(engine, policies, sql, &schema);
    let maybe = |sql: &Option<Sql>| sql.as_ref().map(plan).transpose();
    let mut compiled = Vec::new();
    for (index, program) in policies.programs.iter().enumerate().filter(|(_, p)| p.log == log.name()) {
        compiled.push(Compiled {
            index: u16::try_from(index).unwrap_or(u16::MAX),
            condition: maybe(&program.condition)?,
            eligible: program.eligible.iter().map(|r| plan(&r.when)).collect::<Result<_>>()?,
            cases: match &program.pay {
                Pay::Share(cases) => cases.iter().map(|c| maybe(&c.when)).collect::<Result<_>>()?,
                Pay::Each(payments) => payments.iter().map(|p| maybe(&p.when)).collect::<Result<_>>()?,
                _ => Vec::new(),
            },
            bonuses: program.bonus.iter().map(|b| maybe(&b.when)).collect::<Result<_>>()?,
            steps: program.deductions.iter().map(|s| maybe(&s.when)).collect::<Result<_>>()?,
            column: column(engine, policies, program, &schema)?,
            keys: keys(engine, policies, program, &schema)?,
            first: program.first.as_ref().map(|f| Looks::plan(engine, policies, f, &schema)).transpose()?,
        });
    }
    Ok(compiled)
}

/// What the locked rates of each case are looked up by.
fn keys(engine: Engine, policies: &Policies, program: &Program, schema: &SchemaRef) -> Result<Vec<Option<Planned>>> {
    let Pay::Share(cases) = &program.pay else { return Ok(Vec::new()) };
    let plan = |locked: &Locked| {
        let sql = &locked.by;
        let planned = Planned::value(engine, policies, sql, schema)?;
        match planned.data_type() {
            DataType::Utf8 => Ok(planned),
            other => Err(policies.sql_error(sql, &format!("locked rates are looked up by text; this is {other}"))),
        }
    };
    cases.iter().map(|case| case.locked.as_ref().map(plan).transpose()).collect()
}

/// The locked rates that the policies ask for, by reference and key.
type RateLists = BTreeMap<(String, String), RateList>;

fn rate_lists(known: &Known<'_>) -> Result<RateLists> {
    let mut lists = BTreeMap::new();
    for program in &known.policies.programs {
        let Pay::Share(cases) = &program.pay else { continue };
        for locked in cases.iter().filter_map(|case| case.locked.as_ref()) {
            let key = (locked.rates.clone(), locked.by.text.clone());
            if let Entry::Vacant(place) = lists.entry(key) {
                place.insert(known.references.rate_list(&locked.rates, &locked.by.text)?);
            }
        }
    }
    Ok(lists)
}

/// The rate that a locked case names for every row of a batch; none where the reference has none.
fn locked_rates(
    known: &Known<'_>,
    lists: &RateLists,
    locked: &Locked,
    keys: &ArrayRef,
    first: u32,
) -> Vec<Option<Exact>> {
    let list = lists.get(&(locked.rates.clone(), locked.by.text.clone()));
    let rate = |(row, key): (u32, Option<&str>)| {
        let creator = known.rows.names.text(known.rows.records[row as usize].creator);
        list?.highest(creator, key?, earning_day(known, row), locked.cut_after_days).cloned()
    };
    keys.as_string::<i32>()
        .iter()
        .enumerate()
        .map(|(at, key)| rate((first + u32::try_from(at).unwrap_or(0), key)))
        .collect()
}

fn column(engine: Engine, policies: &Policies, program: &Program, schema: &SchemaRef) -> Result<Option<Planned>> {
    let Pay::Column { column, .. } = &program.pay else { return Ok(None) };
    Planned::whole(engine, policies, column, schema, "the share's column is a whole number").map(Some)
}

/// Plans every expression that the policies ask of a log with this canonical schema.
///
/// # Errors
/// The first that does not plan, or adds up what is no whole number (usage, with a caret under it).
pub fn check_log(engine: Engine, policies: &Policies, log: Log, canonical: &SchemaRef) -> Result<()> {
    compile(engine, policies, log, canonical)?;
    if log == Log::Engagement {
        super::check_pools(engine, policies, canonical)?;
    }
    let measures = policies.measures.iter().filter(|m| m.log == log.name());
    measures.into_iter().try_for_each(|measure| super::measure::check(engine, policies, measure, canonical))
}

/// The outcomes of one program for the rows of a batch.
struct Outcomes {
    index: u16,
    from: i32,
    to: i32,
    matches: Vec<bool>,
    eligible: Vec<Vec<bool>>,
    cases: Vec<Option<Vec<bool>>>,
    bonuses: Vec<Option<Vec<bool>>>,
    steps: Vec<Option<Vec<bool>>>,
    numbers: Option<Vec<i64>>,
    visits: Option<Vec<Option<Visit>>>,
    /// For each case of a share that is locked: the rate of every row.
    locked: Vec<Option<Vec<Option<Exact>>>>,
}

/// What a program's expressions give for the rows of a file; those that its `where` leaves out need no value in any other.
fn outcomes(
    known: &Known<'_>,
    lists: &RateLists,
    compiled: &Compiled,
    context: &Context<'_>,
    first: u32,
) -> Result<Outcomes> {
    let program = &known.policies.programs[usize::from(compiled.index)];
    let (from, to) = (program.valid_from, program.valid_to.unwrap_or(i32::MAX));
    let mut rows = Asking {
        known,
        owner: format!("program {}, version {}", program.name, program.version),
        clauses: program.clauses(),
        batch: &context.batch,
        first,
        asked: context.days.iter().map(|day| (from..to).contains(day)).collect(),
    };
    let matches = match &compiled.condition {
        None => vec![true; context.days.len()],
        Some(condition) => condition.holds(&rows)?,
    };
    rows.asked.iter_mut().zip(&matches).for_each(|(asked, matches)| *asked &= matches);
    let list = |es: &[Option<Planned>]| -> Result<Vec<Option<Vec<bool>>>> {
        es.iter().map(|e| e.as_ref().map(|e| e.holds(&rows)).transpose()).collect()
    };
    Ok(Outcomes {
        index: compiled.index,
        from,
        to,
        eligible: compiled.eligible.iter().map(|e| e.holds(&rows)).collect::<Result<_>>()?,
        cases: list(&compiled.cases)?,
        bonuses: list(&compiled.bonuses)?,
        steps: list(&compiled.steps)?,
        numbers: compiled.column.as_ref().map(|column| numbers(column, &rows)).transpose()?,
        visits: compiled.first.as_ref().map(|looks| looks.visits(&rows)).transpose()?,
        locked: locked(known, lists, compiled, &rows)?,
        matches,
    })
}

/// The share's column of every row; [`NULL`] where it is empty.
fn numbers(column: &Planned, rows: &Asking<'_>) -> Result<Vec<i64>> {
    let values = column.values(rows)?;
    let values = values.as_primitive_opt::<Int64Type>().map(|a| a.iter().map(|v| v.unwrap_or(NULL)).collect());
    Ok(values.unwrap_or_else(|| vec![0; rows.asked.len()]))
}

/// For each case of a share: the locked rate of every row, where the case has one.
fn locked(
    known: &Known<'_>,
    lists: &RateLists,
    compiled: &Compiled,
    rows: &Asking<'_>,
) -> Result<Vec<Option<Vec<Option<Exact>>>>> {
    let program = &known.policies.programs[usize::from(compiled.index)];
    let rates = |(case, keys): (&Case, &Option<Planned>)| {
        let (Some(lock), Some(keys)) = (&case.locked, keys) else { return Ok(None) };
        Ok(Some(locked_rates(known, lists, lock, &keys.values(rows)?, rows.first)))
    };
    cases_of(program).iter().zip(&compiled.keys).map(rates).collect()
}

fn cases_of(program: &Program) -> &[Case] {
    if let Pay::Share(cases) = &program.pay { cases } else { &[] }
}

impl Outcomes {
    /// The first eligibility rule that does not hold, the first case that does, and the bits of bonuses and steps.
    fn said(&self, row: usize) -> (Option<u8>, u8, u32, u32) {
        let holds = |e: &Option<Vec<bool>>| e.as_ref().is_none_or(|e| e[row]);
        let bits =
            |es: &[Option<Vec<bool>>]| es.iter().enumerate().fold(0, |bits, (n, e)| bits | (u32::from(holds(e)) << n));
        let narrow = |at: usize| u8::try_from(at).unwrap_or(u8::MAX);
        let failed = self.eligible.iter().position(|e| !e[row]).map(narrow);
        let case = self.cases.iter().position(holds).map_or(u8::MAX, narrow);
        (failed, case, bits(&self.bonuses), bits(&self.steps))
    }

    fn number(&self, row: usize, payers: u16, interned: &mut Interned) -> ClassNumber {
        let (failed, share_case, bonuses, steps) = self.said(row);
        let locked = self.locked.get(usize::from(share_case)).and_then(|rates| rates.as_ref()?.get(row)?.clone());
        let share_number = self.numbers.as_ref().map_or(0, |n| n[row]);
        let is_locked = locked.is_some();
        let matched = Match::Program(self.index);
        let class = || Class { matched, failed, share_case, bonuses, steps, share_number, payers, locked };
        if is_locked {
            return interned.number(class());
        }
        let rule = failed.map_or(0, |rule| u128::from(rule) + 1);
        let what = u128::from(self.index) << 48 | rule << 32 | u128::from(share_case) << 16 | u128::from(payers);
        interned.short((what << 64 | u128::from(bonuses) << 32 | u128::from(steps), share_number), class)
    }
}

fn classes_of(
    known: &Known<'_>,
    lists: &RateLists,
    file: &SourceFile,
    compiled: &[Compiled],
    context: &Context<'_>,
) -> Result<PartClasses> {
    let batch = &context.batch;
    let outcome = |compiled: &Compiled| outcomes(known, lists, compiled, context, file.first);
    let outcomes = compiled.iter().map(outcome).collect::<Result<Vec<_>>>()?;
    let countries = known.policies.payer_countries();
    let (mut interned, mut of_row, mut visits) =
        (Interned::default(), Vec::with_capacity(batch.num_rows()), Vec::new());
    let nothing = interned.number(NOTHING);
    for at in 0..batch.num_rows() {
        let row = file.first + u32::try_from(at).unwrap_or(0);
        let day = context.days[at];
        let mut fitting = outcomes.iter().filter(|o| o.from <= day && day < o.to && o.matches[at]);
        if context.creators[at].is_none() {
            // A view that no program asks for needs no creator.
            let asked = file.log.has_money() || fitting.next().is_some();
            let matched = if asked { Match::NoCreator } else { Match::NoProgram };
            of_row.push(interned.number(Class { matched, ..NOTHING }));
            continue;
        }
        of_row.push(match (fitting.next(), fitting.next()) {
            (None, _) => nothing,
            (Some(one), None) => {
                let visit = one.visits.as_ref().and_then(|v| v[at]);
                visits.extend(visit.map(|visit| (row, visit)));
                one.number(at, payers(known, &countries, row), &mut interned)
            }
            (Some(one), Some(two)) => interned.number(Class { matched: Match::Two(one.index, two.index), ..NOTHING }),
        });
    }
    Ok(PartClasses { distinct: interned.distinct, of_row, visits })
}

/// The number of a row's payer country among those that withholding asks for.
fn payers(known: &Known<'_>, countries: &[&str], row: u32) -> u16 {
    if countries.is_empty() {
        return 0;
    }
    let found = known.rows.text(row, "payer_country").and_then(|country| countries.binary_search(&country).ok());
    found.map_or(0, |at| u16::try_from(at + 1).unwrap_or(0))
}
