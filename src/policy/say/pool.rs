//! Pools in sentences.

use super::super::pool::{
    CarveOut, Idle, Multiplier, Pool, PoolLate, PoolRule, Pot, Reading, Stays, Threshold, WithoutWeight,
};
use super::aloud;
use super::words::{count, decimal, percent};

/// What pot is divided, how, and by what.
pub(super) fn pool_text(pool: &Pool) -> String {
    let pot = match &pool.pot {
        Pot::Reference => "the month's pot".to_owned(),
        Pot::Paid { program, percent: of, .. } => {
            format!("{} of what payers paid for the program {program}", percent(of))
        }
    };
    let rule = match pool.rule {
        PoolRule::ProRata => "by everybody's usage added up",
        PoolRule::UserCentric => "each payer's part by what that payer used",
        PoolRule::Shapley => "each payer's part equally among those that the payer used",
        PoolRule::Scaled => "each payer's part by what that payer used, growing with usage",
    };
    let country = if pool.by_country { ", country by country" } else { "" };
    format!(
        "It divides {pot}{country}: {rule}, an event weighing {}. The creator gets {} of his part.",
        pool.weight.text,
        percent(&pool.share)
    )
}

/// Which usage counts, how often, and what part of its revenue stays: clauses and what they say.
pub(super) fn usage_texts(pool: &Pool) -> Vec<(&'static str, String)> {
    let cap = pool.cap_per_payer.map(|cap| format!("One payer counts at most {cap}."));
    let reached = pool.threshold.as_ref().map(|t| format!("Usage counts only {}.", threshold(t)));
    let multipliers: Vec<String> = pool.multipliers.iter().map(multiplier).collect();
    let multipliers = (!multipliers.is_empty()).then(|| multipliers.join(" "));
    let carve_out = pool.carve_out.as_ref().map(carve_out);
    let all = [
        ("pool cap_per_payer", cap),
        ("pool threshold", reached),
        ("pool multipliers", multipliers),
        ("pool carve_out", carve_out),
    ];
    all.into_iter().filter_map(|(clause, text)| Some((clause, text?))).collect()
}

fn multiplier(m: &Multiplier) -> String {
    let when = m.when.as_ref().map(|sql| format!(" when {}", aloud(&sql.text))).unwrap_or_default();
    let reached = m.threshold.as_ref().map(|t| format!(" {}", threshold(t))).unwrap_or_default();
    format!("Usage counts {}{when}{reached}.", count(decimal(&m.times), "time"))
}

fn carve_out(carve_out: &CarveOut) -> String {
    let stays = |stays: &Stays| {
        let when = stays.when.as_ref().map_or("otherwise".to_owned(), |sql| format!("when {}", aloud(&sql.text)));
        format!("{} stays in the pool {when}", percent(&stays.part))
    };
    let stays: Vec<String> = carve_out.stays.iter().map(stays).collect();
    format!("Of the revenue {}; what does not stay goes to the account {}.", stays.join(", "), carve_out.account)
}

/// What becomes of money that nobody used, and of usage that comes late.
pub(super) fn pool_rest(pool: &Pool) -> String {
    let idle = pool.idle_payer.map(|idle| match idle {
        Idle::Carry => "The pot of a payer who used nothing waits for a month in which he does. ",
        Idle::Platform => "The pot of a payer who used nothing stays with the platform. ",
        Idle::Redistribute => "The pot of a payer who used nothing goes to the others' pots. ",
    });
    let without = match pool.without_weight {
        WithoutWeight::Carry => "A pot that nothing weighs waits for the next month.",
        WithoutWeight::Platform => "A pot that nothing weighs stays with the platform.",
    };
    let late = match pool.late {
        PoolLate::Rerate => "Usage that comes late divides its month again.",
        PoolLate::NextPeriod => "Usage that comes late counts in the period that learns of it.",
    };
    format!("{}{without} {late}", idle.unwrap_or_default())
}

fn threshold(t: &Threshold) -> String {
    let months = if t.months == 1 { "the month".to_owned() } else { format!("{} months", t.months) };
    let what = match t.reading {
        Reading::WholeMonth => "all of the month counts then",
        Reading::AfterThreshold => "what comes after that counts",
        Reading::Retroactive => "all that led there counts then",
    };
    format!("of creators with at least {} from at least {} in {months} ({what})", t.usage, count(t.payers, "payer"))
}
