//! Measures: sums and counts over a window, gathered once per creator and day.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::Known;
use super::distinct::{Different, Seen};
use super::months::Months;
use super::planned::{Asking, Planned};
use crate::error::{Error, Result};
use crate::intake::{NONE, SourceFile, Stood, batch_of, canonical_schema};
use crate::log::Log;
use crate::period::Period;
use crate::policy::{Added, Enrolment, Late, Measure, MeasureEnd, Policies, Span};
use crate::query::{Engine, int64s, texts};

const SUMS: &str = include_str!("../../queries/facts/measure.sql");
const THINGS: &str = include_str!("../../queries/facts/measure_distinct.sql");

/// What closes counted on one day of one creator: the day, the first close that did, the first after it that did not (the
/// largest number where it counts now), the sum.
type Day = (i32, i32, i32, i64);

/// The values of a policy's measures.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    list: Vec<(Measure, Kept)>,
    /// The months in which each creator is enrolled.
    enrolled: Vec<FxHashMap<u32, Months>>,
}

/// The days of every creator, ascending.
type Days = FxHashMap<u32, Vec<Day>>;

/// What is kept of a measure's rows.
#[derive(Clone, Debug)]
enum Kept {
    Sums(Days),
    Different(FxHashMap<u32, Different>),
}

/// Adds up every measure of the policies over the rows that are known.
///
/// # Errors
/// A sum beyond Int64 (gate); a query that fails.
pub fn measure(known: &Known<'_>) -> Result<Measures> {
    let mut list = Vec::new();
    for measure in &known.policies.measures {
        list.push((measure.clone(), kept(known, measure)?));
    }
    let enrolled = known.policies.enrolments.iter().map(|e| enrolled(known, &list, e)).collect::<Result<_>>()?;
    Ok(Measures { list, enrolled })
}

impl Measures {
    /// The value of the measure with this index, in the order of [`crate::policy::Policies::asked`], for a creator and an
    /// earning day.
    ///
    /// # Errors
    /// The sum is beyond Int64 (gate).
    pub fn value(&self, measure: usize, creator: u32, day: i32, closed: Option<Period>) -> Result<i64> {
        let period = Period::of_day(day);
        if let Some(enrolled) = measure.checked_sub(self.list.len()).and_then(|at| self.enrolled.get(at)) {
            return Ok(i64::from(enrolled.get(&creator).is_some_and(|months| months.has(period))));
        }
        let (measure, kept) = &self.list[measure];
        match kept {
            Kept::Sums(creators) => {
                let Some(days) = creators.get(&creator) else { return Ok(0) };
                sum(measure, days, window(measure, day), period, closed)
            }
            Kept::Different(creators) => {
                let Some(different) = creators.get(&creator) else { return Ok(0) };
                let (first, _) = window(measure, day);
                Ok(different.count(place(measure, first), frozen(measure, period, closed).then_some(period)))
            }
        }
    }
}

/// The first day of a measure's window for an earning day, and the first day after it.
fn window(measure: &Measure, day: i32) -> (i32, i32) {
    let period = Period::of_day(day);
    match (measure.span, measure.end) {
        (Span::Days(days), MeasureEnd::EventDay) => (day - days, day),
        (Span::Days(days), MeasureEnd::PeriodEnd) => (period.last_day() + 1 - days, period.last_day() + 1),
        (Span::Months(months), MeasureEnd::EventDay) => (period.plus(-months).first_day(), period.first_day()),
        (Span::Months(months), MeasureEnd::PeriodEnd) => {
            (period.plus(1 - months).first_day(), period.next().first_day())
        }
    }
}

/// Adds up the days of a window; a frozen measure of a closed period as its close saw it.
fn sum(
    measure: &Measure,
    days: &[Day],
    (first, after): (i32, i32),
    period: Period,
    closed: Option<Period>,
) -> Result<i64> {
    let from = days.partition_point(|d| d.0 < first);
    let to = days.partition_point(|d| d.0 < after);
    let close = frozen(measure, period, closed).then_some(period.ordinal());
    let counts = |(_, since, gone, _): &&Day| close.map_or(*gone == i32::MAX, |at| (*since..*gone).contains(&at));
    let sum: i128 = days[from..to].iter().filter(counts).map(|d| i128::from(d.3)).sum();
    i64::try_from(sum)
        .map_err(|_| Error::gate("a measure does not fit Int64").at(measure.name.clone()).found(sum.to_string()))
}

/// Does the measure stand as the period's close saw it?
fn frozen(measure: &Measure, period: Period, closed: Option<Period>) -> bool {
    measure.late == Late::Frozen && closed.is_some_and(|closed| period <= closed)
}

/// A day as windows of the measure are counted: the day itself, or its month.
fn place(measure: &Measure, day: i32) -> i32 {
    match measure.span {
        Span::Days(_) => day,
        Span::Months(_) => Period::of_day(day).ordinal(),
    }
}

/// Who is enrolled when: each month of the measure as it stands (or as its own close saw it) decides about later ones.
fn enrolled(known: &Known<'_>, list: &[(Measure, Kept)], enrolment: &Enrolment) -> Result<FxHashMap<u32, Months>> {
    let base = list.iter().find(|(measure, _)| measure.name == enrolment.of);
    let (measure, kept) = base.ok_or_else(|| Error::bug(format!("no measure {}", enrolment.of)))?;
    let mut enrolled = FxHashMap::default();
    match kept {
        Kept::Sums(creators) => {
            for (creator, days) in creators {
                let mut reached = Vec::new();
                for month in days.chunk_by(|a, b| Period::of_day(a.0) == Period::of_day(b.0)) {
                    let Some(period) = month.first().map(|day| Period::of_day(day.0)) else { continue };
                    let span = (period.first_day(), period.next().first_day());
                    if sum(measure, month, span, period, known.closed)? >= enrolment.at_least {
                        reached.push(period);
                    }
                }
                enrolled.insert(*creator, Months::enrolled(&reached, enrolment));
            }
        }
        Kept::Different(creators) => {
            for (creator, different) in creators {
                let as_seen = |month: Period| frozen(measure, month, known.closed).then_some(month);
                let enough = |month: &Period| different.count(month.ordinal(), as_seen(*month)) >= enrolment.at_least;
                let reached: Vec<Period> = different.months().filter(enough).collect();
                enrolled.insert(*creator, Months::enrolled(&reached, enrolment));
            }
        }
    }
    Ok(enrolled)
}

fn kept(known: &Known<'_>, measure: &Measure) -> Result<Kept> {
    Ok(match &measure.added {
        Added::Sum(_) | Added::Count => Kept::Sums(days_of(known, measure)?),
        Added::Distinct(_) => Kept::Different(different_of(known, measure)?),
    })
}

/// The sums of the measure's days.
fn days_of(known: &Known<'_>, measure: &Measure) -> Result<Days> {
    let mut days: Days = FxHashMap::default();
    for batch in &asked(known, measure, "measure", SUMS)? {
        let [creator, day, closes] = numbers(batch)?;
        let value = crate::query::int64s_or(batch, "value", Some(0))?;
        for at in 0..batch.num_rows() {
            let (since, gone) = unpacked(closes[at]);
            let row = (narrow(day[at]), since, gone, value[at]);
            days.entry(u32::try_from(creator[at]).unwrap_or(NONE)).or_default().push(row);
        }
    }
    for list in days.values_mut() {
        list.sort_unstable();
    }
    Ok(days)
}

/// The different things of the measure's days.
fn different_of(known: &Known<'_>, measure: &Measure) -> Result<FxHashMap<u32, Different>> {
    let mut things: FxHashMap<String, u32> = FxHashMap::default();
    let mut seen: FxHashMap<u32, Vec<Seen>> = FxHashMap::default();
    for batch in &asked(known, measure, "measure_distinct", THINGS)? {
        let [creator, day, closes] = numbers(batch)?;
        for (at, name) in texts(batch, "thing")?.into_iter().enumerate() {
            let next = u32::try_from(things.len())
                .map_err(|_| Error::resources("more than 2^32 different things").at(measure.name.clone()))?;
            let thing = *things.entry(name.unwrap_or_default()).or_insert(next);
            let place = place(measure, narrow(day[at]));
            let list = seen.entry(u32::try_from(creator[at]).unwrap_or(NONE)).or_default();
            let (since, gone) = unpacked(closes[at]);
            list.push(Seen { thing, place, since, gone });
        }
    }
    let length = match measure.span {
        Span::Days(days) => days,
        Span::Months(months) => months,
    };
    let as_closes_saw = measure.late == Late::Frozen;
    Ok(seen.into_iter().map(|(creator, seen)| (creator, Different::of(seen, length, as_closes_saw))).collect())
}

/// The columns that both queries answer with.
fn numbers(batch: &RecordBatch) -> Result<[Vec<i64>; 3]> {
    Ok([int64s(batch, "creator")?, int64s(batch, "day")?, int64s(batch, "closes")?])
}

/// The first close that counts a row and the first after it that does not, in one number.
fn packed(since: i32, gone: i32) -> i64 {
    i64::from(since) << 32 | i64::from(gone)
}

/// The two of a packed number.
fn unpacked(closes: i64) -> (i32, i32) {
    (narrow(closes >> 32), narrow(closes & i64::from(i32::MAX)))
}

fn narrow(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// The answer of a measure's query over the rows that it counts, or that a close did.
fn asked(known: &Known<'_>, measure: &Measure, name: &str, sql: &str) -> Result<Vec<RecordBatch>> {
    let log: Log = measure.log.parse()?;
    let files: Vec<(usize, &SourceFile)> = known.rows.files.iter().enumerate().filter(|(_, f)| f.log == log).collect();
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let canonical = files.first().map_or_else(|| canonical_schema(log, &[]), |(_, f)| Arc::clone(f.columns.schema()));
    let events = Events::new(known, measure, &canonical)?;
    let of_file = |(at, file): &(usize, &SourceFile)| events.of_file(*at, file);
    // Of several files that fail, the first is named.
    let batches: Vec<Result<Vec<RecordBatch>>> = files.par_iter().map(of_file).collect();
    let batches: Vec<Vec<RecordBatch>> = batches.into_iter().collect::<Result<_>>()?;
    let batches = batches.into_iter().flatten().collect();
    known.engine.run(&format!("queries/facts/{name}.sql"), sql, &[("events", events.schema, batches)])
}

/// The expressions of a measure over one schema.
struct Compiled {
    condition: Option<Planned>,
    value: Option<Planned>,
}

impl Compiled {
    fn plan(engine: Engine, policies: &Policies, measure: &Measure, canonical: &SchemaRef) -> Result<Self> {
        let condition = |sql| Planned::condition(engine, policies, sql, canonical);
        let value = match &measure.added {
            Added::Sum(sql) => {
                Some(Planned::whole(engine, policies, sql, canonical, "a measure adds up whole numbers")?)
            }
            Added::Distinct(sql) => Some(Planned::value(engine, policies, sql, canonical)?),
            Added::Count => None,
        };
        Ok(Self { condition: measure.condition.as_ref().map(condition).transpose()?, value })
    }

    fn columns(&self) -> BTreeSet<usize> {
        self.condition.iter().chain(&self.value).flat_map(Planned::columns).collect()
    }
}

/// Plans the expressions of a measure over its log's canonical schema.
///
/// # Errors
/// The first that can't be used, or adds up what is no whole number (usage, with a caret under it).
pub fn check(engine: Engine, policies: &Policies, measure: &Measure, canonical: &SchemaRef) -> Result<()> {
    Compiled::plan(engine, policies, measure, canonical).map(drop)
}

/// What the queries of measures read: whose row it is, of which day, which closes counted it, and what it adds.
fn events_schema(measure: &Measure) -> SchemaRef {
    let value = if matches!(measure.added, Added::Distinct(_)) { DataType::Utf8 } else { DataType::Int64 };
    let mut fields = ["creator", "day", "closes"].map(|name| Field::new(name, DataType::Int64, false)).to_vec();
    fields.push(Field::new("value", value, true));
    Arc::new(Schema::new(fields))
}

/// The rows that a measure asks.
struct Events<'a> {
    known: &'a Known<'a>,
    measure: &'a Measure,
    compiled: Compiled,
    schema: SchemaRef,
    /// By row: does it stand, and count since it is known?
    counts: Vec<bool>,
}

impl<'a> Events<'a> {
    fn new(known: &'a Known<'a>, measure: &'a Measure, canonical: &SchemaRef) -> Result<Self> {
        let compiled = Compiled::plan(known.engine, known.policies, measure, canonical)?;
        let mut counts = vec![false; known.rows.len()];
        known.standing.iter().for_each(|(row, _)| counts[*row as usize] = true);
        known.stood.iter().for_each(|stood| counts[stood.row as usize] = false);
        Ok(Self { known, measure, compiled, schema: events_schema(measure), counts })
    }

    /// The rows of a file for which the measure's condition holds, and after them those that closes counted otherwise, once for
    /// each time that they did.
    fn of_file(&self, at: usize, file: &SourceFile) -> Result<Vec<RecordBatch>> {
        let records = &self.known.rows.records;
        let range = file.first as usize..file.first as usize + file.columns.rows();
        let stood = self.known.stood.iter().filter(|stood| range.contains(&(stood.row as usize)));
        let stood: Vec<&Stood> = stood.collect();
        let mut counted = self.counts[range.clone()].to_vec();
        stood.iter().for_each(|stood| counted[(stood.row - file.first) as usize] = true);
        let (holds, value) = self.values(file, counted)?;
        let since = |row: u32| {
            let known = self.known.since[at].of((row - file.first) as usize);
            known.max(Period::of_day(records[row as usize].day).ordinal())
        };
        let standing = (file.first..).zip(&holds).filter(|(row, holds)| **holds && self.counts[*row as usize]);
        let mut rows: Vec<(u32, i64)> = standing.map(|(row, _)| (row, packed(since(row), i32::MAX))).collect();
        let again = stood.iter().filter(|stood| holds[(stood.row - file.first) as usize]);
        rows.extend(again.map(|stood| (stood.row, packed(stood.since, stood.until))));
        let places = UInt32Array::from_iter_values(rows.iter().map(|(row, _)| row - file.first));
        let value = take(&value, &places, None).map_err(|e| Error::bug(e.to_string()))?;
        let columns = vec![
            ints(rows.iter().map(|(row, _)| i64::from(records[*row as usize].creator))),
            ints(rows.iter().map(|(row, _)| i64::from(records[*row as usize].day))),
            ints(rows.iter().map(|(_, closes)| *closes)),
            value,
        ];
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        Ok(vec![batch.map_err(|e| Error::bug(e.to_string()))?])
    }

    /// For each row of a file, of which these count or did: whether the condition holds, and what the row adds.
    fn values(&self, file: &SourceFile, counted: Vec<bool>) -> Result<(Vec<bool>, ArrayRef)> {
        let wanted = self.compiled.columns();
        let columns = file.columns.unpacked(|at| wanted.contains(&at))?;
        let batch = batch_of(file.columns.schema().as_ref().clone(), columns, file.columns.rows())?;
        let mut rows = Asking {
            known: self.known,
            owner: format!("measure {}", self.measure.name),
            clauses: self.measure.clauses(),
            batch: &batch,
            first: file.first,
            asked: counted,
        };
        if let Some(condition) = &self.compiled.condition {
            let holds = condition.holds(&rows)?;
            rows.asked.iter_mut().zip(holds).for_each(|(asked, holds)| *asked &= holds);
        }
        let value = match &self.compiled.value {
            None => ints(rows.asked.iter().map(|_| 1)),
            Some(value) => value.values(&rows)?,
        };
        let value = cast(&value, self.schema.field(3).data_type()).map_err(|e| Error::bug(e.to_string()))?;
        Ok((rows.asked, value))
    }
}

fn ints(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}
