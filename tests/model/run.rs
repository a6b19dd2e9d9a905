//! Runs and closes: everything again, minus what closed periods booked.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::support::book::TextBook;
use crate::support::folder::{arrived, current};
use crate::support::tables::{Tables, comparable};

use super::before::Before;
use super::booking::{Entry as Earning, entries};
use super::calendar::{Month, Zone, last_day, parse_month};
use super::event::{Effect, Row, rows};
use super::fates::{Decided, Fate, Fates, intake, readable};
use super::journal::{Entry, Journal, Place, PotKey};
use super::netting::{Judged, Retained, judge};
use super::number::Q;
use super::output;
use super::policy::Policies;
use super::pool::Pots;
use super::rating::{Lines, World};
use super::references::{Pair, Rates, References};
use super::release::deliveries;
use super::settlement::{Adjusted, Balances, Given, Inputs, balances, settle};
use super::steps::Carried;

/// What a close leaves for the next period.
#[derive(Clone, Default)]
pub struct State {
    pub period: Option<Month>,
    pub fates: Fates,
    pub lines: Lines,
    pots: Pots,
    /// By row, the first period that knew it.
    learned: BTreeMap<usize, Month>,
    retained: BTreeMap<usize, Retained>,
    balances: Balances,
    pins: BTreeMap<Pair, Q>,
    seen: BTreeMap<Month, BTreeSet<usize>>,
    known: Option<Rc<Known>>,
    carried: Option<Carried>,
}

/// The rules and references of a run.
struct Known {
    policies: Policies,
    refs: References,
}

/// A run: its tables, and what a close of it would leave.
pub struct Run {
    pub tables: Tables,
    pub state: State,
    pub provisional: bool,
}

/// A book with its closes.
pub struct Model {
    book: TextBook,
    before: Before,
    zone: Zone,
    delivered: u32,
    decided: Decided,
    closed: State,
    drafts: BTreeMap<Month, Run>,
}

impl Model {
    /// The book before its first delivery.
    pub fn new(book: &TextBook) -> Self {
        let before = Before::new(book);
        Self {
            zone: Zone::named(&book.zone),
            book: book.clone(),
            delivered: 0,
            closed: State { balances: before.balances.clone(), ..State::default() },
            before,
            decided: Decided::new(),
            drafts: BTreeMap::new(),
        }
    }

    /// Brings all deliveries up to this one.
    pub fn deliver(&mut self, delivery: u32) {
        self.delivered = delivery;
    }

    /// Of the rows of an event, the one with this amount stands from now on.
    pub fn decide(&mut self, log: &str, event: &str, minor: i64) {
        self.decided.insert((log.to_owned(), event.to_owned()), minor);
    }

    /// Runs a period; open periods before it are evaluated first and stand in for their closes.
    pub fn run(&mut self, period: &str) -> &Run {
        let period = parse_month(period);
        let open = self.closed.period.map_or(parse_month(&self.book.first_period), |closed| closed + 1);
        let mut prior = self.closed.clone();
        for month in open..period {
            prior = self.one(month, &prior).0;
        }
        let (state, tables) = self.one(period, &prior);
        self.drafts.insert(period, Run { tables, state, provisional: open < period });
        &self.drafts[&period]
    }

    /// Closes a period: what its current run found is final.
    pub fn close(&mut self, period: &str) {
        let run = &self.drafts[&parse_month(period)];
        assert!(!run.provisional, "a provisional draft can't be closed");
        self.closed = run.state.clone();
    }

    /// The current run of a period.
    pub fn draft(&self, period: &str) -> &Run {
        &self.drafts[&parse_month(period)]
    }

    fn one(&self, period: Month, prior: &State) -> (State, Tables) {
        let known = |(name, sheet): (&String, &_)| {
            (name.clone(), current(name, arrived(sheet, |k| k <= self.delivered.max(1))))
        };
        let policies = Policies::parse(self.book.policies_at(self.delivered));
        let refs = References::new(&self.book.refs.iter().map(known).collect(), &policies.terms);
        let known = Rc::new(Known { policies, refs });
        let closed = prior.known.clone().unwrap_or_else(|| Rc::clone(&known));
        let rows = rows(&self.book.logs, self.zone, self.delivered);
        let run = OneRun { model: self, period, prior, known, closed, rows: &rows };
        run.evaluate()
    }
}

/// What adds a row to what the last close knew; the order is the order of the causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Base,
    Released,
    Late,
    Reversal,
}

/// The causes, each with what its evaluation knows: how many of policies, references and quotes are today's, and which rows.
const CAUSES: [(&str, u8, Stage); 6] = [
    ("policy_correction", 1, Stage::Base),
    ("reference_correction", 2, Stage::Base),
    ("fx_correction", 3, Stage::Base),
    ("released", 3, Stage::Released),
    ("late_event", 3, Stage::Late),
    ("reversal", 3, Stage::Reversal),
];

impl Stage {
    fn cause(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Late => "late_event",
            Self::Base | Self::Reversal => "reversal",
        }
    }
}

struct OneRun<'a> {
    model: &'a Model,
    period: Month,
    prior: &'a State,
    /// What is known today, and what the last close knew.
    known: Rc<Known>,
    closed: Rc<Known>,
    rows: &'a [Row],
}

/// What all stages of a run found.
struct Found {
    earned: Vec<Earning>,
    /// Of ineligible money: cause, row, what it was and what it is.
    retained: Vec<(&'static str, usize, Option<Retained>, Option<Retained>)>,
    fates: Fates,
    lines: Lines,
    /// What moved of the money of pots, and where it stands.
    poured: Vec<(&'static str, PotKey, i64)>,
    pots: Pots,
    last: BTreeMap<usize, Retained>,
}

impl<'a> OneRun<'a> {
    fn evaluate(&self) -> (State, Tables) {
        let (paid, decided) = (&self.model.before.paid, &self.model.decided);
        let intake = intake(self.rows, last_day(self.period), &self.prior.fates, paid, decided);
        let stages = self.stages(&intake.standing);
        let rates = |table| Rates { pins: &self.prior.pins, table, used: RefCell::default() };
        let (rates, closed) = (rates(&self.known.refs), rates(&self.closed.refs));
        let mut found = self.walk(&intake.standing, &stages, [&closed, &rates]);
        found.fates.extend(intake.fates);
        let mut seen = self.prior.seen.clone();
        seen.insert(self.period, intake.standing.iter().map(|row| row.n).collect());
        let (tables, balances, carried) = self.book(&found, &rates);
        let carried = Some(carried);
        let mut pins = self.prior.pins.clone();
        pins.extend(rates.used.into_inner());
        let mut learned = self.prior.learned.clone();
        for row in self.rows {
            learned.entry(row.n).or_insert(self.period);
        }
        let Found { fates, lines, pots, last: retained, .. } = found;
        let (period, known) = (Some(self.period), Some(Rc::clone(&self.known)));
        (State { period, fates, lines, pots, learned, retained, balances, pins, seen, known, carried }, tables)
    }

    /// One full evaluation after the other, each knowing more, and what each adds.
    fn walk(&self, standing: &[&'a Row], stages: &BTreeMap<usize, Stage>, [closed, today]: [&Rates; 2]) -> Found {
        let at = |new: u8, stage: Stage| {
            let known: Vec<&Row> = standing.iter().filter(|row| stages[&row.n] <= stage).copied().collect();
            let counted = self.counted(standing, stages, stage);
            self.rate(new, if new < 3 { closed } else { today }, &known, counted)
        };
        let (judged, mut before, mut pots) = at(0, Stage::Base);
        let again = moved_pots("", &pots, &self.prior.pots, |month| month < self.period);
        assert!(
            again.iter().all(|(.., minor)| *minor == 0),
            "the pots of the past, divided again, are not what was booked"
        );
        assert!(before == self.prior.lines, "the past, evaluated again, is not what was booked");
        assert!(judged.retained == self.prior.retained, "ineligible money, judged again, is not what was booked");
        let (mut earned, mut retained, mut poured, mut last) = (Vec::new(), Vec::new(), Vec::new(), judged);
        for (cause, new, stage) in CAUSES {
            let (judged, after, divided) = at(new, stage);
            earned.extend(entries(&after, &before, cause, |key| key.month < self.period));
            retained.extend(self.moved(cause, &last.retained, &judged.retained));
            poured.extend(moved_pots(cause, &divided, &pots, |month| month < self.period));
            (before, pots, last) = (after, divided, judged);
        }
        earned.extend(entries(&before, &Lines::new(), "current", |key| key.month == self.period));
        poured.extend(moved_pots("current", &pots, &Pots::new(), |month| month == self.period));
        Found { earned, retained, fates: last.fates, lines: before, poured, pots, last: last.retained }
    }

    fn moved(
        &self,
        cause: &'static str,
        before: &BTreeMap<usize, Retained>,
        after: &BTreeMap<usize, Retained>,
    ) -> Vec<(&'static str, usize, Option<Retained>, Option<Retained>)> {
        let rows: BTreeSet<usize> = before.keys().chain(after.keys()).copied().collect();
        let changed = rows.into_iter().filter(|n| before.get(n) != after.get(n));
        changed.map(|n| (cause, n, before.get(&n).cloned(), after.get(&n).cloned())).collect()
    }

    /// Everything again, policies (from 1 on) and references (from 2 on) being today's.
    fn rate(&self, new: u8, rates: &Rates, standing: &[&'a Row], counted: Vec<&'a Row>) -> (Judged<'a>, Lines, Pots) {
        let world = World {
            zone: self.model.zone,
            orphan_days: self.model.book.orphan_days,
            policies: if new < 1 { &self.closed.policies } else { &self.known.policies },
            refs: if new < 2 { &self.closed.refs } else { &self.known.refs },
            rates,
            rows: self.rows,
            counted,
            seen: &self.prior.seen,
            before: &self.model.before,
            deliveries: deliveries(standing),
            month: self.period,
            learned: &self.prior.learned,
        };
        let judged = judge(&world, standing, last_day(self.period));
        let divided = world.pools(&judged);
        let lines = world.lines(judged.units.clone(), &divided);
        (judged, lines, divided.pots)
    }

    /// What measures count at a stage: the rows that stand by then, and of what stood at the last close without being rated
    /// all that has not given way: to another row that stands for its id now, or to a late one that it differs from.
    fn counted(&self, standing: &[&Row], stages: &BTreeMap<usize, Stage>, stage: Stage) -> Vec<&'a Row> {
        let last = self.prior.period.and_then(|last| self.prior.seen.get(&last));
        let gives_way = |row: &Row| {
            let now = standing.iter().find(|now| now.key() == row.key());
            now.map_or(Some(Stage::Late), |now| if now.n == row.n { None } else { Some(stages[&now.n]) })
        };
        let counts = |row: &&Row| {
            let stands = stages.get(&row.n).is_some_and(|since| *since <= stage);
            let stood = || last.is_some_and(|seen| seen.contains(&row.n));
            stands || stood() && gives_way(row).is_none_or(|leaves| stage < leaves)
        };
        self.rows.iter().filter(counts).collect()
    }

    /// Since when each standing row is known.
    fn stages(&self, standing: &[&Row]) -> BTreeMap<usize, Stage> {
        let settled = |row: &Row| self.prior.fates.get(&row.n).is_some_and(Fate::is_settled);
        let stage = |row: &Row| if settled(row) { Stage::Base } else { self.opened_as(row) };
        standing.iter().map(|row| (row.n, stage(row))).collect()
    }

    /// The stage of a row that the last close had not settled: released, if its id stood in quarantine.
    fn opened_as(&self, row: &Row) -> Stage {
        let back = matches!(row.effect, Effect::Reversal | Effect::Won);
        let was = |other: &&Row| match self.prior.fates.get(&other.n) {
            Some(Fate::Quarantined(_)) => true,
            Some(Fate::Waiting(_)) => !back,
            _ => false,
        };
        if row.id.is_some() && self.rows.iter().filter(was).any(|other| other.key() == row.key()) {
            return Stage::Released;
        }
        if back { Stage::Reversal } else { Stage::Late }
    }

    fn book(&self, found: &Found, rates: &Rates) -> (Tables, Balances, Carried) {
        let (mut journal, mut inputs) = (Journal::default(), Inputs::default());
        for e in &found.earned {
            journal.platform_side(e);
            journal.party_side(e, &mut inputs.earned);
            let ours = (e.key.creator.clone(), e.key.currency.clone(), e.key.program.clone());
            *inputs.platform.entry(ours).or_default() += e.by.platform;
        }
        for (cause, key, minor) in &found.poured {
            journal.pot(cause, key, *minor);
        }
        for (cause, n, before, after) in &found.retained {
            self.retain(&mut journal, cause, *n, before.as_ref(), after.as_ref());
        }
        let fates = &found.fates;
        let current = |row: &Row| row.time.is_none() || row.month() == self.period;
        let cause = |row: &Row| if current(row) { "current" } else { self.opened_as(row).cause() };
        for row in self.rows {
            self.suspend(&mut journal, row, &fates[&row.n], cause(row));
            self.adjust(&mut journal, &mut inputs.adjusted, row, &fates[&row.n], cause(row));
        }
        for (key, line) in &found.lines {
            for (party, cur, release, country, minor) in &line.spread {
                let slice = (party.clone(), cur.clone(), key.program.clone(), *release, country.clone());
                *inputs.spread.entry(slice).or_default() += minor;
            }
        }
        let given = Given {
            terms: self.known.policies.terms_of(self.period),
            refs: &self.known.refs,
            rates,
            month: self.period,
            before: &self.model.before,
            prior: &self.prior.balances,
            carried: self.prior.carried.as_ref(),
        };
        let ([statements, payouts], carried) = settle(&mut journal, &given, &inputs);
        journal.check();
        let (balance_rows, balances) = balances(&journal, &self.prior.balances, self.period);
        let tables = [
            ("earnings", output::earnings(&found.earned)),
            ("journal", output::journal(&journal, self.period)),
            ("statements", statements),
            ("payouts", payouts),
            ("balances", balance_rows),
            ("quarantine", output::unrated(self.rows, fates, "quarantined", None)),
            ("waiting", output::unrated(self.rows, fates, "waiting", None)),
            ("ineligible", output::unrated(self.rows, fates, "ineligible", Some(&self.prior.fates))),
            ("control", output::control(self.rows, fates, &self.prior.fates)),
        ];
        (
            tables.into_iter().map(|(name, lines)| (name.to_owned(), comparable(name, lines))).collect(),
            balances,
            carried,
        )
    }

    /// Money of quarantined and waiting rows moves onto `suspense`, and off it when it is released.
    fn suspend(&self, journal: &mut Journal, row: &Row, fate: &Fate, cause: &'static str) {
        let Some(amount) = readable(row) else { return };
        let was = self.prior.fates.get(&row.n).is_some_and(Fate::is_open);
        let (cause, sign) = match (was, fate.is_open()) {
            (false, true) => (cause, 1),
            (true, false) => ("released", -1),
            _ => return,
        };
        let month = row.time.map(|_| row.month());
        let entry = Entry { kind: "suspense", month, cause: Some(cause), program: None, apart: apart(row) };
        let minor = sign * row.sign() * amount;
        post_payers(journal, &entry, row, minor);
        journal.post(&entry, in_log(row, "suspense"), -minor);
    }

    /// Money that no creator gets stands on `ineligible_retained`; stated tax and fee are owed all the same.
    fn retain(
        &self,
        journal: &mut Journal,
        cause: &'static str,
        n: usize,
        before: Option<&Retained>,
        after: Option<&Retained>,
    ) {
        let row = self.rows.iter().find(|row| row.n == n).expect("a row that was read");
        for (kept, sign) in before.map(|b| (b, -1)).into_iter().chain(after.map(|a| (a, 1))) {
            let cause = Some(if kept.month == self.period { "current" } else { cause });
            let program = Some(kept.program.clone());
            let entry = Entry { kind: "ineligible", month: Some(kept.month), cause, program, apart: apart(row) };
            post_payers(journal, &entry, row, sign * kept.amount);
            journal.post(&entry, in_log(row, "tax_payable"), -sign * kept.tax);
            journal.post(&entry, in_log(row, "channel_fees"), -sign * kept.fee);
            let rest = kept.amount - kept.tax - kept.fee;
            journal.post(&entry, in_log(row, "ineligible_retained"), -sign * rest);
        }
    }

    fn adjust(&self, journal: &mut Journal, adjusted: &mut Adjusted, row: &Row, fate: &Fate, cause: &'static str) {
        let was = self.prior.fates.get(&row.n) == Some(&Fate::Rated);
        if row.log != "adjustments" || *fate != Fate::Rated || was {
            return;
        }
        let (party, currency) = (row.cells["party_id"].clone(), row.cells["currency"].clone());
        let minor = row.sign() * row.int("amount_minor").expect("a sound row has an amount");
        let apart = vec![party.clone(), currency.clone()];
        let month = row.month();
        let entry = Entry { kind: "adjustment", month: Some(month), cause: Some(cause), program: None, apart };
        journal.post(&entry, Place::account("platform_expense", &currency), minor);
        journal.post(&entry, Place::party("party_payable", &currency, &party), -minor);
        *adjusted.entry((party, currency)).or_default() += minor;
    }
}

/// By how much each place of wanted months' pots moved.
fn moved_pots(
    cause: &'static str,
    new: &Pots,
    old: &Pots,
    wanted: impl Fn(Month) -> bool,
) -> Vec<(&'static str, PotKey, i64)> {
    let keys: BTreeSet<&PotKey> = new.keys().chain(old.keys()).filter(|key| wanted(key.2)).collect();
    let minor = |pots: &Pots, key: &PotKey| pots.get(key).copied().unwrap_or(0);
    keys.into_iter().map(|key| (cause, key.clone(), minor(new, key) - minor(old, key))).collect()
}

fn apart(row: &Row) -> Vec<String> {
    ["log", "channel", "currency"].map(|c| row.text(c).unwrap_or(&row.log).to_owned()).to_vec()
}

fn in_log(row: &Row, account: &str) -> Place {
    Place::account(account, row.text("currency").unwrap_or_default()).of(&row.log, row.text("channel"))
}

/// The other side of a row's money: its payers, or the platform that adjusts.
fn post_payers(journal: &mut Journal, entry: &Entry, row: &Row, minor: i64) {
    let place = if row.log == "adjustments" {
        Place::account("platform_expense", row.text("currency").unwrap_or_default())
    } else {
        in_log(row, "payer_clearing")
    };
    journal.post(entry, place, minor);
}
