//! Facts: what is rated alike as one sum; what needs an order or its own rounding alone. And ineligible money.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use rustc_hash::FxHashSet;

use super::link::stated;
use super::{Class, Classes, Known, Linked, Unit};
use crate::error::{Error, Result};
use crate::intake::{NONE, NULL};
use crate::log::Log;
use crate::money::{Currency, Exact};
use crate::period::Period;
use crate::policy::{Fills, HoldAfter, Of, Pay, Program, RoundAt, Step};
use crate::query::{int64s, int64s_or};

const INELIGIBLE: &str = include_str!("../../queries/facts/ineligible.sql");

/// What rules rate: the sum of units that are rated alike, or one unit.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    pub creator: u32,
    pub program: u16,
    pub currency: Currency,
    pub day: i32,
    pub log: Log,
    pub channel: u32,
    /// How the program's conditions came out.
    pub class: &'a Class,
    /// Did the log state the fee?
    pub fee_stated: bool,
    pub tax_stated: bool,
    pub events: i64,
    pub gross: i64,
    pub tax: i64,
    pub fee: i64,
    pub fee_more: i64,
    pub fee_back: i64,
    /// May tax, fee and steps take more than it holds?
    pub falls_short: bool,
    /// How often fixed money for each event is due.
    pub pays: i64,
    /// The unit's row, where the fact is one unit; gives its order.
    pub row: Option<u32>,
}

/// Ineligible money by program, log, channel, currency and period.
#[derive(Clone, Copy, Debug)]
pub struct Retained {
    pub program: u16,
    pub log: Log,
    pub channel: u32,
    pub currency: Currency,
    pub period: Period,
    pub gross: i64,
    pub tax: i64,
    pub fee: i64,
}

/// Does the program look at single events, in their order?
pub(super) fn by_event(program: &Program) -> bool {
    let capped = program.bonus.iter().any(|b| b.cap.is_some());
    program.round_at == RoundAt::Event || capped || matches!(program.pay, Pay::Tiers(_))
}

/// What a program's steps leave of an amount after tax, in whatever order they stand: where the log states the fee
/// (without the step `channel_fee`), and where it does not.
pub(super) struct Room {
    stated: Exact,
    computed: Exact,
}

impl Room {
    pub(super) fn of(program: &Program) -> Self {
        let leave = |steps: &dyn Fn(&&Step) -> bool| {
            let of = |of: Of| program.deductions.iter().filter(steps).filter(move |s| s.of == of);
            let left = of(Of::Rest).fold(Exact::ONE, |left, s| left * (Exact::ONE - s.percent.clone()));
            left - of(Of::Amount).map(|s| s.percent.clone()).sum::<Exact>()
        };
        Self { stated: leave(&|s| s.fills != Fills::ChannelFee), computed: leave(&|_| true) }
    }

    /// May tax, fee and steps take more than the charge holds? Then it is rated by itself: in a sum its neighbours
    /// would pay for it.
    pub(super) fn may_fall_short(&self, unit: &Unit) -> bool {
        let nothing_taken = matches!(unit.fee, 0 | NULL) && unit.fee_more == 0 && unit.tax <= unit.gross;
        if nothing_taken && unit.gross >= 0 {
            let room = if unit.fee == NULL { &self.computed } else { &self.stated };
            return room.is_negative() && unit.tax < unit.gross;
        }
        let after_tax = Exact::from(unit.gross) - Exact::from(unit.tax);
        let (fee, room) = if unit.fee == NULL { (0, &self.computed) } else { (unit.fee, &self.stated) };
        unit.fee_more != 0 || (unit.gross >= 0 && Exact::from(fee) > &after_tax * room)
    }
}

/// Is its release its own? Each delivery has a day, and what is taken back alone is not held with its neighbours.
pub(super) fn is_held_apart(program: &Program, terms_hold: bool, unit: &Unit) -> bool {
    let alone = unit.gross < 0 || unit.pays < 0;
    match program.hold {
        Some(hold) if hold.after == HoldAfter::Delivered => true,
        Some(_) => alone,
        None => terms_hold && alone,
    }
}

/// The unit as it is paid, where `first` are the rows that order rules pay; none where it has no money and no payment either.
pub(super) fn paying(
    known: &Known<'_>,
    classes: &Classes,
    first: &FxHashSet<u32>,
    unit: &Unit,
    number: u16,
) -> Option<Unit> {
    let program = &known.policies.programs[usize::from(number)];
    if known.rows.records[unit.row as usize].currency.is_none() {
        paid_in(known, number, classes.get(unit.class))?;
    }
    let counts = program.first.is_none() || first.contains(&unit.row);
    Some(Unit { pays: if counts { unit.pays } else { 0 }, ..*unit })
}

/// The currency that a unit is rated in.
///
/// # Errors
/// A rated row without a currency (bug).
pub(super) fn currency_of(known: &Known<'_>, classes: &Classes, unit: &Unit, program: u16) -> Result<Currency> {
    let currency = known.rows.records[unit.row as usize].currency;
    let currency = currency.or_else(|| paid_in(known, program, classes.get(unit.class)));
    currency.ok_or_else(|| Error::bug("a rated row without a currency"))
}

/// A unit as a fact of its own.
///
/// # Errors
/// As [`currency_of`].
pub(super) fn fact_of<'a>(known: &Known<'_>, classes: &'a Classes, unit: &Unit, program: u16) -> Result<Fact<'a>> {
    let record = &known.rows.records[unit.row as usize];
    Ok(Fact {
        creator: record.creator,
        program,
        currency: currency_of(known, classes, unit, program)?,
        day: unit.day,
        log: record.log,
        channel: record.channel,
        class: classes.get(unit.class),
        fee_stated: unit.fee != NULL,
        tax_stated: unit.tax_stated,
        events: unit.events,
        gross: unit.gross,
        tax: unit.tax,
        fee: stated(unit.fee),
        fee_more: unit.fee_more,
        fee_back: unit.fee_back,
        falls_short: false,
        pays: i64::from(unit.pays),
        row: Some(unit.row),
    })
}

/// The currency of an event that has none of its own: the payment's, or the unit's.
fn paid_in(known: &Known<'_>, program: u16, class: &Class) -> Option<Currency> {
    let program = &known.policies.programs[usize::from(program)];
    let Pay::Each(payments) = &program.pay else { return None };
    let payment = payments.get(usize::from(class.share_case))?;
    payment.currency.or_else(|| known.policies.unit_of(program).map(|unit| unit.currency))
}

/// A table of Int64 columns.
pub(super) fn table(columns: Vec<(&str, Vec<i64>)>) -> Result<(SchemaRef, RecordBatch)> {
    let fields: Vec<Field> = columns.iter().map(|(name, _)| Field::new(*name, DataType::Int64, false)).collect();
    let arrays = columns.into_iter().map(|(_, values)| Arc::new(Int64Array::from(values)) as ArrayRef).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|e| Error::bug(e.to_string()))?;
    Ok((schema, batch))
}

pub(super) fn narrow<T: TryFrom<i64>>(value: i64) -> Result<T> {
    T::try_from(value).map_err(|_| Error::bug("a key of a fact is out of range"))
}

fn currency(index: i64) -> Result<Currency> {
    narrow::<u16>(index).and_then(|i| Currency::at(i).ok_or_else(|| Error::bug("no currency of this index")))
}

fn log(index: i64) -> Result<Log> {
    narrow::<usize>(index).and_then(|i| Log::ALL.get(i).copied().ok_or_else(|| Error::bug("no log of this index")))
}

/// Ineligible money, summed.
///
/// # Errors
/// A sum beyond Int64 (gate).
pub fn retained(known: &Known<'_>, linked: &Linked) -> Result<Vec<Retained>> {
    let rows = known.rows;
    let refused = &linked.refused;
    let index = |row: u32| rows.records[row as usize].currency.map_or(0, |c| i64::from(c.index()));
    let (schema, batch) = table(vec![
        ("program", refused.iter().map(|r| i64::from(r.program)).collect()),
        ("log", refused.iter().map(|r| rows.records[r.row as usize].log.index() as i64).collect()),
        ("channel", refused.iter().map(|r| i64::from(rows.records[r.row as usize].channel)).collect()),
        ("currency", refused.iter().map(|r| index(r.row)).collect()),
        ("period", refused.iter().map(|r| i64::from(Period::of_day(r.day).ordinal())).collect()),
        ("gross", refused.iter().map(|r| r.gross).collect()),
        ("tax", refused.iter().map(|r| r.tax).collect()),
        ("fee", refused.iter().map(|r| r.fee).collect()),
    ])?;
    let answer = known.engine.run("queries/facts/ineligible.sql", INELIGIBLE, &[("refused", schema, vec![batch])])?;
    let mut retained = Vec::new();
    for batch in &answer {
        let keys = ["program", "log", "channel", "currency", "period"];
        let keys = keys.iter().map(|name| int64s(batch, name)).collect::<Result<Vec<_>>>()?;
        let sums =
            ["gross", "tax", "fee"].iter().map(|name| int64s_or(batch, name, Some(0))).collect::<Result<Vec<_>>>()?;
        for at in 0..batch.num_rows() {
            let ordinal: i32 = narrow(keys[4][at])?;
            retained.push(Retained {
                program: narrow(keys[0][at])?,
                log: log(keys[1][at])?,
                channel: narrow::<u32>(keys[2][at]).unwrap_or(NONE),
                currency: currency(keys[3][at])?,
                period: Period::new(ordinal.div_euclid(12), ordinal.rem_euclid(12) + 1),
                gross: sums[0][at],
                tax: sums[1][at],
                fee: sums[2][at],
            });
        }
    }
    Ok(retained)
}
