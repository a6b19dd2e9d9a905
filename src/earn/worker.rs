//! A worker: a creator's facts one after the other, and what runs while they are rated.

use std::mem::take;
use std::ops::Range;

use super::line::{ChannelSums, Context, Draft, Finish, finish, pays_each, rounds_events};
use super::lookup::{Lookup, Memory};
use super::rate::Piece;
use super::release::slice;
use super::side::{BonusKey, VolumeKey, find, volume_key};
use super::steps::{Deducted, deduct};
use super::tiers::window_of;
use super::trace::Traced;
use super::unit::in_units;
use super::{bands, order};
use crate::cutover::Volume;
use crate::error::{Error, Result};
use crate::facts::Fact;
use crate::money::{Allocation, Exact, Rounding, allocate, round};
use crate::period::Period;
use crate::policy::Program;
use crate::reference::{Agreement, Share, not_whole};

/// A party's number and share of the creator side.
pub(super) type PartyShare = (u32, Exact);

/// One worker: a creator after the other, and for each what is running while its facts are rated.
pub(super) struct Worker<'a> {
    pub(super) look: &'a Lookup<'a>,
    pub(super) memory: Memory<'a>,
    done: Piece,
    clearing: ChannelSums,
    /// Shares of the creator by the rows of the agreement that hold.
    pub(super) shares: Vec<(Vec<usize>, Vec<PartyShare>)>,
    holding: Vec<usize>,
    /// Days on which the creator's agreement holds as a whole, for all programs; and the place of its shares.
    whole: (Range<i32>, usize),
    /// Running, from what was brought over on.
    pub(super) volumes: Vec<(VolumeKey, Exact)>,
    pub(super) bonuses: Vec<(BonusKey, Exact)>,
    /// Volumes of whole windows up to the end of each period, for tiers by whole volume.
    pub(super) totals: Vec<((VolumeKey, Period), Exact)>,
    /// Counts creators; what was noted in an earlier turn is of another creator.
    turn: u64,
    /// Those of the creator, then empty ones of creators before.
    drafts: Vec<Slot>,
    lines: usize,
    /// For use within a function, so that memory is asked for once.
    order: Vec<usize>,
    minors: Vec<i128>,
    pub(super) deducted: Option<Box<Deducted>>,
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
    pub(super) fn rate(&mut self, facts: &mut [Fact<'_>]) -> Result<Piece> {
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
            let expense = round(&draft.expense, Rounding::HalfEven)? + paid;
            if expense != 0 {
                *self.done.expense.entry((line.program, line.currency, line.period)).or_default() += expense;
            }
        }
        Ok(())
    }

    pub(super) fn context(&mut self, fact: &Fact<'_>) -> Result<Context> {
        let kind = self.memory.kind_of(fact)?;
        Ok(Context { kind, line: self.memory.at(kind).line })
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
        // What is rounded in a unit is held in the ratio of what was earned, not of whole units.
        let slices_are_exact = worth.is_some();
        if slices_are_exact {
            for (party, part) in shares {
                slice.inspect(|slice| draft.add_slice(*party, *slice, &(&exact * part)));
            }
        }
        if rounds_events(program.program) {
            let (creator, parts) = of_event(program.program, context.line.period, worth.as_ref(), &exact, shares)?;
            draft.booked += &creator;
            for ((party, _), part) in shares.iter().zip(&parts) {
                slice.filter(|_| !slices_are_exact).inspect(|slice| draft.add_slice(*party, *slice, part));
                draft.add_part(*party, part);
            }
            return Ok(());
        }
        if let Some(worth) = worth {
            draft.add_units(&worth, &exact, shares.iter().map(|(party, part)| (*party, part)));
            return Ok(());
        }
        draft.booked += &exact;
        for (party, part) in shares {
            let part = &exact * part;
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
}

/// What an event brings where the program rounds each: the creator side, and the parties' parts of it in their order.
/// `worth` is that of the unit it is rounded in, where there is one.
///
/// # Errors
/// A number beyond i128 (gate).
pub(super) fn of_event(
    program: &Program,
    period: Period,
    worth: Option<&Exact>,
    exact: &Exact,
    shares: &[PartyShare],
) -> Result<(Exact, Vec<Exact>)> {
    if let Some(worth) = worth {
        let whole = in_units(exact, worth, program.rounding)?;
        let parts = shares.iter().map(|(_, part)| &whole * part).collect();
        return Ok((whole, parts));
    }
    let whole = round(exact, program.rounding)?;
    let parts: Vec<Exact> = shares.iter().map(|(_, part)| &Exact::from(whole) * part).collect();
    let Allocation { minors, platform } = allocate(whole, &parts, program.odd_cents, period.ordinal())?;
    Ok((Exact::from(whole - platform), minors.into_iter().map(Exact::from).collect()))
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
