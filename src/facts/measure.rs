//! Measures: sums and counts over a window, gathered once per creator and day.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::take_arrays;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::Known;
use super::distinct::{Different, Seen};
use super::months::Months;
use crate::error::{Error, Result};
use crate::intake::{NONE, SourceFile, Stood, canonical_schema};
use crate::log::Log;
use crate::period::Period;
use crate::policy::{Added, Enrolment, Late, Measure, MeasureEnd, Span, words_of};
use crate::query::{int64s, texts};

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
        Added::Sum(sql) => Kept::Sums(days_of(known, measure, &sql.text)?),
        Added::Count => Kept::Sums(days_of(known, measure, "1")?),
        Added::Distinct(sql) => Kept::Different(different_of(known, measure, &sql.text)?),
    })
}

/// The sums of the measure's days.
fn days_of(known: &Known<'_>, measure: &Measure, sum: &str) -> Result<Days> {
    let mut days: Days = FxHashMap::default();
    for batch in &asked(known, measure, "measure", &SUMS.replace("{sum}", sum))? {
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
fn different_of(known: &Known<'_>, measure: &Measure, of: &str) -> Result<FxHashMap<u32, Different>> {
    let mut things: FxHashMap<String, u32> = FxHashMap::default();
    let mut seen: FxHashMap<u32, Vec<Seen>> = FxHashMap::default();
    for batch in &asked(known, measure, "measure_distinct", &THINGS.replace("{distinct}", of))? {
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
    let events = Events::new(known, events_schema(&canonical));
    let condition = measure.condition.as_ref().map_or("true", |c| c.text.as_str());
    let sql = sql.replace("{condition}", condition);
    let words: BTreeSet<String> = words_of(&sql).collect();
    let of_file = |(at, file): &(usize, &SourceFile)| events.of_file(*at, file, &words);
    let batches: Vec<Vec<RecordBatch>> = files.par_iter().map(of_file).collect::<Result<_>>()?;
    let batches = batches.into_iter().flatten().collect();
    known.engine.run(&format!("queries/facts/{name}.sql"), &sql, &[("events", events.schema, batches)])
}

/// Columns beside those of the log: whose row it is, of which day, and which closes counted it.
const OF_ROW: [&str; 3] = ["__creator", "__day", "__closes"];

fn events_schema(canonical: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = canonical.fields().iter().cloned().collect();
    fields.extend(OF_ROW.map(|name| Arc::new(Field::new(name, DataType::Int64, false))));
    fields.push(Arc::new(Field::new("__counts", DataType::Boolean, false)));
    Arc::new(Schema::new(fields))
}

/// The rows that measures ask.
struct Events<'a> {
    known: &'a Known<'a>,
    schema: SchemaRef,
    /// By row: does it stand, and count since it is known?
    counts: Vec<bool>,
}

impl<'a> Events<'a> {
    fn new(known: &'a Known<'a>, schema: SchemaRef) -> Self {
        let mut counts = vec![false; known.rows.len()];
        known.standing.iter().for_each(|(row, _)| counts[*row as usize] = true);
        known.stood.iter().for_each(|stood| counts[stood.row as usize] = false);
        Self { known, schema, counts }
    }

    /// The rows of a file, and after them those that count otherwise, once for each time that they did.
    fn of_file(&self, at: usize, file: &SourceFile, words: &BTreeSet<String>) -> Result<Vec<RecordBatch>> {
        let from = file.first as usize;
        let range = from..from + file.columns.rows();
        let records = &self.known.rows.records;
        let since = |row: usize| self.known.since[at].of(row - from).max(Period::of_day(records[row].day).ordinal());
        let named = |at: usize| words_of(self.schema.field(at).name()).all(|word| words.contains(&word));
        let mut columns: Vec<ArrayRef> = file.columns.unpacked(named)?;
        columns.push(ints(range.clone().map(|row| i64::from(records[row].creator))));
        columns.push(ints(range.clone().map(|row| i64::from(records[row].day))));
        columns.push(ints(range.clone().map(|row| packed(since(row), i32::MAX))));
        columns.push(Arc::new(BooleanArray::from_iter(range.clone().map(|row| Some(self.counts[row])))));
        let stood = self.known.stood.iter().filter(|stood| range.contains(&(stood.row as usize)));
        let stood: Vec<Stood> = stood.copied().collect();
        let again = (!stood.is_empty()).then(|| self.again(&columns, file, &stood)).transpose()?;
        let all = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|e| Error::bug(e.to_string()))?;
        Ok(std::iter::once(all).chain(again).collect())
    }

    /// Rows of a file's columns that closes counted otherwise.
    fn again(&self, columns: &[ArrayRef], file: &SourceFile, stood: &[Stood]) -> Result<RecordBatch> {
        let rows = UInt32Array::from_iter_values(stood.iter().map(|stood| stood.row - file.first));
        let mut columns = take_arrays(columns, &rows, None).map_err(|e| Error::bug(e.to_string()))?;
        columns.truncate(columns.len() - 2);
        columns.push(ints(stood.iter().map(|stood| packed(stood.since, stood.until))));
        columns.push(Arc::new(BooleanArray::from(vec![true; stood.len()])));
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|e| Error::bug(e.to_string()))
    }
}

fn ints(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}
