//! From the lines that a period books down to the events: what each brought, by the rules that booked it.
//!
//! The period's evaluations are made again, for a few creators and event by event; what a cause books of an event is what
//! the evaluation after it says, less what the one before it said.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::evaluate::{Given, Ground, Run};
use super::pins::pinned_rates;
use super::prepare::Prepared;
use crate::earn::{Brought, LineKey, RateKey, Rates, Traced, UsedRate, less_units, trace, units_of_line};
use crate::error::Result;
use crate::facts::{Classes, Linked, Measures, Pieces, counted, link, pools};
use crate::intake::Stage;
use crate::ledger::State;
use crate::log::Effect;
use crate::money::{Currency, Exact};
use crate::period::Period;

/// The key of a row of `earnings`: creator, program, version, currency, earning period, FX date, cause.
pub type LineOf = (String, String, String, String, Period, i32, String);

/// Adjustments by party and currency: event, day, signed amount.
pub type Adjusted = BTreeMap<(String, Currency), Vec<(String, i32, i64)>>;

/// Usage by creator, program and month: row and weight.
type Usage = BTreeMap<(u32, u32, Period), Vec<(u32, i64)>>;

/// An event behind a line.
#[derive(Clone, Debug)]
pub struct EventBehind {
    pub log: &'static str,
    pub event_id: String,
    pub kind: String,
    /// The earning day.
    pub day: i32,
    /// What it brought; of a correction, by how much that changed.
    pub brought: Brought<String>,
    /// The events that took from it.
    pub taken_back_by: Vec<String>,
    /// Of usage: what it weighs in its pool.
    pub weight: Option<i64>,
}

/// What stands behind lines.
#[derive(Clone, Debug, Default)]
pub struct Behind {
    /// The events of each line; of a part of a pot one entry without an event and then the usage.
    pub lines: BTreeMap<LineOf, Vec<EventBehind>>,
    /// What lines are in their program's unit, where it names one.
    pub units: BTreeMap<LineOf, Exact>,
    /// Rated adjustments that this period learned of, by party and currency: event, day, signed amount.
    pub adjustments: Adjusted,
}

/// What stands behind the lines of these creators in a period; events before `end` (nanoseconds) count.
///
/// # Errors
/// As of a run.
pub fn behind(
    input: &Prepared,
    state: &State,
    period: Period,
    end: i64,
    last_day: i32,
    creators: &BTreeSet<String>,
) -> Result<Behind> {
    let ground = Ground::of(input, state, period, end, last_day)?;
    let run = ground.run();
    let creators = creators.iter().filter_map(|creator| run.names.find(creator)).collect();
    let tracer = Tracer { run: &run, creators, pinned: pinned_rates(run.state)? };
    let mut behind = Behind { adjustments: tracer.adjustments(), ..Behind::default() };
    let mut before = Looked::default();
    for (cause, given) in run.given() {
        let after = tracer.look(&given)?;
        // What the last close knew is what was booked: no event is behind it.
        if cause != KNOWN {
            tracer.put(&mut behind, cause, &before, &after, |own| own < period);
        }
        before = after;
    }
    tracer.put(&mut behind, super::difference::CURRENT, &Looked::default(), &before, |own| own == period);
    Ok(behind)
}

/// The cause whose evaluation knows what the last close knew.
const KNOWN: &str = "program_version";

/// One evaluation of the creators.
#[derive(Default)]
struct Looked {
    traced: Vec<Traced>,
    /// What each line earns in its program's unit.
    units: BTreeMap<LineKey, Exact>,
    /// Of every charge, what took from it.
    taken_back: FxHashMap<u32, Vec<u32>>,
    /// Of each creator, program and month, the usage that counts: row and weight.
    usage: Usage,
}

/// What each line earns in its program's unit, where that names one.
fn units(traced: &[Traced]) -> Result<BTreeMap<LineKey, Exact>> {
    let mut lines: BTreeMap<LineKey, Vec<_>> = BTreeMap::new();
    for one in traced {
        if let Some(counting) = &one.counting {
            lines.entry(one.line).or_default().push((counting, &one.brought.creator));
        }
    }
    lines.into_iter().map(|(line, brought)| Ok((line, units_of_line(brought.into_iter())?))).collect()
}

struct Tracer<'a> {
    run: &'a Run<'a>,
    creators: FxHashSet<u32>,
    pinned: BTreeMap<RateKey, UsedRate>,
}

impl Tracer<'_> {
    fn look(&self, given: &Given<'_>) -> Result<Looked> {
        let run = self.run;
        let (rows, stood) = run.rows_until(given.until);
        let known = run.known(given, &rows, &stood);
        let mut kept = None;
        let kept = run.conditions(&known, given, &mut kept)?;
        let (measures, classes): (&Measures, &Classes) = (&kept.measures, &kept.classes);
        let mut linked = link(&known, classes)?;
        let rates = Rates::new(&given.references.fx, &self.pinned, run.state.period(), given.reads_for_closed);
        let pooled = super::pools::divide(&known, measures, classes, &mut linked, run.names)?;
        let usage = self.usage(&known, measures, &linked)?;
        let taken_back = self.taken_back(&linked);
        let facts = Pieces::of(&known, classes, &linked, pooled.facts).apart(&self.creators)?;
        let traced = trace(&known, facts, run.names, &rates)?;
        Ok(Looked { units: units(&traced)?, traced, taken_back, usage })
    }

    fn taken_back(&self, linked: &Linked) -> FxHashMap<u32, Vec<u32>> {
        let unrated: FxHashSet<u32> = linked.fates.iter().map(|(row, _)| *row).collect();
        let mut taken_back: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (row, charge) in linked.charge_of.iter().filter(|(row, _)| !unrated.contains(row)) {
            taken_back.entry(*charge).or_default().push(*row);
        }
        let rows = &self.run.input.rows;
        taken_back.values_mut().for_each(|by| by.sort_by(|a, b| rows.in_order(*a, *b)));
        taken_back
    }

    fn usage(&self, known: &crate::facts::Known<'_>, measures: &Measures, linked: &Linked) -> Result<Usage> {
        let rows = &self.run.input.rows;
        let mut usage = Usage::new();
        for (name, versions) in pools(known.policies) {
            let Some(program) = self.run.names.find(name) else { continue };
            for one in counted(known, measures, &versions, &linked.quarantined(), &self.creators)? {
                let key = (rows.records[one.row as usize].creator, program, one.month);
                usage.entry(key).or_default().push((one.row, one.usage));
            }
        }
        usage.values_mut().for_each(|of| of.sort_by(|a, b| rows.in_order(a.0, b.0)));
        Ok(usage)
    }

    /// Rated adjustments that the last close had not rated.
    fn adjustments(&self) -> Adjusted {
        let rows = &self.run.input.rows;
        let parties = &self.run.input.references.parties;
        let mut all = Adjusted::new();
        let adjusts = |row: u32| matches!(rows.effect(row), Effect::Credit | Effect::Debit);
        for (row, stage) in self.run.standing.rows.iter().filter(|(row, _)| adjusts(*row)) {
            let (at, party) = (*row as usize, rows.names.text(rows.party(*row)));
            let Some(currency) = rows.records[at].currency else { continue };
            if *stage == Stage::Known || parties.on(party, rows.records[at].day).is_none() {
                continue;
            }
            let id = rows.text(*row, "event_id").unwrap_or_default().to_owned();
            all.entry((party.to_owned(), currency)).or_default().push((id, rows.records[at].day, rows.signed(*row)));
        }
        all.values_mut().for_each(|of| of.sort());
        all
    }

    /// Adds what a cause books of each event.
    fn put(&self, behind: &mut Behind, cause: &str, before: &Looked, after: &Looked, counts: impl Fn(Period) -> bool) {
        let mut pairs: BTreeMap<(LineKey, Option<u32>), [Option<&Traced>; 2]> = BTreeMap::new();
        for (side, looked) in [before, after].into_iter().enumerate() {
            for one in looked.traced.iter().filter(|one| counts(one.line.period)) {
                pairs.entry((one.line, one.row)).or_default()[side] = Some(one);
            }
        }
        let lines: BTreeSet<&LineKey> = before.units.keys().chain(after.units.keys()).collect();
        for line in lines.into_iter().filter(|line| counts(line.period)) {
            let units = less_units(after.units.get(line), before.units.get(line));
            behind.units.extend(units.map(|units| (self.key(line, cause), units)));
        }
        for ((line, row), [then, now]) in pairs {
            let nothing = Brought::default();
            let (then, now) = (then.map_or(&nothing, |t| &t.brought), now.map_or(&nothing, |t| &t.brought));
            if then == now {
                continue;
            }
            let mut event = self.event(row, line.period, after);
            event.brought = now.less(then, self.run.names);
            let events = behind.lines.entry(self.key(&line, cause)).or_default();
            events.push(event);
            if row.is_none() {
                let usage = |looked: &Looked| {
                    looked.usage.get(&(line.creator, line.program, line.period)).cloned().unwrap_or_default()
                };
                let (was, is) = (usage(before), usage(after));
                let changed =
                    is.iter().filter(|one| !was.contains(one)).chain(was.iter().filter(|one| !is.contains(one)));
                events.extend(changed.map(|(row, weight)| self.used(*row, *weight)));
            }
        }
    }

    fn key(&self, line: &LineKey, cause: &str) -> LineOf {
        let text = |number: u32| self.run.names.text(number).to_owned();
        let currency = line.currency.code().to_owned();
        (
            text(line.creator),
            text(line.program),
            text(line.version),
            currency,
            line.period,
            line.fx_date,
            cause.to_owned(),
        )
    }

    fn id(&self, row: u32) -> String {
        self.run.input.rows.text(row, "event_id").unwrap_or_default().to_owned()
    }

    /// An event without amounts.
    fn event(&self, row: Option<u32>, period: Period, looked: &Looked) -> EventBehind {
        let rows = &self.run.input.rows;
        let taken_back = row.and_then(|row| looked.taken_back.get(&row)).cloned().unwrap_or_default();
        EventBehind {
            log: row.map_or("engagement", |row| rows.records[row as usize].log.name()),
            event_id: row.map(|row| self.id(row)).unwrap_or_default(),
            kind: row.and_then(|row| rows.kind_name(row)).unwrap_or("part of a pot").to_owned(),
            day: row.map_or(period.last_day(), |row| rows.records[row as usize].day),
            brought: Brought::default(),
            taken_back_by: taken_back.into_iter().map(|row| self.id(row)).collect(),
            weight: None,
        }
    }

    fn used(&self, row: u32, weight: i64) -> EventBehind {
        let month = Period::of_day(self.run.input.rows.records[row as usize].day);
        let mut event = self.event(Some(row), month, &Looked::default());
        event.weight = Some(weight);
        event
    }
}
