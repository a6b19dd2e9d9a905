//! Policies, read from the TOML of the book.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::calendar::{Day, Month, last_day, parse_day};
use super::condition::Condition;
use super::number::{Mode, Q, parse, zero};
use super::pool::policy::Pool;
use super::unit::Unit;

/// A version of a program: what rates one kind of earning, for charges of some days.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    pub version: String,
    pub from: Day,
    pub to: Option<Day>,
    pub log: String,
    pub condition: Condition,
    pub eligible: Vec<(String, Condition)>,
    pub steps: Vec<Step>,
    pub share: Share,
    pub first: Option<First>,
    pub bonuses: Vec<Bonus>,
    pub max_share: Option<Q>,
    pub per_event: bool,
    pub rounding: Mode,
    pub odd_cents: OddCents,
    /// Its own, or the terms'.
    pub fx: Option<Fx>,
    /// What a reversal keeps beyond the base is shared, too.
    pub kept_shared: bool,
    /// Its own hold (none, too, if it says so), or the terms'.
    pub hold: Option<Option<Hold>>,
    /// What the creator side is counted in.
    pub unit: Option<Unit>,
}

/// Who gets a cent that several have the same claim to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddCents {
    First,
    Rotate,
    Platform,
}

/// Which rate converts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fx {
    PeriodEnd,
    EventDay,
    PeriodAverage,
}

/// A deduction.
#[derive(Clone, Debug)]
pub struct Step {
    pub name: String,
    pub percent: Q,
    /// Taken of each event on top: major units by currency.
    pub fixed: BTreeMap<String, Q>,
    /// Of the amount after tax, not of what the steps before left.
    pub of_amount: bool,
    pub account: String,
    pub round: Option<Mode>,
    pub when: Condition,
}

/// The creator's share of what the deductions leave.
#[derive(Clone, Debug)]
pub enum Share {
    /// The first that holds.
    Cases(Vec<Case>),
    Column {
        name: String,
        per: Q,
    },
    Tiers(Tiers),
    /// Fixed money for each event, of the first that holds; or none.
    Each(Vec<Payment>),
    /// Parts of a pot.
    Pool(Box<Pool>),
}

/// A case of a share.
#[derive(Clone, Debug, Default)]
pub struct Case {
    pub when: Condition,
    pub percent: Q,
    pub locked: Option<Locked>,
}

/// A rate by creator and a column, from a reference of the book's own; a cut counts after some days.
#[derive(Clone, Debug)]
pub struct Locked {
    pub reference: String,
    pub by: String,
    pub days: i64,
}

/// Fixed money in major units of a currency, or in whole units of the program's own.
#[derive(Clone, Debug)]
pub struct Payment {
    pub when: Condition,
    pub amount: Q,
    pub currency: Option<String>,
}

/// Only the first `n` things of a span are paid, each once.
#[derive(Clone, Debug)]
pub struct First {
    pub n: usize,
    /// The column that names the things.
    pub of: String,
    /// The column that says whose order it is.
    pub per: String,
    /// The whole month, not each day.
    pub in_month: bool,
    /// The column that a thing's events add up, and to how much at least.
    pub having: Option<(String, i64)>,
}

/// Bands over a creator's money in a window.
#[derive(Clone, Debug)]
pub struct Tiers {
    pub window: String,
    /// `gross`, `net` or `earned`.
    pub basis: String,
    pub currency: String,
    /// The whole window at the band it reaches, not each part at its own.
    pub whole: bool,
    /// Lower border in major units, share.
    pub bands: Vec<(Q, Q)>,
}

/// Points on top of the share.
#[derive(Clone, Debug)]
pub struct Bonus {
    pub name: String,
    pub points: Q,
    pub when: Condition,
    /// Most money in an earning period: amount in major units, currency.
    pub cap: Option<(Q, String)>,
}

/// A question about the events of the days before.
#[derive(Clone, Debug)]
pub struct Measure {
    pub log: String,
    pub condition: Condition,
    /// What is summed; without it, rows are counted, or values.
    pub sum: Option<Sum>,
    /// The column whose different values are counted.
    pub distinct: Option<String>,
    pub days: i64,
    /// Whole months in place of days.
    pub months: Option<i64>,
    pub period_end: bool,
    pub frozen: bool,
}

/// What a row adds to a measure.
#[derive(Clone, Debug)]
pub enum Sum {
    Column(String),
    /// `case tier when '1' then 1 else 0 end`.
    Points {
        column: String,
        points: BTreeMap<String, i64>,
        other: i64,
    },
}

/// A measure over a measure: 1 after so many months in a row, for some months.
#[derive(Clone, Debug)]
pub struct Enrolment {
    pub of: String,
    pub at_least: i64,
    pub months_in_a_row: i64,
    pub lasts_months: i64,
}

/// A version of how accounts are settled.
#[derive(Clone, Debug)]
pub struct Terms {
    pub from: Day,
    pub to: Option<Day>,
    pub fx: Fx,
    pub max_days_back: i64,
    /// Major units by currency.
    pub minimum: BTreeMap<String, Q>,
    pub due_days: i64,
    pub forfeits: bool,
    pub expires_months: Option<i64>,
    pub hold: Option<Hold>,
    pub withholding: Vec<Withholding>,
    /// Part, days.
    pub reserve: Option<(Q, i64)>,
    /// The names of the four steps that may be taken in another order.
    pub order: Vec<String>,
}

/// When parts can be paid.
#[derive(Clone, Debug)]
pub struct Hold {
    pub after_delivery: bool,
    pub days: i64,
}

/// A case of withholding.
#[derive(Clone, Debug)]
pub struct Withholding {
    /// Which tax it is of.
    pub tax: Option<String>,
    pub when: Condition,
    pub percent: Q,
    /// Of what the taxes before it left.
    pub of_rest: bool,
    /// Only of what payers of these countries brought; of everything, if empty.
    pub payers: Vec<String>,
}

/// All policies of a book.
#[derive(Clone, Debug)]
pub struct Policies {
    pub programs: Vec<Program>,
    pub measures: BTreeMap<String, Measure>,
    pub enrolments: BTreeMap<String, Enrolment>,
    pub terms: Vec<Terms>,
}

impl Policies {
    /// The terms of a month: those in force on its last day.
    pub fn terms_of(&self, month: Month) -> &Terms {
        let day = last_day(month);
        let found = self.terms.iter().find(|t| t.from <= day && t.to.is_none_or(|to| day < to));
        found.unwrap_or_else(|| panic!("no terms on {day}"))
    }

    /// From the text of a policy file.
    pub fn parse(text: &str) -> Self {
        let file: Table = text.parse().unwrap_or_else(|e| panic!("policies: {e}\n{text}"));
        let terms = tables(&file, "terms").iter().map(terms).collect();
        let units: Vec<Unit> = tables(&file, "unit").iter().map(Unit::of).collect();
        let programs = tables(&file, "program").iter().map(|t| program(t, &units)).collect();
        let (over, plain): (Vec<Table>, Vec<Table>) =
            tables(&file, "measure").into_iter().partition(|t| t.contains_key("of"));
        let measures = plain.iter().map(|t| (string(t, "name"), measure(t))).collect();
        let enrolments = over.iter().map(|t| (string(t, "name"), enrolment(t))).collect();
        Self { programs, measures, enrolments, terms }
    }
}

fn program(table: &Table, units: &[Unit]) -> Program {
    let unit = |name: String| units.iter().find(|unit| unit.name == name).expect("a unit").clone();
    Program {
        name: string(table, "name"),
        version: string(table, "version"),
        from: day(table, "valid_from").expect("a first day"),
        to: day(table, "valid_to"),
        log: string(table, "log"),
        condition: condition(table, "where"),
        eligible: tables(table, "eligible").iter().map(|t| (string(t, "rule"), condition(t, "when"))).collect(),
        steps: tables(table, "deductions").iter().map(step).collect(),
        share: share(table),
        first: table.get("first").and_then(Value::as_table).map(first),
        bonuses: tables(table, "bonus").iter().map(bonus).collect(),
        max_share: text(table, "max_share").map(|t| parse(&t)),
        per_event: text(table, "round_at").is_some_and(|t| t == "event"),
        rounding: text(table, "rounding").map_or(Mode::HalfEven, |t| Mode::named(&t)),
        odd_cents: match text(table, "odd_cents").as_deref() {
            Some("rotate") => OddCents::Rotate,
            Some("platform") => OddCents::Platform,
            _ => OddCents::First,
        },
        fx: fx(table),
        kept_shared: text(table, "kept").is_some_and(|t| t == "share"),
        hold: table.contains_key("hold").then(|| hold(table)),
        unit: text(table, "unit").map(unit),
    }
}

fn fx(table: &Table) -> Option<Fx> {
    Some(match text(table, "fx_date")?.as_str() {
        "event_day" => Fx::EventDay,
        "period_average" => Fx::PeriodAverage,
        _ => Fx::PeriodEnd,
    })
}

fn step(table: &Table) -> Step {
    let name = string(table, "name");
    let usual = match name.as_str() {
        "channel_fee" => "channel_fees",
        "tax" => "tax_payable",
        _ => "platform_revenue",
    };
    Step {
        percent: text(table, "percent").map_or_else(zero, |t| parse(&t)),
        fixed: amounts(table, "fixed"),
        of_amount: text(table, "of").is_some_and(|t| t == "amount"),
        account: text(table, "account").unwrap_or_else(|| usual.to_owned()),
        round: text(table, "round").map(|t| Mode::named(&t)),
        when: condition(table, "when"),
        name,
    }
}

fn share(table: &Table) -> Share {
    if let Some(Value::Table(t)) = table.get("tiers") {
        return Share::Tiers(tiers(t));
    }
    if let Some(pool) = Pool::of(table) {
        return Share::Pool(Box::new(pool));
    }
    if table.contains_key("pay_each") {
        return Share::Each(tables(table, "pay_each").iter().map(payment).collect());
    }
    match &table["share"] {
        Value::String(percent) => Share::Cases(vec![Case { percent: parse(percent), ..Case::default() }]),
        Value::Table(column) => {
            let per = column["per"].as_integer().expect("an integer to divide by");
            Share::Column { name: string(column, "column"), per: super::number::q(per) }
        }
        _ => Share::Cases(tables(table, "share").iter().map(case).collect()),
    }
}

fn case(table: &Table) -> Case {
    let locked = |reference| Locked { reference, by: string(table, "by"), days: integer(table, "cut_after_days") };
    Case {
        when: condition(table, "when"),
        percent: percent(table, "percent"),
        locked: text(table, "rates").map(locked),
    }
}

fn payment(table: &Table) -> Payment {
    let units = table.get("units").map(|n| super::number::q(n.as_integer().expect("whole units")));
    Payment {
        when: condition(table, "when"),
        amount: units.unwrap_or_else(|| parse(&string(table, "amount"))),
        currency: text(table, "currency"),
    }
}

fn first(table: &Table) -> First {
    let having = table.get("having").and_then(Value::as_table);
    First {
        n: usize::try_from(integer(table, "n")).expect("a number of things"),
        of: string(table, "of"),
        per: string(table, "per"),
        in_month: string(table, "within") == "period",
        having: having.map(|t| (string(t, "sum"), integer(t, "at_least"))),
    }
}

fn tiers(table: &Table) -> Tiers {
    Tiers {
        window: string(table, "window"),
        basis: string(table, "basis"),
        currency: string(table, "currency"),
        whole: text(table, "mode").is_some_and(|t| t == "whole"),
        bands: tables(table, "bands").iter().map(|t| (parse(&string(t, "from")), percent(t, "percent"))).collect(),
    }
}

fn bonus(table: &Table) -> Bonus {
    let cap = table.get("cap").and_then(Value::as_table);
    Bonus {
        name: string(table, "name"),
        points: parse(&string(table, "points")) / super::number::q(100),
        when: condition(table, "when"),
        cap: cap.map(|t| (parse(&string(t, "amount")), string(t, "currency"))),
    }
}

fn measure(table: &Table) -> Measure {
    Measure {
        log: string(table, "log"),
        condition: condition(table, "where"),
        sum: text(table, "sum").map(|t| sum(&t)),
        distinct: text(table, "distinct"),
        days: table.get("days").and_then(Value::as_integer).unwrap_or(0),
        months: table.get("months").and_then(Value::as_integer),
        period_end: text(table, "end").is_some_and(|t| t == "period_end"),
        frozen: text(table, "late").is_some_and(|t| t == "frozen"),
    }
}

fn sum(text: &str) -> Sum {
    let words: Vec<&str> = text.split_whitespace().collect();
    let ["case", column, cases @ .., "else", other, "end"] = words.as_slice() else {
        return Sum::Column(text.to_owned());
    };
    let number = |word: &str| word.parse().unwrap_or_else(|_| panic!("no whole number: {word:?}"));
    let points = cases.chunks(4).map(|c| (c[1].trim_matches('\'').to_owned(), number(c[3]))).collect();
    Sum::Points { column: (*column).to_owned(), points, other: number(other) }
}

fn enrolment(table: &Table) -> Enrolment {
    Enrolment {
        of: string(table, "of"),
        at_least: integer(table, "at_least"),
        months_in_a_row: integer(table, "months_in_a_row"),
        lasts_months: integer(table, "lasts_months"),
    }
}

fn terms(table: &Table) -> Terms {
    Terms {
        from: day(table, "valid_from").expect("a first day"),
        to: day(table, "valid_to"),
        fx: fx(table).unwrap_or(Fx::PeriodEnd),
        max_days_back: integer(table, "fx_max_days_back"),
        minimum: amounts(table, "minimum_payout"),
        due_days: integer(table, "due_days"),
        forfeits: text(table, "below_minimum").is_some_and(|t| t == "forfeit"),
        expires_months: table.get("expires_months").and_then(Value::as_integer),
        hold: hold(table),
        withholding: tables(table, "withholding").iter().map(withholding).collect(),
        reserve: table.get("reserve").and_then(Value::as_table).map(|t| (percent(t, "percent"), integer(t, "days"))),
        order: match table.get("order") {
            Some(names) => texts(names),
            None => ["stand_in", "recoupment", "withholding", "reserve"].map(str::to_owned).to_vec(),
        },
    }
}

/// None where there is none, or one of no days.
fn hold(table: &Table) -> Option<Hold> {
    let table = table.get("hold")?.as_table().expect("a hold");
    let hold = Hold { after_delivery: table.contains_key("after"), days: integer(table, "days") };
    (hold.days > 0 || hold.after_delivery).then_some(hold)
}

fn withholding(table: &Table) -> Withholding {
    Withholding {
        tax: text(table, "tax"),
        when: condition(table, "when"),
        percent: percent(table, "percent"),
        of_rest: text(table, "of").is_some_and(|of| of == "rest"),
        payers: table.get("payers").map(texts).unwrap_or_default(),
    }
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|v| v.as_str().expect("a text").to_owned()).collect()
}

/// Major units by currency.
fn amounts(table: &Table, key: &str) -> BTreeMap<String, Q> {
    let amounts = table.get(key).and_then(Value::as_table).cloned().unwrap_or_default();
    amounts.iter().map(|(c, v)| (c.clone(), parse(v.as_str().expect("an amount as text")))).collect()
}

fn integer(table: &Table, key: &str) -> i64 {
    table[key].as_integer().unwrap_or_else(|| panic!("{key} is no whole number"))
}

/// A list of tables; empty where there is none.
pub fn tables(table: &Table, key: &str) -> Vec<Table> {
    let list = table.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    list.iter().map(|v| v.as_table().cloned().expect("a list of tables")).collect()
}

/// A text, where there is one.
pub fn text(table: &Table, key: &str) -> Option<String> {
    table.get(key).map(|v| v.as_str().unwrap_or_else(|| panic!("{key} is no text")).to_owned())
}

/// A text that must be there.
pub fn string(table: &Table, key: &str) -> String {
    text(table, key).unwrap_or_else(|| panic!("no {key} in {table}"))
}

fn percent(table: &Table, key: &str) -> Q {
    parse(&string(table, key))
}

/// A condition; what is not there always holds.
pub fn condition(table: &Table, key: &str) -> Condition {
    text(table, key).map_or_else(Condition::default, |t| Condition::parse(&t))
}

/// A day, where there is one.
pub fn day(table: &Table, key: &str) -> Option<Day> {
    table.get(key).map(|v| parse_day(&v.as_datetime().expect("a date").to_string()))
}
