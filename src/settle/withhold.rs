//! Withholding: taxes that are kept back by what the party's paperwork says, of all that it earned or of what payers of
//! certain countries brought. Each tax is rounded once, and booked by itself.

use super::{Key, Row, Settlement};
use crate::error::Result;
use crate::ledger::{Account, Entry};
use crate::money::{Exact, Rounding, round};
use crate::policy::{TaxOf, Withholding};

/// Withholds each tax by its first case that holds for a party, in the order of taxes.
///
/// # Errors
/// An amount beyond Int64 (gate).
pub fn take(s: &mut Settlement<'_>) -> Result<()> {
    let keys: Vec<Key> = s.rows.keys().cloned().collect();
    for key in keys {
        let mut so_far = 0;
        for at in s.given.withholding.get(&key.0).into_iter().flatten() {
            if let Some(case) = s.given.terms.withholding.get(*at) {
                so_far += withhold(s, &key, case, so_far)?;
            }
        }
    }
    Ok(())
}

/// Withholds one tax, of which `so_far` went to those before it; what it takes.
fn withhold(s: &mut Settlement<'_>, key: &Key, case: &Withholding, so_far: i128) -> Result<i128> {
    let tax = case.tax.clone().unwrap_or_default();
    let rest_of = (key.0.clone(), key.1, tax.clone());
    let rest = s.carried.withholding_rests.remove(&rest_of).unwrap_or(0);
    let base = rest + base(s, key, case);
    if base < 0 {
        s.carried.withholding_rests.insert(rest_of, base);
        return Ok(0);
    }
    let base = if case.of == TaxOf::Rest { (base - so_far).max(0) } else { base };
    let withheld = round(&(&Exact::from(base) * &case.percent), Rounding::HalfEven)?;
    let entry = Entry::new(s.given.period, "withhold");
    let mut entry = entry.detail(&key.0).detail(key.1.code()).detail(&case.name);
    entry = entry.detail(&case.percent.to_string()).detail(&base.to_string());
    if case.tax.is_some() {
        entry = entry.detail(&tax);
    }
    entry.post(Account::PartyPayable, Some(&key.0), withheld, key.1);
    entry.post_on(Account::WithholdingPayable, case.tax.as_deref(), -withheld, key.1);
    entry.add_to(&mut s.postings)?;
    s.rows.entry(key.clone()).or_default().withheld += withheld;
    Ok(withheld)
}

/// What became payable of this period's earnings and corrections, or of those that payers of these countries brought.
fn base(s: &Settlement<'_>, key: &Key, case: &Withholding) -> i128 {
    if case.payers.is_empty() {
        return s.rows.get(key).map_or(0, Row::due);
    }
    let of = |country: &String| {
        let key = (key.0.clone(), key.1, country.clone());
        let so_far = |map: &std::collections::BTreeMap<_, i128>| map.get(&key).copied().unwrap_or(0);
        so_far(&s.inputs.payers) - so_far(&s.given.carried.payers)
    };
    case.payers.iter().map(of).sum()
}
