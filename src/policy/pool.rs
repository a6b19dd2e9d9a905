//! A program's `pool`: a pot that is divided by usage.

use std::fmt;

use serde_json::{Value as Json, json};

use super::model::{Pay, Sql, choices};
use super::pay::MOST_CASES;
use super::pins::{filled, sql};
use super::read::Validity;
use super::source::{Faults, Place, Table, Value};
use super::values::{self, DEDUCTION_ACCOUNTS};
use crate::money::Exact;
use crate::period::Period;

choices! {
    /// How a pot is divided.
    PoolRule {
        /// By everybody's usage added up.
        ProRata = "pro_rata",
        /// Every payer's pot by what the payer used.
        UserCentric = "user_centric",
        /// Every payer's pot in equal parts to those that the payer used.
        Shapley = "shapley",
        /// As user-centric, every payer's pot growing with usage up to all that he paid.
        Scaled = "scaled",
    }
    /// What becomes of the pot of a payer who used nothing.
    Idle {
        /// It waits for a month in which the payer uses something.
        Carry = "carry",
        /// It stays with the platform.
        Platform = "platform",
        /// It goes to the others' pots, in proportion to them.
        Redistribute = "redistribute",
    }
    /// What becomes of a pot that nothing weighs.
    WithoutWeight {
        /// It waits for the next month.
        Carry = "carry",
        /// It stays with the platform.
        Platform = "platform",
    }
    /// What usage that arrives late does to a closed month's pool.
    PoolLate {
        /// The month is divided again with it.
        Rerate = "rerate",
        /// It counts in the period that learns of it.
        NextPeriod = "next_period",
    }
    /// What counts of the usage that reaches a threshold.
    Reading {
        /// All of the month in which it is reached.
        WholeMonth = "whole_month",
        /// What comes after it is reached.
        AfterThreshold = "after_threshold",
        /// All that reached it, in the months in which it was.
        Retroactive = "retroactive",
    }
}

/// A pot and how it is divided.
#[derive(Clone, Debug)]
pub struct Pool {
    pub pot: Pot,
    pub rule: PoolRule,
    /// What the creator side gets of a creator's part after deductions, as a fraction.
    pub share: Exact,
    /// What an event weighs: a whole number, at least 0.
    pub weight: Sql,
    /// Each payer's country has a pot of its own.
    pub by_country: bool,
    /// In the order of the file; all that apply are multiplied.
    pub multipliers: Vec<Multiplier>,
    /// What a creator must reach for usage to count.
    pub threshold: Option<Threshold>,
    /// How much one payer counts at most.
    pub cap_per_payer: Option<u64>,
    pub carve_out: Option<CarveOut>,
    /// Where every payer has a pot of his own.
    pub idle_payer: Option<Idle>,
    pub without_weight: WithoutWeight,
    pub late: PoolLate,
}

/// Where the money comes from.
#[derive(Clone, Debug)]
pub enum Pot {
    /// The reference `pots`.
    Reference,
    /// A share of what payers paid for another program.
    Paid { program: String, at: Place, percent: Exact },
}

/// A number that weights are multiplied with.
#[derive(Clone, Debug)]
pub struct Multiplier {
    /// SQL over the event; none is always.
    pub when: Option<Sql>,
    pub times: Exact,
    pub threshold: Option<Threshold>,
}

/// What a creator must have been used, in this month and the months before it that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// At least so much weight, before multipliers and caps.
    pub usage: u64,
    /// By at least so many payers.
    pub payers: u64,
    /// This month and months - 1 before it.
    pub months: i32,
    pub reading: Reading,
}

/// What leaves the pot before it is divided, by what the used items are.
#[derive(Clone, Debug)]
pub struct CarveOut {
    pub account: String,
    /// The first case that holds says what part of the revenue of that usage stays; the last has no condition.
    pub stays: Vec<Stays>,
}

/// A part that stays in the pool, and when.
#[derive(Clone, Debug)]
pub struct Stays {
    pub when: Option<Sql>,
    pub part: Exact,
}

const KEYS: [&str; 11] = [
    "pot",
    "rule",
    "weight",
    "by_country",
    "multipliers",
    "threshold",
    "cap_per_payer",
    "carve_out",
    "idle_payer",
    "without_weight",
    "late",
];

/// Multipliers are kept as bits.
const MOST_MULTIPLIERS: usize = 16;
/// Weights stay whole numbers: all numerators and denominators of multipliers together are at most this.
const MOST_SCALE: i128 = 1_000_000;
/// A threshold's counts.
const MOST_COUNT: i64 = 1_000_000_000_000_000;

/// Reads `pool`, and what else a program with one may say.
pub fn pay(table: &Table<'_>, value: Value<'_>, faults: &mut Faults) -> Option<(Pay, Place)> {
    refuse_beside(table, faults);
    let pool = pool(table, value, faults)?;
    check(&pool, value, faults);
    Some((Pay::Pool(Box::new(pool)), value.place))
}

/// Keys of a program that mean nothing for a pool.
fn refuse_beside(table: &Table<'_>, faults: &mut Faults) {
    let beside = [
        ("tiers", "a creator's part of a pot has one share: share = \"45 %\""),
        ("bonus", "give the usage a multiplier in `pool`"),
        ("max_share", "leave it out: a pool has no bonus points"),
    ];
    for (key, help) in beside {
        if let Some(value) = table.get(key) {
            faults.error(value.place, format!("a program with a pool has no `{key}`"), help);
        }
    }
    if let Some(value) = table.get("round_at").filter(|v| v.inner.as_str() == Some("event")) {
        faults.error(value.place, "a pool is rounded once for every line", "leave round_at out");
    }
    let steps = table.get("deductions").and_then(|v| v.items("a list", &mut Faults::default()));
    for when in steps.unwrap_or_default().into_iter().filter_map(|step| step.key("when")) {
        let help = "leave the condition out: a part of a pot is no event";
        faults.error(when.place, "a deduction from a creator's part of a pot has no condition", help);
    }
}

fn pool(program: &Table<'_>, value: Value<'_>, faults: &mut Faults) -> Option<Pool> {
    let table = Table::open(value, "a pool", &KEYS, faults)?;
    let whole = Some(Exact::ONE);
    let share = program.get("share").map_or(whole, |v| values::percent(v, faults));
    let pot = table.need("pot", faults).and_then(|v| pot(v, faults));
    let rule = table.need("rule", faults).and_then(|v| values::choice(v, PoolRule::ALL, faults));
    let one = Sql { text: "1".into(), place: table.place };
    let weight = table.get("weight").map_or(Some(one), |v| values::sql(v, faults));
    let by_country = table.get("by_country").map_or(Some(false), |v| values::flag(v, faults));
    let multipliers = multipliers(&table, faults);
    let threshold = table.get("threshold").map(|v| threshold(v, faults));
    let cap = table.get("cap_per_payer").map(|v| values::whole(v, 1..=MOST_COUNT, faults));
    let carve_out = table.get("carve_out").map(|v| carve_out(v, faults));
    let idle_payer = table.get("idle_payer").map(|v| values::choice(v, Idle::ALL, faults));
    let without = table.need("without_weight", faults).and_then(|v| values::choice(v, WithoutWeight::ALL, faults));
    let late = table.get("late").map_or(Some(PoolLate::Rerate), |v| values::choice(v, PoolLate::ALL, faults));
    Some(Pool {
        pot: pot?,
        rule: rule?,
        share: share?,
        weight: weight?,
        by_country: by_country?,
        multipliers: multipliers?,
        threshold: flat(threshold)?,
        cap_per_payer: flat(cap)?.map(i64::unsigned_abs),
        carve_out: flat(carve_out)?,
        idle_payer: flat(idle_payer)?,
        without_weight: without?,
        late: late?,
    })
}

/// What is given must be readable; what is not given is none.
#[expect(clippy::option_option, reason = "given and unreadable is no third value but a fault that was noted")]
fn flat<T>(given: Option<Option<T>>) -> Option<Option<T>> {
    match given {
        None => Some(None),
        Some(None) => None,
        Some(read) => Some(read),
    }
}

fn pot(value: Value<'_>, faults: &mut Faults) -> Option<Pot> {
    if let Some(text) = value.inner.as_str() {
        if text != "pots" {
            let help = "pot = \"pots\" for the reference, or pot = { program = \"…\", percent = \"70 %\" }";
            faults.error(value.place, format!("\"{text}\" is no pot"), help);
            return None;
        }
        return Some(Pot::Reference);
    }
    let table = Table::open(value, "a pot of what payers paid", &["program", "percent"], faults)?;
    let named = table.need("program", faults);
    let program = named.and_then(|v| values::name(v, faults));
    let percent = table.need("percent", faults).and_then(|v| values::percent(v, faults));
    Some(Pot::Paid { program: program?, at: named?.place, percent: percent? })
}

fn multipliers(table: &Table<'_>, faults: &mut Faults) -> Option<Vec<Multiplier>> {
    let tables = table.tables("multipliers", "a multiplier", &["when", "times", "threshold"], faults);
    super::pay::limit(table.place, tables.len(), MOST_MULTIPLIERS, "multipliers", faults);
    let all: Option<Vec<Multiplier>> =
        tables.iter().map(|t| multiplier(t, faults)).collect::<Vec<_>>().into_iter().collect();
    let scale = all.iter().flatten().try_fold(1_i128, |scale, m| {
        let (n, d) = m.times.small_parts()?;
        scale.checked_mul(i128::try_from(n.max(d)).ok()?).filter(|scale| *scale <= MOST_SCALE)
    });
    if scale.is_none() {
        let message = format!("multipliers together reach beyond {MOST_SCALE}");
        faults.error(table.place, message, "give them fewer digits");
    }
    all
}

fn multiplier(table: &Table<'_>, faults: &mut Faults) -> Option<Multiplier> {
    let when = table.get("when").map(|v| values::sql(v, faults));
    let threshold = table.get("threshold").map(|v| threshold(v, faults));
    let value = table.need("times", faults)?;
    let text = value.text("a number as text, such as \"2\" or \"1.5\"", faults)?;
    let times = Exact::parse_decimal(text).filter(|t| !t.is_negative());
    if times.is_none() {
        faults.error(value.place, format!("\"{text}\" is no number at least 0"), "write it as text: \"2\" or \"1.5\"");
    }
    Some(Multiplier { when: flat(when)?, times: times?, threshold: flat(threshold)? })
}

fn threshold(value: Value<'_>, faults: &mut Faults) -> Option<Threshold> {
    let table = Table::open(value, "a threshold", &["usage", "payers", "months", "reading"], faults)?;
    let count = |key: &str, faults: &mut Faults| {
        table.get(key).map_or(Some(0), |v| values::whole(v, 1..=MOST_COUNT, faults).map(i64::unsigned_abs))
    };
    let (usage, payers) = (count("usage", faults), count("payers", faults));
    let months = table.get("months").map_or(Some(1), |v| values::days(v, 1..=120, faults));
    let reading = table.need("reading", faults).and_then(|v| values::choice(v, Reading::ALL, faults));
    if table.get("usage").is_none() && table.get("payers").is_none() {
        faults.error(table.place, "this threshold is always reached", "add usage = … or payers = …");
    }
    Some(Threshold { usage: usage?, payers: payers?, months: months?, reading: reading? })
}

fn carve_out(value: Value<'_>, faults: &mut Faults) -> Option<CarveOut> {
    let table = Table::open(value, "a carve-out", &["account", "stays"], faults)?;
    let account = match table.get("account") {
        None => Some("platform_revenue".to_owned()),
        Some(v) => carved_account(v, faults),
    };
    let cases = table.need("stays", faults)?.items("a list of cases", faults)?;
    super::pay::limit(table.place, cases.len(), MOST_CASES, "cases of a carve-out", faults);
    let last = cases.len().saturating_sub(1);
    let stays: Vec<Option<Stays>> = cases.iter().enumerate().map(|(at, v)| stay(*v, at == last, faults)).collect();
    if stays.is_empty() {
        faults.error(table.place, "a carve-out without cases leaves nothing", "add { part = \"100 %\" }");
        return None;
    }
    Some(CarveOut { account: account?, stays: stays.into_iter().collect::<Option<_>>()? })
}

fn carved_account(value: Value<'_>, faults: &mut Faults) -> Option<String> {
    let account = values::account(value, faults)?;
    if account == "pool" {
        let help = format!("name one of {}", DEDUCTION_ACCOUNTS[..3].join(", "));
        faults.error(value.place, "what is carved out of a pool can't stand on `pool`", help);
        return None;
    }
    Some(account)
}

fn stay(value: Value<'_>, is_last: bool, faults: &mut Faults) -> Option<Stays> {
    let table = Table::open(value, "a case of a carve-out", &["when", "part"], faults)?;
    match table.get("when") {
        Some(when) if is_last => {
            let help = "leave `when` out of the last case: it is for everything else";
            faults.error(when.place, "the last case of a carve-out has a condition", help);
        }
        None if !is_last => {
            let help = "move it to the end, or give it a `when`";
            faults.error(table.place, "this case always holds: the cases after it are dead", help);
        }
        _ => {}
    }
    let when = table.get("when").map(|v| values::sql(v, faults));
    let part = table.need("part", faults).and_then(|v| values::percent(v, faults));
    Some(Stays { when: flat(when)?, part: part? })
}

/// What does not go together.
fn check(pool: &Pool, value: Value<'_>, faults: &mut Faults) {
    let at = |key: &str| value.key(key).map_or(value.place, |v| v.place);
    let paid = matches!(pool.pot, Pot::Paid { .. });
    let own_pots = pool.rule != PoolRule::ProRata;
    if pool.rule == PoolRule::Scaled && !paid {
        let message = "the rule scaled looks at what each payer paid";
        faults.error(at("rule"), message, "pot = { program = \"…\", percent = \"70 %\" }, or another rule");
    }
    if own_pots && pool.cap_per_payer.is_some() {
        let message = "a cap changes nothing where every payer has a pot of his own";
        faults.error(at("cap_per_payer"), message, "leave it out, or rule = \"pro_rata\"");
    }
    match (own_pots && paid, pool.idle_payer) {
        (true, None) => {
            let message =
                format!("the rule {} needs `idle_payer`: where the pot of a payer without usage goes", pool.rule);
            faults.error(value.place, message, "idle_payer = \"carry\", \"platform\" or \"redistribute\"");
        }
        (false, Some(_)) => {
            let message = "`idle_payer` is for pots of what each payer paid";
            faults.error(at("idle_payer"), message, "leave it out: here nobody who used nothing has a pot");
        }
        _ => {}
    }
    let thresholds = pool.thresholds().any(|t| t.reading == Reading::Retroactive);
    if pool.late == PoolLate::NextPeriod && (paid || thresholds) {
        let message = "a pool that a close pins can't change by a refund, or by a threshold that is reached later";
        faults.error(at("late"), message, "late = \"rerate\", or pot = \"pots\" and another reading");
    }
}

/// A pool is divided by month: its versions begin and end with one.
pub fn check_months(pay: Option<&Pay>, validity: &Validity, faults: &mut Faults) {
    let Some(Pay::Pool(_)) = pay else { return };
    for day in [Some(validity.from), validity.to].into_iter().flatten() {
        if Period::of_day(day).first_day() != day {
            let message = "a pool is divided by month: its versions begin and end on the first of one";
            faults.error(validity.from_at, message, "move valid_from and valid_to to the first of a month");
        }
    }
}

impl Pool {
    /// All thresholds: the pool's own first, then those of multipliers.
    pub fn thresholds(&self) -> impl Iterator<Item = &Threshold> {
        self.threshold.iter().chain(self.multipliers.iter().filter_map(|m| m.threshold.as_ref()))
    }

    /// All expressions, with what each must be: a condition or a whole number.
    pub fn conditions(&self) -> impl Iterator<Item = &Sql> {
        let multipliers = self.multipliers.iter().filter_map(|m| m.when.as_ref());
        multipliers.chain(self.carve_out.iter().flat_map(|c| c.stays.iter().filter_map(|s| s.when.as_ref())))
    }

    /// Its parsed form; the columns of the log that code reads for it stand in it by name.
    pub(super) fn canonical(&self) -> Json {
        let pot = match &self.pot {
            Pot::Reference => json!("pots"),
            Pot::Paid { program, percent, .. } => json!({ "percent": percent.to_string(), "program": program }),
        };
        filled(json!({
            "by": self.by_country.then_some("payer_country"),
            "cap_per_payer": self.cap_per_payer,
            "carve_out": self.carve_out.as_ref().map(|c| json!({
                "account": c.account,
                "stays": c.stays.iter().map(|s| filled(json!({
                    "part": s.part.to_string(), "when": sql(s.when.as_ref()),
                }))).collect::<Vec<_>>(),
            })),
            "idle_payer": self.idle_payer.map(|i| i.to_string()),
            "late": self.late.to_string(),
            "multipliers": self.multipliers.iter().map(|m| filled(json!({
                "threshold": m.threshold.map(reached),
                "times": m.times.to_string(),
                "when": sql(m.when.as_ref()),
            }))).collect::<Vec<_>>(),
            "of": "payer_id",
            "pot": pot,
            "rule": self.rule.to_string(),
            "share": self.share.to_string(),
            "threshold": self.threshold.map(reached),
            "weight": sql(Some(&self.weight)),
            "without_weight": self.without_weight.to_string(),
        }))
    }
}

fn reached(threshold: Threshold) -> Json {
    json!({
        "months": threshold.months,
        "payers": threshold.payers,
        "reading": threshold.reading.to_string(),
        "usage": threshold.usage,
    })
}

impl CarveOut {
    /// The number that makes every part whole.
    ///
    /// # Errors
    /// It is beyond 64 bits (usage).
    pub fn scale(&self) -> crate::error::Result<i128> {
        let denominators = self.stays.iter().map(|s| s.part.small_parts().map(|(_, d)| d));
        let common = denominators.into_iter().try_fold(1_u128, |common, d| {
            let common = num_integer::lcm(common, d?);
            (common <= u128::from(u32::MAX)).then_some(common)
        });
        common.and_then(|c| i128::try_from(c).ok()).ok_or_else(|| {
            crate::error::Error::usage("the parts of a carve-out have no small common denominator")
                .next("write them with fewer digits, or as fractions such as \"1/3\"")
        })
    }
}
