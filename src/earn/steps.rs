//! Ordered deductions: what leaves the base before it is shared.

use crate::error::{Error, Result};
use crate::facts::Fact;
use crate::intake::Rows;
use crate::money::{Exact, Rounding, round};
use crate::policy::{Fills, Kept, Of, Program, RoundAt, Step};

/// A fact after its deductions, exact (whole where the program rounds by event).
#[derive(Clone, Debug, Default)]
pub struct Deducted {
    pub tax: Exact,
    pub fee: Exact,
    /// The other steps' amounts, by their place in the program; those of the last ones are left out where they are 0.
    pub steps: Vec<Exact>,
    /// What is shared.
    pub rest: Exact,
    /// What was kept beyond the base and is the platform's expense.
    pub expense: Exact,
}

/// What is left of a fact while steps are taken from it.
struct Rest<'a> {
    program: &'a Program,
    /// One charge. A reversal that stands alone is negative as a whole; a sum holds no charge that falls short.
    charge: bool,
    left: Exact,
    expense: Exact,
}

impl Rest<'_> {
    /// Takes an amount. What a charge does not hold any more is the platform's expense, unless the program shares it.
    fn take(&mut self, amount: &Exact) {
        self.left -= amount;
        if self.charge && self.left.is_negative() && self.program.kept == Kept::Platform {
            self.expense = &self.expense - &self.left;
            self.left = Exact::ZERO;
        }
    }

    /// What a step's percent is of: of a charge, nothing below zero.
    fn base(&self, amount: &Exact) -> Exact {
        if self.charge { amount.clone().max(Exact::ZERO) } else { amount.clone() }
    }
}

/// Takes the program's deductions from a fact; what `into` held before is written over.
///
/// # Errors
/// A number beyond i128 (gate); a step of fixed money does not name the event's currency (usage).
pub fn deduct(rows: &Rows, program: &Program, fact: &Fact<'_>, into: &mut Deducted) -> Result<()> {
    deduct_watched(rows, program, fact, into, &mut |_, _, _| {})
}

/// [`deduct`], telling of every step that is taken its place, what it is of (none where the log states the amount), and what
/// it takes.
///
/// # Errors
/// As [`deduct`].
pub fn deduct_watched(
    rows: &Rows,
    program: &Program,
    fact: &Fact<'_>,
    into: &mut Deducted,
    watch: &mut impl FnMut(usize, Option<&Exact>, &Exact),
) -> Result<()> {
    let mut rest = Rest {
        program,
        charge: fact.row.is_some() && fact.gross >= 0,
        left: Exact::from(fact.gross),
        expense: Exact::ZERO,
    };
    let (mut tax, mut fee) = (Exact::from(fact.tax), Exact::from(fact.fee));
    rest.take(&tax);
    let mut after_tax = rest.left.clone();
    into.steps.clear();
    for (at, step) in program.deductions.iter().enumerate().filter(|(at, step)| applies(*at, step, fact)) {
        let base = rest.base(if step.of == Of::Rest { &rest.left } else { &after_tax });
        let taken = match step.fills {
            Fills::ChannelFee if fact.fee_stated => Exact::from(fact.fee),
            Fills::ChannelFee => computed_fee(step, &base, fact) + fixed(rows, program, step, fact)?,
            _ => &base * &step.percent + fixed(rows, program, step, fact)?,
        };
        let taken = feed_forward(step, taken)?;
        let stated = step.fills == Fills::ChannelFee && fact.fee_stated;
        watch(at, (!stated).then_some(&base), &taken);
        rest.take(&taken);
        match step.fills {
            Fills::ChannelFee => fee = taken,
            Fills::Tax => {
                tax = &tax + &taken;
                after_tax = &after_tax - &taken;
            }
            Fills::Deductions => {
                into.steps.resize(at, Exact::ZERO);
                into.steps.push(taken);
            }
        }
    }
    (into.tax, into.fee, into.rest, into.expense) = (tax, fee, rest.left, rest.expense);
    if program.round_at == RoundAt::Event { round_all(into) } else { Ok(()) }
}

/// Is the step taken? What a log states is never computed again, and a stated fee is taken whatever its condition says.
fn applies(at: usize, step: &Step, fact: &Fact<'_>) -> bool {
    match step.fills {
        Fills::ChannelFee if fact.fee_stated => true,
        Fills::Tax if fact.tax_stated => false,
        _ => fact.class.steps & (1 << at) != 0,
    }
}

/// A computed fee: its percent of what remains and of what went back with the fee kept, less what was stated to go back.
fn computed_fee(step: &Step, base: &Exact, fact: &Fact<'_>) -> Exact {
    &(&(base + &Exact::from(fact.fee_more)) * &step.percent) - &Exact::from(fact.fee_back)
}

/// The fixed money of a step: taken once of an event that anything is left of (or whose fee was kept), with the sign of
/// what is left; an event without money bears none.
fn fixed(rows: &Rows, program: &Program, step: &Step, fact: &Fact<'_>) -> Result<Exact> {
    let kept = if step.fills == Fills::ChannelFee { fact.fee_more } else { 0 };
    if step.fixed.is_empty() || (fact.gross == 0 && kept == 0) {
        return Ok(Exact::ZERO);
    }
    let Some(minor) = step.fixed.get(&fact.currency) else { return Err(no_fixed(rows, program, step, fact)) };
    Ok(Exact::from(if fact.gross < 0 { -minor } else { *minor }))
}

fn no_fixed(rows: &Rows, program: &Program, step: &Step, fact: &Fact<'_>) -> Error {
    let named = step.fixed.keys().map(|c| c.code()).collect::<Vec<_>>().join(", ");
    let event = fact.row.and_then(|row| rows.text(row, "event_id")).unwrap_or("");
    Error::usage(format!("the step {} names no fixed money in {}", step.name, fact.currency))
        .at(format!("program {} version {}, event {event} of {}", program.name, program.version, fact.log.name()))
        .expected(format!("an amount in {}", fact.currency))
        .found(named)
        .next(format!("add it to `fixed`: {{ {} = \"…\" }}, or limit the step with `when`", fact.currency))
}

/// A step with a mode is rounded and feeds forward rounded; one without is exact.
fn feed_forward(step: &Step, taken: Exact) -> Result<Exact> {
    match step.round {
        None => Ok(taken),
        Some(mode) => round(&taken, mode).map(Exact::from),
    }
}

/// Where the program rounds by event, every booked amount is whole by event; the rest stays exact.
fn round_all(deducted: &mut Deducted) -> Result<()> {
    for exact in [&mut deducted.tax, &mut deducted.fee].into_iter().chain(&mut deducted.steps) {
        *exact = Exact::from(round(exact, Rounding::HalfEven)?);
    }
    Ok(())
}
