//! When parts become payable, and which payers brought them: what settlement asks beyond the amounts of a line.

use std::collections::BTreeMap;

use super::lookup::Day;
use super::lookup::Lookup;
use crate::error::Result;
use crate::facts::Fact;
use crate::money::{Currency, Exact, allocate_by};
use crate::period::Period;
use crate::policy::{HoldAfter, Program};

/// When a part becomes payable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Release {
    /// At once.
    Due,
    /// In the period that contains the day of its release.
    In(Period),
    /// Its days have not begun: nothing was delivered yet.
    Open,
}

/// The number of a country among [`crate::policy::Policies::payer_countries`], counted from 1; 0 is any other.
pub type Payers = u16;
/// Party, currency (as it is paid), program, release, and the payers' country.
pub type SpreadKey = (u32, Currency, u32, Release, Payers);
/// Amounts that are on hold, or that payers of a country brought, in minor units.
pub type Spread = BTreeMap<SpreadKey, i128>;

/// When the parts of a fact are released, and whose payers' they are.
pub fn slice(look: &Lookup<'_>, program: &Program, fact: &Fact<'_>, day: &Day<'_>) -> (Release, Payers) {
    let named = |payers: &&str| day.terms.withholding.iter().any(|case| case.payers.iter().any(|c| c == payers));
    let country = usize::from(fact.class.payers).checked_sub(1).and_then(|at| look.countries.get(at));
    let payers = country.filter(|payers| named(payers)).map_or(0, |_| fact.class.payers);
    (release(look, program, fact, day), payers)
}

/// A reversal that stands alone was never held: what it takes back may have been paid before there was a book. One
/// of an event without money shows in what it pays.
fn release(look: &Lookup<'_>, program: &Program, fact: &Fact<'_>, day: &Day<'_>) -> Release {
    let Some(hold) = program.hold_under(day.terms).filter(|_| fact.gross >= 0 && fact.pays >= 0) else {
        return Release::Due;
    };
    let begins = match hold.after {
        HoldAfter::Event => Some(fact.day),
        HoldAfter::Delivered => fact.row.and_then(|row| look.deliveries.day(look.known, row)),
    };
    begins.map_or(Release::Open, |begins| Release::In(Period::of_day(begins.saturating_add(hold.days))))
}

/// Divides a party's converted part over releases, earlier ones first, and each release over payers' countries: by
/// largest remainder on exact parts. `worth` is what a minor unit of the event currency is in the payout currency.
///
/// # Errors
/// A number beyond i128 (gate).
pub fn divide(payout: i64, worth: &Exact, slices: &[(Release, Payers, Exact)]) -> Result<Vec<(Release, Payers, i128)>> {
    let mut releases: BTreeMap<Release, BTreeMap<Payers, Exact>> = BTreeMap::new();
    for (release, payers, exact) in slices {
        *releases.entry(*release).or_default().entry(*payers).or_default() += exact;
    }
    let wholes: Vec<Exact> = releases.values().map(|payers| payers.values().sum()).collect();
    let mut divided = Vec::new();
    for ((release, payers), minor) in releases.iter().zip(proportional(i128::from(payout), worth, &wholes)?) {
        let exact: Vec<Exact> = payers.values().cloned().collect();
        let minors = proportional(minor, worth, &exact)?;
        divided.extend(payers.keys().zip(minors).map(|(payers, minor)| (*release, *payers, minor)));
    }
    Ok(divided)
}

/// Whole amounts in the ratio of exact ones. Where those have both signs a ratio says nothing: they count as they are
/// converted, and what rounding leaves stays with the first.
fn proportional(total: i128, worth: &Exact, exact: &[Exact]) -> Result<Vec<i128>> {
    let sum: Exact = exact.iter().sum();
    let one_sign = exact.iter().all(|e| !e.is_negative()) || exact.iter().all(|e| e.is_negative() || e.is_zero());
    let total = Exact::from(total);
    let ratio = total.checked_div(&sum).filter(|_| one_sign && !sum.is_zero());
    let mut parts: Vec<Exact> = exact.iter().map(|e| e * ratio.as_ref().unwrap_or(worth)).collect();
    if ratio.is_none() {
        let others: Exact = parts.iter().skip(1).sum();
        if let Some(first) = parts.first_mut() {
            *first = &total - &others;
        }
    }
    allocate_by(total.floor_i128().unwrap_or_default(), &parts)
}
