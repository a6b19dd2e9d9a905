//! One evaluation: every earning line, knowing what it is given to know.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::line::{Draft, Finish, Line, LineKey, finish, rounds_events, split_event};
use super::order;
use super::rates::Rates;
use super::share::{base_share, points};
use super::steps::{Deducted, deduct};
use super::tiers::{band_at, marginal, window_of};
use crate::cutover::Volume;
use crate::error::{Error, Result};
use crate::facts::{Fact, Known, Retained};
use crate::intake::Names;
use crate::log::Log;
use crate::money::{Currency, Exact, convert, round};
use crate::period::{Period, day_text};
use crate::policy::{Basis, FxDate, Pay, Program, TierMode, Tiers, Window};
use crate::reference::Share;

/// Program, log, channel, currency and earning period of ineligible money.
pub type IneligibleKey = (u32, Log, u32, Currency, Period);

/// What one evaluation says.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    pub lines: BTreeMap<LineKey, Line>,
    /// Gross, tax, fee.
    pub ineligible: BTreeMap<IneligibleKey, [i128; 3]>,
}

/// Rates all facts. `names` holds every creator, party, program and version.
///
/// # Errors
/// A day without terms (usage), a tier without its rate (gate), a number out of range (gate).
pub fn evaluate(
    known: &Known<'_>,
    facts: Vec<Fact<'_>>,
    retained: &[Retained],
    names: &Names,
    rates: &Rates<'_>,
) -> Result<Evaluation> {
    let mut facts = facts;
    facts.par_sort_unstable_by_key(|f| f.creator);
    let groups: Vec<&[Fact<'_>]> = facts.chunk_by(|a, b| a.creator == b.creator).collect();
    let rated: Vec<Result<Vec<(LineKey, Line)>>> =
        groups.into_par_iter().map(|group| Creator::new(known, names, rates, group).rate()).collect();
    let mut evaluation = Evaluation::default();
    for lines in rated {
        evaluation.lines.extend(lines?);
    }
    for r in retained {
        let program = &known.policies.programs[usize::from(r.program)];
        let key = (number(names, &program.name)?, r.log, r.channel, r.currency, r.period);
        let sums = evaluation.ineligible.entry(key).or_default();
        for (sum, value) in sums.iter_mut().zip([r.gross, r.tax, r.fee]) {
            *sum += i128::from(value);
        }
    }
    Ok(evaluation)
}

fn number(names: &Names, text: &str) -> Result<u32> {
    names.find(text).ok_or_else(|| Error::bug(format!("the name {text} has no number")))
}

/// A running volume: which program, tiers' currency, basis and window it is of.
type VolumeKey = (u32, Currency, Basis, Window, i32);
/// A bonus's running money: program, bonus, earning period.
type BonusKey = (u32, String, Period);

/// One creator while facts are rated.
struct Creator<'a> {
    known: &'a Known<'a>,
    names: &'a Names,
    rates: &'a Rates<'a>,
    facts: Vec<Fact<'a>>,
    name: &'a str,
    shares: FxHashMap<(u16, i32), Vec<Share>>,
    /// Running, from what was brought over on.
    volumes: BTreeMap<VolumeKey, Exact>,
    bonuses: BTreeMap<BonusKey, Exact>,
    /// Volumes of whole windows up to the end of each period, for tiers by whole volume.
    totals: BTreeMap<(VolumeKey, Period), Exact>,
    drafts: BTreeMap<LineKey, (u16, FxDate, i32, Draft)>,
}

/// A fact's line, rule of the rate's date, and days that a rate may be old.
#[derive(Clone, Copy)]
struct Context {
    key: LineKey,
    rule: FxDate,
    max_days_back: i32,
}

impl<'a> Creator<'a> {
    fn new(known: &'a Known<'a>, names: &'a Names, rates: &'a Rates<'a>, group: &[Fact<'a>]) -> Self {
        let mut facts = group.to_vec();
        order::sort(known.rows, &mut facts);
        let name = facts.first().map_or("", |f| names.text(f.creator));
        let volumes = carried(known, names, name);
        Self {
            known,
            names,
            rates,
            facts,
            name,
            shares: FxHashMap::default(),
            volumes,
            bonuses: BTreeMap::new(),
            totals: BTreeMap::new(),
            drafts: BTreeMap::new(),
        }
    }

    fn rate(mut self) -> Result<Vec<(LineKey, Line)>> {
        let facts = std::mem::take(&mut self.facts);
        self.add_totals(&facts)?;
        for fact in &facts {
            self.add(fact)?;
        }
        let drafts = std::mem::take(&mut self.drafts);
        let party_name = |party: u32| self.names.text(party).to_owned();
        drafts
            .into_iter()
            .map(|(key, (program, fx_rule, max_days_back, draft))| {
                let program = &self.known.policies.programs[usize::from(program)];
                let with = Finish {
                    known: self.known,
                    program,
                    key,
                    rates: self.rates,
                    fx_rule,
                    max_days_back,
                    party_name: &party_name,
                };
                Ok((key, finish(&with, draft)?))
            })
            .collect()
    }

    fn program(&self, fact: &Fact<'_>) -> &'a Program {
        &self.known.policies.programs[usize::from(fact.program)]
    }

    fn context(&self, fact: &Fact<'_>) -> Result<Context> {
        let program = self.program(fact);
        let period = Period::of_day(fact.day);
        let terms = self.known.policies.terms_on(period.last_day())?;
        let rule = program.fx_date.unwrap_or(terms.fx_date);
        let key = LineKey {
            creator: fact.creator,
            program: number(self.names, &program.name)?,
            version: number(self.names, &program.version)?,
            currency: fact.currency,
            period,
            fx_date: Rates::fx_date(rule, fact.day, self.known.last_day),
        };
        Ok(Context { key, rule, max_days_back: terms.fx_max_days_back })
    }

    /// Minor units of `to` that one minor unit of the line's currency is worth, at the line's own rate.
    fn worth(&self, context: &Context, to: Currency, why: &str) -> Result<Exact> {
        let key = context.key.rate_key(to, context.rule);
        let rate = self.rates.rate(key, context.max_days_back)?.ok_or_else(|| {
            Error::gate(format!("a {why} needs a rate that the table lacks"))
                .at(format!(
                    "program {}, {} to {}, {}",
                    self.names.text(context.key.program),
                    key.from.code(),
                    to.code(),
                    day_text(key.fx_date)
                ))
                .expected(format!("both legs quoted at most {} days before", context.max_days_back))
                .next("have the rates delivered, or name another currency in the policy")
        })?;
        Ok(convert(&Exact::one(), key.from, to, &rate))
    }

    /// Every definition of tiers that versions of this program use.
    fn definitions(&self, program: &Program) -> Vec<&'a Tiers> {
        let mut found: Vec<&Tiers> = Vec::new();
        for other in self.known.policies.programs.iter().filter(|p| p.name == program.name) {
            let Pay::Tiers(tiers) = &other.pay else { continue };
            if !found.iter().any(|t| same_volume(t, tiers)) {
                found.push(tiers);
            }
        }
        found
    }

    /// Sums the windows of tiers by whole volume, before any share is known.
    fn add_totals(&mut self, facts: &[Fact<'_>]) -> Result<()> {
        let mut by_period: BTreeMap<VolumeKey, BTreeMap<Period, Exact>> = BTreeMap::new();
        for fact in facts {
            let program = self.program(fact);
            for tiers in self.definitions(program).into_iter().filter(|t| t.mode == TierMode::Whole) {
                let context = self.context(fact)?;
                let volume = &measure(tiers.basis, fact, &deduct(program, fact)?)
                    * &self.worth(&context, tiers.currency, "tier")?;
                let window = window_of(tiers.window, context.key.period);
                let key = (context.key.program, tiers.currency, tiers.basis, tiers.window, window);
                *by_period.entry(key).or_default().entry(context.key.period).or_default() += &volume;
            }
        }
        for (key, periods) in by_period {
            let mut total = self.volumes.get(&key).cloned().unwrap_or_default();
            for (period, volume) in periods {
                total += &volume;
                self.totals.insert((key, period), total.clone());
            }
        }
        Ok(())
    }

    fn add(&mut self, fact: &Fact<'_>) -> Result<()> {
        let program = self.program(fact);
        let context = self.context(fact)?;
        let deducted = deduct(program, fact)?;
        let exact = self.creator_side(program, fact, &context, &deducted)?;
        let booked = if rounds_events(program) { Exact::from(round(&exact, program.rounding)?) } else { exact.clone() };
        let shares = self.shares_of(fact)?;
        let (parts, booked) = split(program, &context, &booked, &shares)?;
        let parties = shares.iter().map(|s| number(self.names, &s.party)).collect::<Result<Vec<_>>>()?;
        let draft = &mut self
            .drafts
            .entry(context.key)
            .or_insert_with(|| (fact.program, context.rule, context.max_days_back, Draft::default()))
            .3;
        draft.exact += &exact;
        draft.booked += &booked;
        for (party, part) in parties.into_iter().zip(&parts) {
            draft.add_part(party, part);
        }
        add_money(draft, fact, &deducted);
        Ok(())
    }

    fn shares_of(&mut self, fact: &Fact<'_>) -> Result<Vec<Share>> {
        let key = (fact.program, fact.day);
        if let Some(shares) = self.shares.get(&key) {
            return Ok(shares.clone());
        }
        let program = self.program(fact);
        let shares = self.known.references.agreements.on(self.name, &program.name, fact.day)?;
        self.shares.insert(key, shares.clone());
        Ok(shares)
    }

    /// The exact creator side: share or bands of the rest, and bonuses.
    fn creator_side(
        &mut self,
        program: &Program,
        fact: &Fact<'_>,
        context: &Context,
        deducted: &Deducted,
    ) -> Result<Exact> {
        let share = base_share(program, fact);
        let mut side = match &program.pay {
            Pay::Tiers(tiers) => self.tiered(tiers, fact, context, deducted)?,
            _ => &deducted.rest * &share,
        };
        for (_, bonus, points) in points(program, fact, &share) {
            let extra = &deducted.rest * &points;
            side += &match &bonus.cap {
                None => extra,
                Some(cap) => self.capped(&bonus.name, cap.minor, cap.currency, context, &extra)?,
            };
        }
        self.grow_volumes(program, fact, context, deducted, &side)?;
        Ok(side)
    }

    /// What is left of a bonus under its cap for the period: min(total, cap) after, less before.
    fn capped(&mut self, name: &str, cap: i64, currency: Currency, context: &Context, extra: &Exact) -> Result<Exact> {
        let worth = self.worth(context, currency, "cap")?;
        let running = self.bonuses.entry((context.key.program, name.to_owned(), context.key.period)).or_default();
        let cap = Exact::from(cap);
        let before = running.clone().min(cap.clone());
        *running += &(extra * &worth);
        let after = running.clone().min(cap);
        (&after - &before).checked_div(&worth).ok_or_else(|| Error::bug("a rate of zero"))
    }

    fn tiered(&mut self, tiers: &Tiers, fact: &Fact<'_>, context: &Context, deducted: &Deducted) -> Result<Exact> {
        let window = window_of(tiers.window, context.key.period);
        let program = context.key.program;
        if tiers.mode == TierMode::Whole {
            let key = ((program, tiers.currency, tiers.basis, tiers.window, window), context.key.period);
            let total = self.totals.get(&key).cloned().unwrap_or_default();
            return Ok(band_at(tiers, &total).map_or_else(Exact::default, |b| &deducted.rest * &b.percent));
        }
        let worth = self.worth(context, tiers.currency, "tier")?;
        let from = self
            .volumes
            .get(&(program, tiers.currency, tiers.basis, tiers.window, window))
            .cloned()
            .unwrap_or_default();
        Ok(marginal(tiers, &from, &deducted.rest, &measure(tiers.basis, fact, deducted), &worth).creator)
    }

    /// Moves the running volumes that any version of the program looks at.
    fn grow_volumes(
        &mut self,
        program: &Program,
        fact: &Fact<'_>,
        context: &Context,
        deducted: &Deducted,
        side: &Exact,
    ) -> Result<()> {
        for tiers in self.definitions(program).into_iter().filter(|t| t.mode == TierMode::Marginal) {
            let base = if tiers.basis == Basis::Earned { side.clone() } else { measure(tiers.basis, fact, deducted) };
            let volume = &base * &self.worth(context, tiers.currency, "tier")?;
            let window = window_of(tiers.window, context.key.period);
            *self
                .volumes
                .entry((context.key.program, tiers.currency, tiers.basis, tiers.window, window))
                .or_default() += &volume;
        }
        Ok(())
    }
}

/// What counted before the book's first period, as the system before said: where running volumes begin.
fn carried(known: &Known<'_>, names: &Names, creator: &str) -> BTreeMap<VolumeKey, Exact> {
    let volume = |v: &Volume| {
        let window = window_of(v.window, known.book.first_period);
        let program = names.find(&v.program)?;
        Some(((program, v.currency, v.basis, v.window, window), Exact::from(v.amount_minor)))
    };
    known.volumes.of(creator).iter().filter_map(volume).collect()
}

fn same_volume(a: &Tiers, b: &Tiers) -> bool {
    (a.currency, a.basis, a.window, a.mode) == (b.currency, b.basis, b.window, b.mode)
}

/// What a fact counts towards a volume, in event currency.
fn measure(basis: Basis, fact: &Fact<'_>, deducted: &Deducted) -> Exact {
    match basis {
        Basis::Gross => Exact::from(fact.gross),
        Basis::Net | Basis::Earned => deducted.rest.clone(),
    }
}

/// Exact parts; whole ones where the program rounds by event, with tied cents that go to the platform taken off.
fn split(program: &Program, context: &Context, booked: &Exact, shares: &[Share]) -> Result<(Vec<Exact>, Exact)> {
    if !rounds_events(program) {
        return Ok((shares.iter().map(|s| booked * &s.part).collect(), booked.clone()));
    }
    let whole = booked.floor_i128().ok_or_else(|| Error::gate("an amount is beyond i128"))?;
    let (parts, platform) = split_event(program, context.key.period, whole, shares)?;
    Ok((parts, booked - &Exact::from(platform)))
}

fn add_money(draft: &mut Draft, fact: &Fact<'_>, deducted: &Deducted) {
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
    let channel =
        draft.channels.entry((fact.log, fact.channel)).or_insert_with(|| (0, Exact::default(), Exact::default()));
    channel.0 += i128::from(fact.gross);
    channel.1 += &deducted.tax;
    channel.2 += &deducted.fee;
}
