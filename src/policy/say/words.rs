//! Words that programs, measures and terms have in common.

use super::super::model::{FxDate, Hold, HoldAfter};
use super::super::unit::units_text;
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
        Rounding::HalfEven => "halves to even",
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

/// How long what `earned` names can't be paid.
pub(super) fn hold_text(hold: &Hold, earned: &str) -> String {
    let days = count(hold.days, "day");
    match (hold.after, hold.days) {
        (HoldAfter::Event, 0) => format!("{earned} is not held."),
        (HoldAfter::Event, _) => format!("{earned} is held for {days} after the event."),
        (HoldAfter::Delivered, 0) => format!("{earned} is held until the delivery."),
        (HoldAfter::Delivered, _) => format!("{earned} is held for {days} after the delivery, and until there is one."),
    }
}

/// `1 day`, `30 days`.
pub(super) fn count(number: impl ToString, noun: &str) -> String {
    units_text(&number.to_string(), noun)
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
