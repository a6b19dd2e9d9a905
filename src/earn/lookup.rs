//! What rules look up for every fact, by number: programs, parties, agreements, days and rates.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::bands;
use super::line::LineKind;
use super::rates::{RateKey, Rates};
use crate::error::{Error, Result};
use crate::facts::{Deliveries, Fact, Known};
use crate::intake::Names;
use crate::ledger::Account;
use crate::money::{Currency, Exact, Rounding, convert, round, to_minor};
use crate::period::{Period, day_text};
use crate::policy::{Fills, FxDate, Pay, Policies, Program, Step, Terms, TierMode, Tiers, Unit};
use crate::reference::{Agreement, Parties, Party};

/// A version of a program, with what its names are numbered.
pub struct Numbered<'a> {
    pub program: &'a Program,
    pub name: u32,
    pub version: u32,
    /// Every definition of tiers that versions of the program use.
    pub tiers: Vec<&'a Tiers>,
    /// Does one of them go by the whole volume?
    pub by_whole: bool,
    /// Those of which facts may be added up.
    pub additive: Option<&'a Tiers>,
    /// Is there another version of it?
    pub versions: bool,
    /// Number of each bonus, the same for bonuses of one name.
    pub bonuses: Vec<u32>,
    /// What the creator side is rounded in.
    pub unit: Option<&'a Unit>,
    /// Name and account of each deduction; none for those that have columns of their own.
    pub steps: Vec<Option<(u32, Account)>>,
}

/// Policies and references by the numbers of a run's names; made once for an evaluation.
pub struct Lookup<'a> {
    pub known: &'a Known<'a>,
    pub names: &'a Names,
    pub rates: &'a Rates<'a>,
    programs: Vec<Numbered<'a>>,
    payouts: Vec<Payout<'a>>,
    agreements: Vec<Option<&'a Agreement>>,
    /// The number of each party that agreements name, by its place among them; none where nobody numbered it.
    agreed: Vec<Option<u32>>,
    pub deliveries: Deliveries<'a>,
    /// Payers' countries that withholding asks for.
    pub countries: Vec<&'a str>,
    /// Does settlement ask when parts are released, or whose payers brought them?
    pub spreads: bool,
    /// Are there programs of which facts may be added up?
    pub adds_up: bool,
}

impl<'a> Lookup<'a> {
    /// # Errors
    /// A name that has no number, an account that is none of the chart (bug).
    pub fn new(known: &'a Known<'a>, names: &'a Names, rates: &'a Rates<'a>) -> Result<Self> {
        let agreements = &known.references.agreements;
        let agreed = agreements.parties().iter().map(|party| names.find(party)).collect();
        let (payouts, agreements) = rayon::join(
            || numbered(names, known.references.parties.all(), Payout::of),
            || numbered(names, agreements.all(), Some),
        );
        let versions = &known.policies.programs;
        let countries = known.policies.payer_countries();
        let holds = known.policies.terms.iter().any(|terms| terms.hold.is_some());
        let spreads = holds || !countries.is_empty() || versions.iter().any(|program| program.hold.is_some());
        let mut programs: Vec<Numbered<'_>> =
            versions.iter().map(|program| number(program, known.policies, names)).collect::<Result<_>>()?;
        if spreads {
            programs.iter_mut().for_each(|program| program.additive = None);
        }
        let adds_up = programs.iter().any(|program| program.additive.is_some());
        let deliveries = Deliveries::of(known);
        Ok(Self { known, names, rates, programs, payouts, agreements, agreed, deliveries, countries, spreads, adds_up })
    }

    pub fn program(&self, at: u16) -> &Numbered<'a> {
        &self.programs[usize::from(at)]
    }

    pub fn agreement(&self, creator: u32) -> Option<&'a Agreement> {
        self.agreements.get(creator as usize).copied().flatten()
    }

    /// The number of the party at a place of [`crate::reference::Agreements::parties`].
    ///
    /// # Errors
    /// It has none (bug).
    pub fn agreed(&self, place: u32) -> Result<u32> {
        let number = self.agreed.get(place as usize).copied().flatten();
        number.map_or_else(|| number_of(self.names, self.known.references.agreements.party(place)), Ok)
    }

    pub fn payout_currency(&self, party: u32, day: i32) -> Option<Currency> {
        match self.payouts.get(party as usize)? {
            Payout::One { currency, from, to } => (*from..*to).contains(&day).then_some(*currency),
            Payout::By(versions) => Parties::version(versions, day).map(|party| party.payout_currency),
        }
    }
}

/// In which currency a party is paid.
#[derive(Clone, Copy)]
enum Payout<'a> {
    /// One, while the party is known: most parties by far, of whom nothing else is looked at.
    One { currency: Currency, from: i32, to: i32 },
    /// By the version of the day.
    By(&'a [Party]),
}

impl<'a> Payout<'a> {
    fn of(versions: &'a [Party]) -> Self {
        match Parties::only_currency(versions) {
            Some((currency, [from, to])) => Self::One { currency, from, to },
            None => Self::By(versions),
        }
    }
}

impl Default for Payout<'_> {
    fn default() -> Self {
        Self::By(&[])
    }
}

/// Names whose numbers are looked for together.
const STRETCH: usize = 4096;

/// Values by the number of their name; the default where there is none. References and most numbers are in the order of
/// the names' bytes, so that the number after the last one is tried first.
fn numbered<'n, V: Copy + Sync, T: Copy + Default + Send>(
    names: &Names,
    all: impl Iterator<Item = (&'n str, V)>,
    value: impl Fn(V) -> T + Sync,
) -> Vec<T> {
    let mut values = vec![T::default(); names.len()];
    let mut all = all.fuse();
    loop {
        // So much at a time, so that what is in between stays small.
        let some: Vec<(&str, V)> = all.by_ref().take(STRETCH * 32).collect();
        if some.is_empty() {
            return values;
        }
        let found = some.par_chunks(STRETCH).map(|stretch| {
            let mut next = 0;
            let number = |(name, given): &(&str, V)| {
                let number = names.find_near(name, next)?;
                next = number + 1;
                Some((number, value(*given)))
            };
            stretch.iter().filter_map(number).collect::<Vec<_>>()
        });
        for (number, value) in found.collect::<Vec<_>>().into_iter().flatten() {
            values[number as usize] = value;
        }
    }
}

/// The number of a name.
///
/// # Errors
/// It has none (bug).
pub fn number_of(names: &Names, text: &str) -> Result<u32> {
    names.find(text).ok_or_else(|| Error::bug(format!("the name {text} has no number")))
}

fn number<'a>(program: &'a Program, policies: &'a Policies, names: &Names) -> Result<Numbered<'a>> {
    let versions = &policies.programs;
    let mut tiers: Vec<&Tiers> = Vec::new();
    for other in versions.iter().filter(|p| p.name == program.name) {
        let Pay::Tiers(other) = &other.pay else { continue };
        if !tiers.iter().any(|t| same_volume(t, other)) {
            tiers.push(other);
        }
    }
    let of_one_name = versions.iter().filter(|p| p.name == program.name).flat_map(|p| &p.bonus);
    let bonus = |name: &str| of_one_name.clone().position(|b| b.name == name).and_then(|at| u32::try_from(at).ok());
    let step = |step: &Step| {
        if step.fills != Fills::Deductions {
            return Ok(None);
        }
        let account = step.account.parse().map_err(|_| Error::bug(format!("no account {}", step.account)))?;
        Ok(Some((number_of(names, &step.name)?, account)))
    };
    Ok(Numbered {
        program,
        name: number_of(names, &program.name)?,
        version: number_of(names, &program.version)?,
        by_whole: tiers.iter().any(|t| t.mode == TierMode::Whole),
        additive: bands::additive(program, &tiers),
        versions: versions.iter().filter(|p| p.name == program.name).count() > 1,
        tiers,
        bonuses: program.bonus.iter().map(|b| bonus(&b.name).unwrap_or(u32::MAX)).collect(),
        unit: policies.unit_of(program),
        steps: program.deductions.iter().map(step).collect::<Result<_>>()?,
    })
}

fn same_volume(a: &Tiers, b: &Tiers) -> bool {
    (a.currency, a.basis, a.window, a.mode) == (b.currency, b.basis, b.window, b.mode)
}

/// An earning day: its period, that period's last day, and the terms in force then.
#[derive(Clone, Copy)]
pub struct Day<'a> {
    pub day: i32,
    pub period: Period,
    pub last: i32,
    pub terms: &'a Terms,
}

impl Day<'_> {
    /// The day that a rule names for an event of this day, where the run ends on `last_day`.
    pub fn fx_date(&self, rule: FxDate, last_day: i32) -> i32 {
        match rule {
            FxDate::EventDay => self.day,
            FxDate::PeriodEnd | FxDate::PeriodAverage => self.last.min(last_day.max(self.day)),
        }
    }
}

/// What a minor unit of one currency is worth in another.
#[derive(Clone, Default)]
pub struct Worth {
    /// The rate, and how many minor units of the other currency a minor unit is by it; `None` where the table lacks it.
    pub quoted: Option<(Exact, Exact)>,
    /// Its number in the worker's lines, where a part has been paid at it.
    pub number: Option<u32>,
}

impl Worth {
    pub fn rate(&self) -> Option<&Exact> {
        self.quoted.as_ref().map(|(rate, _)| rate)
    }

    pub fn minor(&self) -> Option<&Exact> {
        self.quoted.as_ref().map(|(_, minor)| minor)
    }

    /// An amount as it is paid, rounded once.
    ///
    /// # Errors
    /// A number beyond Int64 (gate).
    pub fn payout(&self, minor: i64) -> Result<Option<i64>> {
        let paid =
            |worth: &Exact| to_minor(round(&(&Exact::from(minor) * worth), Rounding::HalfEven)?, "a ledger value");
        self.minor().map(paid).transpose()
    }
}

/// What lines of one kind have in common, and where a worker has what it found for them.
pub struct Kind {
    pub line: LineKind,
    /// The last day of the earning period.
    pub last: i32,
    pub rule: FxDate,
    pub max_days_back: i32,
    /// Its number in the worker's lines, where there is one of it.
    pub number: Option<u32>,
    /// The place of the line that is being added up, and the turn in which it was given.
    pub place: (u64, usize),
    /// What the currency is worth in others.
    worths: Vec<(Currency, Worth)>,
}

impl Kind {
    /// The rate from the line's currency, on the date that the rule gave the line.
    fn rate_key(&self, to: Currency) -> RateKey {
        let LineKind { period, currency, fx_date, .. } = self.line;
        RateKey { earning_period: period, from: currency, to, fx_date, average: self.rule == FxDate::PeriodAverage }
    }
}

/// Days, kinds of lines and rates that one worker has looked up before.
pub struct Memory<'a> {
    look: &'a Lookup<'a>,
    days: FxHashMap<i32, Day<'a>>,
    kinds: Vec<Kind>,
    places: FxHashMap<LineKind, usize>,
    /// By program, currency and day of a fact.
    of_facts: FxHashMap<(u16, Currency, i32), usize>,
}

impl<'a> Memory<'a> {
    pub fn new(look: &'a Lookup<'a>) -> Self {
        let (kinds, days) = (Vec::new(), FxHashMap::default());
        Self { look, days, kinds, places: FxHashMap::default(), of_facts: FxHashMap::default() }
    }

    /// Forgets the numbers of kinds and rates in lines that were taken away.
    pub fn forget_numbers(&mut self) {
        for kind in &mut self.kinds {
            kind.number = None;
            kind.worths.iter_mut().for_each(|(_, worth)| worth.number = None);
        }
    }

    /// # Errors
    /// No terms cover the period's last day (usage).
    pub fn day(&mut self, day: i32) -> Result<Day<'a>> {
        if let Some(known) = self.days.get(&day) {
            return Ok(*known);
        }
        let period = Period::of_day(day);
        let last = period.last_day();
        let found = Day { day, period, last, terms: self.look.known.policies.terms_on(last)? };
        self.days.insert(day, found);
        Ok(found)
    }

    /// The place of the kind of line that a fact is added to.
    ///
    /// # Errors
    /// No terms cover the last day of the fact's period (usage).
    pub fn kind_of(&mut self, fact: &Fact<'_>) -> Result<usize> {
        let key = (fact.program, fact.currency, fact.day);
        if let Some(kind) = self.of_facts.get(&key) {
            return Ok(*kind);
        }
        let (program, day) = (self.look.program(fact.program), self.day(fact.day)?);
        let rule = program.program.fx_date.unwrap_or(day.terms.fx_date);
        let line = LineKind {
            program: program.name,
            version: program.version,
            currency: fact.currency,
            period: day.period,
            fx_date: day.fx_date(rule, self.look.known.last_day),
        };
        let kind = self.kind(line, day.last, rule, day.terms.fx_max_days_back);
        self.of_facts.insert(key, kind);
        Ok(kind)
    }

    /// The place of a kind of line; its rule of the rate's date and the days that a rate may be old.
    pub fn kind(&mut self, line: LineKind, last: i32, rule: FxDate, max_days_back: i32) -> usize {
        *self.places.entry(line).or_insert_with(|| {
            let (worths, number, place) = (Vec::new(), None, (0, 0));
            self.kinds.push(Kind { line, last, rule, max_days_back, number, place, worths });
            self.kinds.len() - 1
        })
    }

    /// The kind at a place.
    pub fn at(&mut self, kind: usize) -> &mut Kind {
        &mut self.kinds[kind]
    }

    /// What a minor unit of a kind's currency is worth in another.
    ///
    /// # Errors
    /// Never but for a bug.
    pub fn worth(&mut self, kind: usize, to: Currency) -> Result<&mut Worth> {
        let kind = &mut self.kinds[kind];
        let at = match kind.worths.iter().position(|(currency, _)| *currency == to) {
            Some(at) => at,
            None => {
                let key = kind.rate_key(to);
                let rate = self.look.rates.rate(key, kind.max_days_back)?;
                let minor = rate.as_ref().map(|rate| convert(&Exact::ONE, key.from, key.to, rate).lowest());
                kind.worths.push((to, Worth { quoted: rate.zip(minor), number: None }));
                kind.worths.len() - 1
            }
        };
        Ok(&mut kind.worths[at].1)
    }

    /// [`Memory::worth`] where there must be a rate: minor units of `to` for one of the kind's currency; none where the table
    /// lacks it.
    ///
    /// # Errors
    /// Never but for a bug.
    pub fn needed(&mut self, kind: usize, to: Currency) -> Result<Option<Exact>> {
        if self.kinds[kind].line.currency == to {
            return Ok(Some(Exact::ONE));
        }
        Ok(self.worth(kind, to)?.minor().cloned())
    }

    /// The error of a rate that the table lacks: what needs it, and of whom.
    pub fn lacks(&self, kind: usize, to: Currency, what: &str, whose: &str) -> Error {
        let (key, days) = (self.kinds[kind].rate_key(to), self.kinds[kind].max_days_back);
        Error::gate(format!("{what} needs a rate that the table lacks"))
            .at(format!("{whose}, {} to {}, {}", key.from.code(), key.to.code(), day_text(key.fx_date)))
            .expected(format!("both legs quoted at most {days} days before"))
    }
}
