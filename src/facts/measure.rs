//! Measures: sums and counts over a window, gathered once per creator and day.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::Known;
use super::distinct::{Different, Seen};
use super::months::Months;
use crate::error::{Error, Result};
use crate::intake::{NONE, SourceFile, canonical_schema};
use crate::log::Log;
use crate::period::Period;
use crate::policy::{Added, Enrolment, Late, Measure, MeasureEnd, Span, words_of};
use crate::query::{int64s, texts};

const SUMS: &str = include_str!("../../queries/facts/measure.sql");
const THINGS: &str = include_str!("../../queries/facts/measure_distinct.sql");

/// One day of one creator: the day, the first close that knew it, the sum.
type Day = (i32, i32, i64);

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
    let frozen = frozen(measure, period, closed);
    let counts = |d: &&Day| !frozen || d.1 <= period.ordinal();
    let sum: i128 = days[from..to].iter().filter(counts).map(|d| i128::from(d.2)).sum();
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
        let [creator, day, since] = [int64s(batch, "creator")?, int64s(batch, "day")?, int64s(batch, "since")?];
        let value = crate::query::int64s_or(batch, "value", Some(0))?;
        for at in 0..batch.num_rows() {
            let row = (narrow(day[at]), narrow(since[at]), value[at]);
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
        let [creator, day, since] = [int64s(batch, "creator")?, int64s(batch, "day")?, int64s(batch, "since")?];
        for (at, name) in texts(batch, "thing")?.into_iter().enumerate() {
            let next = u32::try_from(things.len())
                .map_err(|_| Error::resources("more than 2^32 different things").at(measure.name.clone()))?;
            let thing = *things.entry(name.unwrap_or_default()).or_insert(next);
            let place = place(measure, narrow(day[at]));
            let list = seen.entry(u32::try_from(creator[at]).unwrap_or(NONE)).or_default();
            list.push(Seen { thing, place, since: narrow(since[at]) });
        }
    }
    let length = match measure.span {
        Span::Days(days) => days,
        Span::Months(months) => months,
    };
    let as_closes_saw = measure.late == Late::Frozen;
    Ok(seen.into_iter().map(|(creator, seen)| (creator, Different::of(seen, length, as_closes_saw))).collect())
}

fn narrow(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// The answer of a measure's query over the rows that stand.
fn asked(known: &Known<'_>, measure: &Measure, name: &str, sql: &str) -> Result<Vec<RecordBatch>> {
    let log: Log = measure.log.parse()?;
    let files: Vec<(usize, &SourceFile)> = known.rows.files.iter().enumerate().filter(|(_, f)| f.log == log).collect();
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let mut standing = vec![false; known.rows.len()];
    for row in known.standing.iter().map(|(row, _)| row).chain(known.stood) {
        standing[*row as usize] = true;
    }
    let canonical = files.first().map_or_else(|| canonical_schema(log, &[]), |(_, f)| Arc::clone(f.columns.schema()));
    let schema = events_schema(&canonical);
    let condition = measure.condition.as_ref().map_or("true", |c| c.text.as_str());
    let sql = sql.replace("{condition}", condition);
    let words: BTreeSet<String> = words_of(&sql).collect();
    let batch = |(at, file): &(usize, &SourceFile)| events(known, &schema, *at, file, &standing, &words);
    let batches = files.par_iter().map(batch).collect::<Result<Vec<_>>>()?;
    known.engine.run(&format!("queries/facts/{name}.sql"), &sql, &[("events", schema, batches)])
}

fn events_schema(canonical: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = canonical.fields().iter().cloned().collect();
    for name in ["__creator", "__day", "__since"] {
        fields.push(Arc::new(Field::new(name, DataType::Int64, false)));
    }
    fields.push(Arc::new(Field::new("__standing", DataType::Boolean, false)));
    Arc::new(Schema::new(fields))
}

fn events(
    known: &Known<'_>,
    schema: &SchemaRef,
    at: usize,
    file: &SourceFile,
    standing: &[bool],
    words: &BTreeSet<String>,
) -> Result<RecordBatch> {
    let from = file.first as usize;
    let range = from..from + file.columns.rows();
    let rows = known.rows;
    let since = |row: usize| i64::from(known.since[at].max(Period::of_day(rows.records[row].day).ordinal()));
    let named = |at: usize| words_of(schema.field(at).name()).all(|word| words.contains(&word));
    let mut columns: Vec<ArrayRef> = file.columns.unpacked(named)?;
    columns.push(Arc::new(Int64Array::from_iter_values(range.clone().map(|r| i64::from(rows.records[r].creator)))));
    columns.push(Arc::new(Int64Array::from_iter_values(range.clone().map(|r| i64::from(rows.records[r].day)))));
    columns.push(Arc::new(Int64Array::from_iter_values(range.clone().map(since))));
    columns.push(Arc::new(BooleanArray::from_iter(range.map(|r| Some(standing[r])))));
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|e| Error::bug(e.to_string()))
}
