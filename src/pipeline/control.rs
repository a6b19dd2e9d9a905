//! `control`: every row read has one fate, with its money; cumulative, and since the last close.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::lists::reason_of;
use super::prepare::Prepared;
use crate::error::{Error, Result};
use crate::fate::Fate;
use crate::ledger::{Control, State};
use crate::log::{Effect, Log};
use crate::money::Currency;
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

/// What is added up in one pass over the rows: log, currency, the currency's text where that is none, fate and, of
/// excluded rows, staging's reason.
type Ended<'a> = (Log, Option<Currency>, Option<&'a str>, Fate, Option<&'a str>);

/// By end: one of the rows, how many there are and how many have no readable amount, and their money.
type Sums<'a> = FxHashMap<Ended<'a>, (u32, [i64; 2], i128)>;

/// One row for each different end of rows, with how many there are and their money.
fn fates_table<'a>(input: &'a Prepared, fates: &[Fate]) -> Result<RecordBatch> {
    let rows = &input.rows;
    let needs = |r: u32| {
        rows.records[r as usize].log.has_money() && rows.effect(r) != Effect::Nothing
            || rows.records[r as usize].kind == u8::MAX && rows.records[r as usize].log.has_money()
    };
    let add = |mut sums: Sums<'a>, r: u32| {
        let (at, fate) = (r as usize, fates[r as usize]);
        let currency = rows.records[at].currency;
        let unknown = if currency.is_none() { rows.text(r, "currency") } else { None };
        let reason = if fate == Fate::Excluded { rows.text(r, "exclude_reason") } else { None };
        let sum = sums.entry((rows.records[at].log, currency, unknown, fate, reason)).or_insert((r, [0, 0], 0));
        sum.1[0] += 1;
        sum.1[1] += i64::from(needs(r) && rows.readable(r).is_none());
        sum.2 += i128::from(rows.signed(r));
        sums
    };
    let both = |mut sums: Sums<'a>, more: Sums<'a>| {
        for (end, (r, [count, unreadable], amount)) in more {
            let sum = sums.entry(end).or_insert((r, [0, 0], 0));
            *sum = (sum.0, [sum.1[0] + count, sum.1[1] + unreadable], sum.2 + amount);
        }
        sums
    };
    let all = 0..u32::try_from(rows.len()).unwrap_or(0);
    let sums = all.into_par_iter().fold(Sums::default, add).reduce(Sums::default, both);
    let ends: Vec<_> = sums.into_iter().collect();
    let amounts = ends.iter().map(|(_, sum)| sum.2).collect::<Decimal128Array>().with_precision_and_scale(38, 0);
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("log", Arc::new(ends.iter().map(|(end, _)| Some(end.0.name())).collect::<StringArray>()), false),
        (
            "currency",
            Arc::new(ends.iter().map(|(end, _)| end.1.map(Currency::code).or(end.2)).collect::<StringArray>()),
            true,
        ),
        ("fate", Arc::new(ends.iter().map(|(end, _)| Some(end.3.name())).collect::<StringArray>()), false),
        (
            "reason",
            Arc::new(ends.iter().map(|(end, sum)| reason_of(input, sum.0, end.3)).collect::<StringArray>()),
            true,
        ),
        ("rows", Arc::new(Int64Array::from_iter_values(ends.iter().map(|(_, sum)| sum.1[0]))), false),
        ("amount", Arc::new(amounts.map_err(|e| Error::bug(e.to_string()))?), false),
        ("unreadable", Arc::new(Int64Array::from_iter_values(ends.iter().map(|(_, sum)| sum.1[1]))), false),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).map_err(|e| Error::bug(e.to_string()))
}
