//! One evaluation: every earning line, knowing what it is given to know.

use std::collections::BTreeMap;
use std::mem::take;
use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::bands;
use super::line::{Channel, ChannelSums, Context, Draft, Finish, finish, pays_each, rounds_events, split_event};
use super::lines::{LinePiece, Lines};
use super::lookup::{Lookup, Memory, Numbered, number_of};
use super::rates::Rates;
use super::release::{Spread, SpreadKey, slice};
use super::share::{base_share, points};
use super::steps::{Deducted, deduct};
use super::tiers::{band_at, marginal, window_of};
use super::trace::Traced;
use super::unit::in_units;
use super::{order, referral};
use crate::cutover::Volume;
use crate::error::{Error, Result};
use crate::facts::{Fact, Known, Retained};
use crate::intake::Names;
use crate::log::Log;
use crate::money::{Currency, Exact, round};
use crate::period::Period;
use crate::policy::{Basis, Pay, Payment, Program, TierMode, Tiers, Unit, Window};
use crate::reference::{Agreement, Share, not_whole};

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
struct Piece {
    lines: LinePiece,
    clearing: Vec<(ClearingKey, Channel)>,
    expense: FxHashMap<GroupKey, i128>,
    spread: FxHashMap<SpreadKey, i128>,
}

/// A running volume: which program, tiers' currency, basis and window it is of.
type VolumeKey = (u32, Currency, Basis, Window, i32);
/// A bonus's running money: program, number of the bonus, earning period.
type BonusKey = (u32, u32, Period);
/// A party's number and share of the creator side.
type PartyShare = (u32, Exact);

/// One worker: a creator after the other, and for each what is running while its facts are rated.
pub(super) struct Worker<'a> {
    pub(super) look: &'a Lookup<'a>,
    memory: Memory<'a>,
    done: Piece,
    clearing: ChannelSums,
    /// Shares of the creator by the rows of the agreement that hold.
    pub(super) shares: Vec<(Vec<usize>, Vec<PartyShare>)>,
    holding: Vec<usize>,
    /// Days on which the creator's agreement holds as a whole, for all programs; and the place of its shares.
    whole: (Range<i32>, usize),
    /// Running, from what was brought over on.
    volumes: Vec<(VolumeKey, Exact)>,
    bonuses: Vec<(BonusKey, Exact)>,
    /// Volumes of whole windows up to the end of each period, for tiers by whole volume.
    totals: Vec<((VolumeKey, Period), Exact)>,
    /// Counts creators; what was noted in an earlier turn is of another creator.
    turn: u64,
    /// Those of the creator, then empty ones of creators before.
    drafts: Vec<Slot>,
    lines: usize,
    /// For use within a function, so that memory is asked for once.
    order: Vec<usize>,
    minors: Vec<i128>,
    deducted: Option<Box<Deducted>>,
    /// What each fact brings, where somebody asks.
    pub(super) trace: Option<Vec<Traced>>,
}

/// A line that is being added up.
struct Slot {
    context: Context,
    program: u16,
    draft: Draft,
}

impl<'a> Worker<'a> {
    pub(super) fn new(look: &'a Lookup<'a>) -> Self {
        Self {
            look,
            memory: Memory::new(look),
            done: Piece::default(),
            clearing: ChannelSums::default(),
            shares: Vec::new(),
            holding: Vec::new(),
            whole: (0..0, 0),
            volumes: Vec::new(),
            bonuses: Vec::new(),
            totals: Vec::new(),
            turn: 0,
            drafts: Vec::new(),
            lines: 0,
            order: Vec::new(),
            minors: Vec::new(),
            deducted: None,
            trace: None,
        }
    }

    /// Rates facts one by one; what each brings.
    pub(super) fn traced(mut self, facts: &mut [Fact<'_>]) -> Result<Vec<Traced>> {
        self.trace = Some(Vec::new());
        for creator in facts.chunk_by_mut(|a, b| a.creator == b.creator) {
            self.creator(creator)?;
        }
        Ok(self.trace.unwrap_or_default())
    }

    /// Rates a piece. Lists that grew while it was rated are used again for the next: what is given is as large as it must be.
    fn rate(&mut self, facts: &mut [Fact<'_>]) -> Result<Piece> {
        for creator in facts.chunk_by_mut(|a, b| a.creator == b.creator) {
            self.creator(creator)?;
        }
        let lines = self.done.lines.take();
        self.memory.forget_numbers();
        let memory = &mut self.memory;
        let key = |((kind, log, channel), sums)| {
            let line = memory.at(kind).line;
            ((line.program, line.currency, line.period, log, channel), sums)
        };
        let clearing = self.clearing.drain().map(key).collect();
        Ok(Piece { lines, clearing, expense: take(&mut self.done.expense), spread: take(&mut self.done.spread) })
    }

    /// Rates a creator's facts in their order; those that add up after the others, program by program, which only look at
    /// their own.
    fn creator(&mut self, facts: &mut [Fact<'_>]) -> Result<()> {
        let Some(creator) = facts.first().map(|fact| fact.creator) else { return Ok(()) };
        let runs = if self.look.adds_up && self.trace.is_none() {
            bands::sort_runs_last(self.look, facts)
        } else {
            order::sort(self.look.known.rows, facts, |_| ());
            facts.len()
        };
        self.shares.clear();
        self.whole = (0..0, 0);
        self.bonuses.clear();
        self.totals.clear();
        self.turn += 1;
        self.lines = 0;
        self.volumes.clear();
        self.carry_over(creator);
        self.add_totals(facts)?;
        let (alone, runs) = facts.split_at(runs);
        alone.iter().try_for_each(|fact| self.add(fact))?;
        runs.chunk_by(|a, b| bands::one_run(self.look, a, b)).try_for_each(|run| self.run(run))?;
        self.finish(creator)
    }

    /// Rates the facts of one program and window: those that add up by stretches that stay in one band.
    fn run(&mut self, facts: &[Fact<'_>]) -> Result<()> {
        let Some(tiers) = self.look.program(facts[0].program).additive else {
            return Err(Error::bug("a run of another program"));
        };
        for stretch in facts.chunk_by(|a, b| bands::adds(a) && bands::adds(b)) {
            if stretch.len() == 1 {
                self.add(&stretch[0])?;
                continue;
            }
            let (mut worths, mut known, mut worth_of) = (Vec::new(), Vec::new(), Vec::new());
            for fact in stretch {
                let context = self.context(fact)?;
                let at = match known.iter().position(|k| *k == context.kind) {
                    Some(at) => at,
                    None => {
                        worths.push(self.worth(context, tiers.currency, "tier")?);
                        known.push(context.kind);
                        known.len() - 1
                    }
                };
                worth_of.push(at);
            }
            let first = self.context(&stretch[0])?.line;
            let key = volume_key(first.program, tiers, first.period);
            let from = find(&self.volumes, &key).cloned().unwrap_or_default();
            let run = bands::Run { facts: stretch, worth_of: &worth_of, worths: &worths };
            run.summed(tiers, &from).iter().try_for_each(|fact| self.add(fact))?;
        }
        Ok(())
    }

    /// What counted before the book's first period, as the system before said: where running volumes begin.
    fn carry_over(&mut self, creator: u32) {
        let Lookup { known, names, .. } = self.look;
        let volume = |v: &Volume| {
            let window = window_of(v.window, known.book.first_period);
            let program = names.find(&v.program)?;
            Some(((program, v.currency, v.basis, v.window, window), Exact::from(v.amount_minor)))
        };
        if !known.volumes.is_empty() {
            self.volumes.extend(known.volumes.of(names.text(creator)).iter().filter_map(volume));
        }
    }

    /// Makes lines of the drafts, in the order of their keys.
    fn finish(&mut self, creator: u32) -> Result<()> {
        self.order.clear();
        self.order.extend(0..self.lines);
        self.order.sort_unstable_by_key(|at| self.drafts[*at].context.line);
        for at in &self.order {
            let Slot { context, program, draft } = &mut self.drafts[*at];
            let (context, line) = (*context, context.line);
            let program = self.look.program(*program);
            draft.book_units(program.program.rounding)?;
            let mut with = Finish {
                look: self.look,
                memory: &mut self.memory,
                program,
                creator,
                context,
                clearing: &mut self.clearing,
                spread: &mut self.done.spread,
                minors: &mut self.minors,
            };
            let side = finish(&mut with, draft, &mut self.done.lines)?;
            let paid = if pays_each(program.program) { side } else { 0 };
            let expense = round(&draft.expense, crate::money::Rounding::HalfEven)? + paid;
            if expense != 0 {
                *self.done.expense.entry((line.program, line.currency, line.period)).or_default() += expense;
            }
        }
        Ok(())
    }

    fn context(&mut self, fact: &Fact<'_>) -> Result<Context> {
        let kind = self.memory.kind_of(fact)?;
        Ok(Context { kind, line: self.memory.at(kind).line })
    }

    /// Minor units of `to` that one minor unit of the line's currency is worth, at the line's own rate.
    fn worth(&mut self, context: Context, to: Currency, why: &str) -> Result<Exact> {
        self.memory.needed(context.kind, to)?.ok_or_else(|| {
            let whose = format!("program {}", self.look.names.text(context.line.program));
            let lacks = self.memory.lacks(context.kind, to, &format!("a {why}"), &whose);
            lacks.next("have the rates delivered, or name another currency in the policy")
        })
    }

    /// Sums the windows of tiers by whole volume, before any share is known.
    fn add_totals(&mut self, facts: &[Fact<'_>]) -> Result<()> {
        let look = self.look;
        let mut deducted = self.deducted.take().unwrap_or_default();
        for fact in facts {
            let program = look.program(fact.program);
            if !program.by_whole {
                continue;
            }
            let context = self.context(fact)?;
            deduct(look.known.rows, program.program, fact, &mut deducted)?;
            for tiers in program.tiers.iter().filter(|t| t.mode == TierMode::Whole) {
                let worth = self.worth(context, tiers.currency, "tier")?;
                let key = volume_key(context.line.program, tiers, context.line.period);
                let volume = &measure(tiers.basis, fact, &deducted) * &worth;
                *entry(&mut self.totals, (key, context.line.period)) += &volume;
            }
        }
        self.deducted = Some(deducted);
        self.totals.sort_unstable_by_key(|(of, _)| *of);
        for window in self.totals.chunk_by_mut(|((a, _), _), ((b, _), _)| a == b) {
            let mut running = find(&self.volumes, &window[0].0.0).cloned().unwrap_or_default();
            for (_, total) in window {
                running += &*total;
                *total = running.clone();
            }
        }
        Ok(())
    }

    fn add(&mut self, fact: &Fact<'_>) -> Result<()> {
        let program = self.look.program(fact.program);
        let context = self.context(fact)?;
        let mut deducted = self.deducted.take().unwrap_or_default();
        deduct(self.look.known.rows, program.program, fact, &mut deducted)?;
        let exact = self.creator_side(program, fact, context, &deducted)?;
        let shares = self.shares_of(fact, program.program)?;
        if self.trace.is_some() {
            self.note(fact, context, &exact, shares)?;
        }
        let worth = match program.unit {
            None => None,
            Some(unit) => Some(self.unit_worth(unit, fact, context)?),
        };
        let place = self.place(context, fact.program);
        let slice = if self.look.spreads {
            let day = self.memory.day(fact.day)?;
            Some(slice(self.look, program.program, fact, &day))
        } else {
            None
        };
        let (draft, shares) = (&mut self.drafts[place].draft, &self.shares[shares].1);
        add_money(draft, fact, &deducted);
        self.deducted = Some(deducted);
        draft.exact += &exact;
        if let Some(worth) = worth {
            for (party, part) in shares {
                slice.inspect(|slice| draft.add_slice(*party, *slice, &(&exact * part)));
            }
            return add_in_units(draft, program.program, &worth, &exact, shares);
        }
        if !rounds_events(program.program) {
            draft.booked += &exact;
            for (party, part) in shares {
                let part = &exact * part;
                slice.inspect(|slice| draft.add_slice(*party, *slice, &part));
                draft.add_part(*party, &part);
            }
            return Ok(());
        }
        let whole = round(&exact, program.program.rounding)?;
        let parts: Vec<Exact> = shares.iter().map(|(_, part)| &Exact::from(whole) * part).collect();
        let (parts, platform) = split_event(program.program, context.line.period, whole, &parts)?;
        draft.booked += Exact::from(whole) - Exact::from(platform);
        for ((party, _), part) in shares.iter().zip(parts) {
            slice.inspect(|slice| draft.add_slice(*party, *slice, &part));
            draft.add_part(*party, &part);
        }
        Ok(())
    }

    /// Where the draft of a line stands.
    fn place(&mut self, context: Context, program: u16) -> usize {
        let kind = self.memory.at(context.kind);
        if kind.place.0 == self.turn {
            return kind.place.1;
        }
        let place = self.lines;
        kind.place = (self.turn, place);
        self.lines += 1;
        match self.drafts.get_mut(place) {
            Some(slot) => {
                (slot.context, slot.program) = (context, program);
                slot.draft.clear();
            }
            None => self.drafts.push(Slot { context, program, draft: Draft::default() }),
        }
        place
    }

    /// Where the shares stand that hold for a fact.
    fn shares_of(&mut self, fact: &Fact<'_>, program: &Program) -> Result<usize> {
        if self.whole.0.contains(&fact.day) {
            return Ok(self.whole.1);
        }
        let agreement = self.look.agreement(fact.creator);
        self.holding.clear();
        agreement.inspect(|agreement| agreement.holding(&program.name, fact.day, &mut self.holding));
        if let Some(place) = self.shares.iter().position(|(holding, _)| *holding == self.holding) {
            return Ok(place);
        }
        let names = self.look.names;
        let shares = match agreement.filter(|_| !self.holding.is_empty()) {
            None => vec![(fact.creator, Exact::ONE)],
            Some(agreement) => {
                let shares = agreement.shares(&self.holding);
                let shares = shares.ok_or_else(|| not_whole(names.text(fact.creator), &program.name, fact.day))?;
                let numbered = |Share { party, part }: Share| Ok((self.look.agreed(party)?, part));
                shares.into_iter().map(numbered).collect::<Result<_>>()?
            }
        };
        self.shares.push((self.holding.clone(), shares));
        let place = self.shares.len() - 1;
        let whole = agreement.map_or(i32::MIN..i32::MAX, Agreement::whole_on);
        if whole.contains(&fact.day) {
            self.whole = (whole, place);
        }
        Ok(place)
    }

    /// The exact creator side: share or bands of the rest, and bonuses.
    fn creator_side(
        &mut self,
        program: &Numbered<'_>,
        fact: &Fact<'_>,
        context: Context,
        deducted: &Deducted,
    ) -> Result<Exact> {
        let share = base_share(program.program, fact);
        let mut side = match &program.program.pay {
            Pay::Tiers(tiers) => self.tiered(tiers, fact, context, deducted)?,
            Pay::Each(payments) => self.paid(program, payments, fact, context)?,
            _ => &deducted.rest * &share,
        };
        for (at, bonus, points) in points(program.program, fact, &share) {
            let extra = &deducted.rest * &points;
            side += &match &bonus.cap {
                None => extra,
                Some(cap) => self.capped(program.bonuses[at], cap.minor, cap.currency, context, &extra)?,
            };
        }
        self.grow_volumes(program, fact, context, deducted, &side)?;
        Ok(side)
    }

    /// What the smallest part of a unit is worth in a fact's currency, on the day that it is earned.
    pub(super) fn unit_worth(&mut self, unit: &Unit, fact: &Fact<'_>, context: Context) -> Result<Exact> {
        let worth = unit.worth_on(fact.day).ok_or_else(|| Error::bug(format!("no rate of the unit {}", unit.name)))?;
        let rate = self.worth(context, unit.currency, "unit")?;
        worth.checked_div(&rate).ok_or_else(|| Error::bug("a rate of zero"))
    }

    /// Fixed money for the fact's events, in event currency.
    fn paid(
        &mut self,
        program: &Numbered<'_>,
        payments: &[Payment],
        fact: &Fact<'_>,
        context: Context,
    ) -> Result<Exact> {
        let Some(payment) = payments.get(usize::from(fact.class.share_case)) else { return Ok(Exact::ZERO) };
        let paid = Exact::from(payment.minor) * Exact::from(fact.pays);
        if payment.currency == Some(fact.currency) || paid.is_zero() {
            return Ok(paid);
        }
        let Some(currency) = payment.currency else {
            let unit = program.unit.ok_or_else(|| Error::bug("a payment in units of nothing"))?;
            return Ok(paid * unit.whole() * self.unit_worth(unit, fact, context)?);
        };
        let worth = self.worth(context, currency, "payment for each event")?;
        paid.checked_div(&worth).ok_or_else(|| Error::bug("a rate of zero"))
    }

    /// What is left of a bonus under its cap for the period: min(total, cap) after, less before.
    fn capped(&mut self, bonus: u32, cap: i64, currency: Currency, context: Context, extra: &Exact) -> Result<Exact> {
        let worth = self.worth(context, currency, "cap")?;
        let running = entry(&mut self.bonuses, (context.line.program, bonus, context.line.period));
        let cap = Exact::from(cap);
        let before = running.clone().min(cap.clone());
        *running += &(extra * &worth);
        if before < cap && *running <= cap {
            return Ok(extra.clone());
        }
        let after = running.clone().min(cap);
        (&after - &before).checked_div(&worth).ok_or_else(|| Error::bug("a rate of zero"))
    }

    fn tiered(&mut self, tiers: &Tiers, fact: &Fact<'_>, context: Context, deducted: &Deducted) -> Result<Exact> {
        let key = volume_key(context.line.program, tiers, context.line.period);
        if tiers.mode == TierMode::Whole {
            let total = find(&self.totals, &(key, context.line.period)).unwrap_or(&Exact::ZERO);
            return Ok(band_at(tiers, total).map_or_else(Exact::default, |b| &deducted.rest * &b.percent));
        }
        let worth = self.worth(context, tiers.currency, "tier")?;
        let from = find(&self.volumes, &key).unwrap_or(&Exact::ZERO);
        Ok(marginal(tiers, from, &deducted.rest, &measure(tiers.basis, fact, deducted), &worth).creator)
    }

    /// Moves the running volumes that any version of the program looks at.
    fn grow_volumes(
        &mut self,
        program: &Numbered<'_>,
        fact: &Fact<'_>,
        context: Context,
        deducted: &Deducted,
        side: &Exact,
    ) -> Result<()> {
        for tiers in program.tiers.iter().filter(|t| t.mode == TierMode::Marginal) {
            let base = if tiers.basis == Basis::Earned { side.clone() } else { measure(tiers.basis, fact, deducted) };
            let volume = &base * &self.worth(context, tiers.currency, "tier")?;
            *entry(&mut self.volumes, volume_key(context.line.program, tiers, context.line.period)) += &volume;
        }
        Ok(())
    }
}

fn volume_key(program: u32, tiers: &Tiers, period: Period) -> VolumeKey {
    (program, tiers.currency, tiers.basis, tiers.window, window_of(tiers.window, period))
}

/// What stands under a key of a short list; the newest entries are asked for most.
fn find<'l, K: PartialEq>(list: &'l [(K, Exact)], key: &K) -> Option<&'l Exact> {
    list.iter().rev().find(|(k, _)| k == key).map(|(_, value)| value)
}

fn entry<K: PartialEq>(list: &mut Vec<(K, Exact)>, key: K) -> &mut Exact {
    let at = list.iter().rposition(|(k, _)| *k == key).unwrap_or_else(|| {
        list.push((key, Exact::ZERO));
        list.len() - 1
    });
    &mut list[at].1
}

/// Adds a fact whose creator side is rounded in a unit: event by event, or all that the line earns at one worth.
fn add_in_units(
    draft: &mut Draft,
    program: &Program,
    worth: &Exact,
    exact: &Exact,
    shares: &[PartyShare],
) -> Result<()> {
    if !rounds_events(program) {
        draft.add_units(worth, exact, shares.iter().map(|(party, part)| (*party, part)));
        return Ok(());
    }
    let whole = in_units(exact, worth, program.rounding)?;
    draft.booked += &whole;
    shares.iter().for_each(|(party, part)| draft.add_part(*party, &(&whole * part)));
    Ok(())
}

/// What a fact counts towards a volume, in event currency.
fn measure(basis: Basis, fact: &Fact<'_>, deducted: &Deducted) -> Exact {
    match basis {
        Basis::Gross => Exact::from(fact.gross),
        Basis::Net | Basis::Earned => deducted.rest.clone(),
    }
}

fn add_money(draft: &mut Draft, fact: &Fact<'_>, deducted: &Deducted) {
    draft.add_channel(fact.log, fact.channel, fact.gross, &deducted.tax, &deducted.fee);
    draft.events += i128::from(fact.events);
    draft.gross += i128::from(fact.gross);
    draft.tax += &deducted.tax;
    draft.fee += &deducted.fee;
    draft.expense += &deducted.expense;
    if draft.steps.len() < deducted.steps.len() {
        draft.steps.resize(deducted.steps.len(), Exact::default());
    }
    for (sum, step) in draft.steps.iter_mut().zip(&deducted.steps) {
        *sum += step;
    }
}
