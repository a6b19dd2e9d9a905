//! Several taxes at once: together they withhold at most everything.

use super::model::{TaxOf, Withholding};
use super::pay::percent_text;
use super::source::{Faults, Table};
use crate::money::Exact;

/// An error where it is certain that cases hold together and take more than the whole; a warning where it may be so.
pub fn check(table: &Table<'_>, cases: &[Withholding], faults: &mut Faults) {
    let Some(at) = table.get("withholding") else { return };
    let taxes = by_tax(cases);
    let help = "lower them, let one be of = \"rest\", or tell them apart by `when` or `payers`";
    if let Some(sum) = most(cases, |payer| sure(&taxes, payer)).filter(|sum| *sum > Exact::ONE) {
        let message = format!("the taxes withhold {} of what is earned: more than the whole", percent_text(&sum));
        faults.error(at.place, message, help);
    } else if let Some(sum) = most(cases, |payer| highest(&taxes, payer)).filter(|sum| *sum > Exact::ONE) {
        let message = format!(
            "where their highest cases hold together, the taxes withhold more than the whole: {}",
            percent_text(&sum)
        );
        faults.warning(at.place, message, help);
    }
}

/// The cases of each tax, in the order in which taxes first stand.
fn by_tax(cases: &[Withholding]) -> Vec<Vec<&Withholding>> {
    let mut taxes: Vec<Vec<&Withholding>> = Vec::new();
    for case in cases {
        match taxes.iter_mut().find(|tax| tax[0].tax == case.tax) {
            Some(tax) => tax.push(case),
            None => taxes.push(vec![case]),
        }
    }
    taxes
}

/// The most that is taken of what payers of one country brought; payers of no country that is named are one, too.
fn most(cases: &[Withholding], taken: impl Fn(&str) -> Exact) -> Option<Exact> {
    let named = cases.iter().flat_map(|case| &case.payers).map(String::as_str);
    named.chain([""]).map(taken).max()
}

/// What a case takes of the base of a country's payers, and of what others left.
fn part(case: &Withholding, payer: &str) -> (Exact, TaxOf) {
    let covered = case.payers.is_empty() || case.payers.iter().any(|p| p == payer);
    (if covered { case.percent.clone() } else { Exact::ZERO }, case.of)
}

/// What is taken in all, tax by tax.
fn taken(parts: impl Iterator<Item = (Exact, TaxOf)>) -> Exact {
    parts.fold(Exact::ZERO, |taken, (percent, of)| {
        let left = &Exact::ONE - &taken;
        let base = if of == TaxOf::Base || left.is_negative() { Exact::ONE } else { left };
        &taken + &(&base * &percent)
    })
}

/// The highest case of every tax.
fn highest(taxes: &[Vec<&Withholding>], payer: &str) -> Exact {
    let most = |tax: &Vec<&Withholding>| tax.iter().map(|case| part(case, payer)).max_by(|a, b| a.0.cmp(&b.0));
    taken(taxes.iter().filter_map(most))
}

/// What is taken of somebody for whom one condition holds that comes first in its tax: of each tax the case of that
/// condition, or the lowest, where the tax has a case for everybody.
fn sure(taxes: &[Vec<&Withholding>], payer: &str) -> Exact {
    let form = |case: &Withholding| case.when.as_ref().map(|sql| super::pins::sql(Some(sql)));
    let one = |tax: &Vec<&Withholding>, held: &Option<Option<String>>| {
        if form(tax[0]) == *held {
            return Some(part(tax[0], payer));
        }
        let always = tax.last().is_some_and(|case| case.when.is_none());
        let least = tax.iter().map(|case| part(case, payer)).min_by(|a, b| a.0.cmp(&b.0));
        least.filter(|_| always)
    };
    let all = taxes.iter().map(|tax| form(tax[0])).map(|held| taken(taxes.iter().filter_map(|tax| one(tax, &held))));
    all.max().unwrap_or(Exact::ZERO)
}
