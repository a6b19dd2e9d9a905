//! What a policy says about a pool.

use toml::{Table, Value};

use crate::model::condition::Condition;
use crate::model::number::{Q, parse, q};
use crate::model::policy::{condition, string, tables, text};

/// A pot that is divided by usage.
#[derive(Clone, Debug)]
pub struct Pool {
    /// The program whose payers fill it, and the part of what they paid; none where the reference says how much there is.
    pub paid: Option<(String, Q)>,
    pub rule: Rule,
    /// The column that weighs an event; none where each counts once.
    pub weight: Option<String>,
    pub by_country: bool,
    pub cap_per_payer: Option<i64>,
    pub threshold: Option<Threshold>,
    pub multipliers: Vec<Multiplier>,
    pub carve_out: Option<CarveOut>,
    pub idle: Option<Idle>,
    /// What nothing weighs waits; the platform keeps it otherwise.
    pub carries: bool,
    /// What arrives late counts in the month that learns of it.
    pub next_period: bool,
    /// The creator's, of a part of the pot after deductions.
    pub share: Q,
}

/// How a pot is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    ProRata,
    UserCentric,
    Shapley,
    Scaled,
}

/// Where the pot of a payer goes who used nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    Carry,
    Platform,
    Redistribute,
}

/// What a creator must reach.
#[derive(Clone, Debug)]
pub struct Threshold {
    pub usage: i64,
    pub payers: usize,
    pub months: i64,
    pub reading: Reading,
}

/// What counts once a threshold is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    WholeMonth,
    AfterThreshold,
    Retroactive,
}

/// More or less weight.
#[derive(Clone, Debug)]
pub struct Multiplier {
    pub times: Q,
    pub when: Condition,
    pub threshold: Option<Threshold>,
}

/// What part of the revenue stays in the pool, by the first case that holds; the rest goes to an account.
#[derive(Clone, Debug)]
pub struct CarveOut {
    pub account: String,
    pub stays: Vec<(Condition, Q)>,
}

impl Pool {
    /// The pool of a program's table.
    pub fn of(program: &Table) -> Option<Self> {
        let table = program.get("pool")?.as_table().expect("a pool");
        let paid = table["pot"].as_table().map(|pot| (string(pot, "program"), parse(&string(pot, "percent"))));
        Some(Self {
            paid,
            rule: match string(table, "rule").as_str() {
                "pro_rata" => Rule::ProRata,
                "user_centric" => Rule::UserCentric,
                "shapley" => Rule::Shapley,
                "scaled" => Rule::Scaled,
                other => panic!("no rule {other:?}"),
            },
            weight: text(table, "weight").filter(|column| column != "1"),
            by_country: table.get("by_country").and_then(Value::as_bool).unwrap_or(false),
            cap_per_payer: table.get("cap_per_payer").and_then(Value::as_integer),
            threshold: threshold(table),
            multipliers: tables(table, "multipliers").iter().map(multiplier).collect(),
            carve_out: table.get("carve_out").and_then(Value::as_table).map(carve_out),
            idle: text(table, "idle_payer").map(|idle| match idle.as_str() {
                "carry" => Idle::Carry,
                "platform" => Idle::Platform,
                "redistribute" => Idle::Redistribute,
                other => panic!("no place for the idle: {other:?}"),
            }),
            carries: string(table, "without_weight") == "carry",
            next_period: text(table, "late").is_some_and(|late| late == "next_period"),
            share: text(program, "share").map_or_else(|| q(1), |share| parse(&share)),
        })
    }

    /// The part of what was paid that is the pot.
    pub fn percent(&self) -> Q {
        self.paid.as_ref().map_or_else(|| q(1), |(_, percent)| percent.clone())
    }

    /// Whether each payer has a pot of what he paid.
    pub fn has_own_pots(&self) -> bool {
        self.paid.is_some() && self.rule != Rule::ProRata
    }
}

fn threshold(table: &Table) -> Option<Threshold> {
    let table = table.get("threshold")?.as_table().expect("a threshold");
    let count = |key: &str, usual| table.get(key).map_or(usual, |n| n.as_integer().expect("a count"));
    Some(Threshold {
        usage: count("usage", 0),
        payers: usize::try_from(count("payers", 0)).expect("a count"),
        months: count("months", 1),
        reading: match string(table, "reading").as_str() {
            "whole_month" => Reading::WholeMonth,
            "after_threshold" => Reading::AfterThreshold,
            "retroactive" => Reading::Retroactive,
            other => panic!("no reading {other:?}"),
        },
    })
}

fn multiplier(table: &Table) -> Multiplier {
    Multiplier { times: parse(&string(table, "times")), when: condition(table, "when"), threshold: threshold(table) }
}

fn carve_out(table: &Table) -> CarveOut {
    CarveOut {
        account: text(table, "account").unwrap_or_else(|| "platform_revenue".to_owned()),
        stays: tables(table, "stays").iter().map(|t| (condition(t, "when"), parse(&string(t, "part")))).collect(),
    }
}
