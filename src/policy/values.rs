//! The words of a policy: percents, points, money, days, names, choices. Each reader notes what is wrong and gives none.

use std::fmt::Display;
use std::ops::RangeInclusive;

use jiff::civil::Date;
use toml::de::DeValue;

use super::model::Sql;
use super::source::{Faults, Place, Value};
use crate::country::{country_help, is_country};
use crate::log::Log;
use crate::money::{Currency, Exact, parse_major};
use crate::period::day_of;
use crate::picture::nearest;

/// The accounts that a deduction may stand on.
pub const DEDUCTION_ACCOUNTS: [&str; 4] = ["tax_payable", "channel_fees", "platform_revenue", "pool"];

/// The other accounts of the chart: a deduction that names one is understood, and refused.
const OTHER_ACCOUNTS: [&str; 13] = [
    "payer_clearing",
    "platform_expense",
    "party_payable",
    "party_held",
    "party_reserve",
    "advance_receivable",
    "withholding_payable",
    "suspense",
    "ineligible_retained",
    "forfeited",
    "payout_clearing",
    "fx",
    "rounding",
];

/// The logs that a program may rate.
pub const RATED_LOGS: [Log; 4] = [Log::BrandDeals, Log::Commerce, Log::Gifts, Log::Subscriptions];
/// The logs that a measure may look at; adjustments name a party, no creator.
pub const MEASURED_LOGS: [Log; 5] = [Log::BrandDeals, Log::Commerce, Log::Engagement, Log::Gifts, Log::Subscriptions];

/// What a draft says where people have to decide: no policy runs with it.
pub const TO_BE_DECIDED: &str = "to be decided";

const LONGEST_NAME: usize = 64;
const PERCENT: &str = "text such as \"70 %\", or a fraction such as \"2/3\"";

/// SQL that is not empty.
pub fn sql(value: Value<'_>, faults: &mut Faults) -> Option<Sql> {
    let text = value.text("SQL as text, such as \"age >= 18\"", faults)?;
    if text.trim().is_empty() {
        faults.error(value.place, "this SQL is empty", "write a condition, or leave the key out");
        return None;
    }
    Some(Sql { text: text.to_owned(), place: value.place })
}

/// A share of something, 0 to 1, written with a percent sign or as a fraction: a bare number could mean either.
pub fn percent(value: Value<'_>, faults: &mut Faults) -> Option<Exact> {
    let text = value.text(PERCENT, faults)?;
    if text == TO_BE_DECIDED {
        faults.error(value.place, "this share is still to be decided", format!("write what was agreed: {PERCENT}"));
        return None;
    }
    let is_marked = text.contains(['%', '/']);
    let Some(share) = Exact::parse(text).filter(|_| is_marked) else {
        faults.error(value.place, format!("\"{text}\" is no percentage"), format!("write {PERCENT}"));
        return None;
    };
    if share.is_negative() || share > Exact::ONE {
        let help = "a percentage lies between 0 % and 100 %, without a sign";
        faults.error(value.place, format!("\"{text}\" is out of range"), help);
        return None;
    }
    Some(share)
}

/// Percentage points as a fraction: 0.20 for "20".
pub fn points(value: Value<'_>, faults: &mut Faults) -> Option<Exact> {
    let expected = "text such as \"20\" or \"2.5\", without a sign";
    let text = value.text(expected, faults)?;
    let points = Exact::parse_decimal(text).and_then(|points| points.checked_div(&Exact::from_int(100)));
    let in_range = |points: &Exact| !points.is_negative() && *points <= Exact::ONE;
    let points = points.filter(in_range);
    if points.is_none() {
        faults.error(
            value.place,
            format!("\"{text}\" is no number of points from 0 to 100"),
            format!("write {expected}"),
        );
    }
    points
}

/// Money at least 0, in minor units, written in major units.
pub fn money(value: Value<'_>, currency: Currency, faults: &mut Faults) -> Option<i64> {
    let text = value.text("money as text, such as \"25.00\"", faults)?;
    match parse_major(text, currency) {
        Some(minor) if minor >= 0 => Some(minor),
        Some(_) => {
            faults.error(value.place, format!("\"{text}\" is below 0"), "write 0 or more");
            None
        }
        None => {
            faults.error(value.place, why_no_money(text, currency), format!("write {}", money_example(currency)));
            None
        }
    }
}

fn why_no_money(text: &str, currency: Currency) -> String {
    let digits = currency.digits();
    let finer = |exact: Exact| !(exact * Exact::from_int(10_i128.pow(digits))).is_integer();
    match Exact::parse_decimal(text).map(finer) {
        None => format!("\"{text}\" is no amount of money"),
        Some(true) => format!("\"{text}\" is finer than the minor unit of {currency} ({digits} digits)"),
        Some(false) => format!("\"{text}\" is more money than a ledger holds"),
    }
}

fn money_example(currency: Currency) -> String {
    let example = crate::money::major_text(2500_i64, currency);
    format!("a plain decimal in major units, such as \"{example}\"")
}

/// A currency of ISO 4217.
pub fn currency(value: Value<'_>, faults: &mut Faults) -> Option<Currency> {
    let code = value.text("a currency as text, such as \"EUR\"", faults)?;
    currency_code(code, value.place, faults)
}

/// The currency with this code; `at` is where it stands.
pub fn currency_code(code: &str, at: Place, faults: &mut Faults) -> Option<Currency> {
    let currency = Currency::parse(code);
    if currency.is_none() {
        let help = match Currency::parse(&code.to_ascii_uppercase()) {
            Some(upper) => format!("did you mean `{upper}`?"),
            None => "write a code of ISO 4217 in upper case, such as EUR".into(),
        };
        faults.error(at, format!("{code} is no currency with a minor unit"), help);
    }
    currency
}

/// A country of ISO 3166-1.
pub fn country(value: Value<'_>, faults: &mut Faults) -> Option<String> {
    let code = value.text("a country as text, such as \"US\"", faults)?;
    if !is_country(code) {
        faults.error(value.place, format!("{code:?} is no country as the logs write it"), country_help(code));
        return None;
    }
    Some(code.to_owned())
}

/// A local date.
pub fn day(value: Value<'_>, faults: &mut Faults) -> Option<i32> {
    let help = "write the day without quotes and without a time, as in 2026-01-01";
    let DeValue::Datetime(found) = value.inner else {
        value.wrong_type("a day without quotes, as in 2026-01-01", faults);
        return None;
    };
    if found.time.is_some() || found.offset.is_some() {
        faults.error(value.place, format!("{found} is more than a day"), help);
        return None;
    }
    let date = found.date.and_then(civil);
    if date.is_none() {
        faults.error(value.place, format!("{found} is no day of the calendar"), help);
    }
    date.map(day_of)
}

fn civil(date: toml::value::Date) -> Option<Date> {
    let (year, month, day) =
        (i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    Date::new(year, month, day).ok()
}

/// A whole number in a range.
pub fn whole(value: Value<'_>, range: RangeInclusive<i64>, faults: &mut Faults) -> Option<i64> {
    let expected = format!("a whole number from {} to {}", range.start(), range.end());
    let Some(number) = value.inner.as_integer() else {
        value.wrong_type(&expected, faults);
        return None;
    };
    let parsed = i64::from_str_radix(number.as_str(), number.radix()).ok().filter(|n| range.contains(n));
    if parsed.is_none() {
        faults.error(value.place, format!("{number} is out of range"), format!("write {expected}"));
    }
    parsed
}

/// [`whole`] as a number of days.
pub fn days(value: Value<'_>, range: RangeInclusive<i64>, faults: &mut Faults) -> Option<i32> {
    whole(value, range, faults).and_then(|days| i32::try_from(days).ok())
}

/// True or false.
pub fn flag(value: Value<'_>, faults: &mut Faults) -> Option<bool> {
    let flag = value.inner.as_bool();
    if flag.is_none() {
        value.wrong_type("true", faults);
    }
    flag
}

/// A name: a lower-case letter, then lower-case letters, digits and underscores; at most 64.
pub fn name(value: Value<'_>, faults: &mut Faults) -> Option<String> {
    let expected = "a name such as \"live_subs\": a-z, 0-9 and _, a letter first";
    let text = value.text(expected, faults)?;
    let is_tail = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_name = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_tail);
    if !is_name || text.len() > LONGEST_NAME {
        faults.error(value.place, format!("{text:?} is no name"), format!("write {expected}"));
        return None;
    }
    Some(text.to_owned())
}

/// A short text: a version, a person, a reason. At most `longest` characters on one line, not only blanks.
pub fn line(value: Value<'_>, longest: usize, faults: &mut Faults) -> Option<String> {
    let expected = format!("text on one line, at most {longest} characters");
    let text = value.text(&expected, faults)?.trim();
    if text.is_empty() || text.chars().count() > longest || text.contains(char::is_control) {
        faults.error(
            value.place,
            "this text is empty, too long, or has more than one line",
            format!("write {expected}"),
        );
        return None;
    }
    Some(text.to_owned())
}

/// One of the choices that `all` names.
pub fn choice<T: Copy + Display>(value: Value<'_>, all: &[T], faults: &mut Faults) -> Option<T> {
    let names: Vec<String> = all.iter().map(T::to_string).collect();
    let text = value.text(&format!("one of {}", names.join(", ")), faults)?;
    let found = names.iter().position(|name| name == text).map(|at| all[at]);
    if found.is_none() {
        let help = nearest(text, names.iter().map(String::as_str));
        faults.error(value.place, format!("\"{text}\" is unknown here"), help);
    }
    found
}

/// The name of one of these logs.
pub fn log(value: Value<'_>, allowed: &[Log], faults: &mut Faults) -> Option<Log> {
    let names = allowed.iter().map(|log| log.name());
    let text = value.text("the name of a log, such as \"subscriptions\"", faults)?;
    if let Some(log) = allowed.iter().find(|log| log.name() == text) {
        return Some(*log);
    }
    let is_log = Log::ALL.into_iter().any(|log| log.name() == text);
    let message =
        if is_log { format!("{text} has nothing for this to look at") } else { format!("there is no log \"{text}\"") };
    faults.error(value.place, message, nearest(text, names));
    None
}

/// An account that a deduction may stand on.
pub fn account(value: Value<'_>, faults: &mut Faults) -> Option<String> {
    let text = value.text("an account, such as \"channel_fees\"", faults)?;
    if DEDUCTION_ACCOUNTS.contains(&text) {
        return Some(text.to_owned());
    }
    if OTHER_ACCOUNTS.contains(&text) {
        let help = format!("a deduction stands on one of {}", DEDUCTION_ACCOUNTS.join(", "));
        faults.error(value.place, format!("a deduction can't stand on {text}"), help);
    } else {
        let help = nearest(text, DEDUCTION_ACCOUNTS.into_iter());
        faults.error(value.place, format!("the chart has no account \"{text}\""), help);
    }
    None
}
