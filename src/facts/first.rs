//! Order rules: which events of a payer's day (or month) are paid, in the order of section 4 of the contract.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use rustc_hash::FxHashSet;

use super::planned::{Asking, Planned};
use super::{Classes, Known, Linked, Match};
use crate::error::{Error, Result};
use crate::intake::id_hash;
use crate::period::Period;
use crate::policy::{First, Policies, Sql, Within};
use crate::query::Engine;

/// What an order rule looks at in one row: hashes of whose order it is and of what is counted, and what it adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    per: u128,
    of: u128,
    adds: i64,
}

/// The planned expressions of an order rule.
pub struct Looks {
    per: Planned,
    of: Planned,
    sum: Option<Planned>,
}

impl Looks {
    /// Plans a rule's expressions over a schema.
    ///
    /// # Errors
    /// One of them can't be used, or adds up what is no whole number (usage, with a caret under it).
    pub fn plan(engine: Engine, policies: &Policies, first: &First, schema: &SchemaRef) -> Result<Self> {
        let plan = |sql: &Sql| Planned::value(engine, policies, sql, schema);
        let whole = |sql: &Sql| Planned::whole(engine, policies, sql, schema, "`having` adds up whole numbers");
        let sum = first.having.as_ref().map(|h| whole(&h.sum)).transpose()?;
        Ok(Self { per: plan(&first.per)?, of: plan(&first.of)?, sum })
    }

    /// All of them.
    pub fn expressions(&self) -> impl Iterator<Item = &Planned> {
        [&self.per, &self.of].into_iter().chain(&self.sum)
    }

    /// What the rule looks at in every row; none where whose order it is, or what is counted, is null.
    ///
    /// # Errors
    /// An expression has no value for a row (usage).
    pub fn visits(&self, rows: &Asking<'_>) -> Result<Vec<Option<Visit>>> {
        let (per, of) = (texts(&self.per.values(rows)?)?, texts(&self.of.values(rows)?)?);
        let adds = self.sum.as_ref().map(|sum| sum.values(rows)).transpose()?;
        let adds = adds.as_ref().and_then(|a| a.as_primitive_opt::<Int64Type>());
        let add = |at: usize| adds.filter(|a| a.is_valid(at)).map_or(0, |a| a.value(at));
        let text = |array: &ArrayRef, at: usize| {
            let array = array.as_string_opt::<i32>().filter(|a| a.is_valid(at))?;
            Some(id_hash(array.value(at)))
        };
        let visit = |at: usize| Some(Visit { per: text(&per, at)?, of: text(&of, at)?, adds: add(at) });
        Ok((0..rows.asked.len()).map(visit).collect())
    }
}

fn texts(values: &ArrayRef) -> Result<ArrayRef> {
    cast(values, &DataType::Utf8).map_err(|e| Error::bug(e.to_string()))
}

/// A thing within its span: its first event, and what all of them add up to.
#[derive(Clone, Copy)]
struct Seen {
    row: u32,
    sum: i128,
}

/// The rows that the order rules of the policies pay.
#[must_use]
pub fn chosen(known: &Known<'_>, classes: &Classes, linked: &Linked) -> FxHashSet<u32> {
    type Span = (u16, u128, i32);
    let mut spans: BTreeMap<Span, BTreeMap<u128, Seen>> = BTreeMap::new();
    let asked = known.policies.programs.iter().any(|program| program.first.is_some());
    let rated = if asked { linked.rated.as_slice() } else { &[] };
    let units = rated.iter().flatten().map(|row| linked.unit(known, *row));
    for unit in units.filter(|unit| unit.pays > 0) {
        let Match::Program(program) = classes.get(unit.class).matched else { continue };
        let Some(first) = &known.policies.programs[usize::from(program)].first else { continue };
        let Some(visit) = classes.visit(unit.row) else { continue };
        let span = match first.within {
            Within::Day => unit.day,
            Within::Period => Period::of_day(unit.day).ordinal(),
        };
        let things = spans.entry((program, visit.per, span)).or_default();
        let seen = things.entry(visit.of).or_insert(Seen { row: unit.row, sum: 0 });
        seen.sum += i128::from(visit.adds);
        if known.rows.in_order(unit.row, seen.row).is_lt() {
            seen.row = unit.row;
        }
    }
    let mut rows = FxHashSet::default();
    for ((program, _, _), things) in spans {
        let Some(first) = &known.policies.programs[usize::from(program)].first else { continue };
        let enough = |seen: &Seen| first.having.as_ref().is_none_or(|h| seen.sum >= i128::from(h.at_least));
        let mut things: Vec<u32> = things.into_values().filter(enough).map(|seen| seen.row).collect();
        things.sort_unstable_by(|a, b| known.rows.in_order(*a, *b));
        rows.extend(things.into_iter().take(first.n));
    }
    rows
}
