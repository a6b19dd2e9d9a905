//! What a policy says, validated: these types hold nothing that could not be rated.

use std::collections::BTreeMap;
use std::fmt;

use super::picture;
use super::pool::Pool;
use super::source::Place;
use crate::error::{Error, Result};
use crate::money::{Currency, Exact, OddCents, Rounding};
use crate::period::day_text;

/// An enum whose variants are named in policy files; `Display` gives the name.
macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$about])* $variant,)* }

        impl $name {
            /// All of them, in the order in which the documentation lists them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $(Self::$variant => $text,)* })
            }
        }
    )*};
}
pub(super) use choices;

choices! {
    /// What a deduction's percent is of.
    Of {
        /// What the earlier steps left, after tax.
        Rest = "rest",
        /// The amount after tax.
        Amount = "amount",
    }
    /// What a tax that is withheld is of.
    TaxOf {
        /// What became payable.
        Base = "base",
        /// That, less what the taxes before it took.
        Rest = "rest",
    }
    /// Where the creator side is rounded.
    RoundAt {
        /// Once per earning line.
        Line = "line",
        /// Every step, the creator side and the split, event by event.
        Event = "event",
    }
    /// The day whose rates count.
    FxDate {
        /// The last day of the earning period.
        PeriodEnd = "period_end",
        /// The day of the event.
        EventDay = "event_day",
        /// The mean of the quoted days of the earning period.
        PeriodAverage = "period_average",
    }
    /// Who bears what a reversal keeps beyond the base.
    Kept {
        /// The platform, as its expense.
        Platform = "platform",
        /// Creator side and platform, by the share.
        Share = "share",
    }
    /// How far back a tier's volume reaches.
    Window {
        /// The earning period.
        Period = "period",
        /// The calendar year of the earning period.
        Year = "year",
        /// Everything.
        Lifetime = "lifetime",
    }
    /// What a tier's volume is made of.
    Basis {
        /// Amounts as paid.
        Gross = "gross",
        /// What deductions leave.
        Net = "net",
        /// The creator side.
        Earned = "earned",
    }
    /// What a reached tier applies to.
    TierMode {
        /// Each band has its own share.
        Marginal = "marginal",
        /// The whole volume of the window has the share of the band that it ends in.
        Whole = "whole",
    }
    /// The span in which an order of events is counted anew.
    Within {
        /// The day in the book's zone.
        Day = "day",
        /// The earning period.
        Period = "period",
    }
    /// The day on which a measure's window ends.
    MeasureEnd {
        /// The day of the event, that day excluded.
        EventDay = "event_day",
        /// The last day of the earning period, that day included.
        PeriodEnd = "period_end",
    }
    /// What a hold's days are counted from.
    HoldAfter {
        /// The day of the event.
        Event = "event",
        /// The day on which its order was delivered; until then it is held without an end.
        Delivered = "delivered",
    }
    /// What becomes of a balance that is too small to be paid.
    Below {
        /// It waits for more.
        Carry = "carry",
        /// It lapses.
        Forfeit = "forfeit",
    }
    /// The steps of a settlement that terms may order, in the order that they have by default.
    SettleStep {
        /// What a party owes is taken from the party that stands in for it.
        StandIn = "stand_in",
        /// Advances are recouped.
        Recoupment = "recoupment",
        /// Tax is withheld.
        Withholding = "withholding",
        /// A part is kept in reserve, and what was kept is released.
        Reserve = "reserve",
    }
    /// What late engagement does to a measure.
    Late {
        /// The period is rated again with it.
        Rerate = "rerate",
        /// The measure stays as the close of the earning period saw it.
        Frozen = "frozen",
    }
}

/// SQL as it stands in a policy, and where.
#[derive(Clone, Debug)]
pub struct Sql {
    pub text: String,
    pub place: Place,
}

/// How one kind of earning is rated from a day on; days are local dates in the book's zone.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    pub version: String,
    /// First earning day.
    pub valid_from: i32,
    /// The first earning day that is out again; none is open.
    pub valid_to: Option<i32>,
    /// `subscriptions`, `gifts`, `commerce` or `brand_deals`; of a pool `engagement`.
    pub log: String,
    /// Which events it rates (`where`); none is all.
    pub condition: Option<Sql>,
    /// In order; the first that does not hold names the reason.
    pub eligible: Vec<Rule>,
    /// In order.
    pub deductions: Vec<Step>,
    pub pay: Pay,
    /// Which events count where `pay` is for each; none is all.
    pub first: Option<First>,
    pub bonus: Vec<Bonus>,
    /// Cap on share and bonuses together, as a fraction.
    pub max_share: Option<Exact>,
    pub round_at: RoundAt,
    /// Of the creator side.
    pub rounding: Rounding,
    pub odd_cents: OddCents,
    /// None: as the terms say.
    pub fx_date: Option<FxDate>,
    pub kept: Kept,
    /// None: as the terms say.
    pub hold: Option<Hold>,
    /// Where its version stands in the files.
    pub place: Place,
    /// The unit that the creator side is rounded in, by name.
    pub unit: Option<Sql>,
}

/// A rule of eligibility.
#[derive(Clone, Debug)]
pub struct Rule {
    pub rule: String,
    pub when: Sql,
}

/// The columns that a deduction's amount goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fills {
    /// `channel_fee_minor`: the step that computes the fee where the log states none.
    ChannelFee,
    /// `tax_minor`: the step that computes sales tax where the log states none.
    Tax,
    /// `deductions`, under its own name.
    Deductions,
}

impl Fills {
    /// What a step of this name fills.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "channel_fee" => Self::ChannelFee,
            "tax" => Self::Tax,
            _ => Self::Deductions,
        }
    }
}

/// A deduction.
#[derive(Clone, Debug)]
pub struct Step {
    pub name: String,
    pub fills: Fills,
    /// As a fraction, 0 to 1.
    pub percent: Exact,
    /// Minor units of each event on top, by its currency; empty is none.
    pub fixed: BTreeMap<Currency, i64>,
    pub of: Of,
    pub account: String,
    /// None: exact.
    pub round: Option<Rounding>,
    pub when: Option<Sql>,
}

/// What the creator side gets of what deductions leave.
#[derive(Clone, Debug)]
pub enum Pay {
    /// The first case that holds; the last has no condition.
    Share(Vec<Case>),
    /// A column of the log, divided.
    Column {
        column: Sql,
        /// The number that is the whole: 10000 for basis points.
        per: i64,
    },
    /// By volume.
    Tiers(Tiers),
    /// A creator's part of a pot.
    Pool(Box<Pool>),
    /// Fixed money for each event, borne by the platform: the first case that holds, or none.
    Each(Vec<Payment>),
}

/// Fixed money for an event, and when.
#[derive(Clone, Debug)]
pub struct Payment {
    pub when: Option<Sql>,
    /// Minor units of the currency, or whole units of the program's unit; at least 0.
    pub minor: i64,
    /// None: in the program's unit.
    pub currency: Option<Currency>,
}

/// A unit of the policy's own: diamonds, worth money by the day that they are earned.
#[derive(Clone, Debug)]
pub struct Unit {
    pub name: String,
    /// Digits of its smallest part.
    pub digits: u32,
    pub currency: Currency,
    /// By first day.
    pub rates: Vec<UnitRate>,
}

/// What a unit is worth from a day on.
#[derive(Clone, Debug)]
pub struct UnitRate {
    pub from: i32,
    /// Major units of the currency for one unit, above 0.
    pub rate: Exact,
}

impl Unit {
    /// Minor units of its currency that its smallest part is worth when it is earned on a day; none before the first rate.
    #[must_use]
    pub fn worth_on(&self, day: i32) -> Option<Exact> {
        let rate = self.rates.iter().rev().find(|rate| rate.from <= day)?;
        let minor = &rate.rate * &Exact::from_int(10_i128.pow(self.currency.digits()));
        minor.checked_div(&self.whole())
    }

    /// How many smallest parts a whole unit has.
    #[must_use]
    pub fn whole(&self) -> Exact {
        Exact::from_int(10_i128.pow(self.digits))
    }
}

/// Only the first so many things count, in the order of their first events: three experiences of a payer's day.
#[derive(Clone, Debug)]
pub struct First {
    /// At least 1.
    pub n: usize,
    /// What is counted; the event that is paid is its first one.
    pub of: Sql,
    /// Whose order it is; an event without one is not paid.
    pub per: Sql,
    pub within: Within,
    pub having: Option<Having>,
}

/// What all events of a thing within the span have to add up to, for it to count.
#[derive(Clone, Debug)]
pub struct Having {
    pub sum: Sql,
    pub at_least: i64,
}

/// A share and when it holds.
#[derive(Clone, Debug)]
pub struct Case {
    pub when: Option<Sql>,
    /// As a fraction, 0 to 1; with locked rates, where the reference names none.
    pub percent: Exact,
    pub locked: Option<Locked>,
}

/// Rates by creator and something that an event names, from a reference: a raise counts at once, a cut later.
#[derive(Clone, Debug)]
pub struct Locked {
    /// The reference, one of the book's own.
    pub rates: String,
    /// The column of the log, and of the reference.
    pub by: Sql,
    /// So many days a rate that was cut still counts: the highest of the day and of so many days before it.
    pub cut_after_days: i32,
}

/// Shares by volume.
#[derive(Clone, Debug)]
pub struct Tiers {
    pub window: Window,
    pub basis: Basis,
    pub currency: Currency,
    pub mode: TierMode,
    /// From 0 upward, strictly rising.
    pub bands: Vec<Band>,
}

/// A share from a volume on.
#[derive(Clone, Debug)]
pub struct Band {
    /// Minor units of the tiers' currency.
    pub from_minor: i64,
    /// As a fraction, 0 to 1.
    pub percent: Exact,
}

/// Points that are added to the share.
#[derive(Clone, Debug)]
pub struct Bonus {
    pub name: String,
    /// As a fraction: 0.20 for 20 points.
    pub points: Exact,
    pub when: Option<Sql>,
    /// Per creator, program name and earning period.
    pub cap: Option<Cap>,
}

/// The most that a bonus adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Minor units, at least 0.
    pub minor: i64,
    pub currency: Currency,
}

/// A number that a policy's conditions may ask for, per creator and earning day.
#[derive(Clone, Debug)]
pub struct Measure {
    pub name: String,
    pub log: String,
    /// Which rows count (`where`); none is all.
    pub condition: Option<Sql>,
    pub added: Added,
    pub span: Span,
    pub end: MeasureEnd,
    pub late: Late,
}

/// What a measure does with the rows of its window.
#[derive(Clone, Debug)]
pub enum Added {
    /// Adds up a whole number of each.
    Sum(Sql),
    /// Counts them.
    Count,
    /// Counts how many different values an expression has; a null is none.
    Distinct(Sql),
}

/// The length of a measure's window, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Days(i32),
    /// Whole calendar months: those before the month of the event, or up to the earning period, that one among them.
    Months(i32),
}

/// A measure over a measure: 1 while a creator is enrolled, else 0.
///
/// Who has `at_least` in so many months in a row is enrolled for so many months from the next one on; who has it again
/// while enrolled, from then on anew.
#[derive(Clone, Debug)]
pub struct Enrolment {
    pub name: String,
    /// A measure of one calendar month, up to the period's end.
    pub of: String,
    pub at_least: i64,
    pub months_in_a_row: i32,
    pub lasts_months: i32,
}

/// How a party's account is settled from a day on.
#[derive(Clone, Debug)]
pub struct Terms {
    pub version: String,
    pub valid_from: i32,
    pub valid_to: Option<i32>,
    pub fx_date: FxDate,
    /// Days that a rate may be older than its date.
    pub fx_max_days_back: i32,
    /// Minor units; a currency that is not named has no minimum.
    pub minimum_payout: BTreeMap<Currency, i64>,
    /// What becomes of less than the minimum.
    pub below: Below,
    /// Whole months after which a carried amount lapses; none: never.
    pub expires_months: Option<i32>,
    /// Days from the period's last day to the payout.
    pub due_days: i32,
    /// Of every program that has no hold of its own.
    pub hold: Option<Hold>,
    /// Of each tax the first case that holds for a party counts; none: nothing is withheld.
    pub withholding: Vec<Withholding>,
    pub reserve: Option<Reserve>,
    /// Every step once.
    pub order: Vec<SettleStep>,
    /// Where its version stands in the files.
    pub place: Place,
}

/// How long a party's part of an event cannot be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    pub after: HoldAfter,
    /// 0 holds nothing back, but for the wait for a delivery.
    pub days: i32,
}

/// A case of withholding.
#[derive(Clone, Debug)]
pub struct Withholding {
    pub name: String,
    /// The tax that it is a case of; none where the terms know one only.
    pub tax: Option<String>,
    /// SQL over the party's columns on the period's last day; none holds for everybody.
    pub when: Option<Sql>,
    /// As a fraction, 0 to 1.
    pub percent: Exact,
    /// The base, or what the taxes before it left of it.
    pub of: TaxOf,
    /// Only what payers of these countries brought is taxed, sorted; empty: everything.
    pub payers: Vec<String>,
}

/// What is kept back against later reversals.
#[derive(Clone, Debug)]
pub struct Reserve {
    /// As a fraction, 0 to 1.
    pub percent: Exact,
    /// From the period's last day to the release.
    pub days: i32,
}

/// A policy file.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// Relative path.
    pub name: String,
    pub text: String,
}

/// Everything that the policy files say, in an order that does not depend on the files.
#[derive(Clone, Debug)]
pub struct Policies {
    /// By name, then by first day.
    pub programs: Vec<Program>,
    /// By name.
    pub measures: Vec<Measure>,
    /// By name.
    pub enrolments: Vec<Enrolment>,
    /// By name.
    pub units: Vec<Unit>,
    /// By first day.
    pub terms: Vec<Terms>,
    /// By name.
    pub files: Vec<PolicyFile>,
}

impl Program {
    /// How long its events are held, under the terms of their earning period.
    #[must_use]
    pub fn hold_under(&self, terms: &Terms) -> Option<Hold> {
        self.hold.or(terms.hold).filter(|hold| hold.days > 0 || hold.after == HoldAfter::Delivered)
    }
}

impl Terms {
    /// The taxes that are withheld, in the order of their first cases; each with the places of its cases.
    #[must_use]
    pub fn taxes(&self) -> Vec<(Option<&str>, Vec<usize>)> {
        let mut taxes: Vec<(Option<&str>, Vec<usize>)> = Vec::new();
        for (at, case) in self.withholding.iter().enumerate() {
            let name = case.tax.as_deref();
            match taxes.iter_mut().find(|(tax, _)| *tax == name) {
                Some((_, cases)) => cases.push(at),
                None => taxes.push((name, vec![at])),
            }
        }
        taxes
    }
}

impl Policies {
    /// Every country that a case of withholding tells payers apart by, sorted.
    #[must_use]
    pub fn payer_countries(&self) -> Vec<&str> {
        let cases = self.terms.iter().flat_map(|t| &t.withholding);
        let mut countries: Vec<&str> = cases.flat_map(|case| &case.payers).map(String::as_str).collect();
        countries.sort_unstable();
        countries.dedup();
        countries
    }

    /// The error of an SQL expression that the query engine refuses, with a caret under it.
    #[must_use]
    pub fn sql_error(&self, sql: &Sql, message: &str) -> Error {
        let error = Error::usage(format!("an expression can't be used: {message}"))
            .expected("SQL over the log's columns, the creator's columns as of the earning day, and measures")
            .next("correct it, then look with `everycent policy check`");
        match self.drawn(sql) {
            None => error,
            Some((place, picture)) => error.at(place).picture(picture),
        }
    }

    /// Where an expression stands, and a picture of it.
    #[must_use]
    pub fn drawn(&self, sql: &Sql) -> Option<(String, String)> {
        let file = self.files.get(sql.place.file)?;
        Some((picture::place_text(file, sql.place), picture::snippet(file, sql.place)))
    }

    /// The unit of a program.
    #[must_use]
    pub fn unit_of(&self, program: &Program) -> Option<&Unit> {
        let name = &program.unit.as_ref()?.text;
        self.units.iter().find(|unit| unit.name == *name)
    }

    /// The names of all numbers that a condition may ask for: measures, then enrolments.
    pub fn asked(&self) -> impl Iterator<Item = &str> {
        let measures = self.measures.iter().map(|m| m.name.as_str());
        measures.chain(self.enrolments.iter().map(|e| e.name.as_str()))
    }

    /// Every version of every program that rates a log.
    pub fn program_versions_for(&self, log: &str) -> impl Iterator<Item = &Program> {
        self.programs.iter().filter(move |p| p.log == log)
    }

    /// The programs of a log that are in force on a day.
    pub fn in_force(&self, log: &str, day: i32) -> impl Iterator<Item = &Program> {
        self.program_versions_for(log).filter(move |p| covers(p.valid_from, p.valid_to, day))
    }

    /// The terms in force on a day.
    ///
    /// # Errors
    /// No terms cover the day (usage, with the days around the gap).
    pub fn terms_on(&self, day: i32) -> Result<&Terms> {
        let found = self.terms.iter().find(|t| covers(t.valid_from, t.valid_to, day));
        found.ok_or_else(|| {
            Error::usage(format!("no terms are in force on {}", day_text(day)))
                .expected("a [[terms]] whose valid_from and valid_to contain that day")
                .found(self.terms_around(day))
                .next("add a version of the terms for those days, or move a valid_to")
        })
    }

    fn terms_around(&self, day: i32) -> String {
        let before = self.terms.iter().rev().find_map(|t| Some((t, t.valid_to.filter(|to| *to <= day)?)));
        let before = before.map(|(t, to)| format!("version {} ends with {}", t.version, day_text(to)));
        let after = self.terms.iter().find(|t| t.valid_from > day);
        let after = after.map(|t| format!("version {} begins on {}", t.version, day_text(t.valid_from)));
        let known: Vec<String> = before.into_iter().chain(after).collect();
        if known.is_empty() { "no [[terms]] at all".into() } else { known.join(", ") }
    }
}

/// Is a day within these days, the end out?
#[must_use]
pub fn covers(from: i32, to: Option<i32>, day: i32) -> bool {
    from <= day && to.is_none_or(|to| day < to)
}
