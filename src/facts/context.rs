//! What a policy's SQL may name: canonical columns, the creator's columns as of the earning day, and measures.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;

use super::{Known, Measures};
use crate::error::Result;
use crate::intake::{NONE, SourceFile, batch_of};
use crate::period::day_text;
use crate::policy::Policies;
use crate::reference::{Creator, Creators};

/// The creator's columns, in order.
const CREATOR_COLUMNS: [(&str, DataType); 6] = [
    ("age", DataType::Int64),
    ("followers", DataType::Int64),
    ("country", DataType::Utf8),
    ("status", DataType::Utf8),
    ("birth_date", DataType::Utf8),
    ("earning_day", DataType::Utf8),
];

/// The schema of what a condition over a log with this canonical schema may name.
#[must_use]
pub fn context_schema(canonical: &SchemaRef, policies: &Policies) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = canonical.fields().iter().cloned().collect();
    let creators = CREATOR_COLUMNS.into_iter().map(|(name, kind)| Field::new(name, kind, true));
    let measured = policies.asked().map(|name| Field::new(name, DataType::Int64, false));
    fields.extend(creators.chain(measured).map(Arc::new));
    Arc::new(Schema::new(fields))
}

/// The day that a row earns on: of a reversal that stands alone, the day of its `original_time` where given.
#[must_use]
pub fn earning_day(known: &Known<'_>, row: u32) -> i32 {
    let at = row as usize;
    match known.rows.effect(row).takes_back() {
        true => known.rows.original_day(row).unwrap_or(known.rows.records[at].day),
        false => known.rows.records[at].day,
    }
}

/// The rows of a file as conditions see them.
pub struct Context<'a> {
    /// In the schema of [`context_schema`].
    pub batch: RecordBatch,
    /// What is known of each row's creator on its earning day.
    pub creators: Vec<Option<&'a Creator>>,
    /// Earning days.
    pub days: Vec<i32>,
}

/// The rows of a file with everything that a condition may name; columns that are not `wanted`, by place in
/// [`context_schema`], are empty.
pub fn context<'a>(
    known: &Known<'_>,
    versions: &[&'a [Creator]],
    measures: &Measures,
    file: &SourceFile,
    wanted: &BTreeSet<usize>,
) -> Result<Context<'a>> {
    let rows: Vec<u32> = (file.first..file.first + u32::try_from(file.columns.rows()).unwrap_or(0)).collect();
    let days: Vec<i32> = rows.iter().map(|row| earning_day(known, *row)).collect();
    let creators: Vec<Option<&'a Creator>> = rows
        .iter()
        .zip(&days)
        .map(|(row, day)| {
            versions_of(versions, known.rows.records[*row as usize].creator).and_then(|v| Creators::on(v, *day))
        })
        .collect();
    let mut columns: Vec<ArrayRef> = file.columns.unpacked(|at| wanted.contains(&at))?;
    let schema = context_schema(file.columns.schema(), known.policies);
    let first = columns.len();
    for (at, (name, kind)) in CREATOR_COLUMNS.iter().enumerate() {
        columns.push(match wanted.contains(&(first + at)) {
            true => creator_column(name, &creators, &days),
            false => new_null_array(kind, rows.len()),
        });
    }
    let first = columns.len();
    for at in 0..known.policies.asked().count() {
        let value = |(row, day): (&u32, &i32)| match wanted.contains(&(first + at)) {
            true => measures.value(at, known.rows.records[*row as usize].creator, *day, known.closed),
            false => Ok(0),
        };
        let values: Result<Vec<i64>> = rows.par_iter().zip(&days).map(value).collect();
        columns.push(Arc::new(Int64Array::from(values?)));
    }
    let batch = batch_of(schema.as_ref().clone(), columns, rows.len())?;
    Ok(Context { batch, creators, days })
}

/// One of [`CREATOR_COLUMNS`] for every row.
fn creator_column(name: &str, creators: &[Option<&Creator>], days: &[i32]) -> ArrayRef {
    let whole = |of: &dyn Fn(&Creator, i32) -> Option<i64>| -> ArrayRef {
        let value = |(creator, day): (&Option<&Creator>, &i32)| creator.and_then(|c| of(c, *day));
        Arc::new(creators.iter().zip(days).map(value).collect::<Int64Array>())
    };
    let text = |of: &dyn Fn(&Creator) -> Option<String>| -> ArrayRef {
        Arc::new(creators.iter().map(|c| c.and_then(of)).collect::<StringArray>())
    };
    match name {
        "age" => whole(&Creator::age),
        "followers" => whole(&|c, _| c.followers),
        "country" => text(&|c| c.country.clone()),
        "status" => text(&|c| c.status.clone()),
        "birth_date" => text(&|c| c.birth_date.map(day_text)),
        _ => Arc::new(days.iter().map(|day| Some(day_text(*day))).collect::<StringArray>()),
    }
}

/// The versions of a creator.
pub fn versions_of<'a>(versions: &[&'a [Creator]], creator: u32) -> Option<&'a [Creator]> {
    (creator != NONE).then(|| versions.get(creator as usize).copied()).flatten()
}

/// All versions of every creator that the rows name, by number.
pub fn creator_versions<'a>(known: &Known<'a>) -> Vec<&'a [Creator]> {
    let names = &known.rows.names;
    let numbers = 0..u32::try_from(names.len()).unwrap_or(0);
    numbers.into_par_iter().map(|n| known.references.creators.versions(names.text(n))).collect()
}
