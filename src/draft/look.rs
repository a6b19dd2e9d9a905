//! What stands in the columns of all files of a log: counted, never kept.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};

use super::find::Candidate;
use crate::error::Result;
use crate::intake::open_file;
use crate::query::{Engine, Expression};

/// Different values that are kept of a column.
const MOST_VALUES: usize = 40;

/// What a column holds.
#[derive(Clone, Debug, Default)]
pub struct Values {
    pub rows: u64,
    /// Null or empty.
    pub empty: u64,
    /// Numbers with a minus sign.
    pub negative: u64,
    /// Numbers with a decimal point.
    pub pointed: u64,
    /// Numbers without one.
    pub whole: u64,
    /// Text that is no number.
    pub other: u64,
    /// The first different values, with how often each stands; none where there are too many.
    pub different: Option<BTreeMap<String, u64>>,
}

impl Values {
    fn add(&mut self, text: Option<&str>) {
        self.rows += 1;
        let Some(text) = text.filter(|t| !t.trim().is_empty()) else {
            self.empty += 1;
            return;
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        match (is_number, digits.contains('.')) {
            (true, true) => self.pointed += 1,
            (true, false) => self.whole += 1,
            _ => self.other += 1,
        }
        self.negative += u64::from(is_number && digits.len() < text.len());
        if let Some(different) = &mut self.different {
            *different.entry(text.to_owned()).or_insert(0) += 1;
            if different.len() > MOST_VALUES {
                self.different = None;
            }
        }
    }
}

/// What the columns of these names hold, over all files of a candidate.
///
/// # Errors
/// A file can't be read (input).
pub fn look(candidate: &Candidate, names: &[String]) -> Result<BTreeMap<String, Values>> {
    let fresh = || Values { different: Some(BTreeMap::new()), ..Values::default() };
    let mut found: BTreeMap<String, Values> = names.iter().map(|name| (name.clone(), fresh())).collect();
    for file in &candidate.files {
        let rows = open_file(file, &candidate.name)?.rows;
        for (name, values) in &mut found {
            let Some(column) = rows.column_by_name(name) else { continue };
            let Ok(texts) = cast(column, &DataType::Utf8) else { continue };
            texts.as_string::<i32>().iter().for_each(|text| values.add(text));
        }
    }
    Ok(found)
}

/// How well an expression for an instant works.
#[derive(Clone, Copy, Debug, Default)]
pub struct Instants {
    pub read: u64,
    pub rows: u64,
    /// Nanoseconds since 1970.
    pub first: Option<i64>,
}

/// Evaluates an expression for an instant over all files.
///
/// # Errors
/// A file can't be read (input).
pub fn instants(engine: Engine, candidate: &Candidate, sql: &str) -> Result<Instants> {
    let mut found = Instants::default();
    for file in &candidate.files {
        let rows = open_file(file, &candidate.name)?.rows;
        found.rows += rows.num_rows() as u64;
        for nanos in nanos(engine, sql, &rows).unwrap_or_default() {
            found.read += 1;
            found.first = Some(found.first.map_or(nanos, |first| first.min(nanos)));
        }
    }
    Ok(found)
}

fn nanos(engine: Engine, sql: &str, rows: &RecordBatch) -> Option<Vec<i64>> {
    let values = Expression::plan(engine, sql, &rows.schema()).ok()?.values(rows).ok()?;
    let values = cast(&values, &DataType::Timestamp(TimeUnit::Nanosecond, None)).ok()?;
    let values = cast(&values, &DataType::Int64).ok()?;
    Some(values.as_primitive::<Int64Type>().iter().flatten().collect())
}
