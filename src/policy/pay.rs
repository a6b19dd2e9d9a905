//! The creator side of a program: share or tiers, bonuses, the cap on points.

use super::each;
use super::model::{Band, Basis, Bonus, Cap, Case, Locked, Pay, Sql, TierMode, Tiers, Window};
use super::source::{Faults, Place, Table, Value};
use super::values;
use crate::money::{Currency, Exact};

/// Conditions are kept as bits of 32; a class of cases as a byte.
pub const MOST_BITS: usize = 32;
/// See [`MOST_BITS`].
pub const MOST_CASES: usize = 255;

/// What the creator gets, and where the policy says so.
pub fn pay(table: &Table<'_>, faults: &mut Faults) -> Option<(Pay, Place)> {
    if let Some(pool) = table.get("pool") {
        return super::pool::pay(table, pool, faults);
    }
    let ways = ["share", "tiers", "pay_each"];
    let mut said = ways.iter().filter_map(|key| Some((*key, table.get(key)?)));
    let Some((key, value)) = said.next() else {
        let help = "add share = \"70 %\", tiers = { … }, or pay_each = [ … ]";
        faults.error(table.place, "a program needs a share or tiers: this one pays nothing", help);
        return None;
    };
    if let Some((other, more)) = said.next() {
        let help = "keep one; a share that changes with volume is tiers alone";
        faults.error(more.place, format!("a program has {}, not both", both(key, other)), help);
        return None;
    }
    let pay = match key {
        "share" => share(value, faults)?,
        "tiers" => Pay::Tiers(tiers(value, faults)?),
        _ => Pay::Each(each::payments(value, table.get("unit").is_some(), faults)?),
    };
    Some((pay, value.place))
}

/// Two ways to pay, in words.
fn both(one: &str, other: &str) -> String {
    if (one, other) == ("share", "tiers") { "a share or tiers".into() } else { format!("`{one}` or `{other}`") }
}

fn share(value: Value<'_>, faults: &mut Faults) -> Option<Pay> {
    if value.inner.is_table() {
        return column(value, faults);
    }
    if value.inner.is_array() {
        return cases(value, faults).map(Pay::Share);
    }
    values::percent(value, faults).map(|percent| Pay::Share(vec![Case { when: None, percent, locked: None }]))
}

fn column(value: Value<'_>, faults: &mut Faults) -> Option<Pay> {
    let table = Table::open(value, "a share by column", &["column", "per"], faults)?;
    let named = table.need("column", faults);
    let column = named.and_then(|v| Some(Sql { text: values::name(v, faults)?, place: v.place }));
    let per = table.need("per", faults).and_then(|v| values::whole(v, 1..=1_000_000_000_000_000, faults));
    Some(Pay::Column { column: column?, per: per? })
}

fn cases(value: Value<'_>, faults: &mut Faults) -> Option<Vec<Case>> {
    let items = value.items("a list of cases", faults)?;
    limit(value.place, items.len(), MOST_CASES, "cases of a share", faults);
    let mut cases = Vec::new();
    for (at, item) in items.iter().enumerate() {
        cases.push(case(*item, at + 1 == items.len(), faults));
    }
    if cases.is_empty() {
        faults.error(value.place, "a share without cases pays nothing", "add { percent = \"70 %\" }");
        return None;
    }
    cases.into_iter().collect()
}

fn case(value: Value<'_>, is_last: bool, faults: &mut Faults) -> Option<Case> {
    let known = ["when", "percent", "rates", "by", "cut_after_days"];
    let table = Table::open(value, "a case of a share", &known, faults)?;
    match table.get("when") {
        Some(when) if is_last => {
            let help = "leave `when` out of the last case: it is for everything else";
            faults.error(when.place, "the last case of a share has a condition: the rest would have no share", help);
        }
        None if !is_last => {
            let help = "move it to the end, or give it a `when`";
            faults.error(table.place, "this case always holds: the cases after it are dead", help);
        }
        _ => {}
    }
    let when = table.get("when").and_then(|v| values::sql(v, faults));
    let percent = table.need("percent", faults).and_then(|v| values::percent(v, faults));
    let locked = locked(&table, faults);
    Some(Case { when, percent: percent?, locked: locked? })
}

/// The keys of locked rates: all of them, or none.
fn locked(table: &Table<'_>, faults: &mut Faults) -> Option<Option<Locked>> {
    if ["rates", "by", "cut_after_days"].iter().all(|key| table.get(key).is_none()) {
        return Some(None);
    }
    let rates = table.need("rates", faults).and_then(|v| values::name(v, faults));
    let named = table.need("by", faults);
    let by = named.and_then(|v| Some(Sql { text: values::name(v, faults)?, place: v.place }));
    let cut_after_days = table.need("cut_after_days", faults).and_then(|v| values::days(v, 0..=3660, faults));
    Some(Some(Locked { rates: rates?, by: by?, cut_after_days: cut_after_days? }))
}

fn tiers(value: Value<'_>, faults: &mut Faults) -> Option<Tiers> {
    let known = ["window", "basis", "currency", "mode", "bands"];
    let table = Table::open(value, "a table of tiers", &known, faults)?;
    let window = table.need("window", faults).and_then(|v| values::choice(v, Window::ALL, faults));
    let basis = table.need("basis", faults).and_then(|v| values::choice(v, Basis::ALL, faults));
    let currency = table.need("currency", faults).and_then(|v| values::currency(v, faults));
    let mode = table.get("mode").map_or(Some(TierMode::Marginal), |v| values::choice(v, TierMode::ALL, faults));
    let bands = table.need("bands", faults).and_then(|v| bands(v, currency, faults));
    Some(Tiers { window: window?, basis: basis?, currency: currency?, mode: mode?, bands: bands? })
}

fn bands(value: Value<'_>, currency: Option<Currency>, faults: &mut Faults) -> Option<Vec<Band>> {
    let items = value.items("a list of bands", faults)?;
    if items.is_empty() {
        faults.error(value.place, "tiers without bands pay nothing", "add { from = \"0.00\", percent = \"70 %\" }");
        return None;
    }
    let bands: Vec<Option<(Band, Place)>> = items.iter().map(|item| band(*item, currency, faults)).collect();
    if let Some((first, from)) = bands.first().into_iter().flatten().next()
        && first.from_minor != 0
    {
        faults.error(*from, "volumes below the first band have no share", "let the first band begin at 0");
    }
    for pair in bands.windows(2) {
        if let [Some((below, _)), Some((band, from))] = pair
            && band.from_minor <= below.from_minor
        {
            let message = "this band is never reached: the one before it does not begin lower";
            faults.error(*from, message, "let `from` rise from band to band");
        }
    }
    bands.into_iter().map(|band| band.map(|(band, _)| band)).collect()
}

/// A band, and where its `from` stands.
fn band(value: Value<'_>, currency: Option<Currency>, faults: &mut Faults) -> Option<(Band, Place)> {
    let table = Table::open(value, "a band", &["from", "percent"], faults)?;
    let percent = table.need("percent", faults).and_then(|v| values::percent(v, faults));
    let from = table.need("from", faults)?;
    let from_minor = values::money(from, currency?, faults)?;
    Some((Band { from_minor, percent: percent? }, from.place))
}

/// Bonuses in the order of the file.
pub fn bonuses(table: &Table<'_>, faults: &mut Faults) -> Option<Vec<Bonus>> {
    let known = ["name", "points", "when", "cap"];
    let tables = table.tables("bonus", "a bonus", &known, faults);
    limit(table.place, tables.len(), MOST_BITS, "bonuses", faults);
    super::read::unique(&tables, "name", "bonus", faults);
    let bonuses: Vec<Option<Bonus>> = tables.iter().map(|t| bonus(t, faults)).collect();
    bonuses.into_iter().collect()
}

fn bonus(table: &Table<'_>, faults: &mut Faults) -> Option<Bonus> {
    let name = table.need("name", faults).and_then(|v| values::name(v, faults));
    let points = table.need("points", faults).and_then(|v| values::points(v, faults));
    let when = table.get("when").and_then(|v| values::sql(v, faults));
    let cap = table.get("cap").and_then(|v| cap(v, faults));
    Some(Bonus { name: name?, points: points?, when, cap })
}

fn cap(value: Value<'_>, faults: &mut Faults) -> Option<Cap> {
    let table = Table::open(value, "a cap", &["amount", "currency"], faults)?;
    let currency = table.need("currency", faults).and_then(|v| values::currency(v, faults));
    let amount = table.need("amount", faults);
    let currency = currency?;
    Some(Cap { minor: values::money(amount?, currency, faults)?, currency })
}

/// Refuses shares and bonuses that can reach more than there is.
pub fn check_reach(pay: &Pay, at: Place, bonus: &[Bonus], max: Option<(&Exact, Place)>, faults: &mut Faults) {
    if max.is_none() && !bonus.is_empty() && is_read(pay) {
        let message = "bonuses come on top of a share that the policy does not know";
        faults.error(at, message, "say what both are at most: add max_share = \"100 %\"");
        return;
    }
    let Some(share) = highest(pay) else { return };
    if let Some((max, place)) = max {
        if share > *max {
            let help = "raise max_share, or lower the share: the cap takes points from bonuses only";
            faults.error(place, format!("the share alone, {}, is above this", percent_text(&share)), help);
        }
        return;
    }
    let points: Exact = bonus.iter().map(|b| &b.points).sum();
    let reach = &share + &points;
    if reach > Exact::ONE {
        let message = format!("share and bonuses together can reach {}", percent_text(&reach));
        faults.error(at, message, "lower them, or add max_share = \"100 %\"");
    }
}

/// Is the share read from a column of the log, or from a reference?
fn is_read(pay: &Pay) -> bool {
    match pay {
        Pay::Column { .. } => true,
        Pay::Share(cases) => cases.iter().any(|case| case.locked.is_some()),
        _ => false,
    }
}

/// The highest base share; none where a column of the log decides.
pub fn highest(pay: &Pay) -> Option<Exact> {
    match pay {
        Pay::Share(cases) => cases.iter().map(|c| c.percent.clone()).max(),
        Pay::Tiers(tiers) => tiers.bands.iter().map(|b| b.percent.clone()).max(),
        Pay::Pool(pool) => Some(pool.share.clone()),
        Pay::Column { .. } | Pay::Each(_) => None,
    }
}

/// A fraction in percent: `120 %`.
pub fn percent_text(fraction: &Exact) -> String {
    let hundredfold = fraction * &Exact::from_int(100);
    format!("{} %", hundredfold.to_decimal().unwrap_or_else(|| hundredfold.to_string()))
}

/// Refuses lists that are longer than the engine counts.
pub fn limit(at: Place, count: usize, most: usize, what: &str, faults: &mut Faults) {
    if count > most {
        faults.error(at, format!("{count} {what}: at most {most} are counted"), "merge some of them");
    }
}
