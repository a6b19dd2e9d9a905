//! The earning lines of a set of units: deductions, share, rounding, split, conversion.

use std::collections::{BTreeMap, BTreeSet};

use super::before::Before;
use super::calendar::{Day, Month, Zone, age_on, first_day, last_day, month_of, parse_day};
use super::condition::{Condition, Value};
use super::each::{fixed, payment};
use super::event::Row;
use super::fates::Fate;
use super::netting::Unit;
use super::number::{Q, half_even, int, largest_remainder, q, round, zero};
use super::policy::{Enrolment, Fx, Measure, Payment, Policies, Program, Share, Step, Sum};
use super::pool::{Divided, PotRow};
use super::references::{Rates, References};
use super::release::{Deliveries, Slices, Spread};
use super::share::Reached;
use super::split::{Place, by_party, fractions, is_complete, whole};
use super::unit::{Stretches, in_whole, worth};

/// Everything that rating looks at besides the units.
pub struct World<'a> {
    pub zone: Zone,
    pub orphan_days: i64,
    pub policies: &'a Policies,
    pub refs: &'a References,
    pub rates: &'a Rates<'a>,
    /// All rows that were read, and those that measures count now.
    pub rows: &'a [Row],
    pub counted: Vec<&'a Row>,
    /// What each close saw, for frozen measures.
    pub seen: &'a BTreeMap<Month, BTreeSet<usize>>,
    /// What the system before handed over.
    pub before: &'a Before,
    pub deliveries: Deliveries,
    /// The month that is evaluated, and by row the first that knew it.
    pub month: Month,
    pub learned: &'a BTreeMap<usize, Month>,
}

/// The key of an earning line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineKey {
    pub creator: String,
    pub program: String,
    pub version: String,
    pub currency: String,
    pub month: Month,
    pub fx_date: Day,
}

/// A party's part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub place: Place,
    pub minor: i64,
    pub payout_currency: String,
    pub rate: Option<Q>,
    pub paid: Option<i64>,
}

/// Gross, tax and fee of one channel.
pub type Sums = (i64, i64, i64);

/// An earning line in whole minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booked {
    pub log: String,
    /// Gross is of a pot, not of payers.
    pub of_pot: bool,
    pub events: i64,
    pub gross: i64,
    pub tax: i64,
    pub fee: i64,
    /// Name, account, minor units; tax and channel fee stand above.
    pub steps: Vec<(String, String, i64)>,
    pub creator: i64,
    pub platform: i64,
    /// What the platform bears, within `platform`: tax and fee kept beyond what is left of charges, fixed pay for events.
    pub expense: i64,
    pub rounding: Q,
    pub parts: Vec<Part>,
    pub channels: BTreeMap<Option<String>, Sums>,
    /// When its parts are released, and whose payers brought them.
    pub spread: Spread,
}

/// Lines by key.
pub type Lines = BTreeMap<LineKey, Booked>;

/// A unit after deductions.
pub struct Priced<'a> {
    pub unit: Unit<'a>,
    pub program: &'a Program,
    pub currency: String,
    pub fx: Fx,
    pub tax: Q,
    pub fee: Q,
    pub steps: Vec<(String, String, Q)>,
    /// What is shared.
    pub rest: Q,
    /// Tax and fee that a reversal kept beyond the base.
    pub shortfall: Q,
}

impl Priced<'_> {
    /// Who earned it.
    pub fn creator(&self) -> &str {
        self.unit.row.text("creator_id").expect("a sound row has a creator")
    }

    fn fx_date(&self) -> Day {
        if self.fx == Fx::EventDay { self.unit.day } else { last_day(month_of(self.unit.day)) }
    }

    /// What is left of a charge is never less than nothing: the platform bears what tax and fees take beyond it.
    fn bear_shortfall(&mut self) {
        if self.rest < zero() && self.unit.sign > 0 && !self.program.kept_shared {
            self.shortfall -= &self.rest;
            self.rest = zero();
        }
    }

    fn key(&self) -> LineKey {
        LineKey {
            creator: self.creator().to_owned(),
            program: self.program.name.clone(),
            version: self.program.version.clone(),
            currency: self.currency.clone(),
            month: month_of(self.unit.day),
            fx_date: self.fx_date(),
        }
    }
}

impl<'a> World<'a> {
    /// Rated, ineligible, or without what rating needs.
    pub fn fate_of(&self, unit: &Unit) -> Fate {
        let creator = unit.row.text("creator_id").expect("a sound row has a creator");
        if self.refs.creator(creator, unit.day).is_none() {
            return Fate::Quarantined("creator_unknown_on_date");
        }
        let Some(program) = self.program_of(unit) else { return Fate::Quarantined("no_policy") };
        let fractions = fractions(self.refs, creator, &program.name, unit.day);
        let end = last_day(month_of(unit.day));
        if fractions.iter().any(|(place, _)| self.refs.payout_currency(&place.2, end).is_none()) {
            return Fate::Quarantined("party_unknown_on_date");
        }
        if let Some((rule, _)) = program.eligible.iter().find(|(_, when)| !self.holds(when, unit)) {
            return Fate::Ineligible(rule.clone());
        }
        match &program.share {
            Share::Column { name, per } => match unit.row.int(name) {
                None => Fate::Quarantined("share_missing"),
                Some(share) if q(share) < zero() || q(share) > *per => Fate::Quarantined("share_out_of_range"),
                Some(_) => Fate::Rated,
            },
            _ => Fate::Rated,
        }
    }

    /// The one program that shares a unit's money.
    pub fn program_of(&self, unit: &Unit) -> Option<&'a Program> {
        let fits = |p: &&Program| {
            p.log == unit.row.log
                && !matches!(p.share, Share::Pool(_))
                && p.from <= unit.day
                && p.to.is_none_or(|to| unit.day < to)
                && self.holds(&p.condition, unit)
        };
        let mut programs = self.policies.programs.iter().filter(fits);
        let program = programs.next();
        assert!(programs.next().is_none(), "two programs share {:?}", unit.row);
        program
    }

    /// Whether a condition holds for a unit.
    pub fn holds(&self, condition: &Condition, unit: &Unit) -> bool {
        condition.holds(&|name| self.value(name, unit))
    }

    /// Exact minor units in another currency, at the line's own rate.
    pub fn in_currency(&self, minor: &Q, p: &Priced, to: &str) -> Q {
        let converted = self.rates.convert(minor, &p.currency, to, p.fx_date(), p.fx);
        converted.unwrap_or_else(|| panic!("no rate from {} to {to} for a tier, cap or payment", p.currency))
    }

    fn value(&self, name: &str, unit: &Unit) -> Value {
        let creator = || self.refs.creator(unit.row.text("creator_id").unwrap_or_default(), unit.day);
        let column = |c: &str| creator().and_then(|line| line.get(c)).cloned();
        if let Some(measure) = self.policies.measures.get(name) {
            return Value::Int(self.measured(measure, unit.row.text("creator_id"), unit.day));
        }
        if let Some(enrolment) = self.policies.enrolments.get(name) {
            return Value::Int(i64::from(self.enrolled(enrolment, unit)));
        }
        match name {
            "age" => column("birth_date").map_or(Value::Null, |b| Value::Int(age_on(parse_day(&b), unit.day))),
            "followers" => column(name).map_or(Value::Null, |f| Value::Int(f.parse().expect("a count of followers"))),
            "country" | "status" => column(name).map_or(Value::Null, Value::Text),
            _ => unit.row.value(name),
        }
    }

    fn measured(&self, measure: &Measure, creator: Option<&str>, day: Day) -> i64 {
        let month = month_of(day);
        let (from, end) = match (measure.months, measure.period_end) {
            (Some(months), true) => (first_day(month + 1 - months), last_day(month) + 1),
            (Some(months), false) => (first_day(month - months), first_day(month)),
            (None, true) => (last_day(month) + 1 - measure.days, last_day(month) + 1),
            (None, false) => (day - measure.days, day),
        };
        let seen = self.seen.get(&month).filter(|_| measure.frozen);
        let (then, now) = if seen.is_some() { (self.rows, &[][..]) } else { (&[][..], self.counted.as_slice()) };
        let counts = |row: &&Row| {
            row.log == measure.log
                && row.text("creator_id") == creator
                && (from..end).contains(&row.day)
                && seen.is_none_or(|seen| seen.contains(&row.n))
                && measure.condition.holds(&|name| row.value(name))
        };
        let counted = then.iter().chain(now.iter().copied()).filter(counts);
        let adds = |row: &Row| match &measure.sum {
            None => 1,
            Some(Sum::Column(column)) => row.int(column).unwrap_or(0),
            Some(Sum::Points { column, points, other }) => {
                row.text(column).and_then(|text| points.get(text)).copied().unwrap_or(*other)
            }
        };
        let Some(column) = &measure.distinct else { return counted.map(adds).sum() };
        let values: BTreeSet<&str> = counted.filter_map(|row| row.text(column)).collect();
        i64::try_from(values.len()).expect("few")
    }

    /// Whether a run of enough months ended so short ago that it still lasts.
    fn enrolled(&self, enrolment: &Enrolment, unit: &Unit) -> bool {
        let (measure, month) = (&self.policies.measures[&enrolment.of], month_of(unit.day));
        let creator = unit.row.text("creator_id");
        let enough = |month| self.measured(measure, creator, first_day(month)) >= enrolment.at_least;
        let run = |last: Month| (last - enrolment.months_in_a_row + 1..=last).all(enough);
        (month - enrolment.lasts_months..month).any(run)
    }

    /// All lines of the units, and of creators' parts of pots.
    pub fn lines(&self, mut units: Vec<Unit>, divided: &Divided) -> Lines {
        units.sort_by(|a, b| a.row.order().cmp(&b.row.order()));
        let mut priced: Vec<Priced> = units.into_iter().filter_map(|unit| self.priced(unit)).collect();
        let parts = divided.rows();
        priced.extend(parts.iter().map(|part| self.part_of_pot(part)));
        let mut reached = Reached::new(self, &priced);
        let mut lines: BTreeMap<LineKey, Exact> = BTreeMap::new();
        for p in &priced {
            let creator = reached.creator_side(self, p);
            lines.entry(p.key()).or_insert_with(|| Exact::new(p)).add(self, p, creator);
        }
        let mut lines: Lines = lines.into_iter().map(|(key, line)| (key.clone(), line.booked(self, &key))).collect();
        lines.extend(self.referrals(&lines));
        lines
    }

    fn priced<'u>(&'u self, unit: Unit<'u>) -> Option<Priced<'u>> {
        let program = self.program_of(&unit).expect("a rated unit has a program");
        let currency = unit.row.text("currency").map(str::to_owned);
        let currency = currency.or_else(|| paid_in(program, payment(self, program, &unit)?))?;
        Some(self.deducted(unit, program, currency))
    }

    fn part_of_pot<'u>(&'u self, (row, name, version, minor, events): &'u PotRow) -> Priced<'u> {
        let mut programs = self.policies.programs.iter();
        let program = programs.find(|p| (&p.name, &p.version) == (name, version)).expect("the version of a pool");
        let unit = Unit { amount: *minor, events: *events, tax: None, fee: None, ..Unit::of_no_money(row) };
        self.deducted(unit, program, row.cells["currency"].clone())
    }

    /// Deductions, in the policy's order, each of what the ones before left.
    fn deducted<'u>(&'u self, unit: Unit<'u>, program: &'u Program, currency: String) -> Priced<'u> {
        let (tax, fee) = (q(unit.sign * unit.tax.unwrap_or(0)), q(unit.sign * unit.fee.unwrap_or(0)));
        let rest = q(unit.sign * unit.amount) - &tax;
        let fx = program.fx.unwrap_or_else(|| self.policies.terms_of(month_of(unit.day)).fx);
        let mut p = Priced { unit, program, currency, fx, tax, fee, steps: Vec::new(), rest, shortfall: zero() };
        p.bear_shortfall();
        let mut after_tax = p.rest.clone();
        for step in &program.steps {
            self.deduct(&mut p, step, &after_tax);
            p.bear_shortfall();
            if step.name == "tax" {
                after_tax = p.rest.clone();
            }
        }
        p
    }

    fn deduct(&self, p: &mut Priced, step: &Step, after_tax: &Q) {
        match step.name.as_str() {
            "tax" if p.unit.tax.is_some() => return,
            "channel_fee" if p.unit.fee.is_some() => {
                p.rest -= &p.fee;
                return;
            }
            _ if !self.holds(&step.when, &p.unit) => {
                p.steps.extend(is_listed(step).then(|| (step.name.clone(), step.account.clone(), zero())));
                return;
            }
            _ => {}
        }
        let base = if step.of_amount { after_tax } else { &p.rest };
        let base = if p.unit.sign > 0 { base.clone().max(zero()) } else { base.clone() };
        let exact = match step.name.as_str() {
            "channel_fee" => (base + q(p.unit.kept_base)) * &step.percent - q(p.unit.fee_back),
            _ => base * &step.percent,
        } + fixed(step, p);
        let money = step.round.map_or(exact.clone(), |mode| q(round(mode, &exact)));
        p.rest -= &money;
        match step.name.as_str() {
            "tax" => p.tax = money,
            "channel_fee" => p.fee = money,
            _ => p.steps.push((step.name.clone(), step.account.clone(), money)),
        }
    }
}

/// The currency of a payment, or of the unit that it is in.
fn paid_in(program: &Program, payment: &Payment) -> Option<String> {
    payment.currency.clone().or_else(|| Some(program.unit.as_ref()?.currency.clone()))
}

/// Whether a step stands among `deductions`; tax and the channel's fee have columns of their own.
fn is_listed(step: &Step) -> bool {
    !["tax", "channel_fee"].contains(&step.name.as_str())
}

/// Gross, tax and fee of a channel before they are rounded.
type ExactSums = (i64, Q, Q);

/// A line before it is rounded; of a program that rounds per event, what its events were rounded to.
struct Exact {
    log: String,
    events: i64,
    gross: i64,
    tax: Q,
    fee: Q,
    steps: Vec<(String, String, Q)>,
    creator: Q,
    shortfall: Q,
    parts: Vec<(Place, Q)>,
    /// Of a program with a unit, in place of parts.
    stretches: Stretches,
    slices: Slices,
    channels: BTreeMap<Option<String>, ExactSums>,
    program: Program,
    fx: Fx,
}

impl Exact {
    fn new(p: &Priced) -> Self {
        Self {
            log: p.unit.row.log.clone(),
            events: 0,
            gross: 0,
            tax: zero(),
            fee: zero(),
            steps: p.steps.iter().map(|(name, account, _)| (name.clone(), account.clone(), zero())).collect(),
            creator: zero(),
            shortfall: zero(),
            parts: Vec::new(),
            stretches: Stretches::default(),
            slices: Slices::default(),
            channels: BTreeMap::new(),
            program: p.program.clone(),
            fx: p.fx,
        }
    }

    fn add(&mut self, world: &World, p: &Priced, creator: Q) {
        let per_event = self.program.per_event;
        let in_units = self.program.unit.as_ref().map(|unit| worth(world, p, unit));
        let grain = |exact: &Q| if per_event { q(half_even(exact)) } else { exact.clone() };
        let rounded = if per_event { q(round(self.program.rounding, &creator)) } else { creator.clone() };
        let gross = p.unit.sign * p.unit.amount;
        self.events += p.unit.events;
        self.gross += gross;
        self.tax += grain(&p.tax);
        self.fee += grain(&p.fee);
        for (sum, step) in self.steps.iter_mut().zip(&p.steps) {
            sum.2 += grain(&step.2);
        }
        self.shortfall += &p.shortfall;
        let channel = p.unit.row.text("channel").map(str::to_owned);
        let channel = self.channels.entry(channel).or_insert_with(|| (0, zero(), zero()));
        *channel = (channel.0 + gross, &channel.1 + grain(&p.tax), &channel.2 + grain(&p.fee));
        let whole = per_event && in_units.is_none();
        let parts = self.parts_of(world, p, if whole { &rounded } else { &creator }, whole);
        let (release, country) = (world.release(p), world.payers(p));
        for (place, part) in &parts {
            self.slices.add(&place.2, release, country.clone(), part);
        }
        match in_units {
            None => self.parts.extend(parts),
            Some(worth) if per_event => self.parts.extend(in_whole(self.program.rounding, &creator, &worth, parts)),
            Some(worth) => self.stretches.add(worth, &creator, parts),
        }
        self.creator += creator;
    }

    /// The parties' parts of an event: exact, or whole where the program rounds per event.
    fn parts_of(&self, world: &World, p: &Priced, creator: &Q, whole_parts: bool) -> Vec<(Place, Q)> {
        let fractions = fractions(world.refs, p.creator(), &self.program.name, p.unit.day);
        assert!(is_complete(&fractions), "the parts of {} do not use up everything", p.creator());
        let parts: Vec<(Place, Q)> = fractions.into_iter().map(|(place, f)| (place, f * creator)).collect();
        if !whole_parts {
            return parts;
        }
        let minor = whole(int(creator), &parts, self.program.odd_cents, month_of(p.unit.day));
        parts.into_iter().zip(minor).map(|((place, _), minor)| (place, q(minor))).collect()
    }

    fn booked(mut self, world: &World, key: &LineKey) -> Booked {
        self.parts.extend(std::mem::take(&mut self.stretches).booked(self.program.rounding));
        let parts = by_party(self.parts);
        let total = round(self.program.rounding, &parts.iter().fold(zero(), |sum, (_, part)| sum + part));
        let minor = whole(total, &parts, self.program.odd_cents, key.month);
        let creator = minor.iter().sum();
        let paid_for = if matches!(self.program.share, Share::Each(_)) { creator } else { 0 };
        let (tax, fee) = (half_even(&self.tax), half_even(&self.fee));
        let part = |((place, _), minor): ((Place, Q), i64)| converted(world, key, self.fx, place, minor);
        let steps: Vec<_> = self.steps.into_iter().map(|(name, account, x)| (name, account, half_even(&x))).collect();
        let deducted: i64 = steps.iter().map(|(_, _, minor)| minor).sum();
        let parts: Vec<Part> = parts.into_iter().zip(minor).map(part).collect();
        let spread = parts.iter().flat_map(|part| self.slices.spread(part, &key.currency)).collect();
        Booked {
            log: self.log,
            of_pot: matches!(self.program.share, Share::Pool(_)),
            events: self.events,
            gross: self.gross,
            tax,
            fee,
            steps,
            creator,
            platform: self.gross - tax - fee - deducted - creator,
            expense: half_even(&self.shortfall) + paid_for,
            rounding: self.creator - q(creator),
            parts,
            spread,
            channels: whole_channels(self.channels, tax, fee),
        }
    }
}

pub fn converted(world: &World, key: &LineKey, fx: Fx, place: Place, minor: i64) -> Part {
    let to = world.refs.payout_currency(&place.2, last_day(key.month)).expect("a party that was known").to_owned();
    let rate = world.rates.rate(&key.currency, &to, key.fx_date, fx);
    let paid = world.rates.convert(&q(minor), &key.currency, &to, key.fx_date, fx).map(|x| half_even(&x));
    Part { place, minor, payout_currency: to, rate, paid }
}

/// The line's tax and fee over its channels, by largest remainder, ties by name.
fn whole_channels(channels: BTreeMap<Option<String>, ExactSums>, tax: i64, fee: i64) -> BTreeMap<Option<String>, Sums> {
    let rank: Vec<usize> = (0..channels.len()).collect();
    let divided = |total: i64, exact: fn(&ExactSums) -> &Q| {
        largest_remainder(total, &channels.values().map(|sums| exact(sums).clone()).collect::<Vec<_>>(), &rank)
    };
    let minor = divided(tax, |sums| &sums.1).into_iter().zip(divided(fee, |sums| &sums.2)).collect::<Vec<_>>();
    channels.into_iter().zip(minor).map(|((channel, sums), (tax, fee))| (channel, (sums.0, tax, fee))).collect()
}
