//! What closed periods say to the next run.

use std::collections::BTreeMap;

use super::account::Account;
use super::balance::Balances;
use super::booked::{BookedLine, EarningKey, JournalKey, is_summed};
use super::decision::Closed;
use super::journal::Journal;
use super::learned::Learned;
use super::manifest::{InputFile, OpeningBalance, PinnedRate, Pins};
use super::row::{Balance, Tables, Unrated};
use super::run::RunDir;
use super::store::Store;
use crate::error::{Error, Result};
use crate::fate::Reason;
use crate::log::Log;
use crate::money::Currency;
use crate::period::Period;

/// The closed periods of a ledger added up; and, for a provisional run, open ones that stand in for their close.
#[derive(Clone, Debug)]
pub struct State {
    closed: Vec<Closed>,
    first_open: Period,
    /// The open periods that stand in for their close: the first and the last.
    stand_ins: Option<(Period, Period)>,
    earnings: BTreeMap<EarningKey, BookedLine>,
    journal: BTreeMap<JournalKey, i128>,
    balances: Balances,
    open_rows: Vec<Unrated>,
    conflicts: BTreeMap<RowKey, Vec<Period>>,
    control: BTreeMap<ControlKey, [i64; 3]>,
    pins: Pins,
    inputs: Vec<InputFile>,
    files: BTreeMap<FileKey, KnownFile>,
}

/// Log, hash of the canonical row.
pub type RowKey = (&'static str, String);

/// Log, SHA-256.
type FileKey = (String, String);

/// A file that the last close read.
#[derive(Clone, Debug)]
struct KnownFile {
    /// The first close that read it.
    read: Period,
    learned: Learned,
}

/// Log, currency, fate, reason.
pub type ControlKey = (String, Option<String>, String, Option<String>);

impl State {
    /// What the closed periods of a ledger say.
    ///
    /// # Errors
    /// The ledger was changed, or does not begin with `first_period` (input).
    pub fn of_ledger(store: &Store, first_period: Period) -> Result<Self> {
        Self::before(store, first_period, None)
    }

    /// What the closed periods before a period say; all of them without one.
    ///
    /// # Errors
    /// As [`State::of_ledger`].
    pub fn before(store: &Store, first_period: Period, end: Option<Period>) -> Result<Self> {
        let mut state = Self::empty(first_period);
        for closed in store.closed_periods()?.into_iter().filter(|closed| end.is_none_or(|end| closed.period < end)) {
            if closed.period != state.first_open {
                return Err(Error::input("the ledger's closed periods do not follow from the book's first one")
                    .expected(state.first_open.to_string())
                    .found(closed.period.to_string()));
            }
            let run = store.run(&closed.run_id)?;
            state.add(closed.period, &run.tables()?, &run.pins()?)?;
            state.add_inputs(closed.period, &run)?;
            state.first_open = closed.period.next();
            state.closed.push(closed);
        }
        Ok(state)
    }

    fn empty(first_open: Period) -> Self {
        Self {
            closed: Vec::new(),
            first_open,
            stand_ins: None,
            earnings: BTreeMap::new(),
            journal: BTreeMap::new(),
            balances: Balances::default(),
            open_rows: Vec::new(),
            conflicts: BTreeMap::new(),
            control: BTreeMap::new(),
            pins: Pins::default(),
            inputs: Vec::new(),
            files: BTreeMap::new(),
        }
    }

    /// The state in which an open period's run stands in for its close.
    ///
    /// # Errors
    /// The tables do not continue this state (input).
    pub fn after(before: &Self, period: Period, tables: &Tables, pins: &Pins) -> Result<Self> {
        let mut state = before.clone();
        state.add(period, tables, pins)?;
        let first = state.stand_ins.map_or(period, |(first, _)| first);
        state.stand_ins = Some((first, period));
        Ok(state)
    }

    /// This state, opened with what the system before handed over, if no period was booked yet; else as it is.
    ///
    /// # Errors
    /// An unknown account, currency or period (input).
    pub fn opened_with(&self, opening: &[OpeningBalance]) -> Result<Self> {
        let mut state = self.clone();
        state.open(opening)?;
        Ok(state)
    }

    fn open(&mut self, opening: &[OpeningBalance]) -> Result<()> {
        if self.period().is_none() {
            self.balances = Balances::brought_over(opening)?;
        }
        Ok(())
    }

    fn add(&mut self, period: Period, tables: &Tables, pins: &Pins) -> Result<()> {
        self.open(&pins.opening)?;
        for earning in tables.earnings.iter() {
            let earning = earning.to_row();
            self.earnings.entry(EarningKey::of(&earning)).or_default().add(&earning)?;
        }
        for posting in tables.journal.iter().filter(|posting| is_summed(posting)) {
            *self.journal.entry(JournalKey::of(&posting)).or_default() += i128::from(posting.amount_minor);
        }
        self.journal.retain(|_, minor| *minor != 0);
        self.balances.follow(period, &tables.balances).map_err(|e| e.at(period.to_string()))?;
        self.add_conflicts(period, &tables.quarantine);
        self.open_rows = tables.quarantine.iter().chain(&tables.waiting).cloned().collect();
        self.control = tables.control.iter().map(control_total).collect();
        self.pins = with_pins(&self.pins, pins);
        Ok(())
    }

    fn add_conflicts(&mut self, period: Period, quarantine: &[Unrated]) {
        for row in quarantine.iter().filter(|row| row.reason == Reason::Conflict.code()) {
            let closes = self.conflicts.entry((row.log, row.row_hash.clone())).or_default();
            if closes.last() != Some(&period) {
                closes.push(period);
            }
        }
    }

    /// Only the files that the last close read must be there: of those before it, what was cut anew is among them. A file
    /// that closes had read keeps what they learned of it; copies of one content that one close read count each.
    fn add_inputs(&mut self, period: Period, run: &RunDir) -> Result<()> {
        let before = std::mem::take(&mut self.files);
        self.inputs = run.manifest()?.inputs;
        for input in &self.inputs {
            let key = (input.log.clone(), input.sha256.clone());
            let known = match before.get(&key) {
                Some(known) => known.clone(),
                None => KnownFile { read: period, learned: Learned::by(run, period, input)? },
            };
            self.files.insert(key, known);
        }
        Ok(())
    }

    /// The closed periods, in order.
    #[must_use]
    pub fn closed(&self) -> &[Closed] {
        &self.closed
    }

    /// The last closed period.
    #[must_use]
    pub fn last_closed(&self) -> Option<&Closed> {
        self.closed.last()
    }

    /// The first period that is not closed, whether or not a run stands in for it.
    #[must_use]
    pub fn first_open(&self) -> Period {
        self.first_open
    }

    /// The last period that is closed, or that a run stands in for.
    #[must_use]
    pub fn period(&self) -> Option<Period> {
        self.stand_ins.map(|(_, last)| last).or(self.closed.last().map(|closed| closed.period))
    }

    /// Does a run stand in for a close?
    #[must_use]
    pub fn stands_in(&self) -> bool {
        self.stand_ins.is_some()
    }

    /// What was booked for each earning line, over all periods.
    #[must_use]
    pub fn earnings(&self) -> &BTreeMap<EarningKey, BookedLine> {
        &self.earnings
    }

    /// Sums of the journal that rows of `earnings` do not hold: money that came through a log, the platform's expense,
    /// adjustments; debit positive, none of zero.
    #[must_use]
    pub fn journal(&self) -> &BTreeMap<JournalKey, i128> {
        &self.journal
    }

    /// The rows that were quarantined or waiting at the last close.
    #[must_use]
    pub fn open_rows(&self) -> &[Unrated] {
        &self.open_rows
    }

    /// The rows that differed from others of their id, and the periods whose closes found it, ascending.
    #[must_use]
    pub fn conflicts(&self) -> &BTreeMap<RowKey, Vec<Period>> {
        &self.conflicts
    }

    /// Rows, signed amount and unreadable rows by key, cumulative at the last close.
    #[must_use]
    pub fn control_totals(&self) -> &BTreeMap<ControlKey, [i64; 3]> {
        &self.control
    }

    /// What closes recorded, sorted by key. The first pin of a key stands; one without a rate gives way to one with.
    /// What settlements carry is what the last one said.
    #[must_use]
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// The files that the last close read.
    #[must_use]
    pub fn inputs(&self) -> &[InputFile] {
        &self.inputs
    }

    /// What closes learned of the rows of a file that the last one read; none of any other.
    #[must_use]
    pub fn learned(&self, log: Log, sha256: &str) -> Option<&Learned> {
        self.known(log, sha256).map(|known| &known.learned)
    }

    /// The first close that read a file. A stand-in has read every file, as its close would.
    #[must_use]
    pub fn first_read(&self, log: Log, sha256: &str) -> Option<Period> {
        self.known(log, sha256).map(|known| known.read).or(self.stands_in_since())
    }

    fn known(&self, log: Log, sha256: &str) -> Option<&KnownFile> {
        self.files.get(&(log.name().to_owned(), sha256.to_owned()))
    }

    /// The first open period that a run stands in for: since then all is known that no close had read.
    #[must_use]
    pub fn stands_in_since(&self) -> Option<Period> {
        self.stand_ins.map(|(first, _)| first)
    }

    /// Does a booked part still lack its rate?
    #[must_use]
    pub fn lacks_rates(&self) -> bool {
        self.earnings.values().flat_map(|line| &line.parts).any(|part| part.rate.is_none())
    }

    /// Opening balances on `party_payable` by party and currency, minor units, in the party's favour positive.
    #[must_use]
    pub fn payable_opening(&self) -> BTreeMap<(String, Currency), i128> {
        self.balances.owed(Account::PartyPayable)
    }

    /// The layers of a party's account, oldest first.
    #[must_use]
    pub fn layers(&self, account: Account, party: &str, currency: Currency) -> &[(Period, i128)] {
        self.balances.layers(account, party, currency)
    }

    /// The table `balances` of a period with these postings.
    ///
    /// # Errors
    /// A sum beyond Int64 (gate).
    pub fn balances_after(&self, period: Period, postings: &Journal) -> Result<Vec<Balance>> {
        self.balances.after(period, postings)
    }

    /// The creator side that was booked in a currency: the magnitudes of all lines, minor units.
    #[must_use]
    pub fn booked_creator_side(&self, currency: Currency) -> i128 {
        let lines = self.earnings.iter().filter(|(key, _)| key.currency == currency.code());
        lines.map(|(_, line)| line.creator.abs()).sum()
    }
}

fn control_total(row: &super::row::Control) -> (ControlKey, [i64; 3]) {
    let key = (row.log.to_owned(), row.currency.clone(), row.fate.to_owned(), row.reason.clone());
    (key, [row.total_rows, row.total_amount_minor, row.total_unreadable])
}

fn with_pins(old: &Pins, new: &Pins) -> Pins {
    let mut pins: BTreeMap<_, PinnedRate> = BTreeMap::new();
    for pin in old.rates.iter().chain(&new.rates) {
        let key = (&pin.earning_period, &pin.from, &pin.to, &pin.fx_date, pin.average);
        let standing = pins.entry(key).or_insert_with(|| pin.clone());
        if standing.rate.is_none() {
            standing.clone_from(pin);
        }
    }
    let opening = if old.opening.is_empty() { &new.opening } else { &old.opening };
    Pins { rates: pins.into_values().collect(), opening: opening.clone(), carried: new.carried.clone() }
}
