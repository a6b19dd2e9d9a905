//! What single events bring to earning lines: the same rules, one unit at a time, for a few creators.

use std::collections::BTreeMap;

use super::line::{Context, LineKey, rounds_events};
use super::lookup::Lookup;
use super::rates::Rates;
use super::steps::{Deducted, deduct_watched};
use super::unit::Counting;
use super::worker::{Worker, of_event};
use crate::error::Result;
use crate::facts::{Fact, Known};
use crate::intake::Names;
use crate::money::Exact;

/// A deduction from one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// What the percent is of; 0 where the log states the amount.
    pub base: Exact,
    pub minor: Exact,
    /// Does the log state it?
    pub stated: bool,
}

/// One unit of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    pub line: LineKey,
    /// The row that it is of; none of a part of a pot.
    pub row: Option<u32>,
    pub brought: Brought,
    /// How its program's unit counts it, where it names one.
    pub counting: Option<Counting>,
}

/// What a unit brought to its line, in minor units of the event currency; parties are numbers of the run's names, or names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought<Party = u32> {
    pub events: i64,
    pub gross: Exact,
    pub tax: Exact,
    pub fee: Exact,
    /// By the step's place in the program; none where it was not taken.
    pub steps: Vec<Option<Taken>>,
    /// The creator side, before anything is rounded.
    pub exact: Exact,
    /// The creator side as the line adds it up: rounded where the program rounds by event.
    pub creator: Exact,
    /// The same in the program's unit, where it names one.
    pub units: Option<Exact>,
    /// The parts of it by party.
    pub parts: Vec<(Party, Exact)>,
}

impl Brought {
    /// By how much this is more than what another evaluation said; parts that are the same are left out.
    #[must_use]
    pub fn less(&self, other: &Self, names: &Names) -> Brought<String> {
        let step = |at: usize| {
            let of = |brought: &Self| brought.steps.get(at).cloned().flatten();
            let (this, other) = (of(self), of(other));
            (this.is_some() || other.is_some()).then(|| this.unwrap_or_default().less(&other.unwrap_or_default()))
        };
        let mut parts: BTreeMap<&str, Exact> = BTreeMap::new();
        for (party, part) in &self.parts {
            *parts.entry(names.text(*party)).or_default() += part;
        }
        for (party, part) in &other.parts {
            *parts.entry(names.text(*party)).or_default() += &-part;
        }
        let parts = parts.into_iter().filter(|(_, part)| !part.is_zero());
        Brought {
            events: self.events - other.events,
            gross: &self.gross - &other.gross,
            tax: &self.tax - &other.tax,
            fee: &self.fee - &other.fee,
            steps: (0..self.steps.len().max(other.steps.len())).map(step).collect(),
            exact: &self.exact - &other.exact,
            creator: &self.creator - &other.creator,
            units: less_units(self.units.as_ref(), other.units.as_ref()),
            parts: parts.map(|(party, part)| (party.to_owned(), part)).collect(),
        }
    }
}

/// By how much one number of units is more than another; none where neither is one.
#[must_use]
pub fn less_units(this: Option<&Exact>, other: Option<&Exact>) -> Option<Exact> {
    let zero = Exact::ZERO;
    this.or(other).map(|_| this.unwrap_or(&zero) - other.unwrap_or(&zero))
}

impl Taken {
    fn less(&self, other: &Self) -> Self {
        let stated = self.stated || other.stated;
        Self { base: &self.base - &other.base, minor: &self.minor - &other.minor, stated }
    }
}

/// Traces facts, each of which is one unit, creator after creator.
///
/// # Errors
/// As `evaluate`.
pub fn trace(known: &Known<'_>, mut facts: Vec<Fact<'_>>, names: &Names, rates: &Rates<'_>) -> Result<Vec<Traced>> {
    let look = Lookup::new(known, names, rates)?;
    Worker::new(&look).traced(&mut facts)
}

impl Worker<'_> {
    /// Notes what a fact brings, whose exact creator side is given, divided by the shares at this place.
    pub(super) fn note(&mut self, fact: &Fact<'_>, context: Context, exact: &Exact, shares: usize) -> Result<()> {
        let (look, line) = (self.look, context.line.of(fact.creator));
        let program = look.program(fact.program);
        let mut steps = vec![None; program.program.deductions.len()];
        let worth = program.unit.map(|unit| self.unit_worth(unit, fact, context)).transpose()?;
        let mut deducted = Deducted::default();
        deduct_watched(look.known.rows, program.program, fact, &mut deducted, &mut |at, base, minor| {
            let (stated, base) = (base.is_none(), base.cloned().unwrap_or_default());
            steps[at] = Some(Taken { base, minor: minor.clone(), stated });
        })?;
        let shares = &self.shares[shares].1;
        let by_event = rounds_events(program.program);
        let (creator, parts) = if by_event {
            of_event(program.program, line.period, worth.as_ref(), exact, shares)?
        } else {
            (exact.clone(), shares.iter().map(|(_, part)| exact * part).collect())
        };
        let parts = shares.iter().zip(parts).map(|((party, _), part)| (*party, part)).collect();
        let counting = program.unit.zip(worth).map(|(unit, worth)| Counting {
            worth,
            whole: unit.whole(),
            rounding: program.program.rounding,
            by_event,
        });
        let brought = Brought {
            events: fact.events,
            gross: Exact::from(fact.gross),
            tax: deducted.tax,
            fee: deducted.fee,
            steps,
            exact: exact.clone(),
            units: counting.as_ref().map(|counting| counting.units(&creator)).transpose()?,
            creator,
            parts,
        };
        self.trace.get_or_insert_default().push(Traced { line, row: fact.row, brought, counting });
        Ok(())
    }
}
