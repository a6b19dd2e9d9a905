//! Which case of withholding holds for whom: conditions of the terms over the parties of a day.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::error::{Error, Result};
use crate::facts::lint_terms;
use crate::policy::{Finding, Policies, Terms};
use crate::query::{Engine, Expression, Failed};
use crate::reference::{Parties, Party};

/// What a case of withholding may ask of a party, all text.
const COLUMNS: [&str; 6] = ["party_id", "kind", "payout_currency", "country", "tax_form", "status"];

fn schema() -> SchemaRef {
    let fields: Vec<Field> = COLUMNS.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    Arc::new(Schema::new(fields))
}

/// Plans the conditions of one version of the terms; none where a case has none.
fn plan(engine: Engine, policies: &Policies, terms: &Terms) -> Result<Vec<Option<Expression>>> {
    let schema = schema();
    let case = |case: &crate::policy::Withholding| {
        let Some(sql) = &case.when else { return Ok(None) };
        let planned = Expression::condition(engine, &sql.text, &schema);
        planned.map(Some).map_err(|m| {
            policies.sql_error(sql, &m).expected(format!("SQL over a party's columns: {}", COLUMNS.join(", ")))
        })
    };
    terms.withholding.iter().map(case).collect()
}

/// Plans every condition that terms ask of parties.
///
/// # Errors
/// The first that does not plan, with a caret under it (usage).
pub fn check_terms(engine: Engine, policies: &Policies) -> Result<()> {
    policies.terms.iter().try_for_each(|terms| plan(engine, policies, terms).map(drop))
}

/// Every finding in what terms ask of parties.
#[must_use]
pub fn lint_paperwork(engine: Engine, policies: &Policies) -> Vec<Finding> {
    lint_terms(engine, policies, &schema())
}

/// By party, the first case of each tax that holds for it on a day, in the order of taxes; nobody where the terms withhold
/// nothing.
///
/// # Errors
/// A condition does not plan, or fails on a party (usage).
pub fn cases(
    engine: Engine,
    policies: &Policies,
    terms: &Terms,
    parties: &Parties,
    day: i32,
) -> Result<BTreeMap<String, Vec<usize>>> {
    if terms.withholding.is_empty() {
        return Ok(BTreeMap::new());
    }
    let known: Vec<(&str, &Party)> = parties.ids().filter_map(|id| Some((id, parties.on(id, day)?))).collect();
    let batch = batch(&known)?;
    let mut holds = Vec::new();
    for (at, condition) in plan(engine, policies, terms)?.iter().enumerate() {
        let refused = |failed: Failed| {
            let party = known.get(failed.row).map_or("", |(id, _)| id);
            let case = &terms.withholding[at];
            let place = case.when.as_ref().and_then(|sql| policies.drawn(sql)).unwrap_or_default();
            let what = format!("the case {} of withholding fails on a party: {}", case.name, failed.message);
            let next = "nothing was published; guard it with `case when … then … end`, then run again";
            Error::usage(what).at(format!("{}; party {party}", place.0)).picture(place.1).next(next)
        };
        let asked = condition.as_ref().map(|c| c.holds_where(&batch, &|_| true).map_err(refused));
        holds.push(asked.transpose()?);
    }
    let taxes = terms.taxes();
    let of_row = |row: usize| {
        let counts = |at: &&usize| holds[**at].as_ref().is_none_or(|holds: &Vec<bool>| holds[row]);
        taxes.iter().filter_map(|(_, cases)| cases.iter().find(counts).copied()).collect::<Vec<_>>()
    };
    let cases = known.iter().enumerate().map(|(row, (party, _))| ((*party).to_owned(), of_row(row)));
    Ok(cases.filter(|(_, cases)| !cases.is_empty()).collect())
}

fn batch(known: &[(&str, &Party)]) -> Result<RecordBatch> {
    let column =
        |of: fn(&(&str, &Party)) -> Option<String>| Arc::new(known.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let columns = vec![
        column(|(id, _)| Some((*id).to_owned())),
        column(|(_, p)| p.kind.clone()),
        column(|(_, p)| Some(p.payout_currency.code().to_owned())),
        column(|(_, p)| p.country.clone()),
        column(|(_, p)| p.tax_form.clone()),
        column(|(_, p)| p.status.clone()),
    ];
    RecordBatch::try_new(schema(), columns).map_err(|e| Error::bug(e.to_string()))
}
