//! Measures: sums over a window of days, added up once per creator and day.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rustc_hash::FxHashMap;

use super::Known;
use crate::error::{Error, Result};
use crate::intake::{NONE, SourceFile, canonical_schema};
use crate::log::Log;
use crate::period::Period;
use crate::policy::{Late, Measure, MeasureEnd};
use crate::query::int64s;

const QUERY: &str = include_str!("../../queries/facts/measure.sql");

/// One day of one creator: the day, the first close that knew it, the sum.
type Day = (i32, i32, i64);

/// The values of a policy's measures.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    list: Vec<(Measure, FxHashMap<u32, Vec<Day>>)>,
}

/// Adds up every measure of the policies over the rows that are known.
///
/// # Errors
/// A sum beyond Int64 (gate); a query that fails.
pub fn measure(known: &Known<'_>) -> Result<Measures> {
    let mut list = Vec::new();
    for measure in &known.policies.measures {
        list.push((measure.clone(), days_of(known, measure)?));
    }
    Ok(Measures { list })
}

impl Measures {
    /// The value of the measure with this index for a creator and an earning day.
    ///
    /// # Errors
    /// The sum is beyond Int64 (gate).
    pub fn value(&self, measure: usize, creator: u32, day: i32, closed: Option<Period>) -> Result<i64> {
        let (measure, creators) = &self.list[measure];
        let Some(days) = creators.get(&creator) else { return Ok(0) };
        let period = Period::of_day(day);
        let end = match measure.end {
            MeasureEnd::EventDay => day,
            MeasureEnd::PeriodEnd => period.last_day() + 1,
        };
        let from = days.partition_point(|d| d.0 < end - measure.days);
        let to = days.partition_point(|d| d.0 < end);
        let frozen = measure.late == Late::Frozen && closed.is_some_and(|closed| period <= closed);
        let counts = |d: &&Day| !frozen || d.1 <= period.ordinal();
        let sum: i128 = days[from..to].iter().filter(counts).map(|d| i128::from(d.2)).sum();
        i64::try_from(sum)
            .map_err(|_| Error::gate("a measure does not fit Int64").at(measure.name.clone()).found(sum.to_string()))
    }
}

fn days_of(known: &Known<'_>, measure: &Measure) -> Result<FxHashMap<u32, Vec<Day>>> {
    let log: Log = measure.log.parse()?;
    let files: Vec<(usize, &SourceFile)> = known.rows.files.iter().enumerate().filter(|(_, f)| f.log == log).collect();
    if files.is_empty() {
        return Ok(FxHashMap::default());
    }
    let mut standing = vec![false; known.rows.len()];
    for (row, _) in known.standing {
        standing[*row as usize] = true;
    }
    let canonical = files.first().map_or_else(|| canonical_schema(log, &[]), |(_, f)| Arc::clone(f.columns.schema()));
    let schema = events_schema(&canonical);
    let batches =
        files.iter().map(|(at, file)| events(known, &schema, *at, file, &standing)).collect::<Result<Vec<_>>>()?;
    let sum = measure.sum.as_ref().map_or("1", |s| s.text.as_str());
    let condition = measure.condition.as_ref().map_or("true", |c| c.text.as_str());
    let sql = QUERY.replace("{sum}", sum).replace("{condition}", condition);
    let answer = known.engine.run("queries/facts/measure.sql", &sql, &[("events", schema, batches)])?;
    let mut days: FxHashMap<u32, Vec<Day>> = FxHashMap::default();
    for batch in &answer {
        let [creator, day, since] = [int64s(batch, "creator")?, int64s(batch, "day")?, int64s(batch, "since")?];
        let value = crate::query::int64s_or(batch, "value", Some(0))?;
        for at in 0..batch.num_rows() {
            let narrow = |v: i64| i32::try_from(v).unwrap_or(i32::MAX);
            let creator = u32::try_from(creator[at]).unwrap_or(NONE);
            days.entry(creator).or_default().push((narrow(day[at]), narrow(since[at]), value[at]));
        }
    }
    for list in days.values_mut() {
        list.sort_unstable();
    }
    Ok(days)
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
) -> Result<RecordBatch> {
    let from = file.first as usize;
    let range = from..from + file.columns.rows();
    let rows = known.rows;
    let since = |row: usize| i64::from(known.since[at].max(Period::of_day(rows.day[row]).ordinal()));
    let mut columns: Vec<ArrayRef> = file.columns.unpacked()?;
    columns.push(Arc::new(Int64Array::from_iter_values(range.clone().map(|r| i64::from(rows.creator[r])))));
    columns.push(Arc::new(Int64Array::from_iter_values(range.clone().map(|r| i64::from(rows.day[r])))));
    columns.push(Arc::new(Int64Array::from_iter_values(range.clone().map(since))));
    columns.push(Arc::new(BooleanArray::from_iter(range.map(|r| Some(standing[r])))));
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|e| Error::bug(e.to_string()))
}
