//! A `[[terms]]` table: how parties are settled, and how long what they earn is held.

use std::collections::BTreeMap;

use super::model::{Below, FxDate, Hold, HoldAfter, Reserve, SettleStep, TaxOf, Terms, Withholding};
use super::read::{Dated, unique, validity};
use super::source::{Faults, Table, Value};
use super::{dead, taxes, values};
use crate::log::Log;
use crate::money::Currency;

/// The keys of terms.
pub const KEYS: [&str; 13] = [
    "version",
    "valid_from",
    "valid_to",
    "fx_date",
    "fx_max_days_back",
    "minimum_payout",
    "below_minimum",
    "expires_months",
    "due_days",
    "hold",
    "withholding",
    "reserve",
    "order",
];

/// Ten years of days.
const MOST_DAYS: i64 = 3660;
/// Ten years of months.
const MOST_MONTHS: i64 = 120;

/// Reads terms; none where something that they need is missing or wrong.
pub fn terms(table: &Table<'_>, faults: &mut Faults) -> Option<Dated<Terms>> {
    let validity = validity(table, faults);
    let fx_date = table.get("fx_date").map_or(Some(FxDate::PeriodEnd), |v| values::choice(v, FxDate::ALL, faults));
    let back = table.need("fx_max_days_back", faults).and_then(|v| values::days(v, 0..=366, faults));
    let minimum_payout = table.get("minimum_payout").map_or(Some(BTreeMap::new()), |v| minimums(v, faults));
    let below = table.get("below_minimum").map_or(Some(Below::Carry), |v| values::choice(v, Below::ALL, faults));
    let expires = optional(table.get("expires_months"), |v| values::days(v, 1..=MOST_MONTHS, faults));
    let due_days = table.need("due_days", faults).and_then(|v| values::days(v, 0..=MOST_DAYS, faults));
    let hold = optional(table.get("hold"), |v| hold(v, None, faults));
    let withholding = withholding(table, faults);
    let reserve = optional(table.get("reserve"), |v| reserve(v, faults));
    let order = table.get("order").map_or_else(|| Some(SettleStep::ALL.to_vec()), |v| order(v, faults));
    refuse_expiry_of_nothing(table, below, faults);
    let validity = validity?;
    let terms = Terms {
        version: validity.version.clone(),
        valid_from: validity.from,
        valid_to: validity.to,
        fx_date: fx_date?,
        fx_max_days_back: back?,
        minimum_payout: minimum_payout?,
        below: below?,
        expires_months: expires?,
        due_days: due_days?,
        hold: hold?,
        withholding: withholding?,
        reserve: reserve?,
        order: order?,
        place: validity.version_at,
    };
    dead::terms(table, &terms, faults);
    Some(Dated { item: terms, label: "terms".into(), validity })
}

/// A key that may be missing: none where its value is wrong, else what it says, if anything.
fn optional<'a, T>(value: Option<Value<'a>>, read: impl FnOnce(Value<'a>) -> Option<T>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(value) => read(value).map(Some),
    }
}

/// `{ days = 30 }`, or `{ after = "delivered", days = 15 }`; `log` is the program's, none for terms.
pub fn hold(value: Value<'_>, log: Option<Log>, faults: &mut Faults) -> Option<Hold> {
    let table = Table::open(value, "a hold", &["after", "days"], faults)?;
    let after = table.get("after").map_or(Some(HoldAfter::Event), |v| values::choice(v, HoldAfter::ALL, faults));
    let days = table.need("days", faults).and_then(|v| values::days(v, 0..=MOST_DAYS, faults));
    if after == Some(HoldAfter::Delivered) && log != Some(Log::Commerce) {
        let at = table.get("after").map_or(table.place, |v| v.place);
        let message = "only what a program of the log commerce rates is delivered";
        faults.error(at, message, "put the hold on a program of that log, or leave `after` out");
        return None;
    }
    Some(Hold { after: after?, days: days? })
}

fn withholding(table: &Table<'_>, faults: &mut Faults) -> Option<Vec<Withholding>> {
    let known = ["tax", "name", "when", "percent", "of", "payers"];
    let tables = table.tables("withholding", "a case of withholding", &known, faults);
    unique(&tables, "name", "case of withholding", faults);
    for (at, case) in tables.iter().enumerate() {
        let later = tables[at + 1..].iter().any(|other| tax_of(other) == tax_of(case));
        if case.get("when").is_none() && later {
            let message = "a case without `when` holds for everybody: those after it never count";
            faults.error(case.place, message, "give it a `when`, or move it behind the cases of its tax");
        }
    }
    refuse_half_named(&tables, faults);
    let read = tables.iter().map(|case| withheld(case, faults)).collect::<Vec<_>>();
    let cases: Vec<Withholding> = read.into_iter().collect::<Option<_>>()?;
    taxes::check(table, &cases, faults);
    Some(cases)
}

/// The tax that a case names.
fn tax_of<'a>(case: &Table<'a>) -> Option<&'a str> {
    case.get("tax")?.inner.as_str()
}

/// Where there are several taxes, each case says which it is of.
fn refuse_half_named(tables: &[Table<'_>], faults: &mut Faults) {
    let named = tables.iter().any(|case| case.get("tax").is_some());
    for case in tables.iter().filter(|case| named && case.get("tax").is_none()) {
        let message = "this case does not say of which tax it is, and others do";
        faults.error(
            case.place,
            message,
            "add tax = \"…\": cases of one tax are tried in order, of each tax one counts",
        );
    }
}

fn withheld(table: &Table<'_>, faults: &mut Faults) -> Option<Withholding> {
    let name = table.need("name", faults).and_then(|v| values::name(v, faults));
    let when = optional(table.get("when"), |v| values::sql(v, faults));
    let percent = table.need("percent", faults).and_then(|v| values::percent(v, faults));
    let tax = optional(table.get("tax"), |v| values::name(v, faults));
    let of = table.get("of").map_or(Some(TaxOf::Base), |v| values::choice(v, TaxOf::ALL, faults));
    let payers = table.get("payers").map_or(Some(Vec::new()), |v| countries(v, faults));
    if let (Some(TaxOf::Rest), Some(payers)) = (of, table.get("payers")) {
        let message = "what other taxes left of what these payers brought is nowhere known";
        faults.error(payers.place, message, "of = \"base\", or leave `payers` out");
    }
    Some(Withholding { name: name?, tax: tax?, when: when?, percent: percent?, of: of?, payers: payers? })
}

/// Countries of payers, as the logs write them.
fn countries(value: Value<'_>, faults: &mut Faults) -> Option<Vec<String>> {
    let expected = "a list of countries, such as [\"US\"]";
    let items = value.items(expected, faults)?;
    if items.is_empty() {
        faults.error(value.place, "no payer is from none of no countries", "name one, or leave `payers` out");
        return None;
    }
    let mut countries: Vec<String> =
        items.into_iter().map(|v| values::country(v, faults)).collect::<Vec<_>>().into_iter().collect::<Option<_>>()?;
    countries.sort();
    countries.dedup();
    Some(countries)
}

fn reserve(value: Value<'_>, faults: &mut Faults) -> Option<Reserve> {
    let table = Table::open(value, "a reserve", &["percent", "days"], faults)?;
    let percent = table.need("percent", faults).and_then(|v| values::percent(v, faults));
    let days = table.need("days", faults).and_then(|v| values::days(v, 1..=MOST_DAYS, faults));
    Some(Reserve { percent: percent?, days: days? })
}

/// Every step once, in the order in which they are taken.
fn order(value: Value<'_>, faults: &mut Faults) -> Option<Vec<SettleStep>> {
    let names: Vec<String> = SettleStep::ALL.iter().map(ToString::to_string).collect();
    let items = value.items("a list of steps", faults)?;
    let steps = items.into_iter().map(|v| values::choice(v, SettleStep::ALL, faults)).collect::<Option<Vec<_>>>()?;
    let mut sorted = steps.clone();
    sorted.sort();
    if sorted != SettleStep::ALL {
        faults.error(value.place, "an order names every step once", format!("order these: {}", names.join(", ")));
        return None;
    }
    Some(steps)
}

fn refuse_expiry_of_nothing(table: &Table<'_>, below: Option<Below>, faults: &mut Faults) {
    if let (Some(Below::Forfeit), Some(expires)) = (below, table.get("expires_months")) {
        let message = "what is forfeited at once can't expire later";
        faults.error(expires.place, message, "below_minimum = \"carry\", or leave expires_months out");
    }
}

fn minimums(value: Value<'_>, faults: &mut Faults) -> Option<BTreeMap<Currency, i64>> {
    let Some(table) = Table::any(value) else {
        value.wrong_type("a table such as { EUR = \"25.00\" }", faults);
        return None;
    };
    let mut minimums = BTreeMap::new();
    for (place, code, amount) in table.entries() {
        let currency = values::currency_code(code, place, faults);
        if let Some((currency, minor)) = currency.and_then(|c| Some((c, values::money(amount, c, faults)?))) {
            minimums.insert(currency, minor);
        }
    }
    Some(minimums)
}
