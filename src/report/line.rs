//! A row of `earnings` and the program that made it: what explanations and events of a line have in common.

use crate::ledger::Earning;
use crate::money::{Currency, Exact, major_grouped, major_of};
use crate::policy::{Policies, Program, Step};

/// The version of a program that a row names, as far as the policies still have it.
#[must_use]
pub fn program_of<'p>(policies: &'p Policies, name: &str, version: &str) -> Option<&'p Program> {
    policies.programs.iter().find(|p| p.name == name && p.version == version)
}

/// A line and its program.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub row: &'a Earning,
    pub program: Option<&'a Program>,
}

impl<'a> Line<'a> {
    #[must_use]
    pub fn of(policies: &'a Policies, row: &'a Earning) -> Self {
        Self { row, program: program_of(policies, &row.program, &row.policy_version) }
    }

    /// The program's deductions, in its order.
    #[must_use]
    pub fn deductions(&self) -> &'a [Step] {
        self.program.map_or(&[], |program| &program.deductions)
    }

    /// Whether the program has a step of this name.
    #[must_use]
    pub fn is_listed(&self, name: &str) -> bool {
        self.deductions().iter().any(|step| step.name == name)
    }

    /// What a step takes of each event beside its percent, in minor units of the line's currency.
    #[must_use]
    pub fn fixed(&self, step: &Step) -> Option<i64> {
        let ours = step.fixed.iter().find(|(currency, _)| currency.code() == self.row.currency);
        ours.map(|(_, minor)| *minor)
    }

    /// Minor units in major ones.
    #[must_use]
    pub fn amount(&self, minor: i64) -> String {
        major_of(minor, &self.row.currency)
    }

    /// Exact minor units in major ones: `2.45`, `2.4535`, or `2.45 1/3` where a third of a minor unit is left, which no decimal
    /// holds.
    #[must_use]
    pub fn exact_amount(&self, minor: &Exact) -> String {
        let Some(currency) = Currency::parse(&self.row.currency) else { return minor.to_string() };
        let part = minor.abs().fraction();
        let whole = (minor.abs() - part.clone()).floor_i128().and_then(|whole| i64::try_from(whole).ok());
        let Some(whole) = whole else { return minor.to_string() };
        let sign = if minor.is_negative() { "-" } else { "" };
        if part.is_zero() {
            return format!("{sign}{}", major_grouped(whole, currency));
        }
        let major = minor.checked_div(&Exact::from_int(10_i128.pow(currency.digits()))).unwrap_or_default();
        major.to_decimal().unwrap_or_else(|| format!("{sign}{} {part}", major_grouped(whole, currency)))
    }
}
