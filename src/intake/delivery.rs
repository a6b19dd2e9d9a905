//! Ids for logs that have none: the hash of the raw row and its number among equal rows of one delivery.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use rustc_hash::FxHashMap;

use super::hashing::{RowBytes, hash};
use crate::error::{Error, Result};
use crate::query::{Engine, Expression};

/// The ids of a file's rows, and what each delivery in it holds.
pub struct Deliveries {
    pub ids: Vec<String>,
    /// By delivery key: the order-free sum of its raw rows' hashes.
    pub held: BTreeMap<String, u128>,
}

/// Makes ids for the rows of one file.
///
/// The id is 32 hexadecimal digits of SHA-256 over the raw row's bytes (columns by name) and the number of this row
/// among equal ones of its delivery, counted from 1: honest repetitions keep their number when a delivery comes again.
///
/// # Errors
/// The delivery key does not plan (usage), or a row has none (input).
pub fn identify(engine: Engine, key: &str, raw: &RecordBatch, place: &str) -> Result<Deliveries> {
    let keys = keys(engine, key, raw, place)?;
    let schema = raw.schema();
    let mut order: Vec<usize> = (0..raw.num_columns()).collect();
    order.sort_by_key(|at| schema.field(*at).name().clone());
    let mut bytes = RowBytes::of(raw, order.into_iter())?;
    let mut seen: FxHashMap<(usize, u128), u64> = FxHashMap::default();
    let mut held: BTreeMap<String, u128> = BTreeMap::new();
    let mut numbers: FxHashMap<String, usize> = FxHashMap::default();
    let mut ids = Vec::with_capacity(raw.num_rows());
    for (row, key) in keys.into_iter().enumerate() {
        let content = bytes.hash(row);
        let next = numbers.len();
        let number = *numbers.entry(key.clone()).or_insert(next);
        let occurrence = seen.entry((number, content)).or_insert(0);
        *occurrence += 1;
        ids.push(id(content, *occurrence));
        let sum = held.entry(key).or_insert(0);
        *sum = sum.wrapping_add(content);
    }
    Ok(Deliveries { ids, held })
}

fn id(content: u128, occurrence: u64) -> String {
    let mut bytes = content.to_be_bytes().to_vec();
    bytes.extend_from_slice(&occurrence.to_be_bytes());
    format!("{:032x}", hash(&bytes))
}

fn keys(engine: Engine, key: &str, raw: &RecordBatch, place: &str) -> Result<Vec<String>> {
    let fault = |m: String| {
        Error::usage(format!("the delivery key can't be used: {m}")).at(format!("{place}, delivery_key = {key:?}"))
    };
    let planned = Expression::plan(engine, key, &raw.schema()).map_err(fault)?;
    let values = planned.values(raw).map_err(|failed| fault(failed.message))?;
    let values = cast(&values, &DataType::Utf8).map_err(|e| fault(e.to_string()))?;
    let texts = values.as_string::<i32>();
    let text = |row: usize| {
        let given = texts.is_valid(row).then(|| texts.value(row).to_owned());
        given.ok_or_else(|| {
            Error::input("a row belongs to no delivery")
                .at(format!("{place}, row {row}"))
                .expected("a delivery key")
                .found("null")
        })
    };
    (0..raw.num_rows()).map(text).collect()
}
