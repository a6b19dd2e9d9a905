//! One evaluation: every earning line, knowing what it is given to know.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::line::Channel;
use super::lines::{LinePiece, Lines};
use super::lookup::{Lookup, number_of};
use super::rates::Rates;
use super::referral;
use super::release::{Spread, SpreadKey};
use super::worker::Worker;
use crate::error::Result;
use crate::facts::{Fact, Known, Retained};
use crate::intake::Names;
use crate::log::Log;
use crate::money::Currency;
use crate::period::Period;

/// Program, log, channel, currency and earning period of ineligible money.
pub type IneligibleKey = (u32, Log, u32, Currency, Period);
/// Program, currency and earning period.
pub type GroupKey = (u32, Currency, Period);
/// A group's money by log and channel.
pub type ClearingKey = (u32, Currency, Period, Log, u32);

/// What one evaluation says.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    pub lines: Lines,
    /// Gross, tax, fee.
    pub ineligible: BTreeMap<IneligibleKey, [i128; 3]>,
    pub clearing: BTreeMap<ClearingKey, Channel>,
    /// What the platform bears beyond its share.
    pub expense: BTreeMap<GroupKey, i128>,
    /// What is held until when, and what payers of which countries brought.
    pub spread: Spread,
}

/// Puts the facts of a piece, by number, into an empty list.
pub type FactsOf<'o, 'f> = &'o (dyn Fn(usize, &mut Vec<Fact<'f>>) -> Result<()> + Sync);

/// Rates all facts. `facts_of` gives those of each of so many pieces, creator after creator, all of one creator in one
/// piece; `names` holds every creator, party, program, version and deduction.
///
/// # Errors
/// A day without terms (usage), a tier without its rate (gate), a number out of range (gate).
pub fn evaluate<'f>(
    known: &Known<'_>,
    pieces: usize,
    facts_of: FactsOf<'_, 'f>,
    retained: &[Retained],
    names: &Names,
    rates: &Rates<'_>,
) -> Result<Evaluation> {
    let look = Lookup::new(known, names, rates)?;
    let rated: Vec<Result<Piece>> = (0..pieces)
        .into_par_iter()
        .map_init(|| (Worker::new(&look), Vec::new()), |at_work, piece| rate_piece(at_work, facts_of, piece))
        .collect();
    let mut evaluation = Evaluation::default();
    for piece in rated {
        let piece = piece?;
        evaluation.lines.push(piece.lines);
        for (key, sums) in piece.clearing {
            let total = evaluation.clearing.entry(key).or_default();
            total.gross += sums.gross;
            total.tax += sums.tax;
            total.fee += sums.fee;
            total.pool += sums.pool;
        }
        for (key, expense) in piece.expense {
            *evaluation.expense.entry(key).or_default() += expense;
        }
        for (key, minor) in piece.spread {
            *evaluation.spread.entry(key).or_default() += minor;
        }
    }
    add_referrals(&look, &mut evaluation)?;
    for r in retained {
        let program = &known.policies.programs[usize::from(r.program)];
        let key = (number_of(names, &program.name)?, r.log, r.channel, r.currency, r.period);
        let sums = evaluation.ineligible.entry(key).or_default();
        for (sum, value) in sums.iter_mut().zip([r.gross, r.tax, r.fee]) {
            *sum += i128::from(value);
        }
    }
    Ok(evaluation)
}

/// Rates a piece by a worker that has rated others, in their list.
fn rate_piece<'f>(
    (worker, facts): &mut (Worker<'_>, Vec<Fact<'f>>),
    facts_of: FactsOf<'_, 'f>,
    piece: usize,
) -> Result<Piece> {
    facts.clear();
    let rated = facts_of(piece, facts).and_then(|()| worker.rate(facts));
    // A worker that failed may stand halfway; its memory is not worth keeping.
    rated.inspect_err(|_| *worker = Worker::new(worker.look))
}

/// What the platform pays for creators that were brought.
fn add_referrals(look: &Lookup<'_>, evaluation: &mut Evaluation) -> Result<()> {
    let lines = referral::lines(look, &evaluation.lines)?;
    for (key, line, _) in &lines {
        let paid = evaluation.expense.entry((key.program, key.currency, key.period)).or_default();
        *paid += i128::from(line.creator);
    }
    if !lines.is_empty() {
        evaluation.lines = evaluation.lines.with(lines)?;
    }
    Ok(())
}

/// What a worker says of its facts.
#[derive(Default)]
pub(super) struct Piece {
    pub lines: LinePiece,
    pub clearing: Vec<(ClearingKey, Channel)>,
    pub expense: FxHashMap<GroupKey, i128>,
    pub spread: FxHashMap<SpreadKey, i128>,
}
