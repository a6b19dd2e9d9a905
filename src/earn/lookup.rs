//! What rules look up for every fact, by number: programs, parties, agreements, days and rates.

use std::collections::hash_map::Entry;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::bands;
use super::rates::{RateKey, Rates};
use crate::error::{Error, Result};
use crate::facts::{Deliveries, Known};
use crate::intake::Names;
use crate::ledger::Account;
use crate::money::{Currency, Exact, Rounding, convert, round, to_minor};
use crate::period::Period;
use crate::policy::{FxDate, Pay, Policies, Program, Terms, TierMode, Tiers, Unit};
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
    parties: Vec<&'a [Party]>,
    agreements: Vec<Option<&'a Agreement>>,
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
        let (parties, agreements) = rayon::join(
            || numbered(names, known.references.parties.all()),
            || {
                numbered(
                    names,
                    known.references.agreements.all().map(|(creator, agreement)| (creator, Some(agreement))),
                )
            },
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
        Ok(Self { known, names, rates, programs, parties, agreements, deliveries, countries, spreads, adds_up })
    }

    pub fn program(&self, at: u16) -> &Numbered<'a> {
        &self.programs[usize::from(at)]
    }

    pub fn agreement(&self, creator: u32) -> Option<&'a Agreement> {
        self.agreements.get(creator as usize).copied().flatten()
    }

    pub fn payout_currency(&self, party: u32, day: i32) -> Option<Currency> {
        let versions = self.parties.get(party as usize)?;
        Parties::version(versions, day).map(|party| party.payout_currency)
    }
}

/// Values by the number of their name; the default where there is none.
fn numbered<'a, T: Copy + Default + Send + Sync>(names: &Names, all: impl Iterator<Item = (&'a str, T)>) -> Vec<T> {
    let all: Vec<(&str, T)> = all.collect();
    let numbers: Vec<Option<u32>> = all.par_iter().map(|(name, _)| names.find(name)).collect();
    let mut values = vec![T::default(); names.len()];
    for (number, (_, value)) in numbers.into_iter().zip(all) {
        if let Some(number) = number {
            values[number as usize] = value;
        }
    }
    values
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
    let step = |step: &crate::policy::Step| match step.name.as_str() {
        super::steps::CHANNEL_FEE | super::steps::TAX => Ok(None),
        name => {
            let account = step.account.parse().map_err(|_| Error::bug(format!("no account {}", step.account)))?;
            Ok(Some((number_of(names, name)?, account)))
        }
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

/// Days and rates that one worker has looked up before.
pub struct Memory<'a> {
    look: &'a Lookup<'a>,
    days: FxHashMap<i32, Day<'a>>,
    worths: FxHashMap<RateKey, Worth>,
}

impl<'a> Memory<'a> {
    pub fn new(look: &'a Lookup<'a>) -> Self {
        Self { look, days: FxHashMap::default(), worths: FxHashMap::default() }
    }

    /// Forgets the numbers of rates in lines that were taken away.
    pub fn forget_numbers(&mut self) {
        self.worths.values_mut().for_each(|worth| worth.number = None);
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

    /// What a minor unit is worth at a rate.
    ///
    /// # Errors
    /// Never but for a bug.
    pub fn worth(&mut self, key: RateKey, max_days_back: i32) -> Result<&mut Worth> {
        match self.worths.entry(key) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let rate = self.look.rates.rate(key, max_days_back)?;
                let minor = rate.as_ref().map(|rate| convert(&Exact::ONE, key.from, key.to, rate));
                Ok(place.insert(Worth { quoted: rate.zip(minor), number: None }))
            }
        }
    }
}
