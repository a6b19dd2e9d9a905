//! Books one period: evaluates it stage by stage, takes differences, settles.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::control;
use super::difference::{Difference, Snapshot, current, difference};
use super::journal::Books;
use super::known::known;
use super::lists;
use super::paperwork::cases;
use super::pins::{pinned_rates, pins_of};
use super::prepare::Prepared;
use super::state::{booked_snapshot, knowledge, names_of};
use crate::earn::{LinePart, LineView, RateKey, Rates, Release, UsedRate, evaluate};
use crate::error::{Error, Result};
use crate::facts::{Classes, Known, Measures, Pieces, classify, link, measure, retained};
use crate::fate::Fate;
use crate::intake::{Knowledge, Names, Stage, Standing, Stood, complete, stand};
use crate::ledger::{
    Account, Amounts, DeductionView, EarningHead, Earnings, Journal, OpeningBalance, PartView, Pins, State, Tables,
};
use crate::log::{Effect, Log};
use crate::money::{Currency, Exact};
use crate::period::Period;
use crate::policy::Policies;
use crate::reference::References;
use crate::settle::{Carried, Given as Settling, Inputs, Settled, settle};

/// A period's tables, and what gates and manifests need beside them.
pub struct Booked {
    pub tables: Tables,
    pub pins: Pins,
    /// Rates read from the table by this run, for the guards.
    pub used: BTreeMap<RateKey, UsedRate>,
    /// Fate of every row read.
    pub fates: Vec<Fate>,
    /// What reference corrections moved of closed periods, and what those had booked, by currency.
    pub reference_moves: BTreeMap<Currency, (i128, i128)>,
}

/// Books `period` on top of `state`; events from `end` (nanoseconds) on are later, `last_day` is the last day taken.
///
/// # Errors
/// Whatever policies, references, rates or amounts stand in the way.
pub fn book_period(input: &Prepared, state: &State, period: Period, end: i64, last_day: i32) -> Result<Booked> {
    let mut ground = Ground::of(input, state, period, end, last_day)?;
    complete(&input.rows, &ground.standing.fates, &input.expected, period, last_day)?;
    let rated = ground.run().rate()?;
    // Tables ask for the rows that stand no more: their memory goes to what is written.
    ground.standing.rows = Vec::new();
    let fates = all_fates(std::mem::take(&mut ground.standing.fates), &rated.last.fates);
    ground.run().tables(fates, rated)
}

/// All evaluations of a period, and what they differ by.
struct Rated {
    /// What closed periods booked, and every evaluation but the last.
    stages: Vec<(&'static str, Snapshot)>,
    last: Snapshot,
    differences: Vec<Difference>,
    pinned: BTreeMap<RateKey, UsedRate>,
    used: BTreeMap<RateKey, UsedRate>,
}

/// The fate of every row: the one that intake gave, or that an evaluation gave a standing row, or rated.
pub(super) fn all_fates(fates: Vec<Option<Fate>>, of_standing: &[(u32, Fate)]) -> Vec<Fate> {
    let mut fates: Vec<Fate> = fates.into_iter().map(|fate| fate.unwrap_or(Fate::Rated)).collect();
    for (row, fate) in of_standing {
        fates[*row as usize] = *fate;
    }
    fates
}

/// What a period stands on: worked out before anything is rated.
pub(super) struct Ground<'a> {
    input: &'a Prepared,
    state: Cow<'a, State>,
    opening: &'a [OpeningBalance],
    period: Period,
    last_day: i32,
    names: Names,
    knowledge: Knowledge,
    pub(super) standing: Standing,
}

impl<'a> Ground<'a> {
    /// # Errors
    /// As [`book_period`].
    pub(super) fn of(input: &'a Prepared, state: &'a State, period: Period, end: i64, last_day: i32) -> Result<Self> {
        let is_first = state.period().is_none();
        let opening = if is_first { input.cutover.balances.as_slice() } else { &[] };
        let state = if is_first { Cow::Owned(state.opened_with(opening)?) } else { Cow::Borrowed(state) };
        let names = names_of(input, &state);
        let knowledge = knowledge(input, &state)?;
        let standing = stand(&input.rows, &knowledge, &input.decided, end)?;
        Ok(Self { input, state, opening, period, last_day, names, knowledge, standing })
    }

    pub(super) fn run(&self) -> Run<'_> {
        Run {
            input: self.input,
            state: &self.state,
            opening: self.opening,
            period: self.period,
            last_day: self.last_day,
            names: &self.names,
            standing: &self.standing,
            knowledge: &self.knowledge,
            pools_look_back: super::pools::look_back(&self.input.policies),
        }
    }
}

/// A period that is being booked, and what it stands on.
pub(super) struct Run<'a> {
    pub(super) input: &'a Prepared,
    pub(super) state: &'a State,
    /// What the system before handed over, in the book's first period.
    pub(super) opening: &'a [OpeningBalance],
    pub(super) period: Period,
    pub(super) last_day: i32,
    pub(super) names: &'a Names,
    pub(super) standing: &'a Standing,
    pub(super) knowledge: &'a Knowledge,
    /// Does usage of this month count for pools of earlier ones?
    pub(super) pools_look_back: bool,
}

/// What one evaluation is given.
pub(super) struct Given<'a> {
    pub(super) policies: &'a Policies,
    pub(super) references: &'a References,
    pub(super) until: Stage,
    pub(super) reads_for_closed: bool,
}

/// Conditions of an evaluation, kept for the next where nothing that they look at differs.
pub(super) struct Kept {
    pub(super) measures: Measures,
    pub(super) classes: Classes,
    policies: String,
    references: usize,
    /// Measured rows that stand, and what measures count otherwise.
    measured: (usize, Vec<Stood>),
}

impl<'a> Run<'a> {
    fn rate(&self) -> Result<Rated> {
        let mut stages = vec![("", booked_snapshot(self.state, self.names)?)];
        let mut used = BTreeMap::new();
        let mut kept = None;
        let pinned = pinned_rates(self.state)?;
        for (cause, given) in self.given() {
            let snapshot = self.evaluate(&given, &pinned, &mut used, &mut kept)?;
            stages.push((cause, snapshot));
        }
        drop(kept);
        let period = self.period;
        let mut differences: Vec<Difference> = Vec::new();
        for pair in stages.windows(2) {
            differences.push(difference(pair[1].0, &pair[0].1, &pair[1].1, |q| q < period)?);
        }
        let Some((_, mut last)) = stages.pop() else { return Err(Error::bug("no evaluation")) };
        differences.push(current(&mut last, period)?);
        Ok(Rated { stages, last, differences, pinned, used })
    }

    /// The evaluations that this run needs, in the order of causes; the last one knows all.
    pub(super) fn given(&self) -> Vec<(&'static str, Given<'a>)> {
        let input = self.input;
        // A run that stands in for a close has gone by this run's policies and references.
        let closed = input.pinned.as_ref().filter(|closed| self.state.period() == Some(closed.period));
        let (policies, references) = (&input.policies, &input.references);
        let given = |policies, references, until, reads| Given { policies, references, until, reads_for_closed: reads };
        let mut list = Vec::new();
        if self.state.period().is_some() {
            let (then_policies, then_references) =
                closed.map_or((policies, references), |c| (&c.policies, &c.references));
            list.push(("program_version", given(then_policies, then_references, Stage::Known, false)));
            if closed.is_some_and(|c| c.policies_changed) {
                list.push(("policy_correction", given(policies, then_references, Stage::Known, false)));
            }
            if closed.is_some_and(|c| c.references_changed) {
                list.push(("reference_correction", given(policies, references, Stage::Known, false)));
            }
            if self.state.lacks_rates() {
                list.push(("fx_correction", given(policies, references, Stage::Known, true)));
            }
        }
        for (cause, until) in
            [("released", Stage::Released), ("late_event", Stage::Late), ("reversal", Stage::Reversal)]
        {
            let enters = || self.standing.rows.iter().any(|(row, stage)| *stage == until && self.may_move_closed(*row));
            if until == Stage::Reversal || enters() || self.standing.memory.leaves_at(until) {
                list.push((cause, given(policies, references, until, true)));
            }
        }
        list
    }

    /// May a row that is learned now change what an earlier period is entitled to? A charge of this period can't: measures,
    /// bands and caps look at what came before, or at their own period. A cause that moves nothing needs no evaluation
    /// of its own.
    fn may_move_closed(&self, row: u32) -> bool {
        let rows = &self.input.rows;
        let looks_back = rows.records[row as usize].log == Log::Engagement && self.pools_look_back;
        looks_back || rows.records[row as usize].day < self.period.first_day() || rows.effect(row).takes_back()
    }

    fn evaluate(
        &self,
        given: &Given<'_>,
        pinned: &BTreeMap<RateKey, UsedRate>,
        used: &mut BTreeMap<RateKey, UsedRate>,
        kept: &mut Option<Kept>,
    ) -> Result<Snapshot> {
        let (rows, stood) = self.rows_until(given.until);
        let known = self.known(given, &rows, &stood);
        let kept = self.conditions(&known, given, kept)?;
        let mut linked = link(&known, &kept.classes)?;
        let rates = Rates::new(&given.references.fx, pinned, self.state.period(), given.reads_for_closed);
        let pooled = super::pools::divide(&known, &kept.measures, &kept.classes, &mut linked, self.names)?;
        let pieces = Pieces::of(&known, &kept.classes, &linked, pooled.facts);
        let facts = |piece: usize, into: &mut Vec<_>| pieces.facts(piece, into);
        let retained = retained(&known, &linked)?;
        let mut snapshot = Snapshot::of(evaluate(&known, pieces.len(), &facts, &retained, self.names, &rates)?);
        used.extend(rates.used());
        snapshot.pools = pooled.money;
        self.add_adjustments(&mut snapshot, &rows, &linked.fates);
        snapshot.fates = linked.fates;
        snapshot.charge_of = linked.charge_of;
        Ok(snapshot)
    }

    /// The standing rows that a stage knows, and those that measures count otherwise.
    pub(super) fn rows_until(&self, until: Stage) -> (Cow<'a, [(u32, Stage)]>, Vec<Stood>) {
        let all = &self.standing.rows;
        let rows = match until {
            Stage::Reversal => Cow::Borrowed(all.as_slice()),
            until => Cow::Owned(all.iter().filter(|(_, s)| *s <= until).copied().collect()),
        };
        (rows, self.standing.memory.at(until, self.knowledge))
    }

    pub(super) fn known<'k>(&'k self, given: &Given<'k>, rows: &'k [(u32, Stage)], stood: &'k [Stood]) -> Known<'k> {
        let known = known(self.input, rows, stood, self.knowledge, self.last_day);
        Known { policies: given.policies, references: given.references, ..known }
    }

    /// Conditions depend on policies, references and measured rows alone; where those are the same, so are they.
    pub(super) fn conditions<'k>(
        &self,
        known: &Known<'_>,
        given: &Given<'_>,
        kept: &'k mut Option<Kept>,
    ) -> Result<&'k Kept> {
        let measured = |log: &Log| given.policies.measures.iter().any(|m| m.log == log.name());
        let measured: Vec<Log> = Log::ALL.into_iter().filter(measured).collect();
        let records = &self.input.rows.records;
        let is_measured = |row: u32| measured.contains(&records[row as usize].log);
        let standing = known.standing.iter().filter(|(row, _)| is_measured(*row)).count();
        let measured = (standing, known.stood.iter().filter(|stood| is_measured(stood.row)).copied().collect());
        let (policies, references) = (given.policies.canonical_json(), std::ptr::from_ref(given.references) as usize);
        let fits = kept
            .as_ref()
            .is_some_and(|k| k.policies == policies && k.references == references && k.measured == measured);
        if !fits {
            let measures = measure(known)?;
            let classes = classify(known, &measures)?;
            *kept = Some(Kept { measures, classes, policies, references, measured });
        }
        kept.as_ref().ok_or_else(|| Error::bug("conditions were not kept"))
    }

    fn add_adjustments(&self, snapshot: &mut Snapshot, standing: &[(u32, Stage)], unrated: &[(u32, Fate)]) {
        let rows = &self.input.rows;
        let adjusts = |row: &u32| matches!(rows.effect(*row), Effect::Credit | Effect::Debit);
        let refused: FxHashSet<u32> = unrated.iter().map(|(row, _)| *row).filter(adjusts).collect();
        for row in standing.iter().map(|(row, _)| row).filter(|row| adjusts(row) && !refused.contains(row)) {
            let at = *row as usize;
            if let Some(currency) = rows.records[at].currency {
                let key = (rows.party(*row), currency, Period::of_day(rows.records[at].day));
                *snapshot.adjustments.entry(key).or_default() += i128::from(rows.signed(*row));
            }
        }
    }

    fn tables(&self, fates: Vec<Fate>, rated: Rated) -> Result<Booked> {
        let Rated { stages, last, differences, pinned, mut used } = rated;
        let known_then = stages.get(1).filter(|(cause, _)| *cause == "program_version").map(|(_, s)| s);
        let (settled, rated) = rayon::join(
            || self.settled_tables(&fates, &last, &differences, &pinned),
            || self.rated_tables(&fates, &differences, known_then),
        );
        let (settled, carried, period_end) = settled?;
        let rated = rated?;
        used.extend(period_end);
        let Tables { journal, statements, payouts, balances, .. } = settled;
        let tables = Tables { journal, statements, payouts, balances, ..rated };
        Ok(Booked {
            tables,
            pins: pins_of(&used, self.opening, carried.rows()?),
            reference_moves: self.reference_moves(&differences),
            used,
            fates,
        })
    }

    /// What settlement writes, sorted: `journal`, `statements`, `payouts` and `balances`; what is carried on; the rates that it used.
    fn settled_tables(
        &self,
        fates: &[Fate],
        last: &Snapshot,
        differences: &[Difference],
        pinned: &BTreeMap<RateKey, UsedRate>,
    ) -> Result<(Tables, Carried, BTreeMap<RateKey, UsedRate>)> {
        let (settled, used) = self.settled(fates, last, differences, pinned)?;
        let Settled { statements, payouts, postings, carried } = settled;
        let balances = self.state.balances_after(self.period, &postings)?;
        let mut tables = Tables { journal: postings, statements, payouts, balances, ..Tables::default() };
        tables.sort();
        Ok((tables, carried, used))
    }

    /// What can be written before anybody is paid, sorted: `earnings`, the lists of rows that are not rated, `control`.
    fn rated_tables(
        &self,
        fates: &[Fate],
        differences: &[Difference],
        known_then: Option<&Snapshot>,
    ) -> Result<Tables> {
        let (earnings, control) =
            rayon::join(|| self.earnings(differences), || control::control(self.input, fates, self.state));
        let mut tables = Tables {
            earnings: earnings?,
            quarantine: lists::open(self.input, fates, true),
            waiting: lists::open(self.input, fates, false),
            ineligible: lists::ineligible(self.input, fates, known_then),
            control: control?,
            ..Tables::default()
        };
        tables.sort();
        Ok(tables)
    }

    /// Books the differences and settles: all postings of the run are those of the settlement; and the rates that it used.
    fn settled(
        &self,
        fates: &[Fate],
        last: &Snapshot,
        differences: &[Difference],
        pinned: &BTreeMap<RateKey, UsedRate>,
    ) -> Result<(Settled, BTreeMap<RateKey, UsedRate>)> {
        let rows = &self.input.rows;
        let carried = self.carried()?;
        let by_program = carried.by_program(&self.input.references.advances);
        let by_program = by_program.iter().filter_map(|party| self.names.find(party)).collect();
        let mut books = Books {
            period: self.period,
            names: self.names,
            postings: Journal::default(),
            settlement: Inputs::default(),
            by_program,
        };
        for d in differences {
            books.book(d)?;
        }
        let moves = lists::suspense_moves(rows, self.knowledge, &self.standing.open_ids, fates, self.period);
        books.suspense(rows, &moves)?;
        let Books { mut postings, mut settlement, .. } = books;
        settlement.opening = self.state.payable_opening();
        self.spread(last, &mut settlement);
        let terms = self.input.policies.terms_on(self.period.last_day())?;
        let period_end = Rates::new(&self.input.references.fx, pinned, self.state.period(), true);
        let rate = |from: Currency, to: Currency| {
            let fx_date = self.period.last_day().min(self.last_day);
            let key = RateKey { earning_period: self.period, from, to, fx_date, average: false };
            period_end.rate(key, terms.fx_max_days_back)
        };
        let References { parties, advances, .. } = &self.input.references;
        let (engine, policies, day) = (self.input.engine, &self.input.policies, self.period.last_day());
        let withholding = cases(engine, policies, terms, parties, day)?;
        let layers =
            |party: &str, currency: Currency| self.state.layers(Account::PartyPayable, party, currency).to_vec();
        let period = self.period;
        let (carried, withholding, rate, layers) = (&carried, &withholding, &rate, &layers);
        let given = Settling { period, terms, parties, advances, carried, withholding, rate, layers };
        let mut settled = settle(&given, &settlement)?;
        postings.append(std::slice::from_ref(&settled.postings))?;
        settled.postings = postings;
        Ok((settled, period_end.used()))
    }

    /// Of all that is booked by now: what stays on hold after this period, what comes off it, and what payers of a country brought of the
    /// rest.
    fn spread(&self, last: &Snapshot, settlement: &mut Inputs) {
        let countries = self.input.policies.payer_countries();
        for ((party, currency, program, release, payers), minor) in &last.spread {
            let party = self.names.text(*party).to_owned();
            let until = match release {
                Release::In(period) if *period > self.period => Some(Some(*period)),
                Release::Open => Some(None),
                Release::Due | Release::In(_) => None,
            };
            if *release == Release::In(self.period) {
                let key = (party.clone(), *currency, self.names.text(*program).to_owned(), Some(self.period));
                *settlement.falling_due.entry(key).or_default() += minor;
            }
            let country = usize::from(*payers).checked_sub(1).and_then(|at| countries.get(at));
            if let Some(until) = until {
                let key = (party, *currency, self.names.text(*program).to_owned(), until);
                *settlement.undue.entry(key).or_default() += minor;
            } else if let Some(country) = country {
                *settlement.payers.entry((party, *currency, (*country).to_owned())).or_default() += minor;
            }
        }
    }

    /// What the settlement before carries, or in the first period what the system before handed over.
    fn carried(&self) -> Result<Carried> {
        match self.state.period() {
            Some(_) => Carried::read(&self.state.pins().carried),
            None => Carried::opened(self.opening, &self.input.references.advances, self.period),
        }
    }

    fn earnings(&self, differences: &[Difference]) -> Result<Earnings> {
        let mut earnings = Earnings::default();
        for d in differences {
            let [rows, deductions, parts] = d.sizes();
            earnings.reserve(rows, deductions, parts);
            for (line, parts) in d.lines() {
                self.add_earning(&mut earnings, d.cause, &line, parts)?;
            }
        }
        Ok(earnings)
    }

    fn add_earning(
        &self,
        earnings: &mut Earnings,
        cause: &'static str,
        view: &LineView<'_>,
        parts: impl Iterator<Item = LinePart>,
    ) -> Result<()> {
        let (key, line, names) = (&view.key, &view.line, self.names);
        let deductions = view.deductions.iter();
        let parts: Vec<(LinePart, Option<String>)> = parts
            .map(|part| {
                let rate = part.rate.as_ref().map(Exact::to_string);
                (part, rate)
            })
            .collect();
        let head = EarningHead {
            creator_id: names.text(key.creator),
            program: names.text(key.program),
            policy_version: names.text(key.version),
            currency: key.currency,
            earning_period: key.period,
            fx_date: key.fx_date,
            cause,
            amounts: Amounts {
                events: line.events,
                gross: line.gross,
                tax: line.tax,
                channel_fee: line.fee,
                creator: line.creator,
                platform: line.platform,
            },
            rounding: &line.rounding.to_string(),
        };
        earnings.push(
            &head,
            deductions.map(|d| DeductionView { name: names.text(d.name), account: d.account, minor: d.minor }),
            parts.iter().map(|(part, rate)| PartView {
                party_id: names.text(part.party),
                minor: part.minor,
                payout_currency: part.payout_currency,
                rate: rate.as_deref(),
                payout_minor: part.payout,
            }),
        )
    }

    fn reference_moves(&self, differences: &[Difference]) -> BTreeMap<Currency, (i128, i128)> {
        let mut moves: BTreeMap<Currency, (i128, i128)> = BTreeMap::new();
        for d in differences.iter().filter(|d| d.cause == "reference_correction") {
            for (line, _) in d.lines() {
                moves.entry(line.key.currency).or_default().0 += i128::from(line.line.creator).abs();
            }
        }
        for (currency, (_, booked)) in &mut moves {
            *booked = self.state.booked_creator_side(*currency);
        }
        moves
    }
}
