//! Ordered deductions: what leaves the base before it is shared.

use crate::error::Result;
use crate::facts::Fact;
use crate::money::{Exact, Rounding, round};
use crate::policy::{Kept, Of, Program, RoundAt, Step};

/// The name of the step that fills `channel_fee_minor`.
pub const CHANNEL_FEE: &str = "channel_fee";
/// The name of the step that fills `tax_minor`.
pub const TAX: &str = "tax";

/// A fact after its deductions, exact (whole where the program rounds by event).
#[derive(Clone, Debug)]
pub struct Deducted {
    pub tax: Exact,
    pub fee: Exact,
    /// The other steps' amounts, by their place in the program.
    pub steps: Vec<Exact>,
    /// What is shared.
    pub rest: Exact,
    /// What was kept beyond the base and is the platform's expense.
    pub expense: Exact,
}

/// Takes the program's deductions from a fact.
///
/// # Errors
/// A number beyond i128 (gate).
pub fn deduct(program: &Program, fact: &Fact) -> Result<Deducted> {
    let gross = Exact::from(fact.gross);
    let mut tax = Exact::from(fact.tax);
    let mut fee = Exact::from(fact.fee);
    let mut rest = &gross - &tax;
    let mut after_tax = rest.clone();
    let lists_fee = program.deductions.iter().any(|s| s.name == CHANNEL_FEE);
    let mut steps = vec![Exact::default(); program.deductions.len()];
    for (at, step) in program.deductions.iter().enumerate() {
        let fee_is_stated = step.name == CHANNEL_FEE && fact.fee_stated;
        let tax_is_stated = step.name == TAX && fact.tax_stated;
        if tax_is_stated || (fact.steps & (1 << at) == 0 && !fee_is_stated) {
            continue;
        }
        let base = if step.of == Of::Rest { &rest } else { &after_tax };
        let taken = match step.name.as_str() {
            CHANNEL_FEE if fact.fee_stated => Exact::from(fact.fee),
            CHANNEL_FEE => computed_fee(step, base, fact),
            _ => base * &step.percent,
        };
        let taken = feed_forward(step, taken)?;
        rest = &rest - &taken;
        match step.name.as_str() {
            CHANNEL_FEE => fee = taken,
            TAX => {
                tax = &tax + &taken;
                after_tax = &after_tax - &taken;
            }
            _ => steps[at] = taken,
        }
    }
    let beyond = fact.gross >= 0 && rest.is_negative() && program.kept == Kept::Platform;
    let expense = if beyond { -&rest } else { Exact::default() };
    rest = if beyond { Exact::default() } else { rest };
    debug_assert!(lists_fee || fee == Exact::from(fact.fee));
    by_event(program, Deducted { tax, fee, steps, rest, expense })
}

/// A computed fee: its percent of what remains and of what went back with the fee kept, less what was stated to go back.
fn computed_fee(step: &Step, base: &Exact, fact: &Fact) -> Exact {
    &(&(base + &Exact::from(fact.fee_more)) * &step.percent) - &Exact::from(fact.fee_back)
}

/// A step with a mode is rounded and feeds forward rounded; one without is exact.
fn feed_forward(step: &Step, taken: Exact) -> Result<Exact> {
    match step.round {
        None => Ok(taken),
        Some(mode) => round(&taken, mode).map(Exact::from),
    }
}

/// Where the program rounds by event, every booked amount is whole by event; the rest stays exact.
fn by_event(program: &Program, deducted: Deducted) -> Result<Deducted> {
    if program.round_at == RoundAt::Line {
        return Ok(deducted);
    }
    let whole = |exact: &Exact| round(exact, Rounding::HalfEven).map(Exact::from);
    Ok(Deducted {
        tax: whole(&deducted.tax)?,
        fee: whole(&deducted.fee)?,
        steps: deducted.steps.iter().map(whole).collect::<Result<_>>()?,
        ..deducted
    })
}
