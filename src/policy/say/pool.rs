//! Pools in sentences.

use super::super::pool::{Idle, Pool, PoolLate, PoolRule, Pot, Reading, Threshold, WithoutWeight};
use super::words::{aloud, decimal, percent};

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
    let mut text = format!(
        "It divides {pot}{country}: {rule}, an event weighing {}. The creator gets {} of his part.",
        pool.weight.text,
        percent(&pool.share)
    );
    if let Some(cap) = pool.cap_per_payer {
        text.push_str(&format!(" One payer counts at most {cap}."));
    }
    if let Some(t) = &pool.threshold {
        text.push_str(&format!(" Usage counts only {}.", threshold(t)));
    }
    for m in &pool.multipliers {
        let when = m.when.as_ref().map(|sql| format!(" when {}", aloud(&sql.text))).unwrap_or_default();
        let reached = m.threshold.as_ref().map(|t| format!(" {}", threshold(t))).unwrap_or_default();
        text.push_str(&format!(" It counts {} times{when}{reached}.", decimal(&m.times)));
    }
    for stays in pool.carve_out.iter().flat_map(|c| &c.stays) {
        let when = stays.when.as_ref().map_or("otherwise".to_owned(), |sql| format!("when {}", aloud(&sql.text)));
        text.push_str(&format!(" Of the revenue {} stays in the pool {when}.", percent(&stays.part)));
    }
    text
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
    format!("of creators with at least {} from at least {} payers in {months} ({what})", t.usage, t.payers)
}
