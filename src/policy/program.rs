//! A `[[program]]` table.

use std::collections::BTreeMap;

use super::model::{Basis, Bonus, Fills, First, FxDate, Kept, Of, Pay, Program, RoundAt, Rule, Sql, Step, TierMode};
use super::pay::{self, MOST_BITS, MOST_CASES, limit};
use super::pool;
use super::read::{Dated, unique, validity};
use super::source::{Faults, Table, Value};
use super::terms;
use super::values::{self, MEASURED_LOGS, RATED_LOGS};
use super::{each, lint};
use crate::log::Log;
use crate::money::{Exact, OddCents, Rounding};

/// The keys of a program.
pub const KEYS: [&str; 22] = [
    "name",
    "version",
    "valid_from",
    "valid_to",
    "log",
    "where",
    "eligible",
    "deductions",
    "share",
    "tiers",
    "pool",
    "pay_each",
    "first",
    "bonus",
    "max_share",
    "round_at",
    "rounding",
    "odd_cents",
    "fx_date",
    "kept",
    "hold",
    "unit",
];

/// The keys of a deduction.
const STEP_KEYS: [&str; 7] = ["name", "percent", "fixed", "of", "account", "round", "when"];

/// What a step says in place of a rounding mode where parts of a cent feed forward on purpose.
const EXACT: &str = "exact";
const ROUNDINGS: [Rounding; 3] = [Rounding::HalfEven, Rounding::HalfUp, Rounding::Floor];
const ODD_CENTS: [OddCents; 3] = [OddCents::First, OddCents::Rotate, OddCents::Platform];

/// Reads a program; none where something that it needs is missing or wrong.
pub fn program(table: &Table<'_>, faults: &mut Faults) -> Option<Dated<Program>> {
    let name = table.need("name", faults).and_then(|v| own_name(v, faults));
    let validity = validity(table, faults);
    let log = table.need("log", faults).and_then(|v| values::log(v, rated_logs(table), faults));
    let condition = table.get("where").and_then(|v| values::sql(v, faults));
    let eligible = eligible(table, faults);
    let deductions = deductions(table, faults);
    let reward = reward(table, faults);
    let rounded = rounded(table, faults);
    let fx_date = table.get("fx_date").and_then(|v| values::choice(v, FxDate::ALL, faults));
    let kept = table.get("kept").map_or(Some(Kept::Platform), |v| values::choice(v, Kept::ALL, faults));
    let hold = table.get("hold").map(|v| terms::hold(v, log, faults));
    let unit = table.get("unit").map(|v| (v.place, values::name(v, faults)));
    refuse_whole_by_event(table, faults);
    refuse_whole_by_earned(table, faults);
    refuse_steps_rounded_by_line(table, faults);
    if let Some(validity) = &validity {
        pool::check_months(reward.as_ref().map(|r| &r.pay), validity, faults);
    }
    let (name, validity, reward, rounded) = (name?, validity?, reward?, rounded?);
    let label = format!("program {name}");
    let program = Program {
        name,
        version: validity.version.clone(),
        valid_from: validity.from,
        valid_to: validity.to,
        log: log?.name().to_owned(),
        condition,
        eligible: eligible?,
        deductions: deductions?,
        pay: reward.pay,
        first: reward.first,
        bonus: reward.bonus,
        max_share: reward.max_share,
        round_at: rounded.at,
        rounding: rounded.mode,
        odd_cents: rounded.odd_cents,
        fx_date,
        kept: kept?,
        hold: match hold {
            None => None,
            Some(hold) => Some(hold?),
        },
        place: validity.version_at,
        unit: match unit {
            None => None,
            Some((place, name)) => Some(Sql { text: name?, place }),
        },
    };
    lint::program(table, &program, faults);
    Some(Dated { item: program, label, validity })
}

/// What the lines of referrals have in place of a program; no program can be called so.
const REFERRAL: &str = "referral";

fn own_name(value: Value<'_>, faults: &mut Faults) -> Option<String> {
    let name = values::name(value, faults)?;
    if name == REFERRAL {
        let message = "referral is the name of the lines that the reference `referrals` pays, and of no program";
        faults.error(value.place, message, "give the program another name");
        return None;
    }
    Some(name)
}

/// A pool is divided by engagement; everything else rates charges.
fn rated_logs(table: &Table<'_>) -> &'static [Log] {
    match (table.get("pool"), table.get("pay_each")) {
        (Some(_), _) => &[Log::Engagement],
        (None, Some(_)) => &MEASURED_LOGS,
        (None, None) => &RATED_LOGS,
    }
}

/// The creator side's keys.
struct Reward {
    pay: Pay,
    first: Option<First>,
    bonus: Vec<Bonus>,
    max_share: Option<Exact>,
}

fn reward(table: &Table<'_>, faults: &mut Faults) -> Option<Reward> {
    let pay = pay::pay(table, faults);
    let first = each::first(table, faults);
    let bonus = pay::bonuses(table, faults);
    refuse_points_on_money(table, faults);
    let max_value = table.get("max_share");
    let max_share = max_value.and_then(|v| values::percent(v, faults));
    let ((pay, at), bonus, first) = (pay?, bonus?, first?);
    if max_value.is_some() == max_share.is_some() {
        let max = max_share.as_ref().zip(max_value.map(|v| v.place));
        pay::check_reach(&pay, at, &bonus, max, faults);
    }
    Some(Reward { pay, first, bonus, max_share })
}

/// Points are of a share; fixed money has none.
fn refuse_points_on_money(table: &Table<'_>, faults: &mut Faults) {
    if table.get("pay_each").is_none() {
        return;
    }
    for key in ["bonus", "max_share"] {
        if let Some(value) = table.get(key) {
            let message = format!("{key} adds points to a share, and pay_each has no share");
            faults.error(value.place, message, "leave it out; another payment with a `when` pays more");
        }
    }
}

/// The rounding keys.
struct Rounded {
    at: RoundAt,
    mode: Rounding,
    odd_cents: OddCents,
}

fn rounded(table: &Table<'_>, faults: &mut Faults) -> Option<Rounded> {
    let at = table.get("round_at").map_or(Some(RoundAt::Line), |v| values::choice(v, RoundAt::ALL, faults));
    let mode = table.get("rounding").map_or(Some(Rounding::default()), |v| values::choice(v, &ROUNDINGS, faults));
    let odd_cents = table.get("odd_cents").map_or(Some(OddCents::default()), |v| values::choice(v, &ODD_CENTS, faults));
    Some(Rounded { at: at?, mode: mode?, odd_cents: odd_cents? })
}

/// A whole-volume tier gives every event of a window the share of the band that the window ends in: an event would be
/// rounded under a share that the next event may change, and no sum of cents would stay.
fn refuse_whole_by_event(table: &Table<'_>, faults: &mut Faults) {
    let is = |value: Option<Value<'_>>, name: &str| value.is_some_and(|v| v.inner.as_str() == Some(name));
    let mode = table.get("tiers").and_then(|tiers| tiers.key("mode"));
    if let Some(mode_value) = mode
        && is(mode, &TierMode::Whole.to_string())
        && is(table.get("round_at"), &RoundAt::Event.to_string())
    {
        let message = "tiers by whole volume can't be rounded by event: \
            the share of an event is known only when the window's last event is";
        faults.error(mode_value.place, message, "round_at = \"line\", or mode = \"marginal\"");
    }
}

/// What the creator side earns depends on the band that it would decide.
fn refuse_whole_by_earned(table: &Table<'_>, faults: &mut Faults) {
    let tiers = table.get("tiers");
    let is = |value: &Value<'_>, name: &str| value.inner.as_str() == Some(name);
    let whole = tiers.and_then(|t| t.key("mode")).filter(|v| is(v, &TierMode::Whole.to_string()));
    let earned = tiers.and_then(|t| t.key("basis")).filter(|v| is(v, &Basis::Earned.to_string()));
    if let (Some(_), Some(basis)) = (whole, earned) {
        let message = "tiers by whole volume can't go by what is earned: that is known only when the band is";
        faults.error(basis.place, message, "basis = \"gross\" or \"net\", or mode = \"marginal\"");
    }
}

/// At line grain a step is a sum over events that share differently; its remainder would belong to none of them, and
/// fixed money is of one event.
fn refuse_steps_rounded_by_line(table: &Table<'_>, faults: &mut Faults) {
    let by_event = table.get("round_at").is_some_and(|v| v.inner.as_str() == Some(&RoundAt::Event.to_string()));
    if by_event {
        return;
    }
    for step in table.tables("deductions", "a deduction", &STEP_KEYS, &mut Faults::default()) {
        let known = |v: &Value<'_>| ROUNDINGS.iter().any(|r| v.inner.as_str() == Some(&r.to_string()));
        if let Some(mode) = step.get("round").filter(known) {
            let message = "a step's rounding mode needs round_at = \"event\"";
            faults.error(mode.place, message, "round_at = \"event\", or leave the step exact");
        }
        if let Some(fixed) = step.get("fixed") {
            let message = "fixed money is taken of single events, and needs round_at = \"event\"";
            faults.error(fixed.place, message, "round_at = \"event\"");
        }
    }
}

fn eligible(table: &Table<'_>, faults: &mut Faults) -> Option<Vec<Rule>> {
    let tables = table.tables("eligible", "a rule of eligibility", &["rule", "when"], faults);
    limit(table.place, tables.len(), MOST_CASES, "rules of eligibility", faults);
    unique(&tables, "rule", "rule", faults);
    let rules: Vec<Option<Rule>> = tables.iter().map(|t| rule(t, faults)).collect();
    rules.into_iter().collect()
}

fn rule(table: &Table<'_>, faults: &mut Faults) -> Option<Rule> {
    let rule = table.need("rule", faults).and_then(|v| values::name(v, faults));
    let when = table.need("when", faults).and_then(|v| values::sql(v, faults));
    Some(Rule { rule: rule?, when: when? })
}

fn deductions(table: &Table<'_>, faults: &mut Faults) -> Option<Vec<Step>> {
    let tables = table.tables("deductions", "a deduction", &STEP_KEYS, faults);
    limit(table.place, tables.len(), MOST_BITS, "deductions", faults);
    unique(&tables, "name", "deduction", faults);
    refuse_late_tax(&tables, faults);
    let steps: Option<Vec<Step>> = tables.iter().map(|t| step(t, faults)).collect::<Vec<_>>().into_iter().collect();
    if let Some(steps) = &steps {
        check_rest(table, steps, faults);
    }
    steps
}

fn step(table: &Table<'_>, faults: &mut Faults) -> Option<Step> {
    let name = table.need("name", faults).and_then(|v| values::name(v, faults));
    let percent = percent(table, faults);
    let fixed = table.get("fixed").map_or(Some(BTreeMap::new()), |v| each::fixed(v, faults));
    let of = table.get("of").map_or(Some(Of::Rest), |v| values::choice(v, Of::ALL, faults));
    let stated = table.get("account").map(|v| (v, values::account(v, faults)));
    let exact = |v: &Value<'_>| v.inner.as_str() == Some(EXACT);
    let round = table.get("round").filter(|v| !exact(v)).and_then(|v| values::choice(v, &ROUNDINGS, faults));
    let when = table.get("when").and_then(|v| values::sql(v, faults));
    let name = name?;
    let account = match stated {
        None => own_account(Fills::of(&name)).to_owned(),
        Some((value, account)) => fitting(&name, account?, value, faults)?,
    };
    Some(Step { fills: Fills::of(&name), name, percent: percent?, fixed: fixed?, of: of?, account, round, when })
}

/// What a step takes of its base; a step of fixed money alone takes nothing of it.
fn percent(table: &Table<'_>, faults: &mut Faults) -> Option<Exact> {
    match (table.get("percent"), table.get("fixed")) {
        (Some(percent), _) => values::percent(percent, faults),
        (None, Some(_)) => Some(Exact::ZERO),
        (None, None) => {
            let help = "add percent = \"2.9 %\", fixed = { USD = \"0.30\" }, or both";
            faults.error(table.place, "a deduction needs `percent` or `fixed`", help);
            None
        }
    }
}

/// The account of a step that names none.
fn own_account(fills: Fills) -> &'static str {
    match fills {
        Fills::Tax => "tax_payable",
        Fills::ChannelFee => "channel_fees",
        Fills::Deductions => "platform_revenue",
    }
}

/// `tax` and `channel_fee` fill columns of their own, stated and computed together, so their accounts are fixed.
fn fitting(name: &str, account: String, value: Value<'_>, faults: &mut Faults) -> Option<String> {
    let (fills, own) = (Fills::of(name), own_account(Fills::of(name)));
    if fills != Fills::Deductions && account != own {
        let message = format!("the step {name} always stands on {own}, with what the log states");
        faults.error(value.place, message, "leave the account out, or give the step another name");
        return None;
    }
    Some(account)
}

/// Tax leaves the base before anything else, whether the log states it or a step computes it.
fn refuse_late_tax(tables: &[Table<'_>], faults: &mut Faults) {
    for table in tables.iter().skip(1) {
        let name = table.get("name").filter(|v| v.inner.as_str().map(Fills::of) == Some(Fills::Tax));
        if let Some(name) = name {
            let message = "the step tax comes first: tax leaves the base before anything else";
            faults.error(name.place, message, "move it to the front of the deductions");
        }
    }
}

/// What is left when every step applies (or every one without a condition) is not below 0.
fn check_rest(table: &Table<'_>, steps: &[Step], faults: &mut Faults) {
    let at = table.get("deductions").map_or(table.place, |v| v.place);
    let help = "lower them, or take percents of the rest";
    if rest(steps.iter().filter(|s| s.when.is_none())).is_negative() {
        faults.error(at, "the deductions take more than the amount", help);
    } else if rest(steps.iter()).is_negative() {
        faults.warning(at, "where all of their conditions hold, the deductions take more than the amount", help);
    }
}

/// What steps leave of an amount of 1.
pub fn rest<'s>(steps: impl Iterator<Item = &'s Step>) -> Exact {
    let mut rest = Exact::ONE;
    let mut amount = Exact::ONE;
    for step in steps {
        let base = if step.of == Of::Rest { &rest } else { &amount };
        rest = &rest - &(base * &step.percent);
        if step.fills == Fills::Tax {
            amount = rest.clone();
        }
    }
    rest
}
