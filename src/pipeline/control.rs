//! `control`: every row read has one fate, with its money; cumulative, and since the last close.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::lists::reason_of;
use super::prepare::Prepared;
use crate::error::{Error, Result};
use crate::fate::Fate;
use crate::ledger::{Control, State};
use crate::log::{Effect, Log};
use crate::query::{int64s, int64s_or, texts};

const QUERY: &str = include_str!("../../queries/facts/control.sql");

/// Log, currency, fate, reason.
pub type Key = (String, Option<String>, String, Option<String>);

/// The control table of a run.
///
/// # Errors
/// A total beyond Int64 (gate).
pub fn control(input: &Prepared, fates: &[Fate], state: &State) -> Result<Vec<Control>> {
    let now = totals(input, fates)?;
    let then = state.control_totals();
    let mut rows = Vec::new();
    let keys: std::collections::BTreeSet<&Key> = now.keys().chain(then.keys()).collect();
    for key in keys {
        let total = now.get(key).copied().unwrap_or_default();
        let before = then.get(key).copied().unwrap_or_default();
        let log: Log = key.0.parse()?;
        let fate = fate_name(&key.2)?;
        let row = Control {
            log: log.name(),
            currency: key.1.clone(),
            fate,
            reason: key.3.clone(),
            rows: total[0] - before[0],
            amount_minor: total[1] - before[1],
            unreadable: total[2] - before[2],
            total_rows: total[0],
            total_amount_minor: total[1],
            total_unreadable: total[2],
        };
        let amounts =
            [row.rows, row.amount_minor, row.unreadable, row.total_rows, row.total_amount_minor, row.total_unreadable];
        if amounts.iter().any(|v| *v != 0) {
            rows.push(row);
        }
    }
    Ok(rows)
}

fn fate_name(name: &str) -> Result<&'static str> {
    let all = ["duplicate", "excluded", "ineligible", "later", "quarantined", "rated", "waiting"];
    all.into_iter().find(|f| *f == name).ok_or_else(|| Error::bug(format!("no fate {name}")))
}

/// Rows, signed amount and unreadable amounts by key, summed by SQL.
fn totals(input: &Prepared, fates: &[Fate]) -> Result<BTreeMap<Key, [i64; 3]>> {
    let batch = fates_table(input, fates)?;
    let schema = batch.schema();
    let answer = input.engine.run("queries/facts/control.sql", QUERY, &[("fates", schema, vec![batch])])?;
    let mut totals = BTreeMap::new();
    for batch in &answer {
        let [log, currency, fate, reason] = ["log", "currency", "fate", "reason"].map(|name| texts(batch, name));
        let (log, currency, fate, reason) = (log?, currency?, fate?, reason?);
        let (rows, amount) = (int64s(batch, "rows")?, int64s_or(batch, "amount", Some(0))?);
        let unreadable = int64s_or(batch, "unreadable", Some(0))?;
        for at in 0..batch.num_rows() {
            let required = |v: &Option<String>| v.clone().ok_or_else(|| Error::bug("a control row without a name"));
            let key = (required(&log[at])?, currency[at].clone(), required(&fate[at])?, reason[at].clone());
            totals.insert(key, [rows[at], amount[at], unreadable[at]]);
        }
    }
    Ok(totals)
}

fn fates_table(input: &Prepared, fates: &[Fate]) -> Result<RecordBatch> {
    let rows = &input.rows;
    let all = || 0..u32::try_from(rows.len()).unwrap_or(0);
    let log = all().map(|r| Some(rows.log[r as usize].name())).collect::<StringArray>();
    let currency = all().map(|r| rows.text(r, "currency")).collect::<StringArray>();
    let fate = fates.iter().map(|f| Some(f.name())).collect::<StringArray>();
    let reason = all().map(|r| reason_of(input, r, fates[r as usize])).collect::<StringArray>();
    let amount = Int64Array::from_iter_values(all().map(|r| rows.signed(r)));
    let needs = |r: u32| {
        rows.log[r as usize].has_money() && rows.effect(r) != Effect::Nothing
            || rows.kind[r as usize] == u8::MAX && rows.log[r as usize].has_money()
    };
    let unreadable = Int64Array::from_iter_values(all().map(|r| i64::from(needs(r) && rows.readable(r).is_none())));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("log", Arc::new(log)),
        ("currency", Arc::new(currency)),
        ("fate", Arc::new(fate)),
        ("reason", Arc::new(reason)),
        ("amount", Arc::new(amount)),
        ("unreadable", Arc::new(unreadable)),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), *array.data_type() == DataType::Utf8))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|e| Error::bug(e.to_string()))
}
