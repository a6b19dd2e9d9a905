//! Words that programs, measures and terms have in common.

use super::super::model::{FxDate, Hold, HoldAfter};
use crate::money::{Currency, Exact, OddCents, Rounding, major_grouped};

/// A value of the pinned form in words: `{ n: 3, of: content_id }` without braces and quotes.
pub(super) fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("; "),
        serde_json::Value::Object(fields) => {
            fields.iter().map(|(key, value)| format!("{key} {}", plain(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

pub(super) fn mode_words(mode: Rounding) -> &'static str {
    match mode {
        Rounding::HalfEven => "halves to the even cent",
        Rounding::HalfUp => "halves up",
        Rounding::Floor => "down",
    }
}

pub(super) fn odd_cents(odd: OddCents) -> &'static str {
    match odd {
        OddCents::First => "to the first party",
        OddCents::Rotate => "to the parties in turn, month by month",
        OddCents::Platform => "to the platform",
    }
}

pub(super) fn fx_date(date: FxDate) -> &'static str {
    match date {
        FxDate::PeriodEnd => "the earning period's last day",
        FxDate::EventDay => "the day of the event",
        FxDate::PeriodAverage => "the earning period's average",
    }
}

pub(super) fn hold_text(hold: &Hold) -> String {
    let after = match hold.after {
        HoldAfter::Event => "after the event",
        HoldAfter::Delivered => "after the delivery, and until there is one",
    };
    format!("What is earned is held for {} days {after}.", hold.days)
}

/// `70 %`, or a fraction where no decimal is exact.
#[must_use]
pub fn percent(fraction: &Exact) -> String {
    let hundredfold = fraction * &Exact::from_int(100);
    hundredfold.to_decimal().map_or_else(|| fraction.to_string(), |decimal| format!("{decimal} %"))
}

pub(super) fn decimal(exact: &Exact) -> String {
    exact.to_decimal().unwrap_or_else(|| exact.to_string())
}

pub(super) fn money(minor: i64, currency: Currency) -> String {
    format!("{} {currency}", major_grouped(minor, currency))
}

/// SQL with its comparisons in words, outside text in quotes: `followers is at least 10000`.
#[must_use]
pub fn aloud(sql: &str) -> String {
    let spoken = |part: &str| {
        let signs = [(">=", " is at least "), ("<=", " is at most "), ("<>", " is not "), ("!=", " is not ")];
        let mut text = part.to_owned();
        for (sign, words) in signs.into_iter().chain([(">", " is above "), ("<", " is below "), ("=", " is ")]) {
            text = text.replace(sign, words);
        }
        text
    };
    let parts =
        sql.split('\'').enumerate().map(|(at, part)| if at % 2 == 0 { spoken(part) } else { format!("'{part}'") });
    parts.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}
