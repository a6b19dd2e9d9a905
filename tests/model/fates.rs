//! Where a row ends before any rule about money is asked: later, broken, a duplicate, in conflict, or standing.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::Day;
use super::event::{Effect, Key, Row};
use super::references::digits;

/// The one fate of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Rated,
    /// By the rule of this name.
    Ineligible(String),
    /// For its charge, until this day.
    Waiting(Day),
    Duplicate,
    /// The system before has paid it.
    PaidBefore,
    Later,
    /// For this reason.
    Quarantined(&'static str),
}

impl Fate {
    /// The name in `control`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rated => "rated",
            Self::Ineligible(_) => "ineligible",
            Self::Waiting(_) => "waiting",
            Self::Duplicate | Self::PaidBefore => "duplicate",
            Self::Later => "later",
            Self::Quarantined(_) => "quarantined",
        }
    }

    /// The reason, where there is one.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ineligible(rule) => Some(rule),
            Self::Waiting(_) => Some("charge_unknown"),
            Self::PaidBefore => Some("paid_before"),
            Self::Quarantined(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether a close with this fate has settled what the id means.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Rated | Self::Ineligible(_))
    }

    /// Whether the row's money stands on `suspense`.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Waiting(_) | Self::Quarantined(_))
    }
}

/// Fates by the number of the row.
pub type Fates = BTreeMap<usize, Fate>;

/// Of the rows of an event that differ, the amount of the one that two people let stand.
pub type Decided = BTreeMap<Key, i64>;

/// Fates of the rows that do not stand, and the one row that stands for each id.
pub struct Intake<'a> {
    pub fates: Fates,
    pub standing: Vec<&'a Row>,
}

/// Sorts the rows read; `last_day` ends the period, `prior` is what the last close said, `paid` what was paid before.
pub fn intake<'a>(
    rows: &'a [Row],
    last_day: Day,
    prior: &Fates,
    paid: &BTreeSet<Key>,
    decided: &Decided,
) -> Intake<'a> {
    let mut out = Intake { fates: Fates::new(), standing: Vec::new() };
    let mut sound: BTreeMap<Key, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        if row.time.is_some() && row.day > last_day {
            out.fates.insert(row.n, Fate::Later);
        } else if row.key().is_some_and(|key| paid.contains(&key)) {
            out.fates.insert(row.n, Fate::PaidBefore);
        } else if let Some(reason) = fault(row) {
            out.fates.insert(row.n, Fate::Quarantined(reason));
        } else {
            sound.entry(row.key().expect("a sound row has an id")).or_default().push(row);
        }
    }
    for (key, same) in &sound {
        one_id(same, prior, decided.get(key), &mut out);
    }
    close_broken(rows, &mut out);
    out
}

/// Rows of one id: one stands, or all are in conflict; a chosen one that is later leaves the others so.
fn one_id<'a>(same: &[&'a Row], prior: &Fates, decided: Option<&i64>, out: &mut Intake<'a>) {
    let closed = same.iter().find(|row| prior.get(&row.n).is_some_and(Fate::is_settled));
    let waited = same.iter().find(|row| prior.get(&row.n).is_some_and(Fate::is_open));
    let chosen = decided.map(|minor| same.iter().find(|row| row.int("amount_minor") == Some(*minor)));
    let first = closed.or(chosen.flatten()).or(waited).unwrap_or(&same[0]);
    let differ = match chosen {
        Some(found) => found.is_none(),
        None => same.iter().any(|row| row.cells != first.cells),
    };
    if closed.is_none() && differ {
        out.fates.extend(same.iter().map(|row| (row.n, Fate::Quarantined("conflict"))));
        return;
    }
    out.standing.push(first);
    for row in same.iter().filter(|row| row.n != first.n) {
        let fate = if row.cells == first.cells { Fate::Duplicate } else { Fate::Quarantined("conflict") };
        out.fates.insert(row.n, fate);
    }
}

/// A broken row whose id a sound row has taken is closed as its duplicate.
fn close_broken(rows: &[Row], out: &mut Intake) {
    let taken: Vec<Option<Key>> = out.standing.iter().map(|row| row.key()).collect();
    for row in rows.iter().filter(|row| row.id.is_some() && fault(row).is_some() && taken.contains(&row.key())) {
        if out.fates[&row.n].is_open() {
            out.fates.insert(row.n, Fate::Duplicate);
        }
    }
}

/// The first way in which a row breaks the contract.
fn fault(row: &Row) -> Option<&'static str> {
    let whose =
        if row.log == "adjustments" { ("party_id", "party_missing") } else { ("creator_id", "creator_missing") };
    let named = [
        (row.id.is_none(), "id_missing"),
        (row.time.is_none(), "time_missing"),
        (row.effect == Effect::Unknown, "unknown_kind"),
        (row.text(whose.0).is_none(), whose.1),
    ];
    let first = named.into_iter().find(|(broken, _)| *broken).map(|(_, reason)| reason);
    first.or_else(|| if row.has_money() { money_fault(row) } else { None })
}

fn money_fault(row: &Row) -> Option<&'static str> {
    let (amount, tax, fee) = (row.int("amount_minor"), row.int("tax_minor"), row.int("channel_fee_minor"));
    let takes_back = matches!(row.effect, Effect::Reversal | Effect::Won);
    let original = row.text("original_id").is_some() || row.text("original_time").is_some();
    let faults = [
        (unknown_currency(row), "unknown_currency"),
        (amount.is_none(), "amount_missing"),
        (amount < Some(0), "amount_negative"),
        (amount > Some(1_000_000_000_000_000), "amount_too_large"),
        (tax.is_some_and(|t| t < 0), "tax_negative"),
        (fee.is_some_and(|f| f < 0), "fee_negative"),
        (tax.unwrap_or(0) + fee.unwrap_or(0) > amount.unwrap_or(0), "tax_and_fee_exceed_amount"),
        (original && !takes_back, "original_on_charge"),
        (original_after_event(row), "original_after_event"),
        (row.effect == Effect::Adjustment && !four_eyes(row), "not_four_eyes"),
    ];
    faults.into_iter().find(|(broken, _)| *broken).map(|(_, reason)| reason)
}

fn unknown_currency(row: &Row) -> bool {
    row.text("currency").and_then(digits).is_none()
}

fn original_after_event(row: &Row) -> bool {
    row.text("original_time").is_some_and(|t| Some(super::calendar::parse_instant(t)) > row.time)
}

fn four_eyes(row: &Row) -> bool {
    let name = |column| row.text(column).unwrap_or_default().trim().to_lowercase();
    let (one, two) = (name("requested_by"), name("approved_by"));
    !one.is_empty() && !two.is_empty() && one != two
}

/// The amount that a row shows, if one can be read: not in an unknown currency.
pub fn readable(row: &Row) -> Option<i64> {
    let amount = row.int("amount_minor").filter(|a| (0..=1_000_000_000_000_000).contains(a));
    amount.filter(|_| row.has_money() && !unknown_currency(row))
}
